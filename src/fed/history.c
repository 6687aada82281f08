/* The first weights of the last rounds, contiguous; those from which no member can start any more are dropped. */
#include <string.h>

#include "entente/memory.h"
#include "clients.h"

struct ent_history {
    int64_t params, first, n, room;
    double *w; /* [room][params] */
};

ent_status ent_history_new(int64_t params, ent_history **out)
{
    ent_history *h = ent_alloc(1, sizeof *h);
    ENT_REQUIRE(h, ENT_ENOMEM, "earlier weights: no memory");
    h->params = params;
    *out = h;
    return ENT_OK;
}

void ent_history_free(ent_history *h)
{
    if (!h) return;
    ent_free(h->w);
    ent_free(h);
}

static ent_status reserve(ent_history *h, int64_t n)
{
    if (n <= h->room) return ENT_OK;
    const int64_t room = n + n / 2;
    double *w = ent_alloc(room * h->params, sizeof *w);
    ENT_REQUIRE(w, ENT_ENOMEM, "weights of %lld earlier rounds: no memory", (long long)n);
    if (h->n > 0) memcpy(w, h->w, (size_t)(h->n * h->params) * sizeof *w);
    ent_free(h->w);
    h->w = w;
    h->room = room;
    return ENT_OK;
}

ent_status ent_history_keep(ent_history *h, int64_t round, const double *w)
{
    if (h->n == 0) h->first = round;
    ENT_ASSERT(round == h->first + h->n);
    ENT_TRY(reserve(h, h->n + 1));
    memcpy(h->w + h->n++ * h->params, w, (size_t)h->params * sizeof *w);
    return ENT_OK;
}

const double *ent_history_at(const ent_history *h, int64_t round)
{
    ENT_ASSERT(round >= h->first && round < h->first + h->n);
    return h->w + (round - h->first) * h->params;
}

void ent_history_forget(ent_history *h, int64_t before)
{
    const int64_t gone = before - h->first < h->n ? before - h->first : h->n;
    if (gone <= 0) return;
    h->n -= gone;
    h->first += gone;
    memmove(h->w, h->w + gone * h->params, (size_t)(h->n * h->params) * sizeof *h->w);
}

const double *ent_history_get(const ent_history *h, int64_t *first, int64_t *n)
{
    *first = h->first;
    *n = h->n;
    return h->w;
}

ent_status ent_history_set(ent_history *h, int64_t first, int64_t n, const double *w)
{
    ENT_TRY(reserve(h, n));
    if (n > 0) memcpy(h->w, w, (size_t)(n * h->params) * sizeof *w);
    h->first = first;
    h->n = n;
    return ENT_OK;
}
