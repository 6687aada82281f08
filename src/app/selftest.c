/* entente selftest: checks that this installation computes correctly.
 *
 * Each check compares the installation with a second method on this machine: engines against the reference engine,
 * the adjoint gradient against the parameter-shift rule, collectives against known results, a sharded state
 * against a whole one, and a small training on all ranks against the same training on rank 0 only, bit for bit.
 * This covers the kernels of every instruction set of this machine, MPI, HDF5, LAPACK and the model.  Every check
 * ends with an agreement of all ranks. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "entente/ansatz.h"
#include "entente/clock.h"
#include "entente/fed.h"
#include "entente/memory.h"
#include "entente/random.h"
#include "entente/shard.h"
#include "entente/synth.h"

enum { QUBITS = 10, SAMPLES = 5, LAYERS = 2 };

typedef struct {
    ent_comm *world;
    char folder[4096]; /* of the files of the run; "" before it exists */
    int failed;
} selftest;

typedef ent_status check(selftest *s, char detail[256]);

/* ---- engines ---- */

typedef struct {
    ent_circuit *circuit;
    double *params, *angles;
    ent_batch batch;
} problem;

static void problem_clear(problem *p)
{
    ent_circuit_free(p->circuit);
    ent_free(p->params);
    ent_free(p->angles);
}

static ent_status problem_make(problem *p)
{
    const ent_ansatz ansatz = {
        .kind = ENT_ANSATZ_STRONG, .qubits = QUBITS, .layers = LAYERS, .angles_per_qubit = 2, .reupload = true};
    ent_random stream = ent_random_at(1, ENT_FOR_TEST, 0, 0);
    const int params = ent_ansatz_params(&ansatz), angles = ent_ansatz_angles(&ansatz);
    *p = (problem){.circuit = NULL};
    ENT_TRY(ent_circuit_new(QUBITS, params, angles, &p->circuit));
    ENT_TRY(ent_ansatz_append(&ansatz, 0, 0, 0, p->circuit));
    for (int q = 0; q < QUBITS; q++) ENT_TRY(ent_circuit_read(p->circuit, UINT64_C(1) << q));
    p->params = ent_alloc(params, sizeof(double));
    p->angles = ent_alloc(SAMPLES * angles, sizeof(double));
    ENT_REQUIRE(p->params && p->angles, ENT_ENOMEM, "selftest: no memory");
    for (int k = 0; k < params; k++) p->params[k] = 6.0 * ent_random_uniform(&stream) - 3.0;
    for (int k = 0; k < SAMPLES * angles; k++) p->angles[k] = 6.0 * ent_random_uniform(&stream) - 3.0;
    p->batch = (ent_batch){SAMPLES, p->angles, p->params};
    return ENT_OK;
}

/* A loss whose cotangent depends on the sample and the readout. */
static void cotangent(void *context, int64_t first, int64_t count, const double *expectations, double *weights)
{
    (void)context;
    for (int64_t k = 0; k < count * QUBITS; k++) weights[k] = cos((double)(first * QUBITS + k)) + expectations[k];
}

typedef struct {
    double *z, *by_params, *by_angles;
} answer;

static void answer_clear(answer *a)
{
    ent_free(a->z);
    ent_free(a->by_params);
    ent_free(a->by_angles);
}

static ent_status answer_make(const problem *p, answer *a)
{
    a->z = ent_alloc(SAMPLES * QUBITS, sizeof(double));
    a->by_params = ent_alloc(p->circuit->params, sizeof(double));
    a->by_angles = ent_alloc(SAMPLES * p->circuit->angles, sizeof(double));
    return a->z && a->by_params && a->by_angles ? ENT_OK : ent_fail(ENT_ENOMEM, "selftest: no memory");
}

static double farthest(int n, const double *a, const double *b)
{
    double most = 0.0;
    for (int k = 0; k < n; k++) most = fabs(a[k] - b[k]) <= most ? most : fabs(a[k] - b[k]); /* also catches NaN */
    return most;
}

static double distance(const problem *p, const answer *a, const answer *b)
{
    const double z = farthest(SAMPLES * QUBITS, a->z, b->z);
    const double w = farthest(p->circuit->params, a->by_params, b->by_params);
    const double x = farthest(SAMPLES * p->circuit->angles, a->by_angles, b->by_angles);
    return fmax(z, fmax(w, x));
}

static ent_status run_engine(const problem *p, const ent_program_inp *inp, answer *a, char name[64])
{
    ent_program *program;
    ENT_TRY(ent_program_new(p->circuit, inp, &program));
    snprintf(name, 64, "%s", ent_program_engine(program));
    memset(a->by_params, 0, (size_t)p->circuit->params * sizeof(double));
    ent_status status = ent_program_forward(program, &p->batch, a->z);
    if (status == ENT_OK)
        status = ent_program_gradient(program, &p->batch, cotangent, NULL, a->by_params, a->by_angles);
    ent_program_free(program);
    return status;
}

/* Every engine and precision with one instruction set. */
static ent_status compare_isa(const problem *p, const char *isa, const answer *truth, answer *a, char detail[256])
{
    static const ent_engine_kind engines[] = {ENT_ENGINE_BATCH, ENT_ENGINE_STATE};
    static const double within[] = {1e-11, 1e-4}; /* double, single */
    for (int e = 0; e < 2; e++)
        for (ent_precision precision = ENT_DOUBLE; precision <= ENT_SINGLE; precision++) {
            const ent_program_inp inp = {.engine = engines[e], .precision = precision, .threads = 2, .isa = isa};
            char name[64];
            ENT_TRY(run_engine(p, &inp, a, name));
            const double off = distance(p, truth, a);
            ENT_REQUIRE(off <= within[precision], ENT_ENUMERIC,
                        "%s, %s precision: differs from the reference engine by %.2g", name,
                        precision == ENT_DOUBLE ? "double" : "single", off);
            const size_t used = strlen(detail);
            if (precision == ENT_DOUBLE) snprintf(detail + used, 256 - used, "%s%s", used ? ", " : "", name);
        }
    return ENT_OK;
}

static ent_status compare_engines(const problem *p, answer *truth, answer *a, char detail[256])
{
    static const char *const sets[] = {"baseline", "avx2", "avx512"};
    char name[64];
    ENT_TRY(run_engine(p, &(ent_program_inp){.engine = ENT_ENGINE_REFERENCE}, truth, name));
    memset(a->by_params, 0, (size_t)p->circuit->params * sizeof(double));
    ENT_TRY(ent_gradient_by_shift(p->circuit, &(ent_program_inp){.engine = ENT_ENGINE_REFERENCE}, &p->batch,
                                  cotangent, NULL, &(ent_gradients){a->by_params, a->by_angles}));
    memcpy(a->z, truth->z, SAMPLES * QUBITS * sizeof(double));
    ENT_REQUIRE(distance(p, truth, a) <= 1e-10, ENT_ENUMERIC,
                "the adjoint gradient differs from the parameter-shift rule by %.2g", distance(p, truth, a));
    detail[0] = '\0';
    for (int k = 0; k < 3; k++) {
        const char *picked;
        if (ent_isa_pick(sets[k], &picked) == ENT_OK) ENT_TRY(compare_isa(p, sets[k], truth, a, detail));
    }
    return ENT_OK;
}

static ent_status check_engines(selftest *s, char detail[256])
{
    problem p;
    answer truth = {.z = NULL}, a = {.z = NULL};
    (void)s;
    ent_status status = problem_make(&p);
    if (status == ENT_OK) status = answer_make(&p, &truth);
    if (status == ENT_OK) status = answer_make(&p, &a);
    if (status == ENT_OK) status = compare_engines(&p, &truth, &a, detail);
    answer_clear(&truth);
    answer_clear(&a);
    problem_clear(&p);
    return status;
}

/* ---- ranks ---- */

static ent_status check_ranks(selftest *s, char detail[256])
{
    const int rank = ent_comm_rank(s->world), size = ent_comm_size(s->world);
    int64_t sum = rank + 1, root = rank == size - 1 ? 4711 : 0, *all = NULL;
    double most = rank;
    ent_comm_sum(s->world, &sum, 1);
    ent_comm_max(s->world, &most, 1);
    ent_comm_broadcast(s->world, size - 1, &root, sizeof root);
    ENT_TRY(ent_comm_gather(s->world, 0, &root, sizeof root, (void **)&all, NULL));
    int right = sum == (int64_t)size * (size + 1) / 2 && most == size - 1.0 && root == 4711;
    for (int r = 0; all && r < size; r++) right = right && all[r] == 4711;
    ent_free(all);
    snprintf(detail, 256, "%d rank%s, %s", size, size == 1 ? "" : "s", ent_comm_library());
    return right ? ENT_OK : ent_fail(ENT_ENUMERIC, "a collective over %d ranks delivers wrong numbers", size);
}

/* ---- a state over ranks ---- */

static ent_status compare_shards(const problem *p, ent_comm *group, answer *truth, answer *a)
{
    ent_shard *shard;
    char name[64];
    ENT_TRY(run_engine(p, &(ent_program_inp){.engine = ENT_ENGINE_REFERENCE}, truth, name));
    ENT_TRY(ent_shard_new(p->circuit, &(ent_program_inp){.threads = 1}, group, &shard));
    ent_status status = ent_shard_forward(shard, &p->batch, a->z);
    if (status == ENT_OK) status = ent_shard_gradient(shard, &p->batch, cotangent, NULL, a->by_params, a->by_angles);
    ent_shard_free(shard);
    if (status == ENT_OK && !(distance(p, truth, a) <= 1e-11))
        status = ent_fail(ENT_ENUMERIC, "a state over ranks differs from the reference engine by %.2g",
                          distance(p, truth, a));
    return status;
}

static ent_status check_shards(selftest *s, char detail[256])
{
    int shards = 1;
    ent_comm *group;
    problem p;
    answer truth = {.z = NULL}, a = {.z = NULL};
    while (2 * shards <= ent_comm_size(s->world) && shards < 8) shards *= 2;
    ENT_TRY(ent_comm_split(s->world, ent_comm_rank(s->world) < shards, &group));
    ent_status status = problem_make(&p);
    if (status == ENT_OK) status = answer_make(&p, &truth);
    if (status == ENT_OK) status = answer_make(&p, &a);
    status = ent_comm_agree(s->world, status);
    if (status == ENT_OK && ent_comm_rank(s->world) < shards) status = compare_shards(&p, group, &truth, &a);
    answer_clear(&truth);
    answer_clear(&a);
    problem_clear(&p);
    ent_comm_free(group);
    snprintf(detail, 256, "%d qubits over %d rank%s", QUBITS, shards, shards == 1 ? "" : "s");
    return status;
}

/* ---- a training ---- */

static ent_status train(ent_comm *group, const ent_config *config, double **weights, int *params)
{
    ent_federation *federation;
    ENT_TRY(ent_federation_new(group, config, &federation));
    ent_status status = ent_federation_train(federation, NULL, NULL);
    if (status == ENT_OK) {
        const ent_federation_view view = ent_federation_see(federation);
        *params = view.params;
        *weights = ent_copy(view.weights, view.params, sizeof(double));
        if (!*weights) status = ent_fail(ENT_ENOMEM, "selftest: no memory");
    }
    ent_federation_free(federation);
    return status;
}

static ent_status compare_trainings(selftest *s, const ent_config *config, char detail[256])
{
    double *together = NULL, *apart = NULL;
    int params = 0, again = 0;
    ent_comm *own;
    ent_status status = ent_comm_agree(s->world, train(s->world, config, &together, &params));
    if (status == ENT_OK) status = ent_comm_split(s->world, ent_comm_rank(s->world), &own);
    if (status == ENT_OK) {
        if (ent_comm_rank(s->world) == 0) status = train(own, config, &apart, &again);
        ent_comm_free(own);
    }
    if (status == ENT_OK && apart &&
        (again != params || memcmp(together, apart, (size_t)params * sizeof(double)) != 0))
        status = ent_fail(ENT_ENUMERIC, "a training over %d ranks gives other weights than over one",
                          ent_comm_size(s->world));
    snprintf(detail, 256, "%d parameters, the same bits on %d rank%s and on one", params, ent_comm_size(s->world),
             ent_comm_size(s->world) == 1 ? "" : "s");
    ent_free(together);
    ent_free(apart);
    return status;
}

static ent_status write_data(selftest *s, char path[4200])
{
    ent_synth_inp inp = ent_synth_default();
    const char *temporary = getenv("TMPDIR");
    ent_status status = ENT_OK;
    if (ent_comm_rank(s->world) == 0) {
        snprintf(s->folder, sizeof s->folder, "%s/entente-selftest-XXXXXX", temporary ? temporary : ".");
        inp.rows = 300;
        inp.missing = 0.2;
        if (!mkdtemp(s->folder)) {
            status = ent_fail(ENT_EIO, "%s: %s", s->folder, strerror(errno));
            s->folder[0] = '\0';
        }
        snprintf(path, 4200, "%s/data.h5", s->folder);
        if (status == ENT_OK) status = ent_synth_write(&inp, path, 0);
    }
    ENT_TRY(ent_comm_agree(s->world, status));
    ent_comm_broadcast(s->world, 0, path, 4200);
    return ENT_OK;
}

static ent_status check_training(selftest *s, char detail[256])
{
    char path[4200], text[4600];
    ent_config *config;
    ENT_TRY(write_data(s, path));
    snprintf(text, sizeof text,
             "data: {file: '%s', modalities: [text, audio, vision]}\n"
             "missing: {level: client, rate: 0.3}\n"
             "federation: {clients: 6, split: dirichlet_class, rounds: 3}\n",
             path);
    ENT_TRY(ent_config_parse(text, &config));
    const ent_status status = compare_trainings(s, config, detail);
    ent_config_free(config);
    return status;
}

static void remove_files(const selftest *s)
{
    char path[4200];
    if (ent_comm_rank(s->world) != 0 || !s->folder[0]) return;
    snprintf(path, sizeof path, "%s/data.h5", s->folder);
    unlink(path);
    rmdir(s->folder);
}

/* ---- all of it ---- */

static void run_check(selftest *s, const char *what, check *body)
{
    char detail[256] = "";
    const ent_status status = ent_comm_agree(s->world, body(s, detail));
    if (ent_comm_rank(s->world) == 0)
        printf("  %-8s %s: %s\n", status == ENT_OK ? "correct" : "WRONG", what,
               status == ENT_OK ? detail : ent_message());
    s->failed += status != ENT_OK;
}

static const char DOC[] =
    "Check that this installation computes correctly.\v"
    "Run it by itself, or under mpirun or srun to include the ranks and nodes of a job; it takes a few seconds.  "
    "Engines are compared with the reference engine, gradients with the parameter-shift rule, collectives and a "
    "sharded state with known answers, and a small training on all ranks with the same one on one rank, bit for "
    "bit.  Its data set is written to TMPDIR, or to the working folder, which all ranks must see, and then removed. "
    " The exit code is 0 if everything is correct, else 1.";
static const cli_line LINE = {.doc = DOC};

static ent_status nothing_to_read(void *arguments, char **text)
{
    (void)arguments;
    *text = ent_text("");
    return *text ? ENT_OK : ent_fail(ENT_ENOMEM, "selftest: no memory");
}

static ent_status run_all(ent_comm *world, void *arguments, const char *text)
{
    selftest s = {.world = world};
    const double begin = ent_clock_s();
    (void)arguments, (void)text;
    if (ent_comm_rank(world) == 0) printf("%s\n", cli_version_line());
    run_check(&s, "ranks", check_ranks);
    run_check(&s, "engines and gradients", check_engines);
    run_check(&s, "a state over ranks", check_shards);
    run_check(&s, "training", check_training);
    remove_files(&s);
    ENT_REQUIRE(s.failed == 0, ENT_ENUMERIC, "%d of 4 checks failed: do not use this installation", s.failed);
    if (ent_comm_rank(world) == 0) printf("This installation computes correctly (%.1f s).\n", ent_clock_s() - begin);
    return ENT_OK;
}

int app_selftest(int argc, char **argv)
{
    return cli_command(&LINE, argc, argv, NULL, nothing_to_read, run_all);
}
