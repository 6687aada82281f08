/* What a result holds about its test rows: truth, outputs, confusion matrix, baselines, accuracy of clients by round.
 * All of it may be missing in results of older programs. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "entente/memory.h"
#include "report.h"

/* A table with this number of rows and columns. */
static ent_status read_matrix(const ent_h5 *file, const char *name, ent_h5_type type, const int64_t size[2],
                              void **out)
{
    ent_h5_shape shape;
    ENT_TRY(ent_h5_describe(file, name, &shape));
    ENT_REQUIRE(shape.rank == 2 && shape.size[0] == size[0] && shape.size[1] == size[1], ENT_EFORMAT,
                "%s: %lld x %lld numbers, want %lld x %lld", name, (long long)shape.size[0], (long long)shape.size[1],
                (long long)size[0], (long long)size[1]);
    *out = ent_alloc(size[0] * size[1], 8);
    ENT_REQUIRE(*out, ENT_ENOMEM, "%s: no memory", name);
    return ent_h5_read(file, name, type, size[0] * size[1], *out);
}

/* A text with one word per line. */
static ent_status split_words(report_run *run, const char *text)
{
    for (int64_t c = 0; c < run->classes; c++) {
        const size_t n = strcspn(text, "\n");
        ENT_REQUIRE(text[n], ENT_EFORMAT, "/label/class_text: %lld lines, want %lld", (long long)c,
                    (long long)run->classes);
        char *word = run->class_text[c] = ent_alloc((int64_t)n + 1, 1);
        ENT_REQUIRE(word, ENT_ENOMEM, "report: no memory");
        memcpy(word, text, n);
        text += n + 1;
    }
    return ENT_OK;
}

static ent_status read_words(const ent_h5 *file, report_run *run)
{
    char *text;
    ENT_TRY(ent_h5_read_text(file, "/label/class_text", &text));
    const ent_status status = split_words(run, text);
    ent_free(text);
    return status;
}

/* The words of the data set, or else its numbers. */
static ent_status read_names(const ent_h5 *file, report_run *run)
{
    run->class_text = ent_alloc(run->classes, sizeof *run->class_text);
    ENT_REQUIRE(run->class_text, ENT_ENOMEM, "report: no memory");
    if (ent_h5_has(file, "/label/class_text")) return read_words(file, run);
    int32_t *number = ent_alloc(run->classes, sizeof *number);
    ENT_REQUIRE(number, ENT_ENOMEM, "report: no memory");
    ent_status status = ent_h5_read(file, "/label/class_name", ENT_H5_I32, run->classes, number);
    for (int64_t c = 0; c < run->classes && status == ENT_OK; c++) {
        char text[24];
        snprintf(text, sizeof text, "%d", (int)number[c]);
        run->class_text[c] = ent_text(text);
        if (!run->class_text[c]) status = ent_fail(ENT_ENOMEM, "report: no memory");
    }
    ent_free(number);
    return status;
}

static ent_status read_classes(const ent_h5 *file, report_run *run)
{
    ent_h5_shape shape, rows;
    ENT_TRY(ent_h5_describe(file, "/label/class_name", &shape));
    ENT_REQUIRE(shape.rank == 1 && shape.size[0] == run->outputs, ENT_EFORMAT,
                "/label/class_name: %lld numbers, want %lld", (long long)shape.size[0], (long long)run->outputs);
    const int64_t classes = shape.size[0], square[2] = {classes, classes};
    ENT_TRY(ent_h5_describe(file, "/test/category", &rows));
    const int64_t size[2] = {rows.size[0], classes};
    run->classes = classes;
    ENT_TRY(read_names(file, run));
    ENT_TRY(read_matrix(file, "/test/confusion", ENT_H5_I64, square, (void **)&run->confusion));
    ENT_TRY(read_matrix(file, "/test/output", ENT_H5_F64, size, (void **)&run->output));
    run->truth = ent_alloc(size[0], sizeof *run->truth);
    ENT_REQUIRE(run->truth, ENT_ENOMEM, "report: no memory");
    ENT_TRY(ent_h5_read(file, "/test/category", ENT_H5_I32, size[0], run->truth));
    for (int64_t k = 0; k < size[0]; k++)
        ENT_REQUIRE(run->truth[k] >= 0 && run->truth[k] < classes, ENT_EFORMAT,
                    "/test/category: found %d, want 0..%lld", (int)run->truth[k], (long long)classes - 1);
    run->tested = size[0];
    ENT_TRY(ent_h5_read(file, "/baseline/majority", ENT_H5_F64, 1, &run->majority));
    return ent_h5_read(file, "/baseline/chance", ENT_H5_F64, 1, &run->chance);
}

ent_status report_tests_read(const ent_h5 *file, report_run *run)
{
    const int64_t size[2] = {run->rounds, run->clients};
    run->selected = -1;
    run->majority = run->chance = NAN;
    if (ent_h5_has(file, "/selected_round"))
        ENT_TRY(ent_h5_read(file, "/selected_round", ENT_H5_I64, 1, &run->selected));
    if (ent_h5_has(file, "/test/confusion")) ENT_TRY(read_classes(file, run));
    if (run->rounds > 0 && ent_h5_has(file, "/client_round/accuracy"))
        ENT_TRY(read_matrix(file, "/client_round/accuracy", ENT_H5_F64, size, (void **)&run->by_client));
    return ENT_OK;
}

void report_tests_free(report_run *run)
{
    if (run->class_text) ent_h5_names_free(run->class_text, run->classes);
    ent_free(run->confusion);
    ent_free(run->output);
    ent_free(run->truth);
    ent_free(run->by_client);
}
