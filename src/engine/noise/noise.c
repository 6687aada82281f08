/* Strengths: their ranges, and from relaxation times. */
#include "entente/noise.h"

#include <math.h>

static bool is_none(const ent_gate_noise *n)
{
    return n->depolarizing == 0.0 && n->amplitude_damping == 0.0 && n->phase_damping == 0.0;
}

bool ent_noise_is_none(const ent_qubit_noise *qubit, int qubits)
{
    for (int q = 0; q < qubits; q++)
        if (!is_none(&qubit[q].after_1q) || !is_none(&qubit[q].after_2q) || qubit[q].p01 != 0.0 ||
            qubit[q].p10 != 0.0)
            return false;
    return true;
}

static ent_status check_share(const char *name, double value)
{
    ENT_REQUIRE(value >= 0.0 && value <= 1.0, ENT_EARG, "noise, %s: found %g, want a number from 0 to 1", name,
                value);
    return ENT_OK;
}

static ent_status check_gate(const ent_gate_noise *n)
{
    ENT_TRY(check_share("depolarizing", n->depolarizing));
    ENT_TRY(check_share("amplitude_damping", n->amplitude_damping));
    return check_share("phase_damping", n->phase_damping);
}

ent_status ent_noise_check(const ent_qubit_noise *qubit, int qubits)
{
    for (int q = 0; q < qubits; q++) {
        ENT_TRY(check_gate(&qubit[q].after_1q));
        ENT_TRY(check_gate(&qubit[q].after_2q));
        ENT_TRY(check_share("p01", qubit[q].p01));
        ENT_TRY(check_share("p10", qubit[q].p10));
    }
    return ENT_OK;
}

/* Coherences: sqrt(1 - g) sqrt(1 - l) = exp(-t / T2), and sqrt(1 - g) = exp(-t / (2 T1)). */
ent_status ent_noise_of_times(double t1_us, double t2_us, double gate_us, ent_gate_noise *noise)
{
    ENT_REQUIRE(t1_us > 0.0 && t2_us > 0.0, ENT_EARG, "noise: found T1 %g and T2 %g microseconds, want more than 0",
                t1_us, t2_us);
    ENT_REQUIRE(t2_us <= 2.0 * t1_us, ENT_EARG,
                "noise: found T2 of %g microseconds, want at most twice T1, which is %g: relaxation dephases as well",
                t2_us, t1_us);
    ENT_REQUIRE(gate_us >= 0.0 && isfinite(gate_us), ENT_EARG,
                "noise: found a gate of %g microseconds, want 0 or more", gate_us);
    noise->amplitude_damping = -expm1(-gate_us / t1_us);
    noise->phase_damping = fmax(0.0, -expm1(gate_us / t1_us - 2.0 * gate_us / t2_us));
    return ENT_OK;
}
