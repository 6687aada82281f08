/* Digests of what a training reads besides its configuration: computed once, compared with those of a saved file. */
#include <string.h>

#include "entente/hash.h"
#include "entente/memory.h"
#include "fed/saved/saved.h"

/* Digests of the tables, one after the other, and the digest of that. */
static void digest_tables(const ent_federation *f, char text[65])
{
    enum { TABLES = 5 };
    const ent_dataset *d = f->features.dataset;
    const struct {
        const void *data;
        size_t bytes;
    } table[TABLES] = {{d->stored, sizeof *d->stored},
                       {d->split, sizeof *d->split},
                       {d->group, sizeof *d->group},
                       {d->category, sizeof *d->category},
                       {d->value, sizeof *d->value}};
    char all[64 * (TABLES + ENT_MAX_MODALITIES) + 1] = "";
    char *end = all;
    for (int k = 0; k < TABLES; k++, end += 64)
        ent_sha256(table[k].data ? table[k].data : "", table[k].data ? (size_t)d->rows * table[k].bytes : 0, end);
    for (int m = 0; m < f->population.modalities; m++, end += 64) {
        const char *ansatz = f->qasm[m] ? ent_qasm_text(f->qasm[m]) : "";
        ent_sha256(ansatz, strlen(ansatz), end);
    }
    ent_sha256(all, (size_t)(end - all), text);
}

ent_status ent_federation_identify(ent_federation *f, ent_feature_digests *known)
{
    if (f->inputs.features[0]) return ENT_OK;
    const ent_file_state *opened = ent_h5_opened(f->features.dataset->file);
    ent_inputs found = {.bytes = opened->bytes, .modified_s = opened->modified_ns / 1000000000};
    ENT_TRY(ent_dataset_digest(f->ranks.world, f->features.dataset, known, found.features));
    digest_tables(f, found.tables);
    ent_comm_broadcast(f->ranks.world, 0, &found, sizeof found);
    f->inputs = found;
    return ENT_OK;
}

static ent_status same_text(const ent_h5 *file, const char *name, const char *mine, bool *same)
{
    char *theirs;
    ENT_TRY(ent_h5_read_text(file, name, &theirs));
    *same = strcmp(mine, theirs) == 0;
    ent_free(theirs);
    return ENT_OK;
}

ent_status ent_inputs_write(const ent_inputs *inputs, ent_h5 *file)
{
    ENT_TRY(ent_h5_write_text(file, "/data", inputs->tables));
    return ent_h5_write_text(file, "/features", inputs->features);
}

ent_status ent_inputs_compare(const ent_inputs *mine, const char *path, const ent_h5 *file, const char *whose)
{
    bool same = true;
    if (ent_h5_has(file, "/data")) ENT_TRY(same_text(file, "/data", mine->tables, &same));
    ENT_REQUIRE(same, ENT_EDATA,
                "%s: labels, split, groups, what is present or an ansatz differ from those of the %s", path, whose);
    if (ent_h5_has(file, "/features")) ENT_TRY(same_text(file, "/features", mine->features, &same));
    ENT_REQUIRE(same, ENT_EDATA, "%s: the features differ from those of the %s", path, whose);
    return ENT_OK;
}

ent_status ent_result_check_inputs(const char *folder, const char *path, const ent_inputs *inputs)
{
    char result[4096];
    ent_h5 *file;
    ENT_TRY(ent_result_path(folder, result));
    ENT_TRY(ent_h5_open(result, &file));
    const ent_status status = ent_inputs_compare(inputs, path, file, "result");
    ent_h5_close(file);
    return status;
}
