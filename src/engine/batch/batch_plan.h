/* The plan that the batch engine runs: rotations (lower.h) as nodes, turns and phases.
 *
 * A node is a set of bits whose state is simulated separately: single bits at first, then the product of two nodes
 * once a rotation connects them.  The rotations of a node are sorted into steps: a phase step (Z-type) or a turn
 * step (Y-type, all on different bits of some basis).  Readouts of Zs are sums with signs; those with an X or a Y
 * are sums over pairs of amplitudes, so that X, Y and Z of a qubit cost one sum in each direction: in the backward
 * sweep they form one Hermitian 2x2 matrix. */
#ifndef ENTENTE_ENGINE_BATCH_PLAN_H
#define ENTENTE_ENGINE_BATCH_PLAN_H

#include <stdint.h>

#include "engine/lower/lower.h"

enum { BATCH_MAX_BITS = 20, BATCH_BLOCK = 8, BATCH_TREE = 4, BATCH_CODE = 5, BATCH_TILE = 3 };
enum { BATCH_GONE, BATCH_TURN, BATCH_PHASE };

/* Addresses of related amplitudes: place[a] ^ base[h] is the byte offset of the one with local bits a in block h. */
typedef struct {
    int bits;
    int64_t blocks;
    uint32_t *base, *place;
} batch_blocks;

/* Several rotations of a turn step, applied block by block; the rotations of a stage are done together in
 * registers. */
typedef struct {
    batch_blocks in;
    int rotation[BATCH_BLOCK]; /* rotations of local bits 0, 1, ... */
    int stages, width[BATCH_BLOCK];
} batch_turn;

/* Sums over all amplitudes with the signs of up to `bits` independent rows, by a tree of additions. */
typedef struct {
    batch_blocks in; /* bit j of the combined index (h, a) is the parity of row j */
    int bits, rows;
    int wanted;  /* a target has a gradient, or is a readout */
    int *target; /* [rows] the rotation, or the value */
} batch_sum;

/* A readout with an X or a Y: the sum over pairs of amplitudes, one pair per block, with the signs of the blocks. */
typedef struct {
    int value, odd; /* odd: it contains an odd number of Ys */
    uint8_t *sign;  /* [blocks] 1 for minus, or NULL if all are plus */
} batch_string;

/* The readouts of this kind with the same flip. */
typedef struct {
    batch_blocks in;    /* one local bit, the flip; blocks are orthogonal to the row of an odd string, if any */
    uint64_t flip, row; /* that row */
    int strings, tiled; /* tiled: no string has signs, and a tile has it */
    batch_string *string;
} batch_read;

/* Reads without signs whose pairs share the amplitudes that are in registers. */
typedef struct {
    batch_blocks in; /* local bit k: the flip of read k */
    int reads, read[BATCH_TILE];
} batch_tile;

/* Up to BATCH_CODE Z-type rotations whose angles differ between samples. */
typedef struct {
    int rotations, rotation[BATCH_CODE];
    uint8_t *code; /* [amplitudes] parities of the rows */
} batch_lane_phase;

/* A turn step has turns; a phase step has sums (over the rows of all its rotations), and lanes if angles differ
 * between samples. */
typedef struct {
    int turn,
        turns; /* forward; and the same rotations for the backward sweep, where ket and bra share the registers */
    int back, backs;
    int sum, sums;
    int lane, lanes;
    void *table; /* [amplitudes][re, im]: the product of the shared rotations, in the plan's precision, or NULL */
} batch_step;

typedef struct {
    int bits, left, right; /* amplitude (left index << right's bits) | right index; -1, -1: a single bit in |0> */
    int parent;            /* or -1 */
    int64_t state;         /* offset of its ket among the kets and of its bra among the bras, in amplitudes */
    int step, steps;
    int sum, sums;   /* sums of its readouts of Zs only */
    int read, reads; /* and those of the others */
    int tile, tiles;
} batch_node;

/* Sizes of passes that suit the registers and caches. */
typedef struct {
    int lanes, real_bytes;
    int forward_width, back_width; /* rotations done together in registers */
    int forward_block, back_block; /* rotations done together in the L1 cache */
} batch_shape;

typedef struct {
    lower_list list;
    int nodes, steps, turns, sums, lanes, reads, tiles;
    batch_node *node; /* children come before parents */
    batch_step *step;
    batch_turn *turn;
    batch_sum *sum;
    batch_lane_phase *lane;
    batch_read *read;
    batch_tile *tile;
    int *kind;          /* [rotations] BATCH_TURN, BATCH_PHASE or BATCH_GONE */
    int values;         /* number of distinct strings among the readouts */
    int *value;         /* [readouts] -> values, or -1 for a constant */
    int params, angles; /* of the circuit */
    batch_shape shape;
    int64_t amplitudes; /* of all nodes */
    int most_bits;
    double *angle;    /* [rotations] the part shared by all samples; set by prepare */
    double *scratch;  /* [amplitudes of the largest node][re, im] */
    double *prepared; /* [params] the parameters that angles and tables belong to */
    int64_t version;  /* number of calls of prepare that changed them */
} batch_plan;

/* batch_nodes.c: drop the rotations that affect no readout, number the bits of the reachable space, and find the
 * nodes and the steps of each.  home[r] is the node of rotation r and step[r] its step there, -1 if the rotation
 * was dropped or merged into another.  Flips and rows are returned in the bits of the node. */
typedef struct {
    int nodes;
    batch_node node[2 * BATCH_MAX_BITS];
    int *bits[2 * BATCH_MAX_BITS]; /* [node.bits] the bits that are bits 0, 1, ... of the node */
    int *home, *step;              /* [rotations] */
    int *root;                     /* [readouts] the node, or -1 for a constant */
} batch_tree;
ent_status ent_batch_tree_new(lower_list *list, batch_tree **out);
void ent_batch_tree_free(batch_tree *tree);

/* batch_steps.c: tree->step, once the homes are there; order: the rotations in the order in which they run. */
ent_status ent_batch_steps_find(lower_list *list, const batch_tree *tree, const int *order);

/* batch_addresses.c. */
ent_status ent_batch_blocks_turn(int bits, int count, const uint64_t *flip, const uint64_t *row,
                                 int64_t amplitude_bytes, batch_blocks *out);
ent_status ent_batch_blocks_sum(int bits, int count, const uint64_t *row, int64_t amplitude_bytes, batch_blocks *out);
/* Whether `row` is independent of the `count` rows (count <= 63). */
int ent_batch_independent(int count, const uint64_t *rows, uint64_t row);

/* batch_plan.c.  Errors: ENT_EARG for more than BATCH_MAX_BITS bits. */
ent_status ent_batch_plan_new(const ent_circuit *circuit, const batch_shape *shape, batch_plan **out);
void ent_batch_plan_free(batch_plan *plan);
/* Compute the shared angles and the tables of phases; does nothing if the parameters are those of the last call. */
void ent_batch_plan_prepare(batch_plan *plan, const double *params);

/* The slot of amplitude p.  Amplitudes 2^k apart, k >= 5, would all map to the same set of the L1 cache (4 KiB per
 * way, 128 bytes per amplitude), and a turn needs up to 16 of them at once, so the high bits are folded into the
 * low five.  This is linear over GF(2) and can therefore be built into the tables of addresses. */
static inline uint64_t batch_slot(uint64_t p)
{
    return p ^ (p >> 5 & 31) ^ (p >> 10 & 31) ^ (p >> 15 & 31);
}

#endif
