/* entente config: documents the configuration keys for users and editors, and prints a configuration as it will
 * run. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "campaign/schema.h"
#include "config/load.h"
#include "config/reference.h"
#include "config/schema.h"
#include "entente/memory.h"

typedef enum { ACT_NONE, ACT_PRINT, ACT_REFERENCE, ACT_SCHEMA } action;

typedef struct {
    action action;
    const char *path;
    cli_sets sets;
    int schema;
} arguments;

static const char *const FILES[] = {"configuration", "sweep", "study", NULL};

static error_t choose(struct argp_state *state, arguments *a, action wanted)
{
    if (a->action && a->action != wanted) {
        argp_error(state, "want one of --print, --reference, --schema");
        return EINVAL;
    }
    a->action = wanted;
    return 0;
}

static error_t choose_print(struct argp_state *state, char *value, void *a)
{
    (void)value;
    return choose(state, a, ACT_PRINT);
}

static error_t choose_reference(struct argp_state *state, char *value, void *a)
{
    (void)value;
    return choose(state, a, ACT_REFERENCE);
}

static error_t choose_schema(struct argp_state *state, char *value, void *arguments_)
{
    arguments *a = arguments_;
    if (value && cli_word(state, value, FILES, &a->schema) != 0) return EINVAL;
    return choose(state, a, ACT_SCHEMA);
}

static error_t check(struct argp_state *state, char *value, void *arguments_)
{
    const arguments *a = arguments_;
    (void)value;
    if (a->action && (a->action == ACT_PRINT) == (a->path != NULL) && (a->sets.count == 0 || a->path)) return 0;
    argp_error(state, "want --print CONFIG.yaml, --reference or --schema");
    return EINVAL;
}

static const cli_option OPTIONS[] = {
    {"print", 'p', NULL, "print CONFIG.yaml as it will run, with every default filled in", 0, .type = CLI_CALL,
     .call = choose_print},
    CLI_OPTION_SET("override a key of the configuration", offsetof(arguments, sets)),
    {"reference", 'r', NULL, "print all keys with their values, defaults and meanings, as Markdown", 0,
     .type = CLI_CALL, .call = choose_reference},
    {"schema", 'S', "FILE", "print the JSON Schema of a configuration, or of a file that is a `sweep` or a `study`",
     0, .type = CLI_CALL, .call = choose_schema, .optional = true},
    {0}};

static const char DOC[] = "Document the configuration keys, or show the contents of a configuration.\v"
                          "Editors with YAML support complete and check a file whose first line is\n"
                          "  # yaml-language-server: $schema=jobs/schema/configuration.json";

static const cli_line LINE = {
    .options = OPTIONS,
    .argument = {.what = "configuration", .offset = offsetof(arguments, path), .doc = "[CONFIG.yaml]"},
    .check = check,
    .doc = DOC};

static ent_status print_config(const arguments *a)
{
    char *text;
    ENT_TRY(ent_config_text(a->path, a->sets.count, a->sets.text, &text));
    fputs(text, stdout);
    ent_free(text);
    return ENT_OK;
}

static ent_status print_schema(int file)
{
    json_t *(*const make[])(void) = {ent_schema_config, campaign_schema_sweep, campaign_schema_study};
    json_t *schema = make[file]();
    char *text = json_dumps(schema, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
    json_decref(schema);
    ENT_REQUIRE(text, ENT_ENOMEM, "schema: no memory");
    puts(text);
    free(text);
    return ENT_OK;
}

int app_config(int argc, char **argv)
{
    arguments a = {.action = ACT_NONE};
    ent_status status = ENT_OK;
    cli_parse(&LINE, argc, argv, &a);
    if (a.action == ACT_PRINT)
        status = print_config(&a);
    else if (a.action == ACT_SCHEMA)
        status = print_schema(a.schema);
    else
        ent_config_print_reference(stdout);
    return cli_report(status);
}
