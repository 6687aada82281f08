/* The claim is a file that is created with O_EXCL and names its creator; a thread touches it from time to time.
 *
 * Taking over from a dead holder: two processes may find the holder dead at the same time, and the slower one must
 * not remove the claim that the faster one has made since.  A process that takes over therefore first creates
 * <folder>/claim.over in the same way, checks the claim again, replaces it, and removes claim.over. */
#include "entente/folder_claim.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "entente/clock.h"
#include "entente/memory.h"

enum { PATH_BYTES = 4096, WORD_BYTES = 128, TRIES = 100, PAUSE_NS = 20 * 1000 * 1000 };

struct ent_folder_claim {
    char path[PATH_BYTES];
    int descriptor;
    pthread_t thread;
    bool touched; /* the thread is running */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool over;
};

/* ---- who ---- */

typedef struct {
    char host[WORD_BYTES], since[WORD_BYTES], boot[WORD_BYTES], space[WORD_BYTES], job[WORD_BYTES];
    long long process, start, restart; /* start: in clock ticks since boot */
} holder;

static void read_line(const char *path, char word[WORD_BYTES])
{
    FILE *file = fopen(path, "re");
    if (!file || !fgets(word, WORD_BYTES, file)) word[0] = '\0';
    word[strcspn(word, "\n")] = '\0';
    if (file) fclose(file);
}

/* The start time of a process of this machine, or -1 if it does not exist or is dead.  Reads fields 3 and 22 of
 * its stat file; the name in field 2 may contain any character. */
static long long start_of(long long process)
{
    char path[64], text[1024] = "", state;
    long long start;
    snprintf(path, sizeof path, "/proc/%lld/stat", process);
    FILE *file = fopen(path, "re");
    const size_t got = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file) fclose(file);
    text[got] = '\0';
    const char *after = strrchr(text, ')');
    static const char fields[] = ") %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lld";
    if (!after || sscanf(after, fields, &state, &start) != 2) return -1;
    return state == 'Z' || state == 'X' ? -1 : start;
}

static void set_word(char word[WORD_BYTES], const char *text)
{
    snprintf(word, WORD_BYTES, "%s", text ? text : "");
}

static holder myself(void)
{
    holder me = {.process = (long long)getpid(), .start = start_of((long long)getpid())};
    char date[32];
    gethostname(me.host, sizeof me.host - 1);
    set_word(me.since, ent_clock_date(date));
    read_line("/proc/sys/kernel/random/boot_id", me.boot);
    const ssize_t length = readlink("/proc/self/ns/pid", me.space, sizeof me.space - 1);
    me.space[length > 0 ? length : 0] = '\0';
    set_word(me.job, getenv("SLURM_JOB_ID"));
    me.restart = getenv("SLURM_RESTART_COUNT") ? atoll(getenv("SLURM_RESTART_COUNT")) : 0;
    return me;
}

static bool write_holder(int descriptor, const holder *me)
{
    char text[1024];
    const int length = snprintf(
        text, sizeof text, "host %s\nprocess %lld\nsince %s\nstart %lld\nboot %s\nspace %s\njob %s\nrestart %lld\n",
        me->host, me->process, me->since, me->start, me->boot, me->space, me->job, me->restart);
    return write(descriptor, text, (size_t)length) == length;
}

/* "key value" on a line of its own. */
static void take_word(const char *text, const char *key, char word[WORD_BYTES])
{
    char line[32];
    snprintf(line, sizeof line, "%s ", key);
    const size_t length = strlen(line);
    word[0] = '\0';
    while (text && strncmp(text, line, length) != 0) text = strchr(text, '\n') ? strchr(text, '\n') + 1 : NULL;
    if (text) snprintf(word, WORD_BYTES, "%.*s", (int)strcspn(text + length, "\n"), text + length);
}

static long long take_number(const char *text, const char *key)
{
    char word[WORD_BYTES];
    take_word(text, key, word);
    return atoll(word);
}

static void parse_holder(const char *text, holder *h)
{
    take_word(text, "host", h->host);
    take_word(text, "since", h->since);
    take_word(text, "boot", h->boot);
    take_word(text, "space", h->space);
    take_word(text, "job", h->job);
    h->process = take_number(text, "process");
    h->start = take_number(text, "start");
    h->restart = take_number(text, "restart");
}

/* ---- alive? ---- */

/* The current time by the clock of the file system that holds the claim. */
static double server_now(const char *path)
{
    char probe[PATH_BYTES + 64];
    struct stat state;
    double now = (double)time(NULL);
    snprintf(probe, sizeof probe, "%s.now-%ld", path, (long)getpid());
    const int descriptor = open(probe, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) return now;
    if (futimens(descriptor, NULL) == 0 && fstat(descriptor, &state) == 0) now = (double)state.st_mtime;
    close(descriptor);
    unlink(probe);
    return now;
}

/* Seconds since the last sign of life of a holder on another machine; -1 if it is known to be alive, infinity if
 * it is dead. */
static double silence(const char *path, const holder *h, double touched)
{
    const holder me = myself();
    const bool here = strcmp(h->host, me.host) == 0 && strcmp(h->boot, me.boot) == 0 &&
                      strcmp(h->space, me.space) == 0 && h->process > 0;
    if (here) return start_of(h->process) == h->start ? -1.0 : INFINITY;
    if (h->job[0] && strcmp(h->job, me.job) == 0 && h->restart < me.restart) return INFINITY;
    const double age = server_now(path) - touched;
    return age > 0.0 ? age : 0.0;
}

static ent_status busy(const char *folder, const holder *h, double age)
{
    if (!h->host[0]) return ent_fail(ENT_EBUSY, "%s: another process has just started to write to it", folder);
    ent_fail(ENT_EBUSY,
             "%s: process %lld on %s has been writing to it since %s: wait for its end, or name another folder with "
             "--out",
             folder, h->process, h->host, h->since);
    if (age < 0.0) return ENT_EBUSY;
    return ent_fail(
        ENT_EBUSY,
        "%s (last sign of life %.0f s ago; it counts as dead after %d s; where you know that it is, remove "
        "%s/claim)",
        ent_message(), age, ENT_CLAIM_DEAD_AFTER_S, folder);
}

/* ENT_OK: no living process holds the claim; *there: a claim of a dead process exists. */
static ent_status look(const char *folder, const char *path, bool *there)
{
    char text[1024] = "";
    struct stat state;
    holder h = {.process = 0};
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    *there = descriptor >= 0;
    if (descriptor < 0 && (errno == ENOENT || errno == ENOTDIR)) return ENT_OK;
    ENT_REQUIRE(descriptor >= 0, ENT_EIO, "%s: %s", path, strerror(errno));
    const bool done = read(descriptor, text, sizeof text - 1) >= 0 && fstat(descriptor, &state) == 0;
    const int why = errno;
    close(descriptor);
    ENT_REQUIRE(done, ENT_EIO, "%s: %s", path, strerror(why));
    parse_holder(text, &h);
    const double age = silence(path, &h, (double)state.st_mtime);
    return age > ENT_CLAIM_DEAD_AFTER_S ? ENT_OK : busy(folder, &h, age);
}

/* ---- taking and giving back ---- */

/* Returns a descriptor, or -1 with errno set. */
static int make(const char *path)
{
    const holder me = myself();
    const int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor < 0 || write_holder(descriptor, &me)) return descriptor;
    const int why = errno;
    close(descriptor);
    unlink(path);
    errno = why;
    return -1;
}

static ent_status not_made(const char *path)
{
    const ent_status code = errno == ENOSPC || errno == EDQUOT ? ENT_EFULL : ENT_EIO;
    return ent_fail(code, "%s: cannot be written: %s", path, strerror(errno));
}

/* Remove a dead holder's claim, unless another process is doing so. */
static ent_status clear_dead(const char *folder, const char *path)
{
    char over[PATH_BYTES + 8];
    bool there;
    snprintf(over, sizeof over, "%s.over", path);
    const int descriptor = make(over);
    if (descriptor < 0) {
        if (errno != EEXIST) return not_made(over);
        if (look(folder, over, &there) == ENT_OK && there) unlink(over);
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
        return ENT_OK;
    }
    if (look(folder, path, &there) == ENT_OK && there) unlink(path);
    close(descriptor);
    unlink(over);
    return ENT_OK;
}

static ent_status take(const char *folder, const char *path, int *descriptor)
{
    for (int k = 0; k < TRIES; k++) {
        bool there;
        *descriptor = make(path);
        if (*descriptor >= 0) return ENT_OK;
        if (errno != EEXIST) return not_made(path);
        ENT_TRY(look(folder, path, &there));
        if (there) ENT_TRY(clear_dead(folder, path));
    }
    return ent_fail(ENT_EBUSY, "%s: several processes try to write to it", folder);
}

static void *touch(void *claim_)
{
    ent_folder_claim *claim = claim_;
    struct timespec next;
    clock_gettime(CLOCK_REALTIME, &next);
    pthread_mutex_lock(&claim->lock);
    while (!claim->over) {
        futimens(claim->descriptor, NULL);
        next.tv_sec += ENT_CLAIM_TOUCH_S;
        while (!claim->over && pthread_cond_timedwait(&claim->wake, &claim->lock, &next) == 0)
            ;
    }
    pthread_mutex_unlock(&claim->lock);
    return NULL;
}

/* Signals are handled by the main thread.  The claim is valid on this machine even without the thread. */
static void start_touching(ent_folder_claim *claim)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    claim->touched = pthread_create(&claim->thread, NULL, touch, claim) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static ent_status path_of(const char *folder, char path[PATH_BYTES])
{
    ENT_REQUIRE(snprintf(path, PATH_BYTES, "%s/claim", folder) < PATH_BYTES, ENT_EARG, "%.64s...: path too long",
                folder);
    return ENT_OK;
}

ent_status ent_folder_claim_take(const char *folder, ent_folder_claim **out)
{
    char path[PATH_BYTES];
    int descriptor;
    ENT_TRY(path_of(folder, path));
    ent_folder_claim *claim = ent_alloc(1, sizeof *claim);
    ENT_REQUIRE(claim, ENT_ENOMEM, "%s: no memory", path);
    const ent_status status = take(folder, path, &descriptor);
    if (status != ENT_OK) {
        ent_free(claim);
        return status;
    }
    memcpy(claim->path, path, sizeof path);
    claim->descriptor = descriptor;
    pthread_mutex_init(&claim->lock, NULL);
    pthread_cond_init(&claim->wake, NULL);
    start_touching(claim);
    *out = claim;
    return ENT_OK;
}

ent_status ent_folder_claim_look(const char *folder)
{
    char path[PATH_BYTES];
    bool there;
    ENT_TRY(path_of(folder, path));
    return look(folder, path, &there);
}

void ent_folder_claim_drop(ent_folder_claim *claim)
{
    struct stat mine, there;
    if (!claim) return;
    pthread_mutex_lock(&claim->lock);
    claim->over = true;
    pthread_cond_signal(&claim->wake);
    pthread_mutex_unlock(&claim->lock);
    if (claim->touched) pthread_join(claim->thread, NULL);
    const bool known = fstat(claim->descriptor, &mine) == 0 && stat(claim->path, &there) == 0;
    if (known && mine.st_dev == there.st_dev && mine.st_ino == there.st_ino) unlink(claim->path);
    close(claim->descriptor);
    pthread_cond_destroy(&claim->wake);
    pthread_mutex_destroy(&claim->lock);
    ent_free(claim);
}
