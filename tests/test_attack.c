/* Aggregation rules by hand, one parameter and one block; attacks, and the rules that withstand them. */
#include "fed/rules/rules.h"
#include "nine_clients.h"

/* ---- by hand: one parameter, one block ---- */

static const ent_block ONE = {.name = "one", .count = 1};

typedef struct {
    ent_config config;
    double memory[2], w;
    int64_t population;
    ent_rule_state state;
} hand;

static void hand_make(hand *h, ent_config_server server, int64_t population)
{
    *h = (hand){.config = {.server = server}, .population = population};
    h->state = (ent_rule_state){.config = &h->config,
                                .params = 1,
                                .blocks = 1,
                                .block = &ONE,
                                .cohort = population,
                                .population = &h->population,
                                .base = &h->w,
                                .memory = {&h->memory[0], &h->memory[1]}};
}

/* The server's step from these means. */
static double hand_step(hand *h, const ent_rule *rule, double delta, double extra, double weight, double effort)
{
    const ent_mean mean = {.clients = 1, .delta = &delta, .extra = &extra, .weight = &weight, .effort = &effort};
    rule->step(&h->state, &mean, &h->w);
    return h->w;
}

static void server_optimisers_by_hand(void **state)
{
    (void)state;
    hand h;
    hand_make(&h, (ent_config_server){.learning_rate = 2.0, .momentum = 0.5}, 1);
    assert_true(hand_step(&h, &ENT_RULE_FEDAVGM, 1.0, 0, 1, 0) == 2.0); /* v = 1 */
    assert_true(hand_step(&h, &ENT_RULE_FEDAVGM, 3.0, 0, 0, 0) == 2.0); /* no client: kept */
    assert_true(hand_step(&h, &ENT_RULE_FEDAVGM, 3.0, 0, 1, 0) == 9.0); /* v = 3.5 */
    hand_make(&h, (ent_config_server){.momentum = 0.5}, 1);             /* its own rate: 1 */
    assert_true(hand_step(&h, &ENT_RULE_FEDAVGM, 1.0, 0, 1, 0) == 1.0);

    hand_make(&h, (ent_config_server){.learning_rate = 8.0, .beta1 = 0.5, .tau = 3.0}, 1);
    ENT_RULE_FEDADAGRAD.start(&h.state);                                    /* v = 9 */
    assert_true(hand_step(&h, &ENT_RULE_FEDADAGRAD, 4.0, 0, 1, 0) == 2.0);  /* m = 2, v = 25: 8 * 2 / (5 + 3) */
    assert_true(hand_step(&h, &ENT_RULE_FEDADAGRAD, 12.0, 0, 1, 0) == 5.5); /* m = 7, v = 169: + 8 * 7 / (13 + 3) */

    hand_make(&h, (ent_config_server){.learning_rate = 10.0, .beta1 = 0.5, .beta2 = 0.5, .tau = 1.0}, 1);
    ENT_RULE_FEDADAM.start(&h.state);                                     /* v = 1 */
    assert_true(hand_step(&h, &ENT_RULE_FEDADAM, 1.0, 0, 1, 0) == 2.5);   /* m = 1/2, v = 1: 10 / 2 / (1 + 1) */
    assert_true(hand_step(&h, &ENT_RULE_FEDADAM, -1.0, 0, 1, 0) == 1.25); /* m = -1/4: 2.5 - 10 / 4 / 2 */

    hand_make(&h, (ent_config_server){.learning_rate = 7.0, .beta1 = 0.5, .beta2 = 0.0, .tau = 3.0}, 1);
    ENT_RULE_FEDYOGI.start(&h.state);                                    /* v = 9 */
    assert_true(hand_step(&h, &ENT_RULE_FEDYOGI, 4.0, 0, 1, 0) == 1.75); /* 16 > 9: v = 25; 7 * 2 / 8 */
    assert_true(hand_step(&h, &ENT_RULE_FEDYOGI, 3.0, 0, 1, 0) == 4.25); /* 9 < 25: v = 16; + 7 * 2.5 / 7 */
}

/* Three clients can train the block, two take part: 3 * (-1) over 2 steps, 3 * (-4) over 1, rate 1/2. */
static void scaffold_by_hand(void **state)
{
    (void)state;
    hand h;
    double variate[2] = {0}, extra[2], delta[2] = {-1.0, -4.0}, gradient = 10.0;
    const int64_t steps[2] = {2, 1};
    hand_make(&h, (ent_config_server){.learning_rate = 1.0}, 3);
    h.config.client.learning_rate = 0.5;
    for (int c = 0; c < 2; c++) {
        ent_update u = {.client = c, .delta = &delta[c], .extra = &extra[c], .steps = &steps[c]};
        ENT_RULE_SCAFFOLD.send(&h.state, &variate[c], &u);
    }
    assert_true(variate[0] == 1.0 && variate[1] == 8.0 && extra[0] == 1.0 && extra[1] == 8.0);
    assert_true(hand_step(&h, &ENT_RULE_SCAFFOLD, -2.5, 9.0, 2.0, 0) == -2.5);
    assert_true(h.memory[0] == 3.0); /* 9 / 3 */
    ENT_RULE_SCAFFOLD.correct(&h.state, &variate[1], &ONE, &h.w, &gradient);
    assert_true(gradient == 5.0); /* 10 + 3 - 8 */
}

static void fednova_by_hand(void **state)
{
    (void)state;
    hand h;
    double delta = 4.0, effort;
    const int64_t steps = 4, three = 3;
    ent_update u = {.delta = &delta, .effort = &effort, .steps = &steps};
    hand_make(&h, (ent_config_server){.mu = 0}, 2);
    ENT_RULE_FEDNOVA.send(&h.state, NULL, &u);
    assert_true(delta == 1.0 && effort == 4.0);
    h.config.client = (ent_config_client){.optimizer = ENT_MOMENTUM, .momentum = 0.5};
    u.steps = &three;
    delta = 8.5;
    ENT_RULE_FEDNOVA.send(&h.state, NULL, &u);
    assert_true(delta == 2.0 && effort == 4.25); /* 1 + 1.5 + 1.75 */
    /* directions 1 and 2 with weights 1/4 and 3/4, lengths 4 and 1 */
    assert_true(hand_step(&h, &ENT_RULE_FEDNOVA, 1.75, 0, 4.0, 1.75) == 3.0625);
}

static void feddyn_by_hand(void **state)
{
    (void)state;
    hand h;
    double variate = 0.0, delta = 3.0, gradient = 10.0;
    const int64_t steps = 1;
    hand_make(&h, (ent_config_server){.alpha = 0.5}, 4);
    ENT_RULE_FEDDYN.send(&h.state, &variate, &(ent_update){.delta = &delta, .steps = &steps});
    assert_true(variate == -1.5);
    /* changes 1 and 3 of two clients among four: h = - 0.5 / 4 * 4 = -0.5, w = 2 + 1 */
    assert_true(hand_step(&h, &ENT_RULE_FEDDYN, 2.0, 0, 2.0, 0) == 3.0 && h.memory[0] == -0.5);
    const double w = 5.0;
    ENT_RULE_FEDDYN.correct(&h.state, &variate, &ONE, &w, &gradient);
    assert_true(gradient == 12.5); /* 10 + 0.5 (5 - 3) + 1.5 */
}

/* The result of a rule for one number per client. */
static double combined(const ent_rule *rule, ent_config_server server, int n, double *number, int64_t *blocks_short)
{
    hand h;
    double delta = NAN, weight = NAN, one = 1.0;
    ent_update update[8];
    ent_mean mean = {.delta = &delta, .weight = &weight};
    hand_make(&h, server, n);
    for (int k = 0; k < n; k++) update[k] = (ent_update){.client = k, .delta = &number[k], .weight = &one};
    check_ok(rule->combine(&h.state, n, update, &mean));
    assert_true(mean.blocks_short == 1 ? weight == 0.0 && delta == 0.0 : weight == n);
    *blocks_short = mean.blocks_short;
    return delta;
}

static void robust_rules_by_hand(void **state)
{
    (void)state;
    int64_t lost;
    double four[] = {3, 100, 1, 2}, five[] = {0, 1, 2.5, 3, 100};
    assert_true(combined(&ENT_RULE_MEDIAN, (ent_config_server){0}, 4, four, &lost) == 2.5);
    assert_true(combined(&ENT_RULE_MEDIAN, (ent_config_server){0}, 5, five, &lost) == 2.5);
    assert_true(combined(&ENT_RULE_MEDIAN, (ent_config_server){0}, 1, four, &lost) == 3.0);
    assert_true(combined(&ENT_RULE_TRIMMED_MEAN, (ent_config_server){.trim = 0.25}, 4, four, &lost) == 2.5);
    assert_true(combined(&ENT_RULE_TRIMMED_MEAN, (ent_config_server){.trim = 0.2}, 4, four, &lost) == 26.5);
    assert_true(combined(&ENT_RULE_TRIMMED_MEAN, (ent_config_server){.trim = 0.2}, 5, five, &lost) == 6.5 / 3);
    /* two nearest: 1 + 6.25, 1 + 2.25, 0.25 + 2.25, 0.25 + 4, ... */
    assert_true(combined(&ENT_RULE_KRUM, (ent_config_server){.faulty = 1}, 5, five, &lost) == 2.5 && lost == 0);
    assert_true(combined(&ENT_RULE_MULTI_KRUM, (ent_config_server){.faulty = 1, .select = 2}, 5, five, &lost) ==
                1.75);
    assert_true(combined(&ENT_RULE_MULTI_KRUM, (ent_config_server){.faulty = 1}, 5, five, &lost) == 1.625);
    assert_true(combined(&ENT_RULE_KRUM, (ent_config_server){.faulty = 1}, 4, four, &lost) == 0.0 && lost == 1);
}

/* ---- attacks ---- */

static void attack(const fixture *x, const ent_rule_state *s, int client, double *delta, double *extra)
{
    double weight[MAX_BLOCKS];
    ent_update_weigh(&x->f.population, x->f.model, client, 1.0, weight);
    ent_attack_apply(s, &(ent_update){.client = client, .delta = delta, .extra = extra, .weight = weight});
}

static void attacks_change_what_was_trained(void **state)
{
    (void)state;
    fixture x;
    ent_rule_state s;
    static drawn_round r;
    fixture_make(&x, ENT_SCAFFOLD);
    check_ok(ent_rule_state_make(&x.f.population, x.f.model, &s));
    s.round = 6;
    draw_round(&x, 0, &r);
    for (int kind = ENT_SIGN_FLIP; kind <= ENT_NAN_UPDATE; kind++) {
        double delta[MAX_PARAMS], extra[MAX_PARAMS];
        x.config.attack = (ent_config_attack){.kind = (ent_attack_kind)kind, .strength = 2.5};
        memcpy(delta, r.delta[8], sizeof delta);
        for (int k = 0; k < s.params; k++) extra[k] = k;
        attack(&x, &s, 8, delta, extra);
        ent_random stream = ent_random_at(5, ENT_FOR_ATTACK, 8, 6);
        for (int b = 0; b < s.blocks; b++) {
            const ent_block *block = &s.block[b];
            const bool trained = rows_that_train(block->needs, 8) > 0;
            for (int of_extra = 0; of_extra < 2; of_extra++)
                for (int k = block->first; k < block->first + block->count; k++) {
                    const double was = of_extra ? k : r.delta[8][k], is = of_extra ? extra[k] : delta[k];
                    if (!trained)
                        assert_true(of_extra ? is == k : isnan(is));
                    else if (kind == ENT_NAN_UPDATE)
                        assert_true(isnan(is));
                    else if (kind == ENT_NOISE)
                        assert_true(is == 2.5 * ent_random_normal(&stream));
                    else
                        assert_true(is == (kind == ENT_SCALE ? 2.5 : -2.5) * was);
                }
        }
    }
    ent_rule_state_clear(&s);
    fixture_clear(&x);
}

/* round(share n) of those that have rows; client 4 has none. */
static void byzantine_are_a_share_of_the_clients_with_rows(void **state)
{
    (void)state;
    fixture x;
    int64_t drawn[CLIENTS] = {0};
    fixture_make(&x, ENT_FEDAVG);
    for (int c = 5; c <= CLIENTS; c++) x.first[c] -= x.first[5] - x.first[4];
    x.f.population.empty_clients = 1;
    x.config.attack = (ent_config_attack){.kind = ENT_NOISE, .share = 0.3};
    for (x.config.seeds.sampling = 0; x.config.seeds.sampling < 200; x.config.seeds.sampling++) {
        uint8_t *byzantine;
        int64_t count = 0;
        check_ok(ent_attack_draw(&x.f.population, &byzantine));
        for (int c = 0; c < CLIENTS; c++) drawn[c] += byzantine[c], count += byzantine[c];
        assert_true(count == 2); /* of 2.4 */
        ent_free(byzantine);
    }
    for (int c = 0; c < CLIENTS; c++) /* 50 each, +- 6 */
        assert_true(c == 4 ? drawn[c] == 0 : drawn[c] > 25 && drawn[c] < 75);
    uint8_t *nobody;
    x.config.attack.kind = ENT_ATTACK_NONE;
    check_ok(ent_attack_draw(&x.f.population, &nobody));
    assert_null(nobody);
    fixture_clear(&x);
}

/* Seven honest clients send 1 +- 0.1 everywhere, two apply an attack of strength 10 to it: the mean is led astray,
 * the robust rules are not. */
static double largest_error(ent_aggregation rule, ent_attack_kind kind)
{
    fixture x;
    ent_rule_state s;
    ent_aggregate *a;
    ent_mean *mean;
    double worst = 0.0;
    fixture_make(&x, rule);
    x.config.missing.policy = ENT_POLICY_ZERO; /* every client trains every block */
    x.config.server.faulty = 2;
    x.config.server.select = 0;
    x.config.attack = (ent_config_attack){.kind = kind, .strength = 10.0};
    check_ok(ent_rule_state_make(&x.f.population, x.f.model, &s));
    check_ok(ent_aggregate_new(&x.f.population, x.f.model, ent_rule_find(rule), &a));
    ent_aggregate_start(a);
    for (int c = 0; c < CLIENTS; c++) {
        ent_random stream = ent_random_at(3, ENT_FOR_TEST, 1, (uint64_t)c);
        double delta[MAX_PARAMS], weight[MAX_BLOCKS], effort[MAX_BLOCKS] = {0};
        for (int k = 0; k < s.params; k++) delta[k] = 0.9 + 0.2 * ent_random_uniform(&stream);
        ent_update u = {.client = c, .samples = 1, .loss = 0.0, .delta = delta, .weight = weight, .effort = effort};
        ent_update_weigh(&x.f.population, x.f.model, c, 1.0, weight);
        if (c % 4 == 3) ent_attack_apply(&s, &u); /* clients 3 and 7 */
        check_ok(ent_aggregate_add(a, &u));
    }
    check_ok(ent_aggregate_finish(a, &x.f.ranks, &s, NULL, &mean));
    for (int k = 0; k < s.params; k++) worst = fmax(worst, fabs(mean->delta[k] - 1.0));
    ent_aggregate_free(a);
    ent_rule_state_clear(&s);
    fixture_clear(&x);
    return worst;
}

static void robust_rules_withstand_what_leads_the_mean_astray(void **state)
{
    (void)state;
    for (int kind = ENT_SIGN_FLIP; kind <= ENT_SCALE; kind++) {
        assert_true(largest_error(ENT_FEDAVG, (ent_attack_kind)kind) > 1.0);
        for (int rule = ENT_MEDIAN; rule <= ENT_MULTI_KRUM; rule++)
            assert_true(largest_error((ent_aggregation)rule, (ent_attack_kind)kind) <= 0.1);
    }
    for (int rule = ENT_FEDAVG; rule <= ENT_MULTI_KRUM; rule += ENT_MEDIAN)
        assert_true(largest_error((ent_aggregation)rule, ENT_ATTACK_NONE) <= 0.1);
}

/* ---- refuses ---- */

static void an_attack_without_attackers_is_refused(void **state)
{
    (void)state;
    fixture x;
    fixture_make(&x, ENT_MEDIAN);
    x.config.attack = (ent_config_attack){.kind = ENT_SCALE, .share = 0.05, .strength = 2.0};
    check_fails(ent_rule_admit(&x.f.population, x.f.model), ENT_ECONFIG,
                "attack.share: found 0.05, which selects none of 9 clients");
    x.config.attack.share = 0.0;
    check_ok(ent_rule_admit(&x.f.population, x.f.model));
    fixture_clear(&x);
}

static const struct CMUnitTest COMPUTES[] = {cmocka_unit_test(server_optimisers_by_hand),
                                             cmocka_unit_test(scaffold_by_hand),
                                             cmocka_unit_test(fednova_by_hand),
                                             cmocka_unit_test(feddyn_by_hand),
                                             cmocka_unit_test(robust_rules_by_hand),
                                             cmocka_unit_test(attacks_change_what_was_trained),
                                             cmocka_unit_test(byzantine_are_a_share_of_the_clients_with_rows),
                                             cmocka_unit_test(robust_rules_withstand_what_leads_the_mean_astray)};
static const struct CMUnitTest REFUSES[] = {cmocka_unit_test(an_attack_without_attackers_is_refused)};

NINE_CLIENTS_MAIN(COMPUTES, REFUSES)
