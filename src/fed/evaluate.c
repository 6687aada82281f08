/* Predictions of a part: every rank predicts an equal slice of the rows, rank 0 gathers them and computes metrics. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "entente/exact.h"
#include "entente/memory.h"
#include "entente/shard.h"
#include "fed.h"

/* In pieces of at most about a second; stops between them if asked to. */
static ent_status predict_slice(ent_federation *f, int which, const ent_rows *slice, double *output)
{
    enum { LEAST = 16, FEW_QUBITS = 20 };
    const int qubits = ent_model_qubits(f->model);
    const int64_t piece = qubits < FEW_QUBITS ? INT64_C(1 << 24) >> qubits : LEAST;
    for (int64_t first = 0; first < slice->n; first += piece) {
        bool stops;
        ent_samples some = slice->samples;
        ENT_TRY(ent_ranks_look(&f->ranks, &stops));
        if (stops) return ENT_OK;
        some.n = slice->n - first < piece ? slice->n - first : piece;
        some.context += first;
        if (some.category) some.category += first;
        for (int m = 0; m < f->population.modalities; m++) some.x[m] += first * f->features.width[m];
        const int64_t *row = f->population.part[which].row + slice->first + first;
        ent_devices_predict(f->population.devices, -1, row, &some);
        ENT_TRY(ent_model_predict(f->model, f->w, &some, output + first * f->target.outputs));
        ent_label_restore(&f->target.label, some.n, output + first * f->target.outputs);
    }
    return ENT_OK;
}

ent_status ent_predict_part(ent_federation *f, int which, double **output)
{
    const ent_rows *slice = &f->features.slice[which];
    double *mine = ent_alloc(slice->n * f->target.outputs, sizeof *mine);
    ent_status status = mine ? predict_slice(f, which, slice, mine) : ent_fail(ENT_ENOMEM, "evaluation: no memory");
    status = ent_team_settle(f->ranks.team, status);
    const bool stops = ent_ranks_stopped(&f->ranks);
    status = ent_comm_agree(f->ranks.world, status);
    if (status == ENT_OK && stops) status = ent_fail(ENT_STOPPED, "stopped while evaluating");
    if (status == ENT_OK) ent_answer_by_prior(&f->target, &f->population.part[which], slice->first, slice->n, mine);
    *output = NULL;
    if (status == ENT_OK)
        status = ent_comm_gather(f->ranks.lane, 0, mine, (size_t)(slice->n * f->target.outputs) * sizeof *mine,
                                 (void **)output, NULL);
    ent_free(mine);
    status = ent_comm_agree(f->ranks.world, status);
    if (status != ENT_OK) {
        ent_free(*output);
        *output = NULL;
    }
    return status;
}

static ent_predictions predictions_of(const ent_part *part, const ent_label *label, const double *output)
{
    return (ent_predictions){.n = part->n,
                             .classes = label->classes,
                             .output = output,
                             .category = part->category,
                             .value = part->value,
                             .sentiment = label->sentiment};
}

ent_status ent_measure_part(const ent_part *part, const ent_label *label, const double *output, ent_metrics *metrics)
{
    const ent_predictions p = predictions_of(part, label, output);
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

/* The mean absolute error of each context; next [contexts] and term [samples] are scratch. */
static void measure_distances(const ent_part *part, const ent_predictions *p, int64_t *next, double *term,
                              ent_outcome *out)
{
    int64_t first = 0;
    for (int64_t c = 0; c < out->patterns; first += out->pattern[c++].n) next[out->pattern[c].context] = first;
    for (int64_t k = 0; k < part->n; k++) term[next[part->context[k]]++] = fabs(p->output[k] - p->value[k]);
    for (int64_t c = 0; c < out->patterns; c++) {
        ent_pattern *at = &out->pattern[c];
        at->mae = ent_exact_total(term + next[at->context] - at->n, at->n) / (double)at->n;
    }
}

/* Accuracy, or without classes the mean absolute error, of each context that occurs in the test part. */
static ent_status measure_patterns(const ent_population *population, const ent_predictions *p, ent_outcome *out)
{
    const ent_part *part = &population->part[ENT_TEST];
    const int64_t contexts = INT64_C(1) << population->modalities;
    ent_pattern *table = ent_alloc(contexts, sizeof *table);
    double *term = ent_alloc(part->n, sizeof *term);
    int64_t count = 0, *next = ent_alloc(contexts, sizeof *next);
    ent_free(out->pattern);
    out->pattern = NULL;
    out->patterns = 0;
    for (int64_t k = 0; table && k < part->n; k++) {
        ent_pattern *at = &table[part->context[k]];
        count += at->n++ == 0;
        at->accuracy += ent_prediction_right(p, k);
    }
    if (table && term && next) out->pattern = ent_alloc(count, sizeof *out->pattern);
    for (int64_t c = 0; out->pattern && c < contexts; c++)
        if (table[c].n > 0)
            out->pattern[out->patterns++] = (ent_pattern){.context = (uint32_t)c,
                                                          .n = table[c].n,
                                                          .accuracy = share_right(p, table[c].accuracy, table[c].n),
                                                          .mae = NAN};
    if (out->pattern && !ent_predictions_have_classes(p)) measure_distances(part, p, next, term, out);
    ent_free(table);
    ent_free(term);
    ent_free(next);
    ENT_REQUIRE(out->pattern, ENT_ENOMEM, "evaluation: no memory");
    qsort(out->pattern, (size_t)out->patterns, sizeof *out->pattern, by_presence);
    return ENT_OK;
}

/* Of a client's rows. */
static double accuracy_of(const ent_part *part, const ent_predictions *p, int64_t client)
{
    const int64_t first = part->first[client], end = part->first[client + 1];
    int64_t right = 0;
    for (int64_t k = first; k < end; k++) right += ent_prediction_right(p, k);
    return share_right(p, (double)right, end - first);
}

void ent_measure_by_client(const ent_population *population, const ent_label *label, const double *output,
                           double *accuracy)
{
    const ent_part *test = &population->part[ENT_TEST];
    const ent_predictions p = predictions_of(test, label, output);
    for (int64_t c = 0; c < population->clients; c++) accuracy[c] = accuracy_of(test, &p, c);
}

static ent_status measure_clients(const ent_population *population, const ent_predictions *p, ent_outcome *out)
{
    const ent_part *train = &population->part[ENT_TRAIN], *test = &population->part[ENT_TEST];
    ent_free(out->client);
    ent_client_figures *client = out->client = ent_alloc(population->clients, sizeof *client);
    ENT_REQUIRE(client, ENT_ENOMEM, "evaluation: no memory");
    for (int64_t k = 0; k < train->n; k++) client[train->client[k]].train_rows++;
    for (int64_t k = 0; k < test->n; k++) {
        client[test->client[k]].test_rows++;
        client[test->client[k]].accuracy += ent_prediction_right(p, k);
    }
    for (int64_t c = 0; c < population->clients; c++) {
        client[c].accuracy = share_right(p, client[c].accuracy, client[c].test_rows);
        client[c].personal_accuracy = NAN;
    }
    return ENT_OK;
}

/* The clients' own models, on rank 0. */
static ent_status measure_personal(const ent_population *population, const ent_label *label, const double *output,
                                   ent_outcome *out)
{
    const ent_part *test = &population->part[ENT_TEST];
    const ent_predictions p = predictions_of(test, label, output);
    for (int64_t c = 0; c < population->clients; c++) out->client[c].personal_accuracy = accuracy_of(test, &p, c);
    return ent_metrics_compute(&p, &out->personal);
}

/* out->output exists on rank 0.  Collective. */
static ent_status measure(ent_comm *world, const ent_population *population, const ent_label *label, ent_outcome *out)
{
    ent_status status = ENT_OK;
    if (ent_comm_rank(world) == 0) {
        const ent_predictions p = predictions_of(&population->part[ENT_TEST], label, out->output);
        status = ent_metrics_compute(&p, &out->test);
        if (status == ENT_OK) status = measure_patterns(population, &p, out);
        if (status == ENT_OK) status = measure_clients(population, &p, out);
    }
    return ent_comm_agree(world, status);
}

/* What a model is to be better than.  Local. */
static ent_status measure_constant(const ent_part *part, const ent_target *target, ent_metrics *metrics)
{
    const int outputs = target->outputs;
    double *output = ent_alloc(part->n * outputs, sizeof *output);
    ENT_REQUIRE(output, ENT_ENOMEM, "evaluation: no memory");
    for (int64_t k = 0; k < part->n; k++)
        memcpy(output + k * outputs, target->prior, (size_t)outputs * sizeof *output);
    const ent_status status = ent_measure_part(part, &target->label, output, metrics);
    ent_free(output);
    return status;
}

ent_status ent_federation_evaluate(ent_federation *f)
{
    ent_free(f->outcome.output);
    f->outcome.output = NULL;
    ENT_TRY(ent_predict_part(f, ENT_TEST, &f->outcome.output));
    return measure(f->ranks.world, &f->population, &f->target.label, &f->outcome);
}

static ent_status evaluate_personal(ent_training *t)
{
    ent_federation *f = t->f;
    double *output;
    ENT_TRY(ent_predict_own(t, ENT_TEST, f->config->personal.epochs, &output));
    ent_status status = ENT_OK;
    if (ent_comm_rank(f->ranks.world) == 0)
        status = measure_personal(&f->population, &f->target.label, output, &f->outcome);
    ent_free(output);
    return ent_comm_agree(f->ranks.world, status);
}

ent_status ent_training_evaluate(ent_training *t)
{
    ent_federation *f = t->f;
    ent_free(f->outcome.output);
    f->outcome.output = NULL;
    f->outcome.personal = (ent_metrics){.n = 0};
    ENT_TRY(ent_comm_agree(f->ranks.world,
                           measure_constant(&f->population.part[ENT_VALIDATION], &f->target, &f->outcome.constant)));
    ENT_TRY(t->rule->own ? ent_predict_own(t, ENT_TEST, 0, &f->outcome.output)
                         : ent_predict_part(f, ENT_TEST, &f->outcome.output));
    ENT_TRY(measure(f->ranks.world, &f->population, &f->target.label, &f->outcome));
    if (f->config->personal.epochs > 0 || (t->rule->begin && !t->rule->own)) ENT_TRY(evaluate_personal(t));
    return t->rule->own ? ent_own_average(t) : ENT_OK;
}
