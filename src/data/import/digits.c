/* The names of the recordings are read first: they determine everything about a row except its features.  Then the
 * images and after them the recordings are processed one by one, in blocks of rows. */
#include "entente/digits.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entente/dataset.h"
#include "entente/h5.h"
#include "entente/idx.h"
#include "entente/memory.h"
#include "entente/random.h"
#include "data/dataset_notes.h"
#include "provenance.h"

enum { DIGITS = 10, NAME_BYTES = 256 };

typedef struct {
    char name[NAME_BYTES]; /* without ".wav" */
    char speaker[NAME_BYTES];
    int digit;
    long take;
    int64_t image;
    int32_t group;
} recording;

typedef struct {
    const ent_digits_inp *inp;
    recording *row;
    int64_t rows;
    int32_t speakers;
    ent_idx images, labels;
    ent_h5 *file;
} digits;

/* ---- names ---- */

static bool take_name(const char *name, recording *r)
{
    char rest[8] = "";
    const int found = sscanf(name, "%d_%255[^_/]_%ld%7s", &r->digit, r->speaker, &r->take, rest);
    if (found != 4 || strcmp(rest, ".wav") != 0 || r->digit < 0 || r->digit >= DIGITS || r->take < 0) return false;
    if (strlen(name) >= NAME_BYTES) return false;
    snprintf(r->name, sizeof r->name, "%.*s", (int)strlen(name) - 4, name);
    return true;
}

static int is_wav(const struct dirent *entry)
{
    const size_t length = strlen(entry->d_name);
    return length > 4 && entry->d_name[0] != '.' && strcmp(entry->d_name + length - 4, ".wav") == 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static ent_status take_names(digits *d, struct dirent **entry, int count)
{
    ENT_REQUIRE(count > 0, ENT_EDATA, "%s: contains no .wav file", d->inp->wav);
    d->rows = count;
    d->row = ent_alloc(count, sizeof *d->row);
    ENT_REQUIRE(d->row, ENT_ENOMEM, "%s: no memory for %d names", d->inp->wav, count);
    for (int k = 0; k < count; k++)
        ENT_REQUIRE(take_name(entry[k]->d_name, &d->row[k]), ENT_EFORMAT,
                    "%s/%s: want a file name DIGIT_SPEAKER_TAKE.wav", d->inp->wav, entry[k]->d_name);
    return ENT_OK;
}

static ent_status list_recordings(digits *d)
{
    struct dirent **entry;
    const int count = scandir(d->inp->wav, &entry, is_wav, by_bytes);
    ENT_REQUIRE(count >= 0, ENT_EIO, "%s: %s", d->inp->wav, strerror(errno));
    const ent_status status = take_names(d, entry, count);
    for (int k = 0; k < count; k++) free(entry[k]);
    free(entry);
    return status;
}

static int by_speaker(const void *a, const void *b)
{
    const recording *x = *(recording *const *)a, *y = *(recording *const *)b;
    const int order = strcmp(x->speaker, y->speaker);
    return order ? order : strcmp(x->name, y->name);
}

static ent_status number_speakers(digits *d)
{
    recording **order = ent_alloc(d->rows, sizeof *order);
    ENT_REQUIRE(order, ENT_ENOMEM, "%s: no memory", d->inp->wav);
    for (int64_t k = 0; k < d->rows; k++) order[k] = &d->row[k];
    qsort(order, (size_t)d->rows, sizeof *order, by_speaker);
    for (int64_t k = 0; k < d->rows; k++) {
        d->speakers += k == 0 || strcmp(order[k]->speaker, order[k - 1]->speaker) != 0;
        order[k]->group = d->speakers - 1;
    }
    ent_free(order);
    return ENT_OK;
}

/* ---- images ---- */

static ent_status load_images(digits *d)
{
    ENT_TRY(ent_idx_load(d->inp->images, &d->images));
    ENT_TRY(ent_idx_load(d->inp->labels, &d->labels));
    ENT_REQUIRE(d->images.rank >= 2, ENT_EFORMAT, "%s: rank %d, want images: 2 or more", d->inp->images,
                d->images.rank);
    ENT_REQUIRE(d->labels.rank == 1, ENT_EFORMAT, "%s: rank %d, want labels: 1", d->inp->labels, d->labels.rank);
    ENT_REQUIRE(d->labels.size[0] == d->images.size[0], ENT_EDATA, "%s has %lld labels, %s %lld images",
                d->inp->labels, (long long)d->labels.size[0], d->inp->images, (long long)d->images.size[0]);
    for (int64_t k = 0; k < d->labels.size[0]; k++)
        ENT_REQUIRE(d->labels.value[k] >= 0.0f && d->labels.value[k] < DIGITS &&
                        d->labels.value[k] == (float)(int)d->labels.value[k],
                    ENT_EDATA, "%s: label %g of image %lld, want 0..9", d->inp->labels, (double)d->labels.value[k],
                    (long long)k);
    return ENT_OK;
}

/* Assign the images of a digit, in a drawn order, to its recordings one by one. */
static ent_status pair_digit(digits *d, int digit, int64_t *image, int64_t *order)
{
    int64_t images = 0, used = 0;
    for (int64_t k = 0; k < d->labels.size[0]; k++)
        if (d->labels.value[k] == (float)digit) image[images++] = k;
    ent_random stream = ent_random_at(d->inp->seed, ENT_FOR_SYNTH, (uint64_t)digit, 0);
    ent_random_permutation(&stream, images, order);
    for (int64_t k = 0; k < d->rows; k++) {
        if (d->row[k].digit != digit) continue;
        if (used < images) d->row[k].image = image[order[used]];
        used++;
    }
    ENT_REQUIRE(used <= images, ENT_EDATA, "%s: %lld images of digit %d, want one for each of its %lld recordings",
                d->inp->images, (long long)images, digit, (long long)used);
    return ENT_OK;
}

static ent_status pair(digits *d)
{
    int64_t *image = ent_alloc(d->labels.size[0], sizeof *image),
            *order = ent_alloc(d->labels.size[0], sizeof *order);
    ent_status status = image && order ? ENT_OK : ent_fail(ENT_ENOMEM, "%s: no memory to pair", d->inp->images);
    for (int digit = 0; digit < DIGITS && status == ENT_OK; digit++) status = pair_digit(d, digit, image, order);
    ent_free(image);
    ent_free(order);
    return status;
}

static ent_status write_images(digits *d)
{
    const int64_t step = d->images.step;
    float *row = ent_alloc(step, sizeof *row);
    ENT_REQUIRE(row, ENT_ENOMEM, "%s: no memory", d->inp->images);
    ent_status status =
        ent_h5_write(d->file, "/modality/image/features", ENT_H5_F32, 2, (const int64_t[]){d->rows, step}, NULL);
    for (int64_t k = 0; k < d->rows && status == ENT_OK; k++) {
        for (int64_t j = 0; j < step; j++) row[j] = d->images.value[d->row[k].image * step + j] / 255.0f;
        status = ent_h5_write_rows(d->file, "/modality/image/features", ENT_H5_F32, k, 1, row);
    }
    ent_free(row);
    return status;
}

/* ---- recordings ---- */

/* Compute row k into `out`; the first recording creates the plan and the dataset. */
static ent_status write_recording(digits *d, int64_t k, const ent_signal *s, int *sr, ent_audio **audio, float **out)
{
    if (!*audio) {
        ENT_TRY(ent_audio_new(&d->inp->audio, s->sr, audio));
        *sr = s->sr;
        *out = ent_alloc(ent_audio_dimension(*audio), sizeof **out);
        ENT_REQUIRE(*out, ENT_ENOMEM, "audio: no memory");
        ENT_TRY(ent_h5_write(d->file, "/modality/audio/features", ENT_H5_F32, 2,
                             (const int64_t[]){d->rows, ent_audio_dimension(*audio)}, NULL));
    }
    ENT_REQUIRE(s->sr == *sr, ENT_EDATA, "%s/%s.wav: found %d Hz, want %d Hz as in the recordings before",
                d->inp->wav, d->row[k].name, s->sr, *sr);
    ENT_TRY(ent_audio_features(*audio, s->sample, s->n, *out));
    return ent_h5_write_rows(d->file, "/modality/audio/features", ENT_H5_F32, k, 1, *out);
}

static ent_status write_recordings(digits *d, ent_digits_report *report)
{
    char path[4096];
    int sr = 0;
    ent_audio *audio = NULL;
    float *out = NULL;
    ent_status status = ENT_OK;
    for (int64_t k = 0; k < d->rows && status == ENT_OK; k++) {
        ent_signal signal;
        snprintf(path, sizeof path, "%s/%s.wav", d->inp->wav, d->row[k].name);
        status = ent_signal_load(path, &signal);
        if (status != ENT_OK) break;
        status = write_recording(d, k, &signal, &sr, &audio, &out);
        ent_signal_free(&signal);
        if (d->inp->progress) d->inp->progress(d->inp->progress_data, k + 1, d->rows);
    }
    if (status == ENT_OK) report->dimension[0] = ent_audio_dimension(audio);
    ent_audio_free(audio);
    ent_free(out);
    return status;
}

/* ---- tables ---- */

static uint8_t part_of(const recording *r)
{
    return r->take < 5 ? ENT_TEST : r->take < 10 ? ENT_VALIDATION : ENT_TRAIN;
}

static ent_status write_numbers(digits *d, int32_t *number, uint8_t *part)
{
    for (int64_t k = 0; k < d->rows; k++) number[k] = d->row[k].digit;
    ENT_TRY(ent_h5_write(d->file, "/label/class", ENT_H5_I32, 1, &d->rows, number));
    for (int64_t k = 0; k < d->rows; k++) number[k] = d->row[k].group;
    ENT_TRY(ent_h5_write(d->file, "/group", ENT_H5_I32, 1, &d->rows, number));
    for (int64_t k = 0; k < d->rows; k++) number[k] = (int32_t)d->row[k].image;
    ENT_TRY(ent_h5_write(d->file, "/image", ENT_H5_I32, 1, &d->rows, number));
    for (int64_t k = 0; k < d->rows; k++) part[k] = part_of(&d->row[k]);
    return ent_h5_write(d->file, "/split", ENT_H5_U8, 1, &d->rows, part);
}

static ent_status write_tables(digits *d)
{
    int32_t *number = ent_alloc(d->rows, sizeof *number);
    uint8_t *part = ent_alloc(d->rows, 1);
    const char **name = ent_alloc(d->rows, sizeof *name);
    ent_status status = number && part && name ? ENT_OK : ent_fail(ENT_ENOMEM, "%s: no memory", d->inp->out);
    if (status == ENT_OK) status = write_numbers(d, number, part);
    for (int64_t k = 0; k < d->rows && name; k++) name[k] = d->row[k].name;
    if (status == ENT_OK) status = ent_h5_write_strings(d->file, "/id", d->rows, name);
    ent_free(number);
    ent_free(part);
    ent_free(name);
    ENT_TRY(status);
    return ent_h5_write_attribute(d->file, "/", "name", "audio-visual digits");
}

static ent_status write_source(const digits *d)
{
    const ent_digits_inp *inp = d->inp;
    const ent_audio_inp *a = &inp->audio;
    const char *const name[] = {"mean", "std", "min", "max"};
    const bool set[] = {a->mean, a->std, a->min, a->max};
    char stats[32] = "";
    ent_provenance source = {.used = 0};
    for (int k = 0; k < 4; k++)
        if (set[k]) strcat(strcat(stats, *stats ? "," : ""), name[k]);
    ent_provenance_add(&source, "entente import digits --wav %s --images %s --labels %s --seed %llu",
                       ent_provenance_file(inp->wav), ent_provenance_file(inp->images),
                       ent_provenance_file(inp->labels), (unsigned long long)inp->seed);
    ent_provenance_add(&source, "--audio %s --n_fft %d --hop_length %d --n_mels %d --n_mfcc %d",
                       a->kind == ENT_AUDIO_MFCC ? "mfcc" : "logmel", a->n_fft, a->hop_length, a->n_mels, a->n_mfcc);
    ent_provenance_add(&source, "--fmin %g", a->fmin);
    if (a->fmax > 0.0) ent_provenance_add(&source, "--fmax %g", a->fmax);
    ent_provenance_add(&source, "--top_db %g", a->top_db);
    if (a->deltas) ent_provenance_add(&source, "--deltas --width %d", a->width);
    ent_provenance_add(&source, "--pieces %d --stats %s", a->pieces, stats);
    return ent_provenance_write(&source, d->file);
}

static ent_status write_all(digits *d, ent_digits_report *report)
{
    ENT_TRY(write_tables(d));
    ENT_TRY(write_source(d));
    ENT_TRY(write_images(d));
    ENT_TRY(write_recordings(d, report));
    return ent_dataset_annotate(d->file);
}

static ent_status write_file(digits *d, ent_digits_report *report)
{
    ENT_TRY(ent_h5_create_shared(NULL, d->inp->out, &d->file));
    const ent_status status = write_all(d, report);
    if (status == ENT_OK) return ent_h5_finish(d->file);
    ent_h5_close(d->file);
    return status;
}

static ent_status run(digits *d, ent_digits_report *report)
{
    ENT_TRY(list_recordings(d));
    ENT_TRY(number_speakers(d));
    ENT_TRY(load_images(d));
    ENT_TRY(pair(d));
    *report = (ent_digits_report){.rows = d->rows, .images = d->images.size[0], .speakers = d->speakers};
    report->dimension[1] = d->images.step;
    for (int64_t k = 0; k < d->rows; k++) report->part[part_of(&d->row[k])]++;
    return write_file(d, report);
}

ent_status ent_digits_import(const ent_digits_inp *inp, ent_digits_report *report)
{
    digits d = {.inp = inp};
    const ent_status status = run(&d, report);
    ent_idx_free(&d.images);
    ent_idx_free(&d.labels);
    ent_free(d.row);
    return status;
}
