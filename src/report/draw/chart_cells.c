/* Heat maps and dot plots.  The colours run through cividis (Nunez, Anderton and Renslow, PLOS ONE 13, 2018),
 * which is made for colour-blind eyes and readable in grey; numbers are written into the cells if there is room. */
#include <math.h>
#include <string.h>

#include "chart.h"

enum { TOP = 10, BELOW = 44, RIGHT = 16, LEGEND = 40, STEPS = 32 };

static const double BAR = 128.0, LONGEST = 150.0; /* the longest row name */

static const double CIVIDIS[][3] = {{0, 32, 77},     {49, 68, 107},   {102, 105, 112},
                                    {149, 143, 120}, {203, 186, 105}, {255, 234, 70}};

static void colour(double share, int rgb[3])
{
    const int last = (int)(sizeof CIVIDIS / sizeof *CIVIDIS) - 1;
    const double at = fmin(fmax(share, 0.0), 1.0) * last;
    const int k = at >= last ? last - 1 : (int)at;
    for (int c = 0; c < 3; c++) rgb[c] = (int)lround(CIVIDIS[k][c] + (at - k) * (CIVIDIS[k + 1][c] - CIVIDIS[k][c]));
}

typedef struct {
    double left, width, cell_width, cell_height, low, high;
} grid;

static grid grid_of(const chart_cells *c)
{
    grid g = {.low = INFINITY, .high = -INFINITY};
    double widest = 0.0;
    for (int r = 0; r < c->rows; r++) widest = fmax(widest, chart_text_width(c->row[r]));
    g.left = 30.0 + fmin(widest, LONGEST) + 6.0;
    g.width = chart_names_room(c->columns, c->sequence, DRAW_FIGURE_WIDTH - g.left - RIGHT);
    g.cell_width = g.width / c->columns;
    g.cell_height = fmin(fmax(200.0 / c->rows, 15.0), 36.0);
    for (int k = 0; k < c->rows * c->columns; k++)
        if (isfinite(c->value[k])) {
            g.low = fmin(g.low, c->value[k]);
            g.high = fmax(g.high, c->value[k]);
        }
    if (!(g.low <= g.high)) g.low = 0.0, g.high = 1.0;
    if (c->range[1] > c->range[0]) g.low = c->range[0], g.high = c->range[1];
    return g;
}

static double share_of(const grid *g, double value)
{
    return g->high > g->low ? (value - g->low) / (g->high - g->low) : 0.5;
}

static double radius_of(const grid *g, double value)
{
    const double most = fmin(g->cell_width, g->cell_height) / 2.0 - 1.0;
    return g->high > 0.0 ? most * sqrt(fmax(value, 0.0) / g->high) : 0.0;
}

/* "": the format of axes. */
static void write_number(const char *form, double value, char text[24])
{
    if (*form == '\0')
        chart_number_text(value, text);
    else
        snprintf(text, 24, form, value);
}

/* The most precise format in which every number fits into its cell; NULL: there is none. */
static const char *form_of(const chart_cells *c, const grid *g)
{
    static const char *const FORM[] = {"%.3f", "%.2f", "", "%.2g"};
    const int first = c->range[1] > c->range[0] ? 0 : 2;
    for (int f = first; f < first + 2; f++) {
        bool fits = true;
        for (int k = 0; k < c->rows * c->columns && fits; k++) {
            char number[24];
            if (!isfinite(c->value[k])) continue;
            write_number(FORM[f], c->value[k], number);
            fits = chart_text_width(number) <= g->cell_width - 4.0 && (f != 3 || fabs(c->value[k]) < 99.0);
        }
        if (fits) return FORM[f];
    }
    return NULL;
}

static void draw_heat(draw_page *page, const grid *g, double x, double y, double value, const char *form)
{
    int rgb[3];
    char number[24];
    colour(share_of(g, value), rgb);
    fprintf(page->out, "<rect x='%.2f' y='%.1f' width='%.2f' height='%.1f' fill='#%02x%02x%02x'/>", x, y,
            g->cell_width + 0.2, g->cell_height, (unsigned)rgb[0], (unsigned)rgb[1], (unsigned)rgb[2]);
    if (!form) return;
    write_number(form, value, number);
    const bool bright = 0.3 * rgb[0] + 0.59 * rgb[1] + 0.11 * rgb[2] > 128.0;
    draw_page_label(page, x + g->cell_width / 2, y + g->cell_height / 2 + 4, "middle", bright ? "dark" : "light",
                    number);
}

static void draw_cells(draw_page *page, const chart_cells *c, const grid *g)
{
    const char *form = form_of(c, g);
    for (int r = 0; r < c->rows; r++)
        for (int k = 0; k < c->columns; k++) {
            const double value = c->value[r * c->columns + k];
            const double x = g->left + k * g->cell_width, y = TOP + r * g->cell_height;
            if (!isfinite(value) || (c->dots && value <= 0.0)) continue;
            if (c->dots)
                fprintf(page->out, "<circle cx='%.1f' cy='%.1f' r='%.2f' fill='var(--c%d)'/>\n",
                        x + g->cell_width / 2, y + g->cell_height / 2, radius_of(g, value), r % DRAW_COLOURS);
            else
                draw_heat(page, g, x, y, value, form);
        }
}

static void draw_names(draw_page *page, const chart_figure *figure, const chart_cells *c, const grid *g,
                       const chart_names *names)
{
    char text[128];
    const double height = c->rows * g->cell_height;
    for (int r = 0; r < c->rows; r++)
        draw_page_label(page, g->left - 6, TOP + (r + 0.5) * g->cell_height + 4, "end", "tick name",
                        chart_text_fit(c->row[r], LONGEST, text));
    chart_names_draw(page, names, c->columns, c->column, g->left, g->cell_width, TOP + height);
    chart_axes_name(page, figure, &(chart_frame){g->left, TOP, g->width, height, 0.0, names->below, {0}, {0}});
}

/* Each legend returns its end. */
static double legend_heat(draw_page *page, const grid *g, double left, double y)
{
    const double width = BAR / STEPS;
    char number[24];
    for (int k = 0; k < STEPS; k++) { /* each reaches to the end, so that no seam shows between two */
        int rgb[3];
        colour((k + 0.5) / STEPS, rgb);
        fprintf(page->out, "<rect x='%.2f' y='%.1f' width='%.2f' height='10' fill='#%02x%02x%02x'/>",
                left + k * width, y - 9, BAR - k * width, (unsigned)rgb[0], (unsigned)rgb[1], (unsigned)rgb[2]);
    }
    draw_page_label(page, left, y + 14, "start", "tick", chart_number_text(g->low, number));
    draw_page_label(page, left + BAR, y + 14, "end", "tick", chart_number_text(g->high, number));
    return left + BAR;
}

static double legend_dots(draw_page *page, const grid *g, double left, double y)
{
    char number[24];
    const double share[3] = {0.1, 0.5, 1.0};
    double x = left;
    for (int k = 0; k < 3; k++) {
        const double radius = radius_of(g, share[k] * g->high);
        chart_number_text(rint(share[k] * g->high), number);
        fprintf(page->out, "<circle cx='%.1f' cy='%.1f' r='%.2f' fill='var(--c7)'/>", x + radius, y - 4, radius);
        draw_page_label(page, x + 2 * radius + 3, y, "start", "tick", number);
        x += 2 * radius + 11 + chart_text_width(number);
    }
    return x;
}

void chart_draw_cells(draw_page *page, const chart_figure *figure, const chart_cells *c)
{
    if (page->kind == DRAW_TEXT) {
        chart_text_cells(page, figure, c);
        return;
    }
    if (page->kind == DRAW_CSV || page->kind == DRAW_TEX) {
        chart_data_cells(page, figure, c);
        return;
    }
    const grid g = grid_of(c);
    const chart_names names = chart_names_make(c->columns, c->column, c->sequence, g.cell_width);
    const double bottom = TOP + c->rows * g.cell_height + names.below + BELOW;
    char text[160];
    draw_page_figure_begin(page, figure, g.left + g.width + RIGHT, bottom + LEGEND);
    draw_cells(page, c, &g);
    draw_names(page, figure, c, &g, &names);
    snprintf(text, sizeof text, "%s (%s)", c->name, c->unit);
    const double room = g.left + g.width + RIGHT - BAR - 30.0 - chart_text_width(text), left = fmin(g.left, room);
    const double end = (c->dots ? legend_dots : legend_heat)(page, &g, fmax(left, 12.0), bottom + 14);
    draw_page_label(page, end + 14, bottom + 14, "start", "legend", text);
    draw_page_figure_end(page, figure);
}
