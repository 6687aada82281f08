/* Memory: 64-byte aligned, zeroed, sizes as checked products.  All functions are Local. */
#ifndef ENTENTE_MEMORY_H
#define ENTENTE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `count` zeroed items of `size` bytes on a 64-byte boundary; NULL where the product overflows, count < 0, or memory
 * is not there.  count = 0 gives a pointer that may be freed.  Free with ent_free. */
void *ent_alloc(int64_t count, size_t size);

/* `bytes` on huge pages (where they are many), for states: the machine gives each page when it is first written to, on
 * the node of the thread that does.  The content is anything; a size of 0 is legal.  NULL where memory is not there.
 * Free with ent_free. */
void *ent_alloc_pages(size_t bytes);

/* The same as ent_alloc with a copy of `from` in it. */
void *ent_copy(const void *from, int64_t count, size_t size);

/* Make room in a growing array of `count` items for one more: where *room, the items it has room for, is used up, twice
 * as much, zeroed.  Whether there was memory; the array is unchanged where there was none. */
bool ent_grow(void **array, int64_t *room, int64_t count, size_t size);

/* A copy of a string, or NULL.  Free with ent_free. */
char *ent_text(const char *from);

/* free(); NULL is legal. */
void ent_free(void *memory);

/* For tests: let the k-th allocation from now fail (k = 1 is the next one); 0 switches this off.  Returns
 * how many were left before the one that was to fail: 0 where it has failed. */
int64_t ent_alloc_fail_at(int64_t k);

/* Bytes that this process may still use: the memory available now, or what a limit on it (ulimit -v) leaves. */
int64_t ent_memory_available_bytes(void);

/* "3.2 GiB" and so on.  `text` has room for 32 characters; returned. */
char *ent_bytes_text(double bytes, char text[32]);

#endif
