/* The plan that the state engine runs: a circuit as passes over one large state.
 *
 * As in the batch engine (batch_plan.h) the amplitudes never move: X, CX and SWAP change a frame, and every other
 * gate is a Y-type rotation (rotates amplitudes p and p ^ flip into each other) or a Z-type one (a phase with a sign
 * by parity(row & p)).  A pass owns a space of displacements, spanned by the lowest bits (so that memory is accessed
 * in runs) and by flips.  The state is divided into the cosets of this space, the blocks; a block is copied into a
 * buffer that fits into L2, every rotation whose flip is in the space is done there, and the block is copied back.
 * Two rotations commute when parity(flip & row') = parity(flip' & row): a pass takes every rotation that commutes
 * with the ones it skips, so that it reaches through several layers of a circuit, and it includes diagonal gates on
 * any qubit.
 * A readout with an X or a Y is an operation in the list like a rotation, in a pass whose space contains its flip: it
 * pairs amplitudes p and p ^ flip.  Readouts of Zs only are sums over the last pass.  A QFT takes one to three
 * separate passes: a block holds whole transforms of a part of its qubits, which FFTW does in cache
 * (state_transform.c).  No amplitudes are moved for it, whatever the frame; blocks are shared by threads and shards.
 *
 * Memory, and a buffer, is [line][re, im][lane]: the low `lane_bits` bits of the amplitude are lanes of a vector. */
#ifndef ENTENTE_ENGINE_STATE_PLAN_H
#define ENTENTE_ENGINE_STATE_PLAN_H

#include <stdint.h>

#include "engine/lower/lower.h"

enum {
    STATE_LOW_BITS = 10,
    STATE_WIDTH = 4,
    STATE_TREE = 6,
    STATE_TREES = 8,
    STATE_LINE_BITS = STATE_TREE + STATE_TREES
};

typedef struct {
    int lane_bits, real_bytes;
    int run_bits;                  /* minimum number of amplitudes contiguous in memory */
    int forward_bits, back_bits;   /* amplitudes of a block; for the gradient a block holds ket and bra */
    int forward_width, back_width; /* rotations done together in registers */
} state_shape;

/* Lines and lanes: the two halves of a local index.  Lines are numbered in the order of the buffer (see slot_of). */
typedef struct {
    uint32_t line;
    int lane;
} state_place;

/* Y-type rotations that are done together in registers.  The first `width` of them act between independent lines,
 * the next `selves` only on lanes, within a line.  VERTICAL: no lane is flipped, and the flip of one rotation does
 * not change the row parity of another, so a rotation has one sign in all registers.  MIXED: the general case; the
 * first `crossing` rotations also flip lanes.  The cosets are sorted by the signs of the rotations, so that a loop
 * over the cosets of one code keeps its factors in registers.  Places are byte offsets of the vectors of a line in
 * the buffer. */
enum { STATE_VERTICAL, STATE_MIXED };
typedef struct {
    int kind, width, crossing, selves;
    int rotation[2 * STATE_WIDTH];
    int lanes[2 * STATE_WIDTH];                        /* the flipped lane bits */
    uint32_t comb[1 << STATE_WIDTH];                   /* places of the registers */
    uint8_t turned[2 * STATE_WIDTH][1 << STATE_WIDTH]; /* MIXED: the sign of rotation k in register r, as an index */
    uint32_t codes, *code; /* [codes] the codes that occur; bit k of a code: the sign of rotation k */
    uint32_t *first;       /* [codes + 1] index in base of the first coset of each code */
    uint32_t *base;        /* [cosets] places of register 0 */
} state_stage;

/* A row of a Z-type rotation or of a readout: its sign on a line is the parity of mask & index, where index is
 * that of part 0 or 1 of the enumeration of all lines.  A fresh row adds a bit to the index; the sign of any other
 * row is made of existing bits. */
typedef struct {
    int target;   /* the rotation, or the value of the readout */
    uint64_t row; /* row on the whole index, for the sign of the block */
    int fresh, part;
    uint32_t mask;
    int lane;
} state_row;

/* Signs of several rows over all lines.  Line x[0][i] ^ x[1][j] ^ x[2][k]: the bits of i and j are the signs. */
typedef struct {
    int rows;
    state_row *row;
    int bits[3];
    uint32_t *x[3];
} state_group;

/* Readouts with the same flip. */
typedef struct {
    uint32_t line; /* the flipped bits of the lines and of the lanes */
    int lane;
    int rows;
    state_row *row; /* mask: on lines; odd strings are part 1 */
} state_read;

enum { STATE_STAGE, STATE_GROUP, STATE_READ };
typedef struct {
    int kind, index; /* among the stages, groups or reads of the pass */
} state_op;

/* A separate pass that does one transform of the list: elements of a block are copied into rows of 2^bits, where
 * FFTW transforms them (state_fft.h). */
typedef struct {
    int index, bits;     /* number of the transform in the list; size of a row */
    int padding;         /* elements between rows, so that lanes do not map to the same cache set */
    uint32_t *line;      /* [lines of a block] (row << bits) | j of lane 0 */
    uint32_t lane[16];   /* change of that value for the other lanes */
    uint64_t factor[32]; /* change of x by bit k of the number of a row */
    struct state_fft *fft;
} state_transform;

/* Slices of a pass, so that work on one slice can begin while the next is computed: bit i of the slice of a local
 * index is a sign, the parity of mask[i] & index, which is the same for a whole block.  The highest bits of a
 * block's number are its slice.  The lowest bit of a mask, its leader, is in no other mask; no mask has a bit
 * below it. */
enum { STATE_SLICE_BITS = 4 };
typedef struct {
    int bits; /* 0: a single slice */
    uint64_t mask[STATE_SLICE_BITS], leaders;
} state_slices;

typedef struct {
    int bits;       /* of a block */
    uint64_t fixed; /* the pivots; the number of a block enumerates the other bits */
    state_slices slices;
    uint64_t basis[64]; /* [bits] displacements: bit k of a local index, before slot_of */
    int run_lines;      /* contiguous in memory */
    int64_t runs;
    uint64_t *run; /* [runs] displacement in lines */
    int stages, groups, reads, ops;
    state_stage *stage;
    state_group *group;
    state_read *read;
    state_op *op;
    int64_t stage_room, group_room, read_room, op_room;
    int sums;                   /* groups of the readouts of Zs; in the last pass they come after the other groups */
    state_transform *transform; /* or NULL */
} state_pass;

/* Initial rotations that act on a single bit which is not entangled yet: a product of 2-vectors. */
typedef struct {
    int rotations;
    int *rotation, *bit; /* [rotations] in order */
} state_prefix;

typedef struct {
    int passes;
    int64_t room;
    state_pass *pass;
} state_route;

typedef struct {
    lower_list list;
    state_shape shape;
    int bits;       /* bits of the index: the qubits of the circuit, or more to fill a vector */
    int local_bits; /* bits held in this memory: all, except for shards (shard/shard_plan.h) */
    int params, angles;
    int values;          /* distinct strings among the readouts, */
    int sums;            /* the first of them consist of Zs only */
    int *value;          /* [readouts] -> values, or -1 for a constant */
    uint64_t *value_row; /* [sums] */
    state_prefix prefix;
    state_route forward, back; /* the same rotations, for the two block sizes */
} state_plan;

/* state_plan.c.  Errors: ENT_ENOMEM. */
ent_status ent_state_plan_new(const ent_circuit *circuit, const state_shape *shape, state_plan **out);
void ent_state_plan_free(state_plan *plan);
/* The two halves of ent_state_plan_new: the list, values and prefix of a state whose highest `rank_bits` bits are not
 * in this memory (order [rotations] has the `count` others; free it); and the routes of the rotations in order,
 * all of which flip only local bits.  first, last: the routes create the state, and compute the sums. */
ent_status ent_state_plan_begin(const ent_circuit *circuit, const state_shape *shape, int rank_bits, state_plan **out,
                                int **order, int *count);
ent_status ent_state_plan_routes(state_plan *plan, const int *order, int count, int first, int last);
void ent_state_plan_free_routes(state_plan *plan);

/* state_reduce.c: drop rotations that affect no readout, merge equal rotations, split off the prefix.  order
 * [rotations] receives the `count` others in order. */
ent_status ent_state_reduce(lower_list *list, state_prefix *prefix, int *order, int *count);

/* state_pass.c: the stages, groups and readouts of a pass over rotation[0..count-1], which are in order. */
ent_status ent_state_pass_fill(const state_plan *plan, int width, const int *rotation, int count, state_pass *pass);
ent_status ent_state_pass_sums(const state_plan *plan, state_pass *pass);
void ent_state_pass_clear(state_pass *pass);

/* For tests: blocks of at most this many bits; 0 switches this off. */
void ent_state_limit_block(int bits);

/* The slot of line a in the buffer: lines 2^k apart, k >= 5, would map to the same set of the L1 cache
 * (batch_slot). */
static inline uint32_t slot_of(uint32_t line)
{
    return line ^ ((line >> 5 ^ line >> 10) & 31);
}

/* state_transform.c: whether a rotation touches nothing that a transform works on. */
int ent_state_transform_apart(const lower_transform *transform, const lower_rotation *rotation);
/* Build the tables of a pass whose space is complete. */
ent_status ent_state_transform_new(const state_plan *plan, int rotation, const state_pass *pass,
                                   state_transform **out);
void ent_state_transform_free(state_transform *transform);

/* Rotations, transforms or readouts of a list; two transforms keep their order, readouts change nothing. */
static inline int state_commute(const lower_list *list, int a, int b)
{
    const lower_rotation *x = &list->rotation[a], *y = &list->rotation[b];
    if (x->read >= 0 && y->read >= 0) return 1;
    if (x->transform >= 0) return y->transform < 0 && ent_state_transform_apart(&list->transform[x->transform], y);
    if (y->transform >= 0) return ent_state_transform_apart(&list->transform[y->transform], x);
    return lower_commute(x->flip, x->row, y->flip, y->row);
}

/* The *count displacements that a rotation or transform flips. */
static inline const uint64_t *state_flips(const lower_list *list, int r, int *count)
{
    const lower_rotation *rotation = &list->rotation[r];
    *count = rotation->transform >= 0 ? list->transform[rotation->transform].bits : rotation->flip != 0;
    return rotation->transform >= 0 ? list->transform[rotation->transform].flip : &rotation->flip;
}

#endif
