/* The missing protocol: which modalities each row loses, drawn apart from split, initialisation and sampling.
 * A pure function of its arguments.  Local.  Source: model.md, section 6. */
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
    ent_missing_where where;         /* validation rows follow test */
    ent_missing_empty empty;         /* where a draw would take everything that a row has */
    uint64_t seed;
} ent_missing_inp;

#define ENT_ROW_SKIPPED UINT32_MAX

/* context[k] = the modalities that row k has after the draw (bit m), a subset of stored[k]; ENT_ROW_SKIPPED where the
 * row is not used at all: nothing is left and `empty` is skip, or the file holds nothing of it and `empty` is not
 * allow.  The draw of row k depends on (seed, row[k] or client[k], m) alone.  keep_one keeps one of those that would
 * be lost, drawn evenly.
 * exclusive: a client has one modality alone, m with a chance in proportion to 1 - p_m (evenly where all p_m are 1).  A
 * row of which the file lacks that one has nothing: it is skipped, or kept with `empty` allow. */
void ent_missing_draw(const ent_missing_inp *inp, int part, int modalities, int64_t n, const int64_t *row,
                      const int32_t *client, const uint32_t *stored, uint32_t *context);

/* Modality dropout (Neverova et al., arXiv 1501.00102, ModDrop): what is left of `context` where each of its
 * modalities is taken away with probability p, 0..1; one always stays, evenly drawn where all would go.  A function of
 * its arguments alone: `pass` counts the client's passes over its rows, round * epochs + epoch. */
uint32_t ent_modality_dropout(uint64_t seed, double p, uint32_t context, int64_t client, int64_t pass, int64_t row);

#endif
