/* entente simulate: a circuit by itself. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "cli/json.h"
#include "entente/memory.h"
#include "entente/qasm.h"
#include "entente/random.h"

/* A run by the reference engine costs less than compiling for another: gates times amplitudes. */
enum { MOST_PLAIN = 1 << 30 };

enum { MOST_OBSERVABLES = 4096, MOST_OUTCOME_QUBITS = 30 };

/* Numbers for the inputs of one sort. */
typedef struct {
    int n;
    double *value; /* [n], owned */
} numbers;

typedef struct {
    const char *path;
    int observables;
    const char *observable[MOST_OBSERVABLES];
    int64_t shots, seed, threads;
    int engine, precision;
    bool probabilities, json;
    numbers params, data;
} arguments;

static const char *const ENGINES[] = {"auto", "reference", "batch", "state", "pauli", NULL};
static const char *const PRECISIONS[] = {"double", "single", NULL};

static error_t read_numbers(struct argp_state *state, char *text, numbers *out)
{
    int n = 1;
    for (const char *c = text; *c; c++) n += *c == ',';
    ent_free(out->value);
    out->value = ent_alloc(n, sizeof *out->value);
    if (!out->value) return ENOMEM;
    out->n = 0;
    for (char *rest = text, *one; (one = strsep(&rest, ","));) {
        const error_t error = cli_real(state, one, -1e300, 1e300, &out->value[out->n++]);
        if (error) return error;
    }
    return 0;
}

static error_t add_observables(struct argp_state *state, char *text, void *arguments_)
{
    arguments *a = arguments_;
    for (char *one; (one = strsep(&text, ","));) {
        if (a->observables == MOST_OBSERVABLES) {
            argp_error(state, "more than %d observables", MOST_OBSERVABLES);
            return EINVAL;
        }
        a->observable[a->observables++] = one;
    }
    return 0;
}

static error_t read_params(struct argp_state *state, char *value, void *a)
{
    return read_numbers(state, value, &((arguments *)a)->params);
}

static error_t read_data(struct argp_state *state, char *value, void *a)
{
    return read_numbers(state, value, &((arguments *)a)->data);
}

#define AT(field) offsetof(arguments, field)

static const cli_option OPTIONS[] = {
    {"observable", 'O', "STRINGS",
     "Pauli strings, comma-separated: a letter for each qubit, the last for qubit 0 (ZZI), or letters with qubits "
     "(Z0X2); may be repeated (default: Z of each qubit)",
     0, .type = CLI_CALL, .call = add_observables},
    {"shots", 's', "N", "draw N outcomes and print how often each occurred", AT(shots), .type = CLI_WHOLE, .low = 1,
     .high = 0x1p40},
    {"seed", 0, "N", "seed of the outcomes (1)", AT(seed), .type = CLI_WHOLE, .high = CLI_ANY},
    {"probabilities", 'p', NULL, "print the probability of each outcome", AT(probabilities), .type = CLI_SWITCH},
    {"params", 0, "NUMBER[,NUMBER...]", "values of the trainable inputs, in the order of declaration", 0,
     .type = CLI_CALL, .call = read_params},
    {"data", 0, "NUMBER[,NUMBER...]", "values of the data inputs, in the order of declaration", 0, .type = CLI_CALL,
     .call = read_data},
    {"engine", 'e', "NAME", "what computes expectation values: auto, reference, batch, state or pauli (auto)",
     AT(engine), .type = CLI_WORD, .words = ENGINES},
    {"precision", 0, "double|single", "precision of the state for expectation values (double)", AT(precision),
     .type = CLI_WORD, .words = PRECISIONS},
    {"threads", 0, "N", "threads; 0: OMP_NUM_THREADS, else the cores (0)", AT(threads), .type = CLI_WHOLE,
     .high = 4096},
    CLI_OPTION_JSON(AT(json)),
    {0}};

static const cli_line LINE = {
    .options = OPTIONS,
    .argument = {.what = "circuit", .wanted = "an OpenQASM file", .offset = AT(path), .doc = "FILE.qasm"},
    .doc =
        "Simulate a circuit by itself: expectation values, probabilities, counts.\v"
        "The file is OpenQASM 3 or 2 (include/entente/qasm.h describes the subset).  An outcome is the classical "
        "bits, "
        "the last declared on the left as in Qiskit, where the file measures at its end; a bit that nothing is "
        "measured "
        "into is 0.  Without a measurement it is all qubits, qubit 0 on the right.  Expectation values are exact, of "
        "the "
        "state before the measurement, also with --shots.\n\n"
        "  entente simulate bell.qasm --observable ZZ,XX --shots 1000\n"
        "  entente circuit result --row 12 --format qasm3 > row.qasm\n"
        "  entente simulate row.qasm"};

/* ---- outcomes ---- */

/* What is read out: bit k of an outcome's text, from the right, is qubit[k], or nothing where that is -1. */
typedef struct {
    int bits, *qubit;                       /* [bits], owned */
    int places, place[MOST_OUTCOME_QUBITS]; /* the qubits that are measured, once each */
    int64_t n;
    double *probability; /* [2^places], owned */
    int64_t *count;      /* [2^places], owned */
} outcomes;

static void outcomes_clear(outcomes *o)
{
    ent_free(o->qubit);
    ent_free(o->probability);
    ent_free(o->count);
}

static ent_status find_bits(const ent_qasm *qasm, int qubits, outcomes *o)
{
    const int *measured;
    const int bits = ent_qasm_bits(qasm, &measured);
    bool any = false;
    for (int k = 0; k < bits; k++) any = any || measured[k] >= 0;
    o->bits = any ? bits : qubits;
    o->qubit = ent_alloc(o->bits, sizeof *o->qubit);
    ENT_REQUIRE(o->qubit, ENT_ENOMEM, "outcomes: no memory");
    for (int k = 0; k < o->bits; k++) o->qubit[k] = any ? measured[k] : k;
    for (int k = 0; k < o->bits; k++) {
        bool there = o->qubit[k] < 0;
        for (int j = 0; j < o->places; j++) there = there || o->place[j] == o->qubit[k];
        if (there) continue;
        ENT_REQUIRE(o->places < MOST_OUTCOME_QUBITS, ENT_EARG, "outcomes of more than %d qubits",
                    MOST_OUTCOME_QUBITS);
        o->place[o->places++] = o->qubit[k];
    }
    return ENT_OK;
}

/* Of the measured qubits, whatever the others are. */
static ent_status find_probabilities(const ent_circuit *circuit, const arguments *a, outcomes *o)
{
    ENT_REQUIRE(circuit->qubits <= MOST_OUTCOME_QUBITS, ENT_EARG,
                "outcomes of a circuit of %d qubits, want at most %d", circuit->qubits, MOST_OUTCOME_QUBITS);
    const int64_t states = INT64_C(1) << circuit->qubits;
    o->n = INT64_C(1) << o->places;
    o->probability = ent_alloc(o->n, sizeof *o->probability);
    o->count = ent_alloc(o->n, sizeof *o->count);
    double *all = ent_alloc(states, sizeof *all);
    ent_status status = o->probability && o->count && all ? ENT_OK : ent_fail(ENT_ENOMEM, "outcomes: no memory");
    if (status == ENT_OK) status = ent_circuit_probabilities(circuit, a->params.value, a->data.value, all);
    for (int64_t s = 0; s < states && status == ENT_OK; s++) {
        int64_t at = 0;
        for (int j = 0; j < o->places; j++) at |= (s >> o->place[j] & 1) << j;
        o->probability[at] += all[s];
    }
    ent_free(all);
    return status;
}

/* Each shot by a random number of its own, in the sums of the probabilities. */
static ent_status draw(const arguments *a, outcomes *o)
{
    double *sum = ent_alloc(o->n, sizeof *sum), so_far = 0.0;
    ENT_REQUIRE(sum, ENT_ENOMEM, "outcomes: no memory");
    for (int64_t k = 0; k < o->n; k++) sum[k] = so_far += o->probability[k];
    for (int64_t shot = 0; shot < a->shots; shot++) {
        ent_random stream = ent_random_at((uint64_t)a->seed, ENT_FOR_COUNTS, (uint64_t)shot, 0);
        const double u = ent_random_uniform(&stream) * so_far;
        int64_t low = 0, high = o->n - 1; /* the first whose sum is above u */
        while (low < high) {
            const int64_t middle = low + (high - low) / 2;
            if (sum[middle] > u)
                high = middle;
            else
                low = middle + 1;
        }
        while (low > 0 && o->probability[low] == 0.0) low--; /* u rounded up to the whole */
        o->count[low]++;
    }
    ent_free(sum);
    return ENT_OK;
}

/* Outcome `at` as text, [bits + 1]. */
static void outcome_text(const outcomes *o, int64_t at, char *text)
{
    for (int k = 0; k < o->bits; k++) {
        int place = 0;
        while (place < o->places && o->place[place] != o->qubit[k]) place++;
        text[o->bits - 1 - k] = place < o->places && (at >> place & 1) ? '1' : '0';
    }
    text[o->bits] = '\0';
}

/* ---- the whole ---- */

typedef struct {
    const arguments *a;
    const ent_circuit *file;
    ent_circuit *circuit; /* with the observables as its readouts, owned */
    char engine[64];
    double *expectation; /* [readouts], owned */
    outcomes outcomes;
} simulation;

static ent_status check_inputs(const arguments *a, const ent_circuit *c)
{
    ENT_REQUIRE(a->params.n == c->params, ENT_EARG, "%s has %d trainable inputs, but --params has %d numbers",
                a->path, c->params, a->params.n);
    ENT_REQUIRE(a->data.n == c->angles, ENT_EARG, "%s has %d data inputs, but --data has %d numbers", a->path,
                c->angles, a->data.n);
    ENT_REQUIRE(c->qubits > 0, ENT_EARG, "%s declares no qubit", a->path);
    return ENT_OK;
}

static ent_status add_readouts(simulation *s)
{
    const ent_circuit *file = s->file;
    int sizes[ENT_MAX_QUBITS];
    ENT_TRY(ent_circuit_new(file->qubits, file->params, file->angles, &s->circuit));
    for (int64_t g = 0; g < file->gates; g++) ENT_TRY(ent_circuit_add(s->circuit, file->gate[g]));
    for (int m = 0; m < file->registers; m++) sizes[m] = file->register_first[m + 1] - file->register_first[m];
    ENT_TRY(ent_circuit_registers(s->circuit, file->registers, sizes));
    for (int q = 0; q < file->qubits && s->a->observables == 0; q++) {
        ent_pauli z = {.x = {{0}}, .z = {{0}}};
        ent_bits_add(&z.z, q);
        ENT_TRY(ent_circuit_read_pauli(s->circuit, &z));
    }
    for (int k = 0; k < s->a->observables; k++) {
        ent_pauli string;
        const ent_status status = ent_pauli_read(s->a->observable[k], file->qubits, &string);
        if (status != ENT_OK) return ent_fail_in(status, "--observable");
        ENT_TRY(ent_circuit_read_pauli(s->circuit, &string));
    }
    return ENT_OK;
}

static ent_status find_expectations(simulation *s)
{
    const arguments *a = s->a;
    const bool plain = a->engine == ENT_ENGINE_AUTO && s->circuit->qubits < 20 &&
                       ldexp((double)s->circuit->gates, s->circuit->qubits) < MOST_PLAIN;
    const ent_program_inp inp = {.engine = plain ? ENT_ENGINE_REFERENCE : (ent_engine_kind)a->engine,
                                 .precision = (ent_precision)a->precision,
                                 .threads = (int)a->threads};
    ent_program *program;
    s->expectation = ent_alloc(s->circuit->readouts, sizeof *s->expectation);
    ENT_REQUIRE(s->expectation, ENT_ENOMEM, "expectation values: no memory");
    ENT_TRY(ent_program_new(s->circuit, &inp, &program));
    const ent_batch batch = {1, a->data.value, a->params.value};
    const ent_status status = ent_program_forward(program, &batch, s->expectation);
    snprintf(s->engine, sizeof s->engine, "%s", ent_program_engine(program));
    ent_program_free(program);
    return status;
}

static const char *observable_name(const simulation *s, int r, char *text, size_t room)
{
    return s->a->observables > 0 ? s->a->observable[r] : ent_pauli_text(&s->circuit->readout[r], text, room);
}

static void print_text(const simulation *s, char *outcome)
{
    char name[6 * ENT_MAX_QUBITS];
    printf("%d qubits, %lld gates; engine %s\n\n", s->circuit->qubits, (long long)s->circuit->gates, s->engine);
    for (int r = 0; r < s->circuit->readouts; r++)
        printf("<%s> = %.15g\n", observable_name(s, r, name, sizeof name), s->expectation[r]);
    const outcomes *o = &s->outcomes;
    if (s->a->probabilities) printf("\noutcome%s  probability\n", s->a->shots > 0 ? "  count" : "");
    if (!s->a->probabilities && s->a->shots > 0) printf("\noutcome  count\n");
    for (int64_t k = 0; k < o->n; k++) {
        if (s->a->probabilities ? o->probability[k] < 1e-16 && o->count[k] == 0 : o->count[k] == 0) continue;
        outcome_text(o, k, outcome);
        printf("%s", outcome);
        if (s->a->shots > 0) printf("  %lld", (long long)o->count[k]);
        if (s->a->probabilities) printf("  %.15g", o->probability[k]);
        printf("\n");
    }
}

static void print_json(const simulation *s, char *outcome)
{
    char name[6 * ENT_MAX_QUBITS];
    const outcomes *o = &s->outcomes;
    json_t *values = json_object(), *counts = json_object(), *probabilities = json_object();
    for (int r = 0; r < s->circuit->readouts; r++)
        json_object_set_new(values, observable_name(s, r, name, sizeof name), json_real(s->expectation[r]));
    for (int64_t k = 0; k < o->n; k++) {
        outcome_text(o, k, outcome);
        if (o->count[k] > 0) json_object_set_new(counts, outcome, json_integer((json_int_t)o->count[k]));
        if (o->probability[k] > 0.0) json_object_set_new(probabilities, outcome, json_real(o->probability[k]));
    }
    json_t *object = json_pack("{s:s, s:i, s:I, s:s, s:o}", "file", s->a->path, "qubits", s->circuit->qubits, "gates",
                               (json_int_t)s->circuit->gates, "engine", s->engine, "expectations", values);
    if (s->a->probabilities) json_object_set(object, "probabilities", probabilities);
    if (s->a->shots > 0) {
        json_object_set(object, "counts", counts);
        json_object_set_new(object, "shots", json_integer((json_int_t)s->a->shots));
        json_object_set_new(object, "seed", json_integer((json_int_t)s->a->seed));
    }
    json_decref(counts);
    json_decref(probabilities);
    cli_print_json(object);
}

static ent_status simulate(const arguments *a, const ent_qasm *qasm)
{
    simulation s = {.a = a, .file = ent_qasm_circuit(qasm)};
    char *outcome = NULL;
    ent_status status = check_inputs(a, s.file);
    if (status == ENT_OK) status = add_readouts(&s);
    if (status == ENT_OK) status = find_expectations(&s);
    if (status == ENT_OK && (a->shots > 0 || a->probabilities)) {
        status = find_bits(qasm, s.file->qubits, &s.outcomes);
        if (status == ENT_OK) status = find_probabilities(s.file, a, &s.outcomes);
        if (status == ENT_OK && a->shots > 0) status = draw(a, &s.outcomes);
    }
    if (status == ENT_OK && !(outcome = ent_alloc(s.outcomes.bits + 1, 1)))
        status = ent_fail(ENT_ENOMEM, "outcomes: no memory");
    if (status == ENT_OK) {
        print_text(&s, outcome);
        if (a->json) print_json(&s, outcome);
    }
    ent_free(outcome);
    outcomes_clear(&s.outcomes);
    ent_free(s.expectation);
    ent_circuit_free(s.circuit);
    return status;
}

int app_simulate(int argc, char **argv)
{
    arguments *a = ent_alloc(1, sizeof *a);
    if (!a) return cli_report(ent_fail(ENT_ENOMEM, "simulate: no memory"));
    *a = (arguments){.seed = 1};
    cli_parse(&LINE, argc, argv, a);
    ent_qasm *qasm = NULL;
    ent_status status = ent_qasm_load(a->path, NULL, &qasm);
    if (status == ENT_OK) {
        fputs(ent_qasm_notes(qasm), stderr);
        status = simulate(a, qasm);
    }
    ent_qasm_free(qasm);
    ent_free(a->params.value);
    ent_free(a->data.value);
    ent_free(a);
    return cli_report(status);
}
