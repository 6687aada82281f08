/* entente eval: evaluates a trained model on a data set. */
#include <errno.h>
#include <string.h>

#include "app.h"
#include "run/resume.h"
#include "entente/fed.h"
#include "run/predictions.h"
#include "run/summary.h"

typedef struct {
    const char *folder, *data, *missing[ENT_MAX_MODALITIES], *predictions;
    int lists; /* number of `missing` */
    int masks; /* index in MASKS */
    bool json, all;
} arguments;

static const char *const MASKS[] = {"none", "training", NULL};

static error_t add_missing(struct argp_state *state, char *value, void *arguments_)
{
    arguments *a = arguments_;
    if (a->lists == ENT_MAX_MODALITIES) {
        argp_error(state, "more than %d --missing", ENT_MAX_MODALITIES);
        return EINVAL;
    }
    a->missing[a->lists++] = value;
    return 0;
}

static error_t check(struct argp_state *state, char *value, void *arguments_)
{
    const arguments *a = arguments_;
    (void)value;
    if (a->predictions && !run_predictions_may(a->predictions)) {
        argp_error(state, "--predictions: found '%s', want a file that ends in .csv or .h5", a->predictions);
        return EINVAL;
    }
    if (a->all && a->masks) {
        argp_error(state, "--masks training: found --all, want the test rows, which the training masked");
        return EINVAL;
    }
    return 0;
}

#define AT(field) offsetof(arguments, field)

static const cli_option OPTIONS[] = {
    {"data", 'd', "FILE",
     "the data set (HDF5), with the modalities and the label of the training (default: that of the training)",
     AT(data), .type = CLI_TEXT},
    {"missing", 'm', "NAME[,NAME...]", "remove these modalities from every row; may be repeated", 0, .type = CLI_CALL,
     .call = add_missing},
    {"masks", 'M', "none|training",
     "training: also remove what the missing protocol of the training removed from the test rows", AT(masks),
     .type = CLI_WORD, .words = MASKS},
    {"all", 'a', NULL, "use every row, not only the test rows", AT(all), .type = CLI_SWITCH},
    {"predictions", 'p', "FILE", "write the label, prediction and outputs of each row to a new file, .csv or .h5",
     AT(predictions), .type = CLI_TEXT},
    CLI_OPTION_JSON(AT(json)),
    {0}};

static const cli_line LINE = {
    .options = OPTIONS,
    .argument = {.what = "result", .wanted = "a result folder", .offset = AT(folder), .doc = "RESULT_DIR"},
    .check = check,
    .doc =
        "Evaluate a trained model on the test rows of a data set.\v"
        "A row has its modalities in the data set, except those named by --missing.  With --masks training it also "
        "lacks what the missing protocol of the training (missing.*, federation.*, seeds) removed: on the data set "
        "of "
        "the training this reproduces the figures of the training.  Also runs under mpirun.\n\n"
        "  entente eval result --data data.h5 --missing audio\n"
        "  entente eval result --masks training --predictions predictions.csv"};

/* The modality whose name begins the list, followed by its end or a comma.  The longest match wins, as a name may
 * contain a comma; -1 for none. */
static int first_of(const char *list, const ent_config_data *data)
{
    int found = -1;
    size_t longest = 0;
    for (unsigned m = 0; m < data->modalities_count; m++) {
        const size_t length = strlen(data->modalities[m]);
        const bool there = strncmp(list, data->modalities[m], length) == 0 && (!list[length] || list[length] == ',');
        if (!there || length <= longest) continue;
        longest = length;
        found = (int)m;
    }
    return found;
}

/* Parse "audio,vision" into bits. */
static ent_status absent_bits(const char *list, const ent_config_data *data, uint32_t *bits)
{
    while (*list) {
        const int m = first_of(list, data);
        if (m < 0) {
            char names[ENT_MAX_MODALITIES * (ENT_NAME_BYTES + 2)] = "";
            for (unsigned k = 0; k < data->modalities_count; k++)
                strcat(strcat(names, k ? ", " : ""), data->modalities[k]);
            return ent_fail(ENT_EARG, "--missing: found '%.*s', want one of: %s", (int)strcspn(list, ","), list,
                            names);
        }
        *bits |= UINT32_C(1) << m;
        list += strlen(data->modalities[m]);
        list += *list == ',';
    }
    return ENT_OK;
}

static ent_status read_config(void *arguments_, char **text)
{
    const arguments *a = arguments_;
    if (a->predictions) ENT_TRY(run_predictions_look(a->predictions));
    return run_config_result(a->folder, !a->data, text);
}

static ent_status report(const arguments *a, const ent_federation *federation)
{
    const ent_federation_view view = ent_federation_see(federation);
    if (a->predictions) ENT_TRY(run_predictions_save(a->predictions, &view, a->masks));
    if (view.config->federation.aggregation == ENT_LOCAL)
        fprintf(stderr,
                "%s: aggregation local: the figures are those of the mean of the clients' models, which "
                "the result stores\n",
                a->folder);
    run_print_table(stdout, &view);
    if (a->json) run_print_json(&view);
    return ENT_OK;
}

static ent_status evaluate(ent_comm *world, void *arguments_, const ent_config *config)
{
    const arguments *a = arguments_;
    ent_federation *federation;
    uint32_t absent = 0;
    for (int k = 0; k < a->lists; k++) ENT_TRY(absent_bits(a->missing[k], &config->data, &absent));
    const ent_load_inp inp = {.folder = a->folder,
                              .data = a->data ? a->data : config->data.file,
                              .absent = absent,
                              .all_rows = a->all,
                              .masks = a->masks};
    ENT_TRY(ent_federation_load(world, config, &inp, &federation));
    const bool root = ent_comm_rank(world) == 0;
    ent_status status = ent_federation_evaluate(federation);
    if (status == ENT_OK) status = cli_agree_with_root(world, root ? report(a, federation) : ENT_OK);
    ent_federation_free(federation);
    return status;
}

int app_eval(int argc, char **argv)
{
    arguments a = {.folder = NULL};
    return cli_config_command(&LINE, argc, argv, &a, read_config, evaluate);
}
