/* entente synth: writes a synthetic data set whose label needs more than one modality. */
#include <errno.h>
#include <string.h>

#include "app.h"
#include "entente/synth.h"

typedef struct {
    ent_synth_inp inp;
    const char *out;
    const char *name[ENT_MAX_MODALITIES];
    bool replace;
} arguments;

/* Parse "text:12,audio:10" into names and dimensions.  argp_error ends the program, as MPI is not running. */
static error_t read_modalities(struct argp_state *state, char *list, void *arguments_)
{
    arguments *a = arguments_;
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
        if (cli_whole(state, colon + 1, 1, 1 << 20, &a->inp.dimension[a->inp.modalities++])) return EINVAL;
    }
    if (a->inp.modalities == 0) argp_error(state, "--modalities: found nothing, want NAME:D,...");
    return 0;
}

#define AT(field) offsetof(arguments, field)

static const cli_option OPTIONS[] = {
    CLI_OPTION_DATA(AT(out)),
    {"rows", 'r', "N", "samples; 70 % train, 10 % validation, 20 % test (2000)", AT(inp.rows), .type = CLI_WHOLE,
     .low = 10, .high = 0x1p40},
    {"modalities", 'm', "LIST", "NAME:D,...: modalities with D features each (text:12,audio:10,vision:8)", 0,
     .type = CLI_CALL, .call = read_modalities},
    {"classes", 'c', "N", "classes, with equally many samples (2)", AT(inp.classes), .type = CLI_INT, .low = 2,
     .high = ENT_MAX_CLASSES},
    {"groups", 'g', "N", "groups (speakers), which are natural clients (40)", AT(inp.groups), .type = CLI_INT,
     .low = 1, .high = INT32_MAX},
    {"noise", 'n', "X", "standard deviation of the noise on every feature (0.3)", AT(inp.noise), .type = CLI_REAL,
     .high = 1e6},
    {"own", 0, "X", "weight of the part of the label that depends on the first modality only (1)", AT(inp.own),
     .type = CLI_REAL, .low = -1e6, .high = 1e6},
    {"cross", 0, "X", "weight of the part of the label that depends on products of two modalities (2)", AT(inp.cross),
     .type = CLI_REAL, .low = -1e6, .high = 1e6},
    {"group-shift", 0, "X", "weight of an offset of the group of the row (0.3)", AT(inp.group_shift),
     .type = CLI_REAL, .low = -1e6, .high = 1e6},
    {"missing", 0, "P", "share of each modality that is absent in the file (0)", AT(inp.missing), .type = CLI_REAL,
     .high = 1.0},
    {"seed", 's', "N", "seed of all random numbers (1)", AT(inp.seed), .type = CLI_WHOLE, .high = CLI_ANY},
    CLI_OPTION_REPLACE("overwrite FILE", AT(replace)),
    {0}};

static const cli_line LINE = {
    .options = OPTIONS,
    .doc = "Write a synthetic multimodal data set.\v"
           "Every modality shows one latent variable h_m with noise.  The score of the label is "
           "own h_0 + cross (h_0 h_1 + h_1 h_2 + ...) / sqrt(M) + group_shift g; classes are "
           "its bins of equal count.  One part of the label thus depends on a single modality, and the "
           "other on products of two."};

int app_synth(int argc, char **argv)
{
    arguments a = {.inp = ent_synth_default()};
    cli_parse(&LINE, argc, argv, &a);
    ent_status status = cli_may_write(NULL, a.out, a.replace);
    if (status == ENT_OK) status = ent_synth_write(&a.inp, a.out, a.replace);
    if (status == ENT_OK)
        printf("%s: %lld rows, %d modalities, %d classes\n", a.out, (long long)a.inp.rows, a.inp.modalities,
               a.inp.classes);
    return cli_report(status);
}
