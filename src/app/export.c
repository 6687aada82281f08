/* entente export: results for TensorBoard and MLflow. */
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "entente/memory.h"
#include "report/export.h"

typedef struct {
    const char *tensorboard, *mlflow;
    cli_list of;
    bool quiet;
} arguments;

static error_t check(struct argp_state *state, char *value, void *arguments_)
{
    const arguments *a = arguments_;
    (void)value;
    return cli_want(state, a->tensorboard || a->mlflow, "--tensorboard or --mlflow, with the folder to write");
}

#define AT(field) offsetof(arguments, field)

static const cli_option OPTIONS[] = {
    {"tensorboard", 0, "DIR", "write TensorBoard's event files to a new folder, a folder in it per result",
     AT(tensorboard), .type = CLI_TEXT},
    {"mlflow", 0, "DIR", "write MLflow's file store to a new folder, a run in it per result", AT(mlflow),
     .type = CLI_TEXT},
    CLI_OPTION_QUIET("print only errors", AT(quiet)),
    {0}};

static const cli_line LINE = {
    .options = OPTIONS,
    .argument =
        {.what = "result", .wanted = "a result folder", .offset = AT(of), .list = true, .doc = "RESULT_DIR..."},
    .check = check,
    .doc =
        "Write results for TensorBoard or MLflow.\v"
        "The figures of every round are scalars, with steps counted from 1; the test figures are those of the "
        "round whose weights are kept; the configuration is a text, or parameters.  The folder must not exist, and "
        "appears whole or not at all.\n\n"
        "  entente export result --tensorboard runs && tensorboard --logdir runs\n"
        "  entente export result-1 result-2 --mlflow mlruns\n"
        "  mlflow ui --backend-store-uri mlruns"};

/* The last part of a folder's name, with a number where an earlier result has the same. */
static void name_of(const arguments *a, int k, char name[200])
{
    char *whole = realpath(a->of.text[k], NULL);
    const char *slash = whole ? strrchr(whole, '/') : NULL;
    snprintf(name, 200, "%.180s", slash && slash[1] ? slash + 1 : "result");
    free(whole);
    for (int j = 0; j < k; j++) {
        char other[200];
        name_of(a, j, other);
        if (strcmp(other, name) != 0) continue;
        snprintf(name + strlen(name), 200 - strlen(name), "-%d", k + 1);
        return;
    }
}

typedef ent_status writer(const report_run *run, const char *name, cli_folder *to);

static ent_status write_all(const arguments *a, report_run *const *run, writer *write, cli_folder *to)
{
    char name[200];
    for (int k = 0; k < a->of.count; k++) {
        name_of(a, k, name);
        ENT_TRY(write(run[k], name, to));
    }
    return ENT_OK;
}

static ent_status write_folder(const arguments *a, report_run *const *run, const char *dir, writer *begin,
                               writer *write)
{
    cli_folder to;
    if (!dir) return ENT_OK;
    ENT_TRY(cli_folder_begin(&to, dir));
    ent_status status = begin ? begin(run[0], "", &to) : ENT_OK;
    if (status == ENT_OK) status = write_all(a, run, write, &to);
    status = cli_folder_end(&to, status);
    if (status == ENT_OK && !a->quiet) printf("%s: %d result%s\n", dir, a->of.count, a->of.count == 1 ? "" : "s");
    return status;
}

static ent_status export(const arguments *a, report_run **run)
{
    for (int k = 0; k < a->of.count; k++) ENT_TRY(report_run_read(a->of.text[k], &run[k]));
    ENT_TRY(write_folder(a, run, a->tensorboard, NULL, export_tensorboard));
    return write_folder(a, run, a->mlflow, export_mlflow_begin, export_mlflow);
}

int app_export(int argc, char **argv)
{
    arguments a = {.quiet = false};
    report_run **run = ent_alloc(argc, sizeof *run);
    if (!run) return cli_report(ent_fail(ENT_ENOMEM, "export: no memory"));
    cli_parse(&LINE, argc, argv, &a);
    const ent_status status = export(&a, run);
    for (int k = 0; k < a.of.count; k++) report_run_free(run[k]);
    ent_free(run);
    return cli_report(status);
}
