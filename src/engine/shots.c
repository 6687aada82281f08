/* Shots: every readout estimated from N samples of its exact distribution.
 *
 * If all readouts are strings of Zs on at most MOST_JOINT qubits, the samples are drawn from the joint distribution
 * of the bits of these qubits, whose probabilities are the Walsh-Hadamard transform of the expectation values of all
 * their strings; the counts of the outcomes are drawn by bisection, one binomial number for each.  Otherwise every
 * readout has its own N samples: N (1 + mean) / 2 is a binomial number with p = (1 + <P>) / 2.
 *
 * Gradients.  SHIFT: each term of each gate's parameter-shift rule is estimated from N shots, as on hardware.
 * ADJOINT: the exact derivatives with normal noise added.  Its variance is that of SHIFT with each shifted value's
 * variance per shot at its largest, 1: for the slot of gates g and weights w of the readouts
 *   sum_g scale_g^2 sum_k factor_gk^2 sum_r w_r^2 / N
 * (the shifted values are not known, and close to 0 except in very shallow circuits).  In both, the weights are
 * computed from estimated readouts.  Numbers are functions of (seed, the draw of ent_program_draw, sample, estimate).
 */
#include "shots.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "entente/memory.h"
#include "entente/random.h"

enum { MOST_JOINT = 8, NUMBERS_OF_ONE = 256 };

/* A gate with an angle that is not constant; in `shifted` it has its own slot `slot` of the parameters or data. */
typedef struct {
    ent_angle angle; /* in the circuit as given */
    ent_shift_rule rule;
    int own;
} gate_angle;

struct ent_shots {
    int64_t shots;
    ent_shot_gradient kind;
    uint64_t seed;
    ent_draws draws;
    int readouts, params, angles;
    int joint;   /* number of qubits sampled jointly; 0: each readout separately */
    int inner;   /* readouts of the programs below: those of the circuit, or all strings on these qubits */
    int *string; /* [readouts] joint: which string, as bits of these qubits */
    int gates;   /* gates with a parameter or data in their angle */
    gate_angle *gate;
    double *spread;                 /* [params + angles] variance per shot and unit of weight */
    ent_program *program, *shifted; /* shifted: SHIFT, with a slot for each gate */
    int own[2];                     /* of `shifted`: parameters, data angles */
    char name[96];
};

static ent_status no_memory(void)
{
    return ent_fail(ENT_ENOMEM, "shots: no memory");
}

/* ---- plan ---- */

/* The qubits of all readouts in order; none if they are too many, or not all strings are of Zs. */
static int joint_qubits(const ent_circuit *circuit, int qubit[MOST_JOINT])
{
    ent_bits all = {{0}};
    int count = 0;
    for (int r = 0; r < circuit->readouts; r++) {
        if (ent_bits_last(circuit->readout[r].x) >= 0) return 0;
        all = ent_bits_or(all, circuit->readout[r].z);
    }
    if (ent_bits_count(all) > MOST_JOINT) return 0;
    for (int q = 0; q < circuit->qubits; q++)
        if (ent_bits_has(&all, q)) qubit[count++] = q;
    return count;
}

static ent_status read_strings(const ent_circuit *circuit, const int *qubit, ent_shots *s, ent_circuit *to)
{
    if (s->joint == 0) {
        for (int r = 0; r < circuit->readouts; r++) ENT_TRY(ent_circuit_read_pauli(to, &circuit->readout[r]));
        return ENT_OK;
    }
    for (int string = 1; string < 1 << s->joint; string++) {
        ent_pauli p = {.z = {{0}}};
        for (int k = 0; k < s->joint; k++)
            if (string >> k & 1) ent_bits_add(&p.z, qubit[k]);
        ENT_TRY(ent_circuit_read_pauli(to, &p));
    }
    for (int r = 0; r < circuit->readouts; r++)
        for (int k = 0; k < s->joint; k++)
            if (ent_bits_has(&circuit->readout[r].z, qubit[k])) s->string[r] |= 1 << k;
    return ENT_OK;
}

/* The circuit with other readouts; apart: with a separate slot for the angle of each gate. */
static ent_status rewrite(const ent_circuit *circuit, const int *qubit, ent_shots *s, bool apart, ent_circuit **out)
{
    ent_circuit *to = NULL;
    int next = 0;
    const int params = apart ? s->own[0] : circuit->params, angles = apart ? s->own[1] : circuit->angles;
    ENT_TRY(ent_circuit_new(circuit->qubits, params, angles, &to));
    ent_status status = ENT_OK;
    if (circuit->qubits > 0) {
        int sizes[ENT_MAX_QUBITS];
        for (int m = 0; m < circuit->registers; m++)
            sizes[m] = circuit->register_first[m + 1] - circuit->register_first[m];
        status = ent_circuit_registers(to, circuit->registers, sizes);
    }
    for (int64_t g = 0; g < circuit->gates && status == ENT_OK; g++) {
        ent_gate gate = circuit->gate[g];
        if (apart && gate.angle.source != ENT_ANGLE_FIXED)
            gate.angle = (ent_angle){gate.angle.source, s->gate[next++].own, 1.0, 0.0};
        status = ent_circuit_add(to, gate);
    }
    if (status == ENT_OK) status = read_strings(circuit, qubit, s, to);
    *out = to;
    return status;
}

static ent_status list_gates(const ent_circuit *circuit, ent_shots *s)
{
    s->gate = ent_alloc(circuit->gates, sizeof *s->gate);
    s->spread = ent_alloc((int64_t)circuit->params + circuit->angles, sizeof *s->spread);
    if (!s->gate || !s->spread) return no_memory();
    for (int64_t g = 0; g < circuit->gates; g++) {
        const ent_angle *angle = &circuit->gate[g].angle;
        if (angle->source == ENT_ANGLE_FIXED) continue;
        const bool data = angle->source == ENT_ANGLE_DATA;
        gate_angle *at = &s->gate[s->gates++];
        *at = (gate_angle){*angle, ent_shift_rule_of(circuit->gate[g].kind), s->own[data]++};
        double *spread = &s->spread[data ? circuit->params + angle->slot : angle->slot];
        for (int k = 0; k < at->rule.terms; k++) *spread += pow(angle->scale * at->rule.factor[k], 2.0);
    }
    return ENT_OK;
}

static ent_status make_program(const ent_circuit *circuit, const ent_program_inp *inp, const int *qubit, ent_shots *s,
                               bool apart, ent_program **program)
{
    ent_circuit *rewritten = NULL;
    ent_program_inp exact = *inp;
    exact.shots = 0;
    exact.shot_gradient = ENT_SHOTS_ADJOINT;
    ent_status status = rewrite(circuit, qubit, s, apart, &rewritten);
    if (status == ENT_OK) status = ent_program_new(rewritten, &exact, program);
    ent_circuit_free(rewritten);
    return status;
}

static ent_status make(const ent_circuit *circuit, const ent_program_inp *inp, ent_shots *s)
{
    int qubit[MOST_JOINT];
    s->string = ent_alloc(circuit->readouts, sizeof *s->string);
    if (!s->string) return no_memory();
    s->joint = s->shots > 0 ? joint_qubits(circuit, qubit) : 0;
    s->inner = s->joint > 0 ? (1 << s->joint) - 1 : circuit->readouts;
    ENT_TRY(list_gates(circuit, s));
    ENT_TRY(make_program(circuit, inp, qubit, s, false, &s->program));
    if (s->kind == ENT_SHOTS_SHIFT) ENT_TRY(make_program(circuit, inp, qubit, s, true, &s->shifted));
    if (s->shots > 0)
        snprintf(s->name, sizeof s->name, "%s, %lld shots (%s)", ent_program_engine(s->program), (long long)s->shots,
                 s->joint > 0 ? "joint" : "per readout");
    else
        snprintf(s->name, sizeof s->name, "%s, parameter shift", ent_program_engine(s->program));
    return ENT_OK;
}

ent_status ent_shots_new(const ent_circuit *circuit, const ent_program_inp *inp, ent_shots **out)
{
    ENT_REQUIRE(inp->shots >= 0, ENT_EARG, "shots: found %lld, want 0 or more", (long long)inp->shots);
    ent_shots *s = ent_alloc(1, sizeof *s);
    if (!s) return no_memory();
    *s = (ent_shots){.shots = inp->shots,
                     .kind = inp->shot_gradient,
                     .seed = inp->shot_seed,
                     .readouts = circuit->readouts,
                     .params = circuit->params,
                     .angles = circuit->angles};
    const ent_status status = make(circuit, inp, s);
    if (status != ENT_OK) {
        ent_shots_free(s);
        return status;
    }
    *out = s;
    return ENT_OK;
}

void ent_shots_free(ent_shots *s)
{
    if (!s) return;
    ent_program_free(s->program);
    ent_program_free(s->shifted);
    ent_free(s->string);
    ent_free(s->gate);
    ent_free(s->spread);
    ent_free(s);
}

const char *ent_shots_describe(const ent_shots *s)
{
    return s->name;
}

void ent_shots_draw(ent_shots *s, const ent_draws *draws)
{
    s->draws = *draws;
    ent_program_draw(s->program, draws);
    if (s->shifted) ent_program_draw(s->shifted, draws);
}

/* ---- samples ---- */

/* Move the stream to the numbers of estimate `which`: 0 for the values, then one for each shifted value. */
static ent_random numbers_of(const ent_shots *s, int64_t sample, int estimate, int which)
{
    const uint64_t estimates = 1 + 4 * (uint64_t)s->gates, each = (uint64_t)s->inner + 1;
    ent_random stream = ent_random_at(s->seed, ENT_FOR_SHOTS, s->draws.a, s->draws.b);
    stream.next = ((ent_draws_number(&s->draws, sample) * estimates + (uint64_t)estimate) * each + (uint64_t)which) *
                  NUMBERS_OF_ONE;
    return stream;
}

static double between(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

/* x[k] becomes the sum over j of (-1)^|k & j| x[j]. */
static void walsh_hadamard(int bits, double *x)
{
    for (int half = 1; half < 1 << bits; half *= 2)
        for (int k = 0; k < 1 << bits; k++) {
            if (k & half) continue;
            const double a = x[k], b = x[k | half];
            x[k] = a + b;
            x[k | half] = a - b;
        }
}

/* From the expectation values of all strings to their estimates, both as a table by string. */
static void sample_jointly(const ent_shots *s, int64_t sample, int estimate, double *table)
{
    const int outcomes = 1 << s->joint;
    double chance[2 << MOST_JOINT]; /* of the outcomes from `outcomes` on; of node k the sum of 2 k and 2 k + 1 */
    int64_t count[2 << MOST_JOINT];
    walsh_hadamard(s->joint, table);
    for (int k = 0; k < outcomes; k++) chance[outcomes + k] = fmax(table[k] / outcomes, 0.0);
    for (int k = outcomes - 1; k > 0; k--) chance[k] = chance[2 * k] + chance[2 * k + 1];
    count[1] = s->shots;
    for (int k = 1; k < outcomes; k++) {
        ent_random stream = numbers_of(s, sample, estimate, k);
        const double p = chance[k] > 0.0 ? between(chance[2 * k] / chance[k], 0.0, 1.0) : 0.0;
        count[2 * k] = ent_random_binomial(&stream, count[k], p);
        count[2 * k + 1] = count[k] - count[2 * k];
    }
    for (int k = 0; k < outcomes; k++) table[k] = (double)count[outcomes + k] / (double)s->shots;
    walsh_hadamard(s->joint, table);
}

/* exact [inner] to values [readouts]. */
static void estimate_sample(const ent_shots *s, int64_t sample, int estimate, const double *exact, double *values)
{
    double table[1 << MOST_JOINT];
    if (s->shots == 0) {
        memcpy(values, exact, (size_t)s->readouts * sizeof *values);
        return;
    }
    if (s->joint > 0) {
        table[0] = 1.0;
        memcpy(table + 1, exact, (size_t)s->inner * sizeof *exact);
        sample_jointly(s, sample, estimate, table);
        for (int r = 0; r < s->readouts; r++) values[r] = table[s->string[r]];
        return;
    }
    for (int r = 0; r < s->readouts; r++) {
        ent_random stream = numbers_of(s, sample, estimate, r);
        const int64_t up = ent_random_binomial(&stream, s->shots, between(0.5 * (1.0 + exact[r]), 0.0, 1.0));
        values[r] = (double)(2 * up - s->shots) / (double)s->shots;
    }
}

/* scratch: room [samples][inner] */
static ent_status estimate_batch(const ent_shots *s, ent_program *program, const ent_batch *batch, int estimate,
                                 double *room, double *values)
{
    ENT_TRY(ent_program_forward(program, batch, room));
    for (int64_t k = 0; k < batch->samples; k++)
        estimate_sample(s, k, estimate, room + k * s->inner, values + k * s->readouts);
    return ENT_OK;
}

ent_status ent_shots_forward(ent_shots *s, const ent_batch *batch, double *expectations)
{
    double *room = ent_alloc(batch->samples * s->inner, sizeof *room);
    if (!room) return no_memory();
    const ent_status status = estimate_batch(s, s->program, batch, 0, room, expectations);
    ent_free(room);
    return status;
}

/* ---- exact derivatives with noise ---- */

typedef struct {
    const ent_shots *shots;
    ent_cotangent *cotangent;
    void *context;
    double *values, *weights; /* [samples][readouts] */
    double *square;           /* [samples] of the weights, summed */
} measured;

static void measured_cotangent(void *context, int64_t first, int64_t count, const double *exact, double *weights)
{
    const measured *m = context;
    const ent_shots *s = m->shots;
    double *values = m->values + first * s->readouts, *by = m->weights + first * s->readouts;
    for (int64_t k = 0; k < count; k++)
        estimate_sample(s, first + k, 0, exact + k * s->inner, values + k * s->readouts);
    m->cotangent(m->context, first, count, values, by);
    memset(weights, 0, (size_t)(count * s->inner) * sizeof *weights);
    for (int64_t k = 0; k < count; k++) {
        double square = 0.0;
        for (int r = 0; r < s->readouts; r++) {
            const double weight = by[k * s->readouts + r];
            weights[k * s->inner + (s->joint > 0 ? s->string[r] - 1 : r)] += weight;
            square += weight * weight;
        }
        m->square[first + k] = square;
    }
}

/* The number of a batch's first sample identifies the batch within a pass. */
static void add_noise(const ent_shots *s, const measured *m, int64_t samples, double *grad_params,
                      double *grad_angles)
{
    const ent_random at = ent_random_at(s->seed, ENT_FOR_SHOT_NOISE, s->draws.a, s->draws.b);
    double square = 0.0;
    for (int64_t k = 0; k < samples; k++) square += m->square[k];
    for (int p = 0; p < s->params; p++) {
        ent_random stream = at;
        if (s->spread[p] == 0.0) continue;
        stream.next = 2 * (ent_draws_number(&s->draws, 0) * (uint64_t)s->params + (uint64_t)p);
        grad_params[p] += sqrt(s->spread[p] * square / (double)s->shots) * ent_random_normal(&stream);
    }
    for (int64_t k = 0; k < samples && grad_angles; k++)
        for (int a = 0; a < s->angles; a++) {
            ent_random stream = at;
            const double spread = s->spread[s->params + a];
            if (spread == 0.0) continue;
            stream.next = (UINT64_C(1) << 63) +
                          2 * (ent_draws_number(&s->draws, k) * (uint64_t)s->angles + (uint64_t)a);
            grad_angles[k * s->angles + a] += sqrt(spread * m->square[k] / (double)s->shots) *
                                              ent_random_normal(&stream);
        }
}

static ent_status noisy_adjoint(ent_shots *s, const ent_batch *batch, measured *m, double *grad_params,
                                double *grad_angles)
{
    ENT_TRY(ent_program_gradient(s->program, batch, measured_cotangent, m, grad_params, grad_angles));
    add_noise(s, m, batch->samples, grad_params, grad_angles);
    return ENT_OK;
}

/* ---- parameter shift ---- */

typedef struct {
    double *params, *angles; /* of the shifted program */
    double *room, *values;   /* [samples][inner], [samples][readouts] */
} shift_room;

/* Add the derivative with respect to the angle of one gate, for every sample, to the slot of the angle. */
static ent_status shift_gate(ent_shots *s, const ent_batch *batch, const measured *m, int g, const shift_room *room,
                             double *grad_params, double *grad_angles)
{
    const gate_angle *at = &s->gate[g];
    const bool data = at->angle.source == ENT_ANGLE_DATA;
    const int64_t n = batch->samples, step = data ? s->own[1] : 0, moved = data ? n : 1;
    double *own = (data ? room->angles : room->params) + at->own;
    const ent_batch shifted = {n, room->angles, room->params};
    ent_status status = ENT_OK;
    for (int k = 0; k < at->rule.terms && status == ENT_OK; k++) {
        for (int64_t i = 0; i < moved; i++) own[i * step] += at->rule.shift[k];
        status = estimate_batch(s, s->shifted, &shifted, 1 + 4 * g + k, room->room, room->values);
        for (int64_t i = 0; i < moved; i++) own[i * step] -= at->rule.shift[k];
        for (int64_t i = 0; i < n && status == ENT_OK; i++) {
            double *slot = data ? grad_angles + i * s->angles : grad_params, slope = 0.0;
            for (int r = 0; r < s->readouts; r++)
                slope += m->weights[i * s->readouts + r] * room->values[i * s->readouts + r];
            slot[at->angle.slot] += at->angle.scale * at->rule.factor[k] * slope;
        }
    }
    return status;
}

static ent_status shift_all(ent_shots *s, const ent_batch *batch, measured *m, const shift_room *room,
                            double *grad_params, double *grad_angles)
{
    ENT_TRY(estimate_batch(s, s->program, batch, 0, room->room, m->values));
    m->cotangent(m->context, 0, batch->samples, m->values, m->weights);
    if (grad_angles) memset(grad_angles, 0, (size_t)(batch->samples * s->angles) * sizeof *grad_angles);
    for (int g = 0; g < s->gates; g++) {
        const gate_angle *at = &s->gate[g];
        if (at->angle.source == ENT_ANGLE_PARAM)
            room->params[at->own] = ent_angle_value(&at->angle, batch->params, NULL);
        else
            for (int64_t k = 0; k < batch->samples; k++)
                room->angles[k * s->own[1] + at->own] =
                    ent_angle_value(&at->angle, NULL, batch->angles + k * s->angles);
    }
    for (int g = 0; g < s->gates; g++)
        if (s->gate[g].angle.source == ENT_ANGLE_PARAM || grad_angles)
            ENT_TRY(shift_gate(s, batch, m, g, room, grad_params, grad_angles));
    return ENT_OK;
}

static ent_status by_shift(ent_shots *s, const ent_batch *batch, measured *m, double *grad_params,
                           double *grad_angles)
{
    const int64_t n = batch->samples;
    shift_room room = {.params = ent_alloc(s->own[0], sizeof(double)),
                       .angles = ent_alloc(n * s->own[1], sizeof(double)),
                       .room = ent_alloc(n * s->inner, sizeof(double)),
                       .values = ent_alloc(n * s->readouts, sizeof(double))};
    const ent_status status = room.params && room.angles && room.room && room.values
                                  ? shift_all(s, batch, m, &room, grad_params, grad_angles)
                                  : no_memory();
    ent_free(room.params);
    ent_free(room.angles);
    ent_free(room.room);
    ent_free(room.values);
    return status;
}

ent_status ent_shots_gradient(ent_shots *s, const ent_batch *batch, ent_cotangent *cotangent, void *context,
                              double *grad_params, double *grad_angles)
{
    const int64_t n = batch->samples;
    measured m = {.shots = s,
                  .cotangent = cotangent,
                  .context = context,
                  .values = ent_alloc(n * s->readouts, sizeof(double)),
                  .weights = ent_alloc(n * s->readouts, sizeof(double)),
                  .square = ent_alloc(n, sizeof(double))};
    ent_status status = m.values && m.weights && m.square ? ENT_OK : no_memory();
    if (status == ENT_OK)
        status = s->kind == ENT_SHOTS_SHIFT ? by_shift(s, batch, &m, grad_params, grad_angles)
                                            : noisy_adjoint(s, batch, &m, grad_params, grad_angles);
    ent_free(m.values);
    ent_free(m.weights);
    ent_free(m.square);
    return status;
}
