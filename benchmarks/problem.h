/* What the benchmarks of engines run: circuits, the loss, and the peak of a process's memory. */
#ifndef ENTENTE_BENCH_PROBLEM_H
#define ENTENTE_BENCH_PROBLEM_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "entente/circuit.h"
#include "entente/status.h"

/* Each program's own: ends it with the message unless the status is ENT_OK. */
static void must(ent_status status);

/* Processor time of all threads, which other processes on the cores change little. */
static inline double processor_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void add(ent_circuit *circuit, ent_gate_kind kind, int a, int b, ent_angle angle)
{
    must(ent_circuit_add(circuit, (ent_gate){kind, {a, b}, angle}));
}

static void read_all(ent_circuit *circuit)
{
    for (int q = 0; q < circuit->qubits; q++) must(ent_circuit_read(circuit, UINT64_C(1) << q));
}

/* `layers` times RY and RZ on every qubit and a ring of CX; <Z> of every qubit.  data: the angles of RY are data. */
static inline ent_circuit *layered_circuit(int n, int layers, int data)
{
    const int all = layers * n;
    ent_circuit *circuit;
    must(ent_circuit_new(n, data ? all : 2 * all, data ? all : 0, &circuit));
    for (int l = 0; l < layers; l++) {
        for (int q = 0; q < n; q++) {
            const int k = l * n + q;
            add(circuit, ENT_RY, q, q, data ? ent_angle_data(k) : ent_angle_param(2 * k));
            add(circuit, ENT_RZ, q, q, ent_angle_param(data ? k : 2 * k + 1));
        }
        for (int q = 0; q < n && n > 1; q++) add(circuit, ENT_CX, q, (q + 1) % n, ent_angle_none());
    }
    read_all(circuit);
    return circuit;
}

/* A QFT in a circuit: as one gate, as its gates, not at all. */
typedef enum { QFT_WHOLE, QFT_SPELLED_OUT, QFT_NONE } qft_form;

static ent_status append_gate(void *circuit, const ent_gate *gate)
{
    return ent_circuit_add(circuit, *gate);
}

/* RY on every qubit, the QFT of all, RX on every qubit; <Z> of every qubit. */
static inline ent_circuit *fourier_circuit(int n, qft_form form)
{
    const ent_gate qft = {ENT_QFT, {0, n - 1}, ent_angle_none()};
    ent_circuit *circuit;
    must(ent_circuit_new(n, 2 * n, 0, &circuit));
    for (int q = 0; q < n; q++) add(circuit, ENT_RY, q, q, ent_angle_param(q));
    if (form == QFT_WHOLE) must(ent_circuit_add(circuit, qft));
    if (form == QFT_SPELLED_OUT) must(ent_qft_spell_out(&qft, append_gate, circuit));
    for (int q = 0; q < n; q++) add(circuit, ENT_RX, q, q, ent_angle_param(n + q));
    read_all(circuit);
    return circuit;
}

/* The loss is the sum of all expectation values; context: the circuit. */
static inline void ones(void *context, int64_t first, int64_t count, const double *expectations, double *weights)
{
    (void)first;
    (void)expectations;
    for (int64_t k = 0; k < count * ((const ent_circuit *)context)->readouts; k++) weights[k] = 1.0;
}

static inline double largest_difference(const double *a, const double *b, int64_t count)
{
    double most = 0.0;
    for (int64_t k = 0; k < count; k++)
        if (!(fabs(a[k] - b[k]) <= most)) most = fabs(a[k] - b[k]);
    return most;
}

/* Forget the peak of the resident set so far. */
static inline void reset_peak(void)
{
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (!file) return;
    fputs("5", file);
    fclose(file);
}

/* Of the resident set. */
static inline double peak_bytes(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[128];
    long long kib = 0;
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "VmHWM: %lld kB", &kib) == 1) break;
    if (file) fclose(file);
    return 1024.0 * (double)kib;
}

#endif
