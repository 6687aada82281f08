/* A checkpoint goes on with the configuration that it was made with: the two texts, with all defaults in them, are
 * compared key by key. */
#include "resume.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/load.h"
#include "entente/fed.h"
#include "entente/memory.h"
#include "config/yaml.h"

/* What may differ. */
static const char *const FREE_KEYS[] = {"data.file", "federation.rounds", "run.shards", "run.threads",
                                        "run.checkpoint_every"};

static bool may_differ(const char *key)
{
    for (size_t k = 0; k < sizeof FREE_KEYS / sizeof *FREE_KEYS; k++)
        if (strcmp(key, FREE_KEYS[k]) == 0) return true;
    return false;
}

static const char *words(const yaml_node_t *node)
{
    if (!node) return "nothing";
    if (node->type == YAML_SCALAR_NODE) return (const char *)node->data.scalar.value;
    return node->type == YAML_SEQUENCE_NODE ? "a list" : "a section";
}

/* The same text, or the same number. */
static bool same_scalar(const yaml_node_t *a, const yaml_node_t *b)
{
    char *end_a, *end_b;
    const double x = strtod(words(a), &end_a), y = strtod(words(b), &end_b);
    if (strcmp(words(a), words(b)) == 0) return true;
    return end_a != words(a) && end_b != words(b) && !*end_a && !*end_b && x == y;
}

static ent_status differ(const char *key, const yaml_node_t *now, const yaml_node_t *then)
{
    return ent_fail(ENT_ECONFIG,
                    "%s: found %s, and the checkpoint was made with %s: go on with the same configuration, or name "
                    "another folder with --out",
                    key, words(now), words(then));
}

static ent_status compare_lists(ent_yaml *a, const yaml_node_t *now, ent_yaml *b, const yaml_node_t *then,
                                const char *key)
{
    const yaml_node_item_t *x = now->data.sequence.items.start, *y = then->data.sequence.items.start;
    if (now->data.sequence.items.top - x != then->data.sequence.items.top - y) return differ(key, now, then);
    for (; x < now->data.sequence.items.top; x++, y++) {
        const yaml_node_t *one = yaml_document_get_node(&a->document, *x);
        const yaml_node_t *other = yaml_document_get_node(&b->document, *y);
        if (!same_scalar(one, other)) return differ(key, one, other);
    }
    return ENT_OK;
}

/* Every key below `now` stands in b too, with the same value. */
static ent_status compare(ent_yaml *a, const yaml_node_t *now, ent_yaml *b, char key[1024])
{
    const yaml_node_t *then = ent_yaml_find(b, key);
    if (may_differ(key)) return ENT_OK;
    if (!then || now->type != then->type) return differ(key, now, then);
    if (now->type == YAML_SEQUENCE_NODE) return compare_lists(a, now, b, then, key);
    if (now->type == YAML_SCALAR_NODE) return same_scalar(now, then) ? ENT_OK : differ(key, now, then);
    const size_t length = strlen(key);
    for (const yaml_node_pair_t *pair = now->data.mapping.pairs.start; pair < now->data.mapping.pairs.top; pair++) {
        snprintf(key + length, 1024 - length, "%s%s", length ? "." : "",
                 words(yaml_document_get_node(&a->document, pair->key)));
        ENT_TRY(compare(a, yaml_document_get_node(&a->document, pair->value), b, key));
        key[length] = '\0';
    }
    return ENT_OK;
}

static ent_status compare_texts(const char *now, const char *then)
{
    ent_yaml *a = NULL, *b = NULL;
    char key[1024] = "";
    ent_status status = ent_yaml_parse(now, "configuration", &a);
    if (status == ENT_OK) status = ent_yaml_parse(then, "configuration of the checkpoint", &b);
    if (status == ENT_OK) status = compare(a, yaml_document_get_root_node(&a->document), b, key);
    ent_yaml_free(a);
    ent_yaml_free(b);
    return status;
}

static ent_status saved_config(const char *folder, const char *checkpoint, char **text)
{
    char *saved;
    ENT_TRY(ent_checkpoint_config(folder, &saved));
    const ent_status status = ent_config_saved(saved, checkpoint, text);
    ent_free(saved);
    return status;
}

ent_status app_resume_look(const char *folder, bool resume, const char *text, app_begin *begin)
{
    char result[4096], checkpoint[4096], *then;
    ENT_REQUIRE(snprintf(result, sizeof result, "%s/result.h5", folder) < (int)sizeof result, ENT_EARG,
                "--out: a path of %zu bytes is too long", strlen(folder));
    ENT_TRY(ent_checkpoint_path(folder, checkpoint));
    const bool done = access(result, F_OK) == 0, begun = access(checkpoint, F_OK) == 0;
    ENT_REQUIRE(resume || !done, ENT_EARG, "%s: a result is there already; name another folder with --out", folder);
    ENT_REQUIRE(resume || !begun, ENT_EARG,
                "%s: a checkpoint is there; go on from it with --resume, or name another folder with --out", folder);
    *begin = done ? APP_DONE : begun ? APP_GO_ON : APP_AFRESH;
    if (*begin != APP_GO_ON) return ENT_OK;
    ENT_TRY(saved_config(folder, checkpoint, &then));
    const ent_status status = compare_texts(text, then);
    ent_free(then);
    return status;
}

ent_status app_config_result(const char *folder, char **text)
{
    char *saved, path[4096];
    struct stat state;
    ENT_REQUIRE(stat(folder, &state) != 0 || S_ISDIR(state.st_mode), ENT_EARG,
                "%s: not a folder: want the one that holds result.h5", folder);
    ENT_TRY(ent_result_config(folder, &saved));
    snprintf(path, sizeof path, "%s/result.h5", folder);
    const ent_status status = ent_config_saved(saved, path, text);
    ent_free(saved);
    return status;
}
