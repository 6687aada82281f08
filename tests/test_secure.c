/* Secure aggregation: secret sharing over all subsets, key derivation, masks, whole rounds, and errors in
 * them. */
#include "check.h"

#include <stdlib.h>

#include "entente/random.h"
#include "privacy/secure.h"

static uint64_t bits_of(int64_t k)
{
    const ent_random stream = ent_random_at(7, ENT_FOR_TEST, 0, 0);
    return ent_random_bits(&stream, (uint64_t)k);
}

/* ---- shares ---- */

static void any_threshold_of_shares_opens_the_secret(void **state)
{
    (void)state;
    enum { COUNT = 7 };
    for (int threshold = 1; threshold <= COUNT; threshold++) {
        uint8_t secret[32], found[32];
        ent_share share[COUNT];
        for (int k = 0; k < 32; k++) secret[k] = (uint8_t)(threshold == 3 ? 255 : bits_of(k + 32 * threshold));
        check_ok(ent_shamir_split(secret, threshold, COUNT, share));
        for (int subset = 1; subset < 1 << COUNT; subset++) {
            int number[COUNT], n = 0;
            ent_share some[COUNT];
            for (int k = 0; k < COUNT; k++)
                if (subset >> k & 1) number[n] = k, some[n++] = share[k];
            const ent_status status = ent_shamir_join(n, number, some, found);
            const bool same = status == ENT_OK && memcmp(secret, found, 32) == 0;
            assert_true(same == (n >= threshold));
        }
    }
}

/* One share fewer fits every secret: over many splits of one secret a share is uniform. */
static void too_few_shares_reveal_nothing(void **state)
{
    (void)state;
    uint8_t secret[32] = {0};
    int64_t count[16] = {0};
    enum { SPLITS = 4000 };
    for (int k = 0; k < SPLITS; k++) {
        ent_share share[3];
        check_ok(ent_shamir_split(secret, 2, 3, share));
        for (int w = 0; w < ENT_SHARE_WORDS; w++) count[share[1].word[w] >> 57]++;
    }
    double chi = 0.0;
    for (int k = 0; k < 16; k++) {
        const double wanted = SPLITS * ENT_SHARE_WORDS / 16.0;
        chi += ((double)count[k] - wanted) * ((double)count[k] - wanted) / wanted;
    }
    assert_true(chi < 50.0); /* 15 degrees of freedom: chance 1e-5 */
}

static void wrong_shares(void **state)
{
    (void)state;
    uint8_t secret[32] = {1, 2, 3}, found[32];
    ent_share share[3];
    check_ok(ent_shamir_split(secret, 2, 3, share));
    check_fails(ent_shamir_join(2, (int[]){1, 1}, (ent_share[]){share[1], share[1]}, found), ENT_EARG, "comes twice");
    ent_share none = share[0];
    none.word[2] = UINT64_MAX;
    check_fails(ent_shamir_join(2, (int[]){0, 1}, (ent_share[]){none, share[1]}, found), ENT_EDATA,
                "share 0 is none");
    check_every_allocation(ent_shamir_split(secret, 2, 3, share), (void)0);
    check_every_allocation(ent_shamir_join(2, (int[]){0, 1}, share, found), (void)0);
}

/* Any up to (n - threshold) / 2 of them, wholly or in one word; and no right one is called wrong. */
static void wrong_shares_are_found(void **state)
{
    (void)state;
    enum { MOST_SHARES = 60 };
    for (int turn = 0; turn < 300; turn++) {
        ent_random stream = ent_random_at(12, ENT_FOR_TEST, (uint64_t)turn, 0);
        const int count = 2 + (int)ent_random_below(&stream, turn < 290 ? 15 : MOST_SHARES - 2);
        const int threshold = 1 + (int)ent_random_below(&stream, (uint64_t)count);
        const int n = threshold + (int)ent_random_below(&stream, (uint64_t)(count - threshold + 1));
        const int room = n - threshold < 32 ? (n - threshold) / 2 : 16;
        uint8_t secret[32];
        ent_share share[MOST_SHARES], right[MOST_SHARES];
        int64_t order[MOST_SHARES];
        int number[MOST_SHARES];
        bool wrong[MOST_SHARES], wanted[MOST_SHARES] = {false};
        for (int k = 0; k < 32; k++) secret[k] = (uint8_t)ent_random_below(&stream, 256);
        check_ok(ent_shamir_split(secret, threshold, count, right));
        ent_random_permutation(&stream, count, order);
        for (int k = 0; k < n; k++) number[k] = (int)order[k], share[k] = right[order[k]];
        for (int k = 0, bad = (int)ent_random_below(&stream, (uint64_t)room + 1); k < bad; k++) {
            const int at = (int)ent_random_below(&stream, (uint64_t)n);
            share[at].word[k % ENT_SHARE_WORDS] ^= 1 + ent_random_below(&stream, 1 << 20);
            wanted[at] = true;
        }
        check_ok(ent_shamir_find_wrong(n, number, share, threshold, wrong));
        for (int k = 0; k < n; k++) assert_true(wrong[k] == wanted[k]);
        if (n < 2 * room + threshold + 2 && room > 0 && room < 16) {
            for (int k = 0; k <= room; k++) share[k].word[0] = ent_random_below(&stream, UINT64_C(1) << 60);
            assert_int_equal(ent_shamir_find_wrong(n, number, share, threshold, wrong), ENT_EDATA);
        }
    }
    ent_share share[5];
    bool wrong[5];
    check_ok(ent_shamir_split((const uint8_t[32]){7}, 2, 5, share));
    check_every_allocation(ent_shamir_find_wrong(5, (int[]){0, 1, 2, 3, 4}, share, 2, wrong), (void)0);
}

/* ---- keys and masks ---- */

/* RFC 5869, A.1: the first 32 bytes of its output. */
static void derivation_is_that_of_the_rfc(void **state)
{
    (void)state;
    uint8_t secret[22], salt[13], info[10], key[32];
    const uint8_t wanted[32] = {0x3c, 0xb2, 0x5f, 0x25, 0xfa, 0xac, 0xd5, 0x7a, 0x90, 0x43, 0x4f,
                                0x64, 0xd0, 0x36, 0x2f, 0x2a, 0x2d, 0x2d, 0x0a, 0x90, 0xcf, 0x1a,
                                0x5a, 0x4c, 0x5d, 0xb0, 0x2d, 0x56, 0xec, 0xc4, 0xc5, 0xbf};
    memset(secret, 0x0b, sizeof secret);
    for (int k = 0; k < 13; k++) salt[k] = (uint8_t)k;
    for (int k = 0; k < 10; k++) info[k] = (uint8_t)(0xf0 + k);
    ent_secure_derive(salt, sizeof salt, secret, sizeof secret, info, sizeof info, key);
    assert_memory_equal(key, wanted, 32);
}

/* RFC 8439, A.1, test vectors 1 and 2: key and nonce 0, blocks 0 and 1. */
static void stream_is_that_of_the_rfc(void **state)
{
    (void)state;
    const uint8_t seed[32] = {0}, first[16] = {0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90,
                                               0x40, 0x5d, 0x6a, 0xe5, 0x53, 0x86, 0xbd, 0x28};
    const uint8_t next[8] = {0x9f, 0x07, 0xe7, 0xbe, 0x55, 0x51, 0x38, 0x7a};
    ent_ring x[2000] = {0};
    ent_mask_add(seed, false, 2000, x);
    assert_memory_equal(&x[0], first, 16);
    assert_memory_equal(&x[4], next, 8);
    assert_true(x[511] != x[512] && x[0] != x[512]);
    ent_mask_add(seed, true, 2000, x);
    for (int k = 0; k < 2000; k++) assert_true(x[k] == 0);
}

static void exact_sums_survive_the_ring(void **state)
{
    (void)state;
    const double value[] = {0.0, 1.5, -1.5, 0x1p65, -0x1p65, 0x1p-60, -0x1p-60, 3.25e-7};
    for (size_t k = 0; k < sizeof value / sizeof *value; k++) {
        ent_exact sum = {{0}};
        check_ok(ent_exact_add(&sum, &value[k], 1.0, 1));
        sum.limb[0] += INT64_C(5) << 32; /* a carry that was not taken */
        sum.limb[1] -= 5;
        const ent_exact back = ent_ring_exact(ent_ring_of(&sum));
        assert_true(ent_exact_value(&back) == ent_exact_value(&sum));
        check_near(ent_exact_value(&back), value[k], 0x1p-61);
    }
}

/* ---- rounds ---- */

enum { MOST = 64, WIDTH = 37 };

typedef struct {
    ent_secure_graph graph;
    ent_secure_client client[MOST];
    ent_secure_keys keys[MOST];
    ent_secure_pair *pair; /* [clients][neighbours] */
    ent_secure_parcel *parcel;
    ent_secure_locked *locked;
    ent_ring x[MOST][WIDTH], sent[MOST][WIDTH];
    bool answered[MOST];
    ent_secure_revealed *revealed;
    int64_t shares;
} play;

/* Everything up to the vectors that are sent. */
static void begin(play *p, int64_t clients, int neighbours, int threshold, uint64_t round)
{
    *p = (play){.shares = 0};
    check_ok(ent_secure_graph_make(clients, neighbours, threshold, 11, round, &p->graph));
    p->pair = calloc((size_t)(clients * neighbours), sizeof *p->pair);
    p->parcel = calloc((size_t)(clients * neighbours), sizeof *p->parcel);
    p->locked = calloc((size_t)(clients * neighbours), sizeof *p->locked);
    p->revealed = calloc((size_t)(clients * neighbours), sizeof *p->revealed);
    for (int64_t c = 0; c < clients; c++) {
        check_ok(ent_secure_client_make(&p->graph, c, &p->client[c]));
        p->keys[c] = p->client[c].keys;
        for (int k = 0; k < WIDTH; k++) p->x[c][k] = (ent_ring)(bits_of(c * WIDTH + k) >> 20) - ((ent_ring)1 << 43);
    }
    check_ok(ent_secure_check_keys(&p->graph, p->keys));
    for (int64_t c = 0; c < clients; c++) {
        for (int k = 0; k < neighbours; k++) {
            const int64_t other = ent_secure_neighbour(&p->graph, c, k);
            check_ok(
                ent_secure_agree(&p->graph, &p->client[c], other, &p->keys[other], &p->pair[c * neighbours + k]));
        }
        check_ok(ent_secure_seal(&p->graph, &p->client[c], p->pair + c * neighbours, p->parcel + c * neighbours));
        ent_secure_lock(&p->graph, &p->client[c], p->pair + c * neighbours, p->locked + c * neighbours);
        memcpy(p->sent[c], p->x[c], sizeof p->x[c]);
        ent_secure_mask(&p->graph, &p->client[c], p->pair + c * neighbours, WIDTH, p->sent[c]);
        p->answered[c] = true;
    }
}

/* The shares of their neighbours that clients which have answered reveal. */
static void reveal(play *p)
{
    const int neighbours = p->graph.neighbours;
    p->shares = 0;
    for (int64_t c = 0; c < p->graph.clients; c++)
        for (int k = 0; k < neighbours; k++) {
            const int64_t other = ent_secure_neighbour(&p->graph, c, k);
            const int back = ent_secure_back(&p->graph, k);
            ent_secure_shares inside;
            assert_true(ent_secure_neighbour(&p->graph, other, back) == c);
            if (!p->answered[c]) continue;
            check_ok(ent_secure_open(&p->graph, other, c, &p->pair[c * neighbours + k],
                                     &p->parcel[other * neighbours + back], &inside));
            p->revealed[p->shares++] = (ent_secure_revealed){
                .client = other, .from = back, .share = p->answered[other] ? inside.seed : inside.lock};
        }
}

static void add_up(const play *p, ent_ring masked[WIDTH], ent_ring plain[WIDTH])
{
    memset(masked, 0, WIDTH * sizeof *masked);
    memset(plain, 0, WIDTH * sizeof *plain);
    for (int64_t c = 0; c < p->graph.clients; c++)
        for (int k = 0; k < WIDTH && p->answered[c]; k++) {
            masked[k] += p->sent[c][k];
            plain[k] += p->x[c][k];
        }
}

static ent_status open_sum(play *p, ent_ring sum[WIDTH])
{
    const ent_secure_answers answers = {
        .keys = p->keys, .locked = p->locked, .answered = p->answered, .shares = p->shares, .revealed = p->revealed};
    return ent_secure_unmask(&p->graph, &answers, WIDTH, sum);
}

static void end(play *p)
{
    ent_secure_graph_clear(&p->graph);
    free(p->pair);
    free(p->parcel);
    free(p->locked);
    free(p->revealed);
}

static void sums_open_whoever_drops_out(void **state)
{
    (void)state;
    static play p;
    const int shape[][3] = {{2, 1, 1}, {3, 2, 1}, {5, 4, 2}, {6, 5, 3}, {24, 8, 2}, {40, 39, 20}, {64, 12, 3}};
    for (size_t s = 0; s < sizeof shape / sizeof *shape; s++)
        for (int drops = 0; drops < 3; drops++) {
            ent_ring masked[WIDTH], plain[WIDTH];
            begin(&p, shape[s][0], shape[s][1], shape[s][2], (uint64_t)drops);
            for (int64_t c = 0; c < shape[s][0] && shape[s][0] > 3; c++) p.answered[c] = (c * 7 + 3) % 10 >= drops;
            reveal(&p);
            add_up(&p, masked, plain);
            assert_memory_not_equal(masked, plain, sizeof plain);
            check_ok(open_sum(&p, masked));
            assert_memory_equal(masked, plain, sizeof plain);
            end(&p);
        }
}

/* Chi-squared of the bytes of vectors that are nearly zero: what one client sends; what is left when all other
 * vectors and all secrets of two of its three neighbours are known. */
static void what_is_sent_looks_random(void **state)
{
    (void)state;
    static play p;
    int64_t count[2][256] = {{0}};
    enum { ROUNDS = 150 };
    for (int r = 0; r < ROUNDS; r++) {
        begin(&p, 4, 3, 3, (uint64_t)r);
        const int64_t victim = 1;
        ent_ring left[WIDTH];
        memcpy(left, p.sent[victim], sizeof left);
        for (int k = 1; k < 3; k++) {
            const int64_t other = ent_secure_neighbour(&p.graph, victim, k);
            ent_mask_add(p.pair[victim * 3 + k].mask, victim < other, WIDTH, left);
        }
        for (size_t b = 0; b < sizeof left; b++) {
            count[0][((const uint8_t *)p.sent[victim])[b]]++;
            count[1][((const uint8_t *)left)[b]]++;
        }
        end(&p);
    }
    for (int way = 0; way < 2; way++) {
        const double wanted = ROUNDS * WIDTH * 16 / 256.0;
        double chi = 0.0;
        for (int k = 0; k < 256; k++) chi += pow((double)count[way][k] - wanted, 2) / wanted;
        assert_true(chi > 150.0 && chi < 370.0); /* 255 degrees of freedom, deviation 22.6 */
    }
}

/* The sum of some that answered, with the shares for all of them, does not open. */
static void only_the_sum_opens(void **state)
{
    (void)state;
    static play p;
    ent_ring masked[WIDTH], plain[WIDTH];
    begin(&p, 6, 5, 3, 0);
    reveal(&p);
    add_up(&p, masked, plain);
    for (int k = 0; k < WIDTH; k++) {
        masked[k] -= p.sent[5][k];
        plain[k] -= p.x[5][k];
    }
    check_ok(open_sum(&p, masked));
    for (int k = 0; k < WIDTH; k++) assert_true(masked[k] != plain[k]);
    end(&p);
}

static void too_few_answer(void **state)
{
    (void)state;
    static play p;
    ent_ring masked[WIDTH], before[WIDTH], plain[WIDTH];
    begin(&p, 6, 5, 4, 0);
    p.answered[0] = p.answered[3] = p.answered[4] = false;
    reveal(&p);
    add_up(&p, masked, plain);
    memcpy(before, masked, sizeof before);
    check_fails(open_sum(&p, masked), ENT_EDATA, "neighbours, want 4");
    assert_memory_equal(masked, before, sizeof before);
    end(&p);
}

/* A share of another secret, from a client that has answered and one that has not: the others show whose it is. */
static void wrong_shares_are_not_used(void **state)
{
    (void)state;
    static play p;
    for (int64_t client = 1; client <= 2; client++)
        for (int bad = 1; bad <= 3; bad++) {
            ent_ring masked[WIDTH], plain[WIDTH], before[WIDTH];
            begin(&p, 8, 7, 3, 1);
            p.answered[2] = false;
            reveal(&p);
            add_up(&p, masked, plain);
            memcpy(before, masked, sizeof before);
            int64_t liar[3] = {-1, -1, -1};
            for (int from = 0, n = 0; from < 7 && n < bad; from++) {
                int64_t k = 0;
                while (k < p.shares && !(p.revealed[k].client == client && p.revealed[k].from == from)) k++;
                if (k == p.shares) continue; /* has not answered */
                liar[n++] = ent_secure_neighbour(&p.graph, client, p.revealed[k].from);
                p.revealed[k].share.word[n] = n == 2 ? UINT64_MAX : (uint64_t)n;
            }
            const ent_status status = open_sum(&p, masked);
            if (bad > (client == 1 ? 1 : 2)) { /* of 6 and 7 shares, where 3 are wanted */
                assert_int_equal(status, ENT_EDATA);
                assert_true(strstr(ent_message(), client == 1 ? "its seed open another" : "its lock open another"));
                assert_memory_equal(masked, before, sizeof before);
            } else {
                check_ok(status);
                assert_memory_equal(masked, plain, sizeof plain);
                int64_t found = 0; /* of those whose shares are used */
                for (int64_t c = 0; c < 8; c++) {
                    if (p.graph.fault[c] == ENT_FAULT_NONE) continue;
                    assert_true(p.graph.fault[c] == ENT_FAULT_SHARE && (c == liar[0] || c == liar[1]));
                    found++;
                }
                assert_true(found >= 1);
            }
            end(&p);
        }
}

static void wrong_and_replayed(void **state)
{
    (void)state;
    static play p, old;
    ent_ring masked[WIDTH], plain[WIDTH];
    begin(&p, 6, 5, 3, 1);
    begin(&old, 6, 5, 3, 0);
    reveal(&p);
    add_up(&p, masked, plain);
    p.revealed[0].from = -1; /* of no client */
    p.revealed[1] = p.revealed[2];
    check_ok(open_sum(&p, masked));
    assert_memory_equal(masked, plain, sizeof plain);
    /* a parcel that was changed on its way, one of an earlier round, and one for another neighbour */
    ent_secure_shares inside;
    const int64_t sender = ent_secure_neighbour(&p.graph, 0, 0);
    const int back = ent_secure_back(&p.graph, 0);
    ent_secure_parcel parcel = p.parcel[sender * 5 + back];
    check_ok(ent_secure_open(&p.graph, sender, 0, &p.pair[0], &parcel, &inside));
    parcel.sealed[17] ^= 1;
    check_fails(ent_secure_open(&p.graph, sender, 0, &p.pair[0], &parcel, &inside), ENT_EDATA, "not what was sealed");
    parcel = old.parcel[sender * 5 + back];
    assert_int_equal(ent_secure_open(&p.graph, sender, 0, &p.pair[0], &parcel, &inside), ENT_EDATA);
    parcel = p.parcel[sender * 5 + (back + 1) % 5];
    assert_int_equal(ent_secure_open(&p.graph, sender, 0, &p.pair[0], &parcel, &inside), ENT_EDATA);
    /* keys of another client, no key, and a key of low order */
    p.keys[3] = p.keys[4];
    memset(p.keys[1].key, 0, sizeof p.keys[1].key);
    check_ok(ent_secure_check_keys(&p.graph, p.keys));
    const ent_secure_fault wanted[] = {ENT_FAULT_NONE,     ENT_FAULT_NO_KEY,   ENT_FAULT_NONE,
                                       ENT_FAULT_SAME_KEY, ENT_FAULT_SAME_KEY, ENT_FAULT_NONE};
    assert_memory_equal(p.graph.fault, wanted, sizeof wanted);
    p.keys[1].key[0] = 1;
    ent_secure_pair pair;
    check_fails(ent_secure_agree(&p.graph, &p.client[0], 1, &p.keys[1], &pair), ENT_EDATA, "of low order");
    end(&p);
    end(&old);
}

/* The server cannot unmask a client that has answered: without the key, its message is random. */
static void locked_keys_look_random(void **state)
{
    (void)state;
    static play p;
    int64_t count[256] = {0}, bytes = 0;
    for (int r = 0; r < 100; r++) {
        begin(&p, 6, 5, 3, (uint64_t)r);
        for (size_t b = 0; b < 30 * sizeof *p.locked; b++) count[((const uint8_t *)p.locked)[b]]++, bytes++;
        for (int64_t k = 0; k < 30; k++) assert_memory_not_equal(p.locked[k].mask, p.pair[k].mask, 32);
        end(&p);
    }
    double chi = 0.0;
    for (int k = 0; k < 256; k++) chi += pow((double)count[k] - (double)bytes / 256.0, 2) / ((double)bytes / 256.0);
    assert_true(chi > 150.0 && chi < 370.0);
}

/* The same secrets in another round give other streams: a replayed key opens nothing. */
static void keys_belong_to_their_round(void **state)
{
    (void)state;
    static play p;
    ent_secure_graph next;
    ent_secure_pair pair;
    begin(&p, 4, 3, 2, 0);
    check_ok(ent_secure_graph_make(4, 3, 2, 11, 1, &next));
    const int64_t other = ent_secure_neighbour(&p.graph, 0, 0);
    check_ok(ent_secure_agree(&next, &p.client[0], other, &p.keys[other], &pair));
    assert_memory_not_equal(pair.mask, p.pair[0].mask, 32);
    assert_memory_not_equal(pair.cipher, p.pair[0].cipher, 32);
    ent_secure_graph_clear(&next);
    end(&p);
}

static void garbage_is_found(void **state)
{
    (void)state;
    ent_ring a[WIDTH], b[WIDTH], sum[WIDTH];
    for (int k = 0; k < WIDTH; k++) {
        a[k] = bits_of(k);
        b[k] = -(ent_ring)bits_of(k + 100);
        sum[k] = a[k] + b[k];
    }
    const ent_ring form = ent_ring_check(1, 2, WIDTH, a) + ent_ring_check(1, 2, WIDTH, b);
    assert_true(form == ent_ring_check(1, 2, WIDTH, sum));
    for (int k = 0; k < WIDTH; k++) {
        sum[k] ^= (ent_ring)1 << (3 * k);
        assert_true(form != ent_ring_check(1, 2, WIDTH, sum));
        sum[k] ^= (ent_ring)1 << (3 * k);
    }
    const ent_ring first = sum[0]; /* numbers that have changed places */
    sum[0] = sum[1];
    sum[1] = first;
    assert_true(form != ent_ring_check(1, 2, WIDTH, sum));
}

static void refuses(void **state)
{
    (void)state;
    ent_secure_graph g;
    check_fails(ent_secure_graph_make(1, 0, 1, 0, 0, &g), ENT_EARG, "would be the client's own");
    check_fails(ent_secure_graph_make(10, 3, 1, 0, 0, &g), ENT_EARG, "3 neighbours of 10 clients, want an even");
    check_fails(ent_secure_graph_make(10, 10, 1, 0, 0, &g), ENT_EARG, "10 neighbours of 10 clients");
    check_fails(ent_secure_graph_make(10, 4, 5, 0, 0, &g), ENT_EARG, "5 shares of 4, want 1..4");
    check_every_allocation(ent_secure_graph_make(10, 4, 2, 0, 0, &g), (void)0);
    ent_secure_graph_clear(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_threshold_of_shares_opens_the_secret),
        cmocka_unit_test(too_few_shares_reveal_nothing),
        cmocka_unit_test(wrong_shares),
        cmocka_unit_test(wrong_shares_are_found),
        cmocka_unit_test(derivation_is_that_of_the_rfc),
        cmocka_unit_test(stream_is_that_of_the_rfc),
        cmocka_unit_test(exact_sums_survive_the_ring),
        cmocka_unit_test(sums_open_whoever_drops_out),
        cmocka_unit_test(what_is_sent_looks_random),
        cmocka_unit_test(only_the_sum_opens),
        cmocka_unit_test(too_few_answer),
        cmocka_unit_test(wrong_shares_are_not_used),
        cmocka_unit_test(wrong_and_replayed),
        cmocka_unit_test(locked_keys_look_random),
        cmocka_unit_test(keys_belong_to_their_round),
        cmocka_unit_test(garbage_is_found),
        cmocka_unit_test(refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
