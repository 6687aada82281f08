/* A page of bars in SVG: a row of bars for each thing that was counted. */
#include <errno.h>
#include <string.h>

#include "plot.h"

enum { WIDTH = 720, PANEL = 176, TITLE = 44, BARS = 100, LEFT = 60, FEW = 20 };

static void put_text(FILE *file, double x, double y, const char *anchor, const char *text)
{
    fprintf(file, "<text x='%.1f' y='%.1f' text-anchor='%s'>", x, y, anchor);
    for (; *text; text++) {
        if (*text == '<' || *text == '>' || *text == '&')
            fprintf(file, "&#%d;", *text);
        else
            fputc(*text, file);
    }
    fprintf(file, "</text>\n");
}

ent_status app_plot_new(const char *path, int panels, app_plot *plot)
{
    *plot = (app_plot){.path = path, .file = fopen(path, "w")};
    ENT_REQUIRE(plot->file, ENT_EIO, "%s: %s", path, strerror(errno));
    fprintf(plot->file,
            "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' font-family='sans-serif' "
            "font-size='11'>\n<rect width='100%%' height='100%%' fill='white'/>\n",
            WIDTH, panels * PANEL + 20);
    return ENT_OK;
}

/* The axis: 0 and the largest count, and what is counted. */
static void draw_axis(FILE *file, double top, int64_t most)
{
    char number[32];
    snprintf(number, sizeof number, "%lld", (long long)most);
    fprintf(file, "<path d='M%d %.1fV%.1fH%d' fill='none' stroke='#888'/>\n", LEFT, top, top + BARS, WIDTH - 20);
    put_text(file, LEFT - 6, top + 4, "end", number);
    put_text(file, LEFT - 6, top + BARS + 4, "end", "0");
    put_text(file, LEFT - 6, top + BARS / 2.0 + 4, "end", "rows");
}

/* With few bars each has its name and number, else the first, the middle and the last have their names. */
void app_plot_bars(app_plot *plot, const char *title, int n, const int64_t *count, const char *const *name)
{
    int64_t most = 1;
    for (int k = 0; k < n; k++) most = count[k] > most ? count[k] : most;
    const double top = plot->panel++ * PANEL + TITLE, step = (double)(WIDTH - LEFT - 20) / n;
    put_text(plot->file, LEFT, top - 22, "start", title);
    draw_axis(plot->file, top, most);
    for (int k = 0; k < n; k++) {
        const double height = BARS * (double)count[k] / (double)most, x = LEFT + k * step;
        char number[32];
        snprintf(number, sizeof number, "%lld", (long long)count[k]);
        fprintf(plot->file, "<rect x='%.1f' y='%.1f' width='%.1f' height='%.1f' fill='#4477aa'/>\n", x + 0.05 * step,
                top + BARS - height, 0.9 * step, height);
        if (n <= FEW) put_text(plot->file, x + 0.5 * step, top + BARS - height - 4, "middle", number);
        if (n <= FEW || k == 0 || k == n / 2 || k == n - 1)
            put_text(plot->file, x + 0.5 * step, top + BARS + 14, "middle", name[k]);
    }
}

ent_status app_plot_finish(app_plot *plot)
{
    fprintf(plot->file, "</svg>\n");
    const bool failed = ferror(plot->file);
    const int closed = fclose(plot->file);
    ENT_REQUIRE(!failed && closed == 0, ENT_EIO, "%s: cannot be written: %s", plot->path, strerror(errno));
    return ENT_OK;
}
