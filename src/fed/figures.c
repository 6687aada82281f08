/* The tables of figures, made from the rows in fed.h and metrics.h: of a round as fields (for checkpoints) and as
 * columns (for the result and rounds.csv, without the metrics that are not shown per round), and of a client. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fed.h"

/* ---- of a round ---- */

typedef struct {
    const char *name, *note;
    size_t offset, count; /* count: offset of the number of samples of a metric, else 0 */
    bool whole, column;
} field;

/* For which part a metric is shown in rounds: ENT_METRICS, `rounds`. */
enum { SHOWN_validation = 2, SHOWN_test = 1 };

#define AT(member)                           offsetof(ent_round, member)
#define WHOLE(name, unit, note, description) {#name, note, AT(name), 0, true, true},
#define REAL(name, unit, note, description)  {#name, note, AT(name), 0, false, true},
#define METRIC(part, name, title, unit, low, high, rounds, description)                                              \
    {#part "_" #name, NULL, AT(part.name), AT(part.n), false, rounds >= SHOWN_##part},
#define METRICS(part, description) {#part "_n", NULL, AT(part.n), 0, true, false}, ENT_METRICS(METRIC, part)
static const field FIELD[] = {ENT_ROUND_FIGURES(WHOLE, REAL, REAL, METRICS)};
#undef WHOLE
#undef REAL
#undef METRICS
enum { FIELDS = sizeof FIELD / sizeof *FIELD };
_Static_assert(sizeof(ent_round) == 8 * FIELDS, "every figure of a round is a field");

ent_round ent_round_empty(void)
{
#define NONE(...)
#define NOT_COMPUTED(name, unit, note, description) .name = NAN,
    return (ent_round){ENT_ROUND_FIGURES(NONE, NONE, NOT_COMPUTED, NONE)};
#undef NONE
#undef NOT_COMPUTED
}

const char *ent_round_field(int k)
{
    return k < FIELDS ? FIELD[k].name : NULL;
}

double ent_round_get(const ent_round *round, int k)
{
    const char *at = (const char *)round + FIELD[k].offset;
    return FIELD[k].whole ? (double)*(const int64_t *)(const void *)at : *(const double *)(const void *)at;
}

void ent_round_set(ent_round *round, int k, double value)
{
    char *at = (char *)round + FIELD[k].offset;
    if (FIELD[k].whole)
        *(int64_t *)(void *)at = (int64_t)value;
    else
        *(double *)(void *)at = value;
}

static int field_of_column(int column)
{
    int k = 0;
    for (; k < FIELDS; k++)
        if (FIELD[k].column && column-- == 0) break;
    return k;
}

const char *ent_round_column(int column)
{
    return ent_round_field(field_of_column(column));
}

double ent_round_figure(const ent_round *round, int column)
{
    const int k = field_of_column(column);
    const size_t count = FIELD[k].count;
    const bool applies = count == 0 || *(const int64_t *)(const void *)((const char *)round + count) > 0;
    return applies ? ent_round_get(round, k) : NAN;
}

char *ent_round_notes(const ent_round *round, char text[256])
{
    size_t used = 0;
    text[0] = '\0';
    for (int k = 0; k < FIELDS && used < 256; k++) {
        const double value = ent_round_get(round, k);
        if (!FIELD[k].note || !(value > 0.0)) continue;
        used +=
            (size_t)(FIELD[k].whole
                         ? snprintf(text + used, 256 - used, "%s%.0f %s", used ? "  " : "", value, FIELD[k].note)
                         : snprintf(text + used, 256 - used, "%s%s %.4g", used ? "  " : "", FIELD[k].note, value));
    }
    return text;
}

/* ---- of a client ---- */

#define WHOLE(name, unit, personal, description)                                                                     \
    {#name, unit, description, true, personal, offsetof(ent_client_figures, name)},
#define REAL(name, unit, personal, description)                                                                      \
    {#name, unit, description, false, personal, offsetof(ent_client_figures, name)},
static const ent_client_figure CLIENT[] = {ENT_CLIENT_FIGURES(WHOLE, REAL)};
#undef WHOLE
#undef REAL

const ent_client_figure *ent_client_figure_at(int k)
{
    return k < (int)(sizeof CLIENT / sizeof *CLIENT) ? &CLIENT[k] : NULL;
}

int64_t ent_untrained_rounds(const ent_outcome *outcome, int blocks)
{
    int64_t untrained = 0;
    for (int64_t r = 0; r < outcome->rounds; r++)
        untrained += outcome->round[r].trained == 0 || outcome->round[r].blocks_short == blocks;
    return untrained;
}

bool ent_round_is_evaluated(const ent_config_federation *c, int64_t round)
{
    return (round + 1) % c->evaluate_every == 0 || round + 1 == c->rounds;
}
