#ifndef ENTENTE_ENGINE_ISA_H
#define ENTENTE_ENGINE_ISA_H

#include "batch_kernels.h"
#include "state_kernels.h"

/* The kernels of an instruction set; isa as in ent_program_inp. */
ent_status ent_isa_kernels(const char *isa, ent_precision precision, const batch_kernels **kernels);
ent_status ent_isa_state_kernels(const char *isa, ent_precision precision, const state_kernels **kernels);

#endif
