/* Accuracy by the modalities that a sample has: small multiples over the rates, one panel per subset, and a table.
 * If there are many subsets, they are pooled by the number of modalities in them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "entente/memory.h"
#include "study_page.h"

enum { FEW = 8, MOST_PANELS = 17 };

/* What is summed over the seeds of a cell and subset. */
typedef struct {
    double n, sum; /* samples; samples times their figure */
} share;

typedef struct {
    const study_page *study;
    const report_csv *csv;
    const char *figure; /* "accuracy", or "mae" where there are no classes */
    bool by_count;
    int panels;
    char name[MOST_PANELS][96];
    int size[MOST_PANELS]; /* modalities */
    share *of;             /* [data][setting][rate][variant][panel] */
} subsets;

static int modalities_in(const char *present)
{
    int n = strcmp(present, "nothing") != 0;
    for (; n > 0 && *present; present++) n += *present == '+';
    return n;
}

static int panel_of(const subsets *s, const char *present)
{
    const int size = modalities_in(present);
    for (int p = 0; p < s->panels; p++)
        if (s->by_count ? s->size[p] == size : strcmp(s->name[p], present) == 0) return p;
    return -1;
}

/* The most modalities first, then in the order of the file. */
static void insert_panel(subsets *s, const char *name, int size)
{
    int at = s->panels++;
    for (; at > 0 && s->size[at - 1] < size; at--) {
        memcpy(s->name[at], s->name[at - 1], sizeof s->name[at]);
        s->size[at] = s->size[at - 1];
    }
    snprintf(s->name[at], sizeof s->name[at], "%s", name);
    s->size[at] = size;
}

static void find_panels(subsets *s, int present)
{
    char name[96];
    const report_csv *csv = s->csv;
    for (int64_t r = 0; r < csv->rows && !s->by_count; r++)
        if (panel_of(s, csv->cell[present][r]) < 0) {
            s->by_count = s->panels == FEW || strlen(csv->cell[present][r]) >= sizeof name;
            if (!s->by_count) insert_panel(s, csv->cell[present][r], modalities_in(csv->cell[present][r]));
        }
    if (!s->by_count) return;
    s->panels = 0;
    for (int64_t r = 0; r < csv->rows && s->panels < MOST_PANELS; r++) {
        const int size = modalities_in(csv->cell[present][r]);
        snprintf(name, sizeof name, "%d modalit%s", size, size == 1 ? "y" : "ies");
        if (panel_of(s, csv->cell[present][r]) < 0) insert_panel(s, name, size);
    }
}

/* -1: no cell of the summary has the value. */
static int find(const study_names *names, const char *text)
{
    for (int k = 0; k < names->n; k++)
        if (strcmp(names->text[k], text) == 0) return k;
    return -1;
}

static share *share_at(const subsets *s, const int at[STUDY_AXES], int panel)
{
    size_t k = 0;
    for (int a = 0; a < STUDY_AXES; a++) k = k * (size_t)s->study->axis[a].n + (size_t)at[a];
    return &s->of[k * (size_t)s->panels + (size_t)panel];
}

static void add_rows(subsets *s, const int column[STUDY_AXES], int present)
{
    const report_csv *csv = s->csv;
    for (int64_t r = 0; r < csv->rows; r++) {
        int at[STUDY_AXES];
        bool known = true;
        for (int a = 0; a < STUDY_AXES; a++) {
            at[a] = find(&s->study->axis[a], csv->cell[column[a]][r]);
            known = known && at[a] >= 0;
        }
        const int panel = panel_of(s, csv->cell[present][r]);
        const double n = report_csv_value(csv, "n", r), value = report_csv_value(csv, s->figure, r);
        if (!known || panel < 0 || !isfinite(value) || !(n > 0.0)) continue;
        share *one = share_at(s, at, panel);
        one->n += n;
        one->sum += n * value;
    }
}

static double mean_of(const share *one)
{
    return one->n > 0.0 ? one->sum / one->n : NAN;
}

/* ---- figures ---- */

/* The same for all settings of a data set. */
static chart_axis figure_axis(const subsets *s, int data)
{
    const bool accuracy = strcmp(s->figure, "accuracy") == 0;
    const study_names *axis = s->study->axis;
    const int64_t each = (int64_t)axis[1].n * axis[2].n * axis[3].n * s->panels;
    chart_axis y = {accuracy ? "test accuracy" : "mean absolute error",
                    accuracy ? "share of samples" : "label's unit",
                    0,
                    false,
                    NAN,
                    NAN};
    double low = INFINITY, high = -INFINITY;
    for (int64_t k = data * each; k < (data + 1) * each; k++)
        if (s->of[k].n > 0.0) {
            low = fmin(low, mean_of(&s->of[k]));
            high = fmax(high, mean_of(&s->of[k]));
        }
    const chart_scale scale = chart_scale_make(&y, low, high, 4);
    y.low = scale.low;
    y.high = scale.high;
    return y;
}

/* The lines of a panel: one per variant, over the rates. */
static int panel_lines(const subsets *s, int data, int setting, int panel, double *number, chart_line *line)
{
    const study_names *rates = &s->study->axis[STUDY_RATE], *variants = &s->study->axis[STUDY_VARIANT];
    int lines = 0;
    for (int v = 0; v < variants->n; v++) {
        double *x = number + (size_t)2 * (size_t)v * (size_t)rates->n, *y = x + rates->n;
        int n = 0;
        for (int r = 0; r < rates->n; r++) {
            const double value = mean_of(share_at(s, (const int[STUDY_AXES]){data, setting, r, v}, panel));
            if (!isfinite(value)) continue;
            x[n] = strtod(rates->text[r], NULL);
            y[n++] = value;
        }
        if (n == 0) continue;
        line[lines] = study_line(s->study, v);
        line[lines].n = n;
        line[lines].x = x;
        line[lines++].y = y;
    }
    return lines;
}

static void draw_panels(draw_page *page, const subsets *s, int data, int setting, double *number, chart_line *line)
{
    const size_t variants = (size_t)s->study->axis[STUDY_VARIANT].n, rates = (size_t)s->study->axis[STUDY_RATE].n;
    chart_panel panel[MOST_PANELS];
    char where[128], title[320], caption[400];
    int panels = 0;
    for (int p = 0; p < s->panels; p++) {
        chart_line *own = line + (size_t)p * variants;
        const int lines = panel_lines(s, data, setting, p, number + (size_t)p * 2 * variants * rates, own);
        if (lines > 0) panel[panels++] = (chart_panel){s->name[p], lines, own};
    }
    if (panels == 0) return;
    snprintf(title, sizeof title, "By modalities present: %s", study_where(s->study, data, setting, where));
    snprintf(
        caption, sizeof caption,
        "Test samples by %s they have after the missing protocol, pooled over seeds; one panel each, with the same "
        "axes.",
        s->by_count ? "the number of modalities that" : "the modalities that");
    const chart_figure figure = {
        title, caption, {"missing rate", "probability", 0, false, NAN, NAN}, figure_axis(s, data)};
    chart_draw_panels(page, &figure, panels, panel);
}

/* One rate: a heat map of subsets and variants. */
static void draw_heat(draw_page *page, const subsets *s, int data, int setting, double *number)
{
    const study_names *variants = &s->study->axis[STUDY_VARIANT];
    const char *row[MOST_PANELS];
    char where[128], title[320];
    for (int p = 0; p < s->panels; p++) {
        row[p] = s->name[p];
        for (int v = 0; v < variants->n; v++)
            number[p * variants->n + v] = mean_of(share_at(s, (const int[STUDY_AXES]){data, setting, 0, v}, p));
    }
    snprintf(title, sizeof title, "By modalities present: %s", study_where(s->study, data, setting, where));
    const chart_axis y = figure_axis(s, data);
    const chart_figure figure = {title,
                                 "Test samples by the modalities that they have after the missing protocol, pooled "
                                 "over seeds. Blank: no sample.",
                                 {"variant", "name", 0, false, NAN, NAN},
                                 {"modalities present", s->by_count ? "number" : "names", 0, false, NAN, NAN}};
    chart_draw_cells(page, &figure,
                     &(chart_cells){.rows = s->panels,
                                    .columns = variants->n,
                                    .row = row,
                                    .column = variants->text,
                                    .value = number,
                                    .name = y.name,
                                    .unit = y.unit,
                                    .range = {y.low, y.high}});
}

/* ---- the table ---- */

typedef struct {
    int columns, rows;
    int axes, axis[3]; /* of those that have several values */
    const char **cell;
    char (*text)[32];
} sheet;

/* A row per data set, setting, rate and subset that has samples. */
static void fill_row(const subsets *s, sheet *t, const int at[3], int panel)
{
    const study_names *axis = s->study->axis;
    const char **row = t->cell + (size_t)t->rows * (size_t)t->columns;
    double samples = 0.0;
    row[0] = s->name[panel];
    for (int a = 0; a < t->axes; a++) row[a + 1] = axis[t->axis[a]].text[at[t->axis[a]]];
    for (int v = 0; v < axis[STUDY_VARIANT].n; v++) {
        const share *one = share_at(s, (const int[STUDY_AXES]){at[0], at[1], at[2], v}, panel);
        char *text = t->text[t->rows * axis[STUDY_VARIANT].n + v];
        samples += one->n;
        snprintf(text, sizeof *t->text, one->n > 0.0 ? "%.4f" : "-", mean_of(one));
        row[v + t->axes + 1] = text;
    }
    t->rows += samples > 0.0;
}

static void fill_rows(const subsets *s, sheet *t)
{
    static const char *const HEAD[] = {"data", "setting", "rate"};
    const study_names *axis = s->study->axis;
    t->cell[0] = "modalities present";
    for (int a = 0; a < t->axes; a++) t->cell[a + 1] = HEAD[t->axis[a]];
    for (int v = 0; v < axis[STUDY_VARIANT].n; v++) t->cell[v + t->axes + 1] = axis[STUDY_VARIANT].text[v];
    for (int d = 0; d < axis[0].n; d++)
        for (int k = 0; k < axis[1].n; k++)
            for (int r = 0; r < axis[2].n; r++)
                for (int p = 0; p < s->panels; p++) fill_row(s, t, (const int[3]){d, k, r}, p);
}

static ent_status print_table(draw_page *page, const subsets *s)
{
    const study_names *axis = s->study->axis, *variants = &axis[STUDY_VARIANT];
    const bool accuracy = strcmp(s->figure, "accuracy") == 0;
    const int64_t most = (int64_t)axis[0].n * axis[1].n * axis[2].n * s->panels + 2;
    sheet t = {.rows = 1};
    for (int a = 0; a < 3; a++)
        if (axis[a].n > 1) t.axis[t.axes++] = a;
    t.columns = variants->n + t.axes + 1;
    t.cell = ent_alloc(most * t.columns, sizeof *t.cell);
    t.text = ent_alloc(most * variants->n, sizeof *t.text);
    const bool there = t.cell && t.text;
    if (there) {
        fill_rows(s, &t);
        draw_page_table(
            page, accuracy ? "Accuracy by modalities present" : "Mean absolute error by modalities present",
            accuracy ? "Share of the test samples with these modalities that are predicted correctly, pooled "
                       "over seeds; a column per variant."
                     : "Mean absolute error on the test samples with these modalities, pooled over seeds; "
                       "a column per variant.",
            t.rows, t.columns, t.cell);
    }
    ent_free(t.cell);
    ent_free(t.text);
    return there ? ENT_OK : ent_fail(ENT_ENOMEM, "report: no memory");
}

/* ---- the whole ---- */

static ent_status draw_all(draw_page *page, const subsets *s)
{
    const study_names *axis = s->study->axis;
    const int64_t lines = (int64_t)s->panels * axis[STUDY_VARIANT].n;
    double *number = ent_alloc(2 * lines * axis[STUDY_RATE].n, sizeof *number);
    chart_line *line = ent_alloc(lines, sizeof *line);
    const bool there = number && line;
    for (int d = 0; d < axis[STUDY_DATA].n && there; d++)
        for (int k = 0; k < axis[STUDY_SETTING].n; k++)
            if (axis[STUDY_RATE].n > 1)
                draw_panels(page, s, d, k, number, line);
            else
                draw_heat(page, s, d, k, number);
    ent_free(number);
    ent_free(line);
    return there ? print_table(page, s) : ent_fail(ENT_ENOMEM, "report: no memory");
}

static bool any_number(const report_csv *csv, const char *name)
{
    for (int64_t r = 0; r < csv->rows; r++)
        if (isfinite(report_csv_value(csv, name, r))) return true;
    return false;
}

static ent_status read_and_draw(draw_page *page, subsets *s)
{
    static const char *const AXIS[STUDY_AXES] = {"data", "setting", "rate", "variant"};
    int column[STUDY_AXES];
    int64_t cells = 1;
    const int present = report_csv_find(s->csv, "present");
    for (int a = 0; a < STUDY_AXES; a++) {
        column[a] = report_csv_find(s->csv, AXIS[a]);
        ENT_REQUIRE(column[a] >= 0 && present >= 0, ENT_EFORMAT, "%s: no column '%s'", s->csv->path,
                    present < 0 ? "present" : AXIS[a]);
        cells *= s->study->axis[a].n;
    }
    s->figure = any_number(s->csv, "accuracy") ? "accuracy" : "mae";
    find_panels(s, present);
    if (s->panels < 2) return ENT_OK; /* nothing is missing: the accuracy of the only subset is the total */
    s->of = ent_alloc(cells * s->panels, sizeof *s->of);
    ENT_REQUIRE(s->of, ENT_ENOMEM, "report: no memory");
    add_rows(s, column, present);
    return draw_all(page, s);
}

ent_status study_subsets(draw_page *page, const study_page *study)
{
    char path[4096];
    report_csv *csv;
    snprintf(path, sizeof path, "%.4000s/patterns.csv", study->folder);
    if (access(path, F_OK) != 0) return ENT_OK;
    ENT_TRY(report_csv_read(path, (const char *const[]){"point", "present", NULL}, &csv));
    subsets *s = ent_alloc(1, sizeof *s);
    ent_status status = s ? ENT_OK : ent_fail(ENT_ENOMEM, "report: no memory");
    if (s) *s = (subsets){.study = study, .csv = csv};
    if (status == ENT_OK && csv->rows > 0) status = read_and_draw(page, s);
    if (s) ent_free(s->of);
    ent_free(s);
    report_csv_free(csv);
    return status;
}
