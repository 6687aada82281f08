/* Linear algebra over GF(2): a vector is the bits of a word, a sum is XOR.  Local.
 *
 * A space is kept in reduced form: each vector has a pivot, a bit that no other vector has.  So reducing is one pass
 * over the vectors in any order, and what is left of a vector does not depend on how the space was built, given the
 * pivots.  The pivot of a new vector is its lowest bit, its highest bit or one that the caller names. */
#ifndef ENTENTE_CORE_GF2_H
#define ENTENTE_CORE_GF2_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    int count;
    uint64_t pivots; /* all of them */
    uint64_t vector[64], pivot[64];
    uint64_t made_of[64]; /* the vectors whose sum it is: bit k for the k-th that was added */
} ent_gf2;

static inline uint64_t ent_gf2_lowest(uint64_t v)
{
    return v & -v;
}

/* v must not be 0. */
static inline uint64_t ent_gf2_highest(uint64_t v)
{
    return UINT64_C(1) << (63 - __builtin_clzll(v));
}

/* What is left of v without the vectors of the space: 0 where it is in it.  *made_of (may be NULL): which of the
 * added vectors were subtracted. */
uint64_t ent_gf2_reduce(const ent_gf2 *space, uint64_t v, uint64_t *made_of);

/* Add v, with its lowest or highest bit as pivot once it is reduced; false, and nothing is added, where it is in the
 * space already. */
bool ent_gf2_add(ent_gf2 *space, uint64_t v);
bool ent_gf2_add_highest(ent_gf2 *space, uint64_t v);

/* The same with a pivot of the caller's; v has been reduced, and has it. */
void ent_gf2_add_at(ent_gf2 *space, uint64_t v, uint64_t pivot);

/* Sort the vectors from number `from` on by their pivots; made_of goes with them. */
void ent_gf2_sort(ent_gf2 *space, int from);

/* The sum of those vectors whose bits are set in `which`. */
uint64_t ent_gf2_sum(const uint64_t *vectors, int count, uint64_t which);

/* [bits] the dual basis of independent rows of this many bits: parity(row[k] & dual[j]) = (j == k) for j < count, and
 * the others, count <= j < bits, are a basis of what is orthogonal to all rows. */
void ent_gf2_dual(const uint64_t *rows, int count, int bits, uint64_t *dual);

#endif
