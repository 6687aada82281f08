/* One value of one key: from text, to text, and whether it is in the key's range.
 *
 * A real number is written with the fewest digits, 15 to 17, that read back to the same bits, and always with a
 * point, so that every YAML reader treats it as a number. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys.h"

ent_key_span ent_key_all(void)
{
    return (ent_key_span){0, ENT_KEY_COUNT, 0};
}

const char *ent_key_component(const ent_key_span *span, int k, size_t *length)
{
    const char *text = ENT_KEYS[k].path + span->depth;
    *length = strcspn(text, ".");
    return text;
}

ent_key_span ent_key_below(const ent_key_span *span, int k)
{
    size_t length;
    const char *text = ent_key_component(span, k, &length);
    ent_key_span below = {k, k + 1, span->depth + length + (text[length] == '.')};
    if (ent_key_is_leaf(&below)) return below;
    while (below.last < span->last && strncmp(ENT_KEYS[k].path, ENT_KEYS[below.last].path, below.depth) == 0)
        below.last++;
    return below;
}

bool ent_key_is_leaf(const ent_key_span *below)
{
    return ENT_KEYS[below->first].path[below->depth] == '\0';
}

void *ent_key_place(const ent_key *key, ent_config *config, int m)
{
    return (char *)config + key->offset + (size_t)m * key->stride;
}

const void *ent_key_at(const ent_key *key, const ent_config *config, int m)
{
    return (const char *)config + key->offset + (size_t)m * key->stride;
}

unsigned *ent_key_names_count(const ent_key *key, ent_config *config, int m)
{
    return (unsigned *)((char *)config + key->count_offset + (size_t)m * key->stride);
}

char *ent_key_name(const ent_key *key, const ent_config *config, int m, char text[256])
{
    const char *star = strchr(key->path, '*');
    if (star)
        snprintf(text, 256, "%.*s%.*s%s", (int)(star - key->path), key->path, ENT_NAME_BYTES,
                 config->data.modalities[m], star + 1);
    else
        snprintf(text, 256, "%s", key->path);
    return text;
}

/* "first: a, b, c" */
static void list_choices(const ent_key *key, const char *first, char text[512])
{
    size_t used = (size_t)snprintf(text, 512, "%s: ", first);
    const ent_choice *c;
    for (int k = 0; (c = ent_key_choice(key, k)) && used < 512; k++)
        used += (size_t)snprintf(text + used, 512 - used, "%s%s", k ? ", " : "", c->name);
}

char *ent_key_wanted(const ent_key *key, char text[512])
{
    switch (key->type) {
    case ENT_KEY_WHOLE:
    case ENT_KEY_REAL:
        snprintf(text, 512, "a %snumber %s %.12g%s %.12g", key->type == ENT_KEY_WHOLE ? "whole " : "",
                 key->above ? "above" : "from", key->low, key->above ? " and at most" : " to", key->high);
        break;
    case ENT_KEY_SEED:
        snprintf(text, 512, "a whole number from 0 to 18446744073709551615");
        break;
    case ENT_KEY_SWITCH:
        snprintf(text, 512, "true or false");
        break;
    case ENT_KEY_CHOICE:
        list_choices(key, "one of", text);
        break;
    case ENT_KEY_SET:
        list_choices(key, "one or a list of", text);
        break;
    case ENT_KEY_TEXT:
        snprintf(text, 512, "a text that is not empty");
        break;
    case ENT_KEY_NAMES:
        snprintf(text, 512, "a list of %g to %g names", key->low, key->high);
        break;
    }
    return text;
}

static bool in_range(const ent_key *key, double number)
{
    return isfinite(number) && number >= key->low && number <= key->high && !(key->above && number <= key->low);
}

static bool is_whole(const char *text)
{
    return *text && strspn(text, "+-0123456789") == strlen(text);
}

static bool read_seed(const char *text, uint64_t *value)
{
    char *end;
    errno = 0;
    const unsigned long long number = strtoull(text, &end, 10);
    if (!is_whole(text) || *end || errno || text[0] == '-') return false;
    *value = number;
    return true;
}

static bool read_number(const ent_key *key, const char *text, void *place)
{
    char *end;
    const double number = strtod(text, &end);
    if (!*text || *end || !in_range(key, number)) return false;
    if (key->type == ENT_KEY_REAL)
        *(double *)place = number;
    else if (is_whole(text))
        *(int *)place = (int)number;
    else
        return false;
    return true;
}

static const ent_choice *choice_of_name(const ent_key *key, const char *name, size_t length)
{
    const ent_choice *choice;
    for (int k = 0; (choice = ent_key_choice(key, k)); k++)
        if (strlen(choice->name) == length && strncmp(choice->name, name, length) == 0) break;
    return choice;
}

/* "a", "a, b" or "[a, b]": each at most once. */
static bool read_set(const ent_key *key, const char *text, unsigned *value)
{
    unsigned bits = 0;
    const char *at = text + strspn(text, "[ ");
    while (*at && *at != ']') {
        const size_t length = strcspn(at, ",] ");
        const ent_choice *choice = choice_of_name(key, at, length);
        if (!choice || bits & (unsigned)choice->value) return false;
        bits |= (unsigned)choice->value;
        at += length + strspn(at + length, ", ");
    }
    if (bits != 0) *value = bits;
    return bits != 0;
}

bool ent_key_read(const ent_key *key, const char *text, void *place)
{
    const ent_choice *choice;
    switch (key->type) {
    case ENT_KEY_WHOLE:
    case ENT_KEY_REAL:
        return read_number(key, text, place);
    case ENT_KEY_SEED:
        return read_seed(text, place);
    case ENT_KEY_SWITCH:
        if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0) return false;
        *(bool *)place = text[0] == 't';
        return true;
    case ENT_KEY_CHOICE:
        choice = choice_of_name(key, text, strlen(text));
        return choice && memcpy(place, &choice->value, sizeof(int));
    case ENT_KEY_SET:
        return read_set(key, text, place);
    default:
        return false;
    }
}

/* An enumeration as the number that it is. */
static int number_of(const void *value)
{
    int number;
    memcpy(&number, value, sizeof number);
    return number;
}

/* The byte of a bool, which may hold anything where a program wrote it. */
static unsigned char byte_of(const void *value)
{
    return *(const unsigned char *)value;
}

static unsigned all_bits(const ent_key *key)
{
    unsigned bits = 0;
    const ent_choice *choice;
    for (int k = 0; (choice = ent_key_choice(key, k)); k++) bits |= (unsigned)choice->value;
    return bits;
}

/* "a", or "[a, b]". */
static const char *show_set(const ent_key *key, unsigned value, char text[64])
{
    const bool several = (value & (value - 1)) != 0;
    size_t used = (size_t)snprintf(text, 64, "%s", several ? "[" : "");
    const ent_choice *choice;
    for (int k = 0; (choice = ent_key_choice(key, k)) && used < 64; k++)
        if (value & (unsigned)choice->value)
            used += (size_t)snprintf(text + used, 64 - used, "%s%s", used > 1 ? ", " : "", choice->name);
    if (several && used < 64) snprintf(text + used, 64 - used, "]");
    if (value == 0 || value & ~all_bits(key)) snprintf(text, 64, "bits %#x", value);
    return text;
}

static const char *choice_name(const ent_key *key, int value)
{
    const ent_choice *choice;
    for (int k = 0; (choice = ent_key_choice(key, k)); k++)
        if (choice->value == value) return choice->name;
    return NULL;
}

bool ent_key_holds(const ent_key *key, const void *value)
{
    switch (key->type) {
    case ENT_KEY_WHOLE:
        return in_range(key, *(const int *)value);
    case ENT_KEY_REAL:
        return in_range(key, *(const double *)value);
    case ENT_KEY_SWITCH:
        return byte_of(value) <= 1;
    case ENT_KEY_CHOICE:
        return choice_name(key, number_of(value)) != NULL;
    case ENT_KEY_SET:
        return number_of(value) != 0 && ((unsigned)number_of(value) & ~all_bits(key)) == 0;
    case ENT_KEY_TEXT:
        return *(const char *const *)value && **(const char *const *)value;
    default:
        return true;
    }
}

static const char *show_real(double number, char text[64])
{
    char shown[32];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(shown, sizeof shown, "%.*g", digits, number);
        if (strtod(shown, NULL) == number) break;
    }
    const size_t mantissa = strcspn(shown, "e");
    const bool pointed = !isfinite(number) || strchr(shown, '.');
    snprintf(text, 64, "%.*s%s%s", (int)mantissa, shown, pointed ? "" : ".0", shown + mantissa);
    return text;
}

const char *ent_key_show(const ent_key *key, const void *value, char text[64])
{
    const char *name;
    switch (key->type) {
    case ENT_KEY_WHOLE:
        snprintf(text, 64, "%d", *(const int *)value);
        return text;
    case ENT_KEY_SEED:
        snprintf(text, 64, "%llu", (unsigned long long)*(const uint64_t *)value);
        return text;
    case ENT_KEY_REAL:
        return show_real(*(const double *)value, text);
    case ENT_KEY_SWITCH:
        snprintf(text, 64, byte_of(value) > 1 ? "byte %u" : byte_of(value) ? "true" : "false", byte_of(value));
        return text;
    case ENT_KEY_CHOICE:
        name = choice_name(key, number_of(value));
        if (!name) snprintf(text, 64, "%d", number_of(value));
        return name ? name : text;
    case ENT_KEY_SET:
        return show_set(key, (unsigned)number_of(value), text);
    default:
        return *(const char *const *)value;
    }
}
