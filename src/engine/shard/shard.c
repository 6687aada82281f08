/* Runs a shard_plan: segments and exchanges, forwards and backwards, and sums over ranks.
 *
 * Sums over ranks are exact (exact.h), so that all ranks have the same bits. */
#include "entente/shard.h"

#include <math.h>
#include <omp.h>
#include <string.h>

#include "../isa.h"
#include "../state_worker.h"
#include "entente/clock.h"
#include "entente/memory.h"
#include "exchange.h"

struct ent_shard {
    ent_comm *group;
    shard_plan *plan;
    state_worker *worker;
    shard_buffers *buffers;
    uint64_t *rank;          /* [segments] this rank's number in the segment's coordinates */
    uint64_t (*process)[32]; /* [segments][rank bits] the rank of the group that has the number 1 << b */
    ent_exact *exact;        /* room for a sum over ranks */
    int node_ranks;          /* ranks of this node */
    int ran, all_have_bras;  /* the state has been written to; every rank has a second one */
    double exchange_s;       /* seconds in exchanges and sums */
};

/* ---- new ---- */

static ent_status check_group(const ent_circuit *circuit, int size, int *rank_bits)
{
    ENT_REQUIRE((size & (size - 1)) == 0, ENT_EARG, "%d shards, want a power of two", size);
    *rank_bits = __builtin_ctz((unsigned)size);
    ENT_REQUIRE(*rank_bits == 0 || *rank_bits < circuit->qubits, ENT_EARG,
                "%d shards of a state of %d qubits, want at most half as many as its amplitudes", size,
                circuit->qubits);
    return ENT_OK;
}

/* Ranks of one node share its memory.  What has been written to is this rank's already. */
static ent_status check_memory(const ent_shard *shard, int gradient)
{
    const double part = (double)ent_state_part_bytes(shard->plan->base), buffers = part / 16;
    const double held = shard->ran ? part + buffers : 0.0, bytes = (gradient ? 2.0 : 1.0) * part + buffers;
    const double there = (double)ent_memory_available_bytes() / shard->node_ranks + held;
    char need[32], have[32];
    ENT_REQUIRE(bytes <= there, ENT_ENOMEM,
                "a part of 2^%d amplitudes needs %.0f bytes (%s) for state%s and exchange, and %.0f bytes (%s) are "
                "there for each of %d ranks of the node",
                shard->plan->local_bits, bytes, ent_bytes_text(bytes, need), gradient ? ", gradient" : "", there,
                ent_bytes_text(there, have), shard->node_ranks);
    return ENT_OK;
}

/* Before the first gradient.  The same on all ranks. */
static ent_status make_bra(ent_shard *shard)
{
    if (shard->all_have_bras) return ENT_OK;
    ent_status status = shard->worker->run.bra ? ENT_OK : check_memory(shard, 1);
    if (status == ENT_OK) status = ent_state_worker_back(shard->worker);
    status = ent_comm_agree(shard->group, status);
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

/* This rank's number and everyone's, segment by segment. */
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
    ENT_TRY(ent_shard_buffers_new(shard->group, plan->base, shard->worker->threads, &shard->buffers));
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

ent_status ent_shard_new(const ent_circuit *circuit, const ent_program_inp *inp, ent_comm *group, ent_shard **out)
{
    int rank_bits = 0;
    ENT_TRY(check_group(circuit, ent_comm_size(group), &rank_bits));
    const int node_ranks = ent_comm_node_ranks(group);
    ent_shard *shard = ent_alloc(1, sizeof *shard);
    ent_status status = shard ? ENT_OK : ent_fail(ENT_ENOMEM, "shards: no memory");
    if (shard) {
        shard->group = group;
        shard->node_ranks = node_ranks;
        status = fill(shard, circuit, inp, rank_bits);
    }
    status = ent_comm_agree(group, status);
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
    ent_shard_plan_free(shard->plan);
    ent_free(shard->rank);
    ent_free(shard->process);
    ent_free(shard->exact);
    ent_free(shard);
}

void ent_shard_describe(const ent_shard *shard, ent_shard_info *info)
{
    *info = (ent_shard_info){.exchanges = shard->plan->segments - 1,
                             .part_bytes = (double)ent_state_part_bytes(shard->plan->base),
                             .sent_bytes = shard->buffers->moved_bytes,
                             .exchange_s = shard->exchange_s,
                             .wait_s = shard->buffers->wait_s};
    for (int s = 0; s < shard->plan->segments; s++) {
        info->passes += shard->plan->segment[s].plan.forward.passes;
        info->back_passes += shard->plan->segment[s].plan.back.passes;
    }
}

/* A pass reads and writes the state, on the way back ket and bra; an exchange of k bits sends all but 2^-k of a part,
 * on the way back of both. */
ent_status ent_shard_foresee(const ent_circuit *circuit, const ent_program_inp *inp, int shards,
                             ent_shard_estimate *out)
{
    const state_kernels *kernels;
    shard_plan *plan;
    int rank_bits = 0;
    ENT_TRY(check_group(circuit, shards, &rank_bits));
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
        out->sent_bytes += 3.0 * part * (1.0 - ldexp(1.0, -plan->segment[s].before.bits));
    }
    out->moved_bytes = 2.0 * part * (out->passes + 2.0 * out->back_passes);
    ent_shard_plan_free(plan);
    return ENT_OK;
}

/* ---- runs ---- */

/* x [n] summed over the ranks.  The same failure on all of them, or none. */
static ent_status sum_over_ranks(ent_shard *shard, double *x, int64_t n)
{
    memset(shard->exact, 0, (size_t)n * sizeof *shard->exact);
    const ent_status status = ent_exact_add(shard->exact, x, 1.0, n);
    const double begin = ent_clock_s();
    ENT_TRY(ent_comm_agree(shard->group, status));
    shard->buffers->wait_s += ent_clock_s() - begin;
    ent_comm_exact_sum(shard->group, shard->exact, n);
    for (int64_t k = 0; k < n; k++) x[k] = ent_exact_value(&shard->exact[k]);
    shard->exchange_s += ent_clock_s() - begin;
    return ENT_OK;
}

static uint64_t outside(const ent_shard *shard, int segment)
{
    return shard->rank[segment] << shard->plan->local_bits;
}

static void exchange(ent_shard *shard, int segment, void *state)
{
    const double begin = ent_clock_s();
    ent_shard_exchange(shard->buffers, &shard->plan->segment[segment].before, shard->rank[segment],
                       shard->process[segment], shard->plan->rank_bits, state);
    shard->exchange_s += ent_clock_s() - begin;
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
        if (s > 0) exchange(shard, s, w->run.ket);
        ent_state_forward(w, &shard->plan->segment[s].plan, outside(shard, s), s == 0, s == segments - 1, keep);
    }
    ENT_TRY(sum_over_ranks(shard, w->value, shard->plan->base->values));
    ent_state_read(w, expectations);
    return ENT_OK;
}

/* The high part of the contraction: every rank has its own piece, and 0 elsewhere, so adding bits is exact. */
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
        ent_state_backward(w, &shard->plan->segment[s].plan, outside(shard, s), s == segments - 1, s == 0);
        if (s > 0) exchange(shard, s, w->run.ket);
        if (s > 0) exchange(shard, s, w->run.bra);
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
