/* A training without a result so far: the curves of rounds.csv, which grows with every round. */
#include <math.h>
#include <stdio.h>

#include "entente/memory.h"
#include "report.h"
#include "report_csv.h"

/* The rounds that have a figure; false if there are none, or no memory. */
static bool curve_make(const report_csv *csv, const char *column, chart_line *line, double **x, double **y)
{
    int n = 0;
    *x = ent_alloc(csv->rows, sizeof **x);
    *y = ent_alloc(csv->rows, sizeof **y);
    for (int64_t r = 0; *x && *y && r < csv->rows; r++) {
        (*x)[n] = report_csv_value(csv, "round", r) + 1.0;
        (*y)[n] = report_csv_value(csv, column, r);
        if (isfinite((*x)[n]) && isfinite((*y)[n])) n++;
    }
    *line = (chart_line){.name = column, .n = n, .x = *x, .y = *y};
    return n > 0;
}

static void draw(draw_page *page, const report_csv *csv)
{
    static const struct {
        const char *column, *title, *name, *unit;
    } TABLE[] = {{"validation_accuracy", "Validation accuracy by round", "validation accuracy", "share of samples"},
                 {"test_accuracy", "Test accuracy by round", "test accuracy", "share of samples"},
                 {"train_loss", "Training loss by round", "training loss", "per sample"},
                 {"test_mae", "Mean absolute error by round", "mean absolute error", "label's unit"}};
    for (size_t k = 0; k < sizeof TABLE / sizeof *TABLE; k++) {
        chart_line line;
        double *x, *y;
        const chart_figure figure = {TABLE[k].title,
                                     "From one run that has not finished.",
                                     {"round", "number", 0, true, NAN, NAN},
                                     {TABLE[k].name, TABLE[k].unit, 0, false, NAN, NAN}};
        if (curve_make(csv, TABLE[k].column, &line, &x, &y)) chart_draw_lines(page, &figure, 1, &line);
        ent_free(x);
        ent_free(y);
    }
}

ent_status report_running(draw_page *page, const char *folder)
{
    char path[4096], heading[4200];
    report_csv *csv;
    ENT_REQUIRE(snprintf(path, sizeof path, "%s/rounds.csv", folder) < (int)sizeof path, ENT_EARG,
                "%.64s...: the path is too long", folder);
    ENT_TRY(report_csv_read(path, (const char *const[]){"round", NULL}, &csv));
    snprintf(heading, sizeof heading, "%s: no result yet", folder);
    draw_page_heading(page, heading);
    draw_page_paragraph(
        page, "%lld round%s so far: the training is running, or was stopped and can be continued with --resume.",
        (long long)csv->rows, csv->rows == 1 ? "" : "s");
    draw(page, csv);
    report_csv_free(csv);
    return ENT_OK;
}
