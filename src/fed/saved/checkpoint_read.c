/* Reading the state of a training from a checkpoint or a result, on any number of ranks. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint.h"
#include "entente/memory.h"
#include "fed/machine.h"
#include "fed/privacy/download.h"

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

/* ---- the whole ---- */

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
static ent_status get_numbers(const ent_federation *f, const ent_place *from, int64_t numbers[CHECKPOINT_NUMBERS])
{
    ENT_REQUIRE(ent_ctable_has(from, "/numbers") || !f->keep.from_result, ENT_EFORMAT,
                "it has no state to continue from: start again in another folder");
    ENT_TRY(ent_ctable_get(from, "/numbers", ENT_H5_I64, 0, 1, CHECKPOINT_NUMBERS, numbers));
    ENT_REQUIRE(
        numbers[0] >= 1 && numbers[0] <= CHECKPOINT_FORMAT, ENT_EFORMAT,
        "format %lld, want 1 to %d: written by another version of Entente: continue with that version, or start "
        "again in another folder",
        (long long)numbers[0], CHECKPOINT_FORMAT);
    return ENT_OK;
}

static ent_status get_all(ent_training *t, const ent_place *from)
{
    ent_federation *f = t->f;
    const int64_t params = t->state.params;
    int64_t numbers[CHECKPOINT_NUMBERS];
    double seconds[2];
    ENT_TRY(get_numbers(f, from, numbers));
    ENT_TRY(check_data(f, from, numbers));
    if (!f->keep.allow_isa_change) ENT_TRY(ent_machine_compare(from->file));
    const int64_t least = numbers[1] + (numbers[2] == CHECKPOINT_INSIDE), rounds = f->config->federation.rounds;
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
    t->unmeasured = numbers[2] == CHECKPOINT_UNMEASURED && f->outcome.rounds > 0;
    return numbers[2] == CHECKPOINT_INSIDE ? get_inside(t, from, seconds[1]) : ENT_OK;
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
    int64_t all, numbers[CHECKPOINT_NUMBERS];
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
    ENT_TRY(ent_ctable_get(from, CHECKPOINT_WORK "/count", ENT_H5_I64, k, 1, CHECKPOINT_BESIDE + blocks, count));
    ENT_TRY(ent_ctable_get(from, CHECKPOINT_WORK "/value", ENT_H5_F64, k, 1, 1 + 3 * (int64_t)params, value));
    work->client = count[0];
    work->round = count[1];
    work->done = count[2];
    memcpy(work->steps, count + CHECKPOINT_BESIDE, (size_t)blocks * sizeof *count);
    work->loss = value[0];
    memcpy(work->w, value + 1, bytes);
    memcpy(work->first, value + 1 + params, bytes);
    memcpy(work->second, value + 1 + 2 * params, bytes);
    return ENT_OK;
}

ent_status ent_checkpoint_work(const ent_training *t, int64_t k, ent_work *work)
{
    ent_place from = {.file = NULL};
    int64_t *count = ent_alloc(CHECKPOINT_BESIDE + t->state.blocks, sizeof *count);
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
