/* TensorBoard's event files, written by hand: a file is a list of records (TFRecord), each a message of Protocol
 * Buffers.
 *
 *   record   uint64 length, masked CRC-32C of these 8 bytes, message, masked CRC-32C of the message
 *            (little endian)
 *   Event    1 wall_time double, 2 step int64, 3 file_version string, 5 summary
 *   Summary  1 value, repeated: 1 tag string, 2 simple_value float, 8 tensor, 9 metadata
 *   a text   tensor {1 dtype 7 (string), 2 shape {2 dim {1 size}}, 8 string_val}, metadata {1 plugin_data {1 name
 *            "text"}}
 *
 * Sources: tensorflow/core/util/event.proto, framework/summary.proto and tensor.proto, lib/io/record_writer.h;
 * CRC-32C: RFC 3720, appendix B.4. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "export.h"

/* ---- Protocol Buffers ---- */

typedef struct {
    FILE *out;
    char *text;
    size_t size;
} message;

static bool message_begin(message *m)
{
    *m = (message){.out = NULL};
    m->out = open_memstream(&m->text, &m->size);
    return m->out != NULL;
}

static void message_end(message *m)
{
    if (m->out) fclose(m->out);
    free(m->text);
}

enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };

static void put_varint(FILE *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7) fputc((int)(value & 0x7f) | 0x80, out);
    fputc((int)value, out);
}

static void put_little(FILE *out, uint64_t bits, int bytes)
{
    for (int k = 0; k < bytes; k++) fputc((int)(bits >> (8 * k) & 0xff), out);
}

static void put_key(FILE *out, int field, int kind)
{
    put_varint(out, (uint64_t)field << 3 | (uint64_t)kind);
}

static void put_whole(FILE *out, int field, int64_t value)
{
    put_key(out, field, VARINT);
    put_varint(out, (uint64_t)value);
}

static void put_double(FILE *out, int field, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_key(out, field, FIXED64);
    put_little(out, bits, 8);
}

static void put_float(FILE *out, int field, double value)
{
    const float rounded = (float)value;
    uint32_t bits;
    memcpy(&bits, &rounded, sizeof bits);
    put_key(out, field, FIXED32);
    put_little(out, bits, 4);
}

static void put_bytes(FILE *out, int field, const char *bytes, size_t count)
{
    put_key(out, field, BYTES);
    put_varint(out, count);
    fwrite(bytes, 1, count, out);
}

/* Append a message to another, and free it. */
static void put_message(FILE *out, int field, message *inner)
{
    if (inner->out) fflush(inner->out);
    put_bytes(out, field, inner->text ? inner->text : "", inner->size);
    message_end(inner);
}

/* ---- records ---- */

static uint32_t crc32c(const char *bytes, size_t count)
{
    uint32_t crc = ~UINT32_C(0);
    for (size_t k = 0; k < count; k++) {
        crc ^= (unsigned char)bytes[k];
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0x82f63b78) : 0);
    }
    return ~crc;
}

static uint32_t masked(uint32_t crc)
{
    return (crc >> 15 | crc << 17) + UINT32_C(0xa282ead8);
}

typedef struct {
    FILE *out;
    double time_s;
    bool failed; /* no memory */
} events;

/* Write an event as a record; it is ended. */
static void put_record(events *e, message *event)
{
    char head[8];
    if (!event->out || fflush(event->out) != 0) e->failed = true;
    for (int k = 0; k < 8; k++) head[k] = (char)(event->size >> (8 * k) & 0xff);
    fwrite(head, 1, sizeof head, e->out);
    put_little(e->out, masked(crc32c(head, sizeof head)), 4);
    fwrite(event->text ? event->text : "", 1, event->size, e->out);
    put_little(e->out, masked(crc32c(event->text ? event->text : "", event->size)), 4);
    message_end(event);
}

static bool begin_event(events *e, message *event, int64_t step)
{
    if (!message_begin(event)) {
        e->failed = true;
        return false;
    }
    put_double(event->out, 1, e->time_s);
    if (step != 0) put_whole(event->out, 2, step);
    return true;
}

static void put_version(events *e)
{
    static const char VERSION[] = "brain.Event:2";
    message event;
    if (!begin_event(e, &event, 0)) return;
    put_bytes(event.out, 3, VERSION, sizeof VERSION - 1);
    put_record(e, &event);
}

/* An event with one value of a summary; it is ended. */
static void put_value(events *e, int64_t step, message *value)
{
    message summary, event;
    if (!message_begin(&summary)) {
        e->failed = true;
        message_end(value);
        return;
    }
    put_message(summary.out, 1, value);
    if (begin_event(e, &event, step)) {
        put_message(event.out, 5, &summary);
        put_record(e, &event);
    } else {
        message_end(&summary);
    }
}

static void put_scalar(events *e, const char *tag, int64_t step, double number)
{
    message value;
    if (!message_begin(&value)) {
        e->failed = true;
        return;
    }
    put_bytes(value.out, 1, tag, strlen(tag));
    put_float(value.out, 2, number);
    put_value(e, step, &value);
}

static void put_text(events *e, const char *tag, const char *text)
{
    enum { VALUE, TENSOR, SHAPE, DIM, METADATA, PLUGIN, MESSAGES };
    message m[MESSAGES];
    bool whole = true;
    for (int k = 0; k < MESSAGES; k++) whole = message_begin(&m[k]) && whole;
    if (!whole) {
        e->failed = true;
        for (int k = 0; k < MESSAGES; k++) message_end(&m[k]);
        return;
    }
    put_bytes(m[VALUE].out, 1, tag, strlen(tag));
    put_whole(m[TENSOR].out, 1, 7);
    put_whole(m[DIM].out, 1, 1);
    put_message(m[SHAPE].out, 2, &m[DIM]);
    put_message(m[TENSOR].out, 2, &m[SHAPE]);
    put_bytes(m[TENSOR].out, 8, text, strlen(text));
    put_message(m[VALUE].out, 8, &m[TENSOR]);
    put_bytes(m[PLUGIN].out, 1, "text", 4);
    put_message(m[METADATA].out, 1, &m[PLUGIN]);
    put_message(m[VALUE].out, 9, &m[METADATA]);
    put_value(e, 0, &m[VALUE]);
}

/* ---- the run ---- */

/* "test_accuracy" is "test/accuracy" there, so that the figures of a part are together. */
static void tag_of(const char *name, char tag[96])
{
    static const char *const PART[] = {"train_", "validation_", "test_"};
    for (int k = 0; k < 3; k++) {
        const size_t n = strlen(PART[k]);
        if (strncmp(name, PART[k], n) != 0) continue;
        snprintf(tag, 96, "%.*s/%.60s", (int)n - 1, name, name + n);
        return;
    }
    snprintf(tag, 96, "round/%.60s", name);
}

static ent_status take(void *context, const char *name, int64_t step, double value)
{
    char tag[96];
    tag_of(name, tag);
    put_scalar(context, tag, step, value);
    return ENT_OK;
}

/* A code block, because TensorBoard renders texts as Markdown. */
static void put_config(events *e, const char *config)
{
    char *text = NULL;
    if (asprintf(&text, "```yaml\n%s\n```", config) < 0) {
        e->failed = true;
        return;
    }
    put_text(e, "config", text);
    free(text);
}

ent_status export_tensorboard(const report_run *run, const char *name, cli_folder *to)
{
    char *bytes = NULL, path[512];
    size_t count = 0;
    events e = {.out = open_memstream(&bytes, &count), .time_s = export_time_s(run)};
    ENT_REQUIRE(e.out, ENT_ENOMEM, "export: no memory");
    put_version(&e);
    put_config(&e, run->config_text);
    ent_status status = export_figures(run, take, &e);
    for (int k = 0; ent_metric_shown(k) >= 0; k++) {
        const int row = ent_metric_shown(k);
        char tag[96];
        snprintf(tag, sizeof tag, "final/%.60s", ent_metric_at(row)->name);
        if (isfinite(run->metric[row]))
            put_scalar(&e, tag, run->selected >= 0 ? run->selected + 1 : run->rounds, run->metric[row]);
    }
    const bool whole = !ferror(e.out);
    if (fclose(e.out) != 0 || !whole || e.failed) status = ent_fail(ENT_ENOMEM, "export: no memory");
    snprintf(path, sizeof path, "%.200s/events.out.tfevents.%010.0f.entente", name, e.time_s);
    if (status == ENT_OK) status = cli_folder_put(to, path, bytes, count);
    free(bytes);
    return status;
}
