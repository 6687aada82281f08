/* Processors that this process may use.  Local. */
#ifndef ENTENTE_CORES_H
#define ENTENTE_CORES_H

/* The quota of the control group (a container, a batch job), at least 1; INT_MAX if there is no quota. */
int ent_cores_quota(void);
/* The number of processors that this process is bound to, limited by the quota. */
int ent_cores_here(void);

#endif
