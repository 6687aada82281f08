/* Processors that this process may use.  Local. */
#ifndef ENTENTE_CORES_H
#define ENTENTE_CORES_H

/* What the control group (a container, a batch job) grants of them, at least 1; INT_MAX where it grants all. */
int ent_cores_quota(void);
/* Those that this process is bound to, and not more than the quota. */
int ent_cores_here(void);

#endif
