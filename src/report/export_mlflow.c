/* MLflow's file store (mlflow/store/tracking/file_store.py):
 *
 *   <experiment>/meta.yaml          what the experiment is
 *   <experiment>/<run>/meta.yaml    what the run is
 *     metrics/<name>                a line per step: milliseconds since 1970, value, step
 *     params/<name>, tags/<name>    the value
 *     artifacts/                    files: the configuration as used
 *
 * Names may hold only letters, digits and "_-./ ", and a slash would be a folder: everything else becomes "_". */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "entente/hash.h"
#include "entente/memory.h"
#include "export.h"

#define EXPERIMENT "1"

double export_time_s(const report_run *run)
{
    struct tm parts = {0};
    const char *end = run->created ? strptime(run->created, "%Y-%m-%dT%H:%M:%S", &parts) : NULL;
    return end && *end == 'Z' ? (double)timegm(&parts) : 0.0;
}

ent_status export_figures(const report_run *run, export_figure *take, void *context)
{
    const double *round = report_figure(run, "round");
    for (int c = 0; c < RUN_COLUMNS && ent_round_column(c); c++) {
        const char *name = ent_round_column(c);
        if (!run->round[c] || strcmp(name, "round") == 0) continue;
        for (int64_t r = 0; r < run->rounds; r++)
            if (isfinite(run->round[c][r]) && round && isfinite(round[r]))
                ENT_TRY(take(context, name, (int64_t)round[r] + 1, run->round[c][r]));
    }
    return ENT_OK;
}

/* ---- texts ---- */

/* The final folder, as a URI (RFC 3986). */
static void put_uri(FILE *out, const cli_folder *to)
{
    char here[4096] = "";
    fputs("file://", out);
    if (to->path[0] != '/' && !getcwd(here, sizeof here - 1)) *here = '\0';
    if (*here) strcat(here, "/");
    const char *const part[] = {here, to->path};
    for (int k = 0; k < 2; k++)
        for (const char *at = part[k]; *at; at++)
            fprintf(out, isalnum((unsigned char)*at) || strchr("-._~/", *at) ? "%c" : "%%%02X", (unsigned char)*at);
}

/* A text in single quotes of YAML, on one line. */
static void put_quoted(FILE *out, const char *name, const char *text)
{
    fprintf(out, "%s: '", name);
    for (; *text; text++) {
        if (*text == '\'') fputc('\'', out);
        fputc((unsigned char)*text < 0x20 ? ' ' : *text, out);
    }
    fputs("'\n", out);
}

/* A file that `fill` writes. */
typedef void filler(FILE *out, const void *context);

static ent_status put_file(cli_folder *to, const char *path, filler *fill, const void *context)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    ENT_REQUIRE(out, ENT_ENOMEM, "export: no memory");
    fill(out, context);
    const bool whole = !ferror(out);
    ent_status status = fclose(out) == 0 && whole ? ENT_OK : ent_fail(ENT_ENOMEM, "export: no memory");
    if (status == ENT_OK) status = cli_folder_put(to, path, text, bytes);
    free(text);
    return status;
}

/* ---- the experiment ---- */

typedef struct {
    const report_run *run;
    const char *name;
    char id[33];
    cli_folder *to;
} place;

static void fill_experiment(FILE *out, const void *context)
{
    const place *p = context;
    fputs("artifact_location: ", out);
    put_uri(out, p->to);
    fprintf(out,
            "/" EXPERIMENT "\ncreation_time: %.0f\nexperiment_id: '" EXPERIMENT "'\nlast_update_time: %.0f\n"
            "lifecycle_stage: active\nname: entente\n",
            1e3 * export_time_s(p->run), 1e3 * export_time_s(p->run));
}

ent_status export_mlflow_begin(const report_run *first, const char *name, cli_folder *to)
{
    return put_file(to, EXPERIMENT "/meta.yaml", fill_experiment, &(place){.run = first, .name = name, .to = to});
}

/* ---- the run ---- */

static void fill_run(FILE *out, const void *context)
{
    const place *p = context;
    const double *seconds[] = {report_figure(p->run, "compute_s"), report_figure(p->run, "evaluate_s")};
    double took = 0.0, end = export_time_s(p->run);
    for (int w = 0; w < 2; w++)
        for (int64_t r = 0; r < p->run->rounds && seconds[w]; r++)
            took += isfinite(seconds[w][r]) ? seconds[w][r] : 0;
    fputs("artifact_uri: ", out);
    put_uri(out, p->to);
    fprintf(out,
            "/" EXPERIMENT "/%s/artifacts\nend_time: %.0f\nentry_point_name: ''\nexperiment_id: '" EXPERIMENT "'\n"
            "lifecycle_stage: active\nrun_id: %s\n",
            p->id, 1e3 * end, p->id);
    put_quoted(out, "run_name", p->name);
    fprintf(out,
            "run_uuid: %s\nsource_name: ''\nsource_type: 4\nsource_version: ''\nstart_time: %.0f\nstatus: 3\n"
            "tags: []\nuser_id: entente\n",
            p->id, 1e3 * (end - took));
}

static void fill_text(FILE *out, const void *text)
{
    fputs(text, out);
}

/* A file <experiment>/<run>/<kind>/<name>. */
static ent_status put_named(const place *p, const char *kind, const char *name, filler *fill, const void *context)
{
    char path[512];
    size_t used = (size_t)snprintf(path, sizeof path, EXPERIMENT "/%s/%s/", p->id, kind);
    for (; *name && used + 1 < 300; name++)
        path[used++] = isalnum((unsigned char)*name) || strchr("_-. ", *name) ? *name : '_';
    path[used] = '\0';
    return put_file(p->to, path, fill, context);
}

typedef struct {
    const report_run *run;
    const double *value;
} column;

static void fill_metric(FILE *out, const void *context)
{
    const column *c = context;
    const double *round = report_figure(c->run, "round");
    for (int64_t r = 0; r < c->run->rounds; r++)
        if (isfinite(c->value[r]) && isfinite(round[r]))
            fprintf(out, "%.0f %.17g %.0f\n", 1e3 * export_time_s(c->run), c->value[r], round[r] + 1.0);
}

static bool any_finite(const report_run *run, const double *value)
{
    for (int64_t r = 0; value && r < run->rounds; r++)
        if (isfinite(value[r])) return true;
    return false;
}

typedef struct {
    double time_s, value;
    int64_t step;
} last;

static void fill_last(FILE *out, const void *context)
{
    const last *l = context;
    fprintf(out, "%.0f %.17g %lld\n", 1e3 * l->time_s, l->value, (long long)l->step);
}

static ent_status put_metrics(const place *p)
{
    const report_run *run = p->run;
    for (int c = 0; c < RUN_COLUMNS && ent_round_column(c); c++)
        if (strcmp(ent_round_column(c), "round") != 0 && report_figure(run, "round") &&
            any_finite(run, run->round[c]))
            ENT_TRY(put_named(p, "metrics", ent_round_column(c), fill_metric, &(column){run, run->round[c]}));
    for (int k = 0; ent_metric_shown(k) >= 0; k++) {
        const int row = ent_metric_shown(k);
        const last l = {export_time_s(run), run->metric[row], run->selected >= 0 ? run->selected + 1 : run->rounds};
        if (isfinite(l.value)) ENT_TRY(put_named(p, "metrics", ent_metric_at(row)->name, fill_last, &l));
    }
    return ENT_OK;
}

static ent_status put_params(const place *p)
{
    static const char *const SEED[] = {"seeds.split", "seeds.masks", "seeds.init", "seeds.sampling"};
    for (int k = 0; k < p->run->leaves; k++) {
        char *key = ent_text(p->run->leaf[k]);
        ENT_REQUIRE(key, ENT_ENOMEM, "export: no memory");
        char *value = strchr(key, '=');
        *value++ = '\0';
        const ent_status status = put_named(p, "params", key, fill_text, value);
        ent_free(key);
        ENT_TRY(status);
    }
    for (int k = 0; k < 4; k++) {
        char text[32];
        snprintf(text, sizeof text, "%llu", (unsigned long long)p->run->seed[k]);
        ENT_TRY(put_named(p, "params", SEED[k], fill_text, text));
    }
    return ENT_OK;
}

static ent_status put_tags(const place *p)
{
    const struct {
        const char *name, *value;
    } TAG[] = {{"mlflow.runName", p->name},          {"mlflow.source.name", "entente train"},
               {"mlflow.source.type", "LOCAL"},      {"mlflow.user", "entente"},
               {"entente.version", p->run->version}, {"entente.engine", p->run->engine},
               {"entente.host", p->run->host},       {"entente.folder", p->run->folder}};
    for (size_t k = 0; k < sizeof TAG / sizeof *TAG; k++)
        ENT_TRY(put_named(p, "tags", TAG[k].name, fill_text, TAG[k].value));
    return ENT_OK;
}

/* The same for the same result, different for different results. */
static void name_run(place *p)
{
    char *text = NULL, hex[65] = "";
    const int length = asprintf(&text, "%s\n%s\n%s\n%s", p->run->config_text, p->run->created, p->run->host, p->name);
    if (length >= 0) ent_sha256(text, (size_t)length, hex);
    snprintf(p->id, sizeof p->id, "%.32s", hex);
    free(text);
}

ent_status export_mlflow(const report_run *run, const char *name, cli_folder *to)
{
    char path[128];
    place p = {.run = run, .name = name, .to = to};
    name_run(&p);
    ENT_REQUIRE(*p.id, ENT_ENOMEM, "export: no memory");
    snprintf(path, sizeof path, EXPERIMENT "/%s/meta.yaml", p.id);
    ENT_TRY(put_file(to, path, fill_run, &p));
    ENT_TRY(put_metrics(&p));
    ENT_TRY(put_params(&p));
    ENT_TRY(put_tags(&p));
    return put_named(&p, "artifacts", "config.yaml", fill_text, run->config_text);
}
