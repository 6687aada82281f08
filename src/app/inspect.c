/* entente inspect: shows the contents of a data set, a result or a checkpoint. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app.h"
#include "report/draw/chart.h"
#include "report/report.h"
#include "report/report_csv.h"
#include "entente/h5.h"
#include "entente/memory.h"
#include "entente/split.h"
#include "entente/survey.h"
#include "entente/visible.h"
#include "entente/fed.h"
#include "run/summary.h"

enum { BINS = 24, MOST_BARS = 64 };

typedef struct {
    const char *path, *plot_path;
    draw_page *plot; /* NULL: none */
} inspection;

static const cli_option OPTIONS[] = {{"plot", 'p', "FILE.svg", "draw rows, presence and labels of a data set as SVG",
                                      offsetof(inspection, plot_path), .type = CLI_TEXT},
                                     {0}};

static const cli_line LINE = {.options = OPTIONS,
                              .argument = {.what = "file",
                                           .wanted = "a file or a folder",
                                           .offset = offsetof(inspection, path),
                                           .doc = "FILE.h5|RESULT_DIR"},
                              .doc = "Show the contents of a data set, a result or a checkpoint, or the last round "
                                     "of a training without a result.\v"
                                     "A data set: its modalities, labels, rows and what is missing.  A result: its "
                                     "configuration, model, figures and hashes.  A checkpoint: how far the training "
                                     "came.\n\n"
                                     "  entente inspect data.h5 --plot data.svg\n"
                                     "  entente inspect result"};

/* A text from the file, with control characters escaped; it may contain line breaks if `keep` does. */
static void print_visible(const char *before, const char *text, const char *keep, const char *after)
{
    const size_t room = 4 * strlen(text) + 5;
    char *shown = ent_alloc((int64_t)room, 1);
    printf("%s%s%s", before, shown ? ent_visible(text, keep, shown, room) : "(no memory)", after);
    ent_free(shown);
}

/* Bars of row counts, if a plot is requested. */
static void draw_counts(const inspection *in, const chart_figure *figure, int n, const int64_t *count,
                        const char *const *name)
{
    double value[MOST_BARS];
    if (!in->plot) return;
    for (int k = 0; k < n; k++) value[k] = (double)count[k];
    chart_draw_bars(in->plot, figure, &(chart_bars){.bars = n, .parts = 1, .name = name, .value = value});
}

static chart_figure figure_of(const char *title, const char *caption, const char *x, const char *unit)
{
    return (chart_figure){title, caption, {x, unit, 0, false, NAN, NAN}, {"rows", "number", 0, true, 0.0, NAN}};
}

static void print_parts(const inspection *in, const ent_dataset *d)
{
    static const char *const parts[] = {"train", "validation", "test"};
    int64_t count[3] = {0};
    for (int64_t r = 0; r < d->rows; r++) count[d->split[r]]++;
    const chart_figure figure = figure_of("Rows of each part", "Every row of the data set, counted.", "part", "name");
    draw_counts(in, &figure, 3, count, parts);
    printf("  rows       %lld (train %lld, validation %lld, test %lld)\n", (long long)d->rows, (long long)count[0],
           (long long)count[1], (long long)count[2]);
}

static ent_status print_groups(const ent_dataset *d)
{
    int32_t *group;
    int64_t count;
    if (!d->group) return ENT_OK;
    ENT_TRY(ent_split_groups(d->rows, d->group, &group, &count));
    printf("  groups     %lld\n", (long long)count);
    ent_free(group);
    return ENT_OK;
}

static ent_status print_modalities(const inspection *in, const ent_dataset *d)
{
    int64_t present[ENT_MAX_MODALITIES];
    const char *name[ENT_MAX_MODALITIES];
    for (int m = 0; m < d->modalities; m++) {
        ent_survey s;
        cli_bar bar = {.what = "rows examined"};
        const ent_status status = ent_survey_modality(d, m, cli_bar_show, &bar, &s);
        cli_bar_end(&bar);
        ENT_TRY(status);
        name[m] = d->modality[m].name;
        present[m] = s.present;
        printf("  modality   %-16s %6lld features, present in %lld rows (%.1f %%)\n", name[m],
               (long long)d->modality[m].dimension, (long long)s.present,
               100.0 * (double)s.present / (double)d->rows);
        if (s.numbers > s.nonfinite)
            printf("             %-16s range %g to %g, mean %g, standard deviation %g\n", "", s.low, s.high, s.mean,
                   s.std);
        if (s.looked == 0)
            printf("             %-16s rows too long to be examined\n", "");
        else if (s.looked < d->rows)
            printf("             %-16s from a sample of %lld evenly spaced rows\n", "", (long long)s.looked);
        if (s.nonfinite > 0) printf("             %-16s %lld numbers are not finite\n", "", (long long)s.nonfinite);
    }
    const chart_figure figure =
        figure_of("Rows that have a modality", "Every row of the data set, counted.", "modality", "name");
    draw_counts(in, &figure, d->modalities, present, name);
    return ENT_OK;
}

/* The n bars of the histogram of a label, with their names. */
typedef struct {
    int n;
    int64_t count[MOST_BARS];
    char text[MOST_BARS][32];
    const char *name[MOST_BARS];
} histogram;

static void name_bars(histogram *h, double first, double step)
{
    for (int k = 0; k < h->n; k++) {
        snprintf(h->text[k], sizeof h->text[k], "%.3g", first + k * step);
        h->name[k] = h->text[k];
    }
}

/* Classes beyond the last bar are counted in the last one. */
static void count_classes(const ent_dataset *d, histogram *h)
{
    h->n = d->classes < MOST_BARS ? d->classes : MOST_BARS;
    for (int64_t r = 0; r < d->rows; r++) h->count[d->category[r] < h->n ? d->category[r] : h->n - 1]++;
    for (int k = 0; k < h->n; k++) {
        if (d->class_text)
            snprintf(h->text[k], sizeof h->text[k], "%.31s", d->class_text[k]);
        else
            snprintf(h->text[k], sizeof h->text[k], "%d", d->class_name[k]);
        h->name[k] = h->text[k];
    }
}

static void print_classes(const ent_dataset *d, const histogram *h)
{
    printf("%d classes:", d->classes);
    for (int c = 0; c < h->n; c++) {
        if (d->class_text) print_visible(c > 0 ? ", " : " ", d->class_text[c], "", "");
        printf(" %lld", (long long)h->count[c]);
    }
    printf(" rows%s\n", d->classes > h->n ? " (the last of these: all classes from there on)" : "");
}

static void count_values(const ent_dataset *d, double low, double high, histogram *h)
{
    const double step = (high - low) / BINS;
    h->n = BINS;
    for (int64_t r = 0; r < d->rows; r++) {
        const int bin = step > 0.0 ? (int)((d->value[r] - low) / step) : 0;
        h->count[bin < BINS ? bin : BINS - 1]++;
    }
    name_bars(h, low, step);
}

static void print_values(const ent_dataset *d, histogram *h)
{
    double low = INFINITY, high = -INFINITY, sum = 0.0;
    for (int64_t r = 0; r < d->rows; r++) {
        low = fmin(low, d->value[r]);
        high = fmax(high, d->value[r]);
        sum += d->value[r];
    }
    count_values(d, low, high, h);
    printf("real, %g to %g, mean %g; %d equal bins:", low, high, sum / (double)d->rows, BINS);
    for (int k = 0; k < h->n; k++) printf(" %lld", (long long)h->count[k]);
    printf("\n");
}

static ent_status print_label(const inspection *in, const char *label)
{
    ent_dataset *d;
    histogram h = {.n = 0};
    const ent_status status = ent_dataset_open(in->path, 0, NULL, &(ent_label_inp){.name = label}, &d);
    char shown[64];
    printf("  label      %-16s ", ent_visible(label, "", shown, sizeof shown));
    if (status != ENT_OK) { /* a column of a .csd may contain anything; the others are still shown */
        printf("cannot be used: %s\n", ent_message());
        return status == ENT_EDATA ? ENT_OK : status;
    }
    if (d->classes > 0) {
        count_classes(d, &h);
        print_classes(d, &h);
    } else {
        print_values(d, &h);
    }
    char title[ENT_NAME_BYTES + 32];
    snprintf(title, sizeof title, "Label %.60s", shown);
    const bool classes = d->classes > 0;
    const chart_figure figure = figure_of(title,
                                          classes ? "Rows of each class."
                                                  : "Rows by the label's value, in equal bins "
                                                    "named by their lower end.",
                                          classes ? "class" : "value", classes ? "index" : "unit of the label");
    draw_counts(in, &figure, h.n, h.count, h.name);
    ent_dataset_free(d);
    return ENT_OK;
}

static ent_status print_rows(const inspection *in)
{
    ent_dataset *d;
    ENT_TRY(ent_dataset_open(in->path, 0, NULL, NULL, &d));
    printf("%s: data set%s", in->path, *d->name ? " " : "");
    print_visible("", d->name, "", "\n");
    if (*d->source) print_visible("  source     ", d->source, "", "\n");
    if (*d->licence) print_visible("  licence    ", d->licence, "", "\n");
    print_parts(in, d);
    ent_status status = print_groups(d);
    if (status == ENT_OK) status = print_modalities(in, d);
    ent_dataset_free(d);
    return status;
}

static ent_status print_data(const inspection *in, char **label, int64_t labels)
{
    ENT_TRY(print_rows(in));
    for (int64_t k = 0; k < labels; k++) ENT_TRY(print_label(in, label[k]));
    return ENT_OK;
}

static ent_status draw_data(inspection *in, char **label, int64_t labels)
{
    ENT_TRY(draw_page_new(DRAW_SVG, in->path, &in->plot));
    ent_status status = print_data(in, label, labels);
    if (status == ENT_OK) status = draw_page_save(in->plot, in->plot_path);
    draw_page_free(in->plot);
    in->plot = NULL;
    return status;
}

static ent_status inspect_data(inspection *in, const ent_h5 *file)
{
    char **label;
    int64_t labels;
    ENT_TRY(ent_h5_names(file, "/label", &label, &labels));
    const ent_status status = in->plot_path ? draw_data(in, label, labels) : print_data(in, label, labels);
    ent_h5_names_free(label, labels);
    return status;
}

static ent_status print_text(const ent_h5 *file, const char *name, const char *title)
{
    char *text;
    ENT_TRY(ent_h5_read_text(file, name, &text));
    printf("  %-10s ", title);
    print_visible("", text, "", "\n");
    ent_free(text);
    return ENT_OK;
}

static ent_status print_metrics(const ent_h5 *file)
{
    char **name;
    int64_t count;
    ENT_TRY(ent_h5_names(file, "/metrics", &name, &count));
    ent_status status = ENT_OK;
    for (int64_t k = 0; k < count && status == ENT_OK; k++) {
        char path[256];
        double value;
        snprintf(path, sizeof path, "/metrics/%s", name[k]);
        status = ent_h5_read(file, path, ENT_H5_F64, 1, &value);
        char shown[128];
        if (status == ENT_OK && !isnan(value))
            printf("  %-20s %.6g\n", ent_visible(name[k], "", shown, sizeof shown), value);
    }
    ent_h5_names_free(name, count);
    return status;
}

/* A column of numbers, or NULL if the file lacks it; ent_free. */
static ent_status read_column(const ent_h5 *file, const char *name, int64_t *n, double **value)
{
    *value = NULL;
    *n = 0;
    if (!ent_h5_has(file, name)) return ENT_OK;
    *n = -1;
    return ent_h5_read_list(file, name, ENT_H5_F64, n, (void **)value);
}

/* Of a number that the file may lack. */
static ent_status print_number(const ent_h5 *file, const char *name, const char *title)
{
    double value = NAN;
    if (ent_h5_has(file, name)) ENT_TRY(ent_h5_read(file, name, ENT_H5_F64, 1, &value));
    if (!isnan(value)) printf("  %-20s %.6g\n", title, value);
    return ENT_OK;
}

static void print_share(int64_t part, int64_t whole)
{
    if (whole > 0)
        printf("  %9.4f", (double)part / (double)whole);
    else
        printf("  %9s", "-");
}

/* Samples, recall and precision of each class, and the class it is most often mistaken for. */
static void print_confusion(int64_t classes, char *const *name, const int64_t *table)
{
    char shown[128];
    int width = 8;
    for (int64_t c = 0; c < classes; c++) {
        const int own = (int)strlen(ent_visible(name[c], "", shown, sizeof shown));
        width = own > width ? own : width;
    }
    printf("\nClasses:\n  %*s  %8s  %9s  %9s  %s\n", width, "class", "samples", "recall", "precision", "taken for");
    for (int64_t c = 0; c < classes; c++) {
        int64_t samples = 0, predicted = 0, other = -1;
        for (int64_t k = 0; k < classes; k++) {
            samples += table[c * classes + k];
            predicted += table[k * classes + c];
            const int64_t wrong = k == c ? 0 : table[c * classes + k];
            if (wrong > 0 && (other < 0 || wrong > table[c * classes + other])) other = k;
        }
        printf("  %*s  %8lld", width, ent_visible(name[c], "", shown, sizeof shown), (long long)samples);
        print_share(table[c * classes + c], samples);
        print_share(table[c * classes + c], predicted);
        if (other >= 0)
            printf("  %s (%lld)", ent_visible(name[other], "", shown, sizeof shown),
                   (long long)table[c * classes + other]);
        printf("\n");
    }
}

static ent_status show_classes(const ent_h5 *file)
{
    report_run run = {.rounds = 0};
    ent_h5_shape shape;
    if (!ent_h5_has(file, "/test/confusion")) return ENT_OK; /* a real label, or an older result */
    ENT_TRY(ent_h5_describe(file, "/label/class_name", &shape));
    run.outputs = shape.size[0];
    const ent_status status = report_tests_read(file, &run);
    if (status == ENT_OK) print_confusion(run.classes, run.class_text, run.confusion);
    report_tests_free(&run);
    return status;
}

/* Of the test rows. */
static ent_status print_interval(const ent_h5 *file)
{
    double n = NAN, accuracy = NAN, low, high;
    if (!ent_h5_has(file, "/metrics/n") || !ent_h5_has(file, "/metrics/accuracy")) return ENT_OK;
    ENT_TRY(ent_h5_read(file, "/metrics/n", ENT_H5_F64, 1, &n));
    ENT_TRY(ent_h5_read(file, "/metrics/accuracy", ENT_H5_F64, 1, &accuracy));
    run_accuracy_interval(n >= 1.0 && n < 1e15 ? (int64_t)n : 0, accuracy, 0.95, &low, &high);
    if (!isnan(low))
        printf("  %-20s %.4f to %.4f (95 %%, bootstrap over test rows)\n", "accuracy between", low, high);
    return ENT_OK;
}

/* The sum of a column of /round. */
static ent_status print_sum(const ent_h5 *file, const char *name, const char *title, const char *unit)
{
    double *value, sum = 0.0;
    int64_t n;
    ENT_TRY(read_column(file, name, &n, &value));
    for (int64_t k = 0; k < n; k++) sum += value[k];
    if (n > 0) printf("  %-10s %.6g%s\n", title, sum, unit);
    ent_free(value);
    return ENT_OK;
}

static ent_status print_clients(const ent_h5 *file, const char *name, const char *title)
{
    double *value;
    int64_t n;
    ENT_TRY(read_column(file, name, &n, &value));
    const run_spread spread = run_spread_of(n, value);
    run_print_spread(stdout, title, &spread);
    ent_free(value);
    return ENT_OK;
}

/* Check the file against its seal; a damaged file is still shown, and causes a failure at the end. */
static ent_status print_seal(const ent_h5 *file)
{
    int64_t count;
    const ent_status status = ent_h5_verify(file, &count);
    if (status != ENT_OK)
        printf("  intact     no: %s\n", ent_message());
    else if (count > 0)
        printf("  intact     all %lld datasets are what was written (SHA-256)\n", (long long)count);
    else
        printf("  intact     unknown: written by an older version without checksums\n");
    return status;
}

/* Older programs had the weights of the last round. */
static ent_status print_selected(const ent_h5 *file)
{
    double *loss, *accuracy;
    int64_t n, round;
    if (!ent_h5_has(file, "/selected_round")) return ENT_OK;
    ENT_TRY(ent_h5_read(file, "/selected_round", ENT_H5_I64, 1, &round));
    ENT_TRY(read_column(file, "/round/validation_loss", &n, &loss));
    const ent_status status = read_column(file, "/round/validation_accuracy", &n, &accuracy);
    if (status == ENT_OK) {
        printf("  weights    of round %lld", (long long)round + 1);
        if (round >= 0 && round < n && !isnan(loss[round])) printf(", validation loss %.4f", loss[round]);
        if (round >= 0 && round < n && !isnan(accuracy[round])) printf(", validation accuracy %.4f", accuracy[round]);
        printf("\n");
        ent_free(accuracy);
    }
    ent_free(loss);
    return status;
}

/* The configuration, after the devices of the clients where these differ. */
static ent_status print_config(const ent_h5 *file)
{
    char *text, devices[1024];
    ent_config *config = NULL;
    ENT_TRY(ent_h5_read_text(file, "/config", &text));
    if (ent_config_parse(text, &config) == ENT_OK) {
        ent_devices_text(config, sizeof devices, devices);
        if (*devices) print_visible("\nDevices of the clients, in turn: ", devices, "", " (0: all)\n");
        ent_config_free(config);
    }
    print_visible("\nConfiguration:\n", text, "\n", "");
    ent_free(text);
    return ENT_OK;
}

static ent_status print_result(const char *path, const ent_h5 *file)
{
    char cone[256];
    int64_t layout[2];
    ent_h5_shape rounds, weights;
    ENT_TRY(print_text(file, "/version", "version"));
    ENT_TRY(print_text(file, "/created", "created"));
    ENT_TRY(print_text(file, "/host", "host"));
    if (ent_h5_has(file, "/kind")) ENT_TRY(print_text(file, "/kind", "model"));
    ENT_TRY(print_text(file, "/engine", "engine"));
    if (report_cone(file, path, cone) != ENT_OK) /* the rest of the result is shown */
        printf("  readouts   unknown dependencies: %s\n", ent_message());
    else if (*cone)
        printf("  readouts   %s\n", cone);
    if (ent_h5_has(file, "/isa")) ENT_TRY(print_text(file, "/isa", "processor"));
    if (ent_h5_has(file, "/blas")) ENT_TRY(print_text(file, "/blas", "OpenBLAS"));
    ENT_TRY(ent_h5_read(file, "/layout", ENT_H5_I64, 2, layout));
    ENT_TRY(ent_h5_describe(file, "/round/round", &rounds));
    ENT_TRY(ent_h5_describe(file, "/weights/value", &weights));
    printf("  layout     %lld rank%s of %lld thread%s\n", (long long)layout[0], layout[0] == 1 ? "" : "s",
           (long long)layout[1], layout[1] == 1 ? "" : "s");
    printf("  rounds     %lld\n  parameters %lld\n", (long long)rounds.size[0], (long long)weights.size[0]);
    ENT_TRY(print_selected(file));
    ENT_TRY(print_sum(file, "/round/simulated_s", "simulated", " s"));
    ENT_TRY(print_sum(file, "/round/trained", "updates", ""));
    ENT_TRY(print_sum(file, "/round/lost", "lost", ""));
    ENT_TRY(print_sum(file, "/round/excluded", "diverged", " (left out)"));
    printf("\nTest figures:\n");
    ENT_TRY(print_metrics(file));
    ENT_TRY(print_interval(file));
    ENT_TRY(print_number(file, "/baseline/majority", "majority class"));
    ENT_TRY(print_number(file, "/baseline/chance", "chance"));
    ENT_TRY(print_clients(file, "/client/accuracy", "accuracy by client"));
    ENT_TRY(print_clients(file, "/client/personal_accuracy", "own models, by client"));
    ENT_TRY(show_classes(file));
    return print_config(file);
}

static ent_status inspect_result(const char *path, const ent_h5 *file)
{
    char damage[2048];
    printf("%s: result of a training\n", path);
    const ent_status sealed = print_seal(file);
    snprintf(damage, sizeof damage, "%s", ent_message());
    ENT_TRY(print_result(path, file));
    return sealed == ENT_OK ? ENT_OK : ent_fail(sealed, "%s", damage);
}

static void print_column(const report_csv *csv, const char *column, const char *name)
{
    const double value = report_csv_value(csv, column, csv->rows - 1);
    if (!isnan(value)) printf("  %-28s %.4f\n", name, value);
}

/* A training without a result: show the last row of its rounds.csv. */
static ent_status inspect_rounds(const char *path)
{
    report_csv *csv;
    ENT_TRY(report_csv_read(path, (const char *const[]){"round", NULL}, &csv));
    printf("%s: %lld round%s of a training that has no result yet\n", path, (long long)csv->rows,
           csv->rows == 1 ? "" : "s");
    if (csv->rows > 0) {
        printf("\nThe last round:\n");
        print_column(csv, "train_loss", "training loss");
        print_column(csv, "validation_loss", "validation loss");
        print_column(csv, "validation_accuracy", "validation accuracy");
        print_column(csv, "test_loss", "test loss");
        print_column(csv, "test_accuracy", "test accuracy");
        print_column(csv, "test_mae", "mean absolute error");
    }
    report_csv_free(csv);
    return ENT_OK;
}

static ent_status inspect_checkpoint(const char *path, const ent_h5 *file)
{
    ent_h5_shape rounds = {.size = {0}}, weights;
    if (ent_h5_has(file, "/figures")) ENT_TRY(ent_h5_describe(file, "/figures", &rounds));
    ENT_TRY(ent_h5_describe(file, "/weights", &weights));
    printf("%s: checkpoint of a training; resume it with the same command and --resume\n", path);
    printf("  rounds     %lld%s\n  parameters %lld\n", (long long)rounds.size[0],
           ent_h5_has(file, "/inside/sum") ? ", and part of the next one" : "", (long long)weights.size[1]);
    return print_config(file);
}

/* A folder means the result in it, as for the other commands; without a result, the finished rounds. */
static const char *file_of(const char *path, char inside[4096])
{
    static const char *const NAME[] = {"result.h5", "rounds.csv", "checkpoint.h5"};
    struct stat state;
    if (stat(path, &state) != 0 || !S_ISDIR(state.st_mode)) return path;
    for (int k = 0; k < 3; k++)
        if (snprintf(inside, 4096, "%s/%s", path, NAME[k]) < 4096 && stat(inside, &state) == 0) return inside;
    return snprintf(inside, 4096, "%s/%s", path, NAME[0]) < 4096 ? inside : path;
}

static bool is_csv(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot && strcmp(dot, ".csv") == 0;
}

int app_inspect(int argc, char **argv)
{
    char inside[4096];
    inspection in = {.path = NULL};
    ent_h5 *file = NULL;
    cli_parse(&LINE, argc, argv, &in);
    const char *path = in.path = file_of(in.path, inside);
    if (is_csv(path)) return cli_report(inspect_rounds(path));
    ent_status status = ent_h5_open(path, &file);
    if (status == ENT_OK) {
        if (ent_h5_has(file, "/weights/value"))
            status = inspect_result(path, file);
        else if (ent_h5_has(file, "/modality"))
            status = inspect_data(&in, file);
        else if (ent_h5_has(file, "/numbers") && ent_h5_has(file, "/config"))
            status = inspect_checkpoint(path, file);
        else
            status = ent_fail(
                ENT_EFORMAT,
                "%s: found no /modality, /weights/value or /numbers, want a data set, a result or a checkpoint",
                path);
    }
    ent_h5_close(file);
    return cli_report(status);
}
