/* A file describes its datasets itself, by the attributes `description` and `unit` of each; the texts are in a table
 * for the kind of file.  A dataset without a row there is an error in this program, and the file is not written. */
#include <fnmatch.h>
#include <string.h>

#include "entente/memory.h"
#include "h5_internal.h"

static const ent_h5_note *note_of(const ent_h5_note *notes, const char *name)
{
    while (notes->name && fnmatch(notes->name, name, 0) != 0) notes++;
    return notes->name ? notes : NULL;
}

static ent_status find_notes(const ent_h5 *file, const ent_h5_names_list *sets, const ent_h5_note *notes,
                             int64_t *bytes)
{
    enum { BESIDE = 512 }; /* the most that libhdf5 writes for two attributes besides their texts */
    *bytes = 0;
    for (int64_t k = 0; k < sets->count; k++) {
        const ent_h5_note *note = note_of(notes, sets->name[k]);
        ENT_REQUIRE(note, ENT_EARG, "%s: found no description of %s", file->path, sets->name[k]);
        *bytes += BESIDE + (int64_t)(strlen(note->description) + strlen(note->unit));
    }
    return ENT_OK;
}

ent_status ent_h5_annotate(ent_h5 *file, const ent_h5_note *notes)
{
    ent_h5_names_list sets = {.count = 0};
    int64_t bytes = 0;
    ent_status status = ent_h5_list_sets(file, &sets);
    if (status == ENT_OK) status = find_notes(file, &sets, notes, &bytes);
    if (file->comm) status = ent_comm_agree(file->comm, status);
    if (status == ENT_OK) status = ent_h5_make_room(file, bytes);
    const bool written = status == ENT_OK;
    for (int64_t k = 0; k < sets.count && status == ENT_OK; k++) {
        const ent_h5_note *note = note_of(notes, sets.name[k]);
        status = ent_h5_put_attribute(file, sets.name[k], "description", note->description);
        if (status == ENT_OK) status = ent_h5_put_attribute(file, sets.name[k], "unit", note->unit);
    }
    ent_h5_list_clear(&sets);
    return written && file->comm ? ent_comm_agree(file->comm, status) : status;
}
