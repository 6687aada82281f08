/* A synthetic data set: latent variables first, then the score and its classes, then the features row by row, so
 * that only one block of rows is held in memory.  Every number is a function of (seed, purpose, row). */
#include "entente/synth.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "entente/h5.h"
#include "entente/memory.h"
#include "dataset_notes.h"
#include "entente/random.h"

/* a of the streams; streams per modality add its number. */
enum {
    HIDDEN,
    GROUP_OF_ROW,
    GROUP_SHIFT,
    PARTS,
    DIRECTION = 100,
    NOISE = 200,
    ABSENT = 300,
};

enum { BLOCK_ROWS = 4096, PATH_BYTES = 2 * ENT_NAME_BYTES };

ent_synth_inp ent_synth_default(void)
{
    static const char *const names[] = {"text", "audio", "vision"};
    return (ent_synth_inp){.rows = 2000,
                           .modalities = 3,
                           .names = names,
                           .dimension = {12, 10, 8},
                           .classes = 2,
                           .groups = 40,
                           .own = 1.0,
                           .cross = 2.0,
                           .noise = 0.3,
                           .group_shift = 0.3,
                           .missing = 0.0,
                           .seed = 1};
}

/* ---- checks ---- */

static const char *name_of(const ent_synth_inp *inp, int m, char name[ENT_NAME_BYTES])
{
    if (inp->names)
        snprintf(name, ENT_NAME_BYTES, "%s", inp->names[m]);
    else
        snprintf(name, ENT_NAME_BYTES, "m%d", m);
    return name;
}

static ent_status check_name(const ent_synth_inp *inp, int m)
{
    const char *name = inp->names[m];
    if (ent_modality_check_name(name) != ENT_OK) return ent_fail_in(ENT_EARG, "synth");
    for (int other = 0; other < m; other++)
        ENT_REQUIRE(strcmp(name, inp->names[other]) != 0, ENT_EARG, "synth: modality '%s' is named twice", name);
    return ENT_OK;
}

static ent_status check_number(const char *what, double x, double low, double high)
{
    ENT_REQUIRE(x >= low && x <= high, ENT_EARG, "synth: %s %g, want %g..%g", what, x, low, high);
    return ENT_OK;
}

static ent_status check(const ent_synth_inp *inp)
{
    ENT_REQUIRE(inp->rows >= 10, ENT_EARG, "synth: %lld rows, want at least 10", (long long)inp->rows);
    ENT_REQUIRE(inp->modalities >= 1 && inp->modalities <= ENT_MAX_MODALITIES, ENT_EARG,
                "synth: %d modalities, want 1..%d", inp->modalities, ENT_MAX_MODALITIES);
    for (int m = 0; m < inp->modalities; m++) {
        ENT_REQUIRE(inp->dimension[m] >= 1, ENT_EARG, "synth: modality %d has dimension %lld, want at least 1", m,
                    (long long)inp->dimension[m]);
        if (inp->names) ENT_TRY(check_name(inp, m));
    }
    ENT_REQUIRE(inp->classes >= 2 && inp->classes <= ENT_MAX_CLASSES && inp->classes <= inp->rows, ENT_EARG,
                "synth: %d classes, want 2..%d and at most the rows (%lld)", inp->classes, ENT_MAX_CLASSES,
                (long long)inp->rows);
    ENT_REQUIRE(inp->groups >= 1, ENT_EARG, "synth: %d groups, want at least 1", inp->groups);
    ENT_TRY(check_number("own", inp->own, -1e6, 1e6));
    ENT_TRY(check_number("cross", inp->cross, -1e6, 1e6));
    ENT_TRY(check_number("noise", inp->noise, 0.0, 1e6));
    ENT_TRY(check_number("group_shift", inp->group_shift, -1e6, 1e6));
    return check_number("missing", inp->missing, 0.0, 1.0);
}

/* ---- the hidden structure ---- */

typedef struct {
    const ent_synth_inp *inp;
    double *hidden;    /* [rows][modalities] */
    double *shift;     /* [groups] */
    double *direction; /* of the current modality: entries N(0, 1), scaled to length 1 */
    int32_t *group;
    float *score;
    int32_t *category;
    uint8_t *split, *present;
} synth;

static void synth_free(synth *s)
{
    ent_free(s->hidden);
    ent_free(s->shift);
    ent_free(s->direction);
    ent_free(s->group);
    ent_free(s->score);
    ent_free(s->category);
    ent_free(s->split);
    ent_free(s->present);
}

static ent_random stream_of(const ent_synth_inp *inp, int what, int64_t row)
{
    return ent_random_at(inp->seed, ENT_FOR_SYNTH, (uint64_t)what, (uint64_t)row);
}

static ent_status synth_new(const ent_synth_inp *inp, synth *s)
{
    int64_t largest = 0;
    for (int m = 0; m < inp->modalities; m++)
        if (inp->dimension[m] > largest) largest = inp->dimension[m];
    *s = (synth){.inp = inp};
    s->hidden = ent_alloc(inp->rows, (size_t)inp->modalities * sizeof *s->hidden);
    s->shift = ent_alloc(inp->groups, sizeof *s->shift);
    s->direction = ent_alloc(largest, sizeof *s->direction);
    s->group = ent_alloc(inp->rows, sizeof *s->group);
    s->score = ent_alloc(inp->rows, sizeof *s->score);
    s->category = ent_alloc(inp->rows, sizeof *s->category);
    s->split = ent_alloc(inp->rows, sizeof *s->split);
    s->present = ent_alloc(inp->rows, sizeof *s->present);
    if (s->hidden && s->shift && s->direction && s->group && s->score && s->category && s->split && s->present)
        return ENT_OK;
    synth_free(s);
    return ent_fail(ENT_ENOMEM, "synth: no memory for %lld rows", (long long)inp->rows);
}

static double score_of(const ent_synth_inp *inp, const double *h)
{
    const int n = inp->modalities;
    double products = 0.0;
    for (int m = 0; m < n && n > 1; m++) products += h[m] * h[(m + 1) % n];
    return inp->own * h[0] + inp->cross * products / sqrt(n);
}

static void draw_hidden(synth *s)
{
    const ent_synth_inp *inp = s->inp;
    for (int g = 0; g < inp->groups; g++) {
        ent_random stream = stream_of(inp, GROUP_SHIFT, g);
        s->shift[g] = ent_random_normal(&stream);
    }
    for (int64_t k = 0; k < inp->rows; k++) {
        double *h = s->hidden + k * inp->modalities;
        ent_random hidden = stream_of(inp, HIDDEN, k), group = stream_of(inp, GROUP_OF_ROW, k);
        for (int m = 0; m < inp->modalities; m++) h[m] = ent_random_normal(&hidden);
        s->group[k] = (int32_t)ent_random_below(&group, (uint64_t)inp->groups);
        s->score[k] = (float)(score_of(inp, h) + inp->group_shift * s->shift[s->group[k]]);
    }
}

/* Exactly 70 % train, 10 % validation, 20 % test. */
static void deal_parts(synth *s, int64_t *order)
{
    const int64_t rows = s->inp->rows, train = rows * 7 / 10, validation = rows / 10;
    ent_random stream = stream_of(s->inp, PARTS, 0);
    ent_random_permutation(&stream, rows, order);
    for (int64_t k = 0; k < rows; k++)
        s->split[order[k]] = k < train ? ENT_TRAIN : k < train + validation ? ENT_VALIDATION : ENT_TEST;
}

typedef struct {
    double score;
    int64_t row;
} scored;

static int by_score(const void *a, const void *b)
{
    const scored *x = a, *y = b;
    if (x->score != y->score) return x->score < y->score ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Class c holds the c-th of `classes` equal parts of the rows, ordered by score. */
static void cut_classes(synth *s, scored *order)
{
    const int64_t rows = s->inp->rows;
    for (int64_t k = 0; k < rows; k++) order[k] = (scored){s->score[k], k};
    qsort(order, (size_t)rows, sizeof *order, by_score);
    for (int64_t k = 0; k < rows; k++) s->category[order[k].row] = (int32_t)(k * s->inp->classes / rows);
}

static ent_status draw_labels(synth *s)
{
    void *room = ent_alloc(s->inp->rows, sizeof(scored)); /* used for both orders, one after the other */
    ENT_REQUIRE(room, ENT_ENOMEM, "synth: no memory for %lld rows", (long long)s->inp->rows);
    draw_hidden(s);
    deal_parts(s, room);
    cut_classes(s, room);
    ent_free(room);
    return ENT_OK;
}

/* ---- the file ---- */

static void draw_direction(synth *s, int m)
{
    double squares = 0.0;
    ent_random stream = stream_of(s->inp, DIRECTION + m, 0);
    for (int64_t j = 0; j < s->inp->dimension[m]; j++) {
        s->direction[j] = ent_random_normal(&stream);
        squares += s->direction[j] * s->direction[j];
    }
    for (int64_t j = 0; j < s->inp->dimension[m]; j++) s->direction[j] /= sqrt(squares);
}

static void draw_present(synth *s, int m)
{
    for (int64_t k = 0; k < s->inp->rows; k++) {
        ent_random stream = stream_of(s->inp, ABSENT + m, k);
        s->present[k] = ent_random_uniform(&stream) >= s->inp->missing;
    }
}

static void draw_features(const synth *s, int m, int64_t first, int64_t n, float *x)
{
    const int64_t d = s->inp->dimension[m];
    for (int64_t k = 0; k < n; k++) {
        const double h = s->hidden[(first + k) * s->inp->modalities + m];
        ent_random noise = stream_of(s->inp, NOISE + m, first + k);
        for (int64_t j = 0; j < d; j++) {
            const double value = s->direction[j] * h + s->inp->noise * ent_random_normal(&noise);
            x[k * d + j] = s->present[first + k] ? (float)value : NAN;
        }
    }
}

static ent_status write_features(const synth *s, int m, ent_h5 *file, const char *path)
{
    const int64_t rows = s->inp->rows, d = s->inp->dimension[m];
    float *x = ent_alloc(rows < BLOCK_ROWS ? rows : BLOCK_ROWS, (size_t)d * sizeof *x);
    ENT_REQUIRE(x, ENT_ENOMEM, "synth: no memory for a block of features");
    ent_status status = ent_h5_write(file, path, ENT_H5_F32, 2, (const int64_t[]){rows, d}, NULL);
    for (int64_t first = 0; first < rows && status == ENT_OK; first += BLOCK_ROWS) {
        const int64_t n = rows - first < BLOCK_ROWS ? rows - first : BLOCK_ROWS;
        draw_features(s, m, first, n, x);
        status = ent_h5_write_rows(file, path, ENT_H5_F32, first, n, x);
    }
    ent_free(x);
    return status;
}

static ent_status write_modality(synth *s, int m, ent_h5 *file)
{
    char name[ENT_NAME_BYTES], path[PATH_BYTES];
    name_of(s->inp, m, name);
    draw_direction(s, m);
    draw_present(s, m);
    snprintf(path, sizeof path, "/modality/%s/features", name);
    ENT_TRY(write_features(s, m, file, path));
    snprintf(path, sizeof path, "/modality/%s/present", name);
    ENT_TRY(ent_h5_write(file, path, ENT_H5_U8, 1, &s->inp->rows, s->present));
    snprintf(path, sizeof path, "/hidden/direction/%s", name);
    return ent_h5_write(file, path, ENT_H5_F64, 1, &s->inp->dimension[m], s->direction);
}

static ent_status write_tables(const synth *s, ent_h5 *file)
{
    const ent_synth_inp *inp = s->inp;
    ENT_TRY(ent_h5_write(file, "/label/value", ENT_H5_F32, 1, &inp->rows, s->score));
    ENT_TRY(ent_h5_write(file, "/label/class", ENT_H5_I32, 1, &inp->rows, s->category));
    ENT_TRY(ent_h5_write(file, "/split", ENT_H5_U8, 1, &inp->rows, s->split));
    ENT_TRY(ent_h5_write(file, "/group", ENT_H5_I32, 1, &inp->rows, s->group));
    ENT_TRY(ent_h5_write(file, "/hidden/h", ENT_H5_F64, 2, (const int64_t[]){inp->rows, inp->modalities}, s->hidden));
    return ent_h5_write(file, "/hidden/group", ENT_H5_F64, 1, (const int64_t[]){inp->groups}, s->shift);
}

/* The command that generates the same file. */
static void describe(const ent_synth_inp *inp, char *text, size_t bytes)
{
    char name[ENT_NAME_BYTES];
    size_t used =
        (size_t)snprintf(text, bytes, "synthetic: entente synth --rows %lld --modalities ", (long long)inp->rows);
    for (int m = 0; m < inp->modalities; m++)
        used += (size_t)snprintf(text + used, bytes - used, "%s%s:%lld", m > 0 ? "," : "", name_of(inp, m, name),
                                 (long long)inp->dimension[m]);
    snprintf(text + used, bytes - used,
             " --classes %d --groups %d --own %g --cross %g --noise %g --group-shift %g --missing %g --seed %llu",
             inp->classes, inp->groups, inp->own, inp->cross, inp->noise, inp->group_shift, inp->missing,
             (unsigned long long)inp->seed);
}

static ent_status write_attributes(const synth *s, ent_h5 *file)
{
    char source[4096];
    describe(s->inp, source, sizeof source);
    ENT_TRY(ent_h5_write_attribute(file, "/", "name", "synthetic"));
    ENT_TRY(ent_h5_write_attribute(file, "/", "source", source));
    ENT_TRY(ent_h5_write_attribute(file, "/", "licence", "CC0-1.0"));
    ENT_TRY(ent_h5_write_attribute(file, "/", "creation", "the options in 'source' make the same file again"));
    return ent_dataset_annotate(file);
}

static ent_status write_all(synth *s, ent_h5 *file)
{
    ENT_TRY(draw_labels(s));
    ENT_TRY(write_tables(s, file));
    for (int m = 0; m < s->inp->modalities; m++) ENT_TRY(write_modality(s, m, file));
    return write_attributes(s, file);
}

ent_status ent_synth_write(const ent_synth_inp *inp, const char *path, int replace)
{
    synth s;
    ent_h5 *file = NULL;
    ENT_TRY(check(inp));
    ENT_REQUIRE(replace || access(path, F_OK) != 0, ENT_EIO, "%s: exists; want another name, or --replace", path);
    ENT_TRY(synth_new(inp, &s));
    ent_status status = ent_h5_create(path, &file);
    if (status == ENT_OK) {
        status = write_all(&s, file);
        if (status == ENT_OK)
            status = ent_h5_finish(file);
        else
            ent_h5_close(file);
    }
    synth_free(&s);
    return status;
}
