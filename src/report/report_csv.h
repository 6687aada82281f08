/* A CSV file that entente has written: the first line names the columns; whole, as texts, and checked.  Local. */
#ifndef ENTENTE_REPORT_CSV_H
#define ENTENTE_REPORT_CSV_H

#include <stdint.h>

#include "entente/status.h"

typedef struct {
    char *path;
    int columns;
    int64_t rows;
    char **name;   /* [columns] */
    char ***cell;  /* [columns][rows] */
    int64_t *line; /* [rows]: where each is in the file */
} report_csv;

/* `key` (NULL at its end): the columns by which a row is known; two rows that agree in them are refused.  Columns
 * whose names are those of figures must be empty or numbers within the figure's range.
 * Errors: those of ent_table_open; ENT_EFORMAT for columns without names or of one name, a cell that is no number
 * (with file, line and column), a row that is there twice (with both lines). */
ent_status report_csv_read(const char *path, const char *const *key, report_csv **out);
void report_csv_free(report_csv *csv);
int report_csv_find(const report_csv *csv, const char *name); /* -1: none */
/* A number, NAN where there is none. */
double report_csv_number(const report_csv *csv, int column, int64_t row);
/* The same by the column's name. */
double report_csv_value(const report_csv *csv, const char *name, int64_t row);
/* The same, which must be there and within a range.  Errors: ENT_EFORMAT. */
ent_status report_csv_want(const report_csv *csv, const char *name, int64_t row, double low, double high,
                           double *out);

#endif
