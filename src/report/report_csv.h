/* A CSV file whose first line names the columns, whole, as texts.  Local. */
#ifndef ENTENTE_REPORT_CSV_H
#define ENTENTE_REPORT_CSV_H

#include <stdint.h>

#include "entente/status.h"

typedef struct {
    int columns;
    int64_t rows;
    char **name;  /* [columns] */
    char ***cell; /* [columns][rows] */
} report_csv;

/* Errors: those of ent_table_open; ENT_EFORMAT for a file whose columns have no names. */
ent_status report_csv_read(const char *path, report_csv **out);
void report_csv_free(report_csv *csv);
int report_csv_find(const report_csv *csv, const char *name); /* -1: none */
/* A number, NAN where there is none. */
double report_csv_number(const report_csv *csv, int column, int64_t row);
/* The same of a column by its name, NAN where it is not there. */
double report_csv_value(const report_csv *csv, const char *name, int64_t row);

#endif
