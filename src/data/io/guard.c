/* Two processes and one mailbox in shared memory.  A call writes its request there and sends one byte through a
 * socket; the guard writes its answer into the mailbox and sends one byte back.  If no byte arrives in time, the
 * guard is killed.  The mailbox is written by a process whose memory may be corrupted, so nothing in it is
 * trusted. */
#include "entente/guard.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

#include "entente/memory.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1 /* reserves terabytes of address space, and reports signals itself */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

enum { NAME_BYTES = 4096, MESSAGE_BYTES = 2048 };
enum { OPEN, NAMES, DESCRIBE, ROWS };

typedef struct {
    int what, file; /* the request */
    ent_h5_type type;
    int64_t first, n;
    size_t bytes;
    char name[NAME_BYTES];
    ent_status status; /* the answer */
    ent_h5_shape shape;
    int64_t count;
    char message[MESSAGE_BYTES];
    char data[ENT_GUARD_BYTES];
} mailbox;

struct ent_guard {
    mailbox *box;
    pid_t process; /* 0: ended */
    int socket;
    double timeout_s;
    char *path[ENT_GUARD_FILES];
    int files;
    char ended[256]; /* how it ended */
};

ent_guard_inp ent_guard_default(void)
{
    return (ent_guard_inp){.timeout_s = 120.0, .more_bytes = INT64_C(1) << 30};
}

/* ---- the guard's side ---- */

static ent_status check_row_bytes(const mailbox *box, ent_h5 *file)
{
    static const size_t size_of[] = {1, 4, 4, 8, 8, 4, 8};
    ent_h5_shape shape;
    ENT_TRY(ent_h5_describe(file, box->name, &shape));
    size_t bytes = size_of[box->type];
    for (int k = 1; k < shape.rank; k++) {
        ENT_REQUIRE(shape.size[k] >= 0 && (shape.size[k] == 0 || bytes <= ENT_GUARD_BYTES / (size_t)shape.size[k]),
                    ENT_EFORMAT, "%s: rows are too large", box->name);
        bytes *= (size_t)shape.size[k];
    }
    ENT_REQUIRE(bytes == box->bytes && (bytes == 0 || (size_t)box->n <= ENT_GUARD_BYTES / bytes), ENT_EFORMAT,
                "%s: rows of %zu bytes, want %zu", box->name, bytes, box->bytes);
    return ENT_OK;
}

/* As many names from number `first` on as fit, one after the other. */
static ent_status pack_names(mailbox *box, ent_h5 *file)
{
    char **list;
    int64_t count;
    ENT_TRY(ent_h5_names(file, box->name, &list, &count));
    box->bytes = 0;
    box->count = count;
    for (box->n = 0; box->first + box->n < count; box->n++) {
        const size_t length = strlen(list[box->first + box->n]) + 1;
        if (box->bytes + length > ENT_GUARD_BYTES) break;
        memcpy(box->data + box->bytes, list[box->first + box->n], length);
        box->bytes += length;
    }
    ent_h5_names_free(list, count);
    return ENT_OK;
}

static ent_status answer(mailbox *box, ent_h5 **file)
{
    ent_h5 **at = &file[box->file];
    switch (box->what) {
    case OPEN:
        return ent_h5_open(box->name, at);
    case NAMES:
        return pack_names(box, *at);
    case DESCRIBE:
        return ent_h5_describe(*at, box->name, &box->shape);
    default:
        ENT_TRY(check_row_bytes(box, *at));
        return ent_h5_read_rows(*at, box->name, box->type, box->first, box->n, box->data);
    }
}

/* A crash ends the guard, whatever signal handlers this program has installed. */
static void take_signals_as_they_come(void)
{
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    for (int k = 0; k < 5 && !SANITIZED; k++) signal(crashes[k], SIG_DFL);
}

static void limit_itself(const ent_guard_inp *inp)
{
    const struct rlimit no_core = {0, 0};
    long long pages = 0;
    setrlimit(RLIMIT_CORE, &no_core);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    FILE *file = SANITIZED ? NULL : fopen("/proc/self/statm", "r");
    if (!file) return;
    if (fscanf(file, "%lld", &pages) == 1) {
        const rlim_t bytes = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + (rlim_t)inp->more_bytes;
        setrlimit(RLIMIT_AS, &(struct rlimit){bytes, bytes});
    }
    fclose(file);
}

static void become_guard(const ent_guard_inp *inp)
{
    const int nowhere = inp->loud ? -1 : open("/dev/null", O_WRONLY);
    if (nowhere >= 0) dup2(nowhere, STDERR_FILENO);
    take_signals_as_they_come();
    limit_itself(inp);
}

static void serve(const ent_guard_inp *inp, mailbox *box, int end)
{
    ent_h5 *file[ENT_GUARD_FILES] = {NULL};
    char byte;
    become_guard(inp);
    for (;;) {
        const ssize_t got = read(end, &byte, 1);
        if (got < 0 && errno == EINTR) continue;
        if (got != 1) _exit(0);
        box->status = answer(box, file);
        snprintf(box->message, sizeof box->message, "%s", box->status == ENT_OK ? "" : ent_message());
        if (send(end, &byte, 1, MSG_NOSIGNAL) != 1) _exit(0);
    }
}

/* ---- this side ---- */

static ent_status no_guard(const char *what)
{
    return ent_fail(ENT_EIO, "cannot start the process that reads files: %s: %s", what, strerror(errno));
}

static ent_status fork_guard(const ent_guard_inp *inp, ent_guard *guard)
{
    int end[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, end) != 0) return no_guard("socket");
    fflush(NULL);
    guard->process = fork();
    if (guard->process == 0) {
        close(end[0]);
        serve(inp, guard->box, end[1]);
    }
    close(end[1]);
    guard->socket = end[0];
    return guard->process > 0 ? ENT_OK : no_guard("fork");
}

ent_status ent_guard_start(const ent_guard_inp *inp, ent_guard **out)
{
    ent_guard *guard = ent_alloc(1, sizeof *guard);
    ENT_REQUIRE(guard, ENT_ENOMEM, "no memory to start the process that reads files");
    guard->timeout_s = inp->timeout_s;
    guard->socket = -1;
    guard->box = mmap(NULL, sizeof *guard->box, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ent_status status = ENT_OK;
    if (guard->box == MAP_FAILED) {
        guard->box = NULL;
        status = no_guard("shared memory");
    } else {
        status = fork_guard(inp, guard);
    }
    if (status == ENT_OK)
        *out = guard;
    else
        ent_guard_stop(guard);
    return status;
}

/* How a guard has ended, from its wait status.  Returns `text`. */
static const char *ending_text(int how, char text[256])
{
    if (WIFSIGNALED(how))
        snprintf(text, 256, "was ended by signal %d (%s)", WTERMSIG(how), strsignal(WTERMSIG(how)));
    else
        snprintf(text, 256, "ended with code %d", WEXITSTATUS(how));
    return text;
}

ent_status ent_guard_try(const ent_guard_inp *inp, const char *path, ent_guard_body *body, void *context)
{
    int how = 0;
    char text[256];
    fflush(NULL);
    const pid_t process = fork();
    if (process < 0) return no_guard("fork");
    if (process == 0) {
        become_guard(inp);
        alarm((unsigned)ceil(inp->timeout_s));
        _exit(body(context) != ENT_OK);
    }
    while (waitpid(process, &how, 0) < 0 && errno == EINTR) continue;
    if (WIFEXITED(how) && WEXITSTATUS(how) <= 1) return ENT_OK;
    return ent_fail(ENT_EFORMAT, "%s: damaged HDF5 file: libhdf5 %s while reading it", path, ending_text(how, text));
}

/* Close the socket, which makes the guard end by itself, and wait for it. */
static int collect(ent_guard *guard)
{
    int how = 0;
    if (guard->socket >= 0) close(guard->socket);
    guard->socket = -1;
    while (guard->process > 0 && waitpid(guard->process, &how, 0) < 0 && errno == EINTR) continue;
    guard->process = 0;
    return how;
}

void ent_guard_stop(ent_guard *guard)
{
    if (!guard) return;
    if (guard->process < 0) guard->process = 0;
    collect(guard);
    if (guard->box) munmap(guard->box, sizeof *guard->box);
    for (int k = 0; k < guard->files; k++) ent_free(guard->path[k]);
    ent_free(guard);
}

bool ent_guard_ended(const ent_guard *guard)
{
    return guard->process == 0;
}

int ent_guard_process(const ent_guard *guard)
{
    return (int)guard->process;
}

static ent_status guard_ended(ent_guard *guard, const char *path, const char *name, bool silent)
{
    if (silent) kill(guard->process, SIGKILL);
    const int how = collect(guard);
    if (silent)
        snprintf(guard->ended, sizeof guard->ended, "gave no answer for %g s", guard->timeout_s);
    else
        ending_text(how, guard->ended);
    return ent_fail(ENT_EFORMAT, "%s: damaged HDF5 file: libhdf5 %s while reading %s", path, guard->ended, name);
}

/* Wait for the byte of the answer.  Returns 1, 0 if the guard has ended, or -1 on a timeout. */
static int await(ent_guard *guard)
{
    char byte;
    struct pollfd wait = {.fd = guard->socket, .events = POLLIN};
    int ready;
    do ready = poll(&wait, 1, (int)(guard->timeout_s * 1e3));
    while (ready < 0 && errno == EINTR);
    if (ready == 0) return -1;
    return read(guard->socket, &byte, 1) == 1;
}

static ent_status ask(ent_guard *guard, int what, int file, const char *name)
{
    mailbox *box = guard->box;
    const char *path = guard->path[file], go = 1;
    ENT_REQUIRE(guard->process > 0, ENT_EFORMAT, "%s: not read: libhdf5 %s earlier", path, guard->ended);
    ENT_REQUIRE(strlen(name) < NAME_BYTES, ENT_EFORMAT, "%s: a name of %zu bytes, want less than %d", path,
                strlen(name), NAME_BYTES);
    box->what = what;
    box->file = file;
    memcpy(box->name, name, strlen(name) + 1);
    const bool sent = send(guard->socket, &go, 1, MSG_NOSIGNAL) == 1;
    const int answered = sent ? await(guard) : 0;
    if (answered != 1) return guard_ended(guard, path, name, answered < 0);
    box->message[MESSAGE_BYTES - 1] = '\0';
    return box->status == ENT_OK ? ENT_OK : ent_fail(box->status, "%s", box->message);
}

ent_status ent_guard_open(ent_guard *guard, const char *path, int *file)
{
    ENT_REQUIRE(guard->files < ENT_GUARD_FILES, ENT_EARG, "%s: more than %d files", path, ENT_GUARD_FILES);
    char *copy = ent_text(path);
    ENT_REQUIRE(copy, ENT_ENOMEM, "%s: no memory to open it", path);
    guard->path[guard->files] = copy;
    *file = guard->files++;
    return ask(guard, OPEN, *file, path);
}

ent_status ent_guard_describe(ent_guard *guard, int file, const char *name, ent_h5_shape *shape)
{
    ENT_TRY(ask(guard, DESCRIBE, file, name));
    const ent_h5_shape found = guard->box->shape;
    ENT_REQUIRE(found.rank >= 1 && found.rank <= 8, ENT_EFORMAT, "%s: %s: damaged", guard->path[file], name);
    *shape = found;
    return ENT_OK;
}

/* Copy the packed names of one answer.  Returns their number. */
static ent_status unpack_names(ent_guard *guard, int file, char **list, int64_t room, int64_t *came)
{
    mailbox *box = guard->box;
    size_t at = 0;
    for (*came = 0; *came < box->n && *came < room; ++*came) {
        const char *end = at < ENT_GUARD_BYTES ? memchr(box->data + at, '\0', ENT_GUARD_BYTES - at) : NULL;
        ENT_REQUIRE(end, ENT_EFORMAT, "%s: damaged names", guard->path[file]);
        list[*came] = ent_text(box->data + at);
        ENT_REQUIRE(list[*came], ENT_ENOMEM, "%s: no memory for its names", guard->path[file]);
        at = (size_t)(end - box->data) + 1;
    }
    return *came > 0 ? ENT_OK : ent_fail(ENT_EFORMAT, "%s: damaged names", guard->path[file]);
}

ent_status ent_guard_names(ent_guard *guard, int file, const char *group, char ***list, int64_t *count)
{
    guard->box->first = 0;
    ENT_TRY(ask(guard, NAMES, file, group));
    const int64_t total = guard->box->count;
    char **names = ent_alloc(total, sizeof *names);
    ENT_REQUIRE(names, ENT_ENOMEM, "%s: no memory for %lld names", guard->path[file], (long long)total);
    ent_status status = ENT_OK;
    for (int64_t first = 0, came; first < total && status == ENT_OK; first += came) {
        guard->box->first = first;
        if (first > 0) status = ask(guard, NAMES, file, group);
        if (status == ENT_OK) status = unpack_names(guard, file, names + first, total - first, &came);
        if (status != ENT_OK) break;
    }
    if (status != ENT_OK) {
        ent_h5_names_free(names, total);
        return status;
    }
    *list = names;
    *count = total;
    return ENT_OK;
}

ent_status ent_guard_rows(ent_guard *guard, int file, const char *name, const ent_guard_span *span, void *out)
{
    mailbox *box = guard->box;
    ENT_ASSERT(span->n >= 0 && span->row_bytes > 0 && (size_t)span->n <= ENT_GUARD_BYTES / span->row_bytes);
    box->type = span->type;
    box->first = span->first;
    box->n = span->n;
    box->bytes = span->row_bytes;
    ENT_TRY(ask(guard, ROWS, file, name));
    memcpy(out, box->data, (size_t)span->n * span->row_bytes);
    return ENT_OK;
}
