/* The aggregation rules, each against a few plain loops of its paper over several rounds, in which some blocks are
 * trained by some clients, by one, or by none; configurations that a rule refuses. */
#include "nine_clients.h"

/* ---- the code under test ---- */

typedef struct {
    const ent_rule *rule;
    ent_rule_state state;
    ent_aggregate *aggregate;
    double w[MAX_PARAMS], variate[CLIENTS][2 * MAX_PARAMS];
    int64_t blocks_short;
} tested;

static void tested_make(const fixture *x, tested *t)
{
    *t = (tested){.rule = ent_rule_find(x->config.federation.aggregation)};
    check_ok(ent_rule_state_make(&x->f.population, x->f.model, &t->state));
    check_ok(ent_aggregate_new(&x->f.population, x->f.model, t->rule, &t->aggregate));
    assert_true(t->rule->client_vectors <= 2);
}

static void tested_clear(tested *t)
{
    ent_rule_state_clear(&t->state);
    ent_aggregate_free(t->aggregate);
}

static void send(const fixture *x, tested *t, const drawn_round *r, int c)
{
    double delta[MAX_PARAMS], extra[MAX_PARAMS] = {0}, weight[MAX_BLOCKS], effort[MAX_BLOCKS] = {0};
    memcpy(delta, r->delta[c], sizeof delta);
    ent_update u = {.client = c,
                    .samples = 2 + c % 3,
                    .loss = 1.0,
                    .delta = delta,
                    .extra = t->rule->extra ? extra : NULL,
                    .weight = weight,
                    .effort = effort,
                    .steps = r->steps[c]};
    ent_update_weigh(&x->f.population, x->f.model, c, 1.0, weight);
    if (t->rule->send) t->rule->send(&t->state, t->variate[c], &u);
    check_ok(ent_aggregate_add(t->aggregate, &u));
}

/* Clients arrive in arbitrary order. */
static void tested_round(const fixture *x, tested *t, const drawn_round *r)
{
    ent_mean *mean = NULL;
    ent_aggregate_start(t->aggregate);
    t->state.base = t->w;
    for (int i = 0; i < CLIENTS; i++)
        if (r->asked[i * 4 % CLIENTS]) send(x, t, r, i * 4 % CLIENTS);
    check_ok(ent_aggregate_finish(t->aggregate, &x->f.ranks, &t->state, NULL, &mean));
    t->rule->step(&t->state, mean, t->w);
    t->blocks_short = mean->blocks_short;
}

/* ---- the rules as plain loops ---- */

typedef struct {
    double w[MAX_PARAMS], m[MAX_PARAMS], v[MAX_PARAMS], common[MAX_PARAMS], own[CLIENTS][MAX_PARAMS];
    int64_t blocks_short;
} plain;

/* Errors that are expected of client c; the rules of devices work with it. */
static double budget(int c)
{
    return 0.05 + 0.3 * (c * 4 % CLIENTS);
}

/* One coordinate of one block: the clients that trained it. */
typedef struct {
    bool angle;
    int n, population;
    double share; /* of client.learning_rate: 1 / sqrt(inputs) for the map, which has 5, 3 for the head */
    int who[CLIENTS];
    double rows[CLIENTS], d[CLIENTS], length[CLIENTS];
} coordinate;

static double path_length(const ent_config_client *c, int64_t steps)
{
    const double t = (double)steps, m = c->momentum;
    return c->optimizer == ENT_MOMENTUM ? (t - m * (1 - pow(m, t)) / (1 - m)) / (1 - m) : t;
}

static coordinate coordinate_of(const fixture *x, const drawn_round *r, const ent_block *block, int b, int k)
{
    coordinate at = {.angle = strstr(block->name, "fusion/") || strstr(block->name, "/circuit"),
                     .share = strcmp(block->name, "audio/map/weight") == 0 ? 1.0 / sqrt(5.0)
                              : strncmp(block->name, "head/", 5) == 0      ? 3.0
                                                                           : 1.0};
    for (int c = 0; c < CLIENTS; c++) {
        const int rows = rows_that_train(block->needs, c);
        at.population += rows > 0;
        if (!r->asked[c] || rows == 0) continue;
        at.who[at.n] = c;
        at.rows[at.n] = rows;
        at.d[at.n] = r->delta[c][k];
        at.length[at.n++] = path_length(&x->config.client, r->steps[c][b]);
    }
    return at;
}

/* sum_i weight_i value_i / sum_i weight_i; no weights: all alike. */
static double mean_of(int n, const double *weight, const double *value)
{
    double sum = 0.0, all = 0.0;
    for (int i = 0; i < n; i++) {
        sum += (weight ? weight[i] : 1.0) * value[i];
        all += weight ? weight[i] : 1.0;
    }
    return sum / all;
}

/* The mean of the rest after the smallest and the largest were removed `cut` times. */
static double middle(coordinate at, int cut)
{
    for (int times = 0; times < cut; times++)
        for (int sign = -1; sign <= 1; sign += 2) {
            int worst = 0;
            for (int i = 1; i < at.n; i++)
                if (sign * at.d[i] > sign * at.d[worst]) worst = i;
            at.d[worst] = at.d[--at.n];
        }
    return mean_of(at.n, NULL, at.d);
}

static void plain_adaptive(ent_aggregation rule, const ent_config_server *c, plain *p, int k, double d)
{
    double *m = &p->m[k], *v = &p->v[k];
    *m = c->beta1 * *m + (1 - c->beta1) * d;
    if (rule == ENT_FEDADAGRAD) *v = *v + d * d;
    if (rule == ENT_FEDADAM) *v = c->beta2 * *v + (1 - c->beta2) * d * d;
    if (rule == ENT_FEDYOGI) *v = *v - (1 - c->beta2) * d * d * copysign(1.0, *v - d * d);
    p->w[k] += c->learning_rate * *m / (sqrt(*v) + c->tau);
}

static void plain_nova(plain *p, int k, const coordinate *at)
{
    double direction[CLIENTS];
    for (int i = 0; i < at->n; i++) direction[i] = at->d[i] / at->length[i];
    p->w[k] += mean_of(at->n, at->rows, at->length) * mean_of(at->n, at->rows, direction);
}

static void plain_scaffold(const ent_config *config, plain *p, int k, const coordinate *at)
{
    double change = 0.0;
    for (int i = 0; i < at->n; i++) {
        double *own = &p->own[at->who[i]][k];
        const double new = *own - p->common[k] +
                           -at->d[i] / (at->length[i] * at->share * config->client.learning_rate);
        change += new - *own;
        *own = new;
    }
    p->w[k] += config->server.learning_rate * mean_of(at->n, NULL, at->d);
    p->common[k] += change / at->population;
}

static void plain_dyn(const ent_config *config, plain *p, int k, const coordinate *at)
{
    const double alpha = config->server.alpha;
    for (int i = 0; i < at->n; i++) {
        p->own[at->who[i]][k] -= alpha * at->d[i];
        p->common[k] -= alpha / at->population * at->d[i];
    }
    p->w[k] += mean_of(at->n, NULL, at->d) - p->common[k] / alpha;
}

static void plain_qrail(const ent_config_server *c, plain *p, int k, const coordinate *at)
{
    double weight[CLIENTS];
    for (int i = 0; i < at->n; i++) {
        const double q = c->mixing + (1 - c->mixing) * exp((0.05 - budget(at->who[i])) / c->temperature);
        weight[i] = at->rows[i] * (q < c->floor ? c->floor : q);
    }
    p->w[k] += mean_of(at->n, weight, at->d);
}

static void plain_spoqfl(const ent_config_server *c, plain *p, int k, const coordinate *at)
{
    double weight[CLIENTS], d[CLIENTS];
    int n = 0;
    for (int i = 0; i < at->n; i++) {
        const double kept = exp(-c->suppression * budget(at->who[i]));
        if (kept < c->threshold) continue;
        weight[n] = at->rows[i];
        d[n++] = kept * at->d[i];
    }
    if (n > 0) p->w[k] += mean_of(n, weight, d);
}

/* The direction of the sum of arrows as long as the rows, of the clients' own angles; the one nearest to the old
 * angle. */
static void plain_circular(plain *p, int k, const coordinate *at)
{
    double x = 0.0, y = 0.0;
    for (int i = 0; i < at->n; i++) {
        x += at->rows[i] * cos(p->w[k] + at->d[i]);
        y += at->rows[i] * sin(p->w[k] + at->d[i]);
    }
    p->w[k] += at->angle ? remainder(atan2(y, x) - p->w[k], 2.0 * acos(-1.0)) : mean_of(at->n, at->rows, at->d);
}

static void plain_coordinate(const ent_config *config, plain *p, int k, const coordinate *at)
{
    const ent_aggregation rule = config->federation.aggregation;
    const double by_samples = mean_of(at->n, at->rows, at->d);
    switch (rule) {
    case ENT_FEDAVG:
    case ENT_FEDPROX:
    case ENT_WPQFL:
        p->w[k] += by_samples;
        break;
    case ENT_FEDAVGM:
        p->m[k] = config->server.momentum * p->m[k] + by_samples;
        p->w[k] += config->server.learning_rate * p->m[k];
        break;
    case ENT_FEDADAM:
    case ENT_FEDYOGI:
    case ENT_FEDADAGRAD:
        plain_adaptive(rule, &config->server, p, k, by_samples);
        break;
    case ENT_SCAFFOLD:
        plain_scaffold(config, p, k, at);
        break;
    case ENT_FEDNOVA:
        plain_nova(p, k, at);
        break;
    case ENT_FEDDYN:
        plain_dyn(config, p, k, at);
        break;
    case ENT_QRAIL:
        plain_qrail(&config->server, p, k, at);
        break;
    case ENT_SPOQFL:
        plain_spoqfl(&config->server, p, k, at);
        break;
    case ENT_CIRCULAR:
        plain_circular(p, k, at);
        break;
    case ENT_MEDIAN:
        p->w[k] += middle(*at, at->n % 2 ? at->n / 2 : at->n / 2 - 1);
        break;
    default:
        p->w[k] += middle(*at, (int)(config->server.trim * at->n));
        break;
    }
}

static double squared_distance(const drawn_round *r, const ent_block *block, int i, int j)
{
    double sum = 0.0;
    for (int k = block->first; k < block->first + block->count; k++) sum += pow(r->delta[i][k] - r->delta[j][k], 2);
    return sum;
}

/* The sum of the `near` smallest distances to the others, taken one by one. */
static double krum_score(const drawn_round *r, const ent_block *block, const coordinate *at, int i, int near)
{
    bool taken[CLIENTS] = {false};
    double sum = 0.0;
    for (int times = 0; times < near; times++) {
        int nearest = -1;
        for (int j = 0; j < at->n; j++)
            if (j != i && !taken[j] &&
                (nearest < 0 || squared_distance(r, block, at->who[i], at->who[j]) <
                                    squared_distance(r, block, at->who[i], at->who[nearest])))
                nearest = j;
        taken[nearest] = true;
        sum += squared_distance(r, block, at->who[i], at->who[nearest]);
    }
    return sum;
}

static void plain_krum(const fixture *x, plain *p, const drawn_round *r, const ent_block *block, int b)
{
    const coordinate at = coordinate_of(x, r, block, b, block->first);
    const ent_config_server *c = &x->config.server;
    const int all = at.n - c->faulty, set = c->select > 0 && c->select < all ? c->select : all;
    const int m = x->config.federation.aggregation == ENT_KRUM ? 1 : set;
    bool taken[CLIENTS] = {false};
    p->blocks_short += at.n > 0 && at.n <= 2 * c->faulty + 2;
    if (at.n <= 2 * c->faulty + 2) return;
    for (int times = 0; times < m; times++) {
        int best = -1;
        for (int i = 0; i < at.n; i++)
            if (!taken[i] && (best < 0 || krum_score(r, block, &at, i, at.n - c->faulty - 2) <
                                              krum_score(r, block, &at, best, at.n - c->faulty - 2)))
                best = i;
        taken[best] = true;
        for (int k = block->first; k < block->first + block->count; k++) p->w[k] += r->delta[at.who[best]][k] / m;
    }
}

static void plain_round(const fixture *x, plain *p, const drawn_round *r)
{
    const ent_aggregation rule = x->config.federation.aggregation;
    const ent_block *block;
    const int blocks = ent_model_blocks(x->f.model, &block);
    p->blocks_short = 0;
    for (int b = 0; b < blocks; b++) {
        if (rule == ENT_LOCAL) continue; /* the common weights stay */
        if (rule == ENT_KRUM || rule == ENT_MULTI_KRUM) {
            plain_krum(x, p, r, &block[b], b);
            continue;
        }
        for (int k = block[b].first; k < block[b].first + block[b].count; k++) {
            const coordinate at = coordinate_of(x, r, &block[b], b, k);
            if (at.n > 0) plain_coordinate(&x->config, p, k, &at);
        }
    }
}

/* The term added to the gradient of parameter k of client c at weight w, started from `base`. */
static double plain_correction(const ent_config *config, const plain *p, int c, int k, double w, double base)
{
    switch (config->federation.aggregation) {
    case ENT_FEDPROX:
        return config->server.mu * (w - base);
    case ENT_SCAFFOLD:
        return p->common[k] - p->own[c][k];
    case ENT_FEDDYN:
        return config->server.alpha * (w - base) - p->own[c][k];
    default:
        return 0.0;
    }
}

/* ---- comparisons ---- */

static void check_corrections(const fixture *x, tested *t, const plain *p)
{
    double gradient[MAX_PARAMS], w[MAX_PARAMS];
    t->state.base = t->w;
    for (int c = 0; c < CLIENTS; c++) {
        for (int k = 0; k < t->state.params; k++) {
            gradient[k] = sin(k);
            w[k] = t->w[k] + cos(3 * k);
        }
        for (int b = 0; b < t->state.blocks && t->rule->correct; b++)
            t->rule->correct(&t->state, t->variate[c], &t->state.block[b], w, gradient);
        for (int k = 0; k < t->state.params; k++)
            check_near(gradient[k], sin(k) + plain_correction(&x->config, p, c, k, w[k], t->w[k]), 1e-11);
    }
}

/* Blocks of vision, and in round 3 those of audio, keep every bit, the memory's too. */
static void check_untrained(const tested *before, const tested *t, const double *memory, int round)
{
    for (int b = 0; b < t->state.blocks; b++) {
        const ent_block *block = &t->state.block[b];
        const size_t bytes = (size_t)block->count * sizeof(double);
        if (!(block->needs & 4) && !(round == 3 && block->needs & 2)) continue;
        assert_memory_equal(before->w + block->first, t->w + block->first, bytes);
        for (int m = 0; m < t->rule->memory; m++)
            assert_memory_equal(memory + m * MAX_PARAMS + block->first, t->state.memory[m] + block->first, bytes);
    }
}

static void check_rule(const fixture *x)
{
    static tested t, before;
    static plain p;
    static drawn_round r;
    double memory[ENT_RULE_VECTORS * MAX_PARAMS];
    tested_make(x, &t);
    t.state.budget = ent_alloc(CLIENTS, sizeof *t.state.budget);
    for (int c = 0; c < CLIENTS; c++) t.state.budget[c] = budget(c);
    t.state.least_budget = budget(0);
    p = (plain){.blocks_short = 0};
    for (int k = 0; k < t.state.params; k++) {
        t.w[k] = p.w[k] = sin(1.0 + k);
        p.v[k] = x->config.server.tau * x->config.server.tau;
    }
    for (int round = 0; round < ROUNDS; round++) {
        draw_round(x, round, &r);
        before = t;
        for (int m = 0; m < t.rule->memory; m++)
            memcpy(memory + m * MAX_PARAMS, t.state.memory[m], (size_t)t.state.params * sizeof *memory);
        tested_round(x, &t, &r);
        plain_round(x, &p, &r);
        for (int k = 0; k < t.state.params; k++) check_near(t.w[k], p.w[k], 1e-11 * (1.0 + fabs(p.w[k])));
        assert_true(t.blocks_short == p.blocks_short);
        check_corrections(x, &t, &p);
        check_untrained(&before, &t, memory, round);
    }
    tested_clear(&t);
}

static void every_rule_follows_its_paper(void **state)
{
    (void)state;
    for (int k = 0; k < 2 * ENT_AGGREGATIONS; k++) {
        fixture x;
        fixture_make(&x, (ent_aggregation)(k / 2));
        x.config.client.optimizer = k % 2 ? ENT_MOMENTUM : ENT_SGD;
        check_rule(&x);
        fixture_clear(&x);
    }
}

/* Clients start a round between the common weights and their own last ones, in blocks that they have ever trained. */
static void wpqfl_clients_start_from_a_mixture(void **state)
{
    (void)state;
    static tested t;
    static drawn_round r;
    double own[CLIENTS][MAX_PARAMS], w[MAX_PARAMS];
    bool has[CLIENTS][MAX_PARAMS] = {{false}};
    fixture x;
    fixture_make(&x, ENT_WPQFL);
    tested_make(&x, &t);
    for (int k = 0; k < t.state.params; k++) t.w[k] = sin(1.0 + k);
    for (int round = 0; round < ROUNDS; round++) {
        draw_round(&x, round, &r);
        for (int c = 0; c < CLIENTS; c++)
            for (int b = 0; b < t.state.blocks && r.asked[c]; b++) {
                const ent_block *block = &t.state.block[b];
                for (int k = block->first; k < block->first + block->count; k++) {
                    if (rows_that_train(block->needs, c) == 0) continue;
                    own[c][k] = t.w[k] + r.delta[c][k];
                    has[c][k] = true;
                }
            }
        tested_round(&x, &t, &r);
        for (int c = 0; c < CLIENTS; c++) {
            memcpy(w, t.w, sizeof w);
            t.rule->begin(&t.state, t.variate[c], w);
            for (int k = 0; k < t.state.params; k++)
                check_near(w[k], has[c][k] ? 0.7 * t.w[k] + 0.3 * own[c][k] : t.w[k], 1e-14);
        }
    }
    tested_clear(&t);
    fixture_clear(&x);
}

static void multi_krum_by_itself_takes_all_but_the_faulty(void **state)
{
    (void)state;
    fixture x;
    fixture_make(&x, ENT_MULTI_KRUM);
    x.config.server.select = 0;
    check_rule(&x);
    x.config.server.faulty = 0;
    x.config.server.select = 100;
    check_rule(&x);
    fixture_clear(&x);
}

static void fednova_counts_a_step_of_adam_as_one(void **state)
{
    (void)state;
    fixture x;
    fixture_make(&x, ENT_FEDNOVA);
    x.config.client.optimizer = ENT_ADAM;
    check_rule(&x);
    fixture_clear(&x);
}

/* ---- refuses ---- */

static void what_a_rule_cannot_have_is_refused(void **state)
{
    (void)state;
    fixture x;
    fixture_make(&x, ENT_SCAFFOLD);
    check_ok(ent_rule_admit(&x.f.population, x.f.model));
    x.config.client.optimizer = ENT_ADAM;
    check_fails(ent_rule_admit(&x.f.population, x.f.model), ENT_ECONFIG,
                "client.optimizer: found 'adam', want sgd or momentum");

    x.config.federation.aggregation = ENT_FEDDYN;
    check_ok(ent_rule_admit(&x.f.population, x.f.model));
    x.config.federation.sampling = ENT_SAMPLING_WEIGHTED;
    check_fails(ent_rule_admit(&x.f.population, x.f.model), ENT_ECONFIG,
                "federation.sampling: found 'weighted', want uniform");
    x.config.federation.sampling = ENT_SAMPLING_UNIFORM;
    x.config.system = (ent_config_system){.mode = ENT_MODE_FEDBUFF, .buffer = 4};
    check_fails(ent_rule_admit(&x.f.population, x.f.model), ENT_ECONFIG, "system.mode: found 'fedbuff', want sync");
    x.config.system.mode = ENT_MODE_SYNC;

    x.config.federation.aggregation = ENT_TRIMMED_MEAN;
    check_ok(ent_rule_admit(&x.f.population, x.f.model));
    x.config.server.trim = 0.5;
    check_fails(ent_rule_admit(&x.f.population, x.f.model), ENT_ECONFIG,
                "server.trim: found 0.5, want less than 0.5");
    x.config.server.trim = 0.11;
    check_fails(ent_rule_admit(&x.f.population, x.f.model), ENT_ECONFIG,
                "server.trim: found 0.11, which leaves out none of 9 clients");

    x.config.federation.aggregation = ENT_KRUM;
    x.config.server.faulty = 2; /* audio: 7 clients */
    check_ok(ent_rule_admit(&x.f.population, x.f.model));
    x.config.server.faulty = 3;
    check_fails(ent_rule_admit(&x.f.population, x.f.model), ENT_ECONFIG,
                "server.faulty: found 3: krum needs more than 2 faulty + 2 = 8 clients that train block 'audio");
    x.config.server.faulty = 2;
    x.config.federation.participation = 0.6; /* 5 clients a round */
    check_fails(ent_rule_admit(&x.f.population, x.f.model), ENT_ECONFIG, "at most 5 exist");

    x.config.federation.aggregation = ENT_SPOQFL;
    x.config.server.threshold = 1.1;
    check_fails(ent_rule_admit(&x.f.population, x.f.model), ENT_ECONFIG,
                "server.threshold: found 1.1, which leaves out every client");

    x.config.federation.aggregation = ENT_MULTI_KRUM;
    x.config.server.faulty = 1;
    check_ok(ent_rule_admit(&x.f.population, x.f.model));
    x.config.server.select = 5;
    check_fails(ent_rule_admit(&x.f.population, x.f.model), ENT_ECONFIG, "server.select: found 5, want at most");
    fixture_clear(&x);
}

static void what_an_optimiser_cannot_have_is_refused(void **state)
{
    (void)state;
    fixture x;
    const char *names[] = {"text", "audio", "vision"};
    fixture_make(&x, ENT_FEDPROX);
    x.config.data.modalities = names;
    x.config.data.modalities_count = 3;
    x.config.client.optimizer = ENT_ROTOSOLVE;
    check_fails(ent_optimizer_admit(&x.config, x.f.model), ENT_ECONFIG,
                "client.optimizer: found 'rotosolve', which takes no gradients of angles, and a "
                "federation.aggregation that corrects them");
    x.config.federation.aggregation = ENT_FEDAVG;
    check_ok(ent_optimizer_admit(&x.config, x.f.model));
    x.config.client.optimizer = ENT_QNG;
    check_ok(ent_optimizer_admit(&x.config, x.f.model));
    x.config.model.registers[1].qubits = 21;
    check_fails(ent_optimizer_admit(&x.config, x.f.model), ENT_ECONFIG,
                "client.optimizer: found 'qng', whose metric of register 'audio' takes 1.8 GiB, want at most 1 GiB");
    x.config.model.kind = ENT_MODEL_LATE;
    check_fails(ent_optimizer_admit(&x.config, x.f.model), ENT_ECONFIG,
                "client.optimizer: found 'qng', want sgd, momentum or adam: model.kind late");
    fixture_clear(&x);
}

static ent_status all_that_allocates(const fixture *x, const drawn_round *r)
{
    ent_rule_state s = {.params = 0};
    ent_aggregate *a = NULL;
    uint8_t *byzantine = NULL;
    ent_mean *mean;
    double weight[MAX_BLOCKS];
    ent_status status = ent_rule_state_make(&x->f.population, x->f.model, &s);
    if (status == ENT_OK) status = ent_attack_draw(&x->f.population, &byzantine);
    if (status == ENT_OK) status = ent_aggregate_new(&x->f.population, x->f.model, ent_rule_find(ENT_KRUM), &a);
    for (int c = 0; c < CLIENTS && status == ENT_OK; c++) {
        if (c == 0) ent_aggregate_start(a);
        ent_update_weigh(&x->f.population, x->f.model, c, 1.0, weight);
        status = ent_aggregate_add(
            a, &(ent_update){.client = c, .samples = 1, .delta = (double *)r->delta[c], .weight = weight});
    }
    if (status == ENT_OK) status = ent_aggregate_finish(a, &x->f.ranks, &s, NULL, &mean);
    ent_aggregate_free(a);
    ent_rule_state_clear(&s);
    ent_free(byzantine);
    return status;
}

static void every_failing_allocation_is_reported(void **state)
{
    (void)state;
    fixture x;
    static drawn_round r;
    fixture_make(&x, ENT_KRUM);
    x.config.attack = (ent_config_attack){.kind = ENT_SCALE, .share = 0.5, .strength = 2.0};
    draw_round(&x, 0, &r);
    check_every_allocation(all_that_allocates(&x, &r), assert_non_null(strstr(ent_message(), "no memory")));
    fixture_clear(&x);
}

static const struct CMUnitTest COMPUTES[] = {cmocka_unit_test(every_rule_follows_its_paper),
                                             cmocka_unit_test(wpqfl_clients_start_from_a_mixture),
                                             cmocka_unit_test(multi_krum_by_itself_takes_all_but_the_faulty),
                                             cmocka_unit_test(fednova_counts_a_step_of_adam_as_one)};
static const struct CMUnitTest REFUSES[] = {cmocka_unit_test(what_a_rule_cannot_have_is_refused),
                                            cmocka_unit_test(what_an_optimiser_cannot_have_is_refused),
                                            cmocka_unit_test(every_failing_allocation_is_reported)};

NINE_CLIENTS_MAIN(COMPUTES, REFUSES)
