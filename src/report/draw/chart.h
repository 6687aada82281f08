/* Charts: each is drawn as SVG on a page of HTML or SVG, and as characters on a page of text.  Local. */
#ifndef ENTENTE_DRAW_CHART_H
#define ENTENTE_DRAW_CHART_H

#include <stdint.h>

#include "page.h"

/* A line through n points (NAN: a gap), with the band low..high around it where both are given.  Colours and marks
 * belong together and do not repeat: a figure of more colours than there are is drawn as several, with the same
 * axes.  Spreads at the same place are drawn side by side. */
typedef struct {
    const char *name;
    int n;
    const double *x, *y, *low, *high;
    bool model;  /* not measured; drawn dashed and without marks */
    bool points; /* marks without a line */
    bool
        everywhere; /* in every figure, if the lines are drawn in several; its colour is 0, which no other line has */
    int ring;       /* 1 + the number of a point with a ring around it; 0: none */
    int colour;     /* 0..; lines of one colour belong together.  -1: grey, and in every figure */
} chart_line;
void chart_draw_lines(draw_page *page, const chart_figure *figure, int lines, const chart_line *line);
/* The colour of line k of n, such that figures of more colours than there are have equally many lines each. */
int chart_colour_of(int k, int n);

/* Small multiples: panels with the same axes and the same lines by colour, under one legend. */
typedef struct {
    const char *name;
    int lines;
    const chart_line *line;
} chart_panel;
void chart_draw_panels(draw_page *page, const chart_figure *figure, int panels, const chart_panel *panel);

/* Forest plot: a row per effect, with its interval and its numbers, in groups below each other.  `zero`: draw a line
 * at 0, which means no effect.  The x axis of the figure is that of the effects; y names the rows. */
typedef struct {
    const char *name;
    double value, low, high; /* NAN: none */
    bool reference;          /* what the others are compared with: a mark without an interval */
    const char *note;        /* instead of the numbers, or NULL */
} chart_effect;
typedef struct {
    const char *name; /* NULL: one group without a name */
    int effects;
    const chart_effect *effect;
} chart_effects;
void chart_draw_forest(draw_page *page, const chart_figure *figure, int groups, const chart_effects *group,
                       bool zero);

/* Bars; several parts are stacked. */
typedef struct {
    int bars, parts;
    bool sequence;           /* names that a reader can continue, such as rounds: every k-th may suffice */
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
    bool sequence; /* of the columns, as for bars */
    const char *const *row, *const *column;
    const double *value; /* [rows][columns] */
    const char *name, *unit;
    bool dots;
    double range[2]; /* of the colours, for figures that are compared; both 0: that of the values */
} chart_cells;
void chart_draw_cells(draw_page *page, const chart_figure *figure, const chart_cells *cells);

/* ---- shared by the charts ---- */

enum { DRAW_TICKS = 24, DRAW_LEGEND = 64 };

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

/* chart_names.c: names of the n categories along x, each in a column of `step`. */
typedef struct {
    bool turned;
    int lines, stride;
    double below; /* height beyond that of one level line */
} chart_names;
/* The width that the plot needs for them, at least `room`. */
double chart_names_room(int n, bool sequence, double room);
chart_names chart_names_make(int n, const char *const *name, bool sequence, double step);
void chart_names_draw(draw_page *page, const chart_names *names, int n, const char *const *name, double left,
                      double step, double bottom);

/* The rectangle of the plot. */
typedef struct {
    double left, top, width, height;
    double pad;   /* free space at both ends of x */
    double below; /* height of the names under x beyond one line */
    chart_scale x, y;
} chart_frame;
/* Where a value is. */
double chart_frame_x(const chart_frame *frame, double value);
double chart_frame_y(const chart_frame *frame, double value);
/* Grid, axes, ticks (of x: unless it has names) and labels. */
void chart_frame_draw(draw_page *page, const chart_figure *figure, const chart_frame *frame, bool ticks_x);
/* Its parts: grid with ticks, each if requested; the names of both axes. */
void chart_grid_draw(draw_page *page, const chart_frame *frame, bool ticks_x, bool ticks_y);
void chart_axes_name(draw_page *page, const chart_figure *figure, const chart_frame *frame);

/* Legends are below the plot, in rows.  height: that of n entries. */
double chart_legend_height(int n, const char *const *name);
void chart_legend_draw(draw_page *page, double top, int n, const char *const *name,
                       void (*swatch)(draw_page *page, double x, double y, int k, const void *data),
                       const void *data);

/* chart_lines.c: parts of it, for panels.  The colours in use; the extent of the data, with the axes' own limits. */
int chart_lines_facets(int lines, const chart_line *line);
int chart_lines_take(int lines, const chart_line *line, int facet, chart_line *out); /* the lines of one facet */
void chart_lines_scales(const chart_figure *figure, int lines, const chart_line *line, chart_scale *x,
                        chart_scale *y);
void chart_lines_plot(draw_page *page, const chart_frame *frame, int lines, const chart_line *line);
void chart_lines_legend(draw_page *page, double top, int lines, const chart_line *line);
void chart_line_mark(draw_page *page, double x, double y, int colour);

/* chart_data.c: the numbers of a figure, for CSV and TeX. */
void chart_data_lines(draw_page *page, const chart_figure *figure, int panels, const chart_panel *panel);
void chart_data_bars(draw_page *page, const chart_figure *figure, const chart_bars *bars);
void chart_data_cells(draw_page *page, const chart_figure *figure, const chart_cells *cells);
void chart_data_forest(draw_page *page, const chart_figure *figure, int groups, const chart_effects *group);

/* chart_text.c */
void chart_text_forest(draw_page *page, const chart_figure *figure, int groups, const chart_effects *group);
void chart_text_lines(draw_page *page, const chart_figure *figure, int lines, const chart_line *line);
void chart_text_bars(draw_page *page, const chart_figure *figure, const chart_bars *bars);
void chart_text_cells(draw_page *page, const chart_figure *figure, const chart_cells *cells);

#endif
