/* A federation inside a program that uses MPI itself: the even ranks train, the odd ones do something else.
 *   mpirun -n 4 host CONFIG.yaml DATA.h5 */
#include <entente/entente.h>
#include <entente/mpi.h>
#include <stdio.h>

static ent_status run(MPI_Comm mine, const char *path, const char *data, double *accuracy)
{
    char file[4096];
    const char *set[1] = {file};
    ent_comm *group;
    ent_config *config = NULL;
    ent_federation *federation = NULL;
    snprintf(file, sizeof file, "data.file=%s", data);
    ENT_TRY(ent_comm_from_mpi(mine, &group));
    ent_status status = ent_config_load(path, 1, set, &config);
    if (status == ENT_OK) status = ent_federation_new(group, config, &federation);
    if (status == ENT_OK) status = ent_federation_train(federation, NULL, NULL);
    if (status == ENT_OK) *accuracy = ent_federation_see(federation).test.accuracy;
    ent_federation_free(federation);
    ent_config_free(config);
    ent_comm_free(group);
    return status;
}

int main(int argc, char **argv)
{
    int rank, provided, failed = 0;
    double accuracy = 0.0, sum;
    MPI_Comm mine;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_split(MPI_COMM_WORLD, rank % 2, rank, &mine);
    if (argc == 3 && rank % 2 == 0) failed = run(mine, argv[1], argv[2], &accuracy) != ENT_OK;
    if (failed) fprintf(stderr, "host: %s\n", ent_message());
    MPI_Allreduce(&accuracy, &sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD); /* MPI is still the host's */
    if (rank == 0) printf("accuracy %.4f\n", accuracy);
    MPI_Comm_free(&mine);
    MPI_Finalize();
    return failed || argc != 3;
}
