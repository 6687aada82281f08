/* A trained model in its data angles: the circuit of one context, followed by the head. */
#include "entente/response.h"

#include <math.h>
#include <string.h>

#include "entente/memory.h"
#include "model.h"

struct ent_response {
    const ent_model_inp *inp;
    uint32_t context;
    ent_layout layout;
    ent_masked *masked;
    ent_circuit *circuit;      /* for the degrees */
    double *w, *angle, *slope; /* the last two: scratch, [angles] */
};

ent_status ent_response_new(const ent_model_inp *inp, const double *w, uint32_t context, ent_response **out)
{
    ent_circuit *circuit;
    ENT_TRY(ent_model_circuit(inp, context, &circuit)); /* checks everything */
    ent_response *r = ent_alloc(1, sizeof *r);
    if (!r) {
        ent_circuit_free(circuit);
        return ent_fail(ENT_ENOMEM, "response: no memory");
    }
    r->circuit = circuit;
    r->inp = inp;
    r->context = ent_mask_context(inp, context);
    ent_status status = ent_layout_make(inp, &r->layout);
    r->w = ent_copy(w, r->layout.blocks.params, sizeof *w);
    r->angle = ent_alloc(r->layout.angles, sizeof *r->angle);
    r->slope = ent_alloc(r->layout.angles, sizeof *r->slope);
    if (!r->w || !r->angle || !r->slope) status = ent_fail(ENT_ENOMEM, "response: no memory");
    if (status == ENT_OK) status = ent_masked_new(inp, &r->layout, ent_mask_runs(inp, context), &r->masked);
    if (status != ENT_OK) {
        ent_response_free(r);
        return status;
    }
    *out = r;
    return ENT_OK;
}

void ent_response_free(ent_response *r)
{
    if (!r) return;
    ent_masked_free(r->masked);
    ent_circuit_free(r->circuit);
    ent_layout_clear(&r->layout);
    ent_free(r->w);
    ent_free(r->angle);
    ent_free(r->slope);
    ent_free(r);
}

int ent_response_angles(const ent_response *r)
{
    return r->layout.angles;
}

int ent_response_slot(const ent_response *r, int m, int k)
{
    if (m < 0 || m >= r->inp->registers || !(r->context >> m & 1)) return -1;
    return k >= 0 && k < r->layout.reg[m].angles ? r->layout.reg[m].first_angle + k : -1;
}

int ent_response_degree(const ent_response *r, int slot)
{
    int degree = 0;
    for (int m = 0; m < r->inp->registers; m++) {
        const ent_register_layout *at = &r->layout.reg[m];
        const ent_ansatz *ansatz = &r->inp->reg[m].ansatz;
        if (slot < at->first_angle || slot >= at->first_angle + at->angles || ansatz->kind == ENT_ANSATZ_QASM)
            continue;
        if (ansatz->encoding > ENT_ENCODE_RZ)
            return -1; /* other slots depend on the input too, or none is an angle */
    }
    for (int64_t g = 0; g < r->circuit->gates; g++) {
        const ent_gate *gate = &r->circuit->gate[g];
        if (gate->angle.source != ENT_ANGLE_DATA || gate->angle.slot != slot) continue;
        const bool half = gate->kind == ENT_CRX || gate->kind == ENT_CRY || gate->kind == ENT_CRZ;
        if (half || fabs(gate->angle.scale) != 1.0) return -1;
        degree++;
    }
    return degree;
}

void ent_response_encode(const ent_response *r, const double *const *x, double *angles)
{
    memset(angles, 0, (size_t)r->layout.angles * sizeof *angles);
    ent_angles_forward(r->inp, &r->layout, r->w, r->context, x, angles, r->angle, r->slope);
}

ent_status ent_response_outputs(ent_response *r, int64_t n, const double *angles, double *outputs)
{
    double *readouts = ent_alloc(n * r->masked->readouts + r->masked->features, sizeof *readouts);
    ENT_REQUIRE(readouts, ENT_ENOMEM, "response: no memory");
    double *features = readouts + n * r->masked->readouts;
    const ent_batch batch = {n, angles, r->w};
    ent_head_prepare(r->inp, r->masked, r->w);
    const ent_status status = ent_program_forward(r->masked->program, &batch, readouts);
    for (int64_t k = 0; k < n && status == ENT_OK; k++) {
        ent_features_forward(r->masked, readouts + k * r->masked->readouts, features);
        ent_head_forward(r->inp, &r->layout, r->masked, r->context, r->w, features, outputs + k * r->inp->outputs);
    }
    ent_free(readouts);
    return status;
}
