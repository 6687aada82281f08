/* entente circuit: a model's circuit as a file that other programs read, or as a picture. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app.h"
#include "config/load.h"
#include "entente/atomic_file.h"
#include "entente/fed.h"
#include "entente/memory.h"
#include "entente/qasm.h"
#include "run/resume.h"

enum { FORMAT_QASM3, FORMAT_QASM2, FORMAT_TEXT, FORMAT_SVG };

typedef struct {
    const char *path, *data, *out, *context;
    cli_sets sets;
    int format;
    int64_t row; /* -1: none */
    bool folder, weights;
} arguments;

static const char *const FORMATS[] = {"qasm3", "qasm2", "text", "svg", NULL};

static error_t refuse(struct argp_state *state, const char *text)
{
    argp_error(state, "%s", text);
    return EINVAL;
}

static error_t check(struct argp_state *state, char *value, void *arguments_)
{
    arguments *a = arguments_;
    struct stat found;
    (void)value;
    a->folder = stat(a->path, &found) == 0 && S_ISDIR(found.st_mode);
    if (a->folder && a->sets.count > 0) return refuse(state, "--set: found a result, want a configuration");
    if (!a->folder && (a->row >= 0 || a->weights))
        return refuse(state, "--row, --weights: found a configuration, want a result, which has weights");
    return 0;
}

#define AT(field) offsetof(arguments, field)

static const cli_option OPTIONS[] = {
    {"format", 'f', "qasm3|qasm2|text|svg", "OpenQASM, a picture of characters, or an SVG file (qasm3)", AT(format),
     .type = CLI_WORD, .words = FORMATS},
    {"context", 'c', "NAME[,NAME...]", "the modalities that are present (default: those of the row, or all)",
     AT(context), .type = CLI_TEXT},
    {"row", 'r', "K", "of a result: with the weights, and the data of row K of the data set, from 0", AT(row),
     .type = CLI_WHOLE, .high = CLI_ANY},
    {"weights", 'w', NULL, "of a result: with the weights, the data as inputs", AT(weights), .type = CLI_SWITCH},
    {"data", 'd', "FILE", "the data set (default: the one of the configuration or the training)", AT(data),
     .type = CLI_TEXT},
    CLI_OPTION_SET("override a key of the configuration", AT(sets)),
    CLI_OPTION_OUT("FILE", "write to this file (default: standard output)", AT(out)),
    {0}};

static const cli_line LINE = {
    .options = OPTIONS,
    .argument = {.what = "configuration or result",
                 .wanted = "a configuration or a result folder",
                 .offset = AT(path),
                 .doc = "CONFIG.yaml|RESULT_DIR"},
    .check = check,
    .doc =
        "Write the circuit of a model, for simulators, for hardware, or to look at.\v"
        "Trainable parameters are inputs theta0, theta1, .., data angles x0, x1, .. (in radians, after the map from "
        "features), as comments say; OpenQASM 2 has no inputs and needs --row.  The readouts, from which the head "
        "makes "
        "the "
        "outputs, are comments in the notation of entente simulate --observable.\n\n"
        "  entente circuit jobs/quickstart.yaml --set data.file=data.h5 --format text\n"
        "  entente circuit result --row 12 --format qasm2 --out row12.qasm"};

/* "text,audio" as bits. */
static ent_status read_context(const char *list, const ent_config_data *data, uint32_t *bits)
{
    *bits = 0;
    while (list && *list) {
        size_t longest = 0;
        unsigned at = 0;
        for (unsigned m = 0; m < data->modalities_count; m++) { /* the longest, for a name may hold a comma */
            const size_t length = strlen(data->modalities[m]);
            if (strncmp(list, data->modalities[m], length) != 0 || (list[length] && list[length] != ',')) continue;
            if (length <= longest) continue;
            longest = length;
            at = m;
        }
        ENT_REQUIRE(longest > 0, ENT_EARG, "--context: found '%.*s', want names of data.modalities, as '%s'",
                    (int)strcspn(list, ","), list, data->modalities[0]);
        *bits |= UINT32_C(1) << at;
        list += longest;
        list += *list == ',';
    }
    return ENT_OK;
}

static ent_status read_text(void *arguments_, char **text)
{
    const arguments *a = arguments_;
    return a->folder ? run_config_result(a->path, !a->data, text)
                     : ent_config_text(a->path, a->sets.count, a->sets.text, text);
}

static ent_status find_circuit(ent_comm *world, const arguments *a, const ent_config *config, ent_circuit **circuit)
{
    uint32_t context;
    ENT_TRY(read_context(a->context, &config->data, &context));
    if (!a->folder) return ent_config_circuit(config, context, circuit);
    const uint32_t full = (UINT32_C(1) << config->data.modalities_count) - 1;
    const ent_load_inp inp = {.folder = a->path,
                              .data = a->data ? a->data : config->data.file,
                              .absent = context ? full & ~context : 0,
                              .all_rows = true};
    ent_federation *federation;
    ENT_TRY(ent_federation_load(world, config, &inp, &federation));
    const ent_status status = ent_federation_circuit(federation, context, a->row, a->weights || a->row >= 0, circuit);
    ent_federation_free(federation);
    return status;
}

/* What the inputs are, as comments. */
static void note_inputs(const ent_circuit *circuit, const int *param, const int *angle, FILE *out)
{
    for (int k = 0; k < circuit->params; k++) fprintf(out, "// theta%d is weight %d of the model\n", k, param[k]);
    for (int k = 0; k < circuit->angles; k++) fprintf(out, "// x%d is data angle %d of the model\n", k, angle[k]);
}

static ent_status write_circuit(const arguments *a, const ent_circuit *circuit, FILE *out)
{
    int *param = ent_alloc(circuit->params, sizeof *param), *angle = ent_alloc(circuit->angles, sizeof *angle);
    ent_circuit *compact = NULL;
    ent_status status = param && angle ? ent_circuit_compact(circuit, param, angle, &compact)
                                       : ent_fail(ENT_ENOMEM, "circuit: no memory");
    if (status == ENT_OK) {
        if (a->format == FORMAT_TEXT)
            status = ent_circuit_draw_text(compact, out);
        else if (a->format == FORMAT_SVG)
            status = ent_circuit_draw_svg(compact, out);
        else
            status = ent_qasm_write(compact, a->format == FORMAT_QASM2 ? 2 : 3, out);
    }
    if (status == ENT_OK && a->format <= FORMAT_QASM2) note_inputs(compact, param, angle, out);
    ent_circuit_free(compact);
    ent_free(param);
    ent_free(angle);
    return status;
}

/* To a text first, so that nothing is written where the circuit cannot be. */
static ent_status put_circuit(const arguments *a, const ent_circuit *circuit)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *memory = open_memstream(&text, &bytes);
    ENT_REQUIRE(memory, ENT_ENOMEM, "circuit: no memory");
    ent_status status = write_circuit(a, circuit, memory);
    if (fclose(memory) != 0 && status == ENT_OK) status = ent_fail(ENT_ENOMEM, "circuit: no memory");
    if (status == ENT_OK && a->out)
        status = ent_atomic_file_save(a->out, text, bytes, true);
    else if (status == ENT_OK)
        fwrite(text, 1, bytes, stdout);
    free(text);
    return status;
}

static ent_status show(ent_comm *world, void *arguments_, const ent_config *config)
{
    const arguments *a = arguments_;
    ent_circuit *circuit = NULL;
    ent_status status = ent_comm_agree(world, find_circuit(world, a, config, &circuit));
    if (status == ENT_OK)
        status = cli_agree_with_root(world, ent_comm_rank(world) == 0 ? put_circuit(a, circuit) : ENT_OK);
    ent_circuit_free(circuit);
    return status;
}

int app_circuit(int argc, char **argv)
{
    arguments *a = ent_alloc(1, sizeof *a);
    if (!a) return cli_report(ent_fail(ENT_ENOMEM, "circuit: no memory"));
    a->row = -1;
    const int code = cli_config_command(&LINE, argc, argv, a, read_text, show);
    ent_free(a);
    return code;
}
