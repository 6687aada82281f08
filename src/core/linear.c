/* A row-major array is the column-major array of the transpose: c = a b by rows is c^T = b^T a^T by columns. */
#include "core/linear.h"

#include <stddef.h>

#include "entente/memory.h"

/* The lengths of character arguments come last, as Fortran compilers pass them. */
extern void dgemm_(const char *trans_a, const char *trans_b, const int *m, const int *n, const int *k,
                   const double *alpha, const double *a, const int *lda, const double *b, const int *ldb,
                   const double *beta, double *c, const int *ldc, size_t, size_t);
extern void dsyevr_(const char *job, const char *range, const char *triangle, const int *n, double *a, const int *lda,
                    const double *low, const double *high, const int *first, const int *last, const double *within,
                    int *found, double *value, double *vector, const int *ldz, int *support, double *work,
                    const int *work_size, int *whole, const int *whole_size, int *info, size_t, size_t, size_t);
extern void dgelss_(const int *m, const int *n, const int *right, double *a, const int *lda, double *b,
                    const int *ldb, double *singular, const double *within, int *rank, double *work,
                    const int *work_size, int *info);

void ent_matrix_multiply(int64_t m, int64_t n, int64_t k, ent_factor a, ent_factor b, double beta, double *c)
{
    const int rows = (int)m, columns = (int)n, inner = (int)k, lda = (int)a.row, ldb = (int)b.row;
    const double one = 1.0;
    if (m == 0 || n == 0) return;
    dgemm_(b.transpose ? "T" : "N", a.transpose ? "T" : "N", &columns, &rows, &inner, &one, b.entry, &ldb, a.entry,
           &lda, &beta, c, &columns, 1, 1);
}

typedef struct {
    int d, count;
    double *matrix, *value, *vector;
} eigenproblem;

/* Sizes of -1 query the workspace sizes.  Returns LAPACK's info, 0 for success. */
static int solve_in(const eigenproblem *e, int *support, double *work, int work_size, int *whole, int whole_size)
{
    const double nothing = 0.0;
    const int first = e->d - e->count + 1;
    int found = e->count, info = 0;
    dsyevr_("V", "I", "L", &e->d, e->matrix, &e->d, &nothing, &nothing, &first, &e->d, &nothing, &found, e->value,
            e->vector, &e->d, support, work, &work_size, whole, &whole_size, &info, 1, 1, 1);
    return info == 0 && work_size > 0 && found != e->count ? 1 : info;
}

ent_status ent_matrix_eigen(int d, int count, double *matrix, double *value, double *vector)
{
    const eigenproblem e = {d, count, matrix, value, vector};
    double work_size = 0.0;
    int whole_size = 0, info = 0;
    int *support = ent_alloc(2 * (int64_t)d, sizeof *support), *whole = NULL;
    ENT_REQUIRE(support, ENT_ENOMEM, "an eigenproblem of size %d: no memory", d);
    solve_in(&e, support, &work_size, -1, &whole_size, -1);
    double *work = ent_alloc((int64_t)work_size, sizeof *work);
    whole = ent_alloc(whole_size, sizeof *whole);
    const bool there = work && whole;
    if (there) info = solve_in(&e, support, work, (int)work_size, whole, whole_size);
    ent_free(whole);
    ent_free(work);
    ent_free(support);
    ENT_REQUIRE(there, ENT_ENOMEM, "an eigenproblem of size %d: no memory", d);
    ENT_REQUIRE(info == 0, ENT_ENUMERIC, "an eigenproblem of size %d does not converge (%d)", d, info);
    return ENT_OK;
}

ent_status ent_least_squares(int rows, int columns, const double *a, double *b, double rank_within, int *rank)
{
    const int one = 1;
    const int64_t work_size = 8 * ((int64_t)rows + columns);
    const int size = (int)work_size;
    int info = 0;
    double *across = ent_alloc((int64_t)rows * columns, sizeof *across), *work = ent_alloc(work_size, sizeof *work);
    double *singular = ent_alloc(columns, sizeof *singular);
    const bool there = across && work && singular;
    for (int k = 0; there && k < rows; k++)
        for (int c = 0; c < columns; c++) across[(int64_t)c * rows + k] = a[(int64_t)k * columns + c];
    if (there)
        dgelss_(&rows, &columns, &one, across, &rows, b, &rows, singular, &rank_within, rank, work, &size, &info);
    ent_free(singular);
    ent_free(work);
    ent_free(across);
    ENT_REQUIRE(there, ENT_ENOMEM, "least squares: no memory");
    ENT_REQUIRE(info == 0, ENT_ENUMERIC, "least squares does not converge (%d)", info);
    return ENT_OK;
}
