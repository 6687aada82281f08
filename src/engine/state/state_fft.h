/* Fourier transforms of rows by FFTW, in both precisions.
 *
 * Plans are made with FFTW_ESTIMATE, so that plans and results are the same to the last bit in every run on the
 * same kind of processor; and each plan runs on one thread, so that results do not depend on the number of
 * threads. */
#ifndef ENTENTE_ENGINE_STATE_FFT_H
#define ENTENTE_ENGINE_STATE_FFT_H

#include "entente/status.h"

typedef struct state_fft state_fft;

/* Plan transforms of 2^row_bits rows of 2^bits complex numbers of two reals, with a gap of `padding` numbers
 * between rows. real_bytes: 8 or 4.  Errors: ENT_ENOMEM. */
ent_status ent_state_fft_new(int bits, int row_bits, int padding, int real_bytes, state_fft **out);
void ent_state_fft_free(state_fft *fft);

/* Transform all rows in place, unscaled; sign of the exponent +1, or -1 if `negative`.  rows: aligned to 64 bytes.
 * May run on several threads at once. */
void ent_state_fft_run(const state_fft *fft, int negative, void *rows);

#endif
