/* Communication.  This is the only module that calls MPI.
 *
 * An ent_comm is a group of ranks; the world is one.  Every function says Local or Collective (all ranks of the group
 * call it, in the same order).  No function is called inside a parallel region.  A failing MPI call ends all ranks
 * with one message (MPI_ERRORS_ARE_FATAL). */
#ifndef ENTENTE_COMM_H
#define ENTENTE_COMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "entente/exact.h"
#include "entente/status.h"

typedef struct ent_comm ent_comm;

/* Start and end MPI.  Collective over all processes. */
ent_status ent_comm_start(int *argc, char ***argv, ent_comm **world);
void ent_comm_finish(ent_comm *world);

/* End every rank at once with this exit code: for a rank that cannot reach the next agreement.  Local. */
void ent_comm_abort(ent_comm *comm, int code) __attribute__((noreturn));

/* The underlying MPI_Comm, for HDF5's parallel driver only.  Local. */
const void *ent_comm_mpi(const ent_comm *comm);

int ent_comm_rank(const ent_comm *comm); /* Local */
int ent_comm_size(const ent_comm *comm); /* Local */
const char *ent_comm_library(void);      /* Local: the MPI library and its version, one line */

/* The number of ranks of this group on the same node as this one.  Collective. */
int ent_comm_node_ranks(ent_comm *comm);
/* Cores that those ranks may use together: the cores they are bound to, limited by the quota of their control group.
 * Collective. */
int ent_comm_node_cores(ent_comm *comm);

/* Split into groups of equal `color`, ordered by rank.  Collective.  Free with ent_comm_free (Collective over the
 * group). */
ent_status ent_comm_split(ent_comm *comm, int color, ent_comm **group);
void ent_comm_free(ent_comm *group);

/* Turn the failure of one rank into a failure of all: returns on every rank the status and message of the lowest rank
 * that failed (prefixed with "rank r: " if the group has several ranks and they did not all fail in the same way), or
 * ENT_OK if none failed.  Collective; call it before any collective that a failed rank would not reach. */
ent_status ent_comm_agree(ent_comm *comm, ent_status mine);

void ent_comm_barrier(ent_comm *comm);                                       /* Collective */
void ent_comm_broadcast(ent_comm *comm, int root, void *data, size_t bytes); /* Collective; any size */

/* Element-wise over ranks, result on all ranks.  Collective. */
void ent_comm_sum(ent_comm *comm, int64_t *values, int64_t n);
void ent_comm_max(ent_comm *comm, double *values, int64_t n);
void ent_comm_exact_sum(ent_comm *comm, ent_exact *sums, int64_t n);

/* Gather the `bytes` of every rank (sizes may differ) in rank order at `root`: `*all` is allocated there (ent_free)
 * and NULL elsewhere, and `counts` [size] (may be NULL) receives the number of bytes from each rank at `root`.
 * Collective.  Errors: ENT_ENOMEM, agreed on. */
ent_status ent_comm_gather(ent_comm *comm, int root, const void *data, size_t bytes, void **all, int64_t *counts);

/* Send send_bytes[r] bytes to every rank r, stored one after the other in `send`, and receive recv_bytes[r] bytes
 * from it, stored likewise in `recv`; any size.  The counts of all ranks must agree.  Collective. */
void ent_comm_exchange(ent_comm *comm, const void *send, const size_t *send_bytes, void *recv,
                       const size_t *recv_bytes);

/* all: bytes[r] from each rank r, concatenated; each rank has written its own part and receives the others'.  `bytes`
 * is the same on all ranks; any size.  Collective. */
void ent_comm_share(ent_comm *comm, void *all, const size_t *bytes);

/* Swap `bytes` (below 2^31) with another rank: `send` goes there, and its data arrives in `recv`.  Neither buffer may
 * be touched until the swap has completed, after a wait or after a test that returns true.  Both ranks start their
 * swaps with each other in the same order.  Local; a wait returns only after the other rank has started the swap.  A
 * test never blocks.  If MPI has no progress thread, data moves only during tests and waits, so a rank that computes
 * meanwhile should test often. */
typedef struct ent_swap ent_swap;
ent_status ent_swap_new(ent_comm *comm, ent_swap **out); /* can be reused for further swaps; Local */
void ent_swap_free(ent_swap *swap);
void ent_swap_start(ent_swap *swap, int rank, const void *send, void *recv, size_t bytes);
void ent_swap_wait(ent_swap *swap);
bool ent_swap_test(ent_swap *swap); /* whether the swap has completed */

/* Memory of the ranks of one node that all of them read and write: `bytes` of each, zeroed.  What a rank has written
 * the others see after the next barrier.  *out is NULL on all ranks if they are on several nodes, or if the node
 * has no memory for it and for another `later` bytes of each: the caller then sends messages.  Errors: ENT_ENOMEM,
 * agreed on.  Collective. */
typedef struct ent_shared ent_shared;
ent_status ent_shared_new(ent_comm *comm, size_t bytes, size_t later, ent_shared **out);
void ent_shared_free(ent_shared *shared); /* Local */
/* The part of this rank of the group.  Local. */
void *ent_shared_part(const ent_shared *shared, int rank);

/* Waits that do not end.  A thread of each rank, which does not call MPI, watches the other ranks of its node: after
 * 60 s in one call it reports which rank is awaited and where that rank was last seen, and repeats this every 5
 * minutes.  Local. */

/* Enclose a call outside this module that may wait for other ranks, such as parallel HDF5. */
void ent_comm_wait_begin(const char *call);
void ent_comm_wait_end(void);
/* Record where this rank is, for the ranks that wait for it: "round 3, client 5"; up to 63 bytes.  Cheap. */
void ent_comm_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* End the job once this rank has waited this long in one call; 0, the default: never. */
void ent_comm_limit_waits(double seconds);
/* Whether a stop was requested. */
typedef bool ent_stop_request(void *context);
/* End the job once `stop`, called with NULL by that thread, has been true for 10 s without any rank acting on it:
 * before the first training (exit code 75: nothing is lost), or while a training waits for ranks that will not
 * answer. */
void ent_comm_end_if(ent_stop_request *stop);

/* Stopping together: while each rank does its own work, any of them may receive a request to stop, and all soon learn
 * of it.  A period begins with `new` or with the previous `end`; ranks look as often as they like, and all of them
 * end it.  `stop` is called on each rank; it is cheap, and once true it stays true. */
typedef struct ent_watch ent_watch;
ent_status ent_watch_new(ent_comm *comm, ent_stop_request *stop, void *context, ent_watch **out); /* Local */
void ent_watch_free(ent_watch *watch);
/* Whether this rank, or one that has notified it, was asked to stop.  Call it after every piece of work; the other
 * ranks then learn of a request within two of their own calls.  Cost: reading a clock, and probing for messages 50
 * times per second.  Local. */
bool ent_watch_look(ent_watch *watch);
/* End the period.  Returns whether any rank was asked to stop, the same on all ranks.  A rank that waits here for
 * others keeps looking for requests.  Collective. */
bool ent_watch_end(ent_watch *watch);

#endif
