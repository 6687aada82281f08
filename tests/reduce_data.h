/* Features of made-up clients for the tests of the reduction: a function of only the client and the row. */
#ifndef ENTENTE_TESTS_REDUCE_DATA_H
#define ENTENTE_TESTS_REDUCE_DATA_H

#include <math.h>
#include <stdint.h>

#include "entente/memory.h"
#include "entente/random.h"
#include "entente/reduce.h"

static inline int64_t rows_of_client(int client)
{
    return client * 37 % 61; /* client 0 has none */
}

/* Correlated features of very different sizes; feature 2 is constant, feature 3 far from 0 against its spread,
 * feature 5 is twice feature 4. */
static inline void fill_row(int client, int64_t row, int64_t d, double *x)
{
    ent_random stream = ent_random_at(7, ENT_FOR_TEST, (uint64_t)client, (uint64_t)row);
    const double common = ent_random_normal(&stream), other = ent_random_normal(&stream);
    for (int64_t j = 0; j < d; j++) {
        const double scale = ldexp(1.0, (int)(j % 7) * 9 - 27);
        const double own = ent_random_normal(&stream);
        x[j] = (float)(scale * (0.5 + common * (double)(j % 3) + 0.6 * other * (double)(j % 5 - 2) + own));
    }
    if (d > 2) x[2] = 0.1f;
    if (d > 3) x[3] = (float)(1048576.0 + x[3]);
    if (d > 5) x[5] = 2.0 * x[4];
}

/* The rows of these clients, in this order; free with clients_free. */
typedef struct {
    ent_client_rows rows;
    int64_t *first;
    double *x;
    uint8_t *use;
} client_data;

static inline client_data clients_make(int count, const int *client, int64_t d)
{
    client_data c = {.first = ent_alloc(count + 1, sizeof *c.first)};
    for (int k = 0; k < count; k++) c.first[k + 1] = c.first[k] + rows_of_client(client[k]);
    c.x = ent_alloc(c.first[count] * d, sizeof *c.x);
    c.use = ent_alloc(c.first[count], 1);
    for (int k = 0; k < count; k++)
        for (int64_t r = c.first[k]; r < c.first[k + 1]; r++) {
            const int64_t row = r - c.first[k];
            fill_row(client[k], row, d, c.x + r * d);
            c.use[r] = (row + client[k]) % 5 != 0;
            if (!c.use[r]) c.x[r * d] = NAN;
        }
    c.rows = (ent_client_rows){.clients = count, .first = c.first, .x = c.x, .use = c.use};
    return c;
}

/* How far the axes are from eigenvectors of the pooled correlation matrix R, which is not formed: for axis v, scaled,
 * R v = (1/count) sum over rows of x (x v), and should be lambda v. */
static inline double axis_residual(const ent_reduction *r, const ent_client_rows *rows)
{
    const int64_t d = r->inputs, n = rows->first[rows->clients];
    double *z = ent_alloc(r->outputs, sizeof *z), *sum = ent_alloc(r->outputs * d, sizeof *sum);
    double features = 0.0, residual = 0.0;
    for (int64_t i = 0; i < n; i++) {
        if (!rows->use[i]) continue;
        ent_reduction_apply(r, 1, rows->x + i * d, z);
        for (int64_t k = 0; k < r->outputs; k++)
            for (int64_t j = 0; j < d; j++)
                sum[k * d + j] += (rows->x[i * d + j] - r->mean[j]) * r->inverse[j] * z[k] / (double)r->count;
    }
    for (int64_t j = 0; j < d; j++) features += r->inverse[j] > 0.0;
    for (int64_t k = 0; k < r->outputs; k++)
        for (int64_t j = 0; j < d; j++)
            residual = fmax(residual, fabs(sum[k * d + j] - r->explained[k] * features * r->matrix[k * d + j]));
    ent_free(sum);
    ent_free(z);
    return residual;
}

static inline void clients_free(client_data *c)
{
    ent_free(c->first);
    ent_free(c->x);
    ent_free(c->use);
}

#endif
