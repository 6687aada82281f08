/* Names the best point of a sweep by its validation figures; the test rows are not looked at.  Local. */
#ifndef ENTENTE_CAMPAIGN_BEST_H
#define ENTENTE_CAMPAIGN_BEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* What has been seen so far; begins as zeros. */
typedef struct {
    int64_t done;       /* points */
    int64_t without[2]; /* those that have no validation accuracy, loss */
    int64_t point[2];
    double value[2];
    bool mixed; /* they are of different data sets or labels */
    char first[4096];
} campaign_best;

/* Points in ascending order; those whose record is missing or not "done" do not count. */
void campaign_best_see(campaign_best *best, int64_t point, const json_t *record);

/* By accuracy if every point that is done has one, else by loss; the first of equal points.  point -1: none, and
 * why_not says why. */
typedef struct {
    int64_t point;
    double value;
    const char *by, *why_not;
} campaign_choice;
campaign_choice campaign_best_choose(const campaign_best *best);

#endif
