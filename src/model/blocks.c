/* The parameter vector, block by block.  A block's initial values depend only on the seed and on its name. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "entente/memory.h"
#include "entente/random.h"
#include "model.h"

ent_start ent_start_by_fan_in(double fan_in)
{
    return (ent_start){ENT_START_NORMAL, 1.0, sqrt(fan_in)};
}

int ent_blocks_add(ent_blocks *blocks, ent_start start, int count, uint32_t needs, const char *format, ...)
{
    const int first = blocks->params;
    if (count == 0) return first;
    blocks->params += count;
    if (!ent_grow((void **)&blocks->block, &blocks->block_room, blocks->count, sizeof *blocks->block) ||
        !ent_grow((void **)&blocks->start, &blocks->start_room, blocks->count, sizeof *blocks->start)) {
        blocks->short_of_memory = true;
        return first;
    }
    ent_block *block = &blocks->block[blocks->count];
    blocks->start[blocks->count++] = start;
    *block = (ent_block){.first = first, .count = count, .needs = needs, .fan_in = 1.0};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(block->name, sizeof block->name, format, arguments);
    va_end(arguments);
    return first;
}

ent_status ent_blocks_check(const ent_blocks *blocks)
{
    ENT_REQUIRE(!blocks->short_of_memory, ENT_ENOMEM, "model of %d parameters: no memory for its blocks",
                blocks->params);
    return ENT_OK;
}

void ent_blocks_clear(ent_blocks *blocks)
{
    ent_free(blocks->block);
    ent_free(blocks->start);
    *blocks = (ent_blocks){.params = 0};
}

void ent_blocks_mark(ent_blocks *blocks, int first, const ent_block *like)
{
    for (int b = 0; b < blocks->count; b++)
        if (blocks->block[b].first == first) {
            blocks->block[b].role = like->role;
            blocks->block[b].fan_in = like->fan_in;
            blocks->block[b].layer = like->layer;
            blocks->block[b].lacks = like->lacks;
        }
}

static double draw(ent_start_kind kind, ent_random *stream)
{
    if (kind == ENT_START_ONE) return 1.0;
    return kind == ENT_START_NORMAL ? ent_random_normal(stream) : 2.0 * ent_random_uniform(stream) - 1.0;
}

void ent_blocks_start(const ent_blocks *blocks, uint64_t seed, double *w)
{
    for (int b = 0; b < blocks->count; b++) {
        const ent_block *block = &blocks->block[b];
        const ent_start start = blocks->start[b];
        ent_random stream = ent_random_at(seed, ENT_FOR_INIT, ent_hash_text(block->name), 0);
        for (int k = 0; k < block->count; k++)
            w[block->first + k] =
                start.kind == ENT_START_ZERO ? 0.0 : start.factor * draw(start.kind, &stream) / start.divisor;
    }
}
