/* Writes rows of named JSON values as CSV, and column by column as HDF5. */
#include "rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/csv_cell.h"
#include "entente/atomic_file.h"
#include "entente/memory.h"

/* The shortest text of 15 to 17 digits that reads back as the same number. */
static void put_real(FILE *out, double value)
{
    char text[32];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
    }
    fputs(text, out);
}

static void put_value(FILE *out, const json_t *value)
{
    if (json_is_string(value))
        ent_csv_put(out, json_string_value(value));
    else if (json_is_integer(value))
        fprintf(out, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        put_real(out, json_real_value(value));
}

static void put_rows(FILE *out, const json_t *columns, const json_t *rows)
{
    size_t r, c;
    const json_t *row, *column;
    json_array_foreach(columns, c, column)
    {
        if (c > 0) fputc(',', out);
        ent_csv_put(out, json_string_value(column));
    }
    fputc('\n', out);
    json_array_foreach(rows, r, row)
    {
        json_array_foreach(columns, c, column)
        {
            if (c > 0) fputc(',', out);
            put_value(out, json_object_get(row, json_string_value(column)));
        }
        fputc('\n', out);
    }
}

ent_status campaign_rows_csv(const json_t *columns, const json_t *rows, const char *path)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    ENT_REQUIRE(out, ENT_ENOMEM, "%s: no memory", path);
    put_rows(out, columns, rows);
    const int failed = ferror(out);
    ent_status status = fclose(out) == 0 && !failed ? ENT_OK : ent_fail(ENT_ENOMEM, "%s: no memory", path);
    if (status == ENT_OK) status = ent_atomic_file_save(path, text, bytes, false);
    free(text);
    return status;
}

static bool as_number(const json_t *value, double *number)
{
    if (!value || json_is_null(value)) {
        *number = NAN;
        return true;
    }
    if (!json_is_string(value)) {
        *number = json_number_value(value);
        return true;
    }
    char *end;
    const char *text = json_string_value(value);
    *number = strtod(text, &end);
    return end != text && *end == '\0';
}

typedef struct {
    int64_t *whole;
    double *real;
    const char **text;
} column_values;

/* The type of a column. */
static ent_h5_type fill(const json_t *rows, const char *name, column_values *v, bool *texts)
{
    bool whole = true;
    size_t r;
    const json_t *row;
    *texts = false;
    json_array_foreach(rows, r, row)
    {
        const json_t *value = json_object_get(row, name);
        v->whole[r] = json_integer_value(value);
        v->text[r] = json_is_string(value) ? json_string_value(value) : "";
        whole = whole && json_is_integer(value);
        *texts = !as_number(value, &v->real[r]) || *texts;
    }
    return whole ? ENT_H5_I64 : ENT_H5_F64;
}

static ent_status write_column(const json_t *rows, const char *name, ent_h5 *file, const char *group,
                               column_values *v)
{
    char path[512];
    bool texts;
    const int64_t n = (int64_t)json_array_size(rows);
    const ent_h5_type type = fill(rows, name, v, &texts);
    snprintf(path, sizeof path, "%s/%s", group, name);
    if (texts) return ent_h5_write_strings(file, path, n, v->text);
    return ent_h5_write(file, path, type, 1, &n, type == ENT_H5_I64 ? (void *)v->whole : (void *)v->real);
}

ent_status campaign_rows_h5(const json_t *columns, const json_t *rows, ent_h5 *file, const char *group)
{
    const int64_t n = (int64_t)json_array_size(rows);
    column_values v = {ent_alloc(n, sizeof *v.whole), ent_alloc(n, sizeof *v.real), ent_alloc(n, sizeof *v.text)};
    ent_status status = v.whole && v.real && v.text ? ENT_OK : ent_fail(ENT_ENOMEM, "%s: no memory", group);
    size_t c;
    const json_t *column;
    json_array_foreach(columns, c, column)
    {
        if (status == ENT_OK) status = write_column(rows, json_string_value(column), file, group, &v);
    }
    ent_free(v.whole);
    ent_free(v.real);
    ent_free(v.text);
    return status;
}
