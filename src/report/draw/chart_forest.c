/* Forest plots: effects with their intervals, one below the other, names on the left and numbers on the right. */
#include <math.h>
#include <string.h>

#include "chart.h"

enum { ROW = 20, HEAD = 22, TOP = 8, RIGHT = 10, BELOW = 44, LEFT = 30 };

/* The longest name; the smallest width for the intervals, and the same in a figure that is wide anyway. */
static const double LONGEST = 200.0, LEAST = 150.0, WIDE = 320.0;

static void widen(double value, double *low, double *high)
{
    if (!isfinite(value)) return;
    *low = fmin(*low, value);
    *high = fmax(*high, value);
}

static chart_scale scale_of(const chart_figure *figure, int groups, const chart_effects *group, bool zero)
{
    double low = zero ? 0.0 : INFINITY, high = zero ? 0.0 : -INFINITY;
    for (int g = 0; g < groups; g++)
        for (int k = 0; k < group[g].effects; k++) {
            const chart_effect *e = &group[g].effect[k];
            widen(e->value, &low, &high);
            widen(e->low, &low, &high);
            widen(e->high, &low, &high);
        }
    return chart_scale_make(&figure->x, low, high, 4);
}

/* "+0.012 [-0.003, +0.027]" */
static void numbers_of(const chart_effect *e, bool zero, char text[112])
{
    const char *form = zero ? "%+.3f" : "%.3f";
    const bool large = fabs(e->value) >= 100.0 || fabs(e->low) >= 100.0 || fabs(e->high) >= 100.0;
    char part[3][32];
    if (large) form = zero ? "%+.4g" : "%.4g";
    if (e->note || !isfinite(e->value)) {
        snprintf(text, 112, "%s", e->note ? e->note : "-");
        return;
    }
    const double value[3] = {e->value, e->low, e->high};
    for (int k = 0; k < 3; k++) snprintf(part[k], sizeof part[k], form, value[k]);
    if (isfinite(e->low))
        snprintf(text, 112, "%s [%s, %s]", part[0], part[1], part[2]);
    else
        snprintf(text, 112, "%s", part[0]);
}

static void draw_effect(draw_page *page, const chart_frame *f, const chart_effect *e, double y, bool zero)
{
    char text[128], number[112];
    draw_page_label(page, f->left - 8, y + 4, "end", e->reference ? "tick name bold" : "tick name",
                    chart_text_fit(e->name, LONGEST, text));
    numbers_of(e, zero, number);
    draw_page_label(page, f->left + f->width + 8, y + 4, "start", "tick", number);
    if (!isfinite(e->value)) return;
    const int colour = e->reference ? 1 : 0;
    const double x = chart_frame_x(f, e->value);
    if (isfinite(e->low) && isfinite(e->high))
        fprintf(page->out, "<path class='line' stroke='var(--c%d)' d='M%.1f %.1fv8m0 -4H%.1fm0 -4v8'/>\n", colour,
                chart_frame_x(f, e->low), y - 4, chart_frame_x(f, e->high));
    chart_line_mark(page, x, y, colour);
}

static int rows_of(int groups, const chart_effects *group)
{
    int rows = 0;
    for (int g = 0; g < groups; g++) rows += group[g].effects;
    return rows;
}

/* The width of the numbers on the right; their letters are smaller than those for which widths are estimated. */
static double numbers_width(int groups, const chart_effects *group, bool zero)
{
    char text[112];
    double widest = 0.0;
    for (int g = 0; g < groups; g++)
        for (int k = 0; k < group[g].effects; k++) {
            numbers_of(&group[g].effect[k], zero, text);
            widest = fmax(widest, chart_text_width(text));
        }
    return widest + 8.0;
}

static double widest_of(int groups, const chart_effects *group)
{
    double widest = 40.0;
    for (int g = 0; g < groups; g++)
        for (int k = 0; k < group[g].effects; k++)
            widest = fmax(widest, 0.95 * chart_text_width(group[g].effect[k].name)); /* small letters */
    return fmin(widest, LONGEST);
}

void chart_draw_forest(draw_page *page, const chart_figure *figure, int groups, const chart_effects *group, bool zero)
{
    if (page->kind == DRAW_TEXT) {
        chart_text_forest(page, figure, groups, group);
        return;
    }
    if (page->kind == DRAW_CSV || page->kind == DRAW_TEX) {
        chart_data_forest(page, figure, groups, group);
        return;
    }
    const int heads = groups > 1 || group[0].name ? groups : 0;
    const double left = LEFT + widest_of(groups, group) + 8, height = ROW * rows_of(groups, group) + HEAD * heads + 6;
    const double beside = left + numbers_width(groups, group, zero) + RIGHT;
    const double width = beside + LEAST <= DRAW_FIGURE_WIDTH ? DRAW_FIGURE_WIDTH : beside + WIDE;
    chart_frame f = {.left = left,
                     .top = TOP,
                     .width = width - beside,
                     .height = height,
                     .pad = 6,
                     .x = scale_of(figure, groups, group, zero)};
    draw_page_figure_begin(page, figure, width, TOP + height + BELOW);
    chart_grid_draw(page, &f, true, false);
    if (zero) {
        const double x = chart_frame_x(&f, 0.0);
        fprintf(page->out, "<path class='axis' d='M%.1f %dV%.1f'/>\n", x, TOP, TOP + height);
    }
    double y = TOP + 3;
    for (int g = 0; g < groups; g++) {
        if (heads > 0) {
            draw_page_label(page, LEFT, y + HEAD - 7, "start", "bold panel", group[g].name);
            y += HEAD;
        }
        for (int k = 0; k < group[g].effects; k++, y += ROW)
            draw_effect(page, &f, &group[g].effect[k], y + ROW / 2.0, zero);
    }
    f.left = LEFT;
    f.width = width - LEFT - RIGHT;
    chart_axes_name(page, figure, &f);
    draw_page_figure_end(page, figure);
}
