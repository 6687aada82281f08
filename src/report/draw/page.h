/* A page to which headings, tables and figures are added in order: self-contained HTML, plain SVG, or text of 80
 * columns for a terminal.  It is held in memory, and written completely or not at all.
 * All text is escaped here; all functions are Local.  Failures while the page is filled are reported by
 * draw_page_save. */
#ifndef ENTENTE_DRAW_PAGE_H
#define ENTENTE_DRAW_PAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "entente/status.h"

/* plain: a file of another kind.  The last three: each figure, or each figure and table, is a file of its own. */
typedef enum { DRAW_HTML, DRAW_SVG, DRAW_TEXT, DRAW_PLAIN, DRAW_SVG_APART, DRAW_CSV, DRAW_TEX } draw_page_kind;

enum { DRAW_FIGURE_WIDTH = 420, DRAW_TEXT_WIDTH = 80, DRAW_COLOURS = 8, DRAW_TABLE_ROWS = 20 };

/* A piece of the page that becomes a file: its bytes, and the size of a drawing. */
typedef struct {
    char name[80];
    size_t first, end;
    double width, height;
} draw_sheet;

typedef struct {
    draw_page_kind kind;
    FILE *out;
    char *text; /* the buffer of `out` */
    size_t size;
    double width, height; /* SVG: the area that is used */
    int figures, sheets;
    int64_t sheet_room;
    draw_sheet *sheet;
    bool broken; /* no memory for a sheet */
} draw_page;

/* An axis is labelled "name (unit)".  base: 0 linear, 2 or 10 logarithmic.  NAN: the limit comes from the data. */
typedef struct {
    const char *name, *unit;
    int base;
    bool whole; /* ticks at whole numbers only */
    double low, high;
} chart_axis;

/* Title, caption and axes of a figure.  The caption says what is shown and from how many runs. */
typedef struct {
    const char *title, *caption;
    chart_axis x, y;
} chart_figure;

/* Errors: ENT_ENOMEM. */
ent_status draw_page_new(draw_page_kind kind, const char *title, draw_page **out);
void draw_page_free(draw_page *page);
/* `path` NULL: standard output.  Errors: ENT_EIO, ENT_ENOMEM. */
ent_status draw_page_save(draw_page *page, const char *path);
/* For the kinds whose figures are files: a new folder with all of them.  Errors: as above; ENT_EARG if it exists. */
ent_status draw_page_save_apart(draw_page *page, const char *path);
bool draw_page_is_apart(const draw_page *page);
/* Around one such file. */
void draw_page_sheet_begin(draw_page *page, const char *title);
void draw_page_sheet_end(draw_page *page);
/* Around a figure or table of TeX, and a text in it. */
void draw_page_tex_begin(draw_page *page, const char *title, const char *caption, bool table);
void draw_page_tex_end(draw_page *page, bool table);
void draw_page_put_tex(FILE *out, const char *text);

/* Write text, escaping everything that has a meaning in HTML or for a terminal. */
void draw_page_put(FILE *out, const char *text);

void draw_page_heading(draw_page *page, const char *text);
void draw_page_paragraph(draw_page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* cell [rows][columns]; row 0 is the header.  A cell may be NULL: empty.  In HTML rows beyond DRAW_TABLE_ROWS are
 * folded away. */
void draw_page_table(draw_page *page, const char *title, const char *caption, int rows, int columns,
                     const char *const *cell);
/* A long text, collapsed if the format allows it. */
void draw_page_listing(draw_page *page, const char *title, const char *text);

/* Before and after the drawing of a figure: HTML and SVG.  A figure wider than DRAW_FIGURE_WIDTH scrolls in its own
 * box. */
void draw_page_figure_begin(draw_page *page, const chart_figure *figure, double width, double height);
void draw_page_figure_end(draw_page *page, const chart_figure *figure);

/* Text of a figure: anchor start, middle or end; class NULL, soft, bold or inverse. */
void draw_page_label(draw_page *page, double x, double y, const char *anchor, const char *class, const char *text);

/* A paragraph of text, broken at `width` characters, each line indented by `indent` blanks. */
void draw_page_wrap(FILE *out, const char *text, int width, int indent);

/* page_style.c: the colours and the layout, light and dark. */
extern const char DRAW_PAGE_COLOURS[], DRAW_PAGE_FIGURE[], DRAW_PAGE_LAYOUT[];
/* A piece of SVG or CSS with the colours of the light page instead of their variables. */
void draw_page_put_light(FILE *out, const char *text, size_t bytes);

#endif
