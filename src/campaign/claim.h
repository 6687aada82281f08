/* Who runs which point: a claim is a lock on a file that every group of every job sees.
 *
 * Each point has a byte of <out>/points/claims, at an offset made of its hash; whoever holds the write lock of that byte
 * (fcntl, POSIX) runs the point.  The kernel drops a dead process's locks, so a claim never goes stale: not after
 * kill -9, not when a node falls out (NFS and Lustre mounted with -o flock recover them).  This works alike between the
 * groups of one allocation, the tasks of a job array and several jobs at once, and costs a microsecond on a local file
 * system.  It needs no rank that does nothing but hand out points, and no one-sided MPI.
 *
 * A claim saves work and no result depends on it: points are functions of their configuration and records appear whole,
 * so where locks do not reach (a file system without them, or `localflock`), the worst is a point that two groups run.
 * Where the file system refuses locks, the groups of one job take turns by number instead.  Local. */
#ifndef ENTENTE_CAMPAIGN_CLAIM_H
#define ENTENTE_CAMPAIGN_CLAIM_H

#include "entente/status.h"

typedef struct app_claims app_claims;

typedef enum {
    APP_CLAIM_MINE,
    APP_CLAIM_TAKEN,  /* another process has it */
    APP_CLAIM_UNKNOWN /* this file system has no locks */
} app_claim;

/* One open file a process: closing a second one would drop the locks.  Errors: ENT_EIO. */
ent_status app_claims_open(const char *path, app_claims **out);
void app_claims_close(app_claims *claims); /* drops all that are held; NULL is legal */

app_claim app_claims_take(app_claims *claims, const char *hash);
void app_claims_drop(app_claims *claims, const char *hash);

#endif
