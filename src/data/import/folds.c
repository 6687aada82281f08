/* Lists: one pass over the text, token by token; then the ids are sorted.  Random folds: videos are taken in a
 * drawn order, and each goes to the part that contains the middle of its rows. */
#include "entente/folds.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entente/h5.h"
#include "entente/memory.h"
#include "entente/random.h"
#include "data/io/lines.h"

typedef struct {
    const char *path, *at;
    int64_t line;
    int part; /* -1: none yet */
    int64_t id_room, part_room;
    ent_folds *folds;
} reader;

/* ---- tokens ---- */

static bool is_passed(char c)
{
    return isspace((unsigned char)c) || strchr(",;[](){}", c);
}

/* Skip characters without meaning. */
static void skip(reader *r)
{
    for (; *r->at; r->at++) {
        if (*r->at == '#') r->at += strcspn(r->at, "\n");
        if (*r->at == '\n') r->line++;
        if (!*r->at || !is_passed(*r->at)) return;
    }
}

static bool ends_word(char c)
{
    return !c || is_passed(c) || strchr("=:'\"#", c);
}

/* A word or a quoted string, possibly an id that ends in [k]. */
static ent_status next_token(reader *r, const char **start, size_t *length)
{
    const char quote = *r->at == '"' || *r->at == '\'' ? *r->at : '\0';
    *start = quote ? ++r->at : r->at;
    if (quote) {
        while (*r->at && *r->at != quote && *r->at != '\n') r->at++;
        ENT_REQUIRE(*r->at == quote, ENT_EFORMAT, "%s:%lld: unterminated quote", r->path, (long long)r->line);
        *length = (size_t)(r->at++ - *start);
        return ENT_OK;
    }
    while (!ends_word(*r->at)) r->at++;
    const size_t digits = *r->at == '[' ? strspn(r->at + 1, "0123456789") : 0;
    if (digits > 0 && r->at > *start && r->at[digits + 1] == ']') r->at += digits + 2;
    *length = (size_t)(r->at - *start);
    ENT_REQUIRE(*length > 0, ENT_EFORMAT, "%s:%lld: found '%c', want an id or the name of a part", r->path,
                (long long)r->line, *r->at);
    return ENT_OK;
}

/* Start the part that is named by a token followed by '=' or ':'. */
static ent_status begin_part(reader *r, const char *start, size_t length)
{
    static const struct {
        const char *word;
        int part;
    } words[] = {{"train", 0}, {"valid", 1}, {"dev", 1}, {"test", 2}};
    char name[256];
    snprintf(name, sizeof name, "%.*s", (int)(length < 255 ? length : 255), start);
    for (char *c = name; *c; c++) *c = (char)tolower((unsigned char)*c);
    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        if (strstr(name, words[k].word)) {
            r->part = words[k].part;
            return ENT_OK;
        }
    return ent_fail(ENT_EFORMAT, "%s:%lld: found part '%.64s', want train, validation or test", r->path,
                    (long long)r->line, name);
}

static ent_status take_id(reader *r, const char *start, size_t length)
{
    ENT_REQUIRE(r->part >= 0, ENT_EFORMAT, "%s:%lld: found an id before the first part, want 'train:' or the like",
                r->path, (long long)r->line);
    ENT_REQUIRE(ent_grow((void **)&r->folds->id, &r->id_room, r->folds->count, sizeof *r->folds->id) &&
                    ent_grow((void **)&r->folds->part, &r->part_room, r->folds->count, sizeof *r->folds->part),
                ENT_ENOMEM, "%s: no memory", r->path);
    char *id = ent_alloc((int64_t)length + 1, 1);
    ENT_REQUIRE(id, ENT_ENOMEM, "%s: no memory", r->path);
    memcpy(id, start, length);
    r->folds->id[r->folds->count] = id;
    r->folds->part[r->folds->count++] = r->part;
    return ENT_OK;
}

static ent_status read_all(reader *r)
{
    const char *start;
    size_t length = 0;
    for (skip(r); *r->at; skip(r)) {
        ENT_TRY(next_token(r, &start, &length));
        const char *after = r->at + strspn(r->at, " \t");
        if (*after == '=' || *after == ':') {
            r->at = after + 1;
            ENT_TRY(begin_part(r, start, length));
        } else if (length > 1 || (*start != '-' && length > 0)) {
            ENT_TRY(take_id(r, start, length));
        }
    }
    return ENT_OK;
}

/* ---- sorted ---- */

typedef struct {
    char *id;
    int part;
} entry;

static int by_id(const void *a, const void *b)
{
    return strcmp(((const entry *)a)->id, ((const entry *)b)->id);
}

static ent_status sort_ids(const char *path, ent_folds *folds)
{
    entry *list = ent_alloc(folds->count, sizeof *list);
    ENT_REQUIRE(list, ENT_ENOMEM, "%s: no memory", path);
    for (int64_t k = 0; k < folds->count; k++) list[k] = (entry){folds->id[k], folds->part[k]};
    qsort(list, (size_t)folds->count, sizeof *list, by_id);
    for (int64_t k = 0; k < folds->count; k++) {
        folds->id[k] = list[k].id;
        folds->part[k] = list[k].part;
    }
    ent_free(list);
    for (int64_t k = 1; k < folds->count; k++)
        ENT_REQUIRE(folds->part[k] == folds->part[k - 1] || strcmp(folds->id[k], folds->id[k - 1]) != 0, ENT_EDATA,
                    "%s: id '%s' is in two parts", path, folds->id[k]);
    ENT_REQUIRE(folds->count > 0, ENT_EFORMAT, "%s: contains no id", path);
    return ENT_OK;
}

ent_status ent_folds_load(const char *path, ent_folds *out)
{
    char *text = NULL;
    *out = (ent_folds){.id = NULL};
    ENT_TRY(ent_file_text(path, &text));
    reader r = {.path = path, .at = text, .line = 1, .part = -1, .folds = out};
    ent_status status = read_all(&r);
    if (status == ENT_OK) status = sort_ids(path, out);
    ent_free(text);
    if (status != ENT_OK) ent_folds_free(out);
    return status;
}

void ent_folds_free(ent_folds *folds)
{
    ent_h5_names_free(folds->id, folds->count);
    ent_free(folds->part);
    *folds = (ent_folds){.id = NULL};
}

int ent_folds_find(const ent_folds *folds, const char *id)
{
    int64_t low = 0, high = folds->count;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        const int order = strcmp(folds->id[middle], id);
        if (order == 0) return folds->part[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

/* ---- dealt ---- */

ent_status ent_folds_deal(uint64_t seed, const double share[3], int64_t videos, const int64_t *rows, int *part)
{
    const double all = share[0] + share[1] + share[2];
    ENT_REQUIRE(share[0] >= 0.0 && share[1] >= 0.0 && share[2] >= 0.0 && all > 0.0 && isfinite(all), ENT_EARG,
                "split %g,%g,%g: want three shares of at least 0, not all 0", share[0], share[1], share[2]);
    int64_t *order = ent_alloc(videos, sizeof *order);
    ENT_REQUIRE(order, ENT_ENOMEM, "split of %lld videos: no memory", (long long)videos);
    ent_random stream = ent_random_at(seed, ENT_FOR_SPLIT, 0, 0);
    ent_random_permutation(&stream, videos, order);
    double total = 0.0, done = 0.0;
    for (int64_t k = 0; k < videos; k++) total += (double)rows[k];
    for (int64_t k = 0; k < videos; k++) {
        const double middle = (done + 0.5 * (double)rows[order[k]]) / total * all;
        part[order[k]] = middle < share[0] ? 0 : middle < share[0] + share[1] ? 1 : 2;
        if (part[order[k]] == 2 && share[2] == 0.0) part[order[k]] = share[1] > 0.0 ? 1 : 0;
        done += (double)rows[order[k]];
    }
    ent_free(order);
    return ENT_OK;
}
