#include "entente/blas.h"

extern void openblas_set_num_threads(int count) __attribute__((weak));
extern int openblas_get_num_threads(void) __attribute__((weak));
extern char *openblas_get_config(void) __attribute__((weak));

int ent_blas_one_thread(void)
{
    const int threads = openblas_get_num_threads ? openblas_get_num_threads() : 0;
    if (openblas_set_num_threads) openblas_set_num_threads(1);
    return threads;
}

void ent_blas_restore(int threads)
{
    if (openblas_set_num_threads && threads > 0) openblas_set_num_threads(threads);
}

const char *ent_blas_text(void)
{
    return openblas_get_config ? openblas_get_config() : "not OpenBLAS; the one that was linked";
}
