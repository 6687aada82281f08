#include "privacy/gaussian.h"

#include <math.h>
#include <sodium.h>
#include <string.h>

enum { CHUNK = 256 };

ent_status ent_gaussian_draw_key(ent_gaussian *noise)
{
    ENT_REQUIRE(sodium_init() >= 0, ENT_EIO, "privacy: no random numbers of the operating system");
    randombytes_buf(noise->key, sizeof noise->key);
    return ENT_OK;
}

static double uniform(uint64_t bits)
{
    return ((double)(bits >> 11) + 0.5) * 0x1p-53;
}

static void nonce_of(ent_purpose purpose, uint64_t a, uint64_t b,
                     uint8_t nonce[crypto_stream_chacha20_ietf_NONCEBYTES])
{
    const uint64_t first = a << 8 | (uint64_t)purpose;
    const uint32_t last = (uint32_t)b;
    memcpy(nonce, &first, sizeof first);
    memcpy(nonce + sizeof first, &last, sizeof last);
}

ent_noise_bits ent_noise_at(const ent_gaussian *noise, ent_purpose purpose, uint64_t a, uint64_t b)
{
    ent_noise_bits bits = {.noise = noise, .stream = ent_random_at(noise->seed, purpose, a, b)};
    nonce_of(purpose, a, b, bits.nonce);
    return bits;
}

uint64_t ent_noise_next(ent_noise_bits *bits)
{
    if (bits->left == 0 && !bits->noise->system) {
        ent_random_words(&bits->stream, bits->stream.next, ENT_NOISE_CHUNK, bits->word);
        bits->stream.next += ENT_NOISE_CHUNK;
        bits->left = ENT_NOISE_CHUNK;
    } else if (bits->left == 0) {
        memset(bits->word, 0, sizeof bits->word);
        crypto_stream_chacha20_ietf_xor_ic((uint8_t *)bits->word, (const uint8_t *)bits->word, sizeof bits->word,
                                           bits->nonce, bits->block, bits->noise->key);
        bits->block += sizeof bits->word / 64;
        bits->left = ENT_NOISE_CHUNK;
    }
    return bits->word[ENT_NOISE_CHUNK - bits->left--];
}

static void fill_by_key(const ent_gaussian *noise, ent_purpose purpose, uint64_t a, uint64_t b, int64_t n, double *z)
{
    const double two_pi = 6.28318530717958647692;
    uint8_t nonce[crypto_stream_chacha20_ietf_NONCEBYTES];
    nonce_of(purpose, a, b, nonce);
    for (int64_t done = 0; done < n; done += CHUNK) {
        uint64_t bits[2 * CHUNK] = {0};
        crypto_stream_chacha20_ietf_xor_ic((uint8_t *)bits, (const uint8_t *)bits, sizeof bits, nonce,
                                           (uint32_t)(done * 16 / 64), noise->key);
        for (int64_t k = 0; k < CHUNK && done + k < n; k++)
            z[done + k] = sqrt(-2.0 * log(uniform(bits[2 * k]))) * cos(two_pi * uniform(bits[2 * k + 1]));
    }
}

void ent_gaussian_fill(const ent_gaussian *noise, ent_purpose purpose, uint64_t a, uint64_t b, int64_t n, double *z)
{
    if (noise->system) {
        fill_by_key(noise, purpose, a, b, n, z);
        return;
    }
    ent_random stream = ent_random_at(noise->seed, purpose, a, b);
    for (int64_t k = 0; k < n; k++) z[k] = ent_random_normal(&stream);
}
