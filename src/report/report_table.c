/* A sweep's table.csv or a study's study.csv: its keys are the columns that are not known to be anything else; a key
 * with only one value is ignored.  Figures: for two keys a heat map of the first figure in the table, for one key its
 * values. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "entente/memory.h"
#include "report.h"
#include "report_csv.h"

enum { MOST_KEYS = 8, MOST_VALUES = 40, MOST_ROWS = 300, MOST_PAIRS = 3 };

/* Columns that are not keys; so are the metrics, and every column that ends in _s or matches an entry with a slash
 * below. */
static const char *const KNOWN[] = {"status",         "error",         "hash",    "index",         "point",
                                    "params",         "qubits",        "rounds",  "ranks",         "engine",
                                    "weights_sha256", "config_sha256", "folder",  "threads",       "base",
                                    "samples_per_s",  "patterns",      "seconds", "accuracy_mean", "label"};
/* Repeats are averaged over, and are not keys of a picture. */
static const char SEEDS[] = "seed";

typedef struct {
    int column, values;
    const char *name;
    const char *value[MOST_VALUES]; /* sorted */
    bool numbers;
} key;

typedef struct {
    const report_csv *csv;
    const char *folder;
    int metric, keys;
    int64_t done;
    key key[MOST_KEYS];
    const char *only[MOST_KEYS]; /* [keys] the only value to use, or NULL */
} sweep;

static bool is_done(const sweep *s, int64_t row)
{
    for (int k = 0; k < s->keys; k++)
        if (s->only[k] && strcmp(s->csv->cell[s->key[k].column][row], s->only[k]) != 0) return false;
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

/* The distinct values of a column; false if there is only one, or too many for a picture. */
static bool key_make(const sweep *s, int column, key *k)
{
    *k = (key){.column = column, .name = s->csv->name[column], .numbers = true};
    for (int64_t r = 0; r < s->csv->rows; r++) {
        const char *text = s->csv->cell[column][r];
        if (value_of(k, text) < k->values) continue;
        if (k->values == MOST_VALUES) return false;
        k->value[k->values++] = text;
        k->numbers &= isfinite(report_csv_number(s->csv, column, r));
    }
    qsort(k->value, (size_t)k->values, sizeof *k->value, k->numbers ? by_number : by_text);
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
    for (int k = 0; k < ENT_METRIC_COUNT; k++)
        if (strcmp(ent_metric_at(k)->name, s->csv->name[s->metric]) == 0) return ent_metric_at(k)->title;
    return s->csv->name[s->metric];
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
    const char *name = s->csv->name[s->metric];
    if (strstr(name, "accuracy") || strstr(name, "f1")) return "share of test samples";
    return strstr(name, "loss") ? "per sample" : strstr(name, "mae") ? "label's unit" : "number";
}

/* ", iid" if only one value is used.  Returns `text`. */
static const char *facet_text(const sweep *s, char text[160])
{
    size_t used = 0;
    text[0] = '\0';
    for (int k = 0; k < s->keys && used < 160; k++)
        if (s->only[k]) used += (size_t)snprintf(text + used, 160 - used, "; %s %.60s", s->key[k].name, s->only[k]);
    return text;
}

/* The table has no units: the value of a key is a number or a name. */
static chart_axis key_axis(const key *k)
{
    return (chart_axis){k->name, k->numbers ? "number" : "name", 0, false, NAN, NAN};
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
             "Each cell: the mean over the finished points (%lld in all) of %.100s with these two values, for all "
             "values of the other keys (%s%d point%s per cell). Blank: no point.",
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
    enum { MOST_LINES = 12 };
    const key *k = &s->key[i];
    const int lines = j < 0 ? 1 : s->key[j].values < MOST_LINES ? s->key[j].values : MOST_LINES;
    double *number = ent_alloc((int64_t)4 * lines * k->values, sizeof *number);
    chart_line line[MOST_LINES];
    char title[400], facet[160], caption[400], capital[64], name[MOST_LINES][96];
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
        line[drawn] = (chart_line){
            .name = name[drawn], .n = k->values, .x = x, .y = y, .low = low, .high = high, .colour = drawn};
        drawn++;
    }
    snprintf(title, sizeof title, "%s by %.40s%s%.40s%s", metric_title(s, capital), k->name,
             j < 0 ? "" : ", for each ", j < 0 ? "" : s->key[j].name, facet_text(s, facet));
    snprintf(caption, sizeof caption,
             "Means over the %lld finished points of %.100s%s; bars reach from the smallest to the largest.",
             (long long)count_done(s), s->folder, facet);
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

/* Settings and data sets of a study are not averaged over: each has its own picture. */
static void draw_facets(draw_page *page, sweep *s, int from, int rate, int policy)
{
    while (from < s->keys && strcmp(s->key[from].name, "setting") != 0 && strcmp(s->key[from].name, "data") != 0)
        from++;
    if (from == s->keys) {
        draw_lines(page, s, rate, policy);
        return;
    }
    for (int v = 0; v < s->key[from].values; v++) {
        s->only[from] = s->key[from].value[v];
        draw_facets(page, s, from + 1, rate, policy);
    }
    s->only[from] = NULL;
}

static void draw(draw_page *page, sweep *s)
{
    int rate = -1, policy = -1, pairs = 0;
    for (int k = 0; k < s->keys; k++) {
        if (strstr(s->key[k].name, "rate") && !strstr(s->key[k].name, "learning") && s->key[k].numbers) rate = k;
        if (strstr(s->key[k].name, "policy") || strcmp(s->key[k].name, "variant") == 0) policy = k;
    }
    if (rate >= 0 && policy >= 0) draw_facets(page, s, 0, rate, policy);
    for (int i = 0; i < s->keys; i++)
        for (int j = i + 1; j < s->keys && pairs < MOST_PAIRS; j++, pairs++) draw_heat(page, s, i, j);
    if (s->keys == 1) s->key[0].numbers ? draw_lines(page, s, 0, -1) : draw_bars(page, s, 0);
}

/* Four digits of a long fraction; other texts unchanged. */
static const char *short_number(const char *text, char out[24])
{
    char *end;
    const double value = strtod(text, &end);
    return strlen(text) > 7 && strchr(text, '.') && !*end ? chart_number_text(value, out) : text;
}

static bool any_text(const report_csv *csv, int column)
{
    for (int64_t r = 0; r < csv->rows; r++)
        if (*csv->cell[column][r]) return true;
    return false;
}

/* Hashes and empty columns are left out. */
static void print_csv(draw_page *page, const char *title, const char *caption, const report_csv *csv)
{
    enum { MOST_COLUMNS = 64 };
    const int64_t rows = csv->rows < MOST_ROWS ? csv->rows : MOST_ROWS;
    int column[MOST_COLUMNS], columns = 0;
    for (int c = 0; c < csv->columns && columns < MOST_COLUMNS; c++)
        if (!strstr(csv->name[c], "sha256") && any_text(csv, c)) column[columns++] = c;
    const char **cell = ent_alloc((rows + 1) * columns, sizeof *cell);
    char(*text)[24] = ent_alloc(rows * columns, sizeof *text);
    for (int c = 0; c < columns && cell && text; c++) {
        cell[c] = csv->name[column[c]];
        for (int64_t r = 0; r < rows; r++)
            cell[(r + 1) * columns + c] = short_number(csv->cell[column[c]][r], text[r * columns + c]);
    }
    if (cell && text && columns > 0) draw_page_table(page, title, caption, (int)rows + 1, columns, cell);
    ent_free(cell);
    ent_free(text);
}

static void print_points(draw_page *page, const sweep *s)
{
    char title[256], caption[256];
    snprintf(title, sizeof title, "Points of %.200s", s->folder);
    snprintf(caption, sizeof caption, "%lld points, %lld of them finished.%s", (long long)s->csv->rows,
             (long long)s->done,
             s->csv->rows > MOST_ROWS ? " The first 300 are shown; the table's file holds all." : "");
    print_csv(page, title, caption, s->csv);
}

/* The paired statistics of a study, as written by it. */
static ent_status print_summary(draw_page *page, const char *folder)
{
    static const char *const KEY[] = {"data", "setting", "rate", "variant", NULL};
    char path[4096];
    report_csv *csv;
    snprintf(path, sizeof path, "%.4000s/summary.csv", folder);
    if (access(path, F_OK) != 0) return ENT_OK;
    ENT_TRY(report_csv_read(path, KEY, &csv));
    print_csv(page, "Comparison with the reference",
              "n points each; difference to the reference variant over pairs of equal seeds, its bootstrap interval "
              "(low, high) and the p value of Wilcoxon's signed-rank test.",
              csv);
    report_csv_free(csv);
    return ENT_OK;
}

static ent_status read_sweep(sweep *s, const char *path)
{
    for (int k = 0; ent_metric_shown(k) >= 0 && s->metric < 0; k++)
        s->metric = report_csv_find(s->csv, ent_metric_at(ent_metric_shown(k))->name);
    ENT_REQUIRE(s->metric >= 0, ENT_EFORMAT, "%s: no column 'accuracy', nor another figure: not the table of a sweep",
                path);
    s->done = count_done(s);
    for (int c = 0; c < s->csv->columns && s->keys < MOST_KEYS; c++)
        if (is_key(s->csv->name[c]) && key_make(s, c, &s->key[s->keys])) s->keys++;
    return ENT_OK;
}

ent_status report_table(draw_page *page, const char *folder, const char *file)
{
    static const char *const KEY[] = {"point", NULL};
    char path[4096], heading[300];
    report_csv *csv;
    ENT_REQUIRE(snprintf(path, sizeof path, "%s/%s", folder, file) < (int)sizeof path, ENT_EARG,
                "%.64s...: too long a path", folder);
    ENT_TRY(report_csv_read(path, KEY, &csv));
    sweep s = {.csv = csv, .folder = folder, .metric = -1};
    ent_status status = read_sweep(&s, path);
    if (status == ENT_OK) {
        snprintf(heading, sizeof heading, "%s %.250s", strcmp(file, "study.csv") == 0 ? "Study" : "Sweep", folder);
        draw_page_heading(page, heading);
        draw(page, &s);
        status = print_summary(page, folder);
        print_points(page, &s);
    }
    report_csv_free(csv);
    return status;
}
