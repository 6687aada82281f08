#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli.h"
#include "entente/clock.h"

/* What fits into `room` columns of entries that two blanks part. */
static int fitting(const char *text, int room)
{
    int n = (int)strlen(text);
    while (n > room) {
        do n--;
        while (n > 0 && strncmp(text + n, "  ", 2) != 0);
    }
    return n;
}

/* One line over the last one: a bar and as much of the text as the terminal has columns for; a longer line would wrap,
 * and could not be drawn over. */
void app_bar_draw(double share, const char *text)
{
    enum { WIDTH = 20 };
    char bar[WIDTH + 1];
    struct winsize size;
    const int columns = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
    const int room = columns - WIDTH - 4;
    for (int k = 0; k < WIDTH; k++) bar[k] = k < (int)(share * WIDTH) ? '#' : '.';
    bar[WIDTH] = '\0';
    fprintf(stderr, "\r\033[K[%s] %.*s", bar, fitting(text, room > 0 ? room : 0), text);
    fflush(stderr);
}

char *app_left_text(double seconds, char text[32])
{
    const long long s = seconds > 0.0 ? (long long)(seconds + 0.5) : 0;
    if (s < 120)
        snprintf(text, 32, "%lld s left", s);
    else if (s < 7200)
        snprintf(text, 32, "%lld min left", (s + 30) / 60);
    else
        snprintf(text, 32, "%lld h %lld min left", s / 3600, s % 3600 / 60);
    return text;
}

static void draw(app_bar *bar, int64_t done, int64_t all, double now)
{
    char text[256], left[32];
    const double share = all > 0 ? (double)done / (double)all : 1.0, took = now - bar->begin_s;
    snprintf(text, sizeof text, "%lld of %lld %s  %.3g/s  %s", (long long)done, (long long)all, bar->what,
             took > 0.0 ? (double)done / took : 0.0,
             app_left_text(share > 0.0 ? took * (1.0 - share) / share : 0.0, left));
    app_bar_draw(share, text);
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
