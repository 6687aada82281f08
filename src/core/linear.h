/* Dense linear algebra by the BLAS and LAPACK that are linked, through their Fortran interface, which every one of them has
 * (OpenBLAS, MKL, AOCL, LibSci, the reference): no header of any is needed.  Integers are 32 bits (LP64).
 * One thread gives the same bits in every run (blas.h); another library, or another of its kernels, other bits.  Local. */
#ifndef ENTENTE_CORE_LINEAR_H
#define ENTENTE_CORE_LINEAR_H

#include <stdbool.h>
#include <stdint.h>

#include "entente/status.h"

/* Row-major: c [m][n] = op(a) op(b) + beta c, with op(a) [m][k] and op(b) [k][n]; lda, ldb, ldc: from row to row. */
typedef struct {
    bool transpose;
    const double *entry;
    int64_t row; /* numbers from one row to the next, as stored */
} ent_factor;
void ent_matrix_multiply(int64_t m, int64_t n, int64_t k, ent_factor a, ent_factor b, double beta, double *c);

/* The `count` largest eigenvalues, ascending, and their vectors [count][d], of a symmetric matrix [d][d] whose upper triangle
 * by rows is given; the matrix is lost.  Every array has an alignment of its own, so that the bits repeat.
 * Errors: ENT_ENOMEM; ENT_ENUMERIC where it does not converge. */
ent_status ent_matrix_eigen(int d, int count, double *matrix, double *value, double *vector);

/* Least squares: the x [columns] that makes |a x - b| smallest, a [rows][columns] by rows, rows >= columns; singular values
 * below `rank_within` of the largest count as 0.  *rank: of a.  a and b are lost.
 * Errors: ENT_ENOMEM; ENT_ENUMERIC where it does not converge. */
ent_status ent_least_squares(int rows, int columns, const double *a, double *b, double rank_within, int *rank);

#endif
