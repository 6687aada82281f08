/* A split of one's own: every client has samples of one class only, class c at the clients c, c + C, c + 2 C, ...
 *   mpirun -n 2 split CONFIG.yaml [KEY=VALUE ...] */
#include <entente/entente.h>
#include <stdio.h>

/* A pure function of its arguments, so that every rank finds the same.  A stratum is a class. */
static ent_status one_class(void *context, const ent_split_inp *inp, const ent_split_rows *rows, int32_t *client)
{
    (void)context;
    ENT_REQUIRE(inp->clients >= rows->strata, ENT_ECONFIG, "one_class: %d clients, want one per class at least, %d",
                inp->clients, rows->strata);
    for (int64_t k = 0; k < rows->n; k++) {
        const int c = rows->stratum[k], clients = (inp->clients - c + rows->strata - 1) / rows->strata;
        client[k] = (int32_t)(c + rows->strata * (k % clients));
    }
    return ENT_OK;
}

static ent_status run(ent_comm *world, int argc, char **argv)
{
    ent_split_kind kind;
    ent_config *config;
    ent_federation *federation = NULL;
    ENT_TRY(ent_split_register("one_class", one_class, NULL, &kind));
    ENT_TRY(ent_config_load(argv[1], argc - 2, (const char *const *)argv + 2, &config));
    config->federation.split = kind;
    ent_status status = ent_federation_new(world, config, &federation);
    if (status == ENT_OK) status = ent_federation_train(federation, NULL, NULL);
    if (status == ENT_OK && ent_comm_rank(world) == 0) {
        const ent_federation_view seen = ent_federation_see(federation);
        const ent_part *train = &seen.part[ENT_TRAIN];
        for (int64_t k = 1; k < train->n; k++) /* sorted by client */
            if (train->client[k] == train->client[k - 1] && train->category[k] != train->category[k - 1])
                status = ent_fail(ENT_EDATA, "client %d has two classes", train->client[k]);
        printf("%d clients, accuracy %.4f\n", (int)seen.clients, seen.test.accuracy);
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
    if (status != ENT_OK && ent_comm_rank(world) == 0) fprintf(stderr, "split: %s\n", ent_message());
    ent_comm_finish(world);
    return status != ENT_OK;
}
