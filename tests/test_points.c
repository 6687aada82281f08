/* Sweeps and studies before they run: the points that a file describes, what is refused; claims; records. */
#include "check.h"

#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "campaign/claim.h"
#include "campaign/points.h"
#include "campaign/record.h"
#include "campaign/rows.h"
#include "campaign/study.h"
#include "campaign/sweep.h"
#include "temp_folder.h"

static const char BASE[] = "data: {file: a.h5, modalities: [text, audio, vision]}\n"
                           "model: {registers: {text: {qubits: 4}}}\n"
                           "missing: {rate: 0.2}\n";

static void put(const char *name, const char *text)
{
    FILE *file = fopen(in_temp_folder(name), "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static campaign_job campaign(const char *kind, const char *text)
{
    static char path[512];
    put("base.yaml", BASE);
    put("spec.yaml", text);
    snprintf(path, sizeof path, "%s", in_temp_folder("spec.yaml"));
    campaign_job c = campaign_start(kind, "table");
    c.spec = path;
    return c;
}

static json_t *plan_of(const campaign_job *c)
{
    char *text;
    check_ok(strcmp(c->kind, "sweep") == 0 ? campaign_sweep_points(c, &text) : campaign_study_points(c, &text));
    json_t *plan = json_loads(text, 0, NULL);
    assert_non_null(plan);
    ent_free(text);
    return plan;
}

static json_t *sweep(const char *text)
{
    const campaign_job c = campaign("sweep", text);
    return plan_of(&c);
}

static json_t *study(const char *text)
{
    const campaign_job c = campaign("study", text);
    return plan_of(&c);
}

static void check_label(const json_t *plan, int64_t k, const char *wanted)
{
    char text[512];
    assert_string_equal(campaign_points_label(plan, k, text), wanted);
}

/* The configuration of a point. */
static ent_config *config_of(const json_t *plan, int64_t k)
{
    char *text;
    ent_config *config;
    check_ok(campaign_points_text(plan, k, &text));
    check_ok(ent_config_parse(text, &config));
    ent_free(text);
    return config;
}

static void a_grid_in_order(void **state)
{
    (void)state;
    json_t *plan = sweep("base: base.yaml\nset: {client.epochs: 3}\n"
                         "grid: {client.batch: [8, 16], seeds.init: [1, 2, 3]}\n");
    assert_int_equal(campaign_points_count(plan), 6);
    check_label(plan, 0, "client.batch=8 seeds.init=1");
    check_label(plan, 2, "client.batch=8 seeds.init=3");
    check_label(plan, 3, "client.batch=16 seeds.init=1");
    ent_config *config = config_of(plan, 5);
    assert_int_equal(config->client.batch, 16);
    assert_int_equal(config->client.epochs, 3);
    assert_true(config->seeds.init == 3);
    assert_int_equal(config->model.registers[0].qubits, 4);
    ent_config_free(config);
    for (int64_t a = 0; a < 6; a++)
        for (int64_t b = 0; b < a; b++)
            assert_string_not_equal(campaign_points_hash(plan, a), campaign_points_hash(plan, b));
    json_decref(plan);
}

static void a_list_and_its_product_with_a_grid(void **state)
{
    (void)state;
    json_t *plan = sweep("base: base.yaml\n"
                         "grid: {client.batch: [8, 16]}\n"
                         "list:\n- {missing.policy: zero, missing.rate: 0.5}\n- {missing.policy: mma}\n"
                         "- {missing.rate: {text: 0.1, audio: 0.3}}\n");
    assert_int_equal(campaign_points_count(plan), 6);
    check_label(plan, 0, "client.batch=8 missing.policy=zero missing.rate=0.5");
    check_label(plan, 4, "client.batch=16 missing.policy=mma");
    check_label(plan, 5, "client.batch=16 missing.rate={text: 0.1, audio: 0.3}");
    ent_config *config = config_of(plan, 1);
    assert_true(config->missing.rate[0] == 0.2); /* the base's */
    ent_config_free(config);
    config = config_of(plan, 5);
    assert_true(config->missing.rate[0] == 0.1 && config->missing.rate[1] == 0.3 && config->missing.rate[2] == 0.0);
    ent_config_free(config);
    json_decref(plan);
}

static const char RANDOM[] = "base: base.yaml\n"
                             "random:\n  draws: 80\n  seed: 7\n  keys:\n"
                             "    client.learning_rate: {log: [1e-3, 1e-1]}\n"
                             "    missing.rate: {uniform: [0.25, 0.75]}\n"
                             "    client.epochs: {integer: [2, 4]}\n"
                             "    model.fusion.pattern: {choice: [ring, all]}\n";

static void random_draws_stay_in_their_ranges(void **state)
{
    (void)state;
    json_t *plan = sweep(RANDOM);
    int epochs[5] = {0}, ring = 0, slow = 0;
    assert_int_equal(campaign_points_count(plan), 80);
    for (int64_t k = 0; k < 80; k++) {
        ent_config *config = config_of(plan, k);
        assert_true(config->client.learning_rate >= 1e-3 && config->client.learning_rate <= 1e-1);
        assert_true(config->missing.rate[0] >= 0.25 && config->missing.rate[0] <= 0.75);
        assert_in_range(config->client.epochs, 2, 4);
        epochs[config->client.epochs]++;
        ring += config->model.fusion.pattern == ENT_PATTERN_RING;
        slow += config->client.learning_rate < 1e-2; /* half of a logarithmic range */
        ent_config_free(config);
    }
    assert_true(epochs[2] > 12 && epochs[3] > 12 && epochs[4] > 12);
    assert_in_range(ring, 24, 56);
    assert_in_range(slow, 24, 56);
    json_decref(plan);
}

/* A draw is a function of seed, key and number: more draws or another key beside it change nothing. */
static void random_draws_repeat(void **state)
{
    (void)state;
    json_t *all = sweep(RANDOM), *few = sweep("base: base.yaml\nrandom: {draws: 3, seed: 7, keys: "
                                              "{missing.rate: {uniform: [0.25, 0.75]}}}\n");
    json_t *other = sweep("base: base.yaml\nrandom: {draws: 3, seed: 8, keys: "
                          "{missing.rate: {uniform: [0.25, 0.75]}}}\n");
    for (int64_t k = 0; k < 3; k++) {
        ent_config *a = config_of(all, k), *b = config_of(few, k), *c = config_of(other, k);
        assert_true(a->missing.rate[0] == b->missing.rate[0]);
        assert_true(a->missing.rate[0] != c->missing.rate[0]);
        ent_config_free(a);
        ent_config_free(b);
        ent_config_free(c);
    }
    json_decref(all);
    json_decref(few);
    json_decref(other);
}

static void fewer_modalities_leave_the_others_registers_out(void **state)
{
    (void)state;
    json_t *plan = sweep("base: base.yaml\n"
                         "list:\n- {data.modalities: [audio]}\n"
                         "- {data.modalities: [vision, text], 'model.registers.*.layers': 5}\n");
    ent_config *config = config_of(plan, 0);
    assert_int_equal(config->data.modalities_count, 1);
    assert_true(config->missing.rate[0] == 0.2);
    ent_config_free(config);
    config = config_of(plan, 1);
    assert_string_equal(config->data.modalities[1], "text");
    assert_int_equal(config->model.registers[0].qubits, 6);
    assert_int_equal(config->model.registers[1].qubits, 4);
    assert_int_equal(config->model.registers[0].layers, 5);
    assert_int_equal(config->model.registers[1].layers, 5);
    ent_config_free(config);
    json_decref(plan);
}

static void the_command_line_wins_over_the_base(void **state)
{
    (void)state;
    campaign_job c = campaign("sweep", "base: nowhere.yaml\nset: {client.epochs: 3, client.batch: 4}\n"
                                       "grid: {seeds.init: [1]}\nkeep: results\n");
    c.base = in_temp_folder("base.yaml");
    c.sets.text[c.sets.count++] = "client.epochs=9";
    c.keep = "table";
    json_t *plan = plan_of(&c);
    ent_config *config = config_of(plan, 0);
    assert_int_equal(config->client.epochs, 9);
    assert_int_equal(config->client.batch, 4);
    assert_string_equal(json_string_value(json_object_get(plan, "keep")), "table");
    ent_config_free(config);
    json_decref(plan);
}

static void a_study_in_order(void **state)
{
    (void)state;
    json_t *plan = study("base: base.yaml\n"
                         "settings: {iid: {}, noniid: {set: {federation.split: dirichlet_client}}}\n"
                         "rates: [0, 0.3]\n"
                         "variants:\n  mma: {}\n  zero: {set: {missing.policy: zero}}\n"
                         "  only: {modalities: each, set: {missing.rate: 0}}\n  two: {modalities: 2}\n"
                         "  av: {modalities: [audio, vision]}\n"
                         "seeds: [3, 5]\nmetric: f1_macro\nreference: only_text\n");
    assert_int_equal(campaign_points_count(plan), 2 * 2 * 7 * 2);
    check_label(plan, 0, "data=base setting=iid rate=0 variant=mma seed=3");
    check_label(plan, 1, "data=base setting=iid rate=0 variant=mma seed=5");
    check_label(plan, 8, "data=base setting=iid rate=0 variant=only_vision seed=3");
    check_label(plan, 14, "data=base setting=iid rate=0.3 variant=mma seed=3");
    check_label(plan, 55, "data=base setting=noniid rate=0.3 variant=av seed=5");
    ent_config *config = config_of(plan, 14 + 7);
    assert_string_equal(config->data.modalities[0], "audio");
    assert_true(config->missing.rate[0] == 0.0); /* a variant has the last word */
    assert_true(config->seeds.split == 5 && config->seeds.masks == 5 && config->seeds.init == 5 &&
                config->seeds.sampling == 5);
    ent_config_free(config);
    config = config_of(plan, 55);
    assert_int_equal(config->data.modalities_count, 2);
    assert_true(config->missing.rate[1] == 0.3);
    assert_int_equal(config->federation.split, ENT_SPLIT_DIRICHLET_CLIENT);
    ent_config_free(config);
    assert_string_equal(json_string_value(json_object_get(plan, "metric")), "f1_macro");
    assert_string_equal(json_string_value(json_object_get(plan, "reference")), "only_text");
    json_decref(plan);
}

static void a_study_of_several_data_sets(void **state)
{
    (void)state;
    put("other.yaml", "data: {file: b.h5, modalities: [image]}\n");
    json_t *plan = study("base: base.yaml\nset: {client.epochs: 2}\n"
                         "data: {a: {set: {data.file: c.h5}}, b: {base: other.yaml}}\n"
                         "variants: {all: {}, only: {modalities: each}}\nseeds: 1\n");
    assert_int_equal(campaign_points_count(plan), 4 + 2);
    check_label(plan, 3, "data=a variant=only_vision seed=1");
    check_label(plan, 5, "data=b variant=only_image seed=1");
    ent_config *config = config_of(plan, 0);
    assert_string_equal(config->data.file, "c.h5");
    ent_config_free(config);
    config = config_of(plan, 5);
    assert_string_equal(config->data.file, "b.h5");
    assert_int_equal(config->client.epochs, 2);
    ent_config_free(config);
    json_decref(plan);
}

/* Another process holds a claim until it dies. */
static void a_claim_ends_with_its_process(void **state)
{
    (void)state;
    const char *hash = "0123456789abcdef0123456789abcdef", *other = "1123456789abcdef0123456789abcdef";
    campaign_claims *claims;
    int ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    const pid_t child = fork();
    if (child == 0) {
        campaign_claims_open(in_temp_folder("claims"), &claims);
        byte = campaign_claims_take(claims, hash) == CAMPAIGN_CLAIM_MINE;
        if (write(ready[1], &byte, 1) != 1) _exit(1);
        pause();
        _exit(0);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(byte, 1);
    check_ok(campaign_claims_open(in_temp_folder("claims"), &claims));
    assert_int_equal(campaign_claims_take(claims, hash), CAMPAIGN_CLAIM_TAKEN);
    assert_int_equal(campaign_claims_take(claims, other), CAMPAIGN_CLAIM_MINE);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(campaign_claims_take(claims, hash), CAMPAIGN_CLAIM_MINE);
    campaign_claims_close(claims);
    close(ready[0]);
    close(ready[1]);
}

static void records_come_back_or_do_not_count(void **state)
{
    (void)state;
    const char *hash = "fedcba9876543210fedcba9876543210";
    char path[4096], folder[512];
    snprintf(folder, sizeof folder, "%s", in_temp_folder("points"));
    assert_int_equal(system(strcat(strcpy(path, "mkdir "), folder)), 0);
    json_t *record = campaign_record_failed("rank 3: client 2: diverged");
    assert_string_equal(json_string_value(json_object_get(record, "error")), "client 2: diverged");
    json_object_set_new(record, "hash", json_string(hash));
    assert_false(campaign_record_is_there(temp_folder, hash));
    check_ok(campaign_record_save(temp_folder, hash, record));
    json_t *again = campaign_record_load(temp_folder, hash);
    assert_true(json_equal(record, again) && !campaign_record_is(again, "done"));
    check_ok(campaign_record_path(temp_folder, hash, ".json", path));
    FILE *file = fopen(path, "w"); /* what a crash of the machine may leave */
    fputs("{\"hash\": \"fedc", file);
    fclose(file);
    assert_false(campaign_record_is_there(temp_folder, hash));
    unlink(path);
    rmdir(folder);
    json_decref(record);
    json_decref(again);
}

static void csv_keeps_texts_apart(void **state)
{
    (void)state;
    char found[256] = "";
    json_t *columns = json_pack("[s, s]", "a,b", "c");
    json_t *rows = json_pack("[{s:s, s:f}, {s:s, s:n}, {s:i, s:s}]", "a,b", "say \"x\", y", "c", 0.1, "a,b",
                             "line\nline", "c", "a,b", 3, "c", "");
    check_ok(campaign_rows_csv(columns, rows, in_temp_folder("t.csv")));
    FILE *file = fopen(in_temp_folder("t.csv"), "r");
    found[fread(found, 1, sizeof found - 1, file)] = '\0';
    fclose(file);
    assert_string_equal(found, "\"a,b\",c\n\"say \"\"x\"\", y\",0.1\n\"line\nline\",\n3,\n");
    json_decref(columns);
    json_decref(rows);
}

static void wrong_sweeps(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } table[] = {
        {"base: base.yaml\ngird: {client.batch: [1]}\n",
         "spec.yaml:2: unknown key 'gird', want one of: base, set, grid"},
        {"grid: {client.batch: [1]}\n", "spec.yaml: key 'base' is missing"},
        {"base: base.yaml\n", "nothing is varied, want grid, list or random"},
        {"base: no.yaml\ngrid: {client.batch: [1]}\n", "no.yaml: No such file"},
        {"base: base.yaml\ngrid:\n  client.batch: [1, 0]\n",
         "spec.yaml:3: client.batch: found '0', want a whole number"},
        {"base: base.yaml\ngrid:\n  client.bach: [1]\n", "spec.yaml:3: unknown key 'bach' in client"},
        {"base: base.yaml\nset:\n  client.batch: x\ngrid: {seeds.init: [1]}\n",
         "spec.yaml:3: client.batch: found 'x'"},
        {"base: base.yaml\ngrid: {client.batch: 3}\n", "spec.yaml:2: grid.client.batch: found '3', want a list"},
        {"base: base.yaml\ngrid: {client.batch: []}\n", "grid.client.batch: found an empty list"},
        {"base: base.yaml\ngrid: {client.batch: [1], client.batch: [2]}\n", "key 'client.batch' appears twice"},
        {"base: base.yaml\ngrid: {client.batch: [1]}\nlist: [{client.batch: 2}]\n",
         "spec.yaml:3: 'client.batch' is varied twice"},
        {"base: base.yaml\nlist: {client.batch: 2}\n", "list: found a section, want a list"},
        {"base: base.yaml\nlist: [client.batch]\n", "list: found 'client.batch', want a section of keys"},
        {"base: base.yaml\nrandom: {keys: {client.batch: {integer: [1, 2]}}}\n", "key 'random.draws' is missing"},
        {"base: base.yaml\nrandom: {draws: 2}\n", "key 'random.keys' is missing"},
        {"base: base.yaml\nrandom: {draws: 0, keys: {}}\n", "random.draws: found '0', want a whole number from 1"},
        {"base: base.yaml\nrandom: {draws: 2, keys: {client.batch: [1]}}\n",
         "random.keys.client.batch: found a list, want a section"},
        {"base: base.yaml\nrandom: {draws: 2, keys: {client.batch: {normal: [1, 2]}}}\n",
         "unknown key 'normal' in random.keys.client.batch, want one of: uniform, log"},
        {"base: base.yaml\nrandom: {draws: 2, keys: {client.learning_rate: {log: [0, 1]}}}\n",
         "random.keys.client.learning_rate: found '0'"},
        {"base: base.yaml\nrandom: {draws: 2, keys: {client.learning_rate: {uniform: [2, 1]}}}\n",
         "client.learning_rate: found '1', want a number from 2"},
        {"base: base.yaml\nrandom: {draws: 9, keys: {client.batch: {uniform: [1, 2]}}}\n",
         "spec.yaml:2: client.batch: found '"},
        {"base: base.yaml\ngrid: {client.batch: [1]}\nkeep: all\n", "keep: found 'all', want one of: table, results"},
        {"base: base.yaml\ngrid: {data.modalities: [[text], [smell, text]], model.registers.audio.qubits: [3]}\n",
         "unknown key 'audio' in model.registers"}};
    char *text;
    for (size_t k = 0; k < sizeof table / sizeof *table; k++) {
        const campaign_job c = campaign("sweep", table[k].text);
        const ent_status status = campaign_sweep_points(&c, &text);
        check_fails(status, strstr(table[k].message, "No such") ? ENT_EIO : ENT_ECONFIG, table[k].message);
    }
    campaign_job c = campaign("sweep", "base: base.yaml\ngrid: {client.batch: [1]}\n");
    c.sets.text[c.sets.count++] = "client.batch=3";
    check_fails(campaign_sweep_points(&c, &text), ENT_ECONFIG,
                "--set client.batch=3: this key is set by the points themselves");
}

static void wrong_studies(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } table[] = {
        {"base: base.yaml\n", "key 'variants' is missing"},
        {"variants: {a: {}}\n", "key 'base' is missing"},
        {"base: base.yaml\nvariants:\n  a: {sets: {}}\n", "spec.yaml:3: unknown key 'sets' in variants.a"},
        {"base: base.yaml\nvariants:\n  a: {set: {missing.policy: best}}\n",
         "spec.yaml:3: missing.policy: found 'best', want one of: mma"},
        {"base: base.yaml\nvariants: {a: 3}\n", "variants.a: found '3', want a section"},
        {"base: base.yaml\nvariants: {a: {modalities: 4}}\n",
         "variants.a.modalities: found '4', want a whole number from 1 to 3, `each`, or a list of names"},
        {"base: base.yaml\nvariants: {a: {modalities: all}}\n", "variants.a.modalities: found 'all'"},
        {"base: base.yaml\nvariants: {a: {}}\nreference: b\n", "reference: found 'b', want one of: a"},
        {"base: base.yaml\nvariants: {a: {}}\nmetric: speed\n", "metric: found 'speed', want one of: loss, accuracy"},
        {"base: base.yaml\nvariants: {a: {}}\nrates: [0, 2]\n",
         "spec.yaml:3: rates: found '2', want a number from 0 to 1"},
        {"base: base.yaml\nvariants: {a: {}}\nseeds: 0\n", "seeds: found '0', want a whole number from 1"},
        {"base: base.yaml\nvariants: {a: {}}\nseeds: [1, x]\n", "seeds: found 'x'"},
        {"base: base.yaml\nvariants: {a: {set: {seeds.init: 3}}}\n", "found 'seeds.init=3', want `seeds` to set"},
        {"base: base.yaml\ndata: {d: {file: x}}\nvariants: {a: {}}\n", "unknown key 'file' in data.d"}};
    char *text;
    for (size_t k = 0; k < sizeof table / sizeof *table; k++) {
        const campaign_job c = campaign("study", table[k].text);
        check_fails(campaign_study_points(&c, &text), ENT_ECONFIG, table[k].message);
    }
    campaign_job c = campaign("study", "data: {d: {base: base.yaml}}\nvariants: {a: {}}\n");
    c.base = c.spec;
    check_fails(campaign_study_points(&c, &text), ENT_ECONFIG, "want no base here with --base");
}

static const struct CMUnitTest COMPUTES[] = {cmocka_unit_test(a_grid_in_order),
                                             cmocka_unit_test(a_list_and_its_product_with_a_grid),
                                             cmocka_unit_test(random_draws_stay_in_their_ranges),
                                             cmocka_unit_test(random_draws_repeat),
                                             cmocka_unit_test(fewer_modalities_leave_the_others_registers_out),
                                             cmocka_unit_test(the_command_line_wins_over_the_base),
                                             cmocka_unit_test(a_study_in_order),
                                             cmocka_unit_test(a_study_of_several_data_sets),
                                             cmocka_unit_test(a_claim_ends_with_its_process),
                                             cmocka_unit_test(records_come_back_or_do_not_count),
                                             cmocka_unit_test(csv_keeps_texts_apart)};
static const struct CMUnitTest REFUSES[] = {cmocka_unit_test(wrong_sweeps), cmocka_unit_test(wrong_studies)};

int main(void)
{
    int failed = cmocka_run_group_tests_name("computes", COMPUTES, temp_folder_make, temp_folder_remove);
    failed += cmocka_run_group_tests_name("refuses", REFUSES, temp_folder_make, temp_folder_remove);
    return failed;
}
