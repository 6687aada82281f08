/* Where this rank is, for those who wait for it: calls of comm.c and watch.c around what may wait.  Local. */
#ifndef ENTENTE_COMM_STALL_H
#define ENTENTE_COMM_STALL_H

#include <mpi.h>

/* Begin watching, once MPI runs; and end it, before MPI ends.  Collective over the world. */
void ent_stall_start(MPI_Comm world);
void ent_stall_stop(void);
/* A training has begun: from here on it looks itself whether it is asked to stop. */
void ent_stall_training(void);

#endif
