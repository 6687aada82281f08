/* Shots: means, variances and covariances of estimates over 10 000 repetitions against theory, and gradients by each
 * rule. */
#include "check.h"
#include "random_circuit.h"

#include "entente/engine.h"
#include "entente/model.h"

enum { REPEAT = 10000, MOST = 64 };

static void ones_of(void *context, int64_t first, int64_t count, const double *values, double *weights)
{
    const int readouts = *(const int *)context;
    (void)first;
    (void)values;
    for (int64_t k = 0; k < count * readouts; k++) weights[k] = 1.0 + (double)(k % readouts);
}

typedef struct {
    double sum[MOST], product[MOST][MOST];
} moments;

static void add_to(moments *m, const double *x, int n)
{
    for (int i = 0; i < n; i++) {
        m->sum[i] += x[i];
        for (int k = 0; k < n; k++) m->product[i][k] += x[i] * x[k];
    }
}

static double mean_of(const moments *m, int i)
{
    return m->sum[i] / REPEAT;
}

static double covariance(const moments *m, int i, int k)
{
    return m->product[i][k] / REPEAT - mean_of(m, i) * mean_of(m, k);
}

/* Two readouts of Zs, their product, and the same again in another order. */
static ent_circuit *joint_circuit(void)
{
    ent_circuit *c;
    check_ok(ent_circuit_new(3, 2, 1, &c));
    check_ok(ent_circuit_add(c, (ent_gate){ENT_RY, {0, 0}, ent_angle_param(0)}));
    check_ok(ent_circuit_add(c, (ent_gate){ENT_RY, {2, 2}, ent_angle_data(0)}));
    check_ok(ent_circuit_add(c, (ent_gate){ENT_CRX, {0, 2}, ent_angle_param(1)}));
    check_ok(ent_circuit_add(c, (ent_gate){ENT_CX, {0, 1}, ent_angle_none()}));
    static const uint64_t masks[] = {1, 4, 5, 6, 2};
    for (int r = 0; r < 5; r++) check_ok(ent_circuit_read(c, masks[r]));
    return c;
}

/* X and Z strings: they cannot be read together. */
static ent_circuit *apart_circuit(void)
{
    ent_circuit *c = joint_circuit();
    const ent_pauli x = {ent_bits_of_word(1), ent_bits_of_word(2)};
    check_ok(ent_circuit_read_pauli(c, &x));
    return c;
}

/* <P P'> of two readouts of Zs, or NAN. */
static double together(const ent_circuit *c, int i, int k, const ent_batch *batch)
{
    const ent_pauli both = {ent_bits_xor(c->readout[i].x, c->readout[k].x),
                            ent_bits_xor(c->readout[i].z, c->readout[k].z)};
    if (ent_bits_last(both.z) < 0) return 1.0;
    ent_circuit *one = joint_circuit();
    double values[8];
    ent_program *program;
    check_ok(ent_circuit_read_pauli(one, &both));
    check_ok(ent_program_new(one, &(ent_program_inp){.threads = 1}, &program));
    check_ok(ent_program_forward(program, batch, values));
    ent_program_free(program);
    ent_circuit_free(one);
    return values[5];
}

/* Sampling N times: mean <P>, variance (1 - <P>^2) / N, covariance (<P P'> - <P><P'>) / N, or 0 if each readout is
 * measured by itself.  Within 5 standard errors. */
static void check_moments(ent_circuit *circuit, int64_t shots, bool joint, const ent_noise *noise)
{
    static moments m;
    const double angle = 0.9, params[] = {1.1, -0.7};
    const ent_batch batch = {1, &angle, params};
    const int n = circuit->readouts;
    double exact[MOST], found[MOST];
    ent_program *program, *wanted;
    memset(&m, 0, sizeof m);
    check_ok(ent_program_new(circuit, &(ent_program_inp){.threads = 1, .noise = noise}, &wanted));
    check_ok(ent_program_new(
        circuit, &(ent_program_inp){.threads = 1, .noise = noise, .shots = shots, .shot_seed = 3}, &program));
    assert_non_null(strstr(ent_program_engine(program), joint ? "(joint)" : "(per readout)"));
    check_ok(ent_program_forward(wanted, &batch, exact));
    for (int repeat = 0; repeat < REPEAT; repeat++) {
        ent_program_draw(program, &(ent_draws){.b = (uint64_t)repeat});
        check_ok(ent_program_forward(program, &batch, found));
        add_to(&m, found, n);
    }
    for (int i = 0; i < n; i++) {
        const double variance = (1.0 - exact[i] * exact[i]) / (double)shots;
        check_near(mean_of(&m, i), exact[i], 5.0 * sqrt(variance / REPEAT) + 1e-12);
        check_near(covariance(&m, i, i), variance, 5.0 * variance * sqrt(4.0 / REPEAT) + 1e-12);
        for (int k = 0; k < i && !noise; k++) {
            const double both = joint ? together(circuit, i, k, &batch) - exact[i] * exact[k] : 0.0;
            check_near(covariance(&m, i, k), both / (double)shots, 6.0 / (double)shots / sqrt(REPEAT));
        }
    }
    ent_program_free(program);
    ent_program_free(wanted);
    ent_circuit_free(circuit);
}

static void estimates_have_mean_and_variance_of_samples(void **state)
{
    (void)state;
    check_moments(joint_circuit(), 1, true, NULL);
    check_moments(joint_circuit(), 100, true, NULL);
    check_moments(apart_circuit(), 100, false, NULL);
    check_moments(apart_circuit(), 7, false, NULL);
    const ent_qubit_noise device[3] = {{{0.05, 0.1, 0.05}, {0.1, 0.1, 0.1}, 0.1, 0.05}};
    const ent_noise noise = {.qubit = device, .method = ENT_NOISE_DENSITY};
    check_moments(joint_circuit(), 100, true, &noise);
}

/* The exact gradient of sum_r (1 + r) <r> in the mean; SHIFT with the variance of its terms, ADJOINT with that for
 * shifted values of variance 1 per shot. */
static void check_gradient(ent_shot_gradient kind, ent_circuit *circuit)
{
    static moments m;
    enum { SHOTS = 50 };
    const double angle = 0.9, params[] = {1.1, -0.7};
    const ent_batch batch = {1, &angle, params};
    double exact[3] = {0}, found[3];
    int readouts = circuit->readouts;
    ent_program *program, *wanted;
    memset(&m, 0, sizeof m);
    check_ok(ent_program_new(circuit, &(ent_program_inp){.threads = 1}, &wanted));
    check_ok(ent_program_new(
        circuit, &(ent_program_inp){.threads = 1, .shots = SHOTS, .shot_gradient = kind, .shot_seed = 4}, &program));
    check_ok(ent_program_gradient(wanted, &batch, ones_of, &readouts, exact, exact + 2));
    for (int repeat = 0; repeat < REPEAT; repeat++) {
        ent_program_draw(program, &(ent_draws){.a = (uint64_t)repeat});
        found[0] = found[1] = found[2] = 0.0;
        check_ok(ent_program_gradient(program, &batch, ones_of, &readouts, found, found + 2));
        add_to(&m, found, 3);
    }
    double square = 0.0;
    for (int r = 0; r < readouts; r++) square += (1.0 + r) * (1.0 + r);
    const double most[] = {0.5 * square / SHOTS, 0.375 * square / SHOTS, 0.5 * square / SHOTS};
    for (int k = 0; k < 3; k++) {
        const double variance = covariance(&m, k, k);
        check_near(mean_of(&m, k), exact[k], 5.0 * sqrt(variance / REPEAT));
        assert_true(variance > 0.0);
        if (kind == ENT_SHOTS_ADJOINT) check_near(variance, most[k], 5.0 * most[k] * sqrt(2.0 / REPEAT));
        if (strstr(ent_program_engine(program), "per readout"))
            assert_true(variance < most[k] * (1.0 + 5.0 * sqrt(2.0 / REPEAT)));
    }
    ent_program_free(program);
    ent_program_free(wanted);
    ent_circuit_free(circuit);
}

static void gradients_have_their_mean_and_variance(void **state)
{
    (void)state;
    check_gradient(ENT_SHOTS_ADJOINT, apart_circuit());
    check_gradient(ENT_SHOTS_ADJOINT, joint_circuit());
    check_gradient(ENT_SHOTS_SHIFT, apart_circuit());
    check_gradient(ENT_SHOTS_SHIFT, joint_circuit());
}

/* A fused model, whose shifted circuits keep their registers, and circuits of all gates. */
static void shift_without_shots_is_the_exact_gradient(void **state)
{
    (void)state;
    for (uint64_t turn = 0; turn < 12; turn++) {
        ent_circuit *circuit = random_circuit(turn, 4, 40, 5, 3, 6);
        const double *angles = random_numbers(turn, 3 * 3), *params = random_numbers(turn + 99, 5);
        const ent_batch batch = {3, angles, params};
        double found[5] = {0}, wanted[5] = {0}, found_angles[9], wanted_angles[9];
        int readouts = circuit->readouts;
        for (int k = 0; k < 2; k++) {
            ent_program *program;
            check_ok(ent_program_new(
                circuit, &(ent_program_inp){.threads = 1, .shot_gradient = k ? ENT_SHOTS_SHIFT : ENT_SHOTS_ADJOINT},
                &program));
            check_ok(ent_program_gradient(program, &batch, ones_of, &readouts, k ? found : wanted,
                                          k ? found_angles : wanted_angles));
            ent_program_free(program);
        }
        for (int k = 0; k < 5; k++) check_near(found[k], wanted[k], 1e-10);
        for (int k = 0; k < 9; k++) check_near(found_angles[k], wanted_angles[k], 1e-10);
        ent_free((void *)angles);
        ent_free((void *)params);
        ent_circuit_free(circuit);
    }
}

/* Values and gradients of a sample, whatever batch it is in and how many threads there are. */
static void threads_and_batches_change_no_bit(void **state)
{
    (void)state;
    enum { N = 40 };
    for (int kind = 0; kind < 2; kind++) {
        ent_circuit *circuit = kind ? apart_circuit() : joint_circuit();
        const double params[] = {0.3, 0.4}, *angles = random_numbers(5, N);
        double one[N * 6], more[N * 6], grad[2][2] = {{0}}, grad_angles[2][N];
        int readouts = circuit->readouts;
        for (int threads = 1; threads <= 3; threads += 2) {
            const ent_program_inp inp = {
                .threads = threads, .shots = 20, .shot_gradient = kind ? ENT_SHOTS_SHIFT : ENT_SHOTS_ADJOINT};
            ent_program *program;
            check_ok(ent_program_new(circuit, &inp, &program));
            check_ok(ent_program_forward(program, &(ent_batch){N, angles, params}, threads == 1 ? one : more));
            check_ok(ent_program_gradient(program, &(ent_batch){N, angles, params}, ones_of, &readouts,
                                          grad[threads > 1], grad_angles[threads > 1]));
            const int64_t number[] = {30, 7};
            const double pair[] = {angles[30], angles[7]};
            double values[12];
            ent_program_draw(program, &(ent_draws){.index = number});
            check_ok(ent_program_forward(program, &(ent_batch){2, pair, params}, values));
            for (int k = 0; k < 2; k++)
                assert_memory_equal(values + k * readouts, one + number[k] * readouts,
                                    (size_t)readouts * sizeof(double));
            ent_program_free(program);
        }
        assert_memory_equal(one, more, (size_t)(N * readouts) * sizeof(double));
        assert_memory_equal(grad[0], grad[1], sizeof grad[0]);
        assert_memory_equal(grad_angles[0], grad_angles[1], sizeof grad_angles[0]);
        ent_free((void *)angles);
        ent_circuit_free(circuit);
    }
}

static void fewer_than_0_shots(void **state)
{
    (void)state;
    ent_program *program;
    ent_circuit *circuit = joint_circuit();
    check_fails(ent_program_new(circuit, &(ent_program_inp){.shots = -1}, &program), ENT_EARG, "shots: found -1");
    ent_circuit_free(circuit);
}

static void runs_out_of_memory(void **state)
{
    (void)state;
    ent_circuit *circuit = joint_circuit();
    const double angle = 0.9, params[] = {1.1, -0.7};
    const ent_batch batch = {1, &angle, params};
    double values[5], grad[2] = {0}, grad_angles[1];
    int readouts = circuit->readouts;
    const ent_program_inp inp = {.threads = 1, .shots = 5, .shot_gradient = ENT_SHOTS_SHIFT};
    ent_program *program = NULL;
    check_every_allocation(ent_program_new(circuit, &inp, &program), (void)0);
    check_every_allocation(ent_program_forward(program, &batch, values), (void)0);
    check_every_allocation(ent_program_gradient(program, &batch, ones_of, &readouts, grad, grad_angles), (void)0);
    ent_program_free(program);
    ent_circuit_free(circuit);
}

int main(void)
{
    const struct CMUnitTest computes[] = {
        cmocka_unit_test(estimates_have_mean_and_variance_of_samples),
        cmocka_unit_test(gradients_have_their_mean_and_variance),
        cmocka_unit_test(shift_without_shots_is_the_exact_gradient),
        cmocka_unit_test(threads_and_batches_change_no_bit),
    };
    const struct CMUnitTest refuses[] = {
        cmocka_unit_test(fewer_than_0_shots),
        cmocka_unit_test(runs_out_of_memory),
    };
    int failed = cmocka_run_group_tests_name("computes", computes, NULL, NULL);
    failed += cmocka_run_group_tests_name("refuses", refuses, NULL, NULL);
    return failed;
}
