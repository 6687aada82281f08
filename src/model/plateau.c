/* The variance of gradients of random circuits: barren plateaus (McClean et al., arXiv 1803.11173).
 *
 * Parameters become data angles, so that every sample of a batch has its own, and one call gives all gradients. */
#include <math.h>

#include "entente/memory.h"
#include "entente/random.h"
#include "entente/response.h"

static const double PI = 3.14159265358979323846;

enum { BATCH = 256 };

/* The ansatz with its parameter k as data angle k, followed by its data; the mean of the Z's over `observable`. */
static ent_status circuit_of(const ent_ansatz *ansatz, uint64_t observable, ent_circuit **out)
{
    const int params = ent_ansatz_params(ansatz), angles = ent_ansatz_angles(ansatz);
    ent_circuit *plain = NULL;
    ent_status status = ent_circuit_new(ansatz->qubits, params, angles, &plain);
    if (status == ENT_OK) status = ent_ansatz_append(ansatz, 0, 0, 0, plain);
    if (status == ENT_OK) status = ent_circuit_new(ansatz->qubits, 0, params + angles, out);
    for (int64_t g = 0; status == ENT_OK && g < plain->gates; g++) {
        ent_gate gate = plain->gate[g];
        if (gate.angle.source == ENT_ANGLE_DATA) gate.angle.slot += params;
        if (gate.angle.source == ENT_ANGLE_PARAM) gate.angle.source = ENT_ANGLE_DATA;
        status = ent_circuit_add(*out, gate);
    }
    if (status == ENT_OK) status = ent_circuit_read(*out, observable);
    ent_circuit_free(plain);
    return status;
}

static void one(void *context, int64_t first, int64_t count, const double *expectations, double *weights)
{
    (void)context, (void)first, (void)expectations;
    for (int64_t k = 0; k < count; k++) weights[k] = 1.0;
}

typedef struct {
    ent_program *program;
    int slots, params; /* the parameters are the first slots */
    uint64_t seed;
    double *angles, *gradient; /* [BATCH][slots] */
} draws;

static ent_status draw(const draws *d, int64_t first, int64_t n, double *sum, double *squares)
{
    for (int64_t k = 0; k < n; k++) {
        ent_random stream = ent_random_at(d->seed, ENT_FOR_PLATEAU, (uint64_t)(first + k), 0);
        for (int j = 0; j < d->slots; j++)
            d->angles[k * d->slots + j] = PI * (2.0 * ent_random_uniform(&stream) - 1.0);
    }
    const ent_batch batch = {n, d->angles, NULL};
    ENT_TRY(ent_program_gradient(d->program, &batch, one, NULL, NULL, d->gradient));
    for (int64_t k = 0; k < n; k++) {
        for (int j = 0; j < d->params; j++) {
            const double g = d->gradient[k * d->slots + j];
            sum[j] += g;
            squares[j] += g * g;
        }
    }
    return ENT_OK;
}

static void average(const draws *d, int64_t samples, const double *sum, const double *squares, double *mean,
                    double *variance)
{
    const double n = (double)samples;
    *mean = *variance = 0.0;
    for (int j = 0; j < d->params; j++) {
        *mean += sum[j] / n / d->params;
        *variance += (squares[j] - sum[j] * sum[j] / n) / (n - 1.0) / d->params;
    }
}

ent_status ent_gradient_variance(const ent_ansatz *ansatz, uint64_t observable, const ent_program_inp *inp,
                                 int64_t samples, uint64_t seed, double *mean, double *variance)
{
    ENT_TRY(ent_ansatz_check(ansatz));
    ENT_REQUIRE(observable && (ansatz->qubits == 64 || observable >> ansatz->qubits == 0), ENT_EARG,
                "observable outside the %d qubits", ansatz->qubits);
    ENT_REQUIRE(samples >= 2, ENT_EARG, "%lld draws, want 2 or more", (long long)samples);
    ENT_REQUIRE(ent_ansatz_params(ansatz) > 0, ENT_EARG, "an ansatz without parameters has no gradient");
    const int params = ent_ansatz_params(ansatz), slots = params + ent_ansatz_angles(ansatz);
    draws d = {.slots = slots, .params = params, .seed = seed};
    ent_circuit *circuit = NULL;
    d.angles = ent_alloc((int64_t)BATCH * slots, sizeof *d.angles);
    d.gradient = ent_alloc((int64_t)BATCH * slots, sizeof *d.gradient);
    double *sum = ent_alloc(params, sizeof *sum), *squares = ent_alloc(params, sizeof *squares);
    ent_status status = d.angles && d.gradient && sum && squares
                            ? circuit_of(ansatz, observable, &circuit)
                            : ent_fail(ENT_ENOMEM, "gradients of %d angles: no memory", slots);
    if (status == ENT_OK) status = ent_program_new(circuit, inp, &d.program);
    for (int64_t first = 0; first < samples && status == ENT_OK; first += BATCH)
        status = draw(&d, first, samples - first < BATCH ? samples - first : BATCH, sum, squares);
    if (status == ENT_OK) average(&d, samples, sum, squares, mean, variance);
    ent_free(sum);
    ent_free(squares);
    ent_program_free(d.program);
    ent_circuit_free(circuit);
    ent_free(d.angles);
    ent_free(d.gradient);
    return status;
}
