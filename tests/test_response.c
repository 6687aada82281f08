/* A model in its data angles, and the variance of gradients, against what can be worked out by hand. */
#include "entente/response.h"

#include <math.h>

#include "small_model.h"

/* One register of one qubit: RY(x) RX(theta) per layer, <Z>. */
static ent_model_inp one_qubit(int layers, bool reupload)
{
    return (ent_model_inp){.registers = 1,
                           .reg = {{.name = "text",
                                    .ansatz = {ENT_ANSATZ_BASIC, NULL, 1, layers, 1, reupload, false, ENT_ENCODE_RY},
                                    .inputs = 1,
                                    .scale = 1.0}},
                           .head = ENT_HEAD_DIRECT,
                           .head_scale = 1.0,
                           .outputs = 1,
                           .squared = true,
                           .program = {.threads = 1}};
}

static void one_rotation_is_a_cosine(void **state)
{
    (void)state;
    const ent_model_inp inp = one_qubit(1, true);
    const double theta = 0.7;
    ent_response *r;
    check_ok(ent_response_new(&inp, &theta, 1, &r));
    assert_int_equal(ent_response_angles(r), 1);
    assert_int_equal(ent_response_degree(r, ent_response_slot(r, 0, 0)), 1);
    for (int k = 0; k < 20; k++) {
        const double angle = 0.4 * k - 3.0;
        double output;
        check_ok(ent_response_outputs(r, 1, &angle, &output));
        check_near(output, cos(angle) * cos(theta), 1e-14);
    }
    const double x = 0.3, *const sample[] = {&x};
    double angle;
    ent_response_encode(r, sample, &angle);
    check_near(angle, acos(-1.0) * tanh(0.3), 1e-15);
    ent_response_free(r);
}

/* Angles put in by hand and by encoding give what the model predicts. */
static void it_is_the_model(void **state)
{
    (void)state;
    const ent_model_inp inp = small_model();
    ent_model *model;
    small_samples s;
    check_ok(ent_model_new(&inp, &model));
    small_samples_make(&inp, 3, 0, &s);
    double *w = small_weights(model, 4);
    const uint32_t contexts[] = {7, 5, 2};
    for (int c = 0; c < 3; c++) {
        ent_response *r;
        check_ok(ent_response_new(&inp, w, contexts[c], &r));
        double *angles = ent_alloc(ent_response_angles(r), sizeof *angles), found[8], wanted[8];
        ent_samples one = s.samples;
        one.n = 1;
        one.context = &contexts[c];
        check_ok(ent_model_predict(model, w, &one, wanted));
        ent_response_encode(r, one.x, angles);
        check_ok(ent_response_outputs(r, 1, angles, found));
        for (int o = 0; o < inp.outputs; o++) check_near(found[o], wanted[o], 1e-13);
        assert_true((ent_response_slot(r, 1, 0) >= 0) == (contexts[c] >> 1 & 1));
        ent_free(angles);
        ent_response_free(r);
    }
    ent_free(w);
    ent_model_free(model);
}

static void the_degree_is_the_number_of_encodings(void **state)
{
    (void)state;
    const double w[6] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6};
    for (int layers = 1; layers <= 6; layers++)
        for (int reupload = 0; reupload < 2; reupload++) {
            const ent_model_inp inp = one_qubit(layers, reupload);
            ent_response *r;
            check_ok(ent_response_new(&inp, w, 1, &r));
            assert_int_equal(ent_response_degree(r, 0), reupload ? layers : 1);
            ent_response_free(r);
        }
}

/* RY(x) RX(theta): d<Z> / d theta = -cos x sin theta, of variance 1/4. */
static void the_variance_of_one_rotation(void **state)
{
    (void)state;
    const ent_ansatz ansatz = {ENT_ANSATZ_BASIC, NULL, 1, 1, 1, true, false, ENT_ENCODE_RY};
    const ent_program_inp inp = {.threads = 1};
    double mean, variance, again;
    enum { DRAWS = 20000 };
    check_ok(ent_gradient_variance(&ansatz, 1, &inp, DRAWS, 5, &mean, &variance));
    assert_true(fabs(mean) < 4.0 * sqrt(0.25 / DRAWS));
    assert_true(fabs(variance - 0.25) < 4.0 * sqrt((9.0 / 64 - 1.0 / 16) / DRAWS));
    check_ok(ent_gradient_variance(&ansatz, 1, &(ent_program_inp){.threads = 2}, DRAWS, 5, &mean, &again));
    assert_true(variance == again);
    check_ok(ent_gradient_variance(&ansatz, 1, &inp, DRAWS, 6, &mean, &again));
    assert_true(variance != again);
}

/* Deep circuits of n qubits: half as much per qubit. */
static void a_plateau_halves_with_every_qubit(void **state)
{
    (void)state;
    double mean, variance[2];
    for (int k = 0; k < 2; k++) {
        const ent_ansatz ansatz = {ENT_ANSATZ_STRONG, NULL, k ? 8 : 4, 12, 1, true, false, ENT_ENCODE_RY};
        check_ok(ent_gradient_variance(&ansatz, 3, &(ent_program_inp){.threads = 1}, 400, 1, &mean, &variance[k]));
    }
    const double factor = pow(variance[1] / variance[0], 0.25);
    assert_true(factor > 0.45 && factor < 0.56);
}

static void what_is_refused(void **state)
{
    (void)state;
    const ent_ansatz ansatz = {ENT_ANSATZ_BASIC, NULL, 2, 1, 1, true, false, ENT_ENCODE_RY};
    const ent_program_inp inp = {.threads = 1};
    double mean, variance;
    check_fails(ent_gradient_variance(&ansatz, 4, &inp, 10, 1, &mean, &variance), ENT_EARG, "2 qubits");
    check_fails(ent_gradient_variance(&ansatz, 0, &inp, 10, 1, &mean, &variance), ENT_EARG, "2 qubits");
    check_fails(ent_gradient_variance(&ansatz, 1, &inp, 1, 1, &mean, &variance), ENT_EARG, "1 draws, want 2");
    ent_model_inp model = one_qubit(1, true);
    ent_response *r;
    const double w = 0.0;
    check_every_allocation(ent_response_new(&model, &w, 1, &r), (void)0);
    assert_int_equal(ent_response_slot(r, 0, 1), -1);
    assert_int_equal(ent_response_slot(r, 1, 0), -1);
    ent_response_free(r);
    model.reg[0].scale = -1.0;
    check_fails(ent_response_new(&model, &w, 1, &r), ENT_EARG, "angle scale");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_rotation_is_a_cosine),
                                       cmocka_unit_test(it_is_the_model),
                                       cmocka_unit_test(the_degree_is_the_number_of_encodings),
                                       cmocka_unit_test(the_variance_of_one_rotation),
                                       cmocka_unit_test(a_plateau_halves_with_every_qubit),
                                       cmocka_unit_test(what_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
