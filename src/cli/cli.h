/* Shared by the sub-commands: start and end with MPI, options, progress bar, versions. */
#ifndef ENTENTE_CLI_H
#define ENTENTE_CLI_H

#include <argp.h>
#include <stdbool.h>
#include <stdio.h>

#include "cli/command_line.h"
#include "entente/comm.h"
#include "entente/config.h"
#include "entente/engine.h"

enum { APP_FAILED = 1, APP_USAGE = 2, APP_STOPPED = 75 /* EX_TEMPFAIL of sysexits.h */ };

/* command.c */

/* Start MPI and parse; only rank 0 prints.  `--help` prints and exits before MPI starts.
 * Errors: ENT_EARG, already reported. */
ent_status cli_start(const cli_line *line, int argc, char **argv, void *arguments, ent_comm **world);
/* Print the message of a failure on rank 0 and end MPI.  Returns the exit code. */
int app_finish(ent_comm *world, ent_status status);
/* Parse without MPI: ends the process on a wrong command line. */
void cli_parse(const cli_line *line, int argc, char **argv, void *arguments);
/* Print the message of a failure, or of a failed write to standard output.  Returns the exit code. */
int app_report(ent_status status);
/* Share the status of work done only by rank 0; its message is kept as it is, without a rank number.  Collective. */
ent_status app_agree_with_root(ent_comm *world, ent_status status);
/* Share the text of rank 0, if it has one, with all ranks; NUL-terminated, ent_free.  Collective. */
ent_status app_share(ent_comm *world, ent_status status, char **text);

/* Run a whole sub-command: start, `read` a text on rank 0 (ent_free), share it, `body` on all ranks, finish.
 * Returns the exit code.  Both functions get `arguments`, as filled by `argp`. */
typedef ent_status app_read(void *arguments, char **text);
typedef ent_status app_body(ent_comm *world, void *arguments, const char *text);
int cli_command(const cli_line *line, int argc, char **argv, void *arguments, app_read *read, app_body *body);

/* version.c: one line, and the whole page. */
const char *app_version_line(void);
void app_version_print(FILE *out);

/* bar.c: progress of long work.  On a terminal one line that is redrawn, elsewhere a line every ten seconds. */
typedef struct {
    const char *what;
    double begin_s, drawn_s;
    bool quiet, drawn;
} app_bar;
void app_bar_show(void *bar, int64_t done, int64_t all);
/* The width of the terminal that standard error leads to, also through mpirun; 0: not a terminal. */
int app_terminal_columns(void);
/* Print a line: `begin` and as many of the entries of `text`, separated by two blanks, as fit into 80 columns. */
void app_line_put(const char *begin, const char *text);
/* Draw the line itself: a bar of `share` and the text, truncated to the width of the terminal. */
void app_bar_draw(double share, const char *text);
/* "12 s left", "3 min left", "2 h 5 min left".  Returns `text`. */
char *app_left_text(double seconds, char text[32]);
void app_bar_end(app_bar *bar);

/* layout.c: what a layout wastes, as a one-line warning; false if it wastes nothing. */
bool app_idle_text(int64_t groups, int64_t clients, char text[256]);
bool app_oversubscribed_text(int64_t ranks, int64_t threads, int64_t cores, char text[256]);

/* cone.c: "every readout depends on 3 qubits, one per register: ..."; formed: whether the whole state is.  Returns
 * `text`. */
char *app_cone_text(const ent_circuit *circuit, const ent_engine_weight *weight, bool formed, char text[256]);

/* options.c: options shared by several commands.  Each function returns 0, or reports the error and returns
 * EINVAL. */
error_t app_whole(struct argp_state *state, const char *text, int64_t low, int64_t high, int64_t *out);
error_t app_real(struct argp_state *state, const char *text, double low, double high, double *out);
/* "NAME=FILE", split at '='. */
error_t app_modality(struct argp_state *state, char *text, int *count, const char **name, const char **path);
/* The index of one of `words` (NULL-terminated). */
error_t app_word(struct argp_state *state, const char *text, const char *const *words, int *out);
error_t app_shares(struct argp_state *state, const char *text, double share[3]);
/* "1,2,4": ascending whole numbers from 1 to `high`. */
enum { APP_SIZES = 32 };
typedef struct {
    int n, size[APP_SIZES];
} app_sizes;
error_t app_sizes_read(struct argp_state *state, const char *text, int high, app_sizes *out);
error_t app_want(struct argp_state *state, bool there, const char *what);
/* Output options shared by all kinds of import. */
typedef struct {
    const char *out;
    int64_t seed;
    bool replace, quiet;
} app_import_to;
/* clang-format off */
#define APP_IMPORT_OPTIONS(of_seed, at)                                                                          \
    CLI_OPTION_OUT("FILE", "the data set to write (HDF5)", at + offsetof(app_import_to, out)),                   \
    {"seed", 's', "N", of_seed, at + offsetof(app_import_to, seed), .type = CLI_WHOLE, .high = CLI_ANY},         \
    CLI_OPTION_REPLACE("overwrite the data set", at + offsetof(app_import_to, replace)),                         \
    CLI_OPTION_QUIET("no progress, no report", at + offsetof(app_import_to, quiet))
/* clang-format on */
/* Refuse to write to an existing file unless --replace is given.  Collective. */
ent_status app_may_write(ent_comm *world, const char *path, bool replace);

#endif
