/* entente privacy: what rounds of noisy sums give away, or the noise that keeps an epsilon, before a job is queued;
 * or what the outcomes of a measured circuit give away. */
#include <errno.h>
#include <math.h>

#include "app.h"
#include "cli/json.h"
#include "entente/privacy.h"

typedef enum { CENTRAL, LOCAL, DISTRIBUTED } mode;
typedef enum { GAUSSIAN, TREE } mechanism;

typedef struct {
    mode mode;
    mechanism mechanism;
    int64_t rounds, cohort, clients, times, apart; /* 0: not given */
    double noise, epsilon, delta;
    int64_t shots;
    int qubits;
    double depolarizing, distance; /* NAN: not given */
    bool json;
} arguments;

/* Whether who takes part is drawn by chance, and stays secret. */
static bool is_sampled(const arguments *a)
{
    return a->mode == CENTRAL && a->mechanism == GAUSSIAN && a->times == 0;
}

static error_t refuse(struct argp_state *state, const char *text)
{
    argp_error(state, "%s", text);
    return EINVAL;
}

static error_t check_circuit(struct argp_state *state, const arguments *a)
{
    if (cli_want(state, !isnan(a->depolarizing), "--depolarizing") || cli_want(state, !isnan(a->delta), "--delta"))
        return EINVAL;
    if (a->rounds || a->cohort || a->clients || a->times || a->apart || a->noise > 0.0 || a->epsilon > 0.0)
        return refuse(state, "--shots: want no option of a training beside it");
    return 0;
}

static error_t check_clients(struct argp_state *state, const arguments *a)
{
    if (!is_sampled(a)) {
        if (a->cohort || a->clients)
            return refuse(state, "--cohort, --clients: want --times instead, as who takes part is known with this "
                                 "mode, this mechanism or --times");
        return 0;
    }
    if (cli_want(state, a->cohort > 0, "--cohort") || cli_want(state, a->clients > 0, "--clients")) return EINVAL;
    if (a->cohort <= a->clients) return 0;
    argp_error(state, "--cohort: found %lld, want at most the clients, %lld", (long long)a->cohort,
               (long long)a->clients);
    return EINVAL;
}

static error_t check_times(struct argp_state *state, arguments *a)
{
    const bool tree = a->mechanism == TREE;
    if (tree && a->mode != CENTRAL) return refuse(state, "--mechanism: found tree, want gaussian with this --mode");
    if (a->apart > 0 && !tree) return refuse(state, "--apart: want --mechanism tree with it");
    if (a->apart == 0) a->apart = 1;
    if (is_sampled(a)) return 0;
    const int64_t most = 1 + (a->rounds - 1) / a->apart;
    if (a->times == 0) a->times = most;
    if (a->times <= most) return 0;
    argp_error(state, "--times: found %lld, want at most %lld in %lld rounds that are %lld apart",
               (long long)a->times, (long long)most, (long long)a->rounds, (long long)a->apart);
    return EINVAL;
}

static error_t check(struct argp_state *state, char *value, void *arguments_)
{
    arguments *a = arguments_;
    (void)value;
    if (a->shots > 0) return check_circuit(state, a);
    if (!isnan(a->depolarizing) || a->qubits > 0 || !isnan(a->distance))
        return refuse(state, "--depolarizing, --qubits, --distance: want --shots with them");
    if (cli_want(state, a->rounds > 0, "--rounds") || cli_want(state, !isnan(a->delta), "--delta")) return EINVAL;
    if ((a->noise > 0.0) == (a->epsilon > 0.0)) return refuse(state, "want one of --noise and --epsilon");
    if (check_clients(state, a)) return EINVAL;
    return check_times(state, a);
}

#define AT(field) offsetof(arguments, field)

static const char *const MODES[] = {"central", "local", "distributed", NULL};
static const char *const MECHANISMS[] = {"gaussian", "tree", NULL};

static const cli_option OPTIONS[] = {
    {.help = "A training, as in its configuration:"},
    {"mode", 0, "MODE", "privacy.mode: central (default), local or distributed", AT(mode), .type = CLI_WORD,
     .words = MODES},
    {"mechanism", 0, "WHICH", "privacy.mechanism: gaussian (default) or tree", AT(mechanism), .type = CLI_WORD,
     .words = MECHANISMS},
    {"rounds", 0, "N", "rounds of training", AT(rounds), .type = CLI_WHOLE, .low = 1, .high = 1e9},
    {"cohort", 0, "N",
     "mean number of clients that take part in a round, drawn at random (federation.sampling: poisson)", AT(cohort),
     .type = CLI_WHOLE, .low = 1, .high = 0x1p40},
    {"clients", 0, "N", "all clients", AT(clients), .type = CLI_WHOLE, .low = 1, .high = 0x1p40},
    {"times", 0, "N",
     "instead of --cohort and --clients, where it is known who takes part: the most rounds that one client "
     "takes part in (default: as many as there are)",
     AT(times), .type = CLI_WHOLE, .low = 1, .high = 1e9},
    {"apart", 0, "N", "tree: the least distance of such rounds (default: 1)", AT(apart), .type = CLI_WHOLE, .low = 1,
     .high = 1e9},
    {"delta", 0, "D", "probability that epsilon does not hold, between 0 and 1; well below 1 / clients", AT(delta),
     .type = CLI_REAL, .low = -INFINITY, .high = INFINITY},
    {"noise", 0, "Z", "noise multiplier: standard deviation of the noise divided by the clipping norm", AT(noise),
     .type = CLI_REAL, .low = 0.01, .high = 1e6},
    {"epsilon", 0, "E", "instead of --noise: find the noise multiplier that keeps this epsilon", AT(epsilon),
     .type = CLI_REAL, .low = 1e-12, .high = 1e6},
    {.help = "Or the measured outcomes of one sample's circuit on a device:"},
    {"shots", 0, "N", "runs of the circuit whose outcomes are published, over all readouts", AT(shots),
     .type = CLI_WHOLE, .low = 1, .high = 1e5},
    {"depolarizing", 0, "P", "depolarising noise on each measured qubit after its last gate", AT(depolarizing),
     .type = CLI_REAL, .low = 0, .high = 1},
    {"qubits", 0, "N", "qubits that are measured in a run (default: 1)", AT(qubits), .type = CLI_INT, .low = 1,
     .high = 64},
    {"distance", 0, "D", "trace distance up to which two inputs shall be indistinguishable (default: 1, any two)",
     AT(distance), .type = CLI_REAL, .low = 0, .high = 1},
    {.help = "Output:"},
    CLI_OPTION_JSON(AT(json)),
    {0}};

static const cli_line LINE = {
    .options = OPTIONS,
    .check = check,
    .doc =
        "Compute the epsilon that a training with differential privacy spends, or the noise that keeps an epsilon, "
        "before a job is queued.\v"
        "With --cohort and --clients, each client takes part independently with probability cohort / clients, and "
        "neighbouring data sets differ by one client.  If all clients take part there is no gain from sampling.  "
        "With "
        "--times it is known who takes part.  local: one client's update may be replaced by any other, in each of "
        "its "
        "rounds.  distributed: the clients that must answer have added their noise.  tree (DP-FTRL): all nodes that "
        "contain a client count, in the worst pattern of its rounds.  pld (privacy loss distributions) and rdp "
        "(Renyi "
        "divergences) are both upper bounds; pld is tighter.\n\n"
        "--shots protects the features of one sample in one forward pass and nothing else: neither a client nor a "
        "sample in training, which passes it many times.  It assumes noise of at least this strength, fresh in "
        "each "
        "run and on each qubit; readout errors p01 = p10 = P / 2 are equivalent.  A simulation's noise is drawn from "
        "a "
        "seed, so it hides nothing from anybody who knows the seed.  Finite shots without noise hide nothing "
        "either."};

/* The training as one mechanism: its noise multiplier is `factor` times that of `m`. */
typedef struct {
    ent_mechanism m;
    double factor;
} accounted;

static accounted account_for(const arguments *a)
{
    const double rate = is_sampled(a) ? (double)a->cohort / (double)a->clients : 1.0;
    if (a->mechanism == TREE)
        return (accounted){.m = {.rate = 1.0, .steps = 1},
                           .factor = sqrt(ent_privacy_tree_norm(a->rounds, a->times, a->apart))};
    return (accounted){.m = {.rate = rate, .steps = is_sampled(a) ? a->rounds : a->times},
                       .factor = a->mode == LOCAL ? 2.0 : 1.0};
}

/* Epsilon and noise by each accountant. */
typedef struct {
    double epsilon[ENT_ACCOUNTANTS], noise[ENT_ACCOUNTANTS];
} answer;

static ent_status find(const arguments *a, answer *out)
{
    accounted c = account_for(a);
    for (int k = 0; k < ENT_ACCOUNTANTS; k++) {
        c.m.noise = a->noise / c.factor;
        if (a->epsilon > 0.0) ENT_TRY(ent_privacy_noise((ent_accountant)k, &c.m, a->epsilon, a->delta, &c.m.noise));
        out->noise[k] = c.m.noise * c.factor;
        ENT_TRY(ent_privacy_epsilon((ent_accountant)k, &c.m, a->delta, &out->epsilon[k]));
    }
    return ENT_OK;
}

static void print(const arguments *a, const answer *found)
{
    const char *s = a->rounds == 1 ? "" : "s";
    if (is_sampled(a))
        printf("%lld round%s, %lld of %lld clients in a round (chance %g), delta %g\n\n", (long long)a->rounds, s,
               (long long)a->cohort, (long long)a->clients, (double)a->cohort / (double)a->clients, a->delta);
    else if (a->mechanism == TREE)
        printf("tree over %lld round%s, a client in at most %lld of them, %lld apart (squared norm %.10g), delta "
               "%g\n\n",
               (long long)a->rounds, s, (long long)a->times, (long long)a->apart,
               ent_privacy_tree_norm(a->rounds, a->times, a->apart), a->delta);
    else
        printf("%s, %lld round%s, a client in at most %lld of them, delta %g\n\n", MODES[a->mode],
               (long long)a->rounds, s, (long long)a->times, a->delta);
    printf("  accountant  noise multiplier     epsilon\n");
    for (int k = ENT_ACCOUNTANTS - 1; k >= 0; k--)
        printf("  %-10s  %16.5g  %10.5g\n", ent_accountant_name((ent_accountant)k), found->noise[k],
               found->epsilon[k]);
    if (is_sampled(a) && a->delta * (double)a->clients >= 1.0)
        printf("\nnote: delta %g is not below 1 over the clients, %g: it allows one client to be given away whole\n",
               a->delta, 1.0 / (double)a->clients);
}

static void print_json(const arguments *a, const answer *found)
{
    json_t *object = json_pack("{s:s, s:s, s:I, s:f}", "mode", MODES[a->mode], "mechanism", MECHANISMS[a->mechanism],
                               "rounds", (json_int_t)a->rounds, "delta", a->delta);
    if (is_sampled(a)) {
        json_object_set_new(object, "cohort", json_integer((json_int_t)a->cohort));
        json_object_set_new(object, "clients", json_integer((json_int_t)a->clients));
        json_object_set_new(object, "rate", json_real((double)a->cohort / (double)a->clients));
    } else {
        json_object_set_new(object, "times", json_integer((json_int_t)a->times));
        json_object_set_new(object, "apart", json_integer((json_int_t)a->apart));
    }
    for (int k = 0; k < ENT_ACCOUNTANTS; k++)
        json_object_set_new(object, ent_accountant_name((ent_accountant)k),
                            json_pack("{s:f, s:f}", "noise", found->noise[k], "epsilon", found->epsilon[k]));
    cli_print_json(object);
}

static ent_status answer_circuit(const arguments *a)
{
    const ent_measurement m = {.shots = a->shots,
                               .qubits = a->qubits > 0 ? a->qubits : 1,
                               .depolarizing = a->depolarizing,
                               .distance = isnan(a->distance) ? 1.0 : a->distance};
    double epsilon;
    ENT_TRY(ent_privacy_measured(&m, a->delta, &epsilon));
    printf("one sample in one forward pass: %lld shot%s of %d measured qubit%s, depolarising noise %g, inputs at "
           "distance %g, delta %g\n\n  epsilon %.6g\n",
           (long long)m.shots, m.shots == 1 ? "" : "s", m.qubits, m.qubits == 1 ? "" : "s", m.depolarizing,
           m.distance, a->delta, epsilon);
    if (isinf(epsilon)) printf("\nnote: finite shots without noise hide nothing\n");
    if (!a->json) return ENT_OK;
    cli_print_json(json_pack("{s:I, s:i, s:f, s:f, s:f, s:o}", "shots", (json_int_t)m.shots, "qubits", m.qubits,
                             "depolarizing", m.depolarizing, "distance", m.distance, "delta", a->delta, "epsilon",
                             isinf(epsilon) ? json_null() : json_real(epsilon)));
    return ENT_OK;
}

static ent_status answer_training(const arguments *a)
{
    answer found;
    ENT_TRY(find(a, &found));
    print(a, &found);
    if (a->json) print_json(a, &found);
    return ENT_OK;
}

int app_privacy(int argc, char **argv)
{
    arguments a = {.delta = NAN, .depolarizing = NAN, .distance = NAN};
    cli_parse(&LINE, argc, argv, &a);
    return cli_report(a.shots > 0 ? answer_circuit(&a) : answer_training(&a));
}
