/* entente scaling: one job measures every point up to its own size.  For each point the first ranks of the world
 * form a group and work, and the others wait.  Rank 0 collects the rows, writes and draws them. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app.h"
#include "config/load.h"
#include "entente/memory.h"
#include "scaling_run.h"

enum { MOST_QUBITS = 50, MOST_LAYERS = 1000 };
typedef struct {
    const char *config_path, *out;
    cli_sizes ranks, threads, shards, states; /* shards: of the clients; states: of the one state */
    bool weak, quiet;
    int64_t qubits, layers, repeats;
    cli_sets sets;
} arguments;

#define AT(field) offsetof(arguments, field)

static const cli_option OPTIONS[] = {
    {"ranks", 'r', "LIST", "ranks for the clients, like 1,2,4 (default: powers of two up to the ranks of the job)",
     AT(ranks), .type = CLI_SIZES, .high = 1 << 24},
    {"threads", 't', "LIST", "threads per rank, like 1,2 (default: OMP_NUM_THREADS, else 1)", AT(threads),
     .type = CLI_SIZES, .high = 1024},
    {"qubits", 'n', "N", "also measure one state of N qubits over ranks", AT(qubits), .type = CLI_WHOLE, .low = 2,
     .high = MOST_QUBITS},
    {"shards", 0, "LIST",
     "ranks that hold one state together, powers of two (default: for the clients run.shards; with --qubits all up "
     "to the ranks of the job)",
     AT(shards), .type = CLI_SIZES, .high = 1 << 24},
    {"layers", 'l', "N", "layers of the circuit of the state (default 4)", AT(layers), .type = CLI_WHOLE, .low = 1,
     .high = MOST_LAYERS},
    {"weak", 'w', NULL, "let the work grow with the ranks", AT(weak), .type = CLI_SWITCH},
    {"repeats", 'k', "N", "number of measurements per point (default 3)", AT(repeats), .type = CLI_WHOLE, .low = 1,
     .high = 1000},
    CLI_OPTION_SET("override a key of the configuration", AT(sets)),
    CLI_OPTION_OUT("DIR", "folder for scaling.csv, model.csv and scaling.svg (default: scaling)", AT(out)),
    CLI_OPTION_QUIET("print only errors", AT(quiet)),
    {0}};

static error_t check(struct argp_state *state, char *value, void *arguments_)
{
    const arguments *a = arguments_;
    (void)value;
    if (!a->config_path && a->qubits == 0) {
        argp_error(state, "found nothing to measure, want a configuration, --qubits for one state, or both");
        return EINVAL;
    }
    for (int k = 0; k < a->shards.n; k++)
        if ((a->shards.size[k] & (a->shards.size[k] - 1)) != 0) {
            argp_error(state, "--shards: found %d, want powers of two", a->shards.size[k]);
            return EINVAL;
        }
    return 0;
}

static const char DOC[] =
    "Measure strong or weak scaling over ranks, threads and shards.\v"
    "Start it under mpirun or srun with the largest number of ranks: smaller groups are formed from these, and one "
    "job measures every point: the rounds of CONFIG.yaml, whose clients are shared by the ranks, and with --qubits "
    "the gradient of a layered circuit on one state that is shared by the ranks.\n\n"
    "Weak: the work per rank is constant.  Clients: clients and epochs of the configuration are multiplied by the "
    "number of ranks, on the same rows; state: one more qubit with each doubling of the ranks.\n\n"
    "  mpirun -n 4 entente scaling my.yaml --threads 1,2 --out strong\n"
    "  srun entente scaling --qubits 24 --weak --out weak-state\n"
    "  entente report strong weak-state\n\n"
    "DIR/scaling.csv has a line for each repeat, DIR/model.csv the predictions of a fitted model (serial part, "
    "parallel part, latency, bandwidth) for larger machines, which are not measured.  entente report combines the "
    "files of several jobs in one page.";

static const cli_line LINE = {
    .options = OPTIONS,
    .argument = {.what = "configuration", .offset = AT(config_path), .doc = "[CONFIG.yaml]"},
    .check = check,
    .doc = DOC};

/* ---- points ---- */

typedef struct {
    ent_comm *world;
    arguments *a;
    char name[SCALING_NAME]; /* name of the configuration */
    ent_config *config;      /* as in the file */
    scaling_rows rows;       /* rank 0 */
    cli_bar bar;
    int done, all;
    int node_ranks, node_cores; /* of the node of rank 0 */
} job;

static scaling_row point_of(const job *j, const char *what, int ranks, int threads, int shards)
{
    const int here = ranks < j->node_ranks ? ranks : j->node_ranks; /* ranks fill the first node first */
    scaling_row row = {
        .ranks = ranks, .threads = threads, .shards = shards, .crowded = here * threads > j->node_cores};
    snprintf(row.what, sizeof row.what, "%s", what);
    snprintf(row.mode, sizeof row.mode, "%s", j->a->weak ? "weak" : "strong");
    snprintf(row.name, sizeof row.name, "%s", strcmp(what, "state") == 0 ? "layered circuit" : j->name);
    return row;
}

static void advance(job *j)
{
    j->done++;
    if (ent_comm_rank(j->world) == 0) cli_bar_show(&j->bar, j->done, j->all);
}

/* The configuration of a point.  Weak: each rank keeps its number of clients; as more clients share the same rows,
 * the epochs grow so that each rank also keeps its number of samples. */
static ent_config config_of(const job *j, int ranks, int threads, int shards)
{
    ent_config config = *j->config;
    config.run.threads = threads;
    config.run.shards = shards;
    if (j->a->weak) {
        config.federation.clients *= ranks;
        config.client.epochs *= ranks;
    }
    return config;
}

/* Measure one point; the group consists of the first `ranks` ranks. */
static ent_status run_clients(job *j, ent_comm *group, int ranks, int threads, int shards)
{
    const scaling_row base = point_of(j, "clients", ranks, threads, shards);
    const ent_config config = config_of(j, ranks, threads, shards);
    return scaling_run_clients(group, &config, (int)j->a->repeats, &base, &j->rows);
}

static ent_status run_state(job *j, ent_comm *group, int ranks, int threads)
{
    const arguments *a = j->a;
    const scaling_row base = point_of(j, "state", ranks, threads, ranks);
    const int more = a->weak ? (int)log2(ranks / a->states.size[0]) : 0;
    return scaling_run_state(group, (int)a->qubits + more, (int)a->layers, ENT_DOUBLE, (int)a->repeats, &base,
                             &j->rows);
}

/* Measure every number of threads and shards on the first `ranks` ranks.  Numbers of shards that do not divide the
 * ranks are skipped. */
static ent_status run_ranks(job *j, bool state, int ranks)
{
    const bool mine = ent_comm_rank(j->world) < ranks;
    const cli_sizes *threads = &j->a->threads, one = {1, {1}}, *shards = state ? &one : &j->a->shards;
    ent_comm *group;
    ENT_TRY(ent_comm_split(j->world, mine ? 0 : 1, &group));
    ent_status status = ENT_OK;
    for (int k = 0; k < threads->n * shards->n && status == ENT_OK; k++) {
        const int t = threads->size[k / shards->n], s = shards->size[k % shards->n];
        if (mine && state) status = run_state(j, group, ranks, t);
        if (mine && !state && ranks % s == 0) status = run_clients(j, group, ranks, t, s);
        status = ent_comm_agree(j->world, status);
        advance(j);
    }
    ent_comm_free(group);
    return status;
}

static ent_status run_kind(job *j, bool state, const cli_sizes *ranks)
{
    for (int r = 0; r < ranks->n; r++) ENT_TRY(run_ranks(j, state, ranks->size[r]));
    return ENT_OK;
}

/* ---- what is given, and what is not ---- */

static void powers_up_to(int most, cli_sizes *out)
{
    if (out->n > 0) return;
    for (int p = 1; p <= most && out->n < CLI_SIZES_MAX; p *= 2) out->size[out->n++] = p;
}

static ent_status check_sizes(const char *option, const cli_sizes *list, int world)
{
    const int most = list->size[list->n - 1];
    ENT_REQUIRE(most <= world, ENT_EARG, "%s: found %d, but the job has %d rank%s: start it with mpirun -n %d",
                option, most, world, world == 1 ? "" : "s", most);
    return ENT_OK;
}

static ent_status complete(ent_comm *world, arguments *a)
{
    const int size = ent_comm_size(world);
    const char *threads = getenv("OMP_NUM_THREADS");
    powers_up_to(size, &a->ranks);
    a->states = a->shards;
    powers_up_to(size, &a->states);
    if (a->threads.n == 0) a->threads = (cli_sizes){1, {threads && atoi(threads) > 0 ? atoi(threads) : 1}};
    if (a->config_path) ENT_TRY(check_sizes("--ranks", &a->ranks, size));
    if (a->shards.n > 0) ENT_TRY(check_sizes("--shards", &a->shards, size));
    const double most = ldexp(1.0, (int)(a->qubits > 0 ? a->qubits : 1) - 1);
    ENT_REQUIRE(a->qubits == 0 || a->weak || a->states.size[a->states.n - 1] <= most, ENT_EARG,
                "--shards: found %d, want at most %.0f for a state of %d qubits", a->shards.size[a->shards.n - 1],
                most, (int)a->qubits);
    return ENT_OK;
}

static ent_status check_weak(const arguments *a, const ent_config *config)
{
    ENT_REQUIRE(!a->weak || config->federation.clients > 0, ENT_ECONFIG,
                "federation.clients: found 0 (one per group), want a number of clients, which --weak multiplies");
    return ENT_OK;
}

static ent_status read_config(job *j)
{
    char *text = NULL;
    ent_status status = ENT_OK;
    const arguments *a = j->a;
    const char *slash = strrchr(a->config_path, '/');
    snprintf(j->name, sizeof j->name, "%.60s", slash ? slash + 1 : a->config_path);
    for (char *at = j->name; *at; at++)
        if (strchr(",;\"'\t\n\r", *at)) *at = '_';
    if (strrchr(j->name, '.')) *strrchr(j->name, '.') = '\0';
    if (ent_comm_rank(j->world) == 0) {
        status = ent_config_text(a->config_path, a->sets.count, a->sets.text, &text);
        if (status == ENT_OK) status = ent_config_locate(&text, a->config_path);
    }
    ENT_TRY(cli_share(j->world, status, &text));
    status = ent_config_parse(text, &j->config);
    if (status == ENT_OK) status = check_weak(a, j->config);
    ent_free(text);
    return ent_comm_agree(j->world, status);
}

/* ---- output ---- */

static ent_status check_folder(const char *folder, char path[4096])
{
    ENT_REQUIRE(snprintf(path, 4096, "%s/scaling.csv", folder) < 4096, ENT_EARG, "--out: path too long");
    ENT_REQUIRE(access(path, F_OK) != 0, ENT_EARG, "%s: a study exists already; name another folder with --out",
                folder);
    ENT_REQUIRE(mkdir(folder, 0777) == 0 || errno == EEXIST, ENT_EIO, "%s: %s", folder, strerror(errno));
    return ENT_OK;
}

static ent_status draw(draw_page_kind kind, const char *folder, const char *path)
{
    draw_page *page;
    ENT_TRY(draw_page_new(kind, folder, &page));
    ent_status status = report_scaling_draw(page, 1, &folder);
    if (status == ENT_OK) status = draw_page_save(page, path);
    draw_page_free(page);
    return status;
}

static ent_status write_all(const job *j)
{
    char path[4096];
    scaling_series *list = NULL;
    int count = 0;
    const char *out = j->a->out;
    ENT_REQUIRE(j->rows.n > 0, ENT_EARG,
                "--shards: found numbers that divide no number of ranks, want at least one that does");
    snprintf(path, sizeof path, "%.4000s/scaling.csv", out);
    ENT_TRY(scaling_rows_write(&j->rows, path));
    ENT_TRY(scaling_series_make(&j->rows, &list, &count));
    snprintf(path, sizeof path, "%.4000s/model.csv", out);
    ent_status status = scaling_model_write(list, count, path);
    scaling_series_free(list, count);
    snprintf(path, sizeof path, "%.4000s/scaling.svg", out);
    if (status == ENT_OK) status = draw(DRAW_SVG, out, path);
    if (status == ENT_OK && !j->a->quiet) status = draw(DRAW_TEXT, out, NULL);
    return status;
}

static void warn_layout(const job *j)
{
    char text[256];
    const arguments *a = j->a;
    if (ent_comm_rank(j->world) != 0 || a->quiet) return;
    const int ranks = a->config_path ? a->ranks.size[a->ranks.n - 1] : a->states.size[a->states.n - 1];
    const int here = ranks < j->node_ranks ? ranks : j->node_ranks;
    if (cli_oversubscribed_text(here, a->threads.size[a->threads.n - 1], j->node_cores, text))
        fprintf(stderr, "warning: %s; such points are marked and not fitted\n", text);
    const int64_t clients = j->config ? j->config->federation.clients : 0;
    if (clients > 0 && !a->weak && cli_idle_text(ranks / a->shards.size[0], clients, text))
        fprintf(stderr, "warning: %s\n", text);
}

static ent_status measure(job *j)
{
    arguments *a = j->a;
    char path[4096];
    ENT_TRY(cli_agree_with_root(j->world, ent_comm_rank(j->world) == 0 ? check_folder(a->out, path) : ENT_OK));
    if (a->config_path) ENT_TRY(read_config(j));
    if (a->config_path && a->shards.n == 0) a->shards = (cli_sizes){1, {j->config->run.shards}};
    j->all = a->threads.n * ((a->config_path ? a->ranks.n * a->shards.n : 0) + (a->qubits > 0 ? a->states.n : 0));
    j->bar = (cli_bar){.what = "points measured", .quiet = a->quiet};
    if (ent_comm_rank(j->world) == 0) cli_bar_show(&j->bar, 0, j->all);
    warn_layout(j);
    if (a->config_path) ENT_TRY(run_kind(j, false, &a->ranks));
    if (a->qubits > 0) ENT_TRY(run_kind(j, true, &a->states));
    if (ent_comm_rank(j->world) == 0) cli_bar_end(&j->bar);
    return cli_agree_with_root(j->world, ent_comm_rank(j->world) == 0 ? write_all(j) : ENT_OK);
}

int app_scaling(int argc, char **argv)
{
    arguments a = {.out = "scaling", .layers = 4, .repeats = 3};
    ent_comm *world;
    ent_status status = cli_start(&LINE, argc, argv, &a, &world);
    if (status != ENT_OK) {
        ent_comm_finish(world);
        return CLI_USAGE;
    }
    job j = {
        .world = world, .a = &a, .node_ranks = ent_comm_node_ranks(world), .node_cores = ent_comm_node_cores(world)};
    status = complete(world, &a);
    if (status == ENT_OK) status = measure(&j);
    ent_config_free(j.config);
    scaling_rows_free(&j.rows);
    return cli_finish(world, status);
}
