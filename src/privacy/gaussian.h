/* Random bits and normal numbers for differential privacy.
 *
 * From the seed, by the counter-based generator of all other random numbers (random.h): the same in every run, and
 * known to anyone who knows the seed.  Or by ChaCha20 under a key of the operating system.  Normal numbers are
 * doubles, whose lowest bits may reveal something about what the noise hides (Mironov 2012); only discrete.h prevents
 * that.  Local. */
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

/* 64 bits after the other of (purpose, a, b); `noise` outlives them. */
enum { ENT_NOISE_CHUNK = 64 };
typedef struct {
    const ent_gaussian *noise;
    ent_random stream;
    uint8_t nonce[12];
    uint32_t block; /* of the key's stream, the next */
    int left;       /* of `word`, from the end */
    uint64_t word[ENT_NOISE_CHUNK];
} ent_noise_bits;
ent_noise_bits ent_noise_at(const ent_gaussian *noise, ent_purpose purpose, uint64_t a, uint64_t b);
uint64_t ent_noise_next(ent_noise_bits *bits);

#endif
