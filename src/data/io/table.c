/* Recognises the kind of a table file, and implements the parts common to CSV and NPY. */
#include "table_reader.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "entente/h5.h"
#include "entente/memory.h"
#include "format.h"

static bool is_npy(const ent_table *t)
{
    return t->block != NULL;
}

static ent_status refuse_format(const ent_table *t, const char *where, ent_format format)
{
    return ent_fail(ENT_EFORMAT, "%s: %s%s, want CSV text or a NumPy array (.npy): %s", t->path, format.what, where,
                    format.remedy);
}

/* Recognise a file by the leading bytes of its contents, regardless of its name; anything unknown is text. */
static ent_status open_file(ent_table *t)
{
    struct stat state;
    uint8_t bytes[ENT_FORMAT_BYTES];
    size_t count;
    ENT_REQUIRE(stat(t->path, &state) == 0, ENT_EIO, "%s: %s", t->path, strerror(errno));
    ENT_REQUIRE(S_ISREG(state.st_mode), ENT_EIO, "%s: not a regular file", t->path);
    ENT_TRY(ent_stream_open(t->path, &t->stream));
    ENT_TRY(ent_stream_read(t->stream, bytes, sizeof bytes, &count));
    const size_t length = strlen(t->path);
    const ent_format format = ent_format_of(bytes, count);
    if (count >= 6 && memcmp(bytes, "\x93NUMPY", 6) == 0) return ent_npy_open(t);
    if (format.what) return refuse_format(t, ent_stream_is_packed(t->stream) ? ", compressed with gzip" : "", format);
    ENT_REQUIRE(length <= 4 || strcmp(t->path + length - 4, ".npy") != 0, ENT_EFORMAT, "%s: not a NumPy array",
                t->path);
    ent_stream_close(t->stream);
    t->stream = NULL;
    return ent_csv_open(t);
}

ent_status ent_table_open(const char *path, ent_header header, ent_table **out)
{
    ent_table *t = ent_alloc(1, sizeof *t);
    ENT_REQUIRE(t, ENT_ENOMEM, "%s: no memory to open it", path);
    t->header = header;
    t->counted = -1;
    t->path = ent_text(path);
    const ent_status status = t->path ? open_file(t) : ent_fail(ENT_ENOMEM, "%s: no memory to open it", path);
    if (status == ENT_OK)
        *out = t;
    else
        ent_table_free(t);
    return status;
}

void ent_table_free(ent_table *t)
{
    if (!t) return;
    ent_stream_close(t->stream);
    ent_lines_close(t->lines);
    ent_h5_names_free(t->first, t->columns);
    ent_free(t->cell);
    ent_free(t->block);
    ent_free(t->unpacked);
    ent_free(t->path);
    ent_free(t);
}

int64_t ent_table_rows(const ent_table *t)
{
    return t->rows;
}

int64_t ent_table_columns(const ent_table *t)
{
    return t->columns;
}

const char *ent_table_name(const ent_table *t, int64_t column)
{
    return t->named && column >= 0 && column < t->columns ? t->first[column] : NULL;
}

int64_t ent_table_index(const ent_table *t)
{
    const bool unnamed = t->named && (!*t->first[0] || strcmp(t->first[0], "Unnamed: 0") == 0);
    return unnamed && t->columns > 1 ? 0 : -1;
}

bool ent_table_is_float(const ent_table *t)
{
    return is_npy(t) && (t->size <= 2 || (t->type == 'f' && t->size == 4));
}

ent_status ent_table_fit(ent_table *t, int64_t rows)
{
    const bool named = t->named;
    if (!t->doubtful || t->rows == rows) return ENT_OK;
    ent_csv_choose(t, !named);
    if (t->rows == rows)
        t->fitted = true;
    else
        ent_csv_choose(t, named);
    return ent_csv_rewind(t);
}

/* How to reverse the decision on the first line. */
static const char *doubt_of(const ent_table *t)
{
    if (t->header != ENT_HEADER_AUTO) return ", as --header says";
    if (t->fitted) return ", because then the numbers of rows agree";
    return t->doubtful && t->named ? " (if it is a row: --header no)"
           : t->doubtful           ? " (if it is not: --header yes)"
                                   : "";
}

const char *ent_table_decision(const ent_table *t, char *text, size_t room)
{
    if (is_npy(t)) return NULL;
    char cells[64] = "";
    for (int64_t c = 0; c < t->columns && strlen(cells) < sizeof cells - 1; c++) {
        const size_t length = strlen(cells);
        snprintf(cells + length, sizeof cells - length, "%s%s", c > 0 ? "," : "", t->first[c]);
    }
    const size_t used = (size_t)snprintf(text, room, "the first line (%s%s) %s%s", cells,
                                         strlen(cells) == sizeof cells - 1 ? "..." : "",
                                         t->named ? "names the columns" : "is a row", doubt_of(t));
    const bool counts = t->counted >= (t->named ? 0 : 1) && t->counted <= (t->named ? 1 : 2);
    const char *more = ent_table_index(t) == 0    ? "; column 0 has no name and is taken as an index, not a feature"
                       : counts && t->columns > 1 ? "; column 0 counts the rows, and is kept as a feature"
                                                  : "";
    if (used < room) snprintf(text + used, room - used, "%s", more);
    return text;
}

int64_t ent_table_find(const ent_table *t, const char *column)
{
    char *end;
    for (int64_t c = 0; t->named && c < t->columns; c++)
        if (strcmp(t->first[c], column) == 0) return c;
    const long long number = strtoll(column, &end, 10);
    return !t->named && end != column && !*end && number >= 0 && number < t->columns ? number : -1;
}

ent_status ent_table_next(ent_table *t, int64_t n, const uint8_t *skip, double *x)
{
    ENT_ASSERT(n >= 0 && n <= t->rows - t->at);
    ENT_TRY(is_npy(t) ? ent_npy_next(t, n, x) : ent_csv_next(t, n, skip, x));
    t->at += n;
    return ENT_OK;
}

ent_status ent_table_rewind(ent_table *t)
{
    t->at = 0;
    return is_npy(t) ? ENT_OK : ent_csv_rewind(t);
}

/* ---- text ---- */

ent_status ent_table_cells(ent_table *t, char *const **cell, int64_t *line)
{
    ENT_ASSERT(!is_npy(t) && t->at < t->rows);
    ENT_TRY(ent_csv_row(t));
    t->at++;
    *cell = t->cell;
    *line = ent_csv_line(t);
    return ENT_OK;
}

static ent_status number_text(ent_table *t, int64_t column, double *row, char **text)
{
    char number[32];
    ENT_TRY(ent_table_next(t, 1, NULL, row));
    snprintf(number, sizeof number, "%.17g", row[column]);
    *text = ent_text(number);
    return ENT_OK;
}

static ent_status cell_text(ent_table *t, int64_t column, char **text)
{
    ENT_TRY(ent_csv_row(t));
    t->at++;
    *text = ent_text(t->cell[column]);
    return ENT_OK;
}

ent_status ent_table_text(ent_table *t, int64_t column, char ***text)
{
    ENT_TRY(ent_table_rewind(t));
    char **list = ent_alloc(t->rows, sizeof *list);
    double *row = is_npy(t) ? ent_alloc(t->columns, sizeof *row) : NULL;
    ent_status status = list && (row || !is_npy(t)) ? ENT_OK : ent_fail(ENT_ENOMEM, "%s: no memory", t->path);
    for (int64_t k = 0; k < t->rows && status == ENT_OK; k++) {
        status = is_npy(t) ? number_text(t, column, row, &list[k]) : cell_text(t, column, &list[k]);
        if (status == ENT_OK && !list[k]) status = ent_fail(ENT_ENOMEM, "%s: no memory", t->path);
    }
    ent_free(row);
    if (status == ENT_OK) status = ent_table_rewind(t);
    if (status == ENT_OK)
        *text = list;
    else
        ent_h5_names_free(list, t->rows);
    return status;
}

/* ---- words as numbers ---- */

static bool is_whole(const char *text, long long *number)
{
    char *end;
    errno = 0;
    *number = strtoll(text, &end, 10);
    return end != text && !*end && !errno;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static ent_status number_words(int64_t n, char *const *text, int32_t *number, char ***names, int64_t *count)
{
    char **sorted = ent_copy(text, n, sizeof *sorted), **unique = ent_alloc(n, sizeof *unique);
    ent_status status = sorted && unique ? ENT_OK : ent_fail(ENT_ENOMEM, "no memory for %lld words", (long long)n);
    int64_t found = 0;
    if (status == ENT_OK) qsort(sorted, (size_t)n, sizeof *sorted, by_text);
    for (int64_t k = 0; status == ENT_OK && k < n; k++) {
        if (k > 0 && strcmp(sorted[k], sorted[k - 1]) == 0) continue;
        unique[found] = ent_text(sorted[k]);
        if (!unique[found++]) status = ent_fail(ENT_ENOMEM, "no memory for %lld words", (long long)n);
    }
    for (int64_t k = 0; status == ENT_OK && k < n; k++)
        number[k] = (int32_t)((char **)bsearch(&text[k], unique, (size_t)found, sizeof *unique, by_text) - unique);
    ent_free(sorted);
    if (status != ENT_OK) {
        ent_h5_names_free(unique, found);
        return status;
    }
    *names = unique;
    *count = found;
    return ENT_OK;
}

ent_status ent_table_number(int64_t n, char *const *text, int32_t *number, char ***names, int64_t *count)
{
    long long value = 0;
    *names = NULL;
    *count = 0;
    ENT_REQUIRE(n <= INT32_MAX, ENT_EDATA, "%lld rows, want at most %d", (long long)n, INT32_MAX);
    for (int64_t k = 0; k < n; k++)
        if (!is_whole(text[k], &value)) return number_words(n, text, number, names, count);
    for (int64_t k = 0; k < n; k++) {
        is_whole(text[k], &value);
        ENT_REQUIRE(value >= INT32_MIN && value <= INT32_MAX, ENT_EDATA, "row %lld: %lld, want a number of 32 bits",
                    (long long)k, value);
        number[k] = (int32_t)value;
    }
    return ENT_OK;
}
