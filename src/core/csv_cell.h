/* A text as a cell of a CSV file: in quotes if it needs them (RFC 4180).  Local. */
#ifndef ENTENTE_CORE_CSV_CELL_H
#define ENTENTE_CORE_CSV_CELL_H

#include <stdio.h>

void ent_csv_put(FILE *out, const char *text);

#endif
