/* Names of modalities. */
#ifndef ENTENTE_NAME_H
#define ENTENTE_NAME_H

#include "entente/status.h"

enum { ENT_NAME_BYTES = 64 }; /* room for one, including the terminating NUL */

/* The rule that applies everywhere: 1..63 bytes of letters, digits, '_', characters beyond ASCII and, not first, '-',
 * '+', '(', ')' and spaces (not last either); not the name of a block of parameters.  Local.  Errors: ENT_EARG. */
ent_status ent_modality_check_name(const char *name);

#endif
