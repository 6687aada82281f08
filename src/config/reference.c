/* The reference of all keys as Markdown, and the short list for --help: from the table. */
#include "reference.h"

#include <string.h>

#include "keys.h"

/* ---- Markdown ---- */

static void print_choices(FILE *out, const ent_key *key)
{
    for (int k = 0; k < key->choices; k++) fprintf(out, "%s`%s`", k ? ", " : "", key->choice[k].name);
}

static void print_values(FILE *out, const ent_key *key)
{
    switch (key->type) {
    case ENT_KEY_CHOICE:
        print_choices(out, key);
        break;
    case ENT_KEY_SET:
        fprintf(out, "one or a list of ");
        print_choices(out, key);
        break;
    case ENT_KEY_TEXT:
        fprintf(out, "text");
        break;
    case ENT_KEY_SEED:
        fprintf(out, "0 to 2^64 - 1");
        break;
    case ENT_KEY_SWITCH:
        fprintf(out, "`true`, `false`");
        break;
    case ENT_KEY_NAMES:
        fprintf(out, "list of %g to %g names", key->low, key->high);
        break;
    default:
        fprintf(out, key->above ? "above %.12g, at most %.12g" : "%.12g to %.12g", key->low, key->high);
        fprintf(out, "%s", key->type == ENT_KEY_REAL ? "" : ", whole");
    }
    if (key->unit) fprintf(out, " (%s)", key->unit);
}

/* "only with `server.kind` a or b" */
static void print_when(FILE *out, const char *when)
{
    const int length = (int)strcspn(when, ":");
    fprintf(out, "; only with `%.*s` ", length, when);
    for (const char *at = when + length + 1; *at;) {
        at += strspn(at, ", ");
        const size_t word = strcspn(at, ",");
        fprintf(out, "`%.*s`%s", (int)word, at, !at[word] ? "" : strchr(at + word + 1, ',') ? ", " : " or ");
        at += word;
    }
}

/* The key within its section: "batch"; for the modalities' own "NAME". */
static const char *short_name(const ent_key *key)
{
    const char *last = strrchr(key->path, '.') + 1;
    return *last == '*' ? "NAME" : last;
}

static bool is_in(const ent_key *key, const ent_section *section)
{
    const size_t length = strlen(section->path);
    if (strncmp(key->path, section->path, length) != 0 || key->path[length] != '.') return false;
    const char *rest = key->path + length + 1;
    if (rest[0] == '*' && rest[1] == '.') rest += 2;
    return !strchr(rest, '.');
}

static void print_section(FILE *out, const ent_section *section, const char *below)
{
    fprintf(out, "\n## `%s%s`: %s\n\n| key | values | default | meaning |\n|---|---|---|---|\n", section->path, below,
            section->help);
    for (int k = 0; k < ENT_KEY_COUNT; k++) {
        const ent_key *key = &ENT_KEYS[k];
        if (!is_in(key, section)) continue;
        fprintf(out, "| `%s` | ", short_name(key));
        print_values(out, key);
        fprintf(out, key->standard ? " | `%s` | %s" : " | %s | %s", key->standard ? key->standard : "must be given",
                key->help);
        if (key->when) print_when(out, key->when);
        fprintf(out, " |\n");
    }
}

static const char *below(const ent_section *section)
{
    for (int k = 0; k < ENT_KEY_COUNT; k++)
        if (is_in(&ENT_KEYS[k], section))
            return strncmp(ENT_KEYS[k].path + strlen(section->path), ".*.", 3) == 0 ? ".NAME" : "";
    return "";
}

void ent_config_print_reference(FILE *out)
{
    fprintf(out, "# Configuration reference\n\n"
                 "<!-- Written by `entente config --reference` from src/config/keys.c; a test holds it equal. -->\n\n"
                 "Every key of a configuration in YAML. All but `data.file` and `data.modalities` have a default; "
                 "`NAME` is that of a\nmodality. `entente config --print FILE.yaml` shows a configuration as it will "
                 "run, with every default filled in, and\n`--set client.batch=32` overrides a key on the command "
                 "line (`model.registers.*.qubits=4`: for every register).\n");
    for (int k = 0; k < ENT_SECTION_COUNT; k++) print_section(out, &ENT_SECTIONS[k], below(&ENT_SECTIONS[k]));
}

/* ---- the list ---- */

enum { WIDTH = 78, INDENT = 15 };

typedef struct {
    FILE *out;
    int column;
} list;

static void print_word(list *l, const char *word)
{
    const int length = (int)strlen(word);
    if (l->column + 1 + length > WIDTH) l->column = fprintf(l->out, "\n%*s", INDENT, "") - 1;
    l->column += fprintf(l->out, "%s%s", l->column > INDENT ? " " : "", word);
}

/* "a, b: {c, d}", the names of modalities as NAME; `open` precedes the first word, `close` follows the last. */
static void print_span(list *l, const ent_key_span *span, const char *open, const char *close)
{
    for (int k = span->first; k < span->last;) {
        size_t length;
        const char *name = ent_key_component(span, k, &length);
        const ent_key_span under = ent_key_below(span, k);
        const char *end = under.last == span->last ? close : ",";
        char word[128];
        snprintf(word, sizeof word, "%s%.*s%s", k == span->first ? open : "", *name == '*' ? 4 : (int)length,
                 *name == '*' ? "NAME" : name, ent_key_is_leaf(&under) ? end : ":");
        print_word(l, word);
        if (!ent_key_is_leaf(&under)) {
            char closing[16];
            snprintf(closing, sizeof closing, "}%s", end);
            print_span(l, &under, "{", closing);
        }
        k = under.last;
    }
}

void ent_config_print_keys(FILE *out)
{
    const ent_key_span all = ent_key_all();
    for (int k = all.first; k < all.last;) {
        size_t length;
        const char *name = ent_key_component(&all, k, &length);
        const ent_key_span under = ent_key_below(&all, k);
        list l = {out, INDENT};
        fprintf(out, "  %.*s:%*s", (int)length, name, INDENT - 3 - (int)length, "");
        print_span(&l, &under, "", "");
        fprintf(out, "\n");
        k = under.last;
    }
}
