/* Shamir's secret sharing (1979) of 32 bytes, over the prime field of 2^61 - 1: any `threshold` shares
 * determine the secret, fewer reveal nothing about it. */
#ifndef ENTENTE_PRIVACY_SHAMIR_H
#define ENTENTE_PRIVACY_SHAMIR_H

#include <stdbool.h>
#include <stdint.h>

#include "entente/status.h"

enum { ENT_SECRET_BYTES = 32, ENT_SHARE_WORDS = 5 };

typedef struct {
    uint64_t word[ENT_SHARE_WORDS]; /* < 2^61 - 1 */
} ent_share;

/* Shares 0..count-1, where 1 <= threshold <= count.  The coefficients come from the operating system. */
ent_status ent_shamir_split(const uint8_t secret[ENT_SECRET_BYTES], int threshold, int count, ent_share *share);

/* The secret from `n` shares, n >= the threshold of the split, whose numbers are number[0..n-1].
 * Errors: ENT_EDATA if they are not shares of one 32-byte secret (this detects a wrong share in 15 of 16 cases; to be
 * certain, compare the secret with a commitment); ENT_EARG if a number occurs twice. */
ent_status ent_shamir_join(int n, const int *number, const ent_share *share, uint8_t secret[ENT_SECRET_BYTES]);

/* Which of n shares, n >= threshold, do not lie on the polynomial of the others: wrong [n].  Finds up to (n -
 * threshold) / 2 wrong ones, and no more than 16 (Berlekamp, Welch 1986, word by word). Errors: ENT_EDATA, more are
 * wrong; ENT_ENOMEM. */
ent_status ent_shamir_find_wrong(int n, const int *number, const ent_share *share, int threshold, bool *wrong);

#endif
