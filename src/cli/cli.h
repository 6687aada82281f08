/* What the sub-commands share: start and end over MPI, options, a bar, versions. */
#ifndef ENTENTE_CLI_H
#define ENTENTE_CLI_H

#include <argp.h>
#include <stdbool.h>
#include <stdio.h>

#include "entente/comm.h"
#include "entente/config.h"
#include "entente/engine.h"

enum { APP_FAILED = 1, APP_USAGE = 2, APP_STOPPED = 75 /* EX_TEMPFAIL of sysexits.h */ };

/* command.c */

/* Start MPI and parse; on rank 0 alone something is printed.  `--help` prints and ends before MPI starts.
 * Errors: ENT_EARG, told already. */
ent_status app_start(const struct argp *argp, int argc, char **argv, void *input, ent_comm **world);
/* Print the message of a failure on rank 0 and end MPI; the exit code. */
int app_finish(ent_comm *world, ent_status status);
/* Parse where no MPI is used: ends the process on a wrong command line. */
void app_parse(const struct argp *argp, int argc, char **argv, void *input);
/* Print a failure's message, or that standard output cannot be written; the exit code. */
int app_report(ent_status status);
/* What rank 0 alone has done, on all ranks; its message stays as it is, without a rank.  Collective. */
ent_status app_agree_with_root(ent_comm *world, ent_status status);
/* Rank 0's text on all ranks, if rank 0 has one; NULL-terminated, ent_free.  Collective. */
ent_status app_share(ent_comm *world, ent_status status, char **text);

/* A whole sub-command: start, `read` a text on rank 0 (ent_free), share it, `body` on all ranks, finish; the exit code.
 * Both get `arguments`, which `argp` has filled. */
typedef ent_status app_read(void *arguments, char **text);
typedef ent_status app_body(ent_comm *world, void *arguments, const char *text);
int app_command(const struct argp *argp, int argc, char **argv, void *arguments, app_read *read, app_body *body);

/* version.c: one line, and the whole page. */
const char *app_version_line(void);
void app_version_print(FILE *out);

/* bar.c: how far a long work is.  On a terminal one line that is drawn over, elsewhere a line every ten seconds. */
typedef struct {
    const char *what;
    double begin_s, drawn_s;
    bool quiet, drawn;
} app_bar;
void app_bar_show(void *bar, int64_t done, int64_t all);
/* The width of the terminal that standard error ends at, also by way of mpirun; 0: none. */
int app_terminal_columns(void);
/* `begin` and as many of the entries of `text`, which two blanks part, as 80 columns have room for, as a line. */
void app_line_put(const char *begin, const char *text);
/* The line itself: a bar of `share` and the text, cut to the terminal's width. */
void app_bar_draw(double share, const char *text);
/* "12 s left", "3 min left", "2 h 5 min left".  Returns `text`. */
char *app_left_text(double seconds, char text[32]);
void app_bar_end(app_bar *bar);

/* layout.c: what a layout wastes, as one line for a warning; false where it wastes nothing. */
bool app_idle_text(int64_t groups, int64_t clients, char text[256]);
bool app_oversubscribed_text(int64_t ranks, int64_t threads, int64_t cores, char text[256]);

/* cone.c: "every readout depends on 3 qubits, one per register: ..."; formed: the whole state is.  Returns `text`. */
char *app_cone_text(const ent_circuit *circuit, const ent_engine_weight *weight, bool formed, char text[256]);

/* options.c: options that several commands take.  Each tells what is wrong and returns EINVAL, or 0. */
error_t app_whole(struct argp_state *state, const char *text, int64_t low, int64_t high, int64_t *out);
error_t app_real(struct argp_state *state, const char *text, double low, double high, double *out);
/* "NAME=FILE", cut at '='. */
error_t app_modality(struct argp_state *state, char *text, int *count, const char **name, const char **path);
/* One of `words` (NULL at the end), as its number. */
error_t app_word(struct argp_state *state, const char *text, const char *const *words, int *out);
error_t app_shares(struct argp_state *state, const char *text, double share[3]);
/* "1,2,4": ascending whole numbers from 1 to `high`. */
enum { APP_SIZES = 32 };
typedef struct {
    int n, size[APP_SIZES];
} app_sizes;
error_t app_sizes_read(struct argp_state *state, const char *option, const char *text, int high, app_sizes *out);
error_t app_want(struct argp_state *state, bool there, const char *what);
/* Where an import writes, and how: options of every kind of import, which hands the keys that it does not know itself
 * to app_import_option.  That --out is there is left to the kind's own check. */
typedef struct {
    const char *out;
    int64_t seed;
    bool replace, quiet;
} app_import_to;
enum { APP_KEY_OUT = 'o', APP_KEY_SEED = 's', APP_KEY_QUIET = 'q', APP_KEY_REPLACE = 'R' + 256 };
/* clang-format off */
#define APP_IMPORT_OPTIONS(of_seed)                                     \
    {"out", APP_KEY_OUT, "FILE", 0, "the data set to write (HDF5)", 0}, \
    {"seed", APP_KEY_SEED, "N", 0, of_seed, 0},                         \
    {"replace", APP_KEY_REPLACE, NULL, 0, "overwrite the data set", 0}, \
    {"quiet", APP_KEY_QUIET, NULL, 0, "no progress, no report", 0}
/* clang-format on */
error_t app_import_option(int key, char *value, struct argp_state *state, app_import_to *to);
/* Refuse an output that is there, unless it may be replaced.  Collective. */
ent_status app_may_write(ent_comm *world, const char *path, bool replace);

#endif
