/* The pauli engine gives what the reference engine gives, for fused models and for circuits of all gates; every
 * instruction set, both precisions, any threads. */
#include <stdlib.h>

#include "random_model.h"
#include "dense.h"

#include "engine/pauli/pauli_plan.h"

static const char *const ISAS[] = {"baseline", "avx2", "avx512"};
enum { ISA_COUNT = 3 };

/* ---- circuits ---- */

/* 2 to 5 registers of 1 to 4 qubits, `most` in all. */
static ent_circuit *random_fused(uint64_t *state, int most, int layers)
{
    return random_model(state,
                        (model_limits){.registers = 5, .each = 4, .qubits = most, .depth = 2, .layers = layers});
}

static ent_angle random_angle(uint64_t *state, bool data)
{
    ent_angle angle = below(state, 4) ? ent_angle_param(below(state, 6)) : ent_angle_fixed(uniform(state, -4, 4));
    if (data && below(state, 2)) angle = ent_angle_data(below(state, 4));
    if (angle.source != ENT_ANGLE_FIXED && below(state, 2)) {
        angle.scale = uniform(state, -2, 2);
        angle.offset = uniform(state, -2, 2);
    }
    return angle;
}

static int below_qubit(const ent_circuit *circuit, uint64_t *state, int m)
{
    const int first = circuit->register_first[m];
    return first + below(state, circuit->register_first[m + 1] - first);
}

/* A gate of any kind on two registers, or (a == b) on one. */
static void add_random(ent_circuit *circuit, uint64_t *state, int a, int b, bool data)
{
    ent_gate gate = {.kind = (ent_gate_kind)below(state, ENT_GATE_KINDS)};
    const ent_gate_info *info = ent_gate_describe(gate.kind);
    gate.qubit[0] = below_qubit(circuit, state, a);
    gate.qubit[1] = info->qubits == 1 ? gate.qubit[0] : below_qubit(circuit, state, b);
    if (info->qubits == 2 && gate.qubit[0] == gate.qubit[1]) return;
    if (info->qubits == 0 && (a != b || gate.qubit[0] > gate.qubit[1])) return;
    gate.angle = info->angles ? random_angle(state, data) : ent_angle_none();
    check_ok(ent_circuit_add(circuit, gate));
}

/* Registers, each with gates of all kinds, then gates of all kinds anywhere, with data too; readouts of all letters.
 */
static ent_circuit *random_circuit(uint64_t *state, int most, int late)
{
    int sizes[4], registers = 1 + below(state, 4), qubits = 0;
    for (int m = 0; m < registers; m++) {
        sizes[m] = 1 + below(state, most / registers);
        qubits += sizes[m];
    }
    ent_circuit *circuit;
    check_ok(ent_circuit_new(qubits, 6, 4, &circuit));
    check_ok(ent_circuit_registers(circuit, registers, sizes));
    for (int k = 0; k < 8 * registers; k++) add_random(circuit, state, k % registers, k % registers, true);
    for (int k = 0; k < late; k++) add_random(circuit, state, below(state, registers), below(state, registers), true);
    for (int r = 0; r < 6; r++) {
        const uint64_t x = next(state) & next(state), z = next(state) & next(state);
        const uint64_t mask = (UINT64_C(1) << qubits) - 1;
        const ent_pauli string = {ent_bits_of_word(x & mask), ent_bits_of_word(z & mask)};
        if (((x | z) & mask) != 0) check_ok(ent_circuit_read_pauli(circuit, &string));
    }
    check_ok(ent_circuit_read(circuit, UINT64_C(1) << below(state, qubits)));
    return circuit;
}

static void assert_equal(const run *found, const run *wanted, double tolerance)
{
    check_near(run_distance(found, wanted), 0.0, tolerance);
}

/* In both precisions, with the instruction set `turn` chooses. */
static void check_circuit(ent_circuit *circuit, int64_t samples, int turn)
{
    run wanted = run_new(circuit, samples, (uint64_t)turn), found = run_new(circuit, samples, (uint64_t)turn);
    const char *isa = ISAS[turn % ISA_COUNT], *name;
    if (ent_isa_pick(isa, &name) != ENT_OK) isa = NULL;
    run_go(&wanted, &(ent_program_inp){.engine = ENT_ENGINE_REFERENCE, .threads = 1});
    for (int precision = ENT_DOUBLE; precision <= ENT_SINGLE; precision++) {
        run_go(&found,
               &(ent_program_inp){
                   .engine = ENT_ENGINE_PAULI, .precision = (ent_precision)precision, .threads = 1, .isa = isa});
        assert_equal(&found, &wanted, precision == ENT_DOUBLE ? 1e-12 : 1e-5);
    }
    run_free(&wanted);
    run_free(&found);
}

static void equals_reference_on_fused_models(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int turn = 0; turn < check_turns(300); turn++) {
        ent_circuit *circuit = random_fused(&seed, turn % 30 ? 7 : 10, 3);
        check_circuit(circuit, turn % 30 ? 3 : 1, turn);
        ent_circuit_free(circuit);
    }
}

/* Every engine, where fusion encodes the data again between layers of every gate and pattern. */
static void every_engine_equals_dense_algebra_on_reuploading_models(void **state)
{
    (void)state;
    uint64_t seed = 15;
    for (int turn = 0, tried = 0; tried < check_turns(60); turn++) {
        enum { SAMPLES = 2 };
        ent_circuit *circuit = random_fused(&seed, DENSE_QUBITS, 2);
        bool late = false, joined = false;
        for (int64_t g = 0; g < circuit->gates; g++) {
            const ent_gate *gate = &circuit->gate[g];
            late |= joined && gate->angle.source == ENT_ANGLE_DATA;
            joined |= gate->qubit[1] >= circuit->register_first[1] && gate->qubit[0] < circuit->register_first[1];
        }
        if (late) {
            run r = run_new(circuit, SAMPLES, (uint64_t)turn);
            tried++;
            for (ent_engine_kind engine = ENT_ENGINE_REFERENCE; engine <= ENT_ENGINE_PAULI; engine++) {
                run_go(&r, &(ent_program_inp){.engine = engine, .threads = 1});
                for (int s = 0; s < SAMPLES; s++) {
                    double wanted[64];
                    assert_true(circuit->readouts <= 64);
                    dense_run(circuit, r.params, r.angles + s * circuit->angles, wanted);
                    for (int k = 0; k < circuit->readouts; k++)
                        check_near(r.expectations[s * circuit->readouts + k], wanted[k], 1e-12);
                }
            }
            run_free(&r);
        }
        ent_circuit_free(circuit);
    }
}

static void equals_reference_on_all_gates_and_strings(void **state)
{
    (void)state;
    uint64_t seed = 2;
    for (int turn = 0; turn < check_turns(300); turn++) {
        ent_circuit *circuit = random_circuit(&seed, 6, 4 + below(&seed, 8));
        check_circuit(circuit, 2, turn);
        ent_circuit_free(circuit);
    }
}

/* Registers around one, several layers: as products over the history of one or a few qubits. */
static ent_circuit *random_star(uint64_t *state, int most)
{
    static const ent_gate_kind gates[] = {ENT_CX, ENT_CZ, ENT_CRX, ENT_CRZ, ENT_RZZ, ENT_CRY, ENT_CP, ENT_RXX};
    int sizes[5], registers = 3 + below(state, 3), qubits = 0;
    const ent_gate_kind kind = gates[below(state, 8)];
    for (int m = 0; m < registers; m++) {
        sizes[m] = 1 + below(state, 2);
        qubits += sizes[m];
    }
    ent_circuit *circuit;
    check_ok(ent_circuit_new(qubits, 6, 4, &circuit));
    check_ok(ent_circuit_registers(circuit, registers, sizes));
    for (int k = 0; k < 6 * registers; k++) add_random(circuit, state, k % registers, k % registers, true);
    for (int k = 0; k < 2 * registers; k++) {
        const int q = below_qubit(circuit, state, 1 + below(state, registers - 1));
        ent_gate gate = {.kind = kind, .qubit = {0, q}, .angle = ent_angle_none()};
        if (below(state, 4) == 0) gate.qubit[0] = q, gate.qubit[1] = 0;
        if (ent_gate_describe(kind)->angles) gate.angle = random_angle(state, false);
        check_ok(ent_circuit_add(circuit, gate));
        const int on = below(state, 3) ? 0 : below(state, most);
        if (on < qubits && below(state, 2))
            check_ok(ent_circuit_add(circuit, (ent_gate){ENT_RY, {on, on}, random_angle(state, false)}));
    }
    for (int q = 0; q < qubits; q++) {
        const ent_pauli string = {ent_bits_of_word((uint64_t)below(state, 2) << q),
                                  ent_bits_of_word(UINT64_C(1) << q)};
        check_ok(ent_circuit_read_pauli(circuit, &string));
    }
    const uint64_t both = 1 | UINT64_C(1) << below_qubit(circuit, state, registers - 1);
    check_ok(ent_circuit_read(circuit, both));
    return circuit;
}

/* With hubs wherever they are possible, and only where they cost less. */
static void hubs_equal_reference(void **state)
{
    (void)state;
    uint64_t seed = 12;
    for (int turn = 0; turn < check_turns(160); turn++) {
        const double before = ent_pauli_set_hub_margin(turn % 4 ? 0.0 : 4.0);
        ent_circuit *circuit = turn % 8 == 5   ? random_circuit(&seed, 6, 6)
                               : turn % 8 == 7 ? random_fused(&seed, 7, 3)
                                               : random_star(&seed, 9);
        check_circuit(circuit, 2, turn);
        ent_circuit_free(circuit);
        ent_pauli_set_hub_margin(before);
    }
}

/* Tails of every length: full vectors, half of one, less. */
static void any_number_of_samples(void **state)
{
    (void)state;
    uint64_t seed = 3;
    ent_circuit *circuit = random_fused(&seed, 7, 2);
    for (int samples = 1; samples <= 70; samples += samples < 20 ? 1 : 7) check_circuit(circuit, samples, 2);
    ent_circuit_free(circuit);
}

/* Registers on the state engine: all of more than 0, 1 or 2 qubits, and one that is large enough by itself. */
static void large_registers_equal_reference(void **state)
{
    (void)state;
    uint64_t seed = 11;
    for (int turn = 0; turn < 45; turn++) {
        ent_pauli_limit_batch(1 + turn % 3);
        ent_circuit *circuit = turn % 2 ? random_circuit(&seed, 8, 5) : random_fused(&seed, 8, 2);
        check_circuit(circuit, 3, turn);
        ent_circuit_free(circuit);
    }
    ent_pauli_limit_batch(0);
}

static void register_of_17_qubits_equals_whole_state(void **state)
{
    (void)state;
    ent_model_inp inp = {.registers = 2, .outputs = 2, .mma = true, .head = ENT_HEAD_LINEAR};
    for (int m = 0; m < 2; m++) {
        inp.reg[m] = (ent_register){.name = "m", .scale = 1.0, .inputs = m ? 2 : 17};
        inp.reg[m].ansatz = (ent_ansatz){ENT_ANSATZ_HEA, NULL, m ? 2 : 17, 1, 1, false, false, ENT_ENCODE_RY};
    }
    inp.fusion = (ent_fusion){.layers = 1, .gate = ENT_CRZ};
    ent_fusion_connect(&inp.fusion, ENT_PATTERN_RING, 2);
    ent_circuit *circuit;
    check_ok(ent_model_circuit(&inp, 3, &circuit));
    for (int precision = ENT_DOUBLE; precision <= ENT_SINGLE; precision++) {
        run wanted = run_new(circuit, 2, 3), found = run_new(circuit, 2, 3), other = run_new(circuit, 2, 3);
        ent_program_inp program = {.engine = ENT_ENGINE_STATE, .threads = 1};
        run_go(&wanted, &program);
        program = (ent_program_inp){.engine = ENT_ENGINE_PAULI, .precision = (ent_precision)precision, .threads = 1};
        run_go(&found, &program);
        program.threads = 3;
        run_go(&other, &program);
        assert_equal(&found, &wanted, precision == ENT_SINGLE ? 1e-4 : 1e-11);
        assert_equal(&other, &found, 0.0);
        run_free(&wanted);
        run_free(&found);
        run_free(&other);
    }
    ent_circuit_free(circuit);
}

static void threads_change_no_bit(void **state)
{
    (void)state;
    uint64_t seed = 4;
    for (int turn = 0; turn < 6; turn++) {
        ent_circuit *circuit = random_fused(&seed, 8, 2);
        const ent_precision precision = turn & 1 ? ENT_SINGLE : ENT_DOUBLE;
        check_same_bits(circuit, 700, 5,
                        &(ent_program_inp){.engine = ENT_ENGINE_PAULI, .precision = precision, .threads = 1},
                        &(ent_program_inp){.engine = ENT_ENGINE_PAULI, .precision = precision, .threads = 3});
        ent_circuit_free(circuit);
    }
}

static ent_circuit *wide_circuit(int registers, int qubits, ent_fusion_pattern pattern, ent_gate_kind gate,
                                 int layers, bool reupload);

static void adjoint_shift_and_differences_agree(void **state)
{
    (void)state;
    const ent_program_inp inp = {.engine = ENT_ENGINE_PAULI, .threads = 1};
    uint64_t seed = 6;
    for (int turn = 0; turn < 10; turn++) {
        const double margin = ent_pauli_set_hub_margin(turn < 6 ? 4.0 : 0.0);
        ent_circuit *circuit = turn < 6   ? random_fused(&seed, 5, 2)
                               : turn < 8 ? random_star(&seed, 9)
                                          : wide_circuit(3, 2, ENT_PATTERN_RING, ENT_CRX, turn - 6, true);
        run r = run_new(circuit, 3, 7), s = run_new(circuit, 3, 7);
        const ent_batch batch = {r.samples, r.angles, r.params};
        run_go(&r, &inp);
        memcpy(s.expectations, r.expectations, 3 * (size_t)circuit->readouts * sizeof(double));
        check_ok(ent_gradient_by_shift(circuit, &inp, &batch, cotangent, circuit,
                                       &(ent_gradients){s.grad_params, s.grad_angles}));
        assert_equal(&s, &r, 1e-11);
        memset(s.grad_params, 0, (size_t)circuit->params * sizeof(double));
        check_ok(ent_gradient_by_differences(circuit, &inp, &batch, 1e-5, cotangent, circuit,
                                             &(ent_gradients){s.grad_params, s.grad_angles}));
        assert_equal(&s, &r, 1e-8);
        run_free(&r);
        run_free(&s);
        ent_circuit_free(circuit);
        ent_pauli_set_hub_margin(margin);
    }
}

/* ---- wide circuits ---- */

/* Registers of RY and CZ, a layer of gates between each pair of `all` or of neighbours, RY and RZ on every qubit. */
static ent_circuit *wide_circuit(int registers, int qubits, ent_fusion_pattern pattern, ent_gate_kind gate,
                                 int layers, bool reupload)
{
    ent_model_inp inp = {.registers = registers, .outputs = 2, .mma = true, .head = ENT_HEAD_LINEAR};
    for (int m = 0; m < registers; m++) {
        inp.reg[m] = (ent_register){.name = "m", .scale = 1.0, .inputs = qubits};
        inp.reg[m].ansatz = (ent_ansatz){ENT_ANSATZ_HEA, NULL, qubits, 1, 1, false, false, ENT_ENCODE_RY};
    }
    inp.fusion.layers = layers;
    inp.fusion.gate = gate;
    inp.fusion.reupload = reupload;
    ent_fusion_connect(&inp.fusion, pattern, registers);
    ent_circuit *circuit;
    check_ok(ent_model_circuit(&inp, (UINT32_C(1) << registers) - 1, &circuit));
    return circuit;
}

/* The gradient of 128 qubits against differences along a direction: no other engine can check it. */
static void runs_128_qubits(void **state)
{
    (void)state;
    const ent_program_inp inp = {.engine = ENT_ENGINE_PAULI, .threads = 1};
    static const struct {
        ent_fusion_pattern pattern;
        ent_gate_kind gate;
        int layers;
        bool reupload;
    } cases[] = {{ENT_PATTERN_RING, ENT_CRZ, 1, false}, {ENT_PATTERN_ALL, ENT_CRZ, 1, false},
                 {ENT_PATTERN_STAR, ENT_CRZ, 1, false}, {ENT_PATTERN_STAR, ENT_CRX, 2, false},
                 {ENT_PATTERN_STAR, ENT_CZ, 3, false},  {ENT_PATTERN_RING, ENT_CRZ, 2, true}};
    for (size_t turn = 0; turn < sizeof cases / sizeof cases[0]; turn++) {
        ent_circuit *circuit =
            wide_circuit(16, 8, cases[turn].pattern, cases[turn].gate, cases[turn].layers, cases[turn].reupload);
        run r = run_new(circuit, 2, 8), s = run_new(circuit, 2, 8);
        uint64_t seed = 9;
        double along = 0.0, loss[2] = {0.0, 0.0};
        assert_int_equal(circuit->qubits, 128);
        run_go(&r, &inp);
        for (int side = 0; side < 2; side++) {
            uint64_t direction = seed;
            for (int k = 0; k < circuit->params; k++)
                s.params[k] = r.params[k] + (side ? 1e-5 : -1e-5) * uniform(&direction, -1, 1);
            run_go(&s, &inp);
            for (int64_t k = 0; k < 2 * circuit->readouts; k++) {
                const double e = s.expectations[k];
                loss[side] += sin((double)(k / circuit->readouts) + 2.0 * (double)(k % circuit->readouts)) * e +
                              e * e / 4;
            }
        }
        for (int k = 0; k < circuit->params; k++) along += r.grad_params[k] * uniform(&seed, -1, 1);
        check_near(along, (loss[1] - loss[0]) / 2e-5, 1e-6);
        run_free(&r);
        run_free(&s);
        ent_circuit_free(circuit);
    }
}

static void check_choice(ent_circuit *circuit, const char *engine)
{
    ent_program *program;
    check_ok(ent_program_new(circuit, &(ent_program_inp){.threads = 1}, &program));
    if (strncmp(ent_program_engine(program), engine, strlen(engine)) != 0)
        fail_msg("found engine %s, want %s", ent_program_engine(program), engine);
    ent_program_free(program);
    ent_circuit_free(circuit);
}

/* AUTO: the pauli engine if a readout depends on few registers; the whole state if it depends on nearly all. */
static void auto_takes_what_costs_less(void **state)
{
    (void)state;
    ent_circuit *circuit = wide_circuit(3, 4, ENT_PATTERN_RING, ENT_CRZ, 1, false);
    ent_engine_weight weight;
    check_ok(ent_engine_weigh(circuit, false, &weight));
    assert_int_equal(weight.depends[0], 3);
    assert_int_equal(weight.depends[1], 3);
    assert_int_equal(weight.depends_in_one, 1);
    assert_int_equal(weight.values, 36);
    check_choice(circuit, "pauli");
    check_choice(wide_circuit(16, 8, ENT_PATTERN_ALL, ENT_RZZ, 1, false), "pauli");
    check_choice(wide_circuit(16, 8, ENT_PATTERN_STAR, ENT_CRZ, 3, false), "pauli");
    check_choice(wide_circuit(3, 3, ENT_PATTERN_CHAIN, ENT_CRZ, 1, false), "pauli");
    check_choice(wide_circuit(3, 3, ENT_PATTERN_CHAIN, ENT_CRX, 3, false), "batch");
    check_choice(wide_circuit(3, 4, ENT_PATTERN_RING, ENT_CRZ, 2, true), "pauli");
    check_choice(wide_circuit(3, 4, ENT_PATTERN_RING, ENT_CRX, 3, true), "pauli");
    check_choice(wide_circuit(3, 3, ENT_PATTERN_CHAIN, ENT_CRX, 2, true), "batch");
    check_choice(wide_circuit(1, 4, ENT_PATTERN_ALL, ENT_CRZ, 1, false), "batch");
    circuit = wide_circuit(3, 3, ENT_PATTERN_RING, ENT_CRZ, 1, false);
    check_ok(ent_circuit_add(circuit, (ent_gate){ENT_QFT, {0, 8}, ent_angle_none()}));
    check_ok(ent_engine_weigh(circuit, false, &weight));
    assert_true(isinf(weight.pauli));
    assert_non_null(strstr(weight.reason, "gate qft over several registers"));
    check_choice(circuit, "batch");
}

static void no_register_is_legal(void **state)
{
    (void)state;
    ent_circuit *circuit;
    ent_program *program;
    check_ok(ent_circuit_new(0, 0, 0, &circuit));
    check_ok(ent_program_new(circuit, &(ent_program_inp){.engine = ENT_ENGINE_PAULI}, &program));
    check_ok(ent_program_forward(program, &(ent_batch){3, NULL, NULL}, NULL));
    ent_program_free(program);
    ent_circuit_free(circuit);
}

/* ---- refuses ---- */

static ent_circuit *two_registers(void)
{
    ent_circuit *circuit;
    check_ok(ent_circuit_new(4, 1, 1, &circuit));
    check_ok(ent_circuit_registers(circuit, 2, (const int[]){2, 2}));
    check_ok(ent_circuit_add(circuit, (ent_gate){ENT_RY, {1, 0}, ent_angle_data(0)}));
    check_ok(ent_circuit_read(circuit, 1));
    return circuit;
}

static void refuses_with_the_reason(void **state)
{
    (void)state;
    const ent_program_inp inp = {.engine = ENT_ENGINE_PAULI, .threads = 1};
    ent_program *program;
    ent_circuit *circuit = two_registers();
    check_ok(ent_circuit_add(circuit, (ent_gate){ENT_QFT, {0, 1}, ent_angle_none()}));
    check_ok(ent_program_new(circuit, &inp, &program));
    ent_program_free(program);
    check_ok(ent_circuit_add(circuit, (ent_gate){ENT_QFT, {1, 2}, ent_angle_none()}));
    check_fails(ent_program_new(circuit, &inp, &program), ENT_EARG, "found gate qft over several registers");
    ent_circuit_free(circuit);
    circuit = wide_circuit(16, 1, ENT_PATTERN_ALL, ENT_CRX, 3, false);
    check_fails(ent_program_new(circuit, &inp, &program), ENT_EARG, "found more than 1048576 Pauli strings");
    assert_non_null(strstr(ent_message(), "cheap only if one register is in every gate between registers"));
    ent_circuit_free(circuit);
    circuit = wide_circuit(16, 1, ENT_PATTERN_STAR, ENT_CRX, 2, true);
    check_fails(ent_program_new(circuit, &inp, &program), ENT_EARG, "(pattern star, without model.fusion.reupload)");
    ent_circuit_free(circuit);
}

static void every_failed_allocation_is_reported(void **state)
{
    (void)state;
    uint64_t seed = 10;
    for (int turn = 0; turn < 3; turn++) {
        const bool hubs = turn == 1;
        ent_circuit *circuit = turn == 0 ? random_fused(&seed, 5, 2)
                                         : wide_circuit(3, 1, ENT_PATTERN_STAR, ENT_CZ, 2, turn == 2);
        run r = run_new(circuit, 9, 1);
        const ent_program_inp inp = {.engine = ENT_ENGINE_PAULI, .threads = 1};
        const ent_batch batch = {9, r.angles, r.params};
        ent_program *program = NULL;
        const double margin = ent_pauli_set_hub_margin(hubs ? 0.0 : 4.0);
        check_every_allocation(ent_program_new(circuit, &inp, &program), (void)0);
        check_every_allocation(
            ent_program_gradient(program, &batch, cotangent, circuit, r.grad_params, r.grad_angles), (void)0);
        ent_pauli_set_hub_margin(margin);
        ent_program_free(program);
        run_free(&r);
        ent_circuit_free(circuit);
    }
}

static const struct CMUnitTest computes[] = {
    cmocka_unit_test(equals_reference_on_fused_models),
    cmocka_unit_test(every_engine_equals_dense_algebra_on_reuploading_models),
    cmocka_unit_test(equals_reference_on_all_gates_and_strings),
    cmocka_unit_test(hubs_equal_reference),
    cmocka_unit_test(any_number_of_samples),
    cmocka_unit_test(large_registers_equal_reference),
    cmocka_unit_test(register_of_17_qubits_equals_whole_state),
    cmocka_unit_test(threads_change_no_bit),
    cmocka_unit_test(adjoint_shift_and_differences_agree),
    cmocka_unit_test(runs_128_qubits),
    cmocka_unit_test(auto_takes_what_costs_less),
    cmocka_unit_test(no_register_is_legal),
};
static const struct CMUnitTest refuses[] = {
    cmocka_unit_test(refuses_with_the_reason),
    cmocka_unit_test(every_failed_allocation_is_reported),
};

CHECK_MAIN(computes, refuses)
