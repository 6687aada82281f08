/* Addresses: linear algebra over GF(2) on the bits of the amplitude index.
 *
 * Both functions find vectors v_0..v_{bits-1} such that index = XOR of v_j over the set bits j of (block, local), the
 * local bits first.  An address is then one XOR of two table entries, however the CX gates have permuted the
 * amplitudes. */
#include "batch_plan.h"

#include "core/gf2.h"
#include "entente/memory.h"

int ent_batch_independent(int count, const uint64_t *rows, uint64_t row)
{
    ent_gf2 space = {0};
    for (int k = 0; k < count; k++) ent_gf2_add(&space, rows[k]);
    return ent_gf2_add(&space, row);
}

/* table[x] = size * (slot of the XOR of vector[j] over the set bits j of x). */
static uint32_t *span(int count, const uint64_t *vector, int64_t size)
{
    uint32_t *table = ent_alloc(INT64_C(1) << count, sizeof *table);
    if (!table) return NULL;
    for (int j = 0; j < count; j++)
        for (int64_t x = 0; x < INT64_C(1) << j; x++)
            table[x | INT64_C(1) << j] = table[x] ^ (uint32_t)(batch_slot(vector[j]) * (uint64_t)size);
    return table;
}

static ent_status fill(int bits, int local, const uint64_t *vector, int64_t size, batch_blocks *out)
{
    out->bits = local;
    out->blocks = INT64_C(1) << (bits - local);
    out->place = span(local, vector, size);
    out->base = span(bits - local, vector + local, size);
    ENT_REQUIRE(out->place && out->base, ENT_ENOMEM, "batch engine: no memory for addresses of %d qubits", bits);
    return ENT_OK;
}

/* The local vectors are the flips; the block vectors are those orthogonal to every row. */
ent_status ent_batch_blocks_turn(int bits, int count, const uint64_t *flip, const uint64_t *row,
                                 int64_t amplitude_bytes, batch_blocks *out)
{
    ent_gf2 blind = {0};
    for (int i = 0; i < bits; i++) {
        uint64_t vector = UINT64_C(1) << i;
        for (int j = 0; j < count; j++)
            if (row[j] >> i & 1) vector ^= flip[j];
        ent_gf2_add_highest(&blind, vector);
    }
    ENT_ASSERT(blind.count == bits - count);
    ent_gf2_sort(&blind, 0); /* so that successive blocks are close in memory */
    uint64_t vector[64];
    for (int j = 0; j < count; j++) vector[j] = flip[j];
    for (int j = count; j < bits; j++) vector[j] = blind.vector[j - count];
    return fill(bits, count, vector, amplitude_bytes, out);
}

/* The vectors are the dual basis of the rows, completed to a basis by single bits: parity(row_i & v_j) = (i == j). */
ent_status ent_batch_blocks_sum(int bits, int count, const uint64_t *row, int64_t amplitude_bytes, batch_blocks *out)
{
    uint64_t rows[64], vector[64];
    ent_gf2 space = {0};
    for (int i = 0; i < count; i++) rows[i] = row[i];
    for (int i = 0; i < count; i++) ent_gf2_add(&space, row[i]);
    for (int i = 0, more = count; i < bits; i++)
        if (ent_gf2_add(&space, UINT64_C(1) << i)) rows[more++] = UINT64_C(1) << i;
    ent_gf2_dual(rows, bits, bits, vector);
    return fill(bits, bits < BATCH_TREE ? bits : BATCH_TREE, vector, amplitude_bytes, out);
}
