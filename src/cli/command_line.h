/* The command line of a sub-command as a table: an option says into which field of the command's arguments it is read.
 *
 *   typedef struct { const char *config, *out; cli_sets sets; int64_t ranks; bool json; } arguments;
 *   static const cli_option OPTIONS[] = {
 *       {"ranks", 'r', "R", "MPI ranks of the job (1)", CLI_WHOLE, offsetof(arguments, ranks), .low = 1, .high = 1024},
 *       CLI_SET("override a key of the configuration", arguments, sets),
 *       CLI_JSON(arguments, json),
 *       {0}};
 *   static const cli_line LINE = {.options = OPTIONS, .doc = "...", .argument = CLI_CONFIG(arguments, config)};
 *
 * What is wrong is reported as "--ranks: found 'ten', want a whole number from 1 to 1024". */
#ifndef ENTENTE_CLI_COMMAND_LINE_H
#define ENTENTE_CLI_COMMAND_LINE_H

#include <argp.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    CLI_HEADING, /* no option: `help` begins a group of options in the help */
    CLI_SWITCH,  /* bool */
    CLI_TEXT,    /* const char * */
    CLI_WHOLE,   /* int64_t, low..high */
    CLI_INT,     /* int, low..high */
    CLI_REAL,    /* double, low..high */
    CLI_WORD,    /* int or enum: the index in `words` */
    CLI_SIZES,   /* app_sizes, 1..high */
    CLI_SETS,    /* cli_sets */
    CLI_CALL     /* read by `call` */
} cli_type;

/* Reads a value (NULL where there is none) into `arguments`; reports the error with argp_error and returns EINVAL. */
typedef error_t cli_call(struct argp_state *state, char *value, void *arguments);

typedef struct {
    const char *name;
    int letter;        /* of the short option; 0: none */
    const char *value; /* its name in the help; NULL for a switch */
    const char *help;
    cli_type type;
    size_t offset; /* of the field in the arguments */
    double low, high;
    const char *const *words; /* NULL-terminated */
    cli_call *call;
    bool optional; /* the value may be left out */
} cli_option;

/* The argument that is no option.  `what` NULL: there is none; `take`: any number of them, one after another. */
typedef struct {
    const char *what;   /* "configuration", "result", "file" */
    const char *wanted; /* "a configuration"; NULL: it may be missing */
    const char *doc;    /* "CONFIG.yaml" */
    size_t offset;      /* const char * */
    cli_call *take;
} cli_argument;

/* A sub-command's command line; what is not given is as the caller has initialised it. */
typedef struct {
    const cli_option *options; /* up to a row without name and help; NULL: none */
    const char *doc;           /* of the help: before the options, '\v', after them */
    cli_argument argument;
    cli_call *check;                                         /* at the end of the line, or NULL */
    char *(*filter)(int key, const char *text, void *input); /* of the help text, as in argp; or NULL */
} cli_line;

/* --set of the commands that read a configuration. */
enum { CLI_MOST_SETS = 256 };
typedef struct {
    int count;
    const char *text[CLI_MOST_SETS];
} cli_sets;

/* clang-format off */
#define CLI_AT(type, field) offsetof(type, field)
#define CLI_SET(help, type, field)   {"set", 's', "KEY=VALUE", help, CLI_SETS, offsetof(type, field), 0, 0, NULL, NULL, false}
#define CLI_OUT(value, help, type, field) {"out", 'o', value, help, CLI_TEXT, offsetof(type, field), 0, 0, NULL, NULL, false}
#define CLI_JSON(type, field)  {"json", 'j', NULL, "print one JSON object as the last line of standard output", \
                                CLI_SWITCH, offsetof(type, field), 0, 0, NULL, NULL, false}
#define CLI_QUIET(help, type, field) {"quiet", 'q', NULL, help, CLI_SWITCH, offsetof(type, field), 0, 0, NULL, NULL, false}
/* clang-format on */

#endif
