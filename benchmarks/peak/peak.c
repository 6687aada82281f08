/* What a core can do: multiply-adds in registers, and vectors read and written in a cache.  Compiled once for each
 * instruction set and precision as the batch engine's kernels are; REAL, VECTOR_BYTES and TABLE come from the build.
 */
#include "peak.h"

typedef REAL vec __attribute__((vector_size(VECTOR_BYTES)));

/* 12 chains: enough for two units with a latency of 4 to 6 cycles. */
static double multiply_adds(int64_t rounds, void *sink)
{
    vec sum[12], a = (vec){0} + (REAL)0.999, b = (vec){0} + (REAL)1e-3;
    for (int k = 0; k < 12; k++) sum[k] = b;
    for (int64_t r = 0; r < rounds; r++) {
        sum[0] = sum[0] * a + b;
        sum[1] = sum[1] * a + b;
        sum[2] = sum[2] * a + b;
        sum[3] = sum[3] * a + b;
        sum[4] = sum[4] * a + b;
        sum[5] = sum[5] * a + b;
        sum[6] = sum[6] * a + b;
        sum[7] = sum[7] * a + b;
        sum[8] = sum[8] * a + b;
        sum[9] = sum[9] * a + b;
        sum[10] = sum[10] * a + b;
        sum[11] = sum[11] * a + b;
    }
    for (int k = 0; k < 12; k++) *(vec *)sink += sum[k];
    return 2.0 * 12.0 * (double)rounds * (double)(sizeof(vec) / sizeof(REAL));
}

static void update(void *buffer, int64_t bytes)
{
    vec *v = buffer;
    const vec factor = (vec){0} + (REAL)1.0000001;
    for (int64_t k = 0; k < bytes / (int64_t)sizeof(vec); k += 4) {
        v[k] *= factor;
        v[k + 1] *= factor;
        v[k + 2] *= factor;
        v[k + 3] *= factor;
    }
}

const bench_peak TABLE = {multiply_adds, update};
