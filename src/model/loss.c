/* Cross-entropy of the softmax, and squared error; stable for logits of any size. */
#include <math.h>

#include "entente/model.h"

static double cross_entropy(int outputs, const double *logit, int32_t category, double *d_logits)
{
    double largest = logit[0], sum = 0.0;
    for (int o = 1; o < outputs; o++) largest = fmax(largest, logit[o]);
    for (int o = 0; o < outputs; o++) {
        const double e = exp(logit[o] - largest);
        sum += e;
        if (d_logits) d_logits[o] = e;
    }
    for (int o = 0; o < outputs && d_logits; o++) d_logits[o] = d_logits[o] / sum - (o == category ? 1.0 : 0.0);
    return log(sum) + largest - logit[category];
}

double ent_loss(bool squared, int outputs, const double *output, int32_t category, double value, double *d_outputs)
{
    if (!squared) return cross_entropy(outputs, output, category, d_outputs);
    const double error = output[0] - value;
    if (d_outputs) d_outputs[0] = 2.0 * error;
    return error * error;
}
