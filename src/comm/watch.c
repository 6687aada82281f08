/* Ask all ranks "shall we stop?" while each of them does its own work.
 *
 * A rank that is asked to stop sends an empty message to every other rank, once per period; the others find it at
 * their next look.  A period ends with a non-blocking barrier, so a rank that waits for the others still looks for
 * requests and can notify them.  After the barrier the ranks count how many of them have notified the others: each
 * rank has to receive that many messages, less its own, so that none is left over for the next period.  Cost of a
 * look: reading a clock and one call; messages are probed for every LOOK_S. */
#include <mpi.h>

#include "entente/clock.h"
#include "entente/comm.h"
#include "entente/memory.h"
#include "stall.h"

enum { TAG = 4 };
static const double LOOK_S = 0.02;

struct ent_watch {
    MPI_Comm mpi;
    int rank, size;
    ent_stop_request *stop;
    void *context;
    bool told;         /* this rank has notified the others */
    int64_t heard;     /* notifications received */
    double looked_s;   /* time of the last probe */
    MPI_Request *sent; /* [size] */
};

ent_status ent_watch_new(ent_comm *comm, ent_stop_request *stop, void *context, ent_watch **out)
{
    ent_watch *w = ent_alloc(1, sizeof *w);
    MPI_Request *sent = ent_alloc(ent_comm_size(comm), sizeof(MPI_Request));
    if (!w || !sent) {
        ent_free(w);
        ent_free(sent);
        return ent_fail(ENT_ENOMEM, "watch: no memory");
    }
    *w = (ent_watch){*(const MPI_Comm *)ent_comm_mpi(comm),
                     ent_comm_rank(comm),
                     ent_comm_size(comm),
                     stop,
                     context,
                     false,
                     0,
                     0.0,
                     sent};
    for (int r = 0; r < w->size; r++) sent[r] = MPI_REQUEST_NULL;
    ent_stall_training();
    *out = w;
    return ENT_OK;
}

void ent_watch_free(ent_watch *w)
{
    if (!w) return;
    ent_free(w->sent);
    ent_free(w);
}

static void tell(ent_watch *w)
{
    for (int r = 0; r < w->size; r++)
        if (r != w->rank) MPI_Isend(NULL, 0, MPI_BYTE, r, TAG, w->mpi, &w->sent[r]);
    w->told = true;
}

static void hear(ent_watch *w)
{
    MPI_Recv(NULL, 0, MPI_BYTE, MPI_ANY_SOURCE, TAG, w->mpi, MPI_STATUS_IGNORE);
    w->heard++;
}

bool ent_watch_look(ent_watch *w)
{
    if (!w->told && w->stop(w->context)) tell(w);
    const double now = ent_clock_s();
    if (w->told || w->heard > 0 || w->size == 1 || now - w->looked_s < LOOK_S) return w->told || w->heard > 0;
    int there;
    w->looked_s = now;
    MPI_Iprobe(MPI_ANY_SOURCE, TAG, w->mpi, &there, MPI_STATUS_IGNORE);
    if (there) hear(w);
    return there;
}

bool ent_watch_end(ent_watch *w)
{
    MPI_Request all;
    int over = 0;
    int64_t told[2];
    ent_comm_wait_begin("the end of a piece of work");
    MPI_Ibarrier(w->mpi, &all);
    for (MPI_Test(&all, &over, MPI_STATUS_IGNORE); !over; MPI_Test(&all, &over, MPI_STATUS_IGNORE)) ent_watch_look(w);
    told[0] = w->told;
    told[1] = w->told || w->stop(w->context);
    MPI_Allreduce(MPI_IN_PLACE, told, 2, MPI_INT64_T, MPI_SUM, w->mpi);
    while (w->heard < told[0] - w->told) hear(w);
    MPI_Waitall(w->size, w->sent, MPI_STATUSES_IGNORE);
    ent_comm_wait_end();
    w->told = false;
    w->heard = 0;
    return told[1] > 0;
}
