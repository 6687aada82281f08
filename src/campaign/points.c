/* Builds the plan of a sweep or a study as JSON: bases, overrides, and the product of axes, with a hash per point. */
#include "points.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entente/hash.h"
#include "entente/memory.h"

static ent_status no_memory(void)
{
    return ent_fail(ENT_ENOMEM, "points: no memory");
}

json_t *campaign_points_new(const char *kind, const char *spec)
{
    return json_pack("{s:s, s:s, s:s, s:[], s:[], s:[], s:[], s:[], s:[]}", "kind", kind, "keep", "results", "spec",
                     spec, "columns", "scales", "bases", "froms", "points", "fixed");
}

ent_status campaign_points_fix(json_t *plan, int sets, const char *const *set)
{
    for (int k = 0; k < sets; k++)
        if (json_array_append_new(json_object_get(plan, "fixed"), json_pack("[s, s]", set[k], "--set")) != 0)
            return no_memory();
    return ENT_OK;
}

/* Overrides in the form of ent_config_derive: `out` points into `set`; ent_free. */
static ent_status as_sets(const json_t *set, ent_set **out)
{
    const size_t count = json_array_size(set);
    *out = ent_alloc((int64_t)count, sizeof **out);
    if (!*out) return no_memory();
    for (size_t k = 0; k < count; k++) {
        const json_t *one = json_array_get(set, k);
        (*out)[k] = (ent_set){json_string_value(json_array_get(one, 0)), json_string_value(json_array_get(one, 1))};
    }
    return ENT_OK;
}

static ent_status derive(const char *base, const char *name, const json_t *set, char **text)
{
    ent_set *sets;
    ENT_TRY(as_sets(set, &sets));
    const ent_status status = ent_config_derive(base, name, (int)json_array_size(set), sets, text);
    ent_free(sets);
    return status;
}

static bool same_key(const char *a, const char *b)
{
    const size_t length = strcspn(a, "=");
    return strcspn(b, "=") == length && strncmp(a, b, length) == 0;
}

/* Whether overrides, given as texts or as [text, location], name a data set. */
static bool names_data(const json_t *set)
{
    size_t k;
    const json_t *one;
    json_array_foreach(set, k, one)
    {
        if (same_key(json_string_value(json_is_array(one) ? json_array_get(one, 0) : one), "data.file")) return true;
    }
    return false;
}

ent_status campaign_points_base(json_t *plan, const char *path, const json_t *set, int64_t *base)
{
    char *file, *text = NULL;
    json_t *bases = json_object_get(plan, "bases"), *sets = json_copy((json_t *)(uintptr_t)set);
    if (!sets || json_array_extend(sets, json_object_get(plan, "fixed")) != 0) {
        json_decref(sets);
        return no_memory();
    }
    ent_status status = ent_config_text(path, 0, NULL, &file);
    if (status == ENT_OK) {
        status = derive(file, path, sets, &text);
        ent_free(file);
    }
    json_decref(sets);
    if (status != ENT_OK) return status;
    *base = (int64_t)json_array_size(bases);
    json_t *from = names_data(set) ? json_incref(json_object_get(plan, "spec")) : json_string(path);
    if (json_array_append_new(bases, json_string(text)) != 0 ||
        json_array_append_new(json_object_get(plan, "froms"), from) != 0)
        status = no_memory();
    ent_free(text);
    return status;
}

json_t *campaign_points_alternative(const char *column, const char *text)
{
    json_t *made = json_pack("{s:{}, s:[]}", "label", "set");
    if (made && column && json_object_set_new(json_object_get(made, "label"), column, json_string(text)) != 0) {
        json_decref(made);
        return NULL;
    }
    return made;
}

/* A key fixed by --set cannot differ between points. */
static ent_status check_fixed(const json_t *plan, const json_t *set)
{
    size_t k, j;
    const json_t *fixed, *mine;
    json_array_foreach(json_object_get(plan, "fixed"), k, fixed) json_array_foreach(set, j, mine)
    {
        const char *given = json_string_value(json_array_get(fixed, 0));
        ENT_REQUIRE(!same_key(given, json_string_value(json_array_get(mine, 0))), ENT_ECONFIG,
                    "--set %s: this key is set by the points themselves (%s)", given,
                    json_string_value(json_array_get(mine, 1)));
    }
    return ENT_OK;
}

static json_t *texts_of(const json_t *set)
{
    json_t *texts = json_array();
    size_t k;
    const json_t *one;
    json_array_foreach(set, k, one) json_array_append(texts, json_array_get(one, 0));
    return texts;
}

static json_t *labels_of(const json_t *plan, const json_t *label)
{
    json_t *labels = json_array();
    size_t k;
    const json_t *column;
    json_array_foreach(json_object_get(plan, "columns"), k, column)
    {
        json_t *text = json_object_get(label, json_string_value(column));
        json_array_append_new(labels, text ? json_incref(text) : json_string(""));
    }
    return labels;
}

static ent_status add_point(json_t *plan, int64_t base, const json_t *label, const json_t *set)
{
    json_t *points = json_object_get(plan, "points");
    char *text, hash[65];
    ENT_TRY(check_fixed(plan, set));
    const char *from = json_string_value(json_array_get(json_object_get(plan, "bases"), (size_t)base));
    ENT_TRY(derive(from, "configuration", set, &text));
    ent_sha256(text, strlen(text), hash);
    ent_free(text);
    json_t *point = json_pack("{s:I, s:o, s:o, s:s}", "base", (json_int_t)base, "label", labels_of(plan, label),
                              "set", texts_of(set), "hash", hash);
    return json_array_append_new(points, point) == 0 ? ENT_OK : no_memory();
}

static ent_status product(json_t *plan, int64_t base, const json_t *axes, size_t axis, const json_t *label,
                          const json_t *set)
{
    if (axis == json_array_size(axes)) return add_point(plan, base, label, set);
    ent_status status = ENT_OK;
    size_t k;
    const json_t *alternative;
    json_array_foreach(json_array_get(axes, axis), k, alternative)
    {
        json_t *labels = json_copy((json_t *)(uintptr_t)label), *sets = json_copy((json_t *)(uintptr_t)set);
        if (labels && sets && json_object_update(labels, json_object_get(alternative, "label")) == 0 &&
            json_array_extend(sets, json_object_get(alternative, "set")) == 0)
            status = product(plan, base, axes, axis + 1, labels, sets);
        else
            status = no_memory();
        json_decref(labels);
        json_decref(sets);
        if (status != ENT_OK) break;
    }
    return status;
}

/* Check the number of points before they are created. */
static ent_status check_count(const json_t *plan, const json_t *axes)
{
    char factors[256] = "";
    double count = 1.0; /* exact up to 2^53, far above the limit */
    size_t k, used = 0;
    const json_t *axis;
    json_array_foreach(axes, k, axis)
    {
        const size_t size = json_array_size(axis);
        count *= (double)size;
        if (size > 1 && used < sizeof factors)
            used += (size_t)snprintf(factors + used, sizeof factors - used, "%s%zu", used ? " x " : "", size);
    }
    const double all = count + (double)campaign_points_count(plan);
    ENT_REQUIRE(all <= CAMPAIGN_MAX_POINTS, ENT_ECONFIG, "found %.0f points (%s), want at most %d", all, factors,
                CAMPAIGN_MAX_POINTS);
    return ENT_OK;
}

ent_status campaign_points_product(json_t *plan, int64_t base, const json_t *axes)
{
    ENT_TRY(check_count(plan, axes));
    json_t *label = json_object(), *set = json_array();
    const ent_status status = label && set ? product(plan, base, axes, 0, label, set) : no_memory();
    json_decref(label);
    json_decref(set);
    return status;
}

ent_status campaign_points_write(const json_t *plan, char **text)
{
    char *made = json_dumps(plan, JSON_COMPACT);
    *text = made ? ent_text(made) : NULL;
    free(made);
    return *text ? ENT_OK : no_memory();
}

int64_t campaign_points_count(const json_t *plan)
{
    return (int64_t)json_array_size(json_object_get(plan, "points"));
}

const json_t *campaign_points_at(const json_t *plan, int64_t k)
{
    return json_array_get(json_object_get(plan, "points"), (size_t)k);
}

const char *campaign_points_hash(const json_t *plan, int64_t k)
{
    return json_string_value(json_object_get(campaign_points_at(plan, k), "hash"));
}

char *campaign_points_label(const json_t *plan, int64_t k, char text[512])
{
    const json_t *label = json_object_get(campaign_points_at(plan, k), "label"), *column;
    size_t c, used = 0;
    text[0] = '\0';
    json_array_foreach(json_object_get(plan, "columns"), c, column)
    {
        const char *value = json_string_value(json_array_get(label, c));
        if (*value && used < 512)
            used += (size_t)snprintf(text + used, 512 - used, "%s%s=%s", used ? " " : "", json_string_value(column),
                                     value);
    }
    return text;
}

ent_status campaign_points_text(const json_t *plan, int64_t k, char **text)
{
    const json_t *point = campaign_points_at(plan, k), *set = json_object_get(point, "set");
    const json_int_t base = json_integer_value(json_object_get(point, "base"));
    const int count = (int)json_array_size(set);
    ent_set *sets = ent_alloc(count, sizeof *sets);
    if (!sets) return no_memory();
    for (int j = 0; j < count; j++) sets[j] = (ent_set){json_string_value(json_array_get(set, (size_t)j)), "point"};
    const ent_status status =
        ent_config_derive(json_string_value(json_array_get(json_object_get(plan, "bases"), (size_t)base)),
                          "configuration", count, sets, text);
    ent_free(sets);
    return status;
}

ent_status campaign_points_locate(const json_t *plan, int64_t k, char **text)
{
    const json_t *point = campaign_points_at(plan, k);
    const size_t base = (size_t)json_integer_value(json_object_get(point, "base"));
    const json_t *from = names_data(json_object_get(point, "set"))
                             ? json_object_get(plan, "spec")
                             : json_array_get(json_object_get(plan, "froms"), base);
    return ent_config_locate(text, json_string_value(from));
}
