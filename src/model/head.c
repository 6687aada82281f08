/* The head: from expectation values to logits or a real prediction.
 *
 * linear: bias + sum over present readouts of weight * readout (+ a vector for each present modality, `embed`).
 * direct: head_offset + head_scale * the mean of the output's present readouts; nothing to train.
 * The linear head's weights are gathered once per call, so that the loops over samples run through dense rows. */
#include <string.h>

#include "model.h"

void ent_head_prepare(const ent_model_inp *inp, ent_masked *masked, const double *w)
{
    if (inp->head == ENT_HEAD_DIRECT) return;
    for (int r = 0; r < masked->features; r++)
        for (int o = 0; o < inp->outputs; o++)
            masked->weight[r * inp->outputs + o] = w[masked->column[r] + o * masked->stride[r]];
}

static void direct_forward(const ent_model_inp *inp, const ent_masked *masked, const double *features,
                           double *outputs)
{
    for (int o = 0; o < inp->outputs; o++) {
        double sum = 0.0;
        for (int r = 0; r < masked->features; r++)
            if (masked->of_class[r] == o) sum += features[r];
        outputs[o] = inp->head_offset + (masked->share[o] > 0 ? inp->head_scale * sum / masked->share[o] : 0.0);
    }
}

void ent_head_forward(const ent_model_inp *inp, const ent_layout *layout, const ent_masked *masked, uint32_t context,
                      const double *w, const double *features, double *restrict outputs)
{
    const int width = inp->outputs;
    if (inp->head == ENT_HEAD_DIRECT) {
        direct_forward(inp, masked, features, outputs);
        return;
    }
    memcpy(outputs, w + layout->bias, (size_t)width * sizeof *outputs);
    for (int r = 0; r < masked->features; r++)
        for (int o = 0; o < width; o++) outputs[o] += masked->weight[r * width + o] * features[r];
    for (int m = 0; m < inp->registers && inp->embed; m++)
        for (int o = 0; o < width && context >> m & 1; o++) outputs[o] += w[layout->reg[m].embed + o];
}

void ent_head_weights(const ent_model_inp *inp, const ent_masked *masked, const double *d_outputs, double *d_features)
{
    const int width = inp->outputs;
    for (int r = 0; r < masked->features; r++) {
        const int o = masked->of_class[r];
        double sum = 0.0;
        if (inp->head == ENT_HEAD_LINEAR)
            for (int k = 0; k < width; k++) sum += masked->weight[r * width + k] * d_outputs[k];
        else if (o >= 0)
            sum = inp->head_scale * d_outputs[o] / masked->share[o];
        d_features[r] = sum;
    }
}

/* One output's row of the gradient, sample after sample. */
static void backward_row(const ent_masked *masked, int64_t n, int width, int o, const double *features,
                         const double *d_outputs, double *restrict row, double *gradient)
{
    const int count = masked->features;
    for (int r = 0; r < count; r++) row[r] = gradient[masked->column[r] + o * masked->stride[r]];
    for (int64_t k = 0; k < n; k++)
        for (int r = 0; r < count; r++) row[r] += d_outputs[k * width + o] * features[k * count + r];
    for (int r = 0; r < count; r++) gradient[masked->column[r] + o * masked->stride[r]] = row[r];
}

void ent_head_backward(const ent_model_inp *inp, const ent_layout *layout, ent_masked *masked, uint32_t context,
                       int64_t n, const double *features, const double *d_outputs, double *gradient)
{
    const int width = inp->outputs;
    if (inp->head == ENT_HEAD_DIRECT) return;
    for (int o = 0; o < width; o++) {
        backward_row(masked, n, width, o, features, d_outputs, masked->weight, gradient);
        for (int64_t k = 0; k < n; k++) gradient[layout->bias + o] += d_outputs[k * width + o];
        for (int m = 0; m < inp->registers && inp->embed; m++)
            for (int64_t k = 0; k < n && context >> m & 1; k++)
                gradient[layout->reg[m].embed + o] += d_outputs[k * width + o];
    }
}
