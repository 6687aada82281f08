/* Models on devices that have only the first qubits of each register: what they compute is what a smaller model
 * computes, of every kind, encoding, fusion and readout; gradients against differences; what they lack is in separate
 * blocks, which change no bit of the model; what is refused. */
#include "small_model.h"

#include <string.h>

enum { MOST_PARAMS = 1024, QUBITS = 2 };

/* Three registers with trainable maps, whose circuits without the qubits beyond QUBITS are those of smaller ones. */
static ent_model_inp chains(void)
{
    ent_model_inp inp = small_model();
    static const ent_ansatz_kind kind[3] = {ENT_ANSATZ_HEA, ENT_ANSATZ_REAL_AMPLITUDES, ENT_ANSATZ_PRODUCT};
    static const int qubits[3] = {3, 4, 2};
    for (int m = 0; m < 3; m++) {
        inp.reg[m].ansatz = (ent_ansatz){.kind = kind[m],
                                         .qubits = qubits[m],
                                         .layers = 1 + m % 2,
                                         .angles_per_qubit = 2 - m % 2,
                                         .reupload = true,
                                         .encoding = ENT_ENCODE_RY};
        inp.reg[m].inputs = SMALL_FEATURES;
        inp.reg[m].linear = true;
        inp.reg[m].map = ENT_MAP_TANH;
    }
    inp.qubits_apart = 1 << QUBITS;
    return inp;
}

static ent_model_inp without_qubits(ent_model_inp inp)
{
    for (int m = 0; m < inp.registers; m++)
        if (inp.reg[m].ansatz.qubits > QUBITS) inp.reg[m].ansatz.qubits = QUBITS;
    inp.qubits_apart = 0;
    return inp;
}

/* part [..] from those of whole [params] that the device has, in order.  Returns their number. */
static int take(const ent_model *model, const ent_device *device, const double *whole, double *part)
{
    const ent_block *block;
    const int blocks = ent_model_blocks(model, &block);
    int taken = 0;
    for (int b = 0; b < blocks; b++)
        for (int p = block[b].first; p < block[b].first + block[b].count && ent_device_trains(device, &block[b]); p++)
            part[taken++] = whole[p];
    return taken;
}

static void check_untouched(const ent_model *model, const ent_device *device, const double *gradient)
{
    const ent_block *block;
    const int blocks = ent_model_blocks(model, &block);
    int absent = 0;
    for (int b = 0; b < blocks; b++)
        for (int p = block[b].first; p < block[b].first + block[b].count && !ent_device_trains(device, &block[b]);
             p++) {
            assert_true(gradient[p] == 0.0);
            absent++;
        }
    assert_true(absent > 0);
}

/* Outputs, loss, gradient and natural gradient on a device of 2 qubits are those of a model that has no more. */
static void check_smaller(const ent_model_inp *inp, const ent_device *device)
{
    const ent_device plain = {.noise = device->noise};
    ent_model_inp small = without_qubits(*inp);
    ent_model *model, *other;
    small_samples s;
    static double w[MOST_PARAMS], few[MOST_PARAMS], found[MOST_PARAMS], wanted[MOST_PARAMS], part[MOST_PARAMS];
    double loss[2], output[2][SMALL_SAMPLES * 3];
    check_ok(ent_model_new(inp, &model));
    check_ok(ent_model_new(&small, &other));
    assert_true(ent_model_params(model) <= MOST_PARAMS);
    double *random = small_weights(model, 7);
    memcpy(w, random, (size_t)ent_model_params(model) * sizeof *w);
    ent_free(random);
    small_samples_make(inp, 9, 0, &s);
    assert_int_equal(take(model, device, w, few), ent_model_params(other));
    for (int turn = 0; turn < (inp->kind == ENT_MODEL_QUANTUM && !inp->token ? 2 : 1); turn++) {
        s.samples.device = device;
        check_ok(ent_model_predict(model, w, &s.samples, output[0]));
        check_ok(ent_model_gradient(model, w, &s.samples, SMALL_SAMPLES, NULL, &loss[0], found));
        if (turn) check_ok(ent_model_natural(model, w, &s.samples, SMALL_SAMPLES, NULL, 0.1, found));
        check_untouched(model, device, found);
        s.samples.device = &plain;
        check_ok(ent_model_predict(other, few, &s.samples, output[1]));
        check_ok(ent_model_gradient(other, few, &s.samples, SMALL_SAMPLES, NULL, &loss[1], wanted));
        if (turn) check_ok(ent_model_natural(other, few, &s.samples, SMALL_SAMPLES, NULL, 0.1, wanted));
        take(model, device, found, part);
        check_near(loss[0], loss[1], 1e-12);
        for (int k = 0; k < SMALL_SAMPLES * 3; k++) check_near(output[0][k], output[1][k], 1e-12);
        for (int p = 0; p < ent_model_params(other); p++) check_near(part[p], wanted[p], 1e-11);
    }
    ent_model_free(model);
    ent_model_free(other);
}

/* ---- computes ---- */

static void a_device_computes_what_a_smaller_model_does(void **state)
{
    (void)state;
    const ent_device device = {.qubits = QUBITS};
    for (int turn = 0; turn < 20; turn++) {
        ent_model_inp inp = chains();
        if (turn == 1) inp.read = ENT_READ_ZZ | ENT_READ_XYZ | ENT_READ_ZZ_WITHIN;
        if (turn == 2) inp.read = ENT_READ_PROBABILITIES;
        if (turn == 3) inp.fusion.within = ENT_WITHIN_CHAIN;
        if (turn == 4) inp.fusion.gate = ENT_QFT;
        if (turn == 5) inp.fusion.gate = ENT_CZ;
        if (turn == 6) inp.fusion.layers = 0;
        if (turn == 7) inp.embed = true;
        if (turn == 8) inp.mma = false;
        if (turn == 9) {
            inp.mma = false;
            inp.token = true;
        }
        for (int m = 0; m < 3 && turn >= 10 && turn < 13; m++) {
            inp.reg[m].ansatz.angles_per_qubit = 1;
            inp.reg[m].ansatz.encoding = turn == 10 ? ENT_ENCODE_IQP : turn == 11 ? ENT_ENCODE_ZZ : ENT_ENCODE_RX;
            inp.reg[m].ansatz.own_angles = turn == 12;
        }
        for (int m = 0; m < 3 && turn >= 16; m++) inp.reg[m].ansatz.own_angles = turn % 2;
        inp.fusion.reupload = turn >= 16;
        if (turn >= 18) inp.fusion.layers = 3, inp.fusion.gate = ENT_CZ;
        if (turn >= 13 && turn < 16) inp.kind = ENT_MODEL_LATE;
        if (turn == 14) inp.layers_apart = 1;
        if (turn == 15) inp.read = ENT_READ_XYZ;
        check_smaller(&inp, &device);
    }
}

static void noise_is_on_the_qubits_that_are_left(void **state)
{
    (void)state;
    ent_qubit_noise noise[3];
    for (int m = 0; m < 3; m++) {
        const double p = 0.02 * (m + 1);
        noise[m] = (ent_qubit_noise){{p, p / 2, p / 3}, {p, p / 3, p / 2}, p, p / 2};
    }
    const ent_device device = {.noise = noise, .qubits = QUBITS};
    const ent_model_inp inp = chains();
    check_smaller(&inp, &device);
}

/* Strings are not on QUBITS more: "text X0Z1" stays, "audio Z3" is gone. */
static void strings_on_the_qubits_that_are_left(void **state)
{
    (void)state;
    const ent_device device = {.qubits = QUBITS};
    ent_model_inp inp = chains(), small = without_qubits(inp);
    ent_model *model, *other;
    for (int k = 0; k < 2; k++) check_ok(ent_model_add_string(k ? &small : &inp, "text X0Z1"));
    check_ok(ent_model_add_string(&inp, "text X0 audio Z3"));
    check_ok(ent_model_new(&inp, &model));
    check_ok(ent_model_new(&small, &other));
    const ent_block *block;
    const int blocks = ent_model_blocks(model, &block);
    double whole[MOST_PARAMS], part[MOST_PARAMS];
    for (int p = 0; p < ent_model_params(model); p++) whole[p] = p;
    assert_int_equal(take(model, &device, whole, part), ent_model_params(other));
    int found = 0;
    for (int b = 0; b < blocks; b++) {
        if (strcmp(block[b].name, "head/text X0Z1") == 0) found += block[b].qubits == 0;
        if (strcmp(block[b].name, "head/text X0 audio Z3") == 0) found += block[b].qubits == QUBITS + 1;
    }
    assert_int_equal(found, 2);
    ent_model_free(model);
    ent_model_free(other);
}

/* Rings, tokens of absent modalities and angles shared by qubits: at every parameter, also those that no device of 2
 * qubits has, the gradient is the loss's. */
static void gradients_are_those_of_the_loss(void **state)
{
    (void)state;
    for (int qubits = 1; qubits <= 2; qubits++)
        for (int turn = 0; turn < 4; turn++) {
            const ent_device device = {.qubits = qubits, .layers = turn == 3};
            ent_model_inp inp = small_model();
            ent_model *model;
            small_samples s;
            static double gradient[MOST_PARAMS];
            double loss;
            inp.fusion.within = ENT_WITHIN_RING;
            inp.kind = turn == 1 ? ENT_MODEL_LATE : ENT_MODEL_QUANTUM;
            inp.token = turn == 2;
            inp.mma = !inp.token;
            inp.qubits_apart = UINT64_C(1) << qubits;
            check_ok(ent_model_new(&inp, &model));
            assert_true(ent_model_params(model) <= MOST_PARAMS);
            double *w = small_weights(model, 3);
            small_samples_make(&inp, 7, 0, &s);
            s.samples.device = &device;
            check_ok(ent_model_gradient(model, w, &s.samples, SMALL_SAMPLES, NULL, &loss, gradient));
            check_untouched(model, &device, gradient);
            check_differences(model, w, &s.samples, gradient, 3);
            ent_free(w);
            ent_model_free(model);
        }
}

/* Divided blocks are the same model: initial weights, outputs and gradient to the last bit, on no device and on one
 * with as many qubits as there are.  The parts of a block follow each other, and have names of their own. */
static void parts_change_no_bit(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        ent_model_inp inp = small_model(), apart;
        const ent_device all = {.qubits = 3};
        ent_model *model, *divided;
        small_samples s;
        static double w[2][MOST_PARAMS], gradient[2][MOST_PARAMS];
        double loss[2], output[2][SMALL_SAMPLES * 3];
        inp.kind = late ? ENT_MODEL_LATE : ENT_MODEL_QUANTUM;
        apart = inp;
        apart.qubits_apart = 1 << 1 | 1 << 2;
        check_ok(ent_model_new(&inp, &model));
        check_ok(ent_model_new(&apart, &divided));
        const size_t bytes = (size_t)ent_model_params(model) * sizeof(double);
        assert_int_equal(ent_model_params(model), ent_model_params(divided));
        ent_model_init(model, 5, w[0]);
        ent_model_init(divided, 5, w[1]);
        assert_memory_equal(w[0], w[1], bytes);
        small_samples_make(&inp, 8, 0, &s);
        for (int turn = 0; turn < 2; turn++) {
            check_ok(ent_model_predict(model, w[0], &s.samples, output[0]));
            check_ok(ent_model_gradient(model, w[0], &s.samples, SMALL_SAMPLES, NULL, &loss[0], gradient[0]));
            s.samples.device = turn ? &all : NULL;
            check_ok(ent_model_predict(divided, w[1], &s.samples, output[1]));
            check_ok(ent_model_gradient(divided, w[1], &s.samples, SMALL_SAMPLES, NULL, &loss[1], gradient[1]));
            assert_memory_equal(output[0], output[1], sizeof output[0]);
            assert_memory_equal(gradient[0], gradient[1], bytes);
            assert_memory_equal(&loss[0], &loss[1], sizeof loss[0]);
            s.samples.device = NULL;
        }
        const ent_block *whole, *part;
        const int wholes = ent_model_blocks(model, &whole), parts = ent_model_blocks(divided, &part);
        int next = 0;
        for (int b = 0, k = 0; k < parts; k++) {
            if (part[k].first == whole[b].first + whole[b].count) b++;
            assert_int_equal(part[k].first, next);
            assert_true(part[k].first >= whole[b].first &&
                        part[k].first + part[k].count <= whole[b].first + whole[b].count);
            assert_memory_equal(part[k].name, whole[b].name, strlen(whole[b].name));
            assert_int_equal(part[k].needs, whole[b].needs);
            assert_int_equal(part[k].role, whole[b].role);
            assert_true(part[k].fan_in == whole[b].fan_in);
            for (int j = 0; j < k; j++) assert_string_not_equal(part[j].name, part[k].name);
            next += part[k].count;
        }
        assert_int_equal(next, ent_model_params(model));
        assert_true(parts > wholes + 10);
        ent_model_free(model);
        ent_model_free(divided);
    }
}

/* By hand: of audio, 3 qubits of hea with two angles per qubit and a map, one layer, three outputs. */
static void parts_by_hand(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int count, qubits;
    } wanted[] = {{"audio/map/weight[0:5]", 5, 0},   {"audio/map/weight[5:15]", 10, 2},
                  {"audio/map/weight[15:20]", 5, 0}, {"audio/map/weight[20:30]", 10, 2},
                  {"audio/map/bias[0:1]", 1, 0},     {"audio/map/bias[4:6]", 2, 2},
                  {"audio/circuit[0:2]", 2, 0},      {"audio/circuit[2:6]", 4, 2},
                  {"fusion/text-audio[0:1]", 1, 0},  {"fusion/text-audio[1:2]", 1, 2},
                  {"fusion/audio[6:8]", 2, 0},       {"head/audio[3:4]", 1, 0},
                  {"head/audio[4:6]", 2, 2},         {"head/bias", 3, 0},
                  {"vision/circuit", 2, 0}};
    ent_model_inp inp = small_model();
    ent_model *model;
    inp.qubits_apart = 1 << 1;
    check_ok(ent_model_new(&inp, &model));
    const ent_block *block;
    const int blocks = ent_model_blocks(model, &block);
    for (size_t k = 0; k < sizeof wanted / sizeof *wanted; k++) {
        int b = 0;
        while (b < blocks && strcmp(block[b].name, wanted[k].name) != 0) b++;
        if (b == blocks) fail_msg("no block '%s'", wanted[k].name);
        assert_int_equal(block[b].count, wanted[k].count);
        assert_int_equal(block[b].qubits, wanted[k].qubits);
    }
    ent_model_free(model);
}

/* ---- refuses ---- */

static void circuits_that_need_all_qubits(void **state)
{
    (void)state;
    ent_model_inp inp = small_model();
    ent_model *model = NULL;
    inp.qubits_apart = 1 << 2;
    inp.reg[1].ansatz.encoding = ENT_ENCODE_AMPLITUDE;
    inp.reg[1].ansatz.angles_per_qubit = 1;
    check_fails(ent_model_new(&inp, &model), ENT_EARG,
                "2 qubits per register (devices.qubits), want the 3 of 'audio': amplitude encoding");
    inp = small_model();
    inp.head = ENT_HEAD_DIRECT;
    inp.qubits_apart = 1 << 2 | 1 << 3;
    check_fails(ent_model_new(&inp, &model), ENT_EARG,
                "2 qubits per register (devices.qubits), want 3 with head direct");
    inp.qubits_apart = 1 << 3;
    check_ok(ent_model_new(&inp, &model));
    ent_model_free(model);
}

static void survives_every_failing_allocation(void **state)
{
    (void)state;
    const ent_device device = {.qubits = 1};
    ent_model_inp inp = small_model();
    ent_model *model = NULL;
    small_samples s;
    double output[SMALL_SAMPLES * 3];
    inp.qubits_apart = 1 << 1;
    check_every_allocation(ent_model_new(&inp, &model), (void)0);
    double *w = small_weights(model, 1);
    small_samples_make(&inp, 1, 0, &s);
    s.samples.device = &device;
    check_every_allocation(ent_model_predict(model, w, &s.samples, output), (void)0);
    ent_free(w);
    ent_model_free(model);
}

static const struct CMUnitTest computes[] = {
    cmocka_unit_test(a_device_computes_what_a_smaller_model_does),
    cmocka_unit_test(noise_is_on_the_qubits_that_are_left),
    cmocka_unit_test(strings_on_the_qubits_that_are_left),
    cmocka_unit_test(gradients_are_those_of_the_loss),
    cmocka_unit_test(parts_change_no_bit),
    cmocka_unit_test(parts_by_hand),
};
static const struct CMUnitTest refuses[] = {
    cmocka_unit_test(circuits_that_need_all_qubits),
    cmocka_unit_test(survives_every_failing_allocation),
};
CHECK_MAIN(computes, refuses)
