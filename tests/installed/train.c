/* Train a model from a configuration file:  mpirun -n 2 train CONFIG.yaml [KEY=VALUE ...] */
#include <entente/entente.h>
#include <stdio.h>

static ent_status report(void *context, const ent_federation *federation, const ent_round *round)
{
    (void)context, (void)federation;
    printf("round %d: training loss %.4f\n", (int)round->round + 1, round->train_loss);
    return ENT_OK;
}

static ent_status run(ent_comm *world, int argc, char **argv)
{
    ent_config *config;
    ent_federation *federation = NULL;
    ENT_TRY(ent_config_load(argv[1], argc - 2, (const char *const *)argv + 2, &config));
    ent_status status = ent_federation_new(world, config, &federation);
    if (status == ENT_OK) status = ent_federation_train(federation, report, NULL);
    if (status == ENT_OK && ent_comm_rank(world) == 0) {
        const ent_federation_view seen = ent_federation_see(federation);
        printf("%d parameters, engine %s, accuracy %.4f\n", seen.params, seen.engine, seen.test.accuracy);
    }
    ent_federation_free(federation);
    ent_config_free(config);
    return status;
}

int main(int argc, char **argv)
{
    ent_comm *world;
    if (argc < 2 || ent_comm_start(&argc, &argv, &world) != ENT_OK) return 2;
    const ent_status status = run(world, argc, argv);
    if (status != ENT_OK && ent_comm_rank(world) == 0) fprintf(stderr, "train: %s\n", ent_message());
    ent_comm_finish(world);
    return status != ENT_OK;
}
