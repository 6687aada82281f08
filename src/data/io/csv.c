/* A line at a time; a quoted cell may hold separators and doubled quotes, not line ends.  The first pass counts. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "entente/h5.h"
#include "entente/memory.h"
#include "table_reader.h"

enum { MOST_COLUMNS = 1 << 22 };

/* The next line that is not empty, without its end; *there false at the end of the file. */
static ent_status next_line(ent_table *t, bool *there)
{
    for (;;) {
        errno = 0;
        const ssize_t length = getline(&t->line, &t->line_room, t->file);
        *there = length >= 0;
        if (length < 0) {
            ENT_REQUIRE(!ferror(t->file) && errno != ENOMEM, ENT_EIO, "%s: %s", t->path, strerror(errno));
            return ENT_OK;
        }
        t->line_number++;
        ENT_REQUIRE(!memchr(t->line, '\0', (size_t)length), ENT_EFORMAT, "%s:%lld: a zero byte in a text", t->path,
                    (long long)t->line_number);
        t->line[strcspn(t->line, "\r\n")] = '\0';
        if (t->line[strspn(t->line, " \t")]) return ENT_OK;
    }
}

/* Take the quotes off a cell, in place; where it ends. */
static char *end_quoted(char *cell)
{
    char *to = cell, *from = cell + 1;
    for (; *from && !(*from == '"' && from[1] != '"'); from++) {
        if (*from == '"') from++;
        *to++ = *from;
    }
    if (!*from) return NULL;
    *to = '\0';
    return from + 1;
}

/* Cut the line into cells: their number, or -1 for a quote that does not end. */
static int64_t cut(ent_table *t, char **cell, int64_t room)
{
    int64_t count = 0;
    for (char *at = t->line;; at++) {
        char *end = *at == '"' ? end_quoted(at) : at + strcspn(at, (char[]){t->separator, '\0'});
        if (!end || (*end && *end != t->separator)) return -1;
        if (count < room) cell[count] = at;
        count++;
        const bool last = !*end;
        *end = '\0';
        at = end;
        if (last) return count;
    }
}

static const char *trimmed(char *cell)
{
    cell += strspn(cell, " \t");
    for (size_t n = strlen(cell); n > 0 && (cell[n - 1] == ' ' || cell[n - 1] == '\t'); n--) cell[n - 1] = '\0';
    return cell;
}

static bool is_number(const char *text, double *x)
{
    char *end;
    *x = NAN;
    if (!*text) return true;
    *x = strtod(text, &end);
    return end != text && !*end;
}

ent_status ent_csv_row(ent_table *t)
{
    bool there;
    ENT_TRY(next_line(t, &there));
    ENT_REQUIRE(there, ENT_EFORMAT, "%s:%lld: the file has become shorter", t->path, (long long)t->line_number);
    const int64_t count = cut(t, t->cell, t->columns);
    ENT_REQUIRE(count >= 0, ENT_EFORMAT, "%s:%lld: a quote without its end", t->path, (long long)t->line_number);
    ENT_REQUIRE(count == t->columns, ENT_EFORMAT, "%s:%lld: %lld cells, want %lld", t->path,
                (long long)t->line_number, (long long)count, (long long)t->columns);
    return ENT_OK;
}

/* ---- open ---- */

static void choose_separator(ent_table *t)
{
    static const char separators[] = ",;\t";
    int most = 0;
    t->separator = ',';
    for (const char *s = separators; *s; s++) {
        int count = 0;
        for (const char *c = t->line; *c; c++) count += *c == *s;
        if (count > most) t->separator = *s;
        if (count > most) most = count;
    }
}

/* How many cells the first line has; the line stays as it is. */
static ent_status count_columns(ent_table *t)
{
    char *copy = ent_text(t->line), *line = t->line;
    ENT_REQUIRE(copy, ENT_ENOMEM, "%s: no memory", t->path);
    t->line = copy;
    t->columns = cut(t, NULL, 0);
    t->line = line;
    ent_free(copy);
    ENT_REQUIRE(t->columns >= 1 && t->columns <= MOST_COLUMNS, ENT_EFORMAT, "%s:%lld: %s", t->path,
                (long long)t->line_number, t->columns < 0 ? "a quote without its end" : "too many cells");
    t->cell = ent_alloc(t->columns, sizeof *t->cell);
    ENT_REQUIRE(t->cell, ENT_ENOMEM, "%s: no memory", t->path);
    return ENT_OK;
}

/* The first line's cells are names where one of them is no number. */
static ent_status take_header(ent_table *t)
{
    bool numbers = true;
    double x;
    if (!strncmp(t->line, "\xef\xbb\xbf", 3)) memmove(t->line, t->line + 3, strlen(t->line + 3) + 1);
    cut(t, t->cell, t->columns);
    for (int64_t c = 0; c < t->columns; c++) numbers = numbers && is_number(trimmed(t->cell[c]), &x);
    if (numbers) return ENT_OK;
    t->header = ent_alloc(t->columns, sizeof *t->header);
    ENT_REQUIRE(t->header, ENT_ENOMEM, "%s: no memory", t->path);
    for (int64_t c = 0; c < t->columns; c++) {
        t->header[c] = ent_text(trimmed(t->cell[c]));
        ENT_REQUIRE(t->header[c], ENT_ENOMEM, "%s: no memory", t->path);
    }
    return ENT_OK;
}

static ent_status count_rows(ent_table *t)
{
    bool there = true;
    for (t->rows = t->header ? -1 : 0; there; t->rows += there) {
        ENT_TRY(next_line(t, &there));
        const int64_t count = there ? cut(t, t->cell, t->columns) : t->columns;
        ENT_REQUIRE(count >= 0, ENT_EFORMAT, "%s:%lld: a quote without its end", t->path, (long long)t->line_number);
        ENT_REQUIRE(count == t->columns, ENT_EFORMAT, "%s:%lld: %lld cells, want %lld", t->path,
                    (long long)t->line_number, (long long)count, (long long)t->columns);
    }
    ENT_REQUIRE(t->rows > 0, ENT_EFORMAT, "%s: no row", t->path);
    return ENT_OK;
}

ent_status ent_csv_rewind(ent_table *t)
{
    bool there = true;
    rewind(t->file);
    t->line_number = t->at = 0;
    return t->header ? next_line(t, &there) : ENT_OK;
}

ent_status ent_csv_open(ent_table *t)
{
    bool there;
    ENT_TRY(next_line(t, &there));
    ENT_REQUIRE(there, ENT_EFORMAT, "%s: empty", t->path);
    choose_separator(t);
    ENT_TRY(count_columns(t));
    ENT_TRY(take_header(t));
    rewind(t->file);
    t->line_number = 0;
    ENT_TRY(count_rows(t));
    return ent_csv_rewind(t);
}

ent_status ent_csv_next(ent_table *t, int64_t n, const uint8_t *skip, double *x)
{
    for (int64_t row = 0; row < n; row++) {
        ENT_TRY(ent_csv_row(t));
        for (int64_t c = 0; c < t->columns; c++) {
            double *to = &x[row * t->columns + c];
            *to = 0.0;
            if (skip && skip[c]) continue;
            char *cell = t->cell[c];
            if (!strncmp(cell, "\xef\xbb\xbf", 3)) cell += 3;
            ENT_REQUIRE(is_number(trimmed(cell), to), ENT_EFORMAT,
                        "%s:%lld: column %lld%s%s: found '%.64s', want a number", t->path, (long long)t->line_number,
                        (long long)c, t->header ? " " : "", t->header ? t->header[c] : "", cell);
        }
    }
    return ENT_OK;
}
