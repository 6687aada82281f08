/* The model: gradients against differences, and the identities of the missing-modality mechanism, bit for bit. */
#include "model_checks.h"

static void gradient_equals_differences_for_every_head_and_loss(void **state)
{
    (void)state;
    ent_model_inp inp = small_model();
    check_gradient(&inp);
    inp.embed = true;
    inp.fusion.gate = ENT_RZZ;
    check_gradient(&inp);
    inp.embed = false;
    inp.head = ENT_HEAD_DIRECT;
    inp.fusion.gate = ENT_CZ;
    check_gradient(&inp);
    inp.outputs = 1;
    inp.squared = true;
    inp.head_offset = 0.3;
    inp.fusion.gate = ENT_CX;
    check_gradient(&inp);
    inp.head = ENT_HEAD_LINEAR;
    inp.fusion.gate = ENT_CRZ;
    check_gradient(&inp);
    inp.fusion.gate = ENT_QFT;
    check_gradient(&inp);
    inp.mma = false;
    check_gradient(&inp);
}

/* More readouts, and factors of the data angles in the registers with and without a map. */
static ent_model_inp wide_model(void)
{
    ent_model_inp inp = small_model();
    inp.read = ENT_READ_Z | ENT_READ_XYZ | ENT_READ_ZZ | ENT_READ_ZZ_WITHIN;
    for (int m = 0; m < 3; m++) inp.reg[m].ansatz.own_angles = true;
    inp.reg[1].ansatz.layers = 3;
    return inp;
}

static void gradient_equals_differences_with_more_readouts_and_factors(void **state)
{
    (void)state;
    ent_model_inp inp = wide_model();
    check_gradient(&inp);
    inp.mma = false;
    inp.reg[1].linear = false;
    inp.reg[1].inputs = 6;
    check_gradient(&inp);
}

/* Strings on one register and over several; late fusion has those on one.  The strings of a missing register are
 * missing too. */
static void chosen_strings_are_readouts_as_all_others(void **state)
{
    (void)state;
    static const char *const strings[] = {"text X0Y1", "vision Y", "audio ZIX", "text X1 audio Z0Z1",
                                          "audio Y2 vision X0"};
    for (int late = 0; late < 2; late++) {
        ent_model_inp inp = small_model();
        inp.kind = late ? ENT_MODEL_LATE : ENT_MODEL_QUANTUM;
        for (int k = 0; k < (late ? 3 : 5); k++) check_ok(ent_model_add_string(&inp, strings[k]));
        check_gradient(&inp);
        check_mma_is_no_change(&inp);
    }
}

/* 2, 3 and 1 qubits: Z, X, Y each; 1 + 3 + 0 pairs within; links 2, 3 and 2 of the ring's pairs; 3 outputs. */
static void more_readouts_and_factors_are_counted(void **state)
{
    (void)state;
    const ent_model_inp narrow = small_model(), wide = wide_model();
    ent_model *a = make_model(&narrow), *b = make_model(&wide);
    const int readouts = 2 * 6 + 4, layers = 2 * 3 * 2, factors = 2 * 2 + 3 * 6 + 2; /* vision encodes once */
    assert_int_equal(ent_model_params(b) - ent_model_params(a), 3 * readouts + layers + factors);
    ent_model_free(a);
    ent_model_free(b);
}

/* Factors of 1 change nothing, and of a register that encodes in every layer each layer has its own. */
static void factors_multiply_the_angles_layer_by_layer(void **state)
{
    (void)state;
    ent_model_inp plain = small_model(), scaled = small_model();
    scaled.reg[0].ansatz.own_angles = true; /* text: 2 qubits, 2 layers, scale 1.5, no map */
    ent_model *a = make_model(&plain), *b = make_model(&scaled);
    small_samples s;
    small_samples_make(&plain, 8, 7, &s);
    double *v = small_weights(a, 2), *w = ent_alloc(ent_model_params(b), sizeof *w);
    double want[3 * SMALL_SAMPLES], found[3 * SMALL_SAMPLES];
    const ent_block *factor = block_named(b, "text/factor");
    memcpy(w, v, (size_t)factor->first * sizeof *w); /* text's circuit comes after its factors */
    memcpy(w + factor->first + 4, v + factor->first, (size_t)(ent_model_params(a) - factor->first) * sizeof *w);
    for (int k = 0; k < 4; k++) w[factor->first + k] = 1.0;
    check_ok(ent_model_predict(a, v, &s.samples, want));
    check_ok(ent_model_predict(b, w, &s.samples, found));
    assert_memory_equal(found, want, sizeof want);
    for (int layer = 0; layer < 2; layer++) {
        for (int k = 0; k < 4; k++) w[factor->first + k] = k / 2 == layer ? 0.5 : 1.0;
        check_ok(ent_model_predict(b, w, &s.samples, found));
        assert_true(memcmp(found, want, sizeof want) != 0);
        for (int k = 0; k < 4; k++) w[factor->first + k] = 0.5;
    }
    check_ok(ent_model_predict(b, w, &s.samples, found)); /* both layers at half: as the angles by half */
    for (int k = 0; k < 2 * SMALL_SAMPLES; k++) s.x[0][k] = 1.5 * atanh(0.5 * tanh(s.x[0][k] / 1.5));
    check_ok(ent_model_predict(a, v, &s.samples, want));
    for (int k = 0; k < 3 * SMALL_SAMPLES; k++) check_near(found[k], want[k], 1e-12);
    ent_free(v);
    ent_free(w);
    ent_model_free(a);
    ent_model_free(b);
}

/* Absent registers run with trained angles of their own. */
static ent_model_inp token_model(void)
{
    ent_model_inp inp = small_model();
    inp.mma = false;
    inp.token = true;
    return inp;
}

static void tokens_learn_as_everything_else(void **state)
{
    (void)state;
    ent_model_inp inp = token_model();
    check_gradient(&inp);
    inp.head = ENT_HEAD_DIRECT;
    inp.reg[0].ansatz.own_angles = true;
    inp.reg[2].ansatz.encoding = ENT_ENCODE_RX;
    inp.reg[1].ansatz.encoding = ENT_ENCODE_IQP;
    inp.reg[1].ansatz.angles_per_qubit = inp.reg[2].ansatz.angles_per_qubit = 1;
    inp.reg[2].inputs = 1;
    check_gradient(&inp);
    inp = token_model();
    check_absent_features(&inp);
    check_threads(&inp);
    check_neighbours(&inp);
    check_blocks(&inp);
    check_needs(&inp);
    check_allocations(&inp);
}

/* A token takes the place of the data of the angles; with nothing missing it is not read. */
static void tokens_are_angles_in_place_of_data(void **state)
{
    (void)state;
    static const double angle[2] = {0.4, -1.1};
    ent_model_inp inp = token_model(), plain = token_model();
    plain.token = false;
    ent_model *with = make_model(&inp), *without = make_model(&plain);
    double *w = small_weights(with, 3), *v = small_weights(without, 0);
    double found[3 * SMALL_SAMPLES], wanted[3 * SMALL_SAMPLES];
    small_samples s;
    memcpy(w + block_named(with, "vision/token")->first, angle, sizeof angle);
    share_weights(with, w, without, v);
    small_samples_make(&inp, 9, 7, &s);
    check_ok(ent_model_predict(without, v, &s.samples, wanted));
    check_ok(ent_model_predict(with, w, &s.samples, found));
    same_bits(found, wanted, 3 * SMALL_SAMPLES);
    for (int k = 0; k < SMALL_SAMPLES; k++) s.context[k] = 3;
    check_ok(ent_model_predict(with, w, &s.samples, found));
    for (int k = 0; k < 2 * SMALL_SAMPLES; k++) s.x[2][k] = angle[k % 2] * 3.0 / acos(-1.0); /* clip, scale 3 */
    check_ok(ent_model_predict(without, v, &s.samples, wanted));
    for (int k = 0; k < 3 * SMALL_SAMPLES; k++) check_near(found[k], wanted[k], 1e-12);
    ent_free(w);
    ent_free(v);
    ent_model_free(with);
    ent_model_free(without);
}

/* The loss is that of the logits with the offsets; predictions are without them. */
static void class_offsets_are_added_to_the_logits(void **state)
{
    (void)state;
    static const double offset[3] = {0.7, -2.0, 0.1};
    for (int kind = ENT_MODEL_QUANTUM; kind <= ENT_MODEL_MULTILINEAR; kind++) {
        ent_model_inp inp = small_model();
        inp.kind = (ent_model_kind)kind;
        inp.hidden = 3;
        ent_model *model = make_model(&inp);
        double *w = small_weights(model, 3), loss, mean = 0.0, outputs[3 * SMALL_SAMPLES];
        double *gradient = ent_alloc(ent_model_params(model), sizeof *gradient);
        small_samples s;
        small_samples_make(&inp, 9, kind == ENT_MODEL_LATE ? 1 : 0, &s); /* late: a loss of each modality */
        s.samples.class_offset = offset;
        check_ok(ent_model_predict(model, w, &s.samples, outputs));
        for (int k = 0; k < SMALL_SAMPLES; k++) {
            for (int o = 0; o < 3; o++) outputs[3 * k + o] += offset[o];
            mean += ent_loss(false, 3, outputs + 3 * k, s.category[k], 0.0, NULL) / SMALL_SAMPLES;
        }
        check_ok(ent_model_gradient(model, w, &s.samples, SMALL_SAMPLES, NULL, &loss, gradient));
        check_near(loss, mean, 1e-12);
        ent_free(w);
        ent_free(gradient);
        ent_model_free(model);
    }
}

/* A weighted loss is that of each sample times its class's weight. */
static void class_weights_multiply_the_losses(void **state)
{
    (void)state;
    static const double weight[3] = {0.25, 1.0, 4.0};
    const ent_model_inp inp = small_model();
    ent_model *model = make_model(&inp);
    small_samples s;
    small_samples_make(&inp, 9, 0, &s);
    double *w = small_weights(model, 2), *gradient = ent_alloc(ent_model_params(model), sizeof *gradient);
    double sum = 0.0, loss;
    for (int64_t k = 0; k < SMALL_SAMPLES; k++) {
        check_ok(ent_model_gradient(model, w, &s.samples, 1, &k, &loss, gradient));
        sum += weight[s.category[k]] * loss;
    }
    s.samples.class_weight = weight;
    check_ok(ent_model_gradient(model, w, &s.samples, SMALL_SAMPLES, NULL, &loss, gradient));
    check_near(loss, sum / SMALL_SAMPLES, 1e-13);
    ent_free(w);
    ent_free(gradient);
    ent_model_free(model);
}

/* With a trainable map, whose gradient goes through the encoding; amplitudes are prepared once. */
static void gradient_equals_differences_for_every_encoding(void **state)
{
    (void)state;
    for (int encoding = 0; encoding < ENT_ENCODINGS; encoding++) {
        ent_model_inp inp = small_model();
        for (int m = 0; m < inp.registers; m++) {
            ent_ansatz *a = &inp.reg[m].ansatz;
            a->encoding = (ent_encoding)encoding;
            a->angles_per_qubit = 1;
            a->reupload = encoding != ENT_ENCODE_AMPLITUDE;
            inp.reg[m].scale = 20.0; /* differences of zz need small angles */
            inp.reg[m].linear = m < 2;
            inp.reg[m].inputs = m < 2 ? SMALL_FEATURES : ent_ansatz_inputs(a);
        }
        check_gradient(&inp);
    }
}

static ent_model_inp with_probabilities(void)
{
    ent_model_inp inp = small_model();
    inp.read = ENT_READ_PROBABILITIES;
    return inp;
}

static void probabilities_learn_as_everything_else(void **state)
{
    (void)state;
    const ent_model_inp inp = with_probabilities();
    check_gradient(&inp);
    check_mma_is_no_change(&inp);
}

/* The head on the probabilities of the whole state, summed over what the other register has. */
static void probabilities_are_those_of_the_state(void **state)
{
    (void)state;
    enum { N = 5 };
    ent_model_inp inp = with_probabilities();
    inp.registers = 2;
    ent_fusion_connect(&inp.fusion, ENT_PATTERN_RING, 2);
    inp.reg[1].linear = false;
    inp.reg[1].inputs = ent_ansatz_inputs(&inp.reg[1].ansatz);
    ent_model *model = make_model(&inp);
    ent_circuit *circuit;
    check_ok(ent_model_circuit(&inp, 3, &circuit));
    assert_int_equal(circuit->readouts, 3 + 7);
    const ent_block *block;
    const int blocks = ent_model_blocks(model, &block);
    double *w = small_weights(model, 4), x[2][6], angles[8], p[1 << N], output[3];
    const uint32_t context = 3;
    for (int k = 0; k < 2; k++) angles[k] = acos(-1.0) * tanh((x[0][k] = 0.3 - k) / inp.reg[0].scale);
    for (int k = 0; k < 6; k++) angles[2 + k] = acos(-1.0) * tanh((x[1][k] = 0.2 * k - 0.7) / inp.reg[1].scale);
    const ent_samples samples = {.n = 1, .x = {x[0], x[1]}, .context = &context};
    check_ok(ent_model_predict(model, w, &samples, output));
    check_ok(ent_circuit_probabilities(circuit, w, angles, p));
    for (int o = 0; o < 3; o++) {
        double wanted = 0.0;
        for (int b = 0; b < blocks; b++) {
            const double *head = w + block[b].first;
            for (int s = 0; s < 1 << N; s++) {
                if (strcmp(block[b].name, "head/text") == 0) wanted += head[o * 4 + (s & 3)] * p[s];
                if (strcmp(block[b].name, "head/audio") == 0) wanted += head[o * 8 + (s >> 2)] * p[s];
            }
            if (strcmp(block[b].name, "head/bias") == 0) wanted += head[o];
        }
        check_near(output[o], wanted, 1e-13);
    }
    ent_circuit_free(circuit);
    ent_model_free(model);
    ent_free(w);
    ent_model *none = NULL;
    inp.head = ENT_HEAD_DIRECT;
    check_fails(ent_model_new(&inp, &none), ENT_EARG, "readout of probabilities: want head linear");
    inp.head = ENT_HEAD_LINEAR;
    inp.reg[0].ansatz.qubits = 11;
    inp.reg[0].inputs = 11;
    check_fails(ent_model_new(&inp, &none), ENT_EARG, "found a register of 11 qubits, want at most 10");
    inp.reg[0].ansatz.qubits = 2;
    inp.reg[0].inputs = 2;
    inp.read |= ENT_READ_XYZ;
    check_fails(ent_model_new(&inp, &none), ENT_EARG, "and no other readout");
}

static void identities_hold(void **state)
{
    (void)state;
    ent_model_inp inp = small_model();
    check_every_identity(&inp);
    inp = wide_model();
    check_absent_register(&inp);
    check_absent_features(&inp);
    check_needs(&inp);
    inp = small_model();
    inp.fusion.gate = ENT_QFT;
    check_every_identity(&inp);
}

/* Two registers of one layer each, put together by hand: the head is the mean of all <Z>. */
static void qft_mixing_is_one_transform_of_all_qubits(void **state)
{
    (void)state;
    const ent_ansatz ansatz = {ENT_ANSATZ_BASIC, NULL, 2, 1, 1, true, false, ENT_ENCODE_RY};
    const double x[2][2] = {{0.3, -0.8}, {1.1, 0.5}};
    const uint32_t context = 3;
    ent_model_inp inp = {.registers = 2,
                         .fusion = {.layers = 1, .gate = ENT_QFT},
                         .head = ENT_HEAD_DIRECT,
                         .head_scale = 1.0,
                         .outputs = 1,
                         .squared = true,
                         .mma = true,
                         .program = {.threads = 1}};
    for (int m = 0; m < 2; m++)
        inp.reg[m] = (ent_register){.name = m ? "b" : "a", .ansatz = ansatz, .inputs = 2, .scale = 2.0};
    ent_model *model = make_model(&inp);
    double *w = small_weights(model, 3), angles[4], found, mean = 0.0, z[4];
    assert_int_equal(ent_model_params(model), 4 + 8);
    check_ok(ent_model_predict(model, w, &(ent_samples){.n = 1, .x = {x[0], x[1]}, .context = &context}, &found));
    ent_circuit *circuit;
    check_ok(ent_circuit_new(4, 12, 4, &circuit));
    for (int m = 0; m < 2; m++) check_ok(ent_ansatz_append(&ansatz, 2 * m, 2 * m, 2 * m, circuit));
    for (int k = 0; k < 4; k++) angles[k] = acos(-1.0) * tanh(x[k / 2][k % 2] / 2.0);
    check_ok(ent_circuit_add(circuit, (ent_gate){ENT_QFT, {0, 3}, ent_angle_none()}));
    for (int q = 0; q < 4; q++) {
        check_ok(ent_circuit_add(circuit, (ent_gate){ENT_RY, {q, 0}, ent_angle_param(4 + 2 * q)}));
        check_ok(ent_circuit_add(circuit, (ent_gate){ENT_RZ, {q, 0}, ent_angle_param(5 + 2 * q)}));
        check_ok(ent_circuit_read(circuit, UINT64_C(1) << q));
    }
    ent_program *program;
    check_ok(ent_program_new(circuit, &(ent_program_inp){.engine = ENT_ENGINE_REFERENCE, .threads = 1}, &program));
    check_ok(ent_program_forward(program, &(ent_batch){1, angles, w}, z));
    for (int q = 0; q < 4; q++) mean += z[q] / 4;
    check_near(found, mean, 1e-14);
    ent_program_free(program);
    ent_circuit_free(circuit);
    ent_free(w);
    ent_model_free(model);
}

static void patterns_connect_what_they_say(void **state)
{
    (void)state;
    ent_fusion f = {.layers = 1};
    const int pairs[4][5] = {{0, 1, 3, 4, 5}, {0, 1, 3, 6, 10}, {0, 1, 2, 3, 4}, {0, 0, 0, 0, 0}};
    for (int pattern = 0; pattern < 4; pattern++)
        for (int n = 1; n <= 5; n++) {
            ent_fusion_connect(&f, (ent_fusion_pattern)pattern, n);
            assert_int_equal(f.pairs, pairs[pattern][n - 1]);
            for (int k = 0; k < f.pairs; k++) assert_true(f.pair[k][0] < f.pair[k][1] && f.pair[k][1] < n);
        }
}

/* A chain is one line of all qubits; a ring within a register closes from 3 qubits on.  small_model has 2, 3 and 1.
 */
static void fusion_within_registers_joins_what_it_says(void **state)
{
    (void)state;
    const int gates[2][5][2] = {{{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}}, {{0, 1}, {2, 3}, {3, 4}, {4, 2}, {-1, -1}}};
    for (int ring = 0; ring < 2; ring++) {
        ent_model_inp inp = small_model();
        ent_circuit *circuit;
        int found = 0;
        inp.fusion = (ent_fusion){.layers = 1, .gate = ENT_CRZ, .within = ring ? ENT_WITHIN_RING : ENT_WITHIN_NONE};
        ent_fusion_connect(&inp.fusion, ring ? ENT_PATTERN_NONE : ENT_PATTERN_CHAIN, inp.registers);
        check_ok(ent_model_circuit(&inp, 7, &circuit));
        for (int64_t g = 0; g < circuit->gates; g++) {
            if (circuit->gate[g].kind != ENT_CRZ) continue;
            assert_true(found < 5);
            assert_int_equal(circuit->gate[g].qubit[0], gates[ring][found][0]);
            assert_int_equal(circuit->gate[g].qubit[1], gates[ring][found++][1]);
        }
        assert_int_equal(found, ring ? 4 : 5);
        ent_circuit_free(circuit);
        check_gradient(&inp);
        check_every_identity(&inp);
    }
}

/* The fused gates, "ry0(x1) crz01 ..", of registers of one qubit: text has RX in its one layer, audio RY and RZ. */
static void check_fusion_gates(bool own_angles, int layers, uint32_t context, const char *wanted)
{
    ent_model_inp inp = {
        .registers = 2, .fusion = {.layers = layers, .gate = ENT_CRZ, .reupload = true}, .outputs = 2, .mma = true};
    inp.reg[0] = (ent_register){
        "text", {ENT_ANSATZ_HEA, NULL, 1, 1, 1, false, own_angles, ENT_ENCODE_RX}, 1, false, ENT_MAP_TANH, 1.0};
    inp.reg[1] = (ent_register){
        "audio", {ENT_ANSATZ_HEA, NULL, 1, 2, 2, true, own_angles, ENT_ENCODE_RY}, 2, false, ENT_MAP_TANH, 1.0};
    ent_fusion_connect(&inp.fusion, ENT_PATTERN_RING, 2);
    ent_circuit *circuit, *registers;
    ent_model_inp unfused = inp;
    unfused.fusion = (ent_fusion){.layers = 0};
    check_ok(ent_model_circuit(&inp, context, &circuit));
    check_ok(ent_model_circuit(&unfused, context, &registers));
    char found[512] = "";
    for (int64_t g = registers->gates; g < circuit->gates; g++) {
        const ent_gate *gate = &circuit->gate[g];
        const ent_gate_info *info = ent_gate_describe(gate->kind);
        const bool data = gate->angle.source == ENT_ANGLE_DATA;
        snprintf(found + strlen(found), sizeof found - strlen(found), "%s%s%d", *found ? " " : "", info->name,
                 gate->qubit[0]);
        if (info->qubits == 2) snprintf(found + strlen(found), sizeof found - strlen(found), "%d", gate->qubit[1]);
        if (data) snprintf(found + strlen(found), sizeof found - strlen(found), "(x%d)", gate->angle.slot);
    }
    assert_string_equal(found, wanted);
    ent_circuit_free(circuit);
    ent_circuit_free(registers);
}

static void fusion_encodes_the_data_again(void **state)
{
    (void)state;
#define LAYER "crz01 ry0 rz0 ry1 rz1"
    check_fusion_gates(false, 2, 3, LAYER " rx0(x0) ry1(x1) rz1(x2) " LAYER);
    check_fusion_gates(false, 3, 3, LAYER " rx0(x0) ry1(x1) rz1(x2) " LAYER " rx0(x0) ry1(x1) rz1(x2) " LAYER);
    /* own slots: text's layer has 0, audio's layers have 3 to 6 */
    check_fusion_gates(true, 3, 3, LAYER " rx0(x1) ry1(x7) rz1(x8) " LAYER " rx0(x2) ry1(x9) rz1(x10) " LAYER);
    check_fusion_gates(false, 2, 1, "ry0 rz0 rx0(x0) ry0 rz0"); /* what is absent has no gates */
    check_fusion_gates(true, 2, 2, "ry0 rz0 ry0(x6) rz0(x7) ry0 rz0");
#undef LAYER
}

static void reuploading_fusion_learns_as_everything_else(void **state)
{
    (void)state;
    ent_model_inp inp = small_model();
    inp.fusion.reupload = true;
    check_gradient(&inp);
    check_every_identity(&inp);
    inp = wide_model();
    inp.fusion.reupload = true;
    inp.fusion.layers = 3;
    check_gradient(&inp);
    check_absent_register(&inp);
    inp = token_model();
    inp.fusion.reupload = true;
    inp.reg[0].ansatz.own_angles = true;
    inp.reg[1].ansatz.encoding = ENT_ENCODE_IQP;
    inp.reg[1].ansatz.angles_per_qubit = 1;
    check_gradient(&inp);
    inp = small_model();
    inp.fusion.reupload = true;
    inp.fusion.gate = ENT_QFT;
    inp.reg[1].ansatz.encoding = ENT_ENCODE_ZZ;
    inp.reg[1].ansatz.angles_per_qubit = 1;
    inp.reg[1].scale = 20.0;
    check_gradient(&inp);
}

/* 16 and 2 times the layers that encode: one or two of the ansatz, two of the fusion. */
static void encodings_of_the_fusion_count_in_the_scale(void **state)
{
    (void)state;
    const ent_fusion plain = {.layers = 3}, again = {.layers = 3, .reupload = true};
    ent_ansatz a = {ENT_ANSATZ_HEA, NULL, 3, 2, 1, true, false, ENT_ENCODE_RY};
    check_near(ent_angle_scale(&a, &plain, true), 32.0, 0.0);
    check_near(ent_angle_scale(&a, &again, true), 64.0, 0.0);
    assert_int_equal(ent_model_angles(&a, &again), 3);
    a.own_angles = true;
    assert_int_equal(ent_model_angles(&a, &again), 12);
    a.reupload = false;
    check_near(ent_angle_scale(&a, &again, false), 6.0, 0.0);
    assert_int_equal(ent_model_angles(&a, &again), 9);
}

static void loss_agrees_with_plain_formulas(void **state)
{
    (void)state;
    const double logit[3] = {0.5, -1.0, 2.0};
    double d[3], sum = exp(0.5) + exp(-1.0) + exp(2.0);
    check_near(ent_loss(false, 3, logit, 1, 0.0, d), -log(exp(-1.0) / sum), 1e-15);
    check_near(d[0], exp(0.5) / sum, 1e-15);
    check_near(d[1], exp(-1.0) / sum - 1.0, 1e-15);
    check_near(ent_loss(true, 1, logit, 0, 2.0, d), 2.25, 1e-15);
    check_near(d[0], -3.0, 1e-15);
    const double huge[2] = {1e4, -1e4};
    check_near(ent_loss(false, 2, huge, 1, 0.0, d), 2e4, 1e-9);
}

/* Data angles computed once, for samples that partly lack modalities whose replacement is still features. */
static void encoded_samples_give_the_same_bits(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        ent_model_inp inp = small_model();
        static const double stand_in[5] = {0.3, -0.4, 0.5, -0.6, 0.7};
        inp.kind = kind == 0 ? ENT_MODEL_QUANTUM : ENT_MODEL_LATE;
        inp.mma = false;
        small_samples s;
        ent_model *model;
        double loss[2], *gradient[2];
        small_samples_make(&inp, 7, 0, &s);
        for (int m = 0; m < 3; m++) s.samples.absent[m] = stand_in;
        check_ok(ent_model_new(&inp, &model));
        double *w = small_weights(model, 7);
        assert_int_equal(ent_model_encodes(model), 5); /* audio has a trainable map */
        for (int way = 0; way < 2; way++) {
            gradient[way] = ent_alloc(ent_model_params(model), sizeof(double));
            assert_non_null(gradient[way]);
            check_ok(ent_model_gradient(model, w, &s.samples, SMALL_SAMPLES, NULL, &loss[way], gradient[way]));
            for (int m = 0; m < 3 && way == 0; m++) ent_model_encode(model, m, SMALL_SAMPLES, s.x[m]);
            s.samples.encoded = ent_model_encodes(model);
        }
        assert_memory_equal(&loss[0], &loss[1], sizeof loss[0]);
        assert_memory_equal(gradient[0], gradient[1], (size_t)ent_model_params(model) * sizeof(double));
        ent_free(gradient[0]);
        ent_free(gradient[1]);
        ent_free(w);
        ent_model_free(model);
    }
}

static void qubits_are_those_of_all_registers(void **state)
{
    (void)state;
    const ent_model_inp inp = small_model();
    ent_model *model = make_model(&inp);
    assert_int_equal(ent_model_qubits(model), 6);
    ent_model_free(model);
}

static void refuses_what_cannot_be_built(void **state)
{
    (void)state;
    ent_model *model;
    ent_model_inp inp = small_model();
    inp.reg[0].inputs = 9;
    check_fails(ent_model_new(&inp, &model), ENT_EARG, "'text': 9 numbers per sample, want 2");
    inp = small_model();
    inp.head = ENT_HEAD_DIRECT;
    inp.outputs = 4;
    check_fails(ent_model_new(&inp, &model), ENT_EARG, "direct");
    inp = small_model();
    inp.mma = false;
    inp.embed = true;
    check_fails(ent_model_new(&inp, &model), ENT_EARG, "mma");
    inp = token_model();
    inp.kind = ENT_MODEL_LATE;
    check_fails(ent_model_new(&inp, &model), ENT_EARG, "kind late: trained angles in place of absent modalities");
    inp = small_model();
    inp.reg[0].scale = 0.0;
    check_fails(ent_model_new(&inp, &model), ENT_EARG, "scale");
    inp = small_model();
    inp.reg[0].ansatz.qubits = 50;
    inp.reg[0].inputs = 50;
    check_fails(ent_model_new(&inp, &model), ENT_ENOMEM, "54 qubits needs 288230376151711744 bytes");
    inp = small_model();
    inp.fusion.reupload = true;
    inp.fusion.layers = 1;
    check_fails(ent_model_new(&inp, &model), ENT_EARG, "found model.fusion.layers 1, want at least 2");
    inp.fusion.layers = 2;
    inp.reg[0].ansatz.encoding = ENT_ENCODE_AMPLITUDE;
    inp.reg[0].ansatz.layers = 1;
    inp.reg[0].inputs = 4;
    check_fails(ent_model_new(&inp, &model), ENT_EARG, "'text': found encoding amplitude");
    assert_non_null(strstr(ent_message(), "fusion.reupload false"));
}

int main(void)
{
    const struct CMUnitTest computes[] = {
        cmocka_unit_test(gradient_equals_differences_for_every_head_and_loss),
        cmocka_unit_test(gradient_equals_differences_for_every_encoding),
        cmocka_unit_test(probabilities_learn_as_everything_else),
        cmocka_unit_test(probabilities_are_those_of_the_state),
        cmocka_unit_test(gradient_equals_differences_with_more_readouts_and_factors),
        cmocka_unit_test(chosen_strings_are_readouts_as_all_others),
        cmocka_unit_test(more_readouts_and_factors_are_counted),
        cmocka_unit_test(factors_multiply_the_angles_layer_by_layer),
        cmocka_unit_test(class_weights_multiply_the_losses),
        cmocka_unit_test(class_offsets_are_added_to_the_logits),
        cmocka_unit_test(tokens_learn_as_everything_else),
        cmocka_unit_test(tokens_are_angles_in_place_of_data),
        cmocka_unit_test(identities_hold),
        cmocka_unit_test(qft_mixing_is_one_transform_of_all_qubits),
        cmocka_unit_test(patterns_connect_what_they_say),
        cmocka_unit_test(fusion_within_registers_joins_what_it_says),
        cmocka_unit_test(fusion_encodes_the_data_again),
        cmocka_unit_test(reuploading_fusion_learns_as_everything_else),
        cmocka_unit_test(encodings_of_the_fusion_count_in_the_scale),
        cmocka_unit_test(loss_agrees_with_plain_formulas),
        cmocka_unit_test(encoded_samples_give_the_same_bits),
        cmocka_unit_test(qubits_are_those_of_all_registers),
    };
    const struct CMUnitTest refuses[] = {
        cmocka_unit_test(refuses_what_cannot_be_built),
    };
    int failed = cmocka_run_group_tests_name("computes", computes, NULL, NULL);
    return failed + cmocka_run_group_tests_name("refuses", refuses, NULL, NULL);
}
