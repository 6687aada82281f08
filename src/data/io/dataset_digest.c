/* A digest of all features.  Pieces of some megabytes are distributed over ranks and hashed as they are stored;
 * the digest of a modality is the hash of the digests of its pieces, and the whole digest is the hash of those of
 * the modalities.  The pieces depend only on the shape of the table, so the digest does not depend on the number
 * of ranks.  Cost: reading the features once and SHA-256 (about 3 s per gigabyte), shared by all ranks.  Memory:
 * one mebibyte. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "entente/dataset.h"
#include "entente/h5.h"
#include "entente/memory.h"

enum { PIECE_BYTES = 4 << 20, HEX = 64 };

/* Rows per piece, and the number of pieces, of modality m. */
static int64_t piece_rows(const ent_dataset *d, int m)
{
    const int64_t rows = PIECE_BYTES / (int64_t)sizeof(double) / d->modality[m].dimension;
    return rows > 0 ? rows : 1;
}

static int64_t pieces_of(const ent_dataset *d, int m)
{
    return (d->rows + piece_rows(d, m) - 1) / piece_rows(d, m);
}

static ent_status hash_piece(const ent_dataset *d, int m, int64_t piece, char hex[HEX + 1])
{
    char path[2 * ENT_NAME_BYTES];
    ent_hash hash;
    const int64_t most = piece_rows(d, m), first = piece * most, left = d->rows - first;
    snprintf(path, sizeof path, "/modality/%s/features", d->modality[m].name);
    ent_hash_begin(&hash);
    ENT_TRY(ent_h5_hash_rows(d->file, path, first, left < most ? left : most, &hash));
    ent_hash_end(&hash, hex);
    return ENT_OK;
}

/* Collective. */
static ent_status digest_modality(ent_comm *comm, const ent_dataset *d, int m, char text[HEX + 1])
{
    const int64_t rank = ent_comm_rank(comm), size = ent_comm_size(comm), pieces = pieces_of(d, m);
    const int64_t begin = pieces * rank / size, end = pieces * (rank + 1) / size;
    char *all = NULL, *mine = ent_alloc((end - begin) * HEX + 1, 1);
    ent_status status = mine ? ENT_OK : ent_fail(ENT_ENOMEM, "%s: no memory", d->path);
    for (int64_t k = begin; k < end && status == ENT_OK; k++)
        status = hash_piece(d, m, k, mine + (k - begin) * HEX); /* its end is the start of the next one */
    status = ent_comm_agree(comm, status);
    if (status == ENT_OK) status = ent_comm_gather(comm, 0, mine, (size_t)((end - begin) * HEX), (void **)&all, NULL);
    if (status == ENT_OK) {
        if (rank == 0) ent_sha256(all, (size_t)(pieces * HEX), text);
        ent_comm_broadcast(comm, 0, text, HEX + 1);
    }
    ent_free(mine);
    ent_free(all);
    return status;
}

/* The identity of the file that rank 0 has opened. */
static void identify(ent_comm *comm, const ent_dataset *d, int64_t file[5])
{
    const ent_file_state *opened = ent_h5_opened(d->file);
    file[0] = opened->device;
    file[1] = opened->inode;
    file[2] = opened->bytes;
    file[3] = opened->modified_ns;
    file[4] = opened->changed_ns;
    ent_comm_broadcast(comm, 0, file, 5 * sizeof *file);
}

static ent_status find_digest(ent_comm *comm, const ent_dataset *d, int m, ent_feature_digests *known,
                              char hex[HEX + 1])
{
    for (int k = 0; k < known->count; k++)
        if (strcmp(known->of[k].name, d->modality[m].name) == 0) {
            memcpy(hex, known->of[k].sha256, HEX + 1);
            return ENT_OK;
        }
    ENT_TRY(digest_modality(comm, d, m, hex));
    if (known->count == ENT_MAX_MODALITIES) return ENT_OK;
    memcpy(known->of[known->count].name, d->modality[m].name, ENT_NAME_BYTES);
    memcpy(known->of[known->count++].sha256, hex, HEX + 1);
    return ENT_OK;
}

ent_status ent_dataset_digest(ent_comm *comm, const ent_dataset *d, ent_feature_digests *known, char text[65])
{
    ent_feature_digests nothing = {.count = 0};
    char all[ENT_MAX_MODALITIES * HEX + 1];
    int64_t file[5] = {0};
    if (!known) known = &nothing;
    identify(comm, d, file);
    if (memcmp(known->file, file, sizeof file) != 0) *known = nothing;
    memcpy(known->file, file, sizeof file);
    for (int m = 0; m < d->modalities; m++) ENT_TRY(find_digest(comm, d, m, known, all + m * HEX));
    ent_sha256(all, (size_t)(d->modalities * HEX), text);
    return ENT_OK;
}
