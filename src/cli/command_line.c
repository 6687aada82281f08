/* Command lines by argp: its table of options is made from ours, and one parser reads every type of value. */
#include "command_line.h"

#include <errno.h>
#include <string.h>

#include "cli.h"
#include "entente/memory.h"

enum { FIRST_KEY = 256 }; /* of the options without a letter */

static int count_options(const cli_line *line)
{
    int count = 0;
    while (line->options && (line->options[count].name || line->options[count].help)) count++;
    return count;
}

static int key_of(const cli_line *line, int k)
{
    return line->options[k].letter ? line->options[k].letter : FIRST_KEY + k;
}

static error_t add_set(struct argp_state *state, const char *value, cli_sets *sets)
{
    if (sets->count == CLI_MOST_SETS) {
        argp_error(state, "more than %d --set", CLI_MOST_SETS);
        return EINVAL;
    }
    sets->text[sets->count++] = value;
    return 0;
}

static error_t read_whole(struct argp_state *state, const cli_option *o, const char *value, int64_t *out)
{
    return cli_whole(state, value, (int64_t)o->low, o->high >= CLI_ANY ? INT64_MAX : (int64_t)o->high, out);
}

static error_t read_int(struct argp_state *state, const cli_option *o, const char *value, int *out)
{
    int64_t whole = 0;
    const error_t error = read_whole(state, o, value, &whole);
    if (error == 0) *out = (int)whole;
    return error;
}

static error_t read_option(struct argp_state *state, const cli_option *o, char *value, void *arguments)
{
    void *field = (char *)arguments + o->offset;
    if (value && !*value) { /* as a script writes that has an unset variable */
        argp_error(state, "--%s: found nothing, want %s", o->name, o->value);
        return EINVAL;
    }
    switch (o->type) {
    case CLI_SWITCH:
        *(bool *)field = true;
        return 0;
    case CLI_TEXT:
        *(const char **)field = value;
        return 0;
    case CLI_WHOLE:
        return read_whole(state, o, value, field);
    case CLI_INT:
        return read_int(state, o, value, field);
    case CLI_REAL:
        return cli_real(state, value, o->low, o->high, field);
    case CLI_WORD:
        return cli_word(state, value, o->words, field);
    case CLI_SIZES:
        return cli_sizes_read(state, value, (int)o->high, field);
    case CLI_SETS:
        return add_set(state, value, field);
    case CLI_FILES:
        return cli_file_add(state, value, field);
    case CLI_SHARES:
        return cli_shares_read(state, value, field);
    case CLI_CALL:
        return o->call(state, value, arguments);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t read_argument(struct argp_state *state, const cli_run *run, char *value)
{
    const cli_argument *argument = &run->line->argument;
    if (!*value) {
        argp_error(state, "found an empty argument%s%s", argument->wanted ? ", want " : "",
                   argument->wanted ? argument->wanted : "");
        return EINVAL;
    }
    if (!argument->what) {
        argp_error(state, "found argument '%s', want only options", value);
        return EINVAL;
    }
    if (argument->list) {
        cli_list *list = (cli_list *)((char *)run->arguments + argument->offset);
        if (list->count++ == 0) list->text = state->argv + state->next - 1; /* argp has put them after the options */
        return 0;
    }
    const char **field = (const char **)((char *)run->arguments + argument->offset);
    if (*field) {
        bool sets = false;
        for (int k = 0; k < count_options(run->line); k++) sets |= run->line->options[k].type == CLI_SETS;
        argp_error(state, "more than one %s: '%s'%s", argument->what, value,
                   sets && strchr(value, '=') ? "; an override is --set KEY=VALUE" : "");
        return EINVAL;
    }
    *field = value;
    return 0;
}

static bool is_given(const cli_option *o, const void *arguments)
{
    const void *field = (const char *)arguments + o->offset;
    switch (o->type) {
    case CLI_FILES:
        return ((const cli_files *)field)->count > 0;
    case CLI_SHARES:
        return ((const cli_shares *)field)->given;
    default:
        return *(const char *const *)field != NULL;
    }
}

/* Whether a required option is missing; "want --out FILE". */
static error_t check_required(struct argp_state *state, const cli_option *o, const void *arguments)
{
    char wanted[64];
    if (!o->required) return 0;
    snprintf(wanted, sizeof wanted, "--%s %s", o->name, o->value);
    return cli_want(state, is_given(o, arguments), wanted);
}

/* "want --folds or --split, not both". */
static error_t check_apart(struct argp_state *state, const cli_line *line, const cli_option *o, const void *arguments)
{
    char wanted[128];
    if (!o->instead_of || !is_given(o, arguments)) return 0;
    snprintf(wanted, sizeof wanted, "--%s or --%s, not both", o->instead_of, o->name);
    for (int k = 0; k < count_options(line); k++)
        if (line->options[k].name && strcmp(line->options[k].name, o->instead_of) == 0)
            return cli_want(state, !is_given(&line->options[k], arguments), wanted);
    return 0;
}

static bool has_argument(const cli_argument *argument, const void *arguments)
{
    const void *field = (const char *)arguments + argument->offset;
    return argument->list ? ((const cli_list *)field)->count > 0 : *(const char *const *)field != NULL;
}

static error_t check_end(struct argp_state *state, const cli_run *run)
{
    const cli_argument *argument = &run->line->argument;
    if (argument->what && argument->wanted && !has_argument(argument, run->arguments)) {
        argp_error(state, "found no argument, want %s", argument->wanted);
        return EINVAL;
    }
    for (int k = 0; k < count_options(run->line); k++) {
        const cli_option *o = &run->line->options[k];
        if (check_required(state, o, run->arguments) || check_apart(state, run->line, o, run->arguments))
            return EINVAL;
    }
    return run->line->check ? run->line->check(state, NULL, run->arguments) : 0;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    const cli_run *run = state->input;
    if (key == ARGP_KEY_ARG) return read_argument(state, run, value);
    if (key == ARGP_KEY_END) return check_end(state, run);
    for (int k = 0; k < count_options(run->line); k++)
        if (run->line->options[k].type != CLI_HEADING && key_of(run->line, k) == key)
            return read_option(state, &run->line->options[k], value, run->arguments);
    return ARGP_ERR_UNKNOWN;
}

bool cli_begin(const cli_line *line, void *arguments, cli_run *run)
{
    const int count = count_options(line);
    int group = 0;
    *run = (cli_run){.line = line, .arguments = arguments};
    run->options = ent_alloc(count + 1, sizeof *run->options); /* a row of zeros at the end */
    if (!run->options) return false;
    for (int k = 0; k < count; k++) {
        const cli_option *o = &line->options[k];
        group += o->type == CLI_HEADING;
        run->options[k] = (struct argp_option){.name = o->name,
                                               .key = o->name ? key_of(line, k) : 0,
                                               .arg = o->value,
                                               .flags = o->optional ? OPTION_ARG_OPTIONAL : 0,
                                               .doc = o->help,
                                               .group = group};
    }
    run->argp = (struct argp){.options = run->options,
                              .parser = parse,
                              .args_doc = line->argument.doc,
                              .doc = line->doc,
                              .help_filter = line->filter};
    return true;
}

void cli_end(cli_run *run)
{
    ent_free(run->options);
    run->options = NULL;
}
