/* Secure aggregation, differential privacy and smaller updates over ranks: the same bits with and without masks, on
 * any number of ranks, and of a training that was stopped; what a rank sends looks random. */
#include "fed_runs.h"

#include "fed/privacy/secure_round.h"

static int notes;

static ent_config secure_config(double threshold)
{
    ent_config c = plain_config();
    c.federation.rounds = 3;
    c.federation.evaluate_every = 3;
    c.federation.secure.threshold = threshold;
    c.client.optimizer = ENT_SGD;
    return c;
}

/* ---- masks ---- */

static void check_same_weights(const ent_federation *a, const ent_federation *b)
{
    const ent_federation_view v = ent_federation_see(a), w = ent_federation_see(b);
    mpi_check(memcmp(v.weights, w.weights, (size_t)v.params * sizeof *v.weights) == 0);
    for (int64_t r = 0; r < v.rounds; r++) {
        mpi_check(v.round[r].trained == w.round[r].trained && v.round[r].samples == w.round[r].samples);
        mpi_check(v.round[r].train_loss == w.round[r].train_loss && v.round[r].trained > 0);
    }
}

/* Every rule of sums, with and without clients that drop out, on the complete and on a sparse graph. */
static void masks_leave_no_trace(void **state)
{
    (void)state;
    const ent_aggregation rule[] = {ENT_FEDAVG,     ENT_FEDPROX,  ENT_FEDAVGM, ENT_FEDADAM, ENT_FEDYOGI,
                                    ENT_FEDADAGRAD, ENT_SCAFFOLD, ENT_FEDNOVA, ENT_FEDDYN};
    for (size_t k = 0; k < 2 * sizeof rule / sizeof *rule; k++) {
        ent_config c = secure_config(0.0);
        c.federation.aggregation = rule[k / 2];
        c.system.dropout = k % 2 == 0 ? 0.0 : 0.3;
        ent_federation *plain = train(world, &c);
        c.federation.secure = (ent_config_secure){.threshold = 0.25, .neighbours = k % 4 < 2 ? 0 : 4};
        ent_federation *secure = train(world, &c);
        check_same_weights(plain, secure);
        const ent_federation_view v = ent_federation_see(plain), w = ent_federation_see(secure);
        mpi_check(w.round[0].bytes_up > v.round[0].bytes_up && w.round[0].bytes_down > v.round[0].bytes_down);
        ent_federation_free(plain);
        ent_federation_free(secure);
    }
}

/* Numbers that are drawn for all clients are sent under masks, the others are not. */
static void masks_go_with_random_numbers(void **state)
{
    (void)state;
    ent_config c = secure_config(0.0);
    double bytes[2];
    c.communication = (ent_config_communication){.sparsify = ENT_SPARSIFY_RANDOM, .keep = 0.3, .feedback = true};
    ent_federation *plain = train(world, &c);
    c.federation.secure.threshold = 0.25;
    for (int k = 0; k < 2; k++) {
        ent_federation *secure = train(world, &c);
        bytes[k] = ent_federation_see(secure).round[0].bytes_up;
        if (k == 0) check_same_weights(plain, secure);
        ent_federation_free(secure);
        c.communication.sparsify = ENT_SPARSIFY_NONE;
    }
    mpi_check(bytes[0] < bytes[1]);
    ent_federation_free(plain);
}

static int64_t count[256], plain_bytes;

static void count_bytes(int64_t n, const ent_ring *sent)
{
    for (size_t b = 0; b < (size_t)n * sizeof *sent; b++) count[((const uint8_t *)sent)[b]]++;
    plain_bytes += n * (int64_t)sizeof *sent;
}

static int64_t sealed[256], sealed_bytes;

/* Parcels for a client's 4 neighbours. */
static void count_sealed(ent_secure_message kind, int64_t client, void *message)
{
    (void)client;
    if (kind != ENT_SENDS_PARCELS) return;
    for (size_t b = 0; b < 4 * sizeof(ent_secure_parcel); b++) sealed[((const uint8_t *)message)[b]]++;
    sealed_bytes += 4 * (int64_t)sizeof(ent_secure_parcel);
}

static double chi_squared(const int64_t counts[256], int64_t bytes)
{
    const double wanted = (double)bytes / 256.0;
    double chi = 0.0;
    for (int k = 0; k < 256; k++) chi += ((double)counts[k] - wanted) * ((double)counts[k] - wanted) / wanted;
    return chi;
}

/* Chi-squared of the bytes that this rank adds to the sum at rank 0, and of the shares as they are sent. */
static void what_a_rank_sends_looks_random(void **state)
{
    (void)state;
    ent_config c = secure_config(0.5);
    c.federation.rounds = 20;
    c.federation.evaluate_every = 20;
    c.missing.rate[0] = c.missing.rate[1] = 0.0;
    c.federation.secure.neighbours = 4;
    memset(count, 0, sizeof count);
    memset(sealed, 0, sizeof sealed);
    plain_bytes = sealed_bytes = 0;
    ent_secure_watch = count_bytes;
    ent_secure_meddle = count_sealed;
    ent_federation_free(train(world, &c));
    ent_secure_watch = NULL;
    ent_secure_meddle = NULL;
    const double sums = chi_squared(count, plain_bytes);
    mpi_check(plain_bytes > 10000);
    mpi_check(sums > 150.0 && sums < 370.0); /* 255 degrees of freedom, deviation 22.6 */
    ent_comm_sum(world, sealed, 256);
    ent_comm_sum(world, &sealed_bytes, 1);
    const double shares = chi_squared(sealed, sealed_bytes);
    mpi_check(sealed_bytes > 10000 && shares > 150.0 && shares < 370.0);
}

static void count_note(void *context, const char *text)
{
    (void)context;
    mpi_check(strstr(text, "failed, the weights are unchanged: secure aggregation: "));
    mpi_check(strstr(text, "clients have answered, want 7 (federation.secure.threshold 1)"));
    notes++;
}

/* Below the threshold: a note, and the round changes nothing, not even the vectors of scaffold. */
static void too_few_answers_leave_the_weights(void **state)
{
    (void)state;
    ent_config c = secure_config(1.0);
    c.federation.aggregation = ENT_SCAFFOLD;
    c.system.dropout = 0.6;
    const ent_checkpoint_inp keep = {.folder = temp_folder, .config_text = "", .note = count_note};
    ent_federation *f = NULL;
    notes = 0;
    mpi_check(ent_federation_new(world, &c, &f) == ENT_OK);
    const ent_federation_view before = ent_federation_see(f);
    double *w = ent_copy(before.weights, before.params, sizeof *w);
    ent_federation_keep(f, &keep);
    mpi_check(ent_federation_train(f, NULL, NULL) == ENT_OK);
    const ent_federation_view after = ent_federation_see(f);
    mpi_check(memcmp(w, after.weights, (size_t)after.params * sizeof *w) == 0);
    mpi_check(notes == (ent_comm_rank(world) == 0 ? 3 : 0));
    for (int r = 0; r < 3; r++) mpi_check(after.round[r].trained == 0 && isnan(after.round[r].train_loss));
    ent_free(w);
    ent_federation_free(f);
}

static void add_garbage(int64_t n, const ent_ring *sent)
{
    if (ent_comm_rank(world) == ent_comm_size(world) - 1) ((ent_ring *)sent)[n / 2] += 12345;
}

static void note_garbage(void *context, const char *text)
{
    (void)context;
    mpi_check(strstr(text, "a client has sent a wrong vector"));
    notes++;
}

/* One number of one rank is changed on its way: no wrong sum without an error. */
static void garbage_fails_the_round(void **state)
{
    (void)state;
    ent_config c = secure_config(0.5);
    const ent_checkpoint_inp keep = {.folder = temp_folder, .config_text = "", .note = note_garbage};
    ent_federation *f = NULL;
    notes = 0;
    c.federation.rounds = 1;
    mpi_check(ent_federation_new(world, &c, &f) == ENT_OK);
    ent_federation_keep(f, &keep);
    ent_secure_watch = add_garbage;
    mpi_check(ent_federation_train(f, NULL, NULL) == ENT_OK);
    ent_secure_watch = NULL;
    mpi_check(notes == (ent_comm_rank(world) == 0) && ent_federation_see(f).round[0].trained == 0);
    ent_federation_free(f);
}

/* ---- clients that send garbage ---- */

static ent_secure_message meddled;
static int meddle_how;

/* Client 2 of the cohort, of 7. */
static void meddle(ent_secure_message kind, int64_t client, void *message)
{
    if (kind != meddled || client != 2) return;
    ent_secure_keys *keys = message;
    ent_secure_parcel *parcel = message;
    ent_secure_revealed *share = message;
    if (kind == ENT_SENDS_KEYS) memset(keys->key, 0, sizeof keys->key);
    if (kind == ENT_SENDS_KEYS && meddle_how == 1) keys->key[0] = 1; /* of low order */
    if (kind == ENT_SENDS_PARCELS) parcel[meddle_how].sealed[3] ^= 8;
    if (kind == ENT_SENDS_SHARE) share->share.word[meddle_how] ^= 99;
}

static char noted[1024];

static void keep_note(void *context, const char *text)
{
    (void)context;
    snprintf(noted, sizeof noted, "%s", text);
    notes++;
}

/* The client drops out of the round: its update is in no sum. */
static ent_federation *train_meddled(const ent_config *c, ent_secure_message kind, int how)
{
    const ent_checkpoint_inp keep = {.folder = temp_folder, .config_text = "", .note = keep_note};
    ent_federation *f = NULL;
    notes = 0;
    meddled = kind, meddle_how = how;
    mpi_check(ent_federation_new(world, c, &f) == ENT_OK);
    ent_federation_keep(f, &keep);
    ent_secure_meddle = meddle;
    mpi_check(ent_federation_train(f, NULL, NULL) == ENT_OK);
    ent_secure_meddle = NULL;
    return f;
}

/* A client that sends garbage is left out and named, or what it has revealed is left out: never a wrong sum. */
static void garbage_is_left_out(void **state)
{
    (void)state;
    static const struct {
        ent_secure_message kind;
        int how, left_out;
        const char *text;
    } cases[] = {{ENT_SENDS_KEYS, 0, 1, "publishes no key"},
                 {ENT_SENDS_KEYS, 1, 1, "publishes a key of low order"},
                 {ENT_SENDS_PARCELS, 1, 1, "sends shares that do not open"},
                 {ENT_SENDS_SHARE, 3, 0, "reveals a wrong share"}};
    for (int dropout = 0; dropout < 2; dropout++)
        for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
            ent_config c = secure_config(0.3);
            c.federation.rounds = 1;
            c.federation.aggregation = ENT_SCAFFOLD;
            c.system.dropout = dropout ? 0.1 : 0.0;
            ent_federation *f = train_meddled(&c, cases[k].kind, cases[k].how);
            const ent_federation_view v = ent_federation_see(f);
            c.federation.secure.threshold = 0.0;
            ent_federation *plain = train(world, &c);
            const ent_federation_view w = ent_federation_see(plain);
            if (ent_comm_rank(world) == 0) {
                mpi_check(notes == 1 && strstr(noted, "round 1: secure aggregation: client "));
                mpi_check(strstr(noted, cases[k].text) && !strchr(noted, ';'));
            }
            mpi_check(v.round[0].excluded == cases[k].left_out);
            mpi_check(v.round[0].trained == w.round[0].trained - cases[k].left_out);
            const bool same = memcmp(v.weights, w.weights, (size_t)v.params * sizeof *v.weights) == 0;
            mpi_check(same == !cases[k].left_out);
            ent_federation_free(plain);
            ent_federation_free(f);
        }
}

/* Rounds of few clients, of one and of none: those of less than two fail, and the training continues. */
static void small_cohorts_fail_their_round(void **state)
{
    (void)state;
    ent_config c = secure_config(0.3);
    c.federation.rounds = 12;
    c.federation.evaluate_every = 12;
    c.federation.sampling = ENT_SAMPLING_POISSON;
    c.federation.participation = 0.3;
    ent_federation *f = train_meddled(&c, ENT_SENDS_KEYS, 0);
    const ent_federation_view v = ent_federation_see(f);
    int failed = 0, none = 0;
    for (int64_t r = 0; r < v.rounds; r++) {
        failed += v.round[r].trained == 0;
        none += v.round[r].cohort == 0;
        mpi_check(v.round[r].trained != 1 && v.round[r].trained <= v.round[r].cohort);
    }
    mpi_check(failed > 0 && failed < 12 && none > 0);
    ent_federation_free(f);
}

/* Too few are left without it. */
static void garbage_below_the_threshold_fails_the_round(void **state)
{
    (void)state;
    ent_config c = secure_config(1.0);
    c.federation.rounds = 1;
    ent_federation *f = train_meddled(&c, ENT_SENDS_PARCELS, 0);
    mpi_check(ent_federation_see(f).round[0].trained == 0);
    mpi_check(ent_comm_rank(world) > 0 || (notes == 2 && strstr(noted, "sends shares that do not open")));
    ent_federation_free(f);
}

/* ---- all of it together ---- */

static ent_config full_config(int kind)
{
    ent_config c = secure_config(kind < 3 || kind == 5 ? 0.25 : 0.0);
    c.federation.sampling = kind % 2 ? ENT_SAMPLING_POISSON : ENT_SAMPLING_UNIFORM;
    c.federation.participation = 0.9;
    c.privacy.mode = kind == 5 ? ENT_PRIVACY_DISTRIBUTED : kind == 4 ? ENT_PRIVACY_LOCAL : ENT_PRIVACY_CENTRAL;
    c.privacy.mechanism = kind == 2 ? ENT_RELEASE_TREE : ENT_RELEASE_GAUSSIAN;
    c.privacy.clipping = kind == 3 ? ENT_CLIP_BLOCK : ENT_CLIP_FLAT;
    c.privacy.adaptive_quantile = kind < 2 ? 0.5 : 0.0;
    c.privacy.count_noise = 1.0;
    c.privacy.noise_multiplier = 0.2;
    c.privacy.accountant = ENT_ACCOUNTANT_RDP;
    c.system.dropout = 0.1;
    c.communication.download_bits = kind + 1;
    if (kind >= 4) return c;
    c.communication = (ent_config_communication){.sparsify = kind % 2 ? ENT_SPARSIFY_TOP : ENT_SPARSIFY_RANDOM,
                                                 .keep = 0.3,
                                                 .bits = kind == 0 ? 0 : 4,
                                                 .download_bits = kind + 1,
                                                 .feedback = kind != 3};
    return c;
}

static void same_bits_on_any_number_of_ranks(void **state)
{
    (void)state;
    for (int kind = 0; kind < 6; kind++) {
        const ent_config c = full_config(kind);
        check_same_bits(&c);
    }
}

/* Clients train from the weights that the server has sent: with rules of every kind, in rounds and from a buffer. */
static void small_downloads_on_any_number_of_ranks(void **state)
{
    (void)state;
    const ent_aggregation rule[] = {ENT_FEDAVG, ENT_FEDADAM, ENT_SCAFFOLD, ENT_FEDDYN, ENT_MEDIAN};
    for (int k = 0; k < 7; k++) {
        ent_config c = secure_config(0.0);
        if (k < 5) c.federation.aggregation = rule[k];
        c.federation.participation = k == 5 ? 0.5 : 1.0;
        c.system.mode = k == 6 ? ENT_MODE_FEDBUFF : ENT_MODE_SYNC;
        c.system.buffer = 2;
        c.system.speed_spread = 1.0;
        c.communication.download_bits = 3;
        check_same_bits(&c);
        ent_federation *less = train(world, &c);
        c.communication.download_bits = 0;
        ent_federation *whole = train(world, &c);
        const ent_federation_view v = ent_federation_see(less), w = ent_federation_see(whole);
        mpi_check(memcmp(v.weights, w.weights, (size_t)v.params * sizeof *v.weights) != 0);
        mpi_check(v.round[0].bytes_down == w.round[0].bytes_down); /* all of it, the first time */
        if (k < 5 && k != 2) mpi_check(v.round[2].bytes_down < 0.2 * w.round[2].bytes_down);
        ent_federation_free(less);
        ent_federation_free(whole);
    }
}

typedef struct {
    int64_t looks, at; /* stop at this look */
} request;

static bool stop_at(void *context)
{
    request *w = context;
    return w->at > 0 && ++w->looks >= w->at;
}

/* How often a rank that waits looks depends on the others' pace, so a late stop may come after the end. */
static ent_federation *train_to(const ent_config *c, bool resume, int64_t stop, ent_status *status)
{
    request w = {.at = stop};
    const ent_checkpoint_inp keep = {
        .folder = temp_folder, .config_text = "the text", .resume = resume, .stop = stop_at, .context = &w};
    ent_federation *f = NULL;
    mpi_check(ent_federation_new(world, c, &f) == ENT_OK);
    ent_federation_keep(f, &keep);
    *status = ent_federation_train(f, NULL, NULL);
    return f;
}

/* Stopped inside a round, with sums that wait for their masks, and continued. */
static void a_stopped_training_ends_with_the_same_bits(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++)
        for (int64_t stop = 5; stop < 40; stop += 14) {
            const ent_config c = full_config(kind);
            ent_federation *whole = train(world, &c);
            ent_status status;
            ent_federation *rest = train_to(&c, false, stop, &status);
            mpi_check(status == ENT_STOPPED || (status == ENT_OK && stop > 5));
            if (status == ENT_STOPPED) {
                ent_federation_free(rest);
                rest = train_to(&c, true, 0, &status);
                mpi_check(status == ENT_OK);
            }
            check_same_weights(whole, rest);
            const ent_federation_view v = ent_federation_see(whole), w = ent_federation_see(rest);
            for (int64_t r = 0; r < v.rounds && ent_comm_rank(world) == 0; r++) {
                mpi_check(v.round[r].epsilon == w.round[r].epsilon && v.round[r].epsilon > 0.0);
                mpi_check(v.round[r].clip == w.round[r].clip);
                mpi_check(v.round[r].bytes_down == w.round[r].bytes_down);
            }
            ent_federation_free(whole);
            ent_federation_free(rest);
            ent_comm_barrier(world);
            if (ent_comm_rank(world) == 0) mpi_check(ent_checkpoint_clear(temp_folder, true) == ENT_OK);
            ent_comm_barrier(world);
        }
}

/* ---- refusals ---- */

static void check_refused(const ent_config *c, const char *part)
{
    ent_federation *f = NULL;
    mpi_check(ent_federation_new(world, c, &f) == ENT_ECONFIG);
    mpi_check(strstr(ent_message(), part));
}

static void what_masks_cannot_do_is_refused(void **state)
{
    (void)state;
    const ent_aggregation single[] = {ENT_MEDIAN, ENT_TRIMMED_MEAN, ENT_KRUM, ENT_MULTI_KRUM};
    ent_config c = secure_config(0.5);
    for (int k = 0; k < 4; k++) {
        c.federation.aggregation = single[k];
        check_refused(&c, "reads single updates");
    }
    c.federation.aggregation = ENT_LOCAL;
    check_refused(&c, "nothing is sent");
    c = plain_config();
    c.federation.aggregation = ENT_LOCAL;
    c.communication.download_bits = 3;
    check_refused(&c, "want sparsify none, bits 0 and download_bits 0");
    c.communication.download_bits = 9;
    check_refused(&c, "communication.download_bits: found '9'");
    c = secure_config(0.5);
    c.system.mode = ENT_MODE_FEDBUFF;
    check_refused(&c, "masks cancel within a round");
    c = secure_config(0.5);
    c.federation.participation = 0.1;
    check_refused(&c, "want at least 2 clients");
    c = secure_config(0.5);
    c.federation.secure.neighbours = 3;
    check_refused(&c, "found 3, want an even number");
    c.federation.secure.neighbours = 8;
    check_refused(&c, "found 8, want less than the cohort, 7");
    c = secure_config(1.5);
    check_refused(&c, "federation.secure.threshold: found '1.5'");
    c = plain_config();
    c.federation.sampling = ENT_SAMPLING_POISSON;
    c.system.over_selection = 0.5;
    check_refused(&c, "system.over_selection: found 0.5, want 0");
}

/* On one rank, anywhere in a round with masks, integer noise and small downloads: the same error on all ranks. */
static void a_failing_allocation_fails_on_every_rank(void **state)
{
    (void)state;
    ent_config c = full_config(5);
    c.federation.rounds = c.federation.evaluate_every = 1;
    check_failing_allocations(&c, 5);
}

static const struct CMUnitTest computes[] = {
    cmocka_unit_test(masks_leave_no_trace),
    cmocka_unit_test(masks_go_with_random_numbers),
    cmocka_unit_test(what_a_rank_sends_looks_random),
    cmocka_unit_test(too_few_answers_leave_the_weights),
    cmocka_unit_test(garbage_fails_the_round),
    cmocka_unit_test(garbage_is_left_out),
    cmocka_unit_test(small_cohorts_fail_their_round),
    cmocka_unit_test(garbage_below_the_threshold_fails_the_round),
    cmocka_unit_test(same_bits_on_any_number_of_ranks),
    cmocka_unit_test(small_downloads_on_any_number_of_ranks),
    cmocka_unit_test(a_stopped_training_ends_with_the_same_bits),
};
static const struct CMUnitTest refuses[] = {cmocka_unit_test(what_masks_cannot_do_is_refused),
                                            cmocka_unit_test(a_failing_allocation_fails_on_every_rank)};

FED_RUNS_MAIN(computes, refuses)
