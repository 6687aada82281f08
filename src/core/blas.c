#include "entente/blas.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

extern void openblas_set_num_threads(int count) __attribute__((weak));
extern int openblas_get_num_threads(void) __attribute__((weak));
extern char *openblas_get_corename(void) __attribute__((weak));
/* What OpenBLAS calls itself when it is loaded and when it is unloaded, where it has kernels of several processors. */
extern void gotoblas_dynamic_init(void) __attribute__((weak));
extern void gotoblas_dynamic_quit(void) __attribute__((weak));

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

const char *ent_blas_kernel(void)
{
    return openblas_get_corename ? openblas_get_corename() : "unknown";
}

bool ent_blas_use(const char *kernel)
{
    if (strcasecmp(ent_blas_kernel(), kernel) == 0) return true;
    if (!gotoblas_dynamic_init || !gotoblas_dynamic_quit) return false;
    setenv("OPENBLAS_CORETYPE", kernel, 1);
    gotoblas_dynamic_quit();
    gotoblas_dynamic_init();
    return strcasecmp(ent_blas_kernel(), kernel) == 0;
}
