/* Readouts mediated by a few qubits, the hubs: sums of products over registers, one for each history of the hubs. */
#ifndef ENTENTE_ENGINE_PAULI_HUB_H
#define ENTENTE_ENGINE_PAULI_HUB_H

#include "pauli_complex.h"

typedef struct pauli_hub pauli_hub;

/* Those of one circuit, shared by its readouts. */
typedef struct {
    pauli_late *late;
    pauli_tape *tape;
    pauli_form *form;
    pauli_hub *first;
} pauli_hubs;

/* The hubs of the qubits that a readout may depend on; *out NULL: there are none that help.  Errors: ENT_ENOMEM. */
ent_status ent_pauli_hub_find(pauli_hubs *hubs, const ent_pauli *readout, pauli_hub **out);
void ent_pauli_hubs_clear(pauli_hubs *hubs);

/* An upper bound on the operations of a readout. */
double ent_pauli_hub_cost(const pauli_hubs *hubs, const pauli_hub *hub, const ent_pauli *readout);
/* As ent_pauli_product_append. */
ent_status ent_pauli_hub_append(pauli_hubs *hubs, pauli_hub *hub, const ent_pauli *readout, ent_bits *cone,
                                int64_t *first);

#endif
