/* Engines: from a circuit and a batch of samples to expectation values and gradients.
 *
 * A circuit is compiled once into a program for an engine; the program then runs any number of samples.  Every engine
 * agrees with the reference engine up to rounding.  For a given engine, precision and instruction set the results are
 * the same to the last bit on any number of threads (in the state engine a QFT uses FFTW, which picks instructions by
 * processor).  Nothing here depends on ranks, files or clocks.  All functions are Local. */
#ifndef ENTENTE_ENGINE_H
#define ENTENTE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "entente/circuit.h"
#include "entente/noise.h"
#include "entente/status.h"

/* PAULI: circuits whose registers are joined by gates late, without storing the state of all qubits.  AUTO: the pauli
 * engine if ent_engine_weigh finds it cheaper; otherwise the state engine from 17 qubits on, else the batch engine.
 * If the states of an engine do not fit into memory, the next one is used, and the reference engine last.  Up to 16
 * qubits, a call of AUTO with too few samples to fill the vector lanes of the batch engine uses the state engine
 * where that is faster: from about 6 qubits on, with 1 to 8 samples.  The threshold depends only on the circuit, the
 * precision and the instruction set. */
typedef enum {
    ENT_ENGINE_AUTO,
    ENT_ENGINE_REFERENCE,
    ENT_ENGINE_BATCH,
    ENT_ENGINE_STATE,
    ENT_ENGINE_PAULI
} ent_engine_kind;
typedef enum { ENT_DOUBLE, ENT_SINGLE } ent_precision;

/* Gradients with shots.  SHIFT: the parameter-shift rule, each shifted value estimated from that many shots, as
 * hardware would; also exactly, with 0 shots.  ADJOINT: the exact gradient with normal noise, of the variance that
 * SHIFT has where the shifted values are near 0 (and at most); with 0 shots the exact gradient. */
typedef enum { ENT_SHOTS_ADJOINT, ENT_SHOTS_SHIFT } ent_shot_gradient;

typedef struct ent_team ent_team;

typedef struct {
    ent_engine_kind engine;
    ent_precision precision;
    int threads;     /* OpenMP threads; 0: the value of OMP_NUM_THREADS */
    const char *isa; /* instruction set by name; NULL: environment variable ENTENTE_ISA, else the best available */
    bool steady;     /* AUTO: forward runs use the batch engine for any number of samples, so that the result for a
                      * sample does not depend on the number of samples in the call */
    const ent_team *team; /* runs large circuits elsewhere (shard.h has one); NULL: all run here */
    const ent_noise
        *noise;    /* NULL or all strengths 0: the run equals one without noise to the last bit.  Otherwise the
                             * circuit runs here, by the noise's method; `engine` must be AUTO */
    int64_t shots; /* 0: exact.  Otherwise each readout is the mean of this many samples: of the joint distribution if
                    * the readouts are strings of Zs on at most 8 qubits, else of its own */
    ent_shot_gradient shot_gradient;
    uint64_t shot_seed;
} ent_program_inp;

typedef struct ent_program ent_program;

/* Compile.  The circuit may be freed afterwards.  A circuit of 0 qubits is legal: it has no readout.
 * Errors: ENT_ENOMEM when the state of a forward run would not fit (the message gives the bytes needed and the bytes
 * available); ENT_EARG for an instruction set that this machine does not have, for noise out of range, and for noise
 * that its method cannot serve. */
ent_status ent_program_new(const ent_circuit *circuit, const ent_program_inp *inp, ent_program **out);
void ent_program_free(ent_program *program);

/* Estimated cost of a sample: multiply-adds of a forward run. */
typedef struct {
    double whole;       /* with the state of all qubits, registers kept separate until gates join them */
    double pauli;       /* by the pauli engine; infinite if it does not support the circuit */
    char reason[256];   /* why it does not support it */
    int depends[2];     /* qubits of the registers that a readout depends on: minimum, maximum */
    int depends_in_one; /* maximum of them in one register */
    int64_t values;     /* expectation values that the registers deliver per sample */
    double bytes;       /* memory per thread of the pauli engine, at most */
} ent_engine_weight;

/* Compare the cost of the pauli engine with that of the whole state.  forced: allow as many Pauli strings as the
 * engine can handle, else only as many as could pay off.  Errors: ENT_ENOMEM. */
ent_status ent_engine_weigh(const ent_circuit *circuit, bool forced, ent_engine_weight *out);

/* Whether AUTO uses the pauli engine: if it costs less. */
bool ent_engine_takes_pauli(const ent_circuit *circuit, const ent_engine_weight *weight);

/* Which engine and instruction set run it: "reference", "batch avx512", "state avx2", "pauli avx512", "noise avx2",
 * "trajectories"; with shots "batch avx512, 100 shots (joint)" or "(per readout)". */
const char *ent_program_engine(const ent_program *program);

/* Passes over the state in memory: [0] of a forward run, [1] of the backward sweep of a gradient; 0 for an engine
 * that does not count them. */
void ent_program_passes(const ent_program *program, int passes[2]);

/* The name of the instruction set that `isa` (as in ent_program_inp) selects on this machine.  Errors: ENT_EARG for
 * one that is unknown or not available. */
ent_status ent_isa_pick(const char *isa, const char **name);
/* ent_isa_level: the better of two instruction sets has the higher level.  ent_isa_limit: the highest level that NULL
 * selects from here on in this process, for ranks on different processors.  Local. */
int ent_isa_level(const char *name);
void ent_isa_limit(int level);

/* Select the random numbers of all following runs, if they draw any: functions of (seed, a, b, the sample's number),
 * so that any division into batches gives the same bits.  The number of sample s is number[index[s]]; index NULL: s
 * in place of index[s]; number NULL: index[s] itself.  Both are read during the calls.  Without a call: all 0. */
typedef struct {
    uint64_t a, b;
    const int64_t *index, *number;
} ent_draws;
static inline uint64_t ent_draws_number(const ent_draws *draws, int64_t sample)
{
    const int64_t at = draws->index ? draws->index[sample] : sample;
    return (uint64_t)(draws->number ? draws->number[at] : at);
}
void ent_program_draw(ent_program *program, const ent_draws *draws);

/* A batch.  angles [samples][circuit angles]; params [circuit params].  NULL where there are none. */
typedef struct {
    int64_t samples;
    const double *angles, *params;
} ent_batch;

/* expectations [samples][circuit readouts] = <psi| Pauli string |psi>.  The state engine and the reference
 * engine hold one state for it, and two from the first gradient on.
 * Errors: ENT_ENOMEM. */
ent_status ent_program_forward(ent_program *program, const ent_batch *batch, double *expectations);

/* The cotangent: given the expectation values of samples first..first+count-1 of the batch, [count][readouts], write
 * the derivative of the loss with respect to each, in the same layout.
 * It is called once for every sample, from several threads at once, in any order and grouping. */
typedef void ent_cotangent(void *context, int64_t first, int64_t count, const double *expectations, double *weights);

/* Adjoint differentiation (Jones and Gacon, arXiv 2009.02823): one forward run, the cotangent, one backward sweep for
 * all readouts together.
 *   grad_params [params]            d loss / d params, summed over the samples in an order that depends only on the
 *                                   batch; added to the present contents
 *   grad_angles [samples][angles]   d loss / d data angles; overwritten, 0 for slots not used; may be NULL
 * Errors: ENT_ENOMEM, as for ent_program_new; then nothing is written. */
ent_status ent_program_gradient(ent_program *program, const ent_batch *batch, ent_cotangent *cotangent, void *context,
                                double *grad_params, double *grad_angles);

/* A team runs circuits elsewhere than in this process, with the interface of a program.  open: apart: by the pauli
 * engine's method, with separate registers, if their states fit, else as one state; *handle is NULL if the circuit is
 * too small for the team and runs here. */
struct ent_team {
    ent_status (*open)(const ent_team *team, const ent_circuit *circuit, const ent_program_inp *inp, bool apart,
                       void **handle);
    void (*close)(void *handle);
    const char *(*describe)(const void *handle);
    ent_status (*forward)(void *handle, const ent_batch *batch, double *expectations);
    ent_status (*gradient)(void *handle, const ent_batch *batch, ent_cotangent *cotangent, void *context,
                           double *grad_params, double *grad_angles);
};

/* The second methods, on top of forward, with the layout of ent_program_gradient: the parameter-shift rule (two
 * terms; four for controlled rotations: Schuld et al., arXiv 1811.11184; Anselmetti et al., arXiv 2104.05695) and
 * central differences with step `step`.  Both shift one gate at a time and cost two to four forward runs per gate and
 * sample. */
typedef struct {
    double *params, *angles; /* angles: [samples][angles], or NULL */
} ent_gradients;
ent_status ent_gradient_by_shift(const ent_circuit *circuit, const ent_program_inp *inp, const ent_batch *batch,
                                 ent_cotangent *cotangent, void *context, const ent_gradients *out);
ent_status ent_gradient_by_differences(const ent_circuit *circuit, const ent_program_inp *inp, const ent_batch *batch,
                                       double step, ent_cotangent *cotangent, void *context,
                                       const ent_gradients *out);

/* The probability of each basis state after the circuit, by the reference engine: probability [2^qubits].  params and
 * angles as of a batch of one sample.  Errors: ENT_EARG beyond ENT_MAX_STATE_QUBITS; ENT_ENOMEM. */
ent_status ent_circuit_probabilities(const ent_circuit *circuit, const double *params, const double *angles,
                                     double *probability);

/* The Fubini-Study metric of the circuit's state psi for parameters first..first+count-1 (Provost and Vallee 1980;
 * Stokes et al., arXiv 1909.02108): F_ij = Re(<d_i psi|d_j psi> - <d_i psi|psi> <psi|d_j psi>); its sum over the
 * samples of the batch is added to metric [count][count].  In double, without noise, on one thread.  Cost: count
 * forward runs plus count^2 / 2 scalar products; memory: ent_metric_bytes.  Errors: ENT_EARG for parameters out of
 * range; ENT_ENOMEM. */
ent_status ent_circuit_metric(const ent_circuit *circuit, const ent_batch *batch, int first, int count,
                              double *metric);
double ent_metric_bytes(int qubits, int count);

/* Bytes of one state. */
double ent_state_bytes(int qubits, ent_precision precision);

#endif
