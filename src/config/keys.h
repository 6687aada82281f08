/* The rows of the table of configuration keys, and operations on one row.  Local. */
#ifndef ENTENTE_CONFIG_KEYS_H
#define ENTENTE_CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "entente/config.h"

typedef enum {
    ENT_KEY_WHOLE,
    ENT_KEY_SEED,
    ENT_KEY_REAL,
    ENT_KEY_SWITCH,
    ENT_KEY_CHOICE,
    ENT_KEY_SET, /* one or several choices, whose values are bits; an unsigned */
    ENT_KEY_TEXT,
    ENT_KEY_NAMES
} ent_key_type;

typedef struct {
    const char *name;
    int value;
} ent_choice;

typedef struct {
    const char *path; /* "client.batch"; a component '*' means each modality */
    ent_key_type type;
    size_t offset, stride;    /* of the field in ent_config; stride: from one modality to the next, 0 without '*' */
    size_t count_offset;      /* names: of the field that holds their number */
    double low, high;         /* of a number; names: how many */
    bool above;               /* more than low, not low itself */
    const ent_choice *choice; /* a choice's names */
    int choices;
    const char *standard; /* the default as YAML text; NULL: the key must be given */
    const char *before;   /* how versions without the key behaved; NULL: as with the default */
    bool may_change;      /* a training may be resumed with another value */
    const char *unit;     /* NULL: none */
    const char *when;     /* "KEY: CHOICE, CHOICE": the key is read only then; NULL: always */
    const char *help;     /* one line, without a full stop */
} ent_key;

/* A section: the path in front of its keys, and one line of help. */
typedef struct {
    const char *path, *help;
} ent_section;

extern const ent_key ENT_KEYS[];
extern const int ENT_KEY_COUNT;
extern const ent_section ENT_SECTIONS[];
extern const int ENT_SECTION_COUNT;

/* Consecutive rows first..last-1 whose paths have the same first `depth` bytes. */
typedef struct {
    int first, last;
    size_t depth;
} ent_key_span;

/* The rows of the whole table. */
ent_key_span ent_key_all(void);

/* The component of row k after span.depth: "client", "*"; its length. */
const char *ent_key_component(const ent_key_span *span, int k, size_t *length);

/* The rows below that component, beginning with row k; depth is that of the next component.  A key itself: one row
 * whose depth is the length of its path. */
ent_key_span ent_key_below(const ent_key_span *span, int k);
bool ent_key_is_leaf(const ent_key_span *below);

/* The place of a key's value in a configuration, for modality m (0 for a key without '*'). */
void *ent_key_place(const ent_key *key, ent_config *config, int m);
const void *ent_key_at(const ent_key *key, const ent_config *config, int m);

/* The path with the name of modality m in place of '*'.  Returns `text`. */
char *ent_key_name(const ent_key *key, const ent_config *config, int m, char text[256]);

/* "a whole number from 1 to 10", "one of: a, b".  Returns `text`. */
char *ent_key_wanted(const ent_key *key, char text[512]);

/* A number, switch, choice or set ("a", "a, b", "[a, b]") from its text into `place`; false, with nothing
 * written, if it is none or out of the key's range. */
bool ent_key_read(const ent_key *key, const char *text, void *place);

enum { ENT_MOST_OWN = 32 }; /* choices that a program may add to one key */

/* Choice k of a key: those of its row, then those that the program has added; NULL beyond them. */
const ent_choice *ent_key_choice(const ent_key *key, int k);

/* Add a program's choice to the key at `path`; its value is `first` plus the number of those before it.
 * Errors: ENT_EARG for a name that is taken or not a plain word; ENT_ENOMEM after ENT_MOST_OWN of one key. */
ent_status ent_choice_add(const char *path, const char *name, int first, int *value);

/* Whether the value is in the key's range. */
bool ent_key_holds(const ent_key *key, const void *value);

/* A number, switch, choice, set or text as YAML has it: reading gives the same bits.  Returns `text`, or the text
 * itself. */
const char *ent_key_show(const ent_key *key, const void *value, char text[64]);

/* compare.c.  The number of values of a key: one, or one per modality. */
int ent_key_count(const ent_key *key, const ent_config *config);

/* Value m of a key as text, names as "[a, b]" (ent_free); NULL if there is no memory. */
char *ent_key_text(const ent_key *key, const ent_config *config, int m);

/* Call `differs` for each key, in the order of the table, whose value is not the same in `then`; the values are given
 * as texts.  Errors: ENT_ENOMEM. */
typedef void ent_key_differs(void *context, const ent_key *key, const char *name, const char *now, const char *then);
ent_status ent_config_compare(const ent_config *now, const ent_config *then, ent_key_differs *differs, void *context);

/* Call `unread` for each key, in the order of the table, that has another value than the default although nothing
 * reads it; when: "KEY: CHOICE, CHOICE", with which it would be.  Errors: ENT_ENOMEM. */
typedef void ent_key_unread(void *context, const char *name, const char *when);
ent_status ent_config_unread(const ent_config *config, ent_key_unread *unread, void *context);

/* The names of a key for modality m: how many, and each of them; data.modalities of `config` counts for
 * missing.absent.  Errors: ENT_ECONFIG, "KEY: found X, want Y"; *item is the one that is wrong, -1 where it is their
 * number. */
ent_status ent_key_check_names(const ent_key *key, const ent_config *config, int m, int *item);

/* The most bytes of one name of a key. */
int ent_key_name_bytes(const ent_key *key);

/* The place of the number of a key's names, for modality m. */
unsigned *ent_key_names_count(const ent_key *key, ent_config *config, int m);

#endif
