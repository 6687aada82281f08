/* Late rotations that read data.
 *
 * The coefficients of strings are computed once per batch, so they cannot depend on a sample's data.  Where a
 * rotation exp(-i t/2 Q) reads data, values are turned instead, for each sample:
 *   <P> after it = cos t <P> + sin t <i Q P>, both before it, if P and Q do not commute, else <P>.
 * The rotations between two of these are one stage, or several: a string's value after it is a sum of values before
 * it, whose coefficients depend on parameters only.  Strings are found from the readouts back, each once for all that
 * need it; their values are computed in the order of the circuit. */
#include "pauli_stage.h"
#include "pauli_noise.h"

#include "entente/memory.h"

static ent_status no_memory(void)
{
    return ent_fail(ENT_ENOMEM, "pauli engine: no memory for the strings of a circuit");
}

ent_status ent_pauli_sum_back(pauli_sum *sum, const pauli_late *late, int64_t rotation, pauli_tape *tape,
                              int64_t most, bool *fits)
{
    const pauli_rotation *by = &late->rotation[rotation];
    if (pauli_is_channel(by)) return ent_pauli_sum_channel(sum, &late->channel[-1 - by->angle], tape, most, fits);
    return ent_pauli_sum_rotate(sum, by, tape, most, fits);
}

/* ---- stages ---- */

static bool reads_data(const pauli_late *late, int64_t k)
{
    const pauli_rotation *rotation = &late->rotation[k];
    return rotation->quarters == 0 && rotation->angle >= 0 && late->angle[rotation->angle].data;
}

bool ent_pauli_reads_data(const pauli_late *late)
{
    int64_t k = 0;
    while (k < late->rotations && !reads_data(late, k)) k++;
    return k < late->rotations;
}

/* The end of a stage that begins at rotation k and reads no data; apart: it turns by one angle at most. */
static int64_t end_of_run(const pauli_late *late, int64_t k, bool apart)
{
    for (int angles = 0; k < late->rotations && !reads_data(late, k); k++) {
        angles += late->rotation[k].quarters == 0 && late->rotation[k].angle >= 0;
        if (apart && angles > 1) break;
    }
    return k;
}

ent_status ent_pauli_stages_cut(const pauli_late *late, pauli_cut cut, pauli_tape *tape, pauli_stages *stages)
{
    int64_t room = 0;
    *stages = (pauli_stages){.late = late, .tape = tape};
    for (int64_t k = 0; k < late->rotations || stages->count == 0;) {
        if (!ent_grow((void **)&stages->stage, &room, stages->count, sizeof *stages->stage)) return no_memory();
        pauli_stage *stage = &stages->stage[stages->count];
        *stage = (pauli_stage){.begin = k, .reads_data = stages->count > 0 && reads_data(late, k)};
        if (stage->reads_data)
            k++;
        else if (stages->count > 0 || cut != PAULI_CUT_APART)
            k = end_of_run(late, k, cut == PAULI_CUT_APART);
        stage->end = k;
        stages->count++;
    }
    return ENT_OK;
}

void ent_pauli_stages_clear(pauli_stages *stages)
{
    for (int s = 0; s < stages->count; s++) {
        pauli_stage *stage = &stages->stage[s];
        ent_free(stage->string);
        ent_free(stage->link);
        ent_free(stage->first);
        ent_free(stage->node);
        ent_free(stage->cone);
        ent_pauli_map_clear(&stage->index);
    }
    ent_free(stages->stage);
    ent_pauli_sum_clear(&stages->sum);
    *stages = (pauli_stages){.count = 0};
}

/* ---- the strings ---- */

static bool touches(const pauli_channel *channel, const ent_pauli *string)
{
    const ent_bits support = pauli_support(string);
    return ent_bits_has(&support, channel->qubit[0]) ||
           (channel->qubit[1] >= 0 && ent_bits_has(&support, channel->qubit[1]));
}

static bool changes(const pauli_late *late, const pauli_stage *stage, const ent_pauli *string)
{
    for (int64_t k = stage->begin; k < stage->end; k++) {
        const pauli_rotation *rotation = &late->rotation[k];
        if (pauli_is_channel(rotation) ? touches(&late->channel[-1 - rotation->angle], string)
                                       : !pauli_commute(&rotation->on, string))
            return true;
    }
    return false;
}

ent_status ent_pauli_stages_want(pauli_stages *stages, const ent_pauli *string, int stage, pauli_ref *ref)
{
    *ref = (pauli_ref){-1, -1};
    if (ent_bits_last(pauli_support(string)) < 0) return ENT_OK;
    do stage--;
    while (stage > 0 && !changes(stages->late, &stages->stage[stage], string));
    pauli_stage *at = &stages->stage[stage];
    *ref = (pauli_ref){stage, ent_pauli_map_find(&at->index, string)};
    if (ref->index >= 0) return ENT_OK;
    if (!ent_grow((void **)&at->string, &at->string_room, at->strings, sizeof *at->string)) return no_memory();
    ref->index = (int)at->strings;
    ENT_TRY(ent_pauli_map_add(&at->index, string, ref->index));
    at->string[at->strings++] = *string;
    return ENT_OK;
}

static ent_status add_link(pauli_stages *stages, int s, const ent_pauli *string, int slot, int sign)
{
    pauli_link link = {.slot = slot, .sign = sign};
    ENT_TRY(ent_pauli_stages_want(stages, string, s, &link.ref));
    pauli_stage *stage = &stages->stage[s];
    if (!ent_grow((void **)&stage->link, &stage->link_room, stage->links, sizeof *stage->link)) return no_memory();
    stage->link[stage->links++] = link;
    return ENT_OK;
}

static ent_status spread_turn(pauli_stages *stages, int s, ent_pauli string)
{
    ent_pauli other;
    const pauli_rotation *by = &stages->late->rotation[stages->stage[s].begin];
    const int sign = pauli_turned(&by->on, &string, &other);
    ENT_TRY(add_link(stages, s, &string, -1, 1));
    return add_link(stages, s, &other, -1, sign);
}

static ent_status spread_sum(pauli_stages *stages, int s, ent_pauli string, int64_t most, bool *fits)
{
    const pauli_stage *stage = &stages->stage[s];
    pauli_sum *sum = &stages->sum;
    ENT_TRY(ent_pauli_sum_start(sum, &string, stages->tape));
    for (int64_t k = stage->end - 1; k >= stage->begin && *fits; k--)
        ENT_TRY(ent_pauli_sum_back(sum, stages->late, k, stages->tape, most, fits));
    for (int64_t k = 0; k < sum->count && *fits; k++)
        ENT_TRY(add_link(stages, s, &sum->term[k].string, sum->term[k].slot, sum->term[k].sign));
    return ENT_OK;
}

ent_status ent_pauli_stages_spread(pauli_stages *stages, int64_t most, bool *fits)
{
    *fits = true;
    for (int s = stages->count - 1; s > 0; s--) {
        pauli_stage *stage = &stages->stage[s];
        for (int64_t k = 0; k < stage->strings && *fits; k++) {
            if (!ent_grow((void **)&stage->first, &stage->first_room, stage->firsts, sizeof *stage->first))
                return no_memory();
            stage->first[stage->firsts++] = stage->links;
            ENT_TRY(stage->reads_data ? spread_turn(stages, s, stage->string[k])
                                      : spread_sum(stages, s, stage->string[k], most, fits));
            *fits = *fits && stage->links <= most;
        }
        most -= stage->links;
    }
    return ENT_OK;
}

/* ---- the values ---- */

int ent_pauli_stages_node(const pauli_stages *stages, pauli_ref ref)
{
    return ref.stage < 0 ? 0 : stages->stage[ref.stage].node[ref.index];
}

ent_bits ent_pauli_stages_cone(const pauli_stages *stages, pauli_ref ref)
{
    return ref.stage < 0 ? (ent_bits){{0}} : stages->stage[ref.stage].cone[ref.index];
}

/* a cos + b sin is the real part of (a + i b) (cos - i sin). */
static ent_status append_turn(const pauli_stages *stages, const pauli_link *link, int wave, pauli_form *form,
                              int *node)
{
    return ent_pauli_form_op(form,
                             (pauli_op){.kind = PAULI_REAL,
                                        .a = ent_pauli_stages_node(stages, link[0].ref),
                                        .b = ent_pauli_stages_node(stages, link[1].ref),
                                        .c = wave + PAULI_WAVE_COS,
                                        .d = wave + (link[1].sign > 0 ? PAULI_WAVE_MINUS_SIN : PAULI_WAVE_SIN)},
                             node);
}

static ent_status append_sum(const pauli_stages *stages, const pauli_link *link, int64_t count, pauli_form *form,
                             int *node)
{
    const int64_t first = form->entries;
    for (int64_t k = 0; k < count; k++)
        ENT_TRY(ent_pauli_form_entry(
            form, (pauli_entry){ent_pauli_stages_node(stages, link[k].ref), link[k].slot, link[k].sign}));
    return ent_pauli_form_op(form, (pauli_op){.kind = PAULI_SUM, .a = (int)first, .b = (int)count}, node);
}

static ent_status append_stage(pauli_stages *stages, pauli_stage *stage, pauli_form *form)
{
    int wave = -1;
    if (stage->strings == 0) return ENT_OK;
    stage->node = ent_alloc(stage->strings, sizeof *stage->node);
    stage->cone = ent_alloc(stage->strings, sizeof *stage->cone);
    if (!stage->node || !stage->cone) return no_memory();
    if (stage->reads_data) ENT_TRY(ent_pauli_form_wave(form, stages->late->rotation[stage->begin].angle, &wave));
    for (int64_t k = 0; k < stage->strings; k++) {
        const pauli_link *link = stage->link + stage->first[k];
        const int64_t end = k + 1 < stage->strings ? stage->first[k + 1] : stage->links;
        ENT_TRY(stage->reads_data ? append_turn(stages, link, wave, form, &stage->node[k])
                                  : append_sum(stages, link, end - stage->first[k], form, &stage->node[k]));
        for (const pauli_link *l = link; l < stage->link + end; l++)
            stage->cone[k] = ent_bits_or(stage->cone[k], ent_pauli_stages_cone(stages, l->ref));
    }
    return ENT_OK;
}

ent_status ent_pauli_stages_append(pauli_stages *stages, pauli_form *form)
{
    for (int s = 1; s < stages->count; s++) ENT_TRY(append_stage(stages, &stages->stage[s], form));
    return ENT_OK;
}
