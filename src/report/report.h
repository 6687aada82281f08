/* The parts of `entente report`: folders are read, runs whose configurations differ only in their seeds form a group,
 * and each file below draws one kind of figure.  A figure whose data is missing is left out.  Local. */
#ifndef ENTENTE_REPORT_H
#define ENTENTE_REPORT_H

#include "cli/cli.h"
#include "entente/h5.h"
#include "run/summary.h"
#include "report/draw/chart.h"

enum { RUN_COLUMNS = 64, RUN_MODALITIES = ENT_MAX_MODALITIES };

/* The contents of result.h5 that a report shows. */
typedef struct {
    char *folder, *config_text, *version, *created, *host, *engine;
    ent_config *config;
    char **leaf; /* the configuration as sorted "key=value", without seeds */
    int leaves;
    int64_t leaf_room;
    uint64_t seed[4];
    int64_t layout[2]; /* ranks, threads */
    double test_rows, metric[ENT_METRIC_COUNT];
    int64_t selected;        /* the round of the weights, from 0; -1: not known */
    double majority, chance; /* accuracy of the most frequent class, of guessing; NAN: no classes */
    int64_t classes, tested; /* 0: no classes, or an older result */
    int64_t *confusion;      /* [classes][classes], a row per true class */
    char **class_text;       /* [classes] */
    double *output;          /* [tested][classes] logits of the test rows, and their classes */
    int32_t *truth;          /* [tested] places in class_text */
    double *by_client;       /* [rounds][clients] test accuracy, or NULL */
    int64_t rounds, clients, patterns, train_rows, outputs;
    double *round[RUN_COLUMNS]; /* [rounds] as ent_round_column; NULL if the file lacks it */
    struct {
#define WHOLE(name, ...) int64_t *name;
#define REAL(name, ...)  double *name;
        ENT_CLIENT_FIGURES(WHOLE, REAL) /* [clients]; NULL if the file lacks it */
#undef WHOLE
#undef REAL
    } of_client;
    uint32_t *pattern;
    int64_t *pattern_n;
    double *pattern_accuracy;
    int64_t *row; /* of the training part: row, client, context [train_rows] */
    int32_t *client;
    uint32_t *context;
    char *ansatz[RUN_MODALITIES]; /* the OpenQASM text, or NULL */
} report_run;

/* Errors: ENT_EIO, ENT_EFORMAT, ENT_ECONFIG, each naming the file. */
ent_status report_run_read(const char *folder, report_run **out);
/* Only configuration, origin and circuits. */
ent_status report_read_model(const ent_h5 *file, const char *path, report_run *run);
void report_run_free(report_run *run);
/* A figure of the rounds [rounds] by its name, or NULL if the run has none. */
const double *report_figure(const report_run *run, const char *name);
/* A sentence on what the readouts of a result depend on; "" if no gate joins registers. */
ent_status report_cone(const ent_h5 *file, const char *path, char text[256]);
/* "text audio", the modalities of a context. */
char *report_context_text(const report_run *run, uint32_t context, char text[256]);

/* Runs of one configuration. */
typedef struct {
    int runs;
    report_run **run;
    char label[160]; /* what distinguishes it from the other groups */
} report_group;

typedef struct {
    int runs, groups, tables, running;
    report_run **run;
    report_group *group;
    char **table;      /* folders of sweeps and studies */
    char **unfinished; /* folders of trainings without a result */
    int scalings;
    char **scaling; /* folders of scaling studies */
} report_input;

/* report_group.c.  Errors: ENT_ECONFIG if the modalities differ. */
ent_status report_flatten(report_run *run);
ent_status report_group_runs(report_input *input);
void report_group_free(report_input *input);
/* The value of a key of a run's configuration, or NULL. */
const char *report_value(const report_run *run, const char *key);

/* report_tests.c: reads what the result holds about the test rows. */
ent_status report_tests_read(const ent_h5 *file, report_run *run);
void report_tests_free(report_run *run);

/* report_curves.c, report_metrics.c, report_classes.c, report_clients.c, report_model.c,
 * campaign_page.c, report_scaling.c: the figures. */
void report_curves(draw_page *page, const report_input *input);
ent_status report_audits(draw_page *page, const report_input *input); /* Errors: ENT_EFORMAT */
void report_missing(draw_page *page, const report_input *input);
void report_metrics(draw_page *page, const report_input *input);
void report_confusion(draw_page *page, const report_group *group);
void report_classes(draw_page *page, const report_group *group); /* report_classes.c */
void report_reliability(draw_page *page, const report_input *input);
void report_contexts(draw_page *page, const report_input *input);
void report_clients(draw_page *page, const report_group *group);
void report_client_rounds(draw_page *page, const report_group *group);
void report_excluded(draw_page *page, const report_input *input);
void report_split(draw_page *page, const report_run *run);
void report_times(draw_page *page, const report_group *group);
ent_status report_circuits(draw_page *page, const report_input *input);
void report_origin(draw_page *page, const report_input *input);
ent_status report_running(draw_page *page, const char *folder);
ent_status report_table(draw_page *page, const char *folder, const char *file);

/* Mean, smallest and largest of the finite numbers; their count. */
int report_spread(int n, const double *value, double *mean, double *low, double *high);

#endif
