/* An exchange, slice by slice, partner by partner and piece by piece: while one piece is in transit, the one before
 * it is unpacked, the next is packed, and the following slices are computed.
 *
 * With the partner whose number differs by delta, this rank swaps the amplitudes at those local indices a whose signs
 * are rho_i(a) = r_i ^ delta_i.  Both traverse them in the order of x, which is a without the bits b_i and the
 * leaders of the slices' masks: these follow from x, the slice and the signs.  So received amplitudes replace those
 * that were sent, and no second copy of the state is needed.  Costs: each amplitude that moves is sent once; 2^-k of
 * them stay.
 *
 * All ranks have the same sequence of pieces, in which the k-th of a rank and the k-th of its partner are the two
 * halves of a swap; a rank begins them in this order, as slices are computed and slots become free.  There is no
 * deadlock: consider the first piece that some rank has not completed.  A rank that waits has computed all slices, so
 * both its ranks begin it. */
#include "exchange.h"

#include <string.h>

#include "entente/clock.h"
#include "entente/memory.h"

enum { MOST_BYTES = 1 << 24, THREADS_FROM_BYTES = 1 << 16 };

static int overlap = 1;

void ent_shard_overlap(int on)
{
    overlap = on;
}

int ent_shard_overlaps(void)
{
    return overlap;
}

static int share = 1;

void ent_shard_share(int on)
{
    share = on;
}

int ent_shard_shares(void)
{
    return share;
}

/* ---- buffers ---- */

ent_status ent_shard_buffers_new(ent_comm *comm, const state_plan *plan, int threads, int shared, shard_buffers **out)
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
    for (int s = 0; s < SHARD_SLOTS && status == ENT_OK && !shared; s++) {
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

/* ---- the places of the units of a piece ---- */

/* The index at which a unit begins, among those with these signs rho_i in this slice. */
static uint64_t index_of(const shard_buffers *b, uint64_t wanted, int slice, int64_t unit)
{
    const shard_exchange *e = b->inp.exchange;
    const state_slices *slices = b->inp.slices;
    uint64_t a = (uint64_t)unit << b->unit_bits, holes = slices->leaders;
    for (int i = 0; i < e->bits; i++) holes |= UINT64_C(1) << e->bit[i];
    for (; holes; holes &= holes - 1) { /* from the lowest: insert a 0 */
        const uint64_t below = (holes & -holes) - 1;
        a = (a & below) | (a & ~below) << 1;
    }
    for (int i = 0; i < slices->bits; i++) { /* no mask has a b_i or another's leader */
        const uint64_t mask = slices->mask[i];
        if (lower_parity(mask, a) != (slice >> i & 1)) a |= mask & -mask;
    }
    const uint64_t x = a;
    for (int i = 0; i < e->bits; i++)
        if (lower_parity(e->rho[i], x) != (int)(wanted >> i & 1)) a |= UINT64_C(1) << e->bit[i];
    return a;
}

static size_t unit_bytes(const shard_buffers *b)
{
    return (size_t)(2 * b->real_bytes) << b->unit_bits;
}

/* Units: contiguous, as large as possible, but small enough that each thread has some of a buffer; or single
 * amplitudes. */
static void cut_units(shard_buffers *b)
{
    const shard_exchange *e = b->inp.exchange;
    const state_slices *slices = b->inp.slices;
    uint64_t touched = 0;
    for (int i = 0; i < e->bits; i++) touched |= e->rho[i];
    for (int i = 0; i < slices->bits; i++) touched |= slices->mask[i];
    const size_t most = b->bytes < THREADS_FROM_BYTES ? b->bytes : b->bytes / (size_t)b->threads;
    b->unit_bits = __builtin_ctzll(touched);
    while (b->unit_bits > 0 && unit_bytes(b) > most) b->unit_bits--;
    if (b->unit_bits < b->lane_bits) b->unit_bits = 0;
    const int bits = b->local_bits - e->bits - slices->bits - b->unit_bits;
    b->units = INT64_C(1) << bits;
    memset(b->step, 0, sizeof b->step);
    for (int j = 0; j < bits; j++)
        b->step[j] = index_of(b, 0, 0, INT64_C(1) << j) ^ index_of(b, 0, 0, 0) ^ (j > 0 ? b->step[j - 1] : 0);
}

/* The rank that has the number. */
static int process_of(const shard_exchange_inp *inp, uint64_t number)
{
    uint64_t sum = 0;
    for (int k = 0; k < inp->rank_bits; k++)
        if (number >> k & 1) sum ^= inp->process[k];
    return (int)sum;
}

/* The piece after p: of the same partner, the next one, the other state or the next slice; 0 if p was the last. */
static int next_piece(const shard_buffers *b, shard_piece *p)
{
    const shard_exchange_inp *inp = &b->inp;
    const uint64_t partners = UINT64_C(1) << inp->exchange->bits;
    p->first += p->count;
    if (p->delta == 0 || p->first == b->units) {
        p->first = 0;
        if (++p->delta == partners) {
            p->delta = 1;
            if (++p->state == 2 || !inp->state[p->state]) {
                p->state = 0;
                if (++p->slice == 1 << inp->slices->bits) return 0;
            }
        }
        const uint64_t partner = inp->rank ^ p->delta;
        p->process = process_of(inp, partner);
        p->start = index_of(b, partner & (partners - 1), p->slice, 0);
    }
    const int64_t most = (int64_t)(b->bytes / unit_bytes(b)), left = b->units - p->first;
    p->count = left < most ? left : most;
    return 1;
}

/* ---- to and from a buffer ---- */

/* One amplitude: re and im lie apart. */
static void copy_amplitude(const shard_buffers *b, uint64_t a, char *state, char *packed, int out)
{
    const uint64_t lanes = UINT64_C(1) << b->lane_bits, at = (a >> b->lane_bits) * 2 * lanes + (a & (lanes - 1));
    if (b->real_bytes == sizeof(double)) {
        double *from = (double *)(void *)state + at, *to = (double *)(void *)packed;
        *(out ? to : from) = *(out ? from : to);
        *(out ? to + 1 : from + lanes) = *(out ? from + lanes : to + 1);
    } else {
        float *from = (float *)(void *)state + at, *to = (float *)(void *)packed;
        *(out ? to : from) = *(out ? from : to);
        *(out ? to + 1 : from + lanes) = *(out ? from + lanes : to + 1);
    }
}

/* Units first..last-1 of a piece. */
static void copy_range(const shard_buffers *b, const shard_piece *p, int64_t first, int64_t last, char *packed,
                       int out)
{
    char *state = b->inp.state[p->state];
    const size_t amplitude = (size_t)(2 * b->real_bytes), bytes = unit_bytes(b);
    uint64_t a = p->start;
    const uint64_t before = (uint64_t)(p->first + first);
    for (uint64_t left = before; left; left &= left - 1) {
        const int j = __builtin_ctzll(left);
        a ^= b->step[j] ^ (j > 0 ? b->step[j - 1] : 0);
    }
    packed += (size_t)first * bytes;
    for (int64_t k = 1; k <= last - first; k++, packed += bytes) {
        if (b->unit_bits < b->lane_bits)
            copy_amplitude(b, a, state, packed, out);
        else if (out)
            memcpy(packed, state + a * amplitude, bytes);
        else
            memcpy(state + a * amplitude, packed, bytes);
        a ^= b->step[__builtin_ctzll(before + (uint64_t)k)];
    }
}

static void copy_units(const shard_buffers *b, const shard_piece *p, char *packed, int out)
{
    const size_t bytes = (size_t)p->count * unit_bytes(b);
    const int parts = bytes < THREADS_FROM_BYTES ? 1 : b->threads;
#pragma omp parallel for schedule(static) num_threads(parts) if (parts > 1)
    for (int t = 0; t < parts; t++) copy_range(b, p, p->count * t / parts, p->count * (t + 1) / parts, packed, out);
}

/* ---- pieces ---- */

static void start_next(shard_buffers *b)
{
    const int slot = (int)(b->started++ % SHARD_SLOTS);
    const shard_piece *p = &b->next;
    const size_t bytes = (size_t)p->count * unit_bytes(b);
    copy_units(b, p, b->slot[slot].send, 1);
    ent_swap_start(b->slot[slot].swap, p->process, b->slot[slot].send, b->slot[slot].recv, bytes);
    b->slot[slot].piece = *p;
    b->moved_bytes += (double)bytes;
    b->more = next_piece(b, &b->next);
}

/* Whether the first piece in transit has arrived, waiting for it if requested; if so, unpacks it. */
static int end_first(shard_buffers *b, int wait)
{
    const int slot = (int)(b->ended % SHARD_SLOTS);
    if (wait) {
        const double begin = ent_clock_s();
        ent_swap_wait(b->slot[slot].swap);
        b->wait_s += ent_clock_s() - begin;
    } else if (!ent_swap_test(b->slot[slot].swap)) {
        return 0;
    }
    b->ended++;
    copy_units(b, &b->slot[slot].piece, b->slot[slot].recv, 0);
    return 1;
}

/* Start what can start and finish what has arrived, as long as possible; wait: until all pieces are done. */
static void go_on(shard_buffers *b, int wait)
{
    const double begin = ent_clock_s();
    if (b->left_s > 0.0) b->computed_under_s += begin - b->left_s;
    for (int more = 1; more;) {
        more = b->more && b->next.slice < b->ready && b->started - b->ended < SHARD_SLOTS;
        if (more)
            start_next(b);
        else if (b->ended < b->started)
            more = end_first(b, wait);
    }
    const double end = ent_clock_s();
    b->left_s = b->ended < b->started ? end : 0.0;
    b->spent_s += end - begin;
}

/* ---- shared parts ---- */

static void swap_bytes(char *x, char *y, size_t bytes)
{
    double *restrict a = (double *)(void *)x, *restrict b = (double *)(void *)y;
    for (size_t k = 0; k < bytes / sizeof *a; k++) {
        const double t = a[k];
        a[k] = b[k];
        b[k] = t;
    }
}

/* re and im lie apart. */
static void swap_amplitude(const shard_buffers *b, char *mine, uint64_t a, char *theirs, uint64_t c)
{
    double kept[2], other[2];
    copy_amplitude(b, a, mine, (char *)kept, 1);
    copy_amplitude(b, c, theirs, (char *)other, 1);
    copy_amplitude(b, a, mine, (char *)other, 0);
    copy_amplitude(b, c, theirs, (char *)kept, 0);
}

/* The index of unit `unit` after the one at `start`. */
static uint64_t walked(const shard_buffers *b, uint64_t start, uint64_t unit)
{
    for (uint64_t left = unit; left; left &= left - 1) {
        const int j = __builtin_ctzll(left);
        start ^= b->step[j] ^ (j > 0 ? b->step[j - 1] : 0);
    }
    return start;
}

/* Swap units first..last-1 between two ranks; unit 0 is at start[0] on this rank and at start[1] on the other. */
static void swap_range(const shard_buffers *b, char *const state[2], const uint64_t start[2], int64_t first,
                       int64_t last)
{
    const size_t amplitude = (size_t)(2 * b->real_bytes), bytes = unit_bytes(b);
    uint64_t a = walked(b, start[0], (uint64_t)first), c = walked(b, start[1], (uint64_t)first);
    for (int64_t k = first + 1; k <= last; k++) {
        if (b->unit_bits < b->lane_bits)
            swap_amplitude(b, state[0], a, state[1], c);
        else
            swap_bytes(state[0] + a * amplitude, state[1] + c * amplitude, bytes);
        a ^= b->step[__builtin_ctzll((uint64_t)k)];
        c ^= b->step[__builtin_ctzll((uint64_t)k)];
    }
}

/* This rank's share of the swap with one partner: the first half of the units, or the second. */
static void swap_with(shard_buffers *b, int slice, int s, uint64_t delta)
{
    const shard_exchange_inp *inp = &b->inp;
    const uint64_t mask = (UINT64_C(1) << inp->exchange->bits) - 1, partner = inp->rank ^ delta;
    char *const state[2] = {inp->state[s], ent_shared_part(inp->shared[s], process_of(inp, partner))};
    const uint64_t start[2] = {index_of(b, partner & mask, slice, 0), index_of(b, inp->rank & mask, slice, 0)};
    const int64_t half = b->units / 2, begin = inp->rank < partner ? 0 : half;
    const int64_t count = inp->rank < partner ? half : b->units - half;
    const int parts = (size_t)count * unit_bytes(b) < THREADS_FROM_BYTES ? 1 : b->threads;
#pragma omp parallel for schedule(static) num_threads(parts) if (parts > 1)
    for (int t = 0; t < parts; t++)
        swap_range(b, state, start, begin + count * t / parts, begin + count * (t + 1) / parts);
    b->moved_bytes += (double)b->units * (double)unit_bytes(b);
}

/* No rank begins before all have computed, or continues before all have swapped. */
static void swap_shared(shard_buffers *b)
{
    const double begin = ent_clock_s();
    ent_comm_barrier(b->comm);
    const double there = ent_clock_s();
    for (int slice = 0; slice < 1 << b->inp.slices->bits; slice++)
        for (int s = 0; s < 2 && b->inp.state[s]; s++)
            for (uint64_t delta = 1; delta >> b->inp.exchange->bits == 0; delta++) swap_with(b, slice, s, delta);
    const double done = ent_clock_s();
    ent_comm_barrier(b->comm);
    const double end = ent_clock_s();
    b->wait_s += there - begin + end - done;
    b->spent_s += end - begin;
}

void ent_shard_exchange_begin(shard_buffers *b, const shard_exchange_inp *inp)
{
    b->inp = *inp;
    b->ready = 0;
    b->started = b->ended = 0;
    b->next = (shard_piece){.delta = 0};
    cut_units(b);
    b->more = next_piece(b, &b->next);
}

void ent_shard_exchange_look(shard_buffers *b, int slices)
{
    if (b->inp.shared[0]) return;
    b->ready = slices;
    go_on(b, 0);
}

void ent_shard_exchange_end(shard_buffers *b)
{
    if (b->inp.shared[0]) {
        swap_shared(b);
        return;
    }
    b->ready = 1 << b->inp.slices->bits;
    go_on(b, 1);
}
