/* Aligned, zeroed allocation on top of aligned_alloc; every size is checked for overflow before it is used.  For
 * tests, a countdown per thread makes a chosen allocation fail. */
#include "entente/memory.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum { ALIGNMENT = 64, HUGE_PAGE = 1 << 21, FIRST_BYTES = 1024 /* of a growing array */ };

static _Thread_local int64_t fail_countdown;

int64_t ent_alloc_fail_at(int64_t k)
{
    const int64_t left = fail_countdown;
    fail_countdown = k;
    return left;
}

static int fails_on_purpose(void)
{
    return fail_countdown > 0 && --fail_countdown == 0;
}

void *ent_alloc(int64_t count, size_t size)
{
    if (count < 0 || (size > 0 && (uint64_t)count > (SIZE_MAX - ALIGNMENT) / size)) return NULL;
    if (fails_on_purpose()) return NULL;
    const size_t bytes = (size_t)count * size;
    const size_t rounded = bytes == 0 ? ALIGNMENT : (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    void *memory = aligned_alloc(ALIGNMENT, rounded);
    if (memory) memset(memory, 0, rounded);
    return memory;
}

void *ent_alloc_pages(size_t bytes)
{
    if (bytes < HUGE_PAGE / 16) return ent_alloc((int64_t)bytes, 1);
    if (bytes > SIZE_MAX - HUGE_PAGE || fails_on_purpose()) return NULL;
    const size_t rounded = (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    void *memory = aligned_alloc(HUGE_PAGE, rounded);
    if (memory) madvise(memory, rounded, MADV_HUGEPAGE); /* only a hint: failure is harmless */
    return memory;
}

void *ent_copy(const void *from, int64_t count, size_t size)
{
    void *memory = ent_alloc(count, size);
    if (memory && count > 0) memcpy(memory, from, (size_t)count * size);
    return memory;
}

bool ent_grow(void **array, int64_t *room, int64_t count, size_t size)
{
    return ent_grow_by(array, room, count, 1, size);
}

bool ent_grow_by(void **array, int64_t *room, int64_t count, int64_t more, size_t size)
{
    if (more <= *room - count) return true;
    if (more > INT64_MAX - count) return false;
    const int64_t first = size < FIRST_BYTES ? (int64_t)(FIRST_BYTES / size) : 1;
    const int64_t usual = *room == 0 ? first : 2 * *room;
    const int64_t wanted = usual - count < more ? count + more : usual;
    void *grown = ent_alloc(wanted, size);
    if (!grown) return false;
    if (count > 0) memcpy(grown, *array, (size_t)count * size);
    ent_free(*array);
    *array = grown;
    *room = wanted;
    return true;
}

char *ent_text(const char *from)
{
    return ent_copy(from, (int64_t)strlen(from) + 1, 1);
}

void ent_free(void *memory)
{
    free(memory);
}

/* The beginning of a file of /proc, without an allocation, which may be what fails here; "" where there is none. */
static const char *proc_text(const char *path, char text[4096])
{
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t got = descriptor < 0 ? 0 : read(descriptor, text, 4095);
    if (descriptor >= 0) close(descriptor);
    text[got > 0 ? got : 0] = '\0';
    return text;
}

/* The kernel's MemAvailable: the memory that can be allocated without swapping. */
static int64_t kernel_available_bytes(void)
{
    char text[4096];
    long long kib;
    const char *line = strstr(proc_text("/proc/meminfo", text), "MemAvailable:");
    if (line && sscanf(line, "MemAvailable: %lld kB", &kib) == 1) return (int64_t)kib * 1024;
    return (int64_t)sysconf(_SC_AVPHYS_PAGES) * sysconf(_SC_PAGESIZE);
}

static int64_t used_address_bytes(void)
{
    char text[4096];
    long long pages = 0;
    if (sscanf(proc_text("/proc/self/statm", text), "%lld", &pages) != 1) pages = 0;
    return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

int64_t ent_memory_available_bytes(void)
{
    int64_t bytes = kernel_available_bytes();
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
        const int64_t left = (int64_t)limit.rlim_cur - used_address_bytes();
        if (left < bytes) bytes = left < 0 ? 0 : left;
    }
    return bytes;
}

ent_status ent_memory_lacks(double bytes, double available, const char *what, ...)
{
    char text[512], need[32], have[32];
    va_list arguments;
    va_start(arguments, what);
    vsnprintf(text, sizeof text, what, arguments);
    va_end(arguments);
    return ent_fail(ENT_ENOMEM, "%s needs %.0f bytes (%s)" ENT_AVAILABLE "%.0f bytes (%s)", text, bytes,
                    ent_bytes_text(bytes, need), available, ent_bytes_text(available, have));
}

char *ent_bytes_text(double bytes, char text[32])
{
    static const char *const unit[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    int k = 0;
    while (bytes >= 1024.0 && k < 6) {
        bytes /= 1024.0;
        k++;
    }
    snprintf(text, 32, k == 0 ? "%.0f %s" : bytes < 1e6 ? "%.1f %s" : "%.2e %s", bytes, unit[k]);
    return text;
}
