#include "entente/survey.h"

#include <math.h>
#include <stdio.h>

#include "entente/h5.h"
#include "entente/memory.h"

enum { BLOCK_BYTES = 8 << 20 };

/* Welford: the mean and the squares about it, number by number. */
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

static ent_status survey_rows(const ent_dataset *d, int m, float *x, int64_t most, ent_survey *s)
{
    char path[2 * ENT_NAME_BYTES];
    const int64_t width = d->modality[m].dimension;
    double squares = 0.0;
    snprintf(path, sizeof path, "/modality/%s/features", d->modality[m].name);
    for (int64_t first = 0; first < d->rows; first += most) {
        const int64_t n = d->rows - first < most ? d->rows - first : most;
        ENT_TRY(ent_h5_read_rows(d->file, path, ENT_H5_F32, first, n, x));
        for (int64_t k = 0; k < n; k++) {
            if (!(d->stored[first + k] >> m & 1)) continue;
            s->present++;
            for (int64_t j = 0; j < width; j++) add_number(s, &squares, (double)x[k * width + j]);
        }
    }
    s->std = sqrt(squares / (double)(s->numbers - s->nonfinite));
    return ENT_OK;
}

ent_status ent_survey_modality(const ent_dataset *dataset, int m, ent_survey *out)
{
    const int64_t width = dataset->modality[m].dimension, fit = BLOCK_BYTES / (width * (int64_t)sizeof(float));
    const int64_t most = fit < 1 ? 1 : fit < dataset->rows ? fit : dataset->rows;
    ent_survey s = {.low = INFINITY, .high = -INFINITY};
    float *x = ent_alloc(most, (size_t)width * sizeof *x);
    ENT_REQUIRE(x, ENT_ENOMEM, "%s: no memory for a block of features", dataset->path);
    const ent_status status = survey_rows(dataset, m, x, most, &s);
    ent_free(x);
    ENT_TRY(status);
    if (s.numbers == s.nonfinite) s.low = s.high = s.mean = s.std = NAN;
    *out = s;
    return ENT_OK;
}
