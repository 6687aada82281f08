/* Renyi divergence of the sampled Gaussian mechanism, of order a, with q = rate and s = noise:
 *
 *   A = E[(1 + x)^a],  x = q (exp((2 z - 1) / (2 s^2)) - 1),  z ~ N(0, s^2);  divergence log(A) / (a - 1)
 *
 * (Mironov, Talwar, Zhang 2019, Theorem 4).  As E[x] = 0, A - 1 = E[(1 + x)^a - 1 - a x], whose integrand is nowhere
 * negative: nothing cancels at small rates.  The integral is summed over equidistant points, in logarithms.  The step
 * is small compared with s and with s^2: the nearest singularities of the integrand are pi s^2 off the real line. */
#include <math.h>

#include "entente/privacy.h"

/* log((1 + x)^a - 1 - a x), where l = log(1 + x). */
static double log_excess(double a, double x, double l)
{
    if (fabs(a * x) < 1e-2) {
        const double series = 1.0 + (a - 2.0) * x / 3.0 * (1.0 + (a - 3.0) * x / 4.0 * (1.0 + (a - 4.0) * x / 5.0));
        return x == 0.0 ? -INFINITY : log(0.5 * a * (a - 1.0) * x * x * series);
    }
    if (a * l < 1.0) return log(expm1(a * l) - a * x);
    return a * l + log1p(-((1.0 - a) * exp(-a * l) + a * exp((1.0 - a) * l)));
}

/* log of the integrand at z, without the density's constant factor. */
static double log_integrand(double q, double s, double a, double z)
{
    const double u = (2.0 * z - 1.0) / (2.0 * s * s);
    const double x = u < 700.0 ? q * expm1(u) : INFINITY;
    const double l = u < 700.0 ? log1p(x) : log(q) + u;
    return log_excess(a, x, l) - 0.5 * (z / s) * (z / s);
}

double ent_privacy_renyi(double rate, double noise, double order)
{
    if (rate == 0.0) return 0.0;
    if (noise == 0.0) return INFINITY;
    if (rate == 1.0) return order / (2.0 * noise * noise);
    const double step = 0.25 * fmin(noise, noise * noise), low = -14.0 * noise, high = order + 14.0 * noise;
    const int64_t n = (int64_t)ceil((high - low) / step);
    double largest = -INFINITY, sum = 0.0; /* of exp(log integrand - largest) */
    for (int64_t k = 0; k <= n; k++) {
        const double here = log_integrand(rate, noise, order, low + (double)k * step);
        if (here > largest) {
            sum = sum * exp(largest - here) + 1.0;
            largest = here;
        } else {
            sum += exp(here - largest);
        }
    }
    const double two_pi = 6.28318530717958647692;
    const double excess = largest + log(sum * step / (noise * sqrt(two_pi))); /* log(A - 1) */
    return (excess > 30.0 ? excess : log1p(exp(excess))) / (order - 1.0);
}

double ent_privacy_convert(double order, double renyi, double delta)
{
    return renyi + log1p(-1.0 / order) - (log(delta) + log(order)) / (order - 1.0);
}
