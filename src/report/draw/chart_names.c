/* Names of categories under an axis.  None is left out: they are horizontal if they fit, broken into lines if that
 * makes them fit, and otherwise turned by a right angle.  Only the names of a sequence (rounds, clients, bins), which
 * a reader can continue, may be thinned out. */
#include <math.h>
#include <string.h>

#include "chart.h"

enum { LINE = 13, GAP = 8, MOST_LINES = 3, TEXT = 160 };

static const double LONGEST = 170.0; /* of a turned name; what is longer is cut */

/* Break a text into lines after blanks and punctuation.  Returns their number, or 0 if it does not fit. */
static int break_text(const char *text, double width, char line[MOST_LINES][TEXT])
{
    int lines = 0;
    while (*text) {
        size_t n = 0, fits = 0;
        char part[TEXT] = "";
        if (lines == MOST_LINES) return 0;
        while (text[n] && n + 1 < TEXT) {
            part[n] = text[n];
            n++;
            part[n] = '\0';
            if (chart_text_width(part) > width) break;
            if (!text[n] || strchr(" _-+/.,;:=", text[n - 1])) fits = n;
        }
        if (fits == 0) return 0;
        snprintf(line[lines], TEXT, "%.*s", (int)fits, text);
        lines++;
        text += fits;
    }
    return lines > 0 ? lines : 1;
}

static double widest_of(int n, const char *const *name)
{
    double widest = 0.0;
    for (int k = 0; k < n; k++) widest = fmax(widest, chart_text_width(name[k]));
    return widest;
}

double chart_names_room(int n, bool sequence, double room)
{
    return sequence ? room : fmax(room, n * (LINE + 0.5));
}

chart_names chart_names_make(int n, const char *const *name, bool sequence, double step)
{
    char line[MOST_LINES][TEXT];
    const double widest = widest_of(n, name);
    if (widest + GAP <= step) return (chart_names){.lines = 1, .stride = 1};
    if (sequence) return (chart_names){.lines = 1, .stride = (int)ceil((widest + GAP) / step)};
    chart_names wrapped = {.lines = 1, .stride = 1};
    for (int k = 0; k < n && wrapped.lines > 0; k++) {
        const int lines = break_text(name[k], step - GAP, line);
        wrapped.lines = lines == 0 ? 0 : lines > wrapped.lines ? lines : wrapped.lines;
    }
    if (wrapped.lines > 0) {
        wrapped.below = (wrapped.lines - 1) * LINE;
        return wrapped;
    }
    return (chart_names){
        .turned = true, .stride = 1, .below = 0.93 * fmin(widest, LONGEST) - 2.0}; /* small letters */
}

static void draw_turned(draw_page *page, double x, double y, const char *text)
{
    char cut[128];
    fprintf(page->out,
            "<text x='%.1f' y='%.1f' text-anchor='end' class='tick name' transform='rotate(-90 %.1f %.1f)'>", x + 4,
            y, x + 4, y);
    draw_page_put(page->out, chart_text_fit(text, LONGEST, cut));
    if (strcmp(cut, text) != 0) {
        fputs("<title>", page->out);
        draw_page_put(page->out, text);
        fputs("</title>", page->out);
    }
    fprintf(page->out, "</text>\n");
}

void chart_names_draw(draw_page *page, const chart_names *names, int n, const char *const *name, double left,
                      double step, double bottom)
{
    char line[MOST_LINES][TEXT];
    for (int k = 0; k < n; k += names->stride) {
        const double x = left + (k + 0.5) * step;
        if (names->turned) {
            draw_turned(page, x, bottom + 7, name[k]);
            continue;
        }
        const int lines = names->lines > 1 ? break_text(name[k], step - GAP, line) : 0;
        if (lines == 0) draw_page_label(page, x, bottom + 16, "middle", "tick name", name[k]);
        for (int l = 0; l < lines; l++)
            draw_page_label(page, x, bottom + 16 + l * LINE, "middle", "tick name", line[l]);
    }
}
