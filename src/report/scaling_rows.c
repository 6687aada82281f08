/* Reading and writing scaling.csv. */
#include <string.h>

#include "entente/memory.h"
#include "report_csv.h"
#include "scaling.h"

static const char HEAD[] = "what,mode,name,ranks,threads,shards,clients,qubits,repeat,work,bytes,seconds,compute_s,"
                           "communicate_s,wait_s,evaluate_s,io_s,crowded";

ent_status scaling_rows_add(scaling_rows *rows, const scaling_row *row)
{
    ENT_REQUIRE(ent_grow((void **)&rows->row, &rows->room, rows->n, sizeof *rows->row), ENT_ENOMEM,
                "scaling: no memory");
    rows->row[rows->n++] = *row;
    return ENT_OK;
}

void scaling_rows_free(scaling_rows *rows)
{
    ent_free(rows->row);
    *rows = (scaling_rows){.n = 0};
}

static ent_status read_text(const report_csv *csv, const char *path, const char *name, int64_t k, char *out,
                            size_t room)
{
    const int column = report_csv_find(csv, name);
    ENT_REQUIRE(column >= 0, ENT_EFORMAT, "%s: no column '%s': not a table of entente scaling", path, name);
    snprintf(out, room, "%s", csv->cell[column][k]);
    return ENT_OK;
}

static ent_status read_row(const report_csv *csv, const char *path, int64_t k, scaling_row *r)
{
    static const char *const WHOLE[] = {"ranks", "threads", "shards", "clients", "qubits", "repeat"};
    static const char *const REAL[] = {"work",          "bytes",  "seconds",    "compute_s",
                                       "communicate_s", "wait_s", "evaluate_s", "io_s"};
    int *whole[] = {&r->ranks, &r->threads, &r->shards, &r->clients, &r->qubits, &r->repeat};
    double *real[] = {&r->work,          &r->bytes,  &r->seconds,    &r->compute_s,
                      &r->communicate_s, &r->wait_s, &r->evaluate_s, &r->io_s};
    double value;
    ENT_TRY(read_text(csv, path, "what", k, r->what, sizeof r->what));
    ENT_TRY(read_text(csv, path, "mode", k, r->mode, sizeof r->mode));
    ENT_TRY(read_text(csv, path, "name", k, r->name, sizeof r->name));
    for (int c = 0; c < 6; c++) {
        ENT_TRY(report_csv_want(csv, WHOLE[c], k, c < 3 ? 1.0 : 0.0, 1e9, &value));
        *whole[c] = (int)value;
    }
    for (int c = 0; c < 8; c++) ENT_TRY(report_csv_want(csv, REAL[c], k, c == 2 ? 1e-12 : 0.0, 1e300, real[c]));
    if (report_csv_find(csv, "crowded") >= 0) { /* older tables have no such column */
        ENT_TRY(report_csv_want(csv, "crowded", k, 0.0, 1.0, &value));
        r->crowded = (int)value;
    }
    return ENT_OK;
}

ent_status scaling_rows_read(scaling_rows *rows, const char *path)
{
    static const char *const KEY[] = {"what",   "mode",    "name",   "ranks",  "threads",
                                      "shards", "clients", "qubits", "repeat", NULL};
    report_csv *csv;
    ENT_TRY(report_csv_read(path, KEY, &csv));
    ent_status status = ENT_OK;
    for (int64_t k = 0; k < csv->rows && status == ENT_OK; k++) {
        scaling_row row = {.ranks = 0};
        status = read_row(csv, path, k, &row);
        if (status == ENT_OK) status = scaling_rows_add(rows, &row);
    }
    report_csv_free(csv);
    return status;
}

static void put_row(FILE *out, const scaling_row *r)
{
    fprintf(out, "%s,%s,%s,%d,%d,%d,%d,%d,%d,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g,%d\n", r->what, r->mode, r->name,
            r->ranks, r->threads, r->shards, r->clients, r->qubits, r->repeat, r->work, r->bytes, r->seconds,
            r->compute_s, r->communicate_s, r->wait_s, r->evaluate_s, r->io_s, r->crowded);
}

ent_status scaling_rows_write(const scaling_rows *rows, const char *path)
{
    draw_page *page; /* plain text, written completely or not at all */
    ENT_TRY(draw_page_new(DRAW_PLAIN, "", &page));
    fprintf(page->out, "%s\n", HEAD);
    for (int k = 0; k < rows->n; k++) put_row(page->out, &rows->row[k]);
    const ent_status status = draw_page_save(page, path);
    draw_page_free(page);
    return status;
}
