/* The reference engine: against dense linear algebra, its gradient against parameter shift and central differences,
 * and the same bits on any number of threads. */
#include "check.h"

#include "dense.h"
#include "entente/engine.h"
#include "random_circuit.h"

enum { GATES = 60, PARAMS = 7, ANGLES = 5, READOUTS = 6 };

static ent_program_inp reference(ent_precision precision, int threads)
{
    return (ent_program_inp){.engine = ENT_ENGINE_REFERENCE, .precision = precision, .threads = threads};
}

/* A circuit and a batch for it, of `samples` samples. */
typedef struct {
    ent_circuit *circuit;
    double *params, *angles, *expectations, *grad_params, *grad_angles;
    ent_batch batch;
} problem;

static problem problem_new(uint64_t seed, int qubits, int64_t samples)
{
    problem p = {.circuit = random_circuit(seed, qubits, GATES, PARAMS, ANGLES, READOUTS)};
    p.params = random_numbers(seed + 1, PARAMS);
    p.angles = random_numbers(seed + 2, samples * ANGLES);
    p.expectations = ent_alloc(samples * READOUTS, sizeof(double));
    p.grad_params = ent_alloc(PARAMS, sizeof(double));
    p.grad_angles = ent_alloc(samples * ANGLES, sizeof(double));
    assert_true(p.expectations && p.grad_params && p.grad_angles);
    p.batch = (ent_batch){.samples = samples, .angles = p.angles, .params = p.params};
    return p;
}

static void problem_free(problem *p)
{
    ent_circuit_free(p->circuit);
    ent_free(p->params);
    ent_free(p->angles);
    ent_free(p->expectations);
    ent_free(p->grad_params);
    ent_free(p->grad_angles);
}

/* loss = sum over samples and readouts of (1 + r + s mod 3) sin(expectation): not linear, and not the same for
 * all. */
static double loss_weight(int64_t sample, int r)
{
    return 1.0 + r + (double)(sample % 3);
}

static void sine_cotangent(void *context, int64_t first, int64_t count, const double *expectations, double *weights)
{
    const int readouts = *(const int *)context;
    for (int64_t s = 0; s < count; s++)
        for (int r = 0; r < readouts; r++)
            weights[s * readouts + r] = loss_weight(first + s, r) * cos(expectations[s * readouts + r]);
}

static void forward(const problem *p, ent_program_inp inp, double *expectations)
{
    ent_program *program;
    check_ok(ent_program_new(p->circuit, &inp, &program));
    check_ok(ent_program_forward(program, &p->batch, expectations));
    ent_program_free(program);
}

/* Into grad_params, from zero, and grad_angles. */
static void gradient(problem *p, ent_program_inp inp)
{
    ent_program *program;
    memset(p->grad_params, 0, PARAMS * sizeof(double));
    check_ok(ent_program_new(p->circuit, &inp, &program));
    check_ok(ent_program_gradient(program, &p->batch, sine_cotangent, &p->circuit->readouts, p->grad_params,
                                  p->grad_angles));
    ent_program_free(program);
}

static double loss(const problem *p)
{
    double sum = 0.0;
    forward(p, reference(ENT_DOUBLE, 1), p->expectations);
    for (int64_t s = 0; s < p->batch.samples; s++)
        for (int r = 0; r < READOUTS; r++) sum += loss_weight(s, r) * sin(p->expectations[s * READOUTS + r]);
    return sum;
}

static void check_against_dense(ent_precision precision, double tolerance)
{
    enum { SAMPLES = 3 };
    for (int n = 1; n <= DENSE_QUBITS; n++)
        for (uint64_t seed = 0; seed < 8; seed++) {
            problem p = problem_new(100 * seed, n, SAMPLES);
            forward(&p, reference(precision, 1), p.expectations);
            for (int s = 0; s < SAMPLES; s++) {
                double wanted[READOUTS];
                dense_run(p.circuit, p.params, p.angles + s * ANGLES, wanted);
                for (int r = 0; r < READOUTS; r++) check_near(p.expectations[s * READOUTS + r], wanted[r], tolerance);
            }
            problem_free(&p);
        }
}

static void expectations_are_those_of_dense_algebra(void **state)
{
    (void)state;
    check_against_dense(ENT_DOUBLE, 1e-12);
}

static void single_precision_is_near_dense_algebra(void **state)
{
    (void)state;
    check_against_dense(ENT_SINGLE, 1e-5);
}

/* Each kind by itself between rotations that leave no symmetry, so that no kind can mask an error of another. */
static void every_kind_by_itself_is_right(void **state)
{
    (void)state;
    for (int kind = 0; kind < ENT_GATE_KINDS; kind++)
        for (int swapped = 0; swapped < 2; swapped++) {
            ent_circuit *circuit;
            check_ok(ent_circuit_new(3, 0, 0, &circuit));
            for (int layer = 0; layer < 2; layer++) {
                for (int q = 0; q < 3; q++) {
                    check_ok(ent_circuit_add(circuit, (ent_gate){ENT_RY, {q, 0}, ent_angle_fixed(0.4 + q)}));
                    check_ok(ent_circuit_add(circuit, (ent_gate){ENT_RZ, {q, 0}, ent_angle_fixed(1.1 - q)}));
                }
                const int takes = ent_gate_describe((ent_gate_kind)kind)->angles;
                const ent_angle angle = ent_angle_fixed(takes ? 0.9 : 0.0);
                const int is_run = ent_gate_describe((ent_gate_kind)kind)->qubits == 0; /* the lowest comes first */
                const int p = swapped ? 2 - is_run : 0, q = swapped && !is_run ? 0 : 2;
                if (layer == 0) check_ok(ent_circuit_add(circuit, (ent_gate){(ent_gate_kind)kind, {p, q}, angle}));
            }
            for (uint64_t k = 1; k < 64; k++) /* every string of I, X, Y and Z */
                check_ok(
                    ent_circuit_read_pauli(circuit, &(ent_pauli){ent_bits_of_word(k & 7), ent_bits_of_word(k >> 3)}));
            double found[63], wanted[63];
            const problem p = {.circuit = circuit, .batch = {.samples = 1}};
            forward(&p, reference(ENT_DOUBLE, 1), found);
            dense_run(circuit, NULL, NULL, wanted);
            for (int r = 0; r < 63; r++) check_near(found[r], wanted[r], 1e-13);
            ent_circuit_free(circuit);
        }
}

/* Adjoint differentiation and the parameter-shift rule are both exact; differences are off by step^2. */
static void check_three_gradients(ent_engine_kind engine, int n, uint64_t seed)
{
    enum { SAMPLES = 3 };
    problem p = problem_new(1000 * seed, n, SAMPLES);
    const ent_program_inp inp = {.engine = engine, .threads = 1};
    double shift_params[PARAMS] = {0}, shift_angles[SAMPLES * ANGLES];
    double step_params[PARAMS] = {0}, step_angles[SAMPLES * ANGLES];
    int *readouts = &p.circuit->readouts;
    gradient(&p, inp);
    check_ok(ent_gradient_by_shift(p.circuit, &inp, &p.batch, sine_cotangent, readouts,
                                   &(ent_gradients){shift_params, shift_angles}));
    check_ok(ent_gradient_by_differences(p.circuit, &inp, &p.batch, 1e-4, sine_cotangent, readouts,
                                         &(ent_gradients){step_params, step_angles}));
    for (int k = 0; k < PARAMS; k++) {
        check_near(p.grad_params[k], shift_params[k], 1e-11);
        check_near(p.grad_params[k], step_params[k], 1e-5);
    }
    for (int k = 0; k < SAMPLES * ANGLES; k++) {
        check_near(p.grad_angles[k], shift_angles[k], 1e-11);
        check_near(p.grad_angles[k], step_angles[k], 1e-5);
    }
    problem_free(&p);
}

static void three_gradients_agree(void **state)
{
    (void)state;
    for (int n = 1; n <= 5; n++)
        for (uint64_t seed = 1; seed < 4; seed++) check_three_gradients(ENT_ENGINE_REFERENCE, n, seed);
    for (int n = 1; n <= 5; n += 2) {
        check_three_gradients(ENT_ENGINE_BATCH, n, 4);
        check_three_gradients(ENT_ENGINE_STATE, n, 5);
    }
}

/* The loss itself by differences: holds the chain rule, scales and repeated slots, which the other methods share. */
static double loss_slope(const problem *p, double *x)
{
    const double h = 1e-5, there = *x;
    *x = there + h;
    const double above = loss(p);
    *x = there - h;
    const double below = loss(p);
    *x = there;
    return (above - below) / (2.0 * h);
}

static void gradient_is_the_slope_of_the_loss(void **state)
{
    (void)state;
    enum { SAMPLES = 2 };
    for (int n = 2; n <= 4; n++) {
        problem p = problem_new(77, n, SAMPLES);
        gradient(&p, reference(ENT_DOUBLE, 1));
        for (int k = 0; k < PARAMS; k++) check_near(p.grad_params[k], loss_slope(&p, &p.params[k]), 1e-6);
        for (int k = 0; k < SAMPLES * ANGLES; k++) check_near(p.grad_angles[k], loss_slope(&p, &p.angles[k]), 1e-6);
        problem_free(&p);
    }
}

static void single_precision_gradient_is_near(void **state)
{
    (void)state;
    problem exact = problem_new(5, 5, 4), single = problem_new(5, 5, 4);
    gradient(&exact, reference(ENT_DOUBLE, 1));
    gradient(&single, reference(ENT_SINGLE, 1));
    for (int k = 0; k < PARAMS; k++) check_near(single.grad_params[k], exact.grad_params[k], 2e-4);
    for (int k = 0; k < 4 * ANGLES; k++) check_near(single.grad_angles[k], exact.grad_angles[k], 1e-4);
    problem_free(&exact);
    problem_free(&single);
}

static void threads_do_not_change_a_bit(void **state)
{
    (void)state;
    enum { SAMPLES = 83 };
    for (int precision = ENT_DOUBLE; precision <= ENT_SINGLE; precision++) {
        problem one = problem_new(9, 4, SAMPLES), many = problem_new(9, 4, SAMPLES);
        forward(&one, reference((ent_precision)precision, 1), one.expectations);
        gradient(&one, reference((ent_precision)precision, 1));
        for (int threads = 2; threads <= 4; threads++) {
            forward(&many, reference((ent_precision)precision, threads), many.expectations);
            gradient(&many, reference((ent_precision)precision, threads));
            assert_memory_equal(many.expectations, one.expectations, SAMPLES * READOUTS * sizeof(double));
            assert_memory_equal(many.grad_params, one.grad_params, PARAMS * sizeof(double));
            assert_memory_equal(many.grad_angles, one.grad_angles, SAMPLES * ANGLES * sizeof(double));
        }
        problem_free(&one);
        problem_free(&many);
    }
}

/* A sample's numbers do not depend on its neighbours, at any length of the batch. */
static void samples_do_not_affect_each_other(void **state)
{
    (void)state;
    enum { SAMPLES = 40 };
    problem all = problem_new(13, 3, SAMPLES);
    forward(&all, reference(ENT_DOUBLE, 2), all.expectations);
    gradient(&all, reference(ENT_DOUBLE, 2));
    for (int64_t count = 0; count <= SAMPLES; count++) {
        problem part = problem_new(13, 3, SAMPLES);
        part.batch.samples = count;
        forward(&part, reference(ENT_DOUBLE, 2), part.expectations);
        gradient(&part, reference(ENT_DOUBLE, 2));
        const size_t numbers = (size_t)count;
        assert_memory_equal(part.expectations, all.expectations, numbers * READOUTS * sizeof(double));
        assert_memory_equal(part.grad_angles, all.grad_angles, numbers * ANGLES * sizeof(double));
        for (int64_t k = count * READOUTS; k < SAMPLES * READOUTS; k++) assert_true(part.expectations[k] == 0.0);
        problem_free(&part);
    }
    problem_free(&all);
}

/* Also where the batch is many chunks. */
static void parameter_gradient_is_the_sum_over_samples(void **state)
{
    (void)state;
    enum { SAMPLES = 75 };
    problem p = problem_new(14, 3, SAMPLES);
    gradient(&p, reference(ENT_DOUBLE, 2));
    for (int k = 0; k < PARAMS; k++) check_near(p.grad_params[k], loss_slope(&p, &p.params[k]), 1e-5);
    problem_free(&p);
}

/* Layers as models have them on n qubits, on registers that are finally joined by a ring of CRZ if there are
 * several. */
static ent_circuit *layers(int n, int registers)
{
    ent_circuit *circuit;
    const int size = n / registers;
    check_ok(ent_circuit_new(n, 2 * n, n, &circuit));
    for (int layer = 0; layer < 3; layer++) {
        for (int q = 0; q < n; q++) {
            check_ok(ent_circuit_add(
                circuit, (ent_gate){ENT_RY, {q, 0}, layer == 0 ? ent_angle_data(q) : ent_angle_param(q)}));
            check_ok(ent_circuit_add(circuit, (ent_gate){ENT_RZ, {q, 0}, ent_angle_param(n + q)}));
        }
        for (int q = 0; q < n; q++)
            if (q % size) check_ok(ent_circuit_add(circuit, (ent_gate){ENT_CX, {q - 1, q}, ent_angle_none()}));
    }
    for (int q = 0; q + size < n; q++)
        check_ok(ent_circuit_add(circuit, (ent_gate){ENT_CRZ, {q, q + size}, ent_angle_param(q)}));
    for (int q = 0; q < n; q++) check_ok(ent_circuit_add(circuit, (ent_gate){ENT_RY, {q, 0}, ent_angle_param(q)}));
    for (int q = 0; q < n; q++) check_ok(ent_circuit_read(circuit, UINT64_C(1) << q));
    return circuit;
}

typedef struct {
    double expectations[48 * 14], grad_params[28], grad_angles[48 * 14];
} answers;

static void answer(const ent_circuit *circuit, int64_t samples, const ent_program_inp *inp, answers *out)
{
    double *params = random_numbers(1, circuit->params), *angles = random_numbers(2, samples * circuit->angles);
    const ent_batch batch = {samples, angles, params};
    int readouts = circuit->readouts;
    ent_program *program;
    memset(out, 0, sizeof *out);
    check_ok(ent_program_new(circuit, inp, &program));
    check_ok(ent_program_forward(program, &batch, out->expectations));
    check_ok(ent_program_gradient(program, &batch, sine_cotangent, &readouts, out->grad_params, out->grad_angles));
    ent_program_free(program);
    ent_free(params);
    ent_free(angles);
}

/* Runs of gates on one qubit of an entangled state, which commute with all of the run before: `run` of them on each
 * qubit, then as many diagonal gates, between mixers. */
static ent_circuit *long_circuit(int n, int run)
{
    ent_circuit *circuit;
    check_ok(ent_circuit_new(n, 3, 2, &circuit));
    for (int part = 0; part < 3; part++) {
        for (int q = 0; q < n; q++) check_ok(ent_circuit_add(circuit, (ent_gate){ENT_H, {q, 0}, ent_angle_none()}));
        for (int q = 1; q < n; q++) check_ok(ent_circuit_add(circuit, (ent_gate){ENT_CZ, {0, q}, ent_angle_none()}));
        for (int k = 0; k < n * run; k++) {
            const int q = k / run;
            const ent_angle angle = k % 7 == 0   ? ent_angle_data(k % 2)
                                    : k % 3 == 0 ? ent_angle_param(k % 3)
                                                 : ent_angle_fixed(0.01 * (k % 11));
            const ent_gate turn = {k % 2 ? ENT_RX : ENT_RZ, {q, 0}, angle};
            const ent_gate phase = {ENT_CP, {q, (q + 1 + k % (n - 1)) % n}, angle};
            check_ok(ent_circuit_add(circuit, part == 1 ? phase : turn));
        }
    }
    for (int q = 0; q < n; q++) check_ok(ent_circuit_read(circuit, UINT64_C(1) << q));
    return circuit;
}

/* More steps than a group of groups has, and more rotations than a pass considers. */
static void long_circuits_of_commuting_runs(void **state)
{
    (void)state;
    static answers wanted, found;
    ent_circuit *circuit = long_circuit(4, 400);
    const ent_program_inp plain = {.engine = ENT_ENGINE_REFERENCE, .threads = 1};
    answer(circuit, 3, &plain, &wanted);
    for (int state_engine = 0; state_engine < 2; state_engine++) {
        const ent_program_inp inp = {.engine = state_engine ? ENT_ENGINE_STATE : ENT_ENGINE_BATCH, .threads = 1};
        answer(circuit, 3, &inp, &found);
        for (int k = 0; k < 3 * 4; k++) check_near(found.expectations[k], wanted.expectations[k], 1e-10);
        for (int k = 0; k < 3; k++) check_near(found.grad_params[k], wanted.grad_params[k], 1e-8);
        for (int k = 0; k < 3 * 2; k++) check_near(found.grad_angles[k], wanted.grad_angles[k], 1e-8);
    }
    ent_circuit_free(circuit);
}

/* Numbers of double precision in a vector of the instruction set that is used. */
static int lanes(void)
{
    const char *isa;
    check_ok(ent_isa_pick(NULL, &isa));
    return strcmp(isa, "avx512") == 0 ? 8 : strcmp(isa, "avx2") == 0 ? 4 : 2;
}

/* Few samples in the state engine where they would leave most lanes of the batch engine empty, many in the batch
 * engine: recognised by their bits, on any number of threads. */
static void auto_chooses_by_the_number_of_samples(void **state)
{
    (void)state;
    static answers batch, one, found;
    static const struct {
        int qubits, registers;
        int64_t samples;
        int few_from; /* lanes from which these samples are few; 0: never */
    } cases[] = {{8, 1, 1, 4},  {10, 1, 1, 4},  {12, 1, 1, 4},  {12, 1, 2, 8}, {14, 1, 1, 4}, {14, 1, 2, 8},
                 {14, 2, 1, 4}, {14, 1, 48, 0}, {12, 1, 33, 0}, {4, 1, 3, 0},  {2, 1, 9, 0}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const bool few = cases[k].few_from > 0;
        if (lanes() < cases[k].few_from) continue;
        for (int precision = 0; precision < 2; precision++) {
            ent_circuit *circuit = layers(cases[k].qubits, cases[k].registers);
            const int64_t samples = cases[k].samples;
            ent_program_inp inp = {.engine = ENT_ENGINE_BATCH, .precision = (ent_precision)precision, .threads = 1};
            answer(circuit, samples, &inp, &batch);
            inp.engine = ENT_ENGINE_STATE;
            answer(circuit, samples, &inp, &one);
            assert_memory_not_equal(&one, &batch, sizeof one);
            inp.engine = ENT_ENGINE_AUTO;
            for (inp.threads = 1; inp.threads <= 3; inp.threads++) {
                answer(circuit, samples, &inp, &found);
                assert_memory_equal(&found, few ? &one : &batch, sizeof found);
            }
            inp.steady = true;
            answer(circuit, samples, &inp, &found);
            assert_memory_equal(found.expectations, batch.expectations, sizeof found.expectations);
            assert_memory_equal(found.grad_params, (few ? &one : &batch)->grad_params, sizeof found.grad_params);
            ent_circuit_free(circuit);
        }
    }
}

/* One program, used again for batches of other sizes, gives what a new one gives. */
static void programs_may_be_used_again(void **state)
{
    (void)state;
    enum { SAMPLES = 50 };
    static const int64_t sizes[] = {50, 1, 17, 50, 33};
    problem p = problem_new(15, 3, SAMPLES);
    const ent_program_inp inp = reference(ENT_DOUBLE, 2);
    ent_program *program;
    check_ok(ent_program_new(p.circuit, &inp, &program));
    for (int k = 0; k < 5; k++) {
        double grad_params[PARAMS] = {0};
        p.batch.samples = sizes[k];
        check_ok(ent_program_gradient(program, &p.batch, sine_cotangent, &p.circuit->readouts, grad_params, NULL));
        gradient(&p, inp);
        assert_memory_equal(grad_params, p.grad_params, sizeof grad_params);
    }
    ent_program_free(program);
    problem_free(&p);
}

static void parameter_gradients_are_added_and_angle_gradients_overwritten(void **state)
{
    (void)state;
    problem p = problem_new(17, 3, 2);
    gradient(&p, reference(ENT_DOUBLE, 1));
    double added[PARAMS], angles[2 * ANGLES];
    for (int k = 0; k < PARAMS; k++) added[k] = 1000.0;
    for (int k = 0; k < 2 * ANGLES; k++) angles[k] = NAN;
    ent_program *program;
    const ent_program_inp inp = reference(ENT_DOUBLE, 1);
    check_ok(ent_program_new(p.circuit, &inp, &program));
    check_ok(ent_program_gradient(program, &p.batch, sine_cotangent, &p.circuit->readouts, added, angles));
    for (int k = 0; k < PARAMS; k++) assert_true(added[k] == 1000.0 + p.grad_params[k]);
    assert_memory_equal(angles, p.grad_angles, sizeof angles);
    ent_program_free(program);
    problem_free(&p);
}

/* The value of a slot that no gate uses changes nothing. */
static void unused_slots_are_never_read(void **state)
{
    (void)state;
    ent_circuit *circuit;
    check_ok(ent_circuit_new(1, 2, 2, &circuit));
    check_ok(ent_circuit_add(circuit, (ent_gate){ENT_RX, {0, 0}, ent_angle_param(1)}));
    check_ok(ent_circuit_add(circuit, (ent_gate){ENT_RX, {0, 0}, ent_angle_data(0)}));
    check_ok(ent_circuit_read(circuit, 1));
    const double params[2] = {NAN, 0.25}, angles[2] = {0.5, NAN};
    double expectation, grad_params[2] = {0}, grad_angles[2];
    problem p = {.circuit = circuit, .batch = {.samples = 1, .angles = angles, .params = params}};
    forward(&p, reference(ENT_DOUBLE, 1), &expectation);
    check_near(expectation, cos(0.75), 1e-15);
    ent_program *program;
    const ent_program_inp inp = reference(ENT_DOUBLE, 1);
    check_ok(ent_program_new(circuit, &inp, &program));
    check_ok(ent_program_gradient(program, &p.batch, sine_cotangent, &circuit->readouts, grad_params, grad_angles));
    const double wanted = -sin(0.75) * cos(cos(0.75));
    check_near(grad_params[1], wanted, 1e-15);
    check_near(grad_angles[0], wanted, 1e-15);
    assert_true(grad_params[0] == 0.0 && grad_angles[1] == 0.0);
    ent_program_free(program);
    ent_circuit_free(circuit);
}

static void no_qubits_and_no_readouts_are_legal(void **state)
{
    (void)state;
    for (int qubits = 0; qubits <= 2; qubits += 2) {
        ent_circuit *circuit;
        check_ok(ent_circuit_new(qubits, 1, 1, &circuit));
        if (qubits > 0) check_ok(ent_circuit_add(circuit, (ent_gate){ENT_RX, {0, 0}, ent_angle_data(0)}));
        ent_program *program;
        const ent_program_inp inp = reference(ENT_DOUBLE, 2);
        check_ok(ent_program_new(circuit, &inp, &program));
        const double params[1] = {1.0}, angles[3] = {1.0, 2.0, 3.0};
        const ent_batch batch = {.samples = 3, .angles = angles, .params = params};
        double none = 5.0, grad_params[1] = {7.0}, grad_angles[3] = {1.0, 1.0, 1.0};
        check_ok(ent_program_forward(program, &batch, &none));
        check_ok(ent_program_gradient(program, &batch, sine_cotangent, &circuit->readouts, grad_params, grad_angles));
        assert_true(none == 5.0 && grad_params[0] == 7.0);
        for (int k = 0; k < 3; k++) assert_true(grad_angles[k] == 0.0);
        ent_program_free(program);
        ent_circuit_free(circuit);
    }
    ent_program_free(NULL);
}

static void the_circuit_may_be_freed_after_compiling(void **state)
{
    (void)state;
    problem p = problem_new(19, 3, 2);
    const ent_program_inp inp = reference(ENT_DOUBLE, 1);
    ent_program *program;
    double wanted[2 * READOUTS];
    forward(&p, inp, wanted);
    check_ok(ent_program_new(p.circuit, &inp, &program));
    ent_circuit_free(p.circuit);
    p.circuit = NULL;
    check_ok(ent_program_forward(program, &p.batch, p.expectations));
    assert_memory_equal(p.expectations, wanted, sizeof wanted);
    assert_string_equal(ent_program_engine(program), "reference");
    ent_program_free(program);
    problem_free(&p);
}

static void refuses_what_does_not_fit_into_memory(void **state)
{
    (void)state;
    ent_circuit *circuit;
    ent_program *program = NULL;
    ent_program_inp inp = reference(ENT_DOUBLE, 1);
    check_ok(ent_circuit_new(50, 0, 0, &circuit));
    check_fails(ent_program_new(circuit, &inp, &program), ENT_ENOMEM,
                "a circuit of 50 qubits needs 18014398509481984 bytes (16.0 PiB)");
    const char *available = strstr(ent_message(), ENT_AVAILABLE);
    double there = 0.0;
    assert_non_null(available);
    assert_int_equal(sscanf(available, ENT_AVAILABLE "%lf bytes (", &there), 1);
    assert_true(there > 1e6 && there < 1e15);
    inp.precision = ENT_SINGLE;
    check_fails(ent_program_new(circuit, &inp, &program), ENT_ENOMEM, "needs 9007199254740992 bytes");
    assert_null(program);
    ent_circuit_free(circuit);
}

/* However large: nothing overflows. */
static void refuses_more_qubits_than_a_state_has(void **state)
{
    (void)state;
    static const int qubits[] = {63, 64, 65, 256};
    static const char *const needs[] = {"a circuit of 63 qubits needs 147573952589676412928 bytes (128.0 EiB)",
                                        "a circuit of 64 qubits needs 295147905179352825856 bytes",
                                        "a circuit of 65 qubits needs 590295810358705651712 bytes",
                                        "(1.61e+60 EiB) for its state, more than any machine has"};
    for (int k = 0; k < 4; k++)
        for (int engine = 0; engine <= ENT_ENGINE_STATE; engine++) {
            ent_circuit *circuit;
            ent_program *program = NULL;
            const ent_program_inp inp = {.engine = (ent_engine_kind)engine, .threads = 1};
            check_ok(ent_circuit_new(qubits[k], 0, 0, &circuit));
            check_ok(ent_circuit_add(circuit, (ent_gate){ENT_H, {qubits[k] - 1, 0}, ent_angle_none()}));
            check_ok(ent_circuit_read(circuit, 1));
            check_fails(ent_program_new(circuit, &inp, &program), ENT_ENOMEM, needs[k]);
            assert_null(program);
            ent_circuit_free(circuit);
        }
}

static void refuses_an_invalid_step(void **state)
{
    (void)state;
    problem p = problem_new(21, 2, 1);
    const ent_program_inp inp = reference(ENT_DOUBLE, 1);
    static const double steps[] = {0.0, -1.0, NAN, INFINITY};
    for (int k = 0; k < 4; k++)
        check_fails(ent_gradient_by_differences(p.circuit, &inp, &p.batch, steps[k], sine_cotangent,
                                                &p.circuit->readouts, &(ent_gradients){p.grad_params, NULL}),
                    ENT_EARG, "want more than 0");
    problem_free(&p);
}

static ent_status whole_forward(const problem *p, double *expectations)
{
    const ent_program_inp inp = reference(ENT_DOUBLE, 2);
    ent_program *program;
    ENT_TRY(ent_program_new(p->circuit, &inp, &program));
    const ent_status status = ent_program_forward(program, &p->batch, expectations);
    ent_program_free(program);
    return status;
}

static ent_status whole_gradient(problem *p)
{
    const ent_program_inp inp = reference(ENT_SINGLE, 2);
    ent_program *program;
    ENT_TRY(ent_program_new(p->circuit, &inp, &program));
    const ent_status status = ent_program_gradient(program, &p->batch, sine_cotangent, &p->circuit->readouts,
                                                   p->grad_params, p->grad_angles);
    ent_program_free(program);
    return status;
}

static int all_zero(const double *x, int64_t n)
{
    for (int64_t k = 0; k < n; k++)
        if (x[k] != 0.0) return 0;
    return 1;
}

static void writes_nothing_when_memory_is_short(void **state)
{
    (void)state;
    enum { SAMPLES = 40 };
    problem p = problem_new(23, 3, SAMPLES);
    check_every_allocation(whole_forward(&p, p.expectations),
                           assert_true(all_zero(p.expectations, SAMPLES * READOUTS)));
    assert_false(all_zero(p.expectations, SAMPLES * READOUTS));
    check_every_allocation(whole_gradient(&p), {
        assert_true(all_zero(p.grad_params, PARAMS));
        assert_true(all_zero(p.grad_angles, SAMPLES * ANGLES));
    });
    assert_false(all_zero(p.grad_params, PARAMS));
    problem_free(&p);
}

/* Forward still works, and the gradient, tried again, has its correct value. */
static void a_gradient_without_memory_may_be_tried_again(void **state)
{
    (void)state;
    for (int engine = ENT_ENGINE_REFERENCE; engine <= ENT_ENGINE_STATE; engine++) {
        problem p = problem_new(27, 3, 2);
        const ent_program_inp inp = {.engine = (ent_engine_kind)engine, .threads = 1};
        gradient(&p, inp);
        ent_status status = ENT_ENOMEM;
        for (int k = 1; status != ENT_OK; k++) {
            ent_program *program;
            double grad[PARAMS] = {0}, expectations[2 * READOUTS];
            check_ok(ent_program_new(p.circuit, &inp, &program));
            check_ok(ent_program_forward(program, &p.batch, expectations));
            ent_alloc_fail_at(k);
            status = ent_program_gradient(program, &p.batch, sine_cotangent, &p.circuit->readouts, grad, NULL);
            ent_alloc_fail_at(0);
            if (status != ENT_OK) {
                assert_int_equal(status, ENT_ENOMEM);
                assert_true(grad[0] == 0.0);
                check_ok(ent_program_forward(program, &p.batch, expectations));
                check_ok(ent_program_gradient(program, &p.batch, sine_cotangent, &p.circuit->readouts, grad, NULL));
            }
            assert_memory_equal(grad, p.grad_params, sizeof grad);
            ent_program_free(program);
        }
        problem_free(&p);
    }
}

static void second_methods_survive_every_failing_allocation(void **state)
{
    (void)state;
    problem p = problem_new(25, 2, 1);
    const ent_program_inp inp = reference(ENT_DOUBLE, 1);
    const ent_circuit before = *p.circuit;
    ent_gate *gates = ent_copy(p.circuit->gate, p.circuit->gates, sizeof *gates);
    assert_non_null(gates);
    check_every_allocation(ent_gradient_by_shift(p.circuit, &inp, &p.batch, sine_cotangent, &p.circuit->readouts,
                                                 &(ent_gradients){p.grad_params, p.grad_angles}),
                           {
                               assert_memory_equal(p.circuit, &before, sizeof before);
                               for (int64_t g = 0; g < before.gates; g++)
                                   assert_true(gates[g].angle.offset == before.gate[g].angle.offset);
                           });
    ent_free(gates);
    problem_free(&p);
}

static const struct CMUnitTest computes[] = {
    cmocka_unit_test(expectations_are_those_of_dense_algebra),
    cmocka_unit_test(single_precision_is_near_dense_algebra),
    cmocka_unit_test(every_kind_by_itself_is_right),
    cmocka_unit_test(three_gradients_agree),
    cmocka_unit_test(gradient_is_the_slope_of_the_loss),
    cmocka_unit_test(single_precision_gradient_is_near),
    cmocka_unit_test(threads_do_not_change_a_bit),
    cmocka_unit_test(samples_do_not_affect_each_other),
    cmocka_unit_test(parameter_gradient_is_the_sum_over_samples),
    cmocka_unit_test(programs_may_be_used_again),
    cmocka_unit_test(long_circuits_of_commuting_runs),
    cmocka_unit_test(auto_chooses_by_the_number_of_samples),
    cmocka_unit_test(parameter_gradients_are_added_and_angle_gradients_overwritten),
    cmocka_unit_test(unused_slots_are_never_read),
    cmocka_unit_test(no_qubits_and_no_readouts_are_legal),
    cmocka_unit_test(the_circuit_may_be_freed_after_compiling),
};
static const struct CMUnitTest refuses[] = {
    cmocka_unit_test(refuses_what_does_not_fit_into_memory),
    cmocka_unit_test(refuses_more_qubits_than_a_state_has),
    cmocka_unit_test(refuses_an_invalid_step),
    cmocka_unit_test(writes_nothing_when_memory_is_short),
    cmocka_unit_test(a_gradient_without_memory_may_be_tried_again),
    cmocka_unit_test(second_methods_survive_every_failing_allocation),
};
CHECK_MAIN(computes, refuses)
