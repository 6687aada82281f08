/* The origin of a data set, stored in the attribute `source`: the command with its options and the names of its
 * files. */
#ifndef ENTENTE_DATA_PROVENANCE_H
#define ENTENTE_DATA_PROVENANCE_H

#include "entente/h5.h"

typedef struct {
    char text[16384];
    size_t used;
} ent_provenance;

/* Append a piece of text, separated by a space; text that does not fit is cut off. */
void ent_provenance_add(ent_provenance *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The name of a file without its folders, so that no paths of this machine are recorded. */
const char *ent_provenance_file(const char *path);

/* Collective if the file is shared. */
ent_status ent_provenance_write(const ent_provenance *p, ent_h5 *file);

#endif
