/* Plans and runs FFTW transforms of rows, in double or single precision. */
#include "state_fft.h"

#include <fftw3.h>
#include <stdint.h>

#include "entente/memory.h"

/* Indexed by the sign of the exponent: +1, -1. */
struct state_fft {
    fftw_plan wide[2];
    fftwf_plan narrow[2];
};

/* The planner of FFTW is not thread-safe.  With FFTW_ESTIMATE it does not touch the data. */
static int make_plans(state_fft *fft, int n, int rows, int stride, int real_bytes, void *numbers)
{
    int there = 1;
#pragma omp critical(fftw_planner)
    for (int negative = 0; negative < 2; negative++) {
        const int sign = negative ? FFTW_FORWARD : FFTW_BACKWARD;
        if (real_bytes == sizeof(double)) {
            fft->wide[negative] = fftw_plan_many_dft(1, &n, rows, numbers, NULL, 1, stride, numbers, NULL, 1, stride,
                                                     sign, FFTW_ESTIMATE);
            there = there && fft->wide[negative];
        } else {
            fft->narrow[negative] = fftwf_plan_many_dft(1, &n, rows, numbers, NULL, 1, stride, numbers, NULL, 1,
                                                        stride, sign, FFTW_ESTIMATE);
            there = there && fft->narrow[negative];
        }
    }
    return there;
}

ent_status ent_state_fft_new(int bits, int row_bits, int padding, int real_bytes, state_fft **out)
{
    const int n = 1 << bits, rows = 1 << row_bits, stride = n + padding;
    state_fft *fft = ent_alloc(1, sizeof *fft);
    void *numbers = ent_alloc((int64_t)rows * stride, 2 * (size_t)real_bytes);
    const int there = fft && numbers && make_plans(fft, n, rows, stride, real_bytes, numbers);
    ent_free(numbers);
    if (!there) {
        ent_state_fft_free(fft);
        return ent_fail(ENT_ENOMEM, "FFTW: cannot plan %d transforms of size %d", rows, n);
    }
    *out = fft;
    return ENT_OK;
}

void ent_state_fft_free(state_fft *fft)
{
    if (!fft) return;
#pragma omp critical(fftw_planner)
    for (int k = 0; k < 2; k++) {
        if (fft->wide[k]) fftw_destroy_plan(fft->wide[k]);
        if (fft->narrow[k]) fftwf_destroy_plan(fft->narrow[k]);
    }
    ent_free(fft);
}

void ent_state_fft_run(const state_fft *fft, int negative, void *rows)
{
    if (fft->wide[negative])
        fftw_execute_dft(fft->wide[negative], rows, rows);
    else
        fftwf_execute_dft(fft->narrow[negative], rows, rows);
}
