/* Charts: each is drawn as SVG on a page of HTML or SVG, and as characters on a page of text.  Local. */
#ifndef ENTENTE_DRAW_CHART_H
#define ENTENTE_DRAW_CHART_H

#include <stdint.h>

#include "page.h"

/* A line through n points (NAN: a gap), with the band low..high around it where both are given.
 * model: not measured; drawn dashed and without marks. */
typedef struct {
    const char *name;
    int n;
    const double *x, *y, *low, *high;
    bool model;
    int colour; /* 0..; lines of one colour belong together */
} chart_line;
void chart_draw_lines(draw_page *page, const chart_figure *figure, int lines, const chart_line *line);

/* Bars; several parts are stacked. */
typedef struct {
    int bars, parts;
    const char *const *name; /* [bars] */
    const char *const *part; /* [parts]; NULL: one part without a name */
    const double *value;     /* [parts][bars] */
    const uint8_t *marked;   /* [bars] drawn in the second colour; NULL: none */
    const char *mark;        /* legend of marked bars */
    const char *plain;       /* legend of the others */
} chart_bars;
void chart_draw_bars(draw_page *page, const chart_figure *figure, const chart_bars *bars);

/* Values of rows x columns: colours (heat map), or dots whose area is the value.  NAN: an empty cell. */
typedef struct {
    int rows, columns;
    const char *const *row, *const *column;
    const double *value; /* [rows][columns] */
    const char *name, *unit;
    bool dots;
} chart_cells;
void chart_draw_cells(draw_page *page, const chart_figure *figure, const chart_cells *cells);

/* ---- shared by the charts ---- */

enum { DRAW_TICKS = 24 };

/* A map from values to positions between 0 and 1, and the ticks. */
typedef struct {
    int base, ticks;
    double low, high, tick[DRAW_TICKS];
} chart_scale;
chart_scale chart_scale_make(const chart_axis *axis, double low, double high, int most);
double chart_scale_place(const chart_scale *scale, double value);
/* "0.25", "40k", "1.5M".  Returns `text`. */
char *chart_number_text(double value, char text[24]);
/* "name (unit)".  Returns `text`. */
char *chart_axis_text(const chart_axis *axis, char text[160]);
/* The approximate width of a text in figures; and a copy that fits into a width, cut with "...". */
double chart_text_width(const char *text);
char *chart_text_fit(const char *text, double width, char out[128]);

/* The rectangle of the plot. */
typedef struct {
    double left, top, width, height;
    chart_scale x, y;
} chart_frame;
/* Grid, axes, ticks (of x: unless it has names) and labels. */
void chart_frame_draw(draw_page *page, const chart_figure *figure, const chart_frame *frame, bool ticks_x);

/* The names of both axes around a rectangle. */
void chart_axes_name(draw_page *page, const chart_figure *figure, double left, double top, double width,
                     double height);

/* Legends are below the plot, in rows.  height: that of n entries. */
double chart_legend_height(int n, const char *const *name);
void chart_legend_draw(draw_page *page, double top, int n, const char *const *name,
                       void (*swatch)(draw_page *page, double x, double y, int k, const void *data),
                       const void *data);

/* chart_text.c */
void chart_text_lines(draw_page *page, const chart_figure *figure, int lines, const chart_line *line);
void chart_text_bars(draw_page *page, const chart_figure *figure, const chart_bars *bars);
void chart_text_cells(draw_page *page, const chart_figure *figure, const chart_cells *cells);

#endif
