/* The gates of a circuit as text, for comparison with a list written by hand. */
#ifndef ENTENTE_TESTS_GATE_LIST_H
#define ENTENTE_TESTS_GATE_LIST_H

#include "check.h"

#include "entente/circuit.h"

enum { GATE_TEXT = 96 };

/* "rx 0", "cx 0 1": returns the length. */
static inline int gate_name_text(const ent_gate *gate, char text[GATE_TEXT])
{
    const ent_gate_info *info = ent_gate_describe(gate->kind);
    int at = snprintf(text, GATE_TEXT, "%s %d", info->name, gate->qubit[0]);
    if (info->qubits == 2) at += snprintf(text + at, GATE_TEXT - (size_t)at, " %d", gate->qubit[1]);
    return at;
}

/* The circuit consists of the gates `wanted`, separated by ", "; `gate_text` writes one. */
static inline void check_gate_list(const ent_circuit *circuit, void (*gate_text)(const ent_gate *gate, char *text),
                                   const char *wanted)
{
    char found[4096] = "", text[GATE_TEXT];
    for (int64_t g = 0; g < circuit->gates; g++) {
        gate_text(&circuit->gate[g], text);
        if (g > 0) strncat(found, ", ", sizeof found - strlen(found) - 1);
        strncat(found, text, sizeof found - strlen(found) - 1);
    }
    assert_string_equal(found, wanted);
}

#endif
