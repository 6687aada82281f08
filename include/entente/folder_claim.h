/* Who writes to a folder: one process at a time, named in <folder>/claim.  Local.
 *
 * A claim works on every file system, with or without locks: all that it needs is that of two processes which make the
 * same file only one succeeds (O_EXCL; NFS from version 3 on).  The claim of a dead process does not count:
 *   on this machine       the process is not there any more, or its number belongs to one that started later;
 *   on another machine    it has given no sign of life for ENT_CLAIM_DEAD_AFTER_S (a thread touches the file every
 *                         ENT_CLAIM_TOUCH_S; both times are the file server's), or it was this batch job before Slurm
 *                         started it again.
 * A machine is its name, its boot and its process namespace, so containers do not take each other for dead. */
#ifndef ENTENTE_FOLDER_CLAIM_H
#define ENTENTE_FOLDER_CLAIM_H

#include "entente/status.h"

enum { ENT_CLAIM_TOUCH_S = 5, ENT_CLAIM_DEAD_AFTER_S = 300 };

typedef struct ent_folder_claim ent_folder_claim;

/* Claim a folder that is there.  Errors: ENT_EBUSY with the holder's host, process and date; ENT_EIO, ENT_ENOMEM. */
ent_status ent_folder_claim_take(const char *folder, ent_folder_claim **out);

/* The same refusal without claiming; ENT_OK also where there is no such folder. */
ent_status ent_folder_claim_look(const char *folder);

/* Give it back.  NULL is legal. */
void ent_folder_claim_drop(ent_folder_claim *claim);

#endif
