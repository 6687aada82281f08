/* The sums that clients send: per feature a power of two, count and sum, another power of two, and the sum of squares
 * about the mean; for pca the second moments, one block at a time.
 *
 * Exact sums are fixed-point numbers, so every term is scaled first: a feature by the power of two above its largest
 * magnitude (a bound reveals less about a row than the magnitude itself), deviations likewise, so that scaled
 * variances are at least 1 / (4 rows) and keep their digits.  The terms of the first sums are single numbers.  A term
 * of the second moments is the sum of one client over its rows, computed by matrix products on chunks of fixed size:
 * it does not depend on the rank that computes it, as long as all ranks use the same BLAS kernel (OpenBLAS picks one
 * by processor: on a mixed machine set OPENBLAS_CORETYPE).
 *
 * Cost of the second moments: rows d^2 multiplications, and for d = 4096 some 60 MB per rank, for any number of
 * clients. */
#include "reduce_internal.h"

#include <math.h>
#include <string.h>

#include "core/linear.h"
#include "entente/exact.h"
#include "entente/memory.h"

enum { BLOCK = 256, CHUNK = 256 };

/* Everything that one rank needs to sum features. */
typedef struct {
    ent_comm *comm;
    const ent_client_rows *rows;
    ent_reduction *r;
    const char *name;
    int64_t d;
    double *low, *high; /* [d] over the present rows of all ranks */
    double *bound;      /* [d] powers of two, 0 where every value is 0 */
    double *scaled;     /* [d] */
    ent_exact *sum;     /* [d] */
} moments;

static ent_status no_memory(const char *name)
{
    return ent_fail(ENT_ENOMEM, "modality '%s': no memory to fit its reduction", name);
}

static int64_t last_row(const ent_client_rows *rows)
{
    return rows->clients > 0 ? rows->first[rows->clients] : 0;
}

/* The power of two above |x|, for finite x. */
static double power_above(double x)
{
    int exponent;
    if (x == 0.0) return 0.0;
    frexp(x, &exponent);
    return ldexp(1.0, exponent);
}

/* Minimum and maximum over the present rows of all ranks; the minimum is reduced as the maximum of -x. */
static ent_status find_range(moments *m)
{
    ent_status status = ENT_OK;
    for (int64_t j = 0; j < m->d; j++) m->low[j] = m->high[j] = -INFINITY;
    for (int64_t k = 0; k < last_row(m->rows) && status == ENT_OK; k++) {
        const double *x = m->rows->x + k * m->d;
        for (int64_t j = 0; j < m->d && m->rows->use[k]; j++) {
            if (!isfinite(x[j]))
                status = ent_fail(ENT_ENUMERIC, "modality '%s', feature %lld: %g, want a finite number", m->name,
                                  (long long)j, x[j]);
            m->low[j] = fmax(m->low[j], -x[j]);
            m->high[j] = fmax(m->high[j], x[j]);
        }
    }
    ENT_TRY(ent_comm_agree(m->comm, status));
    ent_comm_max(m->comm, m->low, m->d);
    ent_comm_max(m->comm, m->high, m->d);
    for (int64_t j = 0; j < m->d; j++) m->low[j] = -m->low[j];
    return ENT_OK;
}

/* Bounds of |x - about|, attained at an end of the range. */
static void set_bounds(moments *m, const double *about)
{
    for (int64_t j = 0; j < m->d; j++)
        m->bound[j] = power_above(fmax(fabs(m->low[j] - about[j]), fabs(m->high[j] - about[j])));
}

/* sum[j] = the sum over all present rows of ((x - about) / bound)^power, power 1 or 2. */
static ent_status add_up(moments *m, const double *about, int power)
{
    ent_status status = ENT_OK;
    memset(m->sum, 0, (size_t)m->d * sizeof *m->sum);
    for (int64_t k = 0; k < last_row(m->rows) && status == ENT_OK; k++) {
        if (!m->rows->use[k]) continue;
        const double *x = m->rows->x + k * m->d;
        for (int64_t j = 0; j < m->d; j++) {
            const double y = m->bound[j] > 0.0 ? (x[j] - about[j]) / m->bound[j] : 0.0;
            m->scaled[j] = power == 1 ? y : y * y;
        }
        status = ent_exact_add(m->sum, m->scaled, 1.0, m->d);
    }
    ENT_TRY(ent_comm_agree(m->comm, status));
    ent_comm_exact_sum(m->comm, m->sum, m->d);
    return ENT_OK;
}

static ent_status count_rows(const moments *m)
{
    int64_t count = 0;
    for (int64_t k = 0; k < last_row(m->rows); k++) count += m->rows->use[k] != 0;
    ent_comm_sum(m->comm, &count, 1);
    ENT_REQUIRE(count > 0, ENT_EDATA, "modality '%s': no client has a training row with it", m->name);
    m->r->count = count;
    return ENT_OK;
}

/* mean and inverse hold 0 on entry.  A constant feature gets exactly its value as mean and no deviation: rounding
 * of the mean must not look like a deviation. */
static ent_status find_moments(moments *m)
{
    ent_reduction *r = m->r;
    ENT_TRY(count_rows(m));
    ENT_TRY(find_range(m));
    set_bounds(m, r->mean);
    ENT_TRY(add_up(m, r->mean, 1));
    const double count = (double)r->count;
    for (int64_t j = 0; j < m->d; j++) {
        const double mean = ent_exact_value(&m->sum[j]) / count * m->bound[j];
        r->mean[j] = fmin(fmax(mean, m->low[j]), m->high[j]);
    }
    set_bounds(m, r->mean);
    ENT_TRY(add_up(m, r->mean, 2));
    for (int64_t j = 0; j < m->d; j++) {
        const double squares = ent_exact_value(&m->sum[j]);
        r->inverse[j] = squares > 0.0 ? 1.0 / (sqrt(squares / count) * m->bound[j]) : 0.0;
    }
    return ENT_OK;
}

ent_status ent_reduce_moments(ent_comm *comm, const ent_client_rows *rows, ent_reduction *r, const char *name)
{
    moments m = {.comm = comm, .rows = rows, .r = r, .name = name, .d = r->inputs};
    m.low = ent_alloc(m.d, sizeof *m.low);
    m.high = ent_alloc(m.d, sizeof *m.high);
    m.bound = ent_alloc(m.d, sizeof *m.bound);
    m.scaled = ent_alloc(m.d, sizeof *m.scaled);
    m.sum = ent_alloc(m.d, sizeof *m.sum);
    ent_status status =
        ent_comm_agree(comm, m.low && m.high && m.bound && m.scaled && m.sum ? ENT_OK : no_memory(name));
    if (status == ENT_OK) status = find_moments(&m);
    ent_free(m.sum);
    ent_free(m.scaled);
    ent_free(m.bound);
    ent_free(m.high);
    ent_free(m.low);
    return status;
}

/* ---- second moments ---- */

/* Rows top..top+height-1 of the matrix, columns top..d-1. */
typedef struct {
    const ent_client_rows *rows;
    const ent_reduction *r;
    int64_t d, top, height, width;
    double *z;       /* [CHUNK][d] standardised rows of one client */
    double *partial; /* [height][width] one client's sums */
    ent_exact *sum;  /* [height][width] all clients' */
} block;

static void standardise(const ent_reduction *r, const double *x, int64_t first, double *z)
{
    for (int64_t j = first; j < r->inputs; j++) z[j] = ent_reduce_clip(r->clip, (x[j] - r->mean[j]) * r->inverse[j]);
}

static void add_chunk(const block *b, int64_t n)
{
    const ent_factor z = {true, b->z + b->top, b->d};
    ent_matrix_multiply(b->height, b->width, n, z, (ent_factor){false, b->z + b->top, b->d}, 1.0, b->partial);
}

static ent_status add_client(const block *b, int64_t client)
{
    int64_t n = 0;
    memset(b->partial, 0, (size_t)(b->height * b->width) * sizeof *b->partial);
    for (int64_t k = b->rows->first[client]; k < b->rows->first[client + 1]; k++) {
        if (!b->rows->use[k]) continue;
        standardise(b->r, b->rows->x + k * b->d, b->top, b->z + n++ * b->d);
        if (n < CHUNK) continue;
        add_chunk(b, n);
        n = 0;
    }
    if (n > 0) add_chunk(b, n);
    return ent_exact_add(b->sum, b->partial, 1.0, b->height * b->width);
}

static ent_status add_block(ent_comm *comm, const block *b, double *correlation)
{
    ent_status status = ENT_OK;
    memset(b->sum, 0, (size_t)(b->height * b->width) * sizeof *b->sum);
    for (int64_t c = 0; c < b->rows->clients && status == ENT_OK; c++) status = add_client(b, c);
    ENT_TRY(ent_comm_agree(comm, status));
    ent_comm_exact_sum(comm, b->sum, b->height * b->width);
    for (int64_t i = 0; correlation && i < b->height; i++)
        for (int64_t j = 0; j < b->width; j++)
            correlation[(b->top + i) * b->d + b->top + j] = ent_exact_value(&b->sum[i * b->width + j]) /
                                                            (double)b->r->count;
    return ENT_OK;
}

ent_status ent_reduce_correlation(ent_comm *comm, const ent_client_rows *rows, const ent_reduction *r,
                                  double *correlation, const char *name)
{
    const int64_t d = r->inputs, tallest = d < BLOCK ? d : BLOCK;
    block b = {.rows = rows, .r = r, .d = d};
    b.z = ent_alloc(CHUNK * d, sizeof *b.z);
    b.partial = ent_alloc(tallest * d, sizeof *b.partial);
    b.sum = ent_alloc(tallest * d, sizeof *b.sum);
    ent_status status = ent_comm_agree(comm, b.z && b.partial && b.sum ? ENT_OK : no_memory(name));
    for (b.top = 0; b.top < d && status == ENT_OK; b.top += BLOCK) {
        b.width = d - b.top;
        b.height = b.width < BLOCK ? b.width : BLOCK;
        status = add_block(comm, &b, correlation);
    }
    ent_free(b.sum);
    ent_free(b.partial);
    ent_free(b.z);
    return status;
}
