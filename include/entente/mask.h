/* What becomes of a modality that a sample lacks: the policies of `missing.policy`, and all that follows from one.
 *
 *   mma    the missing-modality mechanism: the model is built without what belongs to the modality, and only the
 *   blocks
 *          whose modalities are present are trained
 *   token  the circuit of an absent modality runs with trained angles in place of data, a block of parameters that
 *          only samples without the modality train
 *   zero   the model reads 0 in the file's own units
 *   mean   the model reads the federated training mean, which is 0 after standardising
 *   drop   only samples that have everything are trained on and answered
 *   none   the model reads what the file stores
 * A context has bit m set where modality m is present.  All functions are Local.  Source: model.md, section 5. */
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

/* What the model reads in the place of an absent modality, and at which point it is put there. */
typedef enum {
    ENT_FILL_NOTHING, /* nothing reads it */
    ENT_FILL_REDUCED, /* 0 after the reduction */
    ENT_FILL_RAW,     /* 0 before the reduction */
    ENT_FILL_STORED   /* the file's numbers */
} ent_fill;

ent_fill ent_policy_fill(ent_policy policy);

/* Whether the model leaves out what belongs to absent modalities. */
bool ent_policy_masks(ent_policy policy);

/* Whether absent modalities have trained numbers in place of their data. */
bool ent_policy_tokens(ent_policy policy);

/* Whether a sample with this context, of so many modalities, is trained on and answered. */
bool ent_policy_uses(ent_policy policy, int modalities, uint32_t context);

/* What training a sample with this context, or predicting it, costs: its amplitudes, and what head, loss and call
 * cost besides.  qubits [modalities]. */
double ent_policy_cost(ent_policy policy, int modalities, const int *qubits, uint32_t context);

/* Errors: ENT_ECONFIG for a form of the context, or a chance of losing modalities while training, that does not go
 * with the policy. */
ent_status ent_policy_check(ent_policy policy, ent_context_form form, double modality_dropout);

#endif
