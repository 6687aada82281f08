/* Translates gates into rotations.
 *
 * The amplitudes never move; a frame records what they mean.  Bit q of the basis-state index x of amplitude p is
 * parity(row[q] & p) ^ constant[q], and flipping bit q of x means flipping the bits flip[q] of p.  X, CX and SWAP
 * change only the frame and cost nothing.  With S X S^-1 = Y, H = RY(pi/2) Z and global phases dropped, the other
 * gates are products of exp(-i t/2 P) for Z-strings P, and for strings P with one Y, Zs and Xs, which act on pairs
 * of amplitudes as RY does. */
#include "lower.h"

#include <string.h>

#include "core/gf2.h"
#include "entente/memory.h"

static const double PI = 3.14159265358979323846;

typedef struct {
    uint64_t row[ENT_MAX_STATE_QUBITS], flip[ENT_MAX_STATE_QUBITS];
    int constant[ENT_MAX_STATE_QUBITS];
} frame;

/* The string that a rotation acts on, before its sign is known. */
typedef struct {
    uint64_t flip, row;
    int constant;
} axis;

static axis z_axis(const frame *f, int q)
{
    return (axis){0, f->row[q], f->constant[q]};
}

static axis y_axis(const frame *f, int q)
{
    return (axis){f->flip[q], f->row[q], f->constant[q]};
}

/* The product of two strings on different qubits: Z Z', Z Y', and Y X', for which only the flip of b is used. */
static axis times(axis a, axis b)
{
    return (axis){a.flip ^ b.flip, a.row ^ b.row, a.constant ^ b.constant};
}

static axis times_x(axis a, const frame *f, int q)
{
    a.flip ^= f->flip[q];
    return a;
}

static ent_status no_memory(int64_t rotations)
{
    return ent_fail(ENT_ENOMEM, "batch engine: no memory for %lld rotations", (long long)rotations);
}

/* exp(-i (factor * angle) / 2 P); a constant of 1 changes the sign. */
static ent_status rotate(lower_list *list, axis on, double factor, const ent_angle *angle)
{
    if (!ent_grow((void **)&list->rotation, &list->rotation_room, list->rotations, sizeof *list->rotation))
        return no_memory(list->rotations);
    if (!ent_grow((void **)&list->term, &list->term_room, list->terms, sizeof *list->term))
        return no_memory(list->terms);
    const double signed_factor = on.constant ? -factor : factor;
    lower_rotation rotation = {on.flip, on.row, signed_factor * angle->offset, -1, 0, -1, -1};
    if (angle->source != ENT_ANGLE_FIXED) {
        list->term[list->terms] = (lower_term){angle->source, angle->slot, signed_factor * angle->scale, -1};
        rotation.term = list->terms++;
        rotation.data = angle->source == ENT_ANGLE_DATA;
    }
    list->rotation[list->rotations++] = rotation;
    return ENT_OK;
}

static ent_status turn_by(lower_list *list, axis on, double radians)
{
    const ent_angle angle = ent_angle_fixed(radians);
    return rotate(list, on, 1.0, &angle);
}

/* S before and S^-1 after it turn a rotation about Y into one about X. */
static ent_status rotate_x(lower_list *list, const frame *f, int q, axis on, double factor, const ent_angle *angle)
{
    ENT_TRY(turn_by(list, z_axis(f, q), PI / 2));
    ENT_TRY(rotate(list, on, factor, angle));
    return turn_by(list, z_axis(f, q), -PI / 2);
}

static void apply_cx(frame *f, int control, int target)
{
    f->row[target] ^= f->row[control];
    f->constant[target] ^= f->constant[control];
    f->flip[control] ^= f->flip[target];
}

static void apply_swap(frame *f, int a, int b)
{
    apply_cx(f, a, b);
    apply_cx(f, b, a);
    apply_cx(f, a, b);
}

static ent_status lower_1q(lower_list *list, frame *f, const ent_gate *gate)
{
    const int q = gate->qubit[0];
    const axis z = z_axis(f, q), y = y_axis(f, q);
    const ent_angle quarter = ent_angle_fixed(PI / 2);
    switch (gate->kind) {
    case ENT_X:
        f->constant[q] ^= 1;
        return ENT_OK;
    case ENT_Y: /* i X Z */
        f->constant[q] ^= 1;
        return turn_by(list, z, PI);
    case ENT_Z:
        return turn_by(list, z, PI);
    case ENT_H: /* RY(pi/2) Z */
        ENT_TRY(turn_by(list, z, PI));
        return turn_by(list, y, PI / 2);
    case ENT_S:
        return turn_by(list, z, PI / 2);
    case ENT_SDG:
        return turn_by(list, z, -PI / 2);
    case ENT_T:
        return turn_by(list, z, PI / 4);
    case ENT_TDG:
        return turn_by(list, z, -PI / 4);
    case ENT_SX:
        return rotate_x(list, f, q, y, 1.0, &quarter);
    case ENT_RX:
        return rotate_x(list, f, q, y, 1.0, &gate->angle);
    case ENT_RY:
        return rotate(list, y, 1.0, &gate->angle);
    default: /* RZ, P */
        return rotate(list, z, 1.0, &gate->angle);
    }
}

/* A controlled rotation by t is a rotation by t/2 and one by -t/2 about the string times Z of the control. */
static ent_status lower_controlled(lower_list *list, const frame *f, const ent_gate *gate, axis on)
{
    ENT_TRY(rotate(list, on, 0.5, &gate->angle));
    return rotate(list, times(on, z_axis(f, gate->qubit[0])), -0.5, &gate->angle);
}

/* diag(1, 1, 1, e^it) = exp(it (1 - Z - Z' + Z Z') / 4). */
static ent_status lower_cp(lower_list *list, const frame *f, const ent_gate *gate, const ent_angle *angle)
{
    const axis a = z_axis(f, gate->qubit[0]), b = z_axis(f, gate->qubit[1]);
    ENT_TRY(rotate(list, a, 0.5, angle));
    ENT_TRY(rotate(list, b, 0.5, angle));
    return rotate(list, times(a, b), -0.5, angle);
}

static ent_status lower_2q(lower_list *list, frame *f, const ent_gate *gate)
{
    const int a = gate->qubit[0], b = gate->qubit[1];
    const axis za = z_axis(f, a), zb = z_axis(f, b), yb = y_axis(f, b), yaxb = times_x(y_axis(f, a), f, b);
    const ent_angle half_turn = ent_angle_fixed(PI);
    switch (gate->kind) {
    case ENT_CX:
        apply_cx(f, a, b);
        return ENT_OK;
    case ENT_CY: /* S CX S^-1 on the target */
        ENT_TRY(turn_by(list, zb, -PI / 2));
        apply_cx(f, a, b);
        return turn_by(list, z_axis(f, b), PI / 2);
    case ENT_CZ:
        return lower_cp(list, f, gate, &half_turn);
    case ENT_SWAP:
        apply_swap(f, a, b);
        return ENT_OK;
    case ENT_CRX:
        ENT_TRY(turn_by(list, zb, PI / 2));
        ENT_TRY(lower_controlled(list, f, gate, yb));
        return turn_by(list, zb, -PI / 2);
    case ENT_CRY:
        return lower_controlled(list, f, gate, yb);
    case ENT_CRZ:
        return lower_controlled(list, f, gate, zb);
    case ENT_CP:
        return lower_cp(list, f, gate, &gate->angle);
    case ENT_RXX: /* X X = S^-1 (Y X) S */
        return rotate_x(list, f, a, yaxb, 1.0, &gate->angle);
    case ENT_RYY: /* Y Y = S' (Y X') S'^-1 */
        ENT_TRY(turn_by(list, zb, -PI / 2));
        ENT_TRY(rotate(list, yaxb, 1.0, &gate->angle));
        return turn_by(list, zb, PI / 2);
    default: /* RZZ */
        return rotate(list, times(za, zb), 1.0, &gate->angle);
    }
}

/* ---- the QFT ---- */

/* The number of qubits below `top` that a piece may have, found by reducing their flips one by one. */
static int piece_bits(const frame *f, int first, int top, const lower_pieces *pieces)
{
    ent_gf2 space = {0};
    int q = top;
    for (int k = 0; k < pieces->run_bits; k++) ent_gf2_add(&space, UINT64_C(1) << k);
    for (; q > first && top - q < pieces->most; q--) {
        const uint64_t flip = f->flip[q - 1];
        if (space.count == pieces->block_bits && ent_gf2_reduce(&space, flip, NULL)) break;
        ent_gf2_add(&space, flip);
    }
    return top - q;
}

/* The transform of the `bits` qubits below `top`, and the phases of the qubits from `first` up to it. */
static ent_status add_transform(lower_list *list, const frame *f, int first, int top, int bits, int inverse)
{
    if (!ent_grow((void **)&list->rotation, &list->rotation_room, list->rotations, sizeof *list->rotation))
        return no_memory(list->rotations);
    if (!ent_grow((void **)&list->transform, &list->transform_room, list->transforms, sizeof *list->transform))
        return no_memory(list->transforms);
    lower_transform *t = &list->transform[list->transforms];
    *t = (lower_transform){.bits = bits, .low = top - bits - first, .inverse = inverse};
    for (int k = 0; k < bits + t->low; k++) {
        const int q = k < bits ? top - bits + k : first + k - bits;
        t->row[k] = f->row[q];
        t->flip[k] = f->flip[q];
        t->constant |= (uint64_t)f->constant[q] << k;
    }
    list->rotation[list->rotations++] = (lower_rotation){.term = -1, .transform = list->transforms++, .read = -1};
    return ENT_OK;
}

static ent_status lower_qft(lower_list *list, frame *f, const ent_gate *gate, const lower_pieces *pieces)
{
    const frame before = *f;
    const int first = gate->qubit[0];
    for (int top = gate->qubit[1] + 1, at = first; top > first;) {
        const int bits = piece_bits(&before, first, top, pieces);
        ENT_TRY(add_transform(list, &before, first, top, bits, gate->kind == ENT_IQFT));
        top -= bits;
        for (int q = top; q < top + bits; q++, at++) { /* the high bits of x are the low bits of y */
            f->row[at] = before.row[q];
            f->flip[at] = before.flip[q];
            f->constant[at] = before.constant[q];
        }
    }
    return ENT_OK;
}

/* ---- the list ---- */

typedef struct {
    lower_list *list;
    frame *frame;
    const lower_pieces *pieces;
} lowering;

static ent_status lower_gate(void *context, const ent_gate *gate)
{
    const lowering *to = context;
    switch (ent_gate_describe(gate->kind)->qubits) {
    case 1:
        return lower_1q(to->list, to->frame, gate);
    case 2:
        return lower_2q(to->list, to->frame, gate);
    default:
        if (to->pieces) return lower_qft(to->list, to->frame, gate, to->pieces);
        return ent_qft_spell_out(gate, lower_gate, context);
    }
}

/* With Y = i X Z, a string with y factors Y is i^y times its Xs times its Zs.  y is odd if the string on the
 * amplitudes is odd, and i^y is 1 or i up to a sign. */
static ent_status lower_readouts(lower_list *list, const frame *f, const ent_circuit *circuit)
{
    list->readouts = circuit->readouts;
    list->flip = ent_alloc(circuit->readouts, sizeof *list->flip);
    list->row = ent_alloc(circuit->readouts, sizeof *list->row);
    list->sign = ent_alloc(circuit->readouts, sizeof *list->sign);
    ENT_REQUIRE(list->flip && list->row && list->sign, ENT_ENOMEM, "batch engine: no memory for %d readouts",
                circuit->readouts);
    for (int r = 0; r < circuit->readouts; r++) {
        const ent_pauli *string = &circuit->readout[r];
        int negative = ent_bits_count(ent_bits_and(string->x, string->z)) >> 1 & 1;
        for (int q = 0; q < circuit->qubits; q++) {
            if (ent_bits_has(&string->x, q)) list->flip[r] ^= f->flip[q];
            if (!ent_bits_has(&string->z, q)) continue;
            list->row[r] ^= f->row[q];
            negative ^= f->constant[q];
        }
        list->sign[r] = negative ? -1.0 : 1.0;
    }
    return ENT_OK;
}

ent_status ent_lower_read(lower_list *list, int r, int value)
{
    if (!ent_grow((void **)&list->rotation, &list->rotation_room, list->rotations, sizeof *list->rotation))
        return no_memory(list->rotations);
    list->rotation[list->rotations++] = (lower_rotation){list->flip[r], list->row[r], 0.0, -1, 0, -1, value};
    return ENT_OK;
}

void ent_lower_clear(lower_list *list)
{
    ent_free(list->rotation);
    ent_free(list->term);
    ent_free(list->transform);
    ent_free(list->flip);
    ent_free(list->row);
    ent_free(list->sign);
    *list = (lower_list){0};
}

ent_status ent_lower(const ent_circuit *circuit, const lower_pieces *pieces, lower_list *out)
{
    frame f = {0};
    for (int q = 0; q < circuit->qubits; q++) f.row[q] = f.flip[q] = UINT64_C(1) << q;
    lower_list list = {0};
    lowering to = {&list, &f, pieces};
    ent_status status = ENT_OK;
    for (int64_t g = 0; g < circuit->gates && status == ENT_OK; g++) status = lower_gate(&to, &circuit->gate[g]);
    if (status == ENT_OK) status = lower_readouts(&list, &f, circuit);
    if (status != ENT_OK) {
        ent_lower_clear(&list);
        return status;
    }
    *out = list;
    return ENT_OK;
}
