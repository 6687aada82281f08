/* Fourier coefficients of a model's outputs in one data angle, over test samples.
 *
 * Each output is sampled at `points` equidistant angles, with all other inputs from the sample; with more points than
 * twice the degree the coefficients are exact up to rounding.  FFTW, one plan, estimated. */
#include <complex.h>
#include <fftw3.h>
#include <math.h>
#include <string.h>

#include "entente/memory.h"
#include "entente/response.h"
#include "fed.h"

static const double TWO_PI = 6.28318530717958647693;

typedef struct {
    ent_federation *f;
    ent_response *response;
    ent_spectrum *s;
    int slot;
    double *angles, *outputs; /* [points][...] */
    double *curve;            /* [points] */
    fftw_complex *wave;       /* [points / 2 + 1] */
    fftw_plan plan;
} work;

void ent_spectrum_clear(ent_spectrum *s)
{
    ent_free(s->mean);
    ent_free(s->largest);
    *s = (ent_spectrum){.points = 0};
}

static ent_status spectrum_alloc(ent_spectrum *s)
{
    const int64_t n = (int64_t)s->outputs * (s->points / 2 + 1);
    s->mean = ent_alloc(n, sizeof *s->mean);
    s->largest = ent_alloc(n, sizeof *s->largest);
    ENT_REQUIRE(s->mean && s->largest, ENT_ENOMEM, "spectrum: no memory");
    return ENT_OK;
}

/* One sample: all outputs around the circle, then their transforms. */
static ent_status add_sample(work *k, const double *const *x, ent_exact *sum)
{
    ent_spectrum *s = k->s;
    const int points = s->points, angles = ent_response_angles(k->response), half = points / 2 + 1;
    ent_response_encode(k->response, x, k->angles);
    for (int p = 1; p < points; p++) memcpy(k->angles + p * angles, k->angles, (size_t)angles * sizeof *k->angles);
    for (int p = 0; p < points; p++) k->angles[p * angles + k->slot] = TWO_PI * p / points;
    ENT_TRY(ent_response_outputs(k->response, points, k->angles, k->outputs));
    ent_label_restore(&k->f->target.label, points, k->outputs);
    for (int o = 0; o < s->outputs; o++) {
        for (int p = 0; p < points; p++) k->curve[p] = k->outputs[p * s->outputs + o];
        fftw_execute(k->plan);
        for (int h = 0; h < half; h++) {
            const double size = cabs(k->wave[h]) / points;
            s->largest[o * half + h] = fmax(s->largest[o * half + h], size);
            ENT_TRY(ent_exact_add(&sum[o * half + h], &size, 1.0, 1));
        }
    }
    s->samples++;
    return ENT_OK;
}

/* Those of the first `wanted` test rows with the modality that are in this rank's slice. */
static ent_status add_slice(work *k, int modality, int64_t wanted, ent_exact *sum)
{
    const ent_federation *f = k->f;
    const ent_part *test = &f->population.part[ENT_TEST];
    const ent_rows *slice = &f->features.slice[ENT_TEST];
    int64_t seen = 0;
    for (int64_t row = 0; row < test->n && seen < wanted; row++) {
        if (!(test->context[row] >> modality & 1)) continue;
        seen++;
        if (row < slice->first || row >= slice->first + slice->n) continue;
        const double *x[ENT_MAX_MODALITIES];
        for (int m = 0; m < f->population.modalities; m++)
            x[m] = slice->x[m] + (row - slice->first) * f->features.width[m];
        ENT_TRY(add_sample(k, x, sum));
    }
    return ENT_OK;
}

static ent_status work_alloc(work *k)
{
    const ent_spectrum *s = k->s;
    k->angles = ent_alloc((int64_t)s->points * ent_response_angles(k->response), sizeof(double));
    k->outputs = ent_alloc((int64_t)s->points * s->outputs, sizeof(double));
    k->curve = fftw_alloc_real((size_t)s->points);
    k->wave = fftw_alloc_complex((size_t)s->points / 2 + 1);
    ENT_REQUIRE(k->angles && k->outputs && k->curve && k->wave, ENT_ENOMEM, "spectrum: no memory");
    k->plan = fftw_plan_dft_r2c_1d(s->points, k->curve, k->wave, FFTW_ESTIMATE);
    ENT_REQUIRE(k->plan, ENT_ENOMEM, "spectrum of %d points: no plan", s->points);
    return ENT_OK;
}

static void work_clear(work *k)
{
    ent_response_free(k->response);
    ent_free(k->angles);
    ent_free(k->outputs);
    if (k->plan) fftw_destroy_plan(k->plan);
    fftw_free(k->curve);
    fftw_free(k->wave);
}

/* The response with every modality present: with the missing-modality mechanism a row that lacks one has a
 * different circuit, and the curve would be that of another function. */
static ent_status prepare(work *k, const ent_model_inp *inp, int modality, int angle, int points)
{
    ent_federation *f = k->f;
    const char *name = f->features.dataset->modality[modality].name;
    ENT_TRY(ent_response_new(inp, f->w, (UINT32_C(1) << f->population.modalities) - 1, &k->response));
    k->slot = ent_response_slot(k->response, modality, angle);
    ENT_REQUIRE(k->slot >= 0, ENT_EARG, "modality '%s' has no data angle %d: want 0 to %d", name, angle,
                f->features.angles[modality] - 1);
    k->s->degree = ent_response_degree(k->response, k->slot);
    ENT_REQUIRE(
        k->s->degree >= 0, ENT_EARG,
        "modality '%s', data angle %d: its gates are controlled or scale it, so its frequencies are not integers",
        name, angle);
    k->s->points = points > 0 ? points : 4 * k->s->degree + 8;
    ENT_REQUIRE(k->s->points > 2 * k->s->degree, ENT_EARG, "%d points for frequencies up to %d, want at least %d",
                k->s->points, k->s->degree, 2 * k->s->degree + 1);
    k->s->outputs = f->target.outputs;
    ENT_TRY(spectrum_alloc(k->s));
    return work_alloc(k);
}

/* Sums and maxima over ranks. */
static ent_status collect(work *k, ent_exact *sum)
{
    ent_spectrum *s = k->s;
    const int64_t n = (int64_t)s->outputs * (s->points / 2 + 1);
    ent_comm_exact_sum(k->f->ranks.lane, sum, n);
    ent_comm_max(k->f->ranks.lane, s->largest, n);
    ent_comm_sum(k->f->ranks.lane, &s->samples, 1);
    ENT_REQUIRE(s->samples > 0, ENT_EDATA, "%s: no test row has the modality", k->f->features.dataset->path);
    for (int64_t j = 0; j < n; j++) s->mean[j] = ent_exact_value(&sum[j]) / (double)s->samples;
    return ENT_OK;
}

ent_status ent_federation_spectrum(ent_federation *f, int modality, int angle, int points, int64_t samples,
                                   ent_spectrum *out)
{
    work k = {.f = f, .s = out};
    ent_model_inp inp;
    ent_exact *sum = NULL;
    *out = (ent_spectrum){.points = 0};
    ent_status status = ent_model_describe(f, &inp);
    if (status == ENT_OK) inp.program.team = NULL; /* every rank computes its own curves */
    if (status == ENT_OK) status = prepare(&k, &inp, modality, angle, points);
    if (status == ENT_OK) sum = ent_alloc((int64_t)out->outputs * (out->points / 2 + 1), sizeof *sum);
    if (status == ENT_OK && !sum) status = ent_fail(ENT_ENOMEM, "spectrum: no memory");
    if (status == ENT_OK) status = add_slice(&k, modality, samples, sum);
    status = ent_comm_agree(f->ranks.world, status);
    if (status == ENT_OK) status = collect(&k, sum);
    work_clear(&k);
    ent_free(sum);
    if (status != ENT_OK) ent_spectrum_clear(out);
    return status;
}
