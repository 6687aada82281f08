/* The span of strings over GF(2), of a pair of words each (flip, row): a string commutes with all of them exactly
 * if it commutes with a basis.  So asking costs at most twice as many steps as there are bits, however many strings
 * there are. */
#ifndef ENTENTE_ENGINE_LOWER_SPAN_H
#define ENTENTE_ENGINE_LOWER_SPAN_H

#include <stdbool.h>

#include "lower.h"

typedef struct {
    int count;
    uint64_t flip[2 * ENT_MAX_STATE_QUBITS], row[2 * ENT_MAX_STATE_QUBITS];
} lower_span;

/* A vector's lowest bit, of its flip or else of its row, is in no later one, so that reducing is one pass in their
 * order. */
static inline void lower_span_add(lower_span *span, uint64_t flip, uint64_t row)
{
    for (int k = 0; k < span->count; k++) {
        const uint64_t its_flip = span->flip[k], its_row = span->row[k];
        const uint64_t there = its_flip ? flip & its_flip & -its_flip : row & its_row & -its_row;
        if (!there) continue;
        flip ^= its_flip;
        row ^= its_row;
    }
    if (!(flip | row)) return;
    span->flip[span->count] = flip;
    span->row[span->count++] = row;
}

static inline bool lower_span_commutes(const lower_span *span, uint64_t flip, uint64_t row)
{
    for (int k = 0; k < span->count; k++)
        if (!lower_commute(flip, row, span->flip[k], span->row[k])) return false;
    return true;
}

#endif
