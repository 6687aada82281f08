/* OpenBLAS maps a buffer when it first needs one, and tries again until that succeeds: under a limit of the address
 * space it never returns.  So there must be room before the first call, and that call is a product of two numbers that
 * makes it map the buffer at once. */
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
/* What OpenBLAS calls itself when it is loaded and when it is unloaded, where it has kernels of several processors. */
extern void gotoblas_dynamic_init(void) __attribute__((weak));
extern void gotoblas_dynamic_quit(void) __attribute__((weak));
extern void dsyrk_(const char *, const char *, const int *, const int *, const double *, const double *, const int *,
                   const double *, double *, const int *) __attribute__((weak));

/* On x86-64 its buffer has 128 MiB; some room for what is mapped beside it. */
static const size_t ROOM_BYTES = (size_t)160 << 20;

static bool has_room(void)
{
    void *there = mmap(NULL, ROOM_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (there == MAP_FAILED) return false;
    munmap(there, ROOM_BYTES);
    return true;
}

/* Once in a process. */
static ent_status map_buffer(void)
{
    static bool mapped;
    const int n = 1;
    const double one = 1.0;
    double product = 0.0;
    char want[32], have[32];
    if (mapped || !openblas_set_num_threads || !dsyrk_) return ENT_OK;
    ENT_REQUIRE(has_room(), ENT_ENOMEM, "OpenBLAS: no room for its buffer: want %s of address space, %s are left",
                ent_bytes_text((double)ROOM_BYTES, want), ent_bytes_text((double)ent_memory_available_bytes(), have));
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
    return openblas_get_config ? openblas_get_config() : "not OpenBLAS; the one that was linked";
}
