/* The table of configuration keys: every row is consistent in itself and with its field, and every wrong value of
 * every field is refused with the name of its key, wherever a configuration is accepted. */
#include "check.h"

#include <float.h>
#include <limits.h>

#include "config/keys.h"
#include "core/nearest.h"
#include "entente/fed.h"
#include "entente/synth.h"
#include "fed_config.h"
#include "temp_folder.h"

static ent_comm *world;
static char data_path[512];

static bool each_modality(const ent_key *key)
{
    return key->stride > 0;
}

/* ---- rows ---- */

static void every_default_is_a_value_that_its_key_takes(void **state)
{
    (void)state;
    ent_config c;
    ent_config_default(&c);
    for (int k = 0; k < ENT_KEY_COUNT; k++) {
        const ent_key *key = &ENT_KEYS[k];
        char text[64];
        if (!key->standard || key->type == ENT_KEY_NAMES) continue;
        for (int m = 0; m < (each_modality(key) ? ENT_MAX_MODALITIES : 1); m++)
            if (!ent_key_holds(key, ent_key_at(key, &c, m))) fail_msg("%s", key->path);
        const char *shown = ent_key_show(key, ent_key_at(key, &c, 0), text);
        if (key->type == ENT_KEY_REAL)
            assert_true(strtod(shown, NULL) == strtod(key->standard, NULL));
        else
            assert_string_equal(shown, key->standard);
    }
}

static const ent_key *find_key(const char *path, size_t length)
{
    for (int k = 0; k < ENT_KEY_COUNT; k++)
        if (strlen(ENT_KEYS[k].path) == length && strncmp(ENT_KEYS[k].path, path, length) == 0) return &ENT_KEYS[k];
    return NULL;
}

static bool has_choice(const ent_key *key, const char *name, size_t length)
{
    for (int k = 0; k < key->choices; k++)
        if (strlen(key->choice[k].name) == length && strncmp(key->choice[k].name, name, length) == 0) return true;
    return false;
}

/* "KEY: CHOICE, CHOICE" */
static void check_when(const ent_key *key)
{
    const size_t length = strcspn(key->when, ":");
    const ent_key *other = find_key(key->when, length);
    if (!other || other->type != ENT_KEY_CHOICE) fail_msg("%s: read when '%s'", key->path, key->when);
    for (const char *at = key->when + length; *at;) {
        at += strspn(at, ":, ");
        const size_t word = strcspn(at, ",");
        if (!has_choice(other, at, word)) fail_msg("%s: read when '%s'", key->path, key->when);
        at += word;
    }
}

static bool has_section(const char *path, size_t length)
{
    for (int k = 0; k < ENT_SECTION_COUNT; k++)
        if (strlen(ENT_SECTIONS[k].path) == length && strncmp(ENT_SECTIONS[k].path, path, length) == 0) return true;
    return false;
}

static void every_row_is_whole(void **state)
{
    (void)state;
    for (int k = 0; k < ENT_KEY_COUNT; k++) {
        const ent_key *key = &ENT_KEYS[k];
        const char *star = strstr(key->path, ".*");
        const size_t section = (size_t)((star ? star : strrchr(key->path, '.')) - key->path);
        if (!has_section(key->path, section)) fail_msg("%s: no section", key->path);
        if (find_key(key->path, strlen(key->path)) != key) fail_msg("%s: twice", key->path);
        if (!key->help || !*key->help || key->help[strlen(key->help) - 1] == '.') fail_msg("%s: help", key->path);
        if ((key->type == ENT_KEY_CHOICE || key->type == ENT_KEY_SET) != (key->choices > 0))
            fail_msg("%s: choices", key->path);
        if ((key->type == ENT_KEY_NAMES) != (key->count_offset > 0)) fail_msg("%s: count", key->path);
        if (each_modality(key) != (star != NULL)) fail_msg("%s: stride", key->path);
        if (key->when) check_when(key);
    }
}

/* ---- values ---- */

/* A value other than the default; false if there is none. */
static bool change(const ent_key *key, ent_config *c, int m)
{
    void *at = ent_key_place(key, c, m);
    switch (key->type) {
    case ENT_KEY_WHOLE:
        *(int *)at = *(int *)at == (int)key->high ? (int)key->low : (int)key->high;
        return true;
    case ENT_KEY_SEED:
        *(uint64_t *)at = UINT64_MAX - (uint64_t)m;
        return true;
    case ENT_KEY_REAL: /* one that needs 17 digits */
        *(double *)at = key->high / 3.0;
        return true;
    case ENT_KEY_SWITCH:
        *(bool *)at = !*(bool *)at;
        return true;
    case ENT_KEY_CHOICE:
        memcpy(at, &key->choice[memcmp(at, &key->choice[0].value, sizeof(int)) == 0].value, sizeof(int));
        return true;
    case ENT_KEY_SET: /* all of them, then only the last */
        *(unsigned *)at = *(unsigned *)at == 1 ? 2 * (unsigned)key->choice[key->choices - 1].value - 1
                                               : (unsigned)key->choice[key->choices - 1].value;
        return true;
    case ENT_KEY_TEXT:
        *(const char **)at = "a \"text\": with # all, \\ sorts\tof\n  [signs] \xC3\xA9\xE2\x80\xA8\xC2\x85 'true'";
        return true;
    default:
        return false;
    }
}

static void check_equal(const ent_config *a, const ent_config *b)
{
    for (int k = 0; k < ENT_KEY_COUNT; k++) {
        const ent_key *key = &ENT_KEYS[k];
        char one[64], other[64];
        for (int m = 0; m < (each_modality(key) ? 2 : 1); m++) {
            const void *x = ent_key_at(key, a, m), *y = ent_key_at(key, b, m);
            if (key->type == ENT_KEY_NAMES) continue;
            if (key->type == ENT_KEY_REAL && memcmp(x, y, sizeof(double)) != 0) fail_msg("%s", key->path);
            if (strcmp(ent_key_show(key, x, one), ent_key_show(key, y, other)) != 0)
                fail_msg("%s: %s, %s", key->path, ent_key_show(key, x, one), ent_key_show(key, y, other));
        }
    }
    assert_int_equal(a->missing.absent_count, b->missing.absent_count);
    for (unsigned m = 0; m < a->data.modalities_count; m++)
        assert_string_equal(a->data.modalities[m], b->data.modalities[m]);
}

static void what_is_written_reads_back_to_the_last_bit(void **state)
{
    (void)state;
    const char *names[] = {"no", "12"};
    ent_config c, *back;
    char *text, *again;
    ent_config_default(&c);
    c.data = (ent_config_data){"a.h5", names, 2, "class", ENT_TASK_AUTO, 10.0};
    c.missing.absent = names + 1;
    c.missing.absent_count = 1;
    for (int turn = 0; turn < 2; turn++) {
        check_ok(ent_config_write(&c, &text));
        check_ok(ent_config_parse(text, &back));
        check_equal(&c, back);
        check_ok(ent_config_write(back, &again));
        assert_string_equal(text, again);
        ent_free(again);
        ent_free(text);
        ent_config_free(back);
        for (int k = 0; k < ENT_KEY_COUNT; k++)
            for (int m = 0; m < (each_modality(&ENT_KEYS[k]) ? 2 : 1); m++) change(&ENT_KEYS[k], &c, m);
    }
}

/* Each key changes the text: none is left out. */
static void add_name(void *list, const char *name, const char *when)
{
    strcat(list, name);
    strcat(list, ";");
    assert_non_null(strchr(when, ':'));
}

static void check_unread(const char *yaml, const char *wanted)
{
    char text[1024], list[1024] = "";
    ent_config *c;
    snprintf(text, sizeof text, "data: {file: a.h5, modalities: [text, audio]}\n%s", yaml);
    check_ok(ent_config_parse(text, &c));
    check_ok(ent_config_unread(c, add_name, list));
    assert_string_equal(list, wanted);
    ent_config_free(c);
}

static void keys_that_nothing_reads_are_found(void **state)
{
    (void)state;
    check_unread("", "");
    check_unread("run: {patience: 3}\nclient: {step_rounds: 2, step_factor: 0.5}\n",
                 "client.step_rounds;run.patience;");
    check_unread("run: {patience: 3, select: validation_loss}\nclient: {step_rounds: 2, schedule: step}\n", "");
    check_unread("server: {learning_rate: 0.1}\nfederation: {aggregation: scaffold}\nclient: {optimizer: sgd}\n", "");
    check_unread("server: {learning_rate: 0.1}\n", "server.learning_rate;");
    check_unread("missing: {absent: [text]}\n", "missing.absent;");
    check_unread("missing: {absent: [text], level: fixed}\n", "");
    check_unread("model: {kind: mlp, hidden: 4, registers: {audio: {layers: 3}}}\n", "model.registers.audio.layers;");
    check_unread("model: {registers: {text: {axes: 3, reduce: pca_linear}, audio: {axes: 4}}}\n",
                 "model.registers.audio.axes;");
}

static void every_key_is_written(void **state)
{
    (void)state;
    const char *names[] = {"text", "audio"};
    ent_config plain, c;
    char *before, *after;
    ent_config_default(&plain);
    plain.data = (ent_config_data){"a.h5", names, 2, "class", ENT_TASK_AUTO, 10.0};
    check_ok(ent_config_write(&plain, &before));
    for (int k = 0; k < ENT_KEY_COUNT; k++)
        for (int m = 0; m < (each_modality(&ENT_KEYS[k]) ? 2 : 1); m++) {
            c = plain;
            if (!change(&ENT_KEYS[k], &c, m)) continue;
            check_ok(ent_config_write(&c, &after));
            if (strcmp(before, after) == 0) fail_msg("%s is not written", ENT_KEYS[k].path);
            ent_free(after);
        }
    ent_free(before);
}

/* ---- wrong values ---- */

static const char *too_long = "a23456789012345678901234567890123456789012345678901234567890abcd"; /* 64 letters */

static bool spoil_names(const ent_key *key, ent_config *c, int m, int which)
{
    static const char *bad[ENT_MAX_MODALITIES + 1];
    static char letters[257];
    const bool are_strings = strcmp(key->path, "model.strings") == 0;
    unsigned *count = ent_key_names_count(key, c, m);
    *(const char ***)ent_key_place(key, c, m) = bad;
    for (int k = 0; k <= ENT_MAX_MODALITIES; k++) bad[k] = "text";
    *count = 1;
    switch (which) {
    case 0:
        *(const char ***)ent_key_place(key, c, m) = NULL;
        return true;
    case 1:
        *count = (unsigned)key->high + 1;
        return true;
    case 2:
        *count = UINT_MAX;
        return true;
    case 3:
        *count = 0;
        return key->low > 0;
    case 4:
        bad[0] = NULL;
        return true;
    case 5:
        bad[0] = "";
        return true;
    case 6:
        bad[0] = "a/b";
        return true;
    case 7:
        bad[0] = are_strings ? memset(letters, 'X', 256) : too_long;
        return true;
    case 8:
        bad[0] = "fusion"; /* also: not among data.modalities */
        return key->stride == 0 && !are_strings;
    case 9:
        *count = 2;
        return key->low > 0; /* twice */
    default:
        return false;
    }
}

enum { FAULTS = 10 };

/* Fault `which` of a key; false if it has no such fault. */
static bool spoil(const ent_key *key, ent_config *c, int m, int which)
{
    void *at = ent_key_place(key, c, m);
    const int wrong_choice[] = {-1, key->choices, 1000, INT_MIN, INT_MAX};
    const double wrong_real[] = {NAN, INFINITY, -INFINITY, key->high * 1.001, -DBL_MAX, key->above ? key->low : NAN};
    const int wrong_whole[] = {(int)key->low - 1, (int)key->high + (key->high < INT_MAX), INT_MIN};
    switch (key->type) {
    case ENT_KEY_WHOLE:
        if (which < 3) *(int *)at = wrong_whole[which];
        return which < 3;
    case ENT_KEY_REAL:
        if (which < 6) *(double *)at = wrong_real[which];
        return which < 6;
    case ENT_KEY_SWITCH:
        memset(at, which == 0 ? 2 : 255, 1);
        return which < 2;
    case ENT_KEY_CHOICE:
        if (which < 5) memcpy(at, &wrong_choice[which], sizeof(int));
        return which < 5;
    case ENT_KEY_SET:
        if (which < 3) *(unsigned *)at = which == 0 ? 0u : which == 1 ? 1u << key->choices : UINT_MAX;
        return which < 3;
    case ENT_KEY_TEXT:
        *(const char **)at = which == 0 ? NULL : "";
        return which < 2;
    case ENT_KEY_NAMES:
        return spoil_names(key, c, m, which);
    default:
        return false; /* a seed may be any number */
    }
}

static void check_refused(const char *call, ent_status status, const char *name)
{
    if (status == ENT_ECONFIG && strstr(ent_message(), name)) return;
    fail_msg("%s with a wrong %s: status %d, '%s'", call, name, (int)status, ent_message());
}

static void every_wrong_field_is_refused_by_its_keys_name(void **state)
{
    (void)state;
    ent_config good = fed_config(data_path), c = good;
    ent_federation *f, *none = NULL;
    ent_circuit *circuit;
    int64_t rows;
    double bytes;
    int faults = 0;
    const ent_load_inp nowhere = {.folder = "/nowhere", .data = data_path, .all_rows = true};
    check_ok(ent_federation_new(world, &c, &f));
    for (int k = 0; k < ENT_KEY_COUNT; k++) {
        const ent_key *key = &ENT_KEYS[k];
        for (int m = 0; m < (each_modality(key) ? 2 : 1); m++)
            for (int which = 0; which < FAULTS; which++) {
                char name[256];
                ent_key_name(key, &good, m, name);
                c = good;
                if (!spoil(key, &c, m, which)) continue;
                faults++;
                check_refused("ent_config_check", ent_config_check(&c), name);
                check_refused("ent_config_write", ent_config_write(&c, &(char *){NULL}), name);
                check_refused("ent_federation_new", ent_federation_new(world, &c, &none), name);
                check_refused("ent_federation_load", ent_federation_load(world, &c, &nowhere, &none), name);
                check_refused("ent_federation_foresee", ent_federation_foresee(&c, 1, &circuit, &rows, &bytes), name);
                check_refused("ent_federation_train", ent_federation_train(f, NULL, NULL), name);
            }
    }
    assert_true(faults > 4 * ENT_KEY_COUNT);
    assert_null(none);
    c = good;
    check_ok(ent_federation_train(f, NULL, NULL));
    ent_federation_free(f);
    check_fails(ent_config_check(NULL), ENT_EARG, "no configuration");
}

static void messages_are_those_of_the_file(void **state)
{
    (void)state;
    ent_config c = fed_config(data_path);
    c.client.batch = 0;
    check_fails(ent_config_check(&c), ENT_ECONFIG,
                "client.batch: found '0', want a whole number from 1 to 1000000000");
    c = fed_config(data_path);
    c.federation.participation = 0;
    check_fails(ent_config_check(&c), ENT_ECONFIG,
                "federation.participation: found '0.0', want a number above 0 and at most 1");
    c = fed_config(data_path);
    c.model.registers[1].ansatz = NULL;
    check_fails(ent_config_check(&c), ENT_ECONFIG,
                "model.registers.audio.ansatz: found nothing, want a text that is not empty");
    c = fed_config(data_path);
    c.client.optimizer = (ent_optimizer)7;
    check_fails(ent_config_check(&c), ENT_ECONFIG,
                "client.optimizer: found '7', want one of: sgd, momentum, adam, qng, rotosolve");
}

/* ---- did you mean ---- */

static void the_nearest_name_is_found(void **state)
{
    (void)state;
    static const char *const names[] = {"batch", "beta1", "beta2", "epochs", "learning_rate", "optimizer"};
    static const char *const table[][2] = {{"bacth", "batch"},
                                           {"batches", "batch"},
                                           {"Learning-Rate", "learning_rate"},
                                           {"lerning_rate", "learning_rate"},
                                           {"optimiser", "optimizer"},
                                           {"beta", "beta1"},
                                           {"epoch", "epochs"},
                                           {"xyz", ""},
                                           {"", ""},
                                           {"b", ""},
                                           {"learn", ""}};
    for (size_t k = 0; k < sizeof table / sizeof *table; k++) {
        ent_nearest near = ent_nearest_to(table[k][0]);
        for (size_t j = 0; j < sizeof names / sizeof *names; j++) ent_nearest_try(&near, names[j]);
        assert_string_equal(near.found, table[k][1]);
    }
    char endless[5000];
    memset(endless, 'x', sizeof endless);
    endless[sizeof endless - 1] = '\0';
    ent_nearest near = ent_nearest_to(endless);
    ent_nearest_try(&near, endless);
    ent_nearest_try(&near, "batch");
    assert_string_equal(ent_nearest_text(&near), "");
}

static int set_up(void **state)
{
    if (temp_folder_make(state)) return -1;
    const char *const names[] = {"text", "audio"};
    const ent_synth_inp inp = {.rows = 60,
                               .modalities = 2,
                               .names = names,
                               .dimension = {3, 3},
                               .classes = 2,
                               .groups = 8,
                               .own = 1.0,
                               .cross = 1.0,
                               .noise = 0.3,
                               .seed = 1};
    snprintf(data_path, sizeof data_path, "%s/data.h5", temp_folder);
    return ent_synth_write(&inp, data_path, 0) != ENT_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest computes[] = {cmocka_unit_test(every_default_is_a_value_that_its_key_takes),
                                          cmocka_unit_test(every_row_is_whole),
                                          cmocka_unit_test(what_is_written_reads_back_to_the_last_bit),
                                          cmocka_unit_test(keys_that_nothing_reads_are_found),
                                          cmocka_unit_test(every_key_is_written),
                                          cmocka_unit_test(the_nearest_name_is_found)};
    const struct CMUnitTest refuses[] = {cmocka_unit_test(every_wrong_field_is_refused_by_its_keys_name),
                                         cmocka_unit_test(messages_are_those_of_the_file)};
    if (ent_comm_start(&argc, &argv, &world) != ENT_OK) return 1;
    int failed = cmocka_run_group_tests_name("computes", computes, NULL, NULL);
    failed += cmocka_run_group_tests_name("refuses", refuses, set_up, temp_folder_remove);
    ent_comm_finish(world);
    return failed;
}
