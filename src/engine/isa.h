#ifndef ENTENTE_ENGINE_ISA_H
#define ENTENTE_ENGINE_ISA_H

#include "engine/batch/batch_kernels.h"
#include "engine/noise/noise_kernels.h"
#include "engine/pauli/pauli_kernels.h"
#include "engine/state/state_kernels.h"

/* The kernels of an instruction set; isa as in ent_program_inp.  narrow: those of vectors of half the width, for
 * groups that are less than half full, or NULL if they would not be faster. */
ent_status ent_isa_kernels(const char *isa, ent_precision precision, const batch_kernels **kernels,
                           const batch_kernels **narrow);
/* As ent_isa_kernels, with the same number of lanes. */
ent_status ent_isa_pauli_kernels(const char *isa, ent_precision precision, const pauli_kernels **kernels,
                                 const pauli_kernels **narrow);
ent_status ent_isa_noise_kernels(const char *isa, ent_precision precision, const noise_kernels **kernels);
ent_status ent_isa_state_kernels(const char *isa, ent_precision precision, const state_kernels **kernels);

#endif
