/* The head: from expectation values to logits or a real prediction.
 *
 * linear: bias + sum over present readouts of weight * readout (+ a vector for each present modality, `embed`).
 * direct: head_offset + head_scale * the mean of the output's present readouts; nothing to train. */
#include "model.h"

/* How many readouts each output has: direct head. */
static int direct_share(const ent_masked *masked, int output)
{
    int count = 0;
    for (int r = 0; r < masked->features; r++) count += masked->of_class[r] == output;
    return count;
}

static void direct_forward(const ent_model_inp *inp, const ent_masked *masked, const double *features,
                           double *outputs)
{
    for (int o = 0; o < inp->outputs; o++) {
        double sum = 0.0;
        for (int r = 0; r < masked->features; r++)
            if (masked->of_class[r] == o) sum += features[r];
        const int share = direct_share(masked, o);
        outputs[o] = inp->head_offset + (share > 0 ? inp->head_scale * sum / share : 0.0);
    }
}

void ent_head_forward(const ent_model_inp *inp, const ent_layout *layout, const ent_masked *masked, uint32_t context,
                      const double *w, const double *features, double *outputs)
{
    if (inp->head == ENT_HEAD_DIRECT) {
        direct_forward(inp, masked, features, outputs);
        return;
    }
    for (int o = 0; o < inp->outputs; o++) {
        double sum = w[layout->bias + o];
        for (int r = 0; r < masked->features; r++) sum += w[masked->column[r] + o * masked->stride[r]] * features[r];
        for (int m = 0; m < inp->registers && inp->embed; m++)
            if (context >> m & 1) sum += w[layout->reg[m].embed + o];
        outputs[o] = sum;
    }
}

void ent_head_weights(const ent_model_inp *inp, const ent_masked *masked, const double *w, const double *d_outputs,
                      double *d_features)
{
    for (int r = 0; r < masked->features; r++) {
        double sum = 0.0;
        if (inp->head == ENT_HEAD_LINEAR)
            for (int o = 0; o < inp->outputs; o++) sum += w[masked->column[r] + o * masked->stride[r]] * d_outputs[o];
        else if (masked->of_class[r] >= 0)
            sum = inp->head_scale * d_outputs[masked->of_class[r]] / direct_share(masked, masked->of_class[r]);
        d_features[r] = sum;
    }
}

void ent_head_backward(const ent_model_inp *inp, const ent_layout *layout, const ent_masked *masked, uint32_t context,
                       const double *features, const double *d_outputs, double *gradient)
{
    if (inp->head == ENT_HEAD_DIRECT) return;
    for (int o = 0; o < inp->outputs; o++) {
        gradient[layout->bias + o] += d_outputs[o];
        for (int r = 0; r < masked->features; r++)
            gradient[masked->column[r] + o * masked->stride[r]] += d_outputs[o] * features[r];
        for (int m = 0; m < inp->registers && inp->embed; m++)
            if (context >> m & 1) gradient[layout->reg[m].embed + o] += d_outputs[o];
    }
}
