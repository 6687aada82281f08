/* Fused circuits: microseconds per sample of the pauli engine and of the engines that form the whole state, in one
 * run.
 *
 * The circuit: registers of `hea` with 2 layers and one data angle per qubit, then fusion layers of CRZ between
 * registers by a pattern, RY and RZ on every qubit, optionally with the data encoded again between these layers; all
 * <Z_q> (optionally <X_q> and <Y_q> too); the gradient of their sum by all angles.  Where the
 * whole state is small enough, values and gradients are compared with it before anything is timed.  Times are
 * processor time of one thread, the least of several repetitions. */
#include <argp.h>
#include <string.h>

#include "problem.h"

#include "entente/memory.h"
#include "entente/model.h"

enum { SAMPLES = 512, CHECKED_QUBITS = 12, CHECKED_SAMPLES = 9 };

static const struct {
    int registers, qubits;
} SIZES[] = {{3, 3}, {3, 4}, {4, 4}, {6, 4}, {3, 6}, {3, 8}, {3, 12}, {16, 4}, {16, 8}};
static const struct {
    const char *name;
    ent_fusion_pattern pattern;
} PATTERNS[] = {
    {"ring", ENT_PATTERN_RING}, {"all", ENT_PATTERN_ALL}, {"star", ENT_PATTERN_STAR}, {"chain", ENT_PATTERN_CHAIN}};
enum { SIZE_COUNT = sizeof SIZES / sizeof SIZES[0], PATTERN_COUNT = sizeof PATTERNS / sizeof PATTERNS[0] };

typedef struct {
    const char *sizes, *pattern; /* only these, or NULL */
    int precision;               /* or -1: both */
    int layers;                  /* at most */
    int whole;                   /* qubits of the largest whole state that is timed */
    double seconds;
    bool reupload, xyz;
    int scaling;
} options;

static void must(ent_status status)
{
    if (status == ENT_OK) return;
    fprintf(stderr, "bench_fused: %s\n", ent_message());
    exit(1);
}

static ent_circuit *fused_circuit(const options *o, int registers, int qubits, ent_fusion_pattern pattern, int layers)
{
    ent_model_inp inp = {.registers = registers,
                         .read = o->xyz ? ENT_READ_XYZ : ENT_READ_Z,
                         .outputs = 2,
                         .mma = true,
                         .head = ENT_HEAD_LINEAR};
    for (int m = 0; m < registers; m++) {
        inp.reg[m] = (ent_register){.name = "m", .scale = 1.0, .inputs = qubits};
        inp.reg[m].ansatz = (ent_ansatz){ENT_ANSATZ_HEA, NULL, qubits, 2, 1, false, false, ENT_ENCODE_RY};
    }
    inp.fusion.layers = layers;
    inp.fusion.gate = ENT_CRZ;
    inp.fusion.reupload = o->reupload && layers > 1;
    ent_fusion_connect(&inp.fusion, pattern, registers);
    ent_circuit *circuit;
    must(ent_model_circuit(&inp, (UINT32_C(1) << registers) - 1, &circuit));
    return circuit;
}

/* ---- runs ---- */

typedef struct {
    const ent_circuit *circuit;
    double *angles, *params, *expectations, *grad_params, *grad_angles;
} problem;

static problem problem_new(const ent_circuit *circuit)
{
    problem p = {.circuit = circuit};
    p.angles = ent_alloc(SAMPLES * (int64_t)circuit->angles, sizeof(double));
    p.params = ent_alloc(circuit->params, sizeof(double));
    p.expectations = ent_alloc(SAMPLES * (int64_t)circuit->readouts, sizeof(double));
    p.grad_params = ent_alloc(circuit->params, sizeof(double));
    p.grad_angles = ent_alloc(SAMPLES * (int64_t)circuit->angles, sizeof(double));
    for (int64_t k = 0; k < SAMPLES * (int64_t)circuit->angles; k++) p.angles[k] = sin(1.7 * (double)k) * 3.0;
    for (int k = 0; k < circuit->params; k++) p.params[k] = sin(0.3 * k + 1.0);
    return p;
}

static void problem_free(problem *p)
{
    ent_free(p->angles);
    ent_free(p->params);
    ent_free(p->expectations);
    ent_free(p->grad_params);
    ent_free(p->grad_angles);
}

static void run(ent_program *program, problem *p, int64_t samples, int gradient)
{
    const ent_batch batch = {samples, p->angles, p->params};
    if (!gradient) {
        must(ent_program_forward(program, &batch, p->expectations));
        return;
    }
    memset(p->grad_params, 0, (size_t)p->circuit->params * sizeof(double));
    must(ent_program_gradient(program, &batch, ones, (void *)p->circuit, p->grad_params, p->grad_angles));
}

/* Seconds per sample. */
static double time_of(ent_program *program, problem *p, int gradient, double seconds)
{
    const int64_t samples = SAMPLES;
    double best = INFINITY, spent = 0.0;
    for (int repeat = 0; repeat < 3 || spent < seconds; repeat++) {
        const double begin = processor_s();
        p->params[0] += 0.01;
        run(program, p, samples, gradient);
        const double took = processor_s() - begin;
        best = fmin(best, took / (double)samples);
        spent += took;
        if (spent > 8.0 * seconds) break;
    }
    return best;
}

static ent_program *program_of(const ent_circuit *circuit, ent_engine_kind engine, int precision)
{
    ent_program *program = NULL;
    const ent_program_inp inp = {.engine = engine, .precision = (ent_precision)precision, .threads = 1};
    return ent_program_new(circuit, &inp, &program) == ENT_OK ? program : NULL;
}

/* The largest difference of values and gradients between the pauli engine and the batch engine. */
static double difference(const ent_circuit *circuit, int precision)
{
    problem a = problem_new(circuit), b = problem_new(circuit);
    ent_program *pauli = program_of(circuit, ENT_ENGINE_PAULI, precision),
                *batch = program_of(circuit, ENT_ENGINE_BATCH, ENT_DOUBLE);
    double most = 0.0;
    if (pauli && batch) {
        for (int gradient = 0; gradient < 2; gradient++) {
            run(pauli, &a, CHECKED_SAMPLES, gradient);
            run(batch, &b, CHECKED_SAMPLES, gradient);
        }
        most = largest_difference(a.expectations, b.expectations, CHECKED_SAMPLES * circuit->readouts);
        most = fmax(most, largest_difference(a.grad_params, b.grad_params, circuit->params));
        most = fmax(most, largest_difference(a.grad_angles, b.grad_angles, CHECKED_SAMPLES * circuit->angles));
    }
    ent_program_free(pauli);
    ent_program_free(batch);
    problem_free(&a);
    problem_free(&b);
    return most;
}

/* ---- the table ---- */

static double print_engine(const ent_circuit *circuit, ent_engine_kind engine, int precision, const options *o,
                           double than)
{
    ent_program *program = program_of(circuit, engine, precision);
    if (!program) {
        printf("         -          -        ");
        return NAN;
    }
    problem p = problem_new(circuit);
    const double forward = time_of(program, &p, 0, o->seconds), gradient = time_of(program, &p, 1, o->seconds);
    printf(" %9.3f %10.3f", 1e6 * forward, 1e6 * gradient);
    if (than > 0.0)
        printf(" %6.0fx", gradient / than);
    else
        printf("        ");
    fflush(stdout);
    problem_free(&p);
    ent_program_free(program);
    return gradient;
}

static void print_case(const options *o, int size, int pattern, int layers, int precision)
{
    const int registers = SIZES[size].registers, qubits = SIZES[size].qubits;
    ent_circuit *circuit = fused_circuit(o, registers, qubits, PATTERNS[pattern].pattern, layers);
    if (circuit->qubits <= CHECKED_QUBITS) {
        const double most = difference(circuit, precision), allowed = precision == ENT_SINGLE ? 1e-3 : 1e-11;
        if (!(most <= allowed)) {
            fprintf(stderr, "bench_fused: %dx%d %s, %d layers: values off by %g\n", registers, qubits,
                    PATTERNS[pattern].name, layers, most);
            exit(1);
        }
    }
    printf("%2dx%-2d %-5s %6d %-6s", registers, qubits, PATTERNS[pattern].name, layers,
           precision == ENT_SINGLE ? "single" : "double");
    reset_peak();
    const double pauli = print_engine(circuit, ENT_ENGINE_PAULI, precision, o, 0.0);
    if (!isnan(pauli) && circuit->qubits <= o->whole) {
        print_engine(circuit, ENT_ENGINE_BATCH, precision, o, pauli);
        print_engine(circuit, ENT_ENGINE_STATE, precision, o, pauli);
    }
    if (isnan(pauli)) printf(" %s", ent_message());
    printf("\n");
    ent_circuit_free(circuit);
}

static void print_table(const options *o)
{
    char size[16];
    printf("microseconds per sample, one thread; how many times the pauli engine's gradient\n");
    printf("size  fusion layers real       pauli forward, gradient   batch forward, gradient          state forward, "
           "gradient\n");
    for (int s = 0; s < SIZE_COUNT; s++)
        for (int p = 0; p < PATTERN_COUNT; p++)
            for (int layers = 1; layers <= o->layers; layers++)
                for (int precision = ENT_DOUBLE; precision <= ENT_SINGLE; precision++) {
                    snprintf(size, sizeof size, "%dx%d", SIZES[s].registers, SIZES[s].qubits);
                    if (o->sizes && strcmp(o->sizes, size) != 0) continue;
                    if (o->pattern && strcmp(o->pattern, PATTERNS[p].name) != 0) continue;
                    if (o->precision >= 0 && o->precision != precision) continue;
                    print_case(o, s, p, layers, precision);
                }
}

/* How the time grows with the number of registers: the slope of its logarithm over that of the number. */
static void print_scaling(const options *o)
{
    for (int p = 0; p < PATTERN_COUNT; p++) {
        double first = 0.0, last = 0.0;
        printf("%-5s", PATTERNS[p].name);
        for (int registers = 4; registers <= 16; registers *= 2) {
            ent_circuit *circuit = fused_circuit(o, registers, 4, PATTERNS[p].pattern, 1);
            problem run_of = problem_new(circuit);
            ent_program *program = program_of(circuit, ENT_ENGINE_PAULI, ENT_DOUBLE);
            last = time_of(program, &run_of, 1, o->seconds);
            if (registers == 4) first = last;
            printf("  %2d registers of 4: %8.3f us", registers, 1e6 * last);
            ent_program_free(program);
            problem_free(&run_of);
            ent_circuit_free(circuit);
        }
        printf("  slope %.2f\n", log(last / first) / log(4.0));
    }
}

/* ---- options ---- */

static error_t parse(int key, char *value, struct argp_state *state)
{
    options *o = state->input;
    switch (key) {
    case 'r':
        o->sizes = value;
        return 0;
    case 'f':
        o->pattern = value;
        return 0;
    case 'p':
        o->precision = strcmp(value, "double") == 0 ? ENT_DOUBLE : strcmp(value, "single") == 0 ? ENT_SINGLE : -1;
        return 0;
    case 'l':
        o->layers = atoi(value);
        return 0;
    case 'w':
        o->whole = atoi(value);
        return 0;
    case 's':
        o->seconds = atof(value);
        return 0;
    case 'u':
        o->reupload = true;
        return 0;
    case 'x':
        o->xyz = true;
        return 0;
    case 'S':
        o->scaling = 1;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    static const struct argp_option OPTIONS[] = {
        {"registers", 'r', "MxN", 0, "only this size", 0},
        {"fusion", 'f', "PATTERN", 0, "only ring, all, star or chain", 0},
        {"precision", 'p', "NAME", 0, "double, single or both (both)", 0},
        {"layers", 'l', "L", 0, "fusion layers, at most (3)", 0},
        {"whole", 'w', "N", 0, "time whole states of up to N qubits (16)", 0},
        {"seconds", 's', "S", 0, "repeat each measurement for S seconds (0.2)", 0},
        {"reupload", 'u', NULL, 0, "encode the data again between fusion layers", 0},
        {"xyz", 'x', NULL, 0, "read X and Y of every qubit too", 0},
        {"scaling", 'S', NULL, 0, "only: the slope over the number of registers", 0},
        {0}};
    static const struct argp ARGP = {OPTIONS, parse, NULL, "Time fused circuits.", NULL, NULL, NULL};
    options o = {.precision = -1, .layers = 3, .whole = 16, .seconds = 0.2};
    argp_parse(&ARGP, argc, argv, 0, NULL, &o);
    (o.scaling ? print_scaling : print_table)(&o);
    return 0;
}
