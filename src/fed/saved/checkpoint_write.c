/* Writing the state of a training: every rank its own rows, rank 0 those that all ranks share. */
#include <stdio.h>
#include <string.h>

#include "checkpoint.h"
#include "entente/memory.h"
#include "fed/machine.h"
#include "fed/privacy/download.h"
#include "notes.h"

enum { CHUNK = 256 }; /* clients whose vectors are copied at a time */

static int count_fields(void)
{
    int count = 0;
    while (ent_round_field(count)) count++;
    return count;
}

/* The fields of this version, one per line (ent_free); NULL without memory. */
static char *field_names(void)
{
    int64_t bytes = 1;
    for (int k = 0; ent_round_field(k); k++) bytes += (int64_t)strlen(ent_round_field(k)) + 1;
    char *names = ent_alloc(bytes, 1);
    for (int k = 0; names && ent_round_field(k); k++) strcat(strcat(names, ent_round_field(k)), "\n");
    return names;
}

typedef struct {
    const ent_training *t;
    ent_federation *f;
    ent_place to;
    const ent_inside *inside; /* or NULL */
    int64_t *client;          /* [clients] with a vector on this rank */
    int64_t clients, width;
    bool root;
} saving;

/* A table of rank 0's rows. */
static ent_status put_root(const saving *s, const char *name, ent_h5_type type, int64_t rows, int64_t width,
                           const void *data)
{
    int64_t first;
    const int64_t mine = s->root ? rows : 0;
    ENT_TRY(ent_ctable_make(&s->to, s->f->ranks.lane, name, type, mine, width, &first));
    return ent_comm_agree(s->f->ranks.lane, ent_ctable_put(&s->to, name, type, first, mine, width, data));
}

static ent_status put_memory(const saving *s)
{
    const ent_rule_state *state = &s->t->state;
    const int vectors = s->t->rule->memory;
    int64_t first;
    ENT_TRY(ent_ctable_make(&s->to, s->f->ranks.lane, "/memory", ENT_H5_F64, s->root ? vectors : 0, state->params,
                            &first));
    ent_status status = ENT_OK;
    for (int k = 0; k < vectors && s->root && status == ENT_OK; k++)
        status = ent_ctable_put(&s->to, "/memory", ENT_H5_F64, k, 1, state->params, state->memory[k]);
    return ent_comm_agree(s->f->ranks.lane, status);
}

static ent_status put_best(const saving *s)
{
    const ent_best *best = &s->t->best;
    ENT_TRY(put_root(s, "/best/round", ENT_H5_I64, 1, 1, &best->round));
    ENT_TRY(put_root(s, "/best/score", ENT_H5_F64, 1, 1, &best->score));
    return put_root(s, "/best/weights", ENT_H5_F64, 1, s->t->state.params, best->w);
}

/* Completed rounds: the current one starts from /weights. */
static ent_status put_history(const saving *s)
{
    int64_t first, n;
    const double *w = ent_history_get(s->t->history, &first, &n);
    if (n > s->f->outcome.rounds - first) n = s->f->outcome.rounds - first;
    ENT_TRY(put_root(s, "/history/round", ENT_H5_I64, 1, 1, &first));
    return put_root(s, "/history/weights", ENT_H5_F64, n, s->t->state.params, w);
}

/* A text that rank 0 has.  Collective: a file of its own has it on rank 0, a shared one on all ranks. */
static ent_status put_text(const saving *s, const char *name, const char *text)
{
    char path[64];
    snprintf(path, sizeof path, "%s%s", s->to.under, name);
    return ent_comm_agree(s->f->ranks.lane, s->to.file ? ent_h5_write_text(s->to.file, path, text) : ENT_OK);
}

/* Few enough clients and rounds: every rank knows, and rank 0 has the numbers. */
static ent_status put_by_client(const saving *s)
{
    double there = s->f->outcome.by_client != NULL;
    ent_comm_max(s->f->ranks.lane, &there, 1);
    if (there == 0.0) return ENT_OK;
    return put_root(s, "/client_round/accuracy", ENT_H5_F64, s->f->outcome.rounds, s->f->population.clients,
                    s->f->outcome.by_client);
}

static ent_status put_figures(const saving *s)
{
    const ent_outcome *outcome = &s->f->outcome;
    const int fields = count_fields();
    double *values = ent_alloc(outcome->rounds * fields, sizeof *values);
    char *names = field_names();
    ent_status status =
        ent_comm_agree(s->f->ranks.lane, values && names ? ENT_OK : ent_fail(ENT_ENOMEM, "checkpoint: no memory"));
    for (int64_t r = 0; r < outcome->rounds && status == ENT_OK; r++)
        for (int k = 0; k < fields; k++) values[r * fields + k] = ent_round_get(&outcome->round[r], k);
    if (status == ENT_OK) status = put_text(s, "/figure_names", names);
    if (status == ENT_OK) status = put_root(s, "/figures", ENT_H5_F64, outcome->rounds, fields, values);
    if (status == ENT_OK) status = put_by_client(s);
    ent_free(names);
    ent_free(values);
    return status;
}

/* Vectors are scattered in memory: copy a few at a time. */
static ent_status put_vectors(const saving *s, int64_t first)
{
    const int64_t width = s->width;
    double *some = ent_alloc(CHUNK * width, sizeof *some);
    ENT_REQUIRE(some, ENT_ENOMEM, "checkpoint: no memory");
    ent_status status = ENT_OK;
    for (int64_t done = 0; done < s->clients && status == ENT_OK; done += CHUNK) {
        const int64_t n = s->clients - done < CHUNK ? s->clients - done : CHUNK;
        for (int64_t k = 0; k < n; k++)
            memcpy(some + k * width, ent_variates_at(s->t->variates, s->client[done + k]),
                   (size_t)width * sizeof *some);
        status = ent_ctable_put(&s->to, "/client/vector", ENT_H5_F64, first + done, n, width, some);
    }
    ent_free(some);
    return status;
}

static ent_status put_clients(const saving *s)
{
    int64_t first;
    ent_comm *lane = s->f->ranks.lane;
    ENT_TRY(ent_ctable_make(&s->to, lane, "/client/number", ENT_H5_I64, s->clients, 1, &first));
    ENT_TRY(
        ent_comm_agree(lane, ent_ctable_put(&s->to, "/client/number", ENT_H5_I64, first, s->clients, 1, s->client)));
    ENT_TRY(ent_ctable_make(&s->to, lane, "/client/vector", ENT_H5_F64, s->clients, s->width, &first));
    return ent_comm_agree(lane, put_vectors(s, first));
}

/* The rows of all ranks, rank by rank, in a table of rank 0's file.  Collective. */
static ent_status put_gathered(const saving *s, const char *name, ent_h5_type type, int64_t width, const void *rows)
{
    const size_t row_bytes = (size_t)width * 8;
    int64_t all = s->clients;
    void *gathered = NULL;
    ent_comm_sum(s->f->ranks.lane, &all, 1);
    ENT_TRY(ent_comm_gather(s->f->ranks.lane, 0, rows, (size_t)s->clients * row_bytes, &gathered, NULL));
    const ent_status status = put_root(s, name, type, all, width, gathered);
    ent_free(gathered);
    return status;
}

/* The same into a file that rank 0 writes. */
static ent_status put_clients_at_root(const saving *s)
{
    double *vector = ent_alloc(s->clients * s->width, sizeof *vector);
    ent_status status = ent_comm_agree(
        s->f->ranks.lane, vector ? ENT_OK : ent_fail(ENT_ENOMEM, "result: no memory for clients' vectors"));
    for (int64_t k = 0; k < s->clients && status == ENT_OK; k++)
        memcpy(vector + k * s->width, ent_variates_at(s->t->variates, s->client[k]),
               (size_t)s->width * sizeof *vector);
    if (status == ENT_OK) status = put_gathered(s, "/client/number", ENT_H5_I64, 1, s->client);
    if (status == ENT_OK) status = put_gathered(s, "/client/vector", ENT_H5_F64, s->width, vector);
    ent_free(vector);
    return status;
}

/* One row per client at work, in a table of counts and one of values. */
static ent_status put_work(const saving *s, int64_t first)
{
    const int params = s->t->state.params, blocks = s->t->state.blocks;
    int64_t *count = ent_alloc(CHECKPOINT_BESIDE + blocks, sizeof *count);
    double *value = ent_alloc(1 + 3 * (int64_t)params, sizeof *value);
    ent_status status = count && value ? ENT_OK : ent_fail(ENT_ENOMEM, "checkpoint: no memory");
    for (int64_t k = 0; k < s->inside->works && status == ENT_OK; k++) {
        const ent_work *work = &s->inside->work[k];
        const size_t bytes = (size_t)params * sizeof *value;
        count[0] = work->client;
        count[1] = work->round;
        count[2] = work->done;
        memcpy(count + CHECKPOINT_BESIDE, work->steps, (size_t)blocks * sizeof *count);
        value[0] = work->loss;
        memcpy(value + 1, work->w, bytes);
        memcpy(value + 1 + params, work->first, bytes);
        memcpy(value + 1 + 2 * params, work->second, bytes);
        status = ent_ctable_put(&s->to, CHECKPOINT_WORK "/count", ENT_H5_I64, first + k, 1,
                                CHECKPOINT_BESIDE + blocks, count);
        if (status == ENT_OK)
            status = ent_ctable_put(&s->to, CHECKPOINT_WORK "/value", ENT_H5_F64, first + k, 1,
                                    1 + 3 * (int64_t)params, value);
    }
    ent_free(count);
    ent_free(value);
    return status;
}

static ent_status put_rows(const saving *s, const char *name, ent_h5_type type, int64_t n, int64_t width,
                           const void *rows)
{
    int64_t first;
    ENT_TRY(ent_ctable_make(&s->to, s->f->ranks.lane, name, type, n, width, &first));
    return ent_comm_agree(s->f->ranks.lane, ent_ctable_put(&s->to, name, type, first, n, width, rows));
}

static ent_status put_inside(const saving *s)
{
    const ent_inside *inside = s->inside;
    const ent_tally tally = ent_aggregate_see(s->t->aggregate);
    const int params = s->t->state.params, blocks = s->t->state.blocks;
    ent_comm *lane = s->f->ranks.lane;
    int64_t first;
    ENT_TRY(put_rows(s, "/inside/member", ENT_H5_I64, inside->left, 1, inside->member));
    ENT_TRY(put_rows(s, "/inside/at_work", ENT_H5_I64, inside->works, 1, inside->at_work));
    ENT_TRY(ent_ctable_make(&s->to, lane, CHECKPOINT_WORK "/count", ENT_H5_I64, inside->works,
                            CHECKPOINT_BESIDE + blocks, &first));
    ENT_TRY(ent_ctable_make(&s->to, lane, CHECKPOINT_WORK "/value", ENT_H5_F64, inside->works,
                            1 + 3 * (int64_t)params, &first));
    ENT_TRY(ent_comm_agree(lane, put_work(s, first)));
    ent_comm_sum(lane, tally.sum, 4 * tally.sums);
    ent_comm_sum(lane, tally.count, ENT_TALLY_COUNTS);
    ENT_TRY(put_root(s, "/inside/sum", ENT_H5_I64, 1, 4 * tally.sums, tally.sum));
    ENT_TRY(put_root(s, "/inside/count", ENT_H5_I64, 1, ENT_TALLY_COUNTS, tally.count));
    return put_rows(s, "/inside/record", ENT_H5_F64, tally.records, tally.record, tally.each);
}

/* The tables common to checkpoints and results. */
static ent_status put_state(const saving *s)
{
    const ent_federation *f = s->f;
    const int64_t numbers[CHECKPOINT_NUMBERS] = {CHECKPOINT_FORMAT, f->outcome.rounds,
                                                 s->inside          ? CHECKPOINT_INSIDE
                                                 : s->t->unmeasured ? CHECKPOINT_UNMEASURED
                                                                    : CHECKPOINT_AFTER,
                                                 f->features.dataset->rows, f->inputs.bytes};
    double seconds[2] = {f->outcome.train_s, s->inside ? s->inside->seconds : 0.0};
    ent_comm_max(f->ranks.lane, seconds, 2);
    ENT_TRY(put_root(s, "/numbers", ENT_H5_I64, 1, CHECKPOINT_NUMBERS, numbers));
    ENT_TRY(put_root(s, "/seconds", ENT_H5_F64, 1, 2, seconds));
    const double standard[2] = {f->target.label.mean, f->target.label.deviation};
    if (f->target.label.classes == 0) ENT_TRY(put_root(s, "/standard", ENT_H5_F64, 1, 2, standard));
    ENT_TRY(put_memory(s));
    if (s->t->best.w) ENT_TRY(put_best(s));
    if (s->t->download) ENT_TRY(put_root(s, "/known", ENT_H5_F64, 1, s->t->state.params, s->t->download->known));
    ENT_TRY(put_history(s));
    return put_figures(s);
}

static ent_status put_all(const saving *s)
{
    const ent_federation *f = s->f;
    ENT_TRY(ent_h5_write_text(s->to.file, "/config", f->keep.config_text));
    ENT_TRY(ent_inputs_write(&f->inputs, s->to.file));
    ENT_TRY(ent_machine_write(s->to.file));
    ENT_TRY(put_state(s));
    ENT_TRY(put_root(s, "/weights", ENT_H5_F64, 1, s->t->state.params, f->w));
    if (s->t->variates) ENT_TRY(put_clients(s));
    if (s->inside) ENT_TRY(put_inside(s));
    ENT_TRY(ent_saved_annotate(s->to.file));
    return ent_h5_seal(s->to.file);
}

ent_status ent_checkpoint_save(ent_training *t, const ent_inside *inside)
{
    ent_federation *f = t->f;
    char path[4096];
    saving s = {.t = t, .f = f, .to.under = "", .inside = inside, .root = ent_comm_rank(f->ranks.lane) == 0};
    s.width = t->width;
    ENT_TRY(ent_checkpoint_path(f->keep.folder, path));
    ent_status status = t->variates ? ent_variates_list(t->variates, &s.clients, &s.client) : ENT_OK;
    status = ent_comm_agree(f->ranks.world, status);
    const bool writes = !f->ranks.group || ent_comm_rank(f->ranks.group) == 0; /* all lanes have the same */
    if (status == ENT_OK && writes) status = ent_h5_create_shared(f->ranks.lane, path, &s.to.file);
    if (status == ENT_OK && writes) {
        status = put_all(&s);
        if (status == ENT_OK)
            status = ent_h5_finish(s.to.file);
        else
            ent_h5_close(s.to.file);
    }
    ent_free(s.client);
    return ent_comm_agree(f->ranks.world, status);
}

/* Rank 0 needs three times the clients' vectors of all ranks to write the file. */
static bool fits(const saving *s)
{
    int64_t clients = s->clients;
    ent_comm_sum(s->f->ranks.lane, &clients, 1);
    double too_much = 4.0 * 8.0 * (double)clients * (double)s->width > (double)ent_memory_available_bytes();
    ent_comm_max(s->f->ranks.lane, &too_much, 1);
    return too_much == 0.0;
}

static ent_status embed(const saving *s)
{
    const ent_checkpoint_inp *keep = &s->f->keep;
    if (!fits(s)) {
        if (keep->note && s->root)
            keep->note(keep->context, "the clients' vectors are too large for the result: it cannot be continued");
        return ENT_OK;
    }
    ENT_TRY(put_state(s));
    if (s->t->best.w) ENT_TRY(put_root(s, "/weights", ENT_H5_F64, 1, s->t->state.params, s->t->best.last));
    return s->t->variates ? put_clients_at_root(s) : ENT_OK;
}

ent_status ent_checkpoint_embed(const ent_training *t, ent_h5 *file)
{
    ent_federation *f = t->f;
    saving s = {.t = t, .f = f, .to = {file, "/resume"}, .root = ent_comm_rank(f->ranks.lane) == 0};
    s.width = t->width;
    ent_status status = t->variates ? ent_variates_list(t->variates, &s.clients, &s.client) : ENT_OK;
    status = ent_comm_agree(f->ranks.world, status);
    const bool writes = !f->ranks.group || ent_comm_rank(f->ranks.group) == 0;
    if (status == ENT_OK && writes) status = embed(&s);
    ent_free(s.client);
    return ent_comm_agree(f->ranks.world, status);
}
