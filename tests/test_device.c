/* Models on devices: noise that is adjoint-differentiated through head and maps against differences; more devices
 * than are kept, in any order; layers that a device lacks, however many; simultaneous perturbation against the exact
 * gradient. */
#include "small_model.h"

enum { MOST_PARAMS = 512 };

static void start(ent_model_inp *inp, ent_model **model, double *w)
{
    check_ok(ent_model_new(inp, model));
    assert_true(ent_model_params(*model) <= MOST_PARAMS);
    ent_model_init(*model, 3, w);
}

static ent_qubit_noise noise_of(double strength)
{
    return (ent_qubit_noise){
        {strength, strength / 2, strength / 3}, {2 * strength, strength, strength / 2}, strength, strength / 4};
}

/* ---- computes ---- */

static void gradients_with_noise_are_those_of_the_loss(void **state)
{
    (void)state;
    const ent_qubit_noise noise[3] = {noise_of(0.02), noise_of(0.0), noise_of(0.1)};
    const ent_device device = {.noise = noise};
    for (int late = 0; late < 2; late++) {
        ent_model_inp inp = small_model();
        inp.kind = late ? ENT_MODEL_LATE : ENT_MODEL_QUANTUM;
        inp.device = &device;
        ent_model *model;
        small_samples s;
        double w[MOST_PARAMS], gradient[MOST_PARAMS], loss;
        start(&inp, &model, w);
        small_samples_make(&inp, 7, 0, &s);
        check_ok(ent_model_gradient(model, w, &s.samples, SMALL_SAMPLES, NULL, &loss, gradient));
        check_differences(model, w, &s.samples, gradient, 5);
        ent_model_free(model);
    }
}

/* Each device's outputs are those of a model that has only this device, whichever ran before. */
static void many_devices_in_any_order(void **state)
{
    (void)state;
    enum { DEVICES = 20 };
    ent_qubit_noise noise[DEVICES][3];
    ent_device device[DEVICES];
    ent_model_inp inp = small_model();
    ent_model *model;
    small_samples s;
    double w[MOST_PARAMS], found[SMALL_SAMPLES * 3], wanted[SMALL_SAMPLES * 3];
    start(&inp, &model, w);
    small_samples_make(&inp, 8, 0, &s);
    for (int d = 0; d < DEVICES; d++) {
        for (int m = 0; m < 3; m++) noise[d][m] = noise_of(0.004 * d);
        device[d] = (ent_device){.noise = noise[d], .shots = d % 3 ? 0 : 50, .seed = 4};
    }
    for (int turn = 0; turn < DEVICES + 8; turn++) {
        const int d = turn * 7 % DEVICES;
        ent_model_inp alone = inp;
        ent_model *other;
        alone.device = &device[d];
        check_ok(ent_model_new(&alone, &other));
        s.samples.device = &device[d];
        s.samples.draw[0] = (uint64_t)turn;
        check_ok(ent_model_predict(model, w, &s.samples, found));
        s.samples.device = NULL;
        check_ok(ent_model_predict(other, w, &s.samples, wanted));
        assert_memory_equal(found, wanted, sizeof found);
        ent_model_free(other);
    }
    ent_model_free(model);
}

/* In another order and in other company a sample draws the shots, or the trajectories, of its row. */
static void draws_are_those_of_the_row(void **state)
{
    (void)state;
    const ent_qubit_noise noise[3] = {noise_of(0.02), noise_of(0.0), noise_of(0.1)};
    const ent_device device[2] = {{.shots = 20, .seed = 4},
                                  {.noise = noise, .method = ENT_NOISE_TRAJECTORIES, .trajectories = 2, .seed = 4}};
    for (int late = 0; late < 2; late++)
        for (int d = 0; d < 2; d++) {
            ent_model_inp inp = small_model();
            ent_model *model;
            small_samples s, t;
            int64_t row[SMALL_SAMPLES], back[SMALL_SAMPLES];
            double w[MOST_PARAMS], found[SMALL_SAMPLES * 3], wanted[SMALL_SAMPLES * 3];
            inp.kind = late ? ENT_MODEL_LATE : ENT_MODEL_QUANTUM;
            start(&inp, &model, w);
            small_samples_make(&inp, 8, 0, &s);
            small_samples_make(&inp, 8, 0, &t);
            for (int k = 0; k < SMALL_SAMPLES; k++) {
                const int to = SMALL_SAMPLES - 1 - k;
                row[k] = 1000 + 7 * k;
                back[to] = row[k];
                t.context[to] = s.context[k];
                for (int m = 0; m < 3; m++)
                    memcpy(t.x[m] + to * inp.reg[m].inputs, s.x[m] + k * inp.reg[m].inputs,
                           (size_t)inp.reg[m].inputs * sizeof(double));
            }
            s.samples.device = t.samples.device = &device[d];
            s.samples.row = row;
            t.samples.row = back;
            check_ok(ent_model_predict(model, w, &s.samples, wanted));
            check_ok(ent_model_predict(model, w, &t.samples, found));
            for (int k = 0; k < SMALL_SAMPLES; k++)
                assert_memory_equal(wanted + 3 * k, found + 3 * (SMALL_SAMPLES - 1 - k), 3 * sizeof *found);
            s.samples.row = NULL; /* 0, 1, 2, ..: others */
            check_ok(ent_model_predict(model, w, &s.samples, found));
            assert_memory_not_equal(wanted, found, sizeof wanted);
            ent_model_free(model);
        }
}

/* A device without layer 2 computes the same as a model of one layer, and the gradient of layer 2 is 0. */
static void check_lacking_layers(ent_model_kind kind, bool reupload)
{
    const ent_device device = {.layers = 1};
    ent_model_inp inp = small_model(), small;
    inp.kind = kind;
    inp.fusion.reupload = reupload;
    for (int m = 0; m < 3; m++) inp.reg[m].ansatz.layers = 2;
    inp.layers_apart = 1;
    small = inp;
    for (int m = 0; m < 3; m++) small.reg[m].ansatz.layers = 1;
    ent_model *model, *other;
    small_samples s;
    double w[MOST_PARAMS], gradient[MOST_PARAMS], few[MOST_PARAMS], loss, found[SMALL_SAMPLES * 3],
        wanted[SMALL_SAMPLES * 3];
    start(&inp, &model, w);
    check_ok(ent_model_new(&small, &other));
    small_samples_make(&inp, 9, 0, &s);
    s.samples.device = &device;
    const ent_block *block, *kept;
    const int blocks = ent_model_blocks(model, &block), fewer = ent_model_blocks(other, &kept);
    check_ok(ent_model_gradient(model, w, &s.samples, SMALL_SAMPLES, NULL, &loss, gradient));
    int lacking = 0;
    for (int b = 0, k = 0; b < blocks; b++) {
        const bool trains = ent_device_trains(&device, &block[b]);
        lacking += !trains;
        for (int p = block[b].first; p < block[b].first + block[b].count; p++)
            if (!trains) assert_true(gradient[p] == 0.0);
        if (!trains) continue;
        assert_true(k < fewer);
        assert_string_equal(block[b].name, kept[k].name);
        memcpy(few + kept[k].first, w + block[b].first, (size_t)kept[k].count * sizeof *w);
        k++;
    }
    assert_int_equal(lacking, 3);
    assert_int_equal(fewer, blocks - 3);
    check_ok(ent_model_predict(model, w, &s.samples, found));
    s.samples.device = NULL;
    check_ok(ent_model_predict(other, few, &s.samples, wanted));
    for (int k = 0; k < SMALL_SAMPLES * 3; k++) check_near(found[k], wanted[k], 1e-13);
    ent_model_free(model);
    ent_model_free(other);
}

static void layers_that_a_device_lacks(void **state)
{
    (void)state;
    check_lacking_layers(ENT_MODEL_QUANTUM, false);
    check_lacking_layers(ENT_MODEL_QUANTUM, true);
    check_lacking_layers(ENT_MODEL_LATE, false);
}

/* The blocks follow each other, whatever their number, and each has a name of its own. */
static void a_block_for_each_of_many_layers(void **state)
{
    (void)state;
    enum { LAYERS = 600 };
    ent_model_inp inp = small_model();
    ent_model *model;
    for (int m = 0; m < 3; m++) inp.reg[m].ansatz.layers = LAYERS;
    inp.layers_apart = 1;
    check_ok(ent_model_new(&inp, &model));
    const ent_block *block;
    const int blocks = ent_model_blocks(model, &block);
    int next = 0, circuits = 0;
    for (int b = 0; b < blocks; b++) {
        assert_int_equal(block[b].first, next);
        next += block[b].count;
        circuits += block[b].role == ENT_ROLE_CIRCUIT;
    }
    assert_int_equal(next, ent_model_params(model));
    assert_int_equal(circuits, 3 * LAYERS);
    assert_int_equal(block[blocks - 1].count, 3);
    assert_string_equal(block[blocks - 1].name, "head/bias");
    ent_model_free(model);
}

/* The mean over directions is the gradient, within 5 standard errors; blocks of an absent modality are not moved. */
static void spsa_is_the_gradient_on_average(void **state)
{
    (void)state;
    enum { REPEAT = 500 };
    const ent_device device = {.gradient = ENT_GRADIENT_SPSA, .spsa_step = 1e-4, .seed = 5};
    ent_model_inp inp = small_model();
    ent_model *model;
    small_samples s;
    static double w[MOST_PARAMS], exact[MOST_PARAMS], found[MOST_PARAMS], sum[MOST_PARAMS], square[MOST_PARAMS];
    double loss, estimate;
    start(&inp, &model, w);
    small_samples_make(&inp, 10, 3, &s); /* vision is absent */
    const int64_t pick[] = {4, 9, 2};
    const int params = ent_model_params(model);
    check_ok(ent_model_gradient(model, w, &s.samples, 3, pick, &loss, exact));
    s.samples.device = &device;
    for (int repeat = 0; repeat < REPEAT; repeat++) {
        s.samples.draw[1] = (uint64_t)repeat;
        check_ok(ent_model_gradient(model, w, &s.samples, 3, pick, &estimate, found));
        check_near(estimate, loss, 1e-5);
        double along = 0.0; /* found is D times a vector of signs, D the derivative along it */
        for (int p = 0; p < params; p++) along += found[p] == 0.0 ? 0.0 : copysign(exact[p], exact[p] * found[p]);
        check_near(fabs(found[0]), along, 1e-5);
        for (int p = 0; p < params; p++) {
            sum[p] += found[p];
            square[p] += found[p] * found[p];
        }
    }
    const ent_block *block;
    const int blocks = ent_model_blocks(model, &block);
    for (int b = 0; b < blocks; b++)
        for (int p = block[b].first; p < block[b].first + block[b].count; p++) {
            const double mean = sum[p] / REPEAT, variance = square[p] / REPEAT - mean * mean;
            if (block[b].needs & 4) assert_true(square[p] == 0.0);
            check_near(mean, exact[p], 5.0 * sqrt(fmax(variance, 0.0) / REPEAT) + 1e-6);
        }
    ent_model_free(model);
}

/* ---- refuses ---- */

static void a_step_of_0(void **state)
{
    (void)state;
    const ent_device device = {.gradient = ENT_GRADIENT_SPSA};
    ent_model_inp inp = small_model();
    ent_model *model;
    inp.device = &device;
    check_fails(ent_model_new(&inp, &model), ENT_EARG, "spsa");
}

int main(void)
{
    const struct CMUnitTest computes[] = {
        cmocka_unit_test(gradients_with_noise_are_those_of_the_loss),
        cmocka_unit_test(many_devices_in_any_order),
        cmocka_unit_test(draws_are_those_of_the_row),
        cmocka_unit_test(layers_that_a_device_lacks),
        cmocka_unit_test(a_block_for_each_of_many_layers),
        cmocka_unit_test(spsa_is_the_gradient_on_average),
    };
    const struct CMUnitTest refuses[] = {cmocka_unit_test(a_step_of_0)};
    int failed = cmocka_run_group_tests_name("computes", computes, NULL, NULL);
    failed += cmocka_run_group_tests_name("refuses", refuses, NULL, NULL);
    return failed;
}
