/* Predictions of a part: every rank predicts an even slice of the rows, rank 0 gathers and measures. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "entente/memory.h"
#include "entente/shard.h"
#include "fed.h"

void ent_answer_by_prior(const ent_federation *f, const ent_part *part, int64_t first, int64_t n, double *output)
{
    for (int64_t k = 0; k < n; k++)
        if (!part->answered[first + k])
            memcpy(output + k * f->outputs, f->prior, (size_t)f->outputs * sizeof *output);
}

/* Piece by piece, of about a second at most; who stops leaves the rest. */
static ent_status predict_slice(ent_federation *f, const ent_rows *slice, double *output)
{
    const int64_t most = INT64_C(1 << 24) >> ent_model_qubits(f->model), piece = most > 16 ? most : 16;
    for (int64_t first = 0; first < slice->n; first += piece) {
        bool stops;
        ent_samples some = slice->samples;
        ENT_TRY(ent_checkpoint_look(f, &stops));
        if (stops) return ENT_OK;
        some.n = slice->n - first < piece ? slice->n - first : piece;
        some.context += first;
        if (some.category) some.category += first;
        for (int m = 0; m < f->modalities; m++) some.x[m] += first * ent_reduced_width(f, m);
        ENT_TRY(ent_model_predict(f->model, f->w, &some, output + first * f->outputs));
        ent_label_restore(f, some.n, output + first * f->outputs);
    }
    return ENT_OK;
}

ent_status ent_predict_part(ent_federation *f, int which, double **output)
{
    const ent_rows *slice = &f->slice[which];
    double *mine = ent_alloc(slice->n * f->outputs, sizeof *mine);
    ent_status status = mine ? predict_slice(f, slice, mine) : ent_fail(ENT_ENOMEM, "evaluation: no memory");
    status = ent_team_settle(f->team, status);
    const bool stops = f->watch && ent_watch_end(f->watch);
    status = ent_comm_agree(f->world, status);
    if (status == ENT_OK && stops) status = ent_fail(ENT_STOPPED, "stopped while evaluating");
    if (status == ENT_OK) ent_answer_by_prior(f, &f->part[which], slice->first, slice->n, mine);
    *output = NULL;
    if (status == ENT_OK)
        status =
            ent_comm_gather(f->lane, 0, mine, (size_t)(slice->n * f->outputs) * sizeof *mine, (void **)output, NULL);
    ent_free(mine);
    status = ent_comm_agree(f->world, status);
    if (status != ENT_OK) {
        ent_free(*output);
        *output = NULL;
    }
    return status;
}

static ent_predictions predictions_of(const ent_federation *f, int which, const double *output)
{
    const ent_part *part = &f->part[which];
    return (ent_predictions){.n = part->n,
                             .classes = f->label.classes,
                             .output = output,
                             .category = part->category,
                             .value = part->value,
                             .sentiment = f->label.sentiment};
}

ent_status ent_measure_part(const ent_federation *f, int which, const double *output, ent_metrics *metrics)
{
    const ent_predictions p = predictions_of(f, which, output);
    return ent_metrics_compute(&p, metrics);
}

static double share_right(const ent_predictions *p, double right, int64_t rows)
{
    return rows > 0 && ent_predictions_have_classes(p) ? right / (double)rows : NAN;
}

static int by_presence(const void *a, const void *b)
{
    const uint32_t x = ((const ent_pattern *)a)->context, y = ((const ent_pattern *)b)->context;
    const int more = __builtin_popcount(y) - __builtin_popcount(x);
    return more ? more : (x > y) - (x < y);
}

/* Accuracy, or where there are no classes the mean absolute error, of each context that occurs in the test part. */
static ent_status measure_patterns(ent_federation *f, const ent_predictions *p)
{
    const ent_part *part = &f->part[ENT_TEST];
    const int64_t contexts = INT64_C(1) << f->modalities;
    ent_pattern *table = ent_alloc(contexts, sizeof *table);
    int64_t count = 0;
    ENT_REQUIRE(table, ENT_ENOMEM, "evaluation: no memory");
    for (int64_t k = 0; k < part->n; k++) {
        ent_pattern *at = &table[part->context[k]];
        at->n++;
        at->accuracy += ent_prediction_right(p, k);
        at->mae += p->classes > 0 ? 0.0 : fabs(p->output[k] - p->value[k]);
    }
    for (int64_t c = 0; c < contexts; c++) count += table[c].n > 0;
    ent_free(f->pattern);
    f->patterns = 0;
    f->pattern = ent_alloc(count, sizeof *f->pattern);
    for (int64_t c = 0; f->pattern && c < contexts; c++)
        if (table[c].n > 0)
            f->pattern[f->patterns++] =
                (ent_pattern){.context = (uint32_t)c,
                              .n = table[c].n,
                              .accuracy = share_right(p, table[c].accuracy, table[c].n),
                              .mae = ent_predictions_have_classes(p) ? NAN : table[c].mae / (double)table[c].n};
    ent_free(table);
    ENT_REQUIRE(f->pattern, ENT_ENOMEM, "evaluation: no memory");
    qsort(f->pattern, (size_t)f->patterns, sizeof *f->pattern, by_presence);
    return ENT_OK;
}

static ent_status measure_clients(ent_federation *f, const ent_predictions *p)
{
    const ent_part *train = &f->part[ENT_TRAIN], *test = &f->part[ENT_TEST];
    ent_free(f->client);
    f->client = ent_alloc(f->clients, sizeof *f->client);
    ENT_REQUIRE(f->client, ENT_ENOMEM, "evaluation: no memory");
    for (int64_t k = 0; k < train->n; k++) f->client[train->client[k]].train_rows++;
    for (int64_t k = 0; k < test->n; k++) {
        f->client[test->client[k]].test_rows++;
        f->client[test->client[k]].accuracy += ent_prediction_right(p, k);
    }
    for (int64_t c = 0; c < f->clients; c++) {
        f->client[c].accuracy = share_right(p, f->client[c].accuracy, f->client[c].test_rows);
        f->client[c].personal_accuracy = NAN;
    }
    return ENT_OK;
}

/* The fine-tuned models, on rank 0. */
static ent_status measure_personal(ent_federation *f, const double *output)
{
    const ent_predictions p = predictions_of(f, ENT_TEST, output);
    const ent_part *test = &f->part[ENT_TEST];
    for (int64_t c = 0; c < f->clients; c++) {
        int64_t right = 0;
        for (int64_t k = test->first[c]; k < test->first[c + 1]; k++) right += ent_prediction_right(&p, k);
        f->client[c].personal_accuracy = share_right(&p, (double)right, f->client[c].test_rows);
    }
    return ent_metrics_compute(&p, &f->personal);
}

/* f->output is there on rank 0.  Collective. */
static ent_status measure(ent_federation *f)
{
    ent_status status = ENT_OK;
    if (ent_comm_rank(f->world) == 0) {
        const ent_predictions p = predictions_of(f, ENT_TEST, f->output);
        status = ent_metrics_compute(&p, &f->test);
        if (status == ENT_OK) status = measure_patterns(f, &p);
        if (status == ENT_OK) status = measure_clients(f, &p);
    }
    return ent_comm_agree(f->world, status);
}

ent_status ent_federation_evaluate(ent_federation *f)
{
    ent_free(f->output);
    f->output = NULL;
    ENT_TRY(ent_predict_part(f, ENT_TEST, &f->output));
    return measure(f);
}

static ent_status evaluate_personal(ent_training *t)
{
    ent_federation *f = t->f;
    double *output;
    ENT_TRY(ent_predict_own(t, ENT_TEST, f->config->personal.epochs, &output));
    const ent_status status = ent_comm_rank(f->world) == 0 ? measure_personal(f, output) : ENT_OK;
    ent_free(output);
    return ent_comm_agree(f->world, status);
}

ent_status ent_training_evaluate(ent_training *t)
{
    ent_federation *f = t->f;
    ent_free(f->output);
    f->output = NULL;
    f->personal = (ent_metrics){.n = 0};
    ENT_TRY(t->rule->own ? ent_predict_own(t, ENT_TEST, 0, &f->output) : ent_predict_part(f, ENT_TEST, &f->output));
    ENT_TRY(measure(f));
    if (f->config->personal.epochs > 0) ENT_TRY(evaluate_personal(t));
    return t->rule->own ? ent_own_average(t) : ENT_OK;
}
