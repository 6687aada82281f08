/* Ansaetze: gate lists written by hand for small registers, counts for all; encodings against dense algebra. */
#include "dense.h"
#include "gate_list.h"

#include "entente/ansatz.h"
#include "entente/random.h"

static ent_ansatz named(ent_ansatz_kind kind, int qubits, int layers)
{
    return (ent_ansatz){.kind = kind, .qubits = qubits, .layers = layers, .angles_per_qubit = 1, .reupload = true};
}

/* "ry 0 x1" and so on: a rotation's angle by its slot, p a parameter and x data. */
static void gate_text(const ent_gate *gate, char *text)
{
    const int at = gate_name_text(gate, text);
    if (ent_gate_describe(gate->kind)->angles == 0) return;
    assert_true(gate->angle.scale == 1.0 && gate->angle.offset == 0.0 && gate->angle.source != ENT_ANGLE_FIXED);
    snprintf(text + at, GATE_TEXT - (size_t)at, " %c%d", gate->angle.source == ENT_ANGLE_PARAM ? 'p' : 'x',
             gate->angle.slot);
}

/* The ansatz from qubit 0 and slot 0 consists of the gates `wanted`. */
static void check_gates(ent_ansatz a, const char *wanted)
{
    ent_circuit *circuit;
    check_ok(ent_circuit_new(a.qubits, ent_ansatz_params(&a), ent_ansatz_angles(&a), &circuit));
    check_ok(ent_ansatz_append(&a, 0, 0, 0, circuit));
    check_gate_list(circuit, gate_text, wanted);
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
    static const int rotations[ENT_ANSATZ_QASM] = {1, 3, 2, 2, 1};
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

static void append_starts_at_the_given_place(void **state)
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
    check_fails(ent_ansatz_check(&a), ENT_EARG, "3 data angles per qubit, want 1 or 2");
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

/* ---- encodings ---- */

static const ent_encoding OF_PAIRS[] = {ENT_ENCODE_IQP, ENT_ENCODE_ZZ};

/* The state after an encoding's gates, by dense algebra. */
static void encoded(ent_encoding encoding, int n, const double *x, dense_number psi[DENSE_DIM])
{
    static dense_matrix m;
    dense_number next[DENSE_DIM];
    double slot[DENSE_DIM + DENSE_QUBITS * DENSE_QUBITS] = {0};
    ent_circuit *circuit;
    check_ok(ent_encoding_check(encoding, n, 1));
    check_ok(ent_circuit_new(n, 0, ent_encoding_slots(encoding, n, 1), &circuit));
    check_ok(ent_encoding_append(encoding, n, 1, 0, 0, circuit));
    ent_encoding_forward(encoding, n, 1, x, slot);
    memset(psi, 0, DENSE_DIM * sizeof *psi);
    psi[0] = 1;
    for (int64_t g = 0; g < circuit->gates; g++) {
        dense_gate(circuit->gate[g].kind, ent_angle_value(&circuit->gate[g].angle, NULL, slot),
                   circuit->gate[g].qubit, n, &m);
        dense_multiply(&m, psi, next);
        memcpy(psi, next, sizeof next);
    }
    ent_circuit_free(circuit);
}

static void amplitudes_are_prepared(void **state)
{
    (void)state;
    for (int n = 1; n <= 5; n++)
        for (int what = 0; what < 6; what++) {
            ent_random s = ent_random_at(5, ENT_FOR_TEST, (uint64_t)n, (uint64_t)what);
            double x[DENSE_DIM], norm = 0.0;
            dense_number psi[DENSE_DIM];
            for (int k = 0; k < 1 << n; k++) { /* of both signs; positive; with zeros; one only; huge; all 0 */
                x[k] = what == 1 ? ent_random_uniform(&s) : ent_random_normal(&s);
                if (what == 2 && k % 3 != 0) x[k] = 0.0;
                if (what == 3) x[k] = k == (1 << n) - 1 ? -0.25 : 0.0;
                if (what == 4) x[k] *= 1e200;
                if (what == 5) x[k] = 0.0;
                norm = hypot(norm, x[k]);
            }
            encoded(ENT_ENCODE_AMPLITUDE, n, x, psi);
            for (int k = 0; k < 1 << n; k++)
                check_near(cabs(psi[k] - (norm > 0.0 ? x[k] / norm : k == 0)), 0.0, 1e-14);
        }
}

/* The phases of all states, written down. */
static void feature_maps_are_phases(void **state)
{
    (void)state;
    const double pi = acos(-1.0);
    for (int n = 1; n <= 4; n++)
        for (int which = 0; which < 2; which++) {
            double x[4];
            dense_number psi[DENSE_DIM], first = 1;
            ent_random s = ent_random_at(6, ENT_FOR_TEST, (uint64_t)n, 0);
            for (int q = 0; q < n; q++) x[q] = ent_random_normal(&s);
            encoded(OF_PAIRS[which], n, x, psi);
            for (int k = 0; k < 1 << n; k++) {
                double phase = 0.0;
                for (int q = 0; q < n; q++) {
                    const int bit = k >> q & 1;
                    phase += which ? 2.0 * x[q] * bit : -0.5 * x[q] * (1 - 2 * bit);
                    for (int p = 0; p < q; p++) {
                        const int odd = bit ^ (k >> p & 1);
                        phase += which ? 2.0 * (pi - x[p]) * (pi - x[q]) * odd : -0.5 * x[p] * x[q] * (1 - 2 * odd);
                    }
                }
                const dense_number wanted = dense_of(cos(phase), sin(phase)) * pow(2.0, -0.5 * n);
                if (k == 0) first = psi[0] / wanted;
                check_near(cabs(psi[k] - first * wanted), 0.0, 1e-13);
            }
        }
}

static void encodings_go_back_by_the_chain_rule(void **state)
{
    (void)state;
    for (int encoding = 0; encoding < ENT_ENCODINGS; encoding++)
        for (int n = 1; n <= 4; n++) {
            const int inputs = ent_encoding_inputs((ent_encoding)encoding, n, 1);
            const int slots = ent_encoding_slots((ent_encoding)encoding, n, 1);
            ent_random s = ent_random_at(7, ENT_FOR_TEST, (uint64_t)n, (uint64_t)encoding);
            double x[16], slot[32], d_slot[32], d_x[16], up[32], down[32];
            for (int k = 0; k < inputs; k++) x[k] = ent_random_normal(&s);
            for (int k = 0; k < slots; k++) d_slot[k] = ent_random_normal(&s);
            if (encoding == ENT_ENCODE_AMPLITUDE) d_slot[slots - 1] = 0.0; /* no gate reads the norm */
            ent_encoding_forward((ent_encoding)encoding, n, 1, x, slot);
            ent_encoding_backward((ent_encoding)encoding, n, 1, slot, d_slot, d_x);
            for (int k = 0; k < inputs; k++) {
                const double h = 1e-6, there = x[k];
                double wanted = 0.0;
                x[k] = there + h;
                ent_encoding_forward((ent_encoding)encoding, n, 1, x, up);
                x[k] = there - h;
                ent_encoding_forward((ent_encoding)encoding, n, 1, x, down);
                x[k] = there;
                for (int j = 0; j < slots; j++) wanted += d_slot[j] * (up[j] - down[j]) / (2 * h);
                check_near(d_x[k], wanted, 1e-7 * (1.0 + fabs(wanted)));
            }
        }
}

static void encodings_are_those_of_layers(void **state)
{
    (void)state;
    ent_ansatz a = named(ENT_ANSATZ_REAL_AMPLITUDES, 3, 2);
    a.encoding = ENT_ENCODE_RX;
    a.reupload = false;
    check_gates(a, "rx 0 x0, rx 1 x1, rx 2 x2, ry 0 p0, ry 1 p1, ry 2 p2, cx 0 1, cx 1 2, "
                   "ry 0 p3, ry 1 p4, ry 2 p5, cx 0 1, cx 1 2");
    a = named(ENT_ANSATZ_BASIC, 2, 1);
    a.encoding = ENT_ENCODE_RZ;
    check_gates(a, "h 0, rz 0 x0, h 1, rz 1 x1, rx 0 p0, rx 1 p1, cx 0 1");
    a.encoding = ENT_ENCODE_IQP;
    assert_int_equal(ent_ansatz_inputs(&a), 2);
    assert_int_equal(ent_ansatz_angles(&a), 3);
    check_gates(a, "h 0, rz 0 x0, h 1, rz 1 x1, rzz 0 1 x2, rx 0 p0, rx 1 p1, cx 0 1");
    a.encoding = ENT_ENCODE_AMPLITUDE;
    assert_int_equal(ent_ansatz_inputs(&a), 4);
    check_gates(a, "ry 1 x0, ry 0 x1, cx 1 0, ry 0 x2, cx 1 0, rx 0 p0, rx 1 p1, cx 0 1");
    a.layers = 2;
    check_fails(ent_ansatz_check(&a), ENT_EARG, "amplitude encoding in each of 2 layers");
    a.reupload = false;
    check_ok(ent_ansatz_check(&a));
    a.angles_per_qubit = 2;
    check_fails(ent_ansatz_check(&a), ENT_EARG,
                "angles: found 2 data angles per qubit, want 1 with every encoding but ry");
    a.angles_per_qubit = 1;
    a.own_angles = true;
    check_fails(ent_ansatz_check(&a), ENT_EARG, "factors of data angles with an encoding that is not by rotations");
    a.own_angles = false;
    a.qubits = 13;
    check_fails(ent_ansatz_check(&a), ENT_EARG, "amplitude encoding on 13 qubits, want at most 12");
}

static const struct CMUnitTest computes[] = {
    cmocka_unit_test(basic_is_rx_and_a_ring),
    cmocka_unit_test(strong_widens_its_ring),
    cmocka_unit_test(hea_is_ry_rz_and_a_chain),
    cmocka_unit_test(product_entangles_nothing),
    cmocka_unit_test(names_are_the_standard_ones),
    cmocka_unit_test(encoding_repeats_only_with_reupload),
    cmocka_unit_test(counts_are_what_the_gates_use),
    cmocka_unit_test(append_starts_at_the_given_place),
    cmocka_unit_test(amplitudes_are_prepared),
    cmocka_unit_test(feature_maps_are_phases),
    cmocka_unit_test(encodings_go_back_by_the_chain_rule),
    cmocka_unit_test(encodings_are_those_of_layers),
};
static const struct CMUnitTest refuses[] = {
    cmocka_unit_test(refuses_what_is_out_of_range),
    cmocka_unit_test(refuses_a_circuit_without_room_for_it),
    cmocka_unit_test(leaves_the_circuit_when_memory_is_short),
};
CHECK_MAIN(computes, refuses)
