/* OpenQASM files: from a file or a text into a circuit, and back.  The reader itself is in qasm_parse.c. */
#include "entente/qasm.h"

#include <errno.h>
#include <string.h>

#include "entente/memory.h"
#include "qasm_parse.h"

enum { MAX_FILE_BYTES = 16 << 20 };

struct ent_qasm {
    ent_circuit *circuit;
    char *text;
};

void ent_qasm_free(ent_qasm *qasm)
{
    if (!qasm) return;
    ent_circuit_free(qasm->circuit);
    ent_free(qasm->text);
    ent_free(qasm);
}

const ent_circuit *ent_qasm_circuit(const ent_qasm *qasm)
{
    return qasm->circuit;
}

const char *ent_qasm_text(const ent_qasm *qasm)
{
    return qasm->text;
}

static ent_status parse(const char *text, const char *name, ent_circuit *circuit)
{
    qasm_parser parser = {.circuit = circuit};
    ENT_TRY(ent_token_start(&parser.tokens, name, text));
    const ent_status status = ent_qasm_read(&parser);
    ent_free(parser.symbols);
    return status;
}

ent_status ent_qasm_parse(const char *text, const char *name, ent_qasm **out)
{
    ent_qasm *qasm = ent_alloc(1, sizeof *qasm);
    ENT_REQUIRE(qasm, ENT_ENOMEM, "%s: no memory", name);
    ent_status status = ent_circuit_new(0, 0, 0, &qasm->circuit);
    if (status == ENT_OK) status = parse(text, name, qasm->circuit);
    if (status == ENT_OK && !(qasm->text = ent_text(text))) status = ent_fail(ENT_ENOMEM, "%s: no memory", name);
    if (status != ENT_OK) {
        ent_qasm_free(qasm);
        return status;
    }
    *out = qasm;
    return ENT_OK;
}

static ent_status read_text(FILE *file, const char *path, char **out)
{
    char *text = ent_alloc(MAX_FILE_BYTES + 1, 1);
    ENT_REQUIRE(text, ENT_ENOMEM, "%s: no memory", path);
    const size_t bytes = fread(text, 1, MAX_FILE_BYTES, file);
    ent_status status = ENT_OK;
    if (ferror(file))
        status = ent_fail(ENT_EIO, "%s: %s", path, strerror(errno));
    else if (bytes == MAX_FILE_BYTES)
        status = ent_fail(ENT_EFORMAT, "%s: %d bytes or more, want less", path, MAX_FILE_BYTES);
    else if (strlen(text) != bytes)
        status = ent_fail(ENT_EFORMAT, "%s: byte %zu is 0, want text", path, strlen(text));
    if (status != ENT_OK) {
        ent_free(text);
        return status;
    }
    *out = text;
    return ENT_OK;
}

ent_status ent_qasm_load(const char *path, ent_qasm **out)
{
    FILE *file = fopen(path, "rb");
    ENT_REQUIRE(file, ENT_EIO, "%s: %s", path, strerror(errno));
    char *text = NULL;
    ent_status status = read_text(file, path, &text);
    fclose(file);
    if (status != ENT_OK) return status;
    status = ent_qasm_parse(text, path, out);
    ent_free(text);
    return status;
}

typedef struct {
    const ent_circuit *circuit;
    FILE *out;
} writer;

/* q[3], or q1[0] where there are several registers. */
static void write_qubit(const ent_circuit *circuit, int qubit, FILE *out)
{
    int m = circuit->registers - 1;
    while (circuit->register_first[m] > qubit) m--;
    if (circuit->registers == 1)
        fprintf(out, "q[%d]", qubit);
    else
        fprintf(out, "q%d[%d]", m, qubit - circuit->register_first[m]);
}

static void write_registers(const ent_circuit *circuit, FILE *out)
{
    if (circuit->registers == 1) fprintf(out, "qubit[%d] q;\n", circuit->qubits);
    for (int m = 0; m < circuit->registers && circuit->registers > 1; m++)
        fprintf(out, "qubit[%d] q%d;\n", circuit->register_first[m + 1] - circuit->register_first[m], m);
}

/* theta3, 0.5*x0, 2*theta1 - 0.25, 1.5 */
static void write_angle(const ent_angle *a, FILE *out)
{
    if (a->source == ENT_ANGLE_FIXED) {
        fprintf(out, "%.17g", a->offset);
        return;
    }
    if (a->scale != 1.0) fprintf(out, "%.17g*", a->scale);
    fprintf(out, "%s%d", a->source == ENT_ANGLE_PARAM ? "theta" : "x", a->slot);
    if (a->offset != 0.0)
        fprintf(out, " %c %.17g", a->offset < 0.0 ? '-' : '+', a->offset < 0.0 ? -a->offset : a->offset);
}

/* "name q[a];" or "name q[a], q[b];" */
static void write_on(const writer *w, const char *name, int a, int b)
{
    fputs(name, w->out);
    fputc(' ', w->out);
    write_qubit(w->circuit, a, w->out);
    if (b >= 0) fputs(", ", w->out);
    if (b >= 0) write_qubit(w->circuit, b, w->out);
    fputs(";\n", w->out);
}

static void write_plain(const writer *w, const ent_gate *gate, const ent_gate_info *info)
{
    fputs(info->name, w->out);
    if (info->angles > 0) {
        fputc('(', w->out);
        write_angle(&gate->angle, w->out);
        fputc(')', w->out);
    }
    write_on(w, "", gate->qubit[0], info->qubits == 2 ? gate->qubit[1] : -1);
}

/* exp(-i t PP / 2): with V^+ Z V = P, V on both, CX, RZ(t) on the second, CX, V^+ on both. */
static void write_pair(const writer *w, const ent_gate *gate)
{
    const int a = gate->qubit[0], b = gate->qubit[1];
    const char *before = gate->kind == ENT_RXX ? "h" : "rx(pi/2)", *after = gate->kind == ENT_RXX ? "h" : "rx(-pi/2)";
    const bool turned = gate->kind != ENT_RZZ;
    for (int k = 0; k < 2 && turned; k++) write_on(w, before, gate->qubit[k], -1);
    write_on(w, "cx", a, b);
    fputs("rz(", w->out);
    write_angle(&gate->angle, w->out);
    write_on(w, ")", b, -1);
    write_on(w, "cx", a, b);
    for (int k = 0; k < 2 && turned; k++) write_on(w, after, gate->qubit[k], -1);
}

static ent_status write_gate(void *to, const ent_gate *gate)
{
    const writer *w = to;
    if (ent_gate_describe(gate->kind)->qubits == 0) return ent_qft_spell_out(gate, write_gate, to);
    if (gate->kind == ENT_RXX || gate->kind == ENT_RYY || gate->kind == ENT_RZZ)
        write_pair(w, gate);
    else
        write_plain(w, gate, ent_gate_describe(gate->kind));
    return ENT_OK;
}

static void write_readout(int r, const ent_pauli *string, FILE *out)
{
    static const char letter[] = "IXZY";
    fprintf(out, "// readout %d: <", r);
    for (int q = 0; q < ENT_MAX_QUBITS; q++) {
        const int pauli = ent_bits_has(&string->x, q) + 2 * ent_bits_has(&string->z, q);
        if (pauli) fprintf(out, " %c%d", letter[pauli], q);
    }
    fputs(" >\n", out);
}

ent_status ent_qasm_write(const ent_circuit *circuit, FILE *out)
{
    writer to = {circuit, out};
    fputs("OPENQASM 3.0;\ninclude \"stdgates.inc\";\n", out);
    for (int k = 0; k < circuit->params; k++) fprintf(out, "input float[64] theta%d;\n", k);
    for (int k = 0; k < circuit->angles; k++) fprintf(out, "input float[64] x%d;\n", k);
    write_registers(circuit, out);
    for (int64_t g = 0; g < circuit->gates; g++) ENT_TRY(write_gate(&to, &circuit->gate[g]));
    for (int r = 0; r < circuit->readouts; r++) write_readout(r, &circuit->readout[r], out);
    ENT_REQUIRE(!ferror(out) && fflush(out) == 0, ENT_EIO, "writing OpenQASM: %s", strerror(errno));
    return ENT_OK;
}
