/* Random numbers as a function of (seed, purpose, a, b, index), never of call order.
 *
 * Philox4x64-10 (Salmon et al., SC'11, by the Random123 library): the key is (seed, purpose), the counter is
 * (a, b, index / 4, 0); word index % 4 of the block is the number.  So any rank or thread can draw any number of any
 * stream, and the same configuration gives the same numbers at any layout.  All functions are Local. */
#ifndef ENTENTE_RANDOM_H
#define ENTENTE_RANDOM_H

#include <stdint.h>

/* What a number is used for.  Streams of different purposes never overlap.  Results depend on these values: add at
 * the end, never renumber. */
typedef enum {
    ENT_FOR_SPLIT = 1,  /* a: client or class */
    ENT_FOR_MASKS,      /* a: client or row, b: modality */
    ENT_FOR_INIT,       /* a: hash of the parameter block's name */
    ENT_FOR_COHORT,     /* a: round */
    ENT_FOR_ORDER,      /* a: client, b: round and epoch */
    ENT_FOR_PROJECTION, /* a: hash of the modality's name */
    ENT_FOR_SYNTH,      /* a: what, b: row */
    ENT_FOR_TEST,
    ENT_FOR_BYZANTINE,        /* which clients are Byzantine */
    ENT_FOR_ATTACK,           /* a: client, b: round */
    ENT_FOR_AVAILABLE,        /* a: client, b: round */
    ENT_FOR_SYSTEM,           /* a: client, b: which of its properties */
    ENT_FOR_DROPOUT,          /* a: client, b: round, or number of the draw */
    ENT_FOR_MODALITY_DROPOUT, /* a: row, b: the client's pass, index: client and modality */
    ENT_FOR_PLATEAU,          /* a: draw */
    ENT_FOR_SWEEP,            /* a: hash of the key, b: draw */
    ENT_FOR_BOOTSTRAP,        /* a: resample */
    ENT_FOR_COUNTS,           /* a: shot of a simulated circuit */
    ENT_FOR_SECURE,           /* a: round, b: 0 the graph of neighbours, 1 the check of a sum */
    ENT_FOR_SUM_NOISE,        /* a: round */
    ENT_FOR_COUNT_NOISE,      /* a: round */
    ENT_FOR_TREE_NOISE,       /* a: level, b: node */
    ENT_FOR_CLIENT_NOISE,     /* a: client, b: round */
    ENT_FOR_SPARSE,           /* a: round, b: block */
    ENT_FOR_ROUNDING,         /* a: client, b: round */
    ENT_FOR_MEMBERSHIP,       /* a: 0 halves of the rows, 1 resamples, b: resample */
    ENT_FOR_TRAJECTORY,       /* a, b: ent_draws; index: sample, run and channel */
    ENT_FOR_SHOTS,            /* a, b: ent_draws; index: sample, which estimate and readout */
    ENT_FOR_SHOT_NOISE,       /* a, b: ent_draws; index: sample and slot */
    ENT_FOR_SPSA,             /* a, b: ent_samples' draw; index: first sample and parameter */
    ENT_FOR_DEVICE            /* a: client */
} ent_purpose;

/* A stream and the position of the next draw. */
typedef struct {
    uint64_t key[2];
    uint64_t counter[2];
    uint64_t next;
} ent_random;

/* The stream for (seed, purpose, a, b), at its first number. */
ent_random ent_random_at(uint64_t seed, ent_purpose purpose, uint64_t a, uint64_t b);

/* Number `index` of the stream: 64 uniform bits. */
uint64_t ent_random_bits(const ent_random *stream, uint64_t index);

/* Numbers first..first+n-1, first a multiple of 4: four for the price of one. */
void ent_random_words(const ent_random *stream, uint64_t first, int n, uint64_t *word);

/* The next draw of the stream.  uniform: in (0, 1), 53 bits.  below: in 0..n-1 without bias, n >= 1.
 * normal: mean 0, variance 1 (Box-Muller).  log_gamma: the logarithm of a Gamma(shape, 1) variate (Marsaglia and
 * Tsang 2000), which does not underflow at shapes near 0.01 as the variate itself does. */
double ent_random_uniform(ent_random *stream);
uint64_t ent_random_below(ent_random *stream, uint64_t n);
double ent_random_normal(ent_random *stream);
double ent_random_log_gamma(ent_random *stream, double shape);

/* How many of n >= 0 trials succeed, each with probability p in 0..1: exact, by inversion where few are expected,
 * else by rejection (Hormann, J. Stat. Comput. Simul. 46, 1993, algorithm BTRS). */
int64_t ent_random_binomial(ent_random *stream, int64_t n, double p);

/* Dir(alpha, ..., alpha): `n` shares that add up to 1.  Finite at any alpha > 0: the shares are normalised from
 * their logarithms. */
void ent_random_dirichlet(ent_random *stream, double alpha, int n, double *share);

/* A permutation of 0..n-1 (Fisher-Yates). */
void ent_random_permutation(ent_random *stream, int64_t n, int64_t *order);

/* FNV-1a, 64 bits: turns a name into a stream number. */
uint64_t ent_hash_text(const char *text);

#endif
