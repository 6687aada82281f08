/* The secret is five words of 52 bits; each is the value at 0 of a polynomial of degree threshold - 1 whose other
 * coefficients are random; share k is its value at k + 1.  Lagrange interpolation recovers it. */
#include "privacy/shamir.h"

#include <sodium.h>
#include <string.h>

#include "entente/memory.h"

__extension__ typedef unsigned __int128 uint128;

static const uint64_t PRIME = (UINT64_C(1) << 61) - 1;
enum { WORD_BITS = 52 };

static uint64_t reduce(uint128 x)
{
    uint64_t sum = (uint64_t)(x & PRIME) + (uint64_t)(x >> 61); /* x < 2^122 */
    sum = (sum & PRIME) + (sum >> 61);
    return sum >= PRIME ? sum - PRIME : sum;
}

/* a b + c */
static uint64_t times_plus(uint64_t a, uint64_t b, uint64_t c)
{
    const uint128 product = (uint128)a * (uint128)b;
    return reduce(product + (uint128)c);
}

static uint64_t times(uint64_t a, uint64_t b)
{
    return times_plus(a, b, 0);
}

/* By Fermat: a^(p - 2). */
static uint64_t inverse(uint64_t a)
{
    uint64_t power = a, result = 1;
    for (uint64_t e = PRIME - 2; e > 0; e >>= 1) {
        if (e & 1) result = times(result, power);
        power = times(power, power);
    }
    return result;
}

static void to_words(const uint8_t secret[ENT_SECRET_BYTES], uint64_t word[ENT_SHARE_WORDS])
{
    memset(word, 0, ENT_SHARE_WORDS * sizeof *word);
    for (int bit = 0; bit < 8 * ENT_SECRET_BYTES; bit++)
        word[bit / WORD_BITS] |= (uint64_t)(secret[bit / 8] >> (bit % 8) & 1) << (bit % WORD_BITS);
}

static ent_status from_words(const uint64_t word[ENT_SHARE_WORDS], uint8_t secret[ENT_SECRET_BYTES])
{
    const uint64_t room = UINT64_C(1) << WORD_BITS, last = UINT64_C(1) << (8 * ENT_SECRET_BYTES - 4 * WORD_BITS);
    for (int w = 0; w < ENT_SHARE_WORDS; w++)
        ENT_REQUIRE(word[w] < (w == ENT_SHARE_WORDS - 1 ? last : room), ENT_EDATA, "shares of no common secret");
    memset(secret, 0, ENT_SECRET_BYTES);
    for (int bit = 0; bit < 8 * ENT_SECRET_BYTES; bit++)
        secret[bit / 8] |= (uint8_t)((word[bit / WORD_BITS] >> (bit % WORD_BITS) & 1) << (bit % 8));
    return ENT_OK;
}

static uint64_t random_below_prime(void)
{
    uint64_t x;
    do {
        randombytes_buf(&x, sizeof x);
        x >>= 3;
    } while (x >= PRIME);
    return x;
}

ent_status ent_shamir_split(const uint8_t secret[ENT_SECRET_BYTES], int threshold, int count, ent_share *share)
{
    uint64_t(*coefficient)[ENT_SHARE_WORDS] = ent_alloc(threshold, sizeof *coefficient);
    ENT_REQUIRE(coefficient, ENT_ENOMEM, "shares: no memory");
    to_words(secret, coefficient[0]);
    for (int c = 1; c < threshold; c++)
        for (int w = 0; w < ENT_SHARE_WORDS; w++) coefficient[c][w] = random_below_prime();
    for (int k = 0; k < count; k++)
        for (int w = 0; w < ENT_SHARE_WORDS; w++) {
            uint64_t value = 0;
            for (int c = threshold - 1; c >= 0; c--) value = times_plus(value, (uint64_t)k + 1, coefficient[c][w]);
            share[k].word[w] = value;
        }
    sodium_memzero(coefficient, (size_t)threshold * sizeof *coefficient);
    ent_free(coefficient);
    return ENT_OK;
}

ent_status ent_shamir_join(int n, const int *number, const ent_share *share, uint8_t secret[ENT_SECRET_BYTES])
{
    uint64_t word[ENT_SHARE_WORDS] = {0};
    for (int k = 0; k < n; k++) {
        uint64_t above = 1, below = 1; /* product of x_j over product of x_j - x_k, for j != k */
        for (int j = 0; j < n; j++) {
            if (j == k) continue;
            ENT_REQUIRE(number[j] != number[k], ENT_EARG, "share %d comes twice", number[k]);
            const int64_t apart = (int64_t)number[j] - number[k];
            above = times(above, (uint64_t)number[j] + 1);
            below = times(below, apart > 0 ? (uint64_t)apart : PRIME - (uint64_t)-apart);
        }
        const uint64_t weight = times(above, inverse(below));
        for (int w = 0; w < ENT_SHARE_WORDS; w++) {
            ENT_REQUIRE(share[k].word[w] < PRIME, ENT_EDATA, "share %d is none", number[k]);
            word[w] = times_plus(weight, share[k].word[w], word[w]);
        }
    }
    return from_words(word, secret);
}
