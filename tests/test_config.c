/* The configuration: the values of a short file, and what is refused, with line, key, value found and value
 * wanted. */
#include "check.h"

#include <stdlib.h>
#include <unistd.h>

#include "config/load.h"
#include "entente/random.h"

static char folder[] = "/tmp/entente-config-XXXXXX";
static char path[256];

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/c.yaml", folder);
    return 0;
}

static int drop_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void write_config(const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static const char SHORT[] = "data: {file: a.h5, modalities: [text, audio]}\n"
                            "model:\n"
                            "  registers: {text: {qubits: 4, ansatz: strong}, audio: {reduce: pca}}\n"
                            "client: {batch: 7}\n";

static ent_config *load(const char *text, int sets, const char *const *set)
{
    char *whole;
    ent_config *config;
    write_config(text);
    check_ok(ent_config_text(path, sets, set, &whole));
    check_ok(ent_config_parse(whole, &config));
    ent_free(whole);
    return config;
}

static void check_readout(const char *value, unsigned bits, const char *written)
{
    char text[512], *whole;
    snprintf(text, sizeof text, "data: {file: a.h5, modalities: [a]}\nmodel: {readout: %s}\n", value);
    ent_config *c = load(text, 0, NULL);
    assert_int_equal(c->model.readout, bits);
    check_ok(ent_config_write(c, &whole));
    assert_non_null(strstr(whole, written));
    ent_free(whole);
    ent_config_free(c);
}

static void a_set_is_one_choice_or_a_list(void **state)
{
    (void)state;
    check_readout("zz", ENT_READ_ZZ, "readout: zz\n");
    check_readout("[xyz]", ENT_READ_XYZ, "readout: xyz\n");
    check_readout("[zz_within, z]", ENT_READ_Z | ENT_READ_ZZ_WITHIN, "readout: [z, zz_within]\n");
    const char *set[] = {"model.readout=[xyz, zz]"};
    ent_config *c = load("data: {file: a.h5, modalities: [a]}\n", 1, set);
    assert_int_equal(c->model.readout, ENT_READ_XYZ | ENT_READ_ZZ);
    ent_config_free(c);
}

/* A configuration from a program without data.clip is read as it was meant: nothing was clipped. */
static void a_saved_text_without_a_key_means_what_it_meant(void **state)
{
    (void)state;
    char *text;
    ent_config *c;
    check_ok(ent_config_saved("data: {file: a.h5, modalities: [a]}\n", "result.h5", &text));
    check_ok(ent_config_parse(text, &c));
    assert_true(c->data.clip == 0.0);
    ent_config_free(c);
    ent_free(text);
    check_ok(ent_config_parse("data: {file: a.h5, modalities: [a]}\n", &c));
    assert_true(c->data.clip == 10.0);
    ent_config_free(c);
}

static void short_file_gets_its_defaults(void **state)
{
    (void)state;
    ent_config *c = load(SHORT, 0, NULL);
    assert_string_equal(c->data.file, "a.h5");
    assert_string_equal(c->data.label, "class");
    assert_int_equal(c->data.modalities_count, 2);
    assert_string_equal(c->data.modalities[1], "audio");
    assert_int_equal(c->model.registers[0].qubits, 4);
    assert_string_equal(c->model.registers[0].ansatz, "strong");
    assert_int_equal(c->model.registers[0].reduce, ENT_REDUCE_LINEAR);
    assert_int_equal(c->model.registers[1].qubits, 6);
    assert_int_equal(c->model.registers[1].reduce, ENT_REDUCE_PCA);
    assert_true(c->model.registers[1].reupload);
    assert_int_equal(c->model.fusion.gate, ENT_CRZ);
    assert_int_equal(c->client.batch, 7);
    assert_int_equal(c->client.optimizer, ENT_ADAM);
    assert_int_equal(c->seeds.masks, 2);
    assert_true(c->missing.rate[0] == 0.0 && c->missing.rate[1] == 0.0);
    ent_config_free(c);
}

static void set_overrides_and_one_rate_is_meant_for_all(void **state)
{
    (void)state;
    const char *const set[] = {"client.batch=32",
                               "missing.rate=0.25",
                               "model.registers.audio={qubits: 5}",
                               "seeds.split=18446744073709551615",
                               "missing.absent=[text]",
                               "data.label=value"};
    ent_config *c = load(SHORT, 6, set);
    assert_int_equal(c->client.batch, 32);
    assert_true(c->missing.rate[0] == 0.25 && c->missing.rate[1] == 0.25);
    assert_int_equal(c->model.registers[1].qubits, 5);
    assert_int_equal(c->model.registers[1].reduce, ENT_REDUCE_LINEAR);
    assert_true(c->seeds.split == UINT64_MAX);
    assert_int_equal(c->missing.absent_count, 1);
    assert_string_equal(c->data.label, "value");
    ent_config_free(c);
}

static void names_of_rules_and_attacks_are_theirs(void **state)
{
    (void)state;
#define NAME(name, id) [ENT_##id] = #name,
    static const char *const rule[ENT_AGGREGATIONS] = {ENT_RULES(NAME)};
    static const char *const attack[] = {"none", "sign_flip", "noise", "scale"};
    for (int k = 0; k < ENT_AGGREGATIONS; k++) {
        char of_rule[64], of_attack[64];
        snprintf(of_rule, sizeof of_rule, "federation.aggregation=%s", rule[k]);
        snprintf(of_attack, sizeof of_attack, "attack.kind=%s", attack[k % 4]);
        ent_config *c = load(SHORT, 2, (const char *const[]){of_rule, of_attack});
        assert_true(c->federation.aggregation == (ent_aggregation)k);
        assert_true(c->attack.kind == (ent_attack_kind)(k % 4));
        ent_config_free(c);
    }
}

static void text_as_used_gives_the_same_configuration(void **state)
{
    (void)state;
    char *once, *twice;
    write_config(SHORT);
    check_ok(ent_config_text(path, 0, NULL, &once));
    write_config(once);
    check_ok(ent_config_text(path, 0, NULL, &twice));
    assert_string_equal(once, twice);
    ent_free(once);
    ent_free(twice);
}

/* The configuration in a result of the first version: sections and keys were added since, none removed. */
static const char FIRST[] =
    "data: {file: a.h5, modalities: [text, audio], label: class}\n"
    "model:\n"
    "  registers: {text: {qubits: 4, ansatz: strong, layers: 2, angles: 1, reduce: pca, map: tanh, scale: 2.0,\n"
    "      reupload: true}, audio: {reduce: linear, qubits: 3, layers: 2, angles: 1, ansatz: hea, map: tanh,\n"
    "      scale: 2.0, reupload: true}}\n"
    "  fusion: {pattern: ring, gate: crz, layers: 2}\n"
    "  readout: z\n"
    "  head: linear\n"
    "  loss: auto\n"
    "missing: {level: client, rate: {text: 0.0, audio: 0.5}, absent: [], where: both, empty: keep_one, policy: mma,\n"
    "  context: mask}\n"
    "federation: {clients: 8, split: iid, alpha: 0.5, shards_per_client: 2, participation: 0.7, rounds: 20,\n"
    "  aggregation: fedavg, evaluate_every: 1}\n"
    "client: {batch: 7, epochs: 1, optimizer: adam, learning_rate: 0.01, momentum: 0.9, beta1: 0.9, beta2: 0.999,\n"
    "  epsilon: 1.0e-8, weight_decay: 0.0}\n"
    "seeds: {split: 1, masks: 2, init: 3, sampling: 4}\n"
    "run: {precision: double, engine: auto, shards: 1, threads: 0}\n";

static void text_of_an_old_result_means_what_it_meant(void **state)
{
    (void)state;
    char *whole, *again;
    ent_config *c;
    check_ok(ent_config_saved(FIRST, "out/result.h5", &whole));
    check_ok(ent_config_parse(whole, &c));
    assert_int_equal(c->client.batch, 7); /* as it says */
    assert_int_equal(c->model.fusion.layers, 2);
    assert_true(c->missing.level == ENT_LEVEL_CLIENT && c->missing.rate[1] == 0.5);
    assert_true(c->federation.participation == 0.7);
    assert_true(c->model.kind == ENT_MODEL_QUANTUM && c->client.modality_dropout == 0.0); /* as it went without */
    assert_true(c->federation.sampling == ENT_SAMPLING_UNIFORM && c->system.mode == ENT_MODE_SYNC);
    assert_true(c->system.availability == ENT_AVAILABLE_ALWAYS && c->system.dropout == 0.0);
    assert_true(c->attack.kind == ENT_ATTACK_NONE && c->personal.epochs == 0);
    assert_int_equal(c->run.checkpoint_every, 10);
    check_ok(ent_config_saved(whole, "out/result.h5", &again));
    assert_string_equal(whole, again);
    ent_free(again);
    ent_free(whole);
    ent_config_free(c);
}

static void text_of_a_newer_result_is_refused(void **state)
{
    (void)state;
    static const char *const table[][2] = {
        {"client: {bells: 3}\n", "out/result.h5: /config:2: unknown key 'bells' in client, want one of: epochs"},
        {"whistles: {}\n", "out/result.h5: /config:2: unknown key 'whistles', want one of: data"},
        {"client: {optimizer: lion}\n", "out/result.h5: /config:2: client.optimizer: found 'lion', want one of: sgd"},
    };
    for (size_t k = 0; k < sizeof table / sizeof *table; k++) {
        char saved[256], *text;
        snprintf(saved, sizeof saved, "data: {file: a.h5, modalities: [a]}\n%s", table[k][0]);
        check_fails(ent_config_saved(saved, "out/result.h5", &text), ENT_ECONFIG, table[k][1]);
        assert_non_null(strstr(ent_message(), "(written by a newer Entente?)"));
    }
    char *text;
    check_fails(ent_config_saved("data: {\n", "out/result.h5", &text), ENT_ECONFIG, "out/result.h5: /config:");
    assert_null(strstr(ent_message(), "newer"));
}

static void wrong_files_are_refused_with_line_key_value_and_expectation(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } table[] = {
        {"data: {file: a.h5, modalities: [a]}\nclient: {bacth: 3}\n",
         "c.yaml:2: unknown key 'bacth' in client, want one of: epochs, batch, optimizer"},
        {"data: {file: a.h5, modalities: [a]}\nmodle: {}\n",
         "c.yaml:2: unknown key 'modle', want one of: data, model"},
        {"data: {file: a.h5, modalities: [a]}\nclient:\n  batch: many\n",
         "c.yaml:3: client.batch: found 'many', want a whole number from 1 to 1000000000"},
        {"data: {file: a.h5, modalities: [a]}\nclient: {batch: 1.5}\n", "client.batch: found '1.5', want a whole"},
        {"data: {file: a.h5, modalities: [a]}\nclient: {batch: 0}\n", "client.batch: found '0', want a whole"},
        {"data: {file: a.h5, modalities: [a]}\nclient: {batch: [1]}\n", "client.batch: found a list, want a whole"},
        {"data: {file: a.h5, modalities: [a]}\nclient: {learning_rate: nan}\n", "client.learning_rate: found 'nan'"},
        {"data: {file: a.h5, modalities: [a]}\nclient: {optimizer: adamw}\n",
         "client.optimizer: found 'adamw', want one of: sgd, momentum, adam, qng, rotosolve"},
        {"data: {file: a.h5, modalities: [a]}\n\nmodel: {registers: {b: {}}}\n",
         "c.yaml:3: unknown key 'b' in model.registers, want one of: a"},
        {"data: {file: a.h5, modalities: [a]}\nmodel: {registers: {a: {qubits: 63}}}\n",
         "model.registers.a.qubits: found '63', want a whole number from 1 to 62"},
        {"data: {file: a.h5, modalities: [a]}\nmissing: {rate: {a: 1.5}}\n", "missing.rate.a: found '1.5'"},
        {"data: {file: a.h5, modalities: [a]}\nmissing: {rate: 2}\n",
         "missing.rate: found '2', want a number from 0"},
        {"data: {file: a.h5, modalities: [a]}\nfederation: {alpha: 0}\n", "want a number above 0"},
        {"data: {file: a.h5, modalities: [a]}\nseeds: {init: -1}\n", "seeds.init: found '-1'"},
        {"data: {file: a.h5, modalities: [a]}\nseeds: {init: 18446744073709551616}\n",
         "found '18446744073709551616'"},
        {"data: {file: a.h5, modalities: [a]}\nmodel: {readout: [z, yz]}\n",
         "model.readout: found 'yz', want one or a list of: z, zz, xyz, zz_within"},
        {"data: {file: a.h5, modalities: [a]}\nmodel: {readout: [z, z]}\n", "model.readout: found a list, want one"},
        {"data: {file: a.h5, modalities: [a]}\nmodel: {readout: []}\n", "model.readout: found a list, want one"},
        {"data: {file: a.h5, modalities: []}\n", "data.modalities: found 0 names, want 1 to 16"},
        {"data: {file: a.h5, modalities: [a, a]}\n", "'a' occurs twice"},
        {"data: {file: a.h5, modalities: [head]}\n", "found 'head'"},
        {"data: {file: a.h5, modalities: a}\n", "data.modalities: found 'a', want a list of 1 to 16 names"},
        {"data: {modalities: [a]}\n", "key 'data.file' is missing"},
        {"data: {file: '', modalities: [a]}\n", "data.file: found '', want a text that is not empty"},
        {"data: {file: a.h5, modalities: [a]}\nclient: {batch: 1, batch: 2}\n", "key 'batch' occurs twice in client"},
        {"data: {file: a.h5, modalities: [a]}\nclient:\n# batch: 3\n",
         "c.yaml:2: client: found nothing after it, want a section of keys"},
        {"data: {file: a.h5, modalities: [a]}\nclient: {batch: }\n", "client.batch: found nothing after it, want a"},
        {"data: {file: a.h5, modalities: [a]}\nclient: 3\n", "client: found '3', want a section of keys"},
        {"data: {file: a.h5, modalities: [a]\n", "not YAML"},
        {"data: {file: a.h5, modalities: [a]}\nclient:\n\tbatch: 3\n", "c.yaml:3:1: not YAML: found character that"},
        {"client:\n\tbatch: 3\n",
         "c.yaml:2:1: not YAML: found character that cannot start any token (the line is indented by a tab"},
        {"data: {file: a.h5, modalities: [a]}\n---\nclient: {batch: 3}\n", "c.yaml:2: a second document begins here"},
        {"data: {file: a.h5, modalities: [a]}\n---\nclient: {\n", "c.yaml:4:1: not YAML"},
        {"", "want sections such as"},
        {"- a\n", "want sections such as"},
        {"data: {file: a.h5, modalities: [a]}\nmodel: {registers: {a: {reupload: maybe}}}\n", "want true or false"},
    };
    for (size_t k = 0; k < sizeof table / sizeof *table; k++) {
        char *text;
        write_config(table[k].text);
        check_fails(ent_config_text(path, 0, NULL, &text), ENT_ECONFIG, table[k].message);
    }
}

static void wrong_overrides_and_files_are_refused(void **state)
{
    (void)state;
    char *text;
    const char *const set[] = {"client.batch", "=3", "client.batch=[", "client.batch=x", "client..batch=3"};
    const char *const message[] = {"want key.path=value", "want key.path=value", "not YAML",
                                   "--set: client.batch: found 'x'", "a key is empty"};
    write_config(SHORT);
    for (int k = 0; k < 5; k++) check_fails(ent_config_text(path, 1, set + k, &text), ENT_ECONFIG, message[k]);
    check_fails(ent_config_text("/nowhere/c.yaml", 0, NULL, &text), ENT_EIO, "/nowhere/c.yaml: No such file");
}

static void random_bytes_never_crash(void **state)
{
    (void)state;
    ent_random s = ent_random_at(1, ENT_FOR_TEST, 5, 5);
    for (int k = 0; k < 2000; k++) {
        char bytes[sizeof SHORT], *text;
        memcpy(bytes, SHORT, sizeof SHORT);
        for (int flips = 0; flips < 3; flips++)
            bytes[ent_random_below(&s, sizeof SHORT - 1)] = (char)(1 + ent_random_below(&s, 255));
        write_config(bytes);
        if (ent_config_text(path, 0, NULL, &text) != ENT_OK) continue;
        ent_config *config;
        if (ent_config_parse(text, &config) == ENT_OK) ent_config_free(config);
        ent_free(text);
    }
}

int main(void)
{
    const struct CMUnitTest computes[] = {
        cmocka_unit_test(short_file_gets_its_defaults),
        cmocka_unit_test(a_set_is_one_choice_or_a_list),
        cmocka_unit_test(a_saved_text_without_a_key_means_what_it_meant),
        cmocka_unit_test(set_overrides_and_one_rate_is_meant_for_all),
        cmocka_unit_test(names_of_rules_and_attacks_are_theirs),
        cmocka_unit_test(text_as_used_gives_the_same_configuration),
        cmocka_unit_test(text_of_an_old_result_means_what_it_meant),
    };
    const struct CMUnitTest refuses[] = {
        cmocka_unit_test(wrong_files_are_refused_with_line_key_value_and_expectation),
        cmocka_unit_test(wrong_overrides_and_files_are_refused),
        cmocka_unit_test(text_of_a_newer_result_is_refused),
        cmocka_unit_test(random_bytes_never_crash),
    };
    if (make_folder(NULL)) return 1;
    int failed = cmocka_run_group_tests_name("computes", computes, NULL, NULL);
    failed += cmocka_run_group_tests_name("refuses", refuses, NULL, NULL);
    return drop_folder(NULL) ? 1 : failed;
}
