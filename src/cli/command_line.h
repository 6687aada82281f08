/* The command line of a sub-command as a table, in which an option says into which field of the command's arguments
 * it is read.
 *
 *   typedef struct { const char *config; cli_sets sets; int64_t ranks; bool json; } arguments;
 *   #define AT(field) offsetof(arguments, field)
 *   static const cli_option OPTIONS[] = {
 *       {"ranks", 'r', "R", "MPI ranks of the job (1)", AT(ranks), .type = CLI_WHOLE, .low = 1, .high = 1024},
 *       CLI_OPTION_SET("override a key of the configuration", AT(sets)),
 *       CLI_OPTION_JSON(AT(json)),
 *       {0}};
 *   static const cli_line LINE = {.options = OPTIONS, .doc = "...", .argument = {...}};
 *
 * Wrong values are reported as "--ranks: found 'ten', want a whole number from 1 to 1024". */
#ifndef ENTENTE_CLI_COMMAND_LINE_H
#define ENTENTE_CLI_COMMAND_LINE_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "entente/dataset.h"

typedef enum {
    CLI_HEADING, /* no option: `help` is the heading of the options below it */
    CLI_SWITCH,  /* bool: true if the option is given */
    CLI_TEXT,    /* const char * */
    CLI_WHOLE,   /* int64_t or uint64_t, low..high */
    CLI_INT,     /* int, low..high */
    CLI_REAL,    /* double, low..high */
    CLI_WORD,    /* int or an enum: the index in `words` */
    CLI_SIZES,   /* cli_sizes, 1..high */
    CLI_SETS,    /* cli_sets */
    CLI_FILES,   /* cli_files: NAME=FILE, may be repeated */
    CLI_SHARES,  /* cli_shares: three numbers */
    CLI_CALL     /* read by `call` */
} cli_type;

/* Reads a value (NULL if there is none) into the arguments; reports an error with argp_error and returns EINVAL. */
typedef error_t cli_call(struct argp_state *state, char *value, void *arguments);

#define CLI_ANY 0x1p63 /* `high` of a whole number that may be as large as its type */

typedef struct {
    const char *name;
    int letter;        /* the short option; 0: none */
    const char *value; /* its name in the help; NULL for a switch */
    const char *help;
    size_t offset; /* of the field in the arguments */
    cli_type type;
    double low, high;
    const char *const *words; /* NULL-terminated */
    cli_call *call;
    bool optional;          /* the value may be left out */
    bool required;          /* CLI_TEXT, CLI_FILES: the option must be given */
    const char *instead_of; /* CLI_SHARES: an option (CLI_TEXT) that must not be given as well */
} cli_option;

/* The arguments that are not options: none without `what`, any number with `list`, else at most one. */
typedef struct {
    const char *what;   /* "configuration", "result", "file" */
    const char *wanted; /* "a configuration"; NULL: it may be missing */
    size_t offset;      /* const char *, or cli_list */
    bool list;
    const char *doc; /* "CONFIG.yaml" */
} cli_argument;

/* Arguments as they stand on the command line. */
typedef struct {
    int count;
    char **text; /* [count], within argv */
} cli_list;

/* A whole command line.  Fields that are not given keep the values that the caller has set. */
typedef struct {
    const cli_option *options; /* up to a row without name and help; NULL: none */
    cli_argument argument;
    cli_call *check; /* at the end of the line; NULL: nothing to check */
    const char *doc; /* of --help: the text before the options, '\v', the text after them */
    char *(*filter)(int key, const char *text, void *input); /* of the help text, as in argp; NULL: none */
} cli_line;

/* Overrides of a configuration, for ent_config_text. */
enum { CLI_MOST_SETS = 256 };
typedef struct {
    int count;
    const char *text[CLI_MOST_SETS];
} cli_sets;

/* Modalities and their files. */
typedef struct {
    int count;
    const char *name[ENT_MAX_MODALITIES], *path[ENT_MAX_MODALITIES];
} cli_files;

/* Of train, validation and test. */
typedef struct {
    bool given;
    double of[3];
} cli_shares;

/* clang-format off */
#define CLI_OPTION_SET(help, at) {"set", 's', "KEY=VALUE", help, at, .type = CLI_SETS}
#define CLI_OPTION_OUT(value, help, at) {"out", 'o', value, help, at, .type = CLI_TEXT}
#define CLI_OPTION_DATA(at) \
    {"out", 'o', "FILE", "the data set to write (HDF5)", at, .type = CLI_TEXT, .required = true}
#define CLI_OPTION_JSON(at) \
    {"json", 'j', NULL, "print one JSON object as the last line of standard output", at, .type = CLI_SWITCH}
#define CLI_OPTION_QUIET(help, at) {"quiet", 'q', NULL, help, at, .type = CLI_SWITCH}
#define CLI_OPTION_REPLACE(help, at) {"replace", 0, NULL, help, at, .type = CLI_SWITCH}
/* clang-format on */

/* argp's form of a command line: cli_begin allocates what `run->argp` refers to, cli_end frees it. */
typedef struct {
    const cli_line *line;
    void *arguments;
    struct argp argp;
    struct argp_option *options;
} cli_run;
bool cli_begin(const cli_line *line, void *arguments, cli_run *run);
void cli_end(cli_run *run);

#endif
