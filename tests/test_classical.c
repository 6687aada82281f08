/* The classical kinds of model: gradients, the identities of the missing-modality mechanism, the optimum of the
 * logistic regression by another method, the width of the multilayer perceptron. */
#include "model_checks.h"

#include <stdlib.h>

extern void openblas_set_num_threads(int count) __attribute__((weak));
extern int openblas_get_num_threads(void) __attribute__((weak));

static ent_model_inp small_kind(ent_model_kind kind)
{
    ent_model_inp inp = small_model();
    inp.kind = kind;
    inp.hidden = 4;
    return inp;
}

static void gradient_equals_differences(void **state)
{
    (void)state;
    for (int kind = ENT_MODEL_LOGISTIC; kind <= ENT_MODEL_MULTILINEAR; kind++) {
        ent_model_inp inp = small_kind((ent_model_kind)kind);
        check_gradient(&inp);
        inp.embed = true;
        inp.activation = ENT_ACTIVATION_RELU;
        check_gradient(&inp);
        inp.embed = inp.mma = false;
        check_gradient(&inp);
        inp.outputs = 1;
        inp.squared = true;
        check_gradient(&inp);
        inp = without_register(&inp, 1);
        inp = without_register(&inp, 1);
        check_gradient(&inp);
    }
}

static void identities_hold(void **state)
{
    (void)state;
    for (int kind = ENT_MODEL_LOGISTIC; kind <= ENT_MODEL_MULTILINEAR; kind++) {
        ent_model_inp inp = small_kind((ent_model_kind)kind);
        check_every_identity(&inp);
        inp.activation = ENT_ACTIVATION_RELU;
        inp.outputs = 1;
        inp.squared = true;
        inp.hidden = 7;
        check_every_identity(&inp);
    }
}

/* The training loss is the loss of the predictions. */
static void loss_is_that_of_the_predictions(void **state)
{
    (void)state;
    for (int kind = ENT_MODEL_LOGISTIC; kind <= ENT_MODEL_MULTILINEAR; kind++) {
        small_samples s;
        const ent_model_inp inp = small_kind((ent_model_kind)kind);
        ent_model *model = make_model(&inp);
        double *w = small_weights(model, 1), outputs[SMALL_SAMPLES * 3], loss, mean = 0.0;
        double *gradient = ent_alloc(ent_model_params(model), sizeof *gradient);
        small_samples_make(&inp, 2, 0, &s);
        check_ok(ent_model_predict(model, w, &s.samples, outputs));
        check_ok(ent_model_gradient(model, w, &s.samples, SMALL_SAMPLES, NULL, &loss, gradient));
        for (int k = 0; k < SMALL_SAMPLES; k++)
            mean += ent_loss(false, 3, outputs + 3 * k, s.category[k], 0.0, NULL) / SMALL_SAMPLES;
        check_near(loss, mean, 1e-13);
        ent_free(w);
        ent_free(gradient);
        ent_model_free(model);
    }
}

/* ---- the optimum of the regressions, by another method ---- */

enum { ROWS = 400, INPUTS = 9, COLUMNS = INPUTS + 1, CLASSES = 3, UNKNOWNS = COLUMNS * CLASSES };

typedef struct {
    double x[3][ROWS * 5], row[ROWS][COLUMNS]; /* row: all inputs and a 1 */
    uint32_t context[ROWS];
    int32_t category[ROWS];
    double value[ROWS];
    ent_samples samples;
} regression;

static void regression_make(const ent_model_inp *inp, regression *r)
{
    ent_random stream = ent_random_at(77, ENT_FOR_TEST, 0, 0);
    r->samples = (ent_samples){.n = ROWS, .context = r->context, .category = r->category, .value = r->value};
    for (int k = 0; k < ROWS; k++) {
        int column = 0;
        for (int m = 0; m < 3; m++)
            for (int j = 0; j < inp->reg[m].inputs; j++)
                r->row[k][column++] = r->x[m][k * inp->reg[m].inputs + j] = ent_random_normal(&stream);
        r->row[k][INPUTS] = 1.0;
        r->context[k] = 7;
        r->value[k] = 0.5 + r->row[k][0] - 2.0 * r->row[k][4] + ent_random_normal(&stream);
        r->category[k] = r->value[k] < -0.5 ? 0 : r->value[k] < 1.5 ? 1 : 2;
    }
    for (int m = 0; m < 3; m++) r->samples.x[m] = r->x[m];
}

/* Gaussian elimination with pivots: a [n][n] is overwritten, b [n] becomes the solution. */
static void solve(int n, double *a, double *b)
{
    for (int k = 0; k < n; k++) {
        int pivot = k;
        for (int i = k + 1; i < n; i++)
            if (fabs(a[i * n + k]) > fabs(a[pivot * n + k])) pivot = i;
        for (int j = 0; j <= n; j++) {
            double *p = j < n ? &a[k * n + j] : &b[k], *q = j < n ? &a[pivot * n + j] : &b[pivot], t = *p;
            *p = *q;
            *q = t;
        }
        for (int i = k + 1; i < n; i++) {
            const double factor = a[i * n + k] / a[k * n + k];
            for (int j = k; j < n; j++) a[i * n + j] -= factor * a[k * n + j];
            b[i] -= factor * b[k];
        }
    }
    for (int k = n - 1; k >= 0; k--) {
        for (int j = k + 1; j < n; j++) b[k] -= a[k * n + j] * b[j];
        b[k] /= a[k * n + k];
    }
}

/* theta [outputs][COLUMNS] into the model's order: a block per modality [outputs][inputs], then the bias. */
static void to_model(const ent_model_inp *inp, const double *theta, double *w)
{
    int at = 0;
    for (int m = 0, first = 0; m < 3; first += (int)inp->reg[m++].inputs)
        for (int o = 0; o < inp->outputs; o++)
            for (int j = 0; j < inp->reg[m].inputs; j++) w[at++] = theta[o * COLUMNS + first + j];
    for (int o = 0; o < inp->outputs; o++) w[at++] = theta[o * COLUMNS + INPUTS];
}

/* Newton's method on the multinomial likelihood; a shift of all classes changes nothing, so a ridge fixes it. */
static void newton_step(const regression *r, double *theta)
{
    static double hessian[UNKNOWNS * UNKNOWNS];
    double step[UNKNOWNS] = {0.0};
    memset(hessian, 0, sizeof hessian);
    for (int k = 0; k < ROWS; k++) {
        double p[CLASSES], sum = 0.0;
        for (int c = 0; c < CLASSES; c++) {
            double z = 0.0;
            for (int j = 0; j < COLUMNS; j++) z += theta[c * COLUMNS + j] * r->row[k][j];
            sum += p[c] = exp(z);
        }
        for (int c = 0; c < CLASSES; c++) p[c] /= sum;
        for (int c = 0; c < CLASSES; c++)
            for (int j = 0; j < COLUMNS; j++) {
                step[c * COLUMNS + j] += ((r->category[k] == c) - p[c]) * r->row[k][j];
                for (int d = 0; d < CLASSES; d++)
                    for (int i = 0; i < COLUMNS; i++)
                        hessian[(c * COLUMNS + j) * UNKNOWNS + d * COLUMNS + i] += p[c] * ((c == d) - p[d]) *
                                                                                   r->row[k][j] * r->row[k][i];
            }
    }
    for (int k = 0; k < UNKNOWNS; k++) hessian[k * UNKNOWNS + k] += 1e-3;
    solve(UNKNOWNS, hessian, step);
    for (int k = 0; k < UNKNOWNS; k++) theta[k] += step[k];
}

static void least_squares(const regression *r, double *theta)
{
    double normal[COLUMNS * COLUMNS] = {0.0};
    memset(theta, 0, COLUMNS * sizeof *theta);
    for (int k = 0; k < ROWS; k++)
        for (int i = 0; i < COLUMNS; i++) {
            theta[i] += r->row[k][i] * r->value[k];
            for (int j = 0; j < COLUMNS; j++) normal[i * COLUMNS + j] += r->row[k][i] * r->row[k][j];
        }
    solve(COLUMNS, normal, theta);
}

/* Gradient descent from the model's own start reaches the loss of `optimum`, where the gradient vanishes. */
static void check_optimum(const ent_model_inp *inp, const regression *r, const double *optimum, double rate)
{
    ent_model *model = make_model(inp);
    const int params = ent_model_params(model);
    double w[UNKNOWNS], best[UNKNOWNS], gradient[UNKNOWNS], least, loss;
    assert_int_equal(params, COLUMNS * inp->outputs);
    to_model(inp, optimum, best);
    check_ok(ent_model_gradient(model, best, &r->samples, ROWS, NULL, &least, gradient));
    for (int k = 0; k < params; k++) check_near(gradient[k], 0.0, 1e-12);
    ent_model_init(model, 1, w);
    for (int k = 0; k < params; k++) assert_true(w[k] == 0.0);
    for (int step = 0; step < 3000; step++) {
        check_ok(ent_model_gradient(model, w, &r->samples, ROWS, NULL, &loss, gradient));
        for (int k = 0; k < params; k++) w[k] -= rate * gradient[k];
    }
    check_near(loss, least, 1e-9);
    ent_model_free(model);
}

static void regressions_reach_their_optimum(void **state)
{
    (void)state;
    static regression r;
    double theta[UNKNOWNS] = {0.0};
    ent_model_inp inp = small_kind(ENT_MODEL_LOGISTIC);
    regression_make(&inp, &r);
    for (int step = 0; step < 60; step++) newton_step(&r, theta);
    check_optimum(&inp, &r, theta, 1.0);
    inp.outputs = 1;
    inp.squared = true;
    least_squares(&r, theta);
    check_optimum(&inp, &r, theta, 0.2);
}

/* ---- the multilayer perceptron ---- */

static int params_of(ent_model_inp inp, int hidden, int wanted)
{
    inp.hidden = hidden;
    inp.params = wanted;
    ent_model *model = make_model(&inp);
    const int params = ent_model_params(model);
    ent_model_free(model);
    return params;
}

static void width_is_the_nearest_to_the_wanted_number(void **state)
{
    (void)state;
    ent_model_inp inp;
    for (int k = 0; k < 4; k++) {
        inp = small_kind(k < 2 ? ENT_MODEL_MLP : ENT_MODEL_MULTILINEAR);
        inp.embed = k % 2;
        for (int wanted = 1; wanted < 3000; wanted = wanted * 5 / 4 + 1) {
            int nearest = params_of(inp, 1, 0);
            for (int width = 2; width <= (k < 2 ? 60 : 200); width++) {
                const int params = params_of(inp, width, 0);
                if (abs(params - wanted) < abs(nearest - wanted)) nearest = params;
            }
            assert_int_equal(params_of(inp, 3, wanted), nearest);
        }
    }
    inp = small_kind(ENT_MODEL_MLP);
    inp.params = 115; /* encoders 9 * 4 + 3 * 4, joint 3 * 16 + 4, outputs 3 * 4 + 3 */
    ent_model *model = make_model(&inp);
    assert_string_equal(ent_model_engine(model), "mlp of width 4, OpenBLAS");
    assert_int_equal(ent_model_qubits(model), 0);
    ent_model_free(model);
}

static const double *weights(const ent_model *model, const double *w, const char *first, const char *second)
{
    char name[200];
    snprintf(name, sizeof name, "%s/%s", first, second);
    return w + block_named(model, name)->first;
}

static double activation(const ent_model_inp *inp, double z)
{
    return inp->activation == ENT_ACTIVATION_TANH ? tanh(z) : fmax(z, 0.0);
}

/* Entry i of a(W_m x + b_m), x being the features of modality m. */
static double encoded(const ent_model_inp *inp, const ent_model *model, const double *w, const double *x, int m,
                      int i)
{
    const ent_register *reg = &inp->reg[m];
    double z = weights(model, w, reg->name, "encoder/bias")[i];
    for (int f = 0; f < reg->inputs; f++)
        z += weights(model, w, reg->name, "encoder/weight")[i * reg->inputs + f] * x[f];
    return activation(inp, z);
}

/* Output o of sample k of a kind of model, by plain loops, from the blocks' names. */
typedef double plain_model(const ent_model_inp *inp, const ent_model *model, const double *w, const small_samples *s,
                           int k, int o);

/* U a(sum of V_m a(W_m x_m + b_m) + c) + d */
static double plain_mlp(const ent_model_inp *inp, const ent_model *model, const double *w, const small_samples *s,
                        int k, int o)
{
    double output = weights(model, w, "head", "bias")[o];
    for (int j = 0; j < inp->hidden; j++) {
        double joint = weights(model, w, "fusion", "bias")[j];
        for (int m = 0; m < inp->registers; m++)
            for (int i = 0; i < inp->hidden && (s->context[k] >> m & 1); i++)
                joint += weights(model, w, "fusion", inp->reg[m].name)[j * inp->hidden + i] *
                         encoded(inp, model, w, s->x[m] + k * inp->reg[m].inputs, m, i);
        output += weights(model, w, "head", "weight")[o * inp->hidden + j] * activation(inp, joint);
    }
    return output;
}

/* U (product of 1 + a(W_m x_m + b_m)) + d */
static double plain_multilinear(const ent_model_inp *inp, const ent_model *model, const double *w,
                                const small_samples *s, int k, int o)
{
    double output = weights(model, w, "head", "bias")[o];
    for (int i = 0; i < inp->hidden; i++) {
        double product = 1.0;
        for (int m = 0; m < inp->registers; m++)
            if (s->context[k] >> m & 1)
                product *= 1.0 + encoded(inp, model, w, s->x[m] + k * inp->reg[m].inputs, m, i);
        output += weights(model, w, "head", "weight")[o * inp->hidden + i] * product;
    }
    return output;
}

static void check_formula(ent_model_kind kind, plain_model *plain, double tolerance)
{
    for (int relu = 0; relu < 2; relu++) {
        small_samples s;
        ent_model_inp inp = small_kind(kind);
        inp.activation = relu ? ENT_ACTIVATION_RELU : ENT_ACTIVATION_TANH;
        ent_model *model = make_model(&inp);
        double *w = small_weights(model, 1), outputs[SMALL_SAMPLES * 3];
        small_samples_make(&inp, 2, 0, &s);
        check_ok(ent_model_predict(model, w, &s.samples, outputs));
        for (int k = 0; k < SMALL_SAMPLES; k++)
            for (int o = 0; o < 3; o++) check_near(outputs[3 * k + o], plain(&inp, model, w, &s, k, o), tolerance);
        ent_free(w);
        ent_model_free(model);
    }
}

static void mlp_is_its_formula(void **state)
{
    (void)state;
    check_formula(ENT_MODEL_MLP, plain_mlp, 1e-13);
}

static void multilinear_is_its_formula(void **state)
{
    (void)state;
    check_formula(ENT_MODEL_MULTILINEAR, plain_multilinear, 1e-12);
}

static void counts_what_the_quantum_model_has(void **state)
{
    (void)state;
    const ent_model_inp inp = small_kind(ENT_MODEL_MULTILINEAR), quantum = small_model();
    ent_model *model = make_model(&quantum);
    assert_int_equal(ent_model_quantum_params(&inp), ent_model_params(model));
    ent_model_free(model);
}

static double spread(const double *w, int n)
{
    double squares = 0.0;
    for (int k = 0; k < n; k++) squares += w[k] * w[k];
    return squares / n;
}

/* Variance 1 / inputs for tanh, 2 / inputs for relu; the joint layer's inputs are all encoders. */
static void mlp_starts_by_its_fan_in(void **state)
{
    (void)state;
    for (int relu = 0; relu < 2; relu++) {
        ent_model_inp inp = small_kind(ENT_MODEL_MLP);
        inp.hidden = 100;
        inp.activation = relu ? ENT_ACTIVATION_RELU : ENT_ACTIVATION_TANH;
        ent_model *model = make_model(&inp);
        double *w = ent_alloc(ent_model_params(model), sizeof *w);
        ent_model_init(model, 1, w);
        check_near(spread(weights(model, w, "audio", "encoder/weight"), 500), (1 + relu) / 5.0, 0.06);
        check_near(spread(weights(model, w, "fusion", "text"), 10000), (1 + relu) / 300.0, 4e-4);
        check_near(spread(weights(model, w, "head", "weight"), 300), 1 / 100.0, 3e-3);
        assert_true(spread(weights(model, w, "audio", "encoder/bias"), 100) == 0.0);
        ent_free(w);
        ent_model_free(model);
    }
}

/* Large enough that OpenBLAS would cut the work by thread. */
static void blas_threads_change_no_bit(void **state)
{
    (void)state;
    enum { N = 64, FEATURES = 300 };
    static double x[N * FEATURES];
    static uint32_t context[N];
    static int32_t category[N];
    if (!openblas_set_num_threads) skip();
    ent_random stream = ent_random_at(5, ENT_FOR_TEST, 0, 0);
    ent_model_inp inp = small_kind(ENT_MODEL_MLP);
    inp.registers = 1;
    inp.reg[0].inputs = FEATURES;
    inp.hidden = 256;
    for (int k = 0; k < N * FEATURES; k++) x[k] = ent_random_normal(&stream);
    for (int k = 0; k < N; k++) context[k] = 1;
    const ent_samples samples = {.n = N, .x = {x}, .context = context, .category = category};
    ent_model *model = make_model(&inp);
    const int params = ent_model_params(model), before = openblas_get_num_threads();
    double *w = small_weights(model, 1), loss[2], *gradient[2];
    for (int k = 0; k < 2; k++) {
        gradient[k] = ent_alloc(params, sizeof *gradient[k]);
        openblas_set_num_threads(k + 1);
        check_ok(ent_model_gradient(model, w, &samples, N, NULL, &loss[k], gradient[k]));
        assert_int_equal(openblas_get_num_threads(), k + 1);
    }
    openblas_set_num_threads(before);
    same_bits(&loss[0], &loss[1], 1);
    same_bits(gradient[0], gradient[1], params);
    ent_free(gradient[0]);
    ent_free(gradient[1]);
    ent_free(w);
    ent_model_free(model);
}

static void refuses_what_only_a_circuit_has(void **state)
{
    (void)state;
    ent_model *model;
    for (int kind = ENT_MODEL_LOGISTIC; kind <= ENT_MODEL_MULTILINEAR; kind++) {
        ent_model_inp inp = small_kind((ent_model_kind)kind);
        inp.head = ENT_HEAD_DIRECT;
        check_fails(ent_model_new(&inp, &model), ENT_EARG, "has no circuit for head direct");
        inp = small_kind((ent_model_kind)kind);
        inp.program.precision = ENT_SINGLE;
        check_fails(ent_model_new(&inp, &model), ENT_EARG, "computes in double, found precision single");
    }
    ent_circuit *circuit;
    ent_model_inp inp = small_kind(ENT_MODEL_LOGISTIC);
    check_fails(ent_model_circuit(&inp, 7, &circuit), ENT_EARG, "kind logistic has no circuit of all registers");
    inp.params = 7;
    check_fails(ent_model_new(&inp, &model), ENT_EARG, "kind logistic: found 7 parameters to match");
}

static void refuses_sizes_out_of_range(void **state)
{
    (void)state;
    ent_model *model;
    ent_model_inp inp = small_kind(ENT_MODEL_MLP);
    inp.hidden = 0;
    check_fails(ent_model_new(&inp, &model), ENT_EARG, "kind mlp of width 0, want 1..65536");
    inp.hidden = 65536;
    check_fails(ent_model_new(&inp, &model), ENT_EARG, "a model of 12885950467 parameters, want at most 2147483647");
    inp = small_kind(ENT_MODEL_LOGISTIC);
    inp.reg[0].inputs = INT64_C(1) << 30;
    check_fails(ent_model_new(&inp, &model), ENT_EARG, "want at most 2147483647");
    inp.kind = (ent_model_kind)5;
    check_fails(ent_model_new(&inp, &model), ENT_EARG, "model kind 5");
}

static const struct CMUnitTest computes[] = {
    cmocka_unit_test(gradient_equals_differences),
    cmocka_unit_test(identities_hold),
    cmocka_unit_test(loss_is_that_of_the_predictions),
    cmocka_unit_test(regressions_reach_their_optimum),
    cmocka_unit_test(width_is_the_nearest_to_the_wanted_number),
    cmocka_unit_test(mlp_is_its_formula),
    cmocka_unit_test(multilinear_is_its_formula),
    cmocka_unit_test(counts_what_the_quantum_model_has),
    cmocka_unit_test(mlp_starts_by_its_fan_in),
    cmocka_unit_test(blas_threads_change_no_bit),
};
static const struct CMUnitTest refuses[] = {
    cmocka_unit_test(refuses_what_only_a_circuit_has),
    cmocka_unit_test(refuses_sizes_out_of_range),
};
CHECK_MAIN(computes, refuses)
