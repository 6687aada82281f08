/* entente synth: writes a synthetic data set whose label needs more than one modality. */
#include <errno.h>
#include <string.h>

#include "app.h"
#include "entente/synth.h"

typedef struct {
    ent_synth_inp inp;
    const char *out;
    const char *name[ENT_MAX_MODALITIES];
    int replace;
} arguments;

enum {
    KEY_OUT = 'o',
    KEY_ROWS = 'r',
    KEY_MODALITIES = 'm',
    KEY_CLASSES = 'c',
    KEY_GROUPS = 'g',
    KEY_NOISE = 'n',
    KEY_SEED = 's',
    KEY_OWN = 256,
    KEY_CROSS,
    KEY_SHIFT,
    KEY_MISSING,
    KEY_REPLACE
};

static const struct argp_option OPTIONS[] = {
    {"out", KEY_OUT, "FILE", 0, "the data set to write (HDF5)", 0},
    {"rows", KEY_ROWS, "N", 0, "samples; 70 % train, 10 % validation, 20 % test (2000)", 0},
    {"modalities", KEY_MODALITIES, "LIST", 0,
     "NAME:D,...: modalities with D features each (text:12,audio:10,vision:8)", 0},
    {"classes", KEY_CLASSES, "N", 0, "classes, with equally many samples (2)", 0},
    {"groups", KEY_GROUPS, "N", 0, "groups (speakers), which are natural clients (40)", 0},
    {"noise", KEY_NOISE, "X", 0, "standard deviation of the noise on every feature (0.3)", 0},
    {"own", KEY_OWN, "X", 0, "weight of the part of the label that depends on the first modality only (1)", 0},
    {"cross", KEY_CROSS, "X", 0, "weight of the part of the label that depends on products of two modalities (2)", 0},
    {"group-shift", KEY_SHIFT, "X", 0, "weight of an offset of the group of the row (0.3)", 0},
    {"missing", KEY_MISSING, "P", 0, "share of each modality that is absent in the file (0)", 0},
    {"seed", KEY_SEED, "N", 0, "seed of all random numbers (1)", 0},
    {"replace", KEY_REPLACE, NULL, 0, "overwrite FILE", 0},
    {0}};

/* A wrong value ends the program directly, as MPI is not running. */
static double real(struct argp_state *state, const char *text, double low, double high)
{
    double value = 0.0;
    app_real(state, text, low, high, &value);
    return value;
}

static int64_t whole(struct argp_state *state, const char *text, int64_t low, int64_t high)
{
    int64_t value = 0;
    app_whole(state, text, low, high, &value);
    return value;
}

/* Parse "text:12,audio:10" into names and dimensions. */
static void read_modalities(struct argp_state *state, arguments *a, char *list)
{
    a->inp.modalities = 0;
    a->inp.names = a->name;
    for (char *rest, *text = strtok_r(list, ",", &rest); text; text = strtok_r(NULL, ",", &rest)) {
        char *colon = strchr(text, ':');
        if (!colon) argp_error(state, "--modalities: found '%s', want NAME:D", text);
        if (a->inp.modalities == ENT_MAX_MODALITIES)
            argp_error(state, "--modalities: more than %d", ENT_MAX_MODALITIES);
        *colon = '\0';
        if (ent_modality_check_name(text) != ENT_OK) argp_error(state, "--modalities: %s", ent_message());
        a->name[a->inp.modalities] = text;
        a->inp.dimension[a->inp.modalities++] = whole(state, colon + 1, 1, 1 << 20);
    }
    if (a->inp.modalities == 0) argp_error(state, "--modalities: found nothing, want NAME:D,...");
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    arguments *a = state->input;
    ent_synth_inp *inp = &a->inp;
    switch (key) {
    case KEY_OUT:
        a->out = value;
        return 0;
    case KEY_ROWS:
        inp->rows = whole(state, value, 10, INT64_C(1) << 40);
        return 0;
    case KEY_MODALITIES:
        read_modalities(state, a, value);
        return 0;
    case KEY_CLASSES:
        inp->classes = (int)whole(state, value, 2, ENT_MAX_CLASSES);
        return 0;
    case KEY_GROUPS:
        inp->groups = (int)whole(state, value, 1, INT32_MAX);
        return 0;
    case KEY_NOISE:
        inp->noise = real(state, value, 0.0, 1e6);
        return 0;
    case KEY_OWN:
        inp->own = real(state, value, -1e6, 1e6);
        return 0;
    case KEY_CROSS:
        inp->cross = real(state, value, -1e6, 1e6);
        return 0;
    case KEY_SHIFT:
        inp->group_shift = real(state, value, -1e6, 1e6);
        return 0;
    case KEY_MISSING:
        inp->missing = real(state, value, 0.0, 1.0);
        return 0;
    case KEY_SEED:
        inp->seed = (uint64_t)whole(state, value, 0, INT64_MAX);
        return 0;
    case KEY_REPLACE:
        a->replace = 1;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "unexpected argument '%s'", value);
        return EINVAL;
    case ARGP_KEY_END:
        if (!a->out) argp_error(state, "want --out FILE");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp ARGP = {
    OPTIONS,
    parse,
    NULL,
    "Write a synthetic multimodal data set.\v"
    "Every modality shows one latent variable h_m with noise.  The score of the label is "
    "own h_0 + cross (h_0 h_1 + h_1 h_2 + ...) / sqrt(M) + group_shift g; classes are "
    "its bins of equal count.  One part of the label thus depends on a single modality, and the "
    "other on products of two.",
    NULL,
    NULL,
    NULL};

int app_synth(int argc, char **argv)
{
    arguments a = {.inp = ent_synth_default()};
    app_parse(&ARGP, argc, argv, &a);
    ent_status status = app_may_write(NULL, a.out, a.replace);
    if (status == ENT_OK) status = ent_synth_write(&a.inp, a.out, a.replace);
    if (status == ENT_OK)
        printf("%s: %lld rows, %d modalities, %d classes\n", a.out, (long long)a.inp.rows, a.inp.modalities,
               a.inp.classes);
    return app_report(status);
}
