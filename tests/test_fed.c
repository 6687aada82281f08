/* The federation's parts on one rank: averaging by blocks against sums by hand, a client's training against the plain
 * formulas of its optimiser, predictions from the training labels only. */
#include "fed/fed.h"

#include "entente/memory.h"
#include "entente/random.h"
#include "small_model.h"

enum { CLIENTS = 3, ROWS = 11, MAX_PARAMS = 256 };

/* Contexts of three clients with 4, 2 and 5 rows; none has vision (bit 2). */
static const int64_t FIRST[CLIENTS + 1] = {0, 4, 6, 11};
static const int64_t ROW[ROWS] = {3, 4, 7, 8, /**/ 0, 1, /**/ 20, 21, 22, 30, 31};
static const uint32_t CONTEXT[ROWS] = {3, 3, 1, 1, /**/ 1, 1, /**/ 3, 2, 2, 1, 1};

static const double ABSENT[5] = {0.4, -0.2, 0.1, 0.9, -1.0}; /* what policy zero reads of an absent modality */

static ent_comm *world;

/* A federation of the small model, with samples but without a file. */
typedef struct {
    ent_config config;
    ent_federation f;
    small_samples samples;
} small_federation;

static void small_federation_make(small_federation *s, ent_policy policy)
{
    ent_model_inp inp = small_model();
    inp.mma = policy == ENT_POLICY_MMA;
    *s = (small_federation){.f = {.ranks = {.world = world, .lane = world},
                                  .population = {.clients = CLIENTS, .modalities = 3},
                                  .target = {.label = {.classes = 3, .deviation = 1.0}, .outputs = 3}}};
    s->config.missing.policy = policy;
    s->config.seeds.sampling = 11;
    s->config.client = (ent_config_client){.epochs = 1, .batch = 3, .learning_rate = 0.05};
    check_ok(ent_model_new(&inp, &s->f.model));
    small_samples_make(&inp, 5, 0, &s->samples);
    memcpy(s->samples.context, CONTEXT, sizeof CONTEXT);
    s->f.config = s->f.population.config = &s->config;
    s->f.population.part[ENT_TRAIN] =
        (ent_part){.n = ROWS, .first = (int64_t *)FIRST, .row = (int64_t *)ROW, .context = s->samples.context};
    for (int m = 0; m < 3 && policy == ENT_POLICY_ZERO; m++) s->samples.samples.absent[m] = ABSENT;
    assert_true(ent_model_params(s->f.model) <= MAX_PARAMS);
}

static void small_federation_clear(small_federation *s)
{
    ent_model_free(s->f.model);
    ent_free(s->f.target.prior);
}

/* ---- averaging ---- */

/* How many rows of each client train a block that needs these modalities: counted by hand from CONTEXT. */
static const double *rows_that_train(uint32_t needs)
{
    static const double everyone[CLIENTS] = {4, 2, 5}, text[CLIENTS] = {4, 2, 3}, audio[CLIENTS] = {2, 0, 3},
                        both[CLIENTS] = {2, 0, 1}, nobody[CLIENTS] = {0, 0, 0};
    switch (needs) {
    case 0:
        return everyone;
    case 1:
        return text;
    case 2:
        return audio;
    case 3:
        return both;
    default:
        return nobody;
    }
}

static const double LOSS[CLIENTS] = {1.5, -0.25, 7.0};

/* The mean of what the clients send: their changes `delta`, weighed by their rows. */
static void average(const small_federation *s, const int *order, double delta[CLIENTS][MAX_PARAMS], double *mean,
                    double *loss)
{
    ent_aggregate *a;
    ent_mean *found = NULL;
    double weight[MAX_PARAMS], effort[MAX_PARAMS] = {0};
    int64_t steps[MAX_PARAMS] = {0};
    check_ok(ent_aggregate_new(&s->f.population, s->f.model, ent_rule_find(ENT_FEDAVG), &a));
    for (int twice = 0; twice < 2; twice++) { /* start forgets what was added before */
        ent_aggregate_start(a);
        for (int k = 0; k < CLIENTS; k++) {
            const int c = order[k];
            ent_update_weigh(&s->f.population, s->f.model, c, 1.0, weight);
            const ent_update update = {.client = c,
                                       .samples = FIRST[c + 1] - FIRST[c],
                                       .loss = LOSS[c],
                                       .delta = delta[c],
                                       .weight = weight,
                                       .effort = effort,
                                       .steps = steps};
            check_ok(ent_aggregate_add(a, &update));
        }
    }
    check_ok(ent_aggregate_finish(a, &s->f.ranks, NULL, NULL, &found));
    assert_true(found->clients == CLIENTS && found->samples == ROWS);
    memcpy(mean, found->delta, (size_t)ent_model_params(s->f.model) * sizeof *mean);
    *loss = found->loss;
    ent_aggregate_free(a);
}

static void fill_weights(double clients_w[CLIENTS][MAX_PARAMS], double *w)
{
    ent_random stream = ent_random_at(1, ENT_FOR_TEST, 8, 0);
    for (int k = 0; k < MAX_PARAMS; k++) {
        w[k] = 100.0 + k;
        for (int c = 0; c < CLIENTS; c++) clients_w[c][k] = ent_random_normal(&stream);
    }
}

static void check_average(ent_policy policy)
{
    small_federation s;
    small_federation_make(&s, policy);
    static double clients_w[CLIENTS][MAX_PARAMS], w[MAX_PARAMS], again[MAX_PARAMS];
    double loss, loss_again;
    fill_weights(clients_w, w);
    fill_weights(clients_w, again);
    average(&s, (const int[]){0, 1, 2}, clients_w, w, &loss);
    average(&s, (const int[]){2, 0, 1}, clients_w, again, &loss_again);
    assert_memory_equal(w, again, sizeof w);
    assert_true(loss == 8.25 && loss_again == 8.25);
    const ent_block *block;
    const int blocks = ent_model_blocks(s.f.model, &block);
    for (int b = 0; b < blocks; b++) {
        const double *n = rows_that_train(policy == ENT_POLICY_MMA ? block[b].needs : 0);
        const double sum = n[0] + n[1] + n[2];
        for (int k = block[b].first; k < block[b].first + block[b].count; k++)
            if (sum > 0.0)
                check_near(w[k], (n[0] * clients_w[0][k] + n[1] * clients_w[1][k] + n[2] * clients_w[2][k]) / sum,
                           1e-15);
            else
                assert_true(w[k] == 0.0);
    }
    small_federation_clear(&s);
}

static void blocks_are_averaged_over_the_rows_that_trained_them(void **state)
{
    (void)state;
    check_average(ENT_POLICY_MMA);
}

static void without_mma_every_row_trains_every_block(void **state)
{
    (void)state;
    check_average(ENT_POLICY_ZERO);
    check_average(ENT_POLICY_MEAN);
}

/* ---- a client's round ---- */

/* The optimiser of one parameter, as in the papers. */
typedef struct {
    double m, v;
    int steps;
} memory;

static double step(const ent_config_client *c, double rate, memory *at, double w, double g)
{
    const double decayed = w * (1.0 - rate * c->weight_decay);
    at->steps++;
    if (c->optimizer == ENT_SGD) return decayed - rate * g;
    if (c->optimizer == ENT_MOMENTUM) {
        at->m = c->momentum * at->m + g;
        return decayed - rate * at->m;
    }
    at->m = c->beta1 * at->m + (1.0 - c->beta1) * g;
    at->v = c->beta2 * at->v + (1.0 - c->beta2) * g * g;
    const double m_hat = at->m / (1.0 - pow(c->beta1, at->steps)), v_hat = at->v / (1.0 - pow(c->beta2, at->steps));
    return decayed - rate * m_hat / (sqrt(v_hat) + c->epsilon);
}

/* The block of parameter k. */
static const ent_block *block_of(const small_federation *s, int k)
{
    const ent_block *block;
    ent_model_blocks(s->f.model, &block);
    while (k >= block->first + block->count) block++;
    return block;
}

/* The rate of parameter k in a round, from the reference of keys: the map has 5 inputs, and the head computes
 * the outputs. */
static double rate_of(const small_federation *s, int k, int64_t round)
{
    const ent_config_client *c = &s->config.client;
    const char *name = block_of(s, k)->name;
    const bool map = strcmp(name, "audio/map/weight") == 0, head = strncmp(name, "head/", 5) == 0;
    const double own = map ? c->map_learning_rate : head ? c->head_learning_rate : -1.0;
    double rate = own > 0.0 ? own : c->learning_rate;
    if (own == 0.0) rate = map ? rate / sqrt(5.0) : 3.0 * rate;
    if (c->schedule == ENT_SCHEDULE_COSINE)
        rate *= (1.0 + cos(acos(-1.0) * (double)round / s->config.federation.rounds)) / 2.0;
    for (int64_t r = c->step_rounds; c->schedule == ENT_SCHEDULE_STEP && r <= round; r += c->step_rounds)
        rate *= c->step_factor;
    return round < c->warm_up ? rate * (double)(round + 1) / c->warm_up : rate;
}

/* A sample of the batch trains the block of parameter k. */
static bool is_trained(const small_federation *s, const uint32_t *context, int k, const int64_t *pick, int64_t n)
{
    const uint32_t needs = block_of(s, k)->needs;
    for (int64_t i = 0; i < n; i++)
        if ((context[pick[i]] & needs) == needs) return true;
    return s->config.missing.policy != ENT_POLICY_MMA;
}

/* The samples of one client, as the store gives them. */
static ent_samples samples_of(const small_federation *s, int64_t client)
{
    ent_samples mine = s->samples.samples;
    mine.n = FIRST[client + 1] - FIRST[client];
    mine.context += FIRST[client];
    mine.category += FIRST[client];
    for (int m = 0; m < 3; m++) mine.x[m] += FIRST[client] * small_model().reg[m].inputs;
    return mine;
}

/* A client's round by the code under test: w in and out. */
static double train_client(small_federation *s, ent_trainer *trainer, int64_t round, int64_t client, double *w)
{
    const size_t bytes = (size_t)ent_model_params(s->f.model) * sizeof *w;
    const ent_samples samples = samples_of(s, client);
    const ent_rule_state rule = {.config = &s->config, .base = w};
    ent_work *work = ent_trainer_work(trainer);
    ent_work_start(trainer, round, client);
    memcpy(work->w, w, bytes);
    for (bool over = false; !over;) check_ok(ent_work_step(trainer, &rule, NULL, &samples, &over));
    assert_true(work->done == samples.n * s->config.client.epochs);
    memcpy(w, work->w, bytes);
    return work->loss;
}

/* The factor that scales the gradient of what the batch trains to the largest norm allowed. */
static double shortening(const small_federation *s, const double *gradient, const uint32_t *context,
                         const int64_t *pick, int64_t n)
{
    double squares = 0.0;
    for (int p = 0; p < ent_model_params(s->f.model); p++)
        if (is_trained(s, context, p, pick, n)) squares += gradient[p] * gradient[p];
    const double most = s->config.client.clip_norm;
    return most > 0.0 && sqrt(squares) > most ? most / sqrt(squares) : 1.0;
}

/* The same round by plain loops. */
static double plain_round(small_federation *s, int64_t round, int64_t client, double *w)
{
    const ent_config_client *c = &s->config.client;
    static memory at[MAX_PARAMS];
    double gradient[MAX_PARAMS], loss, sum = 0.0;
    int64_t order[ROWS];
    uint32_t context[ROWS];
    ent_samples seen = s->samples.samples;
    seen.context = context;
    const int64_t n = FIRST[client + 1] - FIRST[client];
    const int64_t batch = c->batch_share > 0.0 ? (int64_t)fmax(1.0, floor(c->batch_share * (double)n + 0.5))
                                               : c->batch;
    memset(at, 0, sizeof at);
    for (int epoch = 0; epoch < c->epochs; epoch++) {
        ent_random stream = ent_random_at(11, ENT_FOR_ORDER, (uint64_t)client, (uint64_t)(round * c->epochs + epoch));
        ent_random_permutation(&stream, n, order);
        for (int64_t k = 0; k < n; k++) order[k] += FIRST[client];
        for (int64_t k = 0; k < ROWS; k++)
            context[k] =
                ent_modality_dropout(11, c->modality_dropout, CONTEXT[k], client, round * c->epochs + epoch, ROW[k]);
        for (int64_t k = 0; k < n; k += batch) {
            const int64_t size = k + batch < n ? batch : n - k;
            check_ok(ent_model_gradient(s->f.model, w, &seen, size, order + k, &loss, gradient));
            sum += loss * (double)size;
            const double factor = shortening(s, gradient, context, order + k, size);
            for (int p = 0; p < ent_model_params(s->f.model); p++)
                if (is_trained(s, context, p, order + k, size))
                    w[p] = step(c, rate_of(s, p, round), &at[p], w[p], factor * gradient[p]);
        }
    }
    return sum;
}

static void check_round(small_federation *s, int64_t round, int64_t client)
{
    double *plain = small_weights(s->f.model, 4), *trained = small_weights(s->f.model, 4);
    ent_trainer *trainer;
    check_ok(ent_trainer_new(s->f.model, &s->f.population, &trainer));
    double *other = small_weights(s->f.model, 6); /* a previous client leaves no state in the trainer */
    train_client(s, trainer, 3, 2, other);
    const double loss = train_client(s, trainer, round, client, trained);
    check_near(loss, plain_round(s, round, client, plain), 1e-13);
    for (int k = 0; k < ent_model_params(s->f.model); k++) check_near(trained[k], plain[k], 1e-13);
    ent_trainer_free(trainer);
    ent_free(plain);
    ent_free(trained);
    ent_free(other);
}

static void a_round_follows_the_formulas(void **state)
{
    (void)state;
    const ent_optimizer optimizer[] = {ENT_SGD, ENT_MOMENTUM, ENT_ADAM};
    const ent_policy policy[] = {ENT_POLICY_MMA, ENT_POLICY_ZERO};
    for (int k = 0; k < 24; k++) {
        small_federation s;
        small_federation_make(&s, policy[k / 6 % 2]);
        s.config.client = (ent_config_client){.epochs = 3,
                                              .batch = k % 2 ? 2 : 4,
                                              .optimizer = optimizer[k % 3],
                                              .learning_rate = 0.07,
                                              .momentum = 0.8,
                                              .beta1 = 0.7,
                                              .beta2 = 0.95,
                                              .epsilon = 1e-3,
                                              .weight_decay = k / 3 % 2 ? 0.3 : 0.0,
                                              .modality_dropout = k < 12 ? 0.0 : 0.4};
        check_round(&s, 0, 0);
        check_round(&s, 2, 2);
        small_federation_clear(&s);
    }
}

/* Rates by role and round, shortened gradients, weighted classes, batches by share. */
static void rates_and_weights_follow_the_formulas(void **state)
{
    (void)state;
    static double weights[3] = {0.5, 2.0, 1.5};
    const ent_rate_schedule schedule[] = {ENT_SCHEDULE_CONSTANT, ENT_SCHEDULE_COSINE, ENT_SCHEDULE_STEP};
    for (int k = 0; k < 12; k++) {
        small_federation s;
        small_federation_make(&s, k % 2 ? ENT_POLICY_MMA : ENT_POLICY_ZERO);
        s.config.federation.rounds = 7;
        s.samples.samples.class_weight = k % 3 ? weights : NULL;
        s.config.client = (ent_config_client){.epochs = 2,
                                              .batch = 2,
                                              .batch_share = k < 6 ? 0.0 : 0.6,
                                              .optimizer = k % 2 ? ENT_SGD : ENT_ADAM,
                                              .learning_rate = 0.07,
                                              .map_learning_rate = k < 4   ? 0.0
                                                                   : k < 8 ? -1.0
                                                                           : 0.3,
                                              .head_learning_rate = k % 3   ? 0.2
                                                                    : k < 6 ? 0.0
                                                                            : -1.0,
                                              .schedule = schedule[k % 3],
                                              .warm_up = k < 3 ? 0 : 3,
                                              .step_rounds = 2,
                                              .step_factor = 0.3,
                                              .clip_norm = k % 4 ? 0.2 : 0.0,
                                              .beta1 = 0.7,
                                              .beta2 = 0.95,
                                              .epsilon = 1e-3,
                                              .weight_decay = 0.1};
        check_round(&s, 0, 0);
        check_round(&s, 5, 2);
        small_federation_clear(&s);
    }
}

/* Client 1 has only text: despite weight decay and momentum, all parameters that need more keep their bits. */
static void untrained_blocks_keep_their_bits(void **state)
{
    (void)state;
    const ent_optimizer optimizer[] = {ENT_SGD, ENT_MOMENTUM, ENT_ADAM};
    for (int k = 0; k < 3; k++) {
        small_federation s;
        small_federation_make(&s, ENT_POLICY_MMA);
        s.config.client = (ent_config_client){.epochs = 4,
                                              .batch = 1,
                                              .optimizer = optimizer[k],
                                              .learning_rate = 0.1,
                                              .momentum = 0.9,
                                              .beta1 = 0.9,
                                              .beta2 = 0.999,
                                              .epsilon = 1e-8,
                                              .weight_decay = 0.5};
        double *w = small_weights(s.f.model, 4), *before = small_weights(s.f.model, 4);
        ent_trainer *trainer;
        check_ok(ent_trainer_new(s.f.model, &s.f.population, &trainer));
        train_client(&s, trainer, 0, 1, w);
        const ent_block *block;
        const int blocks = ent_model_blocks(s.f.model, &block);
        for (int b = 0; b < blocks; b++) {
            const size_t bytes = (size_t)block[b].count * sizeof *w;
            const bool kept = memcmp(w + block[b].first, before + block[b].first, bytes) == 0;
            assert_true(kept == (block[b].needs > 1));
        }
        ent_trainer_free(trainer);
        ent_free(w);
        ent_free(before);
        small_federation_clear(&s);
    }
}

/* ---- devices ---- */

/* How many qubits of a register parameter k of a whole block needs, in the small model: by hand, from the order of
 * its gates.  text has 2 qubits, audio 3, vision 1. */
static int qubits_by_hand(const char *name, int k)
{
    static const struct {
        const char *name;
        int each, qubits; /* `each` parameters of one qubit after the other, again and again */
    } order[] = {{"text/circuit", 3, 2},       {"audio/map/weight", 5, 3},    {"audio/map/bias", 1, 3},
                 {"audio/circuit", 2, 3},      {"vision/circuit", 1, 1},      {"fusion/text-audio", 1, 2},
                 {"fusion/text-vision", 1, 2}, {"fusion/audio-vision", 1, 3}, {"fusion/text", 2, 2},
                 {"fusion/audio", 2, 3},       {"fusion/vision", 2, 1},       {"head/text", 1, 2},
                 {"head/audio", 1, 3},         {"head/vision", 1, 1},         {"head/text-audio", 1, 2},
                 {"head/text-vision", 1, 2},   {"head/audio-vision", 1, 3},   {"head/bias", 3, 1}};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if (strcmp(order[i].name, name) == 0) return k / order[i].each % order[i].qubits + 1;
    fail_msg("no block '%s'", name);
    return 0;
}

/* The model with devices of 1, 2 and all qubits of each register, one for each client; *whole: the one without. */
static void give_devices(small_federation *s, ent_model **whole)
{
    ent_model_inp inp = small_model();
    *whole = s->f.model;
    inp.qubits_apart = 1 << 1 | 1 << 2;
    check_ok(ent_model_new(&inp, &s->f.model));
    s->config.devices = (ent_config_devices){.noise = "1", .shots = "run", .layers = "0", .qubits = "1, 2, 9"};
    for (int m = 0; m < 3; m++) s->config.model.registers[m].qubits = SMALL_QUBITS[m];
    check_ok(ent_devices_new(&s->config, 3, CLIENTS, &s->f.population.devices));
    assert_true(ent_devices_qubits_apart(s->f.population.devices) == inp.qubits_apart);
}

static void train_from(small_federation *s, const double *start, double delta[CLIENTS][MAX_PARAMS])
{
    ent_trainer *trainer;
    check_ok(ent_trainer_new(s->f.model, &s->f.population, &trainer));
    for (int c = 0; c < CLIENTS; c++) {
        double *w = ent_copy(start, ent_model_params(s->f.model), sizeof *w);
        train_client(s, trainer, 0, c, w);
        for (int p = 0; p < ent_model_params(s->f.model); p++) delta[c][p] = w[p] - start[p];
        ent_free(w);
    }
    ent_trainer_free(trainer);
}

/* What a client lacks it leaves as it was, despite weight decay; the mean of a weight is that of the clients that
 * have it, by the rows that train it. */
static void qubits_are_averaged_over_the_clients_that_have_them(void **state)
{
    (void)state;
    static double delta[CLIENTS][MAX_PARAMS], mean[MAX_PARAMS];
    static const int qubits[CLIENTS] = {1, 2, 3};
    double loss;
    int untouched = 0, differ = 0;
    ent_model *whole;
    small_federation s;
    small_federation_make(&s, ENT_POLICY_MMA);
    s.config.client.weight_decay = 0.5;
    give_devices(&s, &whole);
    double *start = small_weights(s.f.model, 4);
    train_from(&s, start, delta);
    average(&s, (const int[]){1, 2, 0}, delta, mean, &loss);
    const ent_block *block;
    const int blocks = ent_model_blocks(whole, &block);
    for (int b = 0; b < blocks; b++)
        for (int k = 0; k < block[b].count; k++) {
            const int p = block[b].first + k, needs = qubits_by_hand(block[b].name, k);
            const double *rows = rows_that_train(block[b].needs);
            double sum = 0.0, weighed = 0.0;
            for (int c = 0; c < CLIENTS; c++) {
                const bool has = qubits[c] >= needs;
                untouched += !has && rows[c] > 0.0;
                if (!has) assert_true(delta[c][p] == 0.0);
                sum += has ? rows[c] : 0.0;
                weighed += has ? rows[c] * delta[c][p] : 0.0;
            }
            check_near(mean[p], sum > 0.0 ? weighed / sum : 0.0, 1e-15);
            differ += mean[p] != 0.0 && needs > 1;
        }
    assert_true(untouched > 50 && differ > 20);
    ent_free(start);
    ent_model_free(whole);
    ent_devices_free(s.f.population.devices);
    small_federation_clear(&s);
}

/* ---- what the labels alone predict ---- */

static void the_prior_is_the_log_frequency_with_one_added(void **state)
{
    (void)state;
    small_federation s;
    small_federation_make(&s, ENT_POLICY_DROP);
    s.f.population.part[ENT_TRAIN].n = 5;
    s.f.population.part[ENT_TRAIN].category = (int32_t[]){0, 2, 2, 0, 2};
    s.f.population.clients = 0; /* theirs are other rows */
    check_ok(ent_label_fit(&s.f.population, &s.f.target));
    s.f.population.clients = CLIENTS;
    check_near(s.f.target.prior[0], log(3.0 / 8.0), 1e-15);
    check_near(s.f.target.prior[1], log(1.0 / 8.0), 1e-15);
    check_near(s.f.target.prior[2], log(4.0 / 8.0), 1e-15);
    small_federation_clear(&s);
}

static void the_prior_of_a_real_label_is_its_mean(void **state)
{
    (void)state;
    small_federation s;
    small_federation_make(&s, ENT_POLICY_DROP);
    s.f.target.label.classes = 0;
    s.f.target.outputs = 1;
    s.f.population.part[ENT_TRAIN].n = 4;
    s.f.population.part[ENT_TRAIN].value = (double[]){-3.0, 1.0, 2.0, 1.0};
    check_ok(ent_label_fit(&s.f.population, &s.f.target));
    check_near(s.f.target.prior[0], 0.25, 1e-15);
    check_near(s.f.target.label.deviation, sqrt(3.6875), 1e-15);
    assert_true(s.f.target.label.center == -0.5 && s.f.target.label.half == 2.5);
    ent_free(s.f.population.part[ENT_TRAIN].target);
    small_federation_clear(&s);
}

/* ---- refuses ---- */

static ent_status add(const small_federation *s, ent_aggregate *a, int64_t client, double *delta, double loss)
{
    double weight[MAX_PARAMS], effort[MAX_PARAMS] = {0};
    int64_t steps[MAX_PARAMS] = {0};
    ent_update_weigh(&s->f.population, s->f.model, client, 1.0, weight);
    const ent_update update = {.client = client,
                               .samples = 2,
                               .loss = loss,
                               .delta = delta,
                               .weight = weight,
                               .effort = effort,
                               .steps = steps};
    return ent_aggregate_add(a, &update);
}

static void weights_that_diverge_name_their_block(void **state)
{
    (void)state;
    small_federation s;
    small_federation_make(&s, ENT_POLICY_MMA);
    const ent_block *block;
    ent_aggregate *a;
    int b = 0;
    ent_model_blocks(s.f.model, &block);
    while (strcmp(block[b].name, "audio/circuit") != 0) b++;
    check_ok(ent_aggregate_new(&s.f.population, s.f.model, ent_rule_find(ENT_FEDAVG), &a));
    ent_aggregate_start(a);
    const double wrong[] = {NAN, INFINITY, -1e300, ldexp(1.0, 64)};
    for (int k = 0; k < 4; k++) {
        double *w = small_weights(s.f.model, 4);
        w[block[b].first + 1] = wrong[k];
        check_fails(add(&s, a, 0, w, 1.0), ENT_ENUMERIC, "block 'audio/circuit': diverged to ");
        assert_non_null(strstr(ent_message(), "client.learning_rate"));
        check_ok(add(&s, a, 1, w, 1.0)); /* client 1 does not send that block */
        ent_free(w);
    }
    double *w = small_weights(s.f.model, 4);
    check_fails(add(&s, a, 0, w, NAN), ENT_ENUMERIC, "training loss: diverged to nan");
    ent_free(w);
    ent_aggregate_free(a);
    small_federation_clear(&s);
}

static void the_largest_weights_still_sum_exactly(void **state)
{
    (void)state;
    small_federation s;
    small_federation_make(&s, ENT_POLICY_ZERO);
    static double clients_w[CLIENTS][MAX_PARAMS], w[MAX_PARAMS];
    double loss;
    for (int c = 0; c < CLIENTS; c++)
        for (int k = 0; k < MAX_PARAMS; k++) clients_w[c][k] = -ldexp(1.0, 61);
    average(&s, (const int[]){0, 1, 2}, clients_w, w, &loss);
    for (int k = 0; k < ent_model_params(s.f.model); k++) assert_true(w[k] == -ldexp(1.0, 61));
    small_federation_clear(&s);
}

/* Of two clients with 10 rows, `of_first` of which are of class 0 at the first and of class 1 at the second: the
 * offsets of the first. */
static void offsets_of(int of_first, double offset[2])
{
    int32_t category[20];
    int64_t first[3] = {0, 10, 20};
    ent_population p = {.clients = 2};
    ent_target target = {.label.classes = 2, .outputs = 2};
    p.part[ENT_TRAIN] = (ent_part){.n = 20, .first = first, .category = category};
    for (int k = 0; k < 20; k++) category[k] = k < 10 ? k >= of_first : k < 10 + of_first;
    check_ok(ent_label_fit(&p, &target));
    ent_label_adjust(&p.part[ENT_TRAIN], &target, 0, offset);
    ent_free(target.prior);
}

static void offsets_are_the_clients_share_of_a_class_over_that_of_all(void **state)
{
    (void)state;
    double offset[2];
    offsets_of(5, offset); /* alike: nothing to adjust */
    assert_true(offset[0] == 0.0 && offset[1] == 0.0);
    offsets_of(10, offset); /* one class each: concentration 0, 3 common rows */
    check_near(offset[0], log((20.0 + 3.0) / 13.0), 1e-12);
    check_near(offset[1], log(3.0 / 13.0), 1e-12);
    offsets_of(8, offset); /* squares 36, spread 1/2: (72 - 20) / (200 - 20) = 1 / (1 + A) */
    const double s = 180.0 / 52.0 - 1.0 + 3.0;
    check_near(offset[0], log((16.0 + s) / (10.0 + s)), 1e-12);
    check_near(offset[1], log((4.0 + s) / (10.0 + s)), 1e-12);
}

static void a_failing_allocation_is_reported(void **state)
{
    (void)state;
    small_federation s;
    small_federation_make(&s, ENT_POLICY_MMA);
    ent_trainer *trainer;
    ent_aggregate *a;
    check_every_allocation(ent_trainer_new(s.f.model, &s.f.population, &trainer), (void)0);
    check_every_allocation(ent_aggregate_new(&s.f.population, s.f.model, ent_rule_find(ENT_FEDAVG), &a), (void)0);
    s.f.population.part[ENT_TRAIN].category = s.samples.category;
    check_every_allocation(ent_label_fit(&s.f.population, &s.f.target), assert_null(s.f.target.prior));
    ent_trainer_free(trainer);
    ent_aggregate_free(a);
    small_federation_clear(&s);
}

/* Each encoding between fusion layers is a gate per qubit and angle: 2 layers of them, 2 + 3 + 1 qubits, 2 angles. */
static void encodings_between_fusion_layers_count_as_errors(void **state)
{
    (void)state;
    static ent_config c;
    double budget[2];
    c.model.fusion.layers = 3;
    c.noise.after_1q.depolarizing = 0.01;
    c.noise.after_2q.depolarizing = 0.05;
    c.devices = (ent_config_devices){.noise = "1", .shots = "run", .layers = "0", .qubits = "0"};
    for (int m = 0; m < 3; m++) {
        c.noise.factor[m] = 1.0;
        c.model.registers[m] = (ent_config_register){.qubits = SMALL_QUBITS[m], .layers = 1, .angles = 2};
    }
    for (int again = 0; again < 2; again++) {
        ent_devices *devices;
        c.model.fusion.reupload = again;
        check_ok(ent_devices_new(&c, 3, CLIENTS, &devices));
        budget[again] = ent_devices_budget(devices, 1);
        ent_devices_free(devices);
    }
    assert_true(budget[0] > 0.0);
    check_near(budget[1] - budget[0], 0.01 * 2 * (2 + 3 + 1) * 2, 1e-13);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest computes[] = {cmocka_unit_test(blocks_are_averaged_over_the_rows_that_trained_them),
                                          cmocka_unit_test(without_mma_every_row_trains_every_block),
                                          cmocka_unit_test(a_round_follows_the_formulas),
                                          cmocka_unit_test(rates_and_weights_follow_the_formulas),
                                          cmocka_unit_test(untrained_blocks_keep_their_bits),
                                          cmocka_unit_test(qubits_are_averaged_over_the_clients_that_have_them),
                                          cmocka_unit_test(encodings_between_fusion_layers_count_as_errors),
                                          cmocka_unit_test(offsets_are_the_clients_share_of_a_class_over_that_of_all),
                                          cmocka_unit_test(the_prior_is_the_log_frequency_with_one_added),
                                          cmocka_unit_test(the_prior_of_a_real_label_is_its_mean),
                                          cmocka_unit_test(the_largest_weights_still_sum_exactly)};
    const struct CMUnitTest refuses[] = {cmocka_unit_test(weights_that_diverge_name_their_block),
                                         cmocka_unit_test(a_failing_allocation_is_reported)};
    if (ent_comm_start(&argc, &argv, &world) != ENT_OK) return 1;
    int failed = cmocka_run_group_tests_name("computes", computes, NULL, NULL);
    failed += cmocka_run_group_tests_name("refuses", refuses, NULL, NULL);
    ent_comm_finish(world);
    return failed;
}
