/* Progress: on a terminal one line that is drawn over, elsewhere a line a round; everything goes to the log too. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "progress.h"
#include "cli/cli.h"
#include "entente/clock.h"
#include "entente/memory.h"

struct app_progress {
    FILE *log;
    char *path;
    bool quiet, terminal, drawn;
    int64_t before; /* rounds that were done when it began */
    double begin_s, drawn_s;
};

ent_status app_progress_new(const char *log_path, bool append, bool quiet, app_progress **out)
{
    app_progress *p = ent_alloc(1, sizeof *p);
    ENT_REQUIRE(p, ENT_ENOMEM, "progress: no memory");
    p->path = ent_text(log_path);
    p->log = p->path ? fopen(log_path, append ? "a" : "w") : NULL;
    if (!p->log) {
        const ent_status status = p->path ? ent_fail(ENT_EIO, "%s: %s", log_path, strerror(errno))
                                          : ent_fail(ENT_ENOMEM, "progress: no memory");
        app_progress_free(p);
        return status;
    }
    p->quiet = quiet;
    p->terminal = isatty(STDERR_FILENO);
    *out = p;
    return ENT_OK;
}

static void wipe(app_progress *p)
{
    if (p->drawn) fprintf(stderr, "\r\033[K");
    p->drawn = false;
}

void app_progress_free(app_progress *p)
{
    if (!p) return;
    wipe(p);
    if (p->log) fclose(p->log);
    ent_free(p->path);
    ent_free(p);
}

void app_progress_failed(app_progress *p, ent_status status)
{
    fprintf(p->log, "%s: %s\n", status == ENT_STOPPED ? "stopped" : "failed", ent_message());
    fflush(p->log);
}

void app_progress_note(app_progress *p, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fprintf(p->log, "%s\n", text);
    fflush(p->log);
    wipe(p);
    if (!p->quiet) fprintf(stderr, "%s\n", text);
}

static double samples_a_second(const ent_round *r)
{
    const double seconds = r->compute_s + r->wait_s + r->communicate_s;
    return seconds > 0.0 ? (double)r->samples / seconds : 0.0;
}

static void round_text(const ent_round *r, int64_t rounds, char *text, size_t room)
{
    size_t used = (size_t)snprintf(text, room, "round %lld/%lld  train loss %.4f", (long long)r->round + 1,
                                   (long long)rounds, r->train_loss);
    if (r->test.n > 0)
        used += (size_t)snprintf(text + used, room - used, "  test loss %.4f  accuracy %.4f", r->test.loss,
                                 r->test.accuracy);
    if (r->blocks_short > 0 && used < room)
        used += (size_t)snprintf(text + used, room - used, "  %lld blocks kept: too few clients",
                                 (long long)r->blocks_short);
    if (r->excluded > 0 && used < room)
        used += (size_t)snprintf(text + used, room - used, "  %lld diverged, left out", (long long)r->excluded);
    if (r->lost > 0 && used < room)
        used += (size_t)snprintf(text + used, room - used, "  %lld lost", (long long)r->lost);
    if ((r->lost > 0 || r->staleness > 0.0) && used < room) /* simulated time matters to those who simulate it */
        used += (size_t)snprintf(text + used, room - used, "  simulated %.4g s", r->simulated_s);
    if (samples_a_second(r) > 0.0 && used < room)
        snprintf(text + used, room - used, "  %.0f samples/s", samples_a_second(r));
}

/* What matters most stands first: the terminal may be narrow. */
static void draw_bar(app_progress *p, const ent_round *r, int64_t rounds, double left_s)
{
    char text[512], left[32];
    size_t used = (size_t)snprintf(text, sizeof text, "%lld/%lld  %.0f samples/s  %s", (long long)r->round + 1,
                                   (long long)rounds, samples_a_second(r), app_left_text(left_s, left));
    if (r->test.n > 0) used += (size_t)snprintf(text + used, sizeof text - used, "  accuracy %.4f", r->test.accuracy);
    snprintf(text + used, sizeof text - used, "  train loss %.4f", r->train_loss);
    app_bar_draw((double)(r->round + 1) / (double)rounds, text);
    p->drawn = true;
}

/* At most ten drawings a second on a terminal. */
ent_status app_progress_round(void *progress, const ent_federation *federation, const ent_round *round)
{
    app_progress *p = progress;
    const int64_t rounds = ent_federation_see(federation).config->federation.rounds, done = round->round + 1;
    const double now = ent_clock_s(),
                 last = round->compute_s + round->wait_s + round->communicate_s + round->evaluate_s;
    if (p->begin_s == 0.0) {
        p->begin_s = now - last;
        p->before = round->round;
    }
    const double left = (now - p->begin_s) / (double)(done - p->before) * (double)(rounds - done);
    char text[512];
    round_text(round, rounds, text, sizeof text);
    fprintf(p->log, "%s\n", text);
    ENT_REQUIRE(fflush(p->log) == 0 && !ferror(p->log), ENT_EIO, "%s: cannot be written: %s", p->path,
                strerror(errno));
    if (p->quiet) return ENT_OK;
    if (!p->terminal) {
        fprintf(stderr, "%s\n", text);
    } else if (now - p->drawn_s > 0.1 || done == rounds) {
        draw_bar(p, round, rounds, left);
        p->drawn_s = now;
    }
    return ENT_OK;
}
