/* Clients over ranks: every way of drawing clients and of waiting for them gives the same bits; personal models agree
 * with plain loops; any number of modalities and of clients trains. */
#include "fed_runs.h"

#include "entente/random.h"

static void every_sampling_availability_and_mode(void **state)
{
    (void)state;
    for (int k = 0; k < 16; k++) {
        ent_config config = plain_config();
        config.federation.clients = 12;
        config.federation.rounds = 5;
        config.federation.participation = 0.5;
        config.federation.sampling = (ent_sampling)(k % 2);
        config.federation.aggregation = (ent_aggregation[]){ENT_FEDAVG, ENT_LOCAL, ENT_WPQFL}[k % 3];
        config.personal = (ent_config_personal){k % 5 == 0, 0.05};
        config.system.availability = (ent_availability)(k / 2 % 4);
        config.system.mode = (ent_mode)(k / 8);
        config.system.dropout = 0.1;
        config.system.speed_spread = 1.0;
        config.system.deadline_s = k % 4 ? 0.0 : 0.1;
        config.system.over_selection = k % 3 ? 0.0 : 0.5;
        config.system.buffer = 2;
        config.system.staleness = 0.5;
        check_same_bits(&config);
    }
}

/* ---- by hand ---- */

/* Rows of one client in a part, with room for them. */
typedef struct {
    double x[2][ROWS * 2];
    ent_samples samples;
} client_rows;

static void read_client(const ent_federation *f, int which, int64_t client, client_rows *r)
{
    const ent_part *part = &f->population.part[which];
    const int64_t first = part->first[client];
    int64_t at[ROWS];
    double *x[ENT_MAX_MODALITIES] = {r->x[0], r->x[1]};
    r->samples = (ent_samples){.n = part->first[client + 1] - first,
                               .x = {r->x[0], r->x[1]},
                               .context = part->context + first,
                               .category = part->category + first};
    for (int64_t k = 0; k < r->samples.n; k++) at[k] = first + k;
    mpi_check(ent_rows_read(&f->features, &f->population, which, r->samples.n, at, x) == ENT_OK);
}

/* One epoch of SGD. */
static void plain_epoch(ent_federation *f, int64_t client, int64_t number, double rate, double *w)
{
    client_rows r;
    double gradient[256], loss;
    int64_t order[ROWS];
    read_client(f, ENT_TRAIN, client, &r);
    ent_random stream = ent_random_at(f->config->seeds.sampling, ENT_FOR_ORDER, (uint64_t)client, (uint64_t)number);
    ent_random_permutation(&stream, r.samples.n, order);
    for (int64_t k = 0; k < r.samples.n; k += f->config->client.batch) {
        const int64_t left = r.samples.n - k, size = left < f->config->client.batch ? left : f->config->client.batch;
        mpi_check(ent_model_gradient(f->model, w, &r.samples, size, order + k, &loss, gradient) == ENT_OK);
        for (int p = 0; p < ent_model_params(f->model); p++) w[p] -= rate * gradient[p];
    }
}

/* Compare predictions for the test rows of a client by w with the given ones.  Returns how many are correct. */
static int64_t check_predictions(ent_federation *f, int64_t client, const double *w, const double *wanted)
{
    client_rows r;
    double output[ROWS * 2];
    int64_t right = 0;
    read_client(f, ENT_TEST, client, &r);
    if (r.samples.n == 0) return 0;
    mpi_check(ent_model_predict(f->model, w, &r.samples, output) == ENT_OK);
    for (int64_t k = 0; k < r.samples.n; k++) {
        right += (output[2 * k + 1] > output[2 * k]) == r.samples.category[k];
        for (int c = 0; c < 2 && wanted; c++)
            check_near(wanted[2 * (f->population.part[ENT_TEST].first[client] + k) + c], output[2 * k + c], 1e-10);
    }
    return right;
}

static ent_config sgd_config(void)
{
    ent_config config = plain_config();
    config.federation.clients = 9;
    config.federation.split = ENT_SPLIT_QUANTITY;
    config.client.optimizer = ENT_SGD;
    config.client.batch = 2;
    config.client.schedule = ENT_SCHEDULE_CONSTANT;
    config.client.map_learning_rate = config.client.head_learning_rate = -1.0; /* all blocks alike */
    config.server.mu = 20.0;
    config.federation.rounds = 3;
    return config;
}

/* An update is trained from the weights of its base: with one update per step, by plain loops. */
static void stale_updates_start_from_old_weights(void **state)
{
    (void)state;
    ent_config config = sgd_config();
    config.federation.rounds = 6;
    fed_buffered(&config, 3, 1);
    config.missing.policy = ENT_POLICY_ZERO; /* every block has the same weight: a mean of one is that one */
    ent_federation *f = train(world, &config), *start = NULL;
    mpi_check(ent_federation_new(world, &config, &start) == ENT_OK);
    const int params = ent_model_params(f->model);
    double history[7][256], w[256];
    int64_t staleness = 0;
    ent_timeline *timeline;
    mpi_check(ent_timeline_new(&f->population, &timeline) == ENT_OK);
    memcpy(history[0], start->w, (size_t)params * sizeof *w);
    for (int64_t round = 0; round < 6; round++) {
        const ent_cohort *cohort;
        mpi_check(ent_timeline_round(timeline, &f->population, round, &cohort) == ENT_OK && cohort->n == 1);
        const int64_t base = cohort->member[0].base;
        memcpy(w, history[base], (size_t)params * sizeof *w);
        plain_epoch(f, cohort->member[0].client, base, config.client.learning_rate, w);
        for (int p = 0; p < params; p++) history[round + 1][p] = history[round][p] + w[p] - history[base][p];
        staleness += round - base;
    }
    for (int p = 0; p < params; p++) check_near(f->w[p], history[6][p], 1e-12);
    mpi_check(staleness > 0);
    ent_timeline_free(timeline);
    ent_federation_free(start);
    ent_federation_free(f);
}

static void fine_tuning_is_a_loop_over_the_clients_rows(void **state)
{
    (void)state;
    ent_config config = sgd_config();
    config.personal = (ent_config_personal){.epochs = 2, .learning_rate = 0.3};
    config.federation.aggregation = ENT_FEDPROX; /* fine-tuning takes no part in it */
    ent_federation *f = train(world, &config);
    int64_t right = 0, better = 0;
    for (int64_t c = 0; c < 9 && ent_comm_rank(world) == 0; c++) {
        double w[256];
        memcpy(w, f->w, (size_t)ent_model_params(f->model) * sizeof *w);
        for (int epoch = 0; epoch < 2; epoch++) plain_epoch(f, c, 3 * 2 + epoch, 0.3, w);
        const int64_t mine = check_predictions(f, c, w, NULL);
        const ent_client_figures *found = &f->outcome.client[c];
        mpi_check(isnan(found->personal_accuracy) == (found->test_rows == 0));
        if (found->test_rows == 0) continue;
        mpi_check(found->personal_accuracy == (double)mine / (double)found->test_rows);
        right += mine;
        better += found->personal_accuracy != found->accuracy;
    }
    if (ent_comm_rank(world) == 0) {
        mpi_check(f->outcome.personal.n == f->outcome.test.n && better > 0);
        check_near(f->outcome.personal.accuracy, (double)right / (double)f->outcome.test.n, 1e-15);
    }
    ent_federation_free(f);
}

static void local_training_is_every_client_by_itself(void **state)
{
    (void)state;
    ent_config config = sgd_config();
    config.federation.aggregation = ENT_LOCAL;
    config.missing.policy = ENT_POLICY_ZERO;
    ent_federation *f = train(world, &config), *start = NULL;
    mpi_check(ent_federation_new(world, &config, &start) == ENT_OK);
    const int params = ent_model_params(f->model);
    double mean[256] = {0};
    int64_t right = 0;
    for (int64_t c = 0; c < 9; c++) {
        double w[256];
        memcpy(w, start->w, (size_t)params * sizeof *w);
        for (int round = 0; round < 3; round++) plain_epoch(f, c, round, config.client.learning_rate, w);
        for (int p = 0; p < params; p++)
            mean[p] += w[p] * (double)ent_client_rows_count(&f->population, c) /
                       (double)f->population.part[ENT_TRAIN].n;
        right += check_predictions(f, c, w, f->outcome.output); /* only rank 0 has outputs */
    }
    for (int p = 0; p < params; p++) check_near(f->w[p], mean[p], 1e-12);
    mpi_check(ent_comm_rank(world) > 0 ||
              fabs(f->outcome.test.accuracy - (double)right / (double)f->outcome.test.n) < 1e-15);
    mpi_check(f->outcome.round[2].bytes_up == 0.0);
    ent_federation_free(start);
    ent_federation_free(f);
}

/* Each client trains from the mixture of the common weights and its own; the mixture after the last is evaluated. */
static void wpqfl_is_a_loop_over_mixtures(void **state)
{
    (void)state;
    ent_config config = sgd_config();
    config.federation.aggregation = ENT_WPQFL;
    config.server.own_share = 0.4;
    config.missing.policy = ENT_POLICY_ZERO;
    ent_federation *f = train(world, &config), *start = NULL;
    mpi_check(ent_federation_new(world, &config, &start) == ENT_OK);
    const int params = ent_model_params(f->model);
    double common[256], own[9][256];
    int64_t right = 0;
    memcpy(common, start->w, (size_t)params * sizeof *common);
    for (int round = 0; round <= 3; round++) {
        double mean[256] = {0};
        for (int64_t c = 0; c < 9; c++) {
            const double share = (double)ent_client_rows_count(&f->population, c) /
                                 (double)f->population.part[ENT_TRAIN].n;
            for (int p = 0; p < params; p++) own[c][p] = round ? 0.6 * common[p] + 0.4 * own[c][p] : common[p];
            if (round < 3) plain_epoch(f, c, round, config.client.learning_rate, own[c]);
            for (int p = 0; p < params; p++) mean[p] += share * own[c][p];
        }
        if (round < 3) memcpy(common, mean, sizeof mean);
    }
    for (int p = 0; p < params; p++) check_near(f->w[p], common[p], 1e-12);
    for (int64_t c = 0; c < 9 && ent_comm_rank(world) == 0; c++) {
        const int64_t mine = check_predictions(f, c, own[c], NULL);
        const ent_client_figures *found = &f->outcome.client[c];
        mpi_check(found->test_rows == 0 || found->personal_accuracy == (double)mine / (double)found->test_rows);
        right += mine;
    }
    if (ent_comm_rank(world) == 0)
        check_near(f->outcome.personal.accuracy, (double)right / (double)f->outcome.test.n, 1e-15);
    ent_federation_free(start);
    ent_federation_free(f);
}

/* A client without training rows predicts with the initial weights. */
static void a_client_that_never_trains_keeps_the_initial_weights(void **state)
{
    (void)state;
    ent_config config = plain_config();
    config.federation.clients = 1000;
    config.federation.split = ENT_SPLIT_DIRICHLET_CLASS;
    config.federation.aggregation = ENT_LOCAL;
    config.personal = (ent_config_personal){.epochs = 1, .learning_rate = 0.1};
    ent_federation *f = train(world, &config), *start = NULL;
    mpi_check(ent_federation_new(world, &config, &start) == ENT_OK);
    int64_t seen = 0;
    for (int64_t c = 0; c < 1000; c++) {
        if (ent_client_rows_count(&f->population, c) > 0) continue;
        check_predictions(f, c, start->w, f->outcome.output);
        seen += f->population.part[ENT_TEST].first[c + 1] > f->population.part[ENT_TEST].first[c];
    }
    mpi_check(seen > 0);
    ent_federation_free(start);
    ent_federation_free(f);
}

/* ---- any number of modalities and clients ---- */

static void many_modalities_train(void **state)
{
    (void)state;
    static const char *names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p"};
    const int modalities[] = {1, 4, 6, 16};
    for (int k = 0; k < 4; k++) {
        char path[512];
        snprintf(path, sizeof path, "%s/many-%d.h5", temp_folder, modalities[k]);
        ent_synth_inp inp = fed_data(ROWS);
        inp.modalities = modalities[k];
        inp.names = names;
        inp.classes = 3;
        ent_config config = plain_config();
        config.data = (ent_config_data){path, names, (unsigned)modalities[k], "class", ENT_TASK_AUTO, 10.0};
        for (int m = 0; m < modalities[k]; m++) {
            inp.dimension[m] = 3 + m % 2;
            config.missing.rate[m] = 0.2;
            config.model.registers[m] = config.model.registers[0];
            config.model.registers[m].qubits = modalities[k] > 6 ? 1 : 2;
        }
        mpi_check(ent_comm_rank(world) > 0 || ent_synth_write(&inp, path, 0) == ENT_OK);
        ent_comm_barrier(world);
        check_same_bits(&config);
        ent_comm_barrier(world);
    }
}

/* Figures that do not apply are NaN, and no others. */
static void check_figures(const ent_config *config)
{
    ent_federation *f = train(world, config);
    int64_t without = 0;
    for (int64_t c = 0; c < f->population.clients; c++) without += ent_client_rows_count(&f->population, c) == 0;
    mpi_check(f->population.empty_clients == without);
    for (int p = 0; p < ent_model_params(f->model); p++) mpi_check(isfinite(f->w[p]));
    for (int64_t r = 0; r < f->outcome.rounds && ent_comm_rank(world) == 0; r++) {
        const ent_round *round = &f->outcome.round[r];
        mpi_check(isnan(round->train_loss) == (round->trained == 0) && isfinite(round->simulated_s));
        mpi_check(isfinite(round->staleness) && isfinite(round->test.loss) && isfinite(round->test.accuracy));
    }
    for (int64_t c = 0; c < f->population.clients && ent_comm_rank(world) == 0; c++) {
        mpi_check(isnan(f->outcome.client[c].accuracy) == (f->outcome.client[c].test_rows == 0));
        mpi_check(isnan(f->outcome.client[c].personal_accuracy) == (f->outcome.client[c].test_rows == 0));
    }
    ent_federation_free(f);
}

static void empty_clients_make_no_nan(void **state)
{
    (void)state;
    const ent_split_kind split[] = {ENT_SPLIT_DIRICHLET_CLASS, ENT_SPLIT_DIRICHLET_CLIENT, ENT_SPLIT_QUANTITY};
    for (int k = 0; k < 12; k++) {
        ent_config config = plain_config();
        config.federation.split = split[k % 3];
        config.federation.alpha = 0.01;
        config.federation.clients = k % 2 ? 1000 : 10;
        config.federation.aggregation = k < 6 ? ENT_FEDAVG : ENT_LOCAL;
        config.personal = (ent_config_personal){.epochs = 1, .learning_rate = 0.1};
        config.system.mode = k / 3 % 2 ? ENT_MODE_FEDBUFF : ENT_MODE_SYNC;
        config.system.buffer = 1;
        check_figures(&config);
    }
}

/* ---- refuses ---- */

static void a_failing_allocation_fails_on_every_rank(void **state)
{
    (void)state;
    ent_config config = plain_config();
    config.federation.aggregation = ENT_LOCAL;
    config.federation.rounds = 1;
    config.personal = (ent_config_personal){.epochs = 1, .learning_rate = 0.1};
    config.system.mode = ENT_MODE_FEDBUFF;
    config.system.buffer = 2;
    check_failing_allocations(&config, 7);
}

static const struct CMUnitTest computes[] = {cmocka_unit_test(every_sampling_availability_and_mode),
                                             cmocka_unit_test(stale_updates_start_from_old_weights),
                                             cmocka_unit_test(fine_tuning_is_a_loop_over_the_clients_rows),
                                             cmocka_unit_test(wpqfl_is_a_loop_over_mixtures),
                                             cmocka_unit_test(local_training_is_every_client_by_itself),
                                             cmocka_unit_test(a_client_that_never_trains_keeps_the_initial_weights),
                                             cmocka_unit_test(many_modalities_train),
                                             cmocka_unit_test(empty_clients_make_no_nan)};
static const struct CMUnitTest refuses[] = {cmocka_unit_test(a_failing_allocation_fails_on_every_rank)};

FED_RUNS_MAIN(computes, refuses)
