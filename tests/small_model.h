/* A small model of three registers, and random samples for it. */
#ifndef ENTENTE_TESTS_SMALL_MODEL_H
#define ENTENTE_TESTS_SMALL_MODEL_H

#include "check.h"

#include "entente/model.h"
#include "entente/random.h"

enum { SMALL_SAMPLES = 40 };

static const int SMALL_QUBITS[3] = {2, 3, 1};
static const int SMALL_FEATURES = 5; /* of the register with a linear map */

/* text (2 qubits, strong), audio (3, hea, linear map of 5 features), vision (1, basic, two angles). */
static inline ent_model_inp small_model(void)
{
    ent_model_inp inp = {.registers = 3,
                         .fusion = {.layers = 2, .gate = ENT_CRX},
                         .read = ENT_READ_ZZ,
                         .head = ENT_HEAD_LINEAR,
                         .head_scale = 4.0,
                         .outputs = 3,
                         .mma = true,
                         .program = {.precision = ENT_DOUBLE, .threads = 1}};
    inp.reg[0] = (ent_register){.name = "text",
                                .ansatz = {ENT_ANSATZ_STRONG, NULL, 2, 2, 1, true, false, ENT_ENCODE_RY},
                                .inputs = 2,
                                .scale = 1.5};
    inp.reg[1] = (ent_register){.name = "audio",
                                .ansatz = {ENT_ANSATZ_HEA, NULL, 3, 1, 2, true, false, ENT_ENCODE_RY},
                                .inputs = SMALL_FEATURES,
                                .linear = true,
                                .scale = 2.0};
    inp.reg[2] = (ent_register){.name = "vision",
                                .ansatz = {ENT_ANSATZ_BASIC, NULL, 1, 2, 2, false, false, ENT_ENCODE_RY},
                                .inputs = 2,
                                .map = ENT_MAP_CLIP,
                                .scale = 3.0};
    ent_fusion_connect(&inp.fusion, ENT_PATTERN_RING, 3);
    return inp;
}

/* The same without register `absent`: built, not masked. */
static inline ent_model_inp without_register(const ent_model_inp *from, int absent)
{
    ent_model_inp inp = *from;
    inp.registers = 0;
    inp.fusion.pairs = 0;
    int moved[3];
    for (int m = 0; m < 3; m++) {
        moved[m] = inp.registers;
        if (m != absent) inp.reg[inp.registers++] = from->reg[m];
    }
    for (int k = 0; k < from->fusion.pairs; k++) {
        const int a = from->fusion.pair[k][0], b = from->fusion.pair[k][1];
        if (a == absent || b == absent) continue;
        inp.fusion.pair[inp.fusion.pairs][0] = moved[a];
        inp.fusion.pair[inp.fusion.pairs++][1] = moved[b];
    }
    return inp;
}

typedef struct {
    double x[3][SMALL_SAMPLES * 6];
    uint32_t context[SMALL_SAMPLES];
    int32_t category[SMALL_SAMPLES];
    double value[SMALL_SAMPLES];
    ent_samples samples;
} small_samples;

static inline void small_samples_make(const ent_model_inp *inp, uint64_t seed, uint32_t context, small_samples *s)
{
    ent_random stream = ent_random_at(seed, ENT_FOR_TEST, 3, 3);
    s->samples = (ent_samples){.n = SMALL_SAMPLES, .context = s->context, .category = s->category, .value = s->value};
    for (int m = 0; m < inp->registers; m++) {
        for (int64_t k = 0; k < SMALL_SAMPLES * inp->reg[m].inputs; k++) s->x[m][k] = ent_random_normal(&stream);
        s->samples.x[m] = s->x[m];
    }
    for (int k = 0; k < SMALL_SAMPLES; k++) {
        s->context[k] = context ? context : (uint32_t)ent_random_below(&stream, 8);
        s->category[k] = (int32_t)ent_random_below(&stream, 3);
        s->value[k] = ent_random_normal(&stream);
    }
}

static inline double *small_weights(const ent_model *model, uint64_t seed)
{
    double *w = ent_alloc(ent_model_params(model), sizeof *w);
    assert_non_null(w);
    ent_model_init(model, seed, w);
    ent_random stream = ent_random_at(seed, ENT_FOR_TEST, 4, 4);
    for (int k = 0; k < ent_model_params(model); k++) w[k] += 0.3 * ent_random_normal(&stream);
    return w;
}

/* Every stride-th number of a gradient against central differences. */
static inline void check_differences(ent_model *model, double *w, const ent_samples *samples, const double *gradient,
                                     int stride)
{
    const double step = 1e-5;
    double *unused = ent_alloc(ent_model_params(model), sizeof *unused), side[2];
    assert_non_null(unused);
    for (int p = 0; p < ent_model_params(model); p += stride) {
        const double there = w[p];
        for (int k = 0; k < 2; k++) {
            w[p] = there + (k ? -step : step);
            check_ok(ent_model_gradient(model, w, samples, SMALL_SAMPLES, NULL, &side[k], unused));
        }
        w[p] = there;
        check_near(gradient[p], (side[0] - side[1]) / (2 * step), 1e-8);
    }
    ent_free(unused);
}

/* The block "text/circuit", "head/bias", ... */
static inline const ent_block *block_named(const ent_model *model, const char *name)
{
    const ent_block *block;
    const int blocks = ent_model_blocks(model, &block);
    for (int b = 0; b < blocks; b++)
        if (strcmp(block[b].name, name) == 0) return &block[b];
    fail_msg("no block '%s'", name);
    return NULL;
}

#endif
