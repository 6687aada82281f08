/* A plain interface to MPI.  Counts above 2^31 are sent in pieces of one gigabyte. */
#include "entente/comm.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "entente/cores.h"
#include "entente/memory.h"
#include "entente/mpi.h"
#include "stall.h"

struct ent_comm {
    MPI_Comm mpi;
    int rank, size;
};

static const size_t PIECE_BYTES = (size_t)1 << 30;

/* Statically allocated: a rank that failed here would leave the others waiting in their first agreement. */
static ent_comm the_world;

/* A call that may wait for other ranks. */
#define WAITING(call, ...)                                                                                           \
    do {                                                                                                             \
        ent_comm_wait_begin(call);                                                                                   \
        __VA_ARGS__;                                                                                                 \
        ent_comm_wait_end();                                                                                         \
    } while (0)

static ent_status wrap(MPI_Comm mpi, ent_comm **out)
{
    ent_comm *comm = ent_alloc(1, sizeof *comm);
    ENT_REQUIRE(comm, ENT_ENOMEM, "communicator: no memory");
    comm->mpi = mpi;
    MPI_Comm_rank(mpi, &comm->rank);
    MPI_Comm_size(mpi, &comm->size);
    *out = comm;
    return ENT_OK;
}

ent_status ent_comm_start(int *argc, char ***argv, ent_comm **world)
{
    int provided;
    MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &provided);
    the_world.mpi = MPI_COMM_WORLD;
    MPI_Comm_rank(MPI_COMM_WORLD, &the_world.rank);
    MPI_Comm_size(MPI_COMM_WORLD, &the_world.size);
    *world = &the_world;
    ent_stall_start(MPI_COMM_WORLD);
    ENT_REQUIRE(provided >= MPI_THREAD_FUNNELED, ENT_EARG, "this MPI library has no MPI_THREAD_FUNNELED");
    return ENT_OK;
}

void ent_comm_finish(ent_comm *world)
{
    WAITING("the end of the program", MPI_Barrier(world->mpi));
    ent_stall_stop();
    MPI_Finalize();
}

ent_status ent_comm_from_mpi(MPI_Comm mpi, ent_comm **out)
{
    int started, ended;
    MPI_Initialized(&started);
    MPI_Finalized(&ended);
    ENT_REQUIRE(started && !ended, ENT_EARG,
                "MPI: found it %s, want a host that has initialised and not finalised it",
                ended ? "finalised" : "not started");
    MPI_Comm copy;
    MPI_Comm_dup(mpi, &copy);
    MPI_Comm_set_errhandler(copy, MPI_ERRORS_ARE_FATAL);
    ent_comm *made = NULL;
    int failed = wrap(copy, &made) != ENT_OK, any;
    MPI_Allreduce(&failed, &any, 1, MPI_INT, MPI_MAX, copy);
    if (any) {
        MPI_Comm_free(&copy);
        ent_free(made);
        return ent_fail(ENT_ENOMEM, "communicator: no memory");
    }
    *out = made;
    return ENT_OK;
}

void ent_comm_abort(ent_comm *comm, int code)
{
    MPI_Abort(comm->mpi, code);
    abort();
}

const void *ent_comm_mpi(const ent_comm *comm)
{
    return &comm->mpi;
}

int ent_comm_rank(const ent_comm *comm)
{
    return comm->rank;
}

int ent_comm_size(const ent_comm *comm)
{
    return comm->size;
}

const char *ent_comm_library(void)
{
    static char text[MPI_MAX_LIBRARY_VERSION_STRING];
    int length;
    MPI_Get_library_version(text, &length);
    text[strcspn(text, "\n")] = '\0'; /* MPICH reports its whole configuration */
    char *package =
        strstr(text, ", package:"); /* Open MPI: the version and the text after it, without the name of the builder */
    char *ident = strstr(text, ", ident:");
    if (package && ident) *package = '\0';
    for (char *tab = text; (tab = strchr(tab, '\t'));) *tab = ' ';
    return text;
}

int ent_comm_node_ranks(ent_comm *comm)
{
    MPI_Comm node;
    int ranks;
    WAITING("a split", MPI_Comm_split_type(comm->mpi, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node));
    MPI_Comm_size(node, &ranks);
    MPI_Comm_free(&node);
    return ranks;
}

int ent_comm_node_cores(ent_comm *comm)
{
    MPI_Comm node;
    cpu_set_t bound;
    const int quota = ent_cores_quota();
    int known = sched_getaffinity(0, sizeof bound, &bound) == 0;
    MPI_Comm_split_type(comm->mpi, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
    MPI_Allreduce(MPI_IN_PLACE, &bound, sizeof bound, MPI_BYTE, MPI_BOR, node);
    MPI_Allreduce(MPI_IN_PLACE, &known, 1, MPI_INT, MPI_LAND, node);
    MPI_Comm_free(&node);
    const int cores = known ? CPU_COUNT(&bound) : (int)sysconf(_SC_NPROCESSORS_ONLN);
    return cores < quota ? cores : quota;
}

static void discard(MPI_Comm mpi, ent_comm *comm)
{
    MPI_Comm_free(&mpi);
    ent_free(comm);
}

ent_status ent_comm_split(ent_comm *comm, int color, ent_comm **group)
{
    MPI_Comm mpi;
    WAITING("a split", MPI_Comm_split(comm->mpi, color, comm->rank, &mpi));
    ent_comm *made = NULL;
    const ent_status status = ent_comm_agree(comm, wrap(mpi, &made));
    if (status == ENT_OK)
        *group = made;
    else
        discard(mpi, made);
    return status;
}

void ent_comm_free(ent_comm *group)
{
    if (group) discard(group->mpi, group);
}

ent_status ent_comm_agree(ent_comm *comm, ent_status mine)
{
    int failed = mine == ENT_OK ? comm->size : comm->rank, first;
    WAITING("an agreement", MPI_Allreduce(&failed, &first, 1, MPI_INT, MPI_MIN, comm->mpi));
    if (first == comm->size) return ENT_OK;
    int count = mine == ENT_OK ? 0 : 1, failures;
    WAITING("an agreement", MPI_Allreduce(&count, &failures, 1, MPI_INT, MPI_SUM, comm->mpi));
    char text[2048] = "";
    int status = (int)mine;
    snprintf(text, sizeof text, "%s", ent_message());
    MPI_Bcast(&status, 1, MPI_INT, first, comm->mpi);
    MPI_Bcast(text, sizeof text, MPI_CHAR, first, comm->mpi);
    if (failures < comm->size) return ent_fail((ent_status)status, "rank %d: %.2000s", first, text);
    return ent_fail((ent_status)status, "%s", text);
}

void ent_comm_barrier(ent_comm *comm)
{
    WAITING("a barrier", MPI_Barrier(comm->mpi));
}

void ent_comm_broadcast(ent_comm *comm, int root, void *data, size_t bytes)
{
    for (size_t done = 0; done < bytes; done += PIECE_BYTES) {
        const size_t left = bytes - done;
        WAITING("a broadcast", MPI_Bcast((char *)data + done, (int)(left < PIECE_BYTES ? left : PIECE_BYTES),
                                         MPI_BYTE, root, comm->mpi));
    }
}

static void reduce(ent_comm *comm, void *values, int64_t n, size_t size, MPI_Datatype type, MPI_Op op)
{
    const int64_t piece = (int64_t)(PIECE_BYTES / size);
    for (int64_t done = 0; done < n; done += piece) {
        const int64_t left = n - done;
        WAITING("a sum", MPI_Allreduce(MPI_IN_PLACE, (char *)values + (size_t)done * size,
                                       (int)(left < piece ? left : piece), type, op, comm->mpi));
    }
}

void ent_comm_sum(ent_comm *comm, int64_t *values, int64_t n)
{
    reduce(comm, values, n, sizeof *values, MPI_INT64_T, MPI_SUM);
}

void ent_comm_max(ent_comm *comm, double *values, int64_t n)
{
    reduce(comm, values, n, sizeof *values, MPI_DOUBLE, MPI_MAX);
}

void ent_comm_exact_sum(ent_comm *comm, ent_exact *sums, int64_t n)
{
    ent_comm_sum(comm, (int64_t *)sums, 4 * n);
}

/* Rank by rank, so that no count or displacement has to fit into an int. */
static void collect(ent_comm *comm, int root, const void *data, size_t bytes, char *all, const int64_t *counts)
{
    enum { TAG = 1 };
    if (comm->rank != root) {
        for (size_t done = 0; done < bytes; done += PIECE_BYTES) {
            const size_t left = bytes - done;
            WAITING("a gathering", MPI_Send((const char *)data + done, (int)(left < PIECE_BYTES ? left : PIECE_BYTES),
                                            MPI_BYTE, root, TAG, comm->mpi));
        }
        return;
    }
    for (int r = 0; r < comm->size; r++) {
        const size_t length = (size_t)counts[r];
        if (r == root && length > 0) memcpy(all, data, length);
        for (size_t done = 0; r != root && done < length; done += PIECE_BYTES) {
            const size_t left = length - done;
            WAITING("a gathering", MPI_Recv(all + done, (int)(left < PIECE_BYTES ? left : PIECE_BYTES), MPI_BYTE, r,
                                            TAG, comm->mpi, MPI_STATUS_IGNORE));
        }
        all += length;
    }
}

ent_status ent_comm_gather(ent_comm *comm, int root, const void *data, size_t bytes, void **all, int64_t *counts)
{
    int64_t *length = ent_alloc(comm->size, sizeof *length), mine = (int64_t)bytes, total = 0;
    ent_status status = ent_comm_agree(comm, length ? ENT_OK : ent_fail(ENT_ENOMEM, "gather: no memory"));
    if (status != ENT_OK) {
        ent_free(length);
        return status;
    }
    WAITING("a gathering", MPI_Gather(&mine, 1, MPI_INT64_T, length, 1, MPI_INT64_T, root, comm->mpi));
    char *buffer = NULL;
    if (comm->rank == root) {
        for (int r = 0; r < comm->size; r++) total += length[r];
        buffer = ent_alloc(total, 1);
    }
    if (comm->rank == root && !buffer)
        status = ent_fail(ENT_ENOMEM, "gather of %lld bytes: no memory", (long long)total);
    status = ent_comm_agree(comm, status);
    if (status == ENT_OK) {
        collect(comm, root, data, bytes, buffer, length);
        if (counts && comm->rank == root) memcpy(counts, length, (size_t)comm->size * sizeof *length);
        *all = buffer;
    } else {
        ent_free(buffer);
    }
    ent_free(length);
    return status;
}

static size_t bytes_before(const size_t *bytes, int rank)
{
    size_t sum = 0;
    for (int r = 0; r < rank; r++) sum += bytes[r];
    return sum;
}

static int piece_of(size_t bytes, size_t done)
{
    if (done >= bytes) return 0;
    return (int)(bytes - done < PIECE_BYTES ? bytes - done : PIECE_BYTES);
}

/* In step k every rank sends to rank + k and receives from rank - k (modulo the size). */
void ent_comm_exchange(ent_comm *comm, const void *send, const size_t *send_bytes, void *recv,
                       const size_t *recv_bytes)
{
    enum { TAG = 3 };
    for (int k = 0; k < comm->size; k++) {
        const int to = (comm->rank + k) % comm->size, from = (comm->rank - k + comm->size) % comm->size;
        const char *out = (const char *)send + bytes_before(send_bytes, to);
        char *in = (char *)recv + bytes_before(recv_bytes, from);
        const size_t most = send_bytes[to] > recv_bytes[from] ? send_bytes[to] : recv_bytes[from];
        for (size_t done = 0; done < most; done += PIECE_BYTES) {
            const int out_piece = piece_of(send_bytes[to], done), in_piece = piece_of(recv_bytes[from], done);
            WAITING("an exchange",
                    MPI_Sendrecv(out_piece ? out + done : NULL, out_piece, MPI_BYTE, out_piece ? to : MPI_PROC_NULL,
                                 TAG, in_piece ? in + done : NULL, in_piece, MPI_BYTE,
                                 in_piece ? from : MPI_PROC_NULL, TAG, comm->mpi, MPI_STATUS_IGNORE));
        }
    }
}

void ent_comm_share(ent_comm *comm, void *all, const size_t *bytes)
{
    enum { TAG = 5 };
    const char *mine = (const char *)all + bytes_before(bytes, comm->rank);
    for (int k = 1; k < comm->size; k++) {
        const int to = (comm->rank + k) % comm->size, from = (comm->rank - k + comm->size) % comm->size;
        char *in = (char *)all + bytes_before(bytes, from);
        const size_t most = bytes[comm->rank] > bytes[from] ? bytes[comm->rank] : bytes[from];
        for (size_t done = 0; done < most; done += PIECE_BYTES) {
            const int out_piece = piece_of(bytes[comm->rank], done), in_piece = piece_of(bytes[from], done);
            WAITING("an exchange",
                    MPI_Sendrecv(out_piece ? mine + done : NULL, out_piece, MPI_BYTE, out_piece ? to : MPI_PROC_NULL,
                                 TAG, in_piece ? in + done : NULL, in_piece, MPI_BYTE,
                                 in_piece ? from : MPI_PROC_NULL, TAG, comm->mpi, MPI_STATUS_IGNORE));
        }
    }
}

/* ---- swaps ---- */

struct ent_swap {
    ent_comm *comm;
    MPI_Request request[2];
};

ent_status ent_swap_new(ent_comm *comm, ent_swap **out)
{
    ent_swap *swap = ent_alloc(1, sizeof *swap);
    ENT_REQUIRE(swap, ENT_ENOMEM, "swap: no memory");
    *swap = (ent_swap){comm, {MPI_REQUEST_NULL, MPI_REQUEST_NULL}};
    *out = swap;
    return ENT_OK;
}

void ent_swap_free(ent_swap *swap)
{
    ent_free(swap);
}

void ent_swap_start(ent_swap *swap, int rank, const void *send, void *recv, size_t bytes)
{
    enum { TAG = 2 };
    ENT_ASSERT(bytes <= PIECE_BYTES);
    MPI_Irecv(recv, (int)bytes, MPI_BYTE, rank, TAG, swap->comm->mpi, &swap->request[0]);
    MPI_Isend(send, (int)bytes, MPI_BYTE, rank, TAG, swap->comm->mpi, &swap->request[1]);
}

void ent_swap_wait(ent_swap *swap)
{
    WAITING("a swap", MPI_Waitall(2, swap->request, MPI_STATUSES_IGNORE));
}

bool ent_swap_test(ent_swap *swap)
{
    int over;
    MPI_Testall(2, swap->request, &over, MPI_STATUSES_IGNORE);
    return over;
}
