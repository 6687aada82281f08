/* The BLAS with one thread, where the same bits are wanted, for its sums may be cut by thread; and with memory.
 * Local.  OpenBLAS alone can be told by a call; another BLAS is told by its own environment variable. */
#ifndef ENTENTE_BLAS_H
#define ENTENTE_BLAS_H

#include <stdbool.h>

#include "entente/status.h"

/* One thread from here on; `threads` gets how many there were, for ent_blas_end.  The first call has OpenBLAS map its
 * buffer, which it keeps: without room for that it would try for ever.  Errors: ENT_ENOMEM; then there is nothing to
 * end. */
ent_status ent_blas_begin(int *threads);
void ent_blas_end(int threads);

/* The kernel that OpenBLAS computes with ("Haswell", "SkylakeX"): its bits are its own.  "unknown" for another BLAS. */
const char *ent_blas_kernel(void);
/* Compute with this one from here on; no other thread uses the BLAS meanwhile.  Returns whether it does: a BLAS without
 * several kernels cannot.  The processor must have what the kernel wants. */
bool ent_blas_use(const char *kernel);

/* What it is, as far as it tells. */
const char *ent_blas_text(void);

#endif
