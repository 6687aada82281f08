/* The whole federation over ranks: the same bits as on one rank, whatever the split, the protocol and the number of
 * clients; and a failure of one rank is one of all. */
#include "shard/registers.h"
#include "fed_runs.h"

static void every_split_and_level(void **state)
{
    (void)state;
    ent_config config = plain_config();
    for (int k = 0; k < 24; k++) {
        config.federation.split = (ent_split_kind)(k % 6);
        config.missing.level = (ent_missing_level)(k / 6);
        config.missing.empty = (ent_missing_empty)(k % 3);
        config.missing.absent = (const char *[]){"audio"};
        config.missing.absent_count = 1;
        check_same_bits(&config);
    }
}

static void every_policy_and_context(void **state)
{
    (void)state;
    for (int k = 0; k <= ENT_POLICY_TOKEN; k++) {
        ent_config config = plain_config();
        if (k == ENT_POLICY_NONE) continue; /* what is stored is not a number */
        config.missing.policy = (ent_policy)k;
        config.missing.context = k == ENT_POLICY_MMA ? ENT_CONTEXT_EMBED : ENT_CONTEXT_MASK;
        check_same_bits(&config);
    }
}

static void every_reduction_and_optimiser(void **state)
{
    (void)state;
    for (int k = 0; k <= ENT_ROTOSOLVE; k++) {
        ent_config config = plain_config();
        config.model.registers[1].reduce = (ent_reduce_kind)(k % (ENT_REDUCE_RANDOM + 1));
        config.client.optimizer = (ent_optimizer)k;
        config.run.precision = k % 2 ? ENT_SINGLE : ENT_DOUBLE;
        config.client.epochs = 2;
        check_same_bits(&config);
    }
}

/* Every rule, with honest clients and under each attack in turn. */
static void every_rule_and_attack(void **state)
{
    (void)state;
    for (int k = 0; k < 2 * ENT_AGGREGATIONS; k++) {
        ent_config config = plain_config();
        config.federation.aggregation = (ent_aggregation)(k / 2);
        config.federation.rounds = 3;
        config.federation.participation = 0.8;
        config.client.optimizer = k / 2 == ENT_SCAFFOLD ? ENT_MOMENTUM : (ent_optimizer)(k % 3);
        config.client.epochs = 2;
        if (k % 2) config.attack.kind = (ent_attack_kind)(ENT_SIGN_FLIP + k / 2 % 3);
        check_same_bits(&config);
    }
}

/* Groups of S ranks: one or several groups train the same.  Parts of a state give the result of a single rank up to
 * rounding; dealt registers give its bits. */
static void check_shards(int shards, ent_engine_kind engine, const char *name)
{
    ent_config config = plain_config();
    ent_comm *first;
    config.run.engine = engine;
    config.run.shards = shards;
    ent_registers_always(1);
    ent_federation *all = train(world, &config);
    mpi_check(!strncmp(ent_federation_see(all).engine, name, strlen(name)) &&
              strstr(ent_federation_see(all).engine, "ranks"));
    mpi_check(ent_comm_split(world, ent_comm_rank(world) / shards, &first) == ENT_OK);
    ent_federation *group = train(first, &config);
    config.run.shards = 1;
    ent_federation *one = train(world, &config);
    const ent_federation_view a = ent_federation_see(all), g = ent_federation_see(group), o = ent_federation_see(one);
    mpi_check(memcmp(a.weights, g.weights, (size_t)a.params * sizeof *a.weights) == 0);
    for (int k = 0; k < a.params; k++) check_near(a.weights[k], o.weights[k], 1e-9);
    if (engine == ENT_ENGINE_PAULI)
        mpi_check(memcmp(a.weights, o.weights, (size_t)a.params * sizeof *a.weights) == 0);
    mpi_check(ent_comm_rank(world) > 0 || memcmp(&a.test, &g.test, sizeof a.test) == 0);
    mpi_check(ent_result_save(world, all, temp_folder, "text", "version") == ENT_OK);
    ent_federation_free(all);
    ent_federation_free(group);
    ent_federation_free(one);
    ent_comm_free(first);
    ent_registers_always(0);
}

static void shards_train_as_one_rank(void **state)
{
    (void)state;
    const int size = ent_comm_size(world);
    for (int shards = 2; shards <= size; shards *= 2) {
        if (size % shards) continue;
        check_shards(shards, ENT_ENGINE_STATE, "state");
        check_shards(shards, ENT_ENGINE_PAULI, "pauli");
    }
}

/* With a modality that few clients have, Krum leaves the blocks of both modalities unchanged in some round, and
 * reports it. */
static void krum_reports_blocks_with_too_few_clients(void **state)
{
    (void)state;
    ent_config config = plain_config();
    config.federation.clients = 12;
    config.federation.participation = 0.5;
    config.federation.aggregation = ENT_KRUM;
    config.federation.rounds = 6;
    config.missing.level = ENT_LEVEL_CLIENT;
    check_same_bits(&config);
    ent_federation *f = train(world, &config);
    const ent_federation_view v = ent_federation_see(f);
    int64_t kept = 0;
    for (int64_t r = 0; r < v.rounds; r++) kept += v.round[r].blocks_short;
    mpi_check(kept > 0);
    ent_federation_free(f);
}

static void a_real_label(void **state)
{
    (void)state;
    ent_config config = plain_config();
    config.data.label = "value";
    check_same_bits(&config);
    config.model.head = ENT_HEAD_DIRECT;
    check_same_bits(&config);
}

/* One client: all ranks but its own wait.  1000 clients: most of them have no row. */
static void one_client_and_a_thousand(void **state)
{
    (void)state;
    const int clients[] = {1, 2, 1000};
    const ent_split_kind split[] = {ENT_SPLIT_IID, ENT_SPLIT_QUANTITY, ENT_SPLIT_DIRICHLET_CLIENT,
                                    ENT_SPLIT_DIRICHLET_CLASS};
    for (int k = 0; k < 12; k++) {
        ent_config config = plain_config();
        config.federation.clients = clients[k % 3];
        config.federation.split = split[k / 3];
        check_same_bits(&config);
    }
}

static void some_clients_per_round(void **state)
{
    (void)state;
    const double participation[] = {0.01, 0.3, 0.5};
    for (int k = 0; k < 3; k++) {
        ent_config config = plain_config();
        config.federation.participation = participation[k];
        config.federation.rounds = 5;
        config.federation.evaluate_every = 2;
        check_same_bits(&config);
    }
}

/* A round whose whole cohort is empty changes nothing. */
static void a_round_without_rows_keeps_the_weights(void **state)
{
    (void)state;
    ent_config config = plain_config();
    config.federation.clients = 1000;
    config.federation.participation = 0.001;
    config.federation.rounds = 0;
    ent_federation *before = train(world, &config);
    config.federation.rounds = 1;
    for (config.seeds.sampling = 0;; config.seeds.sampling++) {
        ent_federation *f = train(world, &config);
        const ent_federation_view v = ent_federation_see(f), w = ent_federation_see(before);
        const bool empty = v.round[0].trained == 0;
        mpi_check(v.round[0].cohort == 1);
        mpi_check(empty == isnan(v.round[0].train_loss));
        mpi_check(empty == (memcmp(v.weights, w.weights, (size_t)v.params * sizeof *v.weights) == 0));
        ent_federation_free(f);
        if (empty) break;
    }
    ent_federation_free(before);
}

/* The features of modality m that the model sees in a row: an absent feature has only the value set by the policy. */
static void check_row(const ent_federation *f, int which, int m, int64_t k)
{
    const ent_policy policy = f->config->missing.policy;
    const ent_part *part = &f->population.part[which];
    const bool present = part->context[k] >> m & 1;
    double features[8];
    double wanted[2], seen[2][2], *x[ENT_MAX_MODALITIES] = {seen[0], seen[1]};
    mpi_check(ent_dataset_features(f->features.dataset, m, 1, &part->row[k], NULL, NULL, features) == ENT_OK);
    mpi_check(ent_rows_read(&f->features, &f->population, which, 1, &k, x) == ENT_OK);
    if (!present && policy == ENT_POLICY_ZERO) memset(features, 0, sizeof features);
    ent_reduction_apply(f->features.reduction[m], 1, features, wanted);
    const bool nothing = !present && policy != ENT_POLICY_ZERO && policy != ENT_POLICY_NONE;
    for (int j = 0; j < 2; j++) check_near(seen[m][j], nothing ? 0.0 : wanted[j], 1e-12);
    mpi_check(present || policy != ENT_POLICY_DROP || which != ENT_TRAIN);
    mpi_check(present || part->answered[k] == (policy != ENT_POLICY_DROP));
}

static void absent_features_become_what_the_policy_says(void **state)
{
    (void)state;
    for (int policy = 0; policy <= ENT_POLICY_TOKEN; policy++) {
        ent_config config = plain_config();
        ent_federation *f = NULL;
        config.data.file = whole_path;
        config.missing.policy = (ent_policy)policy;
        mpi_check(ent_federation_new(world, &config, &f) == ENT_OK);
        for (int part = 0; part < ENT_PARTS; part++)
            for (int64_t k = 0; k < f->population.part[part].n; k++)
                for (int m = 0; m < 2; m++) check_row(f, part, m, k);
        ent_federation_free(f);
    }
}

/* Once a federation is set up, each training row has been read and is kept on its rank: the file may disappear. */
static void training_rows_are_read_once(void **state)
{
    (void)state;
    ent_config config = plain_config();
    const bool root = ent_comm_rank(world) == 0;
    char copy[512];
    snprintf(copy, sizeof copy, "%s/once.h5", temp_folder);
    const ent_synth_inp inp = {.rows = ROWS,
                               .modalities = 2,
                               .names = (const char *const[]){"text", "audio"},
                               .dimension = {4, 3},
                               .classes = 2,
                               .groups = 9,
                               .own = 1.0};
    mpi_check(!root || ent_synth_write(&inp, copy, 0) == ENT_OK);
    ent_comm_barrier(world);
    config.data.file = copy;
    ent_federation *f = NULL, *before = train(world, &config);
    mpi_check(ent_federation_new(world, &config, &f) == ENT_OK);
    mpi_check(!root || truncate(copy, 0) == 0);
    ent_comm_barrier(world);
    mpi_check(ent_federation_train(f, NULL, NULL) == ENT_OK);
    mpi_check(memcmp(f->w, before->w, (size_t)ent_model_params(f->model) * sizeof *f->w) == 0);
    ent_federation_free(f);
    ent_federation_free(before);
}

/* Policy drop predicts a row that lacks a modality from the training labels only. */
static void drop_answers_by_the_prior(void **state)
{
    (void)state;
    ent_config config = plain_config();
    config.missing.policy = ENT_POLICY_DROP;
    ent_federation *f = train(world, &config);
    const ent_part *test = &f->population.part[ENT_TEST];
    int64_t by_prior = 0;
    for (int64_t k = 0; k < test->n && ent_comm_rank(world) == 0; k++) {
        const bool same = memcmp(f->outcome.output + 2 * k, f->target.prior, 2 * sizeof(double)) == 0;
        mpi_check(same == (test->context[k] != 3));
        by_prior += same;
    }
    mpi_check(by_prior > 0 || ent_comm_rank(world) > 0);
    ent_federation_free(f);
}

static ent_status load(const ent_config *config, ent_federation **f)
{
    return ent_federation_load(world, config, &(ent_load_inp){.folder = temp_folder, .data = data_path}, f);
}

static void a_result_comes_back(void **state)
{
    (void)state;
    ent_config config = plain_config();
    config.missing.level = ENT_LEVEL_FIXED; /* with nothing absent: as eval takes it */
    ent_federation *f = train(world, &config), *again = NULL;
    mpi_check(ent_result_save(world, f, temp_folder, "text", "version") == ENT_OK);
    mpi_check(load(&config, &again) == ENT_OK && ent_federation_evaluate(again) == ENT_OK);
    const ent_federation_view v = ent_federation_see(f), w = ent_federation_see(again);
    mpi_check(memcmp(v.weights, w.weights, (size_t)v.params * sizeof *v.weights) == 0);
    mpi_check(v.test.accuracy == w.test.accuracy || ent_comm_rank(world) > 0);
    ent_federation_free(f);
    ent_federation_free(again);
}

/* ---- refuses ---- */

static void check_status_is_everyones(ent_status status)
{
    double highest = (double)status, lowest = -(double)status;
    ent_comm_max(world, &highest, 1);
    ent_comm_max(world, &lowest, 1);
    mpi_check(highest == -lowest);
    mpi_check(status == ENT_OK || (status == ENT_ENOMEM && strstr(ent_message(), ": no ")));
}

typedef ent_status work(const ent_config *config);

static ent_status train_and_save(const ent_config *config)
{
    ent_federation *f = NULL;
    ent_status status = ent_federation_new(world, config, &f);
    if (status == ENT_OK) status = ent_federation_train(f, NULL, NULL);
    if (status == ENT_OK) status = ent_result_save(world, f, temp_folder, "text", "version");
    ent_federation_free(status == ENT_OK || f ? f : NULL);
    return status;
}

static ent_status load_and_evaluate(const ent_config *config)
{
    ent_federation *f = NULL;
    ent_status status = load(config, &f);
    if (status == ENT_OK) status = ent_federation_evaluate(f);
    ent_federation_free(f);
    return status;
}

/* The k-th allocation of one rank fails, for every k up to 60 and for fewer and fewer after that. */
static void one_rank_without_memory(work *run, const ent_config *config, int rank)
{
    for (int64_t k = 1;; k += k < 60 ? 1 : k / 6) {
        if (ent_comm_rank(world) == rank) ent_alloc_fail_at(k);
        const ent_status status = run(config);
        const int64_t left = ent_alloc_fail_at(0);
        check_status_is_everyones(status);
        mpi_check(status != ENT_OK || ent_comm_rank(world) != rank || left > 0); /* no failure is ignored */
        if (status == ENT_OK) break;
    }
}

static void a_rank_without_memory_fails_every_rank(void **state)
{
    (void)state;
    ent_config config = plain_config();
    config.missing.level = ENT_LEVEL_FIXED;
    config.model.registers[1].reduce = ENT_REDUCE_LINEAR;
    config.federation.rounds = 1;
    const int last = ent_comm_size(world) - 1;
    one_rank_without_memory(train_and_save, &config, last);
    if (last > 0) one_rank_without_memory(train_and_save, &config, 0);
    config.federation.aggregation = ENT_KRUM; /* every update at rank 0, and attackers */
    config.attack.kind = ENT_NOISE;
    one_rank_without_memory(train_and_save, &config, last);
    if (last > 0) one_rank_without_memory(train_and_save, &config, 0);
    config.federation.aggregation = ENT_FEDAVG;
    one_rank_without_memory(load_and_evaluate, &config, last);
    if (last > 0) one_rank_without_memory(load_and_evaluate, &config, 0);
}

static void a_shard_without_memory_fails_every_rank(void **state)
{
    (void)state;
    ent_config config = plain_config();
    config.missing.level = ENT_LEVEL_FIXED;
    config.run.engine = ENT_ENGINE_STATE;
    config.run.shards = 2;
    config.federation.rounds = 1;
    const int last = ent_comm_size(world) - 1;
    if (last % 2 == 0) return;
    one_rank_without_memory(train_and_save, &config, last);
    one_rank_without_memory(train_and_save, &config, 0);
    config.run.engine = ENT_ENGINE_PAULI;
    ent_registers_always(1);
    one_rank_without_memory(train_and_save, &config, last);
    ent_registers_always(0);
    config.run.engine = ENT_ENGINE_STATE;
    one_rank_without_memory(load_and_evaluate, &config, last);
}

static void shards_that_do_not_fit_the_ranks(void **state)
{
    (void)state;
    ent_federation *f = NULL;
    ent_config config = plain_config();
    config.run.shards = 3;
    mpi_check(ent_federation_new(world, &config, &f) == ENT_ECONFIG && !f);
    mpi_check(strstr(ent_message(), "run.shards: found 3, want a power of two") != NULL);
    config.run.shards = 16;
    mpi_check(ent_federation_new(world, &config, &f) == ENT_ECONFIG && !f);
    mpi_check(strstr(ent_message(), "run.shards: found 16, want at most the number of ranks, ") != NULL);
}

/* A failure after a round on rank 0 ends the training on every rank. */
static void rank_0_ends_the_training(void **state)
{
    (void)state;
    int64_t last = 1;
    ent_config config = plain_config();
    ent_federation *f = NULL;
    config.federation.rounds = 4;
    mpi_check(ent_federation_new(world, &config, &f) == ENT_OK);
    mpi_check(ent_federation_train(f, fail_after_round, &last) == ENT_EIO);
    mpi_check(strstr(ent_message(), "log: full") && ent_federation_see(f).rounds == 2);
    ent_federation_free(f);
}

/* Clients that send NaN, under every rule, and one that is drawn by itself: which clients are left out does not
 * depend on the ranks; a client that is left out keeps its previous state. */
static void clients_that_diverge_are_left_out(void **state)
{
    (void)state;
    for (int rule = 0; rule < ENT_AGGREGATIONS; rule++) {
        ent_config config = plain_config();
        config.federation.aggregation = (ent_aggregation)rule;
        config.federation.rounds = 3;
        config.federation.on_divergence = ENT_DIVERGENCE_EXCLUDE;
        config.client.optimizer = ENT_SGD;
        config.client.epochs = 2;
        config.attack = (ent_config_attack){.kind = ENT_NAN_UPDATE, .share = 0.3, .strength = 1.0};
        check_same_bits(&config);
        ent_federation *f = train(world, &config);
        const ent_federation_view v = ent_federation_see(f);
        for (int64_t r = 0; r < v.rounds; r++) {
            mpi_check(v.round[r].excluded == 2); /* of 7 clients, all drawn */
            mpi_check(v.round[r].trained == 5 && isfinite(v.round[r].train_loss));
        }
        for (int k = 0; k < v.params; k++) mpi_check(isfinite(v.weights[k]));
        ent_federation_free(f);
    }
}

/* By default the robust rules leave such clients out, and the others stop. */
static void robust_rules_leave_clients_out_by_themselves(void **state)
{
    (void)state;
    for (int rule = 0; rule < ENT_AGGREGATIONS; rule++) {
        ent_config config = plain_config();
        ent_federation *f = NULL;
        const bool robust = rule >= ENT_MEDIAN && rule <= ENT_MULTI_KRUM;
        config.federation.aggregation = (ent_aggregation)rule;
        config.client.optimizer = ENT_SGD;
        config.attack = (ent_config_attack){.kind = ENT_NAN_UPDATE, .share = 0.3, .strength = 1.0};
        for (int stops = 0; stops < 2; stops++) {
            config.federation.on_divergence = stops ? ENT_DIVERGENCE_STOP : ENT_DIVERGENCE_AUTO;
            mpi_check(ent_federation_new(world, &config, &f) == ENT_OK);
            const ent_status status = ent_federation_train(f, NULL, NULL);
            mpi_check(status == (robust && !stops ? ENT_OK : ENT_ENUMERIC));
            mpi_check(status == ENT_OK || strstr(ent_message(), "diverged to "));
            ent_federation_free(f);
        }
    }
}

/* The rank that holds a part of a state finds what the others find. */
static void shards_leave_out_the_same(void **state)
{
    (void)state;
    if (ent_comm_size(world) % 2) return;
    ent_config config = plain_config();
    config.run.engine = ENT_ENGINE_STATE;
    config.run.shards = 2;
    config.federation.aggregation = ENT_MEDIAN;
    config.attack = (ent_config_attack){.kind = ENT_NAN_UPDATE, .share = 0.3, .strength = 1.0};
    ent_federation *f = train(world, &config);
    mpi_check(ent_federation_see(f).round[1].excluded == 2 || ent_comm_rank(world) > 0);
    ent_federation_free(f);
    config.attack.kind = ENT_ATTACK_NONE; /* the numbers leave their range in the circuits of all ranks */
    config.client.optimizer = ENT_SGD;
    config.client.learning_rate = 1e3;
    config.client.epochs = 60;
    config.data.label = "value";
    mpi_check(ent_federation_new(world, &config, &f) == ENT_OK);
    mpi_check(ent_federation_train(f, NULL, NULL) == ENT_ENUMERIC);
    mpi_check(strstr(ent_message(), "all of its clients diverged"));
    ent_federation_free(f);
}

/* No client is left: the training ends, with advice. */
static void a_cohort_that_diverges_ends_the_training(void **state)
{
    (void)state;
    ent_config config = plain_config();
    ent_federation *f = NULL;
    config.federation.aggregation = ENT_SCAFFOLD;
    config.federation.on_divergence = ENT_DIVERGENCE_EXCLUDE;
    config.client.optimizer = ENT_SGD;
    config.attack = (ent_config_attack){.kind = ENT_NAN_UPDATE, .share = 1.0, .strength = 1.0};
    mpi_check(ent_federation_new(world, &config, &f) == ENT_OK);
    mpi_check(ent_federation_train(f, NULL, NULL) == ENT_ENUMERIC);
    mpi_check(strcmp(ent_message(), "round 1: all of its clients diverged (7); a smaller client.learning_rate may "
                                    "help") == 0);
    ent_federation_free(f);
}

/* Weights that leave their range, on whichever rank has the client. */
static void divergence_ends_the_training_on_every_rank(void **state)
{
    (void)state;
    ent_config config = plain_config();
    ent_federation *f = NULL;
    config.data.label = "value";
    config.client.optimizer = ENT_SGD;
    config.client.learning_rate = 1e3;
    config.federation.rounds = 1000;
    mpi_check(ent_federation_new(world, &config, &f) == ENT_OK);
    mpi_check(ent_federation_train(f, NULL, NULL) == ENT_ENUMERIC);
    mpi_check(strstr(ent_message(), "round ") && strstr(ent_message(), "client ") &&
              strstr(ent_message(), "diverged"));
    ent_federation_free(f);
}

/* ---- selection of a round ---- */

static ent_config learning_config(ent_select select, int rounds)
{
    ent_config config = plain_config();
    config.client.schedule = ENT_SCHEDULE_CONSTANT;
    config.client.learning_rate = 0.4; /* so that the best round is not the last */
    config.federation.rounds = rounds;
    config.run.select = select;
    return config;
}

/* The first of the rounds with the best validation figure, by hand; *ends: the rounds that patience leaves. */
static int64_t best_round(const ent_federation_view *v, ent_select select, int every, int patience, int64_t *ends)
{
    int64_t best = -1;
    double score = 0.0;
    *ends = v->rounds;
    for (int64_t r = 0; r < v->rounds; r++) {
        const ent_metrics *m = &v->round[r].validation;
        const bool last = r + 1 == v->rounds, looks = (r + 1) % every == 0;
        if (!looks && !last) continue;
        const double now = select == ENT_SELECT_VALIDATION_LOSS ? -m->loss : m->accuracy;
        if (best < 0 || now > score) {
            best = r;
            score = now;
        }
        if (patience == 0 || !looks || r - best < patience) continue;
        *ends = r + 1;
        break;
    }
    return best;
}

/* Weights and test figures of the selected round: those of a training of that many rounds. */
static int64_t check_selected(ent_select select, int rounds, int every, int patience)
{
    int64_t wanted[2] = {0, 0};
    ent_config config = learning_config(ENT_SELECT_LAST, rounds);
    ent_federation *all = train(world, &config); /* each round evaluated */
    const ent_federation_view v = ent_federation_see(all);
    mpi_check(v.selected_round == rounds - 1);
    if (ent_comm_rank(world) == 0) wanted[0] = best_round(&v, select, every, patience, &wanted[1]);
    ent_comm_broadcast(world, 0, wanted, sizeof wanted);
    ent_federation_free(all);

    config = learning_config(ENT_SELECT_LAST, (int)wanted[0] + 1);
    ent_federation *shorter = train(world, &config);
    config = learning_config(select, rounds);
    config.federation.evaluate_every = every;
    config.run.patience = patience;
    ent_federation *selected = train(world, &config);
    const ent_federation_view s = ent_federation_see(selected), w = ent_federation_see(shorter);
    mpi_check(s.selected_round == wanted[0] && s.rounds == wanted[1]);
    mpi_check(memcmp(s.weights, w.weights, (size_t)s.params * sizeof *s.weights) == 0);
    mpi_check(ent_comm_rank(world) > 0 || memcmp(&s.test, &w.test, sizeof s.test) == 0);
    ent_federation_free(selected);
    ent_federation_free(shorter);
    return wanted[0];
}

static void the_selected_round_is_the_best_on_the_validation_rows(void **state)
{
    (void)state;
    int earlier = 0;
    for (ent_select select = ENT_SELECT_VALIDATION_LOSS; select <= ENT_SELECT_VALIDATION_ACCURACY; select++) {
        earlier += check_selected(select, 8, 1, 0) < 7;
        earlier += check_selected(select, 8, 3, 0) < 7;
        check_selected(select, 8, 1, 1);
        check_selected(select, 8, 2, 3);
    }
    mpi_check(earlier >= 2);
}

static void refuse_selection(const ent_config *config, const char *why)
{
    ent_federation *f = NULL;
    mpi_check(ent_federation_new(world, config, &f) == ENT_ECONFIG && !f);
    mpi_check(strstr(ent_message(), "run.select") && strstr(ent_message(), why));
}

static void selections_that_cannot_be_made(void **state)
{
    (void)state;
    ent_config config = learning_config(ENT_SELECT_VALIDATION_LOSS, 2);
    config.federation.aggregation = ENT_LOCAL;
    refuse_selection(&config, "their own models");
    config = learning_config(ENT_SELECT_VALIDATION_ACCURACY, 2);
    config.data.label = "value";
    refuse_selection(&config, "no classes");
}

static void no_data_is_reported_on_all_ranks(void **state)
{
    (void)state;
    ent_config config = plain_config();
    ent_federation *f = NULL;
    config.data.file = "/nowhere.h5";
    mpi_check(ent_federation_new(world, &config, &f) == ENT_EIO && strstr(ent_message(), "/nowhere.h5"));
    mpi_check(!f);
    const ent_load_inp nowhere = {.folder = "/nowhere", .data = data_path};
    mpi_check(ent_federation_load(world, &config, &nowhere, &f) == ENT_EIO && !f);
}

/* A file that was replaced after it was opened: the digest of the opened file is not remembered as that of the new
 * one. */
static void a_digest_belongs_to_the_opened_file(void **state)
{
    (void)state;
    char path[600], other[600], first[65], second[65];
    ent_dataset *opened, *replaced;
    ent_feature_digests known = {.count = 0};
    if (ent_comm_rank(world) > 0) return;
    ent_synth_inp inp = {.rows = 20,
                         .modalities = 1,
                         .names = (const char *const[]){"text"},
                         .dimension = {2},
                         .classes = 2,
                         .groups = 2,
                         .seed = 1};
    snprintf(path, sizeof path, "%s/swap.h5", temp_folder);
    snprintf(other, sizeof other, "%s/other.h5", temp_folder);
    mpi_check(ent_synth_write(&inp, path, 0) == ENT_OK);
    inp.seed = 2;
    mpi_check(ent_synth_write(&inp, other, 0) == ENT_OK);
    mpi_check(ent_dataset_open(path, 0, NULL, NULL, &opened) == ENT_OK);
    mpi_check(rename(other, path) == 0);
    mpi_check(ent_dataset_digest(alone, opened, &known, first) == ENT_OK);
    mpi_check(ent_dataset_open(path, 0, NULL, NULL, &replaced) == ENT_OK);
    mpi_check(ent_dataset_digest(alone, replaced, &known, second) == ENT_OK && strcmp(first, second) != 0);
    ent_dataset_free(opened);
    ent_dataset_free(replaced);
}

static const struct CMUnitTest computes[] = {cmocka_unit_test(every_split_and_level),
                                             cmocka_unit_test(every_policy_and_context),
                                             cmocka_unit_test(every_reduction_and_optimiser),
                                             cmocka_unit_test(every_rule_and_attack),
                                             cmocka_unit_test(krum_reports_blocks_with_too_few_clients),
                                             cmocka_unit_test(shards_train_as_one_rank),
                                             cmocka_unit_test(a_real_label),
                                             cmocka_unit_test(one_client_and_a_thousand),
                                             cmocka_unit_test(some_clients_per_round),
                                             cmocka_unit_test(a_round_without_rows_keeps_the_weights),
                                             cmocka_unit_test(absent_features_become_what_the_policy_says),
                                             cmocka_unit_test(training_rows_are_read_once),
                                             cmocka_unit_test(drop_answers_by_the_prior),
                                             cmocka_unit_test(clients_that_diverge_are_left_out),
                                             cmocka_unit_test(shards_leave_out_the_same),
                                             cmocka_unit_test(the_selected_round_is_the_best_on_the_validation_rows),
                                             cmocka_unit_test(a_digest_belongs_to_the_opened_file),
                                             cmocka_unit_test(a_result_comes_back)};
static const struct CMUnitTest refuses[] = {cmocka_unit_test(a_rank_without_memory_fails_every_rank),
                                            cmocka_unit_test(a_shard_without_memory_fails_every_rank),
                                            cmocka_unit_test(shards_that_do_not_fit_the_ranks),
                                            cmocka_unit_test(rank_0_ends_the_training),
                                            cmocka_unit_test(divergence_ends_the_training_on_every_rank),
                                            cmocka_unit_test(robust_rules_leave_clients_out_by_themselves),
                                            cmocka_unit_test(a_cohort_that_diverges_ends_the_training),
                                            cmocka_unit_test(selections_that_cannot_be_made),
                                            cmocka_unit_test(no_data_is_reported_on_all_ranks)};

FED_RUNS_MAIN(computes, refuses)
