#include "signals.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t came; /* read by a thread as well */

static void note(int number)
{
    (void)number;
    came = 1;
}

void app_signals_catch(void)
{
    static const int number[] = {SIGUSR1, SIGTERM, SIGINT};
    struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (size_t k = 0; k < sizeof number / sizeof *number; k++) sigaction(number[k], &action, NULL);
}

bool app_signals_came(void *unused)
{
    (void)unused;
    return came != 0;
}
