/* A training's state in a file, <folder>/checkpoint.h5, and back.
 *
 *   /config                       the configuration as used, YAML text
 *   /data                         SHA-256 of the tables of the data set with one number per row, and of the ansaetze
 *   /isa, /blas                   the instruction set and OpenBLAS's kernel
 *   /features                     SHA-256 of its features;  /sha256: the seal of the texts (h5_seal.c)
 *   /numbers int [1][5]           format, completed rounds, 1 inside the next one or 2 before the evaluation of
 *                                 the last one, the data set's rows and bytes
 *   /seconds real [1][2]          of the training so far, of the interrupted round
 *   /weights real [1][params];  /memory real [the rule's vectors][params]
 *   /best/round int [1][1], /best/score real [1][1], /best/weights real [1][params]: with run.select, the best round
 *                                 so far
 *   /known real [1][params]       with communication.download_bits: the weights that the clients have
 *   /standard real [1][2]         of a real label: mean and deviation by which the model learns it
 *   /figures real [rounds][..]    ent_round, field by field; /figure_names: the fields, one per line
 *   /history/round int [1][1], /history/weights real [n][params]: the first weights of earlier rounds
 *   /client/number int [n][1], /client/vector real [n][width]: clients that keep a vector between rounds
 * and of an interrupted round:
 *   /inside/member, /inside/at_work int [n][1]: numbers in the round's cohort; the others are done
 *   /inside/work/count int [n][3 + blocks]: client, round, rows done, steps
 *   /inside/work/value real [n][1 + 3 params]: loss, weights, the optimiser's two vectors
 *   /inside/sum int [1][4 sums], /inside/count int [1][3], /inside/record real [n][..]: what the server has received
 *
 * A result has the same tables under /resume, except for the interrupted round, and for the weights (unless
 * run.select has chosen those of another round): further rounds continue from there.
 *
 * Nothing in it depends on the number of ranks.  Random numbers are functions of their position, and cohorts
 * functions of the round, so neither is saved.  Every rank writes and reads its own rows; rank 0 those that all
 * ranks share.
 *
 * Older versions wrote no /figure_names: their fields are FIRST_FIELDS.  Format 1, of versions that ended every
 * training in which a client diverged, lacks the counts of clients that were left out, in /figures and /inside/count:
 * these are 0. */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "entente/hash.h"
#include "entente/memory.h"
#include "entente/shard.h"
#include "fed/fed.h"
#include "fed/privacy/download.h"
#include "notes.h"

#define AT_WORK "/inside/work"
enum { BEHIND, INSIDE, UNMEASURED };
enum { FORMAT = 2, NUMBERS = 5, BESIDE = 3, CHUNK = 256 };

/* ---- figures of a round ---- */

/* In the order of the files that do not name them. */
static const char FIRST_FIELDS[] =
    "round\ncohort\ntrained\nsamples\nlost\nexcluded\nblocks_short\nsimulated_s\nstaleness\ntrain_loss\n"
    "validation_n\nvalidation_loss\nvalidation_accuracy\nvalidation_accuracy_nonzero\nvalidation_accuracy5\n"
    "validation_accuracy7\nvalidation_f1_weighted\nvalidation_f1_macro\nvalidation_mae\nvalidation_pearson\n"
    "test_n\ntest_loss\ntest_accuracy\ntest_accuracy_nonzero\ntest_accuracy5\ntest_accuracy7\ntest_f1_weighted\n"
    "test_f1_macro\ntest_mae\ntest_pearson\nbytes_up\nbytes_down\ncompute_s\ncommunicate_s\nwait_s\nevaluate_s\n"
    "compute_mean_s\n";
static const char SINCE_FORMAT_2[] = "excluded";

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

/* The field with the name that ends at `end`; -1: unknown to this version. */
static int field_named(const char *name, const char *end)
{
    for (int k = 0; ent_round_field(k); k++)
        if (strlen(ent_round_field(k)) == (size_t)(end - name) &&
            strncmp(ent_round_field(k), name, (size_t)(end - name)) == 0)
            return k;
    return -1;
}

/* The field of each column of a file, from names, one per line, without `lacks`.  field [*columns] (ent_free). */
static ent_status match_fields(const char *names, const char *lacks, int **fields, int *columns)
{
    int lines = 0;
    for (const char *at = names; *at; at++) lines += *at == '\n';
    *fields = ent_alloc(lines, sizeof **fields);
    ENT_REQUIRE(*fields, ENT_ENOMEM, "checkpoint: no memory");
    *columns = 0;
    for (const char *name = names, *end; (end = strchr(name, '\n')); name = end + 1)
        if (!lacks || strlen(lacks) != (size_t)(end - name) || strncmp(lacks, name, strlen(lacks)) != 0)
            (*fields)[(*columns)++] = field_named(name, end);
    return ENT_OK;
}

/* ---- writing ---- */

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
    int64_t *count = ent_alloc(BESIDE + blocks, sizeof *count);
    double *value = ent_alloc(1 + 3 * (int64_t)params, sizeof *value);
    ent_status status = count && value ? ENT_OK : ent_fail(ENT_ENOMEM, "checkpoint: no memory");
    for (int64_t k = 0; k < s->inside->works && status == ENT_OK; k++) {
        const ent_work *work = &s->inside->work[k];
        const size_t bytes = (size_t)params * sizeof *value;
        count[0] = work->client;
        count[1] = work->round;
        count[2] = work->done;
        memcpy(count + BESIDE, work->steps, (size_t)blocks * sizeof *count);
        value[0] = work->loss;
        memcpy(value + 1, work->w, bytes);
        memcpy(value + 1 + params, work->first, bytes);
        memcpy(value + 1 + 2 * params, work->second, bytes);
        status = ent_ctable_put(&s->to, AT_WORK "/count", ENT_H5_I64, first + k, 1, BESIDE + blocks, count);
        if (status == ENT_OK)
            status =
                ent_ctable_put(&s->to, AT_WORK "/value", ENT_H5_F64, first + k, 1, 1 + 3 * (int64_t)params, value);
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
    ENT_TRY(ent_ctable_make(&s->to, lane, AT_WORK "/count", ENT_H5_I64, inside->works, BESIDE + blocks, &first));
    ENT_TRY(
        ent_ctable_make(&s->to, lane, AT_WORK "/value", ENT_H5_F64, inside->works, 1 + 3 * (int64_t)params, &first));
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
    const int64_t numbers[NUMBERS] = {FORMAT, f->outcome.rounds,
                                      s->inside          ? INSIDE
                                      : s->t->unmeasured ? UNMEASURED
                                                         : BEHIND,
                                      f->features.dataset->rows, f->inputs.bytes};
    double seconds[2] = {f->outcome.train_s, s->inside ? s->inside->seconds : 0.0};
    ent_comm_max(f->ranks.lane, seconds, 2);
    ENT_TRY(put_root(s, "/numbers", ENT_H5_I64, 1, NUMBERS, numbers));
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

ent_status ent_checkpoint_path(const char *folder, char path[4096])
{
    ENT_REQUIRE(snprintf(path, 4096, "%s/checkpoint.h5", folder) < 4096, ENT_EARG, "%s: too long a path", folder);
    return ENT_OK;
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

/* ---- reading ---- */

/* The file to continue from, and the place of the tables in it. */
static ent_status source_path(const ent_federation *f, char path[4096])
{
    return f->keep.from_result ? ent_result_path(f->keep.folder, path) : ent_checkpoint_path(f->keep.folder, path);
}

/* Add the name of the file to a message that lacks it. */
static ent_status told(const ent_federation *f, ent_status status)
{
    char path[4096];
    if (status == ENT_OK || source_path(f, path) != ENT_OK) return status;
    return strncmp(ent_message(), path, strlen(path)) == 0 ? status : ent_fail_in(status, "%s", path);
}

static ent_status open_source(const ent_federation *f, ent_place *from)
{
    char path[4096];
    ENT_TRY(source_path(f, path));
    from->under = f->keep.from_result ? "/resume" : "";
    return ent_h5_open(path, &from->file);
}

static ent_status check_data(const ent_federation *f, const ent_place *from, const int64_t *numbers)
{
    const char *path = f->features.dataset->path, *whose = f->keep.from_result ? "result" : "checkpoint";
    const bool known = ent_h5_has(from->file, "/features"); /* else only the file's size can be compared */
    ENT_REQUIRE(numbers[3] == f->features.dataset->rows && (known || numbers[4] == f->inputs.bytes), ENT_EDATA,
                "%s: %lld rows in %lld bytes; the %s belongs to a data set of %lld rows in %lld bytes", path,
                (long long)f->features.dataset->rows, (long long)f->inputs.bytes, whose, (long long)numbers[3],
                (long long)numbers[4]);
    return ent_inputs_compare(&f->inputs, path, from->file, whose);
}

static ent_status get_history(ent_training *t, const ent_place *from)
{
    const int64_t params = t->state.params;
    int64_t first, n;
    ENT_TRY(ent_ctable_get(from, "/history/round", ENT_H5_I64, 0, 1, 1, &first));
    ENT_TRY(ent_ctable_rows(from, "/history/weights", &n));
    double *w = ent_alloc(n * params, sizeof *w);
    ENT_REQUIRE(w, ENT_ENOMEM, "checkpoint: no memory");
    ent_status status = ent_ctable_get(from, "/history/weights", ENT_H5_F64, 0, n, params, w);
    if (status == ENT_OK) status = ent_history_set(t->history, first, n, w);
    ent_free(w);
    return status;
}

/* The field of each column of /figures. */
static ent_status get_fields(const ent_place *from, int64_t format, int **fields, int *columns)
{
    char path[64], *names;
    snprintf(path, sizeof path, "%s/figure_names", from->under);
    if (!ent_h5_has(from->file, path))
        return match_fields(FIRST_FIELDS, format == 1 ? SINCE_FORMAT_2 : NULL, fields, columns);
    ENT_TRY(ent_h5_read_text(from->file, path, &names));
    const ent_status status = match_fields(names, NULL, fields, columns);
    ent_free(names);
    return status;
}

/* Figures that the file lacks are as if not computed. */
static void take_round(const int *fields, int columns, const double *values, ent_round *round)
{
    *round = ent_round_empty();
    for (int c = 0; c < columns; c++)
        if (fields[c] >= 0) ent_round_set(round, fields[c], values[c]);
}

static ent_status get_figures(ent_federation *f, const ent_place *from, int64_t format)
{
    ent_outcome *outcome = &f->outcome;
    int *fields = NULL, columns = 0;
    ent_status status = get_fields(from, format, &fields, &columns);
    double *values = status == ENT_OK ? ent_alloc(outcome->rounds * columns, sizeof *values) : NULL;
    if (status == ENT_OK && !values) status = ent_fail(ENT_ENOMEM, "checkpoint: no memory");
    if (status == ENT_OK) status = ent_ctable_get(from, "/figures", ENT_H5_F64, 0, outcome->rounds, columns, values);
    outcome->trained_samples = 0.0;
    for (int64_t r = 0; r < outcome->rounds && status == ENT_OK; r++) {
        ent_round *round = &outcome->round[r];
        take_round(fields, columns, values + r * columns, round);
        if (!ent_round_is_evaluated(&f->config->federation, r))
            round->validation = round->test = (ent_metrics){.n = 0};
        outcome->trained_samples += (double)round->samples;
    }
    ent_free(fields);
    ent_free(values);
    return status;
}

/* A file of an older program has none; a round that was evaluated as the last one may not be that any more. */
static ent_status get_by_client(const ent_federation *f, const ent_place *from)
{
    const ent_outcome *outcome = &f->outcome;
    const int64_t clients = f->population.clients;
    if (!outcome->by_client || !ent_ctable_has(from, "/client_round/accuracy")) return ENT_OK;
    ENT_TRY(
        ent_ctable_get(from, "/client_round/accuracy", ENT_H5_F64, 0, outcome->rounds, clients, outcome->by_client));
    for (int64_t r = 0; r < outcome->rounds; r++)
        for (int64_t c = 0; c < clients && !ent_round_is_evaluated(&f->config->federation, r); c++)
            outcome->by_client[r * clients + c] = NAN;
    return ENT_OK;
}

/* A column of numbers, allocated. */
static ent_status get_column(const ent_place *from, const char *name, int64_t *n, int64_t **numbers)
{
    ENT_TRY(ent_ctable_rows(from, name, n));
    *numbers = ent_alloc(*n, sizeof **numbers);
    ENT_REQUIRE(*numbers, ENT_ENOMEM, "checkpoint: %lld rows of %s: no memory", (long long)*n, name);
    return ent_ctable_get(from, name, ENT_H5_I64, 0, *n, 1, *numbers);
}

static ent_status get_vectors(ent_training *t, const ent_place *from, int64_t n, const int64_t *client)
{
    const int64_t width = t->width;
    double *vector = ent_alloc(width, sizeof *vector);
    ENT_REQUIRE(vector, ENT_ENOMEM, "checkpoint: no memory");
    ent_status status = ENT_OK;
    for (int64_t k = 0; k < n && status == ENT_OK; k++) {
        if (client[k] < 0 || client[k] >= t->f->population.clients)
            status = ent_fail(ENT_EFORMAT, "client %lld of %lld", (long long)client[k],
                              (long long)t->f->population.clients);
        else if (ent_variates_home(&t->f->ranks, client[k])) {
            status = ent_ctable_get(from, "/client/vector", ENT_H5_F64, k, 1, width, vector);
            if (status == ENT_OK) status = ent_variates_set(t->variates, client[k], vector);
        }
    }
    ent_free(vector);
    return status;
}

static ent_status get_clients(ent_training *t, const ent_place *from)
{
    int64_t n, *client = NULL;
    ent_status status = get_column(from, "/client/number", &n, &client);
    if (status == ENT_OK) status = get_vectors(t, from, n, client);
    ent_free(client);
    return status;
}

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static ent_status get_inside(ent_training *t, const ent_place *from, double seconds)
{
    ent_inside *inside = t->resume = ent_alloc(1, sizeof *inside);
    ENT_REQUIRE(inside, ENT_ENOMEM, "checkpoint: no memory");
    inside->seconds = seconds;
    ENT_TRY(get_column(from, "/inside/member", &inside->left, &inside->member));
    ENT_TRY(get_column(from, "/inside/at_work", &inside->works, &inside->at_work));
    qsort(inside->member, (size_t)inside->left, sizeof *inside->member, ascending);
    return ENT_OK;
}

static ent_status get_best(ent_training *t, const ent_place *from)
{
    ent_best *best = &t->best;
    ENT_TRY(ent_ctable_get(from, "/best/round", ENT_H5_I64, 0, 1, 1, &best->round));
    ENT_TRY(ent_ctable_get(from, "/best/score", ENT_H5_F64, 0, 1, 1, &best->score));
    ENT_REQUIRE(best->round >= -1 && best->round < t->f->outcome.rounds, ENT_EFORMAT,
                "/best/round: found %lld, want -1 to %lld", (long long)best->round,
                (long long)t->f->outcome.rounds - 1);
    return ent_ctable_get(from, "/best/weights", ENT_H5_F64, 0, 1, t->state.params, best->w);
}

/* A result's own weights; with a rule whose clients all have their own, these are still the initial ones. */
static ent_status get_weights(ent_training *t, const ent_place *from)
{
    ent_federation *f = t->f;
    const int64_t params = t->state.params;
    if (ent_ctable_has(from, "/weights")) return ent_ctable_get(from, "/weights", ENT_H5_F64, 0, 1, params, f->w);
    if (!t->rule->own) return ent_h5_read(from->file, "/weights/value", ENT_H5_F64, params, f->w);
    ent_model_init(f->model, f->config->seeds.init, f->w);
    return ENT_OK;
}

/* Errors: ENT_EFORMAT for a format that this version does not support. */
static ent_status get_numbers(const ent_federation *f, const ent_place *from, int64_t numbers[NUMBERS])
{
    ENT_REQUIRE(ent_ctable_has(from, "/numbers") || !f->keep.from_result, ENT_EFORMAT,
                "it has no state to continue from: start again in another folder");
    ENT_TRY(ent_ctable_get(from, "/numbers", ENT_H5_I64, 0, 1, NUMBERS, numbers));
    ENT_REQUIRE(
        numbers[0] >= 1 && numbers[0] <= FORMAT, ENT_EFORMAT,
        "format %lld, want 1 to %d: written by another version of Entente: continue with that version, or start "
        "again in another folder",
        (long long)numbers[0], FORMAT);
    return ENT_OK;
}

static ent_status get_all(ent_training *t, const ent_place *from)
{
    ent_federation *f = t->f;
    const int64_t params = t->state.params;
    int64_t numbers[NUMBERS];
    double seconds[2];
    ENT_TRY(get_numbers(f, from, numbers));
    ENT_TRY(check_data(f, from, numbers));
    if (!f->keep.allow_isa_change) ENT_TRY(ent_machine_compare(from->file));
    const int64_t least = numbers[1] + (numbers[2] == INSIDE), rounds = f->config->federation.rounds;
    ENT_REQUIRE(rounds >= least, ENT_ECONFIG, "federation.rounds: found %lld, and the checkpoint is in round %lld",
                (long long)rounds, (long long)least);
    f->outcome.rounds = numbers[1];
    ENT_TRY(ent_ctable_get(from, "/seconds", ENT_H5_F64, 0, 1, 2, seconds));
    f->outcome.train_s = seconds[0];
    ENT_TRY(get_weights(t, from));
    for (int k = 0; k < t->rule->memory; k++)
        ENT_TRY(ent_ctable_get(from, "/memory", ENT_H5_F64, k, 1, params, t->state.memory[k]));
    if (t->best.w) ENT_TRY(get_best(t, from));
    if (t->download) ENT_TRY(ent_ctable_get(from, "/known", ENT_H5_F64, 0, 1, params, t->download->known));
    ENT_TRY(get_history(t, from));
    ENT_TRY(get_figures(f, from, numbers[0]));
    ENT_TRY(get_by_client(f, from));
    if (t->variates) ENT_TRY(get_clients(t, from));
    t->unmeasured = numbers[2] == UNMEASURED && f->outcome.rounds > 0;
    return numbers[2] == INSIDE ? get_inside(t, from, seconds[1]) : ENT_OK;
}

ent_status ent_checkpoint_load(ent_training *t)
{
    ent_place from;
    ent_status status = open_source(t->f, &from);
    if (status == ENT_OK) {
        status = get_all(t, &from);
        ent_h5_close(from.file);
    }
    return ent_comm_agree(t->f->ranks.world, told(t->f, status));
}

static ent_status get_tally(ent_training *t, const ent_place *from)
{
    const int rank = ent_comm_rank(t->f->ranks.lane), size = ent_comm_size(t->f->ranks.lane);
    int64_t all, numbers[NUMBERS];
    ENT_TRY(get_numbers(t->f, from, numbers));
    ENT_TRY(ent_ctable_rows(from, "/inside/record", &all));
    const int64_t first = ent_slice_begin(all, rank, size), n = ent_slice_begin(all, rank + 1, size) - first;
    ENT_TRY(ent_aggregate_reserve(t->aggregate, n));
    const ent_tally tally = ent_aggregate_see(t->aggregate);
    ENT_TRY(ent_ctable_get(from, "/inside/record", ENT_H5_F64, first, n, tally.record, tally.each));
    if (rank > 0) return ENT_OK;
    ENT_TRY(ent_ctable_get(from, "/inside/sum", ENT_H5_I64, 0, 1, 4 * tally.sums, tally.sum));
    tally.count[ENT_TALLY_COUNTS - 1] = 0;
    const int counts = numbers[0] == 1 ? ENT_TALLY_COUNTS - 1 : ENT_TALLY_COUNTS;
    return ent_ctable_get(from, "/inside/count", ENT_H5_I64, 0, 1, counts, tally.count);
}

ent_status ent_checkpoint_tally(ent_training *t)
{
    ent_place from;
    ENT_TRY(open_source(t->f, &from));
    const ent_status status = get_tally(t, &from);
    ent_h5_close(from.file);
    return told(t->f, status);
}

static ent_status get_work(const ent_training *t, const ent_place *from, int64_t k, int64_t *count, double *value,
                           ent_work *work)
{
    const int params = t->state.params, blocks = t->state.blocks;
    const size_t bytes = (size_t)params * sizeof *value;
    ENT_TRY(ent_ctable_get(from, AT_WORK "/count", ENT_H5_I64, k, 1, BESIDE + blocks, count));
    ENT_TRY(ent_ctable_get(from, AT_WORK "/value", ENT_H5_F64, k, 1, 1 + 3 * (int64_t)params, value));
    work->client = count[0];
    work->round = count[1];
    work->done = count[2];
    memcpy(work->steps, count + BESIDE, (size_t)blocks * sizeof *count);
    work->loss = value[0];
    memcpy(work->w, value + 1, bytes);
    memcpy(work->first, value + 1 + params, bytes);
    memcpy(work->second, value + 1 + 2 * params, bytes);
    return ENT_OK;
}

ent_status ent_checkpoint_work(const ent_training *t, int64_t k, ent_work *work)
{
    ent_place from = {.file = NULL};
    int64_t *count = ent_alloc(BESIDE + t->state.blocks, sizeof *count);
    double *value = ent_alloc(1 + 3 * (int64_t)t->state.params, sizeof *value);
    ent_status status = count && value ? ent_work_make(t->state.params, t->state.blocks, work)
                                       : ent_fail(ENT_ENOMEM, "checkpoint: no memory");
    if (status == ENT_OK) status = open_source(t->f, &from);
    if (status == ENT_OK) status = get_work(t, &from, k, count, value, work);
    ent_h5_close(from.file);
    ent_free(count);
    ent_free(value);
    return told(t->f, status);
}

void ent_inside_free(ent_inside *inside)
{
    if (!inside) return;
    ent_free(inside->member);
    ent_free(inside->at_work);
    ent_free(inside);
}

ent_status ent_checkpoint_label(ent_federation *f)
{
    double standard[2] = {0.0, 1.0};
    ent_place from;
    ENT_TRY(open_source(f, &from));
    ent_status status = ENT_OK;
    if (ent_ctable_has(&from, "/standard"))
        status = ent_ctable_get(&from, "/standard", ENT_H5_F64, 0, 1, 2, standard);
    ent_h5_close(from.file);
    if (status != ENT_OK) return told(f, status);
    f->target.label.mean = standard[0];
    f->target.label.deviation = standard[1];
    return ENT_OK;
}

ent_status ent_checkpoint_config(const char *folder, char **text)
{
    char path[4096];
    ENT_TRY(ent_checkpoint_path(folder, path));
    return ent_saved_config(path, text);
}

/* ---- tidying up ---- */

/* Remove the temporary files of checkpoint and result. */
static bool is_remains(const char *name)
{
    static const char checkpoint[] = "checkpoint.h5.part-", result[] = "result.h5.part-";
    return strncmp(name, checkpoint, sizeof checkpoint - 1) == 0 || strncmp(name, result, sizeof result - 1) == 0;
}

ent_status ent_checkpoint_clear(const char *folder, bool whole)
{
    char path[4096];
    ENT_TRY(ent_checkpoint_path(folder, path));
    ENT_REQUIRE(!whole || unlink(path) == 0 || errno == ENOENT, ENT_EIO, "%s: cannot be removed: %s", path,
                strerror(errno));
    DIR *entries = opendir(folder);
    if (!entries) return ENT_OK;
    for (const struct dirent *entry; (entry = readdir(entries));)
        if (is_remains(entry->d_name)) unlinkat(dirfd(entries), entry->d_name, 0);
    closedir(entries);
    return ENT_OK;
}
