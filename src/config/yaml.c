/* A text is read twice.  First its events, so that excessive depth, anchors or size are refused before a tree is
 * built; then the tree, whose aliases are followed once to find its size with all of them expanded.  Later code can
 * traverse the tree without any limits.
 *
 * Line numbers: libyaml's start mark of a node.  Nodes of an override carry an impossible line, LINE_SET and on,
 * which numbers the overrides' origins. */
#include "yaml.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entente/memory.h"

enum { MAX_DEPTH = 32, MAX_ANCHORS = 100, MAX_KEYS = 1000, MAX_VALUES = 1000000 };

static const size_t LINE_SET = (size_t)-1 - ENT_YAML_ORIGINS;

static ent_status read_file(const char *path, char **text)
{
    enum { PIECE = 1 << 16, MOST = 1 << 24 };
    FILE *file = fopen(path, "rb");
    ENT_REQUIRE(file, ENT_EIO, "%s: %s", path, strerror(errno));
    int64_t length = 0, room = 0;
    char *buffer = NULL;
    bool fits = true;
    size_t got = PIECE;
    while (got == PIECE && (fits = length <= MOST && ent_grow_by((void **)&buffer, &room, length, PIECE + 1, 1))) {
        got = fread(buffer + length, 1, PIECE, file);
        length += (int64_t)got;
    }
    const int failed = ferror(file);
    fclose(file);
    if (!fits || failed) {
        ent_free(buffer);
        return ent_fail(ENT_EIO, "%s: %s", path, failed ? "cannot be read" : "too large for a configuration");
    }
    buffer[length] = '\0';
    const size_t read = strlen(buffer);
    if ((int64_t)read < length) { /* what follows would be missing without a word */
        ent_free(buffer);
        return ent_fail(ENT_EFORMAT, "%s: byte %zu is 0, want text in UTF-8", path, read);
    }
    *text = buffer;
    return ENT_OK;
}

ent_status ent_yaml_load(const char *path, ent_yaml **out)
{
    char *text = NULL;
    ENT_TRY(read_file(path, &text));
    const ent_status status = ent_yaml_parse(text, path, out);
    ent_free(text);
    return status;
}

static ent_status not_yaml(const ent_yaml *yaml, const yaml_parser_t *parser)
{
    const yaml_mark_t at = parser->problem_mark;
    const char *line = yaml->text;
    for (size_t k = 0; k < at.line && line[strcspn(line, "\n")]; k++) line += strcspn(line, "\n") + 1;
    const bool tab = memchr(line, '\t', strspn(line, " \t")) != NULL;
    return ent_fail(ENT_ECONFIG, "%s:%zu:%zu: not YAML: %s%s", yaml->name, at.line + 1, at.column + 1,
                    parser->problem ? parser->problem : "no memory",
                    tab ? " (the line is indented by a tab, want spaces)" : "");
}

/* ---- limits ---- */

typedef struct {
    int depth, anchors, values;
} extent;

/* One event of the text. */
static ent_status count_event(const ent_yaml *yaml, const yaml_event_t *event, extent *e)
{
    const bool begins = event->type == YAML_SEQUENCE_START_EVENT || event->type == YAML_MAPPING_START_EVENT;
    const bool ends = event->type == YAML_SEQUENCE_END_EVENT || event->type == YAML_MAPPING_END_EVENT;
    const size_t line = event->start_mark.line + 1;
    e->depth += begins - ends;
    e->values += begins || event->type == YAML_SCALAR_EVENT;
    e->anchors += (event->type == YAML_SCALAR_EVENT && event->data.scalar.anchor) ||
                  (event->type == YAML_SEQUENCE_START_EVENT && event->data.sequence_start.anchor) ||
                  (event->type == YAML_MAPPING_START_EVENT && event->data.mapping_start.anchor);
    ENT_REQUIRE(e->depth <= MAX_DEPTH, ENT_ECONFIG, "%s:%zu: lists and sections are nested too deep, want at most %d",
                yaml->name, line, MAX_DEPTH);
    ENT_REQUIRE(e->anchors <= MAX_ANCHORS, ENT_ECONFIG, "%s:%zu: too many anchors, want at most %d", yaml->name, line,
                MAX_ANCHORS);
    ENT_REQUIRE(e->values <= MAX_VALUES, ENT_ECONFIG, "%s:%zu: too many values, want at most %d", yaml->name, line,
                MAX_VALUES);
    return ENT_OK;
}

static ent_status start_parser(const ent_yaml *yaml, yaml_parser_t *parser)
{
    ENT_REQUIRE(yaml_parser_initialize(parser), ENT_ENOMEM, "%s: no memory", yaml->name);
    yaml_parser_set_input_string(parser, (const unsigned char *)yaml->text, strlen(yaml->text));
    return ENT_OK;
}

static ent_status check_events(const ent_yaml *yaml)
{
    yaml_parser_t parser;
    yaml_event_t event;
    extent e = {0, 0, 0};
    ENT_TRY(start_parser(yaml, &parser));
    ent_status status = ENT_OK;
    for (bool more = true; more && status == ENT_OK;) {
        if (!yaml_parser_parse(&parser, &event)) {
            status = not_yaml(yaml, &parser);
            break;
        }
        status = count_event(yaml, &event, &e);
        more = event.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return status;
}

/* A node and all below it, aliases expanded; path[0..depth-1] are the nodes that hold it. */
static ent_status measure(ent_yaml *yaml, int number, int path[], int depth, int *values)
{
    const yaml_node_t *node = yaml_document_get_node(&yaml->document, number);
    const size_t line = node->start_mark.line + 1;
    for (int k = 0; k < depth; k++)
        ENT_REQUIRE(path[k] != number, ENT_ECONFIG, "%s:%zu: an alias in here means what it is a part of", yaml->name,
                    line);
    ENT_REQUIRE(depth <= MAX_DEPTH, ENT_ECONFIG,
                "%s:%zu: lists and sections are nested too deep with aliases expanded, want at most %d", yaml->name,
                line, MAX_DEPTH);
    ENT_REQUIRE(++*values <= MAX_VALUES, ENT_ECONFIG,
                "%s:%zu: too many values with aliases expanded, want at most %d", yaml->name, line, MAX_VALUES);
    path[depth] = number;
    if (node->type == YAML_SEQUENCE_NODE)
        for (int *item = node->data.sequence.items.start; item < node->data.sequence.items.top; item++)
            ENT_TRY(measure(yaml, *item, path, depth + 1, values));
    if (node->type != YAML_MAPPING_NODE) return ENT_OK;
    const yaml_node_pair_t *pair = node->data.mapping.pairs.start, *top = node->data.mapping.pairs.top;
    ENT_REQUIRE(top - pair <= MAX_KEYS, ENT_ECONFIG, "%s:%zu: too many keys in one section, want at most %d",
                yaml->name, line, MAX_KEYS);
    for (; pair < top; pair++) {
        ENT_TRY(measure(yaml, pair->key, path, depth + 1, values));
        ENT_TRY(measure(yaml, pair->value, path, depth + 1, values));
    }
    return ENT_OK;
}

/* ---- reading ---- */

/* Anything after another '---' would be ignored. */
static ent_status refuse_second(const ent_yaml *yaml, yaml_parser_t *parser)
{
    yaml_document_t next;
    if (!yaml_parser_load(parser, &next)) return not_yaml(yaml, parser);
    const bool there = yaml_document_get_root_node(&next) != NULL;
    const size_t line = next.start_mark.line + 1;
    yaml_document_delete(&next);
    ENT_REQUIRE(!there, ENT_ECONFIG, "%s:%zu: a second document begins here, want one", yaml->name, line);
    return ENT_OK;
}

static ent_status load_document(ent_yaml *yaml)
{
    yaml_parser_t parser;
    ENT_TRY(check_events(yaml));
    ENT_TRY(start_parser(yaml, &parser));
    ent_status status = ENT_OK;
    if (yaml_parser_load(&parser, &yaml->document)) {
        status = refuse_second(yaml, &parser);
    } else {
        status = not_yaml(yaml, &parser);
        memset(&yaml->document, 0, sizeof yaml->document);
    }
    yaml_parser_delete(&parser);
    return status;
}

ent_status ent_yaml_parse(const char *text, const char *name, ent_yaml **out)
{
    ent_yaml *yaml = ent_alloc(1, sizeof *yaml);
    ENT_REQUIRE(yaml, ENT_ENOMEM, "%s: no memory", name);
    yaml->name = ent_text(name);
    yaml->text = ent_text(text);
    ent_status status = yaml->name && yaml->text ? load_document(yaml) : ent_fail(ENT_ENOMEM, "%s: no memory", name);
    if (status == ENT_OK) {
        const yaml_node_t *root = yaml_document_get_root_node(&yaml->document);
        int path[MAX_DEPTH + 1], values = 0;
        if (!root || root->type != YAML_MAPPING_NODE)
            status = ent_fail(ENT_ECONFIG, "%s: want sections such as 'data:' and 'model:', found %s", name,
                              root ? "something else" : "nothing");
        else
            status = measure(yaml, 1, path, 0, &values);
    }
    if (status != ENT_OK) {
        ent_yaml_free(yaml);
        return status;
    }
    *out = yaml;
    return ENT_OK;
}

void ent_yaml_free(ent_yaml *yaml)
{
    if (!yaml) return;
    if (yaml->document.nodes.start) yaml_document_delete(&yaml->document);
    for (int k = 0; k < yaml->origins; k++) ent_free(yaml->origin[k]);
    ent_free(yaml->name);
    ent_free(yaml->text);
    ent_free(yaml);
}

static yaml_node_t *node_at(yaml_document_t *document, int number)
{
    return yaml_document_get_node(document, number);
}

/* The pair of `mapping` whose key is key[0..length-1]. */
static yaml_node_pair_t *find_pair(yaml_document_t *document, yaml_node_t *mapping, const char *key, size_t length)
{
    if (!mapping || mapping->type != YAML_MAPPING_NODE) return NULL;
    for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start; pair < mapping->data.mapping.pairs.top; pair++) {
        const yaml_node_t *node = node_at(document, pair->key);
        if (node->type == YAML_SCALAR_NODE && node->data.scalar.length == length &&
            memcmp(node->data.scalar.value, key, length) == 0)
            return pair;
    }
    return NULL;
}

yaml_node_t *ent_yaml_find(ent_yaml *yaml, const char *path)
{
    yaml_node_t *node = yaml_document_get_root_node(&yaml->document);
    while (*path) {
        const size_t length = strcspn(path, ".");
        const yaml_node_pair_t *pair = find_pair(&yaml->document, node, path, length);
        if (!pair) return NULL;
        node = node_at(&yaml->document, pair->value);
        path += length + (path[length] == '.');
    }
    return node;
}

static int copy_node(ent_yaml *yaml, yaml_document_t *other, int from);

static bool copy_items(ent_yaml *yaml, yaml_document_t *other, const yaml_node_t *node, int list)
{
    for (int *item = node->data.sequence.items.start; item < node->data.sequence.items.top; item++) {
        const int copy = copy_node(yaml, other, *item);
        if (!copy || !yaml_document_append_sequence_item(&yaml->document, list, copy)) return false;
    }
    return true;
}

static bool copy_pairs(ent_yaml *yaml, yaml_document_t *other, const yaml_node_t *node, int mapping)
{
    for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
        const int key = copy_node(yaml, other, pair->key), value = copy_node(yaml, other, pair->value);
        if (!key || !value || !yaml_document_append_mapping_pair(&yaml->document, mapping, key, value)) return false;
    }
    return true;
}

/* A copy of node `from` of another document, with all below it; its number in `yaml`, 0 without memory.  Adding nodes
 * moves the node array: numbers stay valid, pointers do not. */
static int copy_node(ent_yaml *yaml, yaml_document_t *other, int from)
{
    yaml_document_t *document = &yaml->document;
    const yaml_node_t *node = node_at(other, from);
    int copy = 0;
    if (node->type == YAML_SCALAR_NODE) {
        copy = yaml_document_add_scalar(document, node->tag, node->data.scalar.value, (int)node->data.scalar.length,
                                        node->data.scalar.style);
    } else if (node->type == YAML_SEQUENCE_NODE) {
        copy = yaml_document_add_sequence(document, node->tag, node->data.sequence.style);
        if (copy && !copy_items(yaml, other, node, copy)) return 0;
    } else {
        copy = yaml_document_add_mapping(document, node->tag, node->data.mapping.style);
        if (copy && !copy_pairs(yaml, other, node, copy)) return 0;
    }
    if (copy) node_at(document, copy)->start_mark.line = node->start_mark.line;
    return copy;
}

static void mark_all(yaml_document_t *document, size_t line)
{
    for (yaml_node_t *node = document->nodes.start; node < document->nodes.top; node++) node->start_mark.line = line;
}

static int new_key(yaml_document_t *document, const char *key, size_t length, size_t line)
{
    const int number =
        yaml_document_add_scalar(document, NULL, (const yaml_char_t *)key, (int)length, YAML_PLAIN_SCALAR_STYLE);
    if (number) node_at(document, number)->start_mark.line = line;
    return number;
}

/* Put value number `value` at path under the root, making mappings on the way. */
static ent_status put(ent_yaml *yaml, const char *path, size_t path_length, int value, size_t line)
{
    yaml_document_t *document = &yaml->document;
    const char *end = path + path_length;
    int mapping = 1; /* the root */
    for (;;) {
        size_t length = 0;
        while (path + length < end && path[length] != '.') length++;
        const int last = path + length == end;
        ENT_REQUIRE(length > 0, ENT_ECONFIG, "%.*s: a key is empty", (int)path_length, end - path_length);
        yaml_node_pair_t *pair = find_pair(document, node_at(document, mapping), path, length);
        if (!pair || (!last && node_at(document, pair->value)->type != YAML_MAPPING_NODE)) {
            const int child = last ? value : yaml_document_add_mapping(document, NULL, YAML_BLOCK_MAPPING_STYLE);
            if (!last && child) node_at(document, child)->start_mark.line = line;
            pair = find_pair(document, node_at(document, mapping), path, length);
            if (pair) {
                pair->value = child;
            } else {
                const int key = new_key(document, path, length, line);
                ENT_REQUIRE(child && key && yaml_document_append_mapping_pair(document, mapping, key, child),
                            ENT_ENOMEM, "%s: no memory", yaml->name);
            }
            mapping = child;
        } else {
            if (last) pair->value = value;
            mapping = pair->value;
        }
        if (last) return ENT_OK;
        path += length + 1;
    }
}

/* The line that represents `origin`; 0 without memory for its name. */
static size_t line_of(ent_yaml *yaml, const char *origin)
{
    int k = 0;
    while (k < yaml->origins && strcmp(yaml->origin[k], origin) != 0) k++;
    if (k == ENT_YAML_ORIGINS) k--; /* too many to distinguish the last names */
    if (k == yaml->origins) {
        yaml->origin[k] = ent_text(origin);
        if (!yaml->origin[k]) return 0;
        yaml->origins++;
    }
    return LINE_SET + (size_t)k;
}

ent_status ent_yaml_set(ent_yaml *yaml, const char *assignment, const char *origin)
{
    const char *equals = strchr(assignment, '=');
    ENT_REQUIRE(equals && equals > assignment, ENT_ECONFIG, "%s %s: want key.path=value", origin, assignment);
    const size_t line = line_of(yaml, origin);
    char *text = ent_alloc((int64_t)strlen(equals) + 16, 1);
    if (!text || line == 0) {
        ent_free(text);
        return ent_fail(ENT_ENOMEM, "%s: no memory", origin);
    }
    sprintf(text, "value: %s", equals + 1);
    ent_yaml *value;
    char key[128]; /* for messages */
    snprintf(key, sizeof key, "%.*s", (int)(equals - assignment < 120 ? equals - assignment : 120), assignment);
    ent_status status = ent_yaml_parse(text, key, &value);
    ent_free(text);
    if (status != ENT_OK) return ent_fail_in(status, "%s", origin);
    mark_all(&value->document, line);
    const yaml_node_t *root = yaml_document_get_root_node(&value->document);
    const int copy = copy_node(yaml, &value->document, root->data.mapping.pairs.start->value);
    status = copy ? put(yaml, assignment, (size_t)(equals - assignment), copy, line)
                  : ent_fail(ENT_ENOMEM, "%s: no memory", origin);
    ent_yaml_free(value);
    return status == ENT_ECONFIG ? ent_fail_in(status, "%s", origin) : status;
}

void ent_yaml_drop(ent_yaml *yaml, yaml_node_t *node, const char *name)
{
    if (node && node->type == YAML_SEQUENCE_NODE) {
        yaml_node_item_t *kept = node->data.sequence.items.start;
        for (yaml_node_item_t *item = kept; item < node->data.sequence.items.top; item++) {
            const char *text = ent_yaml_scalar(node_at(&yaml->document, *item));
            if (!text || strcmp(text, name) != 0) *kept++ = *item;
        }
        node->data.sequence.items.top = kept;
        return;
    }
    for (yaml_node_pair_t *pair; (pair = find_pair(&yaml->document, node, name, strlen(name)));) {
        yaml_node_pair_t *top = --node->data.mapping.pairs.top;
        memmove(pair, pair + 1, (size_t)(top - pair) * sizeof *pair);
    }
}

char *ent_yaml_where(const ent_yaml *yaml, const yaml_node_t *node, char text[256])
{
    const size_t line = node->start_mark.line;
    if (line >= LINE_SET)
        snprintf(text, 256, "%.250s", yaml->origin[line - LINE_SET]);
    else
        snprintf(text, 256, "%.200s:%zu", yaml->name, line + 1);
    return text;
}

const char *ent_yaml_scalar(const yaml_node_t *node)
{
    return node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : NULL;
}

ent_status ent_yaml_refuse(const ent_yaml *yaml, const yaml_node_t *node, const char *key, const char *wanted)
{
    char where[256];
    const char *value = ent_yaml_scalar(node);
    ent_yaml_where(yaml, node, where);
    if (value && !*value && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
        return ent_fail(ENT_ECONFIG, "%s: %s: found nothing after it, want %s", where, key, wanted);
    if (value) return ent_fail(ENT_ECONFIG, "%s: %s: found '%s', want %s", where, key, value, wanted);
    return ent_fail(ENT_ECONFIG, "%s: %s: found %s, want %s", where, key,
                    node->type == YAML_SEQUENCE_NODE ? "a list" : "a section", wanted);
}

typedef struct {
    char *text;
    size_t length;
    int64_t room;
} text_buffer;

static int write_piece(void *context, unsigned char *piece, size_t size)
{
    text_buffer *buffer = context;
    if (!ent_grow_by((void **)&buffer->text, &buffer->room, (int64_t)buffer->length, (int64_t)size + 1, 1)) return 0;
    memcpy(buffer->text + buffer->length, piece, size);
    buffer->length += size;
    buffer->text[buffer->length] = '\0';
    return 1;
}

static int write_word(text_buffer *buffer, const char *word)
{
    return write_piece(buffer, (unsigned char *)(uintptr_t)word, strlen(word));
}

/* Plain where the file has it plain on one line, else in double quotes. */
static int write_scalar(text_buffer *buffer, const yaml_node_t *node)
{
    const char *text = (const char *)node->data.scalar.value;
    if (node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && !strchr(text, '\n')) return write_word(buffer, text);
    int done = write_word(buffer, "\"");
    for (; done && *text; text++) {
        const char one[] = {*text, '\0'};
        done = write_word(buffer, *text == '"' ? "\\\"" : *text == '\\' ? "\\\\" : *text == '\n' ? "\\n" : one);
    }
    return done && write_word(buffer, "\"");
}

static int write_flow(ent_yaml *yaml, text_buffer *buffer, const yaml_node_t *node)
{
    yaml_document_t *document = &yaml->document;
    if (node->type == YAML_SCALAR_NODE) return write_scalar(buffer, node);
    const int list = node->type == YAML_SEQUENCE_NODE;
    int done = write_word(buffer, list ? "[" : "{");
    if (list) {
        for (int *item = node->data.sequence.items.start; done && item < node->data.sequence.items.top; item++)
            done = write_word(buffer, item == node->data.sequence.items.start ? "" : ", ") &&
                   write_flow(yaml, buffer, node_at(document, *item));
        return done && write_word(buffer, "]");
    }
    for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; done && pair < node->data.mapping.pairs.top; pair++)
        done = write_word(buffer, pair == node->data.mapping.pairs.start ? "" : ", ") &&
               write_flow(yaml, buffer, node_at(document, pair->key)) && write_word(buffer, ": ") &&
               write_flow(yaml, buffer, node_at(document, pair->value));
    return done && write_word(buffer, "}");
}

ent_status ent_yaml_line(ent_yaml *yaml, const yaml_node_t *node, char **line)
{
    text_buffer buffer = {.text = NULL};
    if (!write_flow(yaml, &buffer, node) || !buffer.text) {
        ent_free(buffer.text);
        return ent_fail(ENT_ENOMEM, "%s: no memory", yaml->name);
    }
    *line = buffer.text;
    return ENT_OK;
}

ent_status ent_yaml_emit(yaml_document_t *document, char **text)
{
    yaml_emitter_t emitter;
    text_buffer buffer = {.text = NULL};
    if (!yaml_emitter_initialize(&emitter)) {
        yaml_document_delete(document);
        return ent_fail(ENT_ENOMEM, "configuration: no memory");
    }
    yaml_emitter_set_output(&emitter, write_piece, &buffer);
    yaml_emitter_set_width(&emitter, 110);
    yaml_emitter_set_unicode(&emitter, 1);
    const int done = yaml_emitter_open(&emitter) && yaml_emitter_dump(&emitter, document) &&
                     yaml_emitter_close(&emitter);
    yaml_emitter_delete(&emitter);
    if (!done || !buffer.text) {
        ent_free(buffer.text);
        return ent_fail(ENT_ENOMEM, "configuration: cannot be written as text");
    }
    *text = buffer.text;
    return ENT_OK;
}
