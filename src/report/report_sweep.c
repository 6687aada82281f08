/* The page of a sweep: its keys are the columns that are not known to be anything else; a key with a single value is
 * not shown.  Keys whose values were drawn get a scatter plot; two other keys a heat map, one key a line.  Values
 * drawn or listed on a logarithmic scale have a logarithmic axis. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "campaign_page.h"
#include "entente/memory.h"
#include "entente/metrics.h"
#include "report.h"

enum { MOST_KEYS = 12, MOST_VALUES = 40, MOST_PAIRS = 3, MOST_SCATTERS = 8 };

/* Columns that are not keys; neither are the names of metrics and what ends in _s or begins with one of the prefixes
 * below. */
static const char *const KNOWN[] = {
    "status",   "error",   "hash",           "index",         "point",    "params",   "qubits",     "rounds",
    "ranks",    "engine",  "weights_sha256", "config_sha256", "folder",   "threads",  "base",       "samples_per_s",
    "patterns", "seconds", "accuracy_mean",  "label",         "selected", "bytes_up", "bytes_down", "epsilon"};
/* Repeats are averaged over: these are no keys of a picture. */
static const char SEEDS[] = "seed";

typedef struct {
    int column, values;
    const char *name;
    const char *value[MOST_VALUES]; /* sorted */
    bool numbers, drawn;            /* drawn: at random, or of too many values for a picture of each */
    int base;                       /* of its axis: 10 for what was drawn or listed on a logarithmic scale */
} key;

typedef struct {
    const report_csv *csv;
    const char *folder;
    const campaign_origin *origin;
    int metric, keys;
    int64_t done, selected; /* selected: a row, or -1 */
    key key[MOST_KEYS];
} sweep;

static bool is_done(const sweep *s, int64_t row)
{
    const int status = report_csv_find(s->csv, "status");
    return (status < 0 || strcmp(s->csv->cell[status][row], "done") == 0) &&
           isfinite(report_csv_number(s->csv, s->metric, row));
}

static int64_t count_done(const sweep *s)
{
    int64_t done = 0;
    for (int64_t r = 0; r < s->csv->rows; r++) done += is_done(s, r);
    return done;
}

static bool is_key(const char *name)
{
    const size_t n = strlen(name);
    if (n > 2 && strcmp(name + n - 2, "_s") == 0) return false;
    if (strncmp(name, SEEDS, sizeof SEEDS - 1) == 0) return false;
    for (size_t k = 0; k < sizeof KNOWN / sizeof *KNOWN; k++)
        if (strcmp(name, KNOWN[k]) == 0) return false;
    if (strcmp(name, "n") == 0 || strncmp(name, "validation_", 11) == 0) return false;
    for (int k = 0; k < ENT_METRIC_COUNT; k++)
        if (strcmp(name, ent_metric_at(k)->name) == 0) return false;
    return strncmp(name, "accuracy", 8) != 0;
}

static int by_number(const void *a, const void *b)
{
    const double x = strtod(*(char *const *)a, NULL), y = strtod(*(char *const *)b, NULL);
    return (x > y) - (x < y);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int value_of(const key *k, const char *text)
{
    int v = 0;
    while (v < k->values && strcmp(k->value[v], text) != 0) v++;
    return v;
}

/* Whether ascending positive numbers are closer to a geometric series than to an arithmetic one. */
static bool is_geometric(const key *k)
{
    double sum[2] = {0.0, 0.0}, squares[2] = {0.0, 0.0};
    const int n = k->values - 1;
    if (!k->numbers || n < 2 || !(strtod(k->value[0], NULL) > 0.0)) return false;
    for (int v = 0; v < n; v++) {
        const double a = strtod(k->value[v], NULL), b = strtod(k->value[v + 1], NULL);
        const double step[2] = {b - a, log(b) - log(a)};
        for (int w = 0; w < 2; w++) sum[w] += step[w], squares[w] += step[w] * step[w];
    }
    /* n times the sum of squares over the square of the sum: 1 for equal steps */
    return n * squares[1] / (sum[1] * sum[1]) < n * squares[0] / (sum[0] * sum[0]) - 1e-9;
}

/* The distinct values of a column; false if there is only one, or if they are too many and not numbers. */
static bool key_make(const sweep *s, int column, key *k)
{
    *k = (key){.column = column, .name = s->csv->name[column], .numbers = true};
    const char *scale = campaign_origin_scale(s->origin, k->name);
    for (int64_t r = 0; r < s->csv->rows; r++) {
        const char *text = s->csv->cell[column][r];
        k->numbers &= isfinite(report_csv_number(s->csv, column, r));
        if (value_of(k, text) < k->values) continue;
        if (k->values == MOST_VALUES)
            k->drawn = true;
        else
            k->value[k->values++] = text;
    }
    if (k->drawn && !k->numbers) return false;
    k->drawn |= k->numbers && k->values > 8 && *scale && strcmp(scale, "grid") != 0 && strcmp(scale, "list") != 0;
    qsort(k->value, (size_t)k->values, sizeof *k->value, k->numbers ? by_number : by_text);
    k->base = strcmp(scale, "log") == 0 || (!k->drawn && is_geometric(k)) ? 10 : 0;
    return k->values > 1;
}

typedef struct {
    double mean, low, high;
} spread;

/* The mean of the metric over the rows with value a of key i (and b of key j, unless j < 0); their number. */
static int mean_where(const sweep *s, int i, int a, int j, int b, spread *out)
{
    double *value = ent_alloc(s->csv->rows, sizeof *value);
    int n = 0;
    *out = (spread){NAN, NAN, NAN};
    for (int64_t r = 0; r < s->csv->rows && value; r++) {
        if (!is_done(s, r) || strcmp(s->csv->cell[s->key[i].column][r], s->key[i].value[a]) != 0) continue;
        if (j >= 0 && strcmp(s->csv->cell[s->key[j].column][r], s->key[j].value[b]) != 0) continue;
        value[n++] = report_csv_number(s->csv, s->metric, r);
    }
    if (value) n = report_spread(n, value, &out->mean, &out->low, &out->high);
    ent_free(value);
    return n;
}

static const char *metric_text(const sweep *s)
{
    return campaign_metric_text(s->csv->name[s->metric]);
}

/* The same at the beginning of a title. */
static const char *metric_title(const sweep *s, char text[64])
{
    snprintf(text, 64, "%s", metric_text(s));
    if (text[0] >= 'a' && text[0] <= 'z') text[0] = (char)(text[0] - 'a' + 'A');
    return text;
}

static const char *metric_unit(const sweep *s)
{
    return campaign_metric_unit(s->csv->name[s->metric]);
}

/* The table has no units: the value of a configuration key is a number or a name. */
static chart_axis key_axis(const key *k)
{
    return (chart_axis){k->name, k->numbers ? "number" : "name", k->numbers ? k->base : 0, false, NAN, NAN};
}

static void draw_heat(draw_page *page, const sweep *s, int i, int j)
{
    const key *a = &s->key[i], *b = &s->key[j]; /* rows, columns */
    double *value = ent_alloc((int64_t)a->values * b->values, sizeof *value);
    spread m;
    char title[256], caption[400], capital[64];
    int least = INT32_MAX, most = 0;
    if (!value) return;
    for (int r = 0; r < a->values; r++)
        for (int c = 0; c < b->values; c++) {
            const int n = mean_where(s, i, r, j, c, &m);
            value[r * b->values + c] = m.mean;
            if (n > 0 && n < least) least = n;
            if (n > most) most = n;
        }
    snprintf(title, sizeof title, "%s by %s and %s", metric_title(s, capital), a->name, b->name);
    char range[32] = "";
    if (least < most) snprintf(range, sizeof range, "%d to ", least);
    snprintf(caption, sizeof caption,
             "Each cell: the mean over all %lld finished points of %.100s with these two values, whatever the other "
             "keys are (%s%d point%s per cell). Blank: no point.",
             (long long)s->done, s->folder, range, most, most == 1 ? "" : "s");
    const chart_figure figure = {title, caption, key_axis(b), key_axis(a)};
    chart_draw_cells(page, &figure,
                     &(chart_cells){.rows = a->values,
                                    .columns = b->values,
                                    .row = a->value,
                                    .column = b->value,
                                    .value = value,
                                    .name = metric_text(s),
                                    .unit = metric_unit(s)});
    ent_free(value);
}

static bool any_finite(int n, const double *value)
{
    for (int k = 0; k < n; k++)
        if (isfinite(value[k])) return true;
    return false;
}

/* The metric along key i, a line for each value of key j (j < 0: one line). */
static void draw_lines(draw_page *page, const sweep *s, int i, int j)
{
    enum { MOST_LINES = 32 };
    const key *k = &s->key[i];
    const int lines = j < 0 ? 1 : s->key[j].values < MOST_LINES ? s->key[j].values : MOST_LINES;
    double *number = ent_alloc((int64_t)4 * lines * k->values, sizeof *number);
    chart_line line[MOST_LINES];
    char title[400], caption[400], capital[64], name[MOST_LINES][96];
    int drawn = 0;
    if (!number) return;
    for (int l = 0; l < lines; l++) {
        double *x = number + (int64_t)4 * l * k->values, *y = x + k->values, *low = y + k->values;
        double *high = low + k->values;
        for (int v = 0; v < k->values; v++) {
            spread m;
            x[v] = strtod(k->value[v], NULL);
            mean_where(s, i, v, j, l, &m);
            y[v] = m.mean, low[v] = m.low, high[v] = m.high;
        }
        if (!any_finite(k->values, y)) continue;
        snprintf(name[drawn], sizeof name[drawn], "%.40s %.50s", j < 0 ? "all" : s->key[j].name,
                 j < 0 ? "points" : s->key[j].value[l]);
        line[drawn] = (chart_line){.name = name[drawn],
                                   .n = k->values,
                                   .x = x,
                                   .y = y,
                                   .low = low,
                                   .high = high,
                                   .colour = chart_colour_of(drawn, lines)};
        drawn++;
    }
    snprintf(title, sizeof title, "%s by %.80s%s%.80s", metric_title(s, capital), k->name, j < 0 ? "" : ", for each ",
             j < 0 ? "" : s->key[j].name);
    snprintf(caption, sizeof caption,
             "Means over the %lld finished points of %.100s; bars reach from the smallest to the largest.",
             (long long)s->done, s->folder);
    chart_figure figure = {title, caption, key_axis(k), {metric_text(s), metric_unit(s), 0, false, NAN, NAN}};
    chart_draw_lines(page, &figure, drawn, line);
    ent_free(number);
}

static void draw_bars(draw_page *page, const sweep *s, int i)
{
    const key *k = &s->key[i];
    double value[MOST_VALUES];
    char title[256], caption[256], capital[64];
    for (int v = 0; v < k->values; v++) {
        spread m;
        mean_where(s, i, v, -1, 0, &m);
        value[v] = m.mean;
    }
    snprintf(title, sizeof title, "%s by %s", metric_title(s, capital), k->name);
    snprintf(caption, sizeof caption, "Means over the %lld finished points of %.100s.", (long long)s->done,
             s->folder);
    const chart_figure figure = {title, caption, key_axis(k), {metric_text(s), metric_unit(s), 0, false, 0.0, NAN}};
    chart_draw_bars(page, &figure, &(chart_bars){.bars = k->values, .parts = 1, .name = k->value, .value = value});
}

/* The metric of each point along a key that was drawn. */
static void draw_scatter(draw_page *page, const sweep *s, int i)
{
    const key *k = &s->key[i];
    double *number = ent_alloc(2 * s->csv->rows, sizeof *number), *x = number, *y = number + s->csv->rows;
    char title[256], caption[320], capital[64], name[64];
    int n = 0, ring = 0;
    for (int64_t r = 0; r < s->csv->rows && number; r++) {
        if (!is_done(s, r)) continue;
        x[n] = report_csv_number(s->csv, k->column, r);
        y[n++] = report_csv_number(s->csv, s->metric, r);
        if (r == s->selected) ring = n;
    }
    snprintf(name, sizeof name, "point%s", ring > 0 ? "; ringed: the selected one" : "");
    snprintf(title, sizeof title, "%s by %s", metric_title(s, capital), k->name);
    snprintf(caption, sizeof caption,
             "A mark for each of the %d finished points of %.100s, whatever their other keys "
             "are.",
             n, s->folder);
    const chart_figure figure = {title, caption, key_axis(k), {metric_text(s), metric_unit(s), 0, false, NAN, NAN}};
    const chart_line line = {.name = name, .n = n, .x = x, .y = y, .points = true, .ring = ring};
    if (number && n > 0) chart_draw_lines(page, &figure, 1, &line);
    ent_free(number);
}

/* The keys that are not drawn. */
static int listed_of(const sweep *s, int listed[MOST_KEYS])
{
    int n = 0;
    for (int k = 0; k < s->keys; k++)
        if (!s->key[k].drawn) listed[n++] = k;
    return n;
}

static void draw(draw_page *page, sweep *s)
{
    int rate = -1, policy = -1, pairs = 0, scatters = 0, listed[MOST_KEYS];
    const int n = listed_of(s, listed);
    for (int k = 0; k < s->keys; k++) {
        if (strstr(s->key[k].name, "rate") && !strstr(s->key[k].name, "learning") && s->key[k].numbers) rate = k;
        if (strstr(s->key[k].name, "policy")) policy = k;
        if (s->key[k].drawn && scatters++ < MOST_SCATTERS) draw_scatter(page, s, k);
    }
    if (rate >= 0 && policy >= 0 && !s->key[rate].drawn) draw_lines(page, s, rate, policy);
    for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n && pairs < MOST_PAIRS; j++, pairs++) draw_heat(page, s, listed[i], listed[j]);
    if (n == 1) s->key[listed[0]].numbers ? draw_lines(page, s, listed[0], -1) : draw_bars(page, s, listed[0]);
}

static void print_points(draw_page *page, const sweep *s)
{
    char title[256], caption[320];
    snprintf(title, sizeof title, "Points of %.200s", s->folder);
    snprintf(caption, sizeof caption, "%lld points, %lld of them finished.%s", (long long)s->csv->rows,
             (long long)campaign_points_done(s->csv),
             report_csv_find(s->csv, "selected") < 0
                 ? ""
                 : " Test figures of a sweep are those of the selected point, unless `entente sweep --test` has "
                   "written the table.");
    campaign_print_csv(page, title, caption, s->csv);
}

/* Keys and figures of the selected point. */
static void print_selected(draw_page *page, const sweep *s)
{
    enum { MOST = 64 };
    const char *cell[2 * MOST] = {"column", "value"};
    int rows = 1;
    if (s->selected < 0) {
        if (report_csv_find(s->csv, "selected") >= 0)
            draw_page_paragraph(page, "No point is selected: this needs validation figures of every point.");
        return;
    }
    for (int c = 0; c < s->csv->columns && rows < MOST; c++) {
        const char *name = s->csv->name[c], *text = s->csv->cell[c][s->selected];
        if (!*text || strstr(name, "sha256") || strcmp(name, "selected") == 0 || strcmp(name, "status") == 0)
            continue;
        cell[2 * rows] = name;
        cell[2 * rows + 1] = text;
        rows++;
    }
    draw_page_table(page, "The selected point",
                    "The best point by its figures on the validation rows; accuracy and "
                    "loss are those of the test rows.",
                    rows, 2, cell);
}

static int count_finite(const report_csv *csv, int column)
{
    int n = 0;
    for (int64_t r = 0; r < csv->rows; r++) n += isfinite(report_csv_number(csv, column, r));
    return n;
}

/* The metrics of the figures: validation figures if there are any, and the first test figure that more than one point
 * has.  Returns their number. */
static int metrics_of(const report_csv *csv, int metric[2])
{
    static const char *const VALIDATION[] = {"validation_accuracy", "validation_loss"};
    int n = 0;
    for (int k = 0; k < 2 && n == 0; k++) {
        const int column = report_csv_find(csv, VALIDATION[k]);
        if (column >= 0 && count_finite(csv, column) > 0) metric[n++] = column;
    }
    const int before = n;
    for (int k = 0; ent_metric_shown(k) >= 0 && n == before; k++) {
        const int column = report_csv_find(csv, ent_metric_at(ent_metric_shown(k))->name);
        if (column >= 0 && count_finite(csv, column) > (before > 0 || csv->rows > 1)) metric[n++] = column;
    }
    return n;
}

static bool any_metric(const report_csv *csv)
{
    for (int k = 0; k < ENT_METRIC_COUNT; k++)
        if (report_csv_find(csv, ent_metric_at(k)->name) >= 0) return true;
    return false;
}

ent_status report_sweep(draw_page *page, const char *folder, const report_csv *points, const campaign_origin *origin)
{
    int metric[2] = {-1, -1};
    const int selected = report_csv_find(points, "selected");
    sweep *s = ent_alloc(1, sizeof *s);
    ENT_REQUIRE(s, ENT_ENOMEM, "report: no memory");
    *s = (sweep){.csv = points, .folder = folder, .origin = origin, .selected = -1};
    ent_status status = any_metric(points) ? ENT_OK
                                           : ent_fail(ENT_EFORMAT,
                                                      "%s: no column 'accuracy' or another figure: not "
                                                      "the table of a sweep",
                                                      points->path);
    for (int64_t r = 0; r < points->rows && selected >= 0; r++)
        if (strcmp(points->cell[selected][r], "1") == 0) s->selected = r;
    for (int c = 0; c < points->columns && s->keys < MOST_KEYS && status == ENT_OK; c++)
        if (is_key(points->name[c]) && key_make(s, c, &s->key[s->keys])) s->keys++;
    const int metrics = status == ENT_OK ? metrics_of(points, metric) : 0;
    if (status == ENT_OK) print_selected(page, s);
    for (int k = 0; k < metrics; k++) {
        s->metric = metric[k];
        s->done = count_done(s);
        draw(page, s);
    }
    if (status == ENT_OK) print_points(page, s);
    ent_free(s);
    return status;
}
