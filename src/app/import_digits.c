/* entente import digits: makes a data set of spoken and written digits. */
#include <errno.h>
#include <string.h>

#include "app.h"
#include "entente/digits.h"

typedef struct {
    ent_digits_inp inp;
    cli_import_to to;
} arguments;

static const char *const KINDS[] = {"mfcc", "logmel", NULL};
static const char *const STATS[] = {"mean", "std", "min", "max", NULL};

static error_t read_stats(struct argp_state *state, char *list, void *arguments_)
{
    ent_audio_inp *audio = &((arguments *)arguments_)->inp.audio;
    bool *const set[] = {&audio->mean, &audio->std, &audio->min, &audio->max};
    audio->mean = audio->std = audio->min = audio->max = false;
    for (char *rest, *word = strtok_r(list, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
        int which;
        if (cli_word(state, word, STATS, &which)) return EINVAL;
        *set[which] = true;
    }
    return 0;
}

#define AT(field) offsetof(arguments, field)

static const cli_option OPTIONS[] = {
    {"wav", 0, "DIR", "a folder of DIGIT_SPEAKER_TAKE.wav", AT(inp.wav), .type = CLI_TEXT, .required = true},
    {"images", 0, "FILE", "images of digits (IDX, plain or .gz)", AT(inp.images), .type = CLI_TEXT, .required = true},
    {"labels", 0, "FILE", "the digits of the images (IDX, plain or .gz)", AT(inp.labels), .type = CLI_TEXT,
     .required = true},
    CLI_IMPORT_OPTIONS("seed of the pairing (0)", AT(to)),
    {.help = "The audio front end, with names as in librosa:"},
    {"audio", 0, "KIND", "mfcc (default) or logmel", AT(inp.audio.kind), .type = CLI_WORD, .words = KINDS},
    {"n_fft", 0, "N", "samples per frame (256)", AT(inp.audio.n_fft), .type = CLI_INT, .low = 4, .high = 1 << 20},
    {"hop_length", 0, "N", "samples between frames (80)", AT(inp.audio.hop_length), .type = CLI_INT, .low = 1,
     .high = 1 << 20},
    {"n_mels", 0, "N", "mel bands (40)", AT(inp.audio.n_mels), .type = CLI_INT, .low = 1, .high = 4096},
    {"n_mfcc", 0, "N", "cepstral coefficients (20)", AT(inp.audio.n_mfcc), .type = CLI_INT, .low = 1, .high = 4096},
    {"fmin", 0, "HZ", "lowest frequency in Hz (0)", AT(inp.audio.fmin), .type = CLI_REAL, .high = 1e6},
    {"fmax", 0, "HZ", "highest frequency in Hz (half the sample rate)", AT(inp.audio.fmax), .type = CLI_REAL,
     .high = 1e6},
    {"top_db", 0, "DB", "floor in decibels below the loudest (80)", AT(inp.audio.top_db), .type = CLI_REAL,
     .high = 1e6},
    {"deltas", 0, NULL, "append the deltas of the numbers", AT(inp.audio.deltas), .type = CLI_SWITCH},
    {"width", 0, "N", "frames per delta (9)", AT(inp.audio.width), .type = CLI_INT, .low = 3, .high = 1001},
    {"pieces", 0, "N", "pieces of a recording, each with its own statistics (8)", AT(inp.audio.pieces),
     .type = CLI_INT, .low = 1, .high = 10000},
    {"stats", 0, "LIST", "statistics per piece, comma-separated: mean (default), std, min, max", 0, .type = CLI_CALL,
     .call = read_stats},
    {0}};

static const cli_line LINE = {
    .options = OPTIONS,
    .doc = "Make a data set of spoken and written digits.\v"
           "Each recording is paired with an image of the same digit; the speaker is the group "
           "(a natural client).  Takes 0-4 "
           "are the test part, 5-9 validation, the rest training.  The Free Spoken Digit Dataset "
           "and MNIST follow these naming schemes."};

static ent_status run_import(arguments *a)
{
    ent_digits_report r;
    cli_bar bar = {.what = "recordings", .quiet = a->to.quiet};
    a->inp.out = a->to.out;
    a->inp.seed = (uint64_t)a->to.seed;
    a->inp.progress = cli_bar_show;
    a->inp.progress_data = &bar;
    ENT_TRY(cli_may_write(NULL, a->to.out, a->to.replace));
    const ent_status status = ent_digits_import(&a->inp, &r);
    cli_bar_end(&bar);
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
    arguments a = {.inp = {.audio = ent_audio_default()}};
    cli_parse(&LINE, argc, argv, &a);
    return cli_report(run_import(&a));
}
