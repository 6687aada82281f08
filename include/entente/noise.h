/* The noise of a device: channels after gates, readout errors.
 *
 * After every gate each channel acts on the qubits of the gate, in this order:
 *   depolarising      rho -> (1 - p) rho + p (I / 2^k, with those k qubits traced out); if the two qubits of a gate
 *                     differ in p, the larger one
 *   amplitude damping of each qubit, Kraus operators diag(1, sqrt(1 - g)) and sqrt(g) |0><1|
 *   phase damping     of each qubit, Kraus operators diag(1, sqrt(1 - l)) and sqrt(l) |1><1|
 * A readout of a Pauli string is the product of one measured bit per qubit of the string; a bit is read wrong with
 * P(1 | 0) = p01 and P(0 | 1) = p10, so that <Z> becomes (1 - p01 - p10) <Z> + (p10 - p01), and so for X and Y.  A
 * QFT counts as its gates (ent_qft_spell_out).  Source: Nielsen and Chuang, section 8.3.  All functions are Local. */
#ifndef ENTENTE_NOISE_H
#define ENTENTE_NOISE_H

#include <stdbool.h>
#include <stdint.h>

#include "entente/status.h"

typedef struct {
    double depolarizing, amplitude_damping, phase_damping; /* each from 0 to 1 */
} ent_gate_noise;

typedef struct {
    ent_gate_noise after_1q, after_2q;
    double p01, p10; /* each from 0 to 1 */
} ent_qubit_noise;

/* DENSITY: exact, each register as a density matrix (at most ENT_NOISE_MOST_QUBITS qubits) and the gates between
 * registers in the Heisenberg picture, or the whole circuit as one density matrix.  TRAJECTORIES: means over a fixed
 * number of random runs of the whole state; their expectation is exact.  AUTO: density if possible, else
 * trajectories. */
typedef enum { ENT_NOISE_AUTO, ENT_NOISE_DENSITY, ENT_NOISE_TRAJECTORIES } ent_noise_method;
enum { ENT_NOISE_MOST_QUBITS = 7 };

typedef struct {
    const ent_qubit_noise *qubit; /* [qubits of the circuit] */
    ent_noise_method method;
    int trajectories; /* per sample; at least 1 if they are used */
    uint64_t seed;    /* of the trajectories */
} ent_noise;

/* Whether all strengths of `qubits` qubits are 0. */
bool ent_noise_is_none(const ent_qubit_noise *qubit, int qubits);

/* Errors: ENT_EARG for a strength or an error out of 0..1; "NAME: found X, want Y". */
ent_status ent_noise_check(const ent_qubit_noise *qubit, int qubits);

/* Strengths of a gate that takes gate_us microseconds on a qubit with relaxation time t1_us and dephasing time t2_us,
 * both > 0, t2 <= 2 t1: amplitude damping 1 - exp(-t / T1), and the phase damping that leaves coherences exp(-t /
 * T2).  depolarizing is unchanged.  Errors: ENT_EARG. */
ent_status ent_noise_of_times(double t1_us, double t2_us, double gate_us, ent_gate_noise *noise);

#endif
