/* A file may claim any number of rows without storing them, so only a bounded number of rows is read, in evenly
 * spaced blocks. */
#include "entente/survey.h"

#include <math.h>
#include <stdio.h>

#include "entente/h5.h"
#include "entente/memory.h"

enum { BLOCK_BYTES = 8 << 20, MOST_BLOCKS = 1024 };

/* Update the mean and the squares about it by one number (Welford). */
static void add_number(ent_survey *s, double *squares, double x)
{
    s->numbers++;
    if (!isfinite(x)) {
        s->nonfinite++;
        return;
    }
    const double count = (double)(s->numbers - s->nonfinite), step = x - s->mean;
    s->low = fmin(s->low, x);
    s->high = fmax(s->high, x);
    s->mean += step / count;
    *squares += step * (x - s->mean);
}

typedef struct {
    const ent_dataset *dataset;
    int m;
    int64_t width, most; /* numbers per row; rows that `x` has room for */
    double *x, squares;
    ent_survey *out;
} looking;

/* Rows first..first+n-1. */
static ent_status look_at_rows(looking *at, int64_t first, int64_t n)
{
    char path[2 * ENT_NAME_BYTES];
    const ent_dataset *d = at->dataset;
    snprintf(path, sizeof path, "/modality/%s/features", d->modality[at->m].name);
    ENT_TRY(ent_h5_read_rows(d->file, path, ENT_H5_F64, first, n, at->x));
    for (int64_t k = 0; k < n; k++)
        for (int64_t j = 0; d->stored[first + k] >> at->m & 1 && j < at->width; j++)
            add_number(at->out, &at->squares, at->x[k * at->width + j]);
    return ENT_OK;
}

/* Read `rows` of all rows in evenly spaced blocks, which leave no gaps if `rows` is all of them. */
static ent_status look_at_all(looking *at, int64_t rows, void (*progress)(void *, int64_t, int64_t), void *data)
{
    const int64_t all = at->dataset->rows, spread = rows < MOST_BLOCKS ? rows : MOST_BLOCKS;
    const int64_t length = rows == all || rows / spread > at->most ? at->most : rows / spread;
    const int64_t blocks = rows / length + (rows % length > 0), gap = blocks > 1 ? (all - rows) / (blocks - 1) : 0;
    for (int64_t b = 0; b < blocks; b++) {
        const int64_t done = b * length, n = rows - done < length ? rows - done : length;
        ENT_TRY(look_at_rows(at, done + b * gap, n));
        if (progress) progress(data, done + n, rows);
    }
    at->out->looked = rows;
    at->out->std = sqrt(at->squares / (double)(at->out->numbers - at->out->nonfinite));
    return ENT_OK;
}

ent_status ent_survey_modality(const ent_dataset *dataset, int m,
                               void (*progress)(void *data, int64_t done, int64_t all), void *data, ent_survey *out)
{
    const int64_t width = dataset->modality[m].dimension, fit = BLOCK_BYTES / (width * (int64_t)sizeof(double));
    const int64_t wanted = ENT_SURVEY_NUMBERS / width, rows = wanted < dataset->rows ? wanted : dataset->rows;
    ent_survey s = {.low = INFINITY, .high = -INFINITY};
    looking at = {dataset, m, width, fit < 1 ? 1 : fit < rows ? fit : rows, NULL, 0.0, &s};
    for (int64_t k = 0; k < dataset->rows; k++) s.present += dataset->stored[k] >> m & 1;
    if (rows > 0) {
        at.x = ent_alloc(at.most, (size_t)width * sizeof *at.x);
        ENT_REQUIRE(at.x, ENT_ENOMEM, "%s: no memory for a block of features", dataset->path);
        const ent_status status = look_at_all(&at, rows, progress, data);
        ent_free(at.x);
        ENT_TRY(status);
    }
    if (s.numbers == s.nonfinite) s.low = s.high = s.mean = s.std = NAN;
    *out = s;
    return ENT_OK;
}
