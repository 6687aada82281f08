/* Tables over several groups: test figures, accuracy by context. */
#include <math.h>
#include <string.h>

#include "entente/memory.h"
#include "report.h"

typedef struct {
    int rows, columns;
    const char **cell;
    char (*text)[96];
} table;

static bool table_new(int rows, int columns, table *t)
{
    *t = (table){rows, columns, ent_alloc((int64_t)rows * columns, sizeof *t->cell),
                 ent_alloc((int64_t)rows * columns, sizeof *t->text)};
    for (int k = 0; t->cell && t->text && k < rows * columns; k++) t->cell[k] = t->text[k];
    return t->cell && t->text;
}

static char *table_at(const table *t, int row, int column)
{
    return t->text[row * t->columns + column];
}

static void table_free(table *t)
{
    ent_free(t->cell);
    ent_free(t->text);
}

static void put_spread(char *text, const char *format, int n, const double *value)
{
    double mean, low, high;
    char one[3][24];
    const int count = report_spread(n, value, &mean, &low, &high);
    snprintf(one[0], 24, format, mean);
    snprintf(one[1], 24, format, low);
    snprintf(one[2], 24, format, high);
    if (count == 0)
        snprintf(text, 96, "-");
    else if (count == 1 || low == high)
        snprintf(text, 96, "%s", one[0]);
    else
        snprintf(text, 96, "%s (%s to %s)", one[0], one[1], one[2]);
}

/* Row 0: the samples to which the figures refer; then the metrics by their readable names. */
static void put_metric(table *t, const report_input *input, int row, int at, bool *any)
{
    double value[256];
    const int k = row > 0 ? ent_metric_shown(row - 1) : -1;
    *any = false;
    for (int g = 0; g < input->groups; g++) {
        const report_group *group = &input->group[g];
        const int runs = group->runs < 256 ? group->runs : 256;
        for (int r = 0; r < runs; r++) {
            value[r] = k < 0 ? group->run[r]->test_rows : group->run[r]->metric[k];
            *any |= isfinite(value[r]);
        }
        put_spread(table_at(t, at, g + 1), k < 0 ? "%.0f" : "%.4f", runs, value);
    }
    snprintf(table_at(t, at, 0), 96, "%s", k < 0 ? "test samples" : ent_metric_at(k)->title);
}

/* Mean over the runs of figures that are computed for each. */
typedef void run_figures(const report_run *run, double value[2]);

static void interval_of(const report_run *run, double value[2])
{
    run_accuracy_interval((int64_t)run->test_rows, run->metric[ENT_METRIC_accuracy], 0.95, &value[0], &value[1]);
}

static void fairness_of(const report_run *run, double value[2])
{
    double *accuracy = ent_copy(run->of_client.accuracy, run->clients, sizeof *accuracy);
    const run_spread spread = run_spread_of(accuracy ? run->clients : 0, accuracy);
    value[0] = spread.n > 1 ? spread.worst_decile : NAN;
    value[1] = spread.n > 1 ? spread.gini : NAN;
    ent_free(accuracy);
}

static void baselines_of(const report_run *run, double value[2])
{
    value[0] = run->majority;
    value[1] = run->chance;
}

/* Two rows, or one of both numbers. */
static int put_figures(table *t, const report_input *input, int at, run_figures *compute, const char *const name[2])
{
    bool any = false;
    for (int g = 0; g < input->groups; g++) {
        double sum[2] = {0.0, 0.0}, value[2];
        const report_group *group = &input->group[g];
        for (int r = 0; r < group->runs; r++) {
            compute(group->run[r], value);
            for (int w = 0; w < 2; w++) sum[w] += value[w] / group->runs;
        }
        any |= isfinite(sum[0]);
        if (name[1]) {
            for (int w = 0; w < 2; w++)
                snprintf(table_at(t, at + w, g + 1), 96, isfinite(sum[w]) ? "%.4f" : "-", sum[w]);
        } else {
            snprintf(table_at(t, at, g + 1), 96, isfinite(sum[0]) ? "%.4f to %.4f" : "-", sum[0], sum[1]);
        }
    }
    for (int w = 0; w < 2 && name[w]; w++) snprintf(table_at(t, at + w, 0), 96, "%s", name[w]);
    return any ? 1 + (name[1] != NULL) : 0;
}

void report_metrics(draw_page *page, const report_input *input)
{
    table t;
    int used = 1;
    char caption[512];
    if (!table_new(ENT_METRIC_COUNT + 8, input->groups + 1, &t)) return;
    snprintf(table_at(&t, 0, 0), 96, "test figure");
    for (int g = 0; g < input->groups; g++)
        snprintf(table_at(&t, 0, g + 1), 96, "%.84s (%d)", input->group[g].label, input->group[g].runs);
    for (int row = 0; row <= ENT_METRIC_COUNT; row++) {
        bool any;
        put_metric(&t, input, row, used, &any);
        used += any;
    }
    used += put_figures(&t, input, used, interval_of, (const char *const[]){"accuracy, 95 % interval", NULL});
    used += put_figures(&t, input, used, baselines_of, (const char *const[]){"majority class", "chance"});
    used += put_figures(&t, input, used, fairness_of,
                        (const char *const[]){"clients: worst decile", "clients: Gini coefficient"});
    snprintf(
        caption, sizeof caption,
        "From the round whose weights are kept; the header shows each configuration and its number of runs. For "
        "several runs: the mean (smallest to largest). Interval: percentile bootstrap over the test rows, the "
        "mean of its ends over runs. Worst decile and Gini: of the accuracies of clients, mean over runs. From %d "
        "run%s.",
        input->runs, input->runs == 1 ? "" : "s");
    draw_page_table(page, "Test figures", caption, used, t.columns, t.cell);
    table_free(&t);
}

/* The rows of the table: all contexts that occur, those with the most modalities first; if there are very many, or
 * their names are long, only the numbers of modalities. */
static uint32_t key_of(uint32_t context, bool by_count)
{
    return by_count ? (uint32_t)__builtin_popcount(context) : context;
}

static int contexts_of(const report_input *input, uint32_t *context, int room, bool by_count)
{
    int n = 0;
    for (int k = 0; k < input->runs; k++)
        for (int64_t p = 0; p < input->run[k]->patterns; p++) {
            const uint32_t key = key_of(input->run[k]->pattern[p], by_count);
            int at = 0;
            while (at < n && context[at] != key) at++;
            if (at == n && n < room) context[n++] = key;
        }
    for (int k = 1; k < n; k++) {
        const uint32_t c = context[k];
        int at = k;
        for (;
             at > 0 && (by_count ? context[at - 1] < c : __builtin_popcount(context[at - 1]) < __builtin_popcount(c));
             at--)
            context[at] = context[at - 1];
        context[at] = c;
    }
    return n;
}

static void context_cell(const report_group *g, uint32_t key, bool by_count, char *samples, char *accuracy)
{
    double right[256], n[256];
    int count = 0;
    for (int k = 0; k < g->runs && count < 256; k++) {
        double rows = 0.0, hits = 0.0;
        for (int64_t p = 0; p < g->run[k]->patterns; p++)
            if (key_of(g->run[k]->pattern[p], by_count) == key) {
                rows += (double)g->run[k]->pattern_n[p];
                hits += (double)g->run[k]->pattern_n[p] * g->run[k]->pattern_accuracy[p];
            }
        if (rows == 0.0) continue;
        right[count] = hits / rows;
        n[count++] = rows;
    }
    put_spread(samples, "%.0f", count, n);
    put_spread(accuracy, "%.4f", count, right);
}

static void put_contexts(const table *t, const report_input *input, int n, const uint32_t *context, bool by_count)
{
    char name[256];
    snprintf(table_at(t, 0, 0), 96, "modalities present");
    for (int g = 0; g < input->groups; g++) {
        snprintf(table_at(t, 0, 2 * g + 1), 96, "samples");
        snprintf(table_at(t, 0, 2 * g + 2), 96, "accuracy%s%.80s", input->groups > 1 ? ": " : "",
                 input->groups > 1 ? input->group[g].label : "");
        for (int k = 0; k < n; k++)
            context_cell(&input->group[g], context[k], by_count, table_at(t, k + 1, 2 * g + 1),
                         table_at(t, k + 1, 2 * g + 2));
    }
    for (int k = 0; k < n; k++)
        if (by_count)
            snprintf(table_at(t, k + 1, 0), 96, "%u of %u", context[k], input->run[0]->config->data.modalities_count);
        else
            snprintf(table_at(t, k + 1, 0), 96, "%.90s", report_context_text(input->run[0], context[k], name));
}

void report_contexts(draw_page *page, const report_input *input)
{
    enum { MOST = 256, MANY = 64, WIDE = 90 };
    uint32_t context[MOST];
    char name[256], caption[256];
    bool by_count = false;
    table t;
    int n = contexts_of(input, context, MOST, false);
    for (int k = 0; k < n; k++) by_count |= strlen(report_context_text(input->run[0], context[k], name)) > WIDE;
    by_count |= n > MANY;
    if (by_count) n = contexts_of(input, context, MOST, true);
    if (n == 0 || !table_new(n + 1, 2 * input->groups + 1, &t)) return;
    put_contexts(&t, input, n, context, by_count);
    snprintf(
        caption, sizeof caption,
        "Test samples by their context vector: %s. For several runs: the mean (smallest to largest). From %d run%s.",
        by_count ? "how many modalities are present" : "which modalities are present", input->runs,
        input->runs == 1 ? "" : "s");
    draw_page_table(page, "Accuracy by context vector", caption, t.rows, t.columns, t.cell);
    table_free(&t);
}
