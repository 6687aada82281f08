/* Chosen Pauli strings: "text X0Y1" on one register, "text X0 audio Z1" over several, with each register's own
 * qubits. */
#include <stdio.h>
#include <string.h>

#include "model.h"

/* The register whose name begins the text, followed by a space; the longest, as a name may hold spaces.  -1: none. */
static int named_register(const ent_model_inp *inp, const char *text)
{
    size_t longest = 0;
    int found = -1;
    for (int m = 0; m < inp->registers; m++) {
        const size_t length = strlen(inp->reg[m].name);
        if (length <= longest || strncmp(text, inp->reg[m].name, length) != 0 || text[length] != ' ') continue;
        longest = length;
        found = m;
    }
    return found;
}

static int first_qubit(const ent_model_inp *inp, int m)
{
    int first = 0;
    for (int k = 0; k < m; k++) first += inp->reg[k].ansatz.qubits;
    return first;
}

/* The letters at `at` on register m, added to the string. */
static ent_status read_letters(const ent_model_inp *inp, int m, const char *at, size_t length, ent_pauli *string)
{
    const int qubits = inp->reg[m].ansatz.qubits, first = first_qubit(inp, m);
    char letters[6 * ENT_MAX_QUBITS];
    ent_pauli own;
    ENT_REQUIRE(length < sizeof letters, ENT_EARG, "%zu letters on register '%s'", length, inp->reg[m].name);
    memcpy(letters, at, length);
    letters[length] = '\0';
    ENT_TRY(ent_pauli_read(letters, qubits, &own));
    for (int q = 0; q < qubits; q++) {
        if (ent_bits_has(&own.x, q)) ent_bits_add(&string->x, first + q);
        if (ent_bits_has(&own.z, q)) ent_bits_add(&string->z, first + q);
    }
    return ENT_OK;
}

static bool are_equal(const ent_pauli *a, const ent_pauli *b)
{
    return ent_bits_equal(a->x, b->x) && ent_bits_equal(a->z, b->z);
}

static ent_status read_string(const ent_model_inp *inp, const char *text, ent_string *out)
{
    *out = (ent_string){.needs = 0};
    for (const char *at = text; *at;) {
        const int m = named_register(inp, at);
        ENT_REQUIRE(m >= 0, ENT_EARG, "found '%s', want a register and letters with its qubits, as '%s Z0'", at,
                    inp->reg[0].name);
        ENT_REQUIRE(!(out->needs >> m & 1), ENT_EARG, "register '%s' occurs twice", inp->reg[m].name);
        at += strlen(inp->reg[m].name);
        at += strspn(at, " ");
        const size_t length = strcspn(at, " ");
        ENT_TRY(read_letters(inp, m, at, length, &out->pauli));
        out->needs |= UINT32_C(1) << m;
        at += length;
        at += strspn(at, " ");
    }
    ENT_REQUIRE(out->needs, ENT_EARG, "found nothing, want a register and letters with its qubits, as '%s Z0'",
                inp->reg[0].name);
    return ENT_OK;
}

ent_status ent_model_add_string(ent_model_inp *inp, const char *text)
{
    ent_string string;
    ENT_REQUIRE(inp->strings < ENT_MAX_STRINGS, ENT_EARG, "more than %d Pauli strings", ENT_MAX_STRINGS);
    const ent_status status = read_string(inp, text, &string);
    if (status != ENT_OK) return ent_fail_in(status, "'%s'", text);
    for (int k = 0; k < inp->strings; k++)
        ENT_REQUIRE(!are_equal(&inp->string[k].pauli, &string.pauli), ENT_EARG, "'%s' is given twice", text);
    inp->string[inp->strings++] = string;
    return ENT_OK;
}

ent_status ent_strings_check(const ent_model_inp *inp)
{
    ENT_REQUIRE(inp->strings == 0 || inp->head == ENT_HEAD_LINEAR, ENT_EARG,
                "readout of %d Pauli strings: want head linear, because head direct reads <Z> of qubits",
                inp->strings);
    ENT_REQUIRE(inp->strings == 0 || !(inp->read & ENT_READ_PROBABILITIES), ENT_EARG,
                "readout of %d Pauli strings: found probabilities too, which allow no other readout", inp->strings);
    return ENT_OK;
}

/* The part of string k on register m, on the register's own qubits. */
static ent_pauli part_of(const ent_model_inp *inp, int k, int m)
{
    const int first = first_qubit(inp, m);
    ent_pauli part = {.x = {{0}}, .z = {{0}}};
    for (int q = 0; q < inp->reg[m].ansatz.qubits; q++) {
        if (ent_bits_has(&inp->string[k].pauli.x, first + q)) ent_bits_add(&part.x, q);
        if (ent_bits_has(&inp->string[k].pauli.z, first + q)) ent_bits_add(&part.z, q);
    }
    return part;
}

ent_pauli ent_string_placed(const ent_model_inp *inp, int k, const int *first_qubit)
{
    ent_pauli placed = {.x = {{0}}, .z = {{0}}};
    for (int m = 0; m < inp->registers; m++) {
        if (!(inp->string[k].needs >> m & 1)) continue;
        const ent_pauli part = part_of(inp, k, m);
        for (int q = 0; q < inp->reg[m].ansatz.qubits; q++) {
            if (ent_bits_has(&part.x, q)) ent_bits_add(&placed.x, first_qubit[m] + q);
            if (ent_bits_has(&part.z, q)) ent_bits_add(&placed.z, first_qubit[m] + q);
        }
    }
    return placed;
}

ent_status ent_strings_alone(const ent_model_inp *inp, int m, ent_model_inp *alone)
{
    alone->strings = 0;
    for (int k = 0; k < inp->strings; k++) {
        ENT_REQUIRE((inp->string[k].needs & (inp->string[k].needs - 1)) == 0, ENT_EARG,
                    "Pauli string %d of %d is on several registers, which kind late does not join", k + 1,
                    inp->strings);
        if (inp->string[k].needs >> m & 1) alone->string[alone->strings++] = (ent_string){part_of(inp, k, m), 1};
    }
    return ENT_OK;
}

void ent_string_name(const ent_model_inp *inp, int k, size_t room, char *text)
{
    size_t used = 0;
    for (int m = 0; m < inp->registers && used < room; m++) {
        char letters[6 * ENT_MAX_QUBITS];
        if (!(inp->string[k].needs >> m & 1)) continue;
        const ent_pauli part = part_of(inp, k, m);
        used += (size_t)snprintf(text + used, room - used, "%s%s %s", used ? " " : "", inp->reg[m].name,
                                 ent_pauli_text(&part, letters, sizeof letters));
    }
    if (used >= room) snprintf(text, room, "string %d", k + 1);
}
