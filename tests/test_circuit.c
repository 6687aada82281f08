/* Circuits and gates: every kind against the textbook, its derivative's generator, and what add and read refuse. */
#include "check.h"

#include "dense.h"
#include "entente/circuit.h"
#include "entente/memory.h"
#include "entente/random.h"
#include "random_circuit.h"

static const double ANGLES[] = {0.0, 0.3, -1.7, 3.14159265358979, 5.0, 40.0};
enum { ANGLE_COUNT = sizeof ANGLES / sizeof *ANGLES };

static dense_number entry(const double *matrix, int d, int row, int column)
{
    return dense_of(matrix[2 * (row * d + column)], matrix[2 * (row * d + column) + 1]);
}

static void matrices_are_the_textbooks(void **state)
{
    (void)state;
    static dense_matrix wanted;
    for (int kind = 0; kind < ENT_QFT; kind++)
        for (int k = 0; k < ANGLE_COUNT; k++) {
            double m[32];
            const int d = ent_gate_matrix((ent_gate_kind)kind, ANGLES[k], m);
            const int n = ent_gate_describe((ent_gate_kind)kind)->qubits;
            assert_int_equal(d, 1 << n);
            dense_gate((ent_gate_kind)kind, ANGLES[k], (int[2]){0, 1}, n, &wanted);
            for (int r = 0; r < d; r++)
                for (int c = 0; c < d; c++) check_near(cabs(entry(m, d, r, c) - wanted.a[r][c]), 0.0, 2e-15);
        }
}

/* A few entries by hand, to check the dense algebra of the tests itself. */
static void some_entries_by_hand(void **state)
{
    (void)state;
    double m[32];
    ent_gate_matrix(ENT_CX, 0.0, m); /* control is bit 0: |01> <-> |11>, indices 1 and 3 */
    for (int r = 0; r < 4; r++)
        for (int c = 0; c < 4; c++) {
            static const int image[4] = {0, 3, 2, 1};
            check_near(cabs(entry(m, 4, r, c) - (image[c] == r)), 0.0, 0.0);
        }
    ent_gate_matrix(ENT_RY, 1.0, m);
    check_near(m[2], -sin(0.5), 1e-16);
    check_near(m[4], sin(0.5), 1e-16);
    ent_gate_matrix(ENT_RZZ, 1.0, m);
    check_near(cabs(entry(m, 4, 1, 1) - cexp(dense_of(0, 0.5))), 0.0, 1e-15);
    ent_gate_matrix(ENT_CP, 1.0, m);
    check_near(cabs(entry(m, 4, 3, 3) - cexp(dense_of(0, 1.0))), 0.0, 1e-15);
}

static void matrices_are_unitary(void **state)
{
    (void)state;
    for (int kind = 0; kind < ENT_QFT; kind++)
        for (int k = 0; k < ANGLE_COUNT; k++) {
            double m[32];
            const int d = ent_gate_matrix((ent_gate_kind)kind, ANGLES[k], m);
            for (int r = 0; r < d; r++)
                for (int c = 0; c < d; c++) {
                    dense_number sum = 0;
                    for (int j = 0; j < d; j++) sum += entry(m, d, r, j) * conj(entry(m, d, c, j));
                    check_near(cabs(sum - (r == c)), 0.0, 1e-15);
                }
        }
}

static void generators_give_the_derivative(void **state)
{
    (void)state;
    const double h = 1e-5;
    for (int kind = 0; kind < ENT_GATE_KINDS; kind++) {
        if (ent_gate_describe((ent_gate_kind)kind)->angles == 0) continue;
        for (int k = 0; k < ANGLE_COUNT; k++) {
            double u[32], plus[32], minus[32], g[32];
            const int d = ent_gate_matrix((ent_gate_kind)kind, ANGLES[k], u);
            ent_gate_matrix((ent_gate_kind)kind, ANGLES[k] + h, plus);
            ent_gate_matrix((ent_gate_kind)kind, ANGLES[k] - h, minus);
            assert_int_equal(ent_gate_generator((ent_gate_kind)kind, g), d);
            for (int r = 0; r < d; r++)
                for (int c = 0; c < d; c++) {
                    const dense_number slope = (entry(plus, d, r, c) - entry(minus, d, r, c)) / (2.0 * h);
                    dense_number product = 0;
                    for (int j = 0; j < d; j++) product += entry(g, d, r, j) * entry(u, d, j, c);
                    check_near(cabs(slope - product), 0.0, 1e-9);
                }
        }
    }
}

static ent_status count_kinds(void *context, const ent_gate *gate)
{
    ((int *)context)[gate->kind]++;
    return ENT_OK;
}

/* H, CP and SWAP as in the textbook; followed by its inverse, the angles cancel. */
static void qft_is_spelled_out(void **state)
{
    (void)state;
    for (int n = 1; n <= 6; n++) {
        int count[ENT_GATE_KINDS] = {0};
        check_ok(ent_qft_spell_out(&(ent_gate){ENT_QFT, {3, n + 2}, ent_angle_none()}, count_kinds, count));
        check_ok(ent_qft_spell_out(&(ent_gate){ENT_IQFT, {3, n + 2}, ent_angle_none()}, count_kinds, count));
        assert_int_equal(count[ENT_H], 2 * n);
        assert_int_equal(count[ENT_CP], n * (n - 1));
        assert_int_equal(count[ENT_SWAP], n / 2 * 2);
    }
}

static void kinds_have_their_names(void **state)
{
    (void)state;
    static const char *const names[ENT_GATE_KINDS] = {"x",   "y",   "z",  "h",   "s",   "sdg", "t",   "tdg",  "sx",
                                                      "rx",  "ry",  "rz", "p",   "cx",  "cy",  "cz",  "swap", "crx",
                                                      "cry", "crz", "cp", "rxx", "ryy", "rzz", "qft", "iqft"};
    for (int kind = 0; kind < ENT_GATE_KINDS; kind++) {
        const ent_gate_info *info = ent_gate_describe((ent_gate_kind)kind);
        assert_string_equal(info->name, names[kind]);
        assert_int_equal(info->qubits, kind < ENT_CX ? 1 : kind < ENT_QFT ? 2 : 0);
        assert_int_equal(info->angles, (kind >= ENT_RX && kind <= ENT_P) || (kind >= ENT_CRX && kind <= ENT_RZZ));
    }
}

static void angles_are_affine_in_their_slot(void **state)
{
    (void)state;
    const double params[2] = {10.0, 20.0}, data[2] = {1.0, 2.0};
    const ent_angle param = {ENT_ANGLE_PARAM, 1, 0.5, -1.0}, datum = {ENT_ANGLE_DATA, 1, -3.0, 0.25};
    const ent_angle fixed = ent_angle_fixed(0.75);
    check_near(ent_angle_value(&param, params, NULL), 9.0, 0.0);
    check_near(ent_angle_value(&datum, NULL, data), -5.75, 0.0);
    check_near(ent_angle_value(&fixed, NULL, NULL), 0.75, 0.0);
    const ent_angle p0 = ent_angle_param(0), x0 = ent_angle_data(0);
    check_near(ent_angle_value(&p0, params, data), 10.0, 0.0);
    check_near(ent_angle_value(&x0, params, data), 1.0, 0.0);
}

static void gates_are_kept_in_order(void **state)
{
    (void)state;
    enum { N = 1000 };
    ent_circuit *circuit;
    check_ok(ent_circuit_new(3, 0, 0, &circuit));
    for (int g = 0; g < N; g++) {
        check_ok(ent_circuit_add(circuit, (ent_gate){ENT_CRX, {g % 3, (g + 1) % 3}, ent_angle_fixed(g)}));
        check_ok(ent_circuit_read(circuit, (uint64_t)(1 + g % 7)));
    }
    assert_int_equal(circuit->gates, N);
    assert_int_equal(circuit->readouts, N);
    for (int g = 0; g < N; g++) {
        assert_int_equal(circuit->gate[g].qubit[0], g % 3);
        assert_int_equal(circuit->gate[g].qubit[1], (g + 1) % 3);
        check_near(circuit->gate[g].angle.offset, g, 0.0);
        assert_true(ent_bits_equal(circuit->readout[g].z, ent_bits_of_word((uint64_t)(1 + g % 7))));
        assert_int_equal(ent_bits_count(circuit->readout[g].x), 0);
    }
    ent_circuit_free(circuit);
    ent_circuit_free(NULL);
}

static void qubits_are_cut_into_registers(void **state)
{
    (void)state;
    ent_circuit *circuit;
    check_ok(ent_circuit_new(0, 0, 0, &circuit));
    assert_true(circuit->registers == 0 && circuit->register_first[0] == 0);
    ent_circuit_free(circuit);
    check_ok(ent_circuit_new(70, 0, 0, &circuit));
    assert_true(circuit->registers == 1 && circuit->register_first[1] == 70);
    check_ok(ent_circuit_registers(circuit, 3, (const int[3]){60, 1, 9}));
    const int wanted[4] = {0, 60, 61, 70};
    assert_int_equal(circuit->registers, 3);
    assert_memory_equal(circuit->register_first, wanted, sizeof wanted);
    ent_circuit_free(circuit);
}

/* Against counting qubit by qubit. */
static void sets_of_qubits(void **state)
{
    (void)state;
    ent_random s = ent_random_at(1, ENT_FOR_TEST, 0, 0);
    for (int round = 0; round < 200; round++) {
        ent_bits a = {{0}}, b = {{0}};
        for (int k = 0; k < round % 40; k++) {
            ent_bits_add(&a, (int)ent_random_below(&s, ENT_MAX_QUBITS));
            ent_bits_add(&b, (int)ent_random_below(&s, ENT_MAX_QUBITS));
        }
        const ent_bits both = ent_bits_and(a, b), any = ent_bits_or(a, b), one = ent_bits_xor(a, b);
        int in_a = 0, in_both = 0, last = -1;
        for (int q = 0; q < ENT_MAX_QUBITS; q++) {
            const bool x = ent_bits_has(&a, q), y = ent_bits_has(&b, q);
            assert_true(ent_bits_has(&both, q) == (x && y));
            assert_true(ent_bits_has(&any, q) == (x || y));
            assert_true(ent_bits_has(&one, q) == (x != y));
            in_a += x;
            in_both += x && y;
            if (x) last = q;
        }
        assert_int_equal(ent_bits_count(a), in_a);
        assert_int_equal(ent_bits_parity(a, b), in_both & 1);
        assert_int_equal(ent_bits_last(a), last);
        assert_true(ent_bits_equal(ent_bits_xor(one, b), a));
        assert_true(ent_bits_equal(a, b) == (ent_bits_count(one) == 0));
    }
}

/* ---- some of the qubits ---- */

static bool touches_only(const ent_gate *gate, const ent_bits *kept)
{
    for (int k = 0; k < 2; k++)
        if (!ent_bits_has(kept, gate->qubit[k])) return false;
    return true;
}

/* The same circuit on all of its qubits, without what touches another than the kept ones: what is left of a range
 * must be one. */
static ent_circuit *without_others(const ent_circuit *circuit, const ent_bits *kept)
{
    ent_circuit *same;
    check_ok(ent_circuit_new(circuit->qubits, circuit->params, circuit->angles, &same));
    for (int64_t g = 0; g < circuit->gates; g++) {
        ent_gate gate = circuit->gate[g];
        const bool range = ent_gate_describe(gate.kind)->qubits == 0;
        while (range && gate.qubit[0] < gate.qubit[1] && !ent_bits_has(kept, gate.qubit[0])) gate.qubit[0]++;
        while (range && gate.qubit[0] < gate.qubit[1] && !ent_bits_has(kept, gate.qubit[1])) gate.qubit[1]--;
        if (touches_only(&gate, kept)) check_ok(ent_circuit_add(same, gate));
    }
    for (int r = 0; r < circuit->readouts; r++) {
        const ent_bits on = ent_bits_or(circuit->readout[r].x, circuit->readout[r].z);
        if (ent_bits_equal(ent_bits_and(on, *kept), on)) check_ok(ent_circuit_read_pauli(same, &circuit->readout[r]));
    }
    return same;
}

/* A circuit without its gates on ranges, which on a part of a range are not on one of the others' qubits. */
static ent_circuit *without_ranges(ent_circuit *circuit)
{
    ent_circuit *same;
    check_ok(ent_circuit_new(circuit->qubits, circuit->params, circuit->angles, &same));
    for (int64_t g = 0; g < circuit->gates; g++)
        if (ent_gate_describe(circuit->gate[g].kind)->qubits > 0) check_ok(ent_circuit_add(same, circuit->gate[g]));
    for (int r = 0; r < circuit->readouts; r++) check_ok(ent_circuit_read_pauli(same, &circuit->readout[r]));
    ent_circuit_free(circuit);
    return same;
}

/* Every set of 5 qubits: the readouts are those of the whole state, in which the others stay |0>. */
static void kept_qubits_are_as_if_the_others_were_never_touched(void **state)
{
    (void)state;
    enum { N = 5, READOUTS = 40, SLOTS = 4 };
    int readouts = 0, fewer_gates = 0;
    for (uint64_t set = 1; set < 1 << N; set++) {
        const uint64_t lowest = set & -set;
        const bool range = ((set + lowest) & set) == 0;
        ent_circuit *circuit = random_circuit(set, N, 60, SLOTS, SLOTS, READOUTS), *part;
        if (!range) circuit = without_ranges(circuit);
        double *params = random_numbers(set, SLOTS), *data = random_numbers(set + 100, SLOTS);
        double found[READOUTS], wanted[READOUTS];
        int old[READOUTS];
        const ent_bits kept = ent_bits_of_word(set);
        ent_circuit *same = without_others(circuit, &kept);
        check_ok(ent_circuit_keep(circuit, &kept, old, &part));
        assert_int_equal(part->qubits, ent_bits_count(kept));
        assert_int_equal(part->gates, same->gates);
        assert_int_equal(part->readouts, same->readouts);
        dense_run(part, params, data, found);
        dense_run(same, params, data, wanted);
        for (int r = 0; r < part->readouts; r++) {
            check_near(found[r], wanted[r], 1e-13);
            assert_true(ent_bits_equal(circuit->readout[old[r]].x, same->readout[r].x));
            assert_true(ent_bits_equal(circuit->readout[old[r]].z, same->readout[r].z));
        }
        readouts += part->readouts;
        fewer_gates += part->gates < circuit->gates;
        ent_circuit_free(circuit);
        ent_circuit_free(part);
        ent_circuit_free(same);
        ent_free(params);
        ent_free(data);
    }
    assert_true(readouts > 100);
    assert_int_equal(fewer_gates, (1 << N) - 2);
}

static void registers_keep_some_of_their_qubits(void **state)
{
    (void)state;
    ent_circuit *circuit, *part;
    const ent_bits kept = ent_bits_of_word(0x133); /* of 3, 1, 2 and 3 qubits: 2, 0, 2 and 1 */
    check_ok(ent_circuit_new(9, 0, 0, &circuit));
    check_ok(ent_circuit_registers(circuit, 4, (const int[4]){3, 1, 2, 3}));
    check_ok(ent_circuit_keep(circuit, &kept, NULL, &part));
    const int wanted[4] = {0, 2, 4, 5};
    assert_int_equal(part->registers, 3);
    assert_memory_equal(part->register_first, wanted, sizeof wanted);
    ent_circuit_free(circuit);
    ent_circuit_free(part);
}

static void refuses_sizes(void **state)
{
    (void)state;
    ent_circuit *circuit = NULL;
    check_fails(ent_circuit_new(-1, 0, 0, &circuit), ENT_EARG, "circuit of -1 qubits, want 0..256");
    check_fails(ent_circuit_new(257, 0, 0, &circuit), ENT_EARG, "circuit of 257 qubits, want 0..256");
    check_fails(ent_circuit_new(1, -1, 0, &circuit), ENT_EARG, "-1 parameters");
    check_fails(ent_circuit_new(1, 0, -2, &circuit), ENT_EARG, "-2 data angles");
    assert_null(circuit);
    check_ok(ent_circuit_new(256, 0, 0, &circuit));
    check_ok(ent_circuit_read(circuit, UINT64_MAX));
    check_ok(ent_circuit_read_pauli(circuit, &(ent_pauli){.x = {{0, 0, 0, UINT64_C(1) << 63}}}));
    ent_circuit_free(circuit);
}

/* Refused with `part` in the message, and the circuit unchanged. */
static void check_gate_refused(ent_circuit *circuit, ent_gate gate, const char *part)
{
    const ent_circuit before = *circuit;
    check_fails(ent_circuit_add(circuit, gate), ENT_EARG, part);
    assert_memory_equal(circuit, &before, sizeof before);
}

static void refuses_gates(void **state)
{
    (void)state;
    const ent_angle none = ent_angle_none(), infinite = ent_angle_fixed(INFINITY);
    const ent_angle scaled = {ENT_ANGLE_PARAM, 0, NAN, 0.0}, param_2 = ent_angle_param(2), data_1 = ent_angle_data(1);
    ent_circuit *circuit;
    check_ok(ent_circuit_new(3, 2, 1, &circuit));
    check_ok(ent_circuit_add(circuit, (ent_gate){ENT_H, {2, 0}, none}));
    check_gate_refused(circuit, (ent_gate){ENT_GATE_KINDS, {0, 1}, none}, "gate kind 26");
    check_gate_refused(circuit, (ent_gate){(ent_gate_kind)-1, {0, 1}, none}, "gate kind -1");
    check_gate_refused(circuit, (ent_gate){ENT_X, {3, 0}, none}, "gate x on qubit 3 of a circuit with 3");
    check_gate_refused(circuit, (ent_gate){ENT_X, {-1, 0}, none}, "gate x on qubit -1");
    check_gate_refused(circuit, (ent_gate){ENT_CX, {0, 3}, none}, "gate cx on qubit 3");
    check_gate_refused(circuit, (ent_gate){ENT_SWAP, {1, 1}, none}, "gate swap twice on qubit 1");
    check_gate_refused(circuit, (ent_gate){ENT_QFT, {1, 3}, none}, "gate qft on qubit 3 of a circuit with 3");
    check_gate_refused(circuit, (ent_gate){ENT_IQFT, {-1, 1}, none}, "gate iqft on qubit -1");
    check_gate_refused(circuit, (ent_gate){ENT_QFT, {2, 1}, none},
                       "gate qft on qubits 2 to 1, want the lowest first");
    check_gate_refused(circuit, (ent_gate){ENT_QFT, {0, 1}, ent_angle_param(0)}, "gate qft takes no angle");
    check_gate_refused(circuit, (ent_gate){ENT_RX, {0, 0}, param_2}, "gate rx: angle slot 2, want 0..1");
    check_gate_refused(circuit, (ent_gate){ENT_RX, {0, 0}, data_1}, "gate rx: angle slot 1, want 0..0");
    check_gate_refused(circuit, (ent_gate){ENT_RX, {0, 0}, ent_angle_param(-1)}, "angle slot -1");
    check_gate_refused(circuit, (ent_gate){ENT_RX, {0, 0}, infinite}, "gate rx: angle");
    check_gate_refused(circuit, (ent_gate){ENT_RX, {0, 0}, scaled}, "gate rx: angle");
    check_gate_refused(circuit, (ent_gate){ENT_H, {0, 0}, ent_angle_fixed(1.0)}, "gate h takes no angle");
    check_gate_refused(circuit, (ent_gate){ENT_CZ, {0, 1}, ent_angle_param(0)}, "gate cz takes no angle");
    check_gate_refused(circuit, (ent_gate){ENT_RX, {0, 0}, {(ent_angle_source)9, 0, 1.0, 0.0}}, "angle source 9");
    ent_circuit_free(circuit);
}

static void refuses_readouts(void **state)
{
    (void)state;
    ent_circuit *circuit;
    check_ok(ent_circuit_new(3, 0, 0, &circuit));
    check_ok(ent_circuit_read(circuit, 7));
    const ent_circuit before = *circuit;
    check_fails(ent_circuit_read(circuit, 0), ENT_EARG, "readout mask 0");
    check_fails(ent_circuit_read(circuit, 8), ENT_EARG, "readout mask 0x8 of a circuit with 3 qubits");
    check_fails(ent_circuit_read_pauli(circuit, &(ent_pauli){.x = {{0}}}), ENT_EARG, "of no qubit, want one of 3");
    check_fails(ent_circuit_read_pauli(circuit, &(ent_pauli){.z = {{0, 4}}}), ENT_EARG,
                "qubit 66 of a circuit with 3");
    check_fails(ent_circuit_read_pauli(circuit, &(ent_pauli){.x = {{8}}}), ENT_EARG, "qubit 3 of a circuit with 3");
    assert_memory_equal(circuit, &before, sizeof before);
    ent_circuit_free(circuit);
    check_ok(ent_circuit_new(0, 0, 0, &circuit));
    check_fails(ent_circuit_read(circuit, 1), ENT_EARG, "with 0 qubits");
    check_fails(ent_circuit_read_pauli(circuit, &(ent_pauli){.x = {{1}}}), ENT_EARG, "qubit 0 of a circuit with 0");
    ent_circuit_free(circuit);
}

static void refuses_registers(void **state)
{
    (void)state;
    ent_circuit *circuit;
    check_ok(ent_circuit_new(5, 0, 0, &circuit));
    const ent_circuit before = *circuit;
    check_fails(ent_circuit_registers(circuit, 2, (const int[2]){2, 4}), ENT_EARG,
                "register 1 of 4 qubits from qubit 2 of a circuit with 5");
    check_fails(ent_circuit_registers(circuit, 3, (const int[3]){2, 0, 3}), ENT_EARG, "register 1 of 0 qubits");
    check_fails(ent_circuit_registers(circuit, 2, (const int[2]){2, 2}), ENT_EARG,
                "registers of 4 qubits in all, want the circuit's 5");
    check_fails(ent_circuit_registers(circuit, 0, NULL), ENT_EARG, "registers of 0 qubits in all");
    const int sizes[2] = {2, 3};
    check_every_allocation(ent_circuit_registers(circuit, 2, sizes),
                           assert_memory_equal(circuit, &before, sizeof before));
    assert_int_equal(circuit->registers, 2);
    ent_circuit_free(circuit);
}

static void refuses_to_keep_none(void **state)
{
    (void)state;
    ent_circuit *circuit, *part = NULL;
    const ent_bits none = {{0}}, beyond = ent_bits_of_word(9), some = ent_bits_of_word(5);
    int readout;
    check_ok(ent_circuit_new(3, 0, 0, &circuit));
    check_ok(ent_circuit_add(circuit, (ent_gate){ENT_CX, {0, 2}, ent_angle_none()}));
    check_ok(ent_circuit_read(circuit, 4));
    check_fails(ent_circuit_keep(circuit, &none, &readout, &part), ENT_EARG, "0 qubits to keep");
    check_fails(ent_circuit_keep(circuit, &beyond, &readout, &part), ENT_EARG,
                "the last 3, want some of the circuit's 3");
    check_every_allocation(ent_circuit_keep(circuit, &some, &readout, &part), assert_null(part));
    ent_circuit_free(part);
    ent_circuit_free(circuit);
}

static void survives_every_failing_allocation(void **state)
{
    (void)state;
    ent_circuit *circuit = NULL;
    check_every_allocation(ent_circuit_new(2, 0, 0, &circuit), assert_null(circuit));
    const ent_gate gate = {ENT_CX, {0, 1}, ent_angle_none()};
    do check_ok(ent_circuit_add(circuit, gate));
    while (circuit->gates < circuit->gate_room);
    do check_ok(ent_circuit_read(circuit, 3));
    while (circuit->readouts < circuit->readout_room);
    const int gates = (int)circuit->gate_room, readouts = (int)circuit->readout_room;
    check_every_allocation(ent_circuit_add(circuit, gate), assert_int_equal(circuit->gates, gates));
    check_every_allocation(ent_circuit_read(circuit, 3), assert_int_equal(circuit->readouts, readouts));
    assert_int_equal(circuit->gates, gates + 1);
    assert_int_equal(circuit->readouts, readouts + 1);
    ent_circuit_free(circuit);
}

static const struct CMUnitTest computes[] = {
    cmocka_unit_test(matrices_are_the_textbooks),
    cmocka_unit_test(some_entries_by_hand),
    cmocka_unit_test(matrices_are_unitary),
    cmocka_unit_test(generators_give_the_derivative),
    cmocka_unit_test(qft_is_spelled_out),
    cmocka_unit_test(kinds_have_their_names),
    cmocka_unit_test(angles_are_affine_in_their_slot),
    cmocka_unit_test(gates_are_kept_in_order),
    cmocka_unit_test(qubits_are_cut_into_registers),
    cmocka_unit_test(sets_of_qubits),
    cmocka_unit_test(kept_qubits_are_as_if_the_others_were_never_touched),
    cmocka_unit_test(registers_keep_some_of_their_qubits),
};
static const struct CMUnitTest refuses[] = {
    cmocka_unit_test(refuses_sizes),        cmocka_unit_test(refuses_gates),
    cmocka_unit_test(refuses_readouts),     cmocka_unit_test(refuses_registers),
    cmocka_unit_test(refuses_to_keep_none), cmocka_unit_test(survives_every_failing_allocation),
};
CHECK_MAIN(computes, refuses)
