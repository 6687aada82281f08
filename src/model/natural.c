/* The quantum natural gradient: one dense system for each register, of the size of its circuit's angles.  Its
 * matrix is the mean metric plus the damping, which makes it positive definite: angles that change only phases
 * have a metric of 0 and a gradient of 0.  Solved by Cholesky, in plain loops, for the same bits with any BLAS. */
#include <math.h>

#include "entente/memory.h"
#include "model.h"

typedef struct {
    int m;
    int64_t present; /* samples that run the register */
    double *metric;
} register_metric;

static ent_status add_group(ent_model *model, const ent_group *group, void *context)
{
    register_metric *of = context;
    ent_body *body;
    const ent_kind *kind = ent_model_kind_of(model, &body);
    if (!(ent_mask_runs(ent_model_description(model), group->context) >> of->m & 1)) return ENT_OK;
    of->present += group->n;
    return kind->metric(body, group, of->m, of->metric);
}

/* b becomes a^-1 b; a [n][n], symmetric, becomes its factor.  NaN where a is not positive definite: some weight was
 * not finite. */
static void solve(int n, double *a, double *b)
{
    for (int i = 0; i < n; i++) {
        for (int j = 0; j <= i; j++) {
            double sum = a[i * n + j];
            for (int k = 0; k < j; k++) sum -= a[i * n + k] * a[j * n + k];
            a[i * n + j] = j < i ? sum / a[j * n + j] : sqrt(sum);
        }
        for (int k = 0; k < i; k++) b[i] -= a[i * n + k] * b[k];
        b[i] /= a[i * n + i];
    }
    for (int i = n - 1; i >= 0; i--) {
        for (int k = i + 1; k < n; k++) b[i] -= a[k * n + i] * b[k];
        b[i] /= a[i * n + i];
    }
}

/* Those of all circuits are in the registers' order. */
int ent_model_circuit_angles(const ent_model *model, int m, int *first)
{
    const ent_register *reg = ent_model_description(model)->reg;
    const ent_block *block;
    const int blocks = ent_model_blocks(model, &block);
    int before = 0;
    for (int k = 0; k < m; k++) before += ent_ansatz_params(&reg[k].ansatz);
    for (int b = 0; b < blocks && before >= 0; b++) {
        if (block[b].role != ENT_ROLE_CIRCUIT) continue;
        *first = block[b].first + before;
        before -= block[b].count;
    }
    return ent_ansatz_params(&reg[m].ansatz);
}

ent_status ent_model_natural(ent_model *model, const double *w, const ent_samples *samples, int64_t n,
                             const int64_t *pick, double damping, double *gradient)
{
    const ent_model_inp *inp = ent_model_description(model);
    ent_body *body;
    ENT_REQUIRE(ent_model_kind_of(model, &body)->metric, ENT_EARG, "natural gradient of kind %s, want quantum",
                ent_model_kind_name(inp->kind));
    ENT_REQUIRE(damping > 0.0, ENT_EARG, "natural gradient with damping %g, want more than 0", damping);
    for (int m = 0; m < inp->registers; m++) {
        int first = 0;
        const int count = ent_model_circuit_angles(model, m, &first);
        register_metric of = {m, 0, ent_alloc((int64_t)count * count, sizeof(double))};
        ENT_REQUIRE(of.metric, ENT_ENOMEM, "natural gradient of %d angles: no memory", count);
        const ent_status status = ent_model_groups(model, w, samples, n, pick, add_group, &of);
        for (int k = 0; k < count * count && of.present > 0; k++) of.metric[k] /= (double)of.present;
        for (int k = 0; k < count; k++) of.metric[k * count + k] += damping;
        if (status == ENT_OK && of.present > 0) solve(count, of.metric, gradient + first);
        ent_free(of.metric);
        if (status != ENT_OK) return ent_fail_in(status, "natural gradient of '%s'", inp->reg[m].name);
    }
    return ENT_OK;
}
