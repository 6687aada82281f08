/* OpenQASM 3 and 2: the meaning of a file, a round trip through the writer, and refusals with line and column. */
#include <stdlib.h>
#include <unistd.h>

#include "dense.h"
#include "gate_list.h"
#include "entente/ansatz.h"
#include "entente/engine.h"
#include "entente/qasm.h"
#include "random_circuit.h"

#define HEAD "OPENQASM 3.0;\ninclude \"stdgates.inc\";\n"

static ent_qasm *parsed(const char *text)
{
    ent_qasm *qasm = NULL;
    check_ok(ent_qasm_parse(text, "text", NULL, &qasm));
    return qasm;
}

/* "rx 0 1*p2+0.5": kind, qubits, and the angle as scale * slot + offset, or only the offset. */
static void gate_text(const ent_gate *gate, char *text)
{
    const ent_angle *a = &gate->angle;
    const int at = gate_name_text(gate, text);
    if (ent_gate_describe(gate->kind)->angles == 0) return;
    if (a->source == ENT_ANGLE_FIXED)
        snprintf(text + at, GATE_TEXT - (size_t)at, " %g", a->offset);
    else
        snprintf(text + at, GATE_TEXT - (size_t)at, " %g*%c%d%+g", a->scale, a->source == ENT_ANGLE_PARAM ? 'p' : 'x',
                 a->slot, a->offset);
}

/* HEAD and `body` have the gates `wanted`. */
static void check_gates(const char *body, const char *wanted)
{
    char text[4096];
    snprintf(text, sizeof text, HEAD "%s", body);
    ent_qasm *qasm = parsed(text);
    check_gate_list(ent_qasm_circuit(qasm), gate_text, wanted);
    ent_qasm_free(qasm);
}

static void every_gate_has_its_name(void **state)
{
    (void)state;
    check_gates("qubit[2] q; x q[0]; y q[0]; z q[0]; h q[0]; s q[0]; sdg q[0]; t q[0]; tdg q[0]; sx q[0]; id q[0];",
                "x 0, y 0, z 0, h 0, s 0, sdg 0, t 0, tdg 0, sx 0");
    check_gates("qubit[2] q; rx(1) q[0]; ry(2) q[0]; rz(3) q[0]; p(4) q[0]; phase(5) q[0]; u1(6) q[0];",
                "rx 0 1, ry 0 2, rz 0 3, p 0 4, p 0 5, p 0 6");
    check_gates("qubit[2] q; cx q[0], q[1]; CX q[1], q[0]; cy q[0], q[1]; cz q[0], q[1]; swap q[0], q[1];",
                "cx 0 1, cx 1 0, cy 0 1, cz 0 1, swap 0 1");
    check_gates("qubit[2] q; crx(1) q[0], q[1]; cry(2) q[0], q[1]; crz(3) q[0], q[1]; cp(4) q[1], q[0]; "
                "cphase(5) q[0], q[1]; rxx(6) q[0], q[1]; ryy(7) q[0], q[1]; rzz(8) q[0], q[1];",
                "crx 0 1 1, cry 0 1 2, crz 0 1 3, cp 1 0 4, cp 0 1 5, rxx 0 1 6, ryy 0 1 7, rzz 0 1 8");
    check_gates(
        "qubit q; u3(1, 2, 3) q; u(4, 5, 6) q; U(7, 8, 9) q; u2(2, 3) q;",
        "rz 0 3, ry 0 1, rz 0 2, rz 0 6, ry 0 4, rz 0 5, rz 0 9, ry 0 7, rz 0 8, rz 0 3, ry 0 1.5708, rz 0 2");
}

static void registers_and_broadcast(void **state)
{
    (void)state;
    check_gates("qubit[2] a; qubit b; qubit[1] c;\nh a; x b; cx b, a[1]; cz c, b; rx(1) c[0];",
                "h 0, h 1, x 2, cx 2 1, cz 3 2, rx 3 1");
    check_gates("qubit[2] a; u2(0, 1) a;", "rz 0 1, ry 0 1.5708, rz 0 0, rz 1 1, ry 1 1.5708, rz 1 0");
}

static void blanks_comments_and_barriers_are_ignored(void **state)
{
    (void)state;
    check_gates("qubit[2]q;h q[0];// h q[1];\n/* h q[1];\n * */barrier;barrier q;\tbarrier q[0], q[1];\r\nx q[1]; //",
                "h 0, x 1");
}

static void inputs_are_numbered_by_sort(void **state)
{
    (void)state;
    check_gates("input float[64] a; input angle x; input array[float[64], 3] theta; input array[angle[32], 2] x2;\n"
                "qubit q; rx(a) q; rx(x) q; rx(theta[2]) q; rx(x2[1]) q; input float b; rx(b) q;",
                "rx 0 1*p0+0, rx 0 1*x0+0, rx 0 1*p3+0, rx 0 1*x2+0, rx 0 1*p4+0");
}

static void many_inputs_are_distinguished(void **state)
{
    (void)state;
    enum { N = 100 };
    char text[8192];
    int at = snprintf(text, sizeof text, HEAD "qubit q;");
    for (int k = 0; k < N; k++)
        at += snprintf(text + at, sizeof text - (size_t)at, "input float %s%d;", k % 2 ? "x" : "theta", k);
    for (int k = 0; k < N; k++)
        at += snprintf(text + at, sizeof text - (size_t)at, "rx(%s%d) q;", k % 2 ? "x" : "theta", k);
    ent_qasm *qasm = parsed(text);
    const ent_circuit *circuit = ent_qasm_circuit(qasm);
    assert_int_equal(circuit->params, N / 2);
    assert_int_equal(circuit->angles, N / 2);
    for (int k = 0; k < N; k++) {
        assert_int_equal(circuit->gate[k].angle.source, k % 2 ? ENT_ANGLE_DATA : ENT_ANGLE_PARAM);
        assert_int_equal(circuit->gate[k].angle.slot, k / 2);
    }
    ent_qasm_free(qasm);
}

static void angles_are_affine(void **state)
{
    (void)state;
    check_gates("input float[64] a; input float x; qubit q;\n"
                "rx(2*a + 1) q; rx(1 - a/4) q; rx(-(x - 2)*3) q; rx((1 + 1)*(x + x)) q; rx(a - 2*a + 3) q;",
                "rx 0 2*p0+1, rx 0 -0.25*p0+1, rx 0 -3*x0+6, rx 0 4*x0+0, rx 0 -1*p0+3");
    check_gates("qubit q; rx(pi) q; rx(tau/4) q; rx(-\xcf\x80/2) q; rx(\xcf\x84) q; rx(--1) q; rx(.5e1 - 1.) q; "
                "rx(2/4*8) q; rx(1 - 2 - 3) q; rx(2e-1) q;",
                "rx 0 3.14159, rx 0 1.5708, rx 0 -1.5708, rx 0 6.28319, rx 0 1, rx 0 4, rx 0 4, rx 0 -4, rx 0 0.2");
}

static void versions(void **state)
{
    (void)state;
    static const char *const texts[] = {"OPENQASM 3;", "OPENQASM 3.0;", "  // a comment\nOPENQASM 3.1 ;qubit q;",
                                        "OPENQASM 2.0;", ""};
    for (int k = 0; k < 5; k++) {
        ent_qasm *qasm = parsed(texts[k]);
        assert_int_equal(ent_qasm_circuit(qasm)->qubits, k == 2);
        assert_int_equal(ent_qasm_circuit(qasm)->gates, 0);
        ent_qasm_free(qasm);
    }
    ent_qasm_free(NULL);
}

static double *expectations(const ent_circuit *circuit, const double *params, const double *angles)
{
    ent_program *program;
    const ent_program_inp inp = {.engine = ENT_ENGINE_REFERENCE, .precision = ENT_DOUBLE, .threads = 1};
    double *result = ent_alloc(circuit->readouts, sizeof *result);
    const ent_batch batch = {.samples = 1, .angles = angles, .params = params};
    check_ok(ent_program_new(circuit, &inp, &program));
    check_ok(ent_program_forward(program, &batch, result));
    ent_program_free(program);
    return result;
}

/* Written and read again, with the readouts of the original. */
static ent_circuit *round_trip(const ent_circuit *circuit)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&text, &bytes);
    assert_non_null(file);
    check_ok(ent_qasm_write(circuit, 3, file));
    fclose(file);
    ent_qasm *qasm = parsed(text);
    free(text);
    const ent_circuit *read = ent_qasm_circuit(qasm);
    assert_int_equal(read->params, circuit->params);
    assert_int_equal(read->angles, circuit->angles);
    assert_int_equal(read->qubits, circuit->qubits);
    assert_int_equal(read->registers, circuit->registers);
    for (int m = 0; m <= read->registers; m++) assert_int_equal(read->register_first[m], circuit->register_first[m]);
    ent_circuit *copy;
    check_ok(ent_circuit_new(read->qubits, read->params, read->angles, &copy));
    for (int64_t g = 0; g < read->gates; g++) check_ok(ent_circuit_add(copy, read->gate[g]));
    for (int r = 0; r < circuit->readouts; r++) check_ok(ent_circuit_read_pauli(copy, &circuit->readout[r]));
    ent_qasm_free(qasm);
    return copy;
}

static void written_and_read_again_is_the_same(void **state)
{
    (void)state;
    for (int n = 1; n <= 5; n++)
        for (uint64_t seed = 0; seed < 6; seed++) {
            ent_circuit *circuit = random_circuit(seed, n, 60, 4, 3, 5);
            if (n > 1 && seed & 1) check_ok(ent_circuit_registers(circuit, 2, (const int[2]){n / 2, n - n / 2}));
            ent_circuit *read = round_trip(circuit);
            double *params = random_numbers(seed, 4), *angles = random_numbers(seed + 1, 3);
            double *wanted = expectations(circuit, params, angles), *found = expectations(read, params, angles);
            for (int r = 0; r < 5; r++) check_near(found[r], wanted[r], 1e-12);
            ent_circuit_free(circuit);
            ent_circuit_free(read);
            ent_free(params);
            ent_free(angles);
            ent_free(wanted);
            ent_free(found);
        }
}

static void check_same(const ent_circuit *a, const ent_circuit *b)
{
    assert_int_equal(a->gates, b->gates);
    for (int64_t g = 0; g < a->gates; g++) {
        const ent_gate *x = &a->gate[g], *y = &b->gate[g];
        assert_true(x->kind == y->kind && x->qubit[0] == y->qubit[0] && x->qubit[1] == y->qubit[1]);
        assert_true(x->angle.source == y->angle.source && x->angle.slot == y->angle.slot);
        assert_true(x->angle.offset == y->angle.offset);
        if (x->angle.source != ENT_ANGLE_FIXED) assert_true(x->angle.scale == y->angle.scale);
    }
}

/* Written in a version and parsed. */
static ent_qasm *reparsed(const ent_circuit *circuit, int version)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&text, &bytes);
    check_ok(ent_qasm_write(circuit, version, file));
    fclose(file);
    ent_qasm *qasm = parsed(text);
    free(text);
    return qasm;
}

/* Every gate and every bit of its angle comes back, in both versions; a QFT as its gates, the second time round. */
static void numbers_keep_their_bits(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 500; seed++) {
        const int n = 1 + (int)(seed % 6);
        ent_circuit *circuit = random_circuit(seed, n, 40, 4, 3, 2), *bound;
        if (n > 1 && seed & 1) check_ok(ent_circuit_registers(circuit, 2, (const int[2]){n / 2, n - n / 2}));
        ent_qasm *once = reparsed(circuit, 3), *twice = reparsed(ent_qasm_circuit(once), 3);
        check_same(ent_qasm_circuit(twice), ent_qasm_circuit(once));
        double *params = random_numbers(seed, 4), *angles = random_numbers(seed + 1, 3);
        check_ok(ent_circuit_bind(ent_qasm_circuit(once), params, angles, &bound));
        ent_qasm *second = reparsed(bound, 2);
        check_same(ent_qasm_circuit(second), bound);
        ent_qasm_free(second);
        ent_qasm_free(once);
        ent_qasm_free(twice);
        ent_circuit_free(circuit);
        ent_circuit_free(bound);
        ent_free(params);
        ent_free(angles);
    }
}

/* ---- gates as matrices ---- */

/* The matrix of HEAD and `body`, on n qubits. */
static dense_matrix *unitary(const char *body, int *n)
{
    char text[4096];
    snprintf(text, sizeof text, HEAD "%s", body);
    ent_qasm *qasm = parsed(text);
    const ent_circuit *c = ent_qasm_circuit(qasm);
    dense_matrix *u = ent_alloc(1, sizeof *u), *gate = ent_alloc(1, sizeof *gate);
    *n = c->qubits;
    u->dim = 1 << c->qubits;
    for (int k = 0; k < u->dim; k++) u->a[k][k] = 1;
    for (int64_t g = 0; g < c->gates; g++) {
        dense_gate(c->gate[g].kind, c->gate[g].angle.offset, c->gate[g].qubit, c->qubits, gate);
        for (int column = 0; column < u->dim; column++) {
            dense_number from[DENSE_DIM], to[DENSE_DIM];
            for (int row = 0; row < u->dim; row++) from[row] = u->a[row][column];
            dense_multiply(gate, from, to);
            for (int row = 0; row < u->dim; row++) u->a[row][column] = to[row];
        }
    }
    ent_free(gate);
    ent_qasm_free(qasm);
    return u;
}

/* Equal up to a phase of the whole. */
static void check_matrix(const dense_matrix *found, const dense_matrix *wanted, const char *body)
{
    dense_number overlap = 0;
    double off = 0.0;
    for (int r = 0; r < wanted->dim; r++)
        for (int c = 0; c < wanted->dim; c++) overlap += conj(wanted->a[r][c]) * found->a[r][c];
    const dense_number phase = overlap / cabs(overlap);
    for (int r = 0; r < wanted->dim; r++)
        for (int c = 0; c < wanted->dim; c++) off = fmax(off, cabs(found->a[r][c] - phase * wanted->a[r][c]));
    if (off < 1e-12) return;
    print_error("%s: off by %g\n", body, off);
    fail();
}

static void check_bodies(const char *body, const char *wanted)
{
    int n, m;
    dense_matrix *a = unitary(body, &n), *b = unitary(wanted, &m);
    assert_int_equal(n, m);
    check_matrix(a, b, body);
    ent_free(a);
    ent_free(b);
}

/* u on the qubits from `controls` on, where all qubits before have the bits of `pattern`. */
static dense_matrix *controlled(const dense_matrix *u, int controls, int pattern)
{
    dense_matrix *m = ent_alloc(1, sizeof *m);
    const int mask = (1 << controls) - 1;
    m->dim = u->dim << controls;
    for (int r = 0; r < m->dim; r++)
        for (int c = 0; c < m->dim; c++) {
            if ((r & mask) != (c & mask)) continue;
            m->a[r][c] = (r & mask) == pattern ? u->a[r >> controls][c >> controls] : r == c;
        }
    return m;
}

/* Modifiers on every gate, against the matrix with rows and columns for the controls; and powers whose product is the
 * gate. */
static void modifiers_are_what_they_say(void **state)
{
    (void)state;
    for (int kind = 0; kind < ENT_GATE_KINDS; kind++) {
        const ent_gate_info *info = ent_gate_describe((ent_gate_kind)kind);
        if (info->qubits == 0) continue;
        char gate[64], body[512], other[512];
        snprintf(gate, sizeof gate, "%s%s", info->name, info->angles ? "(0.7)" : "");
        const char *on[3] = {info->qubits == 1 ? "q[0]" : "q[0], q[1]",
                             info->qubits == 1 ? "q[0], q[1]" : "q[0], q[1], q[2]",
                             info->qubits == 1 ? "q[0], q[1], q[2]" : "q[0], q[1], q[2], q[3]"};
        const int qubits = info->qubits;
        dense_matrix *plain = ent_alloc(1, sizeof *plain);
        dense_gate((ent_gate_kind)kind, 0.7, (const int[2]){0, 1}, qubits, plain);
        static const struct {
            const char *text;
            int controls, pattern;
        } modified[] = {{"ctrl @", 1, 1},           {"negctrl @", 1, 0},        {"ctrl(2) @", 2, 3},
                        {"ctrl @ negctrl @", 2, 1}, {"negctrl @ ctrl @", 2, 2}, {"ctrl @ inv @ inv @", 1, 1}};
        for (size_t k = 0; k < sizeof modified / sizeof *modified; k++) {
            int n;
            snprintf(body, sizeof body, "qubit[%d] q; %s %s %s;", qubits + modified[k].controls, modified[k].text,
                     gate, on[modified[k].controls]);
            dense_matrix *found = unitary(body, &n);
            dense_matrix *wanted = controlled(plain, modified[k].controls, modified[k].pattern);
            check_matrix(found, wanted, body);
            ent_free(found);
            ent_free(wanted);
        }
        snprintf(body, sizeof body, "qubit[%d] q; ctrl @ inv @ %s %s; ctrl @ %s %s;", qubits + 1, gate, on[1], gate,
                 on[1]);
        snprintf(other, sizeof other, "qubit[%d] q;", qubits + 1);
        check_bodies(body, other);
        snprintf(body, sizeof body, "qubit[%d] q; ctrl @ pow(0.25) @ %s %s; ctrl @ pow(0.75) @ %s %s;", qubits + 1,
                 gate, on[1], gate, on[1]);
        snprintf(other, sizeof other, "qubit[%d] q; ctrl @ %s %s;", qubits + 1, gate, on[1]);
        check_bodies(body, other);
        snprintf(body, sizeof body, "qubit[%d] q; pow(-2) @ %s %s; pow(3) @ %s %s;", qubits, gate, on[0], gate,
                 on[0]);
        snprintf(other, sizeof other, "qubit[%d] q; %s %s;", qubits, gate, on[0]);
        check_bodies(body, other);
        ent_free(plain);
    }
}

static void gates_of_the_standard_libraries(void **state)
{
    (void)state;
    static const char *const same[][2] = {
        {"qubit[2] q; ch q[0], q[1];", "qubit[2] q; ctrl @ h q[0], q[1];"},
        {"qubit[2] q; csx q[0], q[1];", "qubit[2] q; ctrl @ pow(0.5) @ x q[0], q[1];"},
        {"qubit q; sxdg q;", "qubit q; pow(-0.5) @ x q;"},
        {"qubit[3] q; ccx q[0], q[1], q[2];", "qubit[3] q; ctrl(2) @ x q[0], q[1], q[2];"},
        {"qubit[3] q; ccz q[0], q[1], q[2];", "qubit[3] q; ctrl(2) @ z q[0], q[1], q[2];"},
        {"qubit[3] q; cswap q[0], q[1], q[2];", "qubit[3] q; ctrl @ swap q[0], q[1], q[2];"},
        {"qubit[4] q; c3x q[0], q[1], q[2], q[3];", "qubit[4] q; ctrl @ ctrl @ ctrl @ x q[0], q[1], q[2], q[3];"},
        {"qubit[5] q; c4x q[0], q[1], q[2], q[3], q[4];", "qubit[5] q; ctrl(2) @ ccx q[0], q[1], q[2], q[3], q[4];"},
        {"qubit[4] q; c3sqrtx q[0], q[1], q[2], q[3];", "qubit[4] q; ctrl(3) @ sx q[0], q[1], q[2], q[3];"},
        {"qubit[2] q; cu1(0.3) q[0], q[1];", "qubit[2] q; ctrl @ u1(0.3) q[0], q[1];"},
        /* cu3 is u3 with the phase of qelib1.inc, exp(i (phi + lambda) / 2), controlled; cu has a phase of its own */
        {"qubit[2] q; cu3(0.3, 0.5, 0.9) q[0], q[1];",
         "qubit[2] q; p(0.7) q[0]; ctrl @ u3(0.3, 0.5, 0.9) q[0], q[1];"},
        {"qubit[2] q; cu(0.3, 0.5, 0.9, 0.2) q[0], q[1];", "qubit[2] q; p(0.2) q[0]; cu3(0.3, 0.5, 0.9) q[0], q[1];"},
        /* U in OpenQASM 3 has the phase exp(i theta / 2) besides */
        {"qubit[2] q; ctrl @ U(0.3, 0.5, 0.9) q[0], q[1];", "qubit[2] q; cu(0.3, 0.5, 0.9, 0.15) q[0], q[1];"},
        {"qubit[2] q; ctrl @ u2(0.5, 0.9) q[0], q[1];", "qubit[2] q; ctrl @ u3(pi/2, 0.5, 0.9) q[0], q[1];"},
        {"qubit q; u2(0, pi) q;", "qubit q; h q;"},
        {"qubit q; U(pi/2, 0, pi) q;", "qubit q; h q;"},
        {"qubit[2] q; ctrl @ gphase(0.4) q[0];", "qubit[2] q; p(0.4) q[0];"},
        {"qubit[3] q; ctrl(2) @ gphase(0.4) q[0], q[1];", "qubit[3] q; cp(0.4) q[0], q[1];"},
        {"qubit[2] q; gphase(0.4); id q[0]; u0(1) q;", "qubit[2] q;"},
        /* relative-phase Toffolis: CCX and C3X up to phases of single states (Maslov, arXiv 1508.03273) */
        {"qubit[3] q; rccx q[0], q[1], q[2]; rccx q[0], q[1], q[2];", "qubit[3] q;"},
        {"qubit[4] q; rc3x q[0], q[1], q[2], q[3]; inv @ rc3x q[0], q[1], q[2], q[3];", "qubit[4] q;"},
        /* a definition is multiplied out, inverted backwards and controlled gate by gate */
        {"gate g(a, b) q, r { rx(a/2) q; cx q, r; u3(b, a, -b) r; } qubit[3] q; ctrl @ inv @ g(0.3, 0.8) q[2], q[0], "
         "q[1];",
         "qubit[3] q; ctrl @ u3(-0.8, 0.8, -0.3) q[2], q[1]; ctrl @ cx q[2], q[0], q[1]; ctrl @ rx(-0.15) q[2], "
         "q[0];"},
        {"gate g q { h q; t q; } qubit q; pow(3) @ g q;", "qubit q; h q; t q; h q; t q; h q; t q;"},
        {"gate h q { x q; } qubit q; h q;", "qubit q; x q;"},
        {"gate g q { h q; } gate k q { g q; t q; } qubit[2] q; k q;", "qubit[2] q; h q; t q;"},
    };
    for (size_t k = 0; k < sizeof same / sizeof *same; k++) check_bodies(same[k][0], same[k][1]);
    int n;
    dense_matrix *u = unitary("qubit[4] q; rc3x q[0], q[1], q[2], q[3];", &n);
    for (int s = 0; s < 16; s++) check_near(cabs(u->a[(s & 7) == 7 ? s ^ 8 : s][s]), 1.0, 1e-12);
    ent_free(u);
    u = unitary("qubit[3] q; rccx q[0], q[1], q[2];", &n);
    for (int s = 0; s < 8; s++) check_near(cabs(u->a[(s & 3) == 3 ? s ^ 4 : s][s]), 1.0, 1e-12);
    ent_free(u);
}

static void definitions_loops_and_constants(void **state)
{
    (void)state;
    check_gates("gate rot(a, b) q, r { rx(a/2) q; barrier q, r; cx q, r; rz(-b) r; }\n"
                "input float t; input float x; qubit[2] q; rot(t, 2*x + 1) q[1], q[0];",
                "rx 1 0.5*p0+0, cx 1 0, rz 0 -2*x0-1");
    check_gates("input float a; input float b; qubit q; rx(a + 2*b - 3 - a/2) q;", "rx 0 0.5*p0-3, rx 0 2*p1+0");
    check_gates("input float a; input float b; qubit[2] q; cu3(a, b, 0) q[0], q[1];",
                "crz 0 1 0, cry 0 1 1*p0+0, crz 0 1 1*p1+0, p 0 0.5*p1+0, p 0 0");
    check_gates("qubit[4] q; for int i in [0:3] h q[i]; for uint[8] i in {2, 0} { x q[i]; y q[i + 1]; }"
                "for int i in [3:-2:0] z q[i]; for int i in [1:0] { t q[i]; }",
                "h 0, h 1, h 2, h 3, x 2, y 3, x 0, y 1, z 3, z 1");
    check_gates(
        "const int[32] n = 3; const float[64] a = 2*pi/n; qubit[n] q; for int i in [0:n - 2] { cx q[i], q[i + 1]; "
        "for int j in [0:i] rz(a*j + 1) q[j]; }",
        "cx 0 1, rz 0 1, cx 1 2, rz 0 1, rz 1 3.0944");
    check_gates("qubit[4] q; qubit[2] r; cx q[0:1], r; swap q[0:2:2], q[-1:-2:-3]; x q[-1];",
                "cx 0 4, cx 1 5, swap 0 3, swap 2 1, x 3");
    check_gates("qubit q; rx(2**3 - -2**2) q; rx(sin(pi/6)) q; rx(sqrt(2)**2 + cos(0) + arctan(1)*0) q; "
                "rx(ln(euler)) q; rx(exp(0) + 7 % 4 + mod(7, 4) + pow(2, 2)) q; rx(floor(2.5) + ceiling(2.5)) q;",
                "rx 0 12, rx 0 0.5, rx 0 3, rx 0 1, rx 0 11, rx 0 5");
    check_gates("#pragma keep\n@something else\nqubit q; x q;", "x 0");
}

/* Version 2, without HEAD. */
static void version_2(void **state)
{
    (void)state;
    ent_qasm *qasm = parsed("OPENQASM 2.0;\ninclude \"qelib1.inc\";\nqreg q[3]; creg c[2]; creg d[1];\n"
                            "gate majority a,b,c { cx c,b; cx c,a; ccx a,b,c; }\nopaque magic(a) q;\n"
                            "rx(2^3) q[0]; cu1(pi/2) q[0],q[1]; u0(1) q[2]; majority q[0],q[1],q[2]; barrier q;\n"
                            "measure q[2] -> c[0]; measure q[0] -> d[0];");
    const ent_circuit *c = ent_qasm_circuit(qasm);
    const int *qubit;
    assert_int_equal(c->gates, 2 + 2 + 7);
    check_near(c->gate[0].angle.offset, 8.0, 0.0);
    assert_int_equal(ent_qasm_bits(qasm, &qubit), 3);
    assert_int_equal(qubit[0], 2);
    assert_int_equal(qubit[1], -1);
    assert_int_equal(qubit[2], 0);
    ent_qasm_free(qasm);
    check_fails(ent_qasm_parse("OPENQASM 2.0; qreg q[2]; ctrl @ x q[0], q[1];", "t", NULL, &qasm), ENT_EFORMAT,
                "t:1:26: found 'ctrl', want modifiers in OpenQASM 3 only");
    check_fails(ent_qasm_parse("OPENQASM 2.0; qreg q[1]; opaque m q; m q[0];", "t", NULL, &qasm), ENT_EFORMAT,
                "t:1:38: found 'm', want a gate with a definition");
    check_fails(ent_qasm_parse("OPENQASM 2.0; qreg q[1]; creg c[1]; if(c==1) x q[0];", "t", NULL, &qasm), ENT_EFORMAT,
                "t:1:37: found 'if', want a circuit without classical control");
}

static void measurements_are_noted(void **state)
{
    (void)state;
    ent_qasm *qasm = parsed("qubit[3] q; bit[2] c; h q; c[1] = measure q[0]; bit d = measure q[2]; measure q[1];");
    const int *qubit;
    assert_int_equal(ent_qasm_bits(qasm, &qubit), 3);
    assert_int_equal(qubit[0], -1);
    assert_int_equal(qubit[1], 0);
    assert_int_equal(qubit[2], 2);
    assert_int_equal(ent_qasm_circuit(qasm)->gates, 3);
    assert_non_null(strstr(ent_qasm_notes(qasm), "text: measurements at the end are no part of the circuit"));
    ent_qasm_free(qasm);
}

static void inputs_are_sorted_as_they_are_declared(void **state)
{
    (void)state;
    static const char text[] =
        "input float x; @entente.data\ninput float phi; @entente.param\ninput array[angle, 2] x2; "
        "input float w; qubit q; rx(x) q; rx(phi) q; rx(x2[1]) q; rx(w) q;";
    check_gates(text, "rx 0 1*x0+0, rx 0 1*x1+0, rx 0 1*p1+0, rx 0 1*p2+0");
    static const char plain[] =
        "input float x; input float phi; input float w; qubit q; rx(x) q; rx(phi) q; rx(w) q;";
    static const char *data[] = {"phi", "w"}, *params[] = {"x"}, *wrong[] = {"phi", "y"}, *twice[] = {"x", "phi"};
    static const struct {
        ent_qasm_inputs map;
        const char *data, *message;
    } cases[] = {
        {{2, 1, data, params}, "011", NULL},
        {{2, 0, data, NULL}, "011", NULL},
        {{0, 1, NULL, params}, "011", NULL},
        {{0, 0, NULL, NULL}, "100", NULL},
        {{1, 1, data, params}, NULL, "t:1:45: found 'w', want an input that the mapping has among data or params"},
        {{2, 2, twice, wrong}, NULL, "t:1:28: found 'phi', want an input that the mapping has once"},
        {{0, 2, NULL, wrong}, NULL, "t: no input is named 'y', which the mapping of inputs has among params"}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        ent_qasm *qasm = NULL;
        if (cases[k].message) {
            check_fails(ent_qasm_parse(plain, "t", &cases[k].map, &qasm), ENT_EFORMAT, cases[k].message);
            continue;
        }
        check_ok(ent_qasm_parse(plain, "t", &cases[k].map, &qasm));
        for (int g = 0; g < 3; g++)
            assert_int_equal(ent_qasm_circuit(qasm)->gate[g].angle.source,
                             cases[k].data[g] == '1' ? ENT_ANGLE_DATA : ENT_ANGLE_PARAM);
        assert_int_equal(strstr(ent_qasm_notes(qasm), "begins with x") != NULL, k == 3);
        ent_qasm_free(qasm);
    }
}

static void a_file_is_a_layer_of_an_ansatz(void **state)
{
    (void)state;
    ent_qasm *qasm =
        parsed(HEAD "input float x0; input float a; qubit[2] q; rx(2*x0) q[1]; ry(a) q[0]; cx q[0], q[1];");
    ent_ansatz a = {.kind = ENT_ANSATZ_QASM, .qasm = qasm, .qubits = 2, .layers = 2, .reupload = false};
    for (int reupload = 0; reupload <= 1; reupload++) {
        a.reupload = reupload;
        assert_int_equal(ent_ansatz_params(&a), 2);
        assert_int_equal(ent_ansatz_angles(&a), 1);
        ent_circuit *circuit;
        char found[256] = "", one[96];
        check_ok(ent_circuit_new(4, 10, 10, &circuit));
        check_ok(ent_ansatz_append(&a, 2, 5, 7, circuit));
        for (int64_t g = 0; g < circuit->gates; g++) {
            gate_text(&circuit->gate[g], one);
            strncat(found, one, sizeof found - strlen(found) - 1);
            strncat(found, "; ", sizeof found - strlen(found) - 1);
        }
        assert_string_equal(found, reupload ? "rx 3 2*x7+0; ry 2 1*p5+0; cx 2 3; rx 3 2*x7+0; ry 2 1*p6+0; cx 2 3; "
                                            : "rx 3 2*x7+0; ry 2 1*p5+0; cx 2 3; ry 2 1*p6+0; cx 2 3; ");
        ent_circuit_free(circuit);
    }
    ent_circuit *encoding;
    char found[96];
    check_ok(ent_circuit_new(4, 0, 10, &encoding));
    check_ok(ent_ansatz_append_encoding(&a, 2, 7, encoding)); /* its gates with data */
    assert_int_equal(encoding->gates, 1);
    gate_text(&encoding->gate[0], found);
    assert_string_equal(found, "rx 3 2*x7+0");
    check_fails(ent_ansatz_append_encoding(&a, 3, 7, encoding), ENT_EARG, "from qubit 3 of a circuit with 4");
    check_fails(ent_ansatz_append_encoding(&a, 2, 10, encoding), ENT_EARG, "from slot 10 of a circuit with 10");
    assert_int_equal(encoding->gates, 1);
    ent_circuit_free(encoding);
    a.qubits = 3;
    check_fails(ent_ansatz_check(&a), ENT_EARG, "a register of 3");
    ent_qasm_free(qasm);
}

static void files_are_loaded(void **state)
{
    (void)state;
    char path[] = "test_qasm_XXXXXX";
    const int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    FILE *file = fdopen(descriptor, "wb");
    fputs(HEAD "qubit[3] q;\nh q;\n", file);
    fclose(file);
    ent_qasm *qasm;
    check_ok(ent_qasm_load(path, NULL, &qasm));
    assert_int_equal(ent_qasm_circuit(qasm)->gates, 3);
    ent_qasm_free(qasm);
    file = fopen(path, "wb");
    fputs("\xef\xbb\xbf" HEAD "qubit[2] q;\nh q;\n", file); /* as some editors save it */
    fclose(file);
    check_ok(ent_qasm_load(path, NULL, &qasm));
    assert_int_equal(ent_qasm_circuit(qasm)->gates, 2);
    ent_qasm_free(qasm);
    file = fopen(path, "wb");
    fputs(HEAD "qubit[3] q;\n  hh q;\n", file);
    fclose(file);
    char wanted[64];
    snprintf(wanted, sizeof wanted, "%s:4:3: found 'hh'", path);
    check_fails(ent_qasm_load(path, NULL, &qasm), ENT_EFORMAT, wanted);
    file = fopen(path, "wb");
    fwrite("OPENQASM 3;\0qubit q;", 1, 20, file);
    fclose(file);
    check_fails(ent_qasm_load(path, NULL, &qasm), ENT_EFORMAT, "byte 11 is 0");
    unlink(path);
    check_fails(ent_qasm_load(path, NULL, &qasm), ENT_EIO, "No such file");
    check_fails(ent_qasm_load(".", NULL, &qasm), ENT_EIO, "directory");
}

/* HEAD and `body`, whose first line is line 3, is refused with "text:" and `wanted`. */
static void check_refused(const char *body, const char *wanted)
{
    char text[4096], message[1024];
    ent_qasm *qasm = NULL;
    snprintf(text, sizeof text, HEAD "%s", body);
    snprintf(message, sizeof message, "text:%s", wanted);
    check_fails(ent_qasm_parse(text, "text", NULL, &qasm), ENT_EFORMAT, message);
    assert_null(qasm);
}

static void refuses_the_rest_of_the_language(void **state)
{
    (void)state;
    check_refused("qubit q; bit c;\nc = measure q; x q;",
                  "4:16: found 'x', want measurements at the end only: this gate "
                  "acts on a qubit that line 4, column 1 has measured");
    check_refused("if (1) h q;", "3:1: found 'if', want a circuit without classical control");
    check_refused("qubit q; while (true) { h q; }", "3:10: found 'while', want a circuit without classical control");
    check_refused("qubit q; reset q;", "3:10: found 'reset', want a circuit without resets");
    check_refused("qubit[2] q; let a = q[0:1];", "3:13: found 'let', want no aliases");
    check_refused("def f(qubit q) { h q; }", "3:1: found 'def', want a circuit without subroutines");
    check_refused("int n = 3;", "3:1: found 'int', want const int");
    check_refused("bit c; c = 1;", "3:12: found '1', want measure");
    check_refused("qubit q; hh q;", "3:10: found 'hh', want a statement, a gate of stdgates.inc or qelib1.inc");
    check_refused("include \"mine.inc\";", "3:9: found '\"mine.inc\"', want \"stdgates.inc\"");
    check_refused("qubit q; OPENQASM 3;", "3:10: found 'OPENQASM', want the version as the first statement");
    check_refused("input int n;", "3:7: found 'int', want float, angle");
    check_refused("@", "3:1: found '@'");
    check_refused("@entente.data\nqubit q;", "4:1: found 'qubit', want an input, which @entente.data is about");
    check_refused("\x01", "3:1: found byte 0x01");
    check_refused("/* no end\n\n", "3:1: found '/*', want a comment that ends");
    check_refused("include \"stdgates", "3:9: found '\"', want a string that ends");
    check_refused("qubit q", "3:8: found the end, want ';'");
    check_refused("/* \xc3\xa4 */ if", "3:9: found 'if'");
}

static void refuses_other_versions(void **state)
{
    (void)state;
    ent_qasm *qasm = NULL;
    check_fails(ent_qasm_parse("OPENQASM 4.0;", "t", NULL, &qasm), ENT_EFORMAT,
                "t:1:10: found '4.0', want version 2.0, 3, 3.0 or 3.1");
    check_fails(ent_qasm_parse("OPENQASM 3.0", "t", NULL, &qasm), ENT_EFORMAT, "t:1:13: found the end, want ';'");
}

static void refuses_declarations(void **state)
{
    (void)state;
    check_refused("qubit[0] q;", "3:7: found '0', want an integer from 1 to 256");
    check_refused("qubit[257] q;", "3:7: found '257', want an integer from 1 to 256");
    check_refused("qubit[1.0] q;", "3:7: found '1.0', want an integer");
    check_refused("qubit[254] q; qubit[3] r;", "3:24: found 'r', want at most 256 of its sort, after the 254 before");
    check_refused("qubit q; input float q;", "3:22: found 'q', want a name that has no meaning yet");
    check_refused("input float pi;", "3:13: found 'pi'");
    check_refused("input float 3;", "3:13: found '3', want a name");
    check_refused("input array[float[64], 0] x;", "3:24: found '0'");
    check_refused("input array[float[64]] x;", "3:22: found ']', want ','");
    check_refused("input array[float, 99999] x;", "3:20: found '99999', want an integer from 1 to 65536");
    check_refused("input array[float, 65536] a;input float b;", "3:41: found 'b', want at most 65536");
    check_refused("input float[0] x;", "3:13: found '0'");
}

static void refuses_gates(void **state)
{
    (void)state;
    check_refused("qubit[2] q;\nh r;", "4:3: found 'r', want the name of a qubit");
    check_refused("input float a; h a;", "3:18: found 'a', want the name of a qubit");
    check_refused("qubit[2] q; h q[2];", "3:17: found '2', want an integer from -2 to 1");
    check_refused("qubit[2] q; h q[-3];", "3:17: found '-', want an integer from -2 to 1");
    check_refused("qubit q; h q[0];", "3:13: found '[', want no index after a single qubit");
    check_refused("qubit[2] q; cx q[0], q[0];", "3:22: found 'q', want different qubits for gate cx");
    check_refused("qubit[2] q; cx q, q[0];", "3:19: found 'q', want different qubits for gate cx");
    check_refused("qubit[2] q; qubit[3] r; cx q, r;", "3:31: found 'r', want registers of the same size for gate cx");
    check_refused("qubit[2] q; h q[1:0];", "3:17: found '1', want a range of at least one");
    check_refused("qubit[2] q; cx q[0];", "3:20: found ';', want ','");
    check_refused("qubit[2] q; h q[0], q[1];", "3:19: found ',', want ';'");
    check_refused("qubit q; h(1) q;", "3:12: found '1', want ')'");
    check_refused("qubit q; rx q;", "3:13: found 'q', want '('");
    check_refused("qubit q; rx(1, 2) q;", "3:14: found ',', want ')'");
    check_refused("qubit q; u3(1, 2) q;", "3:17: found ')', want ','");
    check_refused("qubit q; barrier a;", "3:18: found 'a', want the name of a qubit");
}

static void refuses_angles(void **state)
{
    (void)state;
    check_refused("qubit q; rx(a) q;", "3:13: found 'a', want a number, pi, tau, euler, the name of an input");
    check_refused("qubit q; rx(q) q;", "3:13: found 'q'");
    check_refused("qubit q; rx() q;", "3:13: found ')'");
    check_refused("qubit q; rx(1/0) q;", "3:14: found '/', want a division by a finite number other than 0");
    check_refused("qubit q; rx(1e300*1e300) q;", "3:13: found '1e300', want an angle that is finite");
    check_refused("qubit q; rx(1/(1e300*1e300)) q;", "3:14: found '/'");
    check_refused("qubit q; rx(2^3) q;", "3:14: found '^', want ')'");
    check_refused("qubit q; rx(sin) q;", "3:16: found ')', want '('");
    check_refused("qubit q; rx(sqrt(0 - 1)) q;", "3:13: found 'sqrt', want an angle that is finite");
    check_refused("qubit q; rx(2.5 % 2) q;", "3:17: found '%', want the remainder of two whole numbers");
    const char *inputs = "input float a; input float b; input array[float[64], 2] t; qubit q;\n";
    static const char *const bad[][2] = {
        {"rx(a*b) q;", "4:5: found '*', want an angle that is affine in its inputs"},
        {"rx(a*a) q;", "4:5: found '*'"},
        {"rx(sin(a)) q;", "4:4: found 'sin', want numbers, without an input, as a function's arguments"},
        {"rx(a**2) q;", "4:5: found '**', want a power of numbers, without an input"},
        {"h t[a];", "4:3: found 't', want the name of a qubit"},
        {"rx(1/a) q;", "4:5: found '/'"},
        {"rx(t) q;", "4:5: found ')', want '['"},
        {"rx(t[2]) q;", "4:6: found '2', want an integer from 0 to 1"},
        {"rx(a[0]) q;", "4:5: found '[', want ')'"},
        {"const float c = a;", "4:17: found 'a', want a constant, without an input"},
    };
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        char body[512];
        snprintf(body, sizeof body, "%s%s", inputs, bad[k][0]);
        check_refused(body, bad[k][1]);
    }
}

static void refuses_definitions_loops_and_modifiers(void **state)
{
    (void)state;
    check_refused("gate g a { measure a; }", "3:12: found 'measure', want gates only in a gate's definition");
    check_refused("gate g a { h b; }", "3:14: found 'b', want the name of a qubit");
    check_refused("qubit q; gate g a { h q; }", "3:23: found 'q', want the name of a qubit");
    check_refused("gate g a { g a; }", "3:12: found 'g', want a statement, a gate");
    check_refused("gate g(t) a { rx(u) a; }",
                  "3:18: found 'u', want a number, pi, tau, euler, the name of an input or "
                  "parameter");
    check_refused("gate g a, a { h a; }", "3:11: found 'a', want a name that has no meaning yet");
    check_refused("gate g a { h a; ", "3:17: found the end, want '}'");
    check_refused("gate g a { h a; } gate g a { x a; }", "3:24: found 'g', want a name that has no meaning yet");
    check_refused("gate g a, b { h a; } qubit q; g q;", "3:34: found ';', want ','");
    check_refused("gate g(t) a { rx(1/t) a; } qubit q; g(0) q;",
                  "3:19: found '/', want a division by a finite number");
    check_refused("for int i in [0:x] { }", "3:17: found 'x', want a number");
    check_refused("for int i in [0:0:1] { }", "3:20: found ']', want a range whose step is not 0");
    check_refused("for int i in q { }", "3:14: found 'q', want a range of constants");
    check_refused("for int i in [0:1] { qubit r; }", "3:22: found 'qubit', want declarations outside of loops");
    check_refused("for int i in [0:1048575] { for int j in [0:3] { } }",
                  "3:28: found 'for', want at most 1048576 gates");
    check_refused("qubit[2] q; pow(0.5) @ ccx q[0], q[1], q[1];", "3:40: found 'q', want different qubits");
    check_refused("gate g a { h a; t a; } qubit q; pow(0.5) @ g q;", "3:33: found 'pow', want a whole power");
    check_refused("qubit q; ctrl(0) @ x q;", "3:15: found '0', want an integer from 1 to 16");
    check_refused("qubit q; ctrl x q;", "3:15: found 'x', want '@'");
    check_refused("qubit[2] q; pow(5000000) @ h q;", "3:13: found 'pow', want a gate made of at most 4194304 gates");
}

static void refuses_what_is_too_deep_or_long(void **state)
{
    (void)state;
    enum { DEPTH = 100000 };
    static const char open[] = "(-";
    for (int k = 0; k < 2; k++) {
        char *text = ent_alloc(DEPTH + 100, 1);
        const int at = snprintf(text, 100, HEAD "qubit q; rx(");
        memset(text + at, open[k], DEPTH);
        ent_qasm *qasm;
        check_fails(ent_qasm_parse(text, "text", NULL, &qasm), ENT_EFORMAT, "text:3:113: found");
        memset(text + at, '1', DEPTH);
        check_fails(ent_qasm_parse(text, "text", NULL, &qasm), ENT_EFORMAT, "want a number of at most 60 characters");
        memset(text + at, 'a', DEPTH);
        check_fails(ent_qasm_parse(text, "text", NULL, &qasm), ENT_EFORMAT, "want a name of at most 1000 bytes");
        ent_free(text);
    }
}

static const char VALID[] = HEAD "input float[64] theta0; input angle x; input array[float[64], 3] phi;\n"
                                 "qubit[3] q; qubit r; // two registers\n"
                                 "h q; rx(2*theta0 + pi/2) q[0]; ry(-x/4) q[1]; crz(phi[2]) q[2], r;\n"
                                 "u3(phi[0], (1 - phi[1])*2, .5e-3) r; /* and */ barrier q, r; rzz(tau) q[0], q[2];\n"
                                 "gate g(a, b) c, d { u2(a, 2*b) c; for int i in {1, 2} cp(a*i) c, d; }\n"
                                 "const int n = 2; for int i in [0:n - 1] { ctrl @ inv @ g(sin(i), theta0) q[i], q[i "
                                 "+ 1], r; negctrl(2) @ pow(2) @ "
                                 "x q[0], q[-1], r; }\nbit[2] c; c = measure q[0:1]; measure r;\n";

static void survives_every_failing_allocation(void **state)
{
    (void)state;
    ent_qasm *qasm = NULL;
    check_every_allocation(ent_qasm_parse(VALID, "text", NULL, &qasm), assert_null(qasm));
    ent_qasm_free(qasm);
}

/* Bytes changed, removed, doubled and moved: an answer every time, and never a result without success. */
static void survives_mutations(void **state)
{
    (void)state;
    enum { ROUNDS = 10000, ROOM = 2 * sizeof VALID };
    static const char common[] = "()[];,*/-+\"0179.eqxp \n@{\xcf\x80\xff";
    ent_random s = ent_random_at(4, ENT_FOR_TEST, 0, 0);
    int accepted = 0;
    for (int round = 0; round < ROUNDS; round++) {
        char *text = ent_alloc(ROOM, 1); /* of its own, so that the sanitizer sees a byte too far */
        memcpy(text, VALID, sizeof VALID);
        size_t length = sizeof VALID - 1;
        const int edits = 1 + (int)ent_random_below(&s, 4);
        for (int k = 0; k < edits; k++) {
            const size_t at = ent_random_below(&s, length), span = ent_random_below(&s, 20) % (length - at);
            const uint64_t how = ent_random_below(&s, 4);
            if (how == 0) text[at] = common[ent_random_below(&s, sizeof common - 1)];
            if (how == 1) text[at] = (char)(1 + ent_random_below(&s, 255));
            if (how == 2 || length + span >= ROOM) {
                memmove(text + at, text + at + span, length - at - span + 1);
                length -= span;
            } else if (how == 3) {
                memmove(text + at + span, text + at, length - at + 1);
                length += span;
            }
        }
        char *exact = ent_text(text);
        ent_free(text);
        ent_qasm *qasm = NULL;
        const ent_status status = ent_qasm_parse(exact, "text", NULL, &qasm);
        assert_true(status == ENT_OK || (status == ENT_EFORMAT && !qasm && strncmp(ent_message(), "text:", 5) == 0));
        accepted += status == ENT_OK;
        ent_qasm_free(qasm);
        ent_free(exact);
    }
    assert_true(accepted > ROUNDS / 100 && accepted < ROUNDS / 2); /* one edit of four may be in a comment */
}

static void refuses_a_full_disk(void **state)
{
    (void)state;
    FILE *full = fopen("/dev/full", "w");
    if (!full) skip();
    ent_circuit *circuit = random_circuit(1, 3, 20, 1, 1, 1);
    check_fails(ent_qasm_write(circuit, 3, full), ENT_EIO, "No space left");
    fclose(full);
    ent_circuit_free(circuit);
}

static const struct CMUnitTest computes[] = {
    cmocka_unit_test(every_gate_has_its_name),
    cmocka_unit_test(registers_and_broadcast),
    cmocka_unit_test(blanks_comments_and_barriers_are_ignored),
    cmocka_unit_test(inputs_are_numbered_by_sort),
    cmocka_unit_test(many_inputs_are_distinguished),
    cmocka_unit_test(angles_are_affine),
    cmocka_unit_test(versions),
    cmocka_unit_test(written_and_read_again_is_the_same),
    cmocka_unit_test(numbers_keep_their_bits),
    cmocka_unit_test(modifiers_are_what_they_say),
    cmocka_unit_test(gates_of_the_standard_libraries),
    cmocka_unit_test(definitions_loops_and_constants),
    cmocka_unit_test(version_2),
    cmocka_unit_test(measurements_are_noted),
    cmocka_unit_test(inputs_are_sorted_as_they_are_declared),
    cmocka_unit_test(a_file_is_a_layer_of_an_ansatz),
    cmocka_unit_test(files_are_loaded),
};
static const struct CMUnitTest refuses[] = {
    cmocka_unit_test(refuses_the_rest_of_the_language),
    cmocka_unit_test(refuses_other_versions),
    cmocka_unit_test(refuses_declarations),
    cmocka_unit_test(refuses_gates),
    cmocka_unit_test(refuses_angles),
    cmocka_unit_test(refuses_definitions_loops_and_modifiers),
    cmocka_unit_test(refuses_what_is_too_deep_or_long),
    cmocka_unit_test(survives_every_failing_allocation),
    cmocka_unit_test(survives_mutations),
    cmocka_unit_test(refuses_a_full_disk),
};
CHECK_MAIN(computes, refuses)
