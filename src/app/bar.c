#include <unistd.h>

#include "app.h"
#include "entente/clock.h"

static void draw(app_bar *bar, int64_t done, int64_t all, double now)
{
    enum { WIDTH = 24 };
    char text[WIDTH + 1];
    const double share = all > 0 ? (double)done / (double)all : 1.0;
    const double left = share > 0.0 ? (now - bar->begin_s) * (1.0 - share) / share : 0.0;
    for (int k = 0; k < WIDTH; k++) text[k] = k < (int)(share * WIDTH) ? '#' : '.';
    text[WIDTH] = '\0';
    fprintf(stderr, "\r\033[K[%s] %s: %lld of %lld  %.0f s left", text, bar->what, (long long)done, (long long)all,
            left);
    fflush(stderr);
    bar->drawn = true;
}

void app_bar_show(void *data, int64_t done, int64_t all)
{
    app_bar *bar = data;
    const double now = ent_clock_s();
    if (bar->begin_s == 0.0) bar->begin_s = bar->drawn_s = now;
    const bool terminal = isatty(STDERR_FILENO);
    if (bar->quiet || now - bar->drawn_s < (terminal ? 0.1 : 10.0)) return;
    if (terminal)
        draw(bar, done, all, now);
    else
        fprintf(stderr, "%s: %lld of %lld\n", bar->what, (long long)done, (long long)all);
    bar->drawn_s = now;
}

void app_bar_end(app_bar *bar)
{
    if (bar->drawn) fprintf(stderr, "\r\033[K");
    bar->drawn = false;
}
