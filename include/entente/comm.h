/* Communication: the only room that calls MPI.
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

/* The communicator itself, an MPI_Comm: for HDF5's parallel driver alone.  Local. */
const void *ent_comm_mpi(const ent_comm *comm);

int ent_comm_rank(const ent_comm *comm); /* Local */
int ent_comm_size(const ent_comm *comm); /* Local */
const char *ent_comm_library(void);      /* Local: the MPI library and its version, one line */

/* Ranks of this group on the same node as this one.  Collective. */
int ent_comm_node_ranks(ent_comm *comm);
/* Cores that those ranks may use together: what they are bound to, and not more than their control group grants.
 * Collective. */
int ent_comm_node_cores(ent_comm *comm);

/* Groups of equal `color`, ordered by rank.  Collective.  Free with ent_comm_free (Collective over the group). */
ent_status ent_comm_split(ent_comm *comm, int color, ent_comm **group);
void ent_comm_free(ent_comm *group);

/* One rank's failure is everyone's: returns the status of the lowest rank that failed, on all ranks, with its message
 * (and "rank r: " before it where the group has more than one rank and not all failed alike); ENT_OK where none
 * failed.  Collective; to be called before a collective that a failed rank would not reach. */
ent_status ent_comm_agree(ent_comm *comm, ent_status mine);

void ent_comm_barrier(ent_comm *comm);                                       /* Collective */
void ent_comm_broadcast(ent_comm *comm, int root, void *data, size_t bytes); /* Collective; any size */

/* Element-wise over ranks, result on all ranks.  Collective. */
void ent_comm_sum(ent_comm *comm, int64_t *values, int64_t n);
void ent_comm_max(ent_comm *comm, double *values, int64_t n);
void ent_comm_exact_sum(ent_comm *comm, ent_exact *sums, int64_t n);

/* Rank r's `bytes` (they may differ) one behind the other in rank order at `root`: `*all` is allocated there
 * (ent_free) and NULL elsewhere, `counts` [size] (may be NULL) holds each rank's bytes at `root`.  Collective.
 * Errors: ENT_ENOMEM, agreed on. */
ent_status ent_comm_gather(ent_comm *comm, int root, const void *data, size_t bytes, void **all, int64_t *counts);

/* Send send_bytes[r] to every rank r, one behind the other in `send`, and get recv_bytes[r] from it in `recv`, alike;
 * any size.  Every rank's counts fit the others'.  Collective. */
void ent_comm_exchange(ent_comm *comm, const void *send, const size_t *send_bytes, void *recv,
                       const size_t *recv_bytes);

/* all: bytes[r] of every rank r, one after the other; each rank has written its own, and gets the others'.  `bytes` is the
 * same on all ranks; any size.  Collective. */
void ent_comm_share(ent_comm *comm, void *all, const size_t *bytes);

/* Swap `bytes` (below 2^31) with a rank: `send` goes there, what it sends comes to `recv`; neither is touched until
 * the swap is over: behind the wait, or a test that says so.  Both ranks start their swaps with each other in the same
 * order.  Local; a wait needs the other's start.  A test never waits; where MPI has no thread of its own, data moves in
 * tests and waits alone, so a rank that computes meanwhile tests often. */
typedef struct ent_swap ent_swap;
ent_status ent_swap_new(ent_comm *comm, ent_swap **out); /* may swap again and again; Local */
void ent_swap_free(ent_swap *swap);
void ent_swap_start(ent_swap *swap, int rank, const void *send, void *recv, size_t bytes);
void ent_swap_wait(ent_swap *swap);
bool ent_swap_test(ent_swap *swap); /* whether it is over */

/* Memory of the ranks of one node that all of them read and write: `bytes` of each, zeroed.  What a rank has written the
 * others see after the next barrier.  *out NULL on all ranks where the ranks are on several nodes, or the node has no room
 * for it, nor for another `later` bytes of each: then the caller sends messages.  Errors: ENT_ENOMEM, agreed on.
 * Collective. */
typedef struct ent_shared ent_shared;
ent_status ent_shared_new(ent_comm *comm, size_t bytes, size_t later, ent_shared **out);
void ent_shared_free(ent_shared *shared); /* Local */
/* The part of this rank of the group.  Local. */
void *ent_shared_part(const ent_shared *shared, int rank);

/* Waits that do not end.  A thread of each rank, which calls no MPI, watches the others of its node: after 60 s in one
 * call it says which rank is awaited and where that was last seen, and again every 5 minutes.  Local. */

/* Around a call that may wait for other ranks, outside this room: HDF5's over MPI. */
void ent_comm_wait_begin(const char *call);
void ent_comm_wait_end(void);
/* Where this rank is, for those who wait for it: "round 3, client 5"; up to 63 bytes.  Cheap. */
void ent_comm_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* End the job when this rank has waited so long in one call; 0, as it is by itself: never. */
void ent_comm_limit_waits(double seconds);
/* End the job when `wish`, asked with NULL by that thread, has been true for 10 s and nobody looks: before the first
 * training (exit code 75: nothing is lost), or while a training waits for ranks that will not answer. */
typedef bool ent_wish(void *context);
void ent_comm_end_if(ent_wish *wish);

/* Stopping together: while each rank is at its own work, any of them may get the wish to stop, and all know of it soon.
 * A period begins with `new` or the last `end`; ranks look as often as they like, and all of them end it.  `wish` is
 * asked on each rank; it is cheap, and once true it stays so. */
typedef struct ent_watch ent_watch;
ent_status ent_watch_new(ent_comm *comm, ent_wish *wish, void *context, ent_watch **out); /* Local */
void ent_watch_free(ent_watch *watch);
/* Whether this rank or one that it has heard of wants to stop.  To be called behind every piece of work; then the others
 * know within two of their looks.  Cost: a clock, and 50 times a second a look for messages.  Local. */
bool ent_watch_look(ent_watch *watch);
/* End the period: whether any rank wants to stop, the same on all ranks.  A rank that waits here for others goes on
 * looking.  Collective. */
bool ent_watch_end(ent_watch *watch);

#endif
