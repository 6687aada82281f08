/* Measures one point of entente scaling: rounds of a training, or gradients of a layered circuit on one state. */
#include "scaling_run.h"

#include <math.h>

#include "entente/clock.h"
#include "entente/memory.h"
#include "entente/shard.h"
#include "entente/fed.h"

/* ---- clients ---- */

/* The means over the rounds of a training. */
static scaling_row row_of(const ent_federation_view *v, const scaling_row *base, int repeat)
{
    scaling_row row = *base;
    double evaluate = 0.0;
    const double rounds = (double)v->rounds;
    for (int64_t r = 0; r < v->rounds; r++) {
        row.compute_s += v->round[r].compute_s / rounds;
        row.communicate_s += v->round[r].communicate_s / rounds;
        row.wait_s += v->round[r].wait_s / rounds;
        row.work += (double)v->round[r].samples / rounds;
        evaluate += v->round[r].evaluate_s;
    }
    row.repeat = repeat;
    row.clients = (int)v->clients;
    row.seconds = fmax((v->train_s - evaluate) / rounds, 1e-9);
    row.evaluate_s = evaluate / rounds;
    row.io_s = v->read_s / rounds;
    row.bytes = base->ranks > 1 ? (double)v->params * (double)sizeof(ent_exact) : 0.0;
    return row;
}

ent_status scaling_run_clients(ent_comm *group, const ent_config *config, int repeats, const scaling_row *base,
                               scaling_rows *rows)
{
    ent_federation *federation;
    ENT_TRY(ent_federation_new(group, config, &federation));
    ent_status status = ENT_OK;
    for (int k = 0; k < repeats && status == ENT_OK; k++) {
        status = ent_federation_train(federation, NULL, NULL);
        if (status == ENT_OK && ent_comm_rank(group) == 0) {
            const ent_federation_view v = ent_federation_see(federation);
            const scaling_row row = row_of(&v, base, k);
            status = scaling_rows_add(rows, &row);
        }
        status = ent_comm_agree(group, status);
    }
    ent_federation_free(federation);
    return status;
}

/* ---- one state ---- */

static ent_status layered_circuit(int n, int layers, ent_circuit *circuit)
{
    for (int l = 0, slot = 0; l < layers; l++) {
        for (int q = 0; q < n; q++) {
            ENT_TRY(ent_circuit_add(circuit, (ent_gate){ENT_RY, {q, 0}, ent_angle_param(slot++)}));
            ENT_TRY(ent_circuit_add(circuit, (ent_gate){ENT_RZ, {q, 0}, ent_angle_param(slot++)}));
        }
        for (int q = 0; q < n; q++)
            ENT_TRY(ent_circuit_add(circuit, (ent_gate){ENT_CX, {q, (q + 1) % n}, ent_angle_none()}));
    }
    for (int q = 0; q < n; q++) ENT_TRY(ent_circuit_read(circuit, UINT64_C(1) << q));
    return ENT_OK;
}

/* The loss is the sum of all readouts. */
static void all_ones(void *readouts, int64_t first, int64_t count, const double *expectations, double *weights)
{
    (void)first;
    (void)expectations;
    for (int64_t k = 0; k < count * *(const int *)readouts; k++) weights[k] = 1.0;
}

typedef struct {
    ent_comm *group;
    ent_shard *shard;
    const ent_circuit *circuit;
    double *params, *gradient;
} state_run;

static ent_status one_gradient(const state_run *run, scaling_row *row)
{
    const ent_batch batch = {1, NULL, run->params};
    int readouts = run->circuit->readouts;
    ent_shard_info before, after;
    ent_shard_describe(run->shard, &before);
    ent_comm_barrier(run->group);
    const double begin = ent_clock_s();
    ENT_TRY(ent_shard_gradient(run->shard, &batch, all_ones, &readouts, run->gradient, NULL));
    const double took = ent_clock_s() - begin;
    ent_shard_describe(run->shard, &after);
    const double exchange = after.exchange_s - before.exchange_s, wait = after.wait_s - before.wait_s;
    double slowest[] = {took, took - exchange, exchange - wait, wait, after.sent_bytes - before.sent_bytes};
    ent_comm_max(run->group, slowest, 5);
    row->seconds = slowest[0];
    row->compute_s = slowest[1];
    row->communicate_s = slowest[2];
    row->wait_s = slowest[3];
    row->bytes = slowest[4];
    return ENT_OK;
}

static ent_status repeat_gradients(const state_run *run, int repeats, const scaling_row *base, scaling_rows *rows)
{
    for (int k = -1; k < repeats; k++) {
        scaling_row row = *base;
        row.repeat = k;
        row.qubits = run->circuit->qubits;
        row.work = (double)run->circuit->gates * ldexp(1.0, run->circuit->qubits);
        ENT_TRY(one_gradient(run, &row));
        ent_status status = ENT_OK;
        if (k >= 0 && ent_comm_rank(run->group) == 0) status = scaling_rows_add(rows, &row);
        ENT_TRY(ent_comm_agree(run->group, status));
    }
    return ENT_OK;
}

ent_status scaling_run_state(ent_comm *group, int qubits, int layers, ent_precision precision, int repeats,
                             const scaling_row *base, scaling_rows *rows)
{
    ent_circuit *circuit = NULL;
    state_run run = {.group = group,
                     .params = ent_alloc(2 * (int64_t)qubits * layers, sizeof(double)),
                     .gradient = ent_alloc(2 * (int64_t)qubits * layers, sizeof(double))};
    ent_status status = run.params && run.gradient ? ENT_OK
                                                   : ent_fail(ENT_ENOMEM, "scaling: no memory for the parameters");
    if (status == ENT_OK) status = ent_circuit_new(qubits, 2 * qubits * layers, 0, &circuit);
    if (status == ENT_OK) status = layered_circuit(qubits, layers, circuit);
    status = ent_comm_agree(group, status);
    if (status == ENT_OK) {
        run.circuit = circuit;
        for (int k = 0; k < circuit->params; k++) run.params[k] = 2.0 * sin(1.0 + 3.7 * k);
        status = ent_shard_new(circuit, &(ent_program_inp){.precision = precision, .threads = base->threads}, group,
                               &run.shard);
    }
    if (status == ENT_OK) status = repeat_gradients(&run, repeats, base, rows);
    ent_shard_free(run.shard);
    ent_circuit_free(circuit);
    ent_free(run.params);
    ent_free(run.gradient);
    return status;
}
