#include "fed/privacy/download.h"

#include <math.h>
#include <string.h>

#include "entente/memory.h"
#include "fed/privacy/compress.h"

ent_status ent_download_new(const ent_population *population, const ent_rule_state *s, const double *w,
                            ent_download **out)
{
    *out = NULL;
    if (!ent_downloads_less(population->config)) return ENT_OK;
    ent_download *d = *out = ent_alloc(1, sizeof *d);
    ENT_REQUIRE(d, ENT_ENOMEM, "downloads: no memory");
    d->known = ent_copy(w, s->params, sizeof *w);
    d->since = ent_alloc(population->clients, sizeof *d->since);
    ENT_REQUIRE(d->known && d->since, ENT_ENOMEM, "downloads of %lld clients: no memory",
                (long long)population->clients);
    for (int64_t c = 0; c < population->clients; c++) d->since[c] = -1;
    return ENT_OK;
}

void ent_download_free(ent_download *d)
{
    if (!d) return;
    ent_free(d->known);
    ent_free(d->since);
    ent_free(d);
}

/* x [count] to the values that can be sent: of `steps` from 0 to `most`, or, one bit, of the mean size. */
static void add_rounded(int count, int bits, const double *w, double *known)
{
    double most = 0.0, sum = 0.0;
    for (int k = 0; k < count; k++) {
        most = fmax(most, fabs(w[k] - known[k]));
        sum += fabs(w[k] - known[k]);
    }
    const double scale = bits == 1 ? (float)(sum / count) : ent_compress_single(most);
    const double steps = (double)((1 << (bits - 1)) - 1);
    if (scale == 0.0) return;
    for (int k = 0; k < count; k++) {
        const double x = w[k] - known[k];
        known[k] += bits == 1 ? copysign(scale, x) : scale * nearbyint(steps * x / scale) / steps;
    }
}

void ent_download_send(ent_download *d, const ent_rule_state *s, const double *w)
{
    const int bits = s->config->communication.download_bits;
    for (int b = 0; b < s->blocks; b++) {
        const int first = s->block[b].first;
        if (s->block[b].count > 0) add_rounded(s->block[b].count, bits, w + first, d->known + first);
    }
}

static double message_bytes(const ent_rule_state *s)
{
    const double bits = s->config->communication.download_bits;
    double sum = 0.0;
    for (int b = 0; b < s->blocks; b++) sum += bits * s->block[b].count + 32.0;
    return ceil(sum / 8.0);
}

/* Messages that have been missed, or the whole. */
static double catch_up(ent_download *d, int64_t client, int64_t base, double message, double whole)
{
    const int64_t had = d->since[client];
    if (had < base) d->since[client] = base;
    return had < 0 ? whole : fmin(whole, message * (double)(base > had ? base - had : 0));
}

double ent_download_bytes(ent_download *d, const ent_rule_state *s, const ent_cohort *cohort, int64_t round)
{
    const double whole = (double)s->params * (double)sizeof(double), message = message_bytes(s);
    double bytes = 0.0;
    for (int64_t k = 0; k < cohort->n; k++)
        bytes += catch_up(d, cohort->member[k].client, cohort->member[k].base, message, whole);
    for (int64_t k = 0; cohort->gone && k < cohort->lost; k++)
        bytes += catch_up(d, cohort->gone[k], round, message, whole);
    return bytes;
}

ent_status ent_download_resume(ent_download *d, ent_timeline *timeline, const ent_population *population,
                               int64_t rounds)
{
    const ent_rule_state nothing = {.config = population->config};
    for (int64_t r = 0; r < rounds; r++) {
        const ent_cohort *cohort;
        ENT_TRY(ent_timeline_round(timeline, population, r, &cohort));
        ent_download_bytes(d, &nothing, cohort, r);
    }
    return ENT_OK;
}
