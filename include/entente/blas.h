/* Run the BLAS with one thread where results must be reproducible bit for bit, because it may split its sums by
 * thread; and make sure that it has memory.  Local.  Only OpenBLAS is controlled by a call; any other BLAS is
 * controlled by its environment variable. */
#ifndef ENTENTE_BLAS_H
#define ENTENTE_BLAS_H

#include <stdbool.h>

#include "entente/status.h"

/* Use one thread from here on; `threads` receives the previous number, for ent_blas_end.  The first call makes
 * OpenBLAS map its buffer, which it keeps; without memory for the buffer OpenBLAS would retry forever.  Errors:
 * ENT_ENOMEM; ent_blas_end must not be called then. */
ent_status ent_blas_begin(int *threads);
void ent_blas_end(int threads);

/* The kernel that OpenBLAS uses ("Haswell", "SkylakeX"); results differ between kernels in the last bits.  "unknown"
 * for another BLAS. */
const char *ent_blas_kernel(void);
/* Use this kernel from here on; no other thread may use the BLAS during the call.  Returns whether the kernel is now
 * in use: a BLAS with a single kernel cannot switch.  The processor must have the instructions that the kernel
 * needs. */
bool ent_blas_use(const char *kernel);

/* Name and version of the BLAS, as far as it reports them. */
const char *ent_blas_text(void);

#endif
