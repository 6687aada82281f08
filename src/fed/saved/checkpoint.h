/* What the writing and the reading of a training's state know of its tables (checkpoint.c). */
#ifndef ENTENTE_FED_CHECKPOINT_H
#define ENTENTE_FED_CHECKPOINT_H

#include "fed/saved/saved.h"

#define CHECKPOINT_WORK "/inside/work"
/* numbers[2]: after a round, inside the next one, or before the evaluation of the last one. */
enum { CHECKPOINT_AFTER, CHECKPOINT_INSIDE, CHECKPOINT_UNMEASURED };
enum {
    CHECKPOINT_FORMAT = 2,
    CHECKPOINT_NUMBERS = 5, /* columns of /numbers */
    CHECKPOINT_BESIDE = 3   /* columns of a client at work before its steps */
};

#endif
