/* The interface of a table format: used by table.c, implemented by csv.c and npy.c. */
#ifndef ENTENTE_DATA_TABLE_H
#define ENTENTE_DATA_TABLE_H

#include "entente/table.h"
#include "lines.h"
#include "stream.h"

struct ent_table {
    char *path;
    int64_t rows, columns, at; /* at: the next row */
    /* CSV */
    ent_lines *lines;
    ent_header header; /* as requested */
    bool named;        /* the first line names the columns */
    bool doubtful;     /* it could be either */
    bool fitted;       /* and the reading with the right number of rows was chosen */
    char separator, empty[1];
    char **first;       /* [columns]: the first line's cells */
    char **cell;        /* [columns]: the cells of the current row */
    int64_t first_line; /* its line number */
    int64_t body;       /* rows after it */
    int64_t blanks;     /* blank lines that are rows before `held`, in a file of one column */
    char *held;         /* the line that follows them, or NULL */
    int64_t counted;    /* first number if column 0 counts up from the row after the first line, or -1 */
    /* NPY */
    ent_stream *stream;
    int64_t data_at; /* offset of the first number */
    char type;       /* i, u, f, b */
    int size, rank;  /* bytes per number */
    bool swapped, fortran;
    int64_t shape[8];
    uint8_t *block;
    uint8_t *unpacked; /* all numbers of a compressed array in Fortran order, else NULL */
};

/* The number of rows, with or without the first line. */
void ent_csv_choose(ent_table *table, bool named);

ent_status ent_csv_open(ent_table *table);
ent_status ent_csv_rewind(ent_table *table);
ent_status ent_csv_next(ent_table *table, int64_t n, const uint8_t *skip, double *x);
/* Read the trimmed cells of the next row into table->cell, valid until the next call. */
ent_status ent_csv_row(ent_table *table);
int64_t ent_csv_line(const ent_table *table); /* of the current row */

ent_status ent_npy_open(ent_table *table);
ent_status ent_npy_next(ent_table *table, int64_t n, double *x);

#endif
