/* The timeline: which clients are drawn and how often, what the simulated clients do, and that any round can be
 * requested at any time; FedBuff against an event queue of a few lines. */
#include "fed/timeline/timeline.h"

#include <stdlib.h>

#include "check.h"
#include "entente/random.h"

enum { CLIENTS = 40, ROUNDS = 4000 };

typedef struct {
    ent_config config;
    ent_population p;
    int64_t first[CLIENTS + 1];
    int32_t client[CLIENTS * CLIENTS];
} crowd;

/* Client c has c % 8 rows: every eighth has none. */
static void crowd_make(crowd *w)
{
    *w = (crowd){.config = {.federation = {.clients = CLIENTS, .participation = 0.2},
                            .client = {.epochs = 2},
                            .system = {.rate = 0.5,
                                       .period = 10.0,
                                       .speed = 4.0,
                                       .concurrency = 7,
                                       .buffer = 3,
                                       .staleness = 0.5,
                                       .max_staleness = 100},
                            .seeds = {.split = 1, .masks = 2, .init = 3, .sampling = 4}}};
    w->p = (ent_population){.config = &w->config, .clients = CLIENTS};
    for (int c = 0; c < CLIENTS; c++) {
        w->first[c + 1] = w->first[c] + c % 8;
        for (int64_t k = w->first[c]; k < w->first[c + 1]; k++) w->client[k] = c;
    }
    w->p.part[ENT_TRAIN] = (ent_part){.n = w->first[CLIENTS], .first = w->first, .client = w->client};
}

/* One round of a new timeline. */
static ent_cohort fresh_round(const crowd *w, int64_t round)
{
    ent_timeline *t;
    const ent_cohort *cohort;
    check_ok(ent_timeline_new(&w->p, &t));
    check_ok(ent_timeline_round(t, &w->p, round, &cohort));
    ent_cohort copy = *cohort;
    copy.member = ent_copy(cohort->member, cohort->n, sizeof *copy.member);
    ent_timeline_free(t);
    return copy;
}

static void check_same_cohort(const ent_cohort *a, const ent_cohort *b)
{
    assert_true(a->n == b->n && a->drawn == b->drawn && a->lost == b->lost);
    assert_true(a->simulated_s == b->simulated_s && a->staleness == b->staleness);
    for (int64_t k = 0; k < a->n; k++)
        assert_true(a->member[k].client == b->member[k].client && a->member[k].base == b->member[k].base &&
                    a->member[k].weight == b->member[k].weight);
}

/* How often each client's update counts over ROUNDS rounds; returns the lost ones. */
static int64_t count_members(const crowd *w, int64_t *count)
{
    ent_timeline *t;
    int64_t lost = 0;
    const ent_cohort *cohort;
    memset(count, 0, CLIENTS * sizeof *count);
    check_ok(ent_timeline_new(&w->p, &t));
    for (int64_t round = 0; round < ROUNDS; round++) {
        check_ok(ent_timeline_round(t, &w->p, round, &cohort));
        lost += cohort->lost;
        for (int64_t k = 0; k < cohort->n; k++) {
            assert_true(k == 0 || cohort->member[k].client > cohort->member[k - 1].client);
            count[cohort->member[k].client]++;
        }
    }
    ent_timeline_free(t);
    return lost;
}

/* Four standard deviations of a frequency. */
static double within(double p)
{
    return 4.0 * sqrt(p * (1.0 - p) / ROUNDS) + 1e-12;
}

/* ---- drawing ---- */

static void uniform_draws_are_even_and_so_are_pairs(void **state)
{
    (void)state;
    crowd w;
    int64_t count[CLIENTS], both = 0;
    crowd_make(&w);
    count_members(&w, count);
    for (int c = 0; c < CLIENTS; c++) check_near((double)count[c] / ROUNDS, c % 8 ? 0.2 : 0.0, within(0.2));
    for (int64_t round = 0; round < ROUNDS; round++) {
        const ent_cohort cohort = fresh_round(&w, round);
        int found = 0;
        assert_true(cohort.drawn == 8);
        for (int64_t k = 0; k < cohort.n; k++) found += cohort.member[k].client == 3 || cohort.member[k].client == 7;
        both += found == 2;
        ent_free(cohort.member);
    }
    const double pair = 8.0 / 40.0 * 7.0 / 39.0;
    check_near((double)both / ROUNDS, pair, within(pair));
}

/* The chance that client c is among the first two of successive draws, each in proportion to rows. */
static double first_two(const crowd *w, int c)
{
    const double all = (double)w->first[CLIENTS], own = (double)(c % 8);
    double chance = own / all;
    for (int other = 0; other < CLIENTS; other++)
        if (other != c) chance += other % 8 / all * own / (all - other % 8);
    return chance;
}

static void weighted_draws_follow_the_samples(void **state)
{
    (void)state;
    crowd w;
    int64_t count[CLIENTS];
    crowd_make(&w);
    w.config.federation.sampling = ENT_SAMPLING_WEIGHTED;
    w.config.federation.participation = 2.0 / CLIENTS;
    count_members(&w, count);
    for (int c = 0; c < CLIENTS; c++) {
        const double chance = first_two(&w, c);
        check_near((double)count[c] / ROUNDS, chance, within(chance));
    }
    const ent_cohort cohort = fresh_round(&w, 5);
    for (int64_t k = 0; k < cohort.n; k++)
        assert_true(cohort.member[k].weight == 1.0 / (double)(cohort.member[k].client % 8));
    ent_free(cohort.member);
}

static void every_client_takes_part(void **state)
{
    (void)state;
    for (int sampling = 0; sampling < 2; sampling++) {
        crowd w;
        int64_t count[CLIENTS];
        crowd_make(&w);
        w.config.federation.participation = 1.0;
        w.config.federation.sampling = (ent_sampling)sampling;
        assert_true(count_members(&w, count) == 0);
        for (int c = 0; c < CLIENTS; c++) assert_true(count[c] == (c % 8 ? ROUNDS : 0));
    }
}

/* Drawing to the end gives every client once, with a few words per client drawn. */
static void a_draw_has_no_client_twice(void **state)
{
    (void)state;
    crowd w;
    crowd_make(&w);
    for (int sampling = 0; sampling < 2; sampling++) {
        ent_draw draw = {.next = 0};
        int64_t seen[CLIENTS] = {0}, client, n = 0;
        w.config.federation.sampling = (ent_sampling)sampling;
        ent_draw_start(&draw, ent_random_at(1, ENT_FOR_TEST, 0, 0));
        for (;; n++) {
            check_ok(ent_draw_next(&draw, &w.p, &client));
            if (client < 0) break;
            assert_true(++seen[client] == 1);
        }
        assert_true(n == (sampling ? 35 : CLIENTS));
        ent_draw_clear(&draw);
    }
    ent_draw draw = {.next = 0};
    int64_t client;
    w.p.clients = INT64_C(1) << 40;
    w.config.federation.sampling = ENT_SAMPLING_UNIFORM;
    ent_draw_start(&draw, ent_random_at(1, ENT_FOR_TEST, 0, 0));
    for (int k = 0; k < 1000; k++) check_ok(ent_draw_next(&draw, &w.p, &client));
    assert_true(draw.moved.room <= 4096);
    ent_draw_clear(&draw);
}

static void the_map_holds_what_was_put(void **state)
{
    (void)state;
    enum { KEYS = 3000 };
    static int64_t value[KEYS];
    ent_map map = {.room = 0};
    ent_random stream = ent_random_at(3, ENT_FOR_TEST, 0, 0);
    for (int k = 0; k < KEYS; k++) value[k] = -1;
    for (int step = 0; step < 20 * KEYS; step++) {
        const int64_t key = (int64_t)ent_random_below(&stream, KEYS);
        int64_t found = -1;
        assert_true(ent_map_get(&map, key, &found) == (value[key] >= 0) && found == value[key]);
        if (ent_random_below(&stream, 3) == 0) {
            ent_map_remove(&map, key);
            value[key] = -1;
        } else {
            check_ok(ent_map_put(&map, key, step));
            value[key] = step;
        }
    }
    ent_map_clear(&map);
}

/* ---- simulated clients ---- */

static void availability_has_its_rates(void **state)
{
    (void)state;
    crowd w;
    crowd_make(&w);
    w.config.federation.participation = 1.0;
    w.config.system.spread = 1.0;
    int64_t count[CLIENTS];
    w.config.system.availability = ENT_AVAILABLE_BERNOULLI;
    count_members(&w, count);
    for (int c = 0; c < CLIENTS; c++) check_near((double)count[c] / ROUNDS, c % 8 ? 0.5 : 0.0, within(0.5));
    w.config.system.availability = ENT_AVAILABLE_PER_CLIENT;
    count_members(&w, count);
    double low = 1.0, high = 0.0;
    for (int c = 0; c < CLIENTS; c++) {
        if (c % 8 == 0) continue;
        low = fmin(low, (double)count[c] / ROUNDS);
        high = fmax(high, (double)count[c] / ROUNDS);
    }
    assert_true(low > 0.02 && low < 0.3 && high > 0.7 && high < 0.98);
    w.config.system.availability = ENT_AVAILABLE_DIURNAL;
    count_members(&w, count);
    for (int c = 0; c < CLIENTS; c++) check_near((double)count[c] / ROUNDS, c % 8 ? 0.5 : 0.0, within(0.5));
}

/* Without a spread of phases all clients sleep at once: at 3/4 of the day no client is available, at 1/4 all are. */
static void a_day_has_a_night(void **state)
{
    (void)state;
    crowd w;
    crowd_make(&w);
    w.config.system.availability = ENT_AVAILABLE_DIURNAL;
    w.config.system.period = 8.0;
    int64_t there[8] = {0};
    for (int64_t round = 0; round < 8000; round++) there[round % 8] += ent_client_is_available(&w.p, 5, round);
    assert_true(there[2] == 1000 && there[6] == 0);
    for (int k = 0; k < 8; k++) check_near((double)there[k] / 1000, 0.5 + 0.5 * sin(0.785398163397448 * k), 0.07);
    w.config.system.rate = 0.8; /* between 0.6 and 1, 0.8 in the mean */
    memset(there, 0, sizeof there);
    for (int64_t round = 0; round < 8000; round++) there[round % 8] += ent_client_is_available(&w.p, 5, round);
    for (int k = 0; k < 8; k++) check_near((double)there[k] / 1000, 0.8 + 0.2 * sin(0.785398163397448 * k), 0.06);
    w.config.system.rate = 0.5;
    w.config.federation.participation = 1.0;
    const ent_cohort night = fresh_round(&w, 6);
    assert_true(night.drawn == 0 && night.n == 0 && night.simulated_s == 0.0);
    ent_free(night.member);
}

static void speeds_are_log_normal(void **state)
{
    (void)state;
    crowd w;
    enum { N = 20000 };
    static int64_t first[N + 1];
    double sum = 0.0, squares = 0.0;
    crowd_make(&w);
    for (int c = 0; c < N; c++) first[c + 1] = first[c] + 2;
    w.p.part[ENT_TRAIN].first = first;
    w.config.system.latency_s = 3.0;
    assert_true(ent_client_seconds(&w.p, 7) == 3.0 + 2.0 * 2.0 / 4.0);
    w.config.system.speed_spread = 0.7;
    for (int c = 0; c < N; c++) {
        const double log_speed = log(4.0 / (ent_client_seconds(&w.p, c) - 3.0));
        sum += log_speed;
        squares += log_speed * log_speed;
    }
    check_near(sum / N, log(4.0), 4.0 * 0.7 / sqrt(N));
    check_near(sqrt(squares / N - sum / N * (sum / N)), 0.7, 0.02);
}

static void dropouts_are_lost(void **state)
{
    (void)state;
    crowd w;
    int64_t count[CLIENTS];
    crowd_make(&w);
    w.config.federation.participation = 1.0;
    w.config.system.dropout = 0.25;
    const int64_t lost = count_members(&w, count);
    int64_t counted = 0;
    for (int c = 0; c < CLIENTS; c++) counted += count[c];
    assert_true(lost + counted == 35 * ROUNDS);
    for (int c = 0; c < CLIENTS; c++) check_near((double)count[c] / ROUNDS, c % 8 ? 0.75 : 0.0, within(0.25));
}

/* Client c takes 2 (c % 8) / 4 seconds: a deadline of 2.2 loses those of 5, 6, 7 rows. */
static void a_deadline_loses_the_slow(void **state)
{
    (void)state;
    crowd w;
    crowd_make(&w);
    w.config.federation.participation = 1.0;
    const ent_cohort all = fresh_round(&w, 0);
    assert_true(all.n == 35 && all.lost == 0 && all.simulated_s == 3.5);
    w.config.system.deadline_s = 2.2;
    const ent_cohort fast = fresh_round(&w, 0);
    assert_true(fast.n == 20 && fast.lost == 15 && fast.simulated_s == 2.2);
    for (int64_t k = 0; k < fast.n; k++) assert_true(fast.member[k].client % 8 <= 4);
    w.config.system.deadline_s = 100.0;
    const ent_cohort again = fresh_round(&w, 0);
    check_same_cohort(&all, &again);
    ent_free(all.member);
    ent_free(fast.member);
    ent_free(again.member);
}

/* Selects 20 where 10 are needed: the ten fastest count, and the tenth ends the round. */
static void over_selection_takes_the_first(void **state)
{
    (void)state;
    crowd w;
    crowd_make(&w);
    w.config.federation.participation = 0.5;
    const ent_cohort twenty = fresh_round(&w, 9);
    w.config.federation.participation = 0.25;
    w.config.system.over_selection = 1.0;
    const ent_cohort ten = fresh_round(&w, 9);
    assert_true(ten.drawn == 20 && ten.n == 10 && ten.lost == twenty.n - 10);
    int64_t slowest = 0, faster = 0;
    for (int64_t k = 0; k < ten.n; k++)
        if (ten.member[k].client % 8 > slowest) slowest = ten.member[k].client % 8;
    for (int64_t k = 0; k < twenty.n; k++) faster += twenty.member[k].client % 8 < slowest;
    assert_true(faster <= 10 && ten.simulated_s == 0.5 * (double)slowest);
    ent_free(twenty.member);
    ent_free(ten.member);
}

/* ---- any round at any time ---- */

static void make_variant(crowd *w, int k)
{
    crowd_make(w);
    w->config.system.mode = (ent_mode)(k % 2);
    w->config.federation.sampling = (ent_sampling)(k / 2 % 2);
    w->config.system.availability = (ent_availability)(k / 4);
    w->config.system.speed_spread = 1.0;
    w->config.system.spread = 1.0;
    w->config.system.rate = 0.8;
    w->config.system.dropout = 0.1;
}

static void a_replay_equals_the_run(void **state)
{
    (void)state;
    for (int k = 0; k < 16; k++) {
        crowd w;
        make_variant(&w, k);
        ent_timeline *t;
        const ent_cohort *cohort;
        check_ok(ent_timeline_new(&w.p, &t));
        for (int64_t round = 0; round < 30; round++) {
            check_ok(ent_timeline_round(t, &w.p, round, &cohort));
            const ent_cohort fresh = fresh_round(&w, round);
            check_same_cohort(cohort, &fresh);
            ent_free(fresh.member);
        }
        const ent_cohort fifth = fresh_round(&w, 5); /* and back again */
        check_ok(ent_timeline_round(t, &w.p, 5, &cohort));
        check_same_cohort(cohort, &fifth);
        ent_free(fifth.member);
        ent_timeline_free(t);
    }
}

static void another_seed_is_another_timeline(void **state)
{
    (void)state;
    for (int k = 0; k < 16; k++) {
        crowd w;
        int same = 0;
        make_variant(&w, k);
        for (int64_t round = 0; round < 20; round++) {
            w.config.seeds.sampling = 4;
            const ent_cohort a = fresh_round(&w, round);
            w.config.seeds.sampling = 5;
            const ent_cohort b = fresh_round(&w, round);
            same += a.n == b.n;
            for (int64_t i = 0; same && a.n == b.n && i < a.n; i++)
                if (a.member[i].client != b.member[i].client) {
                    same--;
                    break;
                }
            ent_free(a.member);
            ent_free(b.member);
        }
        assert_true(same < 3);
    }
}

/* ---- FedBuff ---- */

/* A plain event queue: the next client to finish is found by a search over the array of busy clients. */
typedef struct {
    double at;
    int64_t client, base;
    bool flies, arrives;
} plain_flight;

typedef struct {
    plain_flight flight[10000];
    int64_t started, step;
    double now;
    bool busy[CLIENTS];
} plain_queue;

static void plain_start(const crowd *w, plain_queue *q)
{
    ent_random stream = ent_random_at(4, ENT_FOR_COHORT, (uint64_t)q->started, 1);
    int64_t client;
    do
        client = w->config.federation.sampling == ENT_SAMPLING_UNIFORM
                     ? (int64_t)ent_random_below(&stream, CLIENTS)
                     : w->client[ent_random_below(&stream, (uint64_t)w->first[CLIENTS])];
    while (q->busy[client] || client % 8 == 0 || !ent_client_is_available(&w->p, client, q->step));
    q->busy[client] = true;
    q->flight[q->started] = (plain_flight){q->now + ent_client_seconds(&w->p, client), client, q->step, true,
                                           !ent_client_drops_out(&w->p, client, q->started)};
    q->started++;
}

static int64_t plain_step(const crowd *w, plain_queue *q, ent_member *member, int64_t *lost)
{
    int64_t n = 0, flying = 0;
    *lost = 0;
    while (n < w->config.system.buffer) {
        flying = 0;
        for (int64_t k = 0; k < q->started; k++) flying += q->flight[k].flies;
        for (; flying < w->config.system.concurrency; flying++) plain_start(w, q);
        plain_flight *next = NULL;
        for (int64_t k = 0; k < q->started; k++)
            if (q->flight[k].flies && (!next || q->flight[k].at < next->at)) next = &q->flight[k];
        next->flies = false;
        q->now = next->at;
        const int64_t stale = q->step - next->base;
        const bool counts = next->arrives && stale <= w->config.system.max_staleness;
        const bool uniform = w->config.federation.sampling == ENT_SAMPLING_UNIFORM;
        if (counts)
            member[n++] = (ent_member){next->client, next->base,
                                       pow(1.0 + (double)stale, -w->config.system.staleness) /
                                           (uniform ? 1.0 : (double)(next->client % 8))};
        else {
            ++*lost;
            q->busy[next->client] = false;
        }
    }
    for (int64_t k = 0; k < n; k++) q->busy[member[k].client] = false;
    q->step++;
    return n;
}

static int by_client(const void *a, const void *b)
{
    const int64_t x = ((const ent_member *)a)->client, y = ((const ent_member *)b)->client;
    return (x > y) - (x < y);
}

static void fedbuff_is_a_queue_of_events(void **state)
{
    (void)state;
    static plain_queue q;
    int64_t lost_in_all = 0, stale_in_all = 0;
    for (int k = 1; k < 16; k += 2) {
        crowd w;
        make_variant(&w, k);
        w.config.system.max_staleness = 4;
        q = (plain_queue){.started = 0};
        ent_timeline *t;
        check_ok(ent_timeline_new(&w.p, &t));
        for (int64_t round = 0; round < 200; round++) {
            ent_member member[8];
            const ent_cohort *cohort;
            const int64_t before = q.started;
            const double begin = q.now;
            int64_t lost, oldest = round + 1;
            const int64_t n = plain_step(&w, &q, member, &lost);
            qsort(member, (size_t)n, sizeof *member, by_client);
            check_ok(ent_timeline_round(t, &w.p, round, &cohort));
            assert_true(cohort->n == n && cohort->lost == lost && cohort->drawn == q.started - before);
            assert_true(cohort->simulated_s == q.now - begin);
            for (int64_t i = 0; i < n; i++) {
                assert_true(cohort->member[i].client == member[i].client && cohort->member[i].base == member[i].base);
                check_near(cohort->member[i].weight, member[i].weight, 1e-15);
                stale_in_all += round - member[i].base;
            }
            for (int64_t i = 0; i < q.started; i++)
                if (q.flight[i].flies && q.flight[i].base < oldest) oldest = q.flight[i].base;
            assert_true(ent_timeline_oldest(t, &w.p) == (oldest > round - 3 ? oldest : round - 3));
            lost_in_all += lost;
        }
        ent_timeline_free(t);
    }
    assert_true(lost_in_all > 100 && stale_in_all > 1000); /* both cases have occurred */
}

/* 35 clients of which 34 train while the buffer needs 35: in the end no client is left. */
static void a_buffer_that_cannot_fill_steps_with_what_it_has(void **state)
{
    (void)state;
    crowd w;
    crowd_make(&w);
    w.config.system = (ent_config_system){.mode = ENT_MODE_FEDBUFF,
                                          .availability = ENT_AVAILABLE_BERNOULLI,
                                          .rate = 0.1,
                                          .speed = 1.0,
                                          .concurrency = 35,
                                          .buffer = 35,
                                          .max_staleness = 9};
    for (int64_t round = 0; round < 50; round++) {
        const ent_cohort cohort = fresh_round(&w, round);
        assert_true(cohort.n < 20 && cohort.n == cohort.drawn && cohort.lost == 0);
        ent_free(cohort.member);
    }
}

/* ---- history ---- */

static void history_keeps_what_is_not_forgotten(void **state)
{
    (void)state;
    ent_model_inp inp = {.registers = 1,
                         .reg[0] = {.name = "a",
                                    .ansatz = {ENT_ANSATZ_HEA, NULL, 2, 1, 1, true, false, ENT_ENCODE_RY},
                                    .inputs = 2,
                                    .scale = 1},
                         .outputs = 2,
                         .program = {.threads = 1}};
    ent_model *model;
    ent_history *h, *restored;
    check_ok(ent_model_new(&inp, &model));
    const int params = ent_model_params(model);
    double w[64];
    assert_true(params <= 64);
    check_ok(ent_history_new(ent_model_params(model), &h));
    check_ok(ent_history_new(ent_model_params(model), &restored));
    for (int64_t round = 0; round < 50; round++) {
        for (int k = 0; k < params; k++) w[k] = (double)(100 * round + k);
        check_ok(ent_history_keep(h, round, w));
        const int64_t oldest = round - round % 7;
        for (int64_t r = oldest; r <= round; r++)
            for (int k = 0; k < params; k++) assert_true(ent_history_at(h, r)[k] == (double)(100 * r + k));
        ent_history_forget(h, round + 1 - (round + 1) % 7);
        int64_t first, n;
        const double *all = ent_history_get(h, &first, &n);
        assert_true(n == (round + 1) % 7);
        check_ok(ent_history_set(restored, first, n, all));
        for (int64_t r = first; r < first + n; r++)
            assert_true(ent_history_at(restored, r)[1] == (double)(100 * r + 1));
    }
    ent_history_free(h);
    ent_history_free(restored);
    ent_model_free(model);
}

/* ---- refuses ---- */

static void a_buffer_of_more_than_the_clients(void **state)
{
    (void)state;
    crowd w;
    ent_timeline *t;
    crowd_make(&w);
    w.config.system.mode = ENT_MODE_FEDBUFF;
    w.config.system.buffer = 36;
    check_fails(ent_timeline_new(&w.p, &t), ENT_ECONFIG, "system.buffer: found 36, want at most");
}

static ent_status some_rounds(const crowd *w)
{
    ent_timeline *t;
    const ent_cohort *cohort;
    ENT_TRY(ent_timeline_new(&w->p, &t));
    ent_status status = ENT_OK;
    for (int64_t round = 0; round < 40 && status == ENT_OK; round += 13)
        status = ent_timeline_round(t, &w->p, round, &cohort);
    if (status == ENT_OK) status = ent_timeline_round(t, &w->p, 2, &cohort);
    ent_timeline_free(t);
    return status;
}

static void a_failing_allocation_is_reported(void **state)
{
    (void)state;
    for (int k = 0; k < 4; k++) {
        crowd w;
        make_variant(&w, k);
        check_every_allocation(some_rounds(&w), (void)0);
    }
}

static const struct CMUnitTest computes[] = {cmocka_unit_test(uniform_draws_are_even_and_so_are_pairs),
                                             cmocka_unit_test(weighted_draws_follow_the_samples),
                                             cmocka_unit_test(every_client_takes_part),
                                             cmocka_unit_test(a_draw_has_no_client_twice),
                                             cmocka_unit_test(the_map_holds_what_was_put),
                                             cmocka_unit_test(availability_has_its_rates),
                                             cmocka_unit_test(a_day_has_a_night),
                                             cmocka_unit_test(speeds_are_log_normal),
                                             cmocka_unit_test(dropouts_are_lost),
                                             cmocka_unit_test(a_deadline_loses_the_slow),
                                             cmocka_unit_test(over_selection_takes_the_first),
                                             cmocka_unit_test(a_replay_equals_the_run),
                                             cmocka_unit_test(another_seed_is_another_timeline),
                                             cmocka_unit_test(fedbuff_is_a_queue_of_events),
                                             cmocka_unit_test(a_buffer_that_cannot_fill_steps_with_what_it_has),
                                             cmocka_unit_test(history_keeps_what_is_not_forgotten)};
static const struct CMUnitTest refuses[] = {cmocka_unit_test(a_buffer_of_more_than_the_clients),
                                            cmocka_unit_test(a_failing_allocation_is_reported)};

CHECK_MAIN(computes, refuses)
