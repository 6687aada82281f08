/* A rotation exp(-i t/2 Q) does not change a string P that commutes with Q; otherwise
 *   P -> cos t P + sin t (i Q P),
 * where i Q P is again a string, up to a sign.  The pair P, i Q P is mapped to itself, so the coefficients of a sum
 * are a sparse vector that each rotation rotates in planes; a quarter turn changes only the strings, not the vector.
 * */
#include "pauli_spread.h"

#include <string.h>

#include "entente/memory.h"

/* ---- the tape ---- */

static ent_status no_memory(void)
{
    return ent_fail(ENT_ENOMEM, "pauli engine: no memory for the terms of a readout");
}

ent_status ent_pauli_tape_slot(pauli_tape *tape, double start, int *slot)
{
    if (!ent_grow((void **)&tape->start, &tape->slot_room, tape->slots, sizeof *tape->start)) return no_memory();
    *slot = (int)tape->slots;
    tape->start[tape->slots++] = start;
    return ENT_OK;
}

ent_status ent_pauli_tape_turn(pauli_tape *tape, int a, int b, int angle)
{
    if (!ent_grow((void **)&tape->turn, &tape->turn_room, tape->turns, sizeof *tape->turn)) return no_memory();
    tape->turn[tape->turns++] = (pauli_turn){a, b, angle};
    return ENT_OK;
}

ent_status ent_pauli_tape_damp(pauli_tape *tape, int a, int b, double keep, double spill)
{
    int64_t k = 0; /* few are distinct */
    while (k < tape->damps && (tape->damp[k].keep != keep || tape->damp[k].spill != spill)) k++;
    if (k == tape->damps) {
        if (!ent_grow((void **)&tape->damp, &tape->damp_room, tape->damps, sizeof *tape->damp)) return no_memory();
        tape->damp[tape->damps++] = (pauli_damp){keep, spill};
    }
    return ent_pauli_tape_turn(tape, a, b, -1 - (int)k);
}

int64_t ent_pauli_tape_room(const pauli_tape *tape)
{
    int64_t room = tape->slots;
    for (int64_t k = 0; k < tape->turns; k++) room += tape->turn[k].angle < 0;
    return room;
}

void ent_pauli_tape_clear(pauli_tape *tape)
{
    ent_free(tape->damp);
    ent_free(tape->start);
    ent_free(tape->turn);
    *tape = (pauli_tape){0};
}

void ent_pauli_tape_run(const pauli_tape *tape, const double (*turned)[2], double *value)
{
    double *aside = value + tape->slots;
    if (tape->slots > 0) memcpy(value, tape->start, (size_t)tape->slots * sizeof *value);
    for (int64_t k = 0; k < tape->turns; k++) {
        const pauli_turn *t = &tape->turn[k];
        if (t->angle < 0) {
            const pauli_damp *damp = &tape->damp[-1 - t->angle];
            *aside++ = value[t->a];
            if (t->b != t->a) value[t->b] += damp->spill * value[t->a];
            value[t->a] *= damp->keep;
            continue;
        }
        const double c = turned[t->angle][0], s = turned[t->angle][1], a = value[t->a], b = value[t->b];
        value[t->a] = c * a - s * b;
        value[t->b] = c * b + s * a;
    }
}

void ent_pauli_tape_back(const pauli_tape *tape, const double (*turned)[2], double *value, double *bar, double *slope)
{
    const double *aside = value + ent_pauli_tape_room(tape);
    for (int64_t k = tape->turns - 1; k >= 0; k--) {
        const pauli_turn *t = &tape->turn[k];
        if (t->angle < 0) {
            const pauli_damp *damp = &tape->damp[-1 - t->angle];
            value[t->a] = *--aside;
            if (t->b != t->a) value[t->b] -= damp->spill * value[t->a];
            bar[t->a] = damp->keep * bar[t->a] + (t->b != t->a ? damp->spill * bar[t->b] : 0.0);
            continue;
        }
        const double c = turned[t->angle][0], s = turned[t->angle][1];
        const double a = value[t->a], b = value[t->b], bar_a = bar[t->a], bar_b = bar[t->b];
        slope[t->angle] += bar_b * a - bar_a * b;
        value[t->a] = c * a + s * b;
        value[t->b] = c * b - s * a;
        bar[t->a] = c * bar_a + s * bar_b;
        bar[t->b] = c * bar_b - s * bar_a;
    }
}

/* ---- sums ---- */

static ent_status add(pauli_sum *sum, const ent_pauli *string, int slot, int sign)
{
    if (!ent_grow((void **)&sum->term, &sum->room, sum->count, sizeof *sum->term)) return no_memory();
    ENT_TRY(ent_pauli_map_add(&sum->index, string, (int)sum->count));
    sum->term[sum->count++] = (pauli_term){*string, slot, sign};
    return ENT_OK;
}

ent_status ent_pauli_sum_start(pauli_sum *sum, const ent_pauli *string, pauli_tape *tape)
{
    int slot = -1;
    sum->count = 0;
    ent_pauli_map_empty(&sum->index);
    ENT_TRY(ent_pauli_tape_slot(tape, 1.0, &slot));
    return add(sum, string, slot, 1);
}

ent_status ent_pauli_sum_copy(const pauli_sum *from, pauli_sum *to)
{
    to->count = 0;
    ent_pauli_map_empty(&to->index);
    for (int64_t k = 0; k < from->count; k++)
        ENT_TRY(add(to, &from->term[k].string, from->term[k].slot, from->term[k].sign));
    return ENT_OK;
}

static ent_status rotate_by_quarters(pauli_sum *sum, const pauli_rotation *by)
{
    for (int64_t k = 0; k < sum->count; k++) {
        pauli_term *term = &sum->term[k];
        ent_pauli turned;
        if (pauli_commute(&by->on, &term->string)) continue;
        const int sign = pauli_turned(&by->on, &term->string, &turned);
        if (by->quarters != 2) term->string = turned;
        term->sign *= by->quarters == 2 ? -1 : by->quarters == 1 ? sign : -sign;
    }
    ent_pauli_map_empty(&sum->index);
    for (int64_t k = 0; k < sum->count; k++) ENT_TRY(ent_pauli_map_add(&sum->index, &sum->term[k].string, (int)k));
    return ENT_OK;
}

/* Turn term k against its partner, which exists already or is created now. */
static ent_status turn_term(pauli_sum *sum, int64_t k, const pauli_rotation *by, pauli_tape *tape)
{
    const pauli_term term = sum->term[k];
    ent_pauli string;
    if (pauli_commute(&by->on, &term.string)) return ENT_OK;
    const int sign = pauli_turned(&by->on, &term.string, &string), partner = ent_pauli_map_find(&sum->index, &string);
    if (partner < 0) {
        int slot = -1;
        ENT_TRY(ent_pauli_tape_slot(tape, 0.0, &slot));
        ENT_TRY(ent_pauli_tape_turn(tape, term.slot, slot, by->angle));
        return add(sum, &string, slot, sign * term.sign);
    }
    if (partner < k) return ENT_OK; /* done with the partner */
    const pauli_term *other = &sum->term[partner];
    if (sign * term.sign * other->sign > 0) return ent_pauli_tape_turn(tape, term.slot, other->slot, by->angle);
    return ent_pauli_tape_turn(tape, other->slot, term.slot, by->angle);
}

ent_status ent_pauli_sum_rotate(pauli_sum *sum, const pauli_rotation *by, pauli_tape *tape, int64_t most, bool *fits)
{
    *fits = true;
    if (by->quarters != 0) return rotate_by_quarters(sum, by);
    for (int64_t k = 0, count = sum->count; k < count && *fits; k++) {
        ENT_TRY(turn_term(sum, k, by, tape));
        *fits = sum->count <= most;
    }
    return ENT_OK;
}

void ent_pauli_sum_clear(pauli_sum *sum)
{
    ent_free(sum->term);
    ent_pauli_map_clear(&sum->index);
    *sum = (pauli_sum){0};
}
