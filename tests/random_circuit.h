/* Random circuits with every kind of gate, and data and parameters for them. */
#ifndef ENTENTE_TESTS_RANDOM_CIRCUIT_H
#define ENTENTE_TESTS_RANDOM_CIRCUIT_H

#include "check.h"

#include "entente/circuit.h"
#include "entente/random.h"

/* An angle from any source, with a scale and an offset. */
static inline ent_angle random_angle(ent_random *s, int params, int angles)
{
    const ent_angle_source source = (ent_angle_source)ent_random_below(s, 3);
    const int slots = source == ENT_ANGLE_PARAM ? params : source == ENT_ANGLE_DATA ? angles : 0;
    if (slots == 0) return ent_angle_fixed(3.0 * ent_random_normal(s));
    return (ent_angle){source, (int)ent_random_below(s, (uint64_t)slots), 0.5 + ent_random_uniform(s),
                       ent_random_normal(s)};
}

/* `gates` gates, all kinds in turn (those that fit n qubits), slots used again and again; readouts of random Pauli
 * strings, every third of Zs only. */
static inline ent_circuit *random_circuit(uint64_t seed, int n, int gates, int params, int angles, int readouts)
{
    ent_random s = ent_random_at(seed, ENT_FOR_TEST, (uint64_t)n, 1);
    ent_circuit *circuit;
    check_ok(ent_circuit_new(n, params, angles, &circuit));
    const int first = (int)ent_random_below(&s, ENT_GATE_KINDS);
    for (int g = 0; g < gates; g++) {
        const ent_gate_kind kind = (ent_gate_kind)((first + 7 * g) % ENT_GATE_KINDS); /* 7 and 26 have no divisor */
        const ent_gate_info *info = ent_gate_describe(kind);
        const int p = (int)ent_random_below(&s, (uint64_t)n), step = 1 + (int)ent_random_below(&s, (uint64_t)n);
        const ent_angle angle = info->angles ? random_angle(&s, params, angles) : ent_angle_none();
        if (info->qubits > n) continue;
        const int q = (p + (step == n ? 1 : step)) % n;
        if (info->qubits == 0)
            check_ok(ent_circuit_add(circuit, (ent_gate){kind, {p < q ? p : q, p < q ? q : p}, angle}));
        else
            check_ok(ent_circuit_add(circuit, (ent_gate){kind, {p, info->qubits == 2 ? q : 0}, angle}));
    }
    for (int r = 0; r < readouts; r++) {
        const uint64_t strings = (UINT64_C(1) << n) - 1;
        const uint64_t z = ent_random_below(&s, strings + 1), x = r % 3 == 0 ? 0 : ent_random_below(&s, strings + 1);
        const ent_pauli string = {ent_bits_of_word(x), ent_bits_of_word(x | z ? z : 1)};
        check_ok(ent_circuit_read_pauli(circuit, &string));
    }
    return circuit;
}

static inline double *random_numbers(uint64_t seed, int64_t count)
{
    ent_random s = ent_random_at(seed, ENT_FOR_TEST, 0, 2);
    double *x = ent_alloc(count, sizeof *x);
    assert_non_null(x);
    for (int64_t k = 0; k < count; k++) x[k] = 2.0 * ent_random_normal(&s);
    return x;
}

#endif
