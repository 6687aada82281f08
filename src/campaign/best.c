#include "best.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "record.h"

static const struct {
    const char *name, *by;
    bool least;
} FIGURE[2] = {{"validation_accuracy", "validation accuracy", false}, {"validation_loss", "validation loss", true}};

/* Figures are comparable only on the same rows. */
static void compare_data(campaign_best *best, const json_t *record)
{
    const json_t *of = json_object_get(json_object_get(record, "inputs"), "of");
    const char *file = json_string_value(json_object_get(of, "file")),
               *label = json_string_value(json_object_get(of, "label"));
    char text[sizeof best->first];
    snprintf(text, sizeof text, "%s %s", file ? file : "", label ? label : "");
    if (best->done == 0) memcpy(best->first, text, sizeof text);
    best->mixed |= strcmp(best->first, text) != 0;
}

void campaign_best_see(campaign_best *best, int64_t point, const json_t *record)
{
    if (!campaign_record_is(record, "done")) return;
    compare_data(best, record);
    const json_t *validation = json_object_get(record, "validation");
    for (int k = 0; k < 2; k++) {
        const json_t *figure = json_object_get(validation, FIGURE[k].name);
        const double value = json_is_number(figure) ? json_number_value(figure) : NAN;
        const bool first = best->without[k] == best->done;
        if (isnan(value))
            best->without[k]++;
        else if (first || (FIGURE[k].least ? value < best->value[k] : value > best->value[k])) {
            best->point[k] = point;
            best->value[k] = value;
        }
    }
    best->done++;
}

campaign_choice campaign_best_choose(const campaign_best *best)
{
    if (best->done == 0) return (campaign_choice){-1, NAN, NULL, "no point is done"};
    if (best->mixed) return (campaign_choice){-1, NAN, NULL, "the points are of different data sets or labels"};
    for (int k = 0; k < 2; k++)
        if (best->without[k] == 0) return (campaign_choice){best->point[k], best->value[k], FIGURE[k].by, NULL};
    return (campaign_choice){-1, NAN, NULL, "not every point has figures on validation rows"};
}
