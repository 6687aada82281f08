/* All probabilities of a register as readouts.  Engines give expectation values of Pauli strings: with <Z_S> of every
 * non-empty set S of the n qubits, p_k = 2^-n sum_S (-1)^|k & S| <Z_S>, where <Z_{}> = 1: a Walsh transform, which is
 * its own inverse (up to 2^n). */
#include <string.h>

#include "model.h"

/* value[k] = sum over s of (-1)^|k & s| value[s], over 2^n. */
static void transform(int n, double *value)
{
    const int count = 1 << n;
    for (int half = 1; half < count; half *= 2)
        for (int k = 0; k < count; k++) {
            if (k & half) continue;
            const double a = value[k], b = value[k + half];
            value[k] = a + b;
            value[k + half] = a - b;
        }
    for (int k = 0; k < count; k++) value[k] /= count;
}

void ent_features_forward(const ent_masked *masked, const double *readouts, double *features)
{
    if (masked->registers == 0) {
        memcpy(features, readouts, (size_t)masked->readouts * sizeof *features);
        return;
    }
    for (int m = 0; m < masked->registers; m++) {
        const int strings = (1 << masked->register_qubits[m]) - 1;
        features[0] = 1.0;
        memcpy(features + 1, readouts, (size_t)strings * sizeof *features);
        transform(masked->register_qubits[m], features);
        features += strings + 1;
        readouts += strings;
    }
}

void ent_features_backward(const ent_masked *masked, double *d_features, double *d_readouts)
{
    if (masked->registers == 0) {
        memcpy(d_readouts, d_features, (size_t)masked->readouts * sizeof *d_readouts);
        return;
    }
    for (int m = 0; m < masked->registers; m++) {
        const int strings = (1 << masked->register_qubits[m]) - 1;
        transform(masked->register_qubits[m], d_features);
        memcpy(d_readouts, d_features + 1, (size_t)strings * sizeof *d_readouts);
        d_features += strings + 1;
        d_readouts += strings;
    }
}
