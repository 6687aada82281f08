/* Bars side by side, with stacked parts.  Numbers are left out if they would touch. */
#include <math.h>

#include "chart.h"

enum { HEIGHT = 190, LEFT = 58, RIGHT = 14, TOP = 20, BELOW = 44, MOST_PARTS = 16 };

static double total(const chart_bars *b, int bar)
{
    double sum = 0.0;
    for (int p = 0; p < b->parts; p++) {
        const double value = b->value[p * b->bars + bar];
        sum += isfinite(value) ? value : 0.0;
    }
    return sum;
}

static int colour_of(const chart_bars *b, int part, int bar)
{
    return b->marked && b->marked[bar] ? 1 : part % DRAW_COLOURS;
}

static void swatch(draw_page *page, double x, double y, int k, const void *data)
{
    (void)data;
    fprintf(page->out, "<rect x='%.1f' y='%.1f' width='18' height='10' fill='var(--c%d)'/>", x, y - 5,
            k % DRAW_COLOURS);
}

/* The names of the legend's entries; entry k has colour k. */
static int legend_of(const chart_bars *b, const char *name[MOST_PARTS])
{
    if (b->part) {
        for (int p = 0; p < b->parts && p < MOST_PARTS; p++) name[p] = b->part[p];
        return b->parts < MOST_PARTS ? b->parts : MOST_PARTS;
    }
    if (!b->marked) return 0;
    name[0] = b->plain;
    name[1] = b->mark;
    return 2;
}

static void draw_bar(draw_page *page, const chart_frame *f, const chart_bars *b, int bar, double x, double width)
{
    double below = 0.0;
    const double base = f->top + f->height;
    for (int p = 0; p < b->parts; p++) {
        const double value = b->value[p * b->bars + bar];
        if (!isfinite(value) || value <= 0.0) continue;
        const double y0 = base - fmin(chart_scale_place(&f->y, below), 1.0) * f->height;
        below += value;
        const double y1 = base - fmin(chart_scale_place(&f->y, below), 1.0) * f->height;
        fprintf(page->out, "<rect x='%.1f' y='%.1f' width='%.2f' height='%.1f' fill='var(--c%d)'/>\n", x, y1, width,
                y0 - y1, colour_of(b, p, bar));
    }
}

static void draw_totals(draw_page *page, const chart_frame *f, const chart_bars *b, double step)
{
    char number[24];
    for (int k = 0; k < b->bars; k++)
        if (chart_text_width(chart_number_text(total(b, k), number)) > step - 4.0) return;
    for (int k = 0; k < b->bars; k++) {
        const double top = chart_scale_place(&f->y, total(b, k));
        draw_page_label(page, f->left + (k + 0.5) * step, f->top + f->height * (1.0 - fmin(top, 1.0)) - 4, "middle",
                        "tick", chart_number_text(total(b, k), number));
    }
}

void chart_draw_bars(draw_page *page, const chart_figure *figure, const chart_bars *b)
{
    if (page->kind == DRAW_TEXT) {
        chart_text_bars(page, figure, b);
        return;
    }
    if (page->kind == DRAW_CSV || page->kind == DRAW_TEX) {
        chart_data_bars(page, figure, b);
        return;
    }
    double most = 0.0;
    for (int k = 0; k < b->bars; k++) most = fmax(most, total(b, k));
    chart_axis y = figure->y;
    if (isnan(y.low)) y.low = 0.0;
    const double width = chart_names_room(b->bars, b->sequence, DRAW_FIGURE_WIDTH - LEFT - RIGHT);
    const double step = width / b->bars;
    const chart_names names = chart_names_make(b->bars, b->name, b->sequence, step);
    const chart_frame f = {.left = LEFT,
                           .top = TOP,
                           .width = width,
                           .height = HEIGHT,
                           .below = names.below,
                           .y = chart_scale_make(&y, 0.0, most, 5)};
    const char *name[MOST_PARTS];
    const int entries = legend_of(b, name);
    const double end = TOP + HEIGHT + names.below + BELOW;
    draw_page_figure_begin(page, figure, LEFT + width + RIGHT, end + chart_legend_height(entries, name));
    chart_frame_draw(page, figure, &f, false);
    for (int k = 0; k < b->bars; k++) draw_bar(page, &f, b, k, f.left + (k + 0.08) * step, fmax(0.84 * step, 0.3));
    chart_names_draw(page, &names, b->bars, b->name, f.left, step, TOP + HEIGHT);
    draw_totals(page, &f, b, step);
    chart_legend_draw(page, end, entries, name, swatch, NULL);
    draw_page_figure_end(page, figure);
}
