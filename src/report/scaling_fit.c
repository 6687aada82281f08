/* Non-negative least squares over at most four terms, exactly: the optimum is the plain least-squares solution of one
 * of the 15 subsets of the terms (Lawson and Hanson, Solving Least Squares Problems, ch. 23), so all are tried. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "core/linear.h"
#include "entente/blas.h"
#include "entente/memory.h"
#include "scaling.h"

enum { TERMS = 4 };

static void terms_of(const scaling_point *p, double term[TERMS])
{
    term[0] = 1.0;
    term[1] = p->work / p->p;
    term[2] = log2(p->p);
    term[3] = p->bytes;
}

double scaling_predict(const scaling_model *m, double p, double work, double bytes)
{
    return m->serial_s + m->parallel_s * work / p + m->latency_s * log2(p) + m->byte_s * bytes;
}

/* Rows are divided by the seconds, so that errors are relative; columns by their largest number, so that bytes and
 * ranks have the same scale.  False if the subset does not determine its coefficients, or one of them is negative. */
static bool solve(int n, const scaling_point *point, unsigned subset, double *a, double *b, double coefficient[TERMS])
{
    int column[TERMS], columns = 0;
    double scale[TERMS] = {0}, term[TERMS];
    int rank = 0;
    for (int t = 0; t < TERMS; t++)
        if (subset >> t & 1) column[columns++] = t;
    for (int k = 0; k < n; k++) {
        terms_of(&point[k], term);
        for (int c = 0; c < columns; c++) {
            a[k * columns + c] = term[column[c]] / point[k].seconds;
            scale[c] = fmax(scale[c], fabs(a[k * columns + c]));
        }
        b[k] = 1.0;
    }
    for (int c = 0; c < columns; c++) {
        if (scale[c] == 0.0) return false;
        for (int k = 0; k < n; k++) a[k * columns + c] /= scale[c];
    }
    if (ent_least_squares(n, columns, a, b, 1e-10, &rank) != ENT_OK) return false;
    memset(coefficient, 0, TERMS * sizeof *coefficient);
    for (int c = 0; c < columns; c++) {
        if (b[c] < 0.0) return false;
        coefficient[column[c]] = b[c] / scale[c];
    }
    return rank == columns;
}

static double error_of(int n, const scaling_point *point, const double coefficient[TERMS])
{
    double sum = 0.0, term[TERMS];
    for (int k = 0; k < n; k++) {
        double seconds = 0.0;
        terms_of(&point[k], term);
        for (int t = 0; t < TERMS; t++) seconds += coefficient[t] * term[t];
        sum += (seconds / point[k].seconds - 1.0) * (seconds / point[k].seconds - 1.0);
    }
    return sqrt(sum / n);
}

/* In order of size, so that a larger model must be better, not only as good. */
static void try_all(int n, const scaling_point *point, double *a, double *b, scaling_model *best)
{
    double coefficient[TERMS];
    const int most = n >= 3 && n - 1 < TERMS ? n - 1 : n < TERMS ? n : TERMS;
    for (int size = 1; size <= most; size++)
        for (unsigned subset = 1; subset < 1u << TERMS; subset++) {
            if (__builtin_popcount(subset) != size || !solve(n, point, subset, a, b, coefficient)) continue;
            const double error = error_of(n, point, coefficient);
            if (error >= best->error * (1.0 - 1e-6) - 1e-12) continue;
            *best = (scaling_model){coefficient[0], coefficient[1], coefficient[2], coefficient[3], error, n, size};
        }
}

ent_status scaling_fit(int n, const scaling_point *point, scaling_model *model)
{
    ENT_REQUIRE(n >= 1, ENT_EARG, "scaling model: no point");
    for (int k = 0; k < n; k++)
        ENT_REQUIRE(point[k].p >= 1.0 && point[k].seconds > 0.0 && point[k].work > 0.0 && point[k].bytes >= 0.0,
                    ENT_EARG, "scaling model: point %d: %g ranks, %g seconds, work %g, %g bytes", k, point[k].p,
                    point[k].seconds, point[k].work, point[k].bytes);
    int threads;
    ENT_TRY(ent_blas_begin(&threads));
    /* dgelss needs space for the larger of rows and columns in the right-hand side. */
    double *a = ent_alloc((int64_t)n * TERMS, sizeof *a), *b = ent_alloc(n > TERMS ? n : TERMS, sizeof *b);
    *model = (scaling_model){.error = DBL_MAX, .points = n};
    if (a && b) try_all(n, point, a, b, model);
    ent_blas_end(threads);
    ent_free(a);
    ent_free(b);
    ENT_REQUIRE(a && b, ENT_ENOMEM, "scaling model: no memory");
    return ENT_OK;
}
