/* What the state engine runs: a circuit as passes over one large state.
 *
 * As in the batch engine (batch_plan.h) the amplitudes never move: X, CX and SWAP change a frame, and every other gate
 * is a Y-type rotation (turns amplitude p against p ^ flip) or a Z-type one (a sign by parity(row & p) in a phase).
 * A pass owns a space of displacements, spanned by the lowest bits (so that memory is touched in runs) and by flips.
 * The state falls into its cosets, the blocks; a block is copied into a buffer that fits L2, every rotation whose flip
 * is in the space is done there, and it is copied back.  Two rotations commute when parity(flip & row') =
 * parity(flip' & row): a pass takes whatever commutes with all that is left behind, so that it reaches through
 * several layers of a circuit, and all diagonal gates go along, on any qubit.
 * A readout with an X or a Y is an operation of the list like a rotation, in a pass whose space has its flip: it pairs
 * amplitudes p and p ^ flip.  Those of Z alone are sums over the last pass.
 * A QFT is one to three passes of their own: a block holds whole transforms of a part of its qubits, which FFTW does in
 * cache (state_transform.c).  No amplitude is moved for it, whatever the frame; and threads, and shards, share blocks.
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
    int run_bits;                  /* amplitudes that are contiguous in memory, at least */
    int forward_bits, back_bits;   /* amplitudes of a block; with the gradient a block is of ket and bra */
    int forward_width, back_width; /* rotations at once in registers */
} state_shape;

/* Lines and lanes: the two halves of a local index.  A line counts in the buffer's order (see slot_of). */
typedef struct {
    uint32_t line;
    int lane;
} state_place;

/* Y-type rotations that meet in registers.  The first `width` of them act between independent lines, the next `selves`
 * on lanes alone, within a line.  VERTICAL: no lane is flipped, and what one rotation flips does not touch the row of
 * another, so that a rotation has one sign in all registers.  MIXED: anything; the first `crossing` flip lanes too.
 * The cosets are sorted by the signs of the rotations, so that a loop over those of one code has its factors in
 * registers.  Places are byte offsets of a line's vectors in the buffer. */
enum { STATE_VERTICAL, STATE_MIXED };
typedef struct {
    int kind, width, crossing, selves;
    int rotation[2 * STATE_WIDTH];
    int lanes[2 * STATE_WIDTH];                        /* what is flipped of the lanes */
    uint32_t comb[1 << STATE_WIDTH];                   /* places of the registers */
    uint8_t turned[2 * STATE_WIDTH][1 << STATE_WIDTH]; /* MIXED: the sign of rotation k in register r, as an index */
    uint32_t codes, *first; /* [codes + 1] where in base code c begins; bit k of c: the sign of rotation k */
    uint32_t *base;         /* [cosets] places of register 0 */
} state_stage;

/* A row of a Z-type rotation or of a readout: its sign on a line is the parity of mask & index, the index being that of
 * part 0 or 1 of the enumeration of all lines.  A fresh row brings a bit of the index; another's sign is made of bits
 * that are there. */
typedef struct {
    int target;   /* the rotation, or the value of the readout */
    uint64_t row; /* on the whole index, for the sign of the block */
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

/* Readouts of one flip. */
typedef struct {
    uint32_t line; /* what is flipped of the lines and of the lanes */
    int lane;
    int rows;
    state_row *row; /* mask: on lines; odd strings are part 1 */
} state_read;

enum { STATE_STAGE, STATE_GROUP, STATE_READ };
typedef struct {
    int kind, index; /* of the pass's stages, groups or reads */
} state_op;

/* A pass of its own that does one of the list's transforms: elements of a block go into rows of 2^bits, where FFTW
 * transforms them (state_fft.h). */
typedef struct {
    int index, bits;     /* of the list's transform; the size of a row */
    int padding;         /* elements between rows, so that lanes do not meet in one set of a cache */
    uint32_t *line;      /* [lines of a block] (row << bits) | j of lane 0 */
    uint32_t lane[16];   /* what that is changed by for the other lanes */
    uint64_t factor[32]; /* what bit k of a row's number changes of x */
    struct state_fft *fft;
} state_transform;

/* Slices of a pass, so that what is done with one can begin while the next is computed: bit i of the slice of a local
 * index is a sign, the parity of mask[i] & index, that is the same all over a block.  The highest bits of a block's
 * number are its slice.  The lowest bit of a mask, its leader, is in no other mask; no mask has a bit below it. */
enum { STATE_SLICE_BITS = 4 };
typedef struct {
    int bits; /* 0: all is one slice */
    uint64_t mask[STATE_SLICE_BITS], leaders;
} state_slices;

typedef struct {
    int bits;       /* of a block */
    uint64_t fixed; /* the pivots: a block's number counts through the other bits */
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
    int sums;                   /* groups of the readouts of Zs: the last pass has them behind its other groups */
    state_transform *transform; /* or NULL */
} state_pass;

/* Rotations that come first and act on one bit alone, which nothing has entangled yet: a product of 2-vectors. */
typedef struct {
    int rotations;
    int *rotation, *bit; /* [rotations] in order */
} state_prefix;

typedef struct {
    int passes;
    state_pass *pass;
} state_route;

typedef struct {
    lower_list list;
    state_shape shape;
    int bits;       /* of the index: the circuit's qubits, or more so that a vector is full */
    int local_bits; /* of them in this memory: all, but for shards (shard/shard_plan.h) */
    int params, angles;
    int values;          /* different strings among the readouts, */
    int sums;            /* the first of them of Zs alone */
    int *value;          /* [readouts] -> values, or -1 for a constant */
    uint64_t *value_row; /* [sums] */
    state_prefix prefix;
    state_route forward, back; /* the same rotations, for blocks of the two sizes */
} state_plan;

/* state_plan.c.  Errors: ENT_ENOMEM. */
ent_status ent_state_plan_new(const ent_circuit *circuit, const state_shape *shape, state_plan **out);
void ent_state_plan_free(state_plan *plan);
/* The two halves of ent_state_plan_new: the list, values and prefix of a state whose highest `rank_bits` bits are not
 * in this memory (order [rotations] has the `count` others; free it); and the routes of the rotations in order, all of
 * which flip local bits alone.  first, last: the routes make the state, and sum up. */
ent_status ent_state_plan_begin(const ent_circuit *circuit, const state_shape *shape, int rank_bits, state_plan **out,
                                int **order, int *count);
ent_status ent_state_plan_routes(state_plan *plan, const int *order, int count, int first, int last);
void ent_state_plan_free_routes(state_plan *plan);

/* state_reduce.c: drop what no readout sees, merge equal rotations, split off the prefix.  order [rotations] gets the
 * `count` others in order. */
ent_status ent_state_reduce(lower_list *list, state_prefix *prefix, int *order, int *count);

/* state_pass.c: the stages, groups and readouts of a pass over rotation[0..count-1], which are in order. */
ent_status ent_state_pass_fill(const state_plan *plan, int width, const int *rotation, int count, state_pass *pass);
ent_status ent_state_pass_sums(const state_plan *plan, state_pass *pass);
void ent_state_pass_clear(state_pass *pass);

/* For tests: blocks of at most this many bits; 0 switches this off. */
void ent_state_limit_block(int bits);

/* Where line a lies in the buffer: lines 2^k apart, k >= 5, would meet in one set of the L1 cache (batch_slot). */
static inline uint32_t slot_of(uint32_t line)
{
    return line ^ ((line >> 5 ^ line >> 10) & 31);
}

/* state_transform.c: whether a rotation leaves all alone that a transform works on. */
int ent_state_transform_apart(const lower_transform *transform, const lower_rotation *rotation);
/* The tables of a pass whose space is there. */
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

/* What a rotation or transform flips: *count displacements. */
static inline const uint64_t *state_flips(const lower_list *list, int r, int *count)
{
    const lower_rotation *rotation = &list->rotation[r];
    *count = rotation->transform >= 0 ? list->transform[rotation->transform].bits : rotation->flip != 0;
    return rotation->transform >= 0 ? list->transform[rotation->transform].flip : &rotation->flip;
}

#endif
