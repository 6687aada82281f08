/* Products of 2-vectors, and the derivatives with respect to the rotations that produced them.  All in double, and
 * small. */
#include "state_product.h"

#include <complex.h>
#include <math.h>
#include <string.h>

typedef double complex number;

static number from(double re, double im)
{
    const double parts[2] = {re, im};
    number z;
    memcpy(&z, parts, sizeof z);
    return z;
}

/* v = exp(-i t/2 Y or Z) v. */
static void rotate(int is_z, double t, number v[2])
{
    const double c = cos(t / 2), s = sin(t / 2);
    const number v0 = v[0], v1 = v[1];
    v[0] = is_z ? from(c, -s) * v0 : c * v0 - s * v1;
    v[1] = is_z ? from(c, s) * v1 : s * v0 + c * v1;
}

/* sum_b left[b] (-i/2 P v)[b], twice the real part. */
static double slope_of(int is_z, const number left[2], const number v[2])
{
    const number image[2] = {is_z ? from(0, -0.5) * v[0] : -0.5 * v[1], is_z ? from(0, 0.5) * v[1] : 0.5 * v[0]};
    return 2.0 * creal(left[0] * image[0] + left[1] * image[1]);
}

void ent_state_product(const state_plan *plan, const double *angle, double *bit)
{
    number v[64][2];
    for (int q = 0; q < plan->bits; q++) {
        v[q][0] = 1;
        v[q][1] = 0;
    }
    for (int k = 0; k < plan->prefix.rotations; k++) {
        const int r = plan->prefix.rotation[k];
        rotate(plan->list.rotation[r].flip == 0, angle[r], v[plan->prefix.bit[k]]);
    }
    memcpy(bit, v, (size_t)plan->bits * sizeof v[0]);
}

/* environment [bits][2]: part, contracted with all bits but one.  From the highest bit down: bits above are
 * contracted in place, bits below by a product that is built in `below`. */
static void environments(const number (*v)[2], int bits, number *part, number (*environment)[2])
{
    for (int q = bits - 1; q >= 0; q--) {
        const int64_t half = INT64_C(1) << q;
        environment[q][0] = environment[q][1] = 0;
        for (int64_t x = 0; x < half; x++) {
            number below = 1;
            for (int j = 0; j < q; j++) below *= v[j][x >> j & 1];
            environment[q][0] += part[x] * below;
            environment[q][1] += part[half + x] * below;
        }
        for (int64_t x = 0; x < half; x++) part[x] = part[x] * v[q][0] + part[half + x] * v[q][1];
    }
}

void ent_state_product_slopes(const state_plan *plan, const double *angle, const double *bit, int low_bits,
                              double *part[2], double *slopes)
{
    number v[64][2], left[64][2];
    memcpy(v, bit, (size_t)plan->bits * sizeof v[0]);
    environments((const number(*)[2])v, low_bits, (number *)part[0], left);
    environments((const number(*)[2])(v + low_bits), plan->bits - low_bits, (number *)part[1], left + low_bits);
    for (int k = plan->prefix.rotations - 1; k >= 0; k--) {
        const int r = plan->prefix.rotation[k], q = plan->prefix.bit[k], is_z = plan->list.rotation[r].flip == 0;
        slopes[r] += slope_of(is_z, left[q], v[q]); /* the generator commutes with its rotation */
        rotate(is_z, -angle[r], v[q]);
        /* left U: the transpose of U acts on left; U is orthogonal or diagonal. */
        rotate(is_z, is_z ? angle[r] : -angle[r], left[q]);
    }
}
