/* The progress bar.  On a terminal one line is redrawn up to ten times per second; elsewhere a line is printed
 * every ten seconds. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli.h"
#include "entente/clock.h"

/* The terminal behind standard error.  Open MPI's mpirun reads it through a pipe and passes it on unchanged to its
 * own standard error; on its own machine mpirun is the parent of the ranks. */
static int error_output(void)
{
    char path[64];
    if (isatty(STDERR_FILENO) || !getenv("OMPI_COMM_WORLD_RANK")) return STDERR_FILENO;
    snprintf(path, sizeof path, "/proc/%ld/fd/%d", (long)getppid(), STDERR_FILENO);
    const int descriptor = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    return descriptor >= 0 && isatty(descriptor) ? descriptor : STDERR_FILENO;
}

int cli_terminal_columns(void)
{
    static int output = -1;
    struct winsize size;
    if (output < 0) output = error_output();
    if (!isatty(output)) return 0;
    return ioctl(output, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* As many of the entries, which are separated by two blanks, as fit into `room` columns. */
static int fitting(const char *text, int room)
{
    int n = (int)strlen(text);
    while (n > room) {
        do n--;
        while (n > 0 && strncmp(text + n, "  ", 2) != 0);
    }
    return n;
}

/* Redraw the line: a bar and as much of the text as fits the width of the terminal; a longer line would wrap and
 * could not be overwritten. */
void cli_bar_draw(double share, const char *text)
{
    enum { WIDTH = 20 };
    char bar[WIDTH + 1];
    const int room = cli_terminal_columns() - WIDTH - 4;
    for (int k = 0; k < WIDTH; k++) bar[k] = k < (int)(share * WIDTH) ? '#' : '.';
    bar[WIDTH] = '\0';
    fprintf(stderr, "\r\033[K[%s] %.*s", bar, fitting(text, room > 0 ? room : 0), text);
    fflush(stderr);
}

void cli_line_put(const char *begin, const char *text)
{
    const int used = (int)strlen(begin);
    fprintf(stderr, "%s%.*s\n", begin, fitting(text, used < 80 ? 80 - used : 0), text);
}

char *cli_left_text(double seconds, char text[32])
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

static double left_s(const cli_bar *bar, double share, double now)
{
    return share > 0.0 ? (now - bar->begin_s) * (1.0 - share) / share : 0.0;
}

static void tell(const cli_bar *bar, int64_t done, int64_t all, double now)
{
    char left[32];
    fprintf(stderr, "%s: %lld of %lld, %s\n", bar->what, (long long)done, (long long)all,
            cli_left_text(left_s(bar, all > 0 ? (double)done / (double)all : 1.0, now), left));
}

static void draw(cli_bar *bar, int64_t done, int64_t all, double now)
{
    char text[256], left[32];
    const double share = all > 0 ? (double)done / (double)all : 1.0, took = now - bar->begin_s;
    snprintf(text, sizeof text, "%lld of %lld %s  %.3g/s  %s", (long long)done, (long long)all, bar->what,
             took > 0.0 ? (double)done / took : 0.0, cli_left_text(left_s(bar, share, now), left));
    cli_bar_draw(share, text);
    bar->drawn = true;
}

void cli_bar_show(void *data, int64_t done, int64_t all)
{
    cli_bar *bar = data;
    const double now = ent_clock_s();
    if (bar->begin_s == 0.0) bar->begin_s = bar->drawn_s = now;
    const bool terminal = cli_terminal_columns() > 0;
    if (bar->quiet || now - bar->drawn_s < (terminal ? 0.1 : 10.0)) return;
    if (terminal)
        draw(bar, done, all, now);
    else
        tell(bar, done, all, now);
    bar->drawn_s = now;
}

void cli_bar_end(cli_bar *bar)
{
    if (bar->drawn) fprintf(stderr, "\r\033[K");
    bar->drawn = false;
}
