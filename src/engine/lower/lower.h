/* The intermediate representation that every engine compiles from: a circuit as rotations of amplitudes that never
 * move.
 *
 * Every gate becomes one of two rotations (lower.c):
 *   Y-type  exp(-i t/2 Y-like): rotates amplitudes p and p ^ flip into each other; the |0> of the pair is the one
 *           with even parity(row & p);  parity(row & flip) = 1
 *   Z-type  exp(-i t/2 Z-string): multiplies amplitude p by exp(-i t/2 (-1)^parity(row & p));   flip = 0
 * X, CX and SWAP only change the flip and the row of a qubit.  A QFT becomes H, CP and SWAP or, on request of the
 * engine, Fourier transforms that are done in one pass over memory (lower_transform). */
#ifndef ENTENTE_ENGINE_LOWER_H
#define ENTENTE_ENGINE_LOWER_H

#include <stdint.h>

#include "entente/circuit.h"
#include "entente/engine.h"

/* A term of a rotation's angle that depends on a slot; the derivative of the rotation times `scale` is added to
 * that slot. */
typedef struct {
    ent_angle_source source;
    int slot;
    double scale;
    int next; /* next term of this rotation, or -1 */
} lower_term;

typedef struct {
    uint64_t flip, row;
    double offset; /* the constant part of the angle */
    int term;      /* first of its terms, or -1 */
    int data;      /* some term is data, so the angle differs between samples */
    int transform; /* not a rotation but this transform of the list; or -1 */
    int read;      /* not a rotation but a readout of this value, by the string of flip and row; or -1 */
} lower_rotation;

/* A piece of a QFT: the Fourier transform of size 2^bits over j, whose bit k is parity(row[k] & p) ^ constant k, and
 * is flipped by flip[k]; after it the phases exp(2 pi i j x / 2^(bits + low)), where x is made of row[bits + k]
 * likewise.
 * A QFT of N1 N2, x = x1 N2 + x2 and y = y1 + N1 y2, is the transform of x1 with the phases of y1 x2, then the QFT of
 * x2 (Cooley and Tukey 1965); the order of the bits of y is left to the frame.  inverse: all exponents with the
 * opposite sign. */
typedef struct {
    int bits, low, inverse;
    uint64_t constant;
    uint64_t row[ENT_MAX_STATE_QUBITS], flip[ENT_MAX_STATE_QUBITS]; /* [bits + low], [bits] */
} lower_transform;

/* The transforms that an engine supports: the flips of a piece and the lowest `run_bits` bits span at most
 * `block_bits` bits, and a piece has at most `most` qubits. */
typedef struct {
    int run_bits, block_bits, most;
} lower_pieces;

typedef struct {
    int rotations, terms;
    int64_t rotation_room, term_room;
    lower_rotation *rotation;
    lower_term *term;
    int transforms;
    int64_t transform_room;
    lower_transform *transform;
    /* [readouts]: readout r is sign[r] times the string that maps amplitude p, with the sign of parity(row[r] &
     * p), to p ^ flip[r]; if it is odd, parity(row[r] & flip[r]) = 1, also times i. */
    int readouts;
    uint64_t *flip, *row;
    double *sign;
} lower_list;

/* Translate gates into rotations; pieces NULL: no transforms. */
ent_status ent_lower(const ent_circuit *circuit, const lower_pieces *pieces, lower_list *out);
void ent_lower_clear(lower_list *list);
/* Append readout r as an operation that reads `value`.  Errors: ENT_ENOMEM. */
ent_status ent_lower_read(lower_list *list, int r, int value);

static inline int lower_parity(uint64_t a, uint64_t b)
{
    return __builtin_parityll(a & b);
}

/* Whether two strings commute: rotations, or a rotation and a readout. */
static inline int lower_commute(uint64_t flip_a, uint64_t row_a, uint64_t flip_b, uint64_t row_b)
{
    return lower_parity(flip_a, row_b) == lower_parity(flip_b, row_a);
}

#endif
