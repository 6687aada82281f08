/* What a kind of table has to give: table.c on top, csv.c and npy.c below. */
#ifndef ENTENTE_DATA_TABLE_H
#define ENTENTE_DATA_TABLE_H

#include <stdio.h>

#include "entente/table.h"

struct ent_table {
    char *path;
    FILE *file;
    int64_t rows, columns, at; /* at: the row that comes next */
    char **header;             /* [columns], or NULL */
    /* CSV */
    char separator;
    char *line, **cell;
    size_t line_room;
    int64_t line_number;
    /* NPY */
    int64_t data_at; /* offset of the first number */
    char type;       /* i, u, f, b */
    int size, rank;  /* bytes a number */
    bool swapped, fortran;
    int64_t shape[8];
    uint8_t *block;
};

ent_status ent_csv_open(ent_table *table);
ent_status ent_csv_rewind(ent_table *table);
ent_status ent_csv_next(ent_table *table, int64_t n, const uint8_t *skip, double *x);
/* The next row's cells, in table->cell until the next call. */
ent_status ent_csv_row(ent_table *table);

ent_status ent_npy_open(ent_table *table);
ent_status ent_npy_next(ent_table *table, int64_t n, double *x);

#endif
