/* Masks over the integers modulo 2^128, in which exact sums are taken. */
#ifndef ENTENTE_PRIVACY_MASK_H
#define ENTENTE_PRIVACY_MASK_H

#include <stdbool.h>
#include <stdint.h>

#include "entente/exact.h"

__extension__ typedef unsigned __int128 ent_ring;

enum { ENT_KEY_BYTES = 32 };

/* x[k] += (or -=) number k of the stream of `seed`: ChaCha20 (RFC 8439) with nonce 0, little-endian.  A seed makes
 * one stream, so a nonce is never used twice. */
void ent_mask_add(const uint8_t seed[ENT_KEY_BYTES], bool subtract, int64_t n, ent_ring *x);

/* Exact sums as ring elements and back; a sum is between -2^127 and 2^127 - 1. */
ent_ring ent_ring_of(const ent_exact *sum);
ent_exact ent_ring_exact(ent_ring x);

/* A random linear form of x [n], the same for every client of a round: the form of a sum is the sum of the forms, so
 * a client that sends what it has not computed is detected (except with probability 2^-64).  It reveals nothing about
 * a masked x. */
ent_ring ent_ring_check(uint64_t seed, uint64_t round, int64_t n, const ent_ring *x);

#endif
