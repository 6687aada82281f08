/* Configurations as sorted lists of "key=value"; runs whose lists are equal except for seeds form a group; a group is
 * named by the entries that not all groups share. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "entente/memory.h"
#include "config/keys.h"
#include "report.h"

/* ---- flattening ---- */

static ent_status add_leaf(report_run *run, const char *key, const char *value)
{
    const size_t room = strlen(key) + strlen(value) + 2;
    char *text = ent_alloc((int64_t)room, 1);
    if (!text || !ent_grow((void **)&run->leaf, &run->leaf_room, run->leaves, sizeof *run->leaf)) {
        ent_free(text);
        return ent_fail(ENT_ENOMEM, "report: no memory");
    }
    snprintf(text, room, "%s=%s", key, value);
    run->leaf[run->leaves++] = text;
    return ENT_OK;
}

static ent_status add_key(report_run *run, const ent_key *key)
{
    char name[256];
    for (int m = 0; m < ent_key_count(key, run->config); m++) {
        char *value = ent_key_text(key, run->config, m);
        ENT_REQUIRE(value, ENT_ENOMEM, "report: no memory");
        const ent_status status = add_leaf(run, ent_key_name(key, run->config, m, name), value);
        ent_free(value);
        ENT_TRY(status);
    }
    return ENT_OK;
}

/* If every modality has the same rate, one entry says so. */
static void join_rates(report_run *run)
{
    static const char PREFIX[] = "missing.rate.";
    int kept = 0, rates = 0;
    const char *value = NULL;
    for (int k = 0; k < run->leaves; k++)
        if (strncmp(run->leaf[k], PREFIX, sizeof PREFIX - 1) == 0) {
            const char *own = strchr(run->leaf[k], '=') + 1;
            if (value && strcmp(value, own) != 0) return;
            value = own;
            rates++;
        }
    if (rates == 0) return;
    for (int k = 0; k < run->leaves; k++) {
        char *leaf = run->leaf[k];
        if (strncmp(leaf, PREFIX, sizeof PREFIX - 1) == 0) {
            if (--rates > 0) {
                ent_free(leaf);
                continue;
            }
            memmove(leaf + sizeof PREFIX - 2, strchr(leaf, '='), strlen(strchr(leaf, '=')) + 1);
        }
        run->leaf[kept++] = leaf;
    }
    run->leaves = kept;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

ent_status report_flatten(report_run *run)
{
    for (int k = 0; k < ENT_KEY_COUNT; k++)
        if (strncmp(ENT_KEYS[k].path, "seeds.", strlen("seeds.")) != 0) ENT_TRY(add_key(run, &ENT_KEYS[k]));
    join_rates(run);
    qsort(run->leaf, (size_t)run->leaves, sizeof *run->leaf, by_text);
    return ENT_OK;
}

const char *report_value(const report_run *run, const char *key)
{
    const size_t n = strlen(key);
    for (int k = 0; k < run->leaves; k++)
        if (strncmp(run->leaf[k], key, n) == 0 && run->leaf[k][n] == '=') return run->leaf[k] + n + 1;
    return NULL;
}

/* ---- groups ---- */

static bool same_leaves(const report_run *a, const report_run *b)
{
    if (a->leaves != b->leaves || a->rounds != b->rounds) return false;
    for (int k = 0; k < a->leaves; k++)
        if (strcmp(a->leaf[k], b->leaf[k]) != 0) return false;
    return true;
}

static bool has_leaf(const report_run *run, const char *leaf)
{
    for (int k = 0; k < run->leaves; k++)
        if (strcmp(run->leaf[k], leaf) == 0) return true;
    return false;
}

/* "policy mma, rate 0.3"; if there is only one group, the folder's name. */
static void name_group(const report_input *input, report_group *group)
{
    const report_run *run = group->run[0];
    size_t used = 0;
    for (int k = 0; k < run->leaves && used < sizeof group->label; k++) {
        bool shared = true;
        for (int g = 0; g < input->groups; g++) shared &= has_leaf(input->group[g].run[0], run->leaf[k]);
        if (shared) continue;
        const char *equal = strchr(run->leaf[k], '='), *key = equal;
        while (key > run->leaf[k] && key[-1] != '.') key--;
        used += (size_t)snprintf(group->label + used, sizeof group->label - used, "%s%.*s %s", used ? ", " : "",
                                 (int)(equal - key), key, equal + 1);
    }
    if (used > 0) return;
    const char *slash = strrchr(run->folder, '/');
    snprintf(group->label, sizeof group->label, "%s", slash && slash[1] ? slash + 1 : run->folder);
}

static ent_status check_modalities(const report_run *a, const report_run *b)
{
    const char *first = report_value(a, "data.modalities"), *second = report_value(b, "data.modalities");
    ENT_REQUIRE(first && second && strcmp(first, second) == 0, ENT_ECONFIG,
                "%s: modalities '%s', but %s has '%s': want results of the same modalities in one report", b->folder,
                second ? second : "", a->folder, first ? first : "");
    return ENT_OK;
}

static ent_status put_into_group(report_input *input, report_run *run)
{
    int g = 0;
    while (g < input->groups && !same_leaves(input->group[g].run[0], run)) g++;
    report_group *group = &input->group[g];
    if (g == input->groups) {
        group->run = ent_alloc(input->runs, sizeof *group->run);
        ENT_REQUIRE(group->run, ENT_ENOMEM, "report: no memory");
        input->groups++;
    }
    group->run[group->runs++] = run;
    return ENT_OK;
}

ent_status report_group_runs(report_input *input)
{
    input->group = ent_alloc(input->runs, sizeof *input->group);
    ENT_REQUIRE(input->group, ENT_ENOMEM, "report: no memory");
    for (int k = 0; k < input->runs; k++) {
        ENT_TRY(check_modalities(input->run[0], input->run[k]));
        ENT_TRY(put_into_group(input, input->run[k]));
    }
    for (int g = 0; g < input->groups; g++) name_group(input, &input->group[g]);
    return ENT_OK;
}

void report_group_free(report_input *input)
{
    for (int g = 0; g < input->groups; g++) ent_free(input->group[g].run);
    ent_free(input->group);
    input->group = NULL;
    input->groups = 0;
}

int report_spread(int n, const double *value, double *mean, double *low, double *high)
{
    int count = 0;
    double sum = 0.0;
    *low = INFINITY;
    *high = -INFINITY;
    for (int k = 0; k < n; k++) {
        if (!isfinite(value[k])) continue;
        sum += value[k];
        *low = fmin(*low, value[k]);
        *high = fmax(*high, value[k]);
        count++;
    }
    *mean = count > 0 ? sum / count : NAN;
    if (count == 0) *low = *high = NAN;
    return count;
}
