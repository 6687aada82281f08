/* Lines: bands first, then the lines with a mark at each point; lines differ by colour, mark and dashes. */
#include <math.h>

#include "chart.h"

enum { HEIGHT = 220, LEFT = 58, RIGHT = 16, TOP = 12, BELOW = 44, MOST_MARKS = 40, MOST_LINES = 24, FEW = 5 };

static const char *const DASHES[] = {"", "7 3", "2 3", "9 3 2 3"};

static void mark(draw_page *page, double x, double y, int colour)
{
    FILE *out = page->out;
    const int c = colour % DRAW_COLOURS;
    switch (colour % 4) {
    case 0:
        fprintf(out, "<circle cx='%.1f' cy='%.1f' r='3' fill='var(--c%d)'/>", x, y, c);
        return;
    case 1:
        fprintf(out, "<rect x='%.1f' y='%.1f' width='5.6' height='5.6' fill='var(--c%d)'/>", x - 2.8, y - 2.8, c);
        return;
    case 2:
        fprintf(out, "<path d='M%.1f %.1fl3.6 6.4h-7.2z' fill='var(--c%d)'/>", x, y - 4, c);
        return;
    default:
        fprintf(out, "<path d='M%.1f %.1fl3.8 3.8l-3.8 3.8l-3.8-3.8z' fill='var(--c%d)'/>", x, y - 3.8, c);
    }
}

static void stroke(draw_page *page, const chart_line *line)
{
    fprintf(page->out, "class='line' stroke='var(--c%d)' stroke-dasharray='%s'", line->colour % DRAW_COLOURS,
            line->model ? "3 4" : DASHES[line->colour / DRAW_COLOURS % 4]);
}

static void swatch(draw_page *page, double x, double y, int k, const void *data)
{
    const chart_line *line = &((const chart_line *)data)[k];
    fprintf(page->out, "<path d='M%.1f %.1fh20' ", x, y);
    stroke(page, line);
    fprintf(page->out, "/>");
    if (!line->model) mark(page, x + 10, y, line->colour);
}

typedef struct {
    double low[2], high[2];
} extent;

static void widen(extent *e, int axis, double value, bool positive)
{
    if (!isfinite(value) || (positive && value <= 0.0)) return;
    e->low[axis] = fmin(e->low[axis], value);
    e->high[axis] = fmax(e->high[axis], value);
}

static extent extent_of(const chart_figure *figure, int lines, const chart_line *line)
{
    extent e = {{INFINITY, INFINITY}, {-INFINITY, -INFINITY}};
    for (int l = 0; l < lines; l++)
        for (int k = 0; k < line[l].n; k++) {
            if (!isfinite(line[l].y[k])) continue;
            widen(&e, 0, line[l].x[k], figure->x.base != 0);
            widen(&e, 1, line[l].y[k], figure->y.base != 0);
            if (line[l].low) widen(&e, 1, line[l].low[k], figure->y.base != 0);
            if (line[l].high) widen(&e, 1, line[l].high[k], figure->y.base != 0);
        }
    return e;
}

static double place_x(const chart_frame *f, double x)
{
    return f->left + chart_scale_place(&f->x, x) * f->width;
}

static double place_y(const chart_frame *f, double y)
{
    const double at = chart_scale_place(&f->y, y);
    return f->top + f->height - fmin(fmax(at, 0.0), 1.0) * f->height;
}

/* Each stretch without a gap is a polygon: forward along the high side, back along the low one. */
static void draw_band(draw_page *page, const chart_frame *f, const chart_line *line)
{
    for (int first = 0; first < line->n; first++) {
        int end = first;
        while (end < line->n && isfinite(line->low[end]) && isfinite(line->high[end])) end++;
        if (end - first > 1) {
            fprintf(page->out, "<path class='band' fill='var(--c%d)' d='M", line->colour % DRAW_COLOURS);
            for (int k = first; k < end; k++)
                fprintf(page->out, "%.1f %.1f ", place_x(f, line->x[k]), place_y(f, line->high[k]));
            for (int k = end - 1; k >= first; k--)
                fprintf(page->out, "%.1f %.1f ", place_x(f, line->x[k]), place_y(f, line->low[k]));
            fprintf(page->out, "z'/>\n");
        }
        first = end;
    }
}

/* If there are few points, the spread is a bar at each. */
static void draw_whiskers(draw_page *page, const chart_frame *f, const chart_line *line)
{
    for (int k = 0; k < line->n; k++) {
        if (!isfinite(line->y[k]) || !(line->high[k] > line->low[k])) continue;
        const double x = place_x(f, line->x[k]), top = place_y(f, line->high[k]), end = place_y(f, line->low[k]);
        fprintf(page->out, "<path class='line' stroke='var(--c%d)' d='M%.1f %.1fh6m-3 0V%.1fm-3 0h6'/>\n",
                line->colour % DRAW_COLOURS, x - 3, top, end);
    }
}

static void draw_line(draw_page *page, const chart_frame *f, const chart_line *line)
{
    bool down = false;
    fprintf(page->out, "<path ");
    stroke(page, line);
    fprintf(page->out, " d='");
    for (int k = 0; k < line->n; k++) {
        const bool there = isfinite(line->y[k]);
        if (there)
            fprintf(page->out, "%c%.1f %.1f", down ? 'L' : 'M', place_x(f, line->x[k]), place_y(f, line->y[k]));
        down = there;
    }
    fprintf(page->out, "'/>\n");
    for (int k = 0; k < line->n && line->n <= MOST_MARKS && !line->model; k++)
        if (isfinite(line->y[k])) mark(page, place_x(f, line->x[k]), place_y(f, line->y[k]), line->colour);
}

void chart_draw_lines(draw_page *page, const chart_figure *figure, int lines, const chart_line *line)
{
    if (lines > MOST_LINES) lines = MOST_LINES;
    if (page->kind == DRAW_TEXT) {
        chart_text_lines(page, figure, lines, line);
        return;
    }
    const char *name[MOST_LINES];
    for (int k = 0; k < lines; k++) name[k] = line[k].name;
    const extent e = extent_of(figure, lines, line);
    const chart_frame f = {LEFT,
                           TOP,
                           DRAW_FIGURE_WIDTH - LEFT - RIGHT,
                           HEIGHT,
                           chart_scale_make(&figure->x, e.low[0], e.high[0], 8),
                           chart_scale_make(&figure->y, e.low[1], e.high[1], 6)};
    const double legend = chart_legend_height(lines, name), end = TOP + HEIGHT + BELOW;
    draw_page_figure_begin(page, figure, DRAW_FIGURE_WIDTH, end + legend);
    chart_frame_draw(page, figure, &f, true);
    for (int k = 0; k < lines; k++)
        if (line[k].low && line[k].high && line[k].n > FEW) draw_band(page, &f, &line[k]);
    for (int k = 0; k < lines; k++) {
        if (line[k].low && line[k].high && line[k].n <= FEW) draw_whiskers(page, &f, &line[k]);
        draw_line(page, &f, &line[k]);
    }
    chart_legend_draw(page, end, lines, name, swatch, line);
    draw_page_figure_end(page, figure);
}
