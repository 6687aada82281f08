/* The late rotations, cut into stages by those that read data, and the strings whose values each stage must give. */
#ifndef ENTENTE_ENGINE_PAULI_STAGE_H
#define ENTENTE_ENGINE_PAULI_STAGE_H

#include "pauli_form.h"

/* A string of a stage; stage -1: the identity. */
typedef struct {
    int stage, index;
} pauli_ref;

typedef struct {
    pauli_ref ref;
    int slot, sign; /* of a summand; of the second string of a turn only the sign */
} pauli_link;

/* A rotation that reads data, or a run of others.  The values after it, of the strings that it changes, are made of
 * values of earlier stages: string k of links first[k]..first[k + 1] - 1. */
typedef struct {
    int64_t begin, end; /* its rotations */
    bool reads_data;
    int64_t strings, string_room;
    ent_pauli *string;
    pauli_map index; /* of the strings */
    int64_t links, link_room, firsts, first_room;
    pauli_link *link;
    int64_t *first;
    int *node;      /* [strings] once they are appended */
    ent_bits *cone; /* [strings] what they depend on */
} pauli_stage;

typedef struct {
    const pauli_late *late;
    pauli_tape *tape;
    int count; /* stage 0 also has all strings that no later stage changes */
    pauli_stage *stage;
    pauli_sum sum;
} pauli_stages;

/* How a run of rotations that read no data is cut.  WHOLE: not at all: each string has a sum of all that the run
 * makes of it, and the first run is stage 0.  APART: each rotation that turns by an angle is a stage, with sums of
 * two and at most 4^qubits strings; stage 0 is empty. */
typedef enum { PAULI_CUT_WHOLE, PAULI_CUT_APART } pauli_cut;

bool ent_pauli_reads_data(const pauli_late *late);

/* Errors of all: ENT_ENOMEM.  Must be cleared in any case. */
ent_status ent_pauli_stages_cut(const pauli_late *late, pauli_cut cut, pauli_tape *tape, pauli_stages *stages);
void ent_pauli_stages_clear(pauli_stages *stages);

/* A string's value after all stages before `stage`: that of the last stage that changes it. */
ent_status ent_pauli_stages_want(pauli_stages *stages, const ent_pauli *string, int stage, pauli_ref *ref);

/* From the strings that are wanted to those that they are made of, down to stage 0; *fits is false if there would be
 * more than `most` terms. */
ent_status ent_pauli_stages_spread(pauli_stages *stages, int64_t most, bool *fits);

/* Append all stages from 1 on to a form; stage 0 must have its nodes and cones. */
ent_status ent_pauli_stages_append(pauli_stages *stages, pauli_form *form);

int ent_pauli_stages_node(const pauli_stages *stages, pauli_ref ref);
ent_bits ent_pauli_stages_cone(const pauli_stages *stages, pauli_ref ref);

/* A sum before a rotation or channel, from that after it; errors and *fits as ent_pauli_sum_rotate. */
ent_status ent_pauli_sum_back(pauli_sum *sum, const pauli_late *late, int64_t rotation, pauli_tape *tape,
                              int64_t most, bool *fits);

#endif
