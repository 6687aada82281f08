/* The figures of a round as columns: one table for the result (/round/<name>) and for rounds.csv. */
#include <math.h>

#include "entente/fed.h"

/* clang-format off */
#define COLUMNS \
    COLUMN(round, (double)r->round) \
    COLUMN(cohort, (double)r->cohort) \
    COLUMN(trained, (double)r->trained) \
    COLUMN(samples, (double)r->samples) \
    COLUMN(train_loss, r->train_loss) \
    COLUMN(validation_loss, r->validation.n > 0 ? r->validation.loss : NAN) \
    COLUMN(validation_accuracy, r->validation.n > 0 ? r->validation.accuracy : NAN) \
    COLUMN(test_loss, r->test.n > 0 ? r->test.loss : NAN) \
    COLUMN(test_accuracy, r->test.n > 0 ? r->test.accuracy : NAN) \
    COLUMN(test_f1_weighted, r->test.n > 0 ? r->test.f1_weighted : NAN) \
    COLUMN(test_mae, r->test.n > 0 ? r->test.mae : NAN) \
    COLUMN(test_pearson, r->test.n > 0 ? r->test.pearson : NAN) \
    COLUMN(bytes_up, r->bytes_up) \
    COLUMN(bytes_down, r->bytes_down) \
    COLUMN(compute_s, r->compute_s) \
    COLUMN(communicate_s, r->communicate_s) \
    COLUMN(wait_s, r->wait_s) \
    COLUMN(evaluate_s, r->evaluate_s) \
    COLUMN(compute_mean_s, r->compute_mean_s) \
    COLUMN(lost, (double)r->lost) \
    COLUMN(simulated_s, r->simulated_s) \
    COLUMN(staleness, r->staleness) \
    COLUMN(excluded, (double)r->excluded) \
    COLUMN(blocks_short, (double)r->blocks_short)
/* clang-format on */

#define COLUMN(name, value) #name,
static const char *const NAME[] = {COLUMNS};
#undef COLUMN

const char *ent_round_column(int column)
{
    return column < (int)(sizeof NAME / sizeof *NAME) ? NAME[column] : NULL;
}

double ent_round_figure(const ent_round *r, int column)
{
#define COLUMN(name, value) (value),
    const double figure[] = {COLUMNS};
#undef COLUMN
    return figure[column];
}
