/* Builds, writes and reads the JSON records of points, and compares the inputs of two of them. */
#include "record.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/json.h"
#include "entente/atomic_file.h"
#include "entente/hash.h"
#include "entente/memory.h"

#define NAME(A, name, ...) #name,
const char *const CAMPAIGN_METRICS[] = {"n", ENT_METRICS(NAME, 0) NULL};
#undef NAME
const char *const CAMPAIGN_VALIDATION[] = {"validation_n", "validation_loss", "validation_accuracy", NULL};
const char *const CAMPAIGN_SPENT[] = {"bytes_up", "bytes_down", "epsilon", NULL};

ent_status campaign_record_path(const char *out, const char *hash, const char *end, char path[4096])
{
    ENT_REQUIRE(snprintf(path, 4096, "%s/points/%.24s%s", out, hash, end) < 4096, ENT_EARG, "%s: path too long", out);
    return ENT_OK;
}

static json_t *metrics_of(const ent_metrics *m)
{
    json_t *metrics = json_pack("{s:I}", CAMPAIGN_METRICS[0], (json_int_t)m->n);
    for (int k = 0; ent_metric_at(k); k++)
        json_object_set_new(metrics, ent_metric_at(k)->name, cli_number(ent_metric_value(m, k)));
    return metrics;
}

/* Of the round whose weights these are; {} without validation rows. */
static json_t *validation_of(const ent_federation_view *view)
{
    const ent_metrics *m = view->rounds > 0 ? &view->round[view->selected_round].validation : NULL;
    if (!m || m->n == 0) return json_object();
    return json_pack("{s:I, s:o, s:o}", CAMPAIGN_VALIDATION[0], (json_int_t)m->n, CAMPAIGN_VALIDATION[1],
                     cli_number(m->loss), CAMPAIGN_VALIDATION[2], cli_number(m->accuracy));
}

/* By all rounds. */
static json_t *spent_of(const ent_federation_view *view)
{
    double up = 0, down = 0;
    for (int64_t k = 0; k < view->rounds; k++) {
        up += view->round[k].bytes_up;
        down += view->round[k].bytes_down;
    }
    return json_pack("{s:f, s:f, s:o}", CAMPAIGN_SPENT[0], up, CAMPAIGN_SPENT[1], down, CAMPAIGN_SPENT[2],
                     cli_number(view->rounds > 0 ? view->round[view->rounds - 1].epsilon : NAN));
}

/* "text+audio" */
static void present_text(const ent_config_data *data, uint32_t context, char *text, size_t room)
{
    size_t used = 0;
    snprintf(text, room, "nothing");
    for (unsigned m = 0; m < data->modalities_count && used < room; m++)
        if (context >> m & 1)
            used += (size_t)snprintf(text + used, room - used, "%s%s", used ? "+" : "", data->modalities[m]);
}

static json_t *patterns_of(const ent_federation_view *view)
{
    json_t *patterns = json_array();
    for (int64_t k = 0; k < view->patterns; k++) {
        char present[ENT_MAX_MODALITIES * ENT_NAME_BYTES];
        present_text(&view->config->data, view->pattern[k].context, present, sizeof present);
        json_array_append_new(patterns, json_pack("{s:s, s:I, s:o, s:o}", "present", present, "n",
                                                  (json_int_t)view->pattern[k].n, "accuracy",
                                                  cli_number(view->pattern[k].accuracy), "mae",
                                                  cli_number(view->pattern[k].mae)));
    }
    return patterns;
}

static json_t *inputs_of(const ent_federation_view *view)
{
    const ent_config_data *data = &view->config->data;
    const ent_inputs *in = &view->inputs;
    json_t *modalities = json_array(), *ansatz = json_array();
    for (unsigned m = 0; m < data->modalities_count; m++) {
        json_array_append_new(modalities, json_string(data->modalities[m]));
        json_array_append_new(ansatz, json_string(view->config->model.registers[m].ansatz));
    }
    json_t *of = json_pack("{s:s, s:s, s:o, s:o}", "file", data->file, "label", data->label, "modalities", modalities,
                           "ansatz", ansatz);
    return json_pack("{s:o, s:s, s:s, s:I, s:I}", "of", of, "tables", in->tables, "features", in->features, "bytes",
                     (json_int_t)in->bytes, "modified_s", (json_int_t)in->modified_s);
}

char *campaign_record_of(const json_t *record)
{
    const json_t *of = json_object_get(json_object_get(record, "inputs"), "of");
    return of ? json_dumps(of, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
}

const char *campaign_record_file(const json_t *record)
{
    return json_string_value(json_object_get(json_object_get(json_object_get(record, "inputs"), "of"), "file"));
}

static bool same_word(const json_t *a, const char *text)
{
    return json_is_string(a) && strcmp(json_string_value(a), text) == 0;
}

bool campaign_record_has_inputs(const json_t *record, const ent_inputs *inputs)
{
    const json_t *own = json_object_get(record, "inputs");
    return !own || (same_word(json_object_get(own, "tables"), inputs->tables) &&
                    same_word(json_object_get(own, "features"), inputs->features));
}

bool campaign_record_same_inputs(const json_t *a, const json_t *b)
{
    static const char *const key[] = {"tables", "features"};
    const json_t *one = json_object_get(a, "inputs"), *other = json_object_get(b, "inputs");
    bool same = true;
    for (size_t k = 0; one && other && k < 2; k++)
        same = same && json_equal(json_object_get(one, key[k]), json_object_get(other, key[k]));
    return same;
}

json_t *campaign_record_done(const ent_federation_view *view)
{
    char digest[65];
    const bool untrained = view->rounds > 0 && view->untrained_rounds == view->rounds;
    ent_sha256(view->weights, (size_t)view->params * sizeof *view->weights, digest);
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:i, s:i, s:s, s:o, s:o, s:i, s:i}", "status",
                     untrained ? "untrained" : "done", "error",
                     untrained ? "no client trained in any round: the figures are not those of a trained model" : "",
                     "metrics", metrics_of(&view->test), "validation", validation_of(view), "spent", spent_of(view),
                     "params", view->params, "qubits", view->qubits, "weights_sha256", digest, "patterns",
                     patterns_of(view), "inputs", inputs_of(view), "ranks", view->ranks, "threads", view->threads);
}

json_t *campaign_record_failed(const char *message)
{
    int rank, length = 0;
    if (sscanf(message, "rank %d: %n", &rank, &length) == 1)
        message += length; /* the rank that ran the point is not recorded, nor what was available to it */
    const char *end = strstr(message, ENT_AVAILABLE);
    return json_pack("{s:s, s:s%}", "status", "failed", "error", message,
                     end ? (size_t)(end - message) : strlen(message));
}

ent_status campaign_record_save(const char *out, const char *hash, const json_t *record)
{
    char path[4096];
    ENT_TRY(campaign_record_path(out, hash, ".json", path));
    char *text = json_dumps(record, JSON_INDENT(1) | JSON_REAL_PRECISION(17));
    ENT_REQUIRE(text, ENT_ENOMEM, "%s: no memory", path);
    const ent_status status = ent_atomic_file_save(path, text, strlen(text), false);
    free(text);
    return status;
}

json_t *campaign_record_load(const char *out, const char *hash)
{
    char path[4096];
    if (campaign_record_path(out, hash, ".json", path) != ENT_OK) return NULL;
    json_t *record = json_load_file(path, 0, NULL);
    const char *whose = json_string_value(json_object_get(record, "hash"));
    if (whose && strcmp(whose, hash) == 0) return record;
    json_decref(record);
    return NULL;
}

bool campaign_record_is_there(const char *out, const char *hash)
{
    json_t *record = campaign_record_load(out, hash);
    json_decref(record);
    return record != NULL;
}

bool campaign_record_is(const json_t *record, const char *status)
{
    const char *found = json_string_value(json_object_get(record, "status"));
    return found && strcmp(found, status) == 0;
}
