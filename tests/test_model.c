/* The model: gradients against differences, and the identities of the missing-modality mechanism, bit for bit. */
#include "small_model.h"

static ent_model *make(const ent_model_inp *inp)
{
    ent_model *model;
    check_ok(ent_model_new(inp, &model));
    return model;
}

static void same_bits(const double *a, const double *b, int64_t n)
{
    assert_memory_equal(a, b, (size_t)n * sizeof *a);
}

/* d loss / d w against central differences, for every parameter. */
static void check_gradient(const ent_model_inp *inp)
{
    small_samples s;
    ent_model *model = make(inp);
    const int params = ent_model_params(model);
    double *w = small_weights(model, 11), *gradient = ent_alloc(params, sizeof *gradient), loss, up, down;
    double *scratch = ent_alloc(params, sizeof *scratch);
    small_samples_make(inp, 12, 0, &s);
    check_ok(ent_model_gradient(model, w, &s.samples, SMALL_SAMPLES, NULL, &loss, gradient));
    for (int k = 0; k < params; k++) {
        const double h = 1e-5, there = w[k];
        w[k] = there + h;
        check_ok(ent_model_gradient(model, w, &s.samples, SMALL_SAMPLES, NULL, &up, scratch));
        w[k] = there - h;
        check_ok(ent_model_gradient(model, w, &s.samples, SMALL_SAMPLES, NULL, &down, scratch));
        w[k] = there;
        check_near(gradient[k], (up - down) / (2 * h), 1e-8);
    }
    ent_free(w);
    ent_free(gradient);
    ent_free(scratch);
    ent_model_free(model);
}

static void gradient_equals_differences_for_every_head_and_loss(void **state)
{
    (void)state;
    ent_model_inp inp = small_model();
    check_gradient(&inp);
    inp.embed = true;
    inp.fusion.gate = ENT_RZZ;
    check_gradient(&inp);
    inp.embed = false;
    inp.head = ENT_HEAD_DIRECT;
    inp.fusion.gate = ENT_CZ;
    check_gradient(&inp);
    inp.outputs = 1;
    inp.squared = true;
    inp.head_offset = 0.3;
    inp.fusion.gate = ENT_CX;
    check_gradient(&inp);
    inp.head = ENT_HEAD_LINEAR;
    inp.fusion.gate = ENT_CRZ;
    check_gradient(&inp);
    inp.fusion.gate = ENT_QFT;
    check_gradient(&inp);
    inp.mma = false;
    check_gradient(&inp);
}

/* Identity 1: with nothing missing, MMA on and off agree to the last bit. */
static void check_nothing_missing(ent_gate_kind gate)
{
    small_samples s;
    ent_model_inp with = small_model();
    with.fusion.gate = gate;
    ent_model_inp without = with;
    without.mma = false;
    ent_model *a = make(&with), *b = make(&without);
    const int params = ent_model_params(a);
    assert_int_equal(params, ent_model_params(b));
    double *w = small_weights(a, 1), loss_a, loss_b, output_a[SMALL_SAMPLES * 3], output_b[SMALL_SAMPLES * 3];
    double *ga = ent_alloc(params, sizeof *ga), *gb = ent_alloc(params, sizeof *gb);
    small_samples_make(&with, 2, 7, &s);
    check_ok(ent_model_predict(a, w, &s.samples, output_a));
    check_ok(ent_model_predict(b, w, &s.samples, output_b));
    same_bits(output_a, output_b, SMALL_SAMPLES * 3);
    check_ok(ent_model_gradient(a, w, &s.samples, SMALL_SAMPLES, NULL, &loss_a, ga));
    check_ok(ent_model_gradient(b, w, &s.samples, SMALL_SAMPLES, NULL, &loss_b, gb));
    same_bits(&loss_a, &loss_b, 1);
    same_bits(ga, gb, params);
    ent_free(w);
    ent_free(ga);
    ent_free(gb);
    ent_model_free(a);
    ent_model_free(b);
}

static void mma_changes_nothing_where_nothing_is_missing(void **state)
{
    (void)state;
    check_nothing_missing(ENT_CRX);
    check_nothing_missing(ENT_QFT);
}

/* Copy the blocks that both models have, by name. */
static void share_weights(const ent_model *from, const double *w, const ent_model *to, double *out)
{
    const ent_block *a, *b;
    const int blocks_a = ent_model_blocks(from, &a), blocks_b = ent_model_blocks(to, &b);
    for (int k = 0; k < blocks_b; k++) {
        int j = 0;
        while (j < blocks_a && strcmp(a[j].name, b[k].name) != 0) j++;
        assert_true(j < blocks_a);
        assert_int_equal(a[j].count, b[k].count);
        memcpy(out + b[k].first, w + a[j].first, (size_t)b[k].count * sizeof *w);
    }
}

/* Every block of `gradient` is the one of `alone` by the same name, or exactly 0 where `alone` lacks it. */
static void same_gradient(const ent_model *model, const double *gradient, const ent_model *small, const double *alone)
{
    const ent_block *a, *b;
    const int blocks_a = ent_model_blocks(model, &a), blocks_b = ent_model_blocks(small, &b);
    for (int j = 0; j < blocks_a; j++) {
        int k = 0;
        while (k < blocks_b && strcmp(a[j].name, b[k].name) != 0) k++;
        if (k < blocks_b) same_bits(gradient + a[j].first, alone + b[k].first, a[j].count);
        for (int i = a[j].first; k == blocks_b && i < a[j].first + a[j].count; i++) assert_true(gradient[i] == 0.0);
    }
}

/* Identity 2: with m absent, the output equals that of a model built without register m; and so does the gradient, and
 * parameters that only the absent register uses get exactly 0. */
static void check_absent_register(ent_gate_kind gate)
{
    small_samples s, t;
    ent_model_inp inp = small_model();
    inp.fusion.gate = gate;
    ent_model *model = make(&inp);
    double *w = small_weights(model, 5), output[SMALL_SAMPLES * 3], alone[SMALL_SAMPLES * 3], loss, loss_alone;
    double *gradient = ent_alloc(ent_model_params(model), sizeof *gradient);
    for (int absent = 0; absent < 3; absent++) {
        const ent_model_inp less = without_register(&inp, absent);
        ent_model *small = make(&less);
        double *v = small_weights(small, 0), *g = ent_alloc(ent_model_params(small), sizeof *g);
        share_weights(model, w, small, v);
        small_samples_make(&inp, 6, UINT32_C(7) & ~(UINT32_C(1) << absent), &s);
        t = s;
        t.samples = (ent_samples){SMALL_SAMPLES, {NULL}, t.context, t.category, t.value};
        for (int m = 0, k = 0; m < 3; m++)
            if (m != absent) t.samples.x[k++] = s.x[m];
        for (int k = 0; k < SMALL_SAMPLES; k++) t.context[k] = 3;
        check_ok(ent_model_predict(model, w, &s.samples, output));
        check_ok(ent_model_predict(small, v, &t.samples, alone));
        same_bits(output, alone, SMALL_SAMPLES * 3);
        check_ok(ent_model_gradient(model, w, &s.samples, SMALL_SAMPLES, NULL, &loss, gradient));
        check_ok(ent_model_gradient(small, v, &t.samples, SMALL_SAMPLES, NULL, &loss_alone, g));
        same_bits(&loss, &loss_alone, 1);
        same_gradient(model, gradient, small, g);
        ent_free(v);
        ent_free(g);
        ent_model_free(small);
    }
    ent_free(w);
    ent_free(gradient);
    ent_model_free(model);
}

static void absent_register_equals_model_without_it(void **state)
{
    (void)state;
    check_absent_register(ENT_CRX);
    check_absent_register(ENT_QFT);
}

/* Identity 3: what is stored in an absent feature, NaN included, changes nothing. */
static void check_absent_features(ent_gate_kind gate)
{
    small_samples s, spoiled;
    ent_model_inp inp = small_model();
    inp.fusion.gate = gate;
    ent_model *model = make(&inp);
    const int params = ent_model_params(model);
    double *w = small_weights(model, 7), loss, loss_spoiled, output[SMALL_SAMPLES * 3], other[SMALL_SAMPLES * 3];
    double *g = ent_alloc(params, sizeof *g), *g_spoiled = ent_alloc(params, sizeof *g_spoiled);
    small_samples_make(&inp, 8, 0, &s);
    spoiled = s;
    for (int m = 0; m < 3; m++) {
        spoiled.samples.x[m] = spoiled.x[m];
        for (int64_t k = 0; k < SMALL_SAMPLES; k++)
            for (int64_t j = 0; j < inp.reg[m].inputs && !(s.context[k] >> m & 1); j++)
                spoiled.x[m][k * inp.reg[m].inputs + j] = j % 2 ? NAN : INFINITY;
    }
    spoiled.samples.context = spoiled.context;
    check_ok(ent_model_predict(model, w, &s.samples, output));
    check_ok(ent_model_predict(model, w, &spoiled.samples, other));
    same_bits(output, other, SMALL_SAMPLES * 3);
    check_ok(ent_model_gradient(model, w, &s.samples, SMALL_SAMPLES, NULL, &loss, g));
    check_ok(ent_model_gradient(model, w, &spoiled.samples, SMALL_SAMPLES, NULL, &loss_spoiled, g_spoiled));
    same_bits(&loss, &loss_spoiled, 1);
    same_bits(g, g_spoiled, params);
    for (int k = 0; k < params; k++) assert_true(isfinite(g[k]));
    ent_free(w);
    ent_free(g);
    ent_free(g_spoiled);
    ent_model_free(model);
}

static void absent_features_change_nothing(void **state)
{
    (void)state;
    check_absent_features(ENT_CRX);
    check_absent_features(ENT_QFT);
}

static void threads_do_not_change_a_bit(void **state)
{
    (void)state;
    small_samples s;
    ent_model_inp inp = small_model();
    ent_model *one = make(&inp);
    inp.program.threads = 3;
    ent_model *three = make(&inp);
    const int params = ent_model_params(one);
    double *w = small_weights(one, 9), loss_a, loss_b;
    double *a = ent_alloc(params, sizeof *a), *b = ent_alloc(params, sizeof *b);
    small_samples_make(&inp, 10, 0, &s);
    check_ok(ent_model_gradient(one, w, &s.samples, SMALL_SAMPLES, NULL, &loss_a, a));
    check_ok(ent_model_gradient(three, w, &s.samples, SMALL_SAMPLES, NULL, &loss_b, b));
    same_bits(&loss_a, &loss_b, 1);
    same_bits(a, b, params);
    ent_free(w);
    ent_free(a);
    ent_free(b);
    ent_model_free(one);
    ent_model_free(three);
}

/* Two registers of one layer each, put together by hand: the head is the mean of all <Z>. */
static void qft_mixing_is_one_transform_of_all_qubits(void **state)
{
    (void)state;
    const ent_ansatz ansatz = {ENT_ANSATZ_BASIC, NULL, 2, 1, 1, true};
    const double x[2][2] = {{0.3, -0.8}, {1.1, 0.5}};
    const uint32_t context = 3;
    ent_model_inp inp = {.registers = 2,
                         .fusion = {.layers = 1, .gate = ENT_QFT},
                         .head = ENT_HEAD_DIRECT,
                         .head_scale = 1.0,
                         .outputs = 1,
                         .squared = true,
                         .mma = true,
                         .program = {.threads = 1}};
    for (int m = 0; m < 2; m++)
        inp.reg[m] = (ent_register){.name = m ? "b" : "a", .ansatz = ansatz, .inputs = 2, .scale = 2.0};
    ent_model *model = make(&inp);
    double *w = small_weights(model, 3), angles[4], found, mean = 0.0, z[4];
    assert_int_equal(ent_model_params(model), 4 + 8);
    check_ok(ent_model_predict(model, w, &(ent_samples){1, {x[0], x[1]}, &context, NULL, NULL}, &found));
    ent_circuit *circuit;
    check_ok(ent_circuit_new(4, 12, 4, &circuit));
    for (int m = 0; m < 2; m++) check_ok(ent_ansatz_append(&ansatz, 2 * m, 2 * m, 2 * m, circuit));
    for (int k = 0; k < 4; k++) angles[k] = acos(-1.0) * tanh(x[k / 2][k % 2] / 2.0);
    check_ok(ent_circuit_add(circuit, (ent_gate){ENT_QFT, {0, 3}, ent_angle_none()}));
    for (int q = 0; q < 4; q++) {
        check_ok(ent_circuit_add(circuit, (ent_gate){ENT_RY, {q, 0}, ent_angle_param(4 + 2 * q)}));
        check_ok(ent_circuit_add(circuit, (ent_gate){ENT_RZ, {q, 0}, ent_angle_param(5 + 2 * q)}));
        check_ok(ent_circuit_read(circuit, UINT64_C(1) << q));
    }
    ent_program *program;
    check_ok(ent_program_new(circuit, &(ent_program_inp){.engine = ENT_ENGINE_REFERENCE, .threads = 1}, &program));
    check_ok(ent_program_forward(program, &(ent_batch){1, angles, w}, z));
    for (int q = 0; q < 4; q++) mean += z[q] / 4;
    check_near(found, mean, 1e-14);
    ent_program_free(program);
    ent_circuit_free(circuit);
    ent_free(w);
    ent_model_free(model);
}

static void patterns_connect_what_they_say(void **state)
{
    (void)state;
    ent_fusion f = {.layers = 1};
    const int pairs[4][5] = {{0, 1, 3, 4, 5}, {0, 1, 3, 6, 10}, {0, 1, 2, 3, 4}, {0, 0, 0, 0, 0}};
    for (int pattern = 0; pattern < 4; pattern++)
        for (int n = 1; n <= 5; n++) {
            ent_fusion_connect(&f, (ent_fusion_pattern)pattern, n);
            assert_int_equal(f.pairs, pairs[pattern][n - 1]);
            for (int k = 0; k < f.pairs; k++) assert_true(f.pair[k][0] < f.pair[k][1] && f.pair[k][1] < n);
        }
}

static void loss_agrees_with_plain_formulas(void **state)
{
    (void)state;
    const double logit[3] = {0.5, -1.0, 2.0};
    double d[3], sum = exp(0.5) + exp(-1.0) + exp(2.0);
    check_near(ent_loss(false, 3, logit, 1, 0.0, d), -log(exp(-1.0) / sum), 1e-15);
    check_near(d[0], exp(0.5) / sum, 1e-15);
    check_near(d[1], exp(-1.0) / sum - 1.0, 1e-15);
    check_near(ent_loss(true, 1, logit, 0, 2.0, d), 2.25, 1e-15);
    check_near(d[0], -3.0, 1e-15);
    const double huge[2] = {1e4, -1e4};
    check_near(ent_loss(false, 2, huge, 1, 0.0, d), 2e4, 1e-9);
}

static void blocks_cover_all_parameters_once(void **state)
{
    (void)state;
    const ent_model_inp inp = small_model();
    ent_model *model = make(&inp);
    const ent_block *block;
    int next = 0;
    for (int b = 0, blocks = ent_model_blocks(model, &block); b < blocks; b++) {
        assert_int_equal(block[b].first, next);
        next += block[b].count;
    }
    assert_int_equal(next, ent_model_params(model));
    assert_int_equal(ent_model_qubits(model), 6);
    ent_model_free(model);
}

static void refuses_what_cannot_be_built(void **state)
{
    (void)state;
    ent_model *model;
    ent_model_inp inp = small_model();
    inp.reg[0].inputs = 9;
    check_fails(ent_model_new(&inp, &model), ENT_EARG, "'text': 9 numbers a sample, want 2");
    inp = small_model();
    inp.head = ENT_HEAD_DIRECT;
    inp.outputs = 4;
    check_fails(ent_model_new(&inp, &model), ENT_EARG, "direct");
    inp = small_model();
    inp.mma = false;
    inp.embed = true;
    check_fails(ent_model_new(&inp, &model), ENT_EARG, "mma");
    inp = small_model();
    inp.reg[0].scale = 0.0;
    check_fails(ent_model_new(&inp, &model), ENT_EARG, "scale");
    inp = small_model();
    inp.reg[0].ansatz.qubits = 50;
    inp.reg[0].inputs = 50;
    check_fails(ent_model_new(&inp, &model), ENT_ENOMEM, "54 qubits needs 288230376151711744 bytes");
}

static void every_failing_allocation_is_survived(void **state)
{
    (void)state;
    small_samples s;
    const ent_model_inp inp = small_model();
    ent_model *model;
    check_every_allocation(ent_model_new(&inp, &model), (void)0);
    double *w = small_weights(model, 1), loss, *gradient = ent_alloc(ent_model_params(model), sizeof *gradient);
    small_samples_make(&inp, 1, 0, &s);
    check_every_allocation(ent_model_gradient(model, w, &s.samples, SMALL_SAMPLES, NULL, &loss, gradient), (void)0);
    ent_free(w);
    ent_free(gradient);
    ent_model_free(model);
}

int main(void)
{
    const struct CMUnitTest computes[] = {
        cmocka_unit_test(gradient_equals_differences_for_every_head_and_loss),
        cmocka_unit_test(mma_changes_nothing_where_nothing_is_missing),
        cmocka_unit_test(absent_register_equals_model_without_it),
        cmocka_unit_test(absent_features_change_nothing),
        cmocka_unit_test(threads_do_not_change_a_bit),
        cmocka_unit_test(qft_mixing_is_one_transform_of_all_qubits),
        cmocka_unit_test(patterns_connect_what_they_say),
        cmocka_unit_test(loss_agrees_with_plain_formulas),
        cmocka_unit_test(blocks_cover_all_parameters_once),
    };
    const struct CMUnitTest refuses[] = {
        cmocka_unit_test(refuses_what_cannot_be_built),
        cmocka_unit_test(every_failing_allocation_is_survived),
    };
    int failed = cmocka_run_group_tests_name("computes", computes, NULL, NULL);
    return failed + cmocka_run_group_tests_name("refuses", refuses, NULL, NULL);
}
