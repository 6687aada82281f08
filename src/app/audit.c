/* entente audit: how well an attacker tells the training rows of a result from its test rows. */
#include <math.h>
#include <string.h>

#include "app.h"
#include "cli/folder.h"
#include "cli/json.h"
#include "entente/fed.h"
#include "entente/h5.h"
#include "entente/memory.h"
#include "privacy/membership.h"
#include "report/draw/chart.h"
#include "run/resume.h"

typedef struct {
    run_result of;
    const char *out;
    int64_t seed;
    bool json;
} arguments;

#define AT(field) offsetof(arguments, field)

static const cli_option OPTIONS[] = {
    {"data", 'd', "FILE", "the data set (default: that of the training)", AT(of.data), .type = CLI_TEXT},
    CLI_OPTION_OUT("DIR", "folder for audit.csv and audit.svg (default: the result's)", AT(out)),
    {"seed", 's', "N", "seed of the halves and the bootstrap (1)", AT(seed), .type = CLI_WHOLE, .high = CLI_ANY},
    CLI_OPTION_JSON(AT(json)),
    {0}};

static const cli_line LINE = {
    .options = OPTIONS,
    .argument = {.what = "result", .wanted = "a result folder", .offset = AT(of.folder), .doc = "RESULT_DIR"},
    .doc = "Membership inference: how well an attacker who has the model tells rows that it "
           "was trained on from rows that it was "
           "not.\v"
           "The attacker reads each row's loss (threshold: Yeom et al., arXiv 1709.01604), or "
           "compares two normal distributions "
           "of its log-odds, fitted by class to rows that it knows (ratio: after Carlini et "
           "al., arXiv 2112.03570).  Members are "
           "the training rows, the others the test rows, with all their modalities.  The "
           "advantage is the true positive rate "
           "minus the false positive rate, 0 for guessing; intervals are 95 % by bootstrap.  A "
           "model that resists is not private "
           "for that; only epsilon bounds all attacks."};

enum { THRESHOLD, RATIO, ATTACKS };
static const char *const NAME[ATTACKS] = {"threshold", "ratio"};

typedef struct {
    ent_attack_figures attack[ATTACKS];
    double epsilon, delta, bound; /* NaN without differential privacy */
} answer;

/* ---- scores ---- */

typedef struct {
    int64_t n;
    double *score[ATTACKS];
    bool *member;
    int32_t *kind;
} scores;

static void scores_clear(scores *s)
{
    for (int k = 0; k < ATTACKS; k++) ent_free(s->score[k]);
    ent_free(s->member);
    ent_free(s->kind);
}

/* log p of the true class, and log(p / (1 - p)), from logits. */
static void score_class(int classes, const double *logit, int category, double *log_p, double *odds)
{
    double most = -INFINITY, other = -INFINITY, all = 0.0, rest = 0.0;
    for (int c = 0; c < classes; c++) {
        most = fmax(most, logit[c]);
        if (c != category) other = fmax(other, logit[c]);
    }
    for (int c = 0; c < classes; c++) {
        all += exp(logit[c] - most);
        if (c != category) rest += exp(logit[c] - other);
    }
    *log_p = logit[category] - most - log(all);
    *odds = logit[category] - other - log(rest);
}

/* Of the training and the test rows. */
static ent_status scores_make(const ent_federation_view *v, scores *s)
{
    const ent_part *part = &v->part[ENT_TEST];
    for (int k = 0; k < ATTACKS; k++) s->score[k] = ent_alloc(part->n, sizeof *s->score[k]);
    s->member = ent_alloc(part->n, sizeof *s->member);
    s->kind = ent_alloc(part->n, sizeof *s->kind);
    ENT_REQUIRE(s->score[0] && s->score[1] && s->member && s->kind, ENT_ENOMEM, "audit: no memory");
    for (int64_t k = 0; k < part->n; k++) {
        const int where = v->split[part->row[k]];
        const double *output = v->output + k * v->outputs;
        if (where == ENT_VALIDATION) continue;
        s->member[s->n] = where == ENT_TRAIN;
        if (v->label.classes > 0) {
            s->kind[s->n] = part->category[k];
            score_class(v->label.classes, output, part->category[k], &s->score[0][s->n], &s->score[1][s->n]);
        } else {
            const double off = fabs(output[0] - part->value[k]);
            s->score[0][s->n] = -off;
            s->score[1][s->n] = -log(off + 1e-12);
        }
        s->n++;
    }
    return ENT_OK;
}

/* What the training's last round says. */
static ent_status read_epsilon(const char *folder, const ent_config *config, answer *out)
{
    char path[4096];
    ent_h5 *file;
    out->epsilon = out->delta = out->bound = NAN;
    if (config->privacy.mode == ENT_PRIVACY_NONE || config->federation.rounds == 0) return ENT_OK;
    ENT_REQUIRE(snprintf(path, sizeof path, "%s/result.h5", folder) < (int)sizeof path, ENT_EARG,
                "%s: too long a path", folder);
    double *epsilon = ent_alloc(config->federation.rounds, sizeof *epsilon);
    ENT_REQUIRE(epsilon, ENT_ENOMEM, "audit: no memory");
    ent_status status = ent_h5_open(path, &file);
    if (status == ENT_OK) {
        status = ent_h5_read(file, "/round/epsilon", ENT_H5_F64, config->federation.rounds, epsilon);
        ent_h5_close(file);
    }
    if (status == ENT_OK) {
        out->epsilon = epsilon[config->federation.rounds - 1];
        out->delta = config->privacy.delta;
        out->bound = ent_membership_bound(out->epsilon, out->delta);
    }
    ent_free(epsilon);
    return status;
}

/* ---- what is shown ---- */

static void print(const answer *r)
{
    const ent_attack_figures *any = &r->attack[0];
    printf("%lld rows of the training, %lld others\n\n", (long long)any->members, (long long)any->others);
    printf("  attack     area under ROC             advantage                  found at 1 %% false\n");
    for (int k = 0; k < ATTACKS; k++) {
        const ent_attack_figures *f = &r->attack[k];
        printf("  %-9s  %.3f (%.3f to %.3f)    %+.3f (%+.3f to %+.3f)  %.3f\n", NAME[k], f->area.value, f->area.low,
               f->area.high, f->advantage.value, f->advantage.low, f->advantage.high, f->at_1_percent);
    }
    if (!isnan(r->epsilon))
        printf("\nepsilon %.4g at delta %g: no attack on a client has an advantage above %.3f\n", r->epsilon,
               r->delta, r->bound);
}

static json_t *json_interval(const ent_interval *i)
{
    return json_pack("{s:f, s:f, s:f}", "low", i->low, "value", i->value, "high", i->high);
}

static void print_json(const answer *r)
{
    json_t *object = json_pack("{s:I, s:I, s:o, s:o}", "members", (json_int_t)r->attack[0].members, "others",
                               (json_int_t)r->attack[0].others, "epsilon", cli_number(r->epsilon), "bound",
                               cli_number(r->bound));
    for (int k = 0; k < ATTACKS; k++) {
        const ent_attack_figures *f = &r->attack[k];
        json_t *roc = json_array();
        for (int p = 0; p < ENT_ROC_POINTS; p++) json_array_append_new(roc, json_real(f->roc[p]));
        json_object_set_new(object, NAME[k],
                            json_pack("{s:o, s:o, s:f, s:o}", "area", json_interval(&f->area), "advantage",
                                      json_interval(&f->advantage), "at_1_percent", f->at_1_percent, "roc", roc));
    }
    cli_print_json(object);
}

static ent_status write_csv(const answer *r, const char *path)
{
    draw_page *page;
    ENT_TRY(draw_page_new(DRAW_PLAIN, "audit", &page));
    fprintf(page->out, "false_positive_rate,threshold,ratio\n");
    for (int p = 0; p < ENT_ROC_POINTS; p++)
        fprintf(page->out, "%.2f,%.17g,%.17g\n", 0.01 * p, r->attack[0].roc[p], r->attack[1].roc[p]);
    const ent_status status = draw_page_save(page, path);
    draw_page_free(page);
    return status;
}

static ent_status write_svg(const answer *r, const char *path)
{
    double x[ENT_ROC_POINTS];
    char caption[400];
    chart_line line[ATTACKS + 1];
    for (int p = 0; p < ENT_ROC_POINTS; p++) x[p] = 0.01 * p;
    for (int k = 0; k < ATTACKS; k++)
        line[k] = (chart_line){.name = NAME[k], .n = ENT_ROC_POINTS, .x = x, .y = r->attack[k].roc, .colour = k};
    line[ATTACKS] = (chart_line){.name = "guessing", .n = ENT_ROC_POINTS, .x = x, .y = x, .colour = ATTACKS};
    snprintf(
        caption, sizeof caption,
        "Share of the training rows that are recognised, against the share of other rows taken for training rows. "
        "Areas %.3f (threshold) and %.3f (ratio), 0.5 for guessing.",
        r->attack[0].area.value, r->attack[1].area.value);
    const chart_figure figure = {"Membership inference",
                                 caption,
                                 {"false positive rate", "share of the other rows", 0, false, 0.0, 1.0},
                                 {"true positive rate", "share of training rows", 0, false, 0.0, 1.0}};
    draw_page *page;
    ENT_TRY(draw_page_new(DRAW_SVG, "Membership inference", &page));
    chart_draw_lines(page, &figure, ATTACKS + 1, line);
    const ent_status status = draw_page_save(page, path);
    draw_page_free(page);
    return status;
}

static ent_status write_files(const arguments *a, const answer *r)
{
    char csv[4096], svg[4096];
    const char *folder = a->out ? a->out : a->of.folder;
    ENT_TRY(cli_folder_file(folder, csv, "audit.csv"));
    ENT_TRY(cli_folder_file(folder, svg, "audit.svg"));
    ENT_TRY(write_csv(r, csv));
    ENT_TRY(write_svg(r, svg));
    printf("\n%s\n%s\n", csv, svg);
    return ENT_OK;
}

/* ---- the whole ---- */

static ent_status attack(const arguments *a, const ent_config *config, const ent_federation *federation,
                         const char *data)
{
    const ent_federation_view v = ent_federation_see(federation);
    scores s = {.n = 0};
    answer r;
    ENT_TRY(ent_result_check_inputs(a->of.folder, data, &v.inputs)); /* membership is only known for these data */
    ent_status status = scores_make(&v, &s);
    for (int k = 0; k < ATTACKS && status == ENT_OK; k++) {
        const ent_membership rows = {.n = s.n,
                                     .score = s.score[k],
                                     .member = s.member,
                                     .kind = v.label.classes > 0 ? s.kind : NULL,
                                     .kinds = v.label.classes};
        status = ent_membership_attack(&rows, k == RATIO, (uint64_t)a->seed, &r.attack[k]);
    }
    if (status == ENT_OK) status = read_epsilon(a->of.folder, config, &r);
    if (status == ENT_OK) {
        print(&r);
        status = write_files(a, &r);
    }
    if (status == ENT_OK && a->json) print_json(&r);
    scores_clear(&s);
    return status;
}

static ent_status audit(ent_comm *world, void *arguments_, const ent_config *config)
{
    const arguments *a = arguments_;
    ent_federation *federation;
    const ent_load_inp inp = {
        .folder = a->of.folder, .data = a->of.data ? a->of.data : config->data.file, .all_rows = true};
    ENT_TRY(ent_federation_load(world, config, &inp, &federation));
    ent_status status = ent_federation_identify(federation, NULL);
    if (status == ENT_OK) status = ent_federation_evaluate(federation);
    const bool root = ent_comm_rank(world) == 0;
    if (status == ENT_OK)
        status = cli_agree_with_root(world, root ? attack(a, config, federation, inp.data) : ENT_OK);
    ent_federation_free(federation);
    return status;
}

int app_audit(int argc, char **argv)
{
    arguments a = {.seed = 1};
    return cli_config_command(&LINE, argc, argv, &a, run_read_result, audit);
}
