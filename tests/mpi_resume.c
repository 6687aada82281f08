/* A training that is stopped after any batch and resumed, on any number of ranks, ends with the bits of one that
 * was never stopped; a checkpoint that is damaged or of another training is refused and left unchanged. */
#include "fed_config.h"
#include "mpi_check.h"
#include "temp_folder.h"

#include <errno.h>
#include <sys/stat.h>

static char data_path[512], other_path[512], folder[512], checkpoint[600];
static int notes;       /* of trainings on this rank */
static int64_t fail_at; /* the allocation of the next training that fails here; 0: none */

static ent_config plain_config(void)
{
    ent_config c = fed_config(data_path);
    c.federation.clients = 5;
    c.federation.participation = 0.8;
    c.federation.rounds = 3;
    c.federation.evaluate_every = 2;
    c.client.epochs = 2;
    c.run.checkpoint_every = 1;
    return c;
}

/* A request to stop at this rank's k-th look from a round on. */
typedef struct {
    int64_t looks, at; /* at 0: never */
    int64_t round;
    const ent_federation *f;
} request;

static bool stop_at(void *context)
{
    request *w = context;
    return w->at > 0 && w->f->outcome.rounds >= w->round && ++w->looks >= w->at;
}

static void count_note(void *context, const char *text)
{
    (void)context;
    mpi_check(strstr(text, "no checkpoint after round "));
    notes++;
}

static ent_status train(ent_comm *group, const ent_config *config, bool resume, request *w, ent_federation **f)
{
    const ent_checkpoint_inp keep = {.folder = folder,
                                     .config_text = "the text",
                                     .resume = resume,
                                     .stop = stop_at,
                                     .context = w,
                                     .note = count_note};
    *f = NULL;
    ENT_TRY(ent_federation_new(group, config, f));
    ent_federation_keep(*f, &keep);
    w->f = *f;
    ent_alloc_fail_at(fail_at);
    return ent_federation_train(*f, NULL, NULL);
}

static ent_federation *never_stopped(ent_comm *group, const ent_config *config)
{
    ent_federation *f = NULL;
    mpi_check(ent_federation_new(group, config, &f) == ENT_OK);
    mpi_check(ent_federation_train(f, NULL, NULL) == ENT_OK);
    return f;
}

/* The first n ranks of the world; NULL on the others. */
static ent_comm *first_ranks(int n)
{
    ent_comm *group;
    const bool in = ent_comm_rank(world) < n;
    mpi_check(ent_comm_split(world, in ? 0 : 1, &group) == ENT_OK);
    if (in) return group;
    ent_comm_free(group);
    return NULL;
}

static void check_same(const ent_federation *found, const ent_federation *wanted, bool root)
{
    const ent_federation_view v = ent_federation_see(found), w = ent_federation_see(wanted);
    mpi_check(memcmp(v.weights, w.weights, (size_t)v.params * sizeof *v.weights) == 0);
    mpi_check(v.rounds == w.rounds && v.selected_round == w.selected_round);
    if (!root) return;
    mpi_check(memcmp(&v.test, &w.test, sizeof v.test) == 0);
    for (int64_t r = 0; r < v.rounds; r++) {
        const ent_round *a = &v.round[r], *b = &w.round[r];
        mpi_check(memcmp(a, b, offsetof(ent_round, train_loss)) == 0);
        mpi_check(a->train_loss == b->train_loss && a->bytes_up == b->bytes_up && a->bytes_down == b->bytes_down);
        mpi_check(memcmp(&a->validation, &b->validation, sizeof a->validation) == 0);
        mpi_check(memcmp(&a->test, &b->test, sizeof a->test) == 0);
    }
}

static bool is_there(const char *path)
{
    struct stat file;
    return stat(path, &file) == 0;
}

static void remove_checkpoint(void)
{
    ent_comm_barrier(world);
    if (ent_comm_rank(world) == 0) mpi_check(ent_checkpoint_clear(folder, true) == ENT_OK);
    ent_comm_barrier(world);
}

/* Stop at the k-th look of rank `asked` for k = 1, 2, ...; resume with `ranks` ranks.  A single rank looks after
 * every batch; of several, one that waits for others looks any number of times, so beyond a point fewer and fewer k
 * are tried. */
static void check_every_stop(const ent_config *config, int asked, int ranks)
{
    ent_federation *wanted = never_stopped(world, config), *f;
    ent_comm *group = first_ranks(ranks);
    const int64_t all = ent_comm_size(world) == 1 ? INT64_MAX : check_turns(16);
    for (int64_t k = 1;; k += k < all ? 1 : k) {
        request w = {.at = ent_comm_rank(world) == asked ? k : 0}, never = {0};
        const ent_status status = train(world, config, false, &w, &f);
        mpi_check(status == ENT_OK || status == ENT_STOPPED);
        mpi_check(status == ENT_OK || strstr(ent_message(), "run again with --resume"));
        if (status == ENT_OK) check_same(f, wanted, ent_comm_rank(world) == 0);
        ent_federation_free(f);
        if (status == ENT_OK) {
            mpi_check(k > config->federation.rounds);
            break;
        }
        if (group) {
            mpi_check(train(group, config, true, &never, &f) == ENT_OK);
            check_same(f, wanted, ent_comm_rank(world) == 0);
            ent_federation_free(f);
        }
        remove_checkpoint();
    }
    remove_checkpoint();
    ent_comm_free(group);
    ent_federation_free(wanted);
}

static void after_every_batch(void **state)
{
    (void)state;
    const ent_config config = plain_config();
    check_every_stop(&config, 0, ent_comm_size(world));
}

static void on_every_other_number_of_ranks(void **state)
{
    (void)state;
    ent_config config = plain_config();
    config.federation.rounds = 2;
    for (int ranks = 1; ranks < ent_comm_size(world); ranks++)
        check_every_stop(&config, ent_comm_size(world) - 1, ranks);
}

static void with_every_optimiser_and_rule(void **state)
{
    (void)state;
    const int last = ent_comm_size(world) - 1;
    static const ent_aggregation rule[] = {ENT_SCAFFOLD, ENT_FEDDYN,  ENT_FEDADAM, ENT_MEDIAN,
                                           ENT_FEDNOVA,  ENT_FEDPROX, ENT_WPQFL,   ENT_FEDAVG};
    for (int k = 0; k < 8; k++) {
        ent_config config = plain_config();
        config.federation.rounds = 2;
        config.client.optimizer = k < 6 ? (ent_optimizer)(k % 3) : k == 6 ? ENT_QNG : ENT_ROTOSOLVE;
        config.federation.aggregation = rule[k];
        config.missing.policy = k == 1 ? ENT_POLICY_ZERO : ENT_POLICY_MMA;
        check_every_stop(&config, last, last > 0 ? last : 1);
    }
}

/* Clients lack qubits and layers: what they train is that of the same blocks after a stop. */
static void with_unequal_devices(void **state)
{
    (void)state;
    static const ent_optimizer optimizer[] = {ENT_ADAM, ENT_QNG, ENT_ROTOSOLVE};
    for (int k = 0; k < 3; k++) {
        ent_config config = plain_config();
        config.federation.rounds = 2;
        config.client.optimizer = optimizer[k];
        config.devices.qubits = "1, 0";
        config.devices.layers = "0, 1, 1";
        config.run.shots = k == 0 ? 20 : 0;
        for (int m = 0; m < 2; m++) config.model.registers[m].layers = 2;
        check_every_stop(&config, 0, 1);
    }
}

/* Clients that were left out before the stop are counted, and the vectors of clients are restored. */
static void with_clients_that_diverge(void **state)
{
    (void)state;
    static const ent_aggregation rule[] = {ENT_SCAFFOLD, ENT_MEDIAN};
    for (int k = 0; k < 2; k++) {
        ent_config config = plain_config();
        config.federation.rounds = 2;
        config.federation.aggregation = rule[k];
        config.federation.on_divergence = ENT_DIVERGENCE_EXCLUDE;
        config.client.optimizer = ENT_SGD;
        config.attack = (ent_config_attack){.kind = ENT_NAN_UPDATE, .share = 0.4, .strength = 1.0};
        check_every_stop(&config, 0, 1);
    }
}

/* Clients that start from the weights of earlier rounds. */
static void with_fedbuff(void **state)
{
    (void)state;
    ent_config config = plain_config();
    config.federation.rounds = 4;
    fed_buffered(&config, 4, 2);
    config.system.staleness = 0.5;
    check_every_stop(&config, 0, ent_comm_size(world));
}

/* The best round is before the stop or after it; the training continues from the weights of the last round. */
static void with_a_selected_round(void **state)
{
    (void)state;
    const int last = ent_comm_size(world) - 1;
    ent_config config = plain_config();
    config.federation.evaluate_every = 1;
    config.client.epochs = 1;
    config.client.learning_rate = 0.4;
    config.run.select = ENT_SELECT_VALIDATION_LOSS;
    for (int patience = 0; patience < 2; patience++) {
        config.federation.rounds = patience ? 6 : 3;
        config.run.patience = patience;
        ent_federation *whole = never_stopped(world, &config);
        const ent_federation_view v = ent_federation_see(whole);
        mpi_check(patience == 0 || (v.rounds < 6 && v.selected_round == v.rounds - 2)); /* it ends early */
        ent_federation_free(whole);
        check_every_stop(&config, 0, last > 0 ? last : 1);
    }
}

/* Stopped in the last evaluation, with the weights of an earlier round: the training continues from the last. */
static void further_rounds_after_a_selected_round(void **state)
{
    (void)state;
    ent_config config = plain_config(), longer;
    config.federation.evaluate_every = 1;
    config.client.schedule = ENT_SCHEDULE_CONSTANT;
    config.client.learning_rate = 0.4;
    config.run.select = ENT_SELECT_VALIDATION_LOSS;
    longer = config;
    longer.federation.rounds++;
    ent_federation *wanted = never_stopped(world, &longer), *f = never_stopped(world, &config);
    mpi_check(ent_federation_see(f).selected_round < config.federation.rounds - 1);
    ent_federation_free(f);
    ent_status status = ENT_STOPPED;
    int64_t stops = 0;
    for (int64_t k = 1; status == ENT_STOPPED; k++) {
        request w = {.at = ent_comm_rank(world) == 0 ? k : 0, .round = config.federation.rounds}, never = {0};
        status = train(world, &config, false, &w, &f);
        ent_federation_free(f);
        if (status != ENT_STOPPED) break;
        stops++;
        mpi_check(train(world, &longer, true, &never, &f) == ENT_OK);
        check_same(f, wanted, ent_comm_rank(world) == 0);
        ent_federation_free(f);
        remove_checkpoint();
    }
    mpi_check(status == ENT_OK && stops >= 3);
    remove_checkpoint();
    ent_federation_free(wanted);
}

/* Stopped repeatedly, on another number of ranks each time and later each time: an evaluation starts again. */
static void stopped_many_times(void **state)
{
    (void)state;
    const ent_config config = plain_config();
    ent_federation *wanted = never_stopped(world, &config);
    for (int64_t step = 2; step < 8; step++) {
        int64_t turn = 0;
        for (bool over = false; !over; turn++) {
            ent_comm *group = first_ranks(1 + (int)(turn % ent_comm_size(world)));
            request w = {.at = ent_comm_rank(world) == 0 ? step << turn / 4 : 0};
            ent_federation *f;
            if (group) {
                const ent_status status = train(group, &config, turn > 0, &w, &f);
                mpi_check(status == ENT_OK || status == ENT_STOPPED);
                over = status == ENT_OK;
                if (over) check_same(f, wanted, ent_comm_rank(group) == 0);
                ent_federation_free(f);
            }
            ent_comm_free(group);
            ent_comm_broadcast(world, 0, &over, sizeof over);
        }
        mpi_check(turn > 2);
        remove_checkpoint();
    }
    ent_federation_free(wanted);
}

/* After a round its checkpoint exists, and resuming from it gives the same result. */
static void from_a_periodic_checkpoint(void **state)
{
    (void)state;
    ent_config config = plain_config();
    config.federation.rounds = 4;
    ent_federation *wanted = never_stopped(world, &config), *f = NULL;
    request never = {0};
    int64_t last = 2;
    const ent_checkpoint_inp keep = {.folder = folder, .config_text = "the text", .stop = stop_at, .context = &never};
    config.run.checkpoint_every = 2;
    mpi_check(ent_federation_new(world, &config, &f) == ENT_OK);
    ent_federation_keep(f, &keep);
    mpi_check(ent_federation_train(f, fail_after_round, &last) == ENT_EIO);
    ent_federation_free(f);
    char *text;
    mpi_check(ent_checkpoint_config(folder, &text) == ENT_OK && strcmp(text, "the text") == 0);
    ent_free(text);
    mpi_check(train(world, &config, true, &never, &f) == ENT_OK);
    check_same(f, wanted, ent_comm_rank(world) == 0);
    ent_federation_free(f);
    ent_federation_free(wanted);
    remove_checkpoint();
}

/* Groups of 2 ranks hold a state together. */
static void with_shards(void **state)
{
    (void)state;
    if (ent_comm_size(world) % 2) return;
    ent_config config = plain_config();
    config.federation.rounds = 2;
    config.run.shards = 2;
    config.run.engine = ENT_ENGINE_STATE;
    check_every_stop(&config, 0, 2);
    check_every_stop(&config, ent_comm_size(world) - 1, 2);
}

/* ---- refuses ---- */

/* Of the second round. */
static void write_checkpoint(const ent_config *config)
{
    ent_federation *f;
    request w = {.at = ent_comm_rank(world) == 0 ? 6 : 0, .round = 1};
    mpi_check(train(world, config, false, &w, &f) == ENT_STOPPED);
    ent_federation_free(f);
}

/* From the checkpoint to the end: the same as a training that was never stopped. */
static void check_resumes(const ent_config *config)
{
    ent_federation *wanted = never_stopped(world, config), *f;
    request never = {0};
    mpi_check(train(world, config, true, &never, &f) == ENT_OK);
    check_same(f, wanted, ent_comm_rank(world) == 0);
    ent_federation_free(f);
    ent_federation_free(wanted);
    remove_checkpoint();
}

static void check_refused(const ent_config *config, ent_status code, const char *part)
{
    ent_federation *f;
    request never = {0};
    const ent_status status = train(world, config, true, &never, &f);
    if (status != code || !strstr(ent_message(), part))
        fprintf(stderr, "status %d, '%s', want %d, '%s'\n", (int)status, ent_message(), (int)code, part);
    mpi_check(status == code && strstr(ent_message(), part));
    ent_federation_free(f);
    ent_comm_barrier(world);
}

static void other_data_and_fewer_rounds(void **state)
{
    (void)state;
    ent_config config = plain_config();
    write_checkpoint(&config);
    config.data.file = other_path;
    check_refused(&config, ENT_EDATA, "checkpoint");
    config.data.file = data_path;
    config.federation.rounds = 1;
    check_refused(&config, ENT_ECONFIG, "federation.rounds: found 1, ");
    config = plain_config();
    check_resumes(&config);
}

static void no_checkpoint(void **state)
{
    (void)state;
    const ent_config config = plain_config();
    remove_checkpoint();
    check_refused(&config, ENT_EIO, "checkpoint.h5");
}

static char *read_file(int64_t *bytes)
{
    FILE *file = fopen(checkpoint, "rb");
    mpi_check(file && fseek(file, 0, SEEK_END) == 0);
    *bytes = ftell(file);
    char *content = ent_alloc(*bytes, 1);
    rewind(file);
    mpi_check(content && fread(content, 1, (size_t)*bytes, file) == (size_t)*bytes);
    fclose(file);
    return content;
}

static void write_file(const char *content, int64_t bytes)
{
    ent_comm_barrier(world);
    if (ent_comm_rank(world) == 0) {
        FILE *file = fopen(checkpoint, "wb");
        mpi_check(file && fwrite(content, 1, (size_t)bytes, file) == (size_t)bytes && fclose(file) == 0);
    }
    ent_comm_barrier(world);
}

static void truncated(void **state)
{
    (void)state;
    const ent_config config = plain_config();
    int64_t bytes;
    write_checkpoint(&config);
    char *content = read_file(&bytes);
    const int64_t length[] = {0, 1, 100, bytes / 2, bytes - 1};
    for (int k = 0; k < 5; k++) {
        write_file(content, length[k]);
        check_refused(&config, ENT_EFORMAT, "checkpoint.h5");
        mpi_check(is_there(checkpoint));
    }
    ent_free(content);
    remove_checkpoint();
}

/* Flip one bit of the first row of a table, wherever its bytes are in the file; false if there is no such row,
 * or nothing but zeros.  On rank 0. */
static bool flip(const char *content, int64_t bytes, const char *table)
{
    ent_h5 *file;
    ent_h5_shape shape;
    mpi_check(ent_h5_open(checkpoint, &file) == ENT_OK && ent_h5_describe(file, table, &shape) == ENT_OK);
    const int64_t width = shape.size[1];
    uint64_t *row = ent_alloc(width, sizeof *row), some = 0;
    mpi_check(row);
    if (shape.size[0] > 0)
        mpi_check(ent_h5_read_rows(file, table, shape.real ? ENT_H5_F64 : ENT_H5_I64, 0, 1, row) == ENT_OK);
    ent_h5_close(file);
    for (int64_t k = 0; k < width; k++) some |= row[k];
    char *copy = ent_copy(content, bytes, 1), *at = copy;
    for (; some && (at = memmem(at, (size_t)(copy + bytes - at), row, (size_t)width * 8)); at += 8)
        at[8 * (width / 2)] ^= 1;
    FILE *out = fopen(checkpoint, "wb");
    mpi_check(out && fwrite(copy, 1, (size_t)bytes, out) == (size_t)bytes && fclose(out) == 0);
    mpi_check(!some || memcmp(copy, content, (size_t)bytes) != 0);
    ent_free(copy);
    ent_free(row);
    return some != 0;
}

/* The damage is reported and the table named; with the bit restored the training continues. */
static void damaged(void **state)
{
    (void)state;
    const ent_config config = plain_config();
    static const char *const table[] = {"/numbers",    "/seconds",      "/weights",           "/figures",
                                        "/inside/sum", "/inside/count", "/inside/work/count", "/inside/work/value"};
    int64_t bytes;
    write_checkpoint(&config);
    char *content = read_file(&bytes);
    for (size_t k = 0; k < sizeof table / sizeof *table; k++) {
        bool flipped = false;
        ent_comm_barrier(world);
        if (ent_comm_rank(world) == 0) flipped = flip(content, bytes, table[k]);
        ent_comm_broadcast(world, 0, &flipped, sizeof flipped);
        mpi_check(flipped || ent_comm_size(world) > 1);
        if (!flipped) continue;
        check_refused(&config, ENT_EFORMAT, "checkpoint.h5");
        mpi_check(strstr(ent_message(), table[k]) && strstr(ent_message(), "damaged"));
    }
    write_file(content, bytes);
    ent_free(content);
    check_resumes(&config);
}

/* The folder is gone: a note for a periodic checkpoint, a failure for a requested one. */
static void a_folder_that_cannot_be_written(void **state)
{
    (void)state;
    const ent_config config = plain_config();
    char name[512];
    memcpy(name, folder, sizeof name);
    snprintf(folder, sizeof folder, "%s/nowhere", temp_folder);
    ent_federation *f;
    request never = {0}, soon = {.at = 5};
    notes = 0;
    mpi_check(train(world, &config, false, &never, &f) == ENT_OK);
    mpi_check(notes == (ent_comm_rank(world) == 0 ? 2 : 0));
    ent_federation_free(f);
    mpi_check(train(world, &config, false, &soon, &f) == ENT_EIO);
    mpi_check(strstr(ent_message(), "without a checkpoint") && strstr(ent_message(), "nowhere/checkpoint.h5"));
    ent_federation_free(f);
    memcpy(folder, name, sizeof name);
}

/* The k-th allocation of one rank fails, while the checkpoint is written or read: any checkpoint that exists is
 * complete. */
static void a_rank_without_memory(void **state)
{
    (void)state;
    ent_config config = plain_config();
    config.federation.rounds = 2;
    ent_federation *wanted = never_stopped(world, &config), *f;
    const int last = ent_comm_size(world) - 1;
    bool resume = false;
    for (int64_t k = 1;; k++) {
        request w = {.at = 9 + k / 8}; /* later each time, so that the loop ends */
        fail_at = ent_comm_rank(world) == last ? k : 0;
        ent_status status = train(world, &config, resume, &w, &f);
        ent_alloc_fail_at(fail_at = 0);
        mpi_check(status == ENT_OK || status == ENT_STOPPED || status == ENT_ENOMEM);
        ent_federation_free(f);
        ent_comm_barrier(world);
        if (status == ENT_OK) break;
        request never = {0};
        resume = is_there(checkpoint);
        ent_comm_barrier(world);
        if (k % 40 == 0 && resume) {
            mpi_check(train(world, &config, true, &never, &f) == ENT_OK);
            check_same(f, wanted, ent_comm_rank(world) == 0);
            ent_federation_free(f);
        }
        if (status == ENT_STOPPED) k += k / 4;
    }
    ent_federation_free(wanted);
    remove_checkpoint();
}

static int set_up(void **state)
{
    const bool root = ent_comm_rank(world) == 0;
    mpi_check(!root || temp_folder_make(state) == 0);
    ent_comm_broadcast(world, 0, temp_folder, sizeof temp_folder);
    snprintf(folder, sizeof folder, "%s", temp_folder);
    snprintf(checkpoint, sizeof checkpoint, "%s/checkpoint.h5", folder);
    snprintf(data_path, sizeof data_path, "%s/data.h5", temp_folder);
    snprintf(other_path, sizeof other_path, "%s/other.h5", temp_folder);
    ent_synth_inp inp = fed_data(80);
    mpi_check(!root || ent_synth_write(&inp, data_path, 0) == ENT_OK);
    inp.seed = 2;
    mpi_check(!root || ent_synth_write(&inp, other_path, 0) == ENT_OK);
    ent_comm_barrier(world);
    return 0;
}

static int tear_down(void **state)
{
    ent_comm_barrier(world);
    return ent_comm_rank(world) == 0 ? temp_folder_remove(state) : 0;
}

static const struct CMUnitTest computes[] = {cmocka_unit_test(after_every_batch),
                                             cmocka_unit_test(on_every_other_number_of_ranks),
                                             cmocka_unit_test(with_every_optimiser_and_rule),
                                             cmocka_unit_test(with_unequal_devices),
                                             cmocka_unit_test(with_clients_that_diverge),
                                             cmocka_unit_test(with_fedbuff),
                                             cmocka_unit_test(with_a_selected_round),
                                             cmocka_unit_test(further_rounds_after_a_selected_round),
                                             cmocka_unit_test(stopped_many_times),
                                             cmocka_unit_test(from_a_periodic_checkpoint),
                                             cmocka_unit_test(with_shards)};
static const struct CMUnitTest refuses[] = {cmocka_unit_test(other_data_and_fewer_rounds),
                                            cmocka_unit_test(no_checkpoint),
                                            cmocka_unit_test(truncated),
                                            cmocka_unit_test(damaged),
                                            cmocka_unit_test(a_folder_that_cannot_be_written),
                                            cmocka_unit_test(a_rank_without_memory)};

MPI_CHECK_MAIN_WITHIN(computes, refuses, set_up, tear_down)
