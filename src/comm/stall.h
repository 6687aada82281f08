/* Records where this rank is, for ranks that wait for it.  comm.c and watch.c enclose operations that may wait
 * with these calls.  Local. */
#ifndef ENTENTE_COMM_STALL_H
#define ENTENTE_COMM_STALL_H

#include <mpi.h>

/* Start watching after MPI has been initialised; stop before MPI is finalised.  Collective over the world. */
void ent_stall_start(MPI_Comm world);
void ent_stall_stop(void);
/* A training has begun: from here on it checks for stop requests itself. */
void ent_stall_training(void);

#endif
