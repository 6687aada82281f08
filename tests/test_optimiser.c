/* Optimisers for circuits: the Fubini-Study metric against differences of dense states; the natural gradient against
 * its definition, and where it helps; Rotosolve against theory and against scans of the loss. */
#include "dense.h"
#include "random_circuit.h"
#include "small_model.h"

#include "entente/qasm.h"

enum { MOST_PARAMS = 512 };

/* ---- computes ---- */

static void dense_state(const ent_circuit *circuit, const double *params, const double *data, dense_number *psi)
{
    static dense_matrix m;
    dense_number next[DENSE_DIM] = {0};
    memset(psi, 0, DENSE_DIM * sizeof *psi);
    psi[0] = 1;
    for (int64_t g = 0; g < circuit->gates; g++) {
        const ent_gate *gate = &circuit->gate[g];
        dense_gate(gate->kind, ent_angle_value(&gate->angle, params, data), gate->qubit, circuit->qubits, &m);
        dense_multiply(&m, psi, next);
        memcpy(psi, next, sizeof next);
    }
}

/* Derivatives of the state with respect to every parameter, by central differences of fourth order. */
static void dense_derivatives(const ent_circuit *circuit, double *params, const double *data, int first, int count,
                              dense_number derivative[][DENSE_DIM])
{
    const double step = 2e-3, weight[4] = {1.0 / 12.0, -2.0 / 3.0, 2.0 / 3.0, -1.0 / 12.0};
    for (int k = 0; k < count; k++) {
        const double there = params[first + k];
        memset(derivative[k], 0, sizeof derivative[k]);
        for (int j = 0; j < 4; j++) {
            dense_number psi[DENSE_DIM];
            params[first + k] = there + step * (j < 2 ? j - 2 : j - 1);
            dense_state(circuit, params, data, psi);
            for (int p = 0; p < DENSE_DIM; p++) derivative[k][p] += weight[j] / step * psi[p];
        }
        params[first + k] = there;
    }
}

static dense_number scalar_product(const dense_number *a, const dense_number *b)
{
    dense_number sum = 0;
    for (int p = 0; p < DENSE_DIM; p++) sum += conj(a[p]) * b[p];
    return sum;
}

/* metric [count][count] += that of one sample. */
static void add_dense_metric(const ent_circuit *circuit, double *params, const double *data, int first, int count,
                             double *metric)
{
    static dense_number derivative[32][DENSE_DIM];
    dense_number psi[DENSE_DIM];
    assert_true(count <= 32);
    dense_state(circuit, params, data, psi);
    dense_derivatives(circuit, params, data, first, count, derivative);
    for (int i = 0; i < count; i++)
        for (int j = 0; j < count; j++)
            metric[i * count + j] += creal(scalar_product(derivative[i], derivative[j]) -
                                           scalar_product(derivative[i], psi) * scalar_product(psi, derivative[j]));
}

static void the_metric_is_that_of_the_dense_state(void **state)
{
    (void)state;
    enum { SAMPLES = 9, PARAMS = 6, ANGLES = 3, FIRST = 1, COUNT = 4 };
    for (uint64_t seed = 0; seed < 6; seed++) {
        ent_circuit *circuit = random_circuit(seed, 1 + (int)(seed % 3), 30, PARAMS, ANGLES, 0);
        double *params = random_numbers(seed, PARAMS), *angles = random_numbers(seed + 100, SAMPLES * ANGLES);
        double found[COUNT * COUNT] = {0}, wanted[COUNT * COUNT] = {0};
        const ent_batch batch = {SAMPLES, angles, params};
        check_ok(ent_circuit_metric(circuit, &batch, FIRST, COUNT, found));
        for (int s = 0; s < SAMPLES; s++)
            add_dense_metric(circuit, params, angles + ANGLES * s, FIRST, COUNT, wanted);
        for (int k = 0; k < COUNT * COUNT; k++) check_near(found[k], wanted[k], 1e-6);
        ent_circuit_free(circuit);
        ent_free(params);
        ent_free(angles);
    }
}

/* Of register text, whose data angles are pi tanh(x / 1.5): (F + damping) x natural = plain; the mean is over the
 * samples that have it, or over all if the others have a token.  With one layer that the device has, the other's
 * angles keep a gradient of 0. */
static void the_natural_gradient_solves_the_metric(void **state)
{
    (void)state;
    enum { SOME = 12 };
    const double damping = 0.03, pi = acos(-1.0);
    for (int turn = 0; turn < 3; turn++) {
        const int layers = turn == 0 ? 1 : 2;
        const ent_device device = {.layers = layers};
        ent_model_inp inp = small_model();
        inp.token = turn == 2;
        inp.mma = !inp.token;
        ent_model *model;
        small_samples s;
        double w[MOST_PARAMS], plain[MOST_PARAMS], natural[MOST_PARAMS], metric[32 * 32] = {0}, loss;
        check_ok(ent_model_new(&inp, &model));
        ent_model_init(model, 3, w);
        small_samples_make(&inp, 5, 0, &s);
        s.samples.device = &device;
        check_ok(ent_model_gradient(model, w, &s.samples, SOME, NULL, &loss, plain));
        memcpy(natural, plain, sizeof natural);
        check_ok(ent_model_natural(model, w, &s.samples, SOME, NULL, damping, natural));
        const ent_block *text = block_named(model, "text/circuit");
        ent_model_inp alone = inp;
        alone.device = &device;
        ent_circuit *circuit;
        check_ok(ent_model_circuit(&alone, 1, &circuit));
        int present = 0, run = 0;
        for (int k = 0; k < SOME; k++) {
            const bool has = s.context[k] & 1;
            if (!has && !inp.token) continue;
            double angles[64] = {0};
            for (int q = 0; q < 2; q++)
                angles[q] = has ? pi * tanh(s.x[0][2 * k + q] / 1.5) : w[block_named(model, "text/token")->first + q];
            present += has;
            run++;
            add_dense_metric(circuit, w, angles, text->first, text->count, metric);
        }
        assert_true(present > 3 && present < SOME);
        for (int i = 0; i < text->count; i++) {
            double sum = damping * natural[text->first + i];
            for (int j = 0; j < text->count; j++) sum += metric[i * text->count + j] / run * natural[text->first + j];
            check_near(sum, plain[text->first + i], 1e-7);
            if (i >= text->count / 2 && layers == 1) assert_true(natural[text->first + i] == 0.0);
        }
        const ent_block *block;
        const int blocks = ent_model_blocks(model, &block);
        for (int b = 0; b < blocks; b++)
            if (block[b].role != ENT_ROLE_CIRCUIT)
                assert_memory_equal(natural + block[b].first, plain + block[b].first,
                                    (size_t)block[b].count * sizeof *plain);
        ent_circuit_free(circuit);
        ent_model_free(model);
    }
}

/* A qubit RY(x) RY(a), RY(b), .. of `layers` layers, read by Z, with an output of 4 <Z>; x is one number for each
 * sample, the label `value`. */
typedef struct {
    ent_model *model;
    double x[4], value[4], w[64], gradient[64];
    uint32_t context[4];
    ent_samples samples;
} one_qubit;

static void one_qubit_make(int layers, one_qubit *q)
{
    ent_model_inp inp = {.registers = 1,
                         .read = ENT_READ_Z,
                         .head = ENT_HEAD_DIRECT,
                         .head_scale = 4.0,
                         .outputs = 1,
                         .squared = true,
                         .program = {.threads = 1}};
    inp.reg[0] =
        (ent_register){.name = "one",
                       .ansatz = {ENT_ANSATZ_REAL_AMPLITUDES, NULL, 1, layers, 1, false, false, ENT_ENCODE_RY},
                       .inputs = 1,
                       .map = ENT_MAP_CLIP,
                       .scale = acos(-1.0)};
    *q = (one_qubit){.samples = {.n = 1}};
    for (int k = 0; k < 4; k++) q->context[k] = 1;
    q->samples.x[0] = q->x;
    q->samples.context = q->context;
    q->samples.value = q->value;
    check_ok(ent_model_new(&inp, &q->model));
}

/* <Z> = cos(x + a + b + ..): near the top of the sinusoid all gradients are small, whatever their number.  Along the
 * natural gradient L equal angles count as one, since their metric has rank 1. */
static void the_natural_gradient_continues_where_the_plain_one_stalls(void **state)
{
    (void)state;
    double loss[2];
    for (int natural = 0; natural < 2; natural++) {
        one_qubit q;
        one_qubit_make(1, &q);
        q.value[0] = -4.0; /* <Z> = -1 */
        q.x[0] = 0.02;
        for (int step = 0; step < 12; step++) {
            check_ok(ent_model_gradient(q.model, q.w, &q.samples, 1, NULL, &loss[natural], q.gradient));
            if (natural) check_ok(ent_model_natural(q.model, q.w, &q.samples, 1, NULL, 1e-3, q.gradient));
            q.w[0] -= 0.03 * q.gradient[0];
        }
        ent_model_free(q.model);
    }
    assert_true(loss[1] < 0.1 && loss[0] > 10.0 * loss[1]);
}

/* One sample with a label out of reach: the smallest squared error is at the minimum of the sinusoid cos(x + a), at
 * a = pi - x, and is found at once. */
static void rotosolve_finds_the_minimum_of_a_sinusoid_at_once(void **state)
{
    (void)state;
    const double pi = acos(-1.0);
    const uint8_t trains = 1;
    for (int k = 0; k < 8; k++) {
        one_qubit q;
        one_qubit_make(1, &q);
        q.value[0] = -9.0;
        q.x[0] = -1.5 + 0.4 * k;
        q.w[0] = 0.3 * k;
        check_ok(ent_model_rotosolve(q.model, &q.samples, 1, NULL, &trains, q.w));
        check_near(remainder(q.w[0] + q.x[0] - pi, 2.0 * pi), 0.0, 1e-12);
        assert_true(fabs(q.w[0] - 0.3 * k) <= pi + 1e-12);
        ent_model_free(q.model);
    }
}

static double loss_at(ent_model *model, const small_samples *s, double *w, int param, double angle)
{
    double gradient[MOST_PARAMS], loss;
    const double there = w[param];
    w[param] = angle;
    check_ok(ent_model_gradient(model, w, &s->samples, SMALL_SAMPLES, NULL, &loss, gradient));
    w[param] = there;
    return loss;
}

/* After a sweep of one block, its last angle is where the loss is smallest, among all angles of a full period, which
 * is 4 pi for a controlled rotation.  Absent modalities, class weights, noise. */
static void rotosolve_leaves_no_better_angle(void **state)
{
    (void)state;
    const ent_qubit_noise noise[3] = {{{0.02, 0.03, 0.01}, {0.05, 0.02, 0.02}, 0.02, 0.05},
                                      {{0.02, 0.0, 0.0}, {0.05, 0.0, 0.0}, 0.0, 0.0},
                                      {{0.0, 0.1, 0.0}, {0.0, 0.02, 0.0}, 0.0, 0.0}};
    const ent_device noisy = {.noise = noise};
    const double weights[3] = {0.5, 2.0, 1.0}, pi = acos(-1.0);
    static const char *const NAMES[] = {"text/circuit", "audio/circuit", "fusion/text-audio", "fusion/vision"};
    for (int k = 0; k < 8; k++) {
        ent_model_inp inp = small_model();
        ent_model *model;
        small_samples s;
        uint8_t trains[64] = {0};
        inp.device = k % 2 ? &noisy : NULL;
        inp.read |= ENT_READ_XYZ;
        check_ok(ent_model_new(&inp, &model));
        double *w = small_weights(model, (uint64_t)k), *before = small_weights(model, (uint64_t)k);
        small_samples_make(&inp, (uint64_t)k, 0, &s);
        s.samples.class_weight = weights;
        const ent_block *blocks, *block = block_named(model, NAMES[k / 2]);
        ent_model_blocks(model, &blocks);
        trains[block - blocks] = 1;
        check_ok(ent_model_rotosolve(model, &s.samples, SMALL_SAMPLES, NULL, trains, w));
        const int last = block->first + block->count - 1;
        for (int p = 0; p < ent_model_params(model); p++)
            assert_true(w[p] == before[p] || (p >= block->first && p <= last));
        assert_true(w[last] != before[last]);
        const double found = loss_at(model, &s, w, last, w[last]);
        for (int j = 0; j < 150; j++)
            assert_true(loss_at(model, &s, w, last, w[last] + 4.0 * pi * j / 150) >= found - 1e-12);
        assert_true(found < loss_at(model, &s, before, last, before[last]));
        ent_free(w);
        ent_free(before);
        ent_model_free(model);
    }
}

/* Labels that the outputs of two samples can reach together: a few sweeps find them. */
static void rotosolve_sweeps_to_an_error_of_zero(void **state)
{
    (void)state;
    one_qubit q;
    double loss;
    const uint8_t trains = 1;
    one_qubit_make(2, &q);
    q.samples.n = 2;
    q.x[0] = 0.3;
    q.x[1] = -0.8;
    for (int k = 0; k < 2; k++) q.value[k] = 4.0 * cos(q.x[k] + 1.1);
    q.w[0] = -2.0;
    check_ok(ent_model_rotosolve(q.model, &q.samples, 2, NULL, &trains, q.w));
    check_ok(ent_model_gradient(q.model, q.w, &q.samples, 2, NULL, &loss, q.gradient));
    check_near(loss, 0.0, 1e-20);
    ent_model_free(q.model);
}

/* ---- refuses ---- */

static const char *const TWICE =
    "input float w; input float x; qubit[1] q; rx(x) q[0]; ry(w) q[0]; h q[0]; ry(w) q[0];";
static const char *const HALF = "input float w; input float x; qubit[1] q; rx(x) q[0]; ry(w) q[0]; rz(w / 2) q[0];";

static void factors_that_are_not_whole(void **state)
{
    (void)state;
    for (int half = 0; half < 2; half++) {
        ent_model_inp inp = small_model();
        ent_qasm *qasm;
        ent_model *model;
        check_ok(ent_qasm_parse(half ? HALF : TWICE, "file.qasm", NULL, &qasm));
        inp.reg[2].ansatz = (ent_ansatz){ENT_ANSATZ_QASM, qasm, 1, 1, 1, false, false, ENT_ENCODE_RY};
        inp.reg[2].inputs = 1;
        check_ok(ent_model_new(&inp, &model));
        if (half)
            check_fails(ent_model_rotosolve_check(model), ENT_EARG,
                        "angle 0 of 'vision/circuit': gates use it with a factor that is not a whole number");
        else
            check_ok(ent_model_rotosolve_check(model));
        ent_model_free(model);
        ent_qasm_free(qasm);
    }
}

static void other_kinds(void **state)
{
    (void)state;
    ent_model_inp inp = small_model();
    ent_model *model;
    double w[MOST_PARAMS] = {0}, gradient[MOST_PARAMS] = {0};
    small_samples s;
    inp.kind = ENT_MODEL_LATE;
    small_samples_make(&inp, 1, 0, &s);
    check_ok(ent_model_new(&inp, &model));
    check_fails(ent_model_natural(model, w, &s.samples, 1, NULL, 0.1, gradient), ENT_EARG, "kind late, want quantum");
    check_fails(ent_model_rotosolve_check(model), ENT_EARG, "kind late has no circuit of all registers");
    ent_model_free(model);
}

static ent_status metric_of(const ent_circuit *circuit)
{
    const double params[6] = {0}, angles[3] = {0};
    double metric[4] = {0};
    const ent_batch batch = {1, angles, params};
    return ent_circuit_metric(circuit, &batch, 4, 2, metric);
}

static void metrics_out_of_range(void **state)
{
    (void)state;
    double metric[9];
    const double none[6] = {0};
    const ent_batch batch = {1, none, none};
    ent_circuit *circuit = random_circuit(1, 2, 30, 6, 3, 0);
    check_fails(ent_circuit_metric(circuit, &batch, 4, 3, metric), ENT_EARG, "parameters 4..6 of a circuit with 6");
    check_every_allocation(metric_of(circuit), (void)0);
    ent_circuit_free(circuit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_metric_is_that_of_the_dense_state),
        cmocka_unit_test(the_natural_gradient_solves_the_metric),
        cmocka_unit_test(the_natural_gradient_continues_where_the_plain_one_stalls),
        cmocka_unit_test(rotosolve_finds_the_minimum_of_a_sinusoid_at_once),
        cmocka_unit_test(rotosolve_leaves_no_better_angle),
        cmocka_unit_test(rotosolve_sweeps_to_an_error_of_zero),
        cmocka_unit_test(factors_that_are_not_whole),
        cmocka_unit_test(other_kinds),
        cmocka_unit_test(metrics_out_of_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
