/* The machine that a training ran on. */
#ifndef ENTENTE_FED_MACHINE_H
#define ENTENTE_FED_MACHINE_H

#include "entente/h5.h"

/* The instruction set and BLAS kernel of a training, /isa and /blas in a file.  Errors: ENT_EARG if those
 * of the ranks are different.  Local (write: as ent_h5_write_text). */
ent_status ent_machine_write(ent_h5 *file);
ent_status ent_machine_compare(const ent_h5 *file);

#endif
