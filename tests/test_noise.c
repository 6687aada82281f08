/* Noise: density matrices and trajectories against dense density matrices with Kraus operators, written here. */
#include <complex.h>
#include <stdlib.h>

#include "dense.h"
#include "random_model.h"

#include "entente/random.h"

/* ---- the dense reference: rho as a matrix, channels as sums over Kraus operators ---- */

enum { MOST_QUBITS = 5, MOST_DIM = 1 << MOST_QUBITS, MOST_GATES = 400 };

typedef struct {
    int dim;
    dense_number a[MOST_DIM][MOST_DIM];
} density;

/* rho = m rho m^dagger, or with `adjoint` m^dagger rho m, for a matrix on the qubits of `gate` and of their dimension
 * d; the local index is (bit of qubit[0]) + 2 (bit of qubit[1]). */
static void conjugate(dense_number m[4][4], int d, const int *qubit, bool adjoint, density *rho)
{
    for (int side = 0; side < 2; side++)
        for (int line = 0; line < rho->dim; line++)
            for (int base = 0; base < rho->dim; base++) {
                dense_number v[4], sum;
                int at[4];
                if (base >> qubit[0] & 1 || (d == 4 && base >> qubit[1] & 1)) continue;
                for (int k = 0; k < d; k++) {
                    at[k] = base | (k & 1) << qubit[0] | (k & 2 ? 1 << qubit[1] : 0);
                    v[k] = side ? rho->a[line][at[k]] : rho->a[at[k]][line];
                }
                for (int r = 0; r < d; r++) {
                    sum = 0;
                    for (int c = 0; c < d; c++) {
                        const dense_number entry = adjoint ? conj(m[c][r]) : m[r][c];
                        sum += (side ? conj(entry) : entry) * v[c];
                    }
                    *(side ? &rho->a[line][at[r]] : &rho->a[at[r]][line]) = sum;
                }
            }
}

static void conjugate_1q(density *rho, dense_2x2 m, int qubit, bool adjoint)
{
    dense_number wide[4][4] = {{m.a[0][0], m.a[0][1]}, {m.a[1][0], m.a[1][1]}};
    conjugate(wide, 2, &qubit, adjoint, rho);
}

/* The gate's matrix on its own qubits, taken from the whole matrix on qubits 0 and 1. */
static void conjugate_gate(density *rho, const ent_gate *gate, double t, bool adjoint)
{
    static dense_matrix m;
    dense_number small[4][4];
    const int d = ent_gate_describe(gate->kind)->qubits == 2 ? 4 : 2, here[2] = {0, 1};
    dense_gate(gate->kind, t, here, d == 4 ? 2 : 1, &m);
    for (int r = 0; r < d; r++)
        for (int c = 0; c < d; c++) small[r][c] = m.a[r][c];
    conjugate(small, d, gate->qubit, adjoint, rho);
}

static void add_to(density *sum, double factor, const density *rho)
{
    for (int r = 0; r < rho->dim; r++)
        for (int c = 0; c < rho->dim; c++) sum->a[r][c] += factor * rho->a[r][c];
}

/* sum_k K_k rho K_k^dagger for two Kraus operators; adjoint: sum_k K_k^dagger rho K_k. */
static void kraus_pair(density *rho, dense_2x2 k0, dense_2x2 k1, int qubit, bool adjoint)
{
    static density other;
    other = *rho;
    conjugate_1q(rho, k0, qubit, adjoint);
    conjugate_1q(&other, k1, qubit, adjoint);
    add_to(rho, 1.0, &other);
}

/* The mean over all Pauli strings on the qubits is I / 2^k with those qubits traced out; it is its own adjoint. */
static void depolarize(density *rho, double p, const int *qubit, int qubits)
{
    static density sum, one;
    const char *names = "IXYZ";
    if (p == 0.0) return;
    sum.dim = rho->dim;
    memset(sum.a, 0, sizeof sum.a);
    add_to(&sum, 1.0 - p, rho);
    for (int a = 0; a < 4; a++)
        for (int b = 0; b < (qubits == 2 ? 4 : 1); b++) {
            one = *rho;
            conjugate_1q(&one, dense_named(names[a]), qubit[0], false);
            if (qubits == 2) conjugate_1q(&one, dense_named(names[b]), qubit[1], false);
            add_to(&sum, qubits == 2 ? p / 16 : p / 4, &one);
        }
    *rho = sum;
}

static void damp(density *rho, const ent_gate_noise *n, int qubit, bool adjoint)
{
    const double g = n->amplitude_damping, l = n->phase_damping;
    for (int k = 0; k < 2; k++) /* phase damping last, or of the adjoint first */
        if ((k == 1) == adjoint)
            kraus_pair(rho, dense_rows(1, 0, 0, sqrt(1 - g)), dense_rows(0, sqrt(g), 0, 0), qubit, adjoint);
        else
            kraus_pair(rho, dense_rows(1, 0, 0, sqrt(1 - l)), dense_rows(0, 0, 0, sqrt(l)), qubit, adjoint);
}

static void add_noise(density *rho, const ent_gate *gate, const ent_qubit_noise *noise, bool adjoint)
{
    const int qubits = ent_gate_describe(gate->kind)->qubits;
    const ent_gate_noise *n[2] = {NULL, NULL};
    for (int k = 0; k < qubits; k++)
        n[k] = qubits == 2 ? &noise[gate->qubit[k]].after_2q : &noise[gate->qubit[k]].after_1q;
    const double p = qubits == 2 ? fmax(n[0]->depolarizing, n[1]->depolarizing) : n[0]->depolarizing;
    if (!adjoint) depolarize(rho, p, gate->qubit, qubits);
    for (int k = 0; k < qubits; k++) damp(rho, n[k], gate->qubit[k], adjoint);
    if (adjoint) depolarize(rho, p, gate->qubit, qubits);
}

/* The observable that is measured: for each qubit, the probabilities of its two outcomes times 1 and -1. */
static void observable(const ent_pauli *string, const ent_qubit_noise *noise, int n, density *out)
{
    memset(out, 0, sizeof *out);
    out->dim = 1;
    out->a[0][0] = 1;
    for (int q = n - 1; q >= 0; q--) {
        static density grown;
        const bool x = ent_bits_has(&string->x, q), z = ent_bits_has(&string->z, q);
        dense_2x2 m = dense_named('I'), p = dense_named(x && z ? 'Y' : x ? 'X' : 'Z');
        const double up = 1 - 2 * noise[q].p01, down = 2 * noise[q].p10 - 1; /* mean of the outcomes for +1, for -1 */
        for (int r = 0; r < 2 && (x || z); r++)
            for (int c = 0; c < 2; c++)
                m.a[r][c] = up * ((r == c) + p.a[r][c]) / 2 + down * ((r == c) - p.a[r][c]) / 2;
        grown.dim = 2 * out->dim;
        for (int r = 0; r < grown.dim; r++)
            for (int c = 0; c < grown.dim; c++) grown.a[r][c] = out->a[r / 2][c / 2] * m.a[r % 2][c % 2];
        *out = grown;
    }
}

static double trace_of_product(const density *a, const density *b)
{
    dense_number sum = 0;
    for (int r = 0; r < a->dim; r++)
        for (int c = 0; c < a->dim; c++) sum += a->a[r][c] * b->a[c][r];
    return creal(sum);
}

static ent_status spell(void *to, const ent_gate *gate)
{
    if (ent_gate_describe(gate->kind)->qubits == 0) return ent_qft_spell_out(gate, spell, to);
    return ent_circuit_add(to, *gate);
}

/* d/dt of tr(O U(t) rho U(t)^dagger), by the parameter-shift rule for one gate. */
static double slope_of(const ent_gate *gate, double t, const density *rho, const density *o)
{
    static density turned;
    const double quarter = acos(0.0), plus = (sqrt(2) + 1) / (4 * sqrt(2)), minus = (sqrt(2) - 1) / (4 * sqrt(2));
    const bool controlled = gate->kind == ENT_CRX || gate->kind == ENT_CRY || gate->kind == ENT_CRZ;
    double slope = 0.0;
    for (int k = 0; k < (controlled ? 4 : 2); k++) {
        const double sign = k & 1 ? -1.0 : 1.0, turns = k & 2 ? 3.0 : 1.0;
        turned = *rho;
        conjugate_gate(&turned, gate, t + sign * turns * quarter, false);
        slope += sign * (!controlled ? 0.5 : k & 2 ? -minus : plus) * trace_of_product(o, &turned);
    }
    return slope;
}

/* One sample: rho forward through gates and channels, its readouts, and the weighted observable back through them. */
static void dense_sample(run *r, const ent_circuit *c, const ent_qubit_noise *noise, int64_t s)
{
    static density before[MOST_GATES], rho, o, one;
    double weights[64];
    const double *data = r->angles + s * c->angles;
    double *values = r->expectations + s * c->readouts;
    assert_true(c->readouts <= 64 && c->gates <= MOST_GATES);
    memset(&rho, 0, sizeof rho);
    memset(&o, 0, sizeof o);
    rho.dim = o.dim = 1 << c->qubits;
    rho.a[0][0] = 1;
    for (int64_t g = 0; g < c->gates; g++) {
        before[g] = rho;
        conjugate_gate(&rho, &c->gate[g], ent_angle_value(&c->gate[g].angle, r->params, data), false);
        add_noise(&rho, &c->gate[g], noise, false);
    }
    for (int k = 0; k < c->readouts; k++) {
        observable(&c->readout[k], noise, c->qubits, &one);
        values[k] = trace_of_product(&one, &rho);
    }
    cotangent((void *)c, s, 1, values, weights);
    for (int k = 0; k < c->readouts; k++) {
        observable(&c->readout[k], noise, c->qubits, &one);
        add_to(&o, weights[k], &one);
    }
    for (int64_t g = c->gates - 1; g >= 0; g--) {
        const ent_gate *gate = &c->gate[g];
        const double t = ent_angle_value(&gate->angle, r->params, data);
        double *slots = gate->angle.source == ENT_ANGLE_PARAM ? r->grad_params : r->grad_angles + s * c->angles;
        add_noise(&o, gate, noise, true);
        if (gate->angle.source != ENT_ANGLE_FIXED)
            slots[gate->angle.slot] += gate->angle.scale * slope_of(gate, t, &before[g], &o);
        conjugate_gate(&o, gate, t, true);
    }
}

static void dense_go(run *r, const ent_qubit_noise *noise)
{
    ent_circuit *c;
    check_ok(ent_circuit_new(r->circuit->qubits, r->circuit->params, r->circuit->angles, &c));
    for (int64_t g = 0; g < r->circuit->gates; g++) check_ok(spell(c, &r->circuit->gate[g]));
    for (int k = 0; k < r->circuit->readouts; k++) check_ok(ent_circuit_read_pauli(c, &r->circuit->readout[k]));
    for (int64_t s = 0; s < r->samples; s++) dense_sample(r, c, noise, s);
    ent_circuit_free(c);
}

static void assert_equal(const run *found, const run *wanted, double values, double gradients)
{
    check_near(distance(found->expectations, wanted->expectations, wanted->samples * wanted->circuit->readouts), 0.0,
               values);
    check_near(run_distance(found, wanted), 0.0, gradients);
}

/* ---- circuits and devices ---- */

static ent_gate_noise random_gate_noise(uint64_t *state, double most)
{
    ent_gate_noise n = {0};
    if (below(state, 3)) n.depolarizing = uniform(state, 0, most);
    if (below(state, 3)) n.amplitude_damping = uniform(state, 0, most);
    if (below(state, 3)) n.phase_damping = uniform(state, 0, most);
    return n;
}

static void random_noise(uint64_t *state, double most, int qubits, ent_qubit_noise *noise)
{
    for (int q = 0; q < qubits; q++) {
        noise[q] = (ent_qubit_noise){random_gate_noise(state, most), random_gate_noise(state, most), 0, 0};
        if (!below(state, 2)) continue;
        noise[q].p01 = uniform(state, 0, most);
        noise[q].p10 = uniform(state, 0, most);
    }
}

/* 2 to 4 registers of 1 to 3 qubits, `most` in all. */
static ent_circuit *random_fused(uint64_t *state, int most)
{
    return random_model(state, (model_limits){.registers = 4, .each = 3, .qubits = most, .depth = 1, .layers = 2});
}

/* Gates of all kinds anywhere, data angles among them; strings of all letters. */
static ent_circuit *random_anything(uint64_t *state, int gates)
{
    int sizes[3], registers = 1 + below(state, 3), qubits = 0;
    for (int m = 0; m < registers; m++) qubits += sizes[m] = 1 + below(state, 4 / registers);
    ent_circuit *circuit;
    check_ok(ent_circuit_new(qubits, 4, 3, &circuit));
    check_ok(ent_circuit_registers(circuit, registers, sizes));
    for (int k = 0; k < gates; k++) {
        ent_gate gate = {.kind = (ent_gate_kind)below(state, ENT_GATE_KINDS)};
        const ent_gate_info *info = ent_gate_describe(gate.kind);
        const int a = below(state, qubits), b = below(state, qubits);
        if (info->qubits == 2 && a == b) continue;
        gate.qubit[0] = info->qubits == 0 && b < a ? b : a;
        gate.qubit[1] = info->qubits == 0 && b < a ? a : info->qubits == 1 ? a : b;
        gate.angle = ent_angle_none();
        if (info->angles)
            gate.angle = below(state, 2) ? ent_angle_param(below(state, 4)) : ent_angle_data(below(state, 3));
        if (info->angles) gate.angle.scale = uniform(state, -2, 2);
        check_ok(ent_circuit_add(circuit, gate));
    }
    for (int r = 0; r < 4; r++) {
        const uint64_t mask = (UINT64_C(1) << qubits) - 1, x = next(state) & mask, z = next(state) & mask;
        const ent_pauli string = {ent_bits_of_word(x), ent_bits_of_word(z)};
        if ((x | z) != 0) check_ok(ent_circuit_read_pauli(circuit, &string));
    }
    check_ok(ent_circuit_read(circuit, 1));
    return circuit;
}

/* ---- computes ---- */

static void check_circuit(ent_circuit *circuit, uint64_t *seed, double most, const char *isa)
{
    ent_qubit_noise device[MOST_QUBITS];
    random_noise(seed, most, circuit->qubits, device);
    device[0].after_1q.depolarizing = most / 2;
    const ent_noise noise = {.qubit = device, .method = ENT_NOISE_DENSITY};
    run wanted = run_new(circuit, 2, *seed), found = run_new(circuit, 2, *seed);
    dense_go(&wanted, device);
    run_go(&found, &(ent_program_inp){.threads = 1, .noise = &noise, .isa = isa});
    assert_equal(&found, &wanted, 1e-12, 1e-11);
    run_go(&found, &(ent_program_inp){.threads = 1, .noise = &noise, .isa = isa, .precision = ENT_SINGLE});
    assert_equal(&found, &wanted, 1e-5, 1e-5);
    run_free(&wanted);
    run_free(&found);
}

static const char *isa_of(int turn)
{
    static const char *const names[] = {"baseline", "avx2", "avx512"};
    const char *name;
    return ent_isa_pick(names[turn % 3], &name) == ENT_OK ? names[turn % 3] : NULL;
}

/* Circuits that `draw` draws, on devices of weak noise and every tenth of strong noise. */
static void check_circuits(ent_circuit *(*draw)(uint64_t *seed, int turn), uint64_t seed)
{
    for (int turn = 0; turn < check_turns(200); turn++) {
        ent_circuit *circuit = draw(&seed, turn);
        check_circuit(circuit, &seed, turn % 10 ? 0.1 : 1.0, isa_of(turn));
        ent_circuit_free(circuit);
    }
}

static ent_circuit *draw_model(uint64_t *seed, int turn)
{
    return random_fused(seed, turn % 20 ? 4 : 5);
}

static void equals_dense_density_matrices_on_fused_models(void **state)
{
    (void)state;
    check_circuits(draw_model, 1);
}

static ent_circuit *draw_anything(uint64_t *seed, int turn)
{
    (void)turn;
    return random_anything(seed, 4 + below(seed, 12));
}

/* Data after registers are joined, Clifford gates, QFT: the registers apart or joined. */
static void equals_dense_density_matrices_on_all_gates(void **state)
{
    (void)state;
    check_circuits(draw_anything, 2);
}

static void noise_of_strength_0_changes_no_bit(void **state)
{
    (void)state;
    uint64_t seed = 3;
    const ent_qubit_noise device[MOST_QUBITS] = {{.p01 = 0.0}};
    for (int turn = 0; turn < 20; turn++) {
        ent_circuit *circuit = random_fused(&seed, 5);
        const ent_noise noise = {.qubit = device, .method = turn & 1 ? ENT_NOISE_TRAJECTORIES : ENT_NOISE_DENSITY};
        check_same_bits(circuit, 9, seed, &(ent_program_inp){.threads = 1},
                        &(ent_program_inp){.threads = 1, .noise = &noise});
        ent_circuit_free(circuit);
    }
}

static void threads_and_batches_change_no_bit(void **state)
{
    (void)state;
    uint64_t seed = 4;
    ent_qubit_noise device[MOST_QUBITS];
    for (int method = ENT_NOISE_DENSITY; method <= ENT_NOISE_TRAJECTORIES; method++) {
        const int64_t samples = method == ENT_NOISE_DENSITY ? 300 : 30;
        ent_circuit *circuit = random_fused(&seed, 5);
        random_noise(&seed, 0.1, circuit->qubits, device);
        device[0].after_1q.amplitude_damping = 0.1;
        const ent_noise noise = {.qubit = device, .method = (ent_noise_method)method, .trajectories = 3, .seed = 5};
        run one = run_new(circuit, samples, 5), more = run_new(circuit, samples, 5);
        run_go(&one, &(ent_program_inp){.threads = 1, .noise = &noise});
        run_go(&more, &(ent_program_inp){.threads = 3, .noise = &noise});
        assert_true(run_is_same(&more, &one));
        ent_program *program; /* one sample of them by itself, by its number */
        const int64_t number = 7;
        check_ok(ent_program_new(circuit, &(ent_program_inp){.threads = 1, .noise = &noise}, &program));
        ent_program_draw(program, &(ent_draws){.index = &number});
        const ent_batch batch = {1, more.angles + number * circuit->angles, more.params};
        check_ok(ent_program_forward(program, &batch, more.expectations));
        assert_memory_equal(more.expectations, one.expectations + number * circuit->readouts,
                            (size_t)circuit->readouts * sizeof(double));
        ent_program_free(program);
        run_free(&one);
        run_free(&more);
        ent_circuit_free(circuit);
    }
}

/* Weights that do not depend on the values, so that the gradient's expectation is the exact one. */
static void constant_cotangent(void *context, int64_t first, int64_t count, const double *values, double *weights)
{
    const int readouts = ((const ent_circuit *)context)->readouts;
    (void)first;
    (void)values;
    for (int64_t k = 0; k < count; k++)
        for (int r = 0; r < readouts; r++) weights[k * readouts + r] = sin(1.0 + r);
}

/* Means over independent repetitions, within 4 standard errors of the exact ones. */
static void trajectories_are_unbiased(void **state)
{
    (void)state;
    enum { REPEAT = 400 };
    uint64_t seed = 6;
    for (int turn = 0; turn < check_turns(8); turn++) {
        ent_circuit *circuit = turn & 1 ? random_anything(&seed, 10) : random_fused(&seed, 4);
        ent_qubit_noise device[MOST_QUBITS];
        random_noise(&seed, 0.3, circuit->qubits, device);
        device[0].after_1q = (ent_gate_noise){0.1, 0.1, 0.1};
        const ent_noise exact = {.qubit = device, .method = ENT_NOISE_DENSITY};
        const ent_noise noise = {
            .qubit = device, .method = ENT_NOISE_TRAJECTORIES, .trajectories = 4, .seed = (uint64_t)turn};
        const int values = circuit->readouts, params = circuit->params, numbers = values + params;
        run want = run_new(circuit, 1, seed), found = run_new(circuit, 1, seed);
        double *sum = ent_alloc(numbers, sizeof *sum), *square = ent_alloc(numbers, sizeof *square);
        ent_program *program[2];
        check_ok(ent_program_new(circuit, &(ent_program_inp){.threads = 1, .noise = &exact}, &program[0]));
        check_ok(ent_program_new(circuit, &(ent_program_inp){.threads = 1, .noise = &noise}, &program[1]));
        assert_string_equal(ent_program_engine(program[1]), "trajectories");
        const ent_batch batch = {1, want.angles, want.params};
        check_ok(ent_program_forward(program[0], &batch, want.expectations));
        check_ok(ent_program_gradient(program[0], &batch, constant_cotangent, circuit, want.grad_params,
                                      want.grad_angles));
        for (int repeat = 0; repeat < REPEAT; repeat++) {
            ent_program_draw(program[1], &(ent_draws){.a = (uint64_t)repeat});
            memset(found.grad_params, 0, (size_t)params * sizeof(double));
            check_ok(ent_program_forward(program[1], &batch, found.expectations));
            check_ok(ent_program_gradient(program[1], &batch, constant_cotangent, circuit, found.grad_params,
                                          found.grad_angles));
            for (int k = 0; k < numbers; k++) {
                const double x = k < values ? found.expectations[k] : found.grad_params[k - values];
                sum[k] += x;
                square[k] += x * x;
            }
        }
        for (int k = 0; k < numbers; k++) {
            const double mean = sum[k] / REPEAT, variance = fmax(0.0, square[k] / REPEAT - mean * mean);
            check_near(mean, k < values ? want.expectations[k] : want.grad_params[k - values],
                       4.0 * sqrt(variance / REPEAT) + 1e-12);
        }
        for (int k = 0; k < 2; k++) ent_program_free(program[k]);
        ent_free(sum);
        ent_free(square);
        run_free(&want);
        run_free(&found);
        ent_circuit_free(circuit);
    }
}

/* Strengths of a gate from T1 and T2: populations decay by exp(-t / T1), coherences by exp(-t / T2). */
static void times_are_decays(void **state)
{
    (void)state;
    ent_gate_noise n = {.depolarizing = 0.25};
    check_ok(ent_noise_of_times(100.0, 80.0, 0.3, &n));
    check_near(1.0 - n.amplitude_damping, exp(-0.3 / 100.0), 1e-15);
    check_near(sqrt((1.0 - n.amplitude_damping) * (1.0 - n.phase_damping)), exp(-0.3 / 80.0), 1e-15);
    check_near(n.depolarizing, 0.25, 0.0);
    check_ok(ent_noise_of_times(50.0, 100.0, 0.3, &n));
    check_near(n.phase_damping, 0.0, 1e-15);
}

/* A circuit that is too large for density matrices runs with trajectories; with a fixed method it is refused. */
static void large_registers_take_trajectories(void **state)
{
    (void)state;
    ent_circuit *circuit;
    ent_qubit_noise device[ENT_NOISE_MOST_QUBITS + 1] = {{.after_1q = {.depolarizing = 0.1}}};
    check_ok(ent_circuit_new(ENT_NOISE_MOST_QUBITS + 1, 0, 0, &circuit));
    check_ok(ent_circuit_add(circuit, (ent_gate){ENT_X, {0, 0}, ent_angle_none()}));
    check_ok(ent_circuit_read(circuit, 1));
    ent_noise noise = {.qubit = device, .trajectories = 2};
    ent_program *program;
    check_ok(ent_program_new(circuit, &(ent_program_inp){.threads = 1, .noise = &noise}, &program));
    assert_string_equal(ent_program_engine(program), "trajectories");
    ent_program_free(program);
    noise.method = ENT_NOISE_DENSITY;
    check_fails(ent_program_new(circuit, &(ent_program_inp){.threads = 1, .noise = &noise}, &program), ENT_EARG,
                "found a register of 8 qubits, want at most 7");
    ent_circuit_free(circuit);
}

/* ---- refuses ---- */

static void refuses_invalid_noise(void **state)
{
    (void)state;
    ent_circuit *circuit;
    ent_program *program;
    check_ok(ent_circuit_new(1, 0, 0, &circuit));
    check_ok(ent_circuit_add(circuit, (ent_gate){ENT_H, {0, 0}, ent_angle_none()}));
    check_ok(ent_circuit_read(circuit, 1));
    ent_qubit_noise device = {.after_1q = {.depolarizing = 1.5}};
    ent_noise noise = {.qubit = &device, .trajectories = 1};
    ent_program_inp inp = {.threads = 1, .noise = &noise};
    check_fails(ent_program_new(circuit, &inp, &program), ENT_EARG, "depolarizing: found 1.5");
    device = (ent_qubit_noise){.p10 = NAN};
    check_fails(ent_program_new(circuit, &inp, &program), ENT_EARG, "p10: found");
    device = (ent_qubit_noise){.after_1q = {.amplitude_damping = 1.0}};
    noise.method = ENT_NOISE_TRAJECTORIES;
    check_fails(ent_program_new(circuit, &inp, &program), ENT_EARG, "found amplitude damping");
    device = (ent_qubit_noise){.p10 = 0.1};
    noise.trajectories = 0;
    check_fails(ent_program_new(circuit, &inp, &program), ENT_EARG, "trajectories: found 0");
    inp.engine = ENT_ENGINE_BATCH;
    check_fails(ent_program_new(circuit, &inp, &program), ENT_EARG, "want engine auto");
    ent_gate_noise n;
    check_fails(ent_noise_of_times(10.0, 21.0, 0.1, &n), ENT_EARG, "at most twice T1");
    check_fails(ent_noise_of_times(0.0, 1.0, 0.1, &n), ENT_EARG, "want more than 0");
    check_fails(ent_noise_of_times(1.0, 1.0, -0.1, &n), ENT_EARG, "want 0 or more");
    ent_circuit_free(circuit);
}

static void runs_out_of_memory(void **state)
{
    (void)state;
    uint64_t seed = 8;
    ent_circuit *circuit = random_fused(&seed, 4);
    ent_qubit_noise device[MOST_QUBITS];
    random_noise(&seed, 0.5, circuit->qubits, device);
    device[0].after_1q.amplitude_damping = 0.5;
    run r = run_new(circuit, 2, 3);
    const ent_batch batch = {2, r.angles, r.params};
    for (int method = ENT_NOISE_DENSITY; method <= ENT_NOISE_TRAJECTORIES; method++) {
        const ent_noise noise = {.qubit = device, .method = (ent_noise_method)method, .trajectories = 2};
        const ent_program_inp inp = {.threads = 1, .noise = &noise};
        ent_program *program = NULL;
        check_every_allocation(ent_program_new(circuit, &inp, &program), (void)0);
        check_every_allocation(
            ent_program_gradient(program, &batch, cotangent, circuit, r.grad_params, r.grad_angles), (void)0);
        ent_program_free(program);
    }
    run_free(&r);
    ent_circuit_free(circuit);
}

int main(void)
{
    const struct CMUnitTest computes[] = {
        cmocka_unit_test(equals_dense_density_matrices_on_fused_models),
        cmocka_unit_test(equals_dense_density_matrices_on_all_gates),
        cmocka_unit_test(noise_of_strength_0_changes_no_bit),
        cmocka_unit_test(threads_and_batches_change_no_bit),
        cmocka_unit_test(trajectories_are_unbiased),
        cmocka_unit_test(times_are_decays),
        cmocka_unit_test(large_registers_take_trajectories),
    };
    const struct CMUnitTest refuses[] = {
        cmocka_unit_test(refuses_invalid_noise),
        cmocka_unit_test(runs_out_of_memory),
    };
    int failed = cmocka_run_group_tests_name("computes", computes, NULL, NULL);
    failed += cmocka_run_group_tests_name("refuses", refuses, NULL, NULL);
    return failed;
}
