/* The round whose weights a training ends with (run.select), by its figures on the validation rows.  The test rows
 * are not used.
 *
 * The best round so far is one of those that are evaluated for any number of rounds.  A last round that is evaluated
 * only because it is the last is compared with it at the end, so that a training that continues from a result ends
 * like one that was never interrupted.  Ties: the first round; NaN is never better. */
#include <math.h>
#include <string.h>

#include "entente/memory.h"
#include "fed.h"

ent_status ent_select_admit(const ent_federation *f)
{
    const ent_config *c = f->config;
    const ent_label *label = &f->target.label;
    const ent_rule *rule = ent_rule_find(c->federation.aggregation);
    if (c->run.select == ENT_SELECT_LAST) return ENT_OK;
    ENT_REQUIRE(f->population.part[ENT_VALIDATION].n > 0, ENT_ECONFIG,
                "run.select: %s has no validation rows to select a round by, want last", f->features.dataset->path);
    ENT_REQUIRE(!rule->own, ENT_ECONFIG,
                "run.select: the clients have their own models (federation.aggregation), and a round has no common "
                "weights to "
                "select, want last");
    ENT_REQUIRE(c->run.select != ENT_SELECT_VALIDATION_ACCURACY || label->classes > 0 || label->sentiment,
                ENT_ECONFIG, "run.select: label '%s' has no classes, hence no accuracy, want validation_loss or last",
                c->data.label);
    return ENT_OK;
}

ent_status ent_best_make(ent_best *best, ent_select by, int64_t params)
{
    *best = (ent_best){.round = -1, .score = -INFINITY};
    if (by == ENT_SELECT_LAST) return ENT_OK;
    best->w = ent_alloc(params, sizeof *best->w);
    best->last = ent_alloc(params, sizeof *best->last);
    return best->w && best->last ? ENT_OK : ent_fail(ENT_ENOMEM, "training: no memory");
}

void ent_best_clear(ent_best *best)
{
    ent_free(best->w);
    ent_free(best->last);
}

/* Rank 0's, on all ranks.  Collective. */
static double score_of(const ent_training *t, const ent_round *figures)
{
    const ent_metrics *m = &figures->validation;
    double score = t->f->config->run.select == ENT_SELECT_VALIDATION_LOSS ? -m->loss : m->accuracy;
    ent_comm_broadcast(t->f->ranks.world, 0, &score, sizeof score);
    return score;
}

void ent_select_keep(ent_training *t, const ent_round *figures)
{
    ent_best *best = &t->best;
    if (!best->w || (figures->round + 1) % t->f->config->federation.evaluate_every != 0) return;
    const double score = score_of(t, figures);
    if (!(score > best->score)) return;
    best->round = figures->round;
    best->score = score;
    memcpy(best->w, t->f->w, (size_t)t->state.params * sizeof *best->w);
}

bool ent_select_ends(const ent_training *t)
{
    const int64_t last = t->f->outcome.rounds - 1, patience = t->f->config->run.patience;
    return t->best.round >= 0 && patience > 0 && (last + 1) % t->f->config->federation.evaluate_every == 0 &&
           last - t->best.round >= patience;
}

void ent_select_take(ent_training *t)
{
    ent_federation *f = t->f;
    ent_best *best = &t->best;
    const int64_t last = f->outcome.rounds - 1;
    const size_t bytes = (size_t)t->state.params * sizeof *best->w;
    f->outcome.selected = last;
    if (!best->w) return;
    memcpy(best->last, f->w, bytes);
    if (best->round < 0 || score_of(t, &f->outcome.round[last]) > best->score) return;
    memcpy(f->w, best->w, bytes);
    f->outcome.selected = best->round;
}

void ent_select_put_back(ent_training *t)
{
    if (t->best.w) memcpy(t->f->w, t->best.last, (size_t)t->state.params * sizeof *t->best.w);
}
