/* Encodings.
 *
 * Amplitudes are prepared from the most significant qubit down: at level k, qubit n-1-k is turned by RY, by an angle
 * for each value j of the k qubits above, 2 atan2(r, l), where l and r are the norms of the halves of node j, or at
 * the last level the two amplitudes themselves.  A uniformly controlled RY is 2^k RY with CXs between them, the
 * controls in the order of the Gray code; its angles are a Walsh transform of those of the nodes. */
#include "entente/encoding.h"

#include <math.h>
#include <string.h>

static const double PI = 3.14159265358979323846;

ent_status ent_encoding_check(ent_encoding encoding, int qubits, int per_qubit)
{
    ENT_REQUIRE((int)encoding >= 0 && encoding < ENT_ENCODINGS, ENT_EARG, "encoding %d", (int)encoding);
    ENT_REQUIRE(per_qubit == 1 || per_qubit == 2, ENT_EARG, "%d data angles per qubit, want 1 or 2", per_qubit);
    ENT_REQUIRE(per_qubit == 1 || encoding == ENT_ENCODE_RY, ENT_EARG,
                "angles: found 2 data angles per qubit, want 1 with every encoding but ry");
    ENT_REQUIRE(encoding != ENT_ENCODE_AMPLITUDE || qubits <= ENT_MAX_AMPLITUDE_QUBITS, ENT_EARG,
                "amplitude encoding on %d qubits, want at most %d", qubits, ENT_MAX_AMPLITUDE_QUBITS);
    return ENT_OK;
}

int ent_encoding_inputs(ent_encoding encoding, int qubits, int per_qubit)
{
    return encoding == ENT_ENCODE_AMPLITUDE ? 1 << qubits : qubits * per_qubit;
}

static bool has_products(ent_encoding encoding)
{
    return encoding == ENT_ENCODE_IQP || encoding == ENT_ENCODE_ZZ;
}

int ent_encoding_slots(ent_encoding encoding, int qubits, int per_qubit)
{
    return ent_encoding_inputs(encoding, qubits, per_qubit) +
           (has_products(encoding) ? qubits * (qubits - 1) / 2 : 0);
}

/* ---- gates ---- */

typedef struct {
    ent_circuit *circuit;
    int qubit, slot; /* the first of each */
} place;

static ent_status turn(const place *at, ent_gate_kind kind, int q, int p, int slot, double scale)
{
    return ent_circuit_add(
        at->circuit, (ent_gate){kind, {at->qubit + q, at->qubit + p}, {ENT_ANGLE_DATA, at->slot + slot, scale, 0.0}});
}

static ent_status plain(const place *at, ent_gate_kind kind, int q, int p)
{
    return ent_circuit_add(at->circuit, (ent_gate){kind, {at->qubit + q, at->qubit + p}, ent_angle_none()});
}

static ent_status append_products(ent_encoding encoding, int n, const place *at)
{
    const double scale = encoding == ENT_ENCODE_ZZ ? 2.0 : 1.0;
    for (int q = 0; q < n; q++) {
        ENT_TRY(plain(at, ENT_H, q, q));
        ENT_TRY(turn(at, encoding == ENT_ENCODE_ZZ ? ENT_P : ENT_RZ, q, q, q, scale));
    }
    for (int p = 0, slot = n; p < n; p++)
        for (int q = p + 1; q < n; q++) ENT_TRY(turn(at, ENT_RZZ, p, q, slot++, scale));
    return ENT_OK;
}

/* The bit in which the Gray codes of i and i + 1 differ; after the last, the highest of k. */
static int gray_bit(int i, int k)
{
    return i + 1 == 1 << k ? k - 1 : __builtin_ctz((unsigned)i + 1);
}

static ent_status append_amplitudes(int n, const place *at)
{
    for (int k = 0; k < n; k++) {
        const int target = n - 1 - k, first = (1 << k) - 1;
        for (int i = 0; i < 1 << k; i++) {
            ENT_TRY(turn(at, ENT_RY, target, target, first + i, 1.0));
            if (k > 0) ENT_TRY(plain(at, ENT_CX, n - k + gray_bit(i, k), target));
        }
    }
    return ENT_OK;
}

ent_status ent_encoding_append(ent_encoding encoding, int qubits, int per_qubit, int first_qubit, int first_slot,
                               ent_circuit *circuit)
{
    const place at = {circuit, first_qubit, first_slot};
    if (has_products(encoding)) return append_products(encoding, qubits, &at);
    if (encoding == ENT_ENCODE_AMPLITUDE) return append_amplitudes(qubits, &at);
    static const ent_gate_kind kind[] = {
        [ENT_ENCODE_RY] = ENT_RY, [ENT_ENCODE_RX] = ENT_RX, [ENT_ENCODE_RZ] = ENT_RZ};
    for (int q = 0; q < qubits; q++) {
        if (encoding == ENT_ENCODE_RZ) ENT_TRY(plain(&at, ENT_H, q, q));
        ENT_TRY(turn(&at, kind[encoding], q, q, q, 1.0));
        if (per_qubit == 2) ENT_TRY(turn(&at, ENT_RZ, q, q, qubits + q, 1.0));
    }
    return ENT_OK;
}

/* ---- amplitudes ---- */

/* In place: value [2^k] of the nodes to the angles of the RY, or back. */
static void to_gates(int k, double *value)
{
    double gate[1 << (ENT_MAX_AMPLITUDE_QUBITS - 1)];
    const int count = 1 << k;
    for (int half = 1; half < count; half *= 2) /* Walsh: sums over j of (-1)^(j . m) */
        for (int j = 0; j < count; j++) {
            if (j & half) continue;
            const double a = value[j], b = value[j + half];
            value[j] = a + b;
            value[j + half] = a - b;
        }
    for (int i = 0; i < count; i++) gate[i] = value[i ^ (i >> 1)] / count;
    memcpy(value, gate, (size_t)count * sizeof *value);
}

static void to_nodes(int k, double *value)
{
    double node[1 << (ENT_MAX_AMPLITUDE_QUBITS - 1)];
    const int count = 1 << k;
    for (int i = 0; i < count; i++) node[i ^ (i >> 1)] = value[i];
    for (int half = 1; half < count; half *= 2)
        for (int j = 0; j < count; j++) {
            if (j & half) continue;
            const double a = node[j], b = node[j + half];
            node[j] = a + b;
            node[j + half] = a - b;
        }
    memcpy(value, node, (size_t)count * sizeof *value);
}

static void amplitude_forward(int n, const double *x, double *slot)
{
    double norm[1 << ENT_MAX_AMPLITUDE_QUBITS], largest = 0.0;
    const int states = 1 << n;
    for (int s = 0; s < states; s++) largest = fmax(largest, fabs(x[s]));
    for (int s = 0; s < states; s++) norm[s] = largest > 0.0 ? x[s] / largest : 0.0;
    for (int k = n - 1; k >= 0; k--) {
        double *angle = slot + (1 << k) - 1;
        for (int j = 0; j < 1 << k; j++) {
            const double l = norm[2 * j], r = norm[2 * j + 1];
            angle[j] = 2.0 * atan2(r, l); /* 0 of nothing */
            norm[j] = hypot(l, r);
        }
        to_gates(k, angle);
    }
    slot[states - 1] = largest * norm[0];
}

/* The amplitudes over the norm, [2^n], and the norms of all nodes, node j of level k at (1 << k) + j, from the angles
 * of the nodes. */
static void tree_of(int n, const double *angle, double *tree)
{
    tree[1] = 1.0;
    for (int node = 1; node < 1 << n; node++) {
        tree[2 * node] = tree[node] * cos(angle[node - 1] / 2);
        tree[2 * node + 1] = tree[node] * sin(angle[node - 1] / 2);
    }
}

static void amplitude_backward(int n, const double *slot, const double *d_slot, double *d_x)
{
    double angle[1 << ENT_MAX_AMPLITUDE_QUBITS], d_angle[1 << ENT_MAX_AMPLITUDE_QUBITS];
    double tree[2 << ENT_MAX_AMPLITUDE_QUBITS], d_tree[2 << ENT_MAX_AMPLITUDE_QUBITS];
    const int states = 1 << n;
    const double norm = slot[states - 1];
    memcpy(angle, slot, (size_t)(states - 1) * sizeof *angle);
    memcpy(d_angle, d_slot, (size_t)(states - 1) * sizeof *d_angle);
    for (int k = 0; k < n; k++) {
        to_nodes(k, angle + (1 << k) - 1);
        /* gate = W node / count, W symmetric up to the order of the Gray code, so d_node = W^T d_gate / count */
        to_nodes(k, d_angle + (1 << k) - 1);
        for (int j = 0; j < 1 << k; j++) d_angle[(1 << k) - 1 + j] /= 1 << k;
    }
    tree_of(n, angle, tree);
    d_tree[1] = 0.0; /* the norm of all is no angle's */
    for (int node = 1; node < states; node++) {
        const double l = tree[2 * node], r = tree[2 * node + 1], s = tree[node];
        const bool there = s > 0.0 && norm > 0.0;
        d_tree[2 * node] = there ? d_tree[node] * l / s - 2.0 * d_angle[node - 1] * r / (s * s) : 0.0;
        d_tree[2 * node + 1] = there ? d_tree[node] * r / s + 2.0 * d_angle[node - 1] * l / (s * s) : 0.0;
    }
    for (int k = 0; k < states; k++) d_x[k] = norm > 0.0 ? d_tree[states + k] / norm : 0.0;
}

/* ---- the whole ---- */

/* What a factor of a product is: x, or pi - x. */
static double factor_of(ent_encoding encoding, double x)
{
    return encoding == ENT_ENCODE_ZZ ? PI - x : x;
}

void ent_encoding_forward(ent_encoding encoding, int qubits, int per_qubit, const double *x, double *slot)
{
    if (encoding == ENT_ENCODE_AMPLITUDE) {
        amplitude_forward(qubits, x, slot);
        return;
    }
    const int inputs = ent_encoding_inputs(encoding, qubits, per_qubit);
    if (slot != x) memcpy(slot, x, (size_t)inputs * sizeof *x);
    for (int p = 0, at = inputs; p < qubits && has_products(encoding); p++)
        for (int q = p + 1; q < qubits; q++) slot[at++] = factor_of(encoding, slot[p]) * factor_of(encoding, slot[q]);
}

void ent_encoding_backward(ent_encoding encoding, int qubits, int per_qubit, const double *slot, const double *d_slot,
                           double *d_x)
{
    if (encoding == ENT_ENCODE_AMPLITUDE) {
        amplitude_backward(qubits, slot, d_slot, d_x);
        return;
    }
    const int inputs = ent_encoding_inputs(encoding, qubits, per_qubit);
    const double sign = encoding == ENT_ENCODE_ZZ ? -1.0 : 1.0; /* of the factor's derivative */
    if (d_x != d_slot) memcpy(d_x, d_slot, (size_t)inputs * sizeof *d_x);
    for (int p = 0, at = inputs; p < qubits && has_products(encoding); p++)
        for (int q = p + 1; q < qubits; q++, at++) {
            d_x[p] += d_slot[at] * sign * factor_of(encoding, slot[q]);
            d_x[q] += d_slot[at] * sign * factor_of(encoding, slot[p]);
        }
}
