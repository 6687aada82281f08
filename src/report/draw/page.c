/* A page: escaping, headings, tables, and the frame of a figure. */
#include "page.h"
#include "core/csv_cell.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "entente/atomic_file.h"
#include "entente/memory.h"

enum { TITLE_HEIGHT = 30, CAPTION_LINE = 16, CAPTION_WIDTH = 62 };

/* Bytes of the UTF-8 character at `text`, 0 if it is invalid. */
static int character(const char *text)
{
    const unsigned char *b = (const unsigned char *)text;
    const int n = b[0] < 0x80 ? 1 : b[0] < 0xc2 ? 0 : b[0] < 0xe0 ? 2 : b[0] < 0xf0 ? 3 : b[0] < 0xf5 ? 4 : 0;
    for (int k = 1; k < n; k++)
        if ((b[k] & 0xc0) != 0x80) return 0;
    if ((b[0] == 0xe0 && b[1] < 0xa0) || (b[0] == 0xed && b[1] > 0x9f) || (b[0] == 0xf0 && b[1] < 0x90) ||
        (b[0] == 0xf4 && b[1] > 0x8f) || (b[0] == 0xc2 && b[1] < 0xa0))
        return 0;
    return n;
}

void draw_page_put(FILE *out, const char *text)
{
    while (*text) {
        const int n = character(text);
        if (n == 0 || ((unsigned char)*text < 0x20 && *text != '\n') || *text == 0x7f)
            fputc('?', out);
        else if (strchr("<>&'\"", *text))
            fprintf(out, "&#%d;", *text);
        else
            fwrite(text, 1, (size_t)n, out);
        text += n > 0 ? n : 1;
    }
}

/* The same for a terminal, where only control characters are harmful. */
static void put_plain(FILE *out, const char *text)
{
    for (; *text; text++) fputc(((unsigned char)*text < 0x20 && *text != '\n') || *text == 0x7f ? '?' : *text, out);
}

static void put(draw_page *page, const char *text)
{
    page->kind == DRAW_TEXT ? put_plain(page->out, text) : draw_page_put(page->out, text);
}

static int columns_of(const char *text)
{
    int n = 0;
    for (; *text; text++) n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

/* Bytes of the next line: broken at the last blank that fits. */
static size_t line_length(const char *text, int width)
{
    size_t fits = 0;
    int column = 0;
    for (size_t k = 0; text[k]; k++) {
        column += ((unsigned char)text[k] & 0xc0) != 0x80;
        if (text[k] == '\n') return k;
        if (column > width) return fits > 0 ? fits : k;
        if (text[k] == ' ') fits = k;
    }
    return strlen(text);
}

void draw_page_wrap(FILE *out, const char *text, int width, int indent)
{
    while (*text) {
        const size_t n = line_length(text, width - indent);
        char *line = strndup(text, n);
        fprintf(out, "%*s", indent, "");
        put_plain(out, line ? line : "");
        fputc('\n', out);
        free(line);
        text += n;
        text += *text == ' ' || *text == '\n';
    }
}

ent_status draw_page_new(draw_page_kind kind, const char *title, draw_page **out)
{
    draw_page *page = ent_alloc(1, sizeof *page);
    ENT_REQUIRE(page, ENT_ENOMEM, "page: no memory");
    page->kind = kind;
    page->height = 8;
    page->width = DRAW_FIGURE_WIDTH;
    page->out = open_memstream(&page->text, &page->size);
    if (!page->out) {
        ent_free(page);
        return ent_fail(ENT_ENOMEM, "page: no memory");
    }
    if (kind == DRAW_HTML) {
        fprintf(page->out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                           "<link rel=\"icon\" href=\"data:,\">\n<title>");
        put(page, title);
        fprintf(page->out, "</title>\n<style>\n%s%s%s</style>\n</head>\n<body>\n<main>\n<h1>", DRAW_PAGE_COLOURS,
                DRAW_PAGE_FIGURE, DRAW_PAGE_LAYOUT);
        put(page, title);
        fprintf(page->out, "</h1>\n");
    } else if (kind == DRAW_TEXT) {
        put(page, title);
        fputc('\n', page->out);
    }
    *out = page;
    return ENT_OK;
}

void draw_page_free(draw_page *page)
{
    if (!page) return;
    if (page->out) fclose(page->out);
    free(page->text);
    ent_free(page->sheet);
    ent_free(page);
}

static bool write_all(const draw_page *page, FILE *file)
{
    if (page->kind == DRAW_SVG)
        fprintf(
            file,
            "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %.0f %.0f' width='%.0f' height='%.0f'>\n<style>\n"
            "%s%s</style>\n<rect class='ground' width='100%%' height='100%%'/>\n",
            page->width, page->height, page->width, page->height, DRAW_PAGE_COLOURS, DRAW_PAGE_FIGURE);
    fwrite(page->text, 1, page->size, file);
    if (page->kind == DRAW_SVG) fprintf(file, "</svg>\n");
    if (page->kind == DRAW_HTML) fprintf(file, "</main>\n</body>\n</html>\n");
    return fflush(file) == 0 && !ferror(file);
}

static ent_status save_file(const draw_page *page, const char *path)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&text, &bytes);
    ENT_REQUIRE(file, ENT_ENOMEM, "%s: no memory", path);
    const bool whole = write_all(page, file);
    ent_status status = fclose(file) == 0 && whole ? ENT_OK : ent_fail(ENT_ENOMEM, "%s: no memory", path);
    if (status == ENT_OK) status = ent_atomic_file_save(path, text, bytes, true);
    free(text);
    return status;
}

ent_status draw_page_save(draw_page *page, const char *path)
{
    ENT_REQUIRE(fflush(page->out) == 0 && !ferror(page->out), ENT_ENOMEM, "page: no memory");
    if (path) return save_file(page, path);
    ENT_REQUIRE(write_all(page, stdout), ENT_EIO, "standard output: %s", strerror(errno));
    return ENT_OK;
}

void draw_page_heading(draw_page *page, const char *text)
{
    if (draw_page_is_apart(page)) return;
    fprintf(page->out, page->kind == DRAW_HTML ? "<h2>" : "\n\n");
    put(page, text);
    fputs(page->kind == DRAW_HTML ? "</h2>\n" : "\n", page->out);
    if (page->kind != DRAW_TEXT) return;
    for (int k = columns_of(text); k > 0; k--) fputc('=', page->out);
    fputc('\n', page->out);
}

void draw_page_paragraph(draw_page *page, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    if (draw_page_is_apart(page)) return;
    va_start(arguments, format);
    const int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0) return;
    if (page->kind == DRAW_TEXT) {
        draw_page_wrap(page->out, text, DRAW_TEXT_WIDTH, 0);
    } else {
        fprintf(page->out, "<p>");
        put(page, text);
        fprintf(page->out, "</p>\n");
    }
    free(text);
}

/* ---- tables ---- */

static const char *cell_of(const char *const *cell, int columns, int row, int column)
{
    const char *text = cell[row * columns + column];
    return text ? text : "";
}

static void rows_html(draw_page *page, int first, int end, int columns, const char *const *cell)
{
    fprintf(page->out, "<div class=\"scroll\"><table>\n");
    for (int r = first - 1; r < end; r++) {
        const int row = r < first ? 0 : r; /* repeat the header */
        const char *tag = row == 0 ? "th" : "td";
        fprintf(page->out, "<tr>");
        for (int c = 0; c < columns; c++) {
            fprintf(page->out, "<%s>", tag);
            put(page, cell_of(cell, columns, row, c));
            fprintf(page->out, "</%s>", tag);
        }
        fprintf(page->out, "</tr>\n");
    }
    fprintf(page->out, "</table></div>\n");
}

static void table_html(draw_page *page, int rows, int columns, const char *const *cell)
{
    const int shown = rows - 1 > DRAW_TABLE_ROWS ? DRAW_TABLE_ROWS : rows - 1;
    rows_html(page, 1, shown + 1, columns, cell);
    if (shown == rows - 1) return;
    fprintf(page->out, "<details class=\"more\"><summary>%d more rows</summary>\n", rows - 1 - shown);
    rows_html(page, shown + 1, rows, columns, cell);
    fprintf(page->out, "</details>\n");
}

/* ---- tables as files ---- */

static void table_tex(FILE *out, int rows, int columns, const char *const *cell)
{
    fprintf(out, "\\begin{tabular}{l");
    for (int c = 1; c < columns; c++) fputc('r', out);
    fprintf(out, "}\n\\toprule\n");
    for (int r = 0; r < rows; r++) {
        for (int c = 0; c < columns; c++) {
            if (c > 0) fprintf(out, " & ");
            draw_page_put_tex(out, cell_of(cell, columns, r, c));
        }
        fprintf(out, " \\\\\n%s", r == 0 ? "\\midrule\n" : "");
    }
    fprintf(out, "\\bottomrule\n\\end{tabular}\n");
}

static void table_csv(FILE *out, int rows, int columns, const char *const *cell)
{
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++) {
            ent_csv_put(out, cell_of(cell, columns, r, c));
            fputc(c + 1 < columns ? ',' : '\n', out);
        }
}

static void table_apart(draw_page *page, const char *title, const char *caption, int rows, int columns,
                        const char *const *cell)
{
    if (page->kind == DRAW_SVG_APART) return;
    draw_page_sheet_begin(page, title);
    if (page->kind == DRAW_CSV) {
        table_csv(page->out, rows, columns, cell);
    } else {
        draw_page_tex_begin(page, title, caption, true);
        table_tex(page->out, rows, columns, cell);
        draw_page_tex_end(page, true);
    }
    draw_page_sheet_end(page);
}

/* Columns first..last-1 that fit next to the first one. */
static int columns_that_fit(int rows, int columns, const char *const *cell, int first, int *width)
{
    int used = width[0], last = first;
    for (int c = 0; c < columns; c++) {
        width[c] = 0;
        for (int r = 0; r < rows; r++) {
            const int n = columns_of(cell_of(cell, columns, r, c));
            if (n > width[c]) width[c] = n;
        }
    }
    used = width[0];
    while (last < columns && (last == first || used + 2 + width[last] <= DRAW_TEXT_WIDTH)) used += 2 + width[last++];
    return last;
}

static void print_cell(FILE *out, const char *text, int width, bool left)
{
    const int gap = width - columns_of(text);
    if (!left) fprintf(out, "%*s", gap, "");
    put_plain(out, text);
    if (left) fprintf(out, "%*s", gap, "");
}

/* Columns that do not fit the terminal continue below, after the first column again. */
static void table_text(draw_page *page, int rows, int columns, const char *const *cell)
{
    int *width = ent_alloc(columns, sizeof *width);
    if (!width) return;
    for (int first = 1; first == 1 || first < columns;) {
        const int last = columns_that_fit(rows, columns, cell, first, width);
        for (int r = 0; r < rows; r++) {
            print_cell(page->out, cell_of(cell, columns, r, 0), width[0], true);
            for (int c = first; c < last; c++) {
                fprintf(page->out, "  ");
                print_cell(page->out, cell_of(cell, columns, r, c), width[c], false);
            }
            fputc('\n', page->out);
        }
        if (last < columns) fputc('\n', page->out);
        first = last > first ? last : columns;
    }
    ent_free(width);
}

void draw_page_table(draw_page *page, const char *title, const char *caption, int rows, int columns,
                     const char *const *cell)
{
    if (draw_page_is_apart(page)) {
        table_apart(page, title, caption, rows, columns, cell);
        return;
    }
    if (page->kind == DRAW_TEXT) {
        fputc('\n', page->out);
        draw_page_wrap(page->out, title, DRAW_TEXT_WIDTH, 0);
        table_text(page, rows, columns, cell);
        draw_page_wrap(page->out, caption, DRAW_TEXT_WIDTH, 0);
        return;
    }
    fprintf(page->out, "<figure class=\"table\"><h3>");
    put(page, title);
    fprintf(page->out, "</h3>\n");
    table_html(page, rows, columns, cell);
    fprintf(page->out, "<figcaption>");
    put(page, caption);
    fprintf(page->out, "</figcaption></figure>\n");
}

void draw_page_listing(draw_page *page, const char *title, const char *text)
{
    if (draw_page_is_apart(page)) return;
    fprintf(page->out, page->kind == DRAW_HTML ? "<details><summary>" : "\n");
    put(page, title);
    fputs(page->kind == DRAW_HTML ? "</summary><pre>" : "\n\n", page->out);
    page->kind == DRAW_TEXT ? draw_page_wrap(page->out, text, DRAW_TEXT_WIDTH, 2) : draw_page_put(page->out, text);
    fputs(page->kind == DRAW_HTML ? "</pre></details>\n" : "\n", page->out);
}

/* ---- figures ---- */

void draw_page_label(draw_page *page, double x, double y, const char *anchor, const char *class, const char *text)
{
    fprintf(page->out, "<text x='%.1f' y='%.1f' text-anchor='%s'", x, y, anchor);
    if (class) fprintf(page->out, " class='%s'", class);
    fputc('>', page->out);
    put(page, text);
    fprintf(page->out, "</text>\n");
}

static void begin_html(draw_page *page, const chart_figure *figure, double width, double height)
{
    const bool wide = width > DRAW_FIGURE_WIDTH;
    fprintf(page->out, "<figure class=\"%s\"><h3>", wide ? "wide" : "plain");
    put(page, figure->title);
    fprintf(page->out, "</h3>\n<div class=\"scroll\"><svg viewBox=\"0 0 %.0f %.0f\" ", width, height);
    if (wide) fprintf(page->out, "width=\"%.0f\" height=\"%.0f\" ", width, height);
    fprintf(page->out, "role=\"img\" aria-label=\"");
    put(page, figure->title);
    fprintf(page->out, "\">\n");
}

void draw_page_figure_begin(draw_page *page, const chart_figure *figure, double width, double height)
{
    page->figures++;
    if (page->kind == DRAW_HTML) {
        begin_html(page, figure, width, height);
        return;
    }
    if (page->kind == DRAW_SVG_APART) draw_page_sheet_begin(page, figure->title);
    if (width > page->width) page->width = width;
    draw_page_label(page, 12, page->height + 18, "start", "title", figure->title);
    page->height += TITLE_HEIGHT;
    fprintf(page->out, "<svg x='0' y='%.0f' width='%.0f' height='%.0f' viewBox='0 0 %.0f %.0f'>\n", page->height,
            width, height, width, height);
    page->height += height;
}

void draw_page_figure_end(draw_page *page, const chart_figure *figure)
{
    fprintf(page->out, "</svg>");
    if (page->kind == DRAW_HTML) {
        fprintf(page->out, "</div><figcaption>");
        put(page, figure->caption);
        fprintf(page->out, "</figcaption></figure>\n");
        return;
    }
    fputc('\n', page->out);
    for (const char *text = figure->caption; *text;) {
        const size_t n = line_length(text, CAPTION_WIDTH);
        char *line = strndup(text, n);
        page->height += CAPTION_LINE;
        draw_page_label(page, 12, page->height, "start", "soft", line ? line : "");
        free(line);
        text += n + (text[n] == ' ' || text[n] == '\n');
    }
    page->height += 20;
    if (page->kind == DRAW_SVG_APART) draw_page_sheet_end(page);
}
