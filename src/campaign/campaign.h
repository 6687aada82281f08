/* Run the points of a plan over groups of ranks, keep their records, and write the tables: the common part of sweep
 * and study.
 *
 * The ranks are split into groups; each group takes the next free point (claim.h), trains it as `entente train`
 * would, writes its record (record.h), and continues with the next one, so all ranks stay busy even if points differ
 * widely in cost.  A failed point leaves a record with its error.  A point with a record is not run again.  When
 * every point has one, the tables are written from the records only, so they do not depend on which group, job or
 * array task ran a point.
 *
 *   <out>/points/<hash>.json     a record;  <hash>/  result.h5 and log.txt, if they are kept
 *   <out>/<table>.csv, .h5       a row per point: labels, status, error, figures, params, hashes
 *   <out>/patterns.csv           a row per point and context pattern (also in the .h5)
 *   <out>/times.csv              seconds of each point: the only file that differs between two runs */
#ifndef ENTENTE_CAMPAIGN_CAMPAIGN_H
#define ENTENTE_CAMPAIGN_CAMPAIGN_H

#include <jansson.h>

#include "best.h"
#include "cli/cli.h"
#include "entente/h5.h"

/* The command line. */
typedef struct {
    const char *kind;  /* "sweep" or "study" */
    const char *table; /* the table's name: "table" or "study" */
    const char *spec;  /* SWEEP.yaml */
    const char *base;  /* overrides the base of the file, or NULL */
    const char *keep;  /* "table" or "results", overrides that of the file, or NULL */
    const char *out;
    char named[512]; /* the folder if none is given */
    cli_sets sets;
    int64_t group; /* ranks per group; 0: one, or all with an index */
    int64_t index; /* -1: all points */
    bool dry_run, table_alone, retry, json, quiet;
    bool test; /* a sweep shows the test figures of all points, not only of the selected one */
    double begin_s;
    char *summary; /* text of `more` for the terminal; ent_free */
} campaign_job;

/* The plan of the points as text (points.h; ent_free), from the file that the command line names. */
typedef ent_status campaign_plan(const campaign_job *c, char **text);

campaign_job campaign_start(const char *kind, const char *table);
bool campaign_is_sweep(const campaign_job *c);

/* Write further tables from the rows of the first, to the folder and to `file`, and a text to c->summary.  Only on
 * rank 0. */
typedef ent_status campaign_more(campaign_job *c, const json_t *plan, const json_t *rows, ent_h5 *file);

/* The whole command: parses the common options, prints `doc` and the common text as help, and runs the plan.  `file`:
 * what the help calls the argument; more: NULL for no further tables. */
typedef struct {
    const char *kind, *table, *file, *doc; /* kind, table: as in campaign_job */
    campaign_plan *plan;
    campaign_more *more;
} campaign_kind;
int campaign_command(const campaign_kind *kind, int argc, char **argv);

/* Run what the command line asks for; `plan` as text (points.h).  Collective.  Errors: ENT_EARG (index, group),
 * ENT_EIO, ENT_ENOMEM; the failure of a point is not an error. */
ent_status campaign_run(ent_comm *world, campaign_job *c, const char *plan, campaign_more *more);

/* Number of points per status (record.h), left: those without a record; the best of those that are done. */
typedef struct {
    int64_t left, failed, untrained;
    campaign_best best;
} campaign_outcomes;

/* tables.c: write the tables from the records, when every point has one or from the existing ones.  Local. */
ent_status campaign_tables(campaign_job *c, const json_t *plan, bool incomplete, campaign_more *more,
                           campaign_outcomes *outcomes);

#endif
