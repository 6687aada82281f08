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

enum { MAX_SETS = 256 };
enum { KEY_REFERENCE = 'r', KEY_SCHEMA = 'S', KEY_PRINT = 'p', KEY_SET = 's' };

typedef struct {
    int action; /* one of the option keys above */
    const char *path;
    const char *set[MAX_SETS];
    int sets, schema;
} arguments;

static const char *const FILES[] = {"configuration", "sweep", "study", NULL};

static const struct argp_option OPTIONS[] = {
    {"print", KEY_PRINT, NULL, 0, "print CONFIG.yaml as it will run, with every default filled in", 0},
    {"set", KEY_SET, "KEY=VALUE", 0, "override a key of the configuration", 0},
    {"reference", KEY_REFERENCE, NULL, 0, "print all keys with their values, defaults and meanings, as Markdown", 0},
    {"schema", KEY_SCHEMA, "FILE", OPTION_ARG_OPTIONAL,
     "print the JSON Schema of a configuration, or of a file that is a `sweep` or a `study`", 0},
    {0}};

static error_t choose(arguments *a, int action, struct argp_state *state)
{
    if (a->action && a->action != action) {
        argp_error(state, "want one of --print, --reference, --schema");
        return EINVAL;
    }
    a->action = action;
    return 0;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    arguments *a = state->input;
    switch (key) {
    case KEY_SET:
        if (a->sets == MAX_SETS) {
            argp_error(state, "more than %d --set", MAX_SETS);
            return EINVAL;
        }
        a->set[a->sets++] = value;
        return 0;
    case KEY_SCHEMA:
        if (value && app_word(state, value, FILES, &a->schema) != 0) return EINVAL;
        return choose(a, key, state);
    case KEY_REFERENCE:
    case KEY_PRINT:
        return choose(a, key, state);
    case ARGP_KEY_ARG:
        if (a->path) {
            argp_error(state, "more than one configuration: '%s'", value);
            return EINVAL;
        }
        a->path = value;
        return 0;
    case ARGP_KEY_END:
        if (!a->action || (a->action == KEY_PRINT) != (a->path != NULL) || (a->sets > 0 && !a->path)) {
            argp_error(state, "want --print CONFIG.yaml, --reference or --schema");
            return EINVAL;
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const char DOC[] = "Document the configuration keys, or show the contents of a configuration.\v"
                          "Editors with YAML support complete and check a file whose first line is\n"
                          "  # yaml-language-server: $schema=jobs/schema/configuration.json";

static const struct argp ARGP = {OPTIONS, parse, "[CONFIG.yaml]", DOC, NULL, NULL, NULL};

static ent_status print_config(const arguments *a)
{
    char *text;
    ENT_TRY(ent_config_text(a->path, a->sets, a->set, &text));
    fputs(text, stdout);
    ent_free(text);
    return ENT_OK;
}

static ent_status print_schema(int file)
{
    json_t *(*const make[])(void) = {ent_schema_config, app_schema_sweep, app_schema_study};
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
    arguments a = {.action = 0};
    ent_status status = ENT_OK;
    app_parse(&ARGP, argc, argv, &a);
    if (a.action == KEY_PRINT)
        status = print_config(&a);
    else if (a.action == KEY_SCHEMA)
        status = print_schema(a.schema);
    else
        ent_config_print_reference(stdout);
    return app_report(status);
}
