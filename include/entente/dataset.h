/* A data set in HDF5: what stands in the file, checked; features on demand.
 *
 * Layout: /modality/<name>/features float [rows, d]; /modality/<name>/present uint8 [rows] (missing: all present);
 * /label/<name> [rows], classes or a real label; /split uint8 [rows] (0 train, 1 validation, 2 test); /group int32 [rows]
 * (may be missing).  Source: architecture.md. */
#ifndef ENTENTE_DATASET_H
#define ENTENTE_DATASET_H

#include <stdbool.h>
#include <stdint.h>

#include "entente/comm.h"
#include "entente/name.h"
#include "entente/status.h"

enum { ENT_MAX_MODALITIES = 16, ENT_MAX_CLASSES = 1000 };
enum { ENT_TRAIN = 0, ENT_VALIDATION = 1, ENT_TEST = 2 };

/* Features are read as doubles; the largest magnitude is one whose square is still a number. */
#define ENT_LARGEST_FEATURE 1e100
#define ENT_WANT_FEATURE    "a finite number of magnitude 1e100 at most"

typedef struct {
    char name[ENT_NAME_BYTES];
    int64_t dimension; /* d */
} ent_modality_info;

/* What a label is.  auto: integers are classes; floating point is a real label, unless its name begins with "class" and
 * all of it is whole numbers from 0, which are classes whatever type they were written in. */
typedef enum { ENT_TASK_AUTO, ENT_TASK_CLASSIFICATION, ENT_TASK_REGRESSION } ent_task;

/* Which dataset of /label to read, and as what.  A trained model knows its classes: rows of other ones are refused. */
typedef struct {
    const char *name;
    ent_task task;
    int classes;               /* that are known, or 0: those that occur */
    const int32_t *class_name; /* [classes] ascending */
} ent_label_inp;

/* Open for reading.  The tables of one number a row are held whole, features stay in the file. */
typedef struct {
    int64_t rows;
    int modalities;
    ent_modality_info modality[ENT_MAX_MODALITIES];
    uint32_t *stored;    /* [rows]: bit m is set where modality m is present in the file */
    uint8_t *split;      /* [rows] */
    int32_t *group;      /* [rows], or NULL */
    int classes;         /* C >= 1, or 0: the label is a real number */
    int32_t *class_name; /* [C] the numbers that the file gives its classes, ascending: they may have gaps */
    int32_t *category;   /* [rows] 0..C-1, the place of the row's class in class_name; NULL where the label is real */
    double *value;  /* [rows]: the real label; with a class label, /label/value where the file has it, else NULL */
    bool sentiment; /* `value` is what CMU-MOSEI's is: on both sides of 0, within -3..3; its sign is worth a figure */
    char *name, *source, *licence; /* attributes; "" where missing */
    char *path;
    struct ent_h5 *file;
} ent_dataset;

/* Open `path` with these of its modalities (in this order) and this label.  count = 0: all modalities that the file
 * has, by name; label NULL: no label is read.  Local.
 * Errors, each with the path: ENT_EIO cannot be opened; ENT_EFORMAT not HDF5, truncated, a dataset missing, shapes
 * that disagree, a type that does not fit; ENT_EDATA a class that is no whole number from 0 or not among those that are
 * known, more than ENT_MAX_CLASSES different ones, a real label that is not finite, a split that is not 0..2; ENT_EARG a modality or label that the file lacks (the message lists those
 * it has). */
ent_status ent_dataset_open(const char *path, int count, const char *const *modalities, const ent_label_inp *label,
                            ent_dataset **out);
void ent_dataset_free(ent_dataset *dataset);

/* Features of rows row[0..n-1] (ascending) of modality m: out [n][d], row k at to[k], or at k where `to` is NULL.  Read
 * in hyperslabs of bounded size.  Rows whose bit m in present[k] is 0 are not read: their features are 0 in `out`.
 * present NULL: read all.  Local.
 * Errors: ENT_EIO; ENT_EDATA for a value that is not finite or above ENT_LARGEST_FEATURE (modality, row, column, value). */
ent_status ent_dataset_features(const ent_dataset *dataset, int m, int64_t n, const int64_t *row,
                                const uint32_t *present, const int64_t *to, double *out);

/* Digests of features that are known already, of one file as long as it is the same (device, inode, size, times). */
typedef struct {
    int64_t file[5];
    int count;
    struct {
        char name[ENT_NAME_BYTES], sha256[65];
    } of[ENT_MAX_MODALITIES];
} ent_feature_digests;

/* SHA-256 of the features of all modalities that were opened, of every row, as they are stored (another type of numbers
 * is another digest); the same on any number of ranks, each of which reads its share.  `known` (or NULL) is the same on
 * all ranks, and what it lacks is added.  Collective; every rank has opened the data set.
 * Errors, agreed on: ENT_EIO, ENT_EFORMAT, ENT_ENOMEM. */
ent_status ent_dataset_digest(ent_comm *comm, const ent_dataset *dataset, ent_feature_digests *known, char text[65]);

#endif
