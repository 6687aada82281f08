/* The batch engine gives what the reference engine gives: every instruction set, both precisions, any threads. */
#include <stdlib.h>

#include "circuit_run.h"

#include "entente/engine.h"

static const char *const ISAS[] = {"baseline", "avx2", "avx512"};
enum { ISA_COUNT = 3 };

static int has(const char *isa)
{
    const char *name;
    return ent_isa_pick(isa, &name) == ENT_OK;
}

/* ---- random circuits ---- */

static ent_angle random_angle(uint64_t *state, int params, int angles)
{
    ent_angle angle = ent_angle_fixed(uniform(state, -7, 7));
    const int which = below(state, 4);
    if (which == 1 && params > 0) angle = ent_angle_param(below(state, params));
    if (which >= 2 && angles > 0) angle = ent_angle_data(below(state, angles));
    if (angle.source != ENT_ANGLE_FIXED && below(state, 3) == 0) {
        angle.scale = uniform(state, -2, 2);
        angle.offset = uniform(state, -2, 2);
    }
    /* Half turns and their neighbours: where the tangent of the half angle is huge. */
    if (angle.source == ENT_ANGLE_FIXED && below(state, 6) == 0)
        angle.offset = 3.14159265358979323846 * (1 + below(state, 3)) + (below(state, 2) ? 0.0 : 1e-9);
    return angle;
}

static ent_circuit *random_gates(uint64_t *state, int qubits, int gates)
{
    const int params = below(state, 8), angles = below(state, 8);
    ent_circuit *circuit;
    assert_int_equal(ent_circuit_new(qubits, params, angles, &circuit), ENT_OK);
    for (int g = 0; g < gates; g++) {
        ent_gate gate = {.kind = (ent_gate_kind)below(state, ENT_GATE_KINDS)};
        const ent_gate_info *info = ent_gate_describe(gate.kind);
        if (info->qubits > qubits) continue;
        gate.qubit[0] = below(state, qubits);
        if (info->qubits == 0)
            gate.qubit[1] = gate.qubit[0] + below(state, qubits - gate.qubit[0]);
        else
            gate.qubit[1] = info->qubits == 1 ? gate.qubit[0]
                                              : (gate.qubit[0] + 1 + below(state, qubits - 1)) % qubits;
        gate.angle = info->angles ? random_angle(state, params, angles) : ent_angle_none();
        assert_int_equal(ent_circuit_add(circuit, gate), ENT_OK);
    }
    return circuit;
}

/* Z of some qubits or of all, or X, Y and Z of some; and random strings, half of them of Zs only. */
static ent_circuit *random_circuit(uint64_t *state, int qubits, int gates)
{
    ent_circuit *circuit = random_gates(state, qubits, gates);
    const int every = below(state, 3), strings = below(state, 6);
    for (int q = 0; q < qubits; q++)
        for (int pauli = every == 2 ? 1 : 3; pauli <= 3; pauli++) {
            ent_pauli string = {{{0}}, {{0}}};
            if (pauli < 3) ent_bits_add(&string.x, q);
            if (pauli > 1) ent_bits_add(&string.z, q);
            if (every == 1 || below(state, 2)) assert_int_equal(ent_circuit_read_pauli(circuit, &string), ENT_OK);
        }
    for (int k = 0; k < strings; k++) {
        const uint64_t all = UINT64_C(1) << qubits, z = next(state) % all, x = k & 1 ? next(state) % all : 0;
        const ent_pauli string = {ent_bits_of_word(x), ent_bits_of_word(x | z ? z : 1)};
        assert_int_equal(ent_circuit_read_pauli(circuit, &string), ENT_OK);
    }
    return circuit;
}

/* ---- runs ---- */

static void assert_equal(const run *found, const run *wanted, double tolerance, const char *what)
{
    const ent_circuit *c = wanted->circuit;
    const double off = run_distance(found, wanted);
    if (!(off <= tolerance))
        fail_msg("%s: %d qubits, %lld gates, %lld samples: off by %.2g, want at most %.2g", what, c->qubits,
                 (long long)c->gates, (long long)wanted->samples, off, tolerance);
}

/* What the reference engine has found against every instruction set of the machine. */
static void check_against(const run *want, uint64_t seed, ent_precision precision, double tolerance)
{
    run got = run_new(want->circuit, want->samples, seed);
    for (int k = 0; k < ISA_COUNT; k++) {
        if (!has(ISAS[k])) continue;
        run_go(&got,
               &(ent_program_inp){.engine = ENT_ENGINE_BATCH, .precision = precision, .threads = 1, .isa = ISAS[k]});
        assert_equal(&got, want, tolerance, ISAS[k]);
    }
    run_free(&got);
}

static run run_reference(const ent_circuit *circuit, int64_t samples, uint64_t seed)
{
    run r = run_new(circuit, samples, seed);
    run_go(&r, &(ent_program_inp){.engine = ENT_ENGINE_REFERENCE, .threads = 1});
    return r;
}

static void check(const ent_circuit *circuit, int64_t samples, uint64_t seed, ent_precision precision,
                  double tolerance)
{
    run want = run_reference(circuit, samples, seed);
    check_against(&want, seed, precision, tolerance);
    run_free(&want);
}

/* ---- computes ---- */

static void random_circuits(ent_precision precision, int count, double tolerance)
{
    for (int k = 0; k < count; k++) {
        uint64_t state = (uint64_t)k * 1000 + 17;
        const int qubits = 1 + below(&state, k % 10 == 0 ? 9 : 6);
        ent_circuit *circuit = random_circuit(&state, qubits, below(&state, 15 * qubits + 2));
        check(circuit, 1 + below(&state, 21), state, precision, tolerance);
        ent_circuit_free(circuit);
    }
}

static void test_random_double(void **state)
{
    (void)state;
    random_circuits(ENT_DOUBLE, check_turns(1200), 1e-13);
}

static void test_random_single(void **state)
{
    (void)state;
    random_circuits(ENT_SINGLE, check_turns(400), 3e-5);
}

/* Layers of RY (data) and RZ (shared) on every qubit and a ring of CX. */
static ent_circuit *layered_circuit(int n, int layers)
{
    ent_circuit *circuit;
    assert_int_equal(ent_circuit_new(n, layers * n, layers * n, &circuit), ENT_OK);
    for (int l = 0; l < layers; l++) {
        for (int q = 0; q < n; q++) {
            assert_int_equal(ent_circuit_add(circuit, (ent_gate){ENT_RY, {q, q}, ent_angle_data(l * n + q)}), ENT_OK);
            assert_int_equal(ent_circuit_add(circuit, (ent_gate){ENT_RZ, {q, q}, ent_angle_param(l * n + q)}),
                             ENT_OK);
        }
        for (int q = 0; q < n && n > 1; q++)
            assert_int_equal(ent_circuit_add(circuit, (ent_gate){ENT_CX, {q, (q + 1) % n}, ent_angle_none()}),
                             ENT_OK);
    }
    for (int q = 0; q < n; q++) assert_int_equal(ent_circuit_read(circuit, UINT64_C(1) << q), ENT_OK);
    return circuit;
}

/* The circuit of the benchmark. */
static ent_circuit *comparison_circuit(int n)
{
    return layered_circuit(n, 4);
}

static void test_comparison_circuit(void **state)
{
    (void)state;
    for (int n = 1; n <= 14; n++) { /* from 14 on a state lies beyond the L2 cache */
        ent_circuit *circuit = comparison_circuit(n);
        run want = run_reference(circuit, 1 + n % 5, 99);
        check_against(&want, 99, ENT_DOUBLE, 1e-13);
        check_against(&want, 99, ENT_SINGLE, 3e-5);
        run_free(&want);
        ent_circuit_free(circuit);
    }
}

/* 16 MiB of amplitudes per group of samples, forward. */
static void test_large_state(void **state)
{
    (void)state;
    ent_circuit *circuit = layered_circuit(17, 2);
    run want = run_new(circuit, 5, 4), got = run_new(circuit, 5, 4);
    run *const both[2] = {&want, &got};
    for (int k = 0; k < 2; k++) {
        ent_program *program;
        const ent_program_inp inp = {.engine = k ? ENT_ENGINE_BATCH : ENT_ENGINE_REFERENCE, .threads = 1};
        const ent_batch batch = {5, both[k]->angles, both[k]->params};
        assert_int_equal(ent_program_new(circuit, &inp, &program), ENT_OK);
        assert_int_equal(ent_program_forward(program, &batch, both[k]->expectations), ENT_OK);
        ent_program_free(program);
    }
    assert_true(distance(got.expectations, want.expectations, 5 * circuit->readouts) <= 1e-13);
    run_free(&want);
    run_free(&got);
    ent_circuit_free(circuit);
}

/* X and Y of a qubit that no gate touches are 0, whatever the rest of the string, and so are their derivatives. */
static void test_strings_that_lead_nowhere(void **state)
{
    (void)state;
    uint64_t seed = 8;
    for (int k = 0; k < 20; k++) {
        ent_circuit *gates = random_gates(&seed, 4, 40), *circuit;
        assert_int_equal(ent_circuit_new(6, gates->params, gates->angles, &circuit), ENT_OK);
        for (int64_t g = 0; g < gates->gates; g++) assert_int_equal(ent_circuit_add(circuit, gates->gate[g]), ENT_OK);
        for (uint64_t rest = 0; rest < 16; rest++) {
            const ent_pauli x = {ent_bits_of_word(16 | rest), ent_bits_of_word(rest >> 1)};
            const ent_pauli y = {ent_bits_of_word(32), ent_bits_of_word(32 | rest)};
            assert_int_equal(ent_circuit_read_pauli(circuit, k & 1 ? &y : &x), ENT_OK);
        }
        run got = run_new(circuit, 3, (uint64_t)k);
        run_go(&got, &(ent_program_inp){.engine = ENT_ENGINE_BATCH, .threads = 1});
        for (int r = 0; r < 3 * circuit->readouts; r++) assert_true(got.expectations[r] == 0.0);
        for (int p = 0; p < circuit->params; p++) assert_true(got.grad_params[p] == 0.0);
        for (int a = 0; a < 3 * circuit->angles; a++) assert_true(got.grad_angles[a] == 0.0);
        run_free(&got);
        ent_circuit_free(gates);
        ent_circuit_free(circuit);
    }
}

/* On qubits 3, 20, 37, 54 instead of 0 to 3, so that adjacent qubits are no longer adjacent. */
static ent_status add_far_apart(void *circuit, const ent_gate *gate)
{
    if (ent_gate_describe(gate->kind)->qubits == 0) return ent_qft_spell_out(gate, add_far_apart, circuit);
    ent_gate moved = *gate;
    for (int k = 0; k < 2; k++) moved.qubit[k] = 17 * gate->qubit[k] + 3;
    return ent_circuit_add(circuit, moved);
}

/* A circuit over more qubits than are used: 60 qubits of which a few are touched, as with absent registers. */
static void test_absent_registers(void **state)
{
    (void)state;
    uint64_t seed = 5;
    for (int k = 0; k < 50; k++) {
        ent_circuit *small = random_circuit(&seed, 4, 40), *wide;
        assert_int_equal(ent_circuit_new(60, small->params, small->angles, &wide), ENT_OK);
        for (int64_t g = 0; g < small->gates; g++) assert_int_equal(add_far_apart(wide, &small->gate[g]), ENT_OK);
        for (int r = 0; r < small->readouts; r++) {
            ent_pauli string = {.z = ent_bits_of_word(2)}; /* <Z> of a qubit in |0> is 1 */
            for (int q = 0; q < 4; q++) {
                if (ent_bits_has(&small->readout[r].x, q)) ent_bits_add(&string.x, 17 * q + 3);
                if (ent_bits_has(&small->readout[r].z, q)) ent_bits_add(&string.z, 17 * q + 3);
            }
            assert_int_equal(ent_circuit_read_pauli(wide, &string), ENT_OK);
        }
        run want = run_new(small, 5, (uint64_t)k), got = run_new(wide, 5, (uint64_t)k);
        run_go(&want, &(ent_program_inp){.engine = ENT_ENGINE_BATCH, .threads = 1});
        ent_program *program;
        const ent_batch batch = {5, got.angles, got.params};
        assert_int_equal(ent_program_new(wide, &(ent_program_inp){.threads = 1}, &program), ENT_OK);
        assert_int_equal(ent_program_forward(program, &batch, got.expectations), ENT_OK);
        assert_memory_equal(got.expectations, want.expectations, 5 * (size_t)small->readouts * sizeof(double));
        ent_program_free(program);
        run_free(&want);
        run_free(&got);
        ent_circuit_free(small);
        ent_circuit_free(wide);
    }
}

static void test_threads_give_the_same_bits(void **state)
{
    (void)state;
    uint64_t seed = 11;
    for (int k = 0; k < 20; k++) {
        ent_circuit *circuit = random_circuit(&seed, 1 + k % 7, 60);
        const int64_t samples = k % 2 ? 1 + below(&seed, 300) : 1 + below(&seed, 40); /* also narrow ends */
        for (int precision = 0; precision < 2; precision++)
            for (int threads = 2; threads <= 4; threads++)
                check_same_bits(circuit, samples, (uint64_t)k,
                                &(ent_program_inp){
                                    .engine = ENT_ENGINE_BATCH, .precision = (ent_precision)precision, .threads = 1},
                                &(ent_program_inp){.engine = ENT_ENGINE_BATCH,
                                                   .precision = (ent_precision)precision,
                                                   .threads = threads});
        ent_circuit_free(circuit);
    }
}

/* Sample k by itself, in the narrower vectors, gives the same result as among others, at any position. */
static void assert_same_alone(const run *all, int64_t k, const ent_program_inp *inp)
{
    const ent_circuit *c = all->circuit;
    run one = run_new(c, 1, 0);
    if (c->angles) memcpy(one.angles, all->angles + k * c->angles, (size_t)c->angles * sizeof(double));
    if (c->params) memcpy(one.params, all->params, (size_t)c->params * sizeof(double));
    ent_program *program;
    const ent_batch batch = {1, one.angles, one.params};
    assert_int_equal(ent_program_new(c, inp, &program), ENT_OK);
    assert_int_equal(ent_program_forward(program, &batch, one.expectations), ENT_OK);
    const double off = distance(one.expectations, all->expectations + k * c->readouts, c->readouts);
    if (!(off <= (inp->precision == ENT_SINGLE ? 3e-5 : 1e-13)))
        fail_msg("%s: sample %lld by itself is off by %.2g", inp->isa, (long long)k, off);
    ent_program_free(program);
    run_free(&one);
}

static void test_a_sample_gives_the_same_anywhere(void **state)
{
    (void)state;
    uint64_t seed = 23;
    for (int k = 0; k < 20; k++) {
        ent_circuit *circuit = random_circuit(&seed, 1 + k % 7, 60);
        const int64_t samples = 16 + below(&seed, 16);
        for (int isa = 0; isa < ISA_COUNT; isa++)
            for (int precision = 0; precision < 2 && has(ISAS[isa]); precision++) {
                const ent_program_inp inp = {.engine = ENT_ENGINE_BATCH,
                                             .precision = (ent_precision)precision,
                                             .threads = 1,
                                             .isa = ISAS[isa]};
                run all = run_new(circuit, samples, (uint64_t)k);
                run_go(&all, &inp);
                for (int64_t s = 0; s < samples; s += 5) assert_same_alone(&all, s, &inp);
                assert_same_alone(&all, samples - 1, &inp);
                run_free(&all);
            }
        ent_circuit_free(circuit);
    }
}

/* The program of one circuit is used again and again, with other parameters, and a shorter batch. */
static void use_again(const ent_circuit *circuit)
{
    ent_program *program;
    assert_int_equal(ent_program_new(circuit, &(ent_program_inp){.threads = 2}, &program), ENT_OK);
    for (int k = 0; k < 4; k++) {
        run want = run_new(circuit, 40 - 9 * k, (uint64_t)k), got = run_new(circuit, 40 - 9 * k, (uint64_t)k);
        run_go(&want, &(ent_program_inp){.engine = ENT_ENGINE_REFERENCE, .threads = 1});
        const ent_batch batch = {got.samples, got.angles, got.params};
        assert_int_equal(ent_program_forward(program, &batch, got.expectations), ENT_OK);
        assert_int_equal(
            ent_program_gradient(program, &batch, cotangent, (void *)circuit, got.grad_params, got.grad_angles),
            ENT_OK);
        assert_equal(&got, &want, 1e-13, "again");
        run_free(&want);
        run_free(&got);
    }
    ent_program_free(program);
}

/* One parameter moves at a time: each must reach the tables, which are kept while no parameter moves. */
static void test_single_parameters_move(void **state)
{
    (void)state;
    ent_circuit *circuit = comparison_circuit(4);
    const ent_program_inp reference = {.engine = ENT_ENGINE_REFERENCE, .threads = 1}, batched = {.threads = 1};
    run want = run_new(circuit, 3, 1), got = run_new(circuit, 3, 1);
    ent_program *program;
    assert_int_equal(ent_program_new(circuit, &batched, &program), ENT_OK);
    for (int k = 0; k < 2 * circuit->params; k++) {
        if (k % 2) want.params[k / 2] = got.params[k / 2] += 0.3;
        const ent_batch batch = {got.samples, got.angles, got.params};
        run_go(&want, &reference);
        assert_int_equal(ent_program_forward(program, &batch, got.expectations), ENT_OK);
        assert_true(distance(got.expectations, want.expectations, 3 * circuit->readouts) <= 1e-13);
    }
    ent_program_free(program);
    run_free(&want);
    run_free(&got);
    ent_circuit_free(circuit);
}

static void test_programs_are_used_again(void **state)
{
    (void)state;
    ent_circuit *circuit = comparison_circuit(5);
    use_again(circuit);
    ent_circuit_free(circuit);
    uint64_t seed = 2;
    for (int k = 0; k < 10; k++) {
        circuit = random_circuit(&seed, 5, 60);
        use_again(circuit);
        ent_circuit_free(circuit);
    }
}

/* Angles at and next to half turns, where tangents are huge, in every gate: nothing overflows in single either. */
static void test_half_turns(void **state)
{
    (void)state;
    ent_circuit *circuit = comparison_circuit(6);
    for (int precision = 0; precision < 2; precision++) {
        const ent_program_inp inp = {.engine = ENT_ENGINE_BATCH, .precision = (ent_precision)precision, .threads = 1};
        run want = run_new(circuit, 6, 3), got = run_new(circuit, 6, 3);
        for (int64_t k = 0; k < 6 * circuit->angles; k++)
            want.angles[k] = got.angles[k] = 3.14159265358979323846 * (double)(1 - 2 * (k % 3 == 0)) +
                                             (k % 5 == 0 ? 1e-7 : 0.0) - (k % 7 == 0 ? 1e-4 : 0.0);
        run_go(&want, &(ent_program_inp){.engine = ENT_ENGINE_REFERENCE, .threads = 1});
        run_go(&got, &inp);
        assert_equal(&got, &want, precision ? 3e-5 : 1e-13, "half turns");
        run_free(&want);
        run_free(&got);
    }
    ent_circuit_free(circuit);
}

/* ---- refuses ---- */

static void test_unknown_instruction_set(void **state)
{
    (void)state;
    ent_circuit *circuit = comparison_circuit(2);
    ent_program *program = NULL;
    const ent_program_inp inp = {.isa = "sse9"};
    assert_int_equal(ent_program_new(circuit, &inp, &program), ENT_EARG);
    assert_null(program);
    assert_non_null(strstr(ent_message(), "sse9"));
    setenv("ENTENTE_ISA", "mmx", 1);
    assert_int_equal(ent_program_new(circuit, &(ent_program_inp){0}, &program), ENT_EARG);
    assert_non_null(strstr(ent_message(), "mmx"));
    setenv("ENTENTE_ISA", "baseline", 1);
    assert_int_equal(ent_program_new(circuit, &(ent_program_inp){0}, &program), ENT_OK);
    assert_string_equal(ent_program_engine(program), "batch baseline");
    ent_program_free(program);
    unsetenv("ENTENTE_ISA");
    ent_circuit_free(circuit);
}

static void test_absent_instruction_set(void **state)
{
    (void)state;
    const char *name;
    for (int k = 0; k < ISA_COUNT; k++) {
        if (has(ISAS[k])) continue;
        assert_int_equal(ent_isa_pick(ISAS[k], &name), ENT_EARG);
        assert_non_null(strstr(ent_message(), "does not have"));
    }
}

/* A circuit too large for the batch engine runs on another engine, unless the batch engine was requested. */
static void test_too_many_qubits(void **state)
{
    (void)state;
    ent_circuit *circuit;
    ent_program *program;
    assert_int_equal(ent_circuit_new(21, 1, 0, &circuit), ENT_OK);
    for (int q = 0; q < 21; q++)
        assert_int_equal(ent_circuit_add(circuit, (ent_gate){ENT_RY, {q, q}, ent_angle_param(0)}), ENT_OK);
    for (int q = 0; q < 21; q++) assert_int_equal(ent_circuit_read(circuit, UINT64_C(1) << q), ENT_OK);
    assert_int_equal(ent_program_new(circuit, &(ent_program_inp){.engine = ENT_ENGINE_BATCH}, &program), ENT_EARG);
    assert_int_equal(ent_program_new(circuit, &(ent_program_inp){0}, &program), ENT_OK);
    assert_memory_equal(ent_program_engine(program), "state", 5);
    ent_program_free(program);
    ent_circuit_free(circuit);
}

static void test_allocation_fails(void **state)
{
    (void)state;
    ent_circuit *circuit = comparison_circuit(4);
    const ent_program_inp inp = {.engine = ENT_ENGINE_BATCH, .threads = 2};
    run r = run_new(circuit, 20, 1);
    const ent_batch batch = {20, r.angles, r.params};
    for (int k = 1, failed = 1; failed; k++) {
        ent_program *program;
        ent_alloc_fail_at(k);
        ent_status status = ent_program_new(circuit, &inp, &program);
        if (status == ENT_OK) {
            status = ent_program_gradient(program, &batch, cotangent, circuit, r.grad_params, r.grad_angles);
            ent_alloc_fail_at(0);
            ent_program_free(program);
        }
        ent_alloc_fail_at(0);
        failed = status != ENT_OK;
        if (failed) assert_int_equal(status, ENT_ENOMEM);
    }
    run_free(&r);
    ent_circuit_free(circuit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_double),
        cmocka_unit_test(test_random_single),
        cmocka_unit_test(test_comparison_circuit),
        cmocka_unit_test(test_large_state),
        cmocka_unit_test(test_strings_that_lead_nowhere),
        cmocka_unit_test(test_absent_registers),
        cmocka_unit_test(test_threads_give_the_same_bits),
        cmocka_unit_test(test_a_sample_gives_the_same_anywhere),
        cmocka_unit_test(test_programs_are_used_again),
        cmocka_unit_test(test_single_parameters_move),
        cmocka_unit_test(test_half_turns),
        cmocka_unit_test(test_unknown_instruction_set),
        cmocka_unit_test(test_absent_instruction_set),
        cmocka_unit_test(test_too_many_qubits),
        cmocka_unit_test(test_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
