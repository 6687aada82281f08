/* OpenQASM 3: what a file means, a round trip through the writer, and refusals by line and column. */
#include "check.h"

#include <stdlib.h>
#include <unistd.h>

#include "entente/ansatz.h"
#include "entente/engine.h"
#include "entente/qasm.h"
#include "random_circuit.h"

#define HEAD "OPENQASM 3.0;\ninclude \"stdgates.inc\";\n"

static ent_qasm *parsed(const char *text)
{
    ent_qasm *qasm = NULL;
    check_ok(ent_qasm_parse(text, "text", &qasm));
    return qasm;
}

/* "rx 0 1*p2+0.5": kind, qubits, and the angle as scale * slot + offset, or only the offset. */
static void gate_text(const ent_gate *gate, char text[96])
{
    const ent_gate_info *info = ent_gate_describe(gate->kind);
    const ent_angle *a = &gate->angle;
    int at = snprintf(text, 96, "%s %d", info->name, gate->qubit[0]);
    if (info->qubits == 2) at += snprintf(text + at, 96 - (size_t)at, " %d", gate->qubit[1]);
    if (info->angles == 0) return;
    if (a->source == ENT_ANGLE_FIXED)
        snprintf(text + at, 96 - (size_t)at, " %g", a->offset);
    else
        snprintf(text + at, 96 - (size_t)at, " %g*%c%d%+g", a->scale, a->source == ENT_ANGLE_PARAM ? 'p' : 'x',
                 a->slot, a->offset);
}

/* The gates of HEAD and `body`, apart by ", ". */
static void check_gates(const char *body, const char *wanted)
{
    char text[4096], found[4096] = "", one[96];
    snprintf(text, sizeof text, HEAD "%s", body);
    ent_qasm *qasm = parsed(text);
    const ent_circuit *circuit = ent_qasm_circuit(qasm);
    for (int64_t g = 0; g < circuit->gates; g++) {
        gate_text(&circuit->gate[g], one);
        if (g > 0) strncat(found, ", ", sizeof found - strlen(found) - 1);
        strncat(found, one, sizeof found - strlen(found) - 1);
    }
    assert_string_equal(found, wanted);
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

static void many_inputs_are_told_apart(void **state)
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
    static const char *const texts[] = {"OPENQASM 3;", "OPENQASM 3.0;", "  // a comment\nOPENQASM 3.1 ;qubit q;"};
    for (int k = 0; k < 3; k++) {
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
    check_ok(ent_qasm_write(circuit, file));
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

/* Without RXX, RYY and RZZ, which are written by other gates, every gate and every bit of its angle comes back. */
static void numbers_keep_their_bits(void **state)
{
    (void)state;
    ent_random s = ent_random_at(3, ENT_FOR_TEST, 0, 0);
    ent_circuit *circuit;
    check_ok(ent_circuit_new(2, 3, 2, &circuit));
    for (int k = 0; k < 200; k++) {
        const ent_gate_kind kind = (ent_gate_kind)ent_random_below(&s, ENT_RXX);
        const ent_gate_info *info = ent_gate_describe(kind);
        const ent_angle angle = info->angles ? random_angle(&s, 3, 2) : ent_angle_none();
        check_ok(ent_circuit_add(circuit, (ent_gate){kind, {k % 2, (k + 1) % 2}, angle}));
    }
    ent_circuit *read = round_trip(circuit);
    assert_int_equal(read->gates, circuit->gates);
    for (int64_t g = 0; g < read->gates; g++) {
        const ent_gate *a = &read->gate[g], *b = &circuit->gate[g];
        assert_true(a->kind == b->kind && a->qubit[0] == b->qubit[0] && a->qubit[1] == b->qubit[1]);
        assert_true(a->angle.source == b->angle.source && a->angle.slot == b->angle.slot);
        assert_true(a->angle.offset == b->angle.offset);
        if (a->angle.source != ENT_ANGLE_FIXED) assert_true(a->angle.scale == b->angle.scale);
    }
    ent_circuit_free(circuit);
    ent_circuit_free(read);
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
    check_ok(ent_qasm_load(path, &qasm));
    assert_int_equal(ent_qasm_circuit(qasm)->gates, 3);
    ent_qasm_free(qasm);
    file = fopen(path, "wb");
    fputs(HEAD "qubit[3] q;\n  hh q;\n", file);
    fclose(file);
    char wanted[64];
    snprintf(wanted, sizeof wanted, "%s:4:3: found 'hh'", path);
    check_fails(ent_qasm_load(path, &qasm), ENT_EFORMAT, wanted);
    file = fopen(path, "wb");
    fwrite("OPENQASM 3;\0qubit q;", 1, 20, file);
    fclose(file);
    check_fails(ent_qasm_load(path, &qasm), ENT_EFORMAT, "byte 11 is 0");
    unlink(path);
    check_fails(ent_qasm_load(path, &qasm), ENT_EIO, "No such file");
    check_fails(ent_qasm_load(".", &qasm), ENT_EIO, "directory");
}

/* HEAD and `body`, whose first line is line 3, is refused with "text:" and `wanted`. */
static void check_refused(const char *body, const char *wanted)
{
    char text[4096], message[1024];
    ent_qasm *qasm = NULL;
    snprintf(text, sizeof text, HEAD "%s", body);
    snprintf(message, sizeof message, "text:%s", wanted);
    check_fails(ent_qasm_parse(text, "text", &qasm), ENT_EFORMAT, message);
    assert_null(qasm);
}

static void refuses_the_rest_of_the_language(void **state)
{
    (void)state;
    check_refused("gate g a { h a; }", "3:1: found 'gate', want qubit, input, include, barrier or a gate of x y z");
    check_refused("qubit q;\nbit c;", "4:1: found 'bit'");
    check_refused("qubit q;\n  measure q;", "4:3: found 'measure'");
    check_refused("if (1) h q;", "3:1: found 'if'");
    check_refused("for int i in [0:1] { }", "3:1: found 'for'");
    check_refused("qubit q; ctrl @ x q;", "3:10: found 'ctrl'");
    check_refused("qubit q; reset q;", "3:10: found 'reset'");
    check_refused("qubit[2] q; h q[0:1];", "3:18: found ':', want ']'");
    check_refused("include \"mine.inc\";", "3:9: found '\"mine.inc\"', want \"stdgates.inc\"");
    check_refused("input int n;", "3:7: found 'int', want float, angle");
    check_refused("@", "3:1: found '@'");
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
    check_fails(ent_qasm_parse("", "t", &qasm), ENT_EFORMAT, "t:1:1: found the end, want OPENQASM 3.0;");
    check_fails(ent_qasm_parse("qubit q;", "t", &qasm), ENT_EFORMAT, "t:1:1: found 'qubit', want OPENQASM 3.0;");
    check_fails(ent_qasm_parse("OPENQASM 2.0;", "t", &qasm), ENT_EFORMAT, "t:1:10: found '2.0', want version 3");
    check_fails(ent_qasm_parse("OPENQASM 3.0", "t", &qasm), ENT_EFORMAT, "t:1:13: found the end, want ';'");
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
    check_refused("qubit[2] q; h q[2];", "3:17: found '2', want an integer from 0 to 1");
    check_refused("qubit[2] q; h q[-1];", "3:17: found '-'");
    check_refused("qubit q; h q[0];", "3:13: found '[', want no index behind a single qubit");
    check_refused("qubit[2] q; cx q[0], q[0];", "3:22: found 'q', want two different qubits for gate cx");
    check_refused("qubit[2] q; cx q, q[0];", "3:16: found 'q', want single qubits for gate cx, as in q[0]");
    check_refused("qubit[2] q; cx q[0];", "3:20: found ';', want ','");
    check_refused("qubit[2] q; h q[0], q[1];", "3:19: found ',', want ';'");
    check_refused("qubit q; h(1) q;", "3:11: found '('");
    check_refused("qubit q; rx q;", "3:13: found 'q', want '('");
    check_refused("qubit q; rx(1, 2) q;", "3:14: found ',', want ')'");
    check_refused("qubit q; u3(1, 2) q;", "3:17: found ')', want ','");
    check_refused("qubit q; barrier a;", "3:18: found 'a', want the name of a qubit");
}

static void refuses_angles(void **state)
{
    (void)state;
    check_refused("qubit q; rx(a) q;", "3:13: found 'a', want a number, pi, tau, the name of an input");
    check_refused("qubit q; rx(q) q;", "3:13: found 'q'");
    check_refused("qubit q; rx() q;", "3:13: found ')'");
    check_refused("qubit q; rx(1/0) q;", "3:14: found '/', want a division by a finite number other than 0");
    check_refused("qubit q; rx(1e300*1e300) q;", "3:13: found '1e300', want an angle that is finite");
    check_refused("qubit q; rx(1/(1e300*1e300)) q;", "3:14: found '/'");
    check_refused("qubit q; rx(2^3) q;", "3:14: found '^', want ')'");
    check_refused("qubit q; rx(sin(1)) q;", "3:13: found 'sin'");
    const char *inputs = "input float a; input float b; input array[float[64], 2] t; qubit q;\n";
    static const char *const bad[][2] = {
        {"rx(a*b) q;", "4:5: found '*', want an angle that is affine in its input"},
        {"rx(a*a) q;", "4:5: found '*'"},
        {"rx(a + b) q;", "4:6: found '+', want an angle of at most one input"},
        {"rx(1/a) q;", "4:5: found '/'"},
        {"rx(t) q;", "4:5: found ')', want '['"},
        {"rx(t[2]) q;", "4:6: found '2', want an integer from 0 to 1"},
        {"rx(a[0]) q;", "4:5: found '[', want ')'"},
        {"rx(t[0] - t[1]) q;", "4:9: found '-'"},
    };
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        char body[512];
        snprintf(body, sizeof body, "%s%s", inputs, bad[k][0]);
        check_refused(body, bad[k][1]);
    }
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
        check_fails(ent_qasm_parse(text, "text", &qasm), ENT_EFORMAT, "text:3:113: found");
        memset(text + at, '1', DEPTH);
        check_fails(ent_qasm_parse(text, "text", &qasm), ENT_EFORMAT, "want a number of at most 60 characters");
        memset(text + at, 'a', DEPTH);
        check_fails(ent_qasm_parse(text, "text", &qasm), ENT_EFORMAT, "want a name of at most 1000 bytes");
        ent_free(text);
    }
}

static const char VALID[] = HEAD
    "input float[64] theta0; input angle x; input array[float[64], 3] phi;\n"
    "qubit[3] q; qubit r; // two registers\n"
    "h q; rx(2*theta0 + pi/2) q[0]; ry(-x/4) q[1]; crz(phi[2]) q[2], r;\n"
    "u3(phi[0], (1 - phi[1])*2, .5e-3) r; /* and */ barrier q, r; rzz(tau) q[0], q[2];\n";

static void survives_every_failing_allocation(void **state)
{
    (void)state;
    ent_qasm *qasm = NULL;
    check_every_allocation(ent_qasm_parse(VALID, "text", &qasm), assert_null(qasm));
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
        const ent_status status = ent_qasm_parse(exact, "text", &qasm);
        assert_true(status == ENT_OK || (status == ENT_EFORMAT && !qasm && strncmp(ent_message(), "text:", 5) == 0));
        accepted += status == ENT_OK;
        ent_qasm_free(qasm);
        ent_free(exact);
    }
    assert_true(accepted > ROUNDS / 100 && accepted < ROUNDS / 2);
}

static void refuses_a_full_disk(void **state)
{
    (void)state;
    FILE *full = fopen("/dev/full", "w");
    if (!full) skip();
    ent_circuit *circuit = random_circuit(1, 3, 20, 1, 1, 1);
    check_fails(ent_qasm_write(circuit, full), ENT_EIO, "No space left");
    fclose(full);
    ent_circuit_free(circuit);
}

static const struct CMUnitTest computes[] = {
    cmocka_unit_test(every_gate_has_its_name),
    cmocka_unit_test(registers_and_broadcast),
    cmocka_unit_test(blanks_comments_and_barriers_are_ignored),
    cmocka_unit_test(inputs_are_numbered_by_sort),
    cmocka_unit_test(many_inputs_are_told_apart),
    cmocka_unit_test(angles_are_affine),
    cmocka_unit_test(versions),
    cmocka_unit_test(written_and_read_again_is_the_same),
    cmocka_unit_test(numbers_keep_their_bits),
    cmocka_unit_test(a_file_is_a_layer_of_an_ansatz),
    cmocka_unit_test(files_are_loaded),
};
static const struct CMUnitTest refuses[] = {
    cmocka_unit_test(refuses_the_rest_of_the_language),
    cmocka_unit_test(refuses_other_versions),
    cmocka_unit_test(refuses_declarations),
    cmocka_unit_test(refuses_gates),
    cmocka_unit_test(refuses_angles),
    cmocka_unit_test(refuses_what_is_too_deep_or_long),
    cmocka_unit_test(survives_every_failing_allocation),
    cmocka_unit_test(survives_mutations),
    cmocka_unit_test(refuses_a_full_disk),
};
CHECK_MAIN(computes, refuses)
