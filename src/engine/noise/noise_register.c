/* From gates and channels to lists of indices.
 *
 * Clifford gates are factored out: with C the product of those so far, the density matrix is C s C^dagger, where s is
 * the stored state, so that a rotation about P acts on s as one about C^dagger P C, and so for a channel and the
 * strings X and Z of its qubit.  A word i^power X^x Z^z is such a string with its sign; the number of a string is
 * x | z << qubits. */
#include "noise_register.h"

#include <math.h>
#include <string.h>

#include "entente/memory.h"

/* Once division would amplify rounding errors by this factor, a number is saved and restored instead. */
static const double MOST_GROWTH = 16.0;

typedef struct {
    int power;
    uint32_t x, z;
} word;

typedef struct {
    noise_register *reg;
    word image[2][ENT_NOISE_MOST_QUBITS]; /* C^dagger X C and C^dagger Z C of each qubit */
    double *factor, *merged;              /* [strings] */
    uint8_t *mark;                        /* [strings] */
} build;

static ent_status no_memory(int qubits)
{
    return ent_fail(ENT_ENOMEM, "noise engine: no memory for a register of %d qubits", qubits);
}

/* ---- words ---- */

static word times(word a, word b)
{
    return (word){(a.power + b.power + 2 * __builtin_popcount(a.z & b.x)) & 3, a.x ^ b.x, a.z ^ b.z};
}

static word positive(uint32_t x, uint32_t z)
{
    return (word){__builtin_popcount(x & z) & 3, x, z};
}

/* The sign of a Hermitian word: 1 or -1. */
static int sign_of(word w)
{
    return ((w.power - __builtin_popcount(w.x & w.z)) & 3) == 0 ? 1 : -1;
}

static bool commute(word a, word b)
{
    return ((__builtin_popcount(a.x & b.z) + __builtin_popcount(a.z & b.x)) & 1) == 0;
}

static word word_of(const build *b, int string)
{
    const int n = b->reg->qubits;
    return positive((uint32_t)string & ((1U << n) - 1), (uint32_t)string >> n);
}

static int number_of(const build *b, word w)
{
    return (int)(w.x | w.z << b->reg->qubits);
}

/* C^dagger w C */
static word image_of(const build *b, word w)
{
    word image = {w.power, 0, 0};
    for (int kind = 0; kind < 2; kind++)
        for (int q = 0; q < b->reg->qubits; q++)
            if ((kind == 0 ? w.x : w.z) >> q & 1) image = times(image, b->image[kind][q]);
    return image;
}

static word image_of_pauli(const build *b, const ent_pauli *string)
{
    return image_of(b, positive((uint32_t)string->x.word[0], (uint32_t)string->z.word[0]));
}

/* Another Clifford gate K, by quarter turns about G: K^dagger P K is P, -P or +-i G P. */
static void turn_frame(build *b, const pauli_rotation *by)
{
    const word g = positive((uint32_t)by->on.x.word[0], (uint32_t)by->on.z.word[0]);
    word next[2][ENT_NOISE_MOST_QUBITS];
    for (int kind = 0; kind < 2; kind++)
        for (int q = 0; q < b->reg->qubits; q++) {
            word p = {0, kind == 0 ? 1U << q : 0, kind == 0 ? 0 : 1U << q};
            if (!commute(g, p)) {
                if (by->quarters != 2) p = times(g, p);
                p.power = (p.power + (by->quarters == 2 ? 2 : by->quarters)) & 3; /* i, or -i for three quarters */
            }
            next[kind][q] = image_of(b, p);
        }
    memcpy(b->image, next, sizeof next);
}

/* ---- operations ---- */

static ent_status add_op(build *b, noise_kind kind, int64_t most, noise_op **out)
{
    noise_register *reg = b->reg;
    if (!ent_grow((void **)&reg->op, &reg->op_room, reg->ops, sizeof *reg->op)) return no_memory(reg->qubits);
    noise_op *op = &reg->op[reg->ops];
    *op = (noise_op){.kind = kind, .angle = -1, .keep = 1.0, .aside = -1};
    op->pair = ent_alloc(most, sizeof *op->pair);
    if (kind == NOISE_SCALE) op->factor = ent_alloc(2 * most, sizeof *op->factor);
    reg->ops++;
    *out = op;
    return op->pair && (kind != NOISE_SCALE || op->factor) ? ENT_OK : no_memory(reg->qubits);
}

/* i P S = +-R: the pair is rotated by the angle of P, in one direction or the other. */
static ent_status add_turn(build *b, const pauli_rotation *rotation)
{
    const word p = image_of_pauli(b, &rotation->on);
    noise_op *op;
    ENT_TRY(add_op(b, NOISE_TURN, b->reg->strings / 4, &op));
    op->angle = rotation->angle;
    for (int s = 0; s < b->reg->strings; s++) {
        const word string = word_of(b, s);
        if (commute(p, string)) continue;
        word partner = times(p, string);
        partner.power = (partner.power + 1) & 3;
        const int r = number_of(b, partner);
        if (r < s) continue;
        const bool forward = sign_of(partner) > 0;
        op->pair[op->count++] = (noise_pair){(uint16_t)(forward ? r : s), (uint16_t)(forward ? s : r)};
    }
    return ENT_OK;
}

/* The letter of a stored string on the qubit with these X and Z: PAULI_X.., or -1. */
static int letter_of(word string, const word xz[2])
{
    const bool has_z = !commute(string, xz[0]), has_x = !commute(string, xz[1]);
    return has_x && has_z ? PAULI_Y : has_x ? PAULI_X : has_z ? PAULI_Z : -1;
}

static ent_status add_scale(build *b, const pauli_channel *c)
{
    const word first[2] = {b->image[0][c->qubit[0]], b->image[1][c->qubit[0]]};
    const int other = pauli_channel_is_double(c) ? c->qubit[1] : c->qubit[0];
    const word second[2] = {b->image[0][other], b->image[1][other]};
    noise_op *op;
    ENT_TRY(add_op(b, NOISE_SCALE, b->reg->strings, &op));
    for (int s = 0; s < b->reg->strings; s++) {
        int letter = letter_of(word_of(b, s), first);
        if (letter < 0) letter = letter_of(word_of(b, s), second);
        if (letter < 0 || c->spill[letter] != 0.0 || c->keep[letter] == 1.0) continue;
        op->factor[op->count] = c->keep[letter];
        op->pair[op->count++] = (noise_pair){(uint16_t)s, (uint16_t)s};
    }
    return ENT_OK;
}

/* The strings with this letter there whose product with it has the given sign, each from the string without it. */
static ent_status add_spill(build *b, const pauli_channel *c, int letter, int sign)
{
    const word xz[2] = {b->image[0][c->qubit[0]], b->image[1][c->qubit[0]]};
    word on_qubit = letter == PAULI_X ? xz[0] : letter == PAULI_Z ? xz[1] : times(xz[0], xz[1]);
    if (letter == PAULI_Y) on_qubit.power = (on_qubit.power + 1) & 3;
    noise_op *op;
    ENT_TRY(add_op(b, NOISE_SPILL, b->reg->strings / 4, &op));
    op->keep = c->keep[letter];
    op->spill = sign * c->spill[letter];
    for (int s = 0; s < b->reg->strings; s++) {
        const word string = word_of(b, s);
        if (letter_of(string, xz) != letter) continue;
        const word rest = times(on_qubit, string);
        if (sign_of(rest) == sign) op->pair[op->count++] = (noise_pair){(uint16_t)s, (uint16_t)number_of(b, rest)};
    }
    return ENT_OK;
}

static ent_status add_channel(build *b, const pauli_channel *c)
{
    ENT_TRY(add_scale(b, c));
    for (int letter = PAULI_X; letter <= PAULI_Z; letter++)
        for (int sign = 1; sign >= -1 && c->spill[letter] != 0.0; sign -= 2) ENT_TRY(add_spill(b, c, letter, sign));
    return ENT_OK;
}

/* ---- reduction ---- */

static void set_factors(const build *b, const noise_op *op, double *factor)
{
    for (int s = 0; s < b->reg->strings; s++) factor[s] = 1.0;
    for (int64_t k = 0; k < op->count; k++) factor[op->pair[k].a] = op->factor[k];
}

static bool commutes_with(const double *factor, const noise_op *op)
{
    for (int64_t k = 0; k < op->count; k++)
        if (factor[op->pair[k].a] != factor[op->pair[k].b]) return false;
    return true;
}

/* Merge a scaling with the next one if it commutes with everything in between. */
static void merge_scales(build *b)
{
    noise_register *reg = b->reg;
    for (int k = 0; k < reg->ops; k++) {
        noise_op *op = &reg->op[k];
        if (op->kind != NOISE_SCALE || op->count == 0) continue;
        set_factors(b, op, b->factor);
        int next = k + 1;
        while (next < reg->ops && reg->op[next].kind != NOISE_SCALE && commutes_with(b->factor, &reg->op[next]))
            next++;
        if (next == reg->ops || reg->op[next].kind != NOISE_SCALE) continue;
        noise_op *into = &reg->op[next];
        set_factors(b, into, b->merged);
        into->count = 0; /* there is room for every string */
        for (int s = 0; s < reg->strings; s++) {
            const double both = b->factor[s] * b->merged[s];
            if (both == 1.0) continue;
            into->factor[into->count] = both;
            into->pair[into->count++] = (noise_pair){(uint16_t)s, (uint16_t)s};
        }
        op->count = 0;
    }
}

/* Keep the pairs with a marked string (for a spill: the right one), and mark both. */
static void filter(const build *b, noise_op *op, bool forward)
{
    int64_t kept = 0;
    for (int64_t k = 0; k < op->count; k++) {
        const noise_pair pair = op->pair[k];
        const bool a = b->mark[pair.a], other = b->mark[pair.b];
        const bool wanted = op->kind == NOISE_SPILL && !forward ? a : a || other;
        if (!wanted) continue;
        if (op->kind == NOISE_SCALE) op->factor[kept] = op->factor[k];
        op->pair[kept++] = pair;
        if (op->kind == NOISE_TURN || forward) b->mark[pair.a] = 1;
        if (op->kind == NOISE_TURN || !forward) b->mark[pair.b] = 1;
    }
    op->count = kept;
}

/* Remove the strings that are still 0, and those that no readout depends on. */
static void drop_idle(build *b)
{
    noise_register *reg = b->reg;
    memset(b->mark, 0, (size_t)reg->strings);
    for (int k = 0; k < reg->ones; k++) b->mark[reg->one[k]] = 1;
    for (int k = 0; k < reg->ops; k++) filter(b, &reg->op[k], true);
    memset(b->mark, 0, (size_t)reg->strings);
    for (int k = 0; k < reg->values; k++) b->mark[reg->value[k].index] = 1;
    for (int k = reg->ops - 1; k >= 0; k--) filter(b, &reg->op[k], false);
    int kept = 0;
    for (int k = 0; k < reg->ops; k++) {
        if (reg->op[k].count > 0) {
            reg->op[kept++] = reg->op[k];
        } else {
            ent_free(reg->op[k].pair);
            ent_free(reg->op[k].factor);
        }
    }
    reg->ops = kept;
}

static double least_keep(const noise_op *op)
{
    double least = op->kind == NOISE_SPILL ? op->keep : 1.0;
    for (int64_t k = 0; k < op->count && op->kind == NOISE_SCALE; k++) least = fmin(least, fabs(op->factor[k]));
    return fabs(least);
}

/* How each is undone: by 1 / factor, or by restoring the saved numbers. */
static ent_status plan_undoing(build *b)
{
    double growth = 1.0;
    for (int k = 0; k < b->reg->ops; k++) {
        noise_op *op = &b->reg->op[k];
        const double least = least_keep(op);
        if (op->kind == NOISE_TURN) continue;
        if (!(growth / least <= MOST_GROWTH)) {
            op->aside = b->reg->asides++;
            growth = 1.0;
        } else {
            growth /= least;
        }
        if (op->kind != NOISE_SCALE) continue;
        double *both = ent_alloc(2 * op->count, sizeof *both);
        if (!both) return no_memory(b->reg->qubits);
        for (int64_t j = 0; j < op->count; j++) {
            both[j] = op->factor[j];
            both[op->count + j] = 1.0 / op->factor[j];
        }
        ent_free(op->factor);
        op->factor = both;
    }
    return ENT_OK;
}

/* ---- a register ---- */

static ent_status add_gates(build *b, const pauli_late *list)
{
    for (int64_t k = 0; k < list->rotations; k++) {
        const pauli_rotation *rotation = &list->rotation[k];
        if (pauli_is_channel(rotation))
            ENT_TRY(add_channel(b, &list->channel[-1 - rotation->angle]));
        else if (rotation->quarters != 0)
            turn_frame(b, rotation);
        else
            ENT_TRY(add_turn(b, rotation));
    }
    return ENT_OK;
}

static ent_status add_values(build *b, const ent_circuit *circuit)
{
    noise_register *reg = b->reg;
    reg->value = ent_alloc(circuit->readouts, sizeof *reg->value);
    if (!reg->value) return no_memory(reg->qubits);
    for (int r = 0; r < circuit->readouts; r++) {
        const word w = image_of_pauli(b, &circuit->readout[r]);
        reg->value[reg->values++] = (noise_value){number_of(b, w), sign_of(w)};
    }
    return ENT_OK;
}

static ent_status make(build *b, const ent_circuit *circuit, const ent_qubit_noise *noise, pauli_late *list)
{
    noise_register *reg = b->reg;
    for (int64_t g = 0; g < circuit->gates; g++) {
        ENT_TRY(ent_pauli_late_gate(list, &circuit->gate[g]));
        ENT_TRY(ent_pauli_late_channels(list, &circuit->gate[g], noise));
    }
    for (int q = 0; q < reg->qubits; q++) {
        b->image[0][q] = (word){0, 1U << q, 0};
        b->image[1][q] = (word){0, 0, 1U << q};
    }
    reg->one = ent_alloc(INT64_C(1) << reg->qubits, sizeof *reg->one);
    reg->turned = ent_alloc(list->angles, sizeof *reg->turned);
    b->factor = ent_alloc(reg->strings, sizeof *b->factor);
    b->merged = ent_alloc(reg->strings, sizeof *b->merged);
    b->mark = ent_alloc(reg->strings, sizeof *b->mark);
    if (!reg->one || !reg->turned || !b->factor || !b->merged || !b->mark) return no_memory(reg->qubits);
    for (; reg->ones < 1 << reg->qubits; reg->ones++) reg->one[reg->ones] = (uint16_t)(reg->ones << reg->qubits);
    ENT_TRY(add_gates(b, list));
    ENT_TRY(add_values(b, circuit));
    merge_scales(b);
    drop_idle(b);
    return plan_undoing(b);
}

ent_status ent_noise_register_new(const ent_circuit *circuit, const ent_qubit_noise *noise, noise_register **out)
{
    const int n = circuit->qubits;
    ENT_REQUIRE(n <= ENT_NOISE_MOST_QUBITS, ENT_EARG,
                "noise: found a register of %d qubits, want at most %d as a density matrix", n,
                ENT_NOISE_MOST_QUBITS);
    noise_register *reg = ent_alloc(1, sizeof *reg);
    if (!reg) return no_memory(n);
    *reg = (noise_register){.qubits = n, .strings = 1 << 2 * n, .params = circuit->params, .slots = circuit->angles};
    build b = {.reg = reg};
    pauli_late list = {0};
    const ent_status status = make(&b, circuit, noise, &list);
    reg->angle = list.angle;
    reg->angles = (int)list.angles;
    list.angle = NULL;
    ent_pauli_late_clear(&list);
    ent_free(b.factor);
    ent_free(b.merged);
    ent_free(b.mark);
    if (status != ENT_OK) {
        ent_noise_register_free(reg);
        return status;
    }
    *out = reg;
    return ENT_OK;
}

void ent_noise_register_free(noise_register *reg)
{
    if (!reg) return;
    for (int k = 0; k < reg->ops; k++) {
        ent_free(reg->op[k].pair);
        ent_free(reg->op[k].factor);
    }
    ent_free(reg->op);
    ent_free(reg->angle);
    ent_free(reg->turned);
    ent_free(reg->value);
    ent_free(reg->one);
    ent_free(reg);
}

void ent_noise_register_prepare(noise_register *reg, const double *params)
{
    for (int k = 0; k < reg->angles; k++) {
        const pauli_angle *angle = &reg->angle[k];
        if (angle->data) continue;
        const double t = angle->offset + (angle->slot < 0 ? 0.0 : angle->scale * params[angle->slot]);
        reg->turned[k][0] = cos(t);
        reg->turned[k][1] = sin(t);
    }
}
