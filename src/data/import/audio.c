/* The audio front end.  Per frame: window, real FFT (FFTW), power; then bands, decibels, cosine transform, deltas
 * and statistics over the whole recording.  Cost per frame: n_fft log n_fft, plus at most bins times n_mels. */
#include "entente/audio.h"

#include <fftw3.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "entente/memory.h"

static const double PI = 3.14159265358979323846;

struct ent_audio {
    ent_audio_inp inp;
    int sr, bins;
    double *window, *filter; /* [n_fft], [n_mels][bins] */
    int *low, *high;         /* [n_mels]: the filter is zero outside low..high-1 */
    double *frame;           /* [n_fft] */
    fftw_complex *spectrum;  /* [bins] */
    double *cosine_in, *cosine_out;
    fftw_plan transform, cosine;
};

ent_audio_inp ent_audio_default(void)
{
    return (ent_audio_inp){.kind = ENT_AUDIO_MFCC,
                           .n_fft = 256,
                           .hop_length = 80,
                           .n_mels = 40,
                           .n_mfcc = 20,
                           .top_db = 80.0,
                           .width = 9,
                           .pieces = 8,
                           .mean = true};
}

/* ---- checks ---- */

static ent_status check_range(const char *name, double value, double low, double high)
{
    ENT_REQUIRE(value >= low && value <= high, ENT_EARG, "%s %g, want %g..%g", name, value, low, high);
    return ENT_OK;
}

static ent_status check(const ent_audio_inp *inp, int sr)
{
    ENT_TRY(check_range("n_fft", inp->n_fft, 4, 1 << 20));
    ENT_TRY(check_range("hop_length", inp->hop_length, 1, 1 << 20));
    ENT_TRY(check_range("n_mels", inp->n_mels, 1, 4096));
    ENT_TRY(check_range("n_mfcc", inp->n_mfcc, 1, inp->n_mels));
    ENT_TRY(check_range("fmin", inp->fmin, 0, 0.5 * sr));
    if (inp->fmax != 0.0) ENT_TRY(check_range("fmax", inp->fmax, 0, 0.5 * sr));
    ENT_REQUIRE(inp->fmax == 0.0 || inp->fmin < inp->fmax, ENT_EARG, "fmin %g, want less than fmax %g", inp->fmin,
                inp->fmax);
    ENT_TRY(check_range("top_db", inp->top_db, 0, 1e6));
    ENT_TRY(check_range("width", inp->width, 3, 1001));
    ENT_REQUIRE(inp->width % 2 == 1, ENT_EARG, "width %d, want an odd number", inp->width);
    ENT_TRY(check_range("pieces", inp->pieces, 1, 10000));
    ENT_REQUIRE(inp->mean || inp->std || inp->min || inp->max, ENT_EARG,
                "found no statistic over time, want at least one of mean, std, min, max");
    return ENT_OK;
}

/* ---- the mel scale ---- */

/* Slaney's scale: linear up to 1000 Hz, then 27 logarithmic steps up to 6400 Hz. */
static double mel_of(double hz)
{
    return hz < 1000.0 ? hz * 3.0 / 200.0 : 15.0 + log(hz / 1000.0) * 27.0 / log(6.4);
}

static double hz_of(double mel)
{
    return mel < 15.0 ? mel * 200.0 / 3.0 : 1000.0 * exp((mel - 15.0) * log(6.4) / 27.0);
}

/* Band k is a triangle over corner[0..2], of area 1 in Hz. */
static ent_status make_filter(ent_audio *a, int k, const double corner[3])
{
    const double height = 2.0 / (corner[2] - corner[0]);
    a->low[k] = a->bins;
    for (int b = 0; b < a->bins; b++) {
        const double hz = (double)b * a->sr / a->inp.n_fft;
        const double rise = (hz - corner[0]) / (corner[1] - corner[0]),
                     fall = (corner[2] - hz) / (corner[2] - corner[1]);
        const double weight = height * fmax(0.0, fmin(rise, fall));
        if (weight <= 0.0) continue;
        a->filter[(int64_t)k * a->bins + b] = weight;
        if (a->low[k] > b) a->low[k] = b;
        a->high[k] = b + 1;
    }
    ENT_REQUIRE(a->low[k] < a->high[k], ENT_EARG, "n_mels %d with n_fft %d at %d Hz: band %d contains no frequency",
                a->inp.n_mels, a->inp.n_fft, a->sr, k);
    return ENT_OK;
}

static ent_status make_filters(ent_audio *a)
{
    const double high_hz = a->inp.fmax > 0.0 ? a->inp.fmax : 0.5 * a->sr;
    const double low = mel_of(a->inp.fmin), step = (mel_of(high_hz) - low) / (a->inp.n_mels + 1);
    for (int k = 0; k < a->inp.n_mels; k++) {
        const double corner[3] = {hz_of(low + k * step), hz_of(low + (k + 1) * step), hz_of(low + (k + 2) * step)};
        ENT_TRY(make_filter(a, k, corner));
    }
    return ENT_OK;
}

/* ---- plan ---- */

static bool make_room(ent_audio *a)
{
    const int n = a->inp.n_fft, mels = a->inp.n_mels;
    a->window = ent_alloc(n, sizeof *a->window);
    a->frame = ent_alloc(n, sizeof *a->frame);
    a->spectrum = ent_alloc(a->bins, sizeof *a->spectrum);
    a->filter = ent_alloc((int64_t)mels * a->bins, sizeof *a->filter);
    a->low = ent_alloc(mels, sizeof *a->low);
    a->high = ent_alloc(mels, sizeof *a->high);
    a->cosine_in = ent_alloc(mels, sizeof *a->cosine_in);
    a->cosine_out = ent_alloc(mels, sizeof *a->cosine_out);
    if (!a->window || !a->frame || !a->spectrum || !a->filter || !a->low || !a->high || !a->cosine_in ||
        !a->cosine_out)
        return false;
    a->transform = fftw_plan_dft_r2c_1d(n, a->frame, a->spectrum, FFTW_ESTIMATE);
    a->cosine = fftw_plan_r2r_1d(mels, a->cosine_in, a->cosine_out, FFTW_REDFT10, FFTW_ESTIMATE);
    return a->transform && a->cosine;
}

ent_status ent_audio_new(const ent_audio_inp *inp, int sr, ent_audio **out)
{
    ENT_TRY(check(inp, sr));
    ent_audio *a = ent_alloc(1, sizeof *a);
    ENT_REQUIRE(a, ENT_ENOMEM, "audio: no memory");
    *a = (ent_audio){.inp = *inp, .sr = sr, .bins = inp->n_fft / 2 + 1};
    ent_status status = make_room(a) ? make_filters(a) : ent_fail(ENT_ENOMEM, "audio: no memory");
    if (status != ENT_OK) {
        ent_audio_free(a);
        return status;
    }
    for (int k = 0; k < inp->n_fft; k++) a->window[k] = 0.5 - 0.5 * cos(2.0 * PI * k / inp->n_fft);
    *out = a;
    return ENT_OK;
}

void ent_audio_free(ent_audio *a)
{
    if (!a) return;
    if (a->transform) fftw_destroy_plan(a->transform);
    if (a->cosine) fftw_destroy_plan(a->cosine);
    ent_free(a->window);
    ent_free(a->frame);
    ent_free(a->spectrum);
    ent_free(a->filter);
    ent_free(a->low);
    ent_free(a->high);
    ent_free(a->cosine_in);
    ent_free(a->cosine_out);
    ent_free(a);
}

int64_t ent_audio_frames(const ent_audio *a, int64_t n)
{
    return 1 + n / a->inp.hop_length;
}

int ent_audio_bins(const ent_audio *a)
{
    return a->bins;
}

static int static_coefficients(const ent_audio *a)
{
    return a->inp.kind == ENT_AUDIO_MFCC ? a->inp.n_mfcc : a->inp.n_mels;
}

int ent_audio_coefficients(const ent_audio *a)
{
    return static_coefficients(a) * (a->inp.deltas ? 2 : 1);
}

int64_t ent_audio_dimension(const ent_audio *a)
{
    return (int64_t)a->inp.pieces * (a->inp.mean + a->inp.std + a->inp.min + a->inp.max) * ent_audio_coefficients(a);
}

/* ---- steps ---- */

/* Frame t is centred at sample t hop_length. */
static void cut_frame(const ent_audio *a, const double *sample, int64_t n, int64_t t)
{
    const int64_t first = t * a->inp.hop_length - a->inp.n_fft / 2;
    for (int k = 0; k < a->inp.n_fft; k++) {
        const int64_t at = first + k;
        a->frame[k] = at >= 0 && at < n ? sample[at] * a->window[k] : 0.0;
    }
}

void ent_audio_power(ent_audio *a, const double *sample, int64_t n, double *power)
{
    for (int64_t t = 0; t < ent_audio_frames(a, n); t++) {
        cut_frame(a, sample, n, t);
        fftw_execute(a->transform);
        for (int b = 0; b < a->bins; b++)
            power[t * a->bins + b] = a->spectrum[b][0] * a->spectrum[b][0] + a->spectrum[b][1] * a->spectrum[b][1];
    }
}

void ent_audio_mel(const ent_audio *a, int64_t frames, const double *power, double *mel)
{
    for (int64_t t = 0; t < frames; t++)
        for (int k = 0; k < a->inp.n_mels; k++) {
            double sum = 0.0;
            for (int b = a->low[k]; b < a->high[k]; b++)
                sum += a->filter[(int64_t)k * a->bins + b] * power[t * a->bins + b];
            mel[t * a->inp.n_mels + k] = sum;
        }
}

void ent_audio_decibels(double top_db, int64_t n, double *x)
{
    double loudest = -DBL_MAX;
    for (int64_t k = 0; k < n; k++) {
        x[k] = 10.0 * log10(fmax(x[k], 1e-10));
        loudest = fmax(loudest, x[k]);
    }
    for (int64_t k = 0; k < n; k++) x[k] = fmax(x[k], loudest - top_db);
}

/* FFTW's REDFT10 is twice the sum; orthonormal: sqrt(2 / n), and sqrt(1 / n) for the first. */
void ent_audio_cosine(ent_audio *a, int64_t frames, const double *x, double *out)
{
    const int n = a->inp.n_mels;
    for (int64_t t = 0; t < frames; t++) {
        memcpy(a->cosine_in, x + t * n, (size_t)n * sizeof *x);
        fftw_execute(a->cosine);
        for (int k = 0; k < a->inp.n_mfcc; k++)
            out[t * a->inp.n_mfcc + k] = a->cosine_out[k] * (k == 0 ? sqrt(0.25 / n) : sqrt(0.5 / n));
    }
}

void ent_audio_deltas(int width, int64_t frames, int c, const double *x, double *out)
{
    const int half = width / 2;
    double squares = 0.0;
    for (int h = 1; h <= half; h++) squares += 2.0 * h * h;
    for (int64_t t = 0; t < frames; t++)
        for (int j = 0; j < c; j++) {
            double slope = 0.0;
            for (int h = 1; h <= half; h++) {
                const int64_t after = t + h < frames ? t + h : frames - 1, before = t - h > 0 ? t - h : 0;
                slope += h * (x[after * c + j] - x[before * c + j]);
            }
            out[t * c + j] = slope / squares;
        }
}

/* ---- statistics over time ---- */

typedef struct {
    double mean, std, min, max;
} statistics;

static statistics describe(const double *x, int64_t first, int64_t end, int c)
{
    statistics s = {0.0, 0.0, x[first * c], x[first * c]};
    for (int64_t t = first; t < end; t++) {
        s.mean += x[t * c];
        s.min = fmin(s.min, x[t * c]);
        s.max = fmax(s.max, x[t * c]);
    }
    s.mean /= (double)(end - first);
    for (int64_t t = first; t < end; t++) s.std += (x[t * c] - s.mean) * (x[t * c] - s.mean);
    s.std = sqrt(s.std / (double)(end - first));
    return s;
}

/* One piece of x [..][c], static numbers or deltas: coefficient j of statistic s goes to out[s * all + j]. */
static void describe_piece(const ent_audio_inp *inp, const double *x, int64_t first, int64_t end, int c, int all,
                           float *out)
{
    for (int j = 0; j < c; j++) {
        const statistics s = describe(x + j, first, end, c);
        int at = j;
        if (inp->mean) out[at] = (float)s.mean, at += all;
        if (inp->std) out[at] = (float)s.std, at += all;
        if (inp->min) out[at] = (float)s.min, at += all;
        if (inp->max) out[at] = (float)s.max;
    }
}

static void describe_pieces(const ent_audio *a, int64_t frames, const double *x, const double *deltas, float *out)
{
    const int c = static_coefficients(a), all = ent_audio_coefficients(a), pieces = a->inp.pieces;
    const int64_t step = ent_audio_dimension(a) / pieces;
    for (int p = 0; p < pieces; p++) {
        const int64_t first = frames * p / pieces, next = frames * (p + 1) / pieces,
                      end = next > first ? next : first + 1;
        describe_piece(&a->inp, x, first, end, c, all, out + p * step);
        if (deltas) describe_piece(&a->inp, deltas, first, end, c, all, out + p * step + c);
    }
}

ent_status ent_audio_features(ent_audio *a, const double *sample, int64_t n, float *out)
{
    const int64_t frames = ent_audio_frames(a, n);
    const int c = static_coefficients(a);
    double *power = ent_alloc(frames, (size_t)a->bins * sizeof *power);
    double *mel = ent_alloc(frames, (size_t)a->inp.n_mels * sizeof *mel);
    double *x = ent_alloc(frames, (size_t)c * sizeof *x), *deltas = ent_alloc(frames, (size_t)c * sizeof *deltas);
    ent_status status = ENT_OK;
    if (power && mel && x && deltas) {
        ent_audio_power(a, sample, n, power);
        ent_audio_mel(a, frames, power, mel);
        ent_audio_decibels(a->inp.top_db, frames * a->inp.n_mels, mel);
        if (a->inp.kind == ENT_AUDIO_MFCC) ent_audio_cosine(a, frames, mel, x);
        const double *numbers = a->inp.kind == ENT_AUDIO_MFCC ? x : mel;
        if (a->inp.deltas) ent_audio_deltas(a->inp.width, frames, c, numbers, deltas);
        describe_pieces(a, frames, numbers, a->inp.deltas ? deltas : NULL, out);
    } else {
        status = ent_fail(ENT_ENOMEM, "audio: no memory for %lld frames", (long long)frames);
    }
    ent_free(power);
    ent_free(mel);
    ent_free(x);
    ent_free(deltas);
    return status;
}
