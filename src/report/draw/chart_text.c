/* The same charts as characters, 80 columns wide. */
#include <math.h>
#include <string.h>

#include "chart.h"
#include "entente/memory.h"

enum { WIDTH = 66, HEIGHT = 15, BAR = 40, MOST_BARS = 40 };

static const char MARKS[] = "ox+*#@%&";

static void begin(draw_page *page, const chart_figure *figure)
{
    page->figures++;
    fputc('\n', page->out);
    draw_page_wrap(page->out, figure->title, DRAW_TEXT_WIDTH, 0);
}

static void put_line(draw_page *page, int width, const char *text, const char *rest)
{
    fprintf(page->out, "%*s%s\n", width, text, rest);
}

/* ---- lines ---- */

typedef struct {
    char cell[HEIGHT][WIDTH + 1];
    chart_scale x, y;
} canvas;

static void plot_line(canvas *c, const chart_line *line, char mark)
{
    for (int k = 0; k < line->n; k++) {
        if (!isfinite(line->y[k])) continue;
        const double x = chart_scale_place(&c->x, line->x[k]), y = chart_scale_place(&c->y, line->y[k]);
        if (!(x >= 0.0 && x <= 1.0 && y >= 0.0 && y <= 1.0)) continue;
        c->cell[HEIGHT - 1 - (int)lround(y * (HEIGHT - 1))][(int)lround(x * (WIDTH - 1))] = mark;
    }
}

static void set_scales(canvas *c, const chart_figure *figure, int lines, const chart_line *line)
{
    double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
    for (int l = 0; l < lines; l++)
        for (int k = 0; k < line[l].n; k++) {
            const double at[2] = {line[l].x[k], line[l].y[k]};
            const int base[2] = {figure->x.base, figure->y.base};
            for (int a = 0; a < 2 && isfinite(line[l].y[k]); a++) {
                if (base[a] && at[a] <= 0.0) continue;
                low[a] = fmin(low[a], at[a]);
                high[a] = fmax(high[a], at[a]);
            }
        }
    c->x = chart_scale_make(&figure->x, low[0], high[0], 8);
    c->y = chart_scale_make(&figure->y, low[1], high[1], 5);
}

static void print_canvas(draw_page *page, const canvas *c)
{
    char number[24], foot[WIDTH + 32];
    for (int r = 0; r < HEIGHT; r++) {
        const char *label = "";
        for (int k = 0; k < c->y.ticks; k++)
            if (HEIGHT - 1 - lround(chart_scale_place(&c->y, c->y.tick[k]) * (HEIGHT - 1)) == r)
                label = chart_number_text(c->y.tick[k], number);
        fprintf(page->out, "%10s |%s\n", label, c->cell[r]);
    }
    memset(foot, '-', WIDTH);
    foot[WIDTH] = '\0';
    put_line(page, 12, "+", foot);
    memset(foot, ' ', sizeof foot - 1);
    foot[sizeof foot - 1] = '\0';
    int free_from = 0;
    for (int k = 0; k < c->x.ticks; k++) {
        const int n = (int)strlen(chart_number_text(c->x.tick[k], number));
        int at = (int)lround(chart_scale_place(&c->x, c->x.tick[k]) * (WIDTH - 1)) - n / 2;
        if (at < free_from) at = free_from;
        if (at + n > WIDTH + 2) break;
        memcpy(foot + at, number, (size_t)n);
        free_from = at + n + 1;
    }
    foot[free_from > 0 ? free_from - 1 : 0] = '\0';
    put_line(page, 12, "", foot);
}

void chart_text_lines(draw_page *page, const chart_figure *figure, int lines, const chart_line *line)
{
    canvas *c = ent_alloc(1, sizeof *c);
    char text[160];
    if (!c) return;
    begin(page, figure);
    for (int r = 0; r < HEIGHT; r++) memset(c->cell[r], ' ', WIDTH);
    set_scales(c, figure, lines, line);
    for (int l = lines - 1; l >= 0; l--) plot_line(c, &line[l], line[l].model ? '.' : MARKS[l % 8]);
    fprintf(page->out, "  %s\n", chart_axis_text(&figure->y, text));
    print_canvas(page, c);
    fprintf(page->out, "%*s\n", 12 + WIDTH, chart_axis_text(&figure->x, text));
    for (int l = 0; l < lines; l++) {
        snprintf(text, sizeof text, "%c  %s", line[l].model ? '.' : MARKS[l % 8], line[l].name);
        draw_page_wrap(page->out, text, DRAW_TEXT_WIDTH, 2);
    }
    draw_page_wrap(page->out, figure->caption, DRAW_TEXT_WIDTH, 0);
    ent_free(c);
}

/* ---- effects ---- */

void chart_text_forest(draw_page *page, const chart_figure *figure, int groups, const chart_effects *group)
{
    enum { COLUMNS = 5 };
    int rows = 1;
    for (int g = 0; g < groups; g++) rows += group[g].effects;
    const char **cell = ent_alloc((int64_t)rows * COLUMNS, sizeof *cell);
    char(*number)[3][24] = ent_alloc(rows, sizeof *number);
    page->figures++;
    if (cell && number) {
        const char *const head[COLUMNS] = {figure->y.name, "group", figure->x.name, "low", "high"};
        memcpy(cell, head, sizeof head);
        int at = 1;
        for (int g = 0; g < groups; g++)
            for (int k = 0; k < group[g].effects; k++, at++) {
                const chart_effect *e = &group[g].effect[k];
                const char **row = cell + (size_t)at * COLUMNS;
                row[0] = e->name;
                row[1] = group[g].name ? group[g].name : "";
                row[2] = e->note ? e->note : chart_number_text(e->value, number[at][0]);
                row[3] = chart_number_text(e->low, number[at][1]);
                row[4] = chart_number_text(e->high, number[at][2]);
            }
        draw_page_table(page, figure->title, figure->caption, rows, COLUMNS, cell);
    }
    ent_free(cell);
    ent_free(number);
}

/* ---- bars ---- */

static void bar_of(const chart_bars *b, int bar, double most, char text[BAR + 1])
{
    double sum = 0.0;
    int used = 0;
    for (int p = 0; p < b->parts; p++) {
        const double value = b->value[p * b->bars + bar];
        sum += isfinite(value) ? value : 0.0;
        const int end = most > 0.0 ? (int)lround(fmin(sum / most, 1.0) * BAR) : 0;
        const char sign = b->parts > 1 ? MARKS[p % 8] : b->marked && b->marked[bar] ? 'x' : '#';
        while (used < end) text[used++] = sign;
    }
    text[used] = '\0';
}

/* If there are very many bars, every k-th is shown. */
void chart_text_bars(draw_page *page, const chart_figure *figure, const chart_bars *b)
{
    char text[160], number[24], bar[BAR + 1], name[128];
    double most = 0.0;
    const int stride = (b->bars + MOST_BARS - 1) / MOST_BARS;
    begin(page, figure);
    for (int k = 0; k < b->bars; k++) {
        double sum = 0.0;
        for (int p = 0; p < b->parts; p++)
            if (isfinite(b->value[p * b->bars + k])) sum += b->value[p * b->bars + k];
        most = fmax(most, sum);
    }
    fprintf(page->out, "  %s by ", chart_axis_text(&figure->y, text));
    fprintf(page->out, "%s\n", chart_axis_text(&figure->x, text));
    for (int k = 0; k < b->bars; k += stride) {
        double sum = 0.0;
        for (int p = 0; p < b->parts; p++)
            if (isfinite(b->value[p * b->bars + k])) sum += b->value[p * b->bars + k];
        bar_of(b, k, most, bar);
        fprintf(page->out, "  %18.18s |%-*s %s\n", chart_text_fit(b->name[k], 126.0, name), BAR, bar,
                chart_number_text(sum, number));
    }
    for (int p = 0; p < b->parts && b->part; p++) fprintf(page->out, "  %c  %s\n", MARKS[p % 8], b->part[p]);
    if (b->marked) fprintf(page->out, "  #  %s\n  x  %s\n", b->plain, b->mark);
    if (stride > 1) fprintf(page->out, "  (one in %d of %d)\n", stride, b->bars);
    draw_page_wrap(page->out, figure->caption, DRAW_TEXT_WIDTH, 0);
}

/* ---- cells ---- */

void chart_text_cells(draw_page *page, const chart_figure *figure, const chart_cells *c)
{
    const int columns = c->columns + 1, rows = c->rows + 1;
    const char **cell = ent_alloc((int64_t)columns * rows, sizeof *cell);
    char(*number)[24] = ent_alloc((int64_t)c->rows * c->columns, sizeof *number);
    page->figures++;
    if (cell && number) {
        char head[160];
        snprintf(head, sizeof head, "%s: %s", c->name, c->unit);
        cell[0] = figure->y.name;
        for (int k = 0; k < c->columns; k++) cell[k + 1] = c->column[k];
        for (int r = 0; r < c->rows; r++) {
            cell[(r + 1) * columns] = c->row[r];
            for (int k = 0; k < c->columns; k++)
                cell[(r + 1) * columns + k + 1] =
                    chart_number_text(c->value[r * c->columns + k], number[r * c->columns + k]);
        }
        draw_page_table(page, figure->title, figure->caption, rows, columns, cell);
    }
    ent_free(cell);
    ent_free(number);
}
