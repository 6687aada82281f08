/* Exclusive use of a folder: one process at a time may write to it, and <folder>/claim names that process.  Local.
 *
 * A claim works on every file system, with or without locks: it only requires that if two processes create the same
 * file, one of them fails (O_EXCL; NFS from version 3 on).  The claim of a dead process does not count:
 *   on this machine       the process no longer exists, or its number belongs to one that started later;
 *   on another machine    it has given no sign of life for ENT_CLAIM_DEAD_AFTER_S (a thread touches the file every
 *                         ENT_CLAIM_TOUCH_S; both times are the file server's), or it was this batch job before Slurm
 *                         restarted it.
 * A machine is identified by its name, boot and process namespace, so containers do not mistake each other for
 * dead. */
#ifndef ENTENTE_FOLDER_CLAIM_H
#define ENTENTE_FOLDER_CLAIM_H

#include "entente/status.h"

enum { ENT_CLAIM_TOUCH_S = 5, ENT_CLAIM_DEAD_AFTER_S = 300 };

typedef struct ent_folder_claim ent_folder_claim;

/* Claim an existing folder.  Errors: ENT_EBUSY with the holder's host, process and date; ENT_EIO, ENT_ENOMEM. */
ent_status ent_folder_claim_take(const char *folder, ent_folder_claim **out);

/* Fail in the same way without claiming; ENT_OK also if the folder does not exist. */
ent_status ent_folder_claim_look(const char *folder);

/* Release the claim.  NULL is legal. */
void ent_folder_claim_drop(ent_folder_claim *claim);

#endif
