/* entente report: shows results, sweeps and scaling studies on one page. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "entente/memory.h"
#include "report/report.h"
#include "report/scaling.h"

enum { MOST_DETAILS = 4 };

typedef struct {
    const char *out, *csv, *svg, *tex;
    cli_list of;
    bool text, quiet;
} arguments;

#define AT(field) offsetof(arguments, field)

static const cli_option OPTIONS[] = {
    CLI_OPTION_OUT("FILE.html", "the page (default: report.html in the first folder)", AT(out)),
    {"svg", 0, "DIR", "also write each figure to a new folder, as SVG", AT(svg), .type = CLI_TEXT},
    {"csv", 0, "DIR", "also write the numbers of each figure and table to a new folder, as CSV", AT(csv),
     .type = CLI_TEXT},
    {"tex", 0, "DIR", "also write each figure and table to a new folder, as TeX (pgfplots, booktabs)", AT(tex),
     .type = CLI_TEXT},
    {"text", 't', NULL, "print text for a terminal of 80 columns instead; with --out, write it to that file",
     AT(text), .type = CLI_SWITCH},
    CLI_OPTION_QUIET("print only errors", AT(quiet)),
    {0}};

static const cli_line LINE = {
    .options = OPTIONS,
    .argument = {.what = "folder",
                 .wanted = "a folder written by entente train, sweep, study or scaling",
                 .offset = AT(of),
                 .list = true,
                 .doc = "DIR..."},
    .doc =
        "Show results as one self-contained HTML page, or as text.\v"
        "DIR is a result (result.h5), a sweep (table.csv), a study (study.csv), a scaling study (scaling.csv) or a "
        "training without a result yet (rounds.csv); kinds may be mixed.  Results whose configurations differ only "
        "in "
        "their seeds are drawn as one line with its spread; all must have the same "
        "modalities.  Figures without data are left out.\n\n"
        "  entente report result --text\n"
        "  entente report result-1 result-2 result-3 --out seeds.html\n"
        "  entente report study-paper --svg figures --tex tables"};

/* ---- input ---- */

static bool holds(const char *folder, const char *file)
{
    char path[4096];
    return snprintf(path, sizeof path, "%s/%s", folder, file) < (int)sizeof path && access(path, F_OK) == 0;
}

/* The table of a sweep or a study, or NULL. */
static const char *table_of(const char *folder)
{
    return holds(folder, "table.csv") ? "table.csv" : holds(folder, "study.csv") ? "study.csv" : NULL;
}

/* A training without a result so far. */
static bool is_running(const char *folder)
{
    return !holds(folder, "result.h5") && holds(folder, "rounds.csv");
}

static ent_status check_folder(const char *folder)
{
    struct stat state;
    ENT_REQUIRE(stat(folder, &state) == 0, ENT_EIO, "%s: %s", folder, strerror(errno));
    ENT_REQUIRE(S_ISDIR(state.st_mode), ENT_EARG,
                "%s: not a folder, want one that holds result.h5, table.csv, "
                "study.csv or scaling.csv",
                folder);
    if (holds(folder, "result.h5") || table_of(folder) || holds(folder, "scaling.csv") || is_running(folder))
        return ENT_OK;
    if (holds(folder, "points"))
        return ent_fail(
            ENT_EARG,
            "%s: found an unfinished sweep or study, want its tables: `entente sweep FILE.yaml --out %s --table`, or "
            "study, writes them from the finished points",
            folder, folder);
    return ent_fail(
        ENT_EARG, "%s: no result found: neither result.h5 nor table.csv, study.csv, scaling.csv%s", folder,
        holds(folder, "log.txt") ? "; a training that began there has not finished a round yet" : " or rounds.csv");
}

static ent_status read_folder(char *folder, report_input *in)
{
    ENT_TRY(check_folder(folder));
    if (holds(folder, "result.h5")) {
        ENT_TRY(report_run_read(folder, &in->run[in->runs]));
        in->runs++;
    }
    if (is_running(folder)) in->unfinished[in->running++] = folder;
    if (table_of(folder)) in->table[in->tables++] = folder;
    if (holds(folder, "scaling.csv")) in->scaling[in->scalings++] = folder;
    return ENT_OK;
}

static ent_status read_all(const arguments *a, report_input *in)
{
    cli_bar bar = {.what = "results read", .quiet = a->quiet};
    in->run = ent_alloc(a->of.count, sizeof *in->run);
    in->table = ent_alloc(a->of.count, sizeof *in->table);
    in->scaling = ent_alloc(a->of.count, sizeof *in->scaling);
    in->unfinished = ent_alloc(a->of.count, sizeof *in->unfinished);
    ENT_REQUIRE(in->run && in->table && in->scaling && in->unfinished, ENT_ENOMEM, "report: no memory");
    ent_status status = ENT_OK;
    for (int k = 0; k < a->of.count && status == ENT_OK; k++) {
        status = read_folder(a->of.text[k], in);
        cli_bar_show(&bar, k + 1, a->of.count);
    }
    cli_bar_end(&bar);
    return status == ENT_OK && in->runs > 0 ? report_group_runs(in) : status;
}

static void input_free(report_input *in)
{
    for (int k = 0; k < in->runs; k++) report_run_free(in->run[k]);
    report_group_free(in);
    ent_free(in->run);
    ent_free(in->table);
    ent_free(in->scaling);
    ent_free(in->unfinished);
}

/* ---- the page ---- */

static ent_status draw_runs(draw_page *page, const report_input *in)
{
    const int details = in->groups < MOST_DETAILS ? in->groups : MOST_DETAILS;
    draw_page_heading(page, "Results");
    report_metrics(page, in);
    report_curves(page, in);
    report_missing(page, in);
    report_contexts(page, in);
    report_reliability(page, in);
    ENT_TRY(report_audits(page, in));
    draw_page_heading(page, "Classes");
    for (int g = 0; g < details; g++) report_confusion(page, &in->group[g]);
    for (int g = 0; g < details; g++) report_classes(page, &in->group[g]);
    draw_page_heading(page, "Clients");
    report_excluded(page, in);
    for (int g = 0; g < details; g++) {
        report_clients(page, &in->group[g]);
        report_client_rounds(page, &in->group[g]);
    }
    report_split(page, in->run[0]);
    draw_page_heading(page, "Time");
    for (int g = 0; g < details; g++) report_times(page, &in->group[g]);
    if (in->groups > details)
        draw_page_paragraph(page, "Classes, clients and times are drawn for the first %d of %d configurations.",
                            details, in->groups);
    draw_page_heading(page, "Model");
    ENT_TRY(report_circuits(page, in));
    draw_page_heading(page, "Origin");
    report_origin(page, in);
    return ENT_OK;
}

static void draw_head(draw_page *page, const report_input *in)
{
    char runs[80] = "", tables[48] = "", scalings[48] = "";
    if (in->runs > 0)
        snprintf(runs, sizeof runs, " %d result%s of %d configuration%s.", in->runs, in->runs == 1 ? "" : "s",
                 in->groups, in->groups == 1 ? "" : "s");
    if (in->tables > 0)
        snprintf(tables, sizeof tables, " %d %s.", in->tables,
                 in->tables == 1 ? "sweep or study" : "sweeps or studies");
    if (in->scalings > 0)
        snprintf(scalings, sizeof scalings, " %d scaling stud%s.", in->scalings, in->scalings == 1 ? "y" : "ies");
    draw_page_paragraph(page, "%s.%s%s%s", cli_version_line(), runs, tables, scalings);
}

static ent_status draw(draw_page *page, const report_input *in)
{
    draw_head(page, in);
    if (in->runs > 0) ENT_TRY(draw_runs(page, in));
    for (int k = 0; k < in->running; k++) ENT_TRY(report_running(page, in->unfinished[k]));
    for (int k = 0; k < in->tables; k++) ENT_TRY(report_table(page, in->table[k], table_of(in->table[k])));
    return in->scalings > 0 ? report_scaling_draw(page, in->scalings, (const char *const *)in->scaling) : ENT_OK;
}

static ent_status make_page(const arguments *a, const report_input *in, const char *out)
{
    draw_page *page;
    ENT_TRY(draw_page_new(a->text ? DRAW_TEXT : DRAW_HTML, "Entente report", &page));
    ent_status status = draw(page, in);
    const int figures = page->figures;
    if (status == ENT_OK) status = draw_page_save(page, out);
    draw_page_free(page);
    if (status == ENT_OK && out && !a->quiet) printf("%s: %d figures\n", out, figures);
    return status;
}

/* The same as files, one per figure or table. */
static ent_status make_apart(draw_page_kind kind, const char *dir, const arguments *a, const report_input *in)
{
    draw_page *page;
    if (!dir) return ENT_OK;
    ENT_TRY(draw_page_new(kind, "", &page));
    ent_status status = draw(page, in);
    const int files = page->sheets;
    if (status == ENT_OK) status = draw_page_save_apart(page, dir);
    draw_page_free(page);
    if (status == ENT_OK && !a->quiet) printf("%s: %d files\n", dir, files);
    return status;
}

static ent_status make_all(const arguments *a, const report_input *in, const char *out)
{
    ENT_TRY(make_apart(DRAW_SVG_APART, a->svg, a, in));
    ENT_TRY(make_apart(DRAW_CSV, a->csv, a, in));
    ENT_TRY(make_apart(DRAW_TEX, a->tex, a, in));
    return make_page(a, in, out);
}

int app_report_page(int argc, char **argv)
{
    arguments a = {.quiet = false};
    report_input in = {.runs = 0};
    char named[4096];
    cli_parse(&LINE, argc, argv, &a);
    snprintf(named, sizeof named, "%.4000s/report.html", a.of.text[0]);
    if (a.text && !a.out) a.quiet = true;
    ent_status status = read_all(&a, &in);
    if (status == ENT_OK) status = make_all(&a, &in, a.out || a.text ? a.out : named);
    input_free(&in);
    return cli_report(status);
}
