/* Differential privacy: the privacy loss of a number of noisy rounds.
 *
 * A round releases the sum of the clients' contributions, each of norm at most S, plus normal noise with standard
 * deviation `noise` S; every client takes part with probability `rate`, independently (Poisson sampling).  Two data
 * sets are neighbours if one has one client more than the other.  A training M is (epsilon, delta)-private if, for
 * neighbours D and D' and any set E of outcomes, P(M(D) in E) <= exp(epsilon) P(M(D') in E) + delta.
 *
 *   rdp   Renyi differential privacy: Mironov 2017, arXiv 1702.07476; of the sampled Gaussian mechanism: Mironov,
 *         Talwar, Zhang 2019, arXiv 1908.10530; converted to epsilon by Canonne, Kamath, Steinke 2020,
 *         arXiv 2004.00010, Proposition 12
 *   pld   privacy loss distributions, composed by FFT: Koskela, Jalko, Honkela 2020, arXiv 1906.03049; rounded up by
 *         connecting the dots: Doroshenko et al. 2022, arXiv 2207.04380
 *
 * Both are upper bounds; pld is the tighter one.  All functions are Local and give the same bits on every rank. */
#ifndef ENTENTE_PRIVACY_H
#define ENTENTE_PRIVACY_H

#include <stdint.h>

#include "entente/status.h"

typedef enum { ENT_ACCOUNTANT_RDP, ENT_ACCOUNTANT_PLD, ENT_ACCOUNTANTS } ent_accountant;

typedef struct {
    double rate;   /* probability that a client takes part in a round, 0..1 */
    double noise;  /* noise multiplier: standard deviation of the noise divided by the clipping norm */
    int64_t steps; /* rounds */
} ent_mechanism;

/* "rdp", "pld". */
const char *ent_accountant_name(ent_accountant accountant);

/* The smallest epsilon that the accountant can prove at this delta; INFINITY without noise.
 * Cost: pld some FFTs of 2^16 to 2^20 numbers.
 * Errors: ENT_EARG unless 0 <= rate <= 1, noise >= 0, steps >= 0, 0 < delta < 1 (pld: delta >= 1e-12); ENT_ENOMEM. */
ent_status ent_privacy_epsilon(ent_accountant accountant, const ent_mechanism *mechanism, double delta,
                               double *epsilon);

/* The smallest delta at this epsilon >= 0.  Errors: as above. */
ent_status ent_privacy_delta(ent_accountant accountant, const ent_mechanism *mechanism, double epsilon,
                             double *delta);

/* The smallest noise multiplier that satisfies epsilon, to a relative accuracy of 1e-4 and rounded up;
 * mechanism->noise is ignored.  Errors: as above; ENT_EARG if no noise multiplier up to 1e6 does. */
ent_status ent_privacy_noise(ent_accountant accountant, const ent_mechanism *mechanism, double epsilon, double delta,
                             double *noise);

/* The same for one mechanism after several numbers of rounds; cheaper, as the loss of one round is computed once. */
typedef struct ent_ledger ent_ledger;
ent_status ent_ledger_new(ent_accountant accountant, double rate, double noise, ent_ledger **out);
void ent_ledger_free(ent_ledger *ledger);
ent_status ent_ledger_epsilon(ent_ledger *ledger, int64_t steps, double delta, double *epsilon);
ent_status ent_ledger_delta(ent_ledger *ledger, int64_t steps, double epsilon, double *delta);

/* Renyi divergence of `order` > 1 of one round.  By the trapezoidal rule, which converges geometrically on the whole
 * line for such integrands, and so at any order, whole or not. */
double ent_privacy_renyi(double rate, double noise, double order);

/* Epsilon at delta of a bound `renyi` at `order`. */
double ent_privacy_convert(double order, double renyi, double delta);

/* Tree aggregation (DP-FTRL: Kairouz et al. 2021, arXiv 2103.00039) over `rounds`: the square of the norm, over clip,
 * of all complete nodes that a client is in which takes part in at most `times` rounds, any two of them at least
 * `apart` >= 1 rounds from each other: an upper bound, which a client reaches that takes part in successive rounds.
 * Together the nodes are one round of noise multiplier z / sqrt(norm), without sampling. */
double ent_privacy_tree_norm(int64_t rounds, int64_t times, int64_t apart);

/* The outcomes of one sample's circuit, on a device: what they say of that sample's features, and of nothing else.
 *
 * Each of `qubits` measured qubits passes, after its last gate, a depolarising channel of its own of strength
 * `depolarizing` (or its bit one of readout errors p01 = p10 = depolarizing / 2), with fresh noise in each shot.
 * Neighbours are two inputs whose states before these channels have trace distance at most `distance`, 1: any two.
 * Without noise finite shots hide nothing: epsilon is infinite unless delta allows it. */
typedef struct {
    int64_t shots; /* runs of the circuit, all readouts together */
    int qubits;    /* that are measured in each */
    double depolarizing, distance;
} ent_measurement;

/* An upper bound of epsilon at this delta.
 * Errors: ENT_EARG unless 1 <= shots <= 100000, 1 <= qubits <= 64, the others from 0 to 1, 0 < delta < 1;
 * ENT_ENOMEM. */
ent_status ent_privacy_measured(const ent_measurement *measurement, double delta, double *epsilon);

#endif
