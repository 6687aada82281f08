/* OpenBLAS maps a buffer when it first needs one, and retries until the mapping succeeds: under a limit on the
 * address space it may never return.  We therefore check for room first and then multiply two numbers, which makes
 * OpenBLAS map the buffer at once. */
#include "entente/blas.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>

#include "entente/memory.h"

extern void openblas_set_num_threads(int count) __attribute__((weak));
extern int openblas_get_num_threads(void) __attribute__((weak));
extern char *openblas_get_config(void) __attribute__((weak));
extern char *openblas_get_corename(void) __attribute__((weak));
/* Functions that OpenBLAS itself calls when it is loaded and unloaded, in builds with kernels for several
 * processors. */
extern void gotoblas_dynamic_init(void) __attribute__((weak));
extern void gotoblas_dynamic_quit(void) __attribute__((weak));
extern void dsyrk_(const char *, const char *, const int *, const int *, const double *, const double *, const int *,
                   const double *, double *, const int *) __attribute__((weak));

/* On x86-64 the buffer takes 128 MiB; the rest is a margin for other mappings. */
static const size_t ROOM_BYTES = (size_t)160 << 20;

static bool has_room(void)
{
    void *there = mmap(NULL, ROOM_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (there == MAP_FAILED) return false;
    munmap(there, ROOM_BYTES);
    return true;
}

/* Runs once per process. */
static ent_status map_buffer(void)
{
    static bool mapped;
    const int n = 1;
    const double one = 1.0;
    double product = 0.0;
    if (mapped || !openblas_set_num_threads || !dsyrk_) return ENT_OK;
    if (!has_room())
        return ent_memory_lacks((double)ROOM_BYTES, (double)ent_memory_available_bytes(), "OpenBLAS's buffer");
    dsyrk_("L", "N", &n, &n, &one, &one, &n, &one, &product, &n);
    mapped = true;
    return ENT_OK;
}

ent_status ent_blas_begin(int *threads)
{
    const int before = openblas_get_num_threads ? openblas_get_num_threads() : 0;
    if (openblas_set_num_threads) openblas_set_num_threads(1);
    const ent_status status = map_buffer();
    if (status != ENT_OK) ent_blas_end(before);
    *threads = before;
    return status;
}

void ent_blas_end(int threads)
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

const char *ent_blas_text(void)
{
    return openblas_get_config ? openblas_get_config() : "another BLAS than OpenBLAS, as linked";
}
