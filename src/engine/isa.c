/* The available instruction sets, and the choice among them. */
#include "isa.h"

#include <stdlib.h>
#include <string.h>

#include "entente/engine.h"

#if defined(__x86_64__)
static int has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static int has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
}
#endif

static int has_baseline(void)
{
    return 1;
}

/* Best first. */
static const struct {
    const char *name;
    int (*there)(void);
    const batch_kernels *kernels[2], *narrow[2]; /* of ENT_DOUBLE, ENT_SINGLE */
    const state_kernels *state[2];
    const pauli_kernels *pauli[2], *pauli_narrow[2];
    const noise_kernels *noise[2];
} ISA[] = {
#if defined(__x86_64__)
    {"avx512",
     has_avx512,
     {&ent_batch_avx512_double, &ent_batch_avx512_float},
     {&ent_batch_avx512_narrow_double, &ent_batch_avx512_narrow_float},
     {&ent_state_avx512_double, &ent_state_avx512_float},
     {&ent_pauli_avx512_double, &ent_pauli_avx512_float},
     {&ent_pauli_avx512_narrow_double, &ent_pauli_avx512_narrow_float},
     {&ent_noise_avx512_double, &ent_noise_avx512_float}},
    {"avx2",
     has_avx2,
     {&ent_batch_avx2_double, &ent_batch_avx2_float},
     {NULL, NULL},
     {&ent_state_avx2_double, &ent_state_avx2_float},
     {&ent_pauli_avx2_double, &ent_pauli_avx2_float},
     {NULL, NULL},
     {&ent_noise_avx2_double, &ent_noise_avx2_float}},
#endif
    {"baseline",
     has_baseline,
     {&ent_batch_baseline_double, &ent_batch_baseline_float},
     {NULL, NULL},
     {&ent_state_baseline_double, &ent_state_baseline_float},
     {&ent_pauli_baseline_double, &ent_pauli_baseline_float},
     {NULL, NULL},
     {&ent_noise_baseline_double, &ent_noise_baseline_float}},
};
enum { ISAS = sizeof ISA / sizeof ISA[0] };

static int best = 0; /* the first that is used if none is named */

int ent_isa_level(const char *name)
{
    int k = 0;
    while (k < ISAS - 1 && strcmp(ISA[k].name, name) != 0) k++;
    return ISAS - 1 - k;
}

void ent_isa_limit(int level)
{
    best = ISAS - 1 - level;
}

static ent_status pick(const char *isa, int *index)
{
    const char *wanted = isa ? isa : getenv("ENTENTE_ISA");
    if (wanted && wanted[0] == 0) wanted = NULL;
    for (int k = 0; k < ISAS; k++) {
        if (wanted && strcmp(wanted, ISA[k].name) != 0) continue;
        if (!wanted && k < best) continue;
        if (ISA[k].there()) {
            *index = !isa && k < best ? best : k; /* a machine with one of them has all that follow */
            return ENT_OK;
        }
        ENT_REQUIRE(!wanted, ENT_EARG, "instruction set '%s': this machine does not have it", wanted);
    }
    return ent_fail(ENT_EARG, "instruction set '%s', want avx512, avx2 or baseline", wanted);
}

ent_status ent_isa_pick(const char *isa, const char **name)
{
    int index;
    ENT_TRY(pick(isa, &index));
    *name = ISA[index].name;
    return ENT_OK;
}

ent_status ent_isa_kernels(const char *isa, ent_precision precision, const batch_kernels **kernels,
                           const batch_kernels **narrow)
{
    int index;
    ENT_TRY(pick(isa, &index));
    *kernels = ISA[index].kernels[precision == ENT_SINGLE];
    *narrow = ISA[index].narrow[precision == ENT_SINGLE];
    return ENT_OK;
}

ent_status ent_isa_pauli_kernels(const char *isa, ent_precision precision, const pauli_kernels **kernels,
                                 const pauli_kernels **narrow)
{
    int index;
    ENT_TRY(pick(isa, &index));
    *kernels = ISA[index].pauli[precision == ENT_SINGLE];
    *narrow = ISA[index].pauli_narrow[precision == ENT_SINGLE];
    return ENT_OK;
}

ent_status ent_isa_noise_kernels(const char *isa, ent_precision precision, const noise_kernels **kernels)
{
    int index;
    ENT_TRY(pick(isa, &index));
    *kernels = ISA[index].noise[precision == ENT_SINGLE];
    return ENT_OK;
}

ent_status ent_isa_state_kernels(const char *isa, ent_precision precision, const state_kernels **kernels)
{
    int index;
    ENT_TRY(pick(isa, &index));
    *kernels = ISA[index].state[precision == ENT_SINGLE];
    return ENT_OK;
}
