/* entente plan: estimates the cost of a configuration before a job is queued.
 *
 * Passes, exchanges and bytes come from compiling the circuit.  For the seconds, two things are measured on this
 * machine: the memory bandwidth, and the time per rotated amplitude, in a short run of a similar circuit; passes
 * take the longer of the two.  Exchanges are added, except for data that can be sent while passes compute. */
#include <math.h>
#include <errno.h>
#include <string.h>

#include "app.h"
#include "cli/json.h"
#include "config/load.h"
#include "entente/clock.h"
#include "entente/cores.h"
#include "entente/memory.h"
#include "entente/shard.h"
#include "entente/fed.h"

/* Resident memory in a training, as measured: the program with its libraries (Open MPI, HDF5, OpenBLAS), and the
 * memory that MPI shares with each rank of the node. */
static const double PROGRAM_BYTES = 31.0 * 0x1p20, RANK_BYTES = 0x1p20;

enum { MOST_TRIAL_QUBITS = 20, BATCH_QUBITS = 16, ENGINES = 3 };
static const char *const ENGINE_NAMES[ENGINES] = {"pauli", "batch", "state"}; /* those that are compared */

typedef struct {
    const char *config_path;
    cli_sets sets;
    int64_t ranks, shards, nodes;   /* shards 0: as in the configuration */
    double memory_gib, network_gbs; /* 0: that of this machine */
    bool json;
} arguments;

#define AT(field) offsetof(arguments, field)

static const cli_option OPTIONS[] = {
    {"ranks", 0, "R", "MPI ranks of the job (1)", AT(ranks), .type = CLI_WHOLE, .low = 1, .high = 1 << 24},
    {"shards", 0, "S", "ranks that hold one state together (run.shards of the configuration)", AT(shards),
     .type = CLI_WHOLE, .low = 1, .high = 1 << 24},
    {"nodes", 0, "N", "nodes that the ranks are spread over (1)", AT(nodes), .type = CLI_WHOLE, .low = 1,
     .high = 1 << 24},
    {"memory", 0, "GIB", "memory of a node (default: available memory of this machine)", AT(memory_gib),
     .type = CLI_REAL, .low = 0.001, .high = 1e9},
    {"network", 0, "GB/S", "network bandwidth per rank (10, an assumption)", AT(network_gbs), .type = CLI_REAL,
     .low = 1e-6, .high = 1e6},
    CLI_OPTION_SET("override a key of the configuration", AT(sets)),
    CLI_OPTION_JSON(AT(json)),
    {0}};

static const cli_line LINE = {
    .options = OPTIONS,
    .argument = {.what = "configuration",
                 .wanted = "a configuration",
                 .offset = AT(config_path),
                 .doc = "CONFIG.yaml"},
    .doc = "Estimate what a configuration needs before a job is queued: memory per rank, passes over memory, bytes "
           "over the "
           "network, seconds.  Refuses a configuration that cannot fit.\v"
           "Seconds are estimates from short runs of a similar circuit and of memory copies on this machine.  "
           "They hold for nodes like this one."};

/* Everything that is reported. */
typedef struct {
    const ent_config *config;
    ent_circuit *circuit;
    int64_t train_rows, threads;
    bool batched; /* small: many samples side by side in the cache */
    bool pauli;   /* separate registers, by the pauli engine */
    double share; /* of the registers' work, the part of the rank with most */
    ent_engine_weight weight;
    ent_shard_estimate cost;
    double rank_bytes, node_bytes, node_there;
    double feature_bytes, resident_bytes;      /* of features while they are read; total per rank */
    double turn_rate, memory_rate;             /* rotated amplitudes and bytes per second; 0 if batched */
    double sample_s, step_s, round_s, total_s; /* per rank */
    double engine_s[ENGINES];                  /* a sample's forward run and gradient, as measured */
} plan;

/* The memory bandwidth of updates in place: the threads of one rank read and write an array. */
static ent_status measure_memory(int threads, double *rate)
{
    const int64_t n = INT64_C(1) << 25;
    double *x = ent_alloc(n, sizeof *x);
    ENT_REQUIRE(x, ENT_ENOMEM, "plan: no memory to measure the bandwidth");
    double best = INFINITY;
    for (int repeat = 0; repeat < 4; repeat++) {
        const double begin = ent_clock_s();
#pragma omp parallel for schedule(static) num_threads(threads)
        for (int64_t k = 0; k < n; k++) x[k] = x[k] * 0.5 + 1.0;
        best = fmin(best, ent_clock_s() - begin);
    }
    ent_free(x);
    *rate = 2.0 * (double)n * sizeof *x / best;
    return ENT_OK;
}

static void plain_weights(void *context, int64_t first, int64_t count, const double *expectations, double *weights)
{
    (void)first, (void)expectations;
    for (int64_t k = 0; k < count * *(const int *)context; k++) weights[k] = 1.0;
}

/* Seconds per sample for forward and gradient together, with `samples` at once. */
static ent_status time_circuit(const ent_circuit *circuit, const ent_program_inp *inp, int64_t samples,
                               double *seconds)
{
    ent_program *program = NULL;
    int readouts = circuit->readouts;
    double *params = ent_alloc(circuit->params, sizeof *params);
    double *angles = ent_alloc(samples * circuit->angles, sizeof *angles);
    double *gradient = ent_alloc(circuit->params, sizeof *gradient);
    ent_status status = params && angles && gradient ? ent_program_new(circuit, inp, &program)
                                                     : ent_fail(ENT_ENOMEM, "plan: no memory for a trial");
    for (int k = 0; status == ENT_OK && k < circuit->params; k++) params[k] = 0.1 * k;
    for (int64_t k = 0; status == ENT_OK && k < samples * circuit->angles; k++) angles[k] = 0.01 * (double)(k % 100);
    *seconds = INFINITY;
    const ent_batch batch = {samples, angles, params};
    for (int repeat = 0; repeat < 5 && status == ENT_OK; repeat++) {
        const double begin = ent_clock_s();
        status = ent_program_gradient(program, &batch, plain_weights, &readouts, gradient, NULL);
        *seconds = fmin(*seconds, (ent_clock_s() - begin) / (double)samples);
    }
    ent_program_free(program);
    ent_free(params);
    ent_free(angles);
    ent_free(gradient);
    return status;
}

/* Layers like those of models: RY and RZ on every qubit, a ring of CNOTs. */
static ent_status trial_circuit(int qubits, ent_circuit **out)
{
    enum { LAYERS = 4 };
    int slot = 0;
    ENT_TRY(ent_circuit_new(qubits, 2 * qubits * LAYERS, 0, out));
    ent_status status = ENT_OK;
    for (int layer = 0; layer < LAYERS; layer++) {
        for (int q = 0; q < qubits && status == ENT_OK; q++) {
            status = ent_circuit_add(*out, (ent_gate){ENT_RY, {q, 0}, ent_angle_param(slot++)});
            if (status == ENT_OK) status = ent_circuit_add(*out, (ent_gate){ENT_RZ, {q, 0}, ent_angle_param(slot++)});
        }
        for (int q = 0; q < qubits && status == ENT_OK; q++)
            status = ent_circuit_add(*out, (ent_gate){ENT_CX, {q, (q + 1) % qubits}, ent_angle_none()});
    }
    for (int q = 0; q < qubits && status == ENT_OK; q++) status = ent_circuit_read(*out, UINT64_C(1) << q);
    return status;
}

/* Amplitudes times gates with an angle; the other gates cost next to nothing. */
static double turns(const ent_circuit *circuit)
{
    double gates = 0.0;
    for (int64_t k = 0; k < circuit->gates; k++) gates += ent_gate_describe(circuit->gate[k].kind)->angles;
    return ldexp(gates, circuit->qubits);
}

/* Rotated amplitudes per second of a gradient with its forward run, in a state of at most 2^20 amplitudes. */
static ent_status measure_turns(int qubits, const ent_program_inp *inp, double *rate)
{
    ent_circuit *circuit = NULL;
    double seconds;
    ent_program_inp state = *inp;
    state.engine = ENT_ENGINE_STATE;
    ent_status status = trial_circuit(qubits < MOST_TRIAL_QUBITS ? qubits : MOST_TRIAL_QUBITS, &circuit);
    if (status == ENT_OK) status = time_circuit(circuit, &state, 1, &seconds);
    if (status == ENT_OK) *rate = turns(circuit) / seconds;
    ent_circuit_free(circuit);
    return status;
}

/* Each engine that takes the circuit in a moment, whichever will be used; 0: not measured. */
static ent_status time_engines(plan *p, const ent_program_inp *inp)
{
    enum { SIDE_BY_SIDE_QUBITS = 12, SAMPLES = 64, FEW_SAMPLES = 8, MOST_COST = 10000000 };
    static const ent_engine_kind kinds[ENGINES] = {ENT_ENGINE_PAULI, ENT_ENGINE_BATCH, ENT_ENGINE_STATE};
    for (int k = 0; k < ENGINES; k++) {
        ent_program_inp one = *inp;
        one.engine = kinds[k];
        const bool runs = kinds[k] == ENT_ENGINE_PAULI ? p->weight.pauli < MOST_COST
                                                       : p->circuit->qubits <= BATCH_QUBITS;
        const int samples = p->circuit->qubits <= SIDE_BY_SIDE_QUBITS ? SAMPLES : FEW_SAMPLES;
        if (runs) ENT_TRY(time_circuit(p->circuit, &one, samples, &p->engine_s[k]));
    }
    return ENT_OK;
}

static ent_status estimate_seconds(plan *p, const arguments *a, const ent_program_inp *inp)
{
    if (p->batched) {
        const bool heavy = p->pauli && p->weight.pauli > 1e5, large = p->weight.pauli > 1e8; /* multiply-adds */
        ENT_TRY(time_circuit(p->circuit, inp, large ? 1 : heavy ? 64 : 1024, &p->sample_s));
        p->sample_s = p->sample_s * p->share + p->cost.sent_bytes / (1e9 * a->network_gbs);
    } else {
        ENT_TRY(measure_memory(inp->threads, &p->memory_rate));
        ENT_TRY(measure_turns(p->circuit->qubits, inp, &p->turn_rate));
        const double arithmetic = turns(p->circuit) / (double)a->shards / p->turn_rate;
        const double computing = fmax(p->cost.moved_bytes / p->memory_rate, arithmetic);
        const double under_way = computing * p->cost.overlap_moved_bytes / p->cost.moved_bytes;
        const double rate = 1e9 * a->network_gbs;
        p->sample_s = computing + p->cost.sent_bytes / rate - fmin(under_way, p->cost.overlap_sent_bytes / rate);
        if ((a->ranks / a->nodes) % a->shards == 0) /* within nodes amplitudes are swapped in place */
            p->sample_s = computing + 2.0 * p->cost.sent_bytes / p->memory_rate;
    }
    ENT_TRY(time_engines(p, inp));
    const ent_config *c = p->config;
    const double groups = (double)(a->ranks / a->shards);
    const double samples = (double)p->train_rows * c->federation.participation * c->client.epochs;
    p->step_s = p->sample_s * c->client.batch;
    p->round_s = p->sample_s * samples / fmin(groups, ceil(c->federation.participation * c->federation.clients));
    p->total_s = p->round_s * c->federation.rounds;
    return ENT_OK;
}

static ent_status check_layout(const arguments *a)
{
    ENT_REQUIRE((a->shards & (a->shards - 1)) == 0, ENT_EARG, "--shards: found %lld, want a power of two",
                (long long)a->shards);
    ENT_REQUIRE(a->ranks % a->shards == 0, ENT_EARG, "--shards: found %lld, want a divisor of the ranks, %lld",
                (long long)a->shards, (long long)a->ranks);
    ENT_REQUIRE(a->nodes <= a->ranks, ENT_EARG, "--nodes: found %lld, want at most the number of ranks, %lld",
                (long long)a->nodes, (long long)a->ranks);
    return ENT_OK;
}

static ent_status check_fits(plan *p, const arguments *a)
{
    const double ranks_a_node = ceil((double)a->ranks / (double)a->nodes);
    char need[32], have[32], part[32];
    p->rank_bytes = p->cost.gradient_bytes;
    p->resident_bytes = PROGRAM_BYTES + RANK_BYTES * ranks_a_node + p->feature_bytes + p->rank_bytes;
    p->node_bytes = p->rank_bytes * ranks_a_node;
    p->node_there = a->memory_gib > 0.0 ? a->memory_gib * 0x1p30 : (double)ent_memory_available_bytes();
    if (p->node_bytes <= p->node_there) return ENT_OK;
    return ent_fail(
        ENT_ENOMEM,
        "%d qubits over %lld shards need %s per rank for state and gradient, %s on a node with %.0f ranks, "
        "and %s are available: use more nodes, more shards or run.precision single",
        p->circuit->qubits, (long long)a->shards, ent_bytes_text(p->rank_bytes, part),
        ent_bytes_text(p->node_bytes, need), ranks_a_node, ent_bytes_text(p->node_there, have));
}

static void print_engine(const plan *p, const arguments *a)
{
    static const char *const names[] = {[ENT_ENGINE_REFERENCE] = "reference",
                                        [ENT_ENGINE_BATCH] = "batch",
                                        [ENT_ENGINE_STATE] = "state",
                                        [ENT_ENGINE_PAULI] = "pauli"};
    const ent_engine_kind asked = p->config->run.engine;
    const char *whole = asked != ENT_ENGINE_AUTO && asked != ENT_ENGINE_PAULI ? names[asked]
                        : a->shards == 1 && p->batched                        ? "batch"
                                                                              : "state";
    char text[256];
    printf("engine       %s: %s", p->pauli ? "pauli" : whole,
           asked != ENT_ENGINE_AUTO ? "set by run.engine"
           : p->pauli               ? "it costs less"
                                    : "the whole state costs less");
    printf("; per sample pauli ");
    if (isinf(p->weight.pauli))
        printf("none (%s)", *p->weight.reason ? p->weight.reason : "one register");
    else
        printf("%.2g", p->weight.pauli);
    printf(", %s %.2g multiply-adds forward\n", whole, p->weight.whole);
    if (p->circuit->registers > 1 && !isinf(p->weight.pauli))
        printf("             %s\n", cli_cone_text(p->circuit, &p->weight, !p->pauli, text));
}

static void print_text(const plan *p, const arguments *a)
{
    char one[32], two[32];
    const ent_shard_estimate *c = &p->cost;
    printf("circuit      %d qubits, %lld gates, %d parameters, %d readouts; %s precision\n", p->circuit->qubits,
           (long long)p->circuit->gates, p->circuit->params, p->circuit->readouts,
           p->config->run.precision == ENT_SINGLE ? "single" : "double");
    printf("layout       %lld rank%s on %lld node%s: %lld client group%s of %lld shard%s\n", (long long)a->ranks,
           a->ranks == 1 ? "" : "s", (long long)a->nodes, a->nodes == 1 ? "" : "s", (long long)(a->ranks / a->shards),
           a->ranks == a->shards ? "" : "s", (long long)a->shards, a->shards == 1 ? "" : "s");
    print_engine(p, a);
    char devices[1024];
    ent_devices_text(p->config, sizeof devices, devices);
    if (*devices) printf("devices      in turn %s (0: all); what follows is for all qubits and layers\n", devices);
    printf("memory       %s per rank for state and gradient", ent_bytes_text(p->rank_bytes, one));
    printf(", %s per node of %s\n", ent_bytes_text(p->node_bytes, one), ent_bytes_text(p->node_there, two));
    const double threads = (double)p->threads, with_reserve = 1.25 * p->resident_bytes / 0x1p20;
    printf("             %s resident per rank with libraries, data and principal axes; for Slurm, with a reserve:\n",
           ent_bytes_text(p->resident_bytes, one));
    printf("             #SBATCH --mem-per-cpu=%.0fM\n", ceil(with_reserve / threads));
    if (p->pauli && c->exchanges > 0) {
        printf(
            "per sample   registers dealt to the ranks, %.0f %% of their work on one; %s per rank over the network\n",
            100.0 * p->share, ent_bytes_text(c->sent_bytes, one));
    } else if (p->batched) {
        printf("per sample   samples run side by side, states stay in cache; nothing over the network\n");
    } else {
        printf("per sample   %d passes forward, %d backward, %d exchange%s\n", c->passes, c->back_passes,
               c->exchanges, c->exchanges == 1 ? "" : "s");
        printf("             %s through memory and %s over the network per rank\n",
               ent_bytes_text(c->moved_bytes, one), ent_bytes_text(c->sent_bytes, two));
        printf("rates        %.2f G rotated amplitudes/s, %.1f GB/s in place (measured here); network %.3g GB/s%s\n",
               p->turn_rate / 1e9, p->memory_rate / 1e9, a->network_gbs, c->sent_bytes > 0.0 ? "" : " (not used)");
    }
    for (int k = 0, count = 0; k < ENGINES; k++)
        if (p->engine_s[k] > 0.0)
            printf("%s%s %.3g s",
                   count++ == 0 ? "engines      forward and gradient of a sample, measured here: " : ", ",
                   ENGINE_NAMES[k], p->engine_s[k]);
    printf("%s", p->engine_s[0] + p->engine_s[1] + p->engine_s[2] > 0.0 ? "\n" : "");
    printf("expected     %.3g s per sample, %.3g s per step of %d samples\n", p->sample_s, p->step_s,
           p->config->client.batch);
    printf("             %.3g s per round (%lld training rows), %.3g s in total, without reading and evaluation\n",
           p->round_s, (long long)p->train_rows, p->total_s);
}

static void print_json(const plan *p, const arguments *a)
{
    json_t *object =
        json_pack("{s:i, s:I, s:i, s:I, s:I, s:I, s:f, s:f, s:f, s:f, s:i, s:i, s:i, s:f, s:f, s:f, s:f, s:f, s:f}",
                  "qubits", p->circuit->qubits, "gates", (json_int_t)p->circuit->gates, "params", p->circuit->params,
                  "ranks", (json_int_t)a->ranks, "shards", (json_int_t)a->shards, "nodes", (json_int_t)a->nodes,
                  "rank_bytes", p->rank_bytes, "node_bytes", p->node_bytes, "moved_bytes",
                  p->batched ? 0.0 : p->cost.moved_bytes, "sent_bytes", p->cost.sent_bytes, "passes",
                  p->batched ? 0 : p->cost.passes, "back_passes", p->batched ? 0 : p->cost.back_passes, "exchanges",
                  p->batched ? 0 : p->cost.exchanges, "turn_rate", p->turn_rate, "memory_rate", p->memory_rate,
                  "sample_s", p->sample_s, "step_s", p->step_s, "round_s", p->round_s, "total_s", p->total_s);
    json_object_set_new(object, "pauli", json_boolean(p->pauli));
    json_object_set_new(object, "whole_cost", json_real(p->weight.whole));
    json_object_set_new(object, "pauli_cost", cli_number(p->weight.pauli));
    json_t *engines = json_object();
    for (int k = 0; k < ENGINES; k++)
        json_object_set_new(engines, ENGINE_NAMES[k], p->engine_s[k] > 0.0 ? json_real(p->engine_s[k]) : json_null());
    json_object_set_new(object, "engine_s", engines);
    json_object_set_new(object, "resident_bytes", json_real(p->resident_bytes));
    cli_print_json(object);
}

/* Seconds are those of exact gradients without noise. */
static void warn_devices(const ent_config *c)
{
    const ent_gate_noise *one = &c->noise.after_1q, *two = &c->noise.after_2q;
    const double noise = one->depolarizing + one->amplitude_damping + one->phase_damping + two->depolarizing +
                         two->amplitude_damping + two->phase_damping + c->noise.t1_us;
    const char *what = c->client.optimizer == ENT_ROTOSOLVE
                           ? "client.optimizer rotosolve runs the batch for every angle"
                       : c->client.optimizer == ENT_QNG        ? "client.optimizer qng also computes a metric"
                       : c->run.gradient == ENT_GRADIENT_SHIFT ? "run.gradient shift runs the batch for every angle"
                       : noise > 0.0                           ? "this configuration has noise"
                                                               : NULL;
    if (what) fprintf(stderr, "warning: the seconds are those of exact gradients without noise: %s\n", what);
}

/* cores: those of a node like this one. */
static void warn_layout(const plan *p, const arguments *a, int64_t ranks_here, int64_t cores)
{
    char text[256];
    const int64_t groups = a->ranks / a->shards, clients = p->config->federation.clients;
    if (cli_idle_text(groups, clients > 0 ? clients : groups, text)) fprintf(stderr, "warning: %s\n", text);
    if (cli_oversubscribed_text(ranks_here, p->threads, cores, text))
        fprintf(stderr, "warning: %s (cores of this machine)\n", text);
}

static ent_status make(plan *p, arguments *a)
{
    const ent_config_run *run = &p->config->run;
    if (a->shards == 0) a->shards = run->shards;
    ENT_TRY(check_layout(a));
    ENT_TRY(ent_federation_foresee(p->config, a->ranks / a->shards, &p->circuit, &p->train_rows, &p->feature_bytes));
    const int64_t ranks_here = (a->ranks + a->nodes - 1) / a->nodes, cores = ent_cores_here();
    const int64_t threads = run->threads > 0 ? run->threads : cores > ranks_here ? cores / ranks_here : 1;
    p->threads = threads;
    const ent_program_inp inp = {.engine = run->engine, .precision = run->precision, .threads = (int)threads};
    ENT_TRY(ent_engine_weigh(p->circuit, run->engine == ENT_ENGINE_PAULI, &p->weight));
    ENT_REQUIRE(run->engine != ENT_ENGINE_PAULI || !isinf(p->weight.pauli), ENT_EARG, "%s", p->weight.reason);
    p->pauli = run->engine == ENT_ENGINE_PAULI ||
               (run->engine == ENT_ENGINE_AUTO && ent_engine_takes_pauli(p->circuit, &p->weight));
    p->batched = p->pauli ||
                 (a->shards == 1 && p->circuit->qubits <= BATCH_QUBITS && run->engine != ENT_ENGINE_STATE);
    const ent_status status = p->pauli ? ent_registers_foresee(p->circuit, &inp, (int)a->shards, &p->cost, &p->share)
                                       : ent_shard_foresee(p->circuit, &inp, (int)a->shards, &p->cost);
    if (status != ENT_OK) return ent_fail_in(status, "--shards");
    ENT_TRY(check_fits(p, a));
    ENT_TRY(estimate_seconds(p, a, &inp));
    print_text(p, a);
    warn_layout(p, a, ranks_here, cores);
    warn_devices(p->config);
    if (a->json) print_json(p, a);
    return ENT_OK;
}

int app_plan(int argc, char **argv)
{
    arguments a = {.ranks = 1, .nodes = 1, .network_gbs = 10.0};
    plan p = {.circuit = NULL};
    char *text = NULL;
    ent_config *config = NULL;
    cli_parse(&LINE, argc, argv, &a);
    ent_status status = ent_config_text(a.config_path, a.sets.count, a.sets.text, &text);
    if (status == ENT_OK) status = ent_config_locate(&text, a.config_path);
    if (status == ENT_OK) status = ent_config_parse(text, &config);
    p.config = config;
    if (status == ENT_OK) status = make(&p, &a);
    ent_circuit_free(p.circuit);
    ent_config_free(config);
    ent_free(text);
    return cli_report(status);
}
