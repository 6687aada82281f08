/* From features to data angles: an optional trainable affine map, then pi tanh(z / s) or a clip, then an optional
 * trainable factor for each layer; and the chain rule back.  Reads the features of present registers alone. */
#include <math.h>

#include "model.h"

static const double PI = 3.14159265358979323846;

double ent_angle_scale(const ent_ansatz *ansatz, bool linear)
{
    return (linear ? 16.0 : 2.0) * (ansatz->reupload ? ansatz->layers : 1);
}

static double map_angle(const ent_register *reg, double z, double *slope)
{
    const double scaled = z / reg->scale;
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

/* Angle k of the register before its factors, and its derivative by z. */
static double angle_of(const ent_register *reg, const ent_register_layout *at, const double *w, const double *x,
                       int k, double *slope)
{
    const double z = reg->linear ? affine(w + at->map_weight + k * reg->inputs, w[at->map_bias + k], x, reg->inputs)
                                 : x[k];
    return map_angle(reg, z, slope);
}

void ent_angles_forward(const ent_model_inp *inp, const ent_layout *layout, const double *w, uint32_t context,
                        const double *const *x, double *angles, double *angle, double *slope)
{
    for (int m = 0; m < inp->registers; m++) {
        if (!(context >> m & 1)) continue;
        const ent_register *reg = &inp->reg[m];
        const ent_register_layout *at = &layout->reg[m];
        for (int k = 0; k < at->inputs; k++) {
            const int slot = at->first_angle + k;
            angle[slot] = angle_of(reg, at, w, x[m], k, &slope[slot]);
            if (!reg->ansatz.own_angles) angles[slot] = angle[slot];
            for (int s = k; s < at->angles && reg->ansatz.own_angles; s += at->inputs)
                angles[at->first_angle + s] = w[at->factor + s] * angle[slot];
        }
    }
}

/* The derivative by angle k before its factors, from those by the data angles; adds that by the factors. */
static double through_factors(const ent_register_layout *at, const double *w, int k, const double *grad_angles,
                              double angle, double *gradient)
{
    double sum = 0.0;
    for (int s = k; s < at->angles; s += at->inputs) {
        gradient[at->factor + s] += grad_angles[at->first_angle + s] * angle;
        sum += grad_angles[at->first_angle + s] * w[at->factor + s];
    }
    return sum;
}

void ent_angles_backward(const ent_model_inp *inp, const ent_layout *layout, const double *w, uint32_t context,
                         const double *const *x, const double *grad_angles, const double *angle, const double *slope,
                         double *gradient)
{
    for (int m = 0; m < inp->registers; m++) {
        const ent_register *reg = &inp->reg[m];
        const ent_register_layout *at = &layout->reg[m];
        if (!(context >> m & 1) || !(reg->linear || reg->ansatz.own_angles)) continue;
        for (int k = 0; k < at->inputs; k++) {
            const int slot = at->first_angle + k;
            const double d_angle = reg->ansatz.own_angles
                                       ? through_factors(at, w, k, grad_angles, angle[slot], gradient)
                                       : grad_angles[slot];
            const double d_z = d_angle * slope[slot];
            double *row = gradient + at->map_weight + k * reg->inputs;
            for (int64_t j = 0; j < reg->inputs && reg->linear; j++) row[j] += d_z * x[m][j];
            if (reg->linear) gradient[at->map_bias + k] += d_z;
        }
    }
}
