/* An aggregation rule of one's own: the server moves by the sign of the mean change, a fixed step in every parameter.
 *   mpirun -n 2 rule CONFIG.yaml [KEY=VALUE ...]
 * The configuration may say `federation.aggregation: sign_step` once the rule is registered. */
#include <entente/entente.h>
#include <stdio.h>

/* Block by block: one that no client trained has weight 0 and keeps its value. */
static void step(ent_rule_state *s, const ent_mean *mean, double *w)
{
    const double rate = ent_rule_rate(s, 0.01); /* server.learning_rate, 0.01 where it is 0 */
    for (int b = 0; b < s->blocks; b++) {
        const ent_block *block = &s->block[b];
        if (mean->weight[b] == 0.0) continue;
        for (int k = block->first; k < block->first + block->count; k++)
            w[k] += rate * ((mean->delta[k] > 0.0) - (mean->delta[k] < 0.0));
    }
}

static ent_status run(ent_comm *world, int argc, char **argv)
{
    static ent_rule rule; /* everything that is not set is 0: the default */
    ent_aggregation sign_step;
    ent_config *config;
    ent_federation *federation = NULL;
    rule.step = step;
    ENT_TRY(ent_rule_register("sign_step", &rule, &sign_step));
    ENT_TRY(ent_config_load(argv[1], argc - 2, (const char *const *)argv + 2, &config));
    config->federation.aggregation = sign_step;
    ent_status status = ent_federation_new(world, config, &federation);
    if (status == ENT_OK) status = ent_federation_train(federation, NULL, NULL);
    if (status == ENT_OK && ent_comm_rank(world) == 0)
        printf("accuracy %.4f\n", ent_federation_see(federation).test.accuracy);
    ent_federation_free(federation);
    ent_config_free(config);
    return status;
}

int main(int argc, char **argv)
{
    ent_comm *world;
    if (argc < 2 || ent_comm_start(&argc, &argv, &world) != ENT_OK) return 2;
    const ent_status status = run(world, argc, argv);
    if (status != ENT_OK && ent_comm_rank(world) == 0) fprintf(stderr, "rule: %s\n", ent_message());
    ent_comm_finish(world);
    return status != ENT_OK;
}
