/* ROC curves of the attacks that `entente audit` has saved with results. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "entente/memory.h"
#include "report.h"

enum { POINTS = 101, MOST_LINES = 24 };

typedef struct {
    double threshold[POINTS], ratio[POINTS];
    char name[2][200];
} audit;

static const char HEADER[] = "false_positive_rate,threshold,ratio\n";

/* *there: whether the folder has one.  Errors: ENT_EFORMAT. */
static ent_status read_audit(const char *folder, bool *there, audit *out)
{
    char path[4096], line[256];
    *there = false;
    ENT_REQUIRE(snprintf(path, sizeof path, "%s/audit.csv", folder) < (int)sizeof path, ENT_EARG,
                "%s: the path is too long", folder);
    FILE *file = fopen(path, "r");
    if (!file) return ENT_OK;
    bool right = fgets(line, sizeof line, file) && strcmp(line, HEADER) == 0;
    int rows = 0;
    for (double x; right && rows < POINTS && fgets(line, sizeof line, file); rows++)
        right = sscanf(line, "%lf,%lf,%lf", &x, &out->threshold[rows], &out->ratio[rows]) == 3 &&
                fabs(x - 0.01 * rows) < 1e-9;
    right = right && rows == POINTS && !fgets(line, sizeof line, file);
    fclose(file);
    ENT_REQUIRE(right, ENT_EFORMAT, "%s: not in the format of `entente audit`; run it again", path);
    *there = true;
    return ENT_OK;
}

static double area_of(const double *y)
{
    double area = 0.0;
    for (int p = 0; p + 1 < POINTS; p++) area += 0.005 * (y[p] + y[p + 1]);
    return area;
}

static ent_status draw(draw_page *page, const report_input *input, audit *all, chart_line *line)
{
    double x[POINTS];
    int lines = 0;
    for (int p = 0; p < POINTS; p++) x[p] = 0.01 * p;
    for (int g = 0; g < input->groups; g++)
        for (int k = 0; k < input->group[g].runs && lines + 2 <= MOST_LINES; k++) {
            bool there;
            audit *a = &all[lines / 2];
            ENT_TRY(read_audit(input->group[g].run[k]->folder, &there, a));
            if (!there) continue;
            const double *roc[] = {a->threshold, a->ratio};
            for (int way = 0; way < 2; way++) {
                snprintf(a->name[way], sizeof a->name[way], "%.140s%s%s, area %.3f", input->group[g].label,
                         input->group[g].label[0] ? ", " : "", way == 0 ? "threshold" : "ratio", area_of(roc[way]));
                line[lines] = (chart_line){.name = a->name[way], .n = POINTS, .x = x, .y = roc[way], .colour = lines};
                lines++;
            }
        }
    if (lines == 0) return ENT_OK;
    const chart_figure figure = {
        "Membership inference",
        "Share of the training rows that an attacker recognises by their loss, against the share of other rows taken "
        "for training rows; from `entente audit`. Guessing gives the diagonal, with area 0.5.",
        {"false positive rate", "share of the other rows", 0, false, 0.0, 1.0},
        {"true positive rate", "share of training rows", 0, false, 0.0, 1.0}};
    chart_draw_lines(page, &figure, lines, line);
    return ENT_OK;
}

ent_status report_audits(draw_page *page, const report_input *input)
{
    audit *all = ent_alloc(MOST_LINES / 2, sizeof *all);
    chart_line *line = ent_alloc(MOST_LINES, sizeof *line);
    const ent_status status = all && line ? draw(page, input, all, line) : ent_fail(ENT_ENOMEM, "report: no memory");
    ent_free(all);
    ent_free(line);
    return status;
}
