/* Pauli strings, and their parts on registers. */
#ifndef ENTENTE_ENGINE_PAULI_STRING_H
#define ENTENTE_ENGINE_PAULI_STRING_H

#include "entente/circuit.h"

enum { PAULI_X, PAULI_Y, PAULI_Z };

static inline ent_pauli pauli_single(int axis, int qubit)
{
    ent_pauli p = {0};
    if (axis != PAULI_Z) ent_bits_add(&p.x, qubit);
    if (axis != PAULI_X) ent_bits_add(&p.z, qubit);
    return p;
}

/* The product of two strings, without sign and phase. */
static inline ent_pauli pauli_times(const ent_pauli *a, const ent_pauli *b)
{
    return (ent_pauli){ent_bits_xor(a->x, b->x), ent_bits_xor(a->z, b->z)};
}

/* One parity of one word: the compiler calls a function for each popcount if the machine may lack the instruction. */
static inline bool pauli_commute(const ent_pauli *a, const ent_pauli *b)
{
    uint64_t both = 0;
    for (int k = 0; k < ENT_MAX_QUBITS / 64; k++)
        both ^= (a->x.word[k] & b->z.word[k]) ^ (a->z.word[k] & b->x.word[k]);
    return !__builtin_parityll(both);
}

static inline bool pauli_equal(const ent_pauli *a, const ent_pauli *b)
{
    uint64_t unlike = 0;
    for (int k = 0; k < ENT_MAX_QUBITS / 64; k++)
        unlike |= (a->x.word[k] ^ b->x.word[k]) | (a->z.word[k] ^ b->z.word[k]);
    return unlike == 0;
}

/* The qubits on which a string is not the identity. */
static inline ent_bits pauli_support(const ent_pauli *p)
{
    return ent_bits_or(p->x, p->z);
}

/* The part of a string on some qubits. */
static inline ent_pauli pauli_on(const ent_pauli *p, ent_bits qubits)
{
    return (ent_pauli){ent_bits_and(p->x, qubits), ent_bits_and(p->z, qubits)};
}

/* q p = i^power * *out; a Hermitian string is i^|x & z| X^x Z^z. */
static inline int pauli_power(const ent_pauli *q, const ent_pauli *p, ent_pauli *out)
{
    *out = pauli_times(q, p);
    const int ys = ent_bits_count(ent_bits_and(q->x, q->z)) + ent_bits_count(ent_bits_and(p->x, p->z)) -
                   ent_bits_count(ent_bits_and(out->x, out->z));
    return ys + 2 * ent_bits_parity(q->z, p->x);
}

/* i q p = sign * *out, for strings that do not commute. */
static inline int pauli_turned(const ent_pauli *q, const ent_pauli *p, ent_pauli *out)
{
    return (1 + pauli_power(q, p, out)) & 2 ? -1 : 1;
}

/* q p = sign * *out, for strings that commute. */
static inline int pauli_product(const ent_pauli *q, const ent_pauli *p, ent_pauli *out)
{
    return pauli_power(q, p, out) & 2 ? -1 : 1;
}

/* A map from strings to indices. */
typedef struct {
    int64_t count, room;
    struct pauli_key *key;       /* [count] in the order in which they were added */
    int64_t size;                /* a power of two, or 0 */
    struct pauli_bucket *bucket; /* [size] */
} pauli_map;

/* -1 if the map does not contain the string. */
int ent_pauli_map_find(const pauli_map *map, const ent_pauli *string);
/* Add a string that is not in the map.  Errors: ENT_ENOMEM. */
ent_status ent_pauli_map_add(pauli_map *map, const ent_pauli *string, int index);
void ent_pauli_map_empty(pauli_map *map);
void ent_pauli_map_clear(pauli_map *map);

#endif
