/* A data set in HDF5: what stands in the file, checked; features on demand.
 *
 * Layout: /modality/<name>/features float [rows, d]; /modality/<name>/present uint8 [rows] (missing: all present);
 * /label/<name> [rows] (integers: classes 0..C-1; floating point: a real label); /split uint8 [rows] (0 train,
 * 1 validation, 2 test); /group int32 [rows] (may be missing).  Source: architecture.md. */
#ifndef ENTENTE_DATASET_H
#define ENTENTE_DATASET_H

#include <stdint.h>

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

/* Open for reading.  The tables of one number a row are held whole, features stay in the file. */
typedef struct {
    int64_t rows;
    int modalities;
    ent_modality_info modality[ENT_MAX_MODALITIES];
    uint32_t *stored;  /* [rows]: bit m is set where modality m is present in the file */
    uint8_t *split;    /* [rows] */
    int32_t *group;    /* [rows], or NULL */
    int classes;       /* C >= 2 (largest class + 1, at least 2), or 0: the label is a real number */
    int32_t *category; /* [rows], the class; NULL where the label is real */
    double *value;     /* [rows]: the real label; with a class label, /label/value where the file has it, else NULL */
    char *name, *source, *licence; /* attributes; "" where missing */
    char *path;
    struct ent_h5 *file;
} ent_dataset;

/* Open `path` with these of its modalities (in this order) and this dataset of /label.  count = 0: all modalities
 * that the file has, by name; label NULL: no label is read.  Local.
 * Errors, each with the path: ENT_EIO cannot be opened; ENT_EFORMAT not HDF5, truncated, a dataset missing, shapes
 * that disagree, a type that does not fit; ENT_EDATA a class below 0 or above ENT_MAX_CLASSES - 1, a real label that
 * is not finite, a split that is not 0..2; ENT_EARG a modality or label that the file lacks (the message lists those
 * it has). */
ent_status ent_dataset_open(const char *path, int count, const char *const *modalities, const char *label,
                            ent_dataset **out);
void ent_dataset_free(ent_dataset *dataset);

/* Features of rows row[0..n-1] (ascending) of modality m: out [n][d].  Read in hyperslabs of bounded size.  Rows whose
 * bit m in present[k] is 0 are not read: their features are 0 in `out`.  present NULL: read all.  Local.
 * Errors: ENT_EIO; ENT_EDATA for a value that is not finite (modality, row, column, value). */
ent_status ent_dataset_features(const ent_dataset *dataset, int m, int64_t n, const int64_t *row,
                                const uint32_t *present, float *out);

#endif
