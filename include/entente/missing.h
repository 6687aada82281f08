/* The missing protocol: which modalities each row loses, drawn independently of split, initialisation and sampling.
 * A pure function of its arguments.  Local. */
#ifndef ENTENTE_MISSING_H
#define ENTENTE_MISSING_H

#include <stdint.h>

#include "entente/dataset.h"
#include "entente/status.h"

typedef enum { ENT_LEVEL_SAMPLE, ENT_LEVEL_CLIENT, ENT_LEVEL_FIXED, ENT_LEVEL_EXCLUSIVE } ent_missing_level;
typedef enum { ENT_WHERE_BOTH, ENT_WHERE_TRAIN, ENT_WHERE_TEST } ent_missing_where;
typedef enum { ENT_KEEP_ONE, ENT_SKIP, ENT_ALLOW } ent_missing_empty;

typedef struct {
    ent_missing_level level;
    double rate[ENT_MAX_MODALITIES]; /* p_m, 0..1 (sample, client); exclusive: see there */
    uint32_t fixed;                  /* bits of the modalities that are absent (fixed) */
    ent_missing_where where;         /* validation rows are treated as test rows */
    ent_missing_empty empty;         /* what to do if a draw would remove every modality of a row */
    uint64_t seed;
} ent_missing_inp;

#define ENT_ROW_SKIPPED UINT32_MAX

typedef struct {
    int64_t n;
    const int64_t *row;
    const int32_t *client;
    const uint32_t *stored; /* the modalities that the file has of a row: bit m */
    uint32_t *context;      /* the result */
} ent_missing_rows;

/* context[k] = the modalities that row k has after the draw (bit m), a subset of stored[k]; ENT_ROW_SKIPPED if the
 * row is not used at all: nothing is left and `empty` is skip, or the file has no modality of it and `empty` is not
 * allow.  The draw of row k depends only on (seed, row[k] or client[k], m).  keep_one keeps one of those that would
 * be lost, drawn uniformly.
 * exclusive: a client has only one modality, m with probability proportional to 1 - p_m (uniform if all p_m are 1).
 * A row that lacks this modality in the file has nothing left: it is skipped, or kept if `empty` is allow. */
void ent_missing_draw(const ent_missing_inp *inp, int part, int modalities, const ent_missing_rows *rows);

/* Modality dropout (Neverova et al., arXiv 1501.00102, ModDrop): what is left of `context` when each of its
 * modalities is removed with probability p, 0..1; one always stays, drawn uniformly if all would be removed.  A pure
 * function of its arguments: `pass` counts the client's passes over its rows, round * epochs + epoch. */
uint32_t ent_modality_dropout(uint64_t seed, double p, uint32_t context, int64_t client, int64_t pass, int64_t row);

#endif
