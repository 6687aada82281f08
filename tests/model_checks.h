/* What holds for every kind of model: gradients against differences, the identities of the missing-modality mechanism
 * bit for bit, the same bits however a call is laid out.  Models of three registers and at most three outputs. */
#ifndef ENTENTE_TESTS_MODEL_CHECKS_H
#define ENTENTE_TESTS_MODEL_CHECKS_H

#include "small_model.h"

static inline ent_model *make_model(const ent_model_inp *inp)
{
    ent_model *model;
    check_ok(ent_model_new(inp, &model));
    return model;
}

static inline void same_bits(const double *a, const double *b, int64_t n)
{
    assert_memory_equal(a, b, (size_t)n * sizeof *a);
}

/* d loss / d w against central differences, for every parameter. */
static inline void check_gradient(const ent_model_inp *inp)
{
    small_samples s;
    ent_model *model = make_model(inp);
    const int params = ent_model_params(model);
    double *w = small_weights(model, 11), *gradient = ent_alloc(params, sizeof *gradient), loss;
    small_samples_make(inp, 12, 0, &s);
    check_ok(ent_model_gradient(model, w, &s.samples, SMALL_SAMPLES, NULL, &loss, gradient));
    check_differences(model, w, &s.samples, gradient, 1);
    ent_free(w);
    ent_free(gradient);
    ent_model_free(model);
}

/* A model, its weights and the samples it reads. */
typedef struct {
    ent_model *model;
    const double *w;
    const ent_samples *samples;
} model_call;

/* The outputs of both calls, bit for bit. */
static inline void same_outputs(model_call a, model_call b, int outputs)
{
    double of_a[SMALL_SAMPLES * 3], of_b[SMALL_SAMPLES * 3];
    check_ok(ent_model_predict(a.model, a.w, a.samples, of_a));
    check_ok(ent_model_predict(b.model, b.w, b.samples, of_b));
    same_bits(of_a, of_b, SMALL_SAMPLES * outputs);
}

/* Outputs, loss and gradient of both calls, bit for bit.  Blocks are matched by name; one that b's model lacks has a
 * gradient of exactly 0. */
static inline void same_answers(model_call a, model_call b, int outputs)
{
    const ent_block *of_a, *of_b;
    const int blocks_a = ent_model_blocks(a.model, &of_a), blocks_b = ent_model_blocks(b.model, &of_b);
    double *gradient_a = ent_alloc(ent_model_params(a.model), sizeof *gradient_a), loss_a;
    double *gradient_b = ent_alloc(ent_model_params(b.model), sizeof *gradient_b), loss_b;
    same_outputs(a, b, outputs);
    check_ok(ent_model_gradient(a.model, a.w, a.samples, SMALL_SAMPLES, NULL, &loss_a, gradient_a));
    check_ok(ent_model_gradient(b.model, b.w, b.samples, SMALL_SAMPLES, NULL, &loss_b, gradient_b));
    same_bits(&loss_a, &loss_b, 1);
    for (int j = 0; j < blocks_a; j++) {
        const ent_block *block = &of_a[j];
        int k = 0;
        while (k < blocks_b && strcmp(block->name, of_b[k].name) != 0) k++;
        if (k < blocks_b) same_bits(gradient_a + block->first, gradient_b + of_b[k].first, block->count);
        for (int i = block->first; i < block->first + block->count; i++)
            assert_true(k < blocks_b ? isfinite(gradient_a[i]) : gradient_a[i] == 0.0);
    }
    ent_free(gradient_a);
    ent_free(gradient_b);
}

/* Identity 1: with nothing missing, MMA on and off agree to the last bit. */
static inline void check_mma_is_no_change(const ent_model_inp *inp)
{
    small_samples s;
    ent_model_inp without = *inp;
    without.mma = false;
    ent_model *a = make_model(inp), *b = make_model(&without);
    assert_int_equal(ent_model_params(a), ent_model_params(b));
    double *w = small_weights(a, 1);
    small_samples_make(inp, 2, 7, &s);
    same_answers((model_call){a, w, &s.samples}, (model_call){b, w, &s.samples}, inp->outputs);
    ent_free(w);
    ent_model_free(a);
    ent_model_free(b);
}

/* Copy the blocks that both models have, by name. */
static inline void share_weights(const ent_model *from, const double *w, const ent_model *to, double *out)
{
    const ent_block *block;
    for (int k = 0, blocks = ent_model_blocks(to, &block); k < blocks; k++) {
        const ent_block *source = block_named(from, block[k].name);
        assert_int_equal(source->count, block[k].count);
        memcpy(out + block[k].first, w + source->first, (size_t)block[k].count * sizeof *w);
    }
}

/* Identity 2: with m absent, the output equals that of a model built without register m; and so does the gradient,
 * and parameters that only the absent register uses get exactly 0. */
static inline void check_absent_register(const ent_model_inp *inp)
{
    small_samples s, t;
    ent_model *model = make_model(inp);
    double *w = small_weights(model, 5);
    for (int absent = 0; absent < 3; absent++) {
        const ent_model_inp less = without_register(inp, absent);
        ent_model *small = make_model(&less);
        double *v = small_weights(small, 0);
        share_weights(model, w, small, v);
        small_samples_make(inp, 6, UINT32_C(7) & ~(UINT32_C(1) << absent), &s);
        t = s;
        t.samples = (ent_samples){.n = SMALL_SAMPLES, .context = t.context, .category = t.category, .value = t.value};
        for (int m = 0, k = 0; m < 3; m++)
            if (m != absent) t.samples.x[k++] = s.x[m];
        for (int k = 0; k < SMALL_SAMPLES; k++) t.context[k] = 3;
        same_answers((model_call){model, w, &s.samples}, (model_call){small, v, &t.samples}, inp->outputs);
        ent_free(v);
        ent_model_free(small);
    }
    ent_free(w);
    ent_model_free(model);
}

/* Identity 3: what is stored in an absent feature, NaN included, changes nothing. */
static inline void check_absent_features(const ent_model_inp *inp)
{
    small_samples s, spoiled;
    ent_model *model = make_model(inp);
    double *w = small_weights(model, 7);
    small_samples_make(inp, 8, 0, &s);
    spoiled = s;
    for (int m = 0; m < 3; m++) {
        spoiled.samples.x[m] = spoiled.x[m];
        for (int64_t k = 0; k < SMALL_SAMPLES; k++)
            for (int64_t j = 0; j < inp->reg[m].inputs && !(s.context[k] >> m & 1); j++)
                spoiled.x[m][k * inp->reg[m].inputs + j] = j % 2 ? NAN : INFINITY;
    }
    spoiled.samples.context = spoiled.context;
    same_answers((model_call){model, w, &s.samples}, (model_call){model, w, &spoiled.samples}, inp->outputs);
    ent_free(w);
    ent_model_free(model);
}

static inline void check_threads(const ent_model_inp *given)
{
    small_samples s;
    ent_model_inp inp = *given;
    ent_model *one = make_model(&inp);
    inp.program.threads = 3;
    ent_model *three = make_model(&inp);
    double *w = small_weights(one, 9);
    small_samples_make(&inp, 10, 0, &s);
    same_answers((model_call){one, w, &s.samples}, (model_call){three, w, &s.samples}, inp.outputs);
    ent_free(w);
    ent_model_free(one);
    ent_model_free(three);
}

/* A sample's prediction does not depend on the samples beside it, nor on where the weights are in memory. */
static inline void check_neighbours(const ent_model_inp *inp)
{
    small_samples s;
    ent_model *model = make_model(inp);
    const int params = ent_model_params(model);
    double *w = small_weights(model, 21), *moved = ent_alloc(params + 1, sizeof *moved);
    double all[SMALL_SAMPLES * 3], one[3];
    memcpy(moved + 1, w, (size_t)params * sizeof *w);
    small_samples_make(inp, 22, 0, &s);
    check_ok(ent_model_predict(model, w, &s.samples, all));
    for (int k = 0; k < SMALL_SAMPLES; k++) {
        ent_samples alone = {.n = 1, .context = s.context + k};
        for (int m = 0; m < 3; m++) alone.x[m] = s.x[m] + k * inp->reg[m].inputs;
        check_ok(ent_model_predict(model, moved + 1, &alone, one));
        same_bits(one, all + k * inp->outputs, inp->outputs);
    }
    same_answers((model_call){model, w, &s.samples}, (model_call){model, moved + 1, &s.samples}, inp->outputs);
    ent_free(w);
    ent_free(moved);
    ent_model_free(model);
}

/* Without MMA, `absent` replaces the features of an absent modality, as if the samples held it; where it is NULL, the
 * stored features are read. */
static inline void check_replacement(const ent_model_inp *given)
{
    static const double nothing[5] = {0.3, -0.7, 0.0, 1.1, 0.2};
    small_samples s, filled;
    ent_model_inp inp = *given;
    inp.mma = inp.embed = false;
    ent_model *model = make_model(&inp);
    double *w = small_weights(model, 31), found[SMALL_SAMPLES * 3], stored[SMALL_SAMPLES * 3];
    small_samples_make(&inp, 32, 0, &s);
    small_samples_make(&inp, 32, 0, &filled);
    for (int m = 0; m < 3; m++)
        for (int k = 0; k < SMALL_SAMPLES; k++)
            if (!(s.context[k] >> m & 1))
                memcpy(filled.x[m] + k * inp.reg[m].inputs, nothing, (size_t)inp.reg[m].inputs * sizeof *nothing);
    check_ok(ent_model_predict(model, w, &s.samples, stored));
    check_ok(ent_model_predict(model, w, &filled.samples, found));
    assert_memory_not_equal(found, stored, SMALL_SAMPLES * (size_t)inp.outputs * sizeof *found);
    for (int m = 0; m < 3; m++) s.samples.absent[m] = nothing;
    same_answers((model_call){model, w, &s.samples}, (model_call){model, w, &filled.samples}, inp.outputs);
    ent_free(w);
    ent_model_free(model);
}

static inline void check_blocks(const ent_model_inp *inp)
{
    ent_model *model = make_model(inp);
    const ent_block *block;
    int next = 0;
    for (int b = 0, blocks = ent_model_blocks(model, &block); b < blocks; b++) {
        assert_int_equal(block[b].first, next);
        for (int c = 0; c < b; c++) assert_string_not_equal(block[b].name, block[c].name);
        next += block[b].count;
    }
    assert_int_equal(next, ent_model_params(model));
    ent_model_free(model);
}

/* In every context the blocks that say so, and no others, have a gradient. */
static inline void check_needs(const ent_model_inp *inp)
{
    small_samples s;
    ent_model *model = make_model(inp);
    const ent_block *block;
    const int blocks = ent_model_blocks(model, &block);
    double *w = small_weights(model, 41), *gradient = ent_alloc(ent_model_params(model), sizeof *gradient), loss;
    small_samples_make(inp, 42, 0, &s);
    for (uint32_t context = 0; context < 8; context++) {
        for (int k = 0; k < SMALL_SAMPLES; k++) s.context[k] = context;
        check_ok(ent_model_gradient(model, w, &s.samples, SMALL_SAMPLES, NULL, &loss, gradient));
        for (int b = 0; b < blocks; b++) {
            bool trained = false;
            for (int k = 0; k < block[b].count; k++) trained |= gradient[block[b].first + k] != 0.0;
            assert_int_equal(trained, ent_block_trains(&block[b], context));
        }
    }
    ent_free(w);
    ent_free(gradient);
    ent_model_free(model);
}

static inline void check_allocations(const ent_model_inp *given)
{
    small_samples s;
    const ent_model_inp inp = *given;
    ent_model *model;
    check_every_allocation(ent_model_new(&inp, &model), (void)0);
    double *w = small_weights(model, 1), loss, *gradient = ent_alloc(ent_model_params(model), sizeof *gradient);
    small_samples_make(&inp, 1, 0, &s);
    check_every_allocation(ent_model_gradient(model, w, &s.samples, SMALL_SAMPLES, NULL, &loss, gradient), (void)0);
    ent_free(w);
    ent_free(gradient);
    ent_model_free(model);
}

/* All of the above. */
static inline void check_every_identity(const ent_model_inp *inp)
{
    check_mma_is_no_change(inp);
    check_absent_register(inp);
    check_absent_features(inp);
    check_threads(inp);
    check_neighbours(inp);
    check_replacement(inp);
    check_blocks(inp);
    check_needs(inp);
    check_allocations(inp);
}

#endif
