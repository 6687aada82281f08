/* Find out which rank waits for which, without MPI: the ranks of a node share a table in memory with one row per
 * rank, in which every rank notes when it enters and leaves a call that waits for others.  A thread of each rank
 * watches the table.
 *
 * The thread writes a time into its rank's row about ten times per FIRST_S: a rank whose row is out of date is not
 * running, and a rank that is not waiting is the one that others wait for.  Of the waiting ranks of a node the
 * lowest one reports: after FIRST_S in one call, and again every AGAIN times as long.  The environment variable
 * ENTENTE_STALL_S overrides FIRST_S, for tests.  The thread does not call MPI, so ranks that are stuck in a call
 * can still end: after the configured limit, or when they have been asked to stop and no rank will answer. */
#include "stall.h"

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "entente/clock.h"
#include "entente/comm.h"
#include "entente/memory.h"

enum { WORDS = 8, TEXT_BYTES = 8 * WORDS, AGAIN = 5, ENDED = 128 + SIGTERM };
static const double FIRST_S = 60.0, GRACE = 1.0 / 6.0; /* GRACE: fraction of FIRST_S */

/* Times are those of the node's monotonic clock. */
typedef struct {
    _Atomic double beat_s, since_s; /* since: when it began to wait, or to run */
    _Atomic int rank, process, waits;
    _Atomic uint64_t call[WORDS], place[WORDS]; /* the call it waits in; the last position it recorded */
} row;

static row own_row;
static struct {
    row *all, *mine;
    int rows, ranks;
    MPI_Win window;
    pthread_t thread;
    bool runs;
    pthread_mutex_t lock;
    pthread_cond_t end;
    bool ends;
    double first_s;
    int depth; /* depth of nested calls */
} watch = {.all = &own_row, .mine = &own_row, .rows = 1, .ranks = 1, .lock = PTHREAD_MUTEX_INITIALIZER};

static _Atomic double limit_s;
static atomic_bool trains;
static _Atomic(ent_stop_request *) asked;

/* ---- rows ---- */

static void put_text(_Atomic uint64_t *to, const char *text)
{
    uint64_t words[WORDS] = {0};
    memcpy(words, text, strnlen(text, TEXT_BYTES - 1));
    for (int k = 0; k < WORDS; k++) atomic_store_explicit(&to[k], words[k], memory_order_relaxed);
}

static const char *get_text(_Atomic uint64_t *from, char text[TEXT_BYTES])
{
    uint64_t words[WORDS];
    for (int k = 0; k < WORDS; k++) words[k] = atomic_load_explicit(&from[k], memory_order_relaxed);
    memcpy(text, words, TEXT_BYTES);
    text[TEXT_BYTES - 1] = '\0';
    return text;
}

void ent_comm_wait_begin(const char *call)
{
    if (watch.depth++ > 0) return;
    put_text(watch.mine->call, call);
    watch.mine->since_s = ent_clock_s();
    watch.mine->waits = 1;
}

void ent_comm_wait_end(void)
{
    if (--watch.depth > 0) return;
    watch.mine->waits = 0;
    watch.mine->since_s = ent_clock_s();
}

void ent_comm_note(const char *format, ...)
{
    char text[TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    put_text(watch.mine->place, text);
}

void ent_comm_limit_waits(double seconds)
{
    limit_s = seconds;
}

void ent_comm_end_if(ent_stop_request *stop)
{
    asked = stop;
}

void ent_stall_training(void)
{
    trains = true;
}

/* ---- what the thread sees ---- */

static bool is_old(const row *r, double now)
{
    return now - r->beat_s > GRACE * watch.first_s + 1.0;
}

static bool is_awaited(const row *r, double now)
{
    return !r->waits || is_old(r, now);
}

static bool speaks(double now)
{
    for (int k = 0; k < watch.rows; k++) {
        const row *r = &watch.all[k];
        if (r->waits && !is_old(r, now)) return r == watch.mine;
    }
    return false;
}

static int count_awaited(double now)
{
    int count = 0;
    for (int k = 0; k < watch.rows; k++) count += is_awaited(&watch.all[k], now);
    return count;
}

/* "rank 1 (process 4711, it does not run), last seen in round 3, client 5, 61 s ago" */
static size_t describe(row *r, double now, char *text, size_t room)
{
    char place[TEXT_BYTES], call[TEXT_BYTES];
    get_text(r->place, place);
    const int used = snprintf(text, room, " rank %d (process %d, %s), last seen in %s%s%s, %.0f s ago;", r->rank,
                              r->process,
                              is_old(r, now) ? "it does not run: stopped?"
                              : r->waits     ? "it waits"
                                             : "it computes",
                              *place ? place : "its start", r->waits ? ", in " : "",
                              r->waits ? get_text(r->call, call) : "", now - r->since_s);
    return used < 0 ? 0 : (size_t)used < room ? (size_t)used : room - 1;
}

/* Everything known on this node, written in one piece. */
static void say(double now, const char *end)
{
    char text[2048], call[TEXT_BYTES];
    const int awaited = count_awaited(now);
    size_t used = (size_t)snprintf(text, sizeof text, "entente: rank %d has waited %.0f s in %s; ", watch.mine->rank,
                                   now - watch.mine->since_s, get_text(watch.mine->call, call));
    if (awaited == 0 && watch.rows < watch.ranks)
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 "all %d ranks of this node wait: for ranks of other nodes;", watch.rows);
    else
        used += (size_t)snprintf(text + used, sizeof text - used, awaited ? "awaited:" : "all ranks wait:");
    for (int k = 0; k < watch.rows && used + 256 < sizeof text; k++)
        if (is_awaited(&watch.all[k], now) || (awaited == 0 && watch.rows == watch.ranks))
            used += describe(&watch.all[k], now, text + used, sizeof text - used - 128);
    used += (size_t)snprintf(text + used - 1, sizeof text - used, "%s\n", end) - 1;
    if (write(STDERR_FILENO, text, used) < 0) return; /* nobody can be notified */
}

static bool is_asked(void)
{
    ent_stop_request *stop = asked;
    return stop && stop(NULL);
}

/* No rank will answer: the awaited ranks are not running, or all ranks wait for one another. */
static bool is_hopeless(double now)
{
    for (int k = 0; k < watch.rows; k++)
        if (!watch.all[k].waits && !is_old(&watch.all[k], now)) return false;
    return watch.rows == watch.ranks || now - watch.mine->since_s > watch.first_s;
}

static void end_in_time(double now, double asked_s)
{
    const bool waits = watch.mine->waits;
    const double waited_s = waits ? now - watch.mine->since_s : 0.0, grace_s = GRACE * watch.first_s;
    if (limit_s > 0.0 && waited_s > limit_s) {
        say(now, ": run.stall_timeout_s has passed, the job ends");
        _exit(1);
    }
    if (asked_s < grace_s) return;
    if (!trains) {
        static const char text[] = "entente: asked to stop before the training began: run again\n";
        if (write(STDERR_FILENO, text, sizeof text - 1) < 0) _exit(ENDED);
        _exit(EX_TEMPFAIL);
    }
    if (waited_s > grace_s && is_hopeless(now)) {
        say(now, ": asked to stop, the job ends without a checkpoint");
        _exit(ENDED);
    }
}

/* ---- the thread ---- */

static bool pause_or_end(double seconds)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    const int64_t next = until.tv_nsec + (int64_t)(1e9 * seconds);
    until.tv_sec += next / 1000000000;
    until.tv_nsec = next % 1000000000;
    pthread_mutex_lock(&watch.lock);
    if (!watch.ends) pthread_cond_timedwait(&watch.end, &watch.lock, &until);
    const bool ends = watch.ends;
    pthread_mutex_unlock(&watch.lock);
    return ends;
}

static void *look_out(void *unused)
{
    double said_s = 0.0, asked_since_s = 0.0, waits_since_s = 0.0;
    const double tick_s = watch.first_s / 10.0 < 1.0 ? watch.first_s / 10.0 : 1.0;
    (void)unused;
    do {
        const double now = ent_clock_s();
        watch.mine->beat_s = now;
        if (!is_asked()) asked_since_s = now;
        if (!watch.mine->waits || watch.mine->since_s != waits_since_s) said_s = 0.0;
        waits_since_s = watch.mine->since_s;
        const double waited_s = watch.mine->waits ? now - waits_since_s : 0.0;
        if (waited_s > (said_s == 0.0 ? watch.first_s : said_s + AGAIN * watch.first_s) && speaks(now)) {
            say(now, "");
            said_s = waited_s;
        }
        end_in_time(now, now - asked_since_s);
    } while (!pause_or_end(tick_s));
    return NULL;
}

/* The thread blocks all signals. */
static void begin_thread(void)
{
    pthread_attr_t small;
    sigset_t all, before;
    sigfillset(&all);
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, (size_t)256 << 10);
    pthread_cond_init(&watch.end, NULL);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    watch.runs = pthread_create(&watch.thread, &small, look_out, NULL) == 0; /* without it nothing is reported */
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&small);
}

/* Set up the shared table of this node; a rank that cannot map it watches only itself. */
static void share_rows(MPI_Comm world)
{
    MPI_Comm node;
    int rank, size, unit;
    MPI_Aint bytes;
    row *base = NULL;
    MPI_Comm_split_type(world, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
    MPI_Comm_rank(node, &rank);
    MPI_Comm_size(node, &size);
    MPI_Comm_set_errhandler(node, MPI_ERRORS_RETURN);
    bytes = rank == 0 ? (MPI_Aint)size * (MPI_Aint)sizeof(row) : 0;
    int failed = MPI_Win_allocate_shared(bytes, 1, MPI_INFO_NULL, node, &base, &watch.window) != MPI_SUCCESS;
    if (!failed) failed = MPI_Win_shared_query(watch.window, 0, &bytes, &unit, &base) != MPI_SUCCESS;
    MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MAX, node);
    if (failed == 0) {
        if (rank == 0) memset((void *)base, 0, (size_t)size * sizeof(row));
        MPI_Barrier(node);
        watch.all = base;
        watch.mine = base + rank;
        watch.rows = size;
    }
    MPI_Comm_rank(world, &rank);
    watch.mine->rank = rank;
    watch.mine->process = (int)getpid();
    watch.mine->since_s = watch.mine->beat_s = ent_clock_s();
    MPI_Barrier(node);
    MPI_Comm_free(&node);
}

void ent_stall_start(MPI_Comm world)
{
    const char *text = getenv("ENTENTE_STALL_S");
    const double given = text ? strtod(text, NULL) : 0.0;
    watch.first_s = given > 0.0 ? given : FIRST_S;
    watch.window = MPI_WIN_NULL;
    MPI_Comm_size(world, &watch.ranks);
    own_row.process = (int)getpid();
    own_row.since_s = own_row.beat_s = ent_clock_s();
    if (watch.ranks > 1) share_rows(world);
    begin_thread();
}

void ent_stall_stop(void)
{
    pthread_mutex_lock(&watch.lock);
    watch.ends = true;
    pthread_cond_signal(&watch.end);
    pthread_mutex_unlock(&watch.lock);
    if (watch.runs) pthread_join(watch.thread, NULL);
    watch.all = watch.mine = &own_row;
    if (watch.window != MPI_WIN_NULL) MPI_Win_free(&watch.window);
}
