/* From features to data angles: an optional trainable affine map, then pi tanh(z / s) or a clip, then an optional
 * trainable factor for each layer that encodes; and the chain rule back.  Reads the features of present registers
 * only. */
#include <math.h>
#include <string.h>

#include "model.h"

static const double PI = 3.14159265358979323846;

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

/* z = bias + W x: each sum in the order of the inputs. */
static void affine(int64_t inputs, int angles, const double *rows, const double *bias, const double *x, double *z)
{
    for (int k = 0; k < angles; k++) {
        double sum = bias[k];
        for (int64_t j = 0; j < inputs; j++) sum += rows[k * inputs + j] * x[j];
        z[k] = sum;
    }
}

typedef double pair __attribute__((vector_size(16)));

/* The same sums for `pairs` pairs of angles side by side, from columns; without this, compilers vectorise over the
 * inputs. */
static inline __attribute__((always_inline)) void affine_pairs(int pairs, int64_t inputs, int angles,
                                                               const double *columns, const double *bias,
                                                               const double *x, double *z)
{
    pair sum[4];
    memcpy(sum, bias, (size_t)pairs * sizeof *sum);
    for (int64_t j = 0; j < inputs; j++)
        for (int i = 0; i < pairs; i++) {
            pair weight;
            memcpy(&weight, columns + j * angles + 2 * i, sizeof weight);
            sum[i] += weight * x[j];
        }
    memcpy(z, sum, (size_t)pairs * sizeof *sum);
}

static void affine_columns(int64_t inputs, int angles, const double *columns, const double *bias, const double *x,
                           double *z)
{
    int k = 0;
    for (; k + 8 <= angles; k += 8) affine_pairs(4, inputs, angles, columns + k, bias + k, x, z + k);
    for (; k + 4 <= angles; k += 4) affine_pairs(2, inputs, angles, columns + k, bias + k, x, z + k);
    for (; k + 2 <= angles; k += 2) affine_pairs(1, inputs, angles, columns + k, bias + k, x, z + k);
    for (; k < angles; k++) {
        z[k] = bias[k];
        for (int64_t j = 0; j < inputs; j++) z[k] += columns[j * angles + k] * x[j];
    }
}

/* From numbers in `slope` to angles and slopes. */
static void map_slopes(const ent_register *reg, int n, double *restrict angles, double *restrict slope)
{
    const double steepest = PI / reg->scale;
    if (!is_mapped(reg)) {
        memcpy(angles, slope, (size_t)n * sizeof *angles);
        for (int k = 0; k < n; k++) slope[k] = 1.0;
        return;
    }
    for (int k = 0; k < n; k++) angles[k] = slope[k] / reg->scale;
    if (reg->map == ENT_MAP_TANH) {
        for (int k = 0; k < n; k++) angles[k] = tanh(angles[k]);
        for (int k = 0; k < n; k++) {
            slope[k] = steepest * (1.0 - angles[k] * angles[k]);
            angles[k] = PI * angles[k];
        }
        return;
    }
    for (int k = 0; k < n; k++) {
        const bool inside = angles[k] > -1.0 && angles[k] < 1.0;
        slope[k] = inside ? steepest : 0.0;
        angles[k] = inside ? PI * angles[k] : copysign(PI, angles[k]);
    }
}

void ent_angles_linear(const ent_register *reg, const ent_register_layout *at, const double *columns, const double *w,
                       const double *x, double *angles, double *slope)
{
    affine_columns(reg->inputs, at->inputs, columns, w + at->map_bias, x, slope);
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
        if (!(ent_mask_runs(inp, context) >> m & 1)) continue;
        if (inp->token && !(context >> m & 1)) {
            memcpy(angles + at->first_angle, w + at->token, (size_t)at->inputs * sizeof *angles);
        } else if (reg->linear) {
            affine(reg->inputs, at->inputs, w + at->map_weight, w + at->map_bias, x[m], slope + at->first_angle);
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
