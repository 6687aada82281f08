/* Secure aggregation: what a round costs beyond adding up, with all clients on one rank, so that each client's keys,
 * shares and masks and the server's work are computed by one core.
 *
 * A share of the clients drops out after the shares are dealt.  The sum is compared with that of the plain vectors
 * before anything is printed.  Times are processor time of one thread, the least of several rounds. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "entente/memory.h"
#include "entente/random.h"
#include "fed/privacy/secure_round.h"

static void must(ent_status status)
{
    if (status == ENT_OK) return;
    fprintf(stderr, "bench_secure: %s\n", ent_message());
    exit(1);
}

static double processor_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Seconds of a round. */
static double play(ent_comm *world, const ent_config *config, int64_t clients, double dropout, int64_t n,
                   int64_t round)
{
    ent_secure_cohort cohort = {.round = round, .clients = clients};
    ent_secure_round *secure;
    ent_ring *sum = ent_alloc(n, sizeof *sum), *wanted = ent_alloc(n, sizeof *wanted);
    cohort.host = ent_alloc(clients, sizeof *cohort.host);
    cohort.answered = ent_alloc(clients, sizeof *cohort.answered);
    cohort.client = ent_alloc(clients, sizeof *cohort.client);
    cohort.done = ent_alloc(clients, sizeof *cohort.done);
    const bool there = cohort.host && cohort.answered && cohort.client && cohort.done;
    must(sum && wanted && there ? ENT_OK : ent_fail(ENT_ENOMEM, "no memory"));
    for (int64_t c = 0; c < clients; c++) {
        ent_random stream = ent_random_at(1, ENT_FOR_TEST, (uint64_t)c, (uint64_t)round);
        cohort.client[c] = c;
        cohort.answered[c] = ent_random_uniform(&stream) >= dropout;
        for (int64_t k = 0; cohort.answered[c] && k + 1 < n; k++)
            wanted[k] += ent_random_bits(&stream, (uint64_t)k + 1);
    }
    memcpy(sum, wanted, (size_t)n * sizeof *sum);
    const double begin = processor_s();
    must(ent_secure_begin(world, config, &cohort, &secure));
    must(ent_secure_sum(secure, n, sum));
    const double seconds = processor_s() - begin;
    must(memcmp(sum, wanted, (size_t)(n - 1) * sizeof *sum) == 0 ? ENT_OK : ent_fail(ENT_ENUMERIC, "another sum"));
    ent_secure_end(secure);
    ent_secure_cohort_clear(&cohort);
    ent_free(sum);
    ent_free(wanted);
    return seconds;
}

int main(int argc, char **argv)
{
    static const struct {
        int64_t clients;
        int neighbours;
        double dropout;
        int64_t n;
    } SIZES[] = {{100, 0, 0.0, 200},   {100, 0, 0.3, 200},    {1000, 12, 0.0, 200}, {1000, 20, 0.0, 200},
                 {1000, 20, 0.3, 200}, {1000, 20, 0.3, 2000}, {1000, 50, 0.3, 200}};
    ent_comm *world;
    must(ent_comm_start(&argc, &argv, &world));
    printf("  clients  neighbours  dropout  numbers  s per round\n");
    for (size_t k = 0; k < sizeof SIZES / sizeof *SIZES; k++) {
        ent_config config;
        ent_config_default(&config);
        config.federation.secure = (ent_config_secure){.threshold = 0.25, .neighbours = SIZES[k].neighbours};
        double least = INFINITY;
        for (int round = 0; round < 2; round++)
            least = fmin(least, play(world, &config, SIZES[k].clients, SIZES[k].dropout, SIZES[k].n, round));
        printf("  %7lld  %10d  %7.1f  %7lld  %11.3f\n", (long long)SIZES[k].clients,
               SIZES[k].neighbours ? SIZES[k].neighbours : (int)SIZES[k].clients - 1, SIZES[k].dropout,
               (long long)SIZES[k].n, least);
    }
    ent_comm_finish(world);
    return 0;
}
