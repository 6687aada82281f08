#include "privacy/membership.h"

#include <math.h>
#include <stdlib.h>

#include "entente/memory.h"
#include "entente/random.h"

enum { RESAMPLES = 400 };

typedef struct {
    double score;
    bool member, taken; /* taken: for a member, by the threshold */
} guess;

typedef struct {
    guess *all;    /* [n] */
    guess *drawn;  /* [n] scratch */
    uint8_t *half; /* [n] */
    int64_t n;
    int64_t *place;           /* [n] */
    double *area, *advantage; /* [RESAMPLES] */
} work;

static int descending(const void *a, const void *b)
{
    const double x = ((const guess *)a)->score, y = ((const guess *)b)->score;
    return (x < y) - (x > y);
}

/* Members and others alternate between the halves in random order, so that both have half of each. */
static void split(const ent_membership *rows, uint64_t seed, int64_t *order, uint8_t *half)
{
    ent_random stream = ent_random_at(seed, ENT_FOR_MEMBERSHIP, 0, 0);
    int64_t seen[2] = {0};
    ent_random_permutation(&stream, rows->n, order);
    for (int64_t k = 0; k < rows->n; k++) half[order[k]] = seen[rows->member[order[k]]]++ % 2 == 1;
}

typedef struct {
    double n, mean, deviation;
} normal;

/* Mean and deviation of one kind's scores among members or others in a half; kind -1: of all kinds. */
static normal fit(const ent_membership *rows, const uint8_t *half, int h, bool member, int kind)
{
    normal f = {0.0, 0.0, 0.0};
    for (int pass = 0; pass < 2; pass++) {
        double sum = 0.0;
        f.n = 0.0;
        for (int64_t k = 0; k < rows->n; k++) {
            if (half[k] != h || rows->member[k] != member) continue;
            if (kind >= 0 && rows->kind && rows->kind[k] != kind) continue;
            const double off = rows->score[k] - f.mean;
            sum += pass == 0 ? rows->score[k] : off * off;
            f.n += 1.0;
        }
        if (f.n == 0.0) break;
        if (pass == 0)
            f.mean = sum / f.n;
        else
            f.deviation = sqrt(sum / f.n);
    }
    return f;
}

/* That of the kind, or of all kinds if this one has too few. */
static normal fit_kind(const ent_membership *rows, const uint8_t *half, int h, bool member, int kind)
{
    enum { FEWEST = 5 };
    normal f = fit(rows, half, h, member, kind);
    if (f.n < FEWEST) f = fit(rows, half, h, member, -1);
    f.deviation = fmax(f.deviation, 1e-9 * (1.0 + fabs(f.mean)));
    return f;
}

static double log_density(const normal *f, double x)
{
    const double z = (x - f->mean) / f->deviation;
    return -0.5 * z * z - log(f->deviation);
}

/* w->all: the scores; those of each half use what was fitted to the other. */
static void score_rows(const ent_membership *rows, bool ratio, work *w)
{
    for (int64_t k = 0; k < rows->n; k++) w->all[k] = (guess){.score = rows->score[k], .member = rows->member[k]};
    for (int h = 0; ratio && h < 2; h++)
        for (int kind = 0; kind < (rows->kind ? rows->kinds : 1); kind++) {
            const normal in = fit_kind(rows, w->half, 1 - h, true, kind);
            const normal out = fit_kind(rows, w->half, 1 - h, false, kind);
            for (int64_t k = 0; k < rows->n; k++)
                if (w->half[k] == h && (!rows->kind || rows->kind[k] == kind))
                    w->all[k].score = log_density(&in, rows->score[k]) - log_density(&out, rows->score[k]);
        }
}

static void count(int64_t n, const guess *g, double *members, double *others)
{
    *members = *others = 0.0;
    for (int64_t k = 0; k < n; k++) g[k].member ? (*members += 1.0) : (*others += 1.0);
}

/* The threshold with the largest advantage among g [n]: scores of at least that are classified as members. */
static double best_threshold(int64_t n, guess *g)
{
    double members, others, in = 0.0, out = 0.0, best = 0.0, threshold = INFINITY;
    count(n, g, &members, &others);
    qsort(g, (size_t)n, sizeof *g, descending);
    for (int64_t k = 0; k < n; k++) {
        g[k].member ? (in += 1.0) : (out += 1.0);
        if (k + 1 < n && g[k + 1].score == g[k].score) continue;
        if (in / members - out / others <= best) continue;
        best = in / members - out / others;
        threshold = g[k].score;
    }
    return threshold;
}

static void take(work *w)
{
    for (int h = 0; h < 2; h++) {
        int64_t n = 0;
        for (int64_t k = 0; k < w->n; k++)
            if (w->half[k] != h) w->drawn[n++] = w->all[k];
        const double threshold = best_threshold(n, w->drawn);
        for (int64_t k = 0; k < w->n; k++)
            if (w->half[k] == h) w->all[k].taken = w->all[k].score >= threshold;
    }
}

/* The area under the ROC curve by ranks (Mann and Whitney), and the advantage of the classification; sorts g. */
static void measure(int64_t n, guess *g, double *area, double *advantage)
{
    double members, others, below = 0.0, pairs = 0.0, in = 0.0, out = 0.0;
    count(n, g, &members, &others);
    qsort(g, (size_t)n, sizeof *g, descending);
    for (int64_t first = n, end; first > 0;) { /* from the smallest score upwards, ties together */
        double here[2] = {0.0, 0.0};
        for (end = first; first > 0 && g[first - 1].score == g[end - 1].score; first--)
            here[g[first - 1].member] += 1.0;
        pairs += here[1] * (below + 0.5 * here[0]);
        below += here[0];
    }
    for (int64_t k = 0; k < n; k++) {
        if (!g[k].taken) continue;
        g[k].member ? (in += 1.0) : (out += 1.0);
    }
    *area = pairs / (members * others);
    *advantage = in / members - out / others;
}

/* True positive rate at a false positive rate: between the points of the curve along straight lines. */
static void draw_curve(int64_t n, const guess *g, ent_attack_figures *out)
{
    double members, others, x = 0.0, y = 0.0;
    int at = 0;
    count(n, g, &members, &others);
    for (int64_t k = 0; k < n;) {
        double in = 0.0, wrong = 0.0;
        const double score = g[k].score;
        for (; k < n && g[k].score == score; k++) g[k].member ? (in += 1.0) : (wrong += 1.0);
        const double next_x = x + wrong / others, next_y = y + in / members;
        for (; at < ENT_ROC_POINTS && 0.01 * at < next_x; at++)
            out->roc[at] = y + (next_y - y) * (0.01 * at - x) / (next_x - x);
        x = next_x;
        y = next_y;
    }
    for (; at < ENT_ROC_POINTS; at++) out->roc[at] = 1.0;
    out->at_1_percent = out->roc[1];
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static ent_interval interval_of(double value, double *resampled)
{
    qsort(resampled, RESAMPLES, sizeof *resampled, ascending);
    return (ent_interval){resampled[RESAMPLES / 40], value, resampled[RESAMPLES - 1 - RESAMPLES / 40]};
}

/* Members and others drawn with replacement, as many of each as there are. */
static void resample(const work *w, const int64_t *place, int64_t members, uint64_t seed, int r)
{
    ent_random stream = ent_random_at(seed, ENT_FOR_MEMBERSHIP, 1, (uint64_t)r);
    const int64_t others = w->n - members;
    for (int64_t k = 0; k < w->n; k++) {
        const int64_t drawn = k < members ? (int64_t)ent_random_below(&stream, (uint64_t)members)
                                          : members + (int64_t)ent_random_below(&stream, (uint64_t)others);
        w->drawn[k] = w->all[place[drawn]];
    }
}

static void attack(const ent_membership *rows, bool ratio, uint64_t seed, work *w, ent_attack_figures *out)
{
    int64_t *place = w->place;
    double whole[2];
    split(rows, seed, place, w->half);
    score_rows(rows, ratio, w);
    take(w);
    out->members = 0;
    for (int64_t k = 0; k < w->n; k++)
        if (rows->member[k]) place[out->members++] = k;
    out->others = 0;
    for (int64_t k = 0; k < w->n; k++)
        if (!rows->member[k]) place[out->members + out->others++] = k;
    for (int r = 0; r < RESAMPLES; r++) {
        resample(w, place, out->members, seed, r);
        measure(w->n, w->drawn, &w->area[r], &w->advantage[r]);
    }
    measure(w->n, w->all, &whole[0], &whole[1]);
    draw_curve(w->n, w->all, out);
    out->area = interval_of(whole[0], w->area);
    out->advantage = interval_of(whole[1], w->advantage);
}

ent_status ent_membership_attack(const ent_membership *rows, bool ratio, uint64_t seed, ent_attack_figures *out)
{
    int64_t members = 0;
    for (int64_t k = 0; k < rows->n; k++) members += rows->member[k];
    ENT_REQUIRE(members >= 4 && rows->n - members >= 4, ENT_EDATA,
                "%lld rows of the training and %lld others, want at least 4 of each", (long long)members,
                (long long)(rows->n - members));
    work w = {.all = ent_alloc(rows->n, sizeof *w.all),
              .drawn = ent_alloc(rows->n, sizeof *w.drawn),
              .half = ent_alloc(rows->n, sizeof *w.half),
              .n = rows->n,
              .place = ent_alloc(rows->n, sizeof *w.place),
              .area = ent_alloc(RESAMPLES, sizeof *w.area),
              .advantage = ent_alloc(RESAMPLES, sizeof *w.advantage)};
    const bool there = w.all && w.drawn && w.half && w.place && w.area && w.advantage;
    if (there) attack(rows, ratio, seed, &w, out);
    ent_free(w.all);
    ent_free(w.drawn);
    ent_free(w.half);
    ent_free(w.place);
    ent_free(w.area);
    ent_free(w.advantage);
    return there ? ENT_OK : ent_fail(ENT_ENOMEM, "membership inference: no memory");
}

double ent_membership_bound(double epsilon, double delta)
{
    return fmin(1.0, (1.0 - exp(-epsilon) + 2.0 * delta * exp(-epsilon)) / (1.0 + exp(-epsilon)));
}
