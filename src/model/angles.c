/* From features to data angles: an optional trainable affine map, then pi tanh(z / s) or a clip; and the chain rule
 * back.  Reads the features of present registers alone. */
#include <math.h>

#include "model.h"

static const double PI = 3.14159265358979323846;

static double map_angle(const ent_register *reg, double z, double *slope)
{
    const double scaled = z / reg->scale;
    if (reg->ansatz.kind != ENT_ANSATZ_QASM && !ent_encoding_takes_angles(reg->ansatz.encoding)) {
        *slope = 1.0;
        return z;
    }
    if (reg->map == ENT_MAP_TANH) {
        const double t = tanh(scaled);
        *slope = PI / reg->scale * (1.0 - t * t);
        return PI * t;
    }
    const bool inside = scaled > -1.0 && scaled < 1.0;
    *slope = inside ? PI / reg->scale : 0.0;
    return inside ? PI * scaled : copysign(PI, scaled);
}

static double affine(const double *weight, double bias, const double *x, int64_t n)
{
    double sum = bias;
    for (int64_t k = 0; k < n; k++) sum += weight[k] * x[k];
    return sum;
}

void ent_angles_forward(const ent_model_inp *inp, const ent_layout *layout, const double *w, uint32_t context,
                        const double *const *x, double *angles, double *slope)
{
    for (int m = 0; m < inp->registers; m++) {
        if (!(context >> m & 1)) continue;
        const ent_register *reg = &inp->reg[m];
        const ent_register_layout *at = &layout->reg[m];
        for (int k = 0; k < at->inputs; k++) {
            const double z =
                reg->linear ? affine(w + at->map_weight + k * reg->inputs, w[at->map_bias + k], x[m], reg->inputs)
                            : x[m][k];
            angles[at->first_angle + k] = map_angle(reg, z, &slope[at->first_angle + k]);
        }
        if (reg->ansatz.kind != ENT_ANSATZ_QASM)
            ent_encoding_forward(reg->ansatz.encoding, at->qubits, reg->ansatz.angles_per_qubit,
                                 angles + at->first_angle, angles + at->first_angle);
    }
}

void ent_angles_backward(const ent_model_inp *inp, const ent_layout *layout, uint32_t context, const double *const *x,
                         const double *angles, const double *slope, double *grad_angles, double *gradient)
{
    for (int m = 0; m < inp->registers; m++) {
        if (!(context >> m & 1) || !inp->reg[m].linear) continue;
        const ent_register_layout *at = &layout->reg[m];
        const int64_t inputs = inp->reg[m].inputs;
        const ent_ansatz *ansatz = &inp->reg[m].ansatz;
        double *grad = grad_angles + at->first_angle;
        if (ansatz->kind != ENT_ANSATZ_QASM)
            ent_encoding_backward(ansatz->encoding, at->qubits, ansatz->angles_per_qubit, angles + at->first_angle,
                                  grad, grad);
        for (int k = 0; k < at->inputs; k++) {
            const double d_z = grad[k] * slope[at->first_angle + k];
            double *row = gradient + at->map_weight + k * inputs;
            for (int64_t j = 0; j < inputs; j++) row[j] += d_z * x[m][j];
            gradient[at->map_bias + k] += d_z;
        }
    }
}
