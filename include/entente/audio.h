/* Recordings: reading WAV files, and the front end that turns a signal into numbers.
 *
 * Names and definitions as in librosa 0.10 (McFee et al. 2015): frames of n_fft samples, centred (zeros beyond the
 * ends), periodic Hann window, power spectrum, Slaney's mel scale with filters of equal area, decibels floored at
 * 1e-10 and top_db below the loudest, DCT-II (orthonormal), deltas by regression over `width` frames (the ends
 * repeated).  All functions are Local. */
#ifndef ENTENTE_AUDIO_H
#define ENTENTE_AUDIO_H

#include <stdbool.h>
#include <stdint.h>

#include "entente/status.h"

/* A mono signal: channels are mixed down to their mean. */
typedef struct {
    int64_t n;
    int sr; /* samples per second */
    double *sample;
} ent_signal;

/* Load any WAV file that libsndfile reads (8 to 32 bits, float, any number of channels).  Errors, each with the path:
 * ENT_EIO; ENT_EFORMAT not a WAV file, damaged, or without samples; ENT_EDATA a sample that is not finite;
 * ENT_ENOMEM. */
ent_status ent_signal_load(const char *path, ent_signal *out);
void ent_signal_free(ent_signal *signal);
const char *ent_signal_library(void); /* "libsndfile-1.2.0" */

typedef enum { ENT_AUDIO_MFCC, ENT_AUDIO_LOGMEL } ent_audio_kind;

typedef struct {
    ent_audio_kind kind;
    int n_fft, hop_length, n_mels, n_mfcc;
    double fmin, fmax; /* Hz; fmax 0: half of sr */
    double top_db;
    bool deltas; /* append the delta of each coefficient */
    int width;   /* odd, at least 3 */
    int pieces;  /* the recording is cut into this many pieces of equal length, each with its own statistics */
    bool mean, std, min, max;
} ent_audio_inp;
ent_audio_inp ent_audio_default(void);

/* A plan for signals of one rate.  Errors: ENT_EARG with the option's name; ENT_ENOMEM. */
typedef struct ent_audio ent_audio;
ent_status ent_audio_new(const ent_audio_inp *inp, int sr, ent_audio **out);
void ent_audio_free(ent_audio *audio); /* NULL is legal */

/* Frames of a signal of n samples: 1 + n / hop_length. */
int64_t ent_audio_frames(const ent_audio *audio, int64_t n);
int ent_audio_bins(const ent_audio *audio);          /* n_fft / 2 + 1 */
int ent_audio_coefficients(const ent_audio *audio);  /* numbers per frame, including deltas */
int64_t ent_audio_dimension(const ent_audio *audio); /* numbers per recording */

/* The individual steps.  power [frames][bins]: |FFT of the windowed frame|^2.  mel [frames][n_mels].  decibels: in
 * place, n numbers.  cosine [frames][n_mfcc] from rows of n_mels.  deltas [frames][c] of x [frames][c]. */
void ent_audio_power(ent_audio *audio, const double *sample, int64_t n, double *power);
void ent_audio_mel(const ent_audio *audio, int64_t frames, const double *power, double *mel);
void ent_audio_decibels(double top_db, int64_t n, double *x);
void ent_audio_cosine(ent_audio *audio, int64_t frames, const double *x, double *out);
void ent_audio_deltas(int width, int64_t frames, int c, const double *x, double *out);

/* All steps: out [dimension].  Order: piece, statistic (mean, std, min, max), coefficient (then deltas). */
ent_status ent_audio_features(ent_audio *audio, const double *sample, int64_t n, float *out);

#endif
