/* Registers distributed over ranks.
 *
 * Registers are assigned to ranks by cost.  Each rank simulates its registers and sends their values for a block of
 * samples, a few hundred numbers per sample, to all other ranks in one message.  From these, every rank computes all
 * readouts, the cotangent and the derivatives of the values, which costs little compared with the registers, and runs
 * its own registers backwards: only the gradient must be sent, once per batch.  Each of its entries belongs to one
 * rank and is 0 on the others, so adding bits is exact.
 *
 * Chunks, groups and sums are those of the pauli engine, and so are the bits, on any number of ranks.  A block has
 * enough chunks to justify the latency of a message; their states are kept for the backward sweep.
 *
 * A register that outgrows its rank is spread over all of them, as a state of its own (shard.c): all ranks get what
 * it reports, and its gradient, which runs it forward again, counts on rank 0 only. */
#include "registers.h"

#include <math.h>
#include <omp.h>
#include <string.h>

#include "engine/pauli/pauli_run.h"
#include "entente/clock.h"
#include "entente/memory.h"
#include "entente/shard.h"

/* Multiply-adds per sample below which every rank runs the circuit itself; the least for all registers in a block;
 * the most bytes for the states of a block (at least one chunk). */
static const double ALIKE_COST = 8e3, BLOCK_COST = 1e8, BLOCK_BYTES = 0x1p26;

struct ent_registers {
    ent_comm *group;
    pauli_engine *engine;
    int *owner, *values; /* [parts] the rank, or NOBODY; [ranks] numbers that the registers of each report */
    bool *mine, *spread; /* [parts] */
    bool *wave;          /* [form.waves] whose slopes this rank counts: the one that runs the register, or rank 0 */
    ent_shard **shard;   /* [parts] those that are spread */
    double *spare;       /* [params + angles + the most values] of one of these, */
    int spread_values;   /* and how many values it has */
    double share;
    int groups, block; /* groups of lanes in a chunk, chunks in a block */
    int threads, node_ranks;
    int forms, slots, backs;
    pauli_worker **form;   /* [threads] the first `forms` exist */
    pauli_worker **slot;   /* [block * groups] registers of one group of lanes; the first `slots` exist */
    size_t *bytes;         /* [ranks] of the current block */
    char *packed;          /* the values from all ranks for a block */
    double *partial, *sum; /* [block][partials], [partials] */
    double *load;          /* [ranks] what the registers of each cost */
    double sent_bytes, exchange_s;
};

/* A block of a call: chunks first..first+chunks-1; groups of lanes are numbered consecutively across them. */
typedef struct {
    const ent_batch *batch;
    int64_t first;
    int chunks;
} block_run;

enum { NOBODY = -1, UNDEALT = -2 };

static int always;
static double most_bytes = INFINITY;

void ent_registers_always(int on)
{
    always = on;
}

void ent_registers_limit(double bytes)
{
    most_bytes = bytes > 0.0 ? bytes : INFINITY;
}

/* ---- assignment to ranks ---- */

/* Whether two registers use one slot of parameters or data angles: sums over registers would then need an order. */
static ent_status slots_are_shared(const pauli_plan *plan, bool *shared)
{
    int *user = ent_alloc(plan->params + plan->angles, sizeof *user);
    ENT_REQUIRE(user, ENT_ENOMEM, "shards: no memory");
    *shared = false;
    for (int k = 0; k < plan->parts; k++)
        for (int64_t g = 0; g < plan->part[k].circuit->gates; g++) {
            const ent_angle *angle = &plan->part[k].circuit->gate[g].angle;
            if (angle->source != ENT_ANGLE_PARAM && angle->source != ENT_ANGLE_DATA) continue;
            int *by = &user[angle->slot + (angle->source == ENT_ANGLE_DATA ? plan->params : 0)];
            *shared |= *by != 0 && *by != k + 1;
            *by = k + 1;
        }
    ent_free(user);
    return ENT_OK;
}

/* The costliest register that is not assigned; UNDEALT: there is none. */
static int costliest(const pauli_plan *plan, const int *owner)
{
    int part = UNDEALT;
    for (int k = 0; k < plan->parts; k++)
        if (owner[k] == UNDEALT &&
            (part < 0 || ent_pauli_part_cost(&plan->part[k]) > ent_pauli_part_cost(&plan->part[part])))
            part = k;
    return part;
}

/* The costliest register first, each to the rank with the least load, or those that are spread (NULL: none) to all;
 * load [ranks]: what the registers of each cost.  Returns what all cost. */
static double deal(const pauli_plan *plan, const bool *spread, int ranks, int *owner, double *load)
{
    double all = 0.0;
    for (int k = 0; k < ranks; k++) load[k] = 0.0;
    for (int k = 0; k < plan->parts; k++) owner[k] = UNDEALT;
    for (int part; (part = costliest(plan, owner)) >= 0;) {
        const double cost = ent_pauli_part_cost(&plan->part[part]);
        int rank = 0;
        all += cost;
        if (spread && spread[part]) {
            owner[part] = NOBODY;
            for (int k = 0; k < ranks; k++) load[k] += cost / ranks;
            continue;
        }
        for (int k = 1; k < ranks; k++)
            if (load[k] < load[rank]) rank = k;
        owner[part] = rank;
        load[rank] += cost;
    }
    return all;
}

static bool is_alike(const pauli_plan *plan, bool shared, double cost)
{
    return shared || plan->parts < 2 || (cost < ALIKE_COST && !always);
}

/* Groups of lanes in a chunk, and chunks in a block.  They must be the same on all ranks, so they are computed as if
 * one rank held all registers; cost: of these, per sample. */
static void cut_blocks(const pauli_engine *engine, double cost, int *groups, int *block)
{
    double count[2];
    const double chunk = cost * engine->chunk;
    ent_pauli_worker_bytes(engine, NULL, count);
    *groups = engine->large ? 1 : engine->chunk / engine->kernels->lanes;
    *block = 1;
    while (*block < 256 && *block * chunk < BLOCK_COST && 2.0 * *block * *groups * count[1] <= BLOCK_BYTES)
        *block *= 2;
    if (!engine->large && *block < engine->threads) *block = engine->threads;
}

/* ---- new ---- */

static ent_status check_memory(const ent_registers *r)
{
    double bytes[2];
    const int size = ent_comm_size(r->group);
    ent_pauli_worker_bytes(r->engine, r->mine, bytes);
    for (int k = 0; k < r->engine->plan->parts; k++)
        if (r->spread[k]) bytes[1] += 2.1 * (double)ent_state_part_bytes(r->engine->plan->part[k].large) / size;
    const double there = fmin((double)ent_memory_available_bytes() / r->node_ranks, most_bytes);
    if (bytes[1] <= there) return ENT_OK;
    return ent_memory_lacks(bytes[1], there,
                            "registers of a fused circuit, states and gradients, on each of %d ranks of a node,",
                            r->node_ranks);
}

static ent_status fill_engine(ent_registers *r, const ent_circuit *circuit, const ent_program_inp *inp, bool *shared)
{
    const int ranks = ent_comm_size(r->group);
    ENT_TRY(ent_pauli_engine_new(circuit, inp, &r->engine));
    const pauli_plan *plan = r->engine->plan;
    r->owner = ent_alloc(plan->parts, sizeof *r->owner);
    r->mine = ent_alloc(plan->parts, sizeof *r->mine);
    r->spread = ent_alloc(plan->parts, sizeof *r->spread);
    r->shard = ent_alloc(plan->parts, sizeof *r->shard);
    r->values = ent_alloc(ranks, sizeof *r->values);
    r->bytes = ent_alloc(ranks, sizeof *r->bytes);
    r->load = ent_alloc(ranks, sizeof *r->load);
    r->wave = ent_alloc(plan->form.waves, sizeof *r->wave);
    const bool there = r->owner && r->mine && r->spread && r->shard && r->values && r->bytes && r->load && r->wave;
    r->threads = r->engine->large ? 1 : r->engine->threads;
    return there ? slots_are_shared(plan, shared) : ent_fail(ENT_ENOMEM, "shards: no memory");
}

/* The rank whose registers read a data angle, so that a slope of theirs is added to in the same order; or 0. */
static int rank_of_angle(const ent_registers *r, int slot)
{
    const pauli_plan *plan = r->engine->plan;
    for (int k = 0; k < plan->parts; k++)
        for (int64_t g = 0; g < plan->part[k].circuit->gates && r->owner[k] != NOBODY; g++) {
            const ent_angle *angle = &plan->part[k].circuit->gate[g].angle;
            if (angle->source == ENT_ANGLE_DATA && angle->slot == slot) return r->owner[k];
        }
    return 0;
}

/* Returns what all registers cost. */
static double deal_out(ent_registers *r)
{
    const pauli_plan *plan = r->engine->plan;
    const int ranks = ent_comm_size(r->group), me = ent_comm_rank(r->group);
    const double all = deal(plan, r->spread, ranks, r->owner, r->load);
    memset(r->values, 0, (size_t)ranks * sizeof *r->values);
    for (int k = 0; k < plan->parts; k++) {
        if (r->owner[k] != NOBODY) r->values[r->owner[k]] += plan->part[k].values;
        r->mine[k] = r->owner[k] == me;
    }
    for (int64_t k = 0; k < plan->form.waves; k++)
        r->wave[k] = rank_of_angle(r, plan->late.angle[plan->form.wave[k].angle].slot) == me;
    r->share = all > 0.0 ? r->load[me] / all : 0.0;
    return all;
}

/* Spread the largest register that can be spread and is not yet; false: there is none. */
static bool spread_one(ent_registers *r)
{
    const pauli_plan *plan = r->engine->plan;
    const int ranks = ent_comm_size(r->group);
    int best = -1;
    for (int k = 0; k < plan->parts; k++) {
        const int qubits = plan->part[k].circuit->qubits;
        if (!plan->part[k].large || r->spread[k] || ranks > INT64_C(1) << (qubits - 1)) continue;
        if (best < 0 || qubits > plan->part[best].circuit->qubits) best = k;
    }
    if (best < 0 || (ranks & (ranks - 1)) != 0) return false;
    r->spread[best] = true;
    return true;
}

static ent_status make_room(ent_registers *r, double all)
{
    const pauli_plan *plan = r->engine->plan;
    const int64_t partials = plan->params + plan->form.entries;
    int64_t values = 0, most = 0;
    cut_blocks(r->engine, all, &r->groups, &r->block);
    for (int k = 0; k < ent_comm_size(r->group); k++) values += r->values[k];
    for (int k = 0; k < plan->parts; k++)
        if (plan->part[k].values > most) most = plan->part[k].values;
    r->form = ent_alloc(r->threads, sizeof *r->form);
    r->slot = ent_alloc(r->block * r->groups, sizeof *r->slot);
    r->packed = ent_alloc(values * r->block * r->groups * r->engine->kernels->lanes, sizeof(double));
    r->partial = ent_alloc(partials * r->block, sizeof *r->partial);
    r->sum = ent_alloc(partials, sizeof *r->sum);
    r->spare = ent_alloc(plan->params + plan->angles + most, sizeof *r->spare);
    ENT_REQUIRE(r->form && r->slot && r->packed && r->partial && r->sum && r->spare, ENT_ENOMEM, "shards: no memory");
    return ENT_OK;
}

/* Registers that outgrow their rank are spread, the largest first, until all fit. */
static ent_status fit(ent_registers *r, const ent_program_inp *inp, double all, bool *outgrown)
{
    const pauli_plan *plan = r->engine->plan;
    ent_program_inp own = *inp;
    own.team = NULL;
    ent_status status = ent_comm_agree(r->group, check_memory(r));
    while (status != ENT_OK && spread_one(r)) {
        deal_out(r);
        status = ent_comm_agree(r->group, check_memory(r));
    }
    *outgrown = status != ENT_OK;
    ENT_TRY(status);
    ENT_TRY(ent_comm_agree(r->group, make_room(r, all)));
    for (int k = 0; k < plan->parts; k++)
        if (r->spread[k]) ENT_TRY(ent_shard_new(plan->part[k].circuit, &own, r->group, &r->shard[k]));
    return ENT_OK;
}

ent_status ent_registers_new(const ent_circuit *circuit, const ent_program_inp *inp, ent_comm *group, bool *outgrown,
                             ent_registers **out)
{
    bool shared = false, alike = false;
    const int node_ranks = ent_comm_node_ranks(group);
    ent_registers *r = ent_alloc(1, sizeof *r);
    ent_status status = r ? ENT_OK : ent_fail(ENT_ENOMEM, "shards: no memory");
    if (r) {
        r->group = group;
        r->node_ranks = node_ranks;
        status = fill_engine(r, circuit, inp, &shared);
    }
    status = ent_comm_agree(group, status);
    *outgrown = false;
    if (status == ENT_OK) {
        const double all = deal_out(r);
        alike = is_alike(r->engine->plan, shared, all);
        if (!alike) status = fit(r, inp, all, outgrown);
    }
    *out = NULL;
    if (status != ENT_OK || alike) {
        ent_registers_free(r);
        return status;
    }
    *out = r;
    return ENT_OK;
}

void ent_registers_free(ent_registers *r)
{
    if (!r) return;
    for (int k = 0; k < r->forms; k++) ent_pauli_worker_free(r->form[k]);
    for (int k = 0; k < r->slots; k++) ent_pauli_worker_free(r->slot[k]);
    ent_free(r->form);
    ent_free(r->slot);
    ent_free(r->owner);
    ent_free(r->mine);
    ent_free(r->wave);
    for (int k = 0; r->shard && k < r->engine->plan->parts; k++) ent_shard_free(r->shard[k]);
    ent_free(r->shard);
    ent_free(r->spread);
    ent_free(r->spare);
    ent_free(r->load);
    ent_free(r->values);
    ent_free(r->bytes);
    ent_free(r->packed);
    ent_free(r->partial);
    ent_free(r->sum);
    ent_pauli_engine_free(r->engine);
    ent_free(r);
}

void ent_registers_describe(const ent_registers *r, ent_registers_info *info)
{
    *info = (ent_registers_info){.registers = r->engine->plan->parts,
                                 .share = r->share,
                                 .sent_bytes = r->sent_bytes,
                                 .exchange_s = r->exchange_s};
    for (int k = 0; k < r->engine->plan->parts; k++) {
        info->mine += r->mine[k];
        info->spread += r->spread[k];
    }
}

/* The largest memory of a rank, and the largest message of a rank per sample. */
static void foresee_ranks(const pauli_engine *engine, int shards, int workers, const int *owner, bool *mine,
                          ent_shard_estimate *out)
{
    const pauli_plan *plan = engine->plan;
    const double real = engine->batch->shape.real_bytes;
    for (int rank = 0; rank < shards; rank++) {
        double bytes[2], sent = 0.0;
        for (int k = 0; k < plan->parts; k++) {
            mine[k] = owner[k] == rank;
            if (mine[k]) sent += real * plan->part[k].values * (shards - 1);
        }
        ent_pauli_worker_bytes(engine, mine, bytes);
        out->forward_bytes = fmax(out->forward_bytes, workers * bytes[0]);
        out->gradient_bytes = fmax(out->gradient_bytes, workers * bytes[1]);
        out->sent_bytes = fmax(out->sent_bytes, sent);
    }
}

ent_status ent_registers_foresee(const ent_circuit *circuit, const ent_program_inp *inp, int shards,
                                 ent_shard_estimate *out, double *share)
{
    pauli_engine *engine = NULL;
    bool shared = false;
    ENT_TRY(ent_pauli_engine_new(circuit, inp, &engine));
    const int parts = engine->plan->parts;
    int *owner = ent_alloc(parts, sizeof *owner);
    bool *mine = ent_alloc(parts, sizeof *mine);
    double *load = ent_alloc(shards, sizeof *load);
    ent_status status = owner && mine && load ? slots_are_shared(engine->plan, &shared)
                                              : ent_fail(ENT_ENOMEM, "shards: no memory");
    *out = (ent_shard_estimate){.exchanges = 1};
    *share = 1.0;
    if (status == ENT_OK) {
        const double all = deal(engine->plan, NULL, shards, owner, load);
        const bool alike = shards < 2 || is_alike(engine->plan, shared, all);
        for (int k = 0; k < parts && alike; k++) owner[k] = 0;
        if (!alike) *share = 0.0;
        for (int k = 0; k < shards && !alike; k++) *share = fmax(*share, load[k] / all);
        int groups = 1, workers = engine->large ? 1 : engine->threads;
        if (alike) out->exchanges = 0;
        if (!alike) cut_blocks(engine, all, &groups, &workers);
        foresee_ranks(engine, alike ? 1 : shards, workers * groups, owner, mine, out);
        out->part_bytes = out->forward_bytes;
    }
    ent_free(owner);
    ent_free(mine);
    ent_free(load);
    ent_pauli_engine_free(engine);
    return status;
}

/* ---- workers ---- */

static ent_status grow(ent_registers *r, int slots, bool back)
{
    for (; r->forms < r->threads; r->forms++)
        ENT_TRY(ent_pauli_worker_new(r->engine, NULL, PAULI_FORM, &r->form[r->forms]));
    for (; r->slots < slots; r->slots++)
        ENT_TRY(ent_pauli_worker_new(r->engine, r->mine, PAULI_REGISTERS, &r->slot[r->slots]));
    for (; back && r->backs < slots; r->backs++) ENT_TRY(ent_pauli_worker_back(r->engine, r->slot[r->backs]));
    return ENT_OK;
}

/* Allocate the memory of a batch, on all ranks or on none: all of them grow in the same calls. */
static ent_status make_workers(ent_registers *r, int64_t chunks, bool back)
{
    const int slots = (chunks < r->block ? (int)chunks : r->block) * r->groups;
    if (slots <= r->slots && (!back || slots <= r->backs)) return ENT_OK;
    return ent_comm_agree(r->group, grow(r, slots, back));
}

/* ---- a block ---- */

static int64_t sample_of(const ent_registers *r, const block_run *b, int g)
{
    return (b->first + g / r->groups) * r->engine->chunk + (int64_t)(g % r->groups) * r->engine->kernels->lanes;
}

/* The number of samples of its chunk from the beginning of group g on; 0: there is no such group. */
static int64_t left_at(const ent_registers *r, const block_run *b, int g)
{
    const int64_t end = (b->first + g / r->groups + 1) * r->engine->chunk;
    const int64_t left = (end < b->batch->samples ? end : b->batch->samples) - sample_of(r, b, g);
    return left > 0 ? left : 0;
}

/* The data angles from the first sample of group g on. */
static const double *angles_at(const ent_registers *r, const block_run *b, int g)
{
    return b->batch->angles ? b->batch->angles + sample_of(r, b, g) * r->engine->plan->angles : NULL;
}

static void group_forward(const ent_registers *r, const block_run *b, int g, bool keep)
{
    const int64_t left = left_at(r, b, g);
    if (left == 0) return;
    const int count = ent_pauli_worker_use(r->engine, r->slot[g], left, NULL);
    ent_pauli_registers_forward(r->engine, r->slot[g], angles_at(r, b, g), count, keep);
}

/* Copy values between the slots and `packed`, which is ordered by rank and then by group; out: from the slots of this
 * rank's registers, else to those of all others. */
static void copy_values(ent_registers *r, const block_run *b, bool out)
{
    const pauli_plan *plan = r->engine->plan;
    const size_t real = (size_t)r->engine->batch->shape.real_bytes;
    const int ranks = ent_comm_size(r->group), me = ent_comm_rank(r->group);
    char *at = r->packed;
    for (int rank = 0; rank < ranks; at += r->bytes[rank++]) {
        if ((rank == me) != out) continue;
        char *packed = at;
        for (int g = 0; g < b->chunks * r->groups; g++)
            for (int k = 0; k < plan->parts; k++) {
                if (r->owner[k] != rank || left_at(r, b, g) == 0) continue;
                const size_t bytes = (size_t)(plan->part[k].values * r->slot[g]->kernels->lanes) * real;
                memcpy(out ? packed : r->slot[g]->value[k], out ? r->slot[g]->value[k] : packed, bytes);
                packed += bytes;
            }
    }
}

static void exchange(ent_registers *r, const block_run *b)
{
    const double begin = ent_clock_s();
    const int ranks = ent_comm_size(r->group);
    size_t lanes = 0;
    for (int g = 0; g < b->chunks * r->groups; g++)
        if (left_at(r, b, g) > 0) lanes += (size_t)r->slot[g]->kernels->lanes;
    for (int k = 0; k < ranks; k++)
        r->bytes[k] = lanes * (size_t)r->values[k] * (size_t)r->engine->batch->shape.real_bytes;
    copy_values(r, b, true);
    ent_comm_share(r->group, r->packed, r->bytes);
    copy_values(r, b, false);
    r->sent_bytes += (double)r->bytes[ent_comm_rank(r->group)];
    r->exchange_s += ent_clock_s() - begin;
}

static ent_batch one_sample(const ent_registers *r, const block_run *b, int g)
{
    return (ent_batch){1, angles_at(r, b, g), b->batch->params};
}

/* The registers that are spread; chunks are of one sample then. */
static ent_status spread_forward(ent_registers *r, const block_run *b)
{
    for (int g = 0; g < b->chunks * r->groups; g++)
        for (int k = 0; k < r->engine->plan->parts; k++) {
            if (!r->shard[k] || left_at(r, b, g) == 0) continue;
            const ent_batch one = one_sample(r, b, g);
            ENT_TRY(ent_shard_forward(r->shard[k], &one, r->spare));
            ent_pauli_set_values(r->engine, r->slot[g], k, r->spare);
        }
    return ENT_OK;
}

/* Run all registers of a block, and distribute their values to every rank. */
static ent_status registers_forward(ent_registers *r, const block_run *b, bool keep)
{
    const int groups = b->chunks * r->groups;
    if (r->threads == 1) {
        for (int g = 0; g < groups; g++) group_forward(r, b, g, keep);
    } else {
#pragma omp parallel for schedule(dynamic) num_threads(r->threads)
        for (int g = 0; g < groups; g++) group_forward(r, b, g, keep);
    }
    ENT_TRY(spread_forward(r, b));
    exchange(r, b);
    return ENT_OK;
}

static block_run block_at(const ent_registers *r, const ent_batch *batch, int64_t first)
{
    const int64_t left = (batch->samples + r->engine->chunk - 1) / r->engine->chunk - first;
    return (block_run){batch, first, left < r->block ? (int)left : r->block};
}

static int64_t chunks_of(const ent_registers *r, const ent_batch *batch)
{
    return (batch->samples + r->engine->chunk - 1) / r->engine->chunk;
}

/* ---- forward ---- */

static void chunk_readouts(const ent_registers *r, const block_run *b, int c, double *expectations)
{
    pauli_worker *w = r->form[r->threads > 1 ? omp_get_thread_num() : 0];
    for (int g = c * r->groups; g < (c + 1) * r->groups; g++) {
        const int64_t left = left_at(r, b, g);
        if (left == 0) return;
        const int count = ent_pauli_worker_use(r->engine, w, left, NULL);
        w->value = r->slot[g]->value;
        w->kernels->forward(r->engine->plan, w, angles_at(r, b, g), count,
                            expectations + sample_of(r, b, g) * r->engine->plan->readouts);
        w->value = NULL;
    }
}

ent_status ent_registers_forward(ent_registers *r, const ent_batch *batch, double *expectations)
{
    const int64_t chunks = chunks_of(r, batch);
    ENT_TRY(make_workers(r, chunks, false));
    ent_pauli_engine_prepare(r->engine, batch->params);
    for (int64_t first = 0; first < chunks; first += r->block) {
        const block_run b = block_at(r, batch, first);
        ENT_TRY(registers_forward(r, &b, false));
#pragma omp parallel for schedule(dynamic) num_threads(r->threads) if (r->threads > 1)
        for (int c = 0; c < b.chunks; c++) chunk_readouts(r, &b, c, expectations);
    }
    return ENT_OK;
}

/* ---- gradient ---- */

typedef struct {
    ent_cotangent *cotangent;
    void *context;
    double *grad_angles;
} gradient_out;

static void chunk_back(const ent_registers *r, const block_run *b, int c, const gradient_out *out)
{
    const pauli_plan *plan = r->engine->plan;
    const int64_t partials = plan->params + plan->form.entries;
    double *partial = r->partial + c * partials, *by_entry = partial + plan->params;
    pauli_worker *w = r->form[r->threads > 1 ? omp_get_thread_num() : 0];
    memset(partial, 0, (size_t)partials * sizeof *partial);
    for (int g = c * r->groups; g < (c + 1) * r->groups; g++) {
        const int64_t left = left_at(r, b, g), sample = sample_of(r, b, g);
        if (left == 0) break;
        const int count = ent_pauli_worker_use(r->engine, w, left, by_entry);
        w->value = r->slot[g]->value;
        double *slopes = out->grad_angles ? out->grad_angles + sample * plan->angles : NULL;
        w->kernels->forward(plan, w, angles_at(r, b, g), count, w->expectations);
        out->cotangent(out->context, sample, count, w->expectations, w->weights);
        w->kernels->backward(plan, w, count, w->weights);
        w->value = NULL;
        ent_pauli_registers_backward(r->engine, r->slot[g], count, partial, slopes);
        ent_pauli_add_waves(plan, w, r->wave, count, slopes);
    }
    w->kernels->collect(plan, w, by_entry);
}

/* The weights are known: `context`. */
static void given_weights(void *context, int64_t first, int64_t count, const double *expectations, double *weights)
{
    const ent_registers *r = context;
    (void)first, (void)count, (void)expectations;
    memcpy(weights, r->spare + r->engine->plan->params + r->engine->plan->angles,
           (size_t)r->spread_values * sizeof *weights);
}

/* The registers that are spread, on the way back; what they add counts on rank 0. */
static ent_status spread_back(ent_registers *r, const block_run *b, const gradient_out *out)
{
    const pauli_plan *plan = r->engine->plan;
    double *by_params = r->spare, *by_angles = by_params + plan->params, *weights = by_angles + plan->angles;
    const int me = ent_comm_rank(r->group);
    for (int g = 0; g < b->chunks * r->groups; g++)
        for (int k = 0; k < plan->parts; k++) {
            if (!r->shard[k] || left_at(r, b, g) == 0) continue;
            const ent_batch one = one_sample(r, b, g);
            double *partial = r->partial + g * (plan->params + plan->form.entries);
            double *angles = out->grad_angles ? out->grad_angles + sample_of(r, b, g) * plan->angles : NULL;
            r->spread_values = plan->part[k].values;
            ent_pauli_get_values(r->engine, r->slot[g], k, weights);
            memset(by_params, 0, (size_t)plan->params * sizeof *by_params);
            ENT_TRY(ent_shard_gradient(r->shard[k], &one, given_weights, r, by_params, by_angles));
            for (int j = 0; me == 0 && j < plan->params; j++) partial[j] += by_params[j];
            for (int j = 0; me == 0 && angles && j < plan->angles; j++) angles[j] += by_angles[j];
        }
    return ENT_OK;
}

/* Sum numbers that are 0 on all ranks but one: as integers. */
static void join(ent_registers *r, double *x, int64_t n)
{
    const double begin = ent_clock_s();
    int64_t *bits = (int64_t *)(void *)x;
    ent_comm_sum(r->group, bits, n);
    r->sent_bytes += (double)n * sizeof *x;
    r->exchange_s += ent_clock_s() - begin;
}

ent_status ent_registers_gradient(ent_registers *r, const ent_batch *batch, ent_cotangent *cotangent, void *context,
                                  double *grad_params, double *grad_angles)
{
    const pauli_plan *plan = r->engine->plan;
    const int64_t chunks = chunks_of(r, batch), partials = plan->params + plan->form.entries;
    const gradient_out out = {cotangent, context, grad_angles};
    ENT_TRY(make_workers(r, chunks, true));
    if (grad_angles) memset(grad_angles, 0, (size_t)(batch->samples * plan->angles) * sizeof *grad_angles);
    ent_pauli_engine_prepare(r->engine, batch->params);
    for (int64_t first = 0; first < chunks; first += r->block) {
        const block_run b = block_at(r, batch, first);
        ENT_TRY(registers_forward(r, &b, true));
#pragma omp parallel for schedule(dynamic) num_threads(r->threads) if (r->threads > 1)
        for (int c = 0; c < b.chunks; c++) chunk_back(r, &b, c, &out);
        ENT_TRY(spread_back(r, &b, &out));
        for (int c = 0; c < b.chunks; c++)
            for (int64_t k = 0; k < partials; k++)
                r->sum[k] = first + c == 0 ? r->partial[k] : r->sum[k] + r->partial[c * partials + k];
    }
    join(r, r->sum, plan->params);
    if (grad_angles) join(r, grad_angles, batch->samples * plan->angles);
    for (int k = 0; k < plan->params; k++) grad_params[k] += r->sum[k];
    ent_pauli_plan_collect(plan, r->sum + plan->params, grad_params);
    return ENT_OK;
}
