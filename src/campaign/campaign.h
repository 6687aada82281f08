/* Run the points of a plan over groups of ranks, keep their records, put the tables together: the machine behind sweep
 * and study.
 *
 * The ranks split into groups; each group takes the next point that nobody has (claim.h), trains it as `entente train`
 * would, writes its record (record.h), and goes on, so points of very different cost keep all ranks busy.  A point that
 * fails leaves a record with its error.  A point with a record is not run again.  When every point has one, the tables
 * are written from the records alone: which group, job or array task ran a point cannot show in them.
 *
 *   <out>/points/<hash>.json     a record;  <hash>/  result.h5 and log.txt, where they are kept
 *   <out>/<table>.csv, .h5       a row a point: labels, status, error, figures of the test split, params, hashes
 *   <out>/patterns.csv           a row a point and context pattern (in the .h5 too)
 *   <out>/times.csv              seconds of each point: the only file that differs between two runs */
#ifndef ENTENTE_CAMPAIGN_CAMPAIGN_H
#define ENTENTE_CAMPAIGN_CAMPAIGN_H

#include <jansson.h>

#include "cli/cli.h"
#include "entente/h5.h"

enum { APP_MAX_SETS = 256 };

/* The command line. */
typedef struct {
    const char *kind;  /* "sweep" or "study" */
    const char *table; /* the table's name: "table" or "study" */
    const char *spec;  /* SWEEP.yaml */
    const char *base;  /* in place of the file's own, or NULL */
    const char *keep;  /* "table" or "results" in place of the file's, or NULL */
    const char *out;
    char named[512]; /* the folder's name where none is given */
    const char *set[APP_MAX_SETS];
    int sets;
    int64_t group; /* ranks a group; 0: one, with an index all */
    int64_t index; /* -1: all points */
    bool dry_run, table_alone, retry, json, quiet;
    double begin_s;
    char *summary; /* what `more` has to say to people; ent_free */
} app_campaign;

app_campaign app_campaign_start(const char *kind, const char *table);

/* The whole command: the options that both have, `doc` and how both run as the help, then app_command. */
int app_campaign_command(const char *doc, const char *arguments, int argc, char **argv, app_campaign *c,
                         app_read *read, app_body *body);

/* More tables from the rows of the first: into the folder and into `file`; a text into c->summary.  Rank 0 alone. */
typedef ent_status app_campaign_more(app_campaign *c, const json_t *plan, const json_t *rows, ent_h5 *file);

/* Run what the command line asks for; `plan` as text (points.h).  Collective.  Errors: ENT_EARG (index, group), ENT_EIO,
 * ENT_ENOMEM; a point's failure is none. */
ent_status app_campaign_run(ent_comm *world, app_campaign *c, const char *plan, app_campaign_more *more);

/* How many points have which status (record.h); left: those without a record. */
typedef struct {
    int64_t left, failed, untrained;
} app_outcomes;

/* tables.c: the tables from the records, as soon as every point has one, or with what is there.  Local. */
ent_status app_campaign_tables(app_campaign *c, const json_t *plan, bool incomplete, app_campaign_more *more,
                               app_outcomes *outcomes);

#endif
