/* entente eval: a trained model on a data set. */
#include <errno.h>
#include <string.h>

#include "app.h"
#include "run/resume.h"
#include "entente/fed.h"
#include "run/summary.h"

typedef struct {
    const char *folder, *data, *missing[ENT_MAX_MODALITIES];
    int lists; /* of `missing` */
    bool json, all;
} arguments;

enum { KEY_DATA = 'd', KEY_MISSING = 'm', KEY_JSON = 'j', KEY_ALL = 'a' };

static const struct argp_option OPTIONS[] = {
    {"data", KEY_DATA, "FILE", 0,
     "the data set (HDF5); needs the modalities and the label of the training (default: the training's)", 0},
    {"missing", KEY_MISSING, "NAME[,NAME...]", 0, "leave these modalities out of every row; may be given again", 0},
    {"all", KEY_ALL, NULL, 0, "use every row, not the test rows alone", 0},
    {"json", KEY_JSON, NULL, 0, "print one JSON object as the last line of standard output", 0},
    {0}};

static error_t parse(int key, char *value, struct argp_state *state)
{
    arguments *a = state->input;
    switch (key) {
    case KEY_DATA:
        a->data = value;
        return 0;
    case KEY_MISSING:
        if (a->lists == ENT_MAX_MODALITIES) {
            argp_error(state, "more than %d --missing", ENT_MAX_MODALITIES);
            return EINVAL;
        }
        a->missing[a->lists++] = value;
        return 0;
    case KEY_JSON:
        a->json = true;
        return 0;
    case KEY_ALL:
        a->all = true;
        return 0;
    case ARGP_KEY_ARG:
        if (a->folder) {
            argp_error(state, "more than one result: '%s'", value);
            return EINVAL;
        }
        a->folder = value;
        return 0;
    case ARGP_KEY_END:
        if (!a->folder) {
            argp_error(state, "want a result folder");
            return EINVAL;
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp ARGP = {
    OPTIONS,
    parse,
    "RESULT_DIR",
    "Evaluate a trained model on the test rows of a data set.\v"
    "A row has the modalities that the data set has of it, less --missing.  The masks of the training (missing.rate) "
    "are not applied, so a training that has masks on its test rows tells other figures.  Also under mpirun.\n\n"
    "  entente eval result --data data.h5 --missing audio",
    NULL,
    NULL,
    NULL};

/* The modality whose name stands at the beginning of the list, up to its end or a comma: the longest, for a name may
 * hold a comma; -1 for none. */
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

/* "audio,vision" as bits. */
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
    return app_config_result(a->folder, text);
}

static ent_status evaluate_config(ent_comm *world, const arguments *a, const ent_config *config)
{
    ent_federation *federation;
    uint32_t absent = 0;
    for (int k = 0; k < a->lists; k++) ENT_TRY(absent_bits(a->missing[k], &config->data, &absent));
    const char *data = a->data ? a->data : config->data.file;
    ENT_TRY(ent_federation_load(world, config, a->folder, data, absent, a->all, &federation));
    const ent_status status = ent_federation_evaluate(federation);
    if (status == ENT_OK && ent_comm_rank(world) == 0) {
        const ent_federation_view view = ent_federation_see(federation);
        app_print_table(stdout, &view);
        if (a->json) app_print_json(stdout, &view);
    }
    ent_federation_free(federation);
    return status;
}

static ent_status evaluate(ent_comm *world, void *arguments_, const char *text)
{
    ent_config *config;
    ENT_TRY(ent_comm_agree(world, ent_config_parse(text, &config)));
    const ent_status status = evaluate_config(world, arguments_, config);
    ent_config_free(config);
    return status;
}

int app_eval(int argc, char **argv)
{
    arguments a = {.folder = NULL};
    return app_command(&ARGP, argc, argv, &a, read_config, evaluate);
}
