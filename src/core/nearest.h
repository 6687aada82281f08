/* "Did you mean": the name that is nearest to a word that is none.  Local. */
#ifndef ENTENTE_CORE_NEAREST_H
#define ENTENTE_CORE_NEAREST_H

#include <stdbool.h>

enum { ENT_NEAREST_BYTES = 96 };

typedef struct {
    const char *word;
    int distance;                  /* of the nearest so far */
    char found[ENT_NEAREST_BYTES]; /* that name; "" where none is near */
    char text[ENT_NEAREST_BYTES + 24];
} ent_nearest;

/* To look for the name nearest to `word`, which must outlive the search. */
ent_nearest ent_nearest_to(const char *word);

/* One more name; the first of several that are equally near counts. */
void ent_nearest_try(ent_nearest *search, const char *name);

/* A name that is meant though its letters are others. */
void ent_nearest_take(ent_nearest *search, const char *name);

/* " (did you mean 'batch'?)", or "". */
const char *ent_nearest_text(ent_nearest *search);

#endif
