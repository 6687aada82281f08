/* Entente inside a program that uses MPI itself.  The only header that needs mpi.h. */
#ifndef ENTENTE_MPI_H
#define ENTENTE_MPI_H

#include <mpi.h>

#include "entente/comm.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A communicator with the ranks of `mpi`, on a duplicate of it, so that messages of Entente never mix with those of
 * the host.  The host has called MPI_Init or MPI_Init_thread, keeps owning MPI and calls MPI_Finalize after
 * ent_comm_free; `mpi` and its error handler stay as they are.  Use it where a stand-alone program would call
 * ent_comm_start, and never call ent_comm_finish with it.  Entente calls MPI from the calling thread only; its OpenMP
 * threads never do, which is MPI_THREAD_FUNNELED.  A host that was granted less should run one thread per rank
 * (run.threads).
 * Collective over `mpi`.  Errors: ENT_EARG where MPI has not been started or is finalised; ENT_ENOMEM. */
ent_status ent_comm_from_mpi(MPI_Comm mpi, ent_comm **out);

#ifdef __cplusplus
}
#endif

#endif
