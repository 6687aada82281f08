/* Reduction: moments over all clients, then a matrix by kind.
 *
 * pca: rank 0 takes the largest eigenvalues of the correlation matrix and their vectors (LAPACK's dsyevr: d^3 4/3
 * operations) and sends the result.  One thread and memory on 64-byte boundaries, so that the same matrix gives the
 * same bits. */
#include "entente/reduce.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "core/linear.h"
#include "entente/blas.h"
#include "entente/memory.h"
#include "entente/random.h"
#include "reduce_internal.h"

static const double NO_VARIANCE = 1e-12; /* relative to the largest eigenvalue; axes below it are rounding noise */

static ent_status no_memory(const ent_reduction_inp *inp)
{
    return ent_fail(ENT_ENOMEM, "modality '%s': no memory for a reduction of %lld features", inp->name,
                    (long long)inp->inputs);
}

static ent_status check(const ent_reduction_inp *inp)
{
    ENT_REQUIRE(inp->inputs >= 1 && inp->inputs <= 1 << 20, ENT_EARG, "modality '%s': %lld features, want 1..%d",
                inp->name, (long long)inp->inputs, 1 << 20);
    if (inp->kind == ENT_REDUCE_LINEAR) return ENT_OK;
    ENT_REQUIRE(inp->outputs >= 1, ENT_EARG, "modality '%s': %d outputs, want at least 1", inp->name, inp->outputs);
    ENT_REQUIRE(!ent_reduce_has_axes(inp->kind) || inp->outputs <= inp->inputs, ENT_EARG,
                "modality '%s': %lld features, want at least %d for that many principal axes", inp->name,
                (long long)inp->inputs, inp->outputs);
    ENT_REQUIRE(inp->kind != ENT_REDUCE_NONE || inp->outputs == inp->inputs, ENT_EARG,
                "modality '%s': %lld features, want %d, as nothing reduces them", inp->name, (long long)inp->inputs,
                inp->outputs);
    return ENT_OK;
}

void ent_reduction_free(ent_reduction *r)
{
    if (!r) return;
    ent_free(r->mean);
    ent_free(r->inverse);
    ent_free(r->matrix);
    ent_free(r->explained);
    ent_free(r);
}

static ent_reduction *reduction_new(const ent_reduction_inp *inp)
{
    const bool projects = ent_reduce_projects(inp->kind), axes = ent_reduce_has_axes(inp->kind);
    ent_reduction *r = ent_alloc(1, sizeof *r);
    if (!r) return NULL;
    r->kind = inp->kind;
    r->inputs = inp->inputs;
    r->clip = inp->clip;
    r->outputs = inp->kind == ENT_REDUCE_LINEAR ? (int)inp->inputs : inp->outputs;
    r->mean = ent_alloc(r->inputs, sizeof *r->mean);
    r->inverse = ent_alloc(r->inputs, sizeof *r->inverse);
    if (projects) r->matrix = ent_alloc(r->outputs * r->inputs, sizeof *r->matrix);
    if (axes) r->explained = ent_alloc(r->outputs, sizeof *r->explained);
    if (r->mean && r->inverse && (r->matrix || !projects) && (r->explained || !axes)) return r;
    ent_reduction_free(r);
    return NULL;
}

static void draw_projection(const ent_reduction_inp *inp, ent_reduction *r)
{
    ent_random stream = ent_random_at(inp->seed, ENT_FOR_PROJECTION, ent_hash_text(inp->name), 0);
    const double scale = 1.0 / sqrt((double)r->inputs);
    for (int64_t k = 0; k < r->outputs * r->inputs; k++) r->matrix[k] = scale * ent_random_normal(&stream);
}

/* ---- principal axes ---- */

/* Store an axis as a row of the matrix, with its entry of largest magnitude positive.  pca: all axes share one
 * factor, by the `variance` of the first: its score gets variance 1 and the others keep their share, so that noise
 * axes give small angles.  pca_linear: each its own. */
static void take_axis(const double *vector, double value, double largest, double variance, int64_t d, double *row)
{
    int64_t at = 0;
    for (int64_t j = 1; j < d; j++)
        if (fabs(vector[j]) > fabs(vector[at])) at = j;
    const double sign = vector[at] < 0.0 ? -1.0 : 1.0;
    const bool has_variance = value > NO_VARIANCE * largest;
    for (int64_t j = 0; j < d; j++) row[j] = has_variance ? sign * vector[j] / sqrt(variance) : 0.0;
}

/* The trace of the correlation matrix is the number of features that vary. */
typedef struct {
    int d, count;
    double *matrix, *value, *vector; /* in the layout of ent_matrix_eigen */
} eigenproblem;

static ent_status solve(const eigenproblem *e, const ent_reduction_inp *inp)
{
    const ent_status status = ent_matrix_eigen(e->d, e->count, e->matrix, e->value, e->vector);
    return status == ENT_OK ? ENT_OK : ent_fail_in(status, "modality '%s', its features", inp->name);
}

static void take_axes(const eigenproblem *e, ent_reduction *r)
{
    double trace = 0.0;
    for (int64_t j = 0; j < r->inputs; j++) trace += r->inverse[j] > 0.0;
    const double largest = e->value[e->count - 1];
    for (int k = 0; k < e->count; k++) {
        const int from = e->count - 1 - k;
        const double value = fmax(e->value[from], 0.0);
        const double variance = r->kind == ENT_REDUCE_PCA ? largest : value;
        take_axis(e->vector + (int64_t)from * e->d, value, largest, variance, r->inputs, r->matrix + k * r->inputs);
        r->explained[k] = trace > 0.0 ? value / trace : 0.0;
    }
}

static ent_status find_axes(ent_comm *comm, const ent_reduction_inp *inp, const ent_client_rows *rows,
                            const eigenproblem *e, ent_reduction *r)
{
    const bool serves = ent_comm_rank(comm) == 0;
    ENT_TRY(ent_reduce_correlation(comm, rows, r, e->matrix, inp->name));
    ENT_TRY(ent_comm_agree(comm, serves ? solve(e, inp) : ENT_OK));
    if (serves) take_axes(e, r);
    ent_comm_broadcast(comm, 0, r->matrix, (size_t)(r->outputs * r->inputs) * sizeof *r->matrix);
    ent_comm_broadcast(comm, 0, r->explained, (size_t)r->outputs * sizeof *r->explained);
    return ENT_OK;
}

static ent_status fit_axes(ent_comm *comm, const ent_reduction_inp *inp, const ent_client_rows *rows,
                           ent_reduction *r)
{
    const bool serves = ent_comm_rank(comm) == 0;
    eigenproblem e = {.d = (int)r->inputs, .count = r->outputs};
    if (serves) {
        e.matrix = ent_alloc(r->inputs * r->inputs, sizeof *e.matrix);
        e.value = ent_alloc(r->inputs, sizeof *e.value);
        e.vector = ent_alloc(r->inputs * r->outputs, sizeof *e.vector);
    }
    const bool whole = !serves || (e.matrix && e.value && e.vector);
    ent_status status = ent_comm_agree(comm, whole ? ENT_OK : no_memory(inp));
    if (status == ENT_OK) status = find_axes(comm, inp, rows, &e, r);
    ent_free(e.vector);
    ent_free(e.value);
    ent_free(e.matrix);
    return status;
}

/* ---- fit and apply ---- */

static ent_status fit(ent_comm *comm, const ent_reduction_inp *inp, const ent_client_rows *rows, ent_reduction *r)
{
    ent_comm_note("the reduction of '%s'", inp->name);
    ENT_TRY(ent_reduce_moments(comm, rows, r, inp->name));
    if (inp->kind == ENT_REDUCE_RANDOM) draw_projection(inp, r);
    if (!ent_reduce_has_axes(inp->kind)) return ENT_OK;
    int threads;
    const ent_status begun = ent_blas_begin(&threads);
    if (ent_comm_agree(comm, begun) != ENT_OK) {
        if (begun == ENT_OK) ent_blas_end(threads);
        return ENT_ENOMEM;
    }
    const ent_status status = fit_axes(comm, inp, rows, r);
    ent_blas_end(threads);
    return status;
}

ent_status ent_reduction_fit(ent_comm *comm, const ent_reduction_inp *inp, const ent_client_rows *rows,
                             ent_reduction **out)
{
    ENT_TRY(ent_comm_agree(comm, check(inp)));
    ent_reduction *r = reduction_new(inp);
    ent_status status = ent_comm_agree(comm, r ? ENT_OK : no_memory(inp));
    if (status == ENT_OK) status = fit(comm, inp, rows, r);
    if (status == ENT_OK)
        *out = r;
    else
        ent_reduction_free(r);
    return status;
}

static double standardised(const ent_reduction *r, const double *x, int64_t j)
{
    return ent_reduce_clip(r->clip, (x[j] - r->mean[j]) * r->inverse[j]);
}

/* Plain sums in a fixed order, so that the result for a row does not depend on the other rows. */
static double project(const ent_reduction *r, const double *axis, const double *x)
{
    double sum = 0.0;
    for (int64_t j = 0; j < r->inputs; j++) sum += axis[j] * standardised(r, x, j);
    return sum;
}

void ent_reduction_apply(const ent_reduction *r, int64_t n, const double *x, double *z)
{
    for (int64_t k = 0; k < n; k++, x += r->inputs, z += r->outputs)
        for (int64_t j = 0; j < r->outputs; j++)
            z[j] = r->matrix ? project(r, r->matrix + j * r->inputs, x) : standardised(r, x, j);
}
