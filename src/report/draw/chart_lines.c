/* Lines: bands first, then the lines with a mark at each point; each colour has a mark of its own.  Where points are
 * few, spreads are bars, and those at the same place are drawn side by side.  Beyond eight colours the lines are
 * drawn in several figures with the same axes. */
#include <math.h>
#include <string.h>

#include "chart.h"
#include "entente/memory.h"

enum { HEIGHT = 220, LEFT = 58, RIGHT = 16, TOP = 12, BELOW = 44, MOST_MARKS = 40, FEW = 8 };

void chart_line_mark(draw_page *page, double x, double y, int colour)
{
    /* around the origin: circle, square, triangle, rhombus, triangle below, cross, star, bar */
    static const char *const SHAPE[DRAW_COLOURS] = {
        "M-3 0a3 3 0 1 0 6 0a3 3 0 1 0 -6 0z",
        "M-2.8 -2.8h5.6v5.6h-5.6z",
        "M0 -4l3.6 6.4h-7.2z",
        "M0 -3.8l3.8 3.8l-3.8 3.8l-3.8 -3.8z",
        "M0 4l3.6 -6.4h-7.2z",
        "M-1.3 -3.8h2.6v2.5h2.5v2.6h-2.5v2.5h-2.6v-2.5h-2.5v-2.6h2.5z",
        "M0 -4.6l1.3 3.1h3.2l-2.5 2.1l1 3.3l-3 -1.9l-3 1.9l1 -3.3l-2.5 -2.1h3.2z",
        "M-1.4 -4.2h2.8v8.4h-2.8z",
    };
    const int c = colour % DRAW_COLOURS;
    fprintf(page->out, "<path class='mark' transform='translate(%.1f %.1f)' d='%s' fill='var(--c%d)'/>", x, y,
            SHAPE[c], c);
}

static void stroke(draw_page *page, const chart_line *line)
{
    if (line->colour < 0)
        fprintf(page->out, "class='line rule' stroke='var(--soft)' stroke-dasharray='2 3'");
    else
        fprintf(page->out, "class='line' stroke='var(--c%d)'%s", line->colour % DRAW_COLOURS,
                line->model ? " stroke-dasharray='3 4'" : "");
}

static bool is_marked(const chart_line *line)
{
    return !line->model && line->colour >= 0;
}

static void swatch(draw_page *page, double x, double y, int k, const void *data)
{
    const chart_line *line = &((const chart_line *)data)[k];
    if (!line->points) {
        fprintf(page->out, "<path d='M%.1f %.1fh20' ", x, y);
        stroke(page, line);
        fprintf(page->out, "/>");
    }
    if (is_marked(line)) chart_line_mark(page, x + 10, y, line->colour);
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

/* Each stretch without a gap is a polygon: forward along the high side, back along the low one. */
static void draw_band(draw_page *page, const chart_frame *f, const chart_line *line)
{
    for (int first = 0; first < line->n; first++) {
        int end = first;
        while (end < line->n && isfinite(line->low[end]) && isfinite(line->high[end])) end++;
        if (end - first > 1) {
            fprintf(page->out, "<path class='band' fill='var(--c%d)' d='M", line->colour % DRAW_COLOURS);
            for (int k = first; k < end; k++)
                fprintf(page->out, "%.1f %.1f ", chart_frame_x(f, line->x[k]), chart_frame_y(f, line->high[k]));
            for (int k = end - 1; k >= first; k--)
                fprintf(page->out, "%.1f %.1f ", chart_frame_x(f, line->x[k]), chart_frame_y(f, line->low[k]));
            fprintf(page->out, "z'/>\n");
        }
        first = end;
    }
}

static void draw_whiskers(draw_page *page, const chart_frame *f, const chart_line *line, double aside)
{
    for (int k = 0; k < line->n; k++) {
        if (!isfinite(line->y[k]) || !(line->high[k] > line->low[k])) continue;
        const double x = chart_frame_x(f, line->x[k]) + aside;
        fprintf(page->out, "<path class='line' stroke='var(--c%d)' d='M%.1f %.1fh6m-3 0V%.1fm-3 0h6'/>\n",
                line->colour % DRAW_COLOURS, x - 3, chart_frame_y(f, line->high[k]), chart_frame_y(f, line->low[k]));
    }
}

static void draw_ring(draw_page *page, double x, double y, int colour)
{
    fprintf(page->out,
            "<circle class='ring' cx='%.1f' cy='%.1f' r='6.5' fill='none' stroke='var(--c%d)' stroke-width='1.6'/>",
            x, y, colour % DRAW_COLOURS);
}

static void draw_line(draw_page *page, const chart_frame *f, const chart_line *line, double aside)
{
    bool down = false;
    if (!line->points) {
        fprintf(page->out, "<path ");
        stroke(page, line);
        fprintf(page->out, " d='");
        for (int k = 0; k < line->n; k++) {
            const bool there = isfinite(line->y[k]);
            if (there)
                fprintf(page->out, "%c%.1f %.1f", down ? 'L' : 'M', chart_frame_x(f, line->x[k]) + aside,
                        chart_frame_y(f, line->y[k]));
            down = there;
        }
        fprintf(page->out, "'/>\n");
    }
    for (int k = 0; k < line->n; k++) {
        if (!isfinite(line->y[k])) continue;
        const double x = chart_frame_x(f, line->x[k]) + aside, y = chart_frame_y(f, line->y[k]);
        if (is_marked(line) && (line->n <= MOST_MARKS || line->points)) chart_line_mark(page, x, y, line->colour);
        if (line->ring == k + 1) draw_ring(page, x, y, line->colour);
    }
}

static bool has_whiskers(const chart_line *line)
{
    return line->low && line->high && line->n <= FEW;
}

/* If the frame has room next to its points, lines with few points are drawn side by side. */
static bool is_aside(const chart_frame *f, const chart_line *line)
{
    return f->pad > 0.0 && line->n <= FEW && is_marked(line);
}

/* The distance in pixels between neighbours at the same place. */
static double gap_of(const chart_frame *f, int lines, const chart_line *line, int *beside)
{
    double least = f->width;
    *beside = 0;
    for (int l = 0; l < lines; l++) {
        *beside += is_aside(f, &line[l]);
        for (int k = 1; k < line[l].n; k++)
            least = fmin(least, fabs(chart_frame_x(f, line[l].x[k]) - chart_frame_x(f, line[l].x[k - 1])));
    }
    return *beside > 1 ? fmin(8.0, fmin(0.7 * least, 2.0 * f->pad) / *beside) : 0.0;
}

void chart_lines_plot(draw_page *page, const chart_frame *f, int lines, const chart_line *line)
{
    int beside, at = 0;
    const double gap = gap_of(f, lines, line, &beside);
    for (int k = 0; k < lines; k++)
        if (line[k].low && line[k].high && !has_whiskers(&line[k])) draw_band(page, f, &line[k]);
    for (int k = 0; k < lines; k++) {
        const double aside = is_aside(f, &line[k]) ? (at++ - 0.5 * (beside - 1)) * gap : 0.0;
        if (has_whiskers(&line[k])) draw_whiskers(page, f, &line[k], aside);
        draw_line(page, f, &line[k], aside);
    }
}

/* ---- facets ---- */

int chart_colour_of(int k, int n)
{
    const int figures = (n + DRAW_COLOURS - 1) / DRAW_COLOURS, each = (n + figures - 1) / figures;
    return k / each * DRAW_COLOURS + k % each;
}

int chart_lines_facets(int lines, const chart_line *line)
{
    int most = 0;
    for (int k = 0; k < lines; k++) most = line[k].colour > most ? line[k].colour : most;
    return most / DRAW_COLOURS + 1;
}

int chart_lines_take(int lines, const chart_line *line, int facet, chart_line *out)
{
    int n = 0;
    for (int k = 0; k < lines; k++)
        if (line[k].colour < 0 || line[k].everywhere || line[k].colour / DRAW_COLOURS == facet) out[n++] = line[k];
    return n;
}

void chart_lines_scales(const chart_figure *figure, int lines, const chart_line *line, chart_scale *x, chart_scale *y)
{
    const extent e = extent_of(figure, lines, line);
    *x = chart_scale_make(&figure->x, e.low[0], e.high[0], 8);
    *y = chart_scale_make(&figure->y, e.low[1], e.high[1], 6);
}

static double legend_height(int lines, const chart_line *line)
{
    const char *name[DRAW_LEGEND];
    for (int k = 0; k < lines && k < DRAW_LEGEND; k++) name[k] = line[k].name;
    return chart_legend_height(lines < DRAW_LEGEND ? lines : DRAW_LEGEND, name);
}

void chart_lines_legend(draw_page *page, double top, int lines, const chart_line *line)
{
    const char *name[DRAW_LEGEND];
    for (int k = 0; k < lines && k < DRAW_LEGEND; k++) name[k] = line[k].name;
    chart_legend_draw(page, top, lines < DRAW_LEGEND ? lines : DRAW_LEGEND, name, swatch, line);
}

static void draw(draw_page *page, const chart_figure *figure, const chart_scale *x, const chart_scale *y, int lines,
                 const chart_line *line)
{
    if (page->kind == DRAW_TEXT) {
        chart_text_lines(page, figure, lines, line);
        return;
    }
    if (page->kind == DRAW_CSV || page->kind == DRAW_TEX) {
        chart_data_lines(page, figure, 1, &(chart_panel){NULL, lines, line});
        return;
    }
    bool whiskers = false;
    for (int k = 0; k < lines; k++) whiskers |= has_whiskers(&line[k]);
    const chart_frame f = {.left = LEFT,
                           .top = TOP,
                           .width = DRAW_FIGURE_WIDTH - LEFT - RIGHT,
                           .height = HEIGHT,
                           .pad = whiskers && lines > 1 ? 30 : 0,
                           .x = *x,
                           .y = *y};
    const double end = TOP + HEIGHT + BELOW;
    draw_page_figure_begin(page, figure, DRAW_FIGURE_WIDTH, end + legend_height(lines, line));
    chart_frame_draw(page, figure, &f, true);
    chart_lines_plot(page, &f, lines, line);
    chart_lines_legend(page, end, lines, line);
    draw_page_figure_end(page, figure);
}

void chart_draw_lines(draw_page *page, const chart_figure *figure, int lines, const chart_line *line)
{
    chart_scale x, y;
    char title[320];
    const int facets = chart_lines_facets(lines, line);
    chart_line *some = ent_alloc(lines, sizeof *some);
    if (!some) return;
    chart_lines_scales(figure, lines, line, &x, &y);
    for (int k = 0; k < facets; k++) {
        chart_figure one = *figure;
        if (facets > 1) {
            one.x.low = x.low, one.x.high = x.high, one.y.low = y.low, one.y.high = y.high;
            snprintf(title, sizeof title, "%.280s (%d of %d)", figure->title, k + 1, facets);
            one.title = title;
        }
        draw(page, &one, &x, &y, chart_lines_take(lines, line, k, some), some);
    }
    ent_free(some);
}
