/* From features to data angles: an optional trainable affine map, then pi tanh(z / s) or a clip, then an optional
 * trainable factor for each layer that encodes; and the chain rule back.  Reads the features of present registers only. */
#include <math.h>
#include <string.h>

#include "model.h"

static const double PI = 3.14159265358979323846;

double ent_angle_scale(const ent_ansatz *ansatz, bool linear)
{
    return (linear ? 16.0 : 2.0) * (ansatz->reupload ? ansatz->layers : 1);
}

/* Amplitudes are taken as they are. */
static bool is_mapped(const ent_register *reg)
{
    return reg->ansatz.kind == ENT_ANSATZ_QASM || ent_encoding_takes_angles(reg->ansatz.encoding);
}

static double map_angle(const ent_register *reg, double z)
{
    if (!is_mapped(reg)) return z;
    const double scaled = z / reg->scale;
    if (reg->map == ENT_MAP_TANH) return PI * tanh(scaled);
    return scaled > -1.0 && scaled < 1.0 ? PI * scaled : copysign(PI, scaled);
}

static double map_slope(const ent_register *reg, double z, double *angle)
{
    const double scaled = z / reg->scale, steepest = PI / reg->scale;
    if (!is_mapped(reg)) {
        *angle = z;
        return 1.0;
    }
    if (reg->map == ENT_MAP_TANH) {
        const double t = tanh(scaled);
        *angle = PI * t;
        return steepest * (1.0 - t * t);
    }
    const bool inside = scaled > -1.0 && scaled < 1.0;
    *angle = inside ? PI * scaled : copysign(PI, scaled);
    return inside ? steepest : 0.0;
}

void ent_angles_encode(const ent_register *reg, int64_t n, const double *z, double *angles)
{
    for (int64_t k = 0; k < n; k++) angles[k] = map_angle(reg, z[k]);
}

void ent_angles_prepare(const ent_register *reg, const ent_register_layout *at, const double *w, double *columns)
{
    for (int k = 0; k < at->inputs; k++)
        for (int64_t j = 0; j < reg->inputs; j++)
            columns[j * at->inputs + k] = w[at->map_weight + k * reg->inputs + j];
}

/* z = bias + W x, some sums side by side, each in the order of the inputs.  Weight j of angle k is at
 * [j * by_input + k * by_angle]. */
static inline void affine(int64_t inputs, int angles, const double *weight, int64_t by_input, int64_t by_angle,
                          const double *bias, const double *x, double *z)
{
    int k = 0;
    for (; k + ENT_ANGLES_TOGETHER <= angles; k += ENT_ANGLES_TOGETHER) {
        double sum[ENT_ANGLES_TOGETHER];
        for (int i = 0; i < ENT_ANGLES_TOGETHER; i++) sum[i] = bias[k + i];
        for (int64_t j = 0; j < inputs; j++)
            for (int i = 0; i < ENT_ANGLES_TOGETHER; i++) sum[i] += weight[j * by_input + (k + i) * by_angle] * x[j];
        for (int i = 0; i < ENT_ANGLES_TOGETHER; i++) z[k + i] = sum[i];
    }
    for (; k < angles; k++) {
        z[k] = bias[k];
        for (int64_t j = 0; j < inputs; j++) z[k] += weight[j * by_input + k * by_angle] * x[j];
    }
}

static void map_slopes(const ent_register *reg, int n, double *angles, double *slope)
{
    for (int k = 0; k < n; k++) slope[k] = map_slope(reg, slope[k], &angles[k]);
}

void ent_angles_linear(const ent_register *reg, const ent_register_layout *at, const double *columns, const double *w,
                       const double *x, double *angles, double *slope)
{
    affine(reg->inputs, at->inputs, columns, at->inputs, 1, w + at->map_bias, x, slope);
    map_slopes(reg, at->inputs, angles, slope);
}

void ent_angles_spread(const ent_register_layout *at, const double *w, double *base, double *angles)
{
    memcpy(base, angles, (size_t)at->inputs * sizeof *base);
    for (int s = 0; s < at->angles; s++) angles[s] = w[at->factor + s] * base[s % at->inputs];
}

void ent_angles_gather(const ent_register_layout *at, const double *w, const double *base, double *d_angles,
                       double *gradient)
{
    for (int k = 0; k < at->inputs; k++) {
        double sum = 0.0;
        for (int s = k; s < at->angles; s += at->inputs) {
            gradient[at->factor + s] += d_angles[s] * base[k];
            sum += d_angles[s] * w[at->factor + s];
        }
        d_angles[k] = sum;
    }
}

/* Rotations have the numbers themselves as their angles. */
static bool is_derived(const ent_ansatz *a)
{
    return a->kind != ENT_ANSATZ_QASM && a->encoding > ENT_ENCODE_RZ;
}

void ent_angles_derive(const ent_register *reg, double *angles)
{
    const ent_ansatz *a = &reg->ansatz;
    if (is_derived(a)) ent_encoding_forward(a->encoding, a->qubits, a->angles_per_qubit, angles, angles);
}

void ent_angles_underive(const ent_register *reg, const double *angles, double *d_angles)
{
    const ent_ansatz *a = &reg->ansatz;
    if (is_derived(a)) ent_encoding_backward(a->encoding, a->qubits, a->angles_per_qubit, angles, d_angles, d_angles);
}

void ent_angles_forward(const ent_model_inp *inp, const ent_layout *layout, const double *w, uint32_t context,
                        const double *const *x, double *angles, double *base, double *slope)
{
    for (int m = 0; m < inp->registers; m++) {
        const ent_register *reg = &inp->reg[m];
        const ent_register_layout *at = &layout->reg[m];
        if (!(context >> m & 1)) continue;
        if (reg->linear) {
            affine(reg->inputs, at->inputs, w + at->map_weight, 1, reg->inputs, w + at->map_bias, x[m],
                   slope + at->first_angle);
            map_slopes(reg, at->inputs, angles + at->first_angle, slope + at->first_angle);
        } else {
            ent_angles_encode(reg, at->inputs, x[m], angles + at->first_angle);
        }
        if (reg->ansatz.own_angles) ent_angles_spread(at, w, base + at->first_angle, angles + at->first_angle);
        ent_angles_derive(reg, angles + at->first_angle);
    }
}

/* Rows of the map, each in turn for ENT_ANGLES_TOGETHER samples: the same sums as sample by sample. */
void ent_angles_backward(const ent_register *reg, const ent_register_layout *at, int count, const double *const *x,
                         const double *d_z, int stride, double *gradient)
{
    for (int k = 0; k < at->inputs; k++) {
        double *restrict row = gradient + at->map_weight + k * reg->inputs;
        const double *d = d_z + k;
        if (count == ENT_ANGLES_TOGETHER)
            for (int64_t j = 0; j < reg->inputs; j++)
                row[j] = row[j] + d[0] * x[0][j] + d[stride] * x[1][j] + d[2 * stride] * x[2][j] +
                         d[3 * stride] * x[3][j];
        else
            for (int i = 0; i < count; i++)
                for (int64_t j = 0; j < reg->inputs; j++) row[j] += d[i * stride] * x[i][j];
        for (int i = 0; i < count; i++) gradient[at->map_bias + k] += d[i * stride];
    }
}
