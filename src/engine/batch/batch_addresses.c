/* Addresses: linear algebra over GF(2) on the bits of the amplitude index.
 *
 * Both functions find vectors v_0..v_{bits-1} such that index = XOR of v_j over the set bits j of (block, local), the
 * local bits first.  An address is then one XOR of two table entries, however the CX gates have permuted the
 * amplitudes. */
#include "batch_plan.h"

#include "entente/memory.h"

/* Reduced rows with their leading bits.  Returns 0 if `row` is a sum of them, else adds it. */
typedef struct {
    int count;
    uint64_t row[64];
} echelon;

static int top_bit(uint64_t row)
{
    return 63 - __builtin_clzll(row);
}

static int echelon_add(echelon *e, uint64_t row)
{
    for (int k = 0; k < e->count; k++)
        if (row >> top_bit(e->row[k]) & 1) row ^= e->row[k];
    if (row == 0) return 0;
    for (int k = 0; k < e->count; k++)
        if (e->row[k] >> top_bit(row) & 1) e->row[k] ^= row;
    e->row[e->count++] = row;
    return 1;
}

/* Ascending, so that successive blocks are close in memory. */
static void echelon_sort(echelon *e)
{
    for (int i = 1; i < e->count; i++)
        for (int k = i; k > 0 && e->row[k] < e->row[k - 1]; k--) {
            const uint64_t row = e->row[k];
            e->row[k] = e->row[k - 1];
            e->row[k - 1] = row;
        }
}

int ent_batch_independent(int count, const uint64_t *rows, uint64_t row)
{
    echelon e = {0};
    for (int k = 0; k < count; k++) echelon_add(&e, rows[k]);
    return echelon_add(&e, row);
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
    echelon blind = {0};
    for (int i = 0; i < bits; i++) {
        uint64_t vector = UINT64_C(1) << i;
        for (int j = 0; j < count; j++)
            if (row[j] >> i & 1) vector ^= flip[j];
        echelon_add(&blind, vector);
    }
    ENT_ASSERT(blind.count == bits - count);
    echelon_sort(&blind);
    uint64_t vector[64];
    for (int j = 0; j < count; j++) vector[j] = flip[j];
    for (int j = count; j < bits; j++) vector[j] = blind.row[j - count];
    return fill(bits, count, vector, amplitude_bytes, out);
}

/* The vectors are the dual basis of the rows, completed to a basis by single bits: parity(row_i & v_j) = (i == j). */
ent_status ent_batch_blocks_sum(int bits, int count, const uint64_t *row, int64_t amplitude_bytes, batch_blocks *out)
{
    uint64_t left[64], right[64]; /* left = A row, right = A: Gauss-Jordan elimination until left is the identity */
    for (int i = 0; i < count; i++) left[i] = row[i];
    int rows = count;
    for (int i = 0; i < bits && rows < bits; i++)
        if (ent_batch_independent(rows, left, UINT64_C(1) << i)) left[rows++] = UINT64_C(1) << i;
    for (int i = 0; i < bits; i++) right[i] = UINT64_C(1) << i;
    for (int i = 0; i < bits; i++) {
        int pivot = i;
        while (!(left[pivot] >> i & 1)) pivot++;
        const uint64_t l = left[pivot], r = right[pivot];
        left[pivot] = left[i];
        right[pivot] = right[i];
        left[i] = l;
        right[i] = r;
        for (int k = 0; k < bits; k++)
            if (k != i && left[k] >> i & 1) {
                left[k] ^= l;
                right[k] ^= r;
            }
    }
    uint64_t vector[64] = {0}; /* the columns of the inverse */
    for (int i = 0; i < bits; i++)
        for (int j = 0; j < bits; j++) vector[j] |= (right[i] >> j & 1) << i;
    return fill(bits, bits < BATCH_TREE ? bits : BATCH_TREE, vector, amplitude_bytes, out);
}
