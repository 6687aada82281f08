/* The page of a study, from its summary.csv: forest plots of the paired differences, means against the missing rate,
 * accuracy by the modalities that are present.  Variants, settings and rates are in the order of the study; pictures
 * of one kind have the same axes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "campaign_page.h"
#include "entente/memory.h"
#include "study_page.h"

/* ---- reading ---- */

static int place_of(study_names *names, const char *text)
{
    int k = 0;
    while (k < names->n && strcmp(names->text[k], text) != 0) k++;
    if (k == names->n && k < STUDY_NAMES) names->text[names->n++] = text;
    return k;
}

/* The cells in the order of the file, which is that of the study. */
static ent_status read_cells(study_page *s)
{
    const report_csv *csv = s->summary;
    static const char *const AXIS[STUDY_AXES] = {"data", "setting", "rate", "variant"};
    int column[STUDY_AXES];
    for (int a = 0; a < STUDY_AXES; a++) {
        column[a] = report_csv_find(csv, AXIS[a]);
        ENT_REQUIRE(column[a] >= 0, ENT_EFORMAT, "%s: no column '%s'", csv->path, AXIS[a]);
    }
    s->cell = ent_alloc(csv->rows, sizeof *s->cell);
    ENT_REQUIRE(s->cell, ENT_ENOMEM, "report: no memory");
    for (int64_t r = 0; r < csv->rows; r++) {
        study_cell *c = &s->cell[r];
        for (int a = 0; a < STUDY_AXES; a++) {
            c->at[a] = place_of(&s->axis[a], csv->cell[column[a]][r]);
            ENT_REQUIRE(c->at[a] < STUDY_NAMES, ENT_EFORMAT, "%s: more than %d values of '%s', want fewer for a page",
                        csv->path, STUDY_NAMES, AXIS[a]);
        }
        c->n = report_csv_value(csv, "n", r);
        c->mean = report_csv_value(csv, "mean", r);
        c->deviation = report_csv_value(csv, "deviation", r);
        c->pairs = report_csv_value(csv, "pairs", r);
        c->difference = report_csv_value(csv, "difference", r);
        c->low = report_csv_value(csv, "low", r);
        c->high = report_csv_value(csv, "high", r);
        c->p = report_csv_value(csv, "p", r);
    }
    s->cells = csv->rows;
    return ENT_OK;
}

/* Older programs did not record these: the metric is then unknown, and the reference is the variant that is compared
 * with no other. */
static void read_names(study_page *s)
{
    const report_csv *csv = s->summary;
    const int metric = report_csv_find(csv, "metric"), reference = report_csv_find(csv, "reference");
    s->metric = metric >= 0 && csv->rows > 0 ? csv->cell[metric][0] : "the study's metric";
    s->reference = -1;
    for (int v = 0; v < s->axis[STUDY_VARIANT].n && reference >= 0; v++)
        if (strcmp(s->axis[STUDY_VARIANT].text[v], csv->cell[reference][0]) == 0) s->reference = v;
    for (int64_t r = 0; r < s->cells && s->reference < 0; r++)
        if (s->cell[r].n > 0 && s->cell[r].pairs == 0) s->reference = s->cell[r].at[STUDY_VARIANT];
}

const study_cell *study_cell_at(const study_page *s, const int at[STUDY_AXES])
{
    for (int64_t r = 0; r < s->cells; r++)
        if (memcmp(s->cell[r].at, at, sizeof s->cell[r].at) == 0) return &s->cell[r];
    return NULL;
}

/* ", iid" for a study that has settings.  Returns `text`. */
const char *study_where(const study_page *s, int data, int setting, char text[128])
{
    const char *name = setting >= 0 ? s->axis[STUDY_SETTING].text[setting] : "";
    snprintf(text, 128, "%.60s%s%.60s", s->axis[STUDY_DATA].text[data], *name ? ", " : "", name);
    return text;
}

const char *study_reference(const study_page *s)
{
    return s->reference >= 0 ? s->axis[STUDY_VARIANT].text[s->reference] : "the reference";
}

chart_line study_line(const study_page *s, int variant)
{
    const int n = s->axis[STUDY_VARIANT].n, others = n - 1;
    chart_line line = {.name = s->axis[STUDY_VARIANT].text[variant]};
    if (n <= DRAW_COLOURS || s->reference < 0) {
        line.colour = chart_colour_of(variant, n);
        return line;
    }
    const int figures = (others + DRAW_COLOURS - 2) / (DRAW_COLOURS - 1), each = (others + figures - 1) / figures;
    const int at = variant - (variant > s->reference); /* among the others */
    line.everywhere = variant == s->reference;
    if (!line.everywhere) line.colour = at / each * DRAW_COLOURS + 1 + at % each;
    return line;
}

/* ---- forest plots ---- */

/* The groups of a forest plot are the rates; where there is one rate, the settings. */
typedef struct {
    const study_page *s;
    bool means; /* of the metric, not of the difference */
    chart_effects group[STUDY_NAMES];
    char name[STUDY_NAMES][96], (*note)[48];
    chart_effect *effect;
    int groups, effects;
} forest;

static chart_effect effect_of(forest *f, const study_cell *c, int variant)
{
    const study_page *s = f->s;
    char *note = f->note[f->effects];
    chart_effect e = {.name = s->axis[STUDY_VARIANT].text[variant],
                      .value = NAN,
                      .low = NAN,
                      .high = NAN,
                      .reference = variant == s->reference};
    if (f->means) {
        e.value = c->mean;
        e.low = c->mean - c->deviation;
        e.high = c->mean + c->deviation;
        return e;
    }
    if (e.reference && isfinite(c->mean)) {
        e.value = 0.0;
        snprintf(note, sizeof *f->note, "reference: %.4g", c->mean);
    } else if (isfinite(c->difference)) {
        e.value = c->difference;
        e.low = c->low;
        e.high = c->high;
        return e;
    } else {
        snprintf(note, sizeof *f->note, "no pair of seeds");
    }
    e.note = note;
    return e;
}

static void add_group(forest *f, int data, int setting, int rate, bool by_rate)
{
    const study_page *s = f->s;
    const int first = f->effects;
    for (int v = 0; v < s->axis[STUDY_VARIANT].n; v++) {
        const study_cell *c = study_cell_at(s, (const int[STUDY_AXES]){data, setting, rate, v});
        if (!c) continue;
        f->effect[f->effects] = effect_of(f, c, v);
        f->effects++;
    }
    if (f->effects == first) return;
    char *name = f->name[f->groups];
    const char *text = by_rate ? s->axis[STUDY_RATE].text[rate] : s->axis[STUDY_SETTING].text[setting];
    snprintf(name, sizeof f->name[0], "%s%.80s", by_rate && *text ? "missing rate " : "", text);
    f->group[f->groups++] = (chart_effects){*name ? name : NULL, f->effects - first, f->effect + first};
}

/* The axis of all forest plots of a kind: from the smallest to the largest end of their intervals. */
static chart_axis forest_axis(const study_page *s, bool means, const char *name)
{
    double low = means ? INFINITY : 0.0, high = means ? -INFINITY : 0.0;
    for (int64_t r = 0; r < s->cells; r++) {
        const study_cell *c = &s->cell[r];
        const double end[3] = {means ? c->mean : c->difference, means ? c->mean - c->deviation : c->low,
                               means ? c->mean + c->deviation : c->high};
        for (int k = 0; k < 3; k++)
            if (isfinite(end[k])) low = fmin(low, end[k]), high = fmax(high, end[k]);
    }
    chart_axis axis = {name, campaign_metric_unit(s->metric), 0, false, NAN, NAN};
    const chart_scale scale = chart_scale_make(&axis, low, high, 4);
    axis.low = scale.low;
    axis.high = scale.high;
    return axis;
}

static void draw_forest(draw_page *page, forest *f, int data, int setting)
{
    const study_page *s = f->s;
    char where[128], title[320], caption[640], name[160];
    if (f->effects == 0) return;
    study_where(s, data, setting, where);
    if (f->means) {
        snprintf(title, sizeof title, "%s by variant: %s", campaign_metric_text(s->metric), where);
        snprintf(caption, sizeof caption,
                 "Mean over seeds, with one standard deviation on each side. The reference "
                 "is marked; the axis is that of all data sets of the study.");
        snprintf(name, sizeof name, "%s", campaign_metric_text(s->metric));
    } else {
        snprintf(title, sizeof title, "Difference from %s: %s", study_reference(s), where);
        snprintf(
            caption, sizeof caption,
            "Difference in %s from the variant %s, paired by seed: mean and 95 %% percentile bootstrap interval. "
            "The reference is marked, with its own mean. No correction for multiple comparisons; the axis is "
            "that of all differences of the study.",
            campaign_metric_text(s->metric), study_reference(s));
        snprintf(name, sizeof name, "difference in %s", campaign_metric_text(s->metric));
    }
    if (*title >= 'a' && *title <= 'z') *title = (char)(*title - 'a' + 'A');
    const chart_figure figure = {
        title, caption, forest_axis(s, f->means, name), {"variant", "name", 0, false, NAN, NAN}};
    chart_draw_forest(page, &figure, f->groups, f->group, !f->means);
}

static ent_status draw_forests(draw_page *page, const study_page *s, bool means)
{
    const bool by_rate = s->axis[STUDY_RATE].n > 1;
    forest *f = ent_alloc(1, sizeof *f);
    if (f) f->effect = ent_alloc(s->cells, sizeof *f->effect);
    if (f) f->note = ent_alloc(s->cells + 1, sizeof *f->note);
    const bool there = f && f->effect && f->note;
    for (int d = 0; d < s->axis[STUDY_DATA].n && there; d++)
        for (int k = 0; k < (by_rate ? s->axis[STUDY_SETTING].n : 1); k++) {
            f->s = s;
            f->means = means;
            f->groups = f->effects = 0;
            for (int r = 0; r < s->axis[STUDY_RATE].n && by_rate; r++) add_group(f, d, k, r, true);
            for (int g = 0; g < s->axis[STUDY_SETTING].n && !by_rate; g++) add_group(f, d, g, 0, false);
            draw_forest(page, f, d, by_rate ? k : -1);
        }
    if (f) {
        ent_free(f->effect);
        ent_free(f->note);
    }
    ent_free(f);
    return there ? ENT_OK : ent_fail(ENT_ENOMEM, "report: no memory");
}

/* ---- means against the rate ---- */

/* The line of each variant; `number` has room for 4 rates per variant. */
static int rate_lines(const study_page *s, int data, int setting, double *number, chart_line *line)
{
    const study_names *rates = &s->axis[STUDY_RATE], *variants = &s->axis[STUDY_VARIANT];
    int lines = 0;
    for (int v = 0; v < variants->n; v++) {
        double *x = number + (size_t)4 * (size_t)v * (size_t)rates->n, *y = x + rates->n, *low = y + rates->n;
        double *high = low + rates->n;
        int n = 0;
        for (int r = 0; r < rates->n; r++) {
            const study_cell *c = study_cell_at(s, (const int[STUDY_AXES]){data, setting, r, v});
            if (!c || !isfinite(c->mean)) continue;
            x[n] = strtod(rates->text[r], NULL);
            y[n] = c->mean;
            low[n] = c->mean - c->deviation;
            high[n++] = c->mean + c->deviation;
        }
        if (n == 0) continue;
        line[lines] = study_line(s, v);
        line[lines].n = n;
        line[lines].x = x;
        line[lines].y = y;
        line[lines].low = low;
        line[lines++].high = high;
    }
    return lines;
}

/* The same y axis for all settings of a data set. */
static chart_axis mean_axis(const study_page *s, int data)
{
    chart_axis axis = {campaign_metric_text(s->metric), campaign_metric_unit(s->metric), 0, false, NAN, NAN};
    double low = INFINITY, high = -INFINITY;
    for (int64_t r = 0; r < s->cells; r++) {
        const study_cell *c = &s->cell[r];
        const double spread = isfinite(c->deviation) ? c->deviation : 0.0;
        if (c->at[STUDY_DATA] != data || !isfinite(c->mean)) continue;
        low = fmin(low, c->mean - spread);
        high = fmax(high, c->mean + spread);
    }
    const chart_scale scale = chart_scale_make(&axis, low, high, 6);
    axis.low = scale.low;
    axis.high = scale.high;
    return axis;
}

static ent_status draw_rates(draw_page *page, const study_page *s)
{
    const int variants = s->axis[STUDY_VARIANT].n;
    double *number = ent_alloc((int64_t)4 * variants * s->axis[STUDY_RATE].n, sizeof *number);
    chart_line *line = ent_alloc(variants, sizeof *line);
    char where[128], title[320], caption[400];
    for (int d = 0; d < s->axis[STUDY_DATA].n && number && line; d++)
        for (int k = 0; k < s->axis[STUDY_SETTING].n; k++) {
            const int lines = rate_lines(s, d, k, number, line);
            if (lines == 0) continue;
            snprintf(title, sizeof title, "%s by missing rate: %s", campaign_metric_text(s->metric),
                     study_where(s, d, k, where));
            if (*title >= 'a' && *title <= 'z') *title = (char)(*title - 'a' + 'A');
            snprintf(caption, sizeof caption,
                     "Mean over seeds, with one standard deviation on each side; variants at the same rate are drawn "
                     "side by side. All settings of a data set have the same axes.");
            const chart_figure figure = {
                title, caption, {"missing rate", "probability", 0, false, NAN, NAN}, mean_axis(s, d)};
            chart_draw_lines(page, &figure, lines, line);
        }
    const bool there = number && line;
    ent_free(number);
    ent_free(line);
    return there ? ENT_OK : ent_fail(ENT_ENOMEM, "report: no memory");
}

/* ---- the whole ---- */

static ent_status draw(draw_page *page, study_page *s)
{
    ENT_TRY(read_cells(s));
    read_names(s);
    draw_page_paragraph(page, "Metric: %s. Reference: %s. %lld cells of data set, setting, rate and variant.",
                        campaign_metric_text(s->metric), study_reference(s), (long long)s->cells);
    ENT_TRY(draw_forests(page, s, false));
    ENT_TRY(s->axis[STUDY_RATE].n > 1 ? draw_rates(page, s) : draw_forests(page, s, true));
    ENT_TRY(study_subsets(page, s));
    campaign_print_csv(
        page, "Comparison with the reference",
        "n points each; difference from the reference variant over pairs with equal seeds, its bootstrap "
        "interval (low, high) and the p value of Wilcoxon's signed-rank test.",
        s->summary);
    return ENT_OK;
}

static ent_status draw_summary(draw_page *page, const char *folder)
{
    static const char *const KEY[] = {"data", "setting", "rate", "variant", NULL};
    char path[4096];
    study_page *s = ent_alloc(1, sizeof *s);
    ENT_REQUIRE(s, ENT_ENOMEM, "report: no memory");
    s->folder = folder;
    snprintf(path, sizeof path, "%.4000s/summary.csv", folder);
    ent_status status = report_csv_read(path, KEY, &s->summary);
    if (status == ENT_OK) status = draw(page, s);
    report_csv_free(s->summary);
    ent_free(s->cell);
    ent_free(s);
    return status;
}

ent_status report_study(draw_page *page, const char *folder, const report_csv *points, const campaign_origin *origin)
{
    char path[4096], title[256], caption[256];
    (void)origin;
    snprintf(path, sizeof path, "%.4000s/summary.csv", folder);
    if (access(path, F_OK) == 0)
        ENT_TRY(draw_summary(page, folder));
    else
        draw_page_paragraph(page, "%s does not exist: no comparison of the variants.", path);
    snprintf(title, sizeof title, "Points of %.200s", folder);
    snprintf(caption, sizeof caption, "%lld points, %lld of them finished.", (long long)points->rows,
             (long long)campaign_points_done(points));
    campaign_print_csv(page, title, caption, points);
    return ENT_OK;
}
