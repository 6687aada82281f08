/* The working memory of a thread and the accumulation of its derivatives, shared by the batch and the pauli
 * engine. */
#include "batch_kernels.h"

#include <string.h>

#include "entente/memory.h"

/* Allocate the states, on huge pages if they are large: with pages of 4 KiB two parts of a state may compete for
 * the same sets of the L2 cache, and the time of a gradient at 12 qubits then varies by a third from run to run. */
static void *states_new(int64_t count, size_t size)
{
    void *memory = ent_alloc_pages((size_t)count * size);
    if (memory) memset(memory, 0, (size_t)count * size);
    return memory;
}

/* Ket and bra, re and im, of all nodes and lanes, in one block, even if no gradient is needed. */
double ent_batch_worker_bytes(const batch_plan *plan)
{
    return 4.0 * (double)plan->amplitudes * plan->shape.lanes * plan->shape.real_bytes;
}

void ent_batch_worker_free(batch_worker *w)
{
    if (!w) return;
    ent_free(w->ket);
    ent_free(w->half);
    ent_free(w->slope);
    ent_free(w->scale);
    ent_free(w->value);
    ent_free(w->tree);
    ent_free(w->expectations);
    ent_free(w->weights);
    ent_free(w);
}

ent_status ent_batch_worker_new(const batch_plan *plan, batch_worker **out)
{
    const int64_t lanes = plan->shape.lanes, outputs = lanes * plan->list.readouts;
    const size_t vector = (size_t)(lanes * plan->shape.real_bytes);
    batch_worker *w = ent_alloc(1, sizeof *w);
    ENT_REQUIRE(w, ENT_ENOMEM, "batch engine: no memory");
    w->ket = states_new(4 * plan->amplitudes, vector);
    w->bra = !w->ket ? NULL : (char *)w->ket + 2 * (size_t)plan->amplitudes * vector;
    w->half = ent_alloc(2 * (int64_t)plan->list.rotations, vector);
    w->slope = ent_alloc(plan->list.rotations, vector);
    w->scale = ent_alloc(2 * (int64_t)plan->nodes, vector);
    w->value = ent_alloc(plan->values, vector);
    w->tree = ent_alloc((INT64_C(1) << plan->most_bits) / 16 + 16, vector);
    w->expectations = ent_alloc(outputs, sizeof(double));
    w->weights = ent_alloc(outputs, sizeof(double));
    if (!w->ket || !w->half || !w->slope || !w->scale || !w->value || !w->tree || !w->expectations || !w->weights) {
        ent_batch_worker_free(w);
        char text[32];
        return ent_fail(ENT_ENOMEM, "batch engine: states of %lld amplitudes times %lld samples: no %s",
                        (long long)plan->amplitudes, (long long)lanes,
                        ent_bytes_text(ent_batch_worker_bytes(plan), text));
    }
    *out = w;
    return ENT_OK;
}

void ent_batch_worker_use(batch_worker *worker, const batch_kernels *kernels)
{
    if (worker->kernels != kernels) worker->version = -1; /* shared values are stored in the other width */
    worker->kernels = kernels;
}

void ent_batch_add_slopes(const batch_plan *plan, const batch_worker *worker, int count, double *grad_params,
                          double *grad_angles)
{
    for (int r = 0; r < plan->list.rotations; r++) {
        if (plan->kind[r] == BATCH_GONE || plan->list.rotation[r].term < 0) continue;
        double slope[64], total = 0.0;
        worker->kernels->slope(worker, r, slope);
        for (int l = 0; l < count; l++) total += slope[l];
        for (int t = plan->list.rotation[r].term; t >= 0; t = plan->list.term[t].next) {
            const lower_term *term = &plan->list.term[t];
            if (term->source == ENT_ANGLE_PARAM) grad_params[term->slot] += term->scale * total;
            for (int l = 0; term->source == ENT_ANGLE_DATA && grad_angles && l < count; l++)
                grad_angles[(int64_t)l * plan->angles + term->slot] += term->scale * slope[l];
        }
    }
}
