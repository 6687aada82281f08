/* The clients' devices.
 *
 * Client k has entry (k modulo length) of each list in the section devices; its noise is also multiplied by
 * exp(spread x), with x drawn for the client.  The common model is evaluated on the device of the section noise and
 * run.shots.  Random numbers of a training pass are functions of client and pass, those of predictions of part and
 * row, so that they are the same in every round. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "entente/memory.h"
#include "entente/random.h"
#include "population.h"

struct ent_devices {
    int modalities;
    int64_t clients;
    ent_device base, *client;                  /* [clients], or NULL if all have the base */
    ent_qubit_noise common[ENT_MAX_REGISTERS]; /* of the base */
    ent_qubit_noise *noise;                    /* [clients][modalities] */
    double gates[ENT_MAX_REGISTERS][2];        /* gates on one and on two qubits in a register's circuit */
};

/* ---- lists of numbers ---- */

enum { MOST_NUMBERS = 4096 };

typedef struct {
    int count;
    double *number;
} list;

static ent_status bad_list(const char *key, const char *text, double most)
{
    return ent_fail(ENT_ECONFIG, "%s: found '%s', want numbers from 0 to %g, separated by commas", key, text, most);
}

/* "0, 1, 5" */
static ent_status read_list(const char *key, const char *text, double most, bool whole, list *out)
{
    const char *at = text;
    out->number = ent_alloc(MOST_NUMBERS, sizeof *out->number);
    ENT_REQUIRE(out->number, ENT_ENOMEM, "%s: no memory", key);
    for (out->count = 0; out->count < MOST_NUMBERS;) {
        char *end;
        const double number = strtod(at, &end);
        if (end == at || !(number >= 0.0 && number <= most) || (whole && number != floor(number)))
            return bad_list(key, text, most);
        out->number[out->count++] = number;
        at = end + strspn(end, " ");
        if (*at == '\0') return ENT_OK;
        if (*at++ != ',') return bad_list(key, text, most);
    }
    return ent_fail(ENT_ECONFIG, "%s: found more than %d numbers", key, MOST_NUMBERS);
}

/* ---- strengths ---- */

static double at_most_1(double x)
{
    return x < 1.0 ? x : 1.0;
}

static void scale_gate(ent_gate_noise *n, double factor)
{
    n->depolarizing = at_most_1(factor * n->depolarizing);
    n->amplitude_damping = at_most_1(factor * n->amplitude_damping);
    n->phase_damping = at_most_1(factor * n->phase_damping);
}

static ent_qubit_noise scaled(ent_qubit_noise n, double factor)
{
    scale_gate(&n.after_1q, factor);
    scale_gate(&n.after_2q, factor);
    n.p01 = at_most_1(factor * n.p01);
    n.p10 = at_most_1(factor * n.p10);
    return n;
}

static bool damps(const ent_gate_noise *n)
{
    return n->amplitude_damping > 0.0 || n->phase_damping > 0.0;
}

static ent_status noise_of(const ent_config_noise *c, ent_qubit_noise *out)
{
    *out = (ent_qubit_noise){c->after_1q, c->after_2q, c->readout.p01, c->readout.p10};
    if (c->t1_us == 0.0) {
        ENT_REQUIRE(c->t2_us == 0.0, ENT_ECONFIG, "noise.t2_us: found %g without noise.t1_us, want both", c->t2_us);
        return ENT_OK;
    }
    ENT_REQUIRE(!damps(&c->after_1q) && !damps(&c->after_2q), ENT_ECONFIG,
                "noise.t1_us: found %g and strengths of damping, want times or strengths", c->t1_us);
    const double t2_us = c->t2_us > 0.0 ? c->t2_us : 2.0 * c->t1_us;
    ent_status status = ent_noise_of_times(c->t1_us, t2_us, c->gate_1q_us, &out->after_1q);
    if (status == ENT_OK) status = ent_noise_of_times(c->t1_us, t2_us, c->gate_2q_us, &out->after_2q);
    return status == ENT_OK ? status : ent_fail_in(ENT_ECONFIG, "noise.t2_us");
}

/* ---- devices ---- */

static bool are_alike(const ent_config_devices *c)
{
    return strcmp(c->noise, "1") == 0 && strcmp(c->shots, "run") == 0 && strcmp(c->layers, "0") == 0 &&
           c->spread == 0.0;
}

bool ent_devices_apart(const ent_config *config)
{
    return strspn(config->devices.layers, "0, ") < strlen(config->devices.layers);
}

static ent_device device_of(const ent_config *config)
{
    return (ent_device){.method = config->noise.method,
                        .trajectories = config->noise.trajectories,
                        .shots = config->run.shots,
                        .gradient = config->run.gradient,
                        .spsa_step = config->run.spsa_step,
                        .seed = config->seeds.shots};
}

static double factor_of(const ent_config *config, const list *noise, int64_t client)
{
    ent_random stream = ent_random_at(config->seeds.shots, ENT_FOR_DEVICE, (uint64_t)client, 0);
    const double spread = config->devices.spread;
    return noise->number[client % noise->count] * (spread > 0.0 ? exp(spread * ent_random_normal(&stream)) : 1.0);
}

static ent_status make_clients(const ent_config *config, ent_devices *d, list lists[3])
{
    const bool own_shots = strcmp(config->devices.shots, "run") != 0;
    ENT_TRY(read_list("devices.noise", config->devices.noise, 1e6, false, &lists[0]));
    if (own_shots) ENT_TRY(read_list("devices.shots", config->devices.shots, 1e9, true, &lists[1]));
    ENT_TRY(read_list("devices.layers", config->devices.layers, 1000, true, &lists[2]));
    d->client = ent_alloc(d->clients, sizeof *d->client);
    d->noise = ent_alloc(d->clients * d->modalities, sizeof *d->noise);
    ENT_REQUIRE(d->client && d->noise, ENT_ENOMEM, "devices: no memory for %lld clients", (long long)d->clients);
    for (int64_t k = 0; k < d->clients; k++) {
        ent_qubit_noise *noise = d->noise + k * d->modalities;
        const double factor = factor_of(config, &lists[0], k);
        for (int m = 0; m < d->modalities; m++) noise[m] = scaled(d->common[m], factor);
        d->client[k] = d->base;
        d->client[k].noise = noise;
        if (own_shots) d->client[k].shots = (int64_t)lists[1].number[k % lists[1].count];
        d->client[k].layers = (int)lists[2].number[k % lists[2].count];
    }
    return ENT_OK;
}

static ent_status make(const ent_config *config, ent_devices *d)
{
    ent_qubit_noise all;
    ENT_TRY(noise_of(&config->noise, &all));
    for (int m = 0; m < d->modalities; m++) d->common[m] = scaled(all, config->noise.factor[m]);
    d->base = device_of(config);
    d->base.noise = d->common;
    for (int m = 0; m < d->modalities; m++) {
        const ent_config_register *reg = &config->model.registers[m];
        const double rotations = (double)(reg->qubits * (2 + reg->angles)), pairs = (double)(reg->qubits - 1);
        d->gates[m][0] = reg->layers * rotations + 2.0 * reg->qubits * config->model.fusion.layers;
        d->gates[m][1] = reg->layers * pairs + (double)(reg->qubits * config->model.fusion.layers);
    }
    if (are_alike(&config->devices)) return ENT_OK;
    list lists[3] = {{0, NULL}, {0, NULL}, {0, NULL}};
    const ent_status status = make_clients(config, d, lists);
    for (int k = 0; k < 3; k++) ent_free(lists[k].number);
    return status;
}

/* Whether everything is exact and without noise: then there is no device, and results are the same to the last bit
 * as without this section. */
static bool is_ideal(const ent_devices *d)
{
    return !d->client && ent_noise_is_none(d->common, d->modalities) && d->base.shots == 0 &&
           d->base.gradient == ENT_GRADIENT_ADJOINT;
}

ent_status ent_devices_new(const ent_config *config, int modalities, int64_t clients, ent_devices **out)
{
    ent_devices *d = ent_alloc(1, sizeof *d);
    ENT_REQUIRE(d, ENT_ENOMEM, "devices: no memory");
    d->modalities = modalities;
    d->clients = clients;
    const ent_status status = make(config, d);
    *out = NULL;
    if (status != ENT_OK || is_ideal(d))
        ent_devices_free(d);
    else
        *out = d;
    return status;
}

void ent_devices_free(ent_devices *d)
{
    if (!d) return;
    ent_free(d->client);
    ent_free(d->noise);
    ent_free(d);
}

const ent_device *ent_devices_base(const ent_devices *d)
{
    return d ? &d->base : NULL;
}

const ent_device *ent_devices_of(const ent_devices *d, int64_t client)
{
    return d && d->client ? &d->client[client] : ent_devices_base(d);
}

static double gate_error(const ent_gate_noise *n)
{
    return n->depolarizing + n->amplitude_damping + n->phase_damping;
}

double ent_devices_budget(const ent_devices *d, int64_t client)
{
    double sum = 0.0;
    if (!d) return 0.0;
    const ent_qubit_noise *noise = ent_devices_of(d, client)->noise;
    for (int m = 0; m < d->modalities; m++)
        sum += d->gates[m][0] * gate_error(&noise[m].after_1q) + d->gates[m][1] * gate_error(&noise[m].after_2q) +
               0.5 * (noise[m].p01 + noise[m].p10);
    return sum;
}

/* ---- random numbers ---- */

void ent_devices_train(const ent_devices *d, int64_t client, int64_t pass, ent_samples *samples)
{
    samples->device = ent_devices_of(d, client);
    samples->draw[0] = (uint64_t)client;
    samples->draw[1] = (uint64_t)pass;
}

void ent_devices_predict(const ent_devices *d, int part, int64_t client, int64_t first, ent_samples *samples)
{
    samples->device = client < 0 ? ent_devices_base(d) : ent_devices_of(d, client);
    samples->draw[0] = (uint64_t)(client + 1);
    samples->draw[1] = (UINT64_C(1) << 60) + (uint64_t)part;
    samples->first = first;
}
