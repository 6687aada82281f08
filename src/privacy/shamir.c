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

/* a - b */
static uint64_t minus(uint64_t a, uint64_t b)
{
    return a >= b ? a - b : a + PRIME - b;
}

/* Weights of the values at number[0..n-1] + 1 in the value at `at` (Lagrange). */
static void weights_at(int n, const int *number, uint64_t at, uint64_t *weight)
{
    for (int k = 0; k < n; k++) {
        uint64_t above = 1, below = 1;
        for (int j = 0; j < n; j++) {
            if (j == k) continue;
            above = times(above, minus((uint64_t)number[j] + 1, at));
            below = times(below, minus((uint64_t)number[j] + 1, (uint64_t)number[k] + 1));
        }
        weight[k] = times(above, inverse(below));
    }
}

ent_status ent_shamir_join(int n, const int *number, const ent_share *share, uint8_t secret[ENT_SECRET_BYTES])
{
    uint64_t word[ENT_SHARE_WORDS] = {0}, *weight = ent_alloc(n, sizeof *weight);
    ENT_REQUIRE(weight, ENT_ENOMEM, "shares: no memory");
    ent_status status = ENT_OK;
    for (int k = 0; k < n && status == ENT_OK; k++) {
        for (int j = 0; j < k && status == ENT_OK; j++)
            if (number[j] == number[k]) status = ent_fail(ENT_EARG, "share %d comes twice", number[k]);
        for (int w = 0; w < ENT_SHARE_WORDS && status == ENT_OK; w++)
            if (share[k].word[w] >= PRIME) status = ent_fail(ENT_EDATA, "share %d is none", number[k]);
    }
    if (status == ENT_OK) {
        weights_at(n, number, 0, weight);
        for (int k = 0; k < n; k++)
            for (int w = 0; w < ENT_SHARE_WORDS; w++) word[w] = times_plus(weight[k], share[k].word[w], word[w]);
        status = from_words(word, secret);
    }
    ent_free(weight);
    return status;
}

/* ---- wrong shares ---- */

/* Gauss's elimination of rows [m][unknowns + 1]; what is not determined becomes 0.  False: no solution. */
static bool solve(int m, int unknowns, uint64_t *rows, uint64_t *x)
{
    const int width = unknowns + 1;
    int rank = 0;
    memset(x, 0, (size_t)unknowns * sizeof *x);
    for (int c = 0; c < width; c++) {
        int pivot = rank;
        while (pivot < m && rows[pivot * width + c] == 0) pivot++;
        if (pivot == m) continue;
        if (c == unknowns) return false;
        for (int k = c; k < width; k++) {
            const uint64_t held = rows[rank * width + k];
            rows[rank * width + k] = rows[pivot * width + k];
            rows[pivot * width + k] = held;
        }
        const uint64_t scale = inverse(rows[rank * width + c]);
        for (int k = c; k < width; k++) rows[rank * width + k] = times(rows[rank * width + k], scale);
        for (int r = 0; r < m; r++) {
            const uint64_t factor = rows[r * width + c];
            for (int k = c; r != rank && factor != 0 && k < width; k++)
                rows[r * width + k] = minus(rows[r * width + k], times(factor, rows[rank * width + k]));
        }
        rank++;
    }
    for (int r = rank - 1; r >= 0; r--) {
        int c = 0;
        while (rows[r * width + c] == 0) c++;
        x[c] = rows[r * width + unknowns];
    }
    return true;
}

/* For the values y of one word at x: polynomials E of degree `most`, with leading coefficient 1, and Q = E times the
 * polynomial of degree below t, so that Q(x) = y E(x).  E is 0 where y is wrong; suspect [m] is set there. */
static ent_status suspect_word(int m, const int *number, const ent_share *share, int w, int t, bool *suspect)
{
    const int most = (m - t) / 2, unknowns = t + 2 * most;
    uint64_t *rows = ent_alloc((int64_t)m * (unknowns + 1), sizeof *rows);
    uint64_t *x = ent_alloc(unknowns, sizeof *x);
    const bool there = rows && x;
    bool solved = false;
    for (int k = 0; k < m && there; k++) {
        const uint64_t at = (uint64_t)number[k] + 1, y = share[k].word[w];
        uint64_t *row = rows + (int64_t)k * (unknowns + 1), power = 1;
        for (int c = 0; c < t + most; c++, power = times(power, at)) {
            row[c] = power;
            if (c < most) row[t + most + c] = minus(0, times(y, power));
            if (c == most) row[unknowns] = times(y, power);
        }
    }
    if (there) solved = solve(m, unknowns, rows, x);
    for (int k = 0; k < m && solved; k++) {
        uint64_t value = 1;
        for (int c = most - 1; c >= 0; c--) value = times_plus(value, (uint64_t)number[k] + 1, x[t + most + c]);
        suspect[k] = suspect[k] || value == 0;
    }
    ent_free(rows);
    ent_free(x);
    ENT_REQUIRE(there, ENT_ENOMEM, "shares: no memory");
    ENT_REQUIRE(solved, ENT_EDATA, "more than %d of %d shares are wrong", most, m);
    return ENT_OK;
}

/* wrong [n]: those that are off the polynomial through `t` shares that are not suspected. */
static ent_status compare(int n, const int *number, const ent_share *share, int t, const bool *suspect, bool *wrong)
{
    int *trusted = ent_alloc(t, sizeof *trusted), *at = ent_alloc(t, sizeof *at), found = 0;
    uint64_t *weight = ent_alloc(t, sizeof *weight);
    ent_status status = trusted && at && weight ? ENT_OK : ent_fail(ENT_ENOMEM, "shares: no memory");
    for (int k = 0; status == ENT_OK && k < n && found < t; k++) {
        if (suspect[k]) continue;
        trusted[found] = number[k];
        at[found++] = k;
    }
    if (status == ENT_OK && found < t) status = ent_fail(ENT_EDATA, "%d of %d shares can be trusted", found, n);
    for (int k = 0; status == ENT_OK && k < n; k++) {
        wrong[k] = false;
        weights_at(t, trusted, (uint64_t)number[k] + 1, weight);
        for (int w = 0; w < ENT_SHARE_WORDS; w++) {
            uint64_t value = 0;
            for (int j = 0; j < t; j++) value = times_plus(weight[j], share[at[j]].word[w], value);
            wrong[k] = wrong[k] || value != share[k].word[w];
        }
    }
    ent_free(trusted);
    ent_free(at);
    ent_free(weight);
    return status;
}

ent_status ent_shamir_find_wrong(int n, const int *number, const ent_share *share, int threshold, bool *wrong)
{
    const int used = n < threshold + 32 ? n : threshold + 32; /* of many shares some are enough */
    bool *suspect = ent_alloc(n, sizeof *suspect);
    ENT_REQUIRE(suspect, ENT_ENOMEM, "shares: no memory");
    ent_status status = ENT_OK;
    int count = 0;
    for (int k = 0; k < n; k++) suspect[k] = k >= used;
    for (int w = 0; status == ENT_OK && w < ENT_SHARE_WORDS; w++)
        status = suspect_word(used, number, share, w, threshold, suspect);
    if (status == ENT_OK) status = compare(n, number, share, threshold, suspect, wrong);
    for (int k = 0; status == ENT_OK && k < used; k++) count += wrong[k];
    if (status == ENT_OK && count > (used - threshold) / 2)
        status = ent_fail(ENT_EDATA, "%d of %d shares are wrong", count, used);
    ent_free(suspect);
    return status;
}
