/* The part of a data set that an id belongs to: lists of ids, or a split by video.  All functions are Local. */
#ifndef ENTENTE_FOLDS_H
#define ENTENTE_FOLDS_H

#include <stdint.h>

#include "entente/status.h"

/* Lists of ids: a name with '=' or ':' begins a part (train.., valid.. or dev.., test.., anything before them), words
 * and quoted strings are its ids; commas, brackets, isolated dashes and text after a '#' are skipped.  The standard
 * folds of the SDK (Python), JSON, YAML and plain lists can therefore be read unchanged. */
typedef struct {
    char **id; /* [count], sorted */
    int *part;
    int64_t count;
} ent_folds;

/* Errors: ENT_EIO; ENT_EFORMAT with the line; ENT_EDATA an id in two parts. */
ent_status ent_folds_load(const char *path, ent_folds *out);
void ent_folds_free(ent_folds *folds);

/* 0 train, 1 validation, 2 test; -1: in no list. */
int ent_folds_find(const ent_folds *folds, const char *id);

/* Assign videos to parts in an order drawn from the seed, so that the numbers of rows approximate the shares: part
 * [videos].
 * Errors: ENT_EARG shares that are negative or all 0; ENT_ENOMEM. */
ent_status ent_folds_deal(uint64_t seed, const double share[3], int64_t videos, const int64_t *rows, int *part);

#endif
