/* Normal numbers for differential privacy.
 *
 * From the seed, by the counter-based generator of all other random numbers (random.h): the same in every run, and
 * known to whoever knows the seed.  Or by ChaCha20 under a key from the operating system.  Both give doubles; their
 * lowest bits may leak what the noise hides (Mironov 2012), and there is no protection against that.  Local. */
#ifndef ENTENTE_PRIVACY_GAUSSIAN_H
#define ENTENTE_PRIVACY_GAUSSIAN_H

#include <stdbool.h>

#include "entente/random.h"
#include "entente/status.h"

typedef struct {
    uint64_t seed;
    bool system; /* the key, not the seed */
    uint8_t key[32];
} ent_gaussian;

/* Errors: ENT_EIO. */
ent_status ent_gaussian_draw_key(ent_gaussian *noise);

/* z [n]: the numbers of (purpose, a, b); for the key, a < 2^56 and b < 2^32. */
void ent_gaussian_fill(const ent_gaussian *noise, ent_purpose purpose, uint64_t a, uint64_t b, int64_t n, double *z);

#endif
