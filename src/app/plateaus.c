/* entente plateaus: shows how the variance of gradients falls with qubits and depth. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "cli/folder.h"
#include "cli/json.h"
#include "report/draw/chart.h"
#include "entente/memory.h"
#include "entente/response.h"

enum { LOCAL, GLOBAL };

typedef struct {
    cli_sizes qubits, layers;
    int ansatz, observable;
    int64_t samples, seed;
    const char *out;
    bool json;
} arguments;

static const char *const ANSATZ[] = {"basic", "strong", "hea", NULL};
static const char *const OBSERVABLE[] = {"local", "global", NULL};

#define AT(field) offsetof(arguments, field)

static const cli_option OPTIONS[] = {
    {"ansatz", 'a', "NAME", "basic, strong or hea (strong)", AT(ansatz), .type = CLI_WORD, .words = ANSATZ},
    {"qubits", 'n', "LIST", "ascending, as 2,4,6 (2,4,6,8,10)", AT(qubits), .type = CLI_SIZES,
     .high = ENT_MAX_STATE_QUBITS},
    {"layers", 'l', "LIST", "ascending (1,2,4,8,16,32)", AT(layers), .type = CLI_SIZES, .high = ENT_MAX_LAYERS},
    {"observable", 0, "KIND", "local: Z of qubits 0 and 1; global: Z of all (local)", AT(observable),
     .type = CLI_WORD, .words = OBSERVABLE},
    {"samples", 0, "N", "random circuits per point (1000)", AT(samples), .type = CLI_WHOLE, .low = 2,
     .high = 1 << 30},
    {"seed", 0, "N", "seed of the random circuits (1)", AT(seed), .type = CLI_WHOLE, .high = CLI_ANY},
    CLI_OPTION_OUT("DIR", "folder for plateaus.csv and plateaus.svg (plateaus)", AT(out)),
    CLI_OPTION_JSON(AT(json)),
    {0}};

static const cli_line LINE = {
    .options = OPTIONS,
    .doc = "Show the variance of gradients over random parameters and data by qubits and layers (barren plateaus: "
           "McClean "
           "et al., arXiv 1803.11173).\v"
           "The derivative is that of the expectation value of the observable, the variance is averaged over the "
           "parameters; all parameters and data angles are uniform in (-pi, pi).  If the circuit scrambles, the "
           "variance "
           "falls by a constant factor per qubit, and training many qubits from a random start is then hopeless."};

typedef struct {
    const arguments *a;
    double *mean, *variance; /* [layers][qubits] */
} table;

static int at(const table *t, int layers, int qubits)
{
    return layers * t->a->qubits.n + qubits;
}

static ent_status measure(table *t)
{
    const arguments *a = t->a;
    const ent_ansatz_kind kind[] = {ENT_ANSATZ_BASIC, ENT_ANSATZ_STRONG, ENT_ANSATZ_HEA};
    cli_bar bar = {.what = "random circuits"};
    const ent_program_inp inp = {.engine = ENT_ENGINE_AUTO};
    for (int q = 0; q < a->qubits.n; q++)
        for (int l = 0; l < a->layers.n; l++) {
            const int n = a->qubits.size[q];
            const ent_ansatz ansatz = {.kind = kind[a->ansatz],
                                       .qubits = n,
                                       .layers = a->layers.size[l],
                                       .angles_per_qubit = 1,
                                       .reupload = true};
            const uint64_t all = (UINT64_C(1) << n) - 1, observable = a->observable == LOCAL ? all & 3 : all;
            ENT_TRY(ent_gradient_variance(&ansatz, observable, &inp, a->samples, (uint64_t)a->seed,
                                          &t->mean[at(t, l, q)], &t->variance[at(t, l, q)]));
            cli_bar_show(&bar, q * a->layers.n + l + 1, (int64_t)a->qubits.n * a->layers.n);
        }
    cli_bar_end(&bar);
    return ENT_OK;
}

/* The factor per qubit of the deepest circuit: exp of the least-squares slope of the log variance; NAN for one
 * size. */
static double factor_a_qubit(const table *t, int layers)
{
    double x = 0.0, y = 0.0, xx = 0.0, xy = 0.0;
    const int n = t->a->qubits.n;
    for (int q = 0; q < n; q++) {
        const double qubits = t->a->qubits.size[q], v = log(t->variance[at(t, layers, q)]);
        x += qubits;
        y += v;
        xx += qubits * qubits;
        xy += qubits * v;
    }
    return exp((n * xy - x * y) / (n * xx - x * x));
}

static void print(const table *t)
{
    const arguments *a = t->a;
    printf("variance of a gradient, ansatz %s, %s observable, %lld random circuits per point\n\n  layers\\qubits",
           ANSATZ[a->ansatz], OBSERVABLE[a->observable], (long long)a->samples);
    for (int q = 0; q < a->qubits.n; q++) printf("  %9d", a->qubits.size[q]);
    printf("  factor per qubit\n");
    for (int l = 0; l < a->layers.n; l++) {
        printf("  %13d", a->layers.size[l]);
        for (int q = 0; q < a->qubits.n; q++) printf("  %9.3g", t->variance[at(t, l, q)]);
        if (a->qubits.n > 1) printf("  %14.3f", factor_a_qubit(t, l));
        printf("\n");
    }
}

static void print_json(const table *t)
{
    const arguments *a = t->a;
    json_t *rows = json_array();
    for (int l = 0; l < a->layers.n; l++)
        for (int q = 0; q < a->qubits.n; q++)
            json_array_append_new(rows, json_pack("{s:i, s:i, s:f, s:f}", "qubits", a->qubits.size[q], "layers",
                                                  a->layers.size[l], "mean", t->mean[at(t, l, q)], "variance",
                                                  t->variance[at(t, l, q)]));
    json_t *object = json_pack("{s:s, s:s, s:I, s:o}", "ansatz", ANSATZ[a->ansatz], "observable",
                               OBSERVABLE[a->observable], "samples", (json_int_t)a->samples, "points", rows);
    cli_print_json(object);
}

static ent_status write_csv(const table *t, const char *path)
{
    const arguments *a = t->a;
    draw_page *page;
    ENT_TRY(draw_page_new(DRAW_PLAIN, "plateaus", &page));
    fprintf(page->out, "ansatz,observable,qubits,layers,samples,mean,variance\n");
    for (int l = 0; l < a->layers.n; l++)
        for (int q = 0; q < a->qubits.n; q++)
            fprintf(page->out, "%s,%s,%d,%d,%lld,%.17g,%.17g\n", ANSATZ[a->ansatz], OBSERVABLE[a->observable],
                    a->qubits.size[q], a->layers.size[l], (long long)a->samples, t->mean[at(t, l, q)],
                    t->variance[at(t, l, q)]);
    const ent_status status = draw_page_save(page, path);
    draw_page_free(page);
    return status;
}

static ent_status write_svg(const table *t, const char *path)
{
    const arguments *a = t->a;
    chart_line line[CLI_SIZES_MAX];
    double x[CLI_SIZES_MAX];
    char name[CLI_SIZES_MAX][24], title[128], caption[512];
    for (int q = 0; q < a->qubits.n; q++) x[q] = a->qubits.size[q];
    for (int l = 0; l < a->layers.n; l++) {
        snprintf(name[l], sizeof name[l], "%d layer%s", a->layers.size[l], a->layers.size[l] == 1 ? "" : "s");
        line[l] = (chart_line){
            .name = name[l], .n = a->qubits.n, .x = x, .y = t->variance + at(t, l, 0), .colour = l % DRAW_COLOURS};
    }
    snprintf(title, sizeof title, "Variance of a gradient, ansatz %s", ANSATZ[a->ansatz]);
    snprintf(
        caption, sizeof caption,
        "Derivative of the expectation value of %s, averaged over the parameters, over %lld draws of all angles per "
        "point. A straight fall on this scale is a barren plateau.",
        a->observable == LOCAL ? "Z on qubits 0 and 1" : "Z on all qubits", (long long)a->samples);
    const chart_figure figure = {
        title, caption, {"qubits", "number", 0, true, NAN, NAN}, {"variance", "1/rad^2", 10, false, NAN, NAN}};
    draw_page *page;
    ENT_TRY(draw_page_new(DRAW_SVG, title, &page));
    chart_draw_lines(page, &figure, a->layers.n, line);
    const ent_status status = draw_page_save(page, path);
    draw_page_free(page);
    return status;
}

static ent_status write_files(const table *t)
{
    char csv[4096], svg[4096];
    ENT_TRY(cli_folder_file(t->a->out, csv, "plateaus.csv"));
    ENT_TRY(cli_folder_file(t->a->out, svg, "plateaus.svg"));
    ENT_TRY(write_csv(t, csv));
    ENT_TRY(write_svg(t, svg));
    printf("\n%s\n%s\n", csv, svg);
    return ENT_OK;
}

int app_plateaus(int argc, char **argv)
{
    arguments a = {.qubits = {5, {2, 4, 6, 8, 10}},
                   .layers = {6, {1, 2, 4, 8, 16, 32}},
                   .ansatz = 1,
                   .samples = 1000,
                   .seed = 1,
                   .out = "plateaus"};
    cli_parse(&LINE, argc, argv, &a);
    const int64_t points = (int64_t)a.qubits.n * a.layers.n;
    table t = {&a, ent_alloc(points, sizeof *t.mean), ent_alloc(points, sizeof *t.variance)};
    ent_status status = t.mean && t.variance ? measure(&t) : ent_fail(ENT_ENOMEM, "plateaus: no memory");
    if (status == ENT_OK) {
        print(&t);
        status = write_files(&t);
    }
    if (status == ENT_OK && a.json) print_json(&t);
    ent_free(t.mean);
    ent_free(t.variance);
    return cli_report(status);
}
