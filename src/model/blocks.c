/* The parameter vector, block by block.  A block's initial values depend only on the seed and on its name, or that of
 * the block that it is a part of. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "entente/memory.h"
#include "entente/random.h"
#include "model.h"

ent_start ent_start_by_fan_in(double fan_in)
{
    return (ent_start){.kind = ENT_START_NORMAL, .factor = 1.0, .divisor = sqrt(fan_in)};
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
    *block = (ent_block){.first = first, .count = count, .needs = needs, .fan_in = 1.0};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(block->name, sizeof block->name, format, arguments);
    va_end(arguments);
    if (start.stream == 0) start.stream = ent_hash_text(block->name);
    blocks->start[blocks->count++] = start;
    return first;
}

ent_status ent_blocks_check(const ent_blocks *blocks)
{
    ENT_REQUIRE(!blocks->short_of_memory, ENT_ENOMEM, "model of %d parameters: no memory for its blocks",
                blocks->params);
    return ENT_OK;
}

enum { PARENT_BYTES = ENT_BLOCK_NAME_BYTES - 24 };

/* The block's parts, in order. */
static void divide(const ent_block *block, ent_start start, const int *qubits, ent_blocks *to)
{
    const int end = block->first + block->count;
    for (int first = block->first, next; first < end; first = next) {
        for (next = first + 1; next < end && qubits[next] == qubits[first];) next++;
        ent_block part = *block;
        part.qubits = qubits[first];
        start.goes_on = start.goes_on || first > block->first;
        if (next - first == block->count)
            ent_blocks_add(to, start, block->count, block->needs, "%s", block->name);
        else
            ent_blocks_add(to, start, next - first, block->needs, "%.*s[%d:%d]", PARENT_BYTES, block->name,
                           first - block->first, next - block->first);
        ent_blocks_mark(to, first, &part);
    }
}

ent_status ent_blocks_divide(ent_blocks *blocks, const int *qubits)
{
    ent_blocks parts = {.params = 0};
    for (int b = 0; b < blocks->count; b++) divide(&blocks->block[b], blocks->start[b], qubits, &parts);
    const ent_status status = ent_blocks_check(&parts);
    if (status != ENT_OK) {
        ent_blocks_clear(&parts);
        return status;
    }
    ent_blocks_clear(blocks);
    *blocks = parts;
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
    int b = blocks->count - 1;
    while (b >= 0 && blocks->block[b].first > first) b--;
    if (b < 0 || blocks->block[b].first < first) return;
    ent_block *block = &blocks->block[b];
    block->role = like->role;
    block->fan_in = like->fan_in;
    block->layer = like->layer;
    block->lacks = like->lacks;
    block->qubits = like->qubits;
}

static double draw(ent_start_kind kind, ent_random *stream)
{
    if (kind == ENT_START_ONE) return 1.0;
    return kind == ENT_START_NORMAL ? ent_random_normal(stream) : 2.0 * ent_random_uniform(stream) - 1.0;
}

void ent_blocks_start(const ent_blocks *blocks, uint64_t seed, double *w)
{
    ent_random stream = ent_random_at(seed, ENT_FOR_INIT, 0, 0);
    for (int b = 0; b < blocks->count; b++) {
        const ent_block *block = &blocks->block[b];
        const ent_start start = blocks->start[b];
        if (!start.goes_on) stream = ent_random_at(seed, ENT_FOR_INIT, start.stream, 0);
        for (int k = 0; k < block->count; k++)
            w[block->first + k] =
                start.kind == ENT_START_ZERO ? 0.0 : start.factor * draw(start.kind, &stream) / start.divisor;
    }
}
