/* Optimal string alignment: the least number of letters to insert, delete, replace, or swap with their neighbour, by
 * dynamic programming over three rows; case is ignored, and '-' equals '_'.  A name counts as near if it takes at
 * most one such step per three letters of the word, and at least one step is allowed.  Cost: the product of the
 * lengths. */
#include "core/nearest.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { LONGEST = ENT_NEAREST_BYTES - 1 };

static int letter(char c)
{
    return c == '-' ? '_' : tolower((unsigned char)c);
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

static int distance(const char *a, const char *b)
{
    const int n = (int)strlen(a), m = (int)strlen(b);
    int rows[3][LONGEST + 1];
    if (n > LONGEST || m > LONGEST) return LONGEST;
    for (int j = 0; j <= m; j++) rows[0][j] = j;
    for (int i = 1; i <= n; i++) {
        int *now = rows[i % 3];
        const int *above = rows[(i - 1) % 3], *before = rows[(i + 1) % 3];
        now[0] = i;
        for (int j = 1; j <= m; j++) {
            const int x = letter(a[i - 1]), y = letter(b[j - 1]);
            now[j] = least(above[j - 1] + (x != y), 1 + least(above[j], now[j - 1]));
            if (i > 1 && j > 1 && x == letter(b[j - 2]) && y == letter(a[i - 2]))
                now[j] = least(now[j], before[j - 2] + 1);
        }
    }
    return rows[n % 3][m];
}

ent_nearest ent_nearest_to(const char *word)
{
    const int length = (int)strnlen(word, LONGEST);
    return (ent_nearest){.word = word, .distance = 1 + (length > 3 ? length / 3 : 1)};
}

void ent_nearest_try(ent_nearest *search, const char *name)
{
    const int far = distance(search->word, name);
    if (far >= search->distance || far >= (int)strlen(name))
        return; /* a name that would have to be replaced entirely is not near */
    search->distance = far;
    ent_nearest_take(search, name);
}

void ent_nearest_take(ent_nearest *search, const char *name)
{
    snprintf(search->found, sizeof search->found, "%s", name);
}

const char *ent_nearest_text(ent_nearest *search)
{
    if (*search->found) snprintf(search->text, sizeof search->text, " (did you mean '%s'?)", search->found);
    return search->text;
}
