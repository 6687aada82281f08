/* The treatment of modalities that a sample lacks: the policies of `missing.policy` and their effects.
 *
 *   mma    the missing-modality mechanism: the model is built without the parts of the modality, and only the blocks
 *          whose modalities are present are trained
 *   token  the circuit of an absent modality runs with trained angles in place of data, a block of parameters that
 *          only samples without the modality train
 *   zero   the model reads 0 in the file's own units
 *   mean   the model reads the federated training mean, which is 0 after standardising
 *   drop   only samples with all modalities are used in training and answered
 *   none   the model reads what the file stores
 * A context has bit m set if modality m is present.  All functions are Local.  Source: arXiv 2507.08217. */
#ifndef ENTENTE_MASK_H
#define ENTENTE_MASK_H

#include <stdbool.h>
#include <stdint.h>

#include "entente/status.h"

typedef enum {
    ENT_POLICY_MMA,
    ENT_POLICY_ZERO,
    ENT_POLICY_MEAN,
    ENT_POLICY_DROP,
    ENT_POLICY_NONE,
    ENT_POLICY_TOKEN
} ent_policy;
typedef enum { ENT_CONTEXT_MASK, ENT_CONTEXT_EMBED } ent_context_form;

/* What the model reads instead of an absent modality, and where it is filled in. */
typedef enum {
    ENT_FILL_NOTHING, /* it is not read */
    ENT_FILL_REDUCED, /* 0 after the reduction */
    ENT_FILL_RAW,     /* 0 before the reduction */
    ENT_FILL_STORED   /* the file's numbers */
} ent_fill;

ent_fill ent_policy_fill(ent_policy policy);

/* Whether the model leaves out the parts of absent modalities. */
bool ent_policy_masks(ent_policy policy);

/* Whether absent modalities have trained numbers in place of their data. */
bool ent_policy_tokens(ent_policy policy);

/* Whether a sample with this context, of this number of modalities, is used in training and answered. */
bool ent_policy_uses(ent_policy policy, int modalities, uint32_t context);

/* The cost of a sample with this context, in training or prediction: its amplitudes, and the overhead of head, loss
 * and call.  qubits [modalities]. */
double ent_policy_cost(ent_policy policy, int modalities, const int *qubits, uint32_t context);

/* Errors: ENT_ECONFIG for a form of the context, or modality dropout, that is incompatible with the policy. */
ent_status ent_policy_check(ent_policy policy, ent_context_form form, double modality_dropout);

#endif
