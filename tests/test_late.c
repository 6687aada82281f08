/* Late fusion: each modality learns what it would learn by itself, and the decision is the mean over the present
 * ones. */
#include "model_checks.h"

static ent_model_inp small_late(void)
{
    ent_model_inp inp = small_model();
    inp.kind = ENT_MODEL_LATE;
    return inp;
}

/* The model of modality m by itself. */
static ent_model_inp unimodal(const ent_model_inp *inp, int m)
{
    ent_model_inp alone = *inp;
    alone.kind = ENT_MODEL_QUANTUM;
    alone.registers = 1;
    alone.reg[0] = inp->reg[m];
    alone.fusion = (ent_fusion){.layers = 0};
    return alone;
}

static void gradient_equals_differences(void **state)
{
    (void)state;
    ent_model_inp inp = small_late();
    check_gradient(&inp);
    inp.mma = false;
    check_gradient(&inp);
    inp.outputs = 1;
    inp.squared = true;
    check_gradient(&inp);
    inp.mma = true;
    inp.head = ENT_HEAD_DIRECT;
    check_gradient(&inp);
}

static void identities_hold(void **state)
{
    (void)state;
    ent_model_inp inp = small_late();
    check_every_identity(&inp);
    inp.outputs = 1;
    inp.squared = true;
    check_every_identity(&inp);
}

/* The parameters of modality m within late fusion: circuit (and map) and head by name, and its own bias. */
static const double *of_block(const ent_model *model, const double *w, const char *name, const char *modality)
{
    const ent_block *block;
    char wanted[200];
    if (strcmp(name, "head/bias") == 0)
        snprintf(wanted, sizeof wanted, "head/%s/bias", modality);
    else
        snprintf(wanted, sizeof wanted, "%s", name);
    for (int b = 0, blocks = ent_model_blocks(model, &block); b < blocks; b++)
        if (strcmp(block[b].name, wanted) == 0) return w + block[b].first;
    print_error("no block '%s'\n", wanted);
    fail();
    return NULL;
}

typedef struct {
    ent_model *model;
    int params;
    double *w, *gradient, loss;
    double outputs[SMALL_SAMPLES * 3];
} alone;

/* The model of modality m by itself, with the weights of late fusion, on the samples that have it. */
static void run_alone(const ent_model_inp *inp, int m, const ent_model *late, const double *w, const small_samples *s,
                      alone *a)
{
    const ent_model_inp one = unimodal(inp, m);
    const ent_block *block;
    int64_t pick[SMALL_SAMPLES], n = 0;
    uint32_t context[SMALL_SAMPLES];
    const ent_samples seen = {
        .n = SMALL_SAMPLES, .x = {s->x[m]}, .context = context, .category = s->category, .value = s->value};
    for (int k = 0; k < SMALL_SAMPLES; k++) {
        context[k] = s->context[k] >> m & 1;
        if (context[k]) pick[n++] = k;
    }
    a->model = make_model(&one);
    a->params = ent_model_params(a->model);
    a->w = ent_alloc(a->params, sizeof *a->w);
    a->gradient = ent_alloc(a->params, sizeof *a->gradient);
    for (int b = 0, blocks = ent_model_blocks(a->model, &block); b < blocks; b++)
        memcpy(a->w + block[b].first, of_block(late, w, block[b].name, inp->reg[m].name),
               (size_t)block[b].count * sizeof *w);
    check_ok(ent_model_predict(a->model, a->w, &seen, a->outputs));
    check_ok(ent_model_gradient(a->model, a->w, &seen, n, pick, &a->loss, a->gradient));
    a->loss *= (double)n / SMALL_SAMPLES;
    for (int k = 0; k < a->params; k++) a->gradient[k] *= (double)n / SMALL_SAMPLES;
}

static void drop_alone(alone *a)
{
    ent_free(a->w);
    ent_free(a->gradient);
    ent_model_free(a->model);
}

/* Late's gradient is that of the unimodal models, its loss their sum. */
static void each_modality_learns_what_it_would_learn_by_itself(void **state)
{
    (void)state;
    small_samples s;
    const ent_model_inp inp = small_late();
    ent_model *late = make_model(&inp);
    double *w = small_weights(late, 3), loss, sum = 0.0;
    double *gradient = ent_alloc(ent_model_params(late), sizeof *gradient);
    int params = 0;
    small_samples_make(&inp, 4, 0, &s);
    check_ok(ent_model_gradient(late, w, &s.samples, SMALL_SAMPLES, NULL, &loss, gradient));
    for (int m = 0; m < 3; m++) {
        alone a;
        const ent_block *block;
        run_alone(&inp, m, late, w, &s, &a);
        sum += a.loss;
        params += a.params;
        for (int b = 0, blocks = ent_model_blocks(a.model, &block); b < blocks; b++) {
            const double *found = of_block(late, gradient, block[b].name, inp.reg[m].name);
            for (int k = 0; k < block[b].count; k++) check_near(found[k], a.gradient[block[b].first + k], 1e-14);
        }
        drop_alone(&a);
    }
    check_near(loss, sum, 1e-14);
    assert_int_equal(params, ent_model_params(late));
    ent_free(w);
    ent_free(gradient);
    ent_model_free(late);
}

static double probability(const double *z, int outputs, int o)
{
    double sum = 0.0;
    for (int k = 0; k < outputs; k++) sum += exp(z[k]);
    return exp(z[o]) / sum;
}

static void decision_is_the_mean_over_the_present(void **state)
{
    (void)state;
    for (int squared = 0; squared < 2; squared++) {
        small_samples s;
        alone a[3];
        ent_model_inp inp = small_late();
        inp.squared = squared;
        inp.head_offset = 0.25;
        if (squared) inp.outputs = 1;
        ent_model *late = make_model(&inp);
        double *w = small_weights(late, 5), found[SMALL_SAMPLES * 3];
        small_samples_make(&inp, 6, 0, &s);
        check_ok(ent_model_predict(late, w, &s.samples, found));
        for (int m = 0; m < 3; m++) run_alone(&inp, m, late, w, &s, &a[m]);
        for (int k = 0; k < SMALL_SAMPLES; k++)
            for (int o = 0; o < inp.outputs; o++) {
                double sum = 0.0;
                int present = 0;
                for (int m = 0; m < 3; m++) {
                    if (!(s.context[k] >> m & 1)) continue;
                    const double *z = a[m].outputs + k * inp.outputs;
                    sum += squared ? z[0] : log(probability(z, inp.outputs, o));
                    present++;
                }
                check_near(found[k * inp.outputs + o], present ? sum / present : 0.25, 1e-13);
            }
        for (int m = 0; m < 3; m++) drop_alone(&a[m]);
        ent_free(w);
        ent_model_free(late);
    }
}

static void start_is_that_of_the_unimodal_models(void **state)
{
    (void)state;
    const ent_model_inp inp = small_late();
    ent_model *late = make_model(&inp);
    double *w = ent_alloc(ent_model_params(late), sizeof *w);
    ent_model_init(late, 9, w);
    for (int m = 0; m < 3; m++) {
        const ent_model_inp one = unimodal(&inp, m);
        const ent_block *block;
        ent_model *model = make_model(&one);
        double *v = ent_alloc(ent_model_params(model), sizeof *v);
        ent_model_init(model, 9, v);
        for (int b = 0, blocks = ent_model_blocks(model, &block); b < blocks; b++)
            same_bits(of_block(late, w, block[b].name, inp.reg[m].name), v + block[b].first, block[b].count);
        ent_free(v);
        ent_model_free(model);
    }
    assert_int_equal(ent_model_qubits(late), 6);
    assert_string_equal(ent_model_kind_name(inp.kind), "late");
    ent_free(w);
    ent_model_free(late);
}

static void refuses_what_has_no_joint_head(void **state)
{
    (void)state;
    ent_model *model;
    ent_model_inp inp = small_late();
    inp.embed = true;
    check_fails(ent_model_new(&inp, &model), ENT_EARG, "no joint head");
    inp = small_late();
    inp.params = 100;
    check_fails(ent_model_new(&inp, &model), ENT_EARG, "kind late: found 100 parameters to match");
    inp = small_late();
    inp.head = ENT_HEAD_DIRECT; /* vision has one qubit */
    check_fails(ent_model_new(&inp, &model), ENT_EARG, "3 outputs needs a register of at least as many qubits");
}

static const struct CMUnitTest computes[] = {
    cmocka_unit_test(gradient_equals_differences),
    cmocka_unit_test(identities_hold),
    cmocka_unit_test(each_modality_learns_what_it_would_learn_by_itself),
    cmocka_unit_test(decision_is_the_mean_over_the_present),
    cmocka_unit_test(start_is_that_of_the_unimodal_models),
};
static const struct CMUnitTest refuses[] = {cmocka_unit_test(refuses_what_has_no_joint_head)};
CHECK_MAIN(computes, refuses)
