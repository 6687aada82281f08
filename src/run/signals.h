/* Signals that ask a training to stop: SIGUSR1, SIGTERM, SIGINT.  They are only noted, however often they come, and
 * looked at behind every batch. */
#ifndef ENTENTE_RUN_SIGNALS_H
#define ENTENTE_RUN_SIGNALS_H

#include <stdbool.h>

/* From now on a signal ends the process, as without this, once it has written `text` to standard error. */
void app_signals_answer(const char *text);

void app_signals_catch(void);
/* Whether one has come; an ent_wish. */
bool app_signals_came(void *unused);

#endif
