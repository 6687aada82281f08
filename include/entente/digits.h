/* Spoken and written digits as one data set: each recording is paired with an image of the same digit. */
#ifndef ENTENTE_DIGITS_H
#define ENTENTE_DIGITS_H

#include "entente/audio.h"

typedef struct {
    const char *wav;             /* a folder of DIGIT_SPEAKER_TAKE.wav */
    const char *images, *labels; /* IDX, images and their digits */
    const char *out;
    ent_audio_inp audio;
    uint64_t seed;
    void (*progress)(void *data, int64_t done, int64_t all); /* recordings; may be NULL */
    void *progress_data;
} ent_digits_inp;

typedef struct {
    int64_t rows, part[3], images;
    int speakers;
    int64_t dimension[2]; /* audio, image */
} ent_digits_report;

/* Modalities audio (statistics of the front end) and image (pixels 0..255 scaled to 0..1); /label/class is the digit,
 * /group the speaker, /id the recording.  Takes 0-4 are the test part, 5-9 validation, the rest trains.  The k-th
 * recording of a digit is paired with the k-th of its images in an order drawn from the seed, so no image is used
 * twice.  Local.  Errors: those of the two formats; ENT_EFORMAT a file name of another form; ENT_EDATA rates that
 * differ, labels that do not fit the images, fewer images of a digit than recordings. */
ent_status ent_digits_import(const ent_digits_inp *inp, ent_digits_report *report);

#endif
