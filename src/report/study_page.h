/* The cells of a study, for its pages.  Local. */
#ifndef ENTENTE_REPORT_STUDY_PAGE_H
#define ENTENTE_REPORT_STUDY_PAGE_H

#include "campaign_page.h"

enum { STUDY_DATA, STUDY_SETTING, STUDY_RATE, STUDY_VARIANT, STUDY_AXES };
enum { STUDY_NAMES = 64 };

/* Values of an axis, in the order of the study. */
typedef struct {
    int n;
    const char *text[STUDY_NAMES];
} study_names;

/* A row of summary.csv. */
typedef struct {
    int at[STUDY_AXES];
    double n, mean, deviation, pairs, difference, low, high, p;
} study_cell;

typedef struct {
    const char *folder, *metric;
    int reference; /* a variant, or -1 */
    report_csv *summary;
    study_names axis[STUDY_AXES];
    int64_t cells;
    study_cell *cell;
} study_page;

const study_cell *study_cell_at(const study_page *study, const int at[STUDY_AXES]);
/* "mosi, iid"; setting -1: the data set only.  Returns `text`. */
const char *study_where(const study_page *study, int data, int setting, char text[128]);
const char *study_reference(const study_page *study);
/* The line of a variant, with its name and colour; where the variants need several figures, the reference is in each.
 */
chart_line study_line(const study_page *study, int variant);

/* study_subsets.c: accuracy by the modalities that samples have, from patterns.csv.  Errors: ENT_EFORMAT. */
ent_status study_subsets(draw_page *page, const study_page *study);

#endif
