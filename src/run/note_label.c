/* Notes about the label: its properties come from the federation's view; counting costs one pass over the rows. */
#include "note_label.h"

#include <math.h>
#include <stdio.h>

#include "entente/memory.h"

enum { TEXT = 600, MOST_LISTED = 20, LIKE_CLASSES = 20 };

/* Count the rows of each class in a part; count [classes]. */
static void count_rows(const ent_part *part, int64_t *count)
{
    for (int64_t k = 0; k < part->n; k++) count[part->category[k]]++;
}

static void note_unseen(run_progress *progress, const ent_federation_view *v, int c, const int64_t *count)
{
    const int classes = v->label.classes;
    run_progress_note(
        progress,
        "class %d has no training row: its %lld validation and %lld test rows cannot be predicted correctly",
        v->label.class_name[c], (long long)count[ENT_VALIDATION * classes + c],
        (long long)count[ENT_TEST * classes + c]);
}

static void note_classes(run_progress *progress, const ent_federation_view *v, const int64_t *count)
{
    const int classes = v->label.classes;
    const int32_t *name = v->label.class_name;
    char rows[TEXT] = "", names[TEXT] = "";
    size_t used = 0, long_as = 0;
    for (int c = 0; c < classes && c < MOST_LISTED; c++) {
        used += (size_t)snprintf(rows + used, TEXT - used, "%s%d: %lld", c ? ", " : "", name[c], (long long)count[c]);
        long_as += (size_t)snprintf(names + long_as, TEXT - long_as, "%s%d", c ? ", " : "", name[c]);
    }
    const char *more = classes > MOST_LISTED ? ", ..." : "";
    run_progress_note(progress, "classification, %d classes (%s%s training rows)", classes, rows, more);
    if (name[classes - 1] != classes - 1)
        run_progress_note(progress, "the class numbers have gaps: outputs 0 to %d are classes %s%s", classes - 1,
                          names, more);
    for (int c = 0, told = 0; c < classes && told < MOST_LISTED; c++)
        if (count[c] == 0) note_unseen(progress, v, c, count), told++;
}

/* The number of distinct values if they are at most LIKE_CLASSES whole numbers; else 0: they look like reals. */
static int whole_numbers(const ent_part *part)
{
    double seen[LIKE_CLASSES];
    int n = 0;
    for (int64_t k = 0; k < part->n; k++) {
        int j = 0;
        while (j < n && seen[j] != part->value[k]) j++;
        if (j < n) continue;
        if (n == LIKE_CLASSES || part->value[k] != rint(part->value[k])) return 0;
        seen[n++] = part->value[k];
    }
    return n;
}

static void note_values(run_progress *progress, const ent_federation_view *v)
{
    const ent_config_data *c = &v->config->data;
    const ent_part *train = &v->part[ENT_TRAIN];
    double low = INFINITY, high = -INFINITY;
    const int different = whole_numbers(train);
    for (int64_t k = 0; k < train->n; k++) {
        low = fmin(low, train->value[k]);
        high = fmax(high, train->value[k]);
    }
    run_progress_note(progress, "regression, values %.6g to %.6g", low, high);
    if (different == 2 && low < 0.0 && c->task == ENT_TASK_AUTO)
        run_progress_note(progress, "label '%s' holds only %g and %g: are these classes?  They are numbered from 0",
                          c->label, low, high);
    if (different > 0 && low >= 0.0 && c->task == ENT_TASK_AUTO)
        run_progress_note(progress,
                          "label '%s' holds only %d whole number%s: data.task: classification reads them as classes",
                          c->label, different, different == 1 ? "" : "s");
}

void run_note_label(run_progress *progress, const ent_federation_view *v)
{
    if (v->label.classes == 0) {
        note_values(progress, v);
        return;
    }
    int64_t *count = ent_alloc(ENT_PARTS * (int64_t)v->label.classes, sizeof *count);
    for (int p = 0; p < ENT_PARTS && count; p++) count_rows(&v->part[p], count + p * v->label.classes);
    if (count) note_classes(progress, v, count);
    ent_free(count);
}
