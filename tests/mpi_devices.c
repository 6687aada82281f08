/* Federations whose clients have devices: the same bits on any ranks, whatever they draw, under every rule and with
 * secure aggregation; a layer that a client lacks is trained only by the others; noise of strength 0, and as many
 * qubits as there are, change no bit; what is refused. */
#include "fed_runs.h"

#include "entente/memory.h"

static ent_config devices_config(void)
{
    ent_config c = plain_config();
    for (int m = 0; m < 2; m++) c.model.registers[m].layers = 2;
    c.federation.rounds = 1;
    return c;
}

static ent_config noisy_config(void)
{
    ent_config c = devices_config();
    c.noise.after_1q.depolarizing = 0.01;
    c.noise.after_2q = (ent_gate_noise){0.05, 0.02, 0.01};
    c.noise.readout.p01 = 0.03;
    c.noise.factor[1] = 2.0;
    return c;
}

static void any_ranks_give_the_same_bits(void **state)
{
    (void)state;
    ent_config c = noisy_config();
    c.devices = (ent_config_devices){
        .noise = "0, 1, 5", .shots = "100,0, 7", .layers = "1,2", .qubits = "0, 1", .spread = 0.4};
    check_same_bits(&c);
    c.run.gradient = ENT_GRADIENT_SPSA;
    c.personal.epochs = 1;
    check_same_bits(&c);
    c = noisy_config();
    c.noise.method = ENT_NOISE_TRAJECTORIES;
    c.noise.trajectories = 2;
    c.run.shots = 20;
    check_same_bits(&c);
    c = devices_config();
    c.run.shots = 5;
    c.run.gradient = ENT_GRADIENT_SHIFT;
    check_same_bits(&c);
}

static double *weights_of(const ent_config *c, int64_t *params)
{
    ent_federation *f = train(world, c);
    const ent_federation_view v = ent_federation_see(f);
    double *w = ent_copy(v.weights, v.params, sizeof *w);
    *params = v.params;
    ent_federation_free(f);
    return w;
}

static void idle_noise_and_devices_change_no_bit(void **state)
{
    (void)state;
    ent_config c = devices_config();
    int64_t params, again;
    double *plain = weights_of(&c, &params);
    c.noise.method = ENT_NOISE_TRAJECTORIES;
    c.noise.factor[0] = 3.0;
    c.seeds.shots = 99;
    double *idle = weights_of(&c, &again);
    mpi_check(params == again && memcmp(plain, idle, (size_t)params * sizeof *plain) == 0);
    ent_free(idle);
    c.noise.after_1q.depolarizing = 0.01;
    idle = weights_of(&c, &again);
    mpi_check(params == again && memcmp(plain, idle, (size_t)params * sizeof *plain) != 0);
    ent_free(idle);
    ent_free(plain);
}

/* One client of seven lacks a qubit of each register, so that every rule has enough clients for every block. */
static void few_qubits_under_every_rule(void **state)
{
    (void)state;
    for (int rule = 0; rule < ENT_AGGREGATIONS; rule++) {
        ent_config c = plain_config();
        c.devices.qubits = "0, 0, 1, 0, 0, 0, 0";
        c.federation.aggregation = (ent_aggregation)rule;
        c.client.optimizer = ENT_SGD;
        c.personal.epochs = rule % 2;
        check_same_bits(&c);
    }
}

/* The masks cancel: the sums, and so all weights, are those without them. */
static void few_qubits_with_secure_aggregation(void **state)
{
    (void)state;
    int64_t params, again;
    ent_config c = plain_config();
    c.devices.qubits = "1, 2";
    c.devices.layers = "0, 1, 1";
    for (int m = 0; m < 2; m++) c.model.registers[m].layers = 2;
    double *plain = weights_of(&c, &params);
    c.federation.secure = (ent_config_secure){.threshold = 0.25};
    check_same_bits(&c);
    double *secure = weights_of(&c, &again);
    mpi_check(params == again && memcmp(plain, secure, (size_t)params * sizeof *plain) == 0);
    ent_free(plain);
    ent_free(secure);
}

/* A state that would be held by two ranks has 4 qubits, or 2. */
static void few_qubits_over_shards(void **state)
{
    (void)state;
    if (ent_comm_size(world) % 2) return;
    ent_config c = plain_config();
    c.run.engine = ENT_ENGINE_STATE;
    c.devices.qubits = "0, 1";
    int64_t params, again;
    double *whole = weights_of(&c, &params);
    c.run.shards = 2;
    double *shared = weights_of(&c, &again);
    mpi_check(params == again);
    for (int64_t k = 0; k < params; k++) mpi_check(fabs(whole[k] - shared[k]) < 1e-9);
    ent_free(whole);
    ent_free(shared);
}

static void all_qubits_change_no_bit(void **state)
{
    (void)state;
    static const char *const same[] = {"2", "0,0", "99", "2, 0, 3", "256"};
    ent_config c = devices_config();
    int64_t params, again;
    double *plain = weights_of(&c, &params);
    for (int k = 0; k < 5; k++) {
        c.devices.qubits = same[k];
        double *all = weights_of(&c, &again);
        mpi_check(params == again && memcmp(plain, all, (size_t)params * sizeof *plain) == 0);
        ent_free(all);
    }
    c.devices.qubits = "2, 1";
    double *fewer = weights_of(&c, &again);
    mpi_check(params == again && memcmp(plain, fewer, (size_t)params * sizeof *plain) != 0);
    ent_free(fewer);
    ent_free(plain);
}

/* Whether layer 2 of the first register has moved. */
static bool layer_moves(const char *layers)
{
    ent_config c = devices_config();
    ent_federation *f = NULL;
    bool moved = false;
    c.devices.layers = layers;
    mpi_check(ent_federation_new(world, &c, &f) == ENT_OK);
    double *before = ent_copy(ent_federation_see(f).weights, ent_federation_see(f).params, sizeof *before);
    mpi_check(ent_federation_train(f, NULL, NULL) == ENT_OK);
    const ent_block *block;
    const int blocks = ent_model_blocks(f->model, &block);
    int found = 0;
    for (int b = 0; b < blocks; b++) {
        const bool here = strcmp(block[b].name, "text/circuit/2") == 0;
        const size_t bytes = (size_t)block[b].count * sizeof *before;
        if (here) moved = memcmp(before + block[b].first, f->w + block[b].first, bytes) != 0;
        found += here;
    }
    mpi_check(found == 1);
    ent_free(before);
    ent_federation_free(f);
    return moved;
}

static void a_layer_is_trained_by_those_who_have_it(void **state)
{
    (void)state;
    mpi_check(!layer_moves("1"));
    mpi_check(layer_moves("1, 2"));
    mpi_check(layer_moves("0, 1"));
}

static void refused(const ent_config *c, const char *part)
{
    ent_federation *f = NULL;
    mpi_check(ent_federation_new(world, c, &f) == ENT_ECONFIG && strstr(ent_message(), part));
}

static void invalid_lists_and_times(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "x", "1 2", "1,", "-1", "1e300", "nan"};
    for (int k = 1; k < 7; k++) {
        ent_config c = devices_config();
        c.devices.noise = bad[k];
        refused(&c, "devices.noise: found");
    }
    ent_config c = devices_config();
    c.devices.layers = "1.5";
    refused(&c, "devices.layers: found '1.5'");
    static const char *const no_qubits[] = {"", "a", "-1", "1.5", "2,", "2 3", "257", "1e300", "nan", "0x"};
    for (int k = 0; k < 10; k++) {
        c = devices_config();
        c.devices.qubits = no_qubits[k];
        refused(&c, "devices.qubits: found");
        if (k > 0) refused(&c, "want whole numbers from 0 to 256, separated by commas");
    }
    c = devices_config();
    c.noise.t2_us = 10.0;
    refused(&c, "noise.t2_us: found 10 without noise.t1_us");
    c.noise.t1_us = 4.0;
    refused(&c, "at most twice T1");
    c.noise.t1_us = 40.0;
    c.noise.after_2q.phase_damping = 0.1;
    refused(&c, "noise.t1_us: found 40 and strengths");
    c = noisy_config();
    c.run.engine = ENT_ENGINE_BATCH;
    ent_federation *f = NULL;
    mpi_check(ent_federation_new(world, &c, &f) != ENT_OK && strstr(ent_message(), "want engine auto"));
}

static const struct CMUnitTest computes[] = {cmocka_unit_test(any_ranks_give_the_same_bits),
                                             cmocka_unit_test(idle_noise_and_devices_change_no_bit),
                                             cmocka_unit_test(all_qubits_change_no_bit),
                                             cmocka_unit_test(few_qubits_under_every_rule),
                                             cmocka_unit_test(few_qubits_with_secure_aggregation),
                                             cmocka_unit_test(few_qubits_over_shards),
                                             cmocka_unit_test(a_layer_is_trained_by_those_who_have_it)};
static const struct CMUnitTest refuses[] = {cmocka_unit_test(invalid_lists_and_times)};

FED_RUNS_MAIN(computes, refuses)
