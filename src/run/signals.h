/* Signals that ask a training to stop: SIGUSR1, SIGTERM, SIGINT.  They are only recorded, however often they
 * arrive, and checked after every batch. */
#ifndef ENTENTE_RUN_SIGNALS_H
#define ENTENTE_RUN_SIGNALS_H

#include <stdbool.h>

/* From now on a signal writes `text` to standard error and then ends the process as usual. */
void run_signals_answer(const char *text);

void run_signals_catch(void);
/* Whether a signal has arrived; an ent_stop_request (comm.h). */
bool run_signals_came(void *unused);

#endif
