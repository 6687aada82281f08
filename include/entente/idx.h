/* Arrays in the IDX format of MNIST (LeCun), plain or compressed with gzip: two zero bytes, a type, the number of
 * dimensions, each size (big endian), the numbers.  Source: yann.lecun.com/exdb/mnist.  Local. */
#ifndef ENTENTE_IDX_H
#define ENTENTE_IDX_H

#include <stdint.h>

#include "entente/status.h"

typedef struct {
    int rank;
    int64_t size[8];
    int64_t step; /* numbers per entry of the first dimension */
    float *value; /* [size[0]][step] */
} ent_idx;

/* Errors, each with the path: ENT_EIO; ENT_EFORMAT a wrong magic, too short, too long, damaged; ENT_ENOMEM. */
ent_status ent_idx_load(const char *path, ent_idx *out);
void ent_idx_free(ent_idx *idx);
const char *ent_idx_library(void); /* zlib's version */

#endif
