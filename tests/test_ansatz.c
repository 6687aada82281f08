/* Ansaetze: gate lists written by hand for small registers, counts for all. */
#include "check.h"

#include "entente/ansatz.h"

static ent_ansatz named(ent_ansatz_kind kind, int qubits, int layers)
{
    return (ent_ansatz){.kind = kind, .qubits = qubits, .layers = layers, .angles_per_qubit = 1, .reupload = true};
}

/* "ry 0 x1" and so on: a rotation's angle by its slot, p a parameter and x data. */
static void gate_text(const ent_gate *gate, char text[64])
{
    const ent_gate_info *info = ent_gate_describe(gate->kind);
    int at = snprintf(text, 64, "%s %d", info->name, gate->qubit[0]);
    if (info->qubits == 2) at += snprintf(text + at, 64 - (size_t)at, " %d", gate->qubit[1]);
    if (info->angles == 0) return;
    assert_true(gate->angle.scale == 1.0 && gate->angle.offset == 0.0 && gate->angle.source != ENT_ANGLE_FIXED);
    snprintf(text + at, 64 - (size_t)at, " %c%d", gate->angle.source == ENT_ANGLE_PARAM ? 'p' : 'x',
             gate->angle.slot);
}

/* The ansatz from qubit 0 and slot 0 is `wanted`: gates apart by ", ". */
static void check_gates(ent_ansatz a, const char *wanted)
{
    ent_circuit *circuit;
    check_ok(ent_circuit_new(a.qubits, ent_ansatz_params(&a), ent_ansatz_angles(&a), &circuit));
    check_ok(ent_ansatz_append(&a, 0, 0, 0, circuit));
    char found[2048] = "", text[64];
    for (int64_t g = 0; g < circuit->gates; g++) {
        gate_text(&circuit->gate[g], text);
        if (g > 0) strncat(found, ", ", sizeof found - strlen(found) - 1);
        strncat(found, text, sizeof found - strlen(found) - 1);
    }
    assert_string_equal(found, wanted);
    ent_circuit_free(circuit);
}

static void basic_is_rx_and_a_ring(void **state)
{
    (void)state;
    check_gates(named(ENT_ANSATZ_BASIC, 1, 2), "ry 0 x0, rx 0 p0, ry 0 x0, rx 0 p1");
    check_gates(named(ENT_ANSATZ_BASIC, 2, 1), "ry 0 x0, ry 1 x1, rx 0 p0, rx 1 p1, cx 0 1");
    check_gates(named(ENT_ANSATZ_BASIC, 3, 1),
                "ry 0 x0, ry 1 x1, ry 2 x2, rx 0 p0, rx 1 p1, rx 2 p2, cx 0 1, cx 1 2, cx 2 0");
}

static void strong_widens_its_ring(void **state)
{
    (void)state;
    check_gates(named(ENT_ANSATZ_STRONG, 1, 1), "ry 0 x0, rz 0 p0, ry 0 p1, rz 0 p2");
    check_gates(named(ENT_ANSATZ_STRONG, 2, 1),
                "ry 0 x0, ry 1 x1, rz 0 p0, ry 0 p1, rz 0 p2, rz 1 p3, ry 1 p4, rz 1 p5, cx 0 1, cx 1 0");
    ent_ansatz a = named(ENT_ANSATZ_STRONG, 3, 3);
    a.reupload = false;
    check_gates(a, "ry 0 x0, ry 1 x1, ry 2 x2, "
                   "rz 0 p0, ry 0 p1, rz 0 p2, rz 1 p3, ry 1 p4, rz 1 p5, rz 2 p6, ry 2 p7, rz 2 p8, "
                   "cx 0 1, cx 1 2, cx 2 0, "
                   "rz 0 p9, ry 0 p10, rz 0 p11, rz 1 p12, ry 1 p13, rz 1 p14, rz 2 p15, ry 2 p16, rz 2 p17, "
                   "cx 0 2, cx 1 0, cx 2 1, "
                   "rz 0 p18, ry 0 p19, rz 0 p20, rz 1 p21, ry 1 p22, rz 1 p23, rz 2 p24, ry 2 p25, rz 2 p26, "
                   "cx 0 1, cx 1 2, cx 2 0");
}

static void hea_is_ry_rz_and_a_chain(void **state)
{
    (void)state;
    ent_ansatz a = named(ENT_ANSATZ_HEA, 3, 1);
    a.angles_per_qubit = 2;
    check_gates(a, "ry 0 x0, rz 0 x3, ry 1 x1, rz 1 x4, ry 2 x2, rz 2 x5, "
                   "ry 0 p0, rz 0 p1, ry 1 p2, rz 1 p3, ry 2 p4, rz 2 p5, cz 0 1, cz 1 2");
}

static void product_entangles_nothing(void **state)
{
    (void)state;
    check_gates(named(ENT_ANSATZ_PRODUCT, 2, 2), "ry 0 x0, ry 1 x1, ry 0 p0, rz 0 p1, ry 1 p2, rz 1 p3, "
                                                 "ry 0 x0, ry 1 x1, ry 0 p4, rz 0 p5, ry 1 p6, rz 1 p7");
}

static void names_are_the_standard_ones(void **state)
{
    (void)state;
    assert_int_equal(ent_ansatz_named("basic"), ENT_ANSATZ_BASIC);
    assert_int_equal(ent_ansatz_named("strong"), ENT_ANSATZ_STRONG);
    assert_int_equal(ent_ansatz_named("hea"), ENT_ANSATZ_HEA);
    assert_int_equal(ent_ansatz_named("product"), ENT_ANSATZ_PRODUCT);
    assert_int_equal(ent_ansatz_named("product.qasm"), ENT_ANSATZ_QASM);
}

static void encoding_repeats_only_with_reupload(void **state)
{
    (void)state;
    ent_ansatz a = named(ENT_ANSATZ_HEA, 1, 2);
    check_gates(a, "ry 0 x0, ry 0 p0, rz 0 p1, ry 0 x0, ry 0 p2, rz 0 p3");
    a.reupload = false;
    check_gates(a, "ry 0 x0, ry 0 p0, rz 0 p1, ry 0 p2, rz 0 p3");
}

static void counts_are_what_the_gates_use(void **state)
{
    (void)state;
    static const int rotations[ENT_ANSATZ_QASM] = {1, 3, 2, 2};
    for (int kind = ENT_ANSATZ_BASIC; kind < ENT_ANSATZ_QASM; kind++)
        for (int n = 1; n <= 6; n++)
            for (int layers = 1; layers <= 4; layers++)
                for (int angles = 1; angles <= 2; angles++) {
                    ent_ansatz a = named((ent_ansatz_kind)kind, n, layers);
                    a.angles_per_qubit = angles;
                    assert_int_equal(ent_ansatz_params(&a), rotations[kind] * n * layers);
                    assert_int_equal(ent_ansatz_angles(&a), angles * n);
                }
}

static void append_starts_where_it_is_told(void **state)
{
    (void)state;
    const ent_ansatz a = named(ENT_ANSATZ_BASIC, 2, 1);
    ent_circuit *circuit;
    check_ok(ent_circuit_new(5, 9, 7, &circuit));
    check_ok(ent_ansatz_append(&a, 3, 7, 5, circuit));
    static const char *const wanted[] = {"ry 3 x5", "ry 4 x6", "rx 3 p7", "rx 4 p8", "cx 3 4"};
    assert_int_equal(circuit->gates, 5);
    for (int g = 0; g < 5; g++) {
        char text[64];
        gate_text(&circuit->gate[g], text);
        assert_string_equal(text, wanted[g]);
    }
    ent_circuit_free(circuit);
}

static void refuses_what_is_out_of_range(void **state)
{
    (void)state;
    ent_ansatz a = named((ent_ansatz_kind)7, 2, 1);
    check_fails(ent_ansatz_check(&a), ENT_EARG, "ansatz kind 7");
    a = named(ENT_ANSATZ_HEA, 0, 1);
    check_fails(ent_ansatz_check(&a), ENT_EARG, "0 qubits, want 1..62");
    a = named(ENT_ANSATZ_HEA, 63, 1);
    check_fails(ent_ansatz_check(&a), ENT_EARG, "63 qubits, want 1..62");
    a = named(ENT_ANSATZ_HEA, 2, 0);
    check_fails(ent_ansatz_check(&a), ENT_EARG, "0 layers, want 1..10000");
    a = named(ENT_ANSATZ_HEA, 2, 1);
    a.angles_per_qubit = 3;
    check_fails(ent_ansatz_check(&a), ENT_EARG, "3 data angles a qubit, want 1 or 2");
    a = named(ENT_ANSATZ_QASM, 2, 1);
    check_fails(ent_ansatz_check(&a), ENT_EARG, "no file");
}

static void refuses_a_circuit_without_room_for_it(void **state)
{
    (void)state;
    const ent_ansatz a = named(ENT_ANSATZ_BASIC, 2, 1);
    ent_circuit *circuit;
    check_ok(ent_circuit_new(3, 3, 3, &circuit));
    check_fails(ent_ansatz_append(&a, 2, 0, 0, circuit), ENT_EARG, "from qubit 2 of a circuit with 3");
    check_fails(ent_ansatz_append(&a, -1, 0, 0, circuit), ENT_EARG, "from qubit -1");
    check_fails(ent_ansatz_append(&a, 0, 2, 0, circuit), ENT_EARG, "2 parameters from slot 2 of a circuit with 3");
    check_fails(ent_ansatz_append(&a, 0, 0, 2, circuit), ENT_EARG, "2 data angles from slot 2 of a circuit with 3");
    assert_int_equal(circuit->gates, 0);
    ent_circuit_free(circuit);
}

static void leaves_the_circuit_when_memory_is_short(void **state)
{
    (void)state;
    const ent_ansatz a = named(ENT_ANSATZ_STRONG, 6, 10);
    ent_circuit *circuit;
    check_ok(ent_circuit_new(6, ent_ansatz_params(&a), ent_ansatz_angles(&a), &circuit));
    int failures = 0;
    check_every_allocation(ent_ansatz_append(&a, 0, 0, 0, circuit), {
        assert_int_equal(circuit->gates, 0);
        failures++;
    });
    assert_int_equal(circuit->gates, 10 * (6 + 18 + 6));
    assert_true(failures > 1);
    ent_circuit_free(circuit);
}

static const struct CMUnitTest computes[] = {
    cmocka_unit_test(basic_is_rx_and_a_ring),        cmocka_unit_test(strong_widens_its_ring),
    cmocka_unit_test(hea_is_ry_rz_and_a_chain),      cmocka_unit_test(product_entangles_nothing),
    cmocka_unit_test(names_are_the_standard_ones),   cmocka_unit_test(encoding_repeats_only_with_reupload),
    cmocka_unit_test(counts_are_what_the_gates_use), cmocka_unit_test(append_starts_where_it_is_told),
};
static const struct CMUnitTest refuses[] = {
    cmocka_unit_test(refuses_what_is_out_of_range),
    cmocka_unit_test(refuses_a_circuit_without_room_for_it),
    cmocka_unit_test(leaves_the_circuit_when_memory_is_short),
};
CHECK_MAIN(computes, refuses)
