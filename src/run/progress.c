/* Progress: on a terminal one line that is redrawn, elsewhere a line of at most 80 columns per round; the log has
 * full lines. rounds.csv has a row per round and is flushed, for readers that watch a running training; it is
 * rewritten at each start, beginning with the rounds of the checkpoint. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "progress.h"
#include "cli/cli.h"
#include "entente/clock.h"
#include "entente/memory.h"

struct run_progress {
    FILE *log, *rounds; /* rounds: NULL before the first round, and after a failed write */
    char *path, *rounds_path;
    bool quiet, drawn, unwritten; /* unwritten: the last line of the log failed, and this was reported */
    int64_t before;               /* rounds already done at the start */
    double begin_s, drawn_s;
};

ent_status run_progress_new(const char *log_path, const char *rounds_path, bool append, bool quiet,
                            run_progress **out)
{
    run_progress *p = ent_alloc(1, sizeof *p);
    ENT_REQUIRE(p, ENT_ENOMEM, "progress: no memory");
    p->path = ent_text(log_path);
    p->rounds_path = ent_text(rounds_path);
    const bool named = p->path && p->rounds_path;
    p->log = named ? fopen(log_path, append ? "a" : "w") : NULL;
    if (!p->log && (!named || (errno != ENOSPC && errno != EDQUOT))) {
        const ent_status status = named ? ent_fail(ENT_EIO, "%s: %s", log_path, strerror(errno))
                                        : ent_fail(ENT_ENOMEM, "progress: no memory");
        run_progress_free(p);
        return status;
    }
    p->quiet = quiet;
    *out = p;
    return ENT_OK;
}

static void wipe(run_progress *p)
{
    if (p->drawn) fprintf(stderr, "\r\033[K");
    p->drawn = false;
}

void run_progress_free(run_progress *p)
{
    if (!p) return;
    wipe(p);
    if (p->log) fclose(p->log);
    if (p->rounds) fclose(p->rounds);
    ent_free(p->path);
    ent_free(p->rounds_path);
    ent_free(p);
}

/* A log that cannot be written does not end a training: this is reported, and again only after a successful line. */
static void put_line(run_progress *p, const char *text)
{
    if (p->log) fprintf(p->log, "%s\n", text);
    const bool written = p->log && fflush(p->log) == 0 && !ferror(p->log);
    const int why = p->log ? errno : ENOSPC;
    if (p->log) clearerr(p->log);
    if (!written && !p->unwritten) {
        wipe(p);
        if (!p->quiet) fprintf(stderr, "warning: %s: cannot be written: %s\n", p->path, strerror(why));
    }
    p->unwritten = !written;
}

void run_progress_failed(run_progress *p, ent_status status)
{
    char text[2200];
    snprintf(text, sizeof text, "%s: %s", status == ENT_STOPPED ? "stopped" : "failed", ent_message());
    put_line(p, text);
}

void run_progress_note(run_progress *p, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    put_line(p, text);
    wipe(p);
    if (!p->quiet) fprintf(stderr, "%s\n", text);
}

static double samples_a_second(const ent_round *r)
{
    const double seconds = r->compute_s + r->wait_s + r->communicate_s;
    return seconds > 0.0 ? (double)r->samples / seconds : 0.0;
}

/* The accuracy, or the mean absolute error if there is no accuracy. */
static size_t share_text(const char *name, const ent_metrics *m, char *text, size_t room)
{
    const bool classes = !isnan(m->accuracy);
    return (size_t)snprintf(text, room, classes ? "  %saccuracy %.4f" : "  %smae %.4g", name,
                            classes ? m->accuracy : m->mae);
}

/* "  test loss 0.5  accuracy 0.8"; nothing where the part has not been evaluated. */
static size_t part_text(const char *name, const ent_metrics *m, char *text, size_t room)
{
    if (m->n == 0) return 0;
    const size_t used = (size_t)snprintf(text, room, "  %s loss %.4f", name, m->loss);
    return used + share_text("", m, text + used, room - used);
}

static void round_text(const ent_round *r, int64_t rounds, char *text, size_t room)
{
    char notes[256];
    size_t used = (size_t)snprintf(text, room, "round %lld/%lld  train loss %.4f", (long long)r->round + 1,
                                   (long long)rounds, r->train_loss);
    used += part_text("validation", &r->validation, text + used, room - used);
    used += part_text("test", &r->test, text + used, room - used);
    if (*ent_round_notes(r, notes) && used < room) used += (size_t)snprintf(text + used, room - used, "  %s", notes);
    if ((r->lost > 0 || r->staleness > 0.0) && used < room) /* simulated time is only shown if it is simulated */
        used += (size_t)snprintf(text + used, room - used, "  simulated %.4g s", r->simulated_s);
    if (samples_a_second(r) > 0.0 && used < room)
        snprintf(text + used, room - used, "  %.0f samples/s", samples_a_second(r));
}

/* The most important figures come first, as the terminal may be narrow. */
static void short_text(const ent_round *r, int64_t rounds, double left_s, char *text, size_t room)
{
    char left[32], notes[256];
    size_t used = (size_t)snprintf(text, room, "%lld/%lld  %s", (long long)r->round + 1, (long long)rounds,
                                   cli_left_text(left_s, left));
    if (*ent_round_notes(r, notes)) used += (size_t)snprintf(text + used, room - used, "  %s", notes);
    if (r->validation.n > 0) used += share_text("validation ", &r->validation, text + used, room - used);
    if (r->test.n > 0) used += share_text("test ", &r->test, text + used, room - used);
    snprintf(text + used, room - used, "  train loss %.4f  %.0f samples/s", r->train_loss, samples_a_second(r));
}

static void put_row(FILE *out, const ent_round *r)
{
    for (int c = 0; ent_round_column(c); c++) {
        const double value = ent_round_figure(r, c);
        if (c > 0) putc(',', out);
        if (!isnan(value)) fprintf(out, "%.15g", value); /* NaN: an empty cell */
    }
    putc('\n', out);
}

/* rounds.csv is only for viewing: a failed write is reported once and does not end the training. */
static void write_rounds(run_progress *p, const ent_federation_view *v, const ent_round *now)
{
    const bool begins = p->before == now->round;
    if (begins) {
        p->rounds = fopen(p->rounds_path, "w");
        for (int c = 0; p->rounds && ent_round_column(c); c++)
            fprintf(p->rounds, "%s%s", c > 0 ? "," : "", ent_round_column(c));
        if (p->rounds) putc('\n', p->rounds);
        for (int64_t r = 0; p->rounds && r < now->round; r++) put_row(p->rounds, &v->round[r]);
    }
    if (p->rounds) put_row(p->rounds, now);
    if (p->rounds ? fflush(p->rounds) == 0 : !begins) return;
    run_progress_note(p, "warning: %s: cannot be written: %s", p->rounds_path, strerror(errno));
    if (p->rounds) fclose(p->rounds);
    p->rounds = NULL;
}

/* On a terminal redraw at most ten times per second. */
ent_status run_progress_round(void *progress, const ent_federation *federation, const ent_round *round)
{
    run_progress *p = progress;
    const ent_federation_view view = ent_federation_see(federation);
    const int64_t rounds = view.config->federation.rounds, done = round->round + 1;
    const double now = ent_clock_s(),
                 last = round->compute_s + round->wait_s + round->communicate_s + round->evaluate_s;
    if (p->begin_s == 0.0) {
        p->begin_s = now - last;
        p->before = round->round;
    }
    const double left = (now - p->begin_s) / (double)(done - p->before) * (double)(rounds - done);
    char text[512];
    round_text(round, rounds, text, sizeof text);
    put_line(p, text);
    write_rounds(p, &view, round);
    if (p->quiet) return ENT_OK;
    short_text(round, rounds, left, text, sizeof text);
    if (cli_terminal_columns() == 0) {
        cli_line_put("round ", text);
    } else if (now - p->drawn_s > 0.1 || done == rounds) {
        cli_bar_draw((double)done / (double)rounds, text);
        p->drawn = true;
        p->drawn_s = now;
    }
    return ENT_OK;
}
