/* A data set in HDF5: its tables are read and checked on opening, its features are read on demand.
 *
 * Layout: /modality/<name>/features float [rows, d]; /modality/<name>/present uint8 [rows] (missing: all present);
 * /label/<name> [rows], classes or a real label; /class_name texts (may be missing): words for the classes of
 * /label/class, by their numbers; /split uint8 [rows] (0 train, 1 validation, 2 test); /group int32 [rows] (may be
 * missing). */
#ifndef ENTENTE_DATASET_H
#define ENTENTE_DATASET_H

#include <stdbool.h>
#include <stdint.h>

#include "entente/comm.h"
#include "entente/name.h"
#include "entente/status.h"

enum { ENT_MAX_MODALITIES = 16, ENT_MAX_CLASSES = 1000 };
enum { ENT_TRAIN = 0, ENT_VALIDATION = 1, ENT_TEST = 2 };

/* Features are read as doubles; the largest magnitude allowed is one whose square is still finite. */
#define ENT_LARGEST_FEATURE 1e100
#define ENT_WANT_FEATURE    "a finite number of magnitude 1e100 at most"

typedef struct {
    char name[ENT_NAME_BYTES];
    int64_t dimension; /* d */
} ent_modality_info;

/* What a label is.  auto: integers are classes; floating-point numbers are a real label, unless the name begins with
 * "class" and all of them are whole numbers from 0, which are classes whatever type they are stored in. */
typedef enum { ENT_TASK_AUTO, ENT_TASK_CLASSIFICATION, ENT_TASK_REGRESSION } ent_task;

/* Which dataset of /label to read, and how.  A trained model fixes the classes: rows with other classes are
 * refused. */
typedef struct {
    const char *name;
    ent_task task;
    int classes;               /* number of known classes, or 0: those that occur */
    const int32_t *class_name; /* [classes] ascending */
} ent_label_inp;

/* Fields may be read, not written.  Tables with one number per row are held in memory, features stay in the file. */
typedef struct {
    int64_t rows;
    int modalities;
    ent_modality_info modality[ENT_MAX_MODALITIES];
    uint32_t *stored;    /* [rows]: bit m is set where modality m is present in the file */
    uint8_t *split;      /* [rows] */
    int32_t *group;      /* [rows], or NULL */
    int classes;         /* C >= 1, or 0: the label is a real number */
    int32_t *class_name; /* [C] the numbers of the classes in the file, ascending, possibly with gaps */
    char **class_text;   /* [C] their words, from /class_name; NULL where the file has none for each of them */
    int32_t *category;   /* [rows] 0..C-1, the index of the row's class in class_name; NULL if the label is real */
    double *value;  /* [rows]: the real label; with a class label, /label/value where the file has it, else NULL */
    bool sentiment; /* `value` looks like CMU-MOSEI's: both signs, within -3..3; metrics of its sign are reported */
    char *name, *source, *licence; /* attributes; "" where missing */
    char *path;
    struct ent_h5 *file;
} ent_dataset;

/* Open `path` with the named modalities (in this order) and this label.  count = 0: all modalities of the file,
 * sorted by name; label NULL: no label is read.  Local.
 * Errors, each with the path: ENT_EIO cannot be opened; ENT_EFORMAT not HDF5, truncated, a dataset missing, shapes
 * that disagree, a type that does not fit; ENT_EDATA a class that is not a whole number from 0 or not a known one,
 * more than ENT_MAX_CLASSES classes, a real label that is not finite, a split that is not 0..2; ENT_EARG a modality
 * or label that the file lacks (the message lists those it has). */
ent_status ent_dataset_open(const char *path, int count, const char *const *modalities, const ent_label_inp *label,
                            ent_dataset **out);
void ent_dataset_free(ent_dataset *dataset);

/* Features of rows row[0..n-1] (ascending) of modality m: out [n][d], row k at to[k], or at k if `to` is NULL.  Read
 * in hyperslabs of bounded size.  Rows whose bit m in present[k] is 0 are not read: their features are 0 in `out`.
 * present NULL: read all.  Local.
 * Errors: ENT_EIO; ENT_EDATA for a value that is not finite or above ENT_LARGEST_FEATURE (modality, row, column,
 * value). */
ent_status ent_dataset_features(const ent_dataset *dataset, int m, int64_t n, const int64_t *row,
                                const uint32_t *present, const int64_t *to, double *out);

/* Digests of features that are already known, valid for one file as long as it is unchanged (device, inode, size,
 * times). */
typedef struct {
    int64_t file[5];
    int count;
    struct {
        char name[ENT_NAME_BYTES], sha256[65];
    } of[ENT_MAX_MODALITIES];
} ent_feature_digests;

/* SHA-256 of the features of all opened modalities, every row, as they are stored (a different number type gives a
 * different digest).  It is the same on any number of ranks, each of which reads a share.  `known` (or NULL) must be
 * the same on all ranks; missing digests are added to it.  Collective; every rank must have opened the data set.
 * Errors, agreed on: ENT_EIO, ENT_EFORMAT, ENT_ENOMEM. */
ent_status ent_dataset_digest(ent_comm *comm, const ent_dataset *dataset, ent_feature_digests *known, char text[65]);

#endif
