/* The audio front end against slow sums, and against signals whose answer is known. */
#include "check.h"

#include <stdlib.h>

#include "entente/audio.h"

enum { N = 1000, SR = 8000 };
static const double PI = 3.14159265358979323846;

static double *noise(int64_t n)
{
    double *x = ent_alloc(n, sizeof *x);
    uint64_t state = 88172645463325252ULL;
    for (int64_t k = 0; k < n; k++) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        x[k] = (double)(state >> 11) * 0x1p-52 - 1.0;
    }
    return x;
}

static double *tone(double hz, int64_t n)
{
    double *x = ent_alloc(n, sizeof *x);
    for (int64_t k = 0; k < n; k++) x[k] = 0.5 * sin(2.0 * PI * hz * (double)k / SR);
    return x;
}

static ent_audio *plan(ent_audio_inp inp)
{
    ent_audio *audio = NULL;
    check_ok(ent_audio_new(&inp, SR, &audio));
    return audio;
}

/* ---- computes ---- */

/* |sum over k of window frame exp(-2 pi i b k / n)|^2, literally. */
static double slow_power(const ent_audio_inp *inp, const double *x, int64_t n, int64_t t, int b)
{
    double re = 0.0, im = 0.0;
    for (int k = 0; k < inp->n_fft; k++) {
        const int64_t at = t * inp->hop_length - inp->n_fft / 2 + k;
        if (at < 0 || at >= n) continue;
        const double w = 0.5 - 0.5 * cos(2.0 * PI * k / inp->n_fft), angle = 2.0 * PI * b * k / inp->n_fft;
        re += w * x[at] * cos(angle);
        im -= w * x[at] * sin(angle);
    }
    return re * re + im * im;
}

static void power_equals_a_slow_transform(void **state)
{
    (void)state;
    const int sizes[] = {64, 100, 255};
    double *x = noise(N);
    for (int s = 0; s < 3; s++) {
        ent_audio_inp inp = ent_audio_default();
        inp.n_fft = sizes[s];
        inp.n_mels = inp.n_mfcc = 8;
        ent_audio *a = plan(inp);
        const int64_t frames = ent_audio_frames(a, N);
        const int bins = ent_audio_bins(a);
        assert_int_equal(frames, 1 + N / inp.hop_length);
        double *power = ent_alloc(frames, (size_t)bins * sizeof *power);
        ent_audio_power(a, x, N, power);
        for (int64_t t = 0; t < frames; t++)
            for (int b = 0; b < bins; b++) check_near(power[t * bins + b], slow_power(&inp, x, N, t, b), 1e-9);
        ent_free(power);
        ent_audio_free(a);
    }
    ent_free(x);
}

/* The sum over all n_fft frequencies is n_fft times the energy of the windowed frame. */
static void energy_is_kept(void **state)
{
    (void)state;
    ent_audio_inp inp = ent_audio_default();
    ent_audio *a = plan(inp);
    double *x = noise(N);
    const int64_t frames = ent_audio_frames(a, N);
    const int bins = ent_audio_bins(a);
    double *power = ent_alloc(frames, (size_t)bins * sizeof *power);
    ent_audio_power(a, x, N, power);
    for (int64_t t = 0; t < frames; t++) {
        double spectrum = 0.0, energy = 0.0;
        for (int b = 0; b < bins; b++) spectrum += (b == 0 || b == bins - 1 ? 1.0 : 2.0) * power[t * bins + b];
        for (int k = 0; k < inp.n_fft; k++) {
            const int64_t at = t * inp.hop_length - inp.n_fft / 2 + k;
            const double w = 0.5 - 0.5 * cos(2.0 * PI * k / inp.n_fft);
            if (at >= 0 && at < N) energy += w * x[at] * w * x[at];
        }
        check_near(spectrum / inp.n_fft, energy, 1e-10);
    }
    ent_free(power);
    ent_free(x);
    ent_audio_free(a);
}

static double mel_of(double hz)
{
    return hz < 1000.0 ? hz * 3.0 / 200.0 : 15.0 + 27.0 * log(hz / 1000.0) / log(6.4);
}

static void a_tone_falls_into_its_mel_band(void **state)
{
    (void)state;
    const double tones[] = {300.0, 750.0, 1250.0, 2000.0, 3400.0};
    ent_audio_inp inp = ent_audio_default();
    inp.n_fft = 512;
    ent_audio *a = plan(inp);
    const int64_t frames = ent_audio_frames(a, N);
    double *power = ent_alloc(frames, (size_t)ent_audio_bins(a) * sizeof *power);
    double *mel = ent_alloc(frames, (size_t)inp.n_mels * sizeof *mel);
    for (int k = 0; k < 5; k++) {
        double *x = tone(tones[k], N);
        ent_audio_power(a, x, N, power);
        ent_audio_mel(a, frames, power, mel);
        const double *middle = mel + frames / 2 * inp.n_mels;
        int loudest = 0;
        for (int b = 0; b < inp.n_mels; b++)
            if (middle[b] > middle[loudest]) loudest = b;
        /* band b is centred (b + 1) steps above the lowest frequency */
        const double place = mel_of(tones[k]) / (mel_of(0.5 * SR) / (inp.n_mels + 1)) - 1.0;
        check_near(loudest, place, 1.0);
        ent_free(x);
    }
    ent_free(power);
    ent_free(mel);
    ent_audio_free(a);
}

/* The corners by the formulas, the triangles by their definition. */
static void mel_filters_are_slaneys(void **state)
{
    (void)state;
    ent_audio_inp inp = ent_audio_default();
    inp.n_mels = inp.n_mfcc = 10;
    ent_audio *a = plan(inp);
    const int bins = ent_audio_bins(a);
    double *power = ent_alloc(bins, sizeof *power), mel[10];
    for (int b = 0; b < bins; b++) {
        power[b] = 1.0;
        ent_audio_mel(a, 1, power, mel);
        power[b] = 0.0;
        for (int k = 0; k < 10; k++) {
            double corner[3];
            for (int c = 0; c < 3; c++) {
                const double m = mel_of(4000.0) * (k + c) / 11.0;
                corner[c] = m < 15.0 ? m * 200.0 / 3.0 : 1000.0 * pow(6.4, (m - 15.0) / 27.0);
            }
            const double hz = b * 8000.0 / inp.n_fft;
            const double rise = (hz - corner[0]) / (corner[1] - corner[0]);
            const double fall = (corner[2] - hz) / (corner[2] - corner[1]);
            check_near(mel[k], 2.0 / (corner[2] - corner[0]) * fmax(0.0, fmin(rise, fall)), 1e-12);
        }
    }
    ent_free(power);
    ent_audio_free(a);
}

static void cosine_is_orthonormal(void **state)
{
    (void)state;
    ent_audio_inp inp = ent_audio_default();
    inp.n_mfcc = inp.n_mels;
    ent_audio *a = plan(inp);
    double *x = noise(inp.n_mels), out[64], before = 0.0, after = 0.0;
    ent_audio_cosine(a, 1, x, out);
    for (int k = 0; k < inp.n_mels; k++) {
        double sum = 0.0;
        for (int j = 0; j < inp.n_mels; j++) sum += x[j] * cos(PI * k * (j + 0.5) / inp.n_mels);
        check_near(out[k], sum * sqrt((k == 0 ? 1.0 : 2.0) / inp.n_mels), 1e-12);
        before += x[k] * x[k];
        after += out[k] * out[k];
    }
    check_near(after, before, 1e-12);
    ent_free(x);
    ent_audio_free(a);
}

static void deltas_of_a_line_are_its_slope(void **state)
{
    (void)state;
    double x[20][2], out[20][2];
    for (int t = 0; t < 20; t++) x[t][0] = 3.0 * t - 7.0, x[t][1] = 5.0;
    ent_audio_deltas(9, 20, 2, &x[0][0], &out[0][0]);
    for (int t = 0; t < 20; t++) {
        if (t >= 4 && t < 16) check_near(out[t][0], 3.0, 1e-12);
        check_near(out[t][1], 0.0, 1e-12);
    }
    check_near(out[0][0], 3.0 * (1 + 4 + 9 + 16) / 60.0, 1e-12); /* the first frame repeated before it */
}

static void decibels_have_a_floor(void **state)
{
    (void)state;
    double x[4] = {1.0, 100.0, 1e-30, 1e-7};
    ent_audio_decibels(80.0, 4, x);
    check_near(x[0], 0.0, 1e-12);
    check_near(x[1], 20.0, 1e-12);
    check_near(x[2], -60.0, 1e-12);
    check_near(x[3], -60.0, 1e-12);
}

/* One piece with all statistics equals the numbers frame by frame; pieces are in the order of time. */
static void statistics_over_time(void **state)
{
    (void)state;
    ent_audio_inp inp = ent_audio_default();
    inp.kind = ENT_AUDIO_LOGMEL;
    inp.pieces = 2;
    inp.std = inp.min = inp.max = inp.deltas = true;
    ent_audio *a = plan(inp);
    assert_int_equal(ent_audio_dimension(a), 2 * 4 * 2 * inp.n_mels);
    double *x = noise(N);
    memset(x, 0, N / 2 * sizeof *x);
    float out[640];
    assert_int_equal(ent_audio_dimension(a), 640);
    check_ok(ent_audio_features(a, x, N, out));
    for (int j = 0; j < inp.n_mels; j++) {
        const float *silent = out, *loud = out + 320;
        assert_true(silent[j] < loud[j]);
        for (const float *p = out; p < out + 640; p += 320) {
            assert_true(p[160 + j] <= p[j] && p[j] <= p[240 + j]);
            assert_true(p[80 + j] >= 0.0f && p[80 + j] <= p[240 + j] - p[160 + j]);
        }
    }
    ent_free(x);
    ent_audio_free(a);
}

static void a_short_signal_has_all_its_pieces(void **state)
{
    (void)state;
    ent_audio *a = plan(ent_audio_default());
    float out[160];
    const double x[3] = {0.1, -0.1, 0.2};
    assert_int_equal(ent_audio_dimension(a), 160);
    check_ok(ent_audio_features(a, x, 3, out));
    for (int k = 0; k < 160; k++) assert_true(isfinite(out[k]) && out[k] == out[k % 20]);
    ent_audio_free(a);
}

/* ---- refuses ---- */

static void options(void **state)
{
    (void)state;
    ent_audio *a = NULL;
    ent_audio_inp inp = ent_audio_default();
    inp.n_mfcc = 41;
    check_fails(ent_audio_new(&inp, SR, &a), ENT_EARG, "n_mfcc 41, want 1..40");
    inp = ent_audio_default();
    inp.width = 4;
    check_fails(ent_audio_new(&inp, SR, &a), ENT_EARG, "width 4");
    inp = ent_audio_default();
    inp.mean = false;
    check_fails(ent_audio_new(&inp, SR, &a), ENT_EARG, "found no statistic");
    inp = ent_audio_default();
    inp.fmin = 3000.0, inp.fmax = 2000.0;
    check_fails(ent_audio_new(&inp, SR, &a), ENT_EARG, "fmin 3000");
    inp = ent_audio_default();
    inp.n_mels = 200;
    check_fails(ent_audio_new(&inp, SR, &a), ENT_EARG, "contains no frequency");
    assert_null(a);
}

static void without_memory(void **state)
{
    (void)state;
    ent_audio *a = NULL;
    const ent_audio_inp inp = ent_audio_default();
    check_every_allocation(ent_audio_new(&inp, SR, &a), assert_null(a));
    float out[160];
    const double x[500] = {0.5};
    check_every_allocation(ent_audio_features(a, x, 500, out), (void)0);
    ent_audio_free(a);
}

static const struct CMUnitTest COMPUTES[] = {cmocka_unit_test(power_equals_a_slow_transform),
                                             cmocka_unit_test(energy_is_kept),
                                             cmocka_unit_test(a_tone_falls_into_its_mel_band),
                                             cmocka_unit_test(mel_filters_are_slaneys),
                                             cmocka_unit_test(cosine_is_orthonormal),
                                             cmocka_unit_test(deltas_of_a_line_are_its_slope),
                                             cmocka_unit_test(decibels_have_a_floor),
                                             cmocka_unit_test(statistics_over_time),
                                             cmocka_unit_test(a_short_signal_has_all_its_pieces)};
static const struct CMUnitTest REFUSES[] = {cmocka_unit_test(options), cmocka_unit_test(without_memory)};
CHECK_MAIN(COMPUTES, REFUSES)
