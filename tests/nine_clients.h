/* Nine clients for the tests of aggregation rules: who has which modality, and a round of random changes. */
#ifndef ENTENTE_TESTS_NINE_CLIENTS_H
#define ENTENTE_TESTS_NINE_CLIENTS_H

#include "fed/fed.h"

#include "small_model.h"

enum { CLIENTS = 9, ROUNDS = 8, MAX_ROWS = 40, MAX_PARAMS = 256, MAX_BLOCKS = 64 };

static ent_comm *world;

/* Nine clients with 2 to 4 rows.  All have text in every row; clients 0 to 6 have audio in every second row; none has
 * vision. */
typedef struct {
    ent_config config;
    ent_federation f;
    int64_t first[CLIENTS + 1];
    uint32_t context[MAX_ROWS];
} fixture;

static inline void fixture_make(fixture *x, ent_aggregation rule)
{
    const ent_model_inp inp = small_model();
    *x = (fixture){.config = {.federation = {.aggregation = rule, .participation = 1.0},
                              .server = {.mu = 0.3,
                                         .learning_rate = 0.5,
                                         .momentum = 0.7,
                                         .beta1 = 0.6,
                                         .beta2 = 0.8,
                                         .tau = 0.05,
                                         .alpha = 0.4,
                                         .trim = 0.25,
                                         .faulty = 1,
                                         .select = 2,
                                         .temperature = 0.5,
                                         .mixing = 0.1,
                                         .floor = 0.15,
                                         .suppression = 1.1,
                                         .threshold = 0.2,
                                         .own_share = 0.3},
                              .client = {.epochs = 1, .learning_rate = 0.07, .momentum = 0.8},
                              .seeds = {.sampling = 5}}};
    x->f = (ent_federation){.config = &x->config,
                            .ranks = {.world = world, .lane = world},
                            .population = {.config = &x->config, .clients = CLIENTS, .modalities = 3}};
    check_ok(ent_model_new(&inp, &x->f.model));
    assert_true(ent_model_params(x->f.model) <= MAX_PARAMS);
    for (int c = 0; c < CLIENTS; c++) {
        x->first[c + 1] = x->first[c] + 2 + c % 3;
        for (int64_t j = 0; j < 2 + c % 3; j++) x->context[x->first[c] + j] = c < 7 && j % 2 == 0 ? 3 : 1;
    }
    x->f.population.part[ENT_TRAIN] = (ent_part){.n = x->first[CLIENTS], .first = x->first, .context = x->context};
}

static inline void fixture_clear(fixture *x)
{
    ent_model_free(x->f.model);
}

/* Rows of client c that train a block, counted from the table above. */
static inline int rows_that_train(uint32_t needs, int c)
{
    if (needs & 4) return 0;
    if (needs & 2) return c < 7 ? (3 + c % 3) / 2 : 0;
    return 2 + c % 3;
}

typedef struct {
    bool asked[CLIENTS];
    double delta[CLIENTS][MAX_PARAMS]; /* NaN where the client did not train */
    int64_t steps[CLIENTS][MAX_BLOCKS];
} drawn_round;

/* In round 3 only clients without audio take part; in round 4 a single client. */
static inline void draw_round(const fixture *x, int round, drawn_round *r)
{
    ent_random stream = ent_random_at(7, ENT_FOR_TEST, 1, (uint64_t)round);
    const ent_block *block;
    const int blocks = ent_model_blocks(x->f.model, &block);
    for (int c = 0; c < CLIENTS; c++) {
        r->asked[c] = round == 3 ? c >= 7 : round == 4 ? c == 5 : ent_random_uniform(&stream) < 0.8;
        for (int b = 0; b < blocks; b++) {
            const bool trained = rows_that_train(block[b].needs, c) > 0;
            r->steps[c][b] = trained ? 1 + (int64_t)ent_random_below(&stream, 5) : 0;
            for (int k = block[b].first; k < block[b].first + block[b].count; k++)
                r->delta[c][k] = trained ? ent_random_normal(&stream) : NAN;
        }
    }
}

/* main: as CHECK_MAIN, with a world of one rank. */
#define NINE_CLIENTS_MAIN(computes, refuses)                                                                         \
    int main(int argc, char **argv)                                                                                  \
    {                                                                                                                \
        if (ent_comm_start(&argc, &argv, &world) != ENT_OK) return 1;                                                \
        int failed = cmocka_run_group_tests_name("computes", computes, NULL, NULL);                                  \
        failed += cmocka_run_group_tests_name("refuses", refuses, NULL, NULL);                                       \
        ent_comm_finish(world);                                                                                      \
        return failed;                                                                                               \
    }

#endif
