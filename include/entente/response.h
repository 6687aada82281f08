/* A model as a function of its data angles, for one context; without the map from features to angles.  All functions
 * are Local.
 *
 * In one data angle that rotations encode d times, an output is a trigonometric polynomial of degree d at most
 * (Schuld, Sweke, Meyer, arXiv 2008.08605). */
#ifndef ENTENTE_RESPONSE_H
#define ENTENTE_RESPONSE_H

#include "entente/model.h"

typedef struct ent_response ent_response;

/* w [params] is copied; `inp` is that of the model and must outlive the response.  Errors: as ent_model_new. */
ent_status ent_response_new(const ent_model_inp *inp, const double *w, uint32_t context, ent_response **out);
void ent_response_free(ent_response *response);

int ent_response_angles(const ent_response *response); /* numbers in a set of angles */
/* The position of data angle k of register m in a set, or -1: the register is absent or has fewer. */
int ent_response_slot(const ent_response *response, int m, int k);
/* How often an angle is encoded: the highest frequency; -1 if a gate takes it with a factor other than 1 or -1, or is
 * controlled, so that frequencies are not integers from 0 to the degree. */
int ent_response_degree(const ent_response *response, int slot);

/* The angles of a sample: x[m] as in ent_samples, of this one sample. */
void ent_response_encode(const ent_response *response, const double *const *x, double *angles);
/* outputs [n][outputs] from angles [n][angles]. */
ent_status ent_response_outputs(ent_response *response, int64_t n, const double *angles, double *outputs);

/* ---- gradients of random circuits ---- */

/* Mean and variance of d<O> / d theta over `samples` draws of all parameters and data angles from (-pi, pi), averaged
 * over the parameters theta of the ansatz; O is the product of Z over the bits of `observable`.
 * If the ansatz scrambles, the variance falls by a constant factor per qubit (McClean et al., arXiv 1803.11173).
 * Errors: as ent_ansatz_check and ent_program_new; ENT_EARG for an observable outside of the qubits. */
ent_status ent_gradient_variance(const ent_ansatz *ansatz, uint64_t observable, const ent_program_inp *inp,
                                 int64_t samples, uint64_t seed, double *mean, double *variance);

#endif
