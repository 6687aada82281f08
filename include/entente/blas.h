/* How many threads the BLAS uses: one where the same bits are wanted, for its sums may be cut by thread.
 * Local.  OpenBLAS alone can be told by a call; another BLAS is told by its own environment variable. */
#ifndef ENTENTE_BLAS_H
#define ENTENTE_BLAS_H

/* One thread from here on; returns how many there were, for ent_blas_restore. */
int ent_blas_one_thread(void);
void ent_blas_restore(int threads);

/* What it is, as far as it tells. */
const char *ent_blas_text(void);

#endif
