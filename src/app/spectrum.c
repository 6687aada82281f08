/* entente spectrum: shows the frequencies of a trained model in one data angle. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "cli/folder.h"
#include "cli/json.h"
#include "report/draw/chart.h"
#include "run/resume.h"
#include "entente/memory.h"
#include "entente/fed.h"

typedef struct {
    run_result of;
    const char *out;
    int64_t points, samples;
    bool json;
    char modality[ENT_NAME_BYTES]; /* "": the first angle */
    int64_t angle;
    char input[ENT_NAME_BYTES + 24]; /* "text:0" */
} arguments;

/* "text:0" */
static error_t read_input(struct argp_state *state, char *text, void *arguments_)
{
    arguments *a = arguments_;
    const char *colon = strrchr(text, ':');
    if (!colon || colon == text || colon - text >= ENT_NAME_BYTES) {
        argp_error(state, "--input: found '%s', want MODALITY:K, like text:0", text);
        return EINVAL;
    }
    snprintf(a->modality, sizeof a->modality, "%.*s", (int)(colon - text), text);
    return cli_whole(state, colon + 1, 0, 1 << 20, &a->angle);
}

#define AT(field) offsetof(arguments, field)

static const cli_option OPTIONS[] = {
    {"input", 'i', "MODALITY:K",
     "the data angle: number K (from 0) in the register of this modality (default: the first of the first modality)",
     0, .type = CLI_CALL, .call = read_input},
    {"data", 'd', "FILE", "the data set (default: the one of the training)", AT(of.data), .type = CLI_TEXT},
    {"samples", 0, "N", "test rows that supply the other inputs (64)", AT(samples), .type = CLI_WHOLE, .low = 1,
     .high = 1 << 30},
    {"points", 0, "N", "angles on the circle (4 times the degree, plus 8)", AT(points), .type = CLI_WHOLE, .low = 1,
     .high = 1 << 20},
    CLI_OPTION_OUT("DIR", "folder for spectrum-MODALITY-K.csv and .svg (default: that of the result)", AT(out)),
    CLI_OPTION_JSON(AT(json)),
    {0}};

static const cli_line LINE = {
    .options = OPTIONS,
    .argument = {.what = "result", .wanted = "the folder of a result", .offset = AT(of.folder), .doc = "RESULT_DIR"},
    .doc =
        "Show the Fourier coefficients of the outputs of a trained model in one data angle.\v"
        "An output is a trigonometric polynomial in a data angle, whose degree is the number of times that the "
        "circuit "
        "encodes it (Schuld, Sweke, Meyer, arXiv 2008.08605): anything beyond it is rounding.  The other inputs are "
        "those of test rows; |c_k| is averaged over them."};

/* The requested one, or the first. */
static ent_status find_modality(arguments *a, const ent_config *config, int *m)
{
    if (!a->modality[0]) snprintf(a->modality, sizeof a->modality, "%s", config->data.modalities[0]);
    snprintf(a->input, sizeof a->input, "%s:%lld", a->modality, (long long)a->angle);
    for (*m = 0; *m < (int)config->data.modalities_count; ++*m)
        if (strcmp(config->data.modalities[*m], a->modality) == 0) return ENT_OK;
    char names[ENT_MAX_MODALITIES * (ENT_NAME_BYTES + 2)] = "";
    for (unsigned k = 0; k < config->data.modalities_count; k++)
        strcat(strcat(names, k ? ", " : ""), config->data.modalities[k]);
    return ent_fail(ENT_EARG, "--input: found '%s', want one of: %s", a->modality, names);
}

static double beyond_degree(const ent_spectrum *s)
{
    double most = 0.0;
    for (int o = 0; o < s->outputs; o++)
        for (int k = s->degree + 1; k <= s->points / 2; k++)
            most = fmax(most, s->largest[o * (s->points / 2 + 1) + k]);
    return most;
}

static void print(const arguments *a, const ent_spectrum *s)
{
    printf("data angle %s, encoded %d times; %lld samples, %d points\n\n  frequency", a->input, s->degree,
           (long long)s->samples, s->points);
    for (int o = 0; o < s->outputs; o++) printf("  mean |c| out %-2d", o);
    printf("\n");
    for (int k = 0; k <= s->degree; k++) {
        printf("  %9d", k);
        for (int o = 0; o < s->outputs; o++) printf("  %15.6g", s->mean[o * (s->points / 2 + 1) + k]);
        printf("\n");
    }
    printf("\nbeyond degree %d at most %.2g, which is rounding\n", s->degree, beyond_degree(s));
}

static void print_json(const arguments *a, const ent_spectrum *s)
{
    json_t *mean = json_array();
    for (int o = 0; o < s->outputs; o++) {
        json_t *row = json_array();
        for (int k = 0; k <= s->points / 2; k++)
            json_array_append_new(row, json_real(s->mean[o * (s->points / 2 + 1) + k]));
        json_array_append_new(mean, row);
    }
    json_t *object = json_pack("{s:s, s:i, s:i, s:I, s:f, s:o}", "input", a->input, "degree", s->degree, "points",
                               s->points, "samples", (json_int_t)s->samples, "beyond", beyond_degree(s), "mean",
                               mean);
    cli_print_json(object);
}

static ent_status write_csv(const ent_spectrum *s, const char *path)
{
    draw_page *page;
    ENT_TRY(draw_page_new(DRAW_PLAIN, "spectrum", &page));
    fprintf(page->out, "output,frequency,mean,largest\n");
    for (int o = 0; o < s->outputs; o++)
        for (int k = 0; k <= s->points / 2; k++) {
            const int at = o * (s->points / 2 + 1) + k;
            fprintf(page->out, "%d,%d,%.17g,%.17g\n", o, k, s->mean[at], s->largest[at]);
        }
    const ent_status status = draw_page_save(page, path);
    draw_page_free(page);
    return status;
}

/* Bars by frequency, with the outputs stacked, up to one frequency beyond the degree. */
static ent_status write_svg(const arguments *a, const ent_spectrum *s, const char *path)
{
    enum { MOST = 40, MOST_OUTPUTS = 8 };
    char frequency[MOST][16], output[MOST_OUTPUTS][32], caption[512], title[128];
    const char *name[MOST], *part[MOST_OUTPUTS];
    const int shown = s->degree + 2 < s->points / 2 + 1 ? s->degree + 2 : s->points / 2 + 1;
    const int bars = shown < MOST ? shown : MOST, parts = s->outputs < MOST_OUTPUTS ? s->outputs : MOST_OUTPUTS;
    double *value = ent_alloc((int64_t)bars * parts, sizeof *value);
    ENT_REQUIRE(value, ENT_ENOMEM, "spectrum: no memory");
    for (int k = 0; k < bars; k++) {
        snprintf(frequency[k], sizeof frequency[k], "%d", k);
        name[k] = frequency[k];
        for (int o = 0; o < parts; o++) value[o * bars + k] = s->mean[o * (s->points / 2 + 1) + k];
    }
    for (int o = 0; o < parts; o++) {
        snprintf(output[o], sizeof output[o], "output %d", o);
        part[o] = output[o];
    }
    snprintf(title, sizeof title, "Fourier spectrum in data angle %.64s", a->input);
    snprintf(
        caption, sizeof caption,
        "Mean size of the Fourier coefficients of the model's outputs over %lld test rows. The circuit encodes the "
        "angle %d times, so frequencies above %d cannot occur; the largest found there is %.1e.",
        (long long)s->samples, s->degree, s->degree, beyond_degree(s));
    const chart_figure figure = {title,
                                 caption,
                                 {"frequency", "per turn", 0, true, NAN, NAN},
                                 {"coefficient", "output units", 0, false, 0.0, NAN}};
    draw_page *page = NULL;
    ent_status status = draw_page_new(DRAW_SVG, title, &page);
    if (status == ENT_OK) {
        chart_draw_bars(page, &figure,
                        &(chart_bars){.bars = bars, .parts = parts, .name = name, .part = part, .value = value});
        status = draw_page_save(page, path);
    }
    draw_page_free(page);
    ent_free(value);
    return status;
}

static ent_status write_files(const arguments *a, const ent_spectrum *s)
{
    char csv[4096], svg[4096];
    const char *folder = a->out ? a->out : a->of.folder;
    ENT_TRY(cli_folder_file(folder, csv, "spectrum-%s-%lld.csv", a->modality, (long long)a->angle));
    ENT_TRY(cli_folder_file(folder, svg, "spectrum-%s-%lld.svg", a->modality, (long long)a->angle));
    ENT_TRY(write_csv(s, csv));
    ENT_TRY(write_svg(a, s, svg));
    printf("%s\n%s\n", csv, svg);
    return ENT_OK;
}

/* Collective. */
static ent_status analyse(ent_comm *world, void *arguments_, const ent_config *config)
{
    arguments *a = arguments_;
    ent_federation *federation;
    ent_spectrum s;
    int m;
    ENT_TRY(find_modality(a, config, &m));
    const ent_load_inp inp = {.folder = a->of.folder, .data = a->of.data ? a->of.data : config->data.file};
    ENT_TRY(ent_federation_load(world, config, &inp, &federation));
    ent_status status = ent_federation_spectrum(federation, m, (int)a->angle, (int)a->points, a->samples, &s);
    if (status == ENT_OK) {
        if (ent_comm_rank(world) == 0) {
            print(a, &s);
            status = write_files(a, &s);
            if (status == ENT_OK && a->json) print_json(a, &s);
        }
        status = cli_agree_with_root(world, status);
    }
    ent_spectrum_clear(&s);
    ent_federation_free(federation);
    return status;
}

int app_spectrum(int argc, char **argv)
{
    arguments a = {.samples = 64};
    return cli_config_command(&LINE, argc, argv, &a, run_read_result, analyse);
}
