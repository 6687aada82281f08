/* Tables of numbers, one row a sample: CSV files, plain or compressed by gzip, and NumPy arrays (.npy).
 *
 * CSV: cells between commas, semicolons or tabs (whichever the first line holds most of), quotes as usual.  A cell that
 * is empty, NA, N/A, null, None, nan, ? or the like is missing (NAN); True and False are 1 and 0.  Blank lines are passed
 * over, but in a file of one column they are missing cells, except at its end.  The first line names the columns where it
 * has words above numbers, or is 0,1,2,.. as pandas writes it; a first column without a name is an index.
 * NPY: integers, booleans and reals (16, 32, 64 bits) of either byte order, C or Fortran order; [rows], or [rows, ...]
 * where the other dimensions are columns in C order.
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

/* Looks through the whole file, which is then read block by block.  Errors, each with the path, of CSV with the line:
 * ENT_EIO; ENT_EFORMAT a ragged row, no row, no array, a truncated or overlong one, an array of objects, a file of
 * another kind (the message names it, and what to do). */
ent_status ent_table_open(const char *path, ent_header header, ent_table **out);
void ent_table_free(ent_table *table); /* NULL is legal */

int64_t ent_table_rows(const ent_table *table);
int64_t ent_table_columns(const ent_table *table);
/* The column's name, NULL where columns have none. */
const char *ent_table_name(const ent_table *table, int64_t column);
/* The column's number, by its name or (arrays, CSV without names) its number from 0; -1: none. */
int64_t ent_table_find(const ent_table *table, const char *column);
/* The column that only numbers the rows: the first, where the others have names and it has none; -1: none. */
int64_t ent_table_index(const ent_table *table);
/* Does a float hold every number of it? */
bool ent_table_is_float(const ent_table *table);

/* Where the first line may be a row as well as names, take it as what makes this many rows, if either does. */
ent_status ent_table_fit(ent_table *table, int64_t rows);
/* What was decided on a CSV file's first line and first column, in `text`; NULL for an array. */
const char *ent_table_decision(const ent_table *table, char *text, size_t room);

/* The next n rows: x [n][columns]; rewind begins again.  Errors: ENT_EIO; ENT_EFORMAT a cell that is no number, unless
 * skip[column] (may be NULL): such a column is 0. */
ent_status ent_table_next(ent_table *table, int64_t n, const uint8_t *skip, double *x);
ent_status ent_table_rewind(ent_table *table);

/* The next row's cells as text, trimmed, until the next call, and its line; of CSV files. */
ent_status ent_table_cells(ent_table *table, char *const **cell, int64_t *line);

/* A column as text, one string a row; ent_h5_names_free.  Rewinds. */
ent_status ent_table_text(ent_table *table, int64_t column, char ***text);
/* Does a cell's text stand for a number that is not there? */
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
    double share[3]; /* where there is no `part`: by group, or by row where there is none */
    uint64_t seed;
    void (*progress)(void *data, int64_t done, int64_t all);
    void *progress_data;
    void (*note)(void *data, const char *path, const char *text); /* what was decided on a file's first line */
    void *note_data;
} ent_table_inp;

typedef struct {
    int64_t rows, part[3], groups;
    int classes; /* 0: the label is real */
    int64_t dimension[ENT_TABLE_MODALITIES], present[ENT_TABLE_MODALITIES], holes[ENT_TABLE_MODALITIES];
    int64_t constant[ENT_TABLE_MODALITIES];       /* columns that hold one number in all training rows */
    int64_t first_constant[ENT_TABLE_MODALITIES]; /* the first of them */
} ent_table_report;

/* Every table is a modality, of all its columns but those that are the label, group or part.  Label: whole numbers
 * from 0 on are /label/class, other numbers /label/value, words classes in their sorted order (/class_name).  Groups:
 * whole numbers, or words numbered in their sorted order.  Part: 0, 1, 2 or train, validation, test.  A row without any
 * number is absent; a number that is not finite becomes the training mean of its column (mean), makes the row absent
 * (absent) or is refused.  Errors: as above; ENT_EDATA. */
ent_status ent_table_import(const ent_table_inp *inp, ent_table_report *report);

/* Words as numbers: whole numbers stand for themselves, unless one is none: then all are numbered in sorted order and
 * *names holds them.  number [n].  Errors: ENT_EDATA beyond 32 bits; ENT_ENOMEM. */
ent_status ent_table_number(int64_t n, char *const *text, int32_t *number, char ***names, int64_t *count);

#endif
