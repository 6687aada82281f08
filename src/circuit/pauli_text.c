/* Pauli strings in text form. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entente/circuit.h"

static const char LETTERS[] = "IXZY"; /* x + 2 z */

char *ent_pauli_text(const ent_pauli *string, char *text, size_t room)
{
    size_t at = 0;
    text[0] = '\0';
    for (int q = 0; q < ENT_MAX_QUBITS && at < room; q++) {
        const int pauli = ent_bits_has(&string->x, q) + 2 * ent_bits_has(&string->z, q);
        if (pauli) at += (size_t)snprintf(text + at, room - at, "%c%d", LETTERS[pauli], q);
    }
    return text;
}

/* x + 2 z of a letter, or -1. */
static int pauli_of(char letter)
{
    const char *found = letter ? strchr(LETTERS, letter) : NULL;
    return found ? (int)(found - LETTERS) : -1;
}

static void set(ent_pauli *string, int qubit, int pauli)
{
    if (pauli & 1) ent_bits_add(&string->x, qubit);
    if (pauli & 2) ent_bits_add(&string->z, qubit);
}

static ent_status read_dense(const char *text, int qubits, ent_pauli *string)
{
    ENT_REQUIRE(strlen(text) == (size_t)qubits, ENT_EARG,
                "Pauli string '%s': %zu letters, want %d, one for each qubit, or letters with qubits, as Z0Z2", text,
                strlen(text), qubits);
    for (int k = 0; k < qubits; k++) set(string, qubits - 1 - k, pauli_of(text[k]));
    return ENT_OK;
}

static ent_status read_sparse(const char *text, int qubits, ent_pauli *string)
{
    ent_bits seen = ent_bits_of_word(0);
    for (const char *at = text; *at;) {
        char *end;
        const int pauli = pauli_of(*at);
        const bool digit = at[1] >= '0' && at[1] <= '9';
        const long qubit = digit ? strtol(at + 1, &end, 10) : -1;
        ENT_REQUIRE(pauli >= 0 && qubit >= 0, ENT_EARG,
                    "Pauli string '%s': found '%s', want letters I, X, Y, Z with qubits, as Z0Z2", text, at);
        ENT_REQUIRE(qubit < qubits, ENT_EARG, "Pauli string '%s': qubit %ld, want 0 to %d", text, qubit, qubits - 1);
        ENT_REQUIRE(!ent_bits_has(&seen, (int)qubit), ENT_EARG, "Pauli string '%s': qubit %ld twice", text, qubit);
        ent_bits_add(&seen, (int)qubit);
        set(string, (int)qubit, pauli);
        at = end;
    }
    return ENT_OK;
}

ent_status ent_pauli_read(const char *text, int qubits, ent_pauli *string)
{
    ent_pauli found = {.x = {{0}}, .z = {{0}}};
    const bool dense = strspn(text, LETTERS) == strlen(text);
    ENT_TRY(dense ? read_dense(text, qubits, &found) : read_sparse(text, qubits, &found));
    ENT_REQUIRE(ent_bits_last(ent_bits_or(found.x, found.z)) >= 0, ENT_EARG,
                "Pauli string '%s': want X, Y or Z on one qubit at least", text);
    *string = found;
    return ENT_OK;
}
