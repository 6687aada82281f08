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

enum { CLI_FAILED = 1, CLI_USAGE = 2, CLI_STOPPED = 75 /* EX_TEMPFAIL of sysexits.h */ };

/* command.c */

/* Start MPI and parse; only rank 0 prints.  `--help` prints and exits before MPI starts.
 * Errors: ENT_EARG, already reported. */
ent_status cli_start(const cli_line *line, int argc, char **argv, void *arguments, ent_comm **world);
/* Print the message of a failure on rank 0 and end MPI.  Returns the exit code. */
int cli_finish(ent_comm *world, ent_status status);
/* Parse without MPI: ends the process on a wrong command line. */
void cli_parse(const cli_line *line, int argc, char **argv, void *arguments);
/* Print the message of a failure, or of a failed write to standard output.  Returns the exit code. */
int cli_report(ent_status status);
/* Share the status of work done only by rank 0; its message is kept as it is, without a rank number.  Collective. */
ent_status cli_agree_with_root(ent_comm *world, ent_status status);
/* Share the text of rank 0, if it has one, with all ranks; NUL-terminated, ent_free.  Collective. */
ent_status cli_share(ent_comm *world, ent_status status, char **text);

/* Run a whole sub-command: start, `read` a text on rank 0 (ent_free), share it, `body` on all ranks, finish.
 * Returns the exit code.  Both functions get `arguments`, as filled by `argp`. */
typedef ent_status cli_read(void *arguments, char **text);
typedef ent_status cli_body(ent_comm *world, void *arguments, const char *text);
int cli_command(const cli_line *line, int argc, char **argv, void *arguments, cli_read *read, cli_body *body);
/* The same for a body whose text is a configuration; and such a body by itself (Collective). */
typedef ent_status cli_work(ent_comm *world, void *arguments, const ent_config *config);
int cli_config_command(const cli_line *line, int argc, char **argv, void *arguments, cli_read *read, cli_work *work);
ent_status cli_with_config(ent_comm *world, const char *text, cli_work *work, void *arguments);

/* version.c: one line, and the whole page. */
const char *cli_version_line(void);
void cli_version_print(FILE *out);

/* bar.c: progress of long work.  On a terminal one line that is redrawn, elsewhere a line every ten seconds. */
typedef struct {
    const char *what;
    double begin_s, drawn_s;
    bool quiet, drawn;
} cli_bar;
void cli_bar_show(void *bar, int64_t done, int64_t all);
/* The width of the terminal that standard error leads to, also through mpirun; 0: not a terminal. */
int cli_terminal_columns(void);
/* Print a line: `begin` and as many of the entries of `text`, separated by two blanks, as fit into 80 columns. */
void cli_line_put(const char *begin, const char *text);
/* Draw the line itself: a bar of `share` and the text, truncated to the width of the terminal. */
void cli_bar_draw(double share, const char *text);
/* "12 s left", "3 min left", "2 h 5 min left".  Returns `text`. */
char *cli_left_text(double seconds, char text[32]);
void cli_bar_end(cli_bar *bar);

/* layout.c: what a layout wastes, as a one-line warning; false if it wastes nothing. */
bool cli_idle_text(int64_t groups, int64_t clients, char text[256]);
bool cli_oversubscribed_text(int64_t ranks, int64_t threads, int64_t cores, char text[256]);

/* cone.c: "every readout depends on 3 qubits, one per register: ..."; formed: whether the whole state is.  Returns
 * `text`. */
char *cli_cone_text(const ent_circuit *circuit, const ent_engine_weight *weight, bool formed, char text[256]);

/* options.c: options shared by several commands.  Each function returns 0, or reports the error and returns
 * EINVAL. */
error_t cli_whole(struct argp_state *state, const char *text, int64_t low, int64_t high, int64_t *out);
error_t cli_real(struct argp_state *state, const char *text, double low, double high, double *out);
/* "NAME=FILE", split at '='. */
error_t cli_file_add(struct argp_state *state, char *text, cli_files *files);
void cli_files_copy(const cli_files *files, int *count, const char **name, const char **path);
/* The index of one of `words` (NULL-terminated). */
error_t cli_word(struct argp_state *state, const char *text, const char *const *words, int *out);
error_t cli_shares_read(struct argp_state *state, const char *text, cli_shares *out);
/* "1,2,4": ascending whole numbers from 1 to `high`. */
enum { CLI_SIZES_MAX = 32 };
typedef struct {
    int n, size[CLI_SIZES_MAX];
} cli_sizes;
error_t cli_sizes_read(struct argp_state *state, const char *text, int high, cli_sizes *out);
error_t cli_want(struct argp_state *state, bool there, const char *what);
/* Output options shared by all kinds of import. */
typedef struct {
    const char *out;
    int64_t seed;
    bool replace, quiet;
} cli_import_to;
/* clang-format off */
#define CLI_IMPORT_OPTIONS(of_seed, at)                                                                          \
    CLI_OPTION_DATA(at + offsetof(cli_import_to, out)),                                                          \
    {"seed", 's', "N", of_seed, at + offsetof(cli_import_to, seed), .type = CLI_WHOLE, .high = CLI_ANY},         \
    CLI_OPTION_REPLACE("overwrite the data set", at + offsetof(cli_import_to, replace)),                         \
    CLI_OPTION_QUIET("no progress, no report", at + offsetof(cli_import_to, quiet))
/* clang-format on */
/* Refuse to write to an existing file unless --replace is given.  Collective. */
ent_status cli_may_write(ent_comm *world, const char *path, bool replace);

#endif
