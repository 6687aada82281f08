/* Dense linear algebra with the linked BLAS and LAPACK, through the Fortran interface that all implementations share
 * (OpenBLAS, MKL, AOCL, LibSci, the reference), so that none of their headers is needed.  Integers are 32 bits
 * (LP64).
 * With one thread the results are the same to the last bit in every run (blas.h); another library, or another of
 * its kernels, may give other bits.  Local. */
#ifndef ENTENTE_CORE_LINEAR_H
#define ENTENTE_CORE_LINEAR_H

#include <stdbool.h>
#include <stdint.h>

#include "entente/status.h"

/* Row-major: c [m][n] = op(a) op(b) + beta c, with op(a) [m][k] and op(b) [k][n]; lda, ldb, ldc: row strides. */
typedef struct {
    bool transpose;
    const double *entry;
    int64_t row; /* stride between stored rows, in numbers */
} ent_factor;
void ent_matrix_multiply(int64_t m, int64_t n, int64_t k, ent_factor a, ent_factor b, double beta, double *c);

/* The `count` largest eigenvalues, ascending, and their vectors [count][d], of a symmetric matrix [d][d] whose
 * upper triangle is given by rows; the matrix is overwritten.  Every array is aligned separately, so that results
 * repeat to the last bit.  Errors: ENT_ENOMEM; ENT_ENUMERIC if it does not converge. */
ent_status ent_matrix_eigen(int d, int count, double *matrix, double *value, double *vector);

/* Least squares: the x [columns] that minimises |a x - b|, a [rows][columns] by rows, rows >= columns; singular
 * values below `rank_within` times the largest count as 0.  *rank: the rank of a.  a and b are overwritten.
 * Errors: ENT_ENOMEM; ENT_ENUMERIC if it does not converge. */
ent_status ent_least_squares(int rows, int columns, const double *a, double *b, double rank_within, int *rank);

#endif
