/* The clients' devices.
 *
 * Client k has entry (k modulo length) of each list in the section devices; its noise is also multiplied by
 * exp(spread x), with x drawn for the client.  Clients whose entries are the same share a device, so that its
 * circuits are compiled once.  The common model is evaluated on the device of the section noise and run.shots, which
 * has all layers and qubits.  Random numbers of a training pass are functions of client and pass, those of
 * predictions of the row in the data set, so that they are the same in every round and for `entente eval`. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entente/memory.h"
#include "entente/random.h"
#include "population.h"

struct ent_devices {
    const ent_config *config;
    int modalities;
    int64_t own;              /* number of devices; client k has that of k modulo it; 0: all have the base */
    ent_device base, *device; /* [own] */
    ent_qubit_noise common[ENT_MAX_REGISTERS]; /* of the base */
    ent_qubit_noise *noise;                    /* [own][modalities] */
};

/* ---- lists of numbers ---- */

enum { MOST_NUMBERS = 4096 };

typedef struct {
    int count;
    double *number;
} list;

static ent_status bad_list(const char *key, const char *text, double most, bool whole)
{
    return ent_fail(ENT_ECONFIG, "%s: found '%s', want %snumbers from 0 to %.10g, separated by commas", key, text,
                    whole ? "whole " : "", most);
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
            return bad_list(key, text, most, whole);
        out->number[out->count++] = number;
        at = end + strspn(end, " ");
        if (*at == '\0') return ENT_OK;
        if (*at++ != ',') return bad_list(key, text, most, whole);
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

enum { OF_NOISE, OF_SHOTS, OF_LAYERS, OF_QUBITS, LISTS };

bool ent_devices_layers_apart(const ent_config *config)
{
    return strspn(config->devices.layers, "0, ") < strlen(config->devices.layers);
}

uint64_t ent_devices_qubits_apart(const ent_devices *d)
{
    uint64_t apart = 0;
    for (int64_t k = 0; d && k < d->own; k++)
        if (d->device[k].qubits > 0) apart |= UINT64_C(1) << d->device[k].qubits;
    return apart;
}

/* As many qubits as every register has at most are all. */
static void name_all(const ent_config *config, int modalities, list *qubits)
{
    int most = 0;
    for (int m = 0; m < modalities; m++)
        if (config->model.registers[m].qubits > most) most = config->model.registers[m].qubits;
    for (int k = 0; k < qubits->count; k++)
        if (qubits->number[k] >= most) qubits->number[k] = 0.0;
}

static ent_status read_lists(const ent_config *config, int modalities, list lists[LISTS])
{
    const ent_config_devices *c = &config->devices;
    ENT_TRY(read_list("devices.noise", c->noise, 1e6, false, &lists[OF_NOISE]));
    if (strcmp(c->shots, "run") != 0) ENT_TRY(read_list("devices.shots", c->shots, 1e9, true, &lists[OF_SHOTS]));
    ENT_TRY(read_list("devices.layers", c->layers, ENT_MAX_LAYERS, true, &lists[OF_LAYERS]));
    ENT_TRY(read_list("devices.qubits", c->qubits, ENT_MAX_QUBITS, true, &lists[OF_QUBITS]));
    name_all(config, modalities, &lists[OF_QUBITS]);
    return ENT_OK;
}

static bool all_are(const list *l, double number)
{
    for (int k = 0; k < l->count; k++)
        if (l->number[k] != number) return false;
    return true;
}

static bool are_alike(const ent_config *config, const list lists[LISTS])
{
    return all_are(&lists[OF_NOISE], 1.0) && lists[OF_SHOTS].count == 0 && all_are(&lists[OF_LAYERS], 0.0) &&
           all_are(&lists[OF_QUBITS], 0.0) && config->devices.spread == 0.0;
}

/* After how many clients the devices come again. */
static int64_t period_of(const ent_config *config, const list lists[LISTS], int64_t clients)
{
    int64_t period = 1;
    for (int k = 0; k < LISTS; k++) {
        int64_t next = period;
        while (lists[k].count > 0 && next % lists[k].count != 0 && next < clients) next += period;
        period = next;
    }
    return config->devices.spread == 0.0 && period < clients ? period : clients;
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

static double number_of(const list *l, int64_t client)
{
    return l->number[client % l->count];
}

static ent_status make_own(ent_devices *d, int64_t clients, const list lists[LISTS])
{
    if (are_alike(d->config, lists)) return ENT_OK;
    d->own = period_of(d->config, lists, clients);
    d->device = ent_alloc(d->own, sizeof *d->device);
    d->noise = ent_alloc(d->own * d->modalities, sizeof *d->noise);
    ENT_REQUIRE(d->device && d->noise, ENT_ENOMEM, "devices: no memory for %lld", (long long)d->own);
    for (int64_t k = 0; k < d->own; k++) {
        ent_qubit_noise *noise = d->noise + k * d->modalities;
        const double factor = factor_of(d->config, &lists[OF_NOISE], k);
        for (int m = 0; m < d->modalities; m++) noise[m] = scaled(d->common[m], factor);
        d->device[k] = d->base;
        d->device[k].noise = noise;
        if (lists[OF_SHOTS].count > 0) d->device[k].shots = (int64_t)number_of(&lists[OF_SHOTS], k);
        d->device[k].layers = (int)number_of(&lists[OF_LAYERS], k);
        d->device[k].qubits = (int)number_of(&lists[OF_QUBITS], k);
    }
    return ENT_OK;
}

static ent_status make(ent_devices *d, int64_t clients)
{
    const ent_config *config = d->config;
    ent_qubit_noise all;
    ENT_TRY(noise_of(&config->noise, &all));
    for (int m = 0; m < d->modalities; m++) d->common[m] = scaled(all, config->noise.factor[m]);
    d->base = device_of(config);
    d->base.noise = d->common;
    list lists[LISTS] = {{.number = NULL}};
    ent_status status = read_lists(config, d->modalities, lists);
    if (status == ENT_OK) status = make_own(d, clients, lists);
    for (int k = 0; k < LISTS; k++) ent_free(lists[k].number);
    return status;
}

/* Whether everything is exact and without noise: then there is no device, and results are the same to the last bit
 * as without this section. */
static bool is_ideal(const ent_devices *d)
{
    return d->own == 0 && ent_noise_is_none(d->common, d->modalities) && d->base.shots == 0 &&
           d->base.gradient == ENT_GRADIENT_ADJOINT;
}

ent_status ent_devices_new(const ent_config *config, int modalities, int64_t clients, ent_devices **out)
{
    ent_devices *d = ent_alloc(1, sizeof *d);
    ENT_REQUIRE(d, ENT_ENOMEM, "devices: no memory");
    d->config = config;
    d->modalities = modalities;
    const ent_status status = make(d, clients);
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
    ent_free(d->device);
    ent_free(d->noise);
    ent_free(d);
}

const ent_device *ent_devices_base(const ent_devices *d)
{
    return d ? &d->base : NULL;
}

const ent_device *ent_devices_of(const ent_devices *d, int64_t client)
{
    return d && d->own > 0 ? &d->device[client % d->own] : ent_devices_base(d);
}

static double gate_error(const ent_gate_noise *n)
{
    return n->depolarizing + n->amplitude_damping + n->phase_damping;
}

double ent_devices_budget(const ent_devices *d, int64_t client)
{
    double sum = 0.0;
    if (!d) return 0.0;
    const ent_device *device = ent_devices_of(d, client);
    const int fusion = d->config->model.fusion.layers, again = d->config->model.fusion.reupload ? fusion - 1 : 0;
    for (int m = 0; m < d->modalities; m++) {
        const ent_config_register *reg = &d->config->model.registers[m];
        const ent_qubit_noise *noise = &device->noise[m];
        const int layers = ent_device_layers(device, reg->layers), qubits = ent_device_qubits(device, reg->qubits);
        const double on_one = (double)layers * (qubits * (2 + reg->angles)) + 2.0 * qubits * fusion +
                              (double)qubits * reg->angles * again;
        const double on_two = (double)layers * (qubits - 1) + (double)qubits * fusion;
        sum += on_one * gate_error(&noise->after_1q) + on_two * gate_error(&noise->after_2q) +
               0.5 * (noise->p01 + noise->p10);
    }
    return sum;
}

/* ---- in words ---- */

__attribute__((format(printf, 3, 4))) static void say(size_t room, char *text, const char *format, ...)
{
    const size_t used = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    if (used > 0 && used + 2 < room) strcpy(text + used, "; ");
    vsnprintf(text + strlen(text), room - strlen(text), format, arguments);
    va_end(arguments);
}

void ent_devices_text(const ent_config *config, size_t room, char *text)
{
    const ent_config_devices *c = &config->devices;
    text[0] = '\0';
    if (strcmp(c->qubits, "0") != 0) say(room, text, "%s qubits of each register", c->qubits);
    if (strcmp(c->layers, "0") != 0) say(room, text, "%s layers", c->layers);
    if (strcmp(c->shots, "run") != 0) say(room, text, "%s shots", c->shots);
    if (strcmp(c->noise, "1") != 0) say(room, text, "noise times %s", c->noise);
    if (c->spread > 0.0) say(room, text, "noise with a spread of %g", c->spread);
}

/* ---- random numbers ---- */

void ent_devices_train(const ent_devices *d, int64_t client, int64_t pass, ent_samples *samples)
{
    samples->device = ent_devices_of(d, client);
    samples->draw[0] = (uint64_t)client;
    samples->draw[1] = (uint64_t)pass;
}

void ent_devices_predict(const ent_devices *d, int64_t client, const int64_t *row, ent_samples *samples)
{
    samples->device = client < 0 ? ent_devices_base(d) : ent_devices_of(d, client);
    samples->draw[0] = (uint64_t)(client + 1);
    samples->draw[1] = UINT64_C(1) << 60;
    samples->row = row;
}
