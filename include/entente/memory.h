/* Memory: 64-byte aligned, zeroed, sizes as checked products.  All functions are Local. */
#ifndef ENTENTE_MEMORY_H
#define ENTENTE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "entente/status.h"

/* `count` zeroed items of `size` bytes on a 64-byte boundary; NULL if the product overflows, count < 0, or memory is
 * not available.  count = 0 gives a pointer that may be freed.  Free with ent_free. */
void *ent_alloc(int64_t count, size_t size);

/* `bytes` of memory for states, on huge pages if the block is large: each page is allocated when it is first written
 * to, on the NUMA node of the writing thread.  The contents are undefined; a size of 0 is legal.  NULL if memory is
 * not available.  Free with ent_free. */
void *ent_alloc_pages(size_t bytes);

/* The same as ent_alloc, filled with a copy of `from`. */
void *ent_copy(const void *from, int64_t count, size_t size);

/* Make room for one more item in a growing array of `count` items: if *room, its capacity in items, is used up, the
 * capacity is doubled and the new part zeroed.  Returns whether memory was available; if not, the array is
 * unchanged. */
bool ent_grow(void **array, int64_t *room, int64_t count, size_t size);
/* The same for `more` items. */
bool ent_grow_by(void **array, int64_t *room, int64_t count, int64_t more, size_t size);

/* A copy of a string, or NULL.  Free with ent_free. */
char *ent_text(const char *from);

/* free(); NULL is legal. */
void ent_free(void *memory);

/* For tests: make the k-th allocation from now fail (k = 1 is the next one); 0 switches this off.  Returns how many
 * allocations were left until the failing one: 0 if it has already failed. */
int64_t ent_alloc_fail_at(int64_t k);

/* Bytes that this process may still use: the memory available now, or what a limit on it (ulimit -v) leaves. */
int64_t ent_memory_available_bytes(void);

/* Fail with ENT_ENOMEM, "WHAT needs 2048 bytes (2.0 KiB); available: 1024 bytes (1.0 KiB)".  What follows
 * ENT_AVAILABLE differs from one moment to the next, and is no part of a record of the failure. */
#define ENT_AVAILABLE "; available: "
ent_status ent_memory_lacks(double bytes, double available, const char *what, ...)
    __attribute__((format(printf, 3, 4)));

/* Format as "3.2 GiB" and the like into `text`, which has room for 32 characters.  Returns `text`. */
char *ent_bytes_text(double bytes, char text[32]);

#endif
