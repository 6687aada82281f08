/* Options shared by several sub-commands: each is read and checked; errors say what was found and what is wanted. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

/* Errors name the option as it was typed: "--rows" for both "--rows ten" and "--rows=ten". */
static error_t refuse(struct argp_state *state, const char *value, const char *wanted)
{
    const char *last = state->argv[state->next - 1];
    const bool joined = last != value && *last == '-';
    const char *option = joined ? last : state->argv[state->next - 2];
    const size_t length = option[1] == '-' ? strcspn(option, "=") : joined ? (size_t)(value - last) : strlen(option);
    argp_error(state, "%.*s: found '%s', want %s", (int)length, option, value, wanted);
    return EINVAL;
}

error_t cli_whole(struct argp_state *state, const char *text, int64_t low, int64_t high, int64_t *out)
{
    char *end, wanted[96];
    errno = 0;
    const long long value = strtoll(text, &end, 10);
    *out = value;
    if (end != text && !*end && !errno && value >= low && value <= high) return 0;
    snprintf(wanted, sizeof wanted, "a whole number from %lld to %lld", (long long)low, (long long)high);
    return refuse(state, text, wanted);
}

error_t cli_real(struct argp_state *state, const char *text, double low, double high, double *out)
{
    char *end, wanted[96];
    *out = strtod(text, &end);
    if (end != text && !*end && *out >= low && *out <= high) return 0;
    snprintf(wanted, sizeof wanted, "a number from %g to %g", low, high);
    return refuse(state, text, wanted);
}

error_t cli_file_add(struct argp_state *state, char *text, cli_files *files)
{
    char *equals = strchr(text, '=');
    if (files->count == ENT_MAX_MODALITIES) {
        argp_error(state, "--modality: more than %d", ENT_MAX_MODALITIES);
        return EINVAL;
    }
    if (!equals || !equals[1]) {
        argp_error(state, "--modality: found '%s', want NAME=FILE", text);
        return EINVAL;
    }
    *equals = '\0';
    if (ent_modality_check_name(text) != ENT_OK) {
        argp_error(state, "--modality: %s", ent_message());
        return EINVAL;
    }
    for (int m = 0; m < files->count; m++) {
        if (strcmp(files->name[m], text) != 0) continue;
        argp_error(state, "--modality: '%s' is named twice", text);
        return EINVAL;
    }
    files->name[files->count] = text;
    files->path[files->count++] = equals + 1;
    return 0;
}

void cli_files_copy(const cli_files *files, int *count, const char **name, const char **path)
{
    *count = files->count;
    for (int k = 0; k < files->count; k++) {
        name[k] = files->name[k];
        path[k] = files->path[k];
    }
}

error_t cli_word(struct argp_state *state, const char *text, const char *const *words, int *out)
{
    char list[256] = "one of: ";
    size_t used = strlen(list);
    for (*out = 0; words[*out]; ++*out) {
        if (strcmp(text, words[*out]) == 0) return 0;
        if (used < sizeof list)
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", *out > 0 ? ", " : "", words[*out]);
    }
    return refuse(state, text, list);
}

error_t cli_shares_read(struct argp_state *state, const char *text, cli_shares *out)
{
    char rest;
    double *of = out->of;
    out->given = true;
    if (sscanf(text, "%lf,%lf,%lf%c", &of[0], &of[1], &of[2], &rest) == 3 && of[0] > 0.0 && of[1] >= 0.0 &&
        of[2] >= 0.0 && of[0] + of[1] + of[2] < 1e300)
        return 0;
    argp_error(state, "--split: found '%s', want three shares for train, validation and test, like 0.7,0.1,0.2",
               text);
    return EINVAL;
}

error_t cli_want(struct argp_state *state, bool there, const char *what)
{
    if (there) return 0;
    argp_error(state, "want %s", what);
    return EINVAL;
}

ent_status cli_may_write(ent_comm *world, const char *path, bool replace)
{
    ent_status status = ENT_OK;
    if (!replace && access(path, F_OK) == 0)
        status = ent_fail(ENT_EIO, "%s: exists; want another name, or --replace", path);
    return world ? ent_comm_agree(world, status) : status;
}

/* "1,2,4": ascending whole numbers from 1. */
error_t cli_sizes_read(struct argp_state *state, const char *text, int high, cli_sizes *out)
{
    char wanted[96];
    out->n = 0;
    for (const char *at = text;;) {
        char *end;
        const long value = strtol(at, &end, 10);
        const int last = out->n > 0 ? out->size[out->n - 1] : 0;
        if (end == at || value <= last || value > high || out->n == CLI_SIZES_MAX || (*end != ',' && *end != '\0')) {
            snprintf(wanted, sizeof wanted, "ascending whole numbers from 1 to %d, like 1,2,4", high);
            return refuse(state, text, wanted);
        }
        out->size[out->n++] = (int)value;
        if (*end == '\0') return 0;
        at = end + 1;
    }
}
