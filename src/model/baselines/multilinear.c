/* A product fusion without circuits: multilinear in features of the modalities, as the readouts of a fused circuit
 * are multilinear in those of its registers.  a is tanh or relu, H the width:
 *
 *   f_m = a(W_m x_m + b_m)                              for each present modality
 *   p   = product over present m of (1 + f_m)           element by element; an absent modality has factor 1
 *   outputs = U p + d
 * So U p contains the products of the features of every set of present modalities, with tensors of rank H (low-rank
 * fusion with a 1 appended to the features: Zadeh et al., arXiv 1707.07250; Liu et al., arXiv 1806.00064).
 * Cost: about 6 H (sum of inputs + M + outputs) a sample and gradient. */
#include <string.h>

#include "encoded.h"

static void forward(const ent_encoded *p, const ent_group *g, const ent_encoded_layers *l)
{
    const int64_t size = g->n * p->width;
    for (int64_t k = 0; k < size; k++) l->joint[k] = 1.0;
    for (int m = 0; m < g->inp->registers; m++)
        for (int64_t k = 0; k < size && g->context >> m & 1; k++) l->joint[k] *= 1.0 + l->code[m][k];
}

/* The product of the other factors is computed again instead of by division, as a factor may be 0. */
static void split(const ent_encoded *p, const ent_group *g, const ent_encoded_layers *l, int m, double *gradient)
{
    const int64_t size = g->n * p->width;
    (void)gradient;
    memcpy(l->d_code, l->d_joint, (size_t)size * sizeof *l->d_code);
    for (int other = 0; other < g->inp->registers; other++) {
        if (other == m || !(g->context >> other & 1)) continue;
        for (int64_t k = 0; k < size; k++) l->d_code[k] *= 1.0 + l->code[other][k];
    }
}

static const ent_join PRODUCT = {.name = "multilinear", .forward = forward, .split = split};

static ent_status make(const ent_model_inp *inp, ent_body **out)
{
    return ent_encoded_make(&PRODUCT, inp, out);
}

const ent_kind ent_kind_multilinear = {
    "multilinear", make, ent_encoded_free, ent_encoded_predict, ent_encoded_gradient, NULL, true};
