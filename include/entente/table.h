/* Tables of numbers, one row per sample: CSV files and NumPy arrays (.npy), plain or compressed with gzip.
 *
 * CSV: cells between commas, semicolons or tabs (whichever the first line holds most of), quotes as usual.  A cell
 * that is empty, NA, N/A, null, None, nan, ? or the like is missing (NAN); True and False are 1 and 0.  Blank lines
 * are skipped, except that in a file of one column they are missing cells (unless at its end).  The first line names
 * the columns if it has words above numbers, or is 0,1,2,.. as pandas writes it; a first column without a name is an
 * index.
 * NPY: integers, booleans and reals (16, 32, 64 bits) of either byte order, C or Fortran order; [rows], or [rows,
 * ...] where the other dimensions are columns in C order.
 * Source: numpy.org/doc/stable/reference/generated/numpy.lib.format.html.  All functions are Local. */
#ifndef ENTENTE_TABLE_H
#define ENTENTE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "entente/status.h"

typedef struct ent_table ent_table;

/* Does the first line of a CSV file name the columns? */
typedef enum { ENT_HEADER_AUTO, ENT_HEADER_YES, ENT_HEADER_NO } ent_header;

/* Scans the whole file, which is then read block by block.  Errors, each with the path, of CSV with the line:
 * ENT_EIO; ENT_EFORMAT a row of another length, no rows, not an array, a truncated or overlong array, an array of
 * objects, a file of another kind (the message says which kind, and what to do). */
ent_status ent_table_open(const char *path, ent_header header, ent_table **out);
void ent_table_free(ent_table *table); /* NULL is legal */

int64_t ent_table_rows(const ent_table *table);
int64_t ent_table_columns(const ent_table *table);
/* The column's name; NULL if columns have no names. */
const char *ent_table_name(const ent_table *table, int64_t column);
/* The column's number, by its name or (arrays, CSV without names) its number from 0; -1: none. */
int64_t ent_table_find(const ent_table *table, const char *column);
/* The column that only numbers the rows: the first, if all others have names and it has none; -1: none. */
int64_t ent_table_index(const ent_table *table);
/* Whether a float holds every number of the table. */
bool ent_table_is_float(const ent_table *table);

/* If the first line can be read as names or as a row, choose the reading that gives this many rows, if one does. */
ent_status ent_table_fit(ent_table *table, int64_t rows);
/* How the first line and first column of a CSV file were read, in `text`; NULL for an array. */
const char *ent_table_decision(const ent_table *table, char *text, size_t room);

/* The next n rows: x [n][columns]; rewind begins again.  Errors: ENT_EIO; ENT_EFORMAT a cell that is not a number,
 * unless skip[column] is set (skip may be NULL): such a column is read as 0. */
ent_status ent_table_next(ent_table *table, int64_t n, const uint8_t *skip, double *x);
ent_status ent_table_rewind(ent_table *table);

/* The cells of the next row as trimmed text, valid until the next call, and its line number; CSV files only. */
ent_status ent_table_cells(ent_table *table, char *const **cell, int64_t *line);

/* A column as text, one string per row; free with ent_h5_names_free.  Rewinds. */
ent_status ent_table_text(ent_table *table, int64_t column, char ***text);
/* Whether the text of a cell means a missing number. */
bool ent_table_missing(const char *cell);

/* ---- importing ---- */

enum { ENT_TABLE_MODALITIES = 16 };
typedef enum { ENT_HOLES_MEAN, ENT_HOLES_ABSENT, ENT_HOLES_ERROR } ent_holes;

typedef struct {
    int modalities;
    const char *name[ENT_TABLE_MODALITIES], *path[ENT_TABLE_MODALITIES];
    const char *label, *group, *part; /* FILE or FILE:COLUMN; group and part may be NULL */
    const char *out;
    ent_header header;
    ent_holes holes;
    double share[3]; /* without `part`: split by group, or by row if there are no groups */
    uint64_t seed;
    void (*progress)(void *data, int64_t done, int64_t all);
    void *progress_data;
    void (*note)(void *data, const char *path, const char *text); /* reports how a file's first line was read */
    void *note_data;
} ent_table_inp;

typedef struct {
    int64_t rows, part[3], groups;
    int classes; /* 0 for a real label */
    int64_t dimension[ENT_TABLE_MODALITIES], present[ENT_TABLE_MODALITIES], holes[ENT_TABLE_MODALITIES];
    int64_t constant[ENT_TABLE_MODALITIES];       /* columns that are constant over all training rows */
    int64_t first_constant[ENT_TABLE_MODALITIES]; /* the first of them */
} ent_table_report;

/* Every table becomes a modality, with all its columns except label, group and part.  Label: whole numbers from 0
 * become /label/class, other numbers /label/value, and words become classes in sorted order (/class_name).  Groups:
 * whole numbers, or words numbered in sorted order.  Part: 0, 1, 2 or train, validation, test.  A row without numbers
 * is absent; a number that is not finite becomes the training mean of its column (mean), makes the row absent
 * (absent) or is refused.  Errors: as above; ENT_EDATA. */
ent_status ent_table_import(const ent_table_inp *inp, ent_table_report *report);

/* Words as numbers: if all are whole numbers, they keep their values; otherwise all words are numbered in sorted
 * order and *names holds them.  number [n].  Errors: ENT_EDATA beyond 32 bits; ENT_ENOMEM. */
ent_status ent_table_number(int64_t n, char *const *text, int32_t *number, char ***names, int64_t *count);

#endif
