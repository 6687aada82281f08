/* Fourier transforms of rows by FFTW, in both precisions.
 *
 * Plans are made with FFTW_ESTIMATE, so that they, and the bits of a result, are the same in every run on one sort of
 * processor; and a plan runs on one thread, so that they are the same on any number of threads. */
#ifndef ENTENTE_ENGINE_STATE_FFT_H
#define ENTENTE_ENGINE_STATE_FFT_H

#include "entente/status.h"

typedef struct state_fft state_fft;

/* Of 2^row_bits rows of 2^bits complex numbers of two reals, each row `padding` numbers behind the last one's end.
 * real_bytes: 8 or 4.  Errors: ENT_ENOMEM. */
ent_status ent_state_fft_new(int bits, int row_bits, int padding, int real_bytes, state_fft **out);
void ent_state_fft_free(state_fft *fft);

/* Of all rows in place, not scaled; sign of the exponent +1, or -1 where `negative`.  rows: on a 64-byte boundary.  May
 * run on several threads at once. */
void ent_state_fft_run(const state_fft *fft, int negative, void *rows);

#endif
