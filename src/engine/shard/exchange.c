/* An exchange, partner by partner and piece by piece: while one piece is under way, the one before it is unpacked and
 * the next is packed, across partners.
 *
 * With the partner whose number differs by delta, this rank swaps the amplitudes at those local indices a whose signs
 * are rho_i(a) = r_i ^ delta_i.  Both go through them in the order of x, which is a without the bits b_i; so what
 * comes is put where what went was, and no second copy of the state is needed.  Costs: each amplitude that moves is
 * sent once; 2^-k of them stay. */
#include "exchange.h"

#include <string.h>

#include "entente/clock.h"
#include "entente/memory.h"

enum { MOST_BYTES = 1 << 24 };

ent_status ent_shard_buffers_new(ent_comm *comm, const state_plan *plan, int threads, shard_buffers **out)
{
    shard_buffers *b = ent_alloc(1, sizeof *b);
    ENT_REQUIRE(b, ENT_ENOMEM, "shards: no memory");
    const size_t amplitude = (size_t)(2 * plan->shape.real_bytes);
    size_t bytes = (amplitude << plan->local_bits) / (16 * 2 * SHARD_SLOTS);
    if (bytes > MOST_BYTES) bytes = MOST_BYTES;
    *b = (shard_buffers){.comm = comm,
                         .threads = threads,
                         .local_bits = plan->local_bits,
                         .lane_bits = plan->shape.lane_bits,
                         .real_bytes = plan->shape.real_bytes,
                         .bytes = bytes < amplitude ? amplitude : bytes};
    ent_status status = ENT_OK;
    for (int s = 0; s < SHARD_SLOTS && status == ENT_OK; s++) {
        b->slot[s].send = ent_alloc((int64_t)b->bytes, 1);
        b->slot[s].recv = ent_alloc((int64_t)b->bytes, 1);
        if (!b->slot[s].send || !b->slot[s].recv) status = ent_fail(ENT_ENOMEM, "shards: no memory for buffers");
        if (status == ENT_OK) status = ent_swap_new(comm, &b->slot[s].swap);
    }
    if (status != ENT_OK) {
        ent_shard_buffers_free(b);
        return status;
    }
    *out = b;
    return ENT_OK;
}

void ent_shard_buffers_free(shard_buffers *b)
{
    if (!b) return;
    for (int s = 0; s < SHARD_SLOTS; s++) {
        ent_free(b->slot[s].send);
        ent_free(b->slot[s].recv);
        ent_swap_free(b->slot[s].swap);
    }
    ent_free(b);
}

/* The indices that are swapped with one partner, in units of 2^unit_bits that are contiguous in memory. */
typedef struct {
    const shard_exchange *exchange;
    uint64_t wanted; /* bit i: the sign rho_i */
    int unit_bits;
    uint64_t holes; /* the bits b_i */
    int64_t units;
} selection;

/* The first index of unit number `unit`. */
static uint64_t index_of(const selection *s, int64_t unit)
{
    uint64_t a = (uint64_t)unit << s->unit_bits;
    for (uint64_t left = s->holes; left; left &= left - 1) { /* from the lowest: make room for a 0 */
        const uint64_t below = (left & -left) - 1;
        a = (a & below) | (a & ~below) << 1;
    }
    const uint64_t x = a;
    for (int i = 0; i < s->exchange->bits; i++)
        if (batch_parity(s->exchange->rho[i], x) != (int)(s->wanted >> i & 1))
            a |= UINT64_C(1) << s->exchange->bit[i];
    return a;
}

/* One unit to or from a buffer. */
static void copy_unit(const shard_buffers *b, const selection *s, int64_t unit, char *state, char *packed, int out)
{
    const size_t real = (size_t)b->real_bytes, amplitude = 2 * real;
    const uint64_t a = index_of(s, unit);
    if (s->unit_bits >= b->lane_bits) {
        const size_t bytes = amplitude << s->unit_bits;
        char *at = state + a * amplitude;
        memcpy(out ? packed : at, out ? at : packed, bytes);
        return;
    }
    const uint64_t lanes = UINT64_C(1) << b->lane_bits; /* one amplitude: re and im lie apart */
    for (size_t part = 0; part < 2; part++) {
        char *at = state + ((a >> b->lane_bits) * 2 * lanes + part * lanes + (a & (lanes - 1))) * real;
        memcpy(out ? packed + part * real : at, out ? at : packed + part * real, real);
    }
}

static size_t unit_bytes(const shard_buffers *b, const selection *s)
{
    return (size_t)(2 * b->real_bytes) << s->unit_bits;
}

static void copy_units(const shard_buffers *b, const selection *s, int64_t first, int64_t count, char *state,
                       char *packed, int out)
{
    const size_t bytes = unit_bytes(b, s);
#pragma omp parallel for schedule(static) num_threads(b->threads) if (b->threads > 1 && count > 64)
    for (int64_t k = 0; k < count; k++) copy_unit(b, s, first + k, state, packed + (size_t)k * bytes, out);
}

static selection select_with(const shard_buffers *b, const shard_exchange *e, uint64_t wanted)
{
    selection s = {.exchange = e, .wanted = wanted};
    uint64_t touched = 0;
    for (int i = 0; i < e->bits; i++) {
        touched |= e->rho[i];
        s.holes |= UINT64_C(1) << e->bit[i];
    }
    s.unit_bits = __builtin_ctzll(touched);
    while (s.unit_bits > 0 && (size_t)(2 * b->real_bytes) << s.unit_bits > b->bytes) s.unit_bits--;
    if (s.unit_bits < b->lane_bits) s.unit_bits = 0;
    s.units = INT64_C(1) << (b->local_bits - e->bits - s.unit_bits);
    return s;
}

/* A piece of what is swapped with one partner. */
typedef struct {
    uint64_t delta;
    selection with;
    int process; /* the partner */
    int64_t first, count;
} piece;

/* Who has the number. */
static int process_of(const uint64_t *process, int rank_bits, uint64_t number)
{
    uint64_t sum = 0;
    for (int k = 0; k < rank_bits; k++)
        if (number >> k & 1) sum ^= process[k];
    return (int)sum;
}

/* The piece behind p, of the same partner or the next one; 0 where p was the last. */
static int next_piece(const shard_buffers *b, const shard_exchange *e, uint64_t rank, const uint64_t *process,
                      int rank_bits, piece *p)
{
    p->first += p->count;
    if (p->delta == 0 || p->first == p->with.units) {
        if (++p->delta == UINT64_C(1) << e->bits) return 0;
        p->with = select_with(b, e, (rank ^ p->delta) & ((UINT64_C(1) << e->bits) - 1));
        p->process = process_of(process, rank_bits, rank ^ p->delta);
        p->first = 0;
    }
    const int64_t most = (int64_t)(b->bytes / unit_bytes(b, &p->with)), left = p->with.units - p->first;
    p->count = left < most ? left : most;
    return 1;
}

static void start(shard_buffers *b, int slot, const piece *p, char *state)
{
    const size_t bytes = (size_t)p->count * unit_bytes(b, &p->with);
    copy_units(b, &p->with, p->first, p->count, state, b->slot[slot].send, 1);
    ent_swap_start(b->slot[slot].swap, p->process, b->slot[slot].send, b->slot[slot].recv, bytes);
    b->moved_bytes += (double)bytes;
}

static void finish(shard_buffers *b, int slot, const piece *p, char *state)
{
    const double begin = ent_clock_s();
    ent_swap_wait(b->slot[slot].swap);
    b->wait_s += ent_clock_s() - begin;
    copy_units(b, &p->with, p->first, p->count, state, b->slot[slot].recv, 0);
}

/* One sequence of pieces over all partners, the same on both sides of each swap, so that no wait is for ever. */
void ent_shard_exchange(shard_buffers *b, const shard_exchange *e, uint64_t rank, const uint64_t *process,
                        int rank_bits, void *state)
{
    piece under_way[SHARD_SLOTS], p = {.delta = 0};
    int64_t started = 0, finished = 0;
    while (next_piece(b, e, rank, process, rank_bits, &p)) {
        const int slot = (int)(started % SHARD_SLOTS);
        under_way[slot] = p;
        start(b, slot, &p, state);
        if (++started - finished < SHARD_SLOTS) continue;
        finish(b, (int)(finished % SHARD_SLOTS), &under_way[finished % SHARD_SLOTS], state);
        finished++;
    }
    for (; finished < started; finished++)
        finish(b, (int)(finished % SHARD_SLOTS), &under_way[finished % SHARD_SLOTS], state);
}
