/* Differential privacy of clients and smaller updates: each step against a loop of a few lines. */
#include "check.h"

#include <stdlib.h>

#include "fed/privacy/compress.h"
#include "fed/privacy/download.h"
#include "fed/privacy/participation.h"
#include "fed/privacy/private.h"
#include "privacy/gaussian.h"

enum { PARAMS = 1200, BLOCKS = 3 };

static const ent_block BLOCK[BLOCKS] = {{.name = "a", .first = 0, .count = 200},
                                        {.name = "b", .first = 200, .count = 600},
                                        {.name = "c", .first = 800, .count = 400}};

/* A federation's parts, as far as these functions read them. */
typedef struct {
    ent_config config;
    ent_population population;
    ent_rule_state state;
    ent_private *privacy;
    double delta[PARAMS], weight[BLOCKS], effort[BLOCKS];
    ent_update update;
} scene;

static ent_comm *world;

static void begin(scene *s, const ent_config *c)
{
    *s = (scene){.config = *c};
    s->population = (ent_population){.config = &s->config, .clients = c->federation.clients};
    s->state = (ent_rule_state){.config = &s->config, .params = PARAMS, .blocks = BLOCKS, .block = BLOCK};
    check_ok(ent_private_new(world, &s->population, &s->state, &s->privacy));
    for (int b = 0; b < BLOCKS; b++) s->weight[b] = 1.0;
    s->update = (ent_update){.delta = s->delta, .weight = s->weight, .effort = s->effort};
}

static void end(scene *s)
{
    ent_private_free(s->privacy);
}

static ent_config config_of(ent_privacy_mode mode)
{
    ent_config c;
    ent_config_default(&c);
    c.federation.clients = 40;
    c.federation.participation = 0.5;
    c.federation.rounds = 9;
    c.privacy.mode = mode;
    c.privacy.clip = 0.7;
    c.privacy.noise_multiplier = 0.5;
    return c;
}

static void draw(int64_t client, double size, double *x)
{
    ent_random stream = ent_random_at(3, ENT_FOR_TEST, (uint64_t)client, 0);
    for (int k = 0; k < PARAMS; k++) x[k] = size * ent_random_normal(&stream);
}

static double norm(const double *x, int first, int count)
{
    double square = 0.0;
    for (int k = first; k < first + count; k++) square += x[k] * x[k];
    return sqrt(square);
}

/* ---- clients ---- */

static void changes_are_clipped(void **state)
{
    (void)state;
    scene s;
    double before[PARAMS];
    ent_config c = config_of(ENT_PRIVACY_CENTRAL);
    begin(&s, &c);
    draw(1, 1.0, s.delta);
    memcpy(before, s.delta, sizeof before);
    ent_private_clip(s.privacy, &s.state, &s.update);
    check_near(norm(s.delta, 0, PARAMS), 0.7, 1e-12);
    check_near(s.delta[5] / s.delta[900], before[5] / before[900], 1e-12);
    assert_true(s.update.within == 0.0);
    draw(1, 0.001, s.delta);
    memcpy(before, s.delta, sizeof before);
    ent_private_clip(s.privacy, &s.state, &s.update);
    assert_memory_equal(s.delta, before, sizeof before);
    assert_true(s.update.within == 1.0);
    end(&s);
    c.privacy.clipping = ENT_CLIP_BLOCK;
    begin(&s, &c);
    draw(2, 1.0, s.delta);
    for (int k = 0; k < 200; k++) s.delta[k] *= 1e-4;
    memcpy(before, s.delta, sizeof before);
    ent_private_clip(s.privacy, &s.state, &s.update);
    assert_memory_equal(s.delta, before, 200 * sizeof *before);
    check_near(norm(s.delta, 200, 600), 0.7 / sqrt(3.0), 1e-12);
    check_near(norm(s.delta, 800, 400), 0.7 / sqrt(3.0), 1e-12);
    end(&s);
}

static void local_noise_has_its_deviation(void **state)
{
    (void)state;
    scene s;
    double other[PARAMS];
    const ent_config c = config_of(ENT_PRIVACY_LOCAL);
    begin(&s, &c);
    ent_private_clip(s.privacy, &s.state, &s.update);
    check_near(norm(s.delta, 0, PARAMS) / sqrt(PARAMS), 0.35, 0.03); /* four deviations */
    memcpy(other, s.delta, sizeof other);
    memset(s.delta, 0, sizeof s.delta);
    s.update.client = 1;
    ent_private_clip(s.privacy, &s.state, &s.update);
    assert_true(s.delta[0] != other[0] && s.delta[PARAMS - 1] != other[PARAMS - 1]);
    end(&s);
}

/* The shares of as many clients as must answer add up to the noise of the sum. */
static void shares_of_noise_make_up_the_whole(void **state)
{
    (void)state;
    scene s;
    double sum[PARAMS] = {0};
    ent_config c = config_of(ENT_PRIVACY_DISTRIBUTED);
    c.federation.secure.threshold = 0.6;
    begin(&s, &c);
    ent_private_begin(s.privacy, &(ent_cohort){.n = 17, .lost = 3});
    for (int client = 0; client < 12; client++) { /* 0.6 of 20 */
        memset(s.delta, 0, sizeof s.delta);
        s.update.client = client;
        ent_private_clip(s.privacy, &s.state, &s.update);
        for (int k = 0; k < PARAMS; k++) sum[k] += s.delta[k];
    }
    check_near(norm(sum, 0, PARAMS) / sqrt(PARAMS), 0.35, 0.03);
    for (int k = 0; k < PARAMS; k++) /* integers: a share's deviation, 0.101, is 2^23 to 2^24 units */
        assert_true(ldexp(s.delta[k], 27) == rint(ldexp(s.delta[k], 27)));
    s.delta[3] = NAN, s.delta[5] = INFINITY;
    ent_private_clip(s.privacy, &s.state, &s.update); /* is left for the check that refuses it */
    assert_true(isnan(s.delta[3]));
    end(&s);
}

/* ---- server ---- */

typedef struct {
    double delta[PARAMS], weight[BLOCKS];
    ent_mean mean;
} released;

/* A round in which `clients` have trained all blocks but the last, each with a change of ones. */
static void release(scene *s, int64_t round, int64_t clients, double within, released *r, ent_round *figures)
{
    for (int k = 0; k < PARAMS; k++) r->delta[k] = k < 800 ? 1.0 : 0.0;
    for (int b = 0; b < BLOCKS; b++) r->weight[b] = b < 2 ? (double)clients : 0.0;
    r->mean = (ent_mean){.clients = clients, .delta = r->delta, .weight = r->weight, .within = within};
    s->state.round = round;
    ent_private_release(s->privacy, &s->state, &r->mean, figures);
}

static void sums_get_noise_and_a_fixed_denominator(void **state)
{
    (void)state;
    scene s;
    released a, b;
    ent_round figures = {.round = 0};
    const ent_config c = config_of(ENT_PRIVACY_CENTRAL);
    begin(&s, &c);
    release(&s, 4, 17, 0.0, &a, &figures);
    for (int k = 0; k < PARAMS; k++) a.delta[k] -= k < 800 ? 17.0 / 20.0 : 0.0; /* 20: participation times clients */
    check_near(norm(a.delta, 0, PARAMS) / sqrt(PARAMS), 0.5 * 0.7 / 20.0, 1.5e-3);
    for (int block = 0; block < BLOCKS; block++) assert_true(a.weight[block] == 20.0);
    release(&s, 4, 3, 0.0, &b, &figures);
    check_near(b.delta[900], a.delta[900], 0.0); /* the round's noise, whoever took part */
    release(&s, 5, 3, 0.0, &b, &figures);
    assert_true(b.delta[900] != a.delta[900]);
    assert_true(figures.clip == 0.7);
    end(&s);
}

/* Of rounds 0..t together: a node for each binary digit of t + 1, and none else. */
static void trees_have_few_nodes(void **state)
{
    (void)state;
    scene s;
    ent_config c = config_of(ENT_PRIVACY_CENTRAL);
    c.privacy.mechanism = ENT_RELEASE_TREE;
    begin(&s, &c);
    double sum[PARAMS] = {0}, z[PARAMS];
    const ent_gaussian source = {.seed = c.seeds.sampling};
    for (uint64_t t = 0; t < 13; t++) {
        released r;
        ent_round figures = {.round = 0};
        release(&s, (int64_t)t, 0, 0.0, &r, &figures);
        double wanted[PARAMS] = {0};
        for (int k = 0; k < PARAMS; k++) sum[k] += (r.delta[k] - 0.0) * 20.0 / 0.35;
        for (uint64_t level = 0; level < 4; level++) {
            if (!((t + 1) >> level & 1)) continue;
            ent_gaussian_fill(&source, ENT_FOR_TREE_NOISE, level, ((t + 1) >> level) - 1, PARAMS, z);
            for (int k = 0; k < PARAMS; k++) wanted[k] += z[k];
        }
        for (int k = 0; k < PARAMS; k++) check_near(sum[k], wanted[k], 1e-9);
    }
    end(&s);
}

/* Andrew et al.: the norm goes down by exp(-rate (share - quantile)). */
static void norm_follows_the_quantile(void **state)
{
    (void)state;
    scene s;
    released r;
    ent_round figures = {.round = 0};
    ent_config c = config_of(ENT_PRIVACY_CENTRAL);
    c.privacy.adaptive_quantile = 0.4;
    c.privacy.adaptive_rate = 0.3;
    c.privacy.noise_multiplier = 1.0;
    c.privacy.count_noise = 0.8;
    begin(&s, &c);
    release(&s, 0, 20, 15.0, &r, &figures);
    ent_gaussian source = {.seed = c.seeds.sampling};
    double z;
    ent_gaussian_fill(&source, ENT_FOR_COUNT_NOISE, 0, 0, 1, &z);
    check_near(figures.unclipped, (15.0 + 0.8 * z) / 20.0, 1e-12);
    const double wanted = 0.7 * exp(-0.3 * (figures.unclipped - 0.4));
    ent_round next = {.round = 1};
    release(&s, 1, 20, 15.0, &r, &next);
    check_near(next.clip, wanted, 1e-12);
    for (int k = 0; k < PARAMS; k++) r.delta[k] -= k < 800 ? 1.0 : 0.0;
    const double noise = 1.0 / sqrt(1.0 - 0.25 / 0.64); /* both noises together are one of multiplier 1 */
    check_near(norm(r.delta, 0, PARAMS) / sqrt(PARAMS) / (noise * wanted / 20.0), 1.0, 0.1);
    scene resumed;
    begin(&resumed, &c);
    check_ok(ent_private_resume(resumed.privacy, NULL, &resumed.population, 0, NULL));
    ent_participation_free(NULL);
    end(&resumed);
    end(&s);
}

static void the_system_gives_a_different_key_each_time(void **state)
{
    (void)state;
    double a[300], b[300], again[300];
    ent_gaussian one = {.system = true}, two = {.system = true};
    check_ok(ent_gaussian_draw_key(&one));
    check_ok(ent_gaussian_draw_key(&two));
    ent_gaussian_fill(&one, ENT_FOR_SUM_NOISE, 1, 2, 300, a);
    ent_gaussian_fill(&one, ENT_FOR_SUM_NOISE, 1, 2, 300, again);
    ent_gaussian_fill(&two, ENT_FOR_SUM_NOISE, 1, 2, 300, b);
    assert_memory_equal(a, again, sizeof a);
    double sum = 0.0, square = 0.0;
    for (int k = 0; k < 300; k++) {
        assert_true(a[k] != b[k]);
        sum += a[k];
        square += a[k] * a[k];
    }
    check_near(sum / 300, 0.0, 0.25);
    check_near(square / 300, 1.0, 0.35);
    ent_gaussian_fill(&one, ENT_FOR_SUM_NOISE, 2, 2, 300, b);
    assert_true(a[0] != b[0] && a[299] != b[299]);
}

/* ---- participation ---- */

static void participation_in_a_tree_by_all_nodes(void **state)
{
    (void)state;
    enum { ROUNDS = 21 };
    for (int pattern = 0; pattern < 40; pattern++) { /* 21: the nodes of 8 rounds end at 16, of 4 at 20 */
        const ent_random stream = ent_random_at(9, ENT_FOR_TEST, (uint64_t)pattern, 0);
        ent_participation *tree, *plain;
        check_ok(ent_participation_new(2, ROUNDS, &tree));
        check_ok(ent_participation_new(2, 0, &plain));
        int64_t wanted = 0, rounds = 0;
        for (int level = 0; ROUNDS >> level > 0; level++)
            for (int node = 0; node < ROUNDS >> level; node++) {
                int64_t count = 0;
                for (int r = node << level; r < (node + 1) << level && r < ROUNDS; r++)
                    count += ent_random_bits(&stream, (uint64_t)r) % 3 == 0;
                wanted += count * count;
            }
        for (int r = 0; r < ROUNDS; r++) {
            if (ent_random_bits(&stream, (uint64_t)r) % 3 != 0) continue;
            ent_participation_add(tree, r, 1);
            ent_participation_add(plain, r, 1);
            rounds++;
        }
        assert_true(ent_participation_most(tree) == wanted);
        assert_true(ent_participation_most(plain) == rounds);
        ent_participation_free(tree);
        ent_participation_free(plain);
    }
}

/* Epsilon after the rounds: with Poisson sampling from rate and rounds, else from the most frequent participant. */
static void epsilon_is_that_of_the_accountant(void **state)
{
    (void)state;
    ent_config c = config_of(ENT_PRIVACY_CENTRAL);
    ent_member member[] = {{.client = 3}, {.client = 7}};
    const ent_cohort both = {.n = 2, .member = member}, one = {.n = 1, .member = member};
    for (int sampling = 0; sampling < 2; sampling++)
        for (int mode = 0; mode < 4; mode++) {
            scene s;
            ent_round figures[3] = {{.round = 0}, {.round = 1}, {.round = 2}};
            c.federation.sampling = sampling ? ENT_SAMPLING_POISSON : ENT_SAMPLING_UNIFORM;
            c.privacy.mode = mode == 3   ? ENT_PRIVACY_DISTRIBUTED
                             : mode == 2 ? ENT_PRIVACY_LOCAL
                                         : ENT_PRIVACY_CENTRAL;
            c.privacy.mechanism = mode == 1 ? ENT_RELEASE_TREE : ENT_RELEASE_GAUSSIAN;
            begin(&s, &c);
            check_ok(ent_private_account(s.privacy, &both, &figures[0]));
            check_ok(ent_private_account(s.privacy, &(ent_cohort){.n = 0}, &figures[1]));
            check_ok(ent_private_account(s.privacy, &one, &figures[2]));
            ent_mechanism wanted = {.rate = 1.0, .noise = mode == 2 ? 0.25 : 0.5, .steps = 2};
            if (sampling && mode == 0) wanted = (ent_mechanism){.rate = 0.5, .noise = 0.5, .steps = 3};
            /* rounds 0 and 2 of 9: in nodes of 1, 2, 4 and 8 rounds: 1 + 1, 1 + 1, 2^2, 2^2 */
            if (mode == 1) wanted = (ent_mechanism){.rate = 1.0, .noise = 0.5 / sqrt(12.0), .steps = 1};
            double epsilon;
            check_ok(ent_privacy_epsilon(c.privacy.accountant, &wanted, c.privacy.delta, &epsilon));
            check_near(figures[2].epsilon, epsilon, 1e-9);
            assert_true(figures[0].epsilon > 0.0 && figures[0].epsilon <= figures[1].epsilon);
            end(&s);
        }
}

/* ---- smaller updates ---- */

static void the_largest_are_sent(void **state)
{
    (void)state;
    scene s;
    double before[PARAMS], scratch[PARAMS], left[PARAMS] = {0};
    ent_config c = config_of(ENT_PRIVACY_NONE);
    c.communication.sparsify = ENT_SPARSIFY_TOP;
    begin(&s, &c);
    assert_null(s.privacy);
    for (int turn = 0; turn < 3; turn++) {
        double whole[PARAMS];
        draw(turn, 1.0, s.delta);
        if (turn == 2) s.weight[1] = 0.0; /* nothing of this block is sent or kept */
        if (turn == 2) s.delta[900] = s.delta[901] = s.delta[902] = 100.0;
        for (int k = 0; k < PARAMS; k++) before[k] = left[k], whole[k] = left[k] + s.delta[k];
        ent_compress(&s.state, &s.update, left, scratch);
        for (int b = 0; b < BLOCKS; b++) {
            int sent = 0;
            double least = INFINITY, most_left = 0.0;
            for (int k = BLOCK[b].first; k < BLOCK[b].first + BLOCK[b].count; k++) {
                if (s.weight[b] == 0.0) {
                    assert_true(left[k] == before[k]);
                    continue;
                }
                check_near(s.delta[k] + left[k], whole[k], 1e-12);
                sent += s.delta[k] != 0.0;
                if (s.delta[k] != 0.0) least = fmin(least, fabs(s.delta[k]));
                most_left = fmax(most_left, fabs(left[k]));
            }
            if (s.weight[b] > 0.0) assert_true(sent == BLOCK[b].count / 10 && least >= most_left);
        }
    }
    for (int k = 0; k < PARAMS; k++) s.delta[k] = k % 2 ? 1.0 : -1.0;
    ent_compress(&s.state, &s.update, NULL, scratch); /* of equals the first */
    for (int k = 0; k < 200; k++) assert_true((s.delta[k] != 0.0) == (k < 20));
    check_near(ent_compress_bytes(&s.state), ceil((120 * 64 + 20 * 8 + 60 * 10 + 40 * 9) / 8.0), 0.0);
    end(&s);
}

static void random_numbers_are_the_rounds(void **state)
{
    (void)state;
    scene s;
    double scratch[PARAMS], mean[PARAMS] = {0}, other[PARAMS];
    enum { ROUNDS = 3000 };
    ent_config c = config_of(ENT_PRIVACY_NONE);
    c.communication.sparsify = ENT_SPARSIFY_RANDOM;
    c.communication.feedback = false;
    begin(&s, &c);
    for (int r = 0; r < ROUNDS; r++) {
        s.state.round = r;
        for (int k = 0; k < PARAMS; k++) s.delta[k] = 1.0;
        s.update.client = 1;
        ent_compress(&s.state, &s.update, NULL, scratch);
        for (int k = 0; k < PARAMS; k++) mean[k] += s.delta[k] / ROUNDS;
        memcpy(other, s.delta, sizeof other);
    }
    for (int k = 0; k < PARAMS; k++) s.delta[k] = 1.0;
    s.update.client = 2;
    ent_compress(&s.state, &s.update, NULL, scratch);
    assert_memory_equal(other, s.delta, sizeof other);
    int sent = 0;
    bool common[PARAMS];
    assert_int_equal(ent_compress_common(&s.state, common), 120);
    for (int k = 0; k < PARAMS; k++) {
        assert_true(common[k] == (s.delta[k] != 0.0));
        check_near(mean[k], 1.0, 0.33); /* deviation 3 / sqrt(3000), six of them */
        sent += s.delta[k] != 0.0;
    }
    assert_int_equal(sent, 120);
    check_near(ent_compress_bytes(&s.state), 120 * 8, 0.0);
    end(&s);
}

static void rounding_is_unbiased(void **state)
{
    (void)state;
    for (int bits = 1; bits <= 8; bits++) {
        scene s;
        double scratch[PARAMS], before[PARAMS];
        ent_config c = config_of(ENT_PRIVACY_NONE);
        c.communication.bits = bits;
        begin(&s, &c);
        draw(bits, 1.0, before);
        double bias = 0.0, most = 0.0, square = 0.0;
        for (int k = 0; k < 200; k++) most = fmax(most, fabs(before[k]));
        most = (float)most < most ? nextafterf((float)most, INFINITY) : (float)most;
        const double gap = bits == 1 ? 2.0 * most : most / ((1 << (bits - 1)) - 1);
        enum { CLIENTS = 200 };
        for (int client = 0; client < CLIENTS; client++) {
            memcpy(s.delta, before, sizeof before);
            s.update.client = client;
            ent_compress(&s.state, &s.update, NULL, scratch);
            for (int k = 0; k < 200; k++) {
                const double at = (s.delta[k] + most) / gap;
                check_near(at, rint(at), 1e-9);
                assert_true(fabs(s.delta[k] - before[k]) < gap * (1.0 + 1e-12));
                bias += s.delta[k] - before[k];
                square += (s.delta[k] - before[k]) * (s.delta[k] - before[k]);
            }
        }
        assert_true(fabs(bias) < 5.0 * sqrt(square));
        check_near(ent_compress_bytes(&s.state), PARAMS * bits / 8.0 + 12, 0.51);
        end(&s);
    }
}

/* ---- smaller downloads ---- */

/* Every number of a message is the nearest of those that can be sent; the rest comes with the next messages. */
static void downloads_are_rounded_to_the_nearest(void **state)
{
    (void)state;
    for (int bits = 1; bits <= 8; bits++) {
        scene s;
        double w[PARAMS], before[PARAMS];
        ent_download *d;
        ent_config c = config_of(ENT_PRIVACY_NONE);
        c.communication.download_bits = bits;
        begin(&s, &c);
        draw(1, 1.0, before);
        draw(2, 1.0, w);
        check_ok(ent_download_new(&s.population, &s.state, before, &d));
        ent_download_send(d, &s.state, w);
        for (int b = 0; b < BLOCKS; b++) {
            const int first = BLOCK[b].first, end_ = first + BLOCK[b].count;
            double most = 0.0, mean = 0.0;
            for (int k = first; k < end_; k++) {
                most = fmax(most, fabs(w[k] - before[k]));
                mean += fabs(w[k] - before[k]) / BLOCK[b].count;
            }
            const int steps = (1 << (bits - 1)) - 1;
            for (int k = first; k < end_; k++) {
                const double sent = d->known[k] - before[k], wanted = w[k] - before[k];
                if (bits == 1) {
                    check_near(fabs(sent), mean, 1e-6);
                    assert_true(sent * wanted > 0.0);
                    continue;
                }
                check_near(sent * steps / most, rint(sent * steps / most), 1e-4);
                assert_true(fabs(sent - wanted) <= 0.5000001 * most / steps);
            }
        }
        double left = INFINITY;
        for (int round = 0; round < 400; round++) ent_download_send(d, &s.state, w);
        for (int k = 0; k < PARAMS; k++) left = fmin(left, -fabs(w[k] - d->known[k]));
        check_near(left, 0.0, bits == 1 ? 0.5 : 1e-6);
        ent_download_free(d);
        end(&s);
    }
}

/* The first time the whole model; then a message for each missed round, but never more than the whole model. */
static void downloads_make_up_for_missed_rounds(void **state)
{
    (void)state;
    scene s;
    double w[PARAMS] = {0};
    ent_download *d;
    ent_config c = config_of(ENT_PRIVACY_NONE);
    c.communication.download_bits = 4;
    begin(&s, &c);
    check_ok(ent_download_new(&s.population, &s.state, w, &d));
    const double whole = 8.0 * PARAMS, message = PARAMS / 2.0 + 12.0;
    ent_member member[] = {{.client = 3, .base = 0}, {.client = 7, .base = 0}};
    int64_t gone[] = {9};
    ent_cohort cohort = {.n = 2, .lost = 1, .member = member, .gone = gone};
    check_near(ent_download_bytes(d, &s.state, &cohort, 0), 3.0 * whole, 0.0);
    member[0].base = 1;
    cohort.n = 1;
    check_near(ent_download_bytes(d, &s.state, &cohort, 1), 2.0 * message, 0.0); /* 3, and 9 that was lost */
    member[0].base = member[1].base = 5;
    cohort.n = 2;
    check_near(ent_download_bytes(d, &s.state, &cohort, 5), (4.0 + 5.0 + 4.0) * message, 0.0);
    member[0].base = 100;
    cohort.n = 1, cohort.lost = 0;
    check_near(ent_download_bytes(d, &s.state, &cohort, 100), whole, 0.0);
    member[0].base = 90; /* of an update that was late */
    check_near(ent_download_bytes(d, &s.state, &cohort, 101), 0.0, 0.0);
    assert_true(d->since[3] == 100 && d->since[0] == -1);
    ent_download_free(d);
    end(&s);
}

/* ---- refusals ---- */

static void refuses(void **state)
{
    (void)state;
    const ent_config good = config_of(ENT_PRIVACY_CENTRAL);
    check_ok(ent_private_check(&good));
    ent_config c = good;
    const ent_aggregation single[] = {ENT_MEDIAN, ENT_TRIMMED_MEAN, ENT_KRUM, ENT_MULTI_KRUM};
    for (int k = 0; k < 4; k++) {
        c.federation.aggregation = single[k];
        check_fails(ent_private_check(&c), ENT_ECONFIG, "reads single updates");
    }
    const ent_aggregation more[] = {ENT_SCAFFOLD, ENT_FEDDYN, ENT_FEDNOVA};
    for (int k = 0; k < 3; k++) {
        c.federation.aggregation = more[k];
        check_fails(ent_private_check(&c), ENT_ECONFIG, "more than their change");
    }
    c.federation.aggregation = ENT_LOCAL;
    check_fails(ent_private_check(&c), ENT_ECONFIG, "found 'local'");
    c = good, c.system.mode = ENT_MODE_FEDBUFF;
    check_fails(ent_private_check(&c), ENT_ECONFIG, "found 'fedbuff'");
    c = good, c.federation.sampling = ENT_SAMPLING_WEIGHTED;
    check_fails(ent_private_check(&c), ENT_ECONFIG, "found 'weighted'");
    c = good, c.privacy.mode = ENT_PRIVACY_LOCAL, c.privacy.mechanism = ENT_RELEASE_TREE;
    check_fails(ent_private_check(&c), ENT_ECONFIG, "found 'tree'");
    c = good, c.privacy.mechanism = ENT_RELEASE_TREE, c.privacy.noise_from = ENT_NOISE_FROM_SYSTEM;
    check_fails(ent_private_check(&c), ENT_ECONFIG, "found 'system'");
    c = good, c.privacy.delta = 1e-15;
    check_fails(ent_private_check(&c), ENT_ECONFIG, "want at least 1e-12");
    c = good, c.privacy.adaptive_quantile = 0.5, c.privacy.clipping = ENT_CLIP_BLOCK;
    check_fails(ent_private_check(&c), ENT_ECONFIG, "privacy.adaptive_quantile: found 0.5, want 0");
    c = good, c.privacy.adaptive_quantile = 0.5, c.privacy.count_noise = 0.2;
    check_fails(ent_private_check(&c), ENT_ECONFIG, "privacy.count_noise: found 0.2, want more than half");
    c = good, c.privacy.mode = ENT_PRIVACY_LOCAL, c.communication.bits = 4;
    check_fails(ent_private_check(&c), ENT_ECONFIG, "communication: want sparsify none");
    c = good, c.privacy.mode = ENT_PRIVACY_DISTRIBUTED;
    check_fails(ent_private_check(&c), ENT_ECONFIG, "federation.secure.threshold: found 0, want more");
    c.federation.secure.threshold = 0.5, c.privacy.noise_multiplier = 1e-4;
    check_fails(ent_private_check(&c), ENT_ECONFIG, "privacy.noise_multiplier: found 0.0001");
}

int main(int argc, char **argv)
{
    if (ent_comm_start(&argc, &argv, &world) != ENT_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_are_clipped),
        cmocka_unit_test(local_noise_has_its_deviation),
        cmocka_unit_test(shares_of_noise_make_up_the_whole),
        cmocka_unit_test(sums_get_noise_and_a_fixed_denominator),
        cmocka_unit_test(trees_have_few_nodes),
        cmocka_unit_test(norm_follows_the_quantile),
        cmocka_unit_test(the_system_gives_a_different_key_each_time),
        cmocka_unit_test(participation_in_a_tree_by_all_nodes),
        cmocka_unit_test(epsilon_is_that_of_the_accountant),
        cmocka_unit_test(the_largest_are_sent),
        cmocka_unit_test(random_numbers_are_the_rounds),
        cmocka_unit_test(rounding_is_unbiased),
        cmocka_unit_test(downloads_are_rounded_to_the_nearest),
        cmocka_unit_test(downloads_make_up_for_missed_rounds),
        cmocka_unit_test(refuses),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ent_comm_finish(world);
    return failed;
}
