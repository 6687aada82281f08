/* From result.h5 to a report_run.  Every size is checked against the others, so figures need not. */
#include <math.h>
#include <string.h>

#include "config/load.h"
#include "entente/h5.h"
#include "entente/guard.h"
#include "entente/memory.h"
#include "report.h"

/* A column that the file lacks stays NULL: its figures are left out. */
static ent_status read_rounds(const ent_h5 *file, report_run *run)
{
    run->rounds = -1;
    for (int c = 0; c < RUN_COLUMNS && ent_round_column(c); c++) {
        char name[64];
        snprintf(name, sizeof name, "/round/%s", ent_round_column(c));
        if (ent_h5_has(file, name))
            ENT_TRY(ent_h5_read_list(file, name, ENT_H5_F64, &run->rounds, (void **)&run->round[c]));
    }
    return ENT_OK;
}

const double *report_figure(const report_run *run, const char *name)
{
    for (int c = 0; c < RUN_COLUMNS && ent_round_column(c); c++)
        if (strcmp(ent_round_column(c), name) == 0) return run->round[c];
    return NULL;
}

static ent_status read_metric(const ent_h5 *file, const char *metric, double *value)
{
    char name[64];
    snprintf(name, sizeof name, "/metrics/%s", metric);
    *value = NAN;
    return ent_h5_has(file, name) ? ent_h5_read(file, name, ENT_H5_F64, 1, value) : ENT_OK;
}

static ent_status read_metrics(const ent_h5 *file, report_run *run)
{
    ENT_TRY(read_metric(file, "n", &run->test_rows));
    for (int k = 0; k < ENT_METRIC_COUNT; k++) ENT_TRY(read_metric(file, ent_metric_at(k)->name, &run->metric[k]));
    return ENT_OK;
}

static ent_status read_clients(const ent_h5 *file, report_run *run)
{
    run->clients = -1;
#define READ(type, name, personal)                                                                                   \
    if (!(personal) || ent_h5_has(file, "/client/" #name))                                                           \
        ENT_TRY(ent_h5_read_list(file, "/client/" #name, type, &run->clients, (void **)&run->of_client.name));
#define WHOLE(name, unit, personal, description) READ(ENT_H5_I64, name, personal)
#define REAL(name, unit, personal, description)  READ(ENT_H5_F64, name, personal)
    ENT_CLIENT_FIGURES(WHOLE, REAL)
#undef WHOLE
#undef REAL
#undef READ
    return ENT_OK;
}

static ent_status read_tables(const ent_h5 *file, report_run *run)
{
    run->patterns = run->train_rows = run->outputs = -1;
    double *prior = NULL;
    ENT_TRY(read_clients(file, run));
    ENT_TRY(ent_h5_read_list(file, "/pattern/context", ENT_H5_U32, &run->patterns, (void **)&run->pattern));
    ENT_TRY(ent_h5_read_list(file, "/pattern/n", ENT_H5_I64, &run->patterns, (void **)&run->pattern_n));
    ENT_TRY(ent_h5_read_list(file, "/pattern/accuracy", ENT_H5_F64, &run->patterns, (void **)&run->pattern_accuracy));
    ENT_TRY(ent_h5_read_list(file, "/part/train/row", ENT_H5_I64, &run->train_rows, (void **)&run->row));
    ENT_TRY(ent_h5_read_list(file, "/part/train/client", ENT_H5_I32, &run->train_rows, (void **)&run->client));
    ENT_TRY(ent_h5_read_list(file, "/part/train/context", ENT_H5_U32, &run->train_rows, (void **)&run->context));
    ENT_TRY(ent_h5_read_list(file, "/prior", ENT_H5_F64, &run->outputs, (void **)&prior));
    ent_free(prior);
    for (int64_t k = 0; k < run->train_rows; k++)
        ENT_REQUIRE(run->client[k] >= 0 && run->client[k] < run->clients, ENT_EFORMAT,
                    "/part/train/client: found %d, want 0..%lld", (int)run->client[k], (long long)run->clients - 1);
    return ENT_OK;
}

/* With the current defaults filled in, so that results of old and new versions can be runs of one configuration. */
static ent_status read_config(const ent_h5 *file, const char *path, report_run *run)
{
    char *saved;
    ENT_TRY(ent_h5_read_text(file, "/config", &saved));
    const ent_status status = ent_config_saved(saved, path, &run->config_text);
    ent_free(saved);
    return status;
}

static ent_status read_origin(const ent_h5 *file, report_run *run)
{
    ENT_TRY(ent_h5_read_text(file, "/version", &run->version));
    ENT_TRY(ent_h5_read_text(file, "/created", &run->created));
    ENT_TRY(ent_h5_read_text(file, "/host", &run->host));
    ENT_TRY(ent_h5_read_text(file, "/engine", &run->engine));
    ENT_TRY(ent_h5_read(file, "/seeds", ENT_H5_U64, 4, run->seed));
    return ent_h5_read(file, "/layout", ENT_H5_I64, 2, run->layout);
}

static ent_status read_ansatz(const ent_h5 *file, report_run *run)
{
    char name[ENT_NAME_BYTES + 16];
    for (unsigned m = 0; m < run->config->data.modalities_count; m++) {
        snprintf(name, sizeof name, "/ansatz/%s", run->config->data.modalities[m]);
        if (ent_h5_has(file, name)) ENT_TRY(ent_h5_read_text(file, name, &run->ansatz[m]));
    }
    return ENT_OK;
}

ent_status report_read_model(const ent_h5 *file, const char *path, report_run *run)
{
    ENT_TRY(read_config(file, path, run));
    ENT_TRY(read_origin(file, run));
    ENT_TRY(ent_config_parse(run->config_text, &run->config));
    return read_ansatz(file, run);
}

static ent_status read_all(const ent_h5 *file, const char *path, report_run *run)
{
    ENT_REQUIRE(ent_h5_has(file, "/config") && ent_h5_has(file, "/round/round"), ENT_EFORMAT,
                "it has no /config and /round: not the result of a training");
    ENT_TRY(report_read_model(file, path, run));
    ENT_TRY(report_flatten(run));
    ENT_TRY(read_metrics(file, run));
    ENT_TRY(read_rounds(file, run));
    ENT_TRY(read_tables(file, run));
    return report_tests_read(file, run);
}

static ent_status read_run(const char *folder, const char *path, report_run **out)
{
    ent_h5 *file = NULL;
    report_run *run = ent_alloc(1, sizeof *run);
    ENT_REQUIRE(run, ENT_ENOMEM, "report: no memory");
    run->folder = ent_text(folder);
    ent_status status = run->folder ? ent_h5_open(path, &file) : ent_fail(ENT_ENOMEM, "report: no memory");
    if (status == ENT_OK) {
        status = ent_h5_verify(file, NULL);
        if (status == ENT_OK) status = read_all(file, path, run);
        if (status != ENT_OK && !strstr(ent_message(), path)) ent_fail_in(status, "%s", path);
    }
    ent_h5_close(file);
    if (status != ENT_OK) {
        report_run_free(run);
        return status;
    }
    *out = run;
    return ENT_OK;
}

typedef struct {
    const char *folder, *path;
} place;

static ent_status read_and_drop(void *context)
{
    const place *at = context;
    report_run *run;
    ENT_TRY(read_run(at->folder, at->path, &run));
    report_run_free(run);
    return ENT_OK;
}

ent_status report_run_read(const char *folder, report_run **out)
{
    char path[4096];
    ENT_REQUIRE(snprintf(path, sizeof path, "%s/result.h5", folder) < (int)sizeof path, ENT_EARG,
                "%.64s...: the path is too long", folder);
    ent_guard_inp guard = ent_guard_default();
    guard.more_bytes = INT64_C(1) << 40;
    ENT_TRY(ent_guard_try(&guard, path, read_and_drop, &(place){folder, path}));
    return read_run(folder, path, out);
}

void report_run_free(report_run *run)
{
    if (!run) return;
    void *owned[] = {run->folder,  run->config_text, run->version,          run->created, run->host,   run->engine,
                     run->pattern, run->pattern_n,   run->pattern_accuracy, run->row,     run->client, run->context};
#define FREE(name, ...) ent_free(run->of_client.name);
    ENT_CLIENT_FIGURES(FREE, FREE)
#undef FREE
    for (size_t k = 0; k < sizeof owned / sizeof *owned; k++) ent_free(owned[k]);
    for (int c = 0; c < RUN_COLUMNS; c++) ent_free(run->round[c]);
    for (int m = 0; m < RUN_MODALITIES; m++) ent_free(run->ansatz[m]);
    for (int k = 0; k < run->leaves; k++) ent_free(run->leaf[k]);
    ent_free(run->leaf);
    report_tests_free(run);
    ent_config_free(run->config);
    ent_free(run);
}

char *report_context_text(const report_run *run, uint32_t context, char text[256])
{
    size_t used = 0;
    text[0] = '\0';
    for (unsigned m = 0; m < run->config->data.modalities_count && used < 256; m++)
        if (context >> m & 1)
            used +=
                (size_t)snprintf(text + used, 256 - used, "%s%s", used ? " " : "", run->config->data.modalities[m]);
    if (used == 0) snprintf(text, 256, "(nothing)");
    return text;
}
