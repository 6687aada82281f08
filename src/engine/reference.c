/* The reference engine: one sample after another, one gate after another, each gate as its matrix.
 *
 * Short enough to verify by reading; every other engine is tested against it.  Costs 2^n (14 to 60 flop) per gate
 * forward, about five times that with the gradient.  The states are double or float by including reference_state.h
 * twice; angles, matrices and sums are double in both. */
#include "engines.h"

#include <stdlib.h>
#include <string.h>

#include "entente/memory.h"

#define REAL     double
#define NAMED(x) x##_double
#include "reference_state.h"
#include "reference_sweep.h"
#undef REAL
#undef NAMED
#define REAL     float
#define NAMED(x) x##_single
#include "reference_state.h"
#include "reference_sweep.h"

enum { CHUNK = 16 };

typedef struct {
    ent_circuit *circuit;
    ent_precision precision;
} reference_plan;

typedef struct {
    ent_precision precision;
    state_double ket_double, bra_double;
    state_single ket_single, bra_single;
    double *expectations, *weights; /* [CHUNK][readouts] of one sample at a time */
} reference_worker;

static void plan_free(void *plan)
{
    reference_plan *p = plan;
    if (!p) return;
    ent_circuit_free(p->circuit);
    ent_free(p);
}

/* Append a QFT as gates. */
static ent_status add_gate(void *circuit, const ent_gate *gate)
{
    if (ent_gate_describe(gate->kind)->qubits == 0) return ent_qft_spell_out(gate, add_gate, circuit);
    return ent_circuit_add(circuit, *gate);
}

static ent_status circuit_copy(const ent_circuit *from, ent_circuit **out)
{
    ENT_TRY(ent_circuit_new(from->qubits, from->params, from->angles, out));
    for (int64_t g = 0; g < from->gates; g++) ENT_TRY(add_gate(*out, &from->gate[g]));
    for (int r = 0; r < from->readouts; r++) ENT_TRY(ent_circuit_read_pauli(*out, &from->readout[r]));
    return ENT_OK;
}

static ent_status plan_new(const ent_circuit *circuit, const ent_program_inp *inp, ent_plan_facts *facts, void **out)
{
    reference_plan *plan = ent_alloc(1, sizeof *plan);
    ENT_REQUIRE(plan, ENT_ENOMEM, "reference engine: no memory");
    plan->precision = inp->precision;
    const ent_status status = circuit_copy(circuit, &plan->circuit);
    if (status != ENT_OK) {
        plan_free(plan);
        return status;
    }
    const double state = ent_state_bytes(circuit->qubits, inp->precision);
    *facts = (ent_plan_facts){"reference", CHUNK, circuit->params, {state, 2.0 * state}, false};
    *out = plan;
    return ENT_OK;
}

static void worker_free(void *worker)
{
    reference_worker *w = worker;
    if (!w) return;
    clear_double(&w->ket_double);
    clear_double(&w->bra_double);
    clear_single(&w->ket_single);
    clear_single(&w->bra_single);
    ent_free(w->expectations);
    ent_free(w->weights);
    ent_free(w);
}

static ent_status state_new(const reference_plan *p, state_double *wide, state_single *narrow)
{
    const int n = p->circuit->qubits;
    char text[32];
    ENT_REQUIRE(p->precision == ENT_DOUBLE ? init_double(n, wide) : init_single(n, narrow), ENT_ENOMEM,
                "statevector of %d qubits: no %s", n, ent_bytes_text(ent_state_bytes(n, p->precision), text));
    return ENT_OK;
}

static ent_status worker_back(const void *plan, void *worker)
{
    reference_worker *w = worker;
    if (w->bra_double.re || w->bra_single.re) return ENT_OK;
    return state_new(plan, &w->bra_double, &w->bra_single);
}

static ent_status worker_new(const void *plan, void **out)
{
    const reference_plan *p = plan;
    reference_worker *w = ent_alloc(1, sizeof *w);
    ENT_REQUIRE(w, ENT_ENOMEM, "reference engine: no memory");
    w->precision = p->precision;
    w->expectations = ent_alloc(p->circuit->readouts, sizeof(double));
    w->weights = ent_alloc(p->circuit->readouts, sizeof(double));
    ent_status status = w->expectations && w->weights ? ENT_OK : ent_fail(ENT_ENOMEM, "reference engine: no memory");
    if (status == ENT_OK) status = state_new(p, &w->ket_double, &w->ket_single);
    if (status != ENT_OK) {
        worker_free(w);
        return status;
    }
    *out = w;
    return ENT_OK;
}

static void forward(const void *plan, void *worker, const ent_batch *batch, int64_t first, int64_t count,
                    double *expectations)
{
    const reference_plan *p = plan;
    reference_worker *w = worker;
    for (int64_t k = 0; k < count; k++) {
        const double *angles = ent_sample_angles(batch, p->circuit->angles, first + k);
        double *result = expectations + k * p->circuit->readouts;
        if (p->precision == ENT_DOUBLE)
            forward_double(p->circuit, batch->params, angles, &w->ket_double, result);
        else
            forward_single(p->circuit, batch->params, angles, &w->ket_single, result);
    }
}

static void gradient(const void *plan, void *worker, const ent_batch *batch, ent_chunk chunk, const ent_pull *pull,
                     double *partial, double *grad_angles)
{
    const reference_plan *p = plan;
    reference_worker *w = worker;
    for (int64_t k = chunk.first; k < chunk.first + chunk.count; k++) {
        const double *angles = ent_sample_angles(batch, p->circuit->angles, k);
        double *grad_data = ent_sample_slopes(grad_angles, p->circuit->angles, k);
        forward(plan, worker, batch, k, 1, w->expectations);
        pull->cotangent(pull->context, k, 1, w->expectations, w->weights);
        if (p->precision == ENT_DOUBLE) {
            observe_double(p->circuit, w->weights, &w->ket_double, &w->bra_double);
            backward_double(p->circuit, batch->params, angles, &w->ket_double, &w->bra_double, partial, grad_data);
        } else {
            observe_single(p->circuit, w->weights, &w->ket_single, &w->bra_single);
            backward_single(p->circuit, batch->params, angles, &w->ket_single, &w->bra_single, partial, grad_data);
        }
    }
}

const ent_engine ent_engine_reference = {
    .name = "reference", .whole_state = 1, .worker_back = worker_back, ENT_ENGINE_FUNCTIONS};

ent_status ent_circuit_probabilities(const ent_circuit *circuit, const double *params, const double *angles,
                                     double *probability)
{
    ent_circuit *plain = NULL;
    state_double ket = {.re = NULL};
    ENT_TRY(ent_engine_check_qubits(circuit->qubits, ENT_DOUBLE));
    ent_status status = circuit_copy(circuit, &plain);
    if (status == ENT_OK && !init_double(circuit->qubits, &ket))
        status = ent_fail(ENT_ENOMEM, "statevector of %d qubits: no memory", circuit->qubits);
    if (status == ENT_OK) {
        plain->readouts = 0;
        forward_double(plain, params, angles, &ket, NULL);
        for (int64_t k = 0; k < ket.amplitudes; k++) probability[k] = ket.re[k] * ket.re[k] + ket.im[k] * ket.im[k];
    }
    clear_double(&ket);
    ent_circuit_free(plain);
    return status;
}
