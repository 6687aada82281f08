/* Where a data set comes from: the command with its options and the names of its files, as the attribute `source`. */
#ifndef ENTENTE_DATA_PROVENANCE_H
#define ENTENTE_DATA_PROVENANCE_H

#include "entente/h5.h"

typedef struct {
    char text[16384];
    size_t used;
} ent_provenance;

/* Append, with a space in front unless it is the first; what does not fit is cut. */
void ent_provenance_add(ent_provenance *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A file's name without the folders of this machine, which are nobody's business. */
const char *ent_provenance_file(const char *path);

/* Collective where the file is shared. */
ent_status ent_provenance_write(const ent_provenance *p, ent_h5 *file);

#endif
