/* The record of one point that has ended, <out>/points/<hash>.json, and what it holds:
 *
 *   hash, label ["a=1", ...], status "done", "failed" or "untrained" (no round changed the weights), error
 *   metrics {n, loss, accuracy, ...} of the test split, params, qubits, weights_sha256,
 *   patterns [{present: "text+audio", n, accuracy, mae}]       (of a point that has not failed)
 *   inputs {of {file, label, modalities, ansatz}, tables, features, bytes, modified_s}: which data the point was trained
 *   on, by their digests (ent_inputs)
 *   times {seconds (all of it), setup_s, train_s (run.h)}, ranks, threads
 *
 * A record is whole or not there.  It is not forced to the disk: what a crash of the machine leaves empty counts as not
 * there, and its point runs again.  Local. */
#ifndef ENTENTE_CAMPAIGN_RECORD_H
#define ENTENTE_CAMPAIGN_RECORD_H

#include <jansson.h>
#include <stdbool.h>

#include "entente/fed.h"

/* Names of the figures in `metrics`, NULL at the end. */
extern const char *const APP_METRICS[];

/* "<out>/points/<hash>": with `end` ".json" the record, "" the result's folder.  Errors: ENT_EARG (too long). */
ent_status app_record_path(const char *out, const char *hash, const char *end, char path[4096]);

/* Status, metrics and the rest of a trained model.  NULL without memory. */
json_t *app_record_done(const ent_federation_view *view);
/* Of two records of the same data and OpenQASM files, whether these were the same inside; records of older programs
 * do not know, and differ from none.  `of` (free) names what `record` was trained on, NULL where it does not know. */
char *app_record_of(const json_t *record);
const char *app_record_file(const json_t *record);
bool app_record_same_inputs(const json_t *a, const json_t *b);
bool app_record_has_inputs(const json_t *record, const ent_inputs *inputs);

/* NULL without memory. */
json_t *app_record_failed(const char *message);

ent_status app_record_save(const char *out, const char *hash, const json_t *record);

/* NULL where it is not there or not whole. */
json_t *app_record_load(const char *out, const char *hash);
bool app_record_is_there(const char *out, const char *hash);
/* Whether it has this status; a record that is not there has none. */
bool app_record_is(const json_t *record, const char *status);

#endif
