/* Runs a shard_plan: segments and exchanges, forwards and backwards, and sums over ranks.
 *
 * Sums over ranks are exact (exact.h), so that all ranks have the same bits. */
#include "entente/shard.h"

#include <math.h>
#include <omp.h>
#include <string.h>

#include "engine/engines.h"
#include "engine/isa.h"
#include "engine/state/state_worker.h"
#include "entente/clock.h"
#include "entente/memory.h"
#include "exchange.h"

struct ent_shard {
    ent_comm *group;
    shard_plan *plan;
    state_worker *worker;
    shard_buffers *buffers;
    ent_shared *shared[2];   /* ket and bra of all ranks, if they are on one node; or NULL */
    uint64_t *rank;          /* [segments] this rank's number in the segment's coordinates */
    uint64_t (*process)[32]; /* [segments][rank bits] the rank of the group with the number 1 << b */
    ent_exact *exact;        /* scratch for a sum over ranks */
    int node_ranks;          /* ranks on this node */
    int ran, all_have_bras;  /* the state has been written to; every rank has a second one */
    double sum_s;            /* seconds in sums over ranks */
    double agree_s;          /* part of sum_s: waiting for the last rank */
};

/* ---- new ---- */

static ent_status check_group(const ent_circuit *circuit, ent_precision precision, int size, int *rank_bits)
{
    ENT_TRY(ent_engine_check_qubits(circuit->qubits, precision));
    ENT_REQUIRE((size & (size - 1)) == 0, ENT_EARG, "%d shards, want a power of two", size);
    *rank_bits = __builtin_ctz((unsigned)size);
    ENT_REQUIRE(*rank_bits == 0 || *rank_bits < circuit->qubits, ENT_EARG,
                "%d shards of a state of %d qubits, want at most half as many as its amplitudes", size,
                circuit->qubits);
    return ENT_OK;
}

/* Ranks on one node share its free memory, which no longer includes what they have written to. */
static ent_status check_memory(const ent_shard *shard, int gradient)
{
    const double part = (double)ent_state_part_bytes(shard->plan->base), buffers = part / 16;
    const double held = shard->ran ? part + buffers : 0.0, bytes = (gradient ? 2.0 : 1.0) * part + buffers;
    const double there = (double)ent_memory_available_bytes() / shard->node_ranks + held;
    if (bytes <= there) return ENT_OK;
    return ent_memory_lacks(bytes, there,
                            "a part of 2^%d amplitudes, state%s and exchange, on each of %d ranks of a node,",
                            shard->plan->local_bits, gradient ? ", gradient" : "", shard->node_ranks);
}

static ent_status make_shared_bra(ent_shard *shard)
{
    const int me = ent_comm_rank(shard->group);
    ENT_TRY(ent_shared_new(shard->group, ent_state_part_bytes(shard->plan->base), 0, &shard->shared[1]));
    ENT_REQUIRE(shard->shared[1], ENT_ENOMEM, "gradient: no shared memory for a part of 2^%d amplitudes",
                shard->plan->local_bits);
    ent_state_worker_lend(shard->worker, ent_shared_part(shard->shared[0], me),
                          ent_shared_part(shard->shared[1], me));
    return ENT_OK;
}

/* Before the first gradient.  The same on all ranks. */
static ent_status make_bra(ent_shard *shard)
{
    if (shard->all_have_bras) return ENT_OK;
    const bool shared = shard->shared[0] != NULL;
    ent_status status = shard->worker->run.bra ? ENT_OK : check_memory(shard, 1);
    if (status == ENT_OK && !shared) status = ent_state_worker_back(shard->worker);
    status = ent_comm_agree(shard->group, status);
    if (status == ENT_OK && shared) status = make_shared_bra(shard);
    shard->all_have_bras = status == ENT_OK;
    return status;
}

static uint64_t process_of(const uint64_t *process, uint64_t number)
{
    uint64_t sum = 0;
    for (int b = 0; number >> b; b++)
        if (number >> b & 1) sum ^= process[b];
    return sum;
}

/* The numbers of this rank and of all others, segment by segment. */
static void number_ranks(ent_shard *shard)
{
    const shard_plan *plan = shard->plan;
    shard->rank[0] = (uint64_t)ent_comm_rank(shard->group);
    for (int b = 0; b < plan->rank_bits; b++) shard->process[0][b] = UINT64_C(1) << b;
    for (int s = 1; s < plan->segments; s++) {
        const shard_exchange *e = &plan->segment[s].before;
        shard->rank[s] = ent_shard_renamed(e, plan->rank_bits, shard->rank[s - 1]);
        for (int b = 0; b < plan->rank_bits; b++)
            shard->process[s][b] = process_of(shard->process[s - 1], e->rank_basis[b]);
    }
}

static ent_status fill(ent_shard *shard, const ent_circuit *circuit, const ent_program_inp *inp, int rank_bits)
{
    const state_kernels *kernels;
    const int threads = inp->threads > 0 ? inp->threads : omp_get_max_threads();
    ENT_TRY(ent_isa_state_kernels(inp->isa, inp->precision, &kernels));
    ENT_TRY(ent_shard_plan_new(circuit, &kernels->shape, rank_bits, &shard->plan));
    ENT_TRY(check_memory(shard, 0));
    const shard_plan *plan = shard->plan;
    ENT_TRY(ent_state_worker_new(plan->base, kernels, threads, &shard->worker));
    const int rotations = plan->base->list.rotations, values = plan->base->values;
    const int64_t part = INT64_C(2) << shard->worker->run.low_bits;
    int64_t most = rotations > values ? rotations : values;
    if (part > most) most = part;
    shard->rank = ent_alloc(plan->segments, sizeof *shard->rank);
    shard->process = ent_alloc(plan->segments, sizeof *shard->process);
    shard->exact = ent_alloc(most, sizeof *shard->exact);
    ENT_REQUIRE(shard->rank && shard->process && shard->exact, ENT_ENOMEM, "shards: no memory");
    number_ranks(shard);
    return ENT_OK;
}

/* Allocate the state: in shared memory if possible, with the future bra, else with buffers to send.  Collective. */
static ent_status place_state(ent_shard *shard)
{
    const size_t part = ent_state_part_bytes(shard->plan->base);
    if (shard->plan->segments > 1 && ent_shard_shares())
        ENT_TRY(ent_shared_new(shard->group, part, part, &shard->shared[0]));
    if (shard->shared[0])
        ent_state_worker_lend(shard->worker, ent_shared_part(shard->shared[0], ent_comm_rank(shard->group)), NULL);
    return ent_comm_agree(shard->group, ent_shard_buffers_new(shard->group, shard->plan->base, shard->worker->threads,
                                                              shard->shared[0] != NULL, &shard->buffers));
}

ent_status ent_shard_new(const ent_circuit *circuit, const ent_program_inp *inp, ent_comm *group, ent_shard **out)
{
    int rank_bits = 0;
    ENT_TRY(check_group(circuit, inp->precision, ent_comm_size(group), &rank_bits));
    const int node_ranks = ent_comm_node_ranks(group);
    ent_shard *shard = ent_alloc(1, sizeof *shard);
    ent_status status = shard ? ENT_OK : ent_fail(ENT_ENOMEM, "shards: no memory");
    if (shard) {
        shard->group = group;
        shard->node_ranks = node_ranks;
        status = fill(shard, circuit, inp, rank_bits);
    }
    status = ent_comm_agree(group, status);
    if (status == ENT_OK) status = place_state(shard);
    if (status != ENT_OK) {
        ent_shard_free(shard);
        return status;
    }
    *out = shard;
    return ENT_OK;
}

void ent_shard_free(ent_shard *shard)
{
    if (!shard) return;
    ent_state_worker_free(shard->worker);
    ent_shard_buffers_free(shard->buffers);
    for (int k = 0; k < 2; k++) ent_shared_free(shard->shared[k]);
    ent_shard_plan_free(shard->plan);
    ent_free(shard->rank);
    ent_free(shard->process);
    ent_free(shard->exact);
    ent_free(shard);
}

/* The slices of the exchange after segment s, forward and backward. */
static void slices_of(const shard_plan *plan, int s, int slices[2])
{
    const state_route *forward = &plan->segment[s].plan.forward, *back = &plan->segment[s + 1].plan.back;
    slices[0] = 1 << forward->pass[forward->passes - 1].slices.bits;
    slices[1] = 1 << back->pass[0].slices.bits;
}

void ent_shard_describe(const ent_shard *shard, ent_shard_info *info)
{
    const shard_plan *plan = shard->plan;
    *info = (ent_shard_info){.exchanges = plan->segments - 1,
                             .shared = shard->shared[0] != NULL,
                             .part_bytes = (double)ent_state_part_bytes(plan->base),
                             .sent_bytes = shard->buffers->moved_bytes,
                             .exchange_s = shard->sum_s + shard->buffers->spent_s,
                             .wait_s = shard->agree_s + shard->buffers->wait_s,
                             .overlap_s = shard->buffers->computed_under_s};
    for (int s = 0; s < plan->segments; s++) {
        info->passes += plan->segment[s].plan.forward.passes;
        info->back_passes += plan->segment[s].plan.back.passes;
        if (s + 1 == plan->segments) break;
        int slices[2];
        slices_of(plan, s, slices);
        for (int k = 0; k < 2; k++)
            if (slices[k] > info->slices) info->slices = slices[k];
    }
}

/* The exchange before segment s, of k bits, sends all but 2^-k of a part; backward, of both ket and bra.  All slices
 * but the last are sent while all slices but the first of a pass are computed. */
static void foresee_exchange(const shard_plan *plan, int s, double part, ent_shard_estimate *out)
{
    const double sent = part * (1.0 - ldexp(1.0, -plan->segment[s].before.bits));
    int slices[2];
    slices_of(plan, s - 1, slices);
    const double there = 1.0 - 1.0 / slices[0], back = 2.0 * (1.0 - 1.0 / slices[1]);
    out->sent_bytes += 3.0 * sent;
    out->overlap_sent_bytes += (there + back) * sent;
    out->overlap_moved_bytes += (there + back) * 2.0 * part;
}

/* A pass reads and writes the state; backward, ket and bra. */
ent_status ent_shard_foresee(const ent_circuit *circuit, const ent_program_inp *inp, int shards,
                             ent_shard_estimate *out)
{
    const state_kernels *kernels;
    shard_plan *plan;
    int rank_bits = 0;
    ENT_TRY(check_group(circuit, inp->precision, shards, &rank_bits));
    ENT_TRY(ent_isa_state_kernels(inp->isa, inp->precision, &kernels));
    ENT_TRY(ent_shard_plan_new(circuit, &kernels->shape, rank_bits, &plan));
    const double part = (double)ent_state_part_bytes(plan->base), buffers = shards > 1 ? part / 16.0 : 0.0;
    *out = (ent_shard_estimate){.exchanges = plan->segments - 1,
                                .part_bytes = part,
                                .forward_bytes = part + buffers,
                                .gradient_bytes = 2.0 * part + buffers};
    for (int s = 0; s < plan->segments; s++) {
        out->passes += plan->segment[s].plan.forward.passes;
        out->back_passes += plan->segment[s].plan.back.passes;
        if (s > 0) foresee_exchange(plan, s, part, out);
    }
    out->moved_bytes = 2.0 * part * (out->passes + 2.0 * out->back_passes);
    ent_shard_plan_free(plan);
    return ENT_OK;
}

/* ---- runs ---- */

/* Sum x [n] over the ranks.  Fails on all of them or on none. */
static ent_status sum_over_ranks(ent_shard *shard, double *x, int64_t n)
{
    memset(shard->exact, 0, (size_t)n * sizeof *shard->exact);
    const ent_status status = ent_exact_add(shard->exact, x, 1.0, n);
    const double begin = ent_clock_s();
    ENT_TRY(ent_comm_agree(shard->group, status));
    shard->agree_s += ent_clock_s() - begin;
    ent_comm_exact_sum(shard->group, shard->exact, n);
    for (int64_t k = 0; k < n; k++) x[k] = ent_exact_value(&shard->exact[k]);
    shard->sum_s += ent_clock_s() - begin;
    return ENT_OK;
}

static uint64_t outside(const ent_shard *shard, int segment)
{
    return shard->rank[segment] << shard->plan->local_bits;
}

static void look(void *shard, int slices)
{
    if (ent_shard_overlaps()) ent_shard_exchange_look(((ent_shard *)shard)->buffers, slices);
}

/* The exchange between the segment and the one before it, after this pass; and the callback while the pass runs. */
static state_between begin_exchange(ent_shard *shard, int segment, const state_pass *pass, void *state, void *other)
{
    const shard_exchange_inp inp = {.exchange = &shard->plan->segment[segment].before,
                                    .slices = &pass->slices,
                                    .rank = shard->rank[segment],
                                    .process = shard->process[segment],
                                    .rank_bits = shard->plan->rank_bits,
                                    .state = {state, other},
                                    .shared = {shard->shared[0], shard->shared[1]}};
    ent_shard_exchange_begin(shard->buffers, &inp);
    return (state_between){look, shard};
}

static ent_status run_forward(ent_shard *shard, const double *params, const double *data, int keep,
                              double *expectations)
{
    state_worker *w = shard->worker;
    const int segments = shard->plan->segments;
    w->run.plan = shard->plan->base;
    shard->ran = 1;
    ent_state_begin(w, params, data);
    for (int s = 0; s < segments; s++) {
        const state_plan *plan = &shard->plan->segment[s].plan;
        const int last = s == segments - 1;
        state_between between;
        if (!last)
            between = begin_exchange(shard, s + 1, &plan->forward.pass[plan->forward.passes - 1], w->run.ket, NULL);
        ent_state_forward(w, plan, outside(shard, s), s == 0, last, keep, last ? NULL : &between);
        if (!last) ent_shard_exchange_end(shard->buffers);
    }
    ENT_TRY(sum_over_ranks(shard, w->value, shard->plan->base->values));
    ent_state_read(w, expectations);
    return ENT_OK;
}

/* The high part of the contraction: every rank has its own piece and 0 elsewhere, so adding bits is exact. */
static ent_status sum_parts(ent_shard *shard)
{
    state_worker *w = shard->worker;
    const int64_t high = INT64_C(2) << (shard->plan->base->bits - w->run.low_bits);
    ENT_TRY(sum_over_ranks(shard, w->part[0], INT64_C(2) << w->run.low_bits));
    int64_t *bits = (int64_t *)(void *)w->part[1];
    ent_comm_sum(shard->group, bits, high);
    return ENT_OK;
}

static ent_status run_backward(ent_shard *shard)
{
    state_worker *w = shard->worker;
    const int segments = shard->plan->segments;
    ent_state_weigh(w, w->weights);
    for (int s = segments - 1; s >= 0; s--) {
        const state_plan *plan = &shard->plan->segment[s].plan;
        state_between between;
        if (s > 0) between = begin_exchange(shard, s, &plan->back.pass[0], w->run.ket, w->run.bra);
        ent_state_backward(w, plan, outside(shard, s), s == segments - 1, s == 0, s > 0 ? &between : NULL);
        if (s > 0) ent_shard_exchange_end(shard->buffers);
    }
    ent_state_contract(w, outside(shard, 0));
    ENT_TRY(sum_over_ranks(shard, w->slope, shard->plan->base->list.rotations));
    ENT_TRY(sum_parts(shard));
    w->run.plan = shard->plan->base;
    ent_state_prefix_slopes(w);
    return ENT_OK;
}

static const double *data_of(const ent_shard *shard, const ent_batch *batch, int64_t sample)
{
    return batch->angles ? batch->angles + sample * shard->plan->base->angles : NULL;
}

ent_status ent_shard_forward(ent_shard *shard, const ent_batch *batch, double *expectations)
{
    const int readouts = shard->plan->base->list.readouts;
    for (int64_t k = 0; k < batch->samples; k++)
        ENT_TRY(run_forward(shard, batch->params, data_of(shard, batch, k), 0, expectations + k * readouts));
    return ENT_OK;
}

ent_status ent_shard_gradient(ent_shard *shard, const ent_batch *batch, ent_cotangent *cotangent, void *context,
                              double *grad_params, double *grad_angles)
{
    const state_plan *base = shard->plan->base;
    state_worker *w = shard->worker;
    ENT_TRY(make_bra(shard));
    if (grad_angles) memset(grad_angles, 0, (size_t)(batch->samples * base->angles) * sizeof(double));
    for (int64_t k = 0; k < batch->samples; k++) {
        ENT_TRY(run_forward(shard, batch->params, data_of(shard, batch, k), 1, w->expectations));
        cotangent(context, k, 1, w->expectations, w->weights);
        ENT_TRY(run_backward(shard));
        ent_state_add_slopes(w, grad_params, grad_angles ? grad_angles + k * base->angles : NULL);
    }
    return ENT_OK;
}
