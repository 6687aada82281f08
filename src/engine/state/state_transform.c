/* Builds the tables of a pass that does a Fourier transform.
 *
 * A block is a coset of a space that contains the flips of the transform.  A displacement in it is split into the
 * flips that make up its j and a part that does not change j; the space of the latter parts numbers the rows. */
#include "state_plan.h"

#include "core/gf2.h"
#include "entente/memory.h"
#include "state_fft.h"

enum { CACHE_LINE = 64, PADDED_FROM_BITS = 6 };

int ent_state_transform_apart(const lower_transform *t, const lower_rotation *rotation)
{
    for (int k = 0; k < t->bits + t->low; k++) {
        if (lower_parity(rotation->flip, t->row[k])) return 0;
        if (k < t->bits && lower_parity(t->flip[k], rotation->row)) return 0;
    }
    return 1;
}

/* Displacement k of a local index: lanes come first. */
static uint64_t displacement(const state_plan *plan, const state_pass *pass, int k)
{
    return k < plan->shape.lane_bits ? UINT64_C(1) << k : pass->basis[k];
}

/* j of a displacement. */
static uint32_t frequency(const lower_transform *t, uint64_t d)
{
    uint32_t j = 0;
    for (int k = 0; k < t->bits; k++) j |= (uint32_t)lower_parity(t->row[k], d) << k;
    return j;
}

static uint64_t factor_of(const lower_transform *t, uint64_t d)
{
    uint64_t x = 0;
    for (int k = 0; k < t->low; k++) x |= (uint64_t)lower_parity(t->row[t->bits + k], d) << k;
    return x;
}

/* For each local coordinate, the element it leads to, (row << bits) | j; and the change of x by the rows. */
static void number_elements(const state_plan *plan, const lower_transform *t, const state_pass *pass,
                            uint32_t *element, state_transform *out)
{
    ent_gf2 space = {0}; /* of the rows */
    for (int k = 0; k < pass->bits; k++) {
        uint64_t rest = displacement(plan, pass, k);
        element[k] = frequency(t, rest);
        for (int i = 0; i < t->bits; i++)
            if (element[k] >> i & 1) rest ^= t->flip[i];
        uint64_t made_of;
        rest = ent_gf2_reduce(&space, rest, &made_of);
        element[k] |= (uint32_t)made_of << t->bits;
        if (rest == 0) continue;
        element[k] |= UINT32_C(1) << (t->bits + space.count);
        out->factor[space.count] = factor_of(t, rest);
        ent_gf2_add_at(&space, rest, ent_gf2_lowest(rest));
    }
    ENT_ASSERT(space.count + t->bits == pass->bits);
}

static ent_status fill(const state_plan *plan, const lower_transform *t, const state_pass *pass, state_transform *out)
{
    const int lane_bits = plan->shape.lane_bits, amplitude = 2 * plan->shape.real_bytes;
    const int64_t lines = INT64_C(1) << (pass->bits - lane_bits);
    uint32_t element[32];
    number_elements(plan, t, pass, element, out);
    out->bits = t->bits;
    out->padding = t->bits >= PADDED_FROM_BITS ? CACHE_LINE / amplitude : 0;
    for (int l = 1; l < 1 << lane_bits; l++)
        out->lane[l] = out->lane[l & (l - 1)] ^ element[__builtin_ctz((unsigned)l)];
    out->line = ent_alloc(lines, sizeof *out->line);
    ENT_REQUIRE(out->line, ENT_ENOMEM, "state engine: no memory for a transform");
    for (int64_t k = 1; k < lines; k++)
        out->line[k] = out->line[k & (k - 1)] ^ element[lane_bits + __builtin_ctzll((uint64_t)k)];
    return ent_state_fft_new(t->bits, pass->bits - t->bits, out->padding, plan->shape.real_bytes, &out->fft);
}

ent_status ent_state_transform_new(const state_plan *plan, int rotation, const state_pass *pass,
                                   state_transform **out)
{
    state_transform *transform = ent_alloc(1, sizeof *transform);
    ENT_REQUIRE(transform, ENT_ENOMEM, "state engine: no memory for a transform");
    transform->index = plan->list.rotation[rotation].transform;
    const ent_status status = fill(plan, &plan->list.transform[transform->index], pass, transform);
    if (status != ENT_OK) {
        ent_state_transform_free(transform);
        return status;
    }
    *out = transform;
    return ENT_OK;
}

void ent_state_transform_free(state_transform *transform)
{
    if (!transform) return;
    ent_free(transform->line);
    ent_state_fft_free(transform->fft);
    ent_free(transform);
}
