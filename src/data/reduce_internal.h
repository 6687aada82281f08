/* Shared by the files of the reduction: the federated sums (reduce_sums.c) and the fit from them (reduce.c). */
#ifndef ENTENTE_DATA_REDUCE_INTERNAL_H
#define ENTENTE_DATA_REDUCE_INTERNAL_H

#include "entente/reduce.h"

/* Count, mean and inverse standard deviation of every feature, on all ranks.  Collective. */
ent_status ent_reduce_moments(ent_comm *comm, const ent_client_rows *rows, ent_reduction *r, const char *name);

/* The correlation matrix of the standardised features, upper triangle: correlation [d][d] on rank 0, where it must
 * not be NULL.  Collective. */
ent_status ent_reduce_correlation(ent_comm *comm, const ent_client_rows *rows, const ent_reduction *r,
                                  double *correlation, const char *name);

#endif
