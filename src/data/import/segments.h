/* The rows of a data set made from a .csd label file.  Local, except for writing. */
#ifndef ENTENTE_DATA_SEGMENTS_H
#define ENTENTE_DATA_SEGMENTS_H

#include "entente/csd.h"

typedef struct {
    int64_t ids, rows, videos, columns;
    int64_t *first;   /* [ids + 1]: id i of the label file has the rows first[i]..first[i + 1] - 1 */
    double *interval; /* [rows][2] */
    double *label;    /* [rows][columns] */
    char **name;      /* [rows]: VIDEO[k] */
    int32_t *video;   /* [rows] */
    uint8_t *split;   /* [rows] */
    int64_t left_out;
} ent_segments;

/* Read the label file and assign rows to parts; rows that are in no fold are left out. */
ent_status ent_segments_load(const ent_csd *labels, const ent_csd_inp *inp, ent_segments *out);
void ent_segments_free(ent_segments *segments);

/* Write /label, /split, /group, /id, /interval.  Collective. */
ent_status ent_segments_write(ent_comm *comm, const ent_segments *segments, ent_binning binning, ent_h5 *file);

/* The class of a sentiment for 2 (negative or not), 3, 5 or 7 classes. */
int32_t ent_sentiment_class(double value, int classes, ent_binning binning);

#endif
