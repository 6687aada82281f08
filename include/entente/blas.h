/* How many threads the BLAS uses: one where the same bits are wanted, for its sums may be cut by thread.
 * Local.  OpenBLAS alone can be told by a call; another BLAS is told by its own environment variable. */
#ifndef ENTENTE_BLAS_H
#define ENTENTE_BLAS_H

#include <stdbool.h>

/* One thread from here on; returns how many there were, for ent_blas_restore. */
int ent_blas_one_thread(void);
void ent_blas_restore(int threads);

/* The kernel that OpenBLAS computes with ("Haswell", "SkylakeX"): its bits are its own.  "unknown" for another BLAS. */
const char *ent_blas_kernel(void);
/* Compute with this one from here on; no other thread uses the BLAS meanwhile.  Returns whether it does: a BLAS without
 * several kernels cannot.  The processor must have what the kernel wants. */
bool ent_blas_use(const char *kernel);

#endif
