#ifndef ENTENTE_BENCH_PEAK_H
#define ENTENTE_BENCH_PEAK_H

#include <stdint.h>

typedef struct {
    /* `rounds` of independent multiply-adds; returns the operations done.  sink: 64 bytes, aligned. */
    double (*multiply_adds)(int64_t rounds, void *sink);
    /* Read and write every vector of the buffer once; bytes a multiple of 256. */
    void (*update)(void *buffer, int64_t bytes);
} bench_peak;

extern const bench_peak bench_peak_baseline_double, bench_peak_baseline_float;
#if defined(__x86_64__)
extern const bench_peak bench_peak_avx2_double, bench_peak_avx2_float;
extern const bench_peak bench_peak_avx512_double, bench_peak_avx512_float;
#endif

#endif
