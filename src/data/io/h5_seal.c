/* The seal of a file, /sha256: a line "<SHA-256> <name>" for every dataset, ordered by name.
 *
 * The digest of a dataset covers its shape and its numbers as they are stored, or the characters of a text.  When
 * a shared file is sealed, rows of its tables may still be in flight from other ranks: there the seal covers only
 * the texts, and each table has separate checks of its rows (/check/<name>).  In a sealed file every dataset is
 * therefore either in the seal or has a check; any other dataset was added later. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entente/hash.h"
#include "entente/memory.h"
#include "h5_internal.h"

static const char SEAL[] = "/sha256", CHECKS[] = "/check";
enum { NAME_BYTES = 1024, DIGEST_BYTES = 64 };

/* ---- the names of all datasets ---- */

void ent_h5_list_clear(ent_h5_names_list *n)
{
    for (int64_t k = 0; k < n->count; k++) ent_free(n->name[k]);
    ent_free(n->name);
}

static bool is_dataset(hid_t group, const char *name, hid_t link)
{
    const hid_t object = H5Oopen(group, name, link);
    const bool is = object >= 0 && H5Iget_type(object) == H5I_DATASET;
    if (object >= 0) H5Oclose(object);
    return is;
}

static herr_t take_name(hid_t group, const char *name, const H5L_info_t *info, void *data)
{
    char path[NAME_BYTES];
    ent_h5_names_list *n = data;
    (void)info;
    if (!is_dataset(group, name, n->link) || strcmp(name, SEAL + 1) == 0) return 0;
    n->failed = snprintf(path, sizeof path, "/%s", name) >= (int)sizeof path ||
                !ent_grow((void **)&n->name, &n->room, n->count, sizeof *n->name) ||
                !(n->name[n->count] = ent_text(path));
    if (!n->failed) n->count++;
    return n->failed ? -1 : 0;
}

ent_status ent_h5_list_sets(const ent_h5 *file, ent_h5_names_list *n)
{
    n->link = file->link;
    const herr_t walked = H5Lvisit(file->id, H5_INDEX_NAME, H5_ITER_INC, take_name, n);
    if (n->failed) return ent_h5_no_memory(file, SEAL);
    return walked < 0 ? ent_h5_fail_at(ENT_EFORMAT, file, "/", "cannot be read") : ENT_OK;
}

/* ---- digests ---- */

static bool is_text(const ent_h5 *file, const char *name)
{
    const hid_t set = H5Dopen2(file->id, name, file->set_access), type = set >= 0 ? H5Dget_type(set) : -1;
    const bool is = type >= 0 && H5Tget_class(type) == H5T_STRING;
    if (type >= 0) H5Tclose(type);
    if (set >= 0) H5Dclose(set);
    return is;
}

static ent_status digest(const ent_h5 *file, const char *name, char text[DIGEST_BYTES + 1])
{
    ent_hash hash;
    ent_hash_begin(&hash);
    if (is_text(file, name)) {
        char *words;
        ENT_TRY(ent_h5_read_text(file, name, &words));
        ent_hash_add(&hash, words, strlen(words));
        ent_free(words);
    } else {
        ent_h5_shape shape;
        ENT_TRY(ent_h5_describe(file, name, &shape));
        ent_hash_add(&hash, shape.size, (size_t)shape.rank * sizeof *shape.size);
        ENT_TRY(ent_h5_hash_rows(file, name, 0, shape.size[0], &hash));
    }
    ent_hash_end(&hash, text);
    return ENT_OK;
}

static ent_status seal_text(const ent_h5 *file, const ent_h5_names_list *n, char *text)
{
    for (int64_t k = 0; k < n->count; k++) {
        char hex[DIGEST_BYTES + 1];
        if (file->shared && !is_text(file, n->name[k])) continue;
        ENT_TRY(digest(file, n->name[k], hex));
        text += sprintf(text, "%s %s\n", hex, n->name[k]);
    }
    return ENT_OK;
}

/* Share the text of rank 0 with all ranks, which know its length because all have the same names. */
static ent_status share_text(const ent_h5 *file, ent_status status, char *text, size_t room)
{
    if (!file->comm) return status;
    ENT_TRY(ent_comm_agree(file->comm, status));
    ent_comm_broadcast(file->comm, 0, text, room);
    return ENT_OK;
}

ent_status ent_h5_seal(ent_h5 *file)
{
    ent_h5_names_list n = {.count = 0};
    char *text = NULL;
    size_t room = 1;
    const bool root = !file->comm || ent_comm_rank(file->comm) == 0;
    ent_status status = ent_h5_list_sets(file, &n);
    for (int64_t k = 0; k < n.count; k++) room += DIGEST_BYTES + 2 + strlen(n.name[k]);
    if (status == ENT_OK && !(text = ent_alloc((int64_t)room, 1))) status = ent_h5_no_memory(file, SEAL);
    if (file->comm) status = ent_comm_agree(file->comm, status);
    if (status == ENT_OK) status = share_text(file, root ? seal_text(file, &n, text) : ENT_OK, text, room);
    if (status == ENT_OK) status = ent_h5_write_text(file, SEAL, text);
    if (status == ENT_OK)
        status =
            ent_h5_write_attribute(file, SEAL, "description", "SHA-256 of every dataset that it names, one per line");
    if (status == ENT_OK) status = ent_h5_write_attribute(file, SEAL, "unit", "none");
    ent_free(text);
    ent_h5_list_clear(&n);
    return status;
}

/* ---- verifying ---- */

/* Parse one line of the seal.  Returns the text after it, or NULL if the line is malformed. */
static const char *read_line(const char *line, char hex[DIGEST_BYTES + 1], char name[NAME_BYTES])
{
    const size_t length = strcspn(line, "\n");
    if (line[length] != '\n' || length <= DIGEST_BYTES + 1 || length - DIGEST_BYTES > NAME_BYTES) return NULL;
    snprintf(hex, DIGEST_BYTES + 1, "%s", line);
    snprintf(name, NAME_BYTES, "%.*s", (int)(length - DIGEST_BYTES - 1), line + DIGEST_BYTES + 1);
    return strlen(hex) == DIGEST_BYTES && line[DIGEST_BYTES] == ' ' ? line + length + 1 : NULL;
}

static ent_status verify_line(const ent_h5 *file, const char *name, const char *hex)
{
    char found[DIGEST_BYTES + 1];
    ENT_REQUIRE(ent_h5_has(file, name), ENT_EFORMAT, "%s: dataset %s is missing (it is listed in %s)", file->path,
                name, SEAL);
    ENT_TRY(digest(file, name, found));
    ENT_REQUIRE(strcmp(found, hex) == 0, ENT_EFORMAT, "%s: %s is not what was written (SHA-256 differs)", file->path,
                name);
    return ENT_OK;
}

static bool is_listed(const char *seal, const char *name)
{
    const size_t length = strlen(name);
    for (const char *at = seal; (at = strstr(at, name)); at += length)
        if (at > seal && at[-1] == ' ' && at[length] == '\n') return true;
    return false;
}

static bool has_check(const ent_h5 *file, const char *name)
{
    char check[NAME_BYTES + sizeof CHECKS];
    snprintf(check, sizeof check, "%s%s", CHECKS, name);
    return ent_h5_has(file, check) || strncmp(name, CHECKS, sizeof CHECKS - 1) == 0;
}

static ent_status verify_rest(const ent_h5 *file, const char *seal)
{
    ent_h5_names_list n = {.count = 0};
    ent_status status = ent_h5_list_sets(file, &n);
    for (int64_t k = 0; k < n.count && status == ENT_OK; k++)
        if (!is_listed(seal, n.name[k]) && !has_check(file, n.name[k]))
            status = ent_fail(ENT_EFORMAT, "%s: %s was added after the file was written (it is not listed in %s)",
                              file->path, n.name[k], SEAL);
    ent_h5_list_clear(&n);
    return status;
}

static ent_status verify_all(const ent_h5 *file, const char *seal, int64_t *count)
{
    char hex[DIGEST_BYTES + 1], name[NAME_BYTES];
    *count = 0;
    for (const char *line = seal; *line; ++*count) {
        line = read_line(line, hex, name);
        ENT_REQUIRE(line, ENT_EFORMAT, "%s: %s is damaged", file->path, SEAL);
        ENT_TRY(verify_line(file, name, hex));
    }
    return verify_rest(file, seal);
}

ent_status ent_h5_verify(const ent_h5 *file, int64_t *count)
{
    char *seal;
    int64_t verified = 0;
    if (!ent_h5_has(file, SEAL)) {
        if (count) *count = 0;
        return ENT_OK;
    }
    ENT_TRY(ent_h5_read_text(file, SEAL, &seal));
    const ent_status status = verify_all(file, seal, &verified);
    ent_free(seal);
    if (status == ENT_OK && count) *count = verified;
    return status;
}
