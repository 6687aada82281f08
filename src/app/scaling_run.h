/* The two measurements of entente scaling, at one point.  Collective over `group`; rows are valid on its rank 0. */
#ifndef ENTENTE_APP_SCALING_RUN_H
#define ENTENTE_APP_SCALING_RUN_H

#include "entente/fed.h"
#include "report/scaling.h"

/* Train the configuration `repeats` times; `base` holds what, mode, name, ranks and threads. */
ent_status scaling_run_clients(ent_comm *group, const ent_config *config, int repeats, const scaling_row *base,
                               scaling_rows *rows);

/* Gradients of a layered circuit (RY, RZ and a ring of CNOTs) on one state over the ranks of the group, after a
 * warm-up run that is not counted. */
ent_status scaling_run_state(ent_comm *group, int qubits, int layers, ent_precision precision, int repeats,
                             const scaling_row *base, scaling_rows *rows);

#endif
