/* The quantum Fourier transform as gates: from the most significant qubit down, H and then the phases that the lower
 * qubits control; swaps reverse the order at the end.  The inverse is the same list backwards with the other sign. */
#include <math.h>

#include "entente/circuit.h"

static const double PI = 3.14159265358979323846;

/* Gate k of qubit `top`, k = 0 .. top - first: H, then CP with the qubits below it, downwards. */
static ent_gate gate_of(int top, int k, int inverse)
{
    if (k == 0) return (ent_gate){ENT_H, {top, top}, ent_angle_none()};
    return (ent_gate){ENT_CP, {top - k, top}, ent_angle_fixed(ldexp(inverse ? -PI : PI, -k))};
}

static ent_status phases(int first, int n, int inverse, ent_gate_sink *emit, void *context)
{
    for (int t = 0; t < n; t++) {
        const int above = inverse ? t : n - 1 - t;
        for (int k = 0; k <= above; k++) {
            const ent_gate gate = gate_of(first + above, inverse ? above - k : k, inverse);
            ENT_TRY(emit(context, &gate));
        }
    }
    return ENT_OK;
}

static ent_status swaps(int first, int n, ent_gate_sink *emit, void *context)
{
    for (int k = 0; k < n / 2; k++) {
        const ent_gate gate = {ENT_SWAP, {first + k, first + n - 1 - k}, ent_angle_none()};
        ENT_TRY(emit(context, &gate));
    }
    return ENT_OK;
}

ent_status ent_qft_spell_out(const ent_gate *gate, ent_gate_sink *emit, void *context)
{
    const int first = gate->qubit[0], n = gate->qubit[1] - first + 1, inverse = gate->kind == ENT_IQFT;
    if (inverse) ENT_TRY(swaps(first, n, emit, context));
    ENT_TRY(phases(first, n, inverse, emit, context));
    return inverse ? ENT_OK : swaps(first, n, emit, context);
}
