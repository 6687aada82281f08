#include "privacy/mask.h"

#include <sodium.h>
#include <string.h>

#include "entente/random.h"

enum { CHUNK = 512 }; /* numbers at a time: 8 KiB */

void ent_mask_add(const uint8_t seed[ENT_KEY_BYTES], bool subtract, int64_t n, ent_ring *x)
{
    static const uint8_t nonce[crypto_stream_chacha20_ietf_NONCEBYTES];
    uint32_t block = 0;
    ent_ring mask[CHUNK];
    for (int64_t first = 0; first < n; first += CHUNK) {
        const int64_t here = n - first < CHUNK ? n - first : CHUNK;
        const size_t bytes = (size_t)here * sizeof *mask;
        memset(mask, 0, bytes);
        crypto_stream_chacha20_ietf_xor_ic((uint8_t *)mask, (const uint8_t *)mask, bytes, nonce, block, seed);
        for (int64_t k = 0; k < here; k++) x[first + k] += subtract ? -mask[k] : mask[k];
        block += sizeof mask / 64;
    }
    sodium_memzero(mask, sizeof mask);
}

ent_ring ent_ring_of(const ent_exact *sum)
{
    ent_ring x = 0;
    for (int j = 3; j >= 0; j--) {
        x <<= 32;
        x += (uint64_t)sum->limb[j];
        if (sum->limb[j] < 0) x -= (ent_ring)1 << 64;
    }
    return x;
}

ent_exact ent_ring_exact(ent_ring x)
{
    ent_exact sum;
    for (int j = 0; j < 3; j++, x >>= 32) sum.limb[j] = (int64_t)(x & 0xffffffff);
    sum.limb[3] = (int32_t)(uint32_t)x;
    return sum;
}

ent_ring ent_ring_check(uint64_t seed, uint64_t round, int64_t n, const ent_ring *x)
{
    const ent_random stream = ent_random_at(seed, ENT_FOR_SECURE, round, 1);
    ent_ring form = 0;
    for (int64_t k = 0; k < n; k++) form += x[k] * (ent_random_bits(&stream, (uint64_t)k) | 1);
    return form;
}
