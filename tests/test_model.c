/* The model: gradients against differences, and the identities of the missing-modality mechanism, bit for bit. */
#include "model_checks.h"

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
    inp.mma = false;
    check_gradient(&inp);
}

static void identities_hold(void **state)
{
    (void)state;
    const ent_model_inp inp = small_model();
    check_every_identity(&inp);
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

static void qubits_are_those_of_all_registers(void **state)
{
    (void)state;
    const ent_model_inp inp = small_model();
    ent_model *model = make_model(&inp);
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
    check_fails(ent_model_new(&inp, &model), ENT_ENOMEM, "54 qubits needs 576460752303423488 bytes");
}

int main(void)
{
    const struct CMUnitTest computes[] = {
        cmocka_unit_test(gradient_equals_differences_for_every_head_and_loss),
        cmocka_unit_test(identities_hold),
        cmocka_unit_test(patterns_connect_what_they_say),
        cmocka_unit_test(loss_agrees_with_plain_formulas),
        cmocka_unit_test(qubits_are_those_of_all_registers),
    };
    const struct CMUnitTest refuses[] = {
        cmocka_unit_test(refuses_what_cannot_be_built),
    };
    int failed = cmocka_run_group_tests_name("computes", computes, NULL, NULL);
    return failed + cmocka_run_group_tests_name("refuses", refuses, NULL, NULL);
}
