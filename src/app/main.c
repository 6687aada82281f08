/* entente: trains and studies multimodal quantum federated models.  Dispatches to a table of sub-commands. */
#include <string.h>

#include "app.h"
#include "core/nearest.h"
#include "entente/h5.h"

typedef struct {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
} command;

static const command COMMANDS[] = {
    {"train", "train a model over MPI from a YAML configuration", app_train},
    {"audit", "attack a result: distinguish training rows from test rows", app_audit},
    {"circuit", "write a model's circuit as OpenQASM, text or SVG", app_circuit},
    {"config", "show the keys of a configuration, or one as it will run", app_config},
    {"eval", "evaluate a trained model, optionally without some modalities", app_eval},
    {"export", "write results for TensorBoard or MLflow", app_export},
    {"import", "turn recordings, images, tables or .csd files into a data set", app_import},
    {"inspect", "show the contents of a data set or a result", app_inspect},
    {"merge", "merge data sets, and add groups", app_merge},
    {"plan", "estimate what a configuration needs, before a job is queued", app_plan},
    {"plateaus", "show how gradients vanish with qubits and depth", app_plateaus},
    {"privacy", "compute the privacy loss of a training, or its noise", app_privacy},
    {"report", "show results, sweeps and scaling as one HTML page, or as text", app_report_page},
    {"scaling", "measure strong or weak scaling over ranks, threads and shards", app_scaling},
    {"selftest", "check that this installation computes correctly", app_selftest},
    {"simulate", "simulate an OpenQASM circuit: expectation values, counts", app_simulate},
    {"spectrum", "show the Fourier spectrum of a trained model in a data angle", app_spectrum},
    {"study", "compare variants over settings, rates and seeds, paired by seed", app_study},
    {"sweep", "train many points of one configuration: grid, list, random draws", app_sweep},
    {"synth", "write a synthetic multimodal data set", app_synth},
};
enum { COMMAND_COUNT = sizeof COMMANDS / sizeof *COMMANDS };

static int help(FILE *out)
{
    fprintf(out, "Usage: entente COMMAND [ARGUMENT...]\n"
                 "Train and study multimodal quantum federated models.\n\n");
    for (int k = 0; k < COMMAND_COUNT; k++) fprintf(out, "  %-10s %s\n", COMMANDS[k].name, COMMANDS[k].summary);
    fprintf(out, "\n  entente COMMAND --help   the options of a command\n"
                 "  entente --version        versions of Entente and all linked libraries\n"
                 "  entente COMMAND --allow-external ...   read HDF5 files that link to others\n\n"
                 "First steps:\n"
                 "  entente synth --out data.h5\n"
                 "  jobs/run.sh train jobs/quickstart.yaml --set data.file=data.h5 --out result\n"
                 "  entente eval result --data data.h5 --missing audio\n"
                 "  entente report result\n");
    return out == stderr ? CLI_USAGE : 0;
}

/* The option common to all commands: remove it from the arguments before "--". */
static int take_allow_external(int argc, char **argv)
{
    int kept = 0;
    bool ended = false;
    for (int k = 0; k < argc; k++) {
        ended = ended || strcmp(argv[k], "--") == 0;
        if (!ended && strcmp(argv[k], "--allow-external") == 0)
            ent_h5_allow_external(true);
        else
            argv[kept++] = argv[k];
    }
    argv[kept] = NULL;
    return kept;
}

int main(int argc, char **argv)
{
    argc = take_allow_external(argc, argv);
    if (argc < 2) return help(stderr);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        help(stdout);
        return cli_report(ENT_OK);
    }
    if (strcmp(argv[1], "--version") == 0) {
        cli_version_print(stdout);
        return cli_report(ENT_OK);
    }
    for (int k = 0; k < COMMAND_COUNT; k++)
        if (strcmp(argv[1], COMMANDS[k].name) == 0) {
            char name[64];
            snprintf(name, sizeof name, "entente %s", COMMANDS[k].name);
            argv[1] = name;
            return COMMANDS[k].run(argc - 1, argv + 1);
        }
    ent_nearest near = ent_nearest_to(argv[1]);
    for (int k = 0; k < COMMAND_COUNT; k++) ent_nearest_try(&near, COMMANDS[k].name);
    fprintf(stderr, "entente: unknown command '%s'%s\n\n", argv[1], ent_nearest_text(&near));
    return help(stderr);
}
