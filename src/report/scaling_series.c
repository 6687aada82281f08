/* Repeats of a point become its median and spread; points become a series, with its efficiency and its model. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "entente/memory.h"
#include "scaling.h"

const char *const SCALING_PART[SCALING_PARTS] = {"compute", "communication", "waiting", "evaluation",
                                                 "input, shared over the rounds"};

static bool is_weak(const scaling_row *r)
{
    return strcmp(r->mode, "weak") == 0;
}

/* The problem's size per rank (weak), or in total (strong). */
static double base_of(const scaling_row *r)
{
    if (!is_weak(r)) return r->clients + 1000.0 * r->qubits;
    return (double)r->clients / r->ranks + 1000.0 * (r->qubits > 0 ? r->qubits - log2(r->ranks) : 0.0);
}

static bool same_series(const scaling_row *a, const scaling_row *b)
{
    const bool state = strcmp(a->what, "state") == 0;
    return strcmp(a->what, b->what) == 0 && strcmp(a->mode, b->mode) == 0 && strcmp(a->name, b->name) == 0 &&
           a->threads == b->threads && (state || a->shards == b->shards) && fabs(base_of(a) - base_of(b)) < 1e-9;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int by_ranks(const void *a, const void *b)
{
    return ((const scaling_summary *)a)->ranks - ((const scaling_summary *)b)->ranks;
}

/* All repeats of `ranks` ranks; `seconds` has room for all rows. */
static scaling_summary summarise(const scaling_rows *rows, const scaling_row *like, int ranks, double *seconds)
{
    scaling_summary s = {.ranks = ranks};
    for (int k = 0; k < rows->n; k++) {
        const scaling_row *r = &rows->row[k];
        if (!same_series(like, r) || r->ranks != ranks) continue;
        const double part[SCALING_PARTS] = {r->compute_s, r->communicate_s, r->wait_s, r->evaluate_s, r->io_s};
        for (int p = 0; p < SCALING_PARTS; p++) s.part_s[p] += part[p];
        s.work = r->work;
        s.bytes = r->bytes;
        s.crowded |= r->crowded;
        seconds[s.repeats++] = r->seconds;
    }
    qsort(seconds, (size_t)s.repeats, sizeof *seconds, by_value);
    s.low_s = seconds[0];
    s.high_s = seconds[s.repeats - 1];
    s.median_s = (seconds[(s.repeats - 1) / 2] + seconds[s.repeats / 2]) / 2.0;
    for (int p = 0; p < SCALING_PARTS; p++) s.part_s[p] /= s.repeats;
    return s;
}

static ent_status collect(const scaling_rows *rows, const scaling_row *first, scaling_series *series)
{
    double *seconds = ent_alloc(rows->n, sizeof *seconds);
    *series = (scaling_series){.first = first, .point = ent_alloc(rows->n, sizeof *series->point)};
    for (int k = 0; k < rows->n && seconds && series->point; k++) {
        int at = 0;
        if (!same_series(first, &rows->row[k])) continue;
        while (at < series->points && series->point[at].ranks != rows->row[k].ranks) at++;
        if (at == series->points)
            series->point[series->points++] = summarise(rows, first, rows->row[k].ranks, seconds);
    }
    const bool there = seconds && series->point;
    ent_free(seconds);
    ENT_REQUIRE(there, ENT_ENOMEM, "scaling: no memory");
    qsort(series->point, (size_t)series->points, sizeof *series->point, by_ranks);
    return ENT_OK;
}

/* Work per second and rank, relative to that of the fewest ranks. */
static double efficiency_of(const scaling_series *s, double p, double work, double seconds)
{
    const scaling_summary *first = &s->point[0];
    return work / (p * seconds) / (first->work / (first->ranks * first->median_s));
}

/* Beyond the largest measured size, each rank of a state of constant size sends half as much with each doubling. */
static void extend(scaling_series *s)
{
    const scaling_summary *last = &s->point[s->points - 1];
    while (last->crowded) last--;
    const double unit = s->point[0].work / s->point[0].ranks;
    const bool weak = is_weak(s->first), state = strcmp(s->first->what, "state") == 0;
    for (int k = 0; k < SCALING_EXTRA; k++) {
        const double grown = ldexp(1.0, k + 1), p = last->ranks * grown,
                     work = weak ? last->work * grown : last->work;
        s->extra_p[k] = p;
        s->extra_s[k] =
            scaling_predict(&s->model, p, work / unit, state && !weak ? last->bytes / grown : last->bytes);
        s->extra_efficiency[k] = efficiency_of(s, p, work, s->extra_s[k]);
    }
}

static ent_status finish(scaling_series *s)
{
    scaling_point *point = ent_alloc(s->points, sizeof *point);
    ENT_REQUIRE(point, ENT_ENOMEM, "scaling: no memory");
    int n = 0;                                                /* points that are not crowded */
    const double unit = s->point[0].work / s->point[0].ranks; /* work in the model: 1 per rank at the first point */
    for (int k = 0; k < s->points; k++) {
        const scaling_summary *own = &s->point[k];
        s->point[k].efficiency = efficiency_of(s, own->ranks, own->work, own->median_s);
        if (!own->crowded) point[n++] = (scaling_point){own->ranks, own->work / unit, own->bytes, own->median_s};
    }
    const ent_status status = n > 0 ? scaling_fit(n, point, &s->model) : ENT_OK;
    ent_free(point);
    if (status == ENT_OK && n > 0) extend(s);
    return status;
}

ent_status scaling_series_make(const scaling_rows *rows, scaling_series **list, int *count)
{
    scaling_series *made = ent_alloc(rows->n, sizeof *made);
    int n = 0;
    ent_status status = made ? ENT_OK : ent_fail(ENT_ENOMEM, "scaling: no memory");
    for (int k = 0; k < rows->n && status == ENT_OK; k++) {
        int at = 0;
        while (at < n && !same_series(made[at].first, &rows->row[k])) at++;
        if (at < n) continue;
        status = collect(rows, &rows->row[k], &made[n]);
        n++;
        if (status == ENT_OK) status = finish(&made[n - 1]);
    }
    if (status != ENT_OK) {
        scaling_series_free(made, n);
        return status;
    }
    *list = made;
    *count = n;
    return ENT_OK;
}

void scaling_series_free(scaling_series *list, int count)
{
    for (int k = 0; k < count; k++) ent_free(list[k].point);
    ent_free(list);
}

ent_status scaling_model_write(const scaling_series *list, int count, const char *path)
{
    draw_page *page;
    ENT_TRY(draw_page_new(DRAW_PLAIN, "", &page));
    fprintf(page->out,
            "what,mode,name,threads,shards,points,terms,relative_error,serial_s,parallel_s,latency_s,s_per_byte,"
            "ranks,seconds,efficiency,origin\n");
    for (int k = 0; k < count; k++)
        for (int j = 0; j < SCALING_EXTRA && list[k].model.points > 0; j++) {
            const scaling_series *s = &list[k];
            const scaling_model *m = &s->model;
            fprintf(page->out, "%s,%s,%s,%d,%d,%d,%d,%.6g,%.9g,%.9g,%.9g,%.9g,%.0f,%.9g,%.6g,model not measured\n",
                    s->first->what, s->first->mode, s->first->name, s->first->threads,
                    strcmp(s->first->what, "state") == 0 ? (int)s->extra_p[j] : s->first->shards, m->points, m->terms,
                    m->error, m->serial_s, m->parallel_s, m->latency_s, m->byte_s, s->extra_p[j], s->extra_s[j],
                    s->extra_efficiency[j]);
        }
    const ent_status status = draw_page_save(page, path);
    draw_page_free(page);
    return status;
}
