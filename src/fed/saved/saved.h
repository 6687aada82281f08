/* Checkpoints and results: a training, or its outcome, in a file and back. */
#ifndef ENTENTE_FED_SAVED_H
#define ENTENTE_FED_SAVED_H

#include "fed/fed.h"

/* checkpoint.c.  Collective functions fail on all ranks or on none. */

/* Save after round f->outcome.rounds - 1, or, with `inside`, in round f->outcome.rounds; this adds up the sums of the
 * current round over the ranks.  Collective. */
ent_status ent_checkpoint_save(ent_training *t, const ent_inside *inside);
/* Restore f->target.label: how the training of the checkpoint learns a real label (older versions did not standardise
 * it).  Local. */
ent_status ent_checkpoint_label(ent_federation *f);
/* Write the state into a result, between rounds; `file` is rank 0's, and NULL elsewhere.  Collective.  If rank 0 has
 * no memory for the clients' vectors, the result cannot be continued, and a note says so. */
ent_status ent_checkpoint_embed(const ent_training *t, ent_h5 *file);
/* Restore the state of the checkpoint or the result: f->outcome.rounds and its figures, weights, memories, and
 * t->resume.  Collective. */
ent_status ent_checkpoint_load(ent_training *t);
/* Restore the sums of the interrupted round, distributed over the ranks; after ent_aggregate_start.  Local. */
ent_status ent_checkpoint_tally(ent_training *t);
/* Read work k of t->resume->at_work.  Local. */
ent_status ent_checkpoint_work(const ent_training *t, int64_t k, ent_work *work);
void ent_inside_free(ent_inside *inside);

/* inputs.c: the digests of ent_federation_identify, /data and /features, in a file.  `whose`: checkpoint, result.
 * Errors: ENT_EDATA.  Local (write: as ent_h5_write_text). */
ent_status ent_inputs_write(const ent_inputs *inputs, ent_h5 *file);
ent_status ent_inputs_compare(const ent_inputs *mine, const char *path, const ent_h5 *file, const char *whose);

/* checkpoint_table.c: tables [rows][width] of 8-byte numbers (ENT_H5_I64 or ENT_H5_F64) in a file; with each table
 * a checksum per row, 64 bits of its SHA-256. */

/* The place of the tables: "" or the group "/resume" of a result.  file NULL: a file that rank 0 writes. */
typedef struct {
    ent_h5 *file;
    const char *under;
} ent_place;

/* Create a table for the rows of all ranks; those of this rank are `mine` rows from *first on.  Collective. */
ent_status ent_ctable_make(const ent_place *at, ent_comm *comm, const char *name, ent_h5_type type, int64_t mine,
                           int64_t width, int64_t *first);
/* Fill n rows.  Local. */
ent_status ent_ctable_put(const ent_place *at, const char *name, ent_h5_type type, int64_t first, int64_t n,
                          int64_t width, const void *rows);
/* The reverse.  Local.  Errors: ENT_EFORMAT: missing, of another shape, or damaged. */
bool ent_ctable_has(const ent_place *at, const char *name);
ent_status ent_ctable_rows(const ent_place *at, const char *name, int64_t *rows);
ent_status ent_ctable_get(const ent_place *at, const char *name, ent_h5_type type, int64_t first, int64_t n,
                          int64_t width, void *rows);

/* result.c: the path of a folder's result; reading a result, before and after the model is built.  Local. */
ent_status ent_result_path(const char *folder, char path[4096]);
ent_status ent_result_restore_ansatz(const char *folder, const char *modality, const ent_qasm_inputs *inputs,
                                     ent_qasm **out);
/* Restore f->target.label and f->target.prior, and `inp`: how to read the label of another data set in the same way;
 * it borrows `class_name` (ent_free). */
ent_status ent_result_restore_label(ent_federation *f, const char *folder, ent_label_inp *inp, int32_t **class_name);
/* Check that the open data set has the features that the model was trained on. */
ent_status ent_result_check_data(ent_federation *f, const char *folder);
ent_status ent_result_restore(ent_federation *f, const char *folder);

#endif
