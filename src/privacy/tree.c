/* Level by level: nodes of s = 2^level rounds, those that are complete.  One of them holds at most m = 1 + (s - 1) /
 * apart of a client's rounds, and all of them together at most p = 1 + (complete s - 1) / apart.  Squares that add up
 * to a given sum are largest where as few nodes as possible are full. */
#include <math.h>

#include "entente/privacy.h"

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

double ent_privacy_tree_norm(int64_t rounds, int64_t times, int64_t apart)
{
    double norm = 0.0;
    for (int64_t size = 1; size <= rounds; size *= 2) {
        const int64_t covered = rounds / size * size;
        const double most = (double)(1 + (size - 1) / apart), all = (double)(1 + (covered - 1) / apart);
        const double here = smaller((double)times, all), full = floor(here / most), rest = here - full * most;
        norm += full * most * most + rest * rest;
    }
    return norm;
}
