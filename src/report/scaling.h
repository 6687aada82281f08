/* Scaling: measurements, a model of them, and figures of both. */
#ifndef ENTENTE_REPORT_SCALING_H
#define ENTENTE_REPORT_SCALING_H

#include "report/draw/page.h"

enum { SCALING_NAME = 64 };

/* One repeat of one point: a line of scaling.csv.  Seconds are per round (clients) or per gradient (state), on the
 * slowest rank.
 *   what     "clients": ranks share the clients of a configuration; "state": ranks share one statevector
 *   mode     "strong": the work is constant; "weak": it grows with the ranks
 *   ranks    of the point;  shards: ranks that hold one state together, for "state" all of them
 *   work     samples trained, or gates times amplitudes;  bytes: what each rank sends at least
 *   crowded  1: more threads than cores on a node, so that threads take turns; not fitted
 *   io_s     reading, divided by the rounds;  evaluate_s: predictions on the other parts */
typedef struct {
    char what[16], mode[16], name[SCALING_NAME];
    int ranks, threads, shards, clients, qubits, repeat, crowded;
    double work, bytes, seconds, compute_s, communicate_s, wait_s, evaluate_s, io_s;
} scaling_row;

typedef struct {
    int n;
    int64_t room;
    scaling_row *row;
} scaling_rows;

/* scaling_rows.c.  Errors: ENT_ENOMEM, ENT_EIO, ENT_EFORMAT. */
ent_status scaling_rows_add(scaling_rows *rows, const scaling_row *row);
ent_status scaling_rows_read(scaling_rows *rows, const char *path); /* appends */
ent_status scaling_rows_write(const scaling_rows *rows, const char *path);
void scaling_rows_free(scaling_rows *rows);

/* A model of the seconds on p ranks:
 *   serial_s + parallel_s * work / p + latency_s * log2(p) + byte_s * bytes
 * work: relative to the first point.  No term is negative. */
typedef struct {
    double p, work, bytes, seconds;
} scaling_point;
typedef struct {
    double serial_s, parallel_s, latency_s, byte_s;
    double error; /* root of the mean square of (model - measured) / measured */
    int points, terms;
} scaling_model;

/* Least squares of the relative errors with non-negative coefficients; of models that fit equally well the one with
 * the fewest terms; from three points on, fewer terms than points.  Local.  Errors: ENT_EARG if there is no point, or
 * one that is not positive. */
ent_status scaling_fit(int n, const scaling_point *point, scaling_model *model);
double scaling_predict(const scaling_model *model, double p, double work, double bytes);

/* scaling_series.c: summaries of the repeats of a point, and series of the points that differ only in their ranks. */
enum { SCALING_PARTS = 5, SCALING_EXTRA = 5 };
extern const char *const SCALING_PART[SCALING_PARTS];
typedef struct {
    int ranks, repeats;
    bool crowded;
    double median_s, low_s, high_s, work, bytes, efficiency;
    double part_s[SCALING_PARTS]; /* means: compute, communication, waiting, evaluation, input */
} scaling_summary;
typedef struct {
    const scaling_row *first;
    int points;
    scaling_summary *point; /* by ranks */
    scaling_model model;
    /* Extrapolated sizes, SCALING_EXTRA doublings of the largest that is not crowded: model, not measured.  If all
     * are crowded, there is no model: model.points = 0. */
    double extra_p[SCALING_EXTRA], extra_s[SCALING_EXTRA], extra_efficiency[SCALING_EXTRA];
} scaling_series;
ent_status scaling_series_make(const scaling_rows *rows, scaling_series **list, int *count);
void scaling_series_free(scaling_series *list, int count);
/* model.csv: coefficients and predictions. */
ent_status scaling_model_write(const scaling_series *list, int count, const char *path);

/* scaling_draw.c: figures and tables of scaling.csv in these folders, combined.  Errors: as scaling_rows_read. */
ent_status report_scaling_draw(draw_page *page, int folders, const char *const *folder);

#endif
