/* Prints the figures of a model: a table for the terminal, one JSON object for programs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "summary.h"
#include "cli/json.h"
#include "entente/hash.h"

/* Figures of a real label are in its own unit, of any magnitude. */
static void print_figure(FILE *out, const char *name, double value)
{
    const double size = fabs(value);
    if (!isnan(value))
        fprintf(out, size > 0.0 && (size < 1e-3 || size >= 1e6) ? "  %-28s %.4e\n" : "  %-28s %.4f\n", name, value);
}

static void context_names(const ent_federation_view *v, uint32_t context, char *text, size_t room)
{
    size_t used = 0;
    text[0] = '\0';
    for (unsigned m = 0; m < v->config->data.modalities_count && used < room; m++)
        if (context >> m & 1)
            used +=
                (size_t)snprintf(text + used, room - used, "%s%s", used ? " " : "", v->config->data.modalities[m]);
    if (used == 0) snprintf(text, room, "(nothing)");
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

run_spread run_spread_of(int64_t n, double *value)
{
    double sum = 0.0, squares = 0.0, worst = 0.0, ranked = 0.0;
    int64_t count = 0;
    for (int64_t k = 0; k < n; k++)
        if (!isnan(value[k])) value[count++] = value[k];
    if (count == 0) return (run_spread){0, NAN, NAN, NAN, NAN};
    qsort(value, (size_t)count, sizeof *value, by_value);
    const int64_t decile = count / 10 > 0 ? count / 10 : 1;
    for (int64_t k = 0; k < count; k++) {
        sum += value[k];
        ranked += (double)(2 * k + 1 - count) * value[k]; /* half the sum of all distances */
    }
    const double mean = sum / (double)count;
    for (int64_t k = 0; k < count; k++) squares += (value[k] - mean) * (value[k] - mean);
    for (int64_t k = 0; k < decile; k++) worst += value[k];
    return (run_spread){count, mean, sqrt(squares / (double)count), worst / (double)decile,
                        sum > 0.0 ? ranked / ((double)count * sum) : 0.0};
}

void run_print_spread(FILE *out, const char *name, const run_spread *s)
{
    if (s->n > 1)
        fprintf(out, "  %-28s mean %.4f, spread %.4f, worst decile %.4f, Gini %.4f (%lld clients)\n", name, s->mean,
                s->spread, s->worst_decile, s->gini, (long long)s->n);
}

/* The smallest number of hits that the binomial distribution reaches with this probability. */
static double quantile_of(int64_t n, double p, double probability)
{
    double below = 0.0;
    if (p <= 0.0 || p >= 1.0) return p * (double)n;
    for (int64_t k = 0; k < n; k++) {
        below += exp(lgamma((double)n + 1.0) - lgamma((double)k + 1.0) - lgamma((double)(n - k) + 1.0) +
                     (double)k * log(p) + (double)(n - k) * log1p(-p));
        if (below >= probability) return (double)k;
    }
    return (double)n;
}

void run_accuracy_interval(int64_t n, double accuracy, double level, double *low, double *high)
{
    *low = *high = NAN;
    if (n < 1 || isnan(accuracy)) return;
    *low = quantile_of(n, accuracy, (1.0 - level) / 2.0) / (double)n;
    *high = quantile_of(n, accuracy, (1.0 + level) / 2.0) / (double)n;
}

/* Over the clients that have test rows; reports none if memory is exhausted. */
static run_spread spread_of_clients(const ent_federation_view *v, bool personal)
{
    double *accuracy = malloc((size_t)v->clients * sizeof *accuracy);
    if (!accuracy) return (run_spread){0, NAN, NAN, NAN, NAN};
    for (int64_t c = 0; c < v->clients; c++)
        accuracy[c] = personal ? v->client[c].personal_accuracy : v->client[c].accuracy;
    const run_spread s = run_spread_of(v->clients, accuracy);
    free(accuracy);
    return s;
}

static void print_clients(FILE *out, const ent_federation_view *v)
{
    const run_spread s = spread_of_clients(v, false), fine_tuned = spread_of_clients(v, true);
    run_print_spread(out, "accuracy by client", &s);
    print_figure(out, "accuracy, own models", v->personal.n > 0 ? v->personal.accuracy : NAN);
    run_print_spread(out, "  by client", &fine_tuned);
}

static void print_patterns(FILE *out, const ent_federation_view *v)
{
    const bool classes = v->label.classes > 0 || v->label.sentiment;
    fprintf(out, "\n  %-36s %8s  %s\n", "modalities present", "samples",
            classes ? "accuracy" : "mean absolute error");
    for (int64_t k = 0; k < v->patterns; k++) {
        char names[512];
        context_names(v, v->pattern[k].context, names, sizeof names);
        fprintf(out, classes ? "  %-36s %8lld  %.4f\n" : "  %-36s %8lld  %.5g\n", names, (long long)v->pattern[k].n,
                classes ? v->pattern[k].accuracy : v->pattern[k].mae);
    }
    fprintf(out, "\n");
}

/* What the last round says; NaN without differential privacy. */
static double epsilon_of(const ent_federation_view *v)
{
    const bool private = v->rounds > 0 && v->config->privacy.mode != ENT_PRIVACY_NONE;
    return private ? v->round[v->rounds - 1].epsilon : NAN;
}

static int64_t excluded_updates(const ent_federation_view *v)
{
    int64_t sum = 0;
    for (int64_t r = 0; r < v->rounds; r++) sum += v->round[r].excluded;
    return sum;
}

static const char *const SELECTED[] = {"the last", "best validation loss", "best validation accuracy"};

/* The round of the weights, if that need not be the last one. */
static void print_selected(FILE *out, const ent_federation_view *v)
{
    const ent_config *c = v->config;
    if (v->rounds == 0 || c->run.select == ENT_SELECT_LAST) return;
    const ent_metrics *m = &v->round[v->selected_round].validation;
    const bool loss = c->run.select == ENT_SELECT_VALIDATION_LOSS;
    fprintf(out, "  %-28s of round %lld of %lld: %s, %.4f\n", "weights", (long long)v->selected_round + 1,
            (long long)v->rounds, SELECTED[c->run.select], loss ? m->loss : m->accuracy);
    if (v->rounds < c->federation.rounds)
        fprintf(out, "  %-28s after %lld of %d rounds: none better in %d (run.patience)\n", "ended",
                (long long)v->rounds, c->federation.rounds, c->run.patience);
}

static void print_interval(FILE *out, const ent_metrics *m)
{
    double low, high;
    run_accuracy_interval(m->n, m->accuracy, 0.95, &low, &high);
    if (!isnan(low)) fprintf(out, "  %-28s %.4f to %.4f\n", "accuracy, 95 % bootstrap", low, high);
}

bool run_constant_is_better(const ent_federation_view *v, char text[256])
{
    const ent_metrics *constant = &v->constant;
    if (v->rounds == 0 || constant->n == 0) return false;
    const ent_metrics *model = &v->round[v->selected_round].validation;
    const bool classes = v->label.classes > 0;
    snprintf(text, 256, "worse than a constant on the %lld validation rows: %s %.4g, %s has %.4g",
             (long long)constant->n, classes ? "accuracy" : "loss", classes ? model->accuracy : model->loss,
             classes ? "the most frequent class" : "the mean of the training labels",
             classes ? constant->accuracy : constant->loss);
    return classes ? model->accuracy < constant->accuracy : model->loss > constant->loss;
}

void run_print_table(FILE *out, const ent_federation_view *v)
{
    const ent_metrics *m = &v->test;
    char text[256];
    const bool noisy = v->config->privacy.mode ==
                       ENT_PRIVACY_CENTRAL; /* the server also adds it to blocks that no client sent */
    fprintf(out, "\nmodel %s, %d parameters (%s); %lld test samples\n", ent_model_kind_name(v->config->model.kind),
            v->params, v->engine, (long long)m->n);
    for (int k = 0; ent_metric_shown(k) >= 0; k++) {
        const int row = ent_metric_shown(k);
        print_figure(out, ent_metric_at(row)->title, ent_metric_value(m, row));
    }
    print_interval(out, m);
    print_selected(out, v);
    if (v->rounds > 0) print_clients(out, v);
    if (!isnan(epsilon_of(v)))
        fprintf(out, "  %-28s %.4g at delta %g, of whole clients\n", "epsilon", epsilon_of(v),
                v->config->privacy.delta);
    const int64_t excluded = excluded_updates(v);
    if (excluded > 0) fprintf(out, "  %-28s %lld updates were left out\n", "diverged", (long long)excluded);
    print_patterns(out, v);
    if (v->untrained_rounds > 0)
        fprintf(out, "  warning: no client trained in %lld of %lld rounds%s%s\n\n", (long long)v->untrained_rounds,
                (long long)v->rounds, v->untrained_rounds == v->rounds ? ": these are the initial weights" : "",
                v->untrained_rounds == v->rounds && noisy ? " and noise" : "");
    if (run_constant_is_better(v, text)) fprintf(out, "  warning: %s\n\n", text);
}

static json_t *patterns(const ent_federation_view *v)
{
    json_t *list = json_array();
    for (int64_t k = 0; k < v->patterns; k++) {
        json_t *present = json_array();
        for (unsigned m = 0; m < v->config->data.modalities_count; m++)
            if (v->pattern[k].context >> m & 1)
                json_array_append_new(present, json_string(v->config->data.modalities[m]));
        json_t *one = json_pack("{s:o, s:I}", "present", present, "n", (json_int_t)v->pattern[k].n);
        json_object_set_new(one, "accuracy", cli_number(v->pattern[k].accuracy));
        if (!isnan(v->pattern[k].mae)) json_object_set_new(one, "mae", cli_number(v->pattern[k].mae));
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *spread_object(const ent_federation_view *v, bool personal)
{
    const run_spread s = spread_of_clients(v, personal);
    return json_pack("{s:I, s:o, s:o, s:o, s:o}", "n", (json_int_t)s.n, "mean", cli_number(s.mean), "spread",
                     cli_number(s.spread), "worst_decile", cli_number(s.worst_decile), "gini", cli_number(s.gini));
}

/* null for a figure that does not apply. */
static json_t *figures(const ent_metrics *m)
{
    json_t *object = json_object();
    for (int k = 0; ent_metric_shown(k) >= 0; k++) {
        const int row = ent_metric_shown(k);
        json_object_set_new(object, ent_metric_at(row)->name, cli_number(ent_metric_value(m, row)));
    }
    return object;
}

/* The kind of the label, and the class numbers of the data set. */
static void add_label(json_t *object, const ent_label *label)
{
    json_object_set_new(object, "task", json_string(label->classes > 0 ? "classification" : "regression"));
    if (label->classes == 0) return;
    json_t *names = json_array();
    for (int c = 0; c < label->classes; c++) json_array_append_new(names, json_integer(label->class_name[c]));
    json_object_set_new(object, "classes", names);
}

/* "accuracy_interval": [low, high], where there is an accuracy. */
static void add_interval(json_t *object, const ent_metrics *m)
{
    double low, high;
    run_accuracy_interval(m->n, m->accuracy, 0.95, &low, &high);
    if (!isnan(low)) json_object_set_new(object, "accuracy_interval", json_pack("[f, f]", low, high));
}

void run_print_json(const ent_federation_view *v)
{
    char digest[65];
    ent_sha256(v->weights, (size_t)v->params * sizeof *v->weights, digest);
    json_t *object = figures(&v->test);
    json_t *more = json_pack("{s:I, s:I, s:o, s:o, s:s, s:i, s:i, s:s, s:s}", "rounds", (json_int_t)v->rounds,
                             "untrained_rounds", (json_int_t)v->untrained_rounds, "samples_per_s",
                             cli_number(v->samples_per_s), "patterns", patterns(v), "kind",
                             ent_model_kind_name(v->config->model.kind), "params", v->params, "qubits", v->qubits,
                             "engine", v->engine, "weights_sha256", digest);
    json_object_update(object, more);
    json_decref(more);
    add_label(object, &v->label);
    add_interval(object, &v->test);
    if (v->rounds > 0) {
        json_object_set_new(object, "clients", spread_object(v, false));
        const ent_metrics *validation = &v->round[v->selected_round].validation;
        json_object_set_new(object, "selected_round", json_integer(v->selected_round));
        json_object_set_new(object, "validation_loss", cli_number(validation->n > 0 ? validation->loss : NAN));
        json_object_set_new(object, "validation_accuracy",
                            cli_number(validation->n > 0 ? validation->accuracy : NAN));
        json_object_set_new(object, "constant_validation", figures(&v->constant));
        json_object_set_new(object, "excluded_updates", json_integer(excluded_updates(v)));
        if (v->config->privacy.mode != ENT_PRIVACY_NONE)
            json_object_set_new(object, "epsilon", cli_number(epsilon_of(v)));
    }
    if (v->personal.n > 0) {
        json_object_set_new(object, "personal_accuracy", cli_number(v->personal.accuracy));
        json_object_set_new(object, "personal_clients", spread_object(v, true));
    }
    cli_print_json(object);
}
