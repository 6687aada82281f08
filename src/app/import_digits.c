/* entente import digits: makes a data set of spoken and written digits. */
#include <errno.h>
#include <string.h>

#include "app.h"
#include "entente/digits.h"

typedef struct {
    ent_digits_inp inp;
    int64_t n_fft, hop_length, n_mels, n_mfcc, pieces, width;
    int kind;
    const char *stats;
    app_import_to to;
} arguments;

enum {
    KEY_WAV = 256,
    KEY_IMAGES,
    KEY_LABELS,
    KEY_KIND,
    KEY_FFT,
    KEY_HOP,
    KEY_MELS,
    KEY_MFCC,
    KEY_FMIN,
    KEY_FMAX,
    KEY_TOP,
    KEY_DELTAS,
    KEY_WIDTH,
    KEY_PIECES,
    KEY_STATS
};

static const struct argp_option OPTIONS[] = {
    {"wav", KEY_WAV, "DIR", 0, "a folder of DIGIT_SPEAKER_TAKE.wav", 0},
    {"images", KEY_IMAGES, "FILE", 0, "images of digits (IDX, plain or .gz)", 0},
    {"labels", KEY_LABELS, "FILE", 0, "the digits of the images (IDX, plain or .gz)", 0},
    APP_IMPORT_OPTIONS("seed of the pairing (0)"),
    {NULL, 0, NULL, 0, "The audio front end, with names as in librosa:", 1},
    {"audio", KEY_KIND, "KIND", 0, "mfcc (default) or logmel", 1},
    {"n_fft", KEY_FFT, "N", 0, "samples per frame (256)", 1},
    {"hop_length", KEY_HOP, "N", 0, "samples between frames (80)", 1},
    {"n_mels", KEY_MELS, "N", 0, "mel bands (40)", 1},
    {"n_mfcc", KEY_MFCC, "N", 0, "cepstral coefficients (20)", 1},
    {"fmin", KEY_FMIN, "HZ", 0, "lowest frequency in Hz (0)", 1},
    {"fmax", KEY_FMAX, "HZ", 0, "highest frequency in Hz (half the sample rate)", 1},
    {"top_db", KEY_TOP, "DB", 0, "floor in decibels below the loudest (80)", 1},
    {"deltas", KEY_DELTAS, NULL, 0, "append the deltas of the numbers", 1},
    {"width", KEY_WIDTH, "N", 0, "frames per delta (9)", 1},
    {"pieces", KEY_PIECES, "N", 0, "pieces of a recording, each with its own statistics (8)", 1},
    {"stats", KEY_STATS, "LIST", 0, "statistics per piece, comma-separated: mean (default), std, min, max", 1},
    {0}};

static const char *const KINDS[] = {"mfcc", "logmel", NULL};
static const char *const STATS[] = {"mean", "std", "min", "max", NULL};

static error_t parse_stats(struct argp_state *state, char *list, ent_audio_inp *audio)
{
    bool *const set[] = {&audio->mean, &audio->std, &audio->min, &audio->max};
    audio->mean = audio->std = audio->min = audio->max = false;
    for (char *rest, *word = strtok_r(list, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
        int which;
        if (app_word(state, word, STATS, &which)) return EINVAL;
        *set[which] = true;
    }
    return 0;
}

static error_t parse_audio(int key, char *value, struct argp_state *state)
{
    arguments *a = state->input;
    ent_audio_inp *audio = &a->inp.audio;
    switch (key) {
    case KEY_KIND:
        return app_word(state, value, KINDS, &a->kind);
    case KEY_FFT:
        return app_whole(state, value, 4, 1 << 20, &a->n_fft);
    case KEY_HOP:
        return app_whole(state, value, 1, 1 << 20, &a->hop_length);
    case KEY_MELS:
        return app_whole(state, value, 1, 4096, &a->n_mels);
    case KEY_MFCC:
        return app_whole(state, value, 1, 4096, &a->n_mfcc);
    case KEY_FMIN:
        return app_real(state, value, 0, 1e6, &audio->fmin);
    case KEY_FMAX:
        return app_real(state, value, 0, 1e6, &audio->fmax);
    case KEY_TOP:
        return app_real(state, value, 0, 1e6, &audio->top_db);
    case KEY_DELTAS:
        audio->deltas = true;
        return 0;
    case KEY_WIDTH:
        return app_whole(state, value, 3, 1001, &a->width);
    case KEY_PIECES:
        return app_whole(state, value, 1, 10000, &a->pieces);
    case KEY_STATS:
        return parse_stats(state, value, audio);
    default:
        return app_import_option(key, value, state, &a->to);
    }
}

static error_t check(struct argp_state *state, const arguments *a)
{
    if (app_want(state, a->inp.wav, "--wav DIR") || app_want(state, a->inp.images, "--images FILE") ||
        app_want(state, a->inp.labels, "--labels FILE") || app_want(state, a->to.out, "--out FILE"))
        return EINVAL;
    return 0;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    arguments *a = state->input;
    switch (key) {
    case KEY_WAV:
        a->inp.wav = value;
        return 0;
    case KEY_IMAGES:
        a->inp.images = value;
        return 0;
    case KEY_LABELS:
        a->inp.labels = value;
        return 0;
    case ARGP_KEY_END:
        return check(state, a);
    default:
        return parse_audio(key, value, state);
    }
}

static const struct argp ARGP = {
    OPTIONS,
    parse,
    NULL,
    "Make a data set of spoken and written digits.\v"
    "Each recording is paired with an image of the same digit; the speaker is the group "
    "(a natural client).  Takes 0-4 "
    "are the test part, 5-9 validation, the rest training.  The Free Spoken Digit Dataset "
    "and MNIST follow these naming schemes.",
    NULL,
    NULL,
    NULL};

static ent_status run_import(arguments *a)
{
    ent_digits_report r;
    app_bar bar = {.what = "recordings", .quiet = a->to.quiet};
    ent_audio_inp *audio = &a->inp.audio;
    audio->kind = (ent_audio_kind)a->kind;
    audio->n_fft = (int)a->n_fft;
    audio->hop_length = (int)a->hop_length;
    audio->n_mels = (int)a->n_mels;
    audio->n_mfcc = (int)a->n_mfcc;
    audio->pieces = (int)a->pieces;
    audio->width = (int)a->width;
    a->inp.out = a->to.out;
    a->inp.seed = (uint64_t)a->to.seed;
    a->inp.progress = app_bar_show;
    a->inp.progress_data = &bar;
    ENT_TRY(app_may_write(NULL, a->to.out, a->to.replace));
    const ent_status status = ent_digits_import(&a->inp, &r);
    app_bar_end(&bar);
    if (status == ENT_OK && !a->to.quiet)
        printf(
            "%s: %lld recordings of %d speakers (train %lld, validation %lld, test %lld), %lld audio and %lld image "
            "features\n",
            a->inp.out, (long long)r.rows, r.speakers, (long long)r.part[0], (long long)r.part[1],
            (long long)r.part[2], (long long)r.dimension[0], (long long)r.dimension[1]);
    return status;
}

/* The work is small, so one process without MPI does it. */
int app_import_digits(int argc, char **argv)
{
    const ent_audio_inp audio = ent_audio_default();
    arguments a = {.inp = {.audio = audio},
                   .n_fft = audio.n_fft,
                   .hop_length = audio.hop_length,
                   .n_mels = audio.n_mels,
                   .n_mfcc = audio.n_mfcc,
                   .pieces = audio.pieces,
                   .width = audio.width};
    app_parse(&ARGP, argc, argv, &a);
    return app_report(run_import(&a));
}
