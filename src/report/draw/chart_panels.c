/* Small multiples: two panels beside each other, rows below; all have the same axes. */
#include <math.h>

#include "chart.h"
#include "entente/memory.h"

enum { HEIGHT = 92, LEFT = 58, RIGHT = 12, TOP = 6, HEAD = 22, FOOT = 22, GAP = 14, BELOW = 26, COLUMNS = 2 };

/* All lines of all panels, and one line for each colour of a facet, for the legend. */
static int collect(int panels, const chart_panel *panel, chart_line *all)
{
    int n = 0;
    for (int p = 0; p < panels; p++)
        for (int k = 0; k < panel[p].lines; k++) all[n++] = panel[p].line[k];
    return n;
}

static int legend_of(int lines, chart_line *line)
{
    int n = 0;
    for (int k = 0; k < lines; k++) {
        bool seen = false;
        for (int j = 0; j < n; j++) seen |= line[j].colour == line[k].colour;
        if (!seen) line[n++] = line[k];
    }
    return n;
}

typedef struct {
    draw_page *page;
    const chart_figure *figure;
    chart_scale x, y;
    chart_line *some; /* room for the lines of one panel, and of the legend */
} grid;

static void draw_panel(const grid *g, const chart_panel *panel, int at, int panels, int facet)
{
    char text[128];
    const double width = (DRAW_FIGURE_WIDTH - LEFT - RIGHT - GAP) / (double)COLUMNS;
    const int column = at % COLUMNS;
    const chart_frame f = {.left = LEFT + column * (width + GAP),
                           .top = TOP + HEAD + at / COLUMNS * (HEAD + HEIGHT + FOOT),
                           .width = width,
                           .height = HEIGHT,
                           .pad = 14,
                           .x = g->x,
                           .y = g->y};
    (void)panels;
    draw_page_label(g->page, f.left, f.top - 7, "start", "panel name", chart_text_fit(panel->name, width, text));
    chart_grid_draw(g->page, &f, true, column == 0);
    chart_lines_plot(g->page, &f, chart_lines_take(panel->lines, panel->line, facet, g->some), g->some);
}

static void draw_facet(const grid *g, int panels, const chart_panel *panel, int facet, const chart_figure *figure)
{
    const int rows = (panels + COLUMNS - 1) / COLUMNS;
    const double height = HEAD + (double)rows * (HEAD + HEIGHT + FOOT) - HEAD;
    int all = collect(panels, panel, g->some);
    all = legend_of(all, g->some);
    chart_line *legend = g->some + all;
    const int entries = chart_lines_take(all, g->some, facet, legend);
    const char *name[DRAW_LEGEND];
    for (int k = 0; k < entries && k < DRAW_LEGEND; k++) name[k] = legend[k].name;
    draw_page_figure_begin(g->page, figure, DRAW_FIGURE_WIDTH,
                           TOP + height + BELOW + chart_legend_height(entries, name));
    chart_axes_name(
        g->page, figure,
        &(chart_frame){.left = LEFT, .top = TOP, .width = DRAW_FIGURE_WIDTH - LEFT - RIGHT, .height = height - 18});
    chart_lines_legend(g->page, TOP + height + BELOW, entries, legend);
    for (int p = 0; p < panels; p++) draw_panel(g, &panel[p], p, panels, facet);
    draw_page_figure_end(g->page, figure);
}

static void draw(grid *g, int panels, const chart_panel *panel)
{
    const chart_figure *figure = g->figure;
    const int all = collect(panels, panel, g->some), facets = chart_lines_facets(all, g->some);
    char title[320];
    chart_lines_scales(figure, all, g->some, &g->x, &g->y);
    g->x = chart_scale_make(&figure->x, g->x.low, g->x.high, 4);
    g->y = chart_scale_make(&figure->y, g->y.low, g->y.high, 4);
    for (int k = 0; k < facets; k++) {
        chart_figure one = *figure;
        snprintf(title, sizeof title, "%.280s (%d of %d)", figure->title, k + 1, facets);
        if (facets > 1) one.title = title;
        draw_facet(g, panels, panel, k, &one);
    }
}

void chart_draw_panels(draw_page *page, const chart_figure *figure, int panels, const chart_panel *panel)
{
    int lines = 0;
    for (int p = 0; p < panels; p++) lines += panel[p].lines;
    if (page->kind == DRAW_CSV || page->kind == DRAW_TEX) {
        chart_data_lines(page, figure, panels, panel);
        return;
    }
    if (page->kind == DRAW_TEXT) {
        for (int p = 0; p < panels; p++) {
            chart_figure one = *figure;
            one.title = panel[p].name;
            chart_draw_lines(page, &one, panel[p].lines, panel[p].line);
        }
        return;
    }
    grid g = {.page = page, .figure = figure, .some = ent_alloc(2 * (int64_t)lines, sizeof *g.some)};
    if (g.some) draw(&g, panels, panel);
    ent_free(g.some);
}
