/* Operations: gates of our kinds and global phases, and what modifiers make of a list of them.
 *
 * A control is added operation by operation.  A global phase becomes P on the control.  A controlled gate with a
 * second control: with V^2 = U, CV(b, t) CX(a, b) CV^-1(b, t) CX(a, b) CV(a, t) (Barenco et al., arXiv
 * quant-ph/9503016, lemma 6.1), so each further control multiplies the gates by about six. */
#include <math.h>
#include <string.h>

#include "entente/memory.h"
#include "qasm_parse.h"

static const double PI = 3.14159265358979323846;

static bool takes_angle(unsigned kind)
{
    return kind == QASM_PHASE || ent_gate_describe((ent_gate_kind)kind)->angles > 0;
}

ent_status ent_ops_add(qasm_parser *p, unsigned kind, int a, int b, ent_angle angle)
{
    qasm_ops *ops = &p->ops;
    if (p->dry) return ENT_OK;
    if (ops->n == QASM_MOST_OPS)
        return ent_token_fail(&p->tokens, &p->statement, "a gate made of at most %d gates", QASM_MOST_OPS);
    if (!isfinite(angle.scale) || !isfinite(angle.offset))
        return ent_token_fail(&p->tokens, &p->statement, "a gate whose angles are finite");
    ENT_REQUIRE(ent_grow((void **)&ops->op, &ops->room, ops->n, sizeof *ops->op), ENT_ENOMEM, "%s: no memory",
                p->tokens.file);
    ops->op[ops->n++] = (ent_gate){(ent_gate_kind)kind, {a, b}, angle};
    return ENT_OK;
}

static ent_status plain(qasm_parser *p, unsigned kind, int a, int b)
{
    return ent_ops_add(p, kind, a, b, ent_angle_none());
}

static ent_status turn(qasm_parser *p, unsigned kind, int a, int b, double radians)
{
    return ent_ops_add(p, kind, a, b, ent_angle_fixed(radians));
}

static ent_angle times(ent_angle angle, double factor)
{
    angle.scale *= factor;
    angle.offset *= factor;
    return angle;
}

ent_status ent_ops_turn(qasm_parser *p, unsigned kind, int a, int b, const qasm_value *value)
{
    if (value->terms == 0) return turn(p, kind, a, b, value->constant);
    for (int k = 0; k < value->terms; k++)
        ENT_TRY(ent_ops_add(p, kind, a, b,
                            (ent_angle){value->term[k].source, value->term[k].slot, value->term[k].scale,
                                        k == 0 ? value->constant : 0.0}));
    return ENT_OK;
}

/* ---- control ---- */

/* A controlled rotation or phase with the control b, controlled by a as well. */
static ent_status control_turn(qasm_parser *p, unsigned kind, int a, int b, int t, ent_angle angle)
{
    ENT_TRY(ent_ops_add(p, kind, b, t, times(angle, 0.5)));
    ENT_TRY(plain(p, ENT_CX, a, b));
    ENT_TRY(ent_ops_add(p, kind, b, t, times(angle, -0.5)));
    ENT_TRY(plain(p, ENT_CX, a, b));
    return ent_ops_add(p, kind, a, t, times(angle, 0.5));
}

/* CX and CY on (b, t) are CZ in another basis of t. */
static ent_status control_flip(qasm_parser *p, unsigned kind, int a, int b, int t)
{
    if (kind == ENT_CY) ENT_TRY(plain(p, ENT_SDG, t, t));
    if (kind != ENT_CZ) ENT_TRY(plain(p, ENT_H, t, t));
    ENT_TRY(control_turn(p, ENT_CP, a, b, t, ent_angle_fixed(PI)));
    if (kind != ENT_CZ) ENT_TRY(plain(p, ENT_H, t, t));
    return kind == ENT_CY ? plain(p, ENT_S, t, t) : ENT_OK;
}

/* exp(-i t PP / 2): with V^+ Z V = P, V on both, CX, RZ(t) on the second, CX, V^+ on both. */
static ent_status control_pair(qasm_parser *p, const ent_gate *op, int c)
{
    const bool turned = op->kind != ENT_RZZ;
    const unsigned basis = op->kind == ENT_RXX ? ENT_H : ENT_RX;
    const ent_angle quarter = basis == ENT_H ? ent_angle_none() : ent_angle_fixed(PI / 2);
    for (int k = 0; k < 2 && turned; k++) ENT_TRY(ent_ops_add(p, basis, op->qubit[k], op->qubit[k], quarter));
    ENT_TRY(plain(p, ENT_CX, op->qubit[0], op->qubit[1]));
    ENT_TRY(ent_ops_add(p, ENT_CRZ, c, op->qubit[1], op->angle));
    ENT_TRY(plain(p, ENT_CX, op->qubit[0], op->qubit[1]));
    for (int k = 0; k < 2 && turned; k++)
        ENT_TRY(ent_ops_add(p, basis, op->qubit[k], op->qubit[k], times(quarter, -1.0)));
    return ENT_OK;
}

static ent_status control_1q(qasm_parser *p, const ent_gate *op, int c)
{
    const int q = op->qubit[0];
    switch ((int)op->kind) {
    case ENT_X:
    case ENT_Y:
    case ENT_Z:
        return plain(p, op->kind == ENT_X ? ENT_CX : op->kind == ENT_Y ? ENT_CY : ENT_CZ, c, q);
    case ENT_H: /* Z in the basis turned by RY(pi/4) */
        ENT_TRY(turn(p, ENT_RY, q, q, -PI / 4));
        ENT_TRY(plain(p, ENT_CZ, c, q));
        return turn(p, ENT_RY, q, q, PI / 4);
    case ENT_S:
    case ENT_SDG:
        return turn(p, ENT_CP, c, q, op->kind == ENT_S ? PI / 2 : -PI / 2);
    case ENT_T:
    case ENT_TDG:
        return turn(p, ENT_CP, c, q, op->kind == ENT_T ? PI / 4 : -PI / 4);
    case ENT_SX: /* exp(i pi/4) RX(pi/2) */
        ENT_TRY(turn(p, ENT_P, c, c, PI / 4));
        return turn(p, ENT_CRX, c, q, PI / 2);
    case ENT_RX:
        return ent_ops_add(p, ENT_CRX, c, q, op->angle);
    case ENT_RY:
        return ent_ops_add(p, ENT_CRY, c, q, op->angle);
    case ENT_RZ:
        return ent_ops_add(p, ENT_CRZ, c, q, op->angle);
    default:
        return ent_ops_add(p, ENT_CP, c, q, op->angle);
    }
}

static ent_status control_one(qasm_parser *p, const ent_gate *op, int c)
{
    const int a = op->qubit[0], b = op->qubit[1];
    switch ((int)op->kind) {
    case QASM_PHASE:
        return ent_ops_add(p, ENT_P, c, c, op->angle);
    case ENT_CX:
    case ENT_CY:
    case ENT_CZ:
        return control_flip(p, op->kind, c, a, b);
    case ENT_SWAP:
        ENT_TRY(plain(p, ENT_CX, b, a));
        ENT_TRY(control_flip(p, ENT_CX, c, a, b));
        return plain(p, ENT_CX, b, a);
    case ENT_CRX:
    case ENT_CRY:
    case ENT_CRZ:
    case ENT_CP:
        return control_turn(p, op->kind, c, a, b, op->angle);
    case ENT_RXX:
    case ENT_RYY:
    case ENT_RZZ:
        return control_pair(p, op, c);
    default:
        return control_1q(p, op, c);
    }
}

/* ---- inverse and power ---- */

static ent_status inverse_one(qasm_parser *p, const ent_gate *op, int unused)
{
    (void)unused;
    const int a = op->qubit[0], b = op->qubit[1];
    if (takes_angle(op->kind)) return ent_ops_add(p, op->kind, a, b, times(op->angle, -1.0));
    switch (op->kind) {
    case ENT_S:
        return plain(p, ENT_SDG, a, b);
    case ENT_SDG:
        return plain(p, ENT_S, a, b);
    case ENT_T:
        return plain(p, ENT_TDG, a, b);
    case ENT_TDG:
        return plain(p, ENT_T, a, b);
    case ENT_SX:
        ENT_TRY(turn(p, QASM_PHASE, 0, 0, -PI / 4));
        return turn(p, ENT_RX, a, b, -PI / 2);
    default:
        return plain(p, op->kind, a, b);
    }
}

/* P or CP by `angle`, in the basis in which the gate of `kind` is a phase. */
static ent_status power_flip(qasm_parser *p, unsigned kind, const int qubit[2], double angle)
{
    const bool pair = kind == ENT_CX || kind == ENT_CY || kind == ENT_CZ || kind == ENT_SWAP;
    const bool y = kind == ENT_Y || kind == ENT_CY;
    const bool x = y || kind == ENT_X || kind == ENT_SX || kind == ENT_CX || kind == ENT_SWAP;
    const int a = qubit[0], b = qubit[1], t = pair ? b : a;
    if (kind == ENT_SWAP) ENT_TRY(plain(p, ENT_CX, b, a));
    if (kind == ENT_H) ENT_TRY(turn(p, ENT_RY, t, t, -PI / 4));
    if (y) ENT_TRY(plain(p, ENT_SDG, t, t));
    if (x) ENT_TRY(plain(p, ENT_H, t, t));
    ENT_TRY(turn(p, pair ? ENT_CP : ENT_P, a, t, angle));
    if (x) ENT_TRY(plain(p, ENT_H, t, t));
    if (y) ENT_TRY(plain(p, ENT_S, t, t));
    if (kind == ENT_H) ENT_TRY(turn(p, ENT_RY, t, t, PI / 4));
    return kind == ENT_SWAP ? plain(p, ENT_CX, b, a) : ENT_OK;
}

static ent_status power_one(qasm_parser *p, const ent_gate *op, double power)
{
    if (takes_angle(op->kind)) return ent_ops_add(p, op->kind, op->qubit[0], op->qubit[1], times(op->angle, power));
    const double turns = op->kind == ENT_S || op->kind == ENT_SX ? 0.5
                         : op->kind == ENT_SDG                   ? -0.5
                         : op->kind == ENT_T                     ? 0.25
                         : op->kind == ENT_TDG                   ? -0.25
                                                                 : 1.0;
    return power_flip(p, op->kind, op->qubit, turns * power * PI);
}

/* ---- lists ---- */

/* A copy of the operations from `begin` on, which are taken out. */
static ent_status take(qasm_parser *p, int64_t begin, int64_t *n, ent_gate **op)
{
    *n = p->ops.n - begin;
    *op = ent_copy(p->ops.op + (*n > 0 ? begin : 0), *n, sizeof **op);
    ENT_REQUIRE(*op, ENT_ENOMEM, "%s: no memory", p->tokens.file);
    p->ops.n = begin;
    return ENT_OK;
}

ent_status ent_ops_control(qasm_parser *p, int64_t begin, int control)
{
    int64_t n;
    ent_gate *op;
    if (p->dry || p->ops.n == begin) return ENT_OK;
    ENT_TRY(take(p, begin, &n, &op));
    ent_status status = ENT_OK;
    for (int64_t k = 0; k < n && status == ENT_OK; k++) status = control_one(p, &op[k], control);
    ent_free(op);
    return status;
}

ent_status ent_ops_inverse(qasm_parser *p, int64_t begin)
{
    int64_t n;
    ent_gate *op;
    if (p->dry || p->ops.n == begin) return ENT_OK;
    ENT_TRY(take(p, begin, &n, &op));
    ent_status status = ENT_OK;
    for (int64_t k = n - 1; k >= 0 && status == ENT_OK; k--) status = inverse_one(p, &op[k], 0);
    ent_free(op);
    return status;
}

/* A whole power: repeats the list. */
static ent_status repeat(qasm_parser *p, int64_t begin, double times_)
{
    const int64_t n = p->ops.n - begin;
    if (n == 0) return ENT_OK;
    if (times_ == 0.0) p->ops.n = begin;
    for (double k = 1.0; k < times_; k++)
        for (int64_t j = 0; j < n; j++) {
            const ent_gate op = p->ops.op[begin + j]; /* the list may move */
            ENT_TRY(ent_ops_add(p, op.kind, op.qubit[0], op.qubit[1], op.angle));
        }
    return ENT_OK;
}

ent_status ent_ops_power(qasm_parser *p, int64_t begin, double power, const token *at)
{
    int64_t n = p->ops.n - begin, gates = 0;
    ent_gate *op;
    if (p->dry || n == 0) return ENT_OK;
    for (int64_t k = begin; k < p->ops.n; k++) gates += (int)p->ops.op[k].kind != QASM_PHASE;
    const bool whole = power == floor(power);
    const bool scaled = n == 1 && takes_angle(p->ops.op[begin].kind);
    if (whole && !scaled) {
        if (power < 0.0) ENT_TRY(ent_ops_inverse(p, begin));
        return repeat(p, begin, fabs(power));
    }
    if (gates > 1) return ent_token_fail(&p->tokens, at, "a whole power of a gate that is made of several");
    ENT_TRY(take(p, begin, &n, &op));
    ent_status status = ENT_OK;
    for (int64_t k = 0; k < n && status == ENT_OK; k++) status = power_one(p, &op[k], power);
    ent_free(op);
    return status;
}

ent_status ent_ops_flush(qasm_parser *p)
{
    for (int64_t k = 0; k < p->ops.n; k++) {
        if ((int)p->ops.op[k].kind == QASM_PHASE) continue;
        if (p->circuit->gates == QASM_MOST_GATES)
            return ent_token_fail(&p->tokens, &p->statement, "at most %d gates in all", QASM_MOST_GATES);
        ENT_TRY(ent_circuit_add(p->circuit, p->ops.op[k]));
    }
    p->ops.n = 0;
    return ENT_OK;
}
