/* Gradients without an adjoint sweep: the angle of one gate at a time is shifted, and the circuit run again.
 *
 * Parameter shift: a generator with two eigenvalues one apart (R_P, P, CP) needs f(t + pi/2) and f(t - pi/2); a
 * controlled rotation has three (0, +-1/2) and needs the shifts by 3 pi/2 as well.  Central differences: f(t + h) and
 * f(t - h).  In both, d f / d t = sum_k factor_k f(t + shift_k). */
#include <math.h>
#include <string.h>

#include "entente/engine.h"
#include "entente/memory.h"
#include "shots.h"

typedef ent_shift_rule rule;

rule ent_shift_rule_of(ent_gate_kind kind)
{
    const double quarter = 1.57079632679489661923, root2 = 1.41421356237309504880;
    if (kind != ENT_CRX && kind != ENT_CRY && kind != ENT_CRZ) return (rule){2, {quarter, -quarter}, {0.5, -0.5}};
    const double plus = (root2 + 1.0) / (4.0 * root2), minus = (root2 - 1.0) / (4.0 * root2);
    return (rule){4, {quarter, -quarter, 3.0 * quarter, -3.0 * quarter}, {plus, -plus, -minus, minus}};
}

static rule difference_rule(double step)
{
    return (rule){2, {step, -step}, {0.5 / step, -0.5 / step}};
}

static ent_status run(const ent_circuit *circuit, const ent_program_inp *inp, const ent_batch *batch,
                      double *expectations)
{
    ent_program *program;
    ENT_TRY(ent_program_new(circuit, inp, &program));
    const ent_status status = ent_program_forward(program, batch, expectations);
    ent_program_free(program);
    return status;
}

/* For all samples: [samples][readouts], and the derivative with respect to one angle, [samples]. */
typedef struct {
    double *expectations, *weights, *derivative;
} sample_room;

/* The derivative with respect to gate g's angle for every sample:
 * derivative[s] = sum_r weight[s][r] d <r> / d angle. */
static ent_status shift_gate(const ent_circuit *circuit, const ent_program_inp *inp, const ent_batch *batch,
                             const rule *by, int64_t g, const sample_room *room)
{
    const double *weights = room->weights;
    double *shifted = room->expectations, *derivative = room->derivative;
    double *offset = &circuit->gate[g].angle.offset;
    const double there = *offset;
    memset(derivative, 0, (size_t)batch->samples * sizeof *derivative);
    ent_status status = ENT_OK;
    for (int k = 0; k < by->terms && status == ENT_OK; k++) {
        *offset = there + by->shift[k];
        status = run(circuit, inp, batch, shifted);
        for (int64_t s = 0; s < batch->samples && status == ENT_OK; s++)
            for (int r = 0; r < circuit->readouts; r++)
                derivative[s] += by->factor[k] * weights[s * circuit->readouts + r] *
                                 shifted[s * circuit->readouts + r];
    }
    *offset = there;
    return status;
}

/* step > 0: central differences; otherwise parameter shift. */
static ent_status gradient(const ent_circuit *circuit, const ent_program_inp *inp, const ent_batch *batch,
                           double step, ent_cotangent *cotangent, void *context, const ent_gradients *out)
{
    const int64_t outputs = batch->samples * circuit->readouts;
    double *grad_angles = out->angles;
    const sample_room room = {ent_alloc(outputs, sizeof(double)), ent_alloc(outputs, sizeof(double)),
                              ent_alloc(batch->samples, sizeof(double))};
    ent_status status = room.expectations && room.weights && room.derivative
                            ? run(circuit, inp, batch, room.expectations)
                            : ent_fail(ENT_ENOMEM, "gradient: no memory");
    if (status != ENT_OK) goto done;
    cotangent(context, 0, batch->samples, room.expectations, room.weights);
    if (grad_angles) memset(grad_angles, 0, (size_t)(batch->samples * circuit->angles) * sizeof(double));
    for (int64_t g = 0; g < circuit->gates; g++) {
        const ent_angle angle = circuit->gate[g].angle;
        if (angle.source == ENT_ANGLE_FIXED || (angle.source == ENT_ANGLE_DATA && !grad_angles)) continue;
        const rule by = step > 0.0 ? difference_rule(step) : ent_shift_rule_of(circuit->gate[g].kind);
        status = shift_gate(circuit, inp, batch, &by, g, &room);
        if (status != ENT_OK) goto done;
        for (int64_t s = 0; s < batch->samples; s++) {
            double *slot = angle.source == ENT_ANGLE_PARAM ? out->params : grad_angles + s * circuit->angles;
            slot[angle.slot] += angle.scale * room.derivative[s];
        }
    }
done:
    ent_free(room.expectations);
    ent_free(room.weights);
    ent_free(room.derivative);
    return status;
}

ent_status ent_gradient_by_shift(const ent_circuit *circuit, const ent_program_inp *inp, const ent_batch *batch,
                                 ent_cotangent *cotangent, void *context, const ent_gradients *out)
{
    return gradient(circuit, inp, batch, 0.0, cotangent, context, out);
}

ent_status ent_gradient_by_differences(const ent_circuit *circuit, const ent_program_inp *inp, const ent_batch *batch,
                                       double step, ent_cotangent *cotangent, void *context, const ent_gradients *out)
{
    ENT_REQUIRE(step > 0.0 && isfinite(step), ENT_EARG, "central differences with step %g, want more than 0", step);
    return gradient(circuit, inp, batch, step, cotangent, context, out);
}
