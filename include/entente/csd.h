/* Computational sequences of the CMU Multimodal SDK (.csd, which is HDF5):
 *     /ROOT/data/<id>/features   [n, d] or of higher rank, numbers
 *     /ROOT/data/<id>/intervals  [n, 2] start and end of each time step in seconds
 * One root of any name; an id is a video's, or after alignment a segment's: VIDEO[k].
 * Source: github.com/CMU-MultiComp-Lab/CMU-MultimodalSDK. */
#ifndef ENTENTE_CSD_H
#define ENTENTE_CSD_H

#include "entente/comm.h"
#include "entente/dataset.h"
#include "entente/guard.h"

typedef struct {
    ent_guard *guard; /* not owned */
    int file;
    char *path, *root;
    char **id; /* [ids], sorted */
    int64_t ids;
    int64_t dimension; /* numbers per time step, of the first id */
    ent_h5_type type;  /* ENT_H5_F32 where a float holds each of its numbers, else ENT_H5_F64 */
} ent_csd;

/* Local.  Errors, each with the path: ENT_EIO; ENT_EFORMAT not HDF5, damaged, no root or more than one, no /data or
 * nothing in it, features that are not numbers. */
ent_status ent_csd_open(ent_guard *guard, const char *path, ent_csd *out);
void ent_csd_close(ent_csd *csd);

/* Time steps of id i.  Errors: ENT_EFORMAT intervals of another length or shape, another dimension. */
ent_status ent_csd_steps(const ent_csd *csd, int64_t i, int64_t *steps);

/* Steps first..first+n-1 of id i: interval [n][2], and features [n][dimension] as doubles.  ent_csd_block is the
 * largest number of steps per call.  Times may be negative, as in 239 segments of CMU-MOSEI.  Errors: ENT_EDATA a
 * time that is not finite, a start after the end. */
int64_t ent_csd_block(const ent_csd *csd);
ent_status ent_csd_intervals(const ent_csd *csd, int64_t i, int64_t first, int64_t n, double *interval);
ent_status ent_csd_features(const ent_csd *csd, int64_t i, int64_t first, int64_t n, double *x);

/* The index of an id, or -1; and the ids VIDEO[..] that belong to `video`: the index of the first and their
 * number. */
int64_t ent_csd_find(const ent_csd *csd, const char *id);
int64_t ent_csd_parts(const ent_csd *csd, const char *video, int64_t *count);

/* Length of an id in bytes without the trailing [k]. */
size_t ent_csd_video_bytes(const char *id);

/* ---- importing ---- */

typedef enum { ENT_POOL_MEAN, ENT_POOL_MEAN_STD, ENT_POOL_MAX, ENT_POOL_FIRST } ent_pool;
typedef enum { ENT_NONFINITE_MEAN, ENT_NONFINITE_ABSENT, ENT_NONFINITE_ERROR } ent_nonfinite;
typedef enum { ENT_BINNING_MOSEI, ENT_BINNING_MOSI } ent_binning;

typedef struct {
    int modalities;
    const char *name[ENT_MAX_MODALITIES], *path[ENT_MAX_MODALITIES];
    const char *labels, *out;
    ent_pool pool;
    ent_nonfinite nonfinite;
    ent_binning binning;
    const char *folds; /* a file of lists of ids, or NULL */
    double share[3];   /* of train, validation, test, by video, if there are no folds */
    uint64_t seed;
    void (*progress)(void *data, int64_t done, int64_t all); /* rank 0's rows; may be NULL */
    void *progress_data;
} ent_csd_inp;

/* What happened to one modality. */
typedef struct {
    int64_t present;        /* rows that have it */
    int64_t nonfinite;      /* numbers in the file that were not finite, of steps that were used */
    int64_t filled;         /* numbers of the data set that were replaced by the training mean */
    int64_t ids_unlabelled; /* ids without a label */
    int64_t ids_missing;    /* label ids that are missing in the modality */
} ent_csd_counts;

typedef struct {
    int64_t rows, videos, part[3];
    int64_t left_out; /* label segments whose video is in no fold */
    int64_t bare;     /* rows without any modality */
    ent_csd_counts modality[ENT_MAX_MODALITIES];
} ent_csd_report;

/* Every label segment becomes a row of the data set `out`.
 *
 * A step is weighted by the seconds that it shares with the segment.  If no step shares any time with it, a step or a
 * segment of zero length counts if it coincides with the other or, failing that, lies within it.  Times before 0
 * overlap nothing.  mean, mean_std (d means, then d deviations) and max pool those steps; first takes the earliest.
 * Without any step the modality is absent in the row.
 * Numbers that are not finite are left out of means, maxima and deviations; if nothing is left, the training mean is
 * used (nonfinite = mean).  absent: a step with a non-finite number is left out.  error: ENT_EDATA.
 *
 * Labels: /label/value is column 0, /label/column_1.. the others; class: value >= 0; class5 and class7: to the
 * nearest whole number (half to even) within -2..2 or -3..3; class3 by mosei: negative, 0, positive; by mosi: to the
 * nearest whole number within -1..1.  The data set also holds /id, /interval and /group (the video).
 *
 * Collective; rows are distributed over ranks by id; memory is bounded by the tables with one number per row and by
 * blocks of features.  The guard must have been started before MPI.  Errors: as above; ENT_EDATA no row overlaps a
 * modality, a sentiment that is not finite, an id in two folds, nothing to train on; ENT_EIO. */
ent_status ent_csd_import(ent_comm *comm, ent_guard *guard, const ent_csd_inp *inp, ent_csd_report *report);

#endif
