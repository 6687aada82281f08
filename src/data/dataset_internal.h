/* Shared by dataset.c and label.c: the tables with one number per row.  Local. */
#ifndef ENTENTE_DATA_DATASET_INTERNAL_H
#define ENTENTE_DATA_DATASET_INTERNAL_H

#include "entente/dataset.h"
#include "entente/h5.h"

typedef struct {
    char **name;
    int64_t count;
} ent_names;

int64_t ent_names_index(const ent_names *list, const char *name); /* -1: not found */
/* "audio, text, vision", ending in "..." if it does not fit.  Returns `text`. */
const char *ent_names_join(const ent_names *list, char *text, size_t bytes);

ent_status ent_dataset_no_memory(const ent_dataset *d);
/* Check that `path` has one number per row; report whether it is floating point. */
ent_status ent_dataset_table_check(const ent_dataset *d, const char *path, bool *real);
/* Read `path` into a new table with `size` bytes per number. */
ent_status ent_dataset_table(const ent_dataset *d, const char *path, ent_h5_type type, size_t size, void **out);

/* label.c: classes, class_name, category, value, sentiment. */
ent_status ent_dataset_label(ent_dataset *d, const ent_label_inp *inp);

#endif
