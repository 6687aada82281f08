#include "report_csv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "entente/h5.h"
#include "entente/memory.h"
#include "entente/table.h"

static ent_status read_columns(const char *path, ent_table *table, report_csv *csv)
{
    const int64_t columns = ent_table_columns(table);
    ENT_REQUIRE(ent_table_name(table, 0), ENT_EFORMAT, "%s: the first line names no columns", path);
    ENT_REQUIRE(columns < 10000, ENT_EFORMAT, "%s: %lld columns, want less than 10000", path, (long long)columns);
    csv->rows = ent_table_rows(table);
    csv->name = ent_alloc(columns, sizeof *csv->name);
    csv->cell = ent_alloc(columns, sizeof *csv->cell);
    ENT_REQUIRE(csv->name && csv->cell, ENT_ENOMEM, "%s: no memory", path);
    for (; csv->columns < columns; csv->columns++) {
        ENT_TRY(ent_table_text(table, csv->columns, &csv->cell[csv->columns]));
        csv->name[csv->columns] = ent_text(ent_table_name(table, csv->columns));
        if (csv->name[csv->columns]) continue;
        ent_h5_names_free(csv->cell[csv->columns], csv->rows);
        return ent_fail(ENT_ENOMEM, "%s: no memory", path);
    }
    return ENT_OK;
}

ent_status report_csv_read(const char *path, report_csv **out)
{
    ent_table *table;
    ENT_TRY(ent_table_open(path, ENT_HEADER_YES, &table));
    report_csv *csv = ent_alloc(1, sizeof *csv);
    const ent_status status = csv ? read_columns(path, table, csv) : ent_fail(ENT_ENOMEM, "%s: no memory", path);
    ent_table_free(table);
    if (status != ENT_OK) {
        report_csv_free(csv);
        return status;
    }
    *out = csv;
    return ENT_OK;
}

void report_csv_free(report_csv *csv)
{
    if (!csv) return;
    for (int c = 0; c < csv->columns; c++) {
        ent_h5_names_free(csv->cell[c], csv->rows);
        ent_free(csv->name[c]);
    }
    ent_free(csv->name);
    ent_free(csv->cell);
    ent_free(csv);
}

int report_csv_find(const report_csv *csv, const char *name)
{
    for (int c = 0; c < csv->columns; c++)
        if (strcmp(csv->name[c], name) == 0) return c;
    return -1;
}

double report_csv_number(const report_csv *csv, int column, int64_t row)
{
    char *end;
    const char *text = csv->cell[column][row];
    const double value = strtod(text, &end);
    return end != text && *end == '\0' ? value : NAN;
}

double report_csv_value(const report_csv *csv, const char *name, int64_t row)
{
    const int column = report_csv_find(csv, name);
    return column < 0 ? NAN : report_csv_number(csv, column, row);
}
