/* What the batch engine runs: rotations (lower.h) as nodes, turns and phases.
 *
 * A node is a set of bits whose state is simulated alone: single bits at first, then the product of two nodes once a
 * rotation connects them.  A node's rotations are sorted into steps: a phase step (Z-type) or a turn step (Y-type, all
 * on different bits of some basis).  Readouts of Zs are sums with signs; those with an X or a Y are sums over pairs of
 * amplitudes, so that X, Y and Z of a qubit cost one sum each way: on the way back they are one Hermitian 2x2 matrix. */
#ifndef ENTENTE_ENGINE_BATCH_PLAN_H
#define ENTENTE_ENGINE_BATCH_PLAN_H

#include <stdint.h>

#include "engine/lower/lower.h"

enum { BATCH_MAX_BITS = 20, BATCH_BLOCK = 8, BATCH_TREE = 4, BATCH_CODE = 5 };
enum { BATCH_GONE, BATCH_TURN, BATCH_PHASE };

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

/* A readout with an X or a Y: the sum over pairs of amplitudes, one in each block, with the signs of the blocks. */
typedef struct {
    int value, odd; /* odd: it has an odd number of Ys */
    uint8_t *sign;  /* [blocks] 1 for -, or NULL where all are + */
} batch_string;

/* Such readouts of one flip. */
typedef struct {
    batch_blocks in; /* one local bit, the flip; the blocks are blind to the row of an odd string, if there is one */
    int strings;
    batch_string *string;
} batch_read;

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
    int sum, sums;   /* of its readouts of Zs alone */
    int read, reads; /* and of the others */
} batch_node;

/* Which sizes of passes suit the registers and caches. */
typedef struct {
    int lanes, real_bytes;
    int forward_width, back_width; /* rotations at once in registers */
    int forward_block, back_block; /* rotations at once in the L1 cache */
} batch_shape;

typedef struct {
    lower_list list;
    int nodes, steps, turns, sums, lanes, reads;
    batch_node *node; /* children before parents */
    batch_step *step;
    batch_turn *turn;
    batch_sum *sum;
    batch_lane_phase *lane;
    batch_read *read;
    int *kind;          /* [rotations] BATCH_TURN, BATCH_PHASE or BATCH_GONE */
    int values;         /* different strings among the readouts */
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
ent_status ent_batch_tree_new(lower_list *list, batch_tree **out);
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

#endif
