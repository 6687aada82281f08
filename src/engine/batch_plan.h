/* What the batch engine runs: a circuit as rotations, nodes, turns and phases.
 *
 * Every gate comes to one of two rotations (batch_lower.c), on amplitudes that never move:
 *   Y-type  exp(-i t/2 Y-like): turns amplitude p against amplitude p ^ flip, the |0> of the pair being the one whose
 *           parity(row & p) is even;   parity(row & flip) = 1
 *   Z-type  exp(-i t/2 Z-string): multiplies amplitude p by exp(-i t/2 (-1)^parity(row & p));   flip = 0
 * X, CX and SWAP only change which flip and row a qubit has.  A QFT comes to H, CP and SWAP, or, where the engine
 * wants it, to Fourier transforms that go through memory as one piece (batch_transform).  A node is a set of bits whose state is simulated alone:
 * single bits at first, then the product of two nodes once a rotation connects them.  A node's rotations are sorted
 * into steps: a phase step (Z-type) or a turn step (Y-type, all on different bits of some basis). */
#ifndef ENTENTE_ENGINE_BATCH_PLAN_H
#define ENTENTE_ENGINE_BATCH_PLAN_H

#include <stdint.h>

#include "entente/circuit.h"
#include "entente/engine.h"

enum { BATCH_MAX_BITS = 20, BATCH_BLOCK = 8, BATCH_TREE = 4, BATCH_CODE = 5 };
enum { BATCH_GONE, BATCH_TURN, BATCH_PHASE };

/* One summand of a rotation's angle that depends on a slot: the rotation's derivative times `scale` goes there. */
typedef struct {
    ent_angle_source source;
    int slot;
    double scale;
    int next; /* in the list of this rotation's terms, or -1 */
} batch_term;

typedef struct {
    uint64_t flip, row;
    double offset; /* the part of the angle that is a number */
    int term;      /* head of its terms, or -1 */
    int data;      /* some term is data: the angle differs between the samples */
    int transform; /* it is no rotation but this one of the list's transforms; or -1 */
} batch_rotation;

/* A piece of a QFT: the Fourier transform of size 2^bits over j, whose bit k is parity(row[k] & p) ^ constant k, and is
 * turned by flip[k]; behind it the phases exp(2 pi i j x / 2^(bits + low)), x being made of row[bits + k] alike.
 * A QFT of N1 N2, x = x1 N2 + x2 and y = y1 + N1 y2, is the transform of x1 with the phases of y1 x2, then the QFT of
 * x2 (Cooley and Tukey 1965); the order of the bits of y is the frame's.  inverse: all with the other sign. */
typedef struct {
    int bits, low, inverse;
    uint64_t constant;
    uint64_t row[ENT_MAX_QUBITS], flip[ENT_MAX_QUBITS]; /* [bits + low], [bits] */
} batch_transform;

/* Which transforms an engine takes: a piece's flips and the lowest `run_bits` bits span `block_bits` at most, and it has
 * `most` qubits at most. */
typedef struct {
    int run_bits, block_bits, most;
} batch_pieces;

typedef struct {
    int rotations, terms;
    int64_t rotation_room, term_room;
    batch_rotation *rotation;
    batch_term *term;
    int transforms;
    int64_t transform_room;
    batch_transform *transform;
    int readouts;
    uint64_t *row; /* [readouts]: readout r is sign[r] times the parity of row[r] */
    double *sign;
} batch_list;

/* Amplitudes that belong together: place[a] ^ base[h] is the byte offset of the one with local bits a in block h. */
typedef struct {
    int bits;
    int64_t blocks;
    uint32_t *base, *place;
} batch_blocks;

/* Some rotations of a turn step, applied block after block; a stage is what is done in registers at once. */
typedef struct {
    batch_blocks in;
    int rotation[BATCH_BLOCK]; /* of local bit 0, 1, ... */
    int stages, width[BATCH_BLOCK];
} batch_turn;

/* Sums over all amplitudes with the signs of up to `bits` independent rows, by a tree of additions. */
typedef struct {
    batch_blocks
        in; /* local bits and blocks together count through the rows: bit j of (h, a) is the parity of row j */
    int bits, rows;
    int wanted;  /* some target has a gradient, or is a readout */
    int *target; /* [rows] the rotation, or the value */
} batch_sum;

/* The Z-type rotations whose angles differ between the samples, up to BATCH_CODE at once. */
typedef struct {
    int rotations, rotation[BATCH_CODE];
    uint8_t *code; /* [amplitudes] parities of the rows */
} batch_lane_phase;

/* A turn step has turns; a phase step has sums (over the rows of all its rotations), and lanes where angles differ
 * between the samples. */
typedef struct {
    int turn, turns; /* forward; and the same rotations for the way back, where ket and bra share the registers */
    int back, backs;
    int sum, sums;
    int lane, lanes;
    void *table; /* [amplitudes][re, im]: the product of the shared rotations, in the plan's precision, or NULL */
} batch_step;

typedef struct {
    int bits, left, right; /* amplitude (left index << right's bits) | right index; -1, -1: a single bit in |0> */
    int parent;            /* or -1 */
    int64_t state;         /* where its ket lies among the kets and its bra among the bras, in amplitudes */
    int step, steps;
    int sum, sums; /* of its readouts */
} batch_node;

/* Which sizes of passes suit the registers and caches. */
typedef struct {
    int lanes, real_bytes;
    int forward_width, back_width; /* rotations at once in registers */
    int forward_block, back_block; /* rotations at once in the L1 cache */
} batch_shape;

typedef struct {
    batch_list list;
    int nodes, steps, turns, sums, lanes;
    batch_node *node; /* children before parents */
    batch_step *step;
    batch_turn *turn;
    batch_sum *sum;
    batch_lane_phase *lane;
    int *kind;          /* [rotations] BATCH_TURN, BATCH_PHASE or BATCH_GONE */
    int values;         /* different rows among the readouts */
    int *value;         /* [readouts] -> values, or -1 for a constant */
    int params, angles; /* of the circuit */
    batch_shape shape;
    int64_t amplitudes; /* of all nodes */
    int most_bits;
    double *angle;    /* [rotations] the part that all samples share; by prepare */
    double *scratch;  /* [amplitudes of the largest node][re, im] */
    double *prepared; /* [params] that the angles and tables are for */
    int64_t version;  /* counts the calls of prepare that changed them */
} batch_plan;

/* batch_lower.c: gates to rotations; pieces NULL: no transforms. */
ent_status ent_batch_lower(const ent_circuit *circuit, const batch_pieces *pieces, batch_list *out);
void ent_batch_list_clear(batch_list *list);

/* batch_nodes.c: drop the rotations that no readout sees, number the bits that amplitudes other than 0 have, and find
 * the nodes; then the steps of each.  home[r] is the node of rotation r and step[r] its step there, -1 where the
 * rotation is dropped or merged into another.  Flips and rows come out in the bits of the node. */
typedef struct {
    int nodes;
    batch_node node[2 * BATCH_MAX_BITS];
    int *bits[2 * BATCH_MAX_BITS]; /* [node.bits] which of all bits are the node's bits 0, 1, ... */
    int *home, *step;              /* [rotations] */
    int *root;                     /* [readouts] the node, or -1 for a constant */
} batch_tree;
ent_status ent_batch_tree_new(batch_list *list, batch_tree **out);
void ent_batch_tree_free(batch_tree *tree);

/* batch_blocks.c: addresses. */
ent_status ent_batch_blocks_turn(int bits, int count, const uint64_t *flip, const uint64_t *row,
                                 int64_t amplitude_bytes, batch_blocks *out);
ent_status ent_batch_blocks_sum(int bits, int count, const uint64_t *row, int64_t amplitude_bytes, batch_blocks *out);
/* Whether `row` is independent of the `count` rows (count <= 63). */
int ent_batch_independent(int count, const uint64_t *rows, uint64_t row);

/* batch_plan.c: ENT_EARG when there are more than BATCH_MAX_BITS bits. */
ent_status ent_batch_plan_new(const ent_circuit *circuit, const batch_shape *shape, batch_plan **out);
void ent_batch_plan_free(batch_plan *plan);
/* The shared angles and the tables of phases; nothing to do where the parameters are those of the last call. */
void ent_batch_plan_prepare(batch_plan *plan, const double *params);

/* Where amplitude p lies.  Amplitudes 2^k apart, k >= 5, would all meet in one set of the L1 cache (4 KiB a way, 128
 * bytes an amplitude), and a turn wants up to 16 of them at once: so the high bits are folded into the low five.
 * Linear over GF(2), so that it goes into the tables of addresses. */
static inline uint64_t batch_slot(uint64_t p)
{
    return p ^ (p >> 5 & 31) ^ (p >> 10 & 31) ^ (p >> 15 & 31);
}

static inline int batch_parity(uint64_t a, uint64_t b)
{
    return __builtin_parityll(a & b);
}

#endif
