/* Signal handlers that only set a flag, which is read after every batch and by the watching thread. */
#include "signals.h"

#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t came; /* also read by another thread */

static void note(int number)
{
    (void)number;
    came = 1;
}

static const int NUMBER[] = {SIGUSR1, SIGTERM, SIGINT};
enum { NUMBERS = sizeof NUMBER / sizeof *NUMBER };

static void handle(void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (size_t k = 0; k < NUMBERS; k++) sigaction(NUMBER[k], &action, NULL);
}

void run_signals_catch(void)
{
    handle(note);
}

static char answer[256];
static size_t answer_bytes;

static void end_with_answer(int number)
{
    const ssize_t unused = write(STDERR_FILENO, answer, answer_bytes);
    (void)unused;
    signal(number, SIG_DFL);
    raise(number);
}

void run_signals_answer(const char *text)
{
    sigset_t ours, before;
    sigemptyset(&ours);
    for (size_t k = 0; k < NUMBERS; k++) sigaddset(&ours, NUMBER[k]);
    sigprocmask(SIG_BLOCK, &ours, &before);
    snprintf(answer, sizeof answer, "%s", text);
    answer_bytes = strlen(answer);
    handle(end_with_answer);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

bool run_signals_came(void *unused)
{
    (void)unused;
    return came != 0;
}
