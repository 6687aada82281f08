/* entente privacy: what rounds of noisy sums give away, or the noise that keeps an epsilon, before a job is queued.
 */
#include <errno.h>
#include <math.h>

#include "app.h"
#include "cli/json.h"
#include "entente/privacy.h"

typedef struct {
    int64_t rounds, cohort, clients;
    double noise, epsilon, delta; /* 0: not given */
    bool json;
} arguments;

static error_t check(struct argp_state *state, char *value, void *arguments_)
{
    const arguments *a = arguments_;
    (void)value;
    if (cli_want(state, a->rounds > 0, "--rounds") || cli_want(state, a->cohort > 0, "--cohort") ||
        cli_want(state, a->clients > 0, "--clients") || cli_want(state, !isnan(a->delta), "--delta"))
        return EINVAL;
    if ((a->noise > 0.0) == (a->epsilon > 0.0)) {
        argp_error(state, "want one of --noise and --epsilon");
        return EINVAL;
    }
    if (a->cohort > a->clients) {
        argp_error(state, "--cohort: found %lld, want at most the clients, %lld", (long long)a->cohort,
                   (long long)a->clients);
        return EINVAL;
    }
    return 0;
}

#define AT(field) offsetof(arguments, field)

static const cli_option OPTIONS[] = {
    {"rounds", 0, "N", "rounds of training", AT(rounds), .type = CLI_WHOLE, .low = 1, .high = 1e9},
    {"cohort", 0, "N", "clients that take part in a round, in the mean", AT(cohort), .type = CLI_WHOLE, .low = 1,
     .high = 0x1p40},
    {"clients", 0, "N", "all clients", AT(clients), .type = CLI_WHOLE, .low = 1, .high = 0x1p40},
    {"delta", 0, "D", "chance that epsilon does not hold, between 0 and 1; well below 1 over the clients", AT(delta),
     .type = CLI_REAL, .low = -INFINITY, .high = INFINITY},
    {"noise", 0, "Z", "noise multiplier: deviation of the noise over the clipping norm", AT(noise), .type = CLI_REAL,
     .low = 0.01, .high = 1e6},
    {"epsilon", 0, "E", "instead of --noise: find the noise multiplier that keeps this epsilon", AT(epsilon),
     .type = CLI_REAL, .low = 1e-12, .high = 1e6},
    CLI_OPTION_JSON(AT(json)),
    {0}};

static const cli_line LINE = {
    .options = OPTIONS,
    .check = check,
    .doc =
        "Say what a training with differential privacy gives away, or which noise keeps an epsilon, before a job is "
        "queued.\v"
        "For clients that take part independently of each other, with the chance cohort over clients "
        "(federation.sampling: "
        "poisson), and for one client more or less.  pld (privacy loss distributions) and rdp (Renyi divergences) "
        "are "
        "both "
        "upper bounds; pld is the closer one.  A cohort of all clients is one without sampling."};

/* Epsilon and noise by each accountant. */
typedef struct {
    double epsilon[ENT_ACCOUNTANTS], noise[ENT_ACCOUNTANTS];
} answer;

static ent_status find(const arguments *a, answer *out)
{
    ent_mechanism m = {.rate = (double)a->cohort / (double)a->clients, .noise = a->noise, .steps = a->rounds};
    for (int k = 0; k < ENT_ACCOUNTANTS; k++) {
        if (a->epsilon > 0.0) ENT_TRY(ent_privacy_noise((ent_accountant)k, &m, a->epsilon, a->delta, &m.noise));
        out->noise[k] = m.noise;
        ENT_TRY(ent_privacy_epsilon((ent_accountant)k, &m, a->delta, &out->epsilon[k]));
    }
    return ENT_OK;
}

static void print(const arguments *a, const answer *found)
{
    printf("%lld round%s, %lld of %lld clients in a round (chance %g), delta %g\n\n", (long long)a->rounds,
           a->rounds == 1 ? "" : "s", (long long)a->cohort, (long long)a->clients,
           (double)a->cohort / (double)a->clients, a->delta);
    printf("  accountant  noise multiplier     epsilon\n");
    for (int k = ENT_ACCOUNTANTS - 1; k >= 0; k--)
        printf("  %-10s  %16.5g  %10.5g\n", ent_accountant_name((ent_accountant)k), found->noise[k],
               found->epsilon[k]);
    if (a->delta * (double)a->clients >= 1.0)
        printf("\nnote: delta %g is not below 1 over the clients, %g: it allows one client to be given away whole\n",
               a->delta, 1.0 / (double)a->clients);
}

static void print_json(const arguments *a, const answer *found)
{
    json_t *object = json_pack("{s:I, s:I, s:I, s:f, s:f}", "rounds", (json_int_t)a->rounds, "cohort",
                               (json_int_t)a->cohort, "clients", (json_int_t)a->clients, "rate",
                               (double)a->cohort / (double)a->clients, "delta", a->delta);
    for (int k = 0; k < ENT_ACCOUNTANTS; k++)
        json_object_set_new(object, ent_accountant_name((ent_accountant)k),
                            json_pack("{s:f, s:f}", "noise", found->noise[k], "epsilon", found->epsilon[k]));
    cli_print_json(object);
}

int app_privacy(int argc, char **argv)
{
    arguments a = {.delta = NAN};
    answer found;
    cli_parse(&LINE, argc, argv, &a);
    const ent_status status = find(&a, &found);
    if (status == ENT_OK) {
        print(&a, &found);
        if (a.json) print_json(&a, &found);
    }
    return cli_report(status);
}
