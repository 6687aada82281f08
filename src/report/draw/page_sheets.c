/* Figures and tables as files of their own: SVG, CSV or TeX, numbered in the order of the page and named after their
 * titles.  They are pieces of the page's text until they are written. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cli/folder.h"
#include "entente/memory.h"
#include "page.h"

enum { NAME_BYTES = 80 };

bool draw_page_is_apart(const draw_page *page)
{
    return page->kind == DRAW_SVG_APART || page->kind == DRAW_CSV || page->kind == DRAW_TEX;
}

/* "03-test-accuracy-by-round" */
static void name_sheet(int number, const char *title, char name[NAME_BYTES])
{
    size_t used = (size_t)snprintf(name, NAME_BYTES, "%02d", number);
    bool gap = true;
    for (; *title && used + 2 < 64; title++) {
        if (isalnum((unsigned char)*title)) {
            if (gap) name[used++] = '-';
            name[used++] = (char)tolower((unsigned char)*title);
        }
        gap = !isalnum((unsigned char)*title);
    }
    name[used] = '\0';
}

void draw_page_sheet_begin(draw_page *page, const char *title)
{
    if (!ent_grow((void **)&page->sheet, &page->sheet_room, page->sheets, sizeof *page->sheet)) {
        page->broken = true;
        return;
    }
    draw_sheet *sheet = &page->sheet[page->sheets];
    fflush(page->out);
    *sheet = (draw_sheet){.first = page->size};
    name_sheet(page->sheets + 1, title, sheet->name);
    page->height = 8;
    page->width = DRAW_FIGURE_WIDTH;
}

void draw_page_sheet_end(draw_page *page)
{
    if (page->broken) return;
    draw_sheet *sheet = &page->sheet[page->sheets++];
    fflush(page->out);
    sheet->end = page->size;
    sheet->width = page->width;
    sheet->height = page->height;
}

/* ---- TeX ---- */

void draw_page_put_tex(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("&%$#_{}", *text))
            fprintf(out, "\\%c", *text);
        else if (*text == '\\')
            fputs("\\textbackslash{}", out);
        else if (*text == '~')
            fputs("\\textasciitilde{}", out);
        else if (*text == '^')
            fputs("\\textasciicircum{}", out);
        else if (*text == '<' || *text == '>')
            fprintf(out, "$%c$", *text);
        else
            fputc((unsigned char)*text < 0x20 || *text == 0x7f ? ' ' : *text, out);
    }
}

void draw_page_tex_begin(draw_page *page, const char *title, const char *caption, bool table)
{
    fprintf(page->out,
            "%% needs \\usepackage{booktabs}, \\usepackage{pgfplots}\n\\begin{%s}\n\\centering\n\\caption{",
            table ? "table" : "figure");
    draw_page_put_tex(page->out, title);
    fprintf(page->out, ". ");
    draw_page_put_tex(page->out, caption);
    fprintf(page->out, "}\n");
}

void draw_page_tex_end(draw_page *page, bool table)
{
    fprintf(page->out, "\\end{%s}\n", table ? "table" : "figure");
}

/* ---- writing ---- */

/* A drawing for programs without support for CSS variables: these are replaced by the colours of light pages. */
static void put_svg(FILE *out, const draw_page *page, const draw_sheet *sheet)
{
    fprintf(out,
            "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %.0f %.0f' width='%.0f' height='%.0f'>\n<style>\n",
            sheet->width, sheet->height, sheet->width, sheet->height);
    draw_page_put_light(out, DRAW_PAGE_FIGURE, strlen(DRAW_PAGE_FIGURE));
    fprintf(out, "</style>\n<rect width='100%%' height='100%%' fill='#fff'/>\n");
    draw_page_put_light(out, page->text + sheet->first, sheet->end - sheet->first);
    fprintf(out, "</svg>\n");
}

static ent_status write_sheet(const draw_page *page, const draw_sheet *sheet, cli_folder *folder)
{
    static const char *const ENDING[] = {[DRAW_SVG_APART] = "svg", [DRAW_CSV] = "csv", [DRAW_TEX] = "tex"};
    char name[NAME_BYTES + 8], *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    ENT_REQUIRE(out, ENT_ENOMEM, "page: no memory");
    if (page->kind == DRAW_SVG_APART)
        put_svg(out, page, sheet);
    else
        fwrite(page->text + sheet->first, 1, sheet->end - sheet->first, out);
    const bool whole = !ferror(out);
    ent_status status = fclose(out) == 0 && whole ? ENT_OK : ent_fail(ENT_ENOMEM, "page: no memory");
    snprintf(name, sizeof name, "%s.%s", sheet->name, ENDING[page->kind]);
    if (status == ENT_OK) status = cli_folder_put(folder, name, text, bytes);
    free(text);
    return status;
}

ent_status draw_page_save_apart(draw_page *page, const char *path)
{
    cli_folder folder;
    ENT_REQUIRE(fflush(page->out) == 0 && !ferror(page->out) && !page->broken, ENT_ENOMEM, "page: no memory");
    ENT_TRY(cli_folder_begin(&folder, path));
    ent_status status = ENT_OK;
    for (int k = 0; k < page->sheets && status == ENT_OK; k++) status = write_sheet(page, &page->sheet[k], &folder);
    return cli_folder_end(&folder, status);
}
