/* Reads a line at a time.  A quoted cell may contain separators and doubled quotes, but no line breaks.  The first
 * pass counts the rows and examines the kinds of cells in the first rows to decide whether the first line names
 * the columns. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entente/h5.h"
#include "entente/memory.h"
#include "table_reader.h"

enum { MOST_COLUMNS = 1 << 22, LOOKED_AT = 1000 /* rows */ };

int64_t ent_csv_line(const ent_table *t)
{
    return ent_lines_number(t->lines) - (t->held ? t->blanks + 1 : 0);
}

/* ---- cells ---- */

/* Remove the quotes of a cell in place.  Returns its end. */
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

static char *trimmed(char *cell)
{
    cell += strspn(cell, " \t");
    for (size_t n = strlen(cell); n > 0 && (cell[n - 1] == ' ' || cell[n - 1] == '\t'); n--) cell[n - 1] = '\0';
    return cell;
}

/* Split a line into trimmed cells.  Returns their number, or -1 for an unterminated quote. */
static int64_t cut(char *line, char separator, char **cell, int64_t room)
{
    int64_t count = 0;
    for (char *at = line;; at++) {
        char *end = *at == '"' ? end_quoted(at) : at + strcspn(at, (char[]){separator, '\0'});
        if (!end || (*end && *end != separator)) return -1;
        const bool last = !*end;
        *end = '\0';
        if (count < room) cell[count] = trimmed(at);
        count++;
        at = end;
        if (last) return count;
    }
}

bool ent_table_missing(const char *cell)
{
    static const char *const words[] = {"",     "NA",   "N/A",  "n/a",  "#N/A", "<NA>", "NaN", "nan",
                                        "-nan", "null", "NULL", "Null", "None", "?",    NULL};
    for (int k = 0; words[k]; k++)
        if (strcmp(cell, words[k]) == 0) return true;
    return false;
}

bool ent_table_decimal(const char *text, double *x)
{
    char *end;
    *x = strtod(text, &end);
    return end != text && !*end && !strpbrk(text, "xX("); /* 0x1p3, nan(1) */
}

/* NAN for a missing cell.  True and False are how pandas writes booleans. */
static bool is_number(const char *text, double *x)
{
    *x = NAN;
    if (ent_table_missing(text)) return true;
    if (ent_table_decimal(text, x)) return true;
    *x = strcmp(text, "True") == 0;
    return *x == 1.0 || strcmp(text, "False") == 0;
}

/* ---- rows ---- */

static bool is_blank(const ent_table *t, const char *line)
{
    return !line[strspn(line, t->separator == '\t' && t->columns > 1 ? " " : " \t")];
}

/* The next line that is not blank.  In a file of one column the blank lines before it are missing cells, but those
 * at the end of the file are not. */
static ent_status hold_line(ent_table *t)
{
    t->blanks = 0;
    for (;;) {
        ENT_TRY(ent_lines_next(t->lines, &t->held));
        if (!t->held) t->blanks = 0;
        if (!t->held || !is_blank(t, t->held)) return ENT_OK;
        t->blanks += t->columns == 1;
    }
}

/* Read the cells of the next row; *there is false at the end of the file. */
static ent_status next_row(ent_table *t, bool *there)
{
    if (!t->held) ENT_TRY(hold_line(t));
    *there = t->held != NULL;
    if (!*there) return ENT_OK;
    if (t->blanks > 0) {
        t->blanks--;
        t->cell[0] = t->empty;
        return ENT_OK;
    }
    char *text = t->held;
    t->held = NULL;
    const int64_t count = cut(text, t->separator, t->cell, t->columns);
    const long long line = ent_csv_line(t);
    ENT_REQUIRE(count >= 0, ENT_EFORMAT, "%s:%lld: unterminated quote", t->path, line);
    ENT_REQUIRE(count == t->columns, ENT_EFORMAT, "%s:%lld: %lld cells, want %lld", t->path, line, (long long)count,
                (long long)t->columns);
    return ENT_OK;
}

ent_status ent_csv_row(ent_table *t)
{
    bool there;
    ENT_TRY(next_row(t, &there));
    ENT_REQUIRE(there, ENT_EFORMAT, "%s:%lld: the file has become shorter", t->path,
                (long long)ent_lines_number(t->lines));
    return ENT_OK;
}

/* ---- the first line ---- */

enum { NUMBER = 1, WORD = 2, NOT_WHOLE = 4 }; /* kinds of cells seen in a column */

static int kind_of(const char *cell)
{
    double x;
    if (ent_table_missing(cell)) return 0;
    if (!is_number(cell, &x)) return WORD | NOT_WHOLE;
    return cell[strspn(cell, "+-0123456789")] ? NUMBER | NOT_WHOLE : NUMBER;
}

static void choose_separator(ent_table *t, const char *line)
{
    static const char separators[] = ",;\t";
    int most = 0;
    t->separator = ',';
    for (const char *s = separators; *s; s++) {
        int count = 0;
        for (const char *c = line; *c; c++) count += *c == *s;
        if (count > most) t->separator = *s;
        if (count > most) most = count;
    }
}

/* Keep the cells of the first non-blank line. */
static ent_status take_first(ent_table *t)
{
    t->columns = 2; /* blank lines before it do not count */
    ENT_TRY(hold_line(t));
    ENT_REQUIRE(t->held, ENT_EFORMAT, "%s: empty", t->path);
    t->first_line = ent_lines_number(t->lines);
    choose_separator(t, t->held);
    char *copy = ent_text(t->held);
    ENT_REQUIRE(copy, ENT_ENOMEM, "%s: no memory", t->path);
    t->columns = cut(copy, t->separator, NULL, 0);
    ent_free(copy);
    ENT_REQUIRE(t->columns >= 1 && t->columns <= MOST_COLUMNS, ENT_EFORMAT, "%s:%lld: %s", t->path,
                (long long)t->first_line, t->columns < 0 ? "unterminated quote" : "too many cells");
    t->cell = ent_alloc(t->columns, sizeof *t->cell);
    t->first = ent_alloc(t->columns, sizeof *t->first);
    ENT_REQUIRE(t->cell && t->first, ENT_ENOMEM, "%s: no memory", t->path);
    ENT_TRY(ent_csv_row(t));
    for (int64_t c = 0; c < t->columns; c++) {
        t->first[c] = ent_text(t->cell[c]);
        ENT_REQUIRE(t->first[c], ENT_ENOMEM, "%s: no memory", t->path);
    }
    return ENT_OK;
}

/* Whether column 0 of row k is the number from + k. */
static bool counts_on(const char *cell, int64_t from, int64_t k)
{
    char *end;
    return *cell && strtoll(cell, &end, 10) == from + k && !*end;
}

/* Count the rows after the first line, and examine the cells of the first of them. */
static ent_status count_body(ent_table *t, uint8_t *seen)
{
    bool there = true;
    for (t->body = 0; there; t->body += there) {
        ENT_TRY(next_row(t, &there));
        if (!there) break;
        if (t->body == 0) t->counted = strspn(t->cell[0], "012") == 1 ? *t->cell[0] - '0' : -1;
        if (t->counted >= 0 && !counts_on(t->cell[0], t->counted, t->body)) t->counted = -1;
        for (int64_t c = 0; t->body < LOOKED_AT && c < t->columns; c++)
            seen[c] = (uint8_t)(seen[c] | kind_of(t->cell[c]));
    }
    return ENT_OK;
}

/* 0,1,2,..: the names that pandas gives to unnamed columns; the first cell is empty above an index. */
static bool is_sequence(const ent_table *t)
{
    const bool index = t->columns > 1 && !*t->first[0];
    for (int64_t c = index; c < t->columns; c++) {
        char number[24];
        snprintf(number, sizeof number, "%lld", (long long)(c - index));
        if (strcmp(t->first[c], number) != 0) return false;
    }
    return true;
}

/* 1,000 or 5 kg or 0x10: no name, but a number that is not read as one. */
static bool is_malformed(const char *cell)
{
    char *end;
    strtod(cell, &end);
    if (end != cell && (!*end || !isalpha((unsigned char)*cell))) return true;
    while (*cell && !isalpha((unsigned char)*cell)) cell++;
    return !*cell;
}

/* Words above numbers are names, and so is 0,1,2,..; a number above numbers makes the line a row.  Next to a number,
 * a word that has no letter or begins like a number is not a name.  A single cell 0, or 0,1, above whole numbers can
 * be either, and so can words above words: in these cases the result is a guess. */
static bool names_columns(ent_table *t, const uint8_t *seen)
{
    bool above_numbers = false, malformed = false, number = false, words = false, whole = true;
    for (int64_t c = 0; c < t->columns; c++) {
        const int kind = kind_of(t->first[c]);
        const bool above = (kind & WORD) && (seen[c] & (NUMBER | WORD)) == NUMBER;
        above_numbers = above_numbers || above;
        malformed = malformed || (above && is_malformed(t->first[c]));
        number = number || (kind & NUMBER);
        words = words || (kind & WORD);
        whole = whole && !(seen[c] & NOT_WHOLE);
    }
    if (above_numbers) return !number || !malformed;
    if (is_sequence(t) && t->body > 0) {
        t->doubtful = *t->first[0] && t->columns < 3 && whole;
        return !t->doubtful;
    }
    if (number) return false;
    t->doubtful = words && t->body > 0;
    return words;
}

void ent_csv_choose(ent_table *t, bool named)
{
    t->named = named;
    t->rows = t->body + (named ? 0 : t->columns == 1 ? t->first_line : 1);
}

static ent_status look_through(ent_table *t)
{
    uint8_t *seen = ent_alloc(t->columns, 1);
    ENT_REQUIRE(seen, ENT_ENOMEM, "%s: no memory", t->path);
    const ent_status status = count_body(t, seen);
    if (status == ENT_OK)
        ent_csv_choose(t, t->header == ENT_HEADER_AUTO ? names_columns(t, seen) : t->header == ENT_HEADER_YES);
    ent_free(seen);
    ENT_REQUIRE(status != ENT_OK || t->rows > 0, ENT_EFORMAT, "%s: contains no row", t->path);
    return status;
}

ent_status ent_csv_open(ent_table *t)
{
    ENT_TRY(ent_lines_open(t->path, &t->lines));
    ENT_TRY(take_first(t));
    ENT_TRY(look_through(t));
    return ent_csv_rewind(t);
}

ent_status ent_csv_rewind(ent_table *t)
{
    ENT_TRY(ent_lines_rewind(t->lines));
    t->held = NULL;
    t->blanks = 0;
    while (t->named && ent_lines_number(t->lines) < t->first_line) {
        char *line;
        ENT_TRY(ent_lines_next(t->lines, &line));
        ENT_REQUIRE(line, ENT_EFORMAT, "%s: the file has become shorter", t->path);
    }
    return ENT_OK;
}

ent_status ent_csv_next(ent_table *t, int64_t n, const uint8_t *skip, double *x)
{
    for (int64_t row = 0; row < n; row++) {
        ENT_TRY(ent_csv_row(t));
        for (int64_t c = 0; c < t->columns; c++) {
            double *to = &x[row * t->columns + c];
            const bool number = (skip && skip[c]) || is_number(t->cell[c], to);
            if (skip && skip[c]) *to = 0.0;
            ENT_REQUIRE(number, ENT_EFORMAT, "%s:%lld: column %lld%s%s: found '%.64s', want a number", t->path,
                        (long long)ent_csv_line(t), (long long)c, t->named ? " " : "", t->named ? t->first[c] : "",
                        t->cell[c]);
        }
    }
    return ENT_OK;
}
