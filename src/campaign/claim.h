/* Claims decide which group runs which point.  A claim is a lock on a file shared by all groups of all jobs.
 *
 * Each point has a byte of <out>/points/claims, at an offset made of its hash; the process that holds the write lock
 * of that byte (fcntl, POSIX) runs the point.  The kernel drops the locks of dead processes, so a claim never goes
 * stale, neither after kill -9 nor when a node fails (NFS and Lustre mounted with -o flock recover them).  This works
 * between the groups of one allocation, the tasks of a job array and several jobs alike, and costs a microsecond on a
 * local file system.  It needs neither a dedicated rank to hand out points nor one-sided MPI.
 *
 * A claim only saves work; no result depends on it.  Points are functions of their configuration and records are
 * written atomically, so if locks are ineffective (`localflock`), the worst case is that two groups run the same
 * point.  If the file system refuses locks, the groups of one job take turns by number instead.  Local. */
#ifndef ENTENTE_CAMPAIGN_CLAIM_H
#define ENTENTE_CAMPAIGN_CLAIM_H

#include "entente/status.h"

typedef struct campaign_claims campaign_claims;

typedef enum {
    CAMPAIGN_CLAIM_MINE,
    CAMPAIGN_CLAIM_TAKEN,  /* held by another process */
    CAMPAIGN_CLAIM_UNKNOWN /* the file system does not support locks */
} campaign_claim;

/* Open once per process: closing a second file descriptor would drop the locks.  Errors: ENT_EIO. */
ent_status campaign_claims_open(const char *path, campaign_claims **out);
void campaign_claims_close(campaign_claims *claims); /* drops all locks; NULL is legal */

campaign_claim campaign_claims_take(campaign_claims *claims, const char *hash);
void campaign_claims_drop(campaign_claims *claims, const char *hash);

#endif
