/* The record of a finished point, <out>/points/<hash>.json.  It holds:
 *
 *   hash, label ["a=1", ...], status "done", "failed" or "untrained" (no round changed the weights), error
 *   metrics {n, loss, accuracy, ...} of the test split, validation {validation_n, ..} of the
 *   weights' round, spent {bytes_up, bytes_down, epsilon} of all rounds, params, qubits, weights_sha256,
 *   patterns [{present: "text+audio", n, accuracy, mae}]       (unless the point failed)
 *   inputs {of {file, label, modalities, ansatz}, tables, features, bytes, modified_s}: the data that the point was
 *   trained on, by their digests (ent_inputs)
 *   times {seconds (total), setup_s, train_s (run.h)}, ranks, threads
 *
 * A record is written completely or not at all.  It is not flushed to disk: an empty record left by a crash of the
 * machine counts as missing, and its point runs again.  Local. */
#ifndef ENTENTE_CAMPAIGN_RECORD_H
#define ENTENTE_CAMPAIGN_RECORD_H

#include <jansson.h>
#include <stdbool.h>

#include "entente/fed.h"

/* Names of the figures in `metrics`, NULL-terminated. */
extern const char *const CAMPAIGN_METRICS[];
/* Those in `validation`: samples, loss, accuracy. */
extern const char *const CAMPAIGN_VALIDATION[];
/* Those in `spent`: bytes to the server and from it, epsilon. */
extern const char *const CAMPAIGN_SPENT[];

/* "<out>/points/<hash>": with `end` ".json" the record, with "" the result folder.  Errors: ENT_EARG (too long). */
ent_status campaign_record_path(const char *out, const char *hash, const char *end, char path[4096]);

/* The record of a trained model: status, metrics and the rest.  NULL if memory is exhausted. */
json_t *campaign_record_done(const ent_federation_view *view);
/* Whether two records that name the same data and OpenQASM files also saw the same contents.  Records of older
 * versions lack this information and match any other.  `of` (free) names the inputs of `record`, or is NULL if
 * unknown. */
char *campaign_record_of(const json_t *record);
const char *campaign_record_file(const json_t *record);
bool campaign_record_same_inputs(const json_t *a, const json_t *b);
bool campaign_record_has_inputs(const json_t *record, const ent_inputs *inputs);

/* NULL if memory is exhausted. */
json_t *campaign_record_failed(const char *message);

ent_status campaign_record_save(const char *out, const char *hash, const json_t *record);

/* NULL if it does not exist or is incomplete. */
json_t *campaign_record_load(const char *out, const char *hash);
bool campaign_record_is_there(const char *out, const char *hash);
/* Whether it has this status; a missing record has none. */
bool campaign_record_is(const json_t *record, const char *status);

#endif
