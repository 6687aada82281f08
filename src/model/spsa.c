/* Simultaneous perturbation: the loss at w + c d and w - c d for a random direction d of signs, for any number
 * of parameters; its estimate of the gradient is (difference / 2 c) d, unbiased up to terms of order c^2.  Parameters
 * that no picked sample trains are not perturbed, so that their gradient is exactly 0.  Each of the two losses draws
 * its own shots. */
#include <string.h>

#include "entente/memory.h"
#include "entente/random.h"
#include "model.h"

static bool trains(const ent_model_inp *inp, const ent_device *device, const ent_block *block,
                   const ent_samples *samples, int64_t n, const int64_t *pick)
{
    if (!ent_device_trains(device, block)) return false;
    for (int64_t k = 0; k < n; k++)
        if (ent_block_trains(block, ent_mask_context(inp, samples->context[pick ? pick[k] : k]))) return true;
    return false;
}

/* direction [params] */
static void draw_direction(const ent_model *model, const ent_model_inp *inp, const ent_device *device,
                           const ent_samples *samples, int64_t n, const int64_t *pick, double *direction)
{
    const ent_block *block;
    const int blocks = ent_model_blocks(model, &block), params = ent_model_params(model);
    const ent_draws draws = {samples->draw[0], samples->draw[1], pick, samples->row};
    const uint64_t first = ent_draws_number(&draws, 0) * (uint64_t)params;
    const ent_random stream = ent_random_at(device->seed, ENT_FOR_SPSA, samples->draw[0], samples->draw[1]);
    memset(direction, 0, (size_t)params * sizeof *direction);
    for (int b = 0; b < blocks; b++) {
        if (!trains(inp, device, &block[b], samples, n, pick)) continue;
        for (int k = block[b].first; k < block[b].first + block[b].count; k++)
            direction[k] = ent_random_bits(&stream, first + (uint64_t)k) & 1 ? 1.0 : -1.0;
    }
}

ent_status ent_spsa_gradient(ent_model *model, const double *w, const ent_samples *samples, int64_t n,
                             const int64_t *pick, double *loss, double *gradient)
{
    const ent_model_inp *inp = ent_model_description(model);
    const ent_device *device = samples->device ? samples->device : inp->device;
    const int params = ent_model_params(model);
    const double step = device->spsa_step;
    double *moved = ent_alloc(params, sizeof *moved), side[2] = {0.0, 0.0};
    ENT_REQUIRE(moved, ENT_ENOMEM, "model: no memory for a perturbation of %d parameters", params);
    draw_direction(model, inp, device, samples, n, pick, gradient);
    ent_status status = ENT_OK;
    for (int k = 0; k < 2 && status == ENT_OK; k++) {
        ent_samples seen = *samples;
        seen.draw[1] ^= (uint64_t)(k + 1) << 62;
        for (int p = 0; p < params; p++) moved[p] = w[p] + (k ? -step : step) * gradient[p];
        status = ent_model_loss(model, moved, &seen, n, pick, &side[k]);
    }
    for (int p = 0; p < params; p++) gradient[p] *= (side[0] - side[1]) / (2.0 * step);
    *loss = 0.5 * (side[0] + side[1]);
    ent_free(moved);
    return status;
}
