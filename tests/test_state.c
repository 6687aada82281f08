/* The state engine gives what the reference engine gives: every kind of gate, instruction set and precision, blocks
 * of many sizes, and the same bits on any number of threads. */
#include "circuit_run.h"
#include "random_circuit.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/state/state_plan.h"
#include "entente/engine.h"

static const char *const ISAS[] = {"baseline", "avx2", "avx512"};
enum { ISA_COUNT = 3 };

static int has(const char *isa)
{
    const char *name;
    return ent_isa_pick(isa, &name) == ENT_OK;
}

static result run_program(const ent_circuit *circuit, const ent_program_inp *inp, int64_t samples, uint64_t seed)
{
    double *angles = random_numbers(seed, samples * circuit->angles),
           *params = random_numbers(~seed, circuit->params);
    const ent_batch batch = {samples, angles, params};
    result r = result_new(circuit, samples);
    check_ok(result_of(circuit, inp, &batch, &r));
    ent_free(angles);
    ent_free(params);
    return r;
}

static double largest(const double *a, int64_t count)
{
    double most = 1.0;
    for (int64_t k = 0; k < count; k++)
        if (fabs(a[k]) > most) most = fabs(a[k]);
    return most;
}

static void check_numbers(const double *found, const double *wanted, int64_t count, double tolerance)
{
    const double scale = largest(wanted, count);
    for (int64_t k = 0; k < count; k++) check_near(found[k], wanted[k], tolerance * scale);
}

static void check_result(const ent_circuit *circuit, int64_t samples, const result *found, const result *wanted,
                         double tolerance)
{
    check_numbers(found->expectations, wanted->expectations, samples * circuit->readouts, tolerance);
    check_numbers(found->grad_params, wanted->grad_params, circuit->params, tolerance);
    check_numbers(found->grad_angles, wanted->grad_angles, samples * circuit->angles, tolerance);
}

/* On every instruction set, for blocks of this many bits (0: chosen by the engine). */
static void check_circuit(const ent_circuit *circuit, int64_t samples, uint64_t seed, ent_precision precision,
                          int block_bits, double tolerance)
{
    result wanted =
        run_program(circuit, &(ent_program_inp){.engine = ENT_ENGINE_REFERENCE, .threads = 1}, samples, seed);
    ent_state_limit_block(block_bits);
    for (int k = 0; k < ISA_COUNT; k++) {
        if (!has(ISAS[k])) continue;
        result found = run_program(
            circuit,
            &(ent_program_inp){.engine = ENT_ENGINE_STATE, .precision = precision, .threads = 1, .isa = ISAS[k]},
            samples, seed);
        check_result(circuit, samples, &found, &wanted, tolerance);
        result_free(&found);
    }
    ent_state_limit_block(0);
    result_free(&wanted);
}

/* ---- computes ---- */

static void random_circuits(ent_precision precision, int count, double tolerance)
{
    for (int k = 0; k < count; k++) {
        const int n = 1 + k % 12, gates = 8 * (k % 11) + n, params = k % 5, angles = k % 4;
        ent_circuit *circuit = random_circuit((uint64_t)k, n, gates, params, angles, 1 + k % 7);
        check_circuit(circuit, 1 + k % 2, (uint64_t)k, precision, k % 8, tolerance);
        ent_circuit_free(circuit);
    }
}

static void test_random_double(void **state)
{
    (void)state;
    random_circuits(ENT_DOUBLE, check_turns(250), 1e-12);
}

static void test_random_single(void **state)
{
    (void)state;
    random_circuits(ENT_SINGLE, check_turns(120), 3e-5);
}

static void add(ent_circuit *circuit, ent_gate_kind kind, int p, int q, ent_angle angle)
{
    check_ok(ent_circuit_add(circuit, (ent_gate){kind, {p, q}, angle}));
}

/* RY and RZ on every qubit and a ring of CX, `layers` times; every <Z>. */
static ent_circuit *layered_circuit(int n, int layers)
{
    ent_circuit *circuit;
    check_ok(ent_circuit_new(n, 2 * n * layers, 0, &circuit));
    for (int l = 0; l < layers; l++) {
        for (int q = 0; q < n; q++) {
            add(circuit, ENT_RY, q, 0, ent_angle_param(2 * (l * n + q)));
            add(circuit, ENT_RZ, q, 0, ent_angle_param(2 * (l * n + q) + 1));
        }
        for (int q = 0; q < n; q++) add(circuit, ENT_CX, q, (q + 1) % n, ent_angle_none());
    }
    for (int q = 0; q < n; q++) check_ok(ent_circuit_read(circuit, UINT64_C(1) << q));
    return circuit;
}

static void test_layers(void **state)
{
    (void)state;
    for (int n = 2; n <= 12; n++) {
        ent_circuit *circuit = layered_circuit(n, 4);
        for (int bits = 4; bits <= 10; bits++) check_circuit(circuit, 1, 5, ENT_DOUBLE, bits, 1e-12);
        ent_circuit_free(circuit);
    }
}

/* Half turns: cosines of 0, and of nearly 0. */
static void test_half_turns(void **state)
{
    (void)state;
    const double pi = 3.14159265358979323846, off[] = {0.0, 1e-9, -1e-4};
    for (int k = 0; k < 3; k++) {
        ent_circuit *circuit = random_circuit(77, 9, 40, 3, 2, 4);
        for (int g = 0; g < 60; g++)
            add(circuit, g % 3 ? ENT_RY : ENT_CRY, (5 * g) % 9, (5 * g + 1) % 9,
                ent_angle_fixed((2 * (g % 2) + 1) * pi + off[k]));
        check_circuit(circuit, 1, 7, ENT_DOUBLE, 6, 1e-12);
        check_circuit(circuit, 1, 7, ENT_SINGLE, 6, 3e-5);
        ent_circuit_free(circuit);
    }
}

/* Every pair of ZZ: more signs than lines can tell apart. */
static void test_many_phases(void **state)
{
    (void)state;
    const int n = 9;
    ent_circuit *circuit;
    check_ok(ent_circuit_new(n, 3, 0, &circuit));
    for (int layer = 0; layer < 2; layer++) {
        for (int q = 0; q < n; q++) add(circuit, ENT_RX, q, 0, ent_angle_param(0));
        for (int p = 0; p < n; p++)
            for (int q = p + 1; q < n; q++) add(circuit, layer ? ENT_CP : ENT_RZZ, p, q, ent_angle_param(1 + layer));
    }
    for (int q = 0; q < n; q++) add(circuit, ENT_H, q, 0, ent_angle_none());
    for (int p = 0; p < n; p++)
        for (int q = p; q < n; q++) check_ok(ent_circuit_read(circuit, UINT64_C(1) << p | UINT64_C(1) << q));
    for (int bits = 5; bits <= 8; bits++) check_circuit(circuit, 1, 9, ENT_DOUBLE, bits, 1e-12);
    ent_circuit_free(circuit);
}

/* RY, RZ and a chain of CX, so that qubits are no bits of the index any more; the QFT of a run; RX and RZ; <Z>, <Z
 * Z>. */
static ent_circuit *fourier_circuit(int n, int first, int last, ent_gate_kind kind)
{
    ent_circuit *circuit;
    check_ok(ent_circuit_new(n, 2 * n, 0, &circuit));
    for (int q = 0; q < n; q++) {
        add(circuit, ENT_RY, q, 0, ent_angle_param(q));
        add(circuit, ENT_RZ, q, 0, ent_angle_fixed(0.3 - q));
    }
    for (int q = 0; q + 1 < n; q++) add(circuit, ENT_CX, q, q + 1, ent_angle_none());
    add(circuit, ENT_X, first, 0, ent_angle_none());
    add(circuit, kind, first, last, ent_angle_none());
    for (int q = 0; q < n; q++) {
        add(circuit, ENT_RX, q, 0, ent_angle_param(n + q));
        add(circuit, ENT_CRZ, q, (q + n / 2 + 1) % n == q ? (q + 1) % n : (q + n / 2 + 1) % n, ent_angle_fixed(0.9));
        add(circuit, ENT_RY, q, 0, ent_angle_fixed(1.1));
    }
    for (int q = 0; q < n; q++) check_ok(ent_circuit_read(circuit, UINT64_C(1) << q | 1));
    return circuit;
}

/* By FFTW against the reference engine's gates: every run of qubits, as one piece and as many. */
static void test_fourier(void **state)
{
    (void)state;
    for (int n = 2; n <= 11; n += 3)
        for (int first = 0; first < n; first++)
            for (int last = first; last < n; last += n < 9 ? 1 : 3) {
                ent_circuit *circuit = fourier_circuit(n, first, last, last % 2 ? ENT_QFT : ENT_IQFT);
                check_circuit(circuit, 1, 3, ENT_DOUBLE, (first + last) % 10, 1e-12);
                if (first == 0) check_circuit(circuit, 1, 3, ENT_SINGLE, 0, 3e-5);
                ent_circuit_free(circuit);
            }
}

static ent_status add_spelled_out(void *circuit, const ent_gate *gate)
{
    if (ent_gate_describe(gate->kind)->qubits == 0) return ent_qft_spell_out(gate, add_spelled_out, circuit);
    return ent_circuit_add(circuit, *gate);
}

/* The same circuit by this engine's gates, where a transform takes two or three passes. */
static void test_large_fourier(void **state)
{
    (void)state;
    for (int n = 17; n <= 18; n++) {
        ent_circuit *circuit = fourier_circuit(n, 18 - n, n - 1, n == 17 ? ENT_QFT : ENT_IQFT), *gates;
        check_ok(ent_circuit_new(n, circuit->params, 0, &gates));
        for (int64_t g = 0; g < circuit->gates; g++) check_ok(add_spelled_out(gates, &circuit->gate[g]));
        for (int r = 0; r < circuit->readouts; r++) check_ok(ent_circuit_read_pauli(gates, &circuit->readout[r]));
        const ent_program_inp inp = {.engine = ENT_ENGINE_STATE, .threads = 2};
        result wanted = run_program(gates, &inp, 1, 3), found = run_program(circuit, &inp, 1, 3);
        check_result(circuit, 1, &found, &wanted, 1e-12);
        result_free(&wanted);
        result_free(&found);
        ent_circuit_free(circuit);
        ent_circuit_free(gates);
    }
}

static int64_t bytes_of(int64_t count)
{
    return count * (int64_t)sizeof(double);
}

/* One thread against two and five, to the last bit. */
static void check_threads(const ent_circuit *circuit, ent_precision precision)
{
    ent_program_inp inp = {.engine = ENT_ENGINE_STATE, .precision = precision, .threads = 1};
    result one = run_program(circuit, &inp, 2, 3);
    for (inp.threads = 2; inp.threads <= 5; inp.threads += 3) {
        result more = run_program(circuit, &inp, 2, 3);
        assert_memory_equal(one.expectations, more.expectations, (size_t)bytes_of(2 * circuit->readouts));
        assert_memory_equal(one.grad_params, more.grad_params, (size_t)bytes_of(circuit->params));
        result_free(&more);
    }
    result_free(&one);
}

static void test_threads(void **state)
{
    (void)state;
    ent_circuit *layers = layered_circuit(15, 3), *fourier = fourier_circuit(16, 0, 15, ENT_QFT);
    for (int precision = ENT_DOUBLE; precision <= ENT_SINGLE; precision++) {
        check_threads(layers, (ent_precision)precision);
        check_threads(fourier, (ent_precision)precision);
    }
    ent_circuit_free(layers);
    ent_circuit_free(fourier);
}

/* With blocks of the size that the engine chooses. */
static void test_large(void **state)
{
    (void)state;
    ent_circuit *circuit = layered_circuit(17, 2);
    result wanted = run_program(circuit, &(ent_program_inp){.engine = ENT_ENGINE_BATCH, .threads = 1}, 1, 3);
    result found = run_program(circuit, &(ent_program_inp){.engine = ENT_ENGINE_STATE, .threads = 2}, 1, 3);
    check_result(circuit, 1, &found, &wanted, 1e-12);
    result_free(&wanted);
    result_free(&found);
    ent_circuit_free(circuit);
}

static void test_picked(void **state)
{
    (void)state;
    ent_circuit *circuit = layered_circuit(18, 1);
    ent_program *program;
    check_ok(ent_program_new(circuit, &(ent_program_inp){.threads = 1}, &program));
    assert_non_null(strstr(ent_program_engine(program), "state"));
    ent_program_free(program);
    ent_circuit_free(circuit);
}

/* ---- refuses ---- */

static ent_status new_and_gradient(const ent_circuit *circuit)
{
    ent_program *program;
    double params[64] = {0.5}, grad[64] = {0};
    const ent_batch batch = {1, NULL, params};
    ENT_TRY(ent_program_new(circuit, &(ent_program_inp){.engine = ENT_ENGINE_STATE, .threads = 1}, &program));
    const ent_status status = ent_program_gradient(program, &batch, cotangent, (void *)circuit, grad, NULL);
    ent_program_free(program);
    return status;
}

static void test_allocations(void **state)
{
    (void)state;
    ent_circuit *circuit[] = {layered_circuit(6, 2), fourier_circuit(6, 1, 5, ENT_QFT)};
    for (int k = 0; k < 2; k++) {
        check_every_allocation(new_and_gradient(circuit[k]), (void)0);
        ent_circuit_free(circuit[k]);
    }
}

/* Allow this process 1.5 states more than it has. */
static int limit_memory(double state)
{
    long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    const int found = file ? fscanf(file, "%lld", &pages) : 0;
    if (file) fclose(file);
    const rlim_t most = (rlim_t)(pages * sysconf(_SC_PAGESIZE)) + (rlim_t)(1.5 * state);
    return found == 1 && setrlimit(RLIMIT_AS, &(struct rlimit){most, most}) == 0;
}

/* In a process limited to half a state more than the ket: a forward run works, a gradient says what it lacks. */
static int run_in_little_memory(const ent_circuit *circuit, const ent_batch *batch, double *out)
{
    const ent_program_inp inp = {.engine = ENT_ENGINE_STATE, .threads = 1};
    ent_program *program;
    int code = 0;
    if (!limit_memory(ent_state_bytes(circuit->qubits, ENT_DOUBLE))) return 1;
    if (ent_program_new(circuit, &inp, &program) != ENT_OK) return 2;
    if (ent_program_forward(program, batch, out) != ENT_OK) code = 3;
    const ent_status status = ent_program_gradient(program, batch, cotangent, (void *)circuit, out, NULL);
    if (status != ENT_ENOMEM || !strstr(ent_message(), "the gradient of a circuit")) code = 4;
    if (ent_program_forward(program, batch, out) != ENT_OK) code = 5;
    ent_program_free(program);
    return code;
}

static void test_little_memory(void **state)
{
    (void)state;
    if (getenv("ASAN_OPTIONS") || check_in_valgrind()) skip(); /* both take address space of their own */
    ent_circuit *circuit = layered_circuit(21, 1);
    double *params = random_numbers(1, circuit->params), *out = random_numbers(2, circuit->params);
    const ent_batch batch = {1, NULL, params};
    const pid_t child = fork();
    if (child == 0) _exit(run_in_little_memory(circuit, &batch, out));
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how));
    assert_int_equal(WEXITSTATUS(how), 0);
    ent_free(params);
    ent_free(out);
    ent_circuit_free(circuit);
}

int main(void)
{
    const struct CMUnitTest computes[] = {
        cmocka_unit_test(test_random_double), cmocka_unit_test(test_random_single), cmocka_unit_test(test_layers),
        cmocka_unit_test(test_half_turns),    cmocka_unit_test(test_many_phases),   cmocka_unit_test(test_threads),
        cmocka_unit_test(test_large),         cmocka_unit_test(test_picked),        cmocka_unit_test(test_fourier),
        cmocka_unit_test(test_large_fourier),
    };
    const struct CMUnitTest refuses[] = {cmocka_unit_test(test_allocations), cmocka_unit_test(test_little_memory)};
    int failed = cmocka_run_group_tests_name("computes", computes, NULL, NULL);
    failed += cmocka_run_group_tests_name("refuses", refuses, NULL, NULL);
    return failed;
}
