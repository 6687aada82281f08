/* A CSV file written by entente, in memory as texts, and checked.  The first line names the columns.  Local. */
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
    int64_t *line; /* [rows]: its line in the file */
} report_csv;

/* `key` (ends with NULL): the columns that identify a row; two rows that agree in them are refused.  Cells of columns
 * that are named after figures must be empty or numbers within the figure's range.
 * Errors: those of ent_table_open; ENT_EFORMAT for columns without names or with the same name, a cell that is not a
 * number (with file, line and column), a row that occurs twice (with both lines). */
ent_status report_csv_read(const char *path, const char *const *key, report_csv **out);
void report_csv_free(report_csv *csv);
int report_csv_find(const report_csv *csv, const char *name); /* -1: none */
/* A number, NAN if the cell has none. */
double report_csv_number(const report_csv *csv, int column, int64_t row);
/* The same, by the column's name. */
double report_csv_value(const report_csv *csv, const char *name, int64_t row);
/* The same, which must exist and be within a range.  Errors: ENT_EFORMAT. */
ent_status report_csv_want(const report_csv *csv, const char *name, int64_t row, double low, double high,
                           double *out);

#endif
