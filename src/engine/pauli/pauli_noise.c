/* Channels in the Heisenberg picture: depolarising and dephasing channels scale strings, and amplitude damping maps a
 * Z to (1 - g) Z + g I, so a sum of strings remains a sum of strings; a channel adds at most one string for each. */
#include "pauli_noise.h"

#include <math.h>

#include "entente/memory.h"

static const ent_gate_noise *after(const ent_qubit_noise *noise, bool several)
{
    return several ? &noise->after_2q : &noise->after_1q;
}

static bool changes(const pauli_channel *c)
{
    bool any = false;
    for (int k = 0; k < 3; k++) any |= c->keep[k] != 1.0 || c->spill[k] != 0.0;
    return any;
}

/* Depolarising with probability p, then the damping of both kinds; the last one acts on the string first. */
static pauli_channel on_one(int qubit, double p, const ent_gate_noise *n)
{
    const double coherence = (1.0 - p) * sqrt((1.0 - n->amplitude_damping) * (1.0 - n->phase_damping));
    return (pauli_channel){.qubit = {qubit, -1},
                           .keep = {coherence, coherence, (1.0 - p) * (1.0 - n->amplitude_damping)},
                           .spill = {0.0, 0.0, n->amplitude_damping}};
}

int ent_pauli_channels(const ent_gate *gate, const ent_qubit_noise *noise, pauli_channel out[PAULI_MOST_CHANNELS])
{
    const bool several = ent_gate_describe(gate->kind)->qubits == 2;
    const int a = gate->qubit[0], b = gate->qubit[1];
    const ent_gate_noise *on_a = after(&noise[a], several);
    int count = 0;
    if (several) {
        const ent_gate_noise *on_b = after(&noise[b], several);
        const double keep = 1.0 - fmax(on_a->depolarizing, on_b->depolarizing);
        out[count] = (pauli_channel){.qubit = {a, b}, .keep = {keep, keep, keep}};
        count += changes(&out[count]);
        out[count] = on_one(b, 0.0, on_b);
        count += changes(&out[count]);
    }
    out[count] = on_one(a, several ? 0.0 : on_a->depolarizing, on_a);
    return count + changes(&out[count]);
}

bool ent_pauli_readout_error(int qubit, const ent_qubit_noise *noise, pauli_channel *out)
{
    const double keep = 1.0 - noise->p01 - noise->p10, spill = noise->p10 - noise->p01;
    *out = (pauli_channel){.qubit = {qubit, -1}, .keep = {keep, keep, keep}, .spill = {spill, spill, spill}};
    return changes(out);
}

/* ---- the late gates ---- */

static ent_status append(pauli_late *late, const pauli_channel *channel)
{
    ENT_REQUIRE(ent_grow((void **)&late->channel, &late->channel_room, late->channels, sizeof *late->channel) &&
                    ent_grow((void **)&late->rotation, &late->rotation_room, late->rotations, sizeof *late->rotation),
                ENT_ENOMEM, "pauli engine: no memory for the channels of a circuit");
    late->channel[late->channels++] = *channel;
    late->rotation[late->rotations++] = (pauli_rotation){.angle = -(int)late->channels};
    return ENT_OK;
}

ent_status ent_pauli_late_channels(pauli_late *late, const ent_gate *gate, const ent_qubit_noise *noise)
{
    pauli_channel channel[PAULI_MOST_CHANNELS];
    const int count = ent_pauli_channels(gate, noise, channel);
    for (int k = 0; k < count; k++) ENT_TRY(append(late, &channel[k]));
    return ENT_OK;
}

ent_status ent_pauli_late_readout_errors(pauli_late *late, const ent_qubit_noise *noise, int qubits)
{
    for (int q = 0; q < qubits; q++) {
        pauli_channel channel;
        if (ent_pauli_readout_error(q, &noise[q], &channel)) ENT_TRY(append(late, &channel));
    }
    return ENT_OK;
}

/* ---- sums ---- */

/* The letter of a string on a qubit, or -1. */
static int letter_of(const ent_pauli *string, int qubit)
{
    const bool x = ent_bits_has(&string->x, qubit), z = ent_bits_has(&string->z, qubit);
    return x && z ? PAULI_Y : x ? PAULI_X : z ? PAULI_Z : -1;
}

static ent_status spill_term(pauli_sum *sum, int64_t k, const pauli_channel *by, int letter, pauli_tape *tape)
{
    const pauli_term term = sum->term[k];
    const ent_pauli on_qubit = pauli_single(letter, by->qubit[0]), rest = pauli_times(&term.string, &on_qubit);
    int partner = ent_pauli_map_find(&sum->index, &rest);
    if (partner < 0) {
        int slot = -1;
        ENT_TRY(ent_pauli_tape_slot(tape, 0.0, &slot));
        ENT_REQUIRE(ent_grow((void **)&sum->term, &sum->room, sum->count, sizeof *sum->term), ENT_ENOMEM,
                    "pauli engine: no memory for the terms of a readout");
        partner = (int)sum->count;
        ENT_TRY(ent_pauli_map_add(&sum->index, &rest, partner));
        sum->term[sum->count++] = (pauli_term){rest, slot, term.sign};
    }
    const pauli_term *other = &sum->term[partner];
    return ent_pauli_tape_damp(tape, term.slot, other->slot, by->keep[letter],
                               term.sign * other->sign * by->spill[letter]);
}

ent_status ent_pauli_sum_channel(pauli_sum *sum, const pauli_channel *by, pauli_tape *tape, int64_t most, bool *fits)
{
    *fits = true;
    for (int64_t k = 0, count = sum->count; k < count && *fits; k++) {
        const pauli_term *term = &sum->term[k];
        int letter = letter_of(&term->string, by->qubit[0]);
        if (letter < 0 && pauli_channel_is_double(by)) letter = letter_of(&term->string, by->qubit[1]);
        if (letter < 0) continue;
        if (by->spill[letter] != 0.0)
            ENT_TRY(spill_term(sum, k, by, letter, tape));
        else
            ENT_TRY(ent_pauli_tape_damp(tape, term->slot, term->slot, by->keep[letter], 0.0));
        *fits = sum->count <= most;
    }
    return ENT_OK;
}
