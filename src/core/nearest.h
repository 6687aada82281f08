/* "Did you mean": find the name nearest to an unknown word.  Local. */
#ifndef ENTENTE_CORE_NEAREST_H
#define ENTENTE_CORE_NEAREST_H

#include <stdbool.h>

enum { ENT_NEAREST_BYTES = 96 };

typedef struct {
    const char *word;
    int distance;                  /* distance of the nearest name so far */
    char found[ENT_NEAREST_BYTES]; /* that name; "" if none is near */
    char text[ENT_NEAREST_BYTES + 24];
} ent_nearest;

/* Start a search for the name nearest to `word`, which must outlive the search. */
ent_nearest ent_nearest_to(const char *word);

/* Consider one more name; of several that are equally near the first is kept. */
void ent_nearest_try(ent_nearest *search, const char *name);

/* Suggest a name regardless of its spelling. */
void ent_nearest_take(ent_nearest *search, const char *name);

/* " (did you mean 'batch'?)", or "". */
const char *ent_nearest_text(ent_nearest *search);

#endif
