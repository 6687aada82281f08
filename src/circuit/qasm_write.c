/* A circuit as OpenQASM 3 or 2.  In version 2 a gate's name that its standard library lacks, or once lacked, is
 * written by what all of its versions have. */
#include <errno.h>
#include <string.h>

#include "qasm_parse.h"

typedef struct {
    const ent_circuit *circuit;
    FILE *out;
    int version;
} writer;

/* q[3], or q1[0] if there are several registers. */
static void write_qubit(const writer *w, int qubit)
{
    const ent_circuit *circuit = w->circuit;
    int m = circuit->registers - 1;
    while (circuit->register_first[m] > qubit) m--;
    if (circuit->registers == 1)
        fprintf(w->out, "q[%d]", qubit);
    else
        fprintf(w->out, "q%d[%d]", m, qubit - circuit->register_first[m]);
}

static void write_registers(const writer *w)
{
    for (int m = 0; m < w->circuit->registers; m++) {
        const int size = w->circuit->register_first[m + 1] - w->circuit->register_first[m];
        char number[16] = "";
        if (w->circuit->registers > 1) snprintf(number, sizeof number, "%d", m);
        if (w->version == 2)
            fprintf(w->out, "qreg q%s[%d];\n", number, size);
        else
            fprintf(w->out, "qubit[%d] q%s;\n", size, number);
    }
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

static const char *name_of(const writer *w, ent_gate_kind kind)
{
    if (w->version == 2 && kind == ENT_P) return "u1";
    if (w->version == 2 && kind == ENT_CP) return "cu1";
    return ent_gate_describe(kind)->name;
}

static ent_status write_gate(void *to, const ent_gate *gate)
{
    const writer *w = to;
    const ent_gate_info *info = ent_gate_describe(gate->kind);
    if (info->qubits == 0) return ent_qft_spell_out(gate, write_gate, to);
    fputs(name_of(w, gate->kind), w->out);
    if (info->angles > 0) {
        fputc('(', w->out);
        write_angle(&gate->angle, w->out);
        fputc(')', w->out);
    }
    fputc(' ', w->out);
    write_qubit(w, gate->qubit[0]);
    if (info->qubits == 2) fputs(", ", w->out);
    if (info->qubits == 2) write_qubit(w, gate->qubit[1]);
    fputs(";\n", w->out);
    return ENT_OK;
}

static bool has_kind(const ent_circuit *circuit, ent_gate_kind kind)
{
    for (int64_t g = 0; g < circuit->gates; g++)
        if (circuit->gate[g].kind == kind) return true;
    return false;
}

/* Gates that the standard library of the version lacks. */
static void write_definitions(const writer *w)
{
    if (w->version == 3 && has_kind(w->circuit, ENT_RXX)) fputs(ENT_QASM_RXX "\n", w->out);
    if (has_kind(w->circuit, ENT_RYY)) fputs(ENT_QASM_RYY "\n", w->out);
    if (w->version == 3 && has_kind(w->circuit, ENT_RZZ)) fputs(ENT_QASM_RZZ "\n", w->out);
}

static void write_readouts(const writer *w)
{
    char text[6 * ENT_MAX_QUBITS];
    for (int r = 0; r < w->circuit->readouts; r++)
        fprintf(w->out, "// readout %d: %s\n", r, ent_pauli_text(&w->circuit->readout[r], text, sizeof text));
}

ent_status ent_qasm_write(const ent_circuit *circuit, int version, FILE *out)
{
    writer to = {circuit, out, version};
    ENT_REQUIRE(version == 2 || version == 3, ENT_EARG, "OpenQASM %d, want 2 or 3", version);
    ENT_REQUIRE(version == 3 || circuit->params + circuit->angles == 0, ENT_EARG,
                "a circuit of %d parameters and %d data angles as OpenQASM 2, which has no inputs: want one that is "
                "bound to numbers, or OpenQASM 3",
                circuit->params, circuit->angles);
    fputs(version == 3 ? "OPENQASM 3.0;\ninclude \"stdgates.inc\";\n" : "OPENQASM 2.0;\ninclude \"qelib1.inc\";\n",
          out);
    write_definitions(&to);
    for (int k = 0; k < circuit->params; k++) fprintf(out, "input float[64] theta%d;\n", k);
    for (int k = 0; k < circuit->angles; k++) fprintf(out, "input float[64] x%d;\n", k);
    write_registers(&to);
    for (int64_t g = 0; g < circuit->gates; g++) ENT_TRY(write_gate(&to, &circuit->gate[g]));
    write_readouts(&to);
    ENT_REQUIRE(!ferror(out) && fflush(out) == 0, ENT_EIO, "writing OpenQASM: %s", strerror(errno));
    return ENT_OK;
}
