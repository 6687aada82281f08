/* Samples are read in blocks and the buffer grows with them, because the length in the header cannot be trusted. */
#include <math.h>
#include <sndfile.h>
#include <string.h>
#include <errno.h>

#include "entente/audio.h"
#include "entente/memory.h"

enum { BLOCK = 1 << 14, MOST_CHANNELS = 256 };

static ent_status mix_down(const char *path, int channels, int64_t frames, const double *block, ent_signal *s)
{
    for (int64_t t = 0; t < frames; t++) {
        double sum = 0.0;
        for (int c = 0; c < channels; c++) sum += block[t * channels + c];
        ENT_REQUIRE(isfinite(sum), ENT_EDATA, "%s: sample %lld is not finite", path, (long long)s->n);
        s->sample[s->n++] = sum / channels;
    }
    return ENT_OK;
}

static ent_status read_blocks(const char *path, SNDFILE *file, int channels, ent_signal *s)
{
    int64_t room = 0;
    double *block = ent_alloc(BLOCK, (size_t)channels * sizeof *block);
    ENT_REQUIRE(block, ENT_ENOMEM, "%s: no memory", path);
    ent_status status = ENT_OK;
    for (sf_count_t got; status == ENT_OK && (got = sf_readf_double(file, block, BLOCK)) > 0;) {
        if (!ent_grow_by((void **)&s->sample, &room, s->n, got, sizeof *s->sample))
            status = ent_fail(ENT_ENOMEM, "%s: no memory for %lld samples", path, (long long)(s->n + got));
        if (status == ENT_OK) status = mix_down(path, channels, got, block, s);
    }
    ent_free(block);
    return status;
}

static ent_status read_file(const char *path, SNDFILE *file, const SF_INFO *info, ent_signal *s)
{
    const int kind = info->format & SF_FORMAT_TYPEMASK;
    ENT_REQUIRE(kind == SF_FORMAT_WAV || kind == SF_FORMAT_WAVEX || kind == SF_FORMAT_RF64, ENT_EFORMAT,
                "%s: not a WAV file", path);
    ENT_REQUIRE(info->channels >= 1 && info->channels <= MOST_CHANNELS && info->samplerate >= 1, ENT_EFORMAT,
                "%s: %d channels at %d Hz, want 1..%d channels", path, info->channels, info->samplerate,
                MOST_CHANNELS);
    s->sr = info->samplerate;
    ENT_TRY(read_blocks(path, file, info->channels, s));
    ENT_REQUIRE(s->n > 0, ENT_EFORMAT, "%s: contains no sample", path);
    ENT_REQUIRE(s->n >= info->frames, ENT_EFORMAT, "%s: truncated: found %lld samples, want %lld by its header", path,
                (long long)s->n, (long long)info->frames);
    return ENT_OK;
}

ent_status ent_signal_load(const char *path, ent_signal *out)
{
    SF_INFO info = {.format = 0};
    *out = (ent_signal){.n = 0};
    errno = 0;
    SNDFILE *file = sf_open(path, SFM_READ, &info);
    if (!file) {
        if (sf_error(NULL) == SF_ERR_SYSTEM) return ent_fail(ENT_EIO, "%s: %s", path, strerror(errno));
        return ent_fail(ENT_EFORMAT, "%s: not a WAV file: %s", path, sf_strerror(NULL));
    }
    const ent_status status = read_file(path, file, &info, out);
    sf_close(file);
    if (status != ENT_OK) ent_signal_free(out);
    return status;
}

void ent_signal_free(ent_signal *signal)
{
    ent_free(signal->sample);
    *signal = (ent_signal){.n = 0};
}

const char *ent_signal_library(void)
{
    return sf_version_string();
}
