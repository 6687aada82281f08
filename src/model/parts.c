/* The parts of the model that devices with few qubits lack, read off its circuit.
 *
 * A gate needs as many qubits of a register as the highest that it is on, counted from 1, and so does a readout.  A
 * parameter needs the least of the gates that take it; a number that is encoded, and with it its row of a trainable
 * map, its bias, factor and token, the least of the gates that take its angle; a weight of the head that of its
 * readout.  Devices have the first qubits of each register, so a device of q qubits has what needs q at most. */
#include "entente/memory.h"
#include "model.h"

typedef struct {
    const ent_model_inp *inp;
    const ent_layout *layout;
    const ent_masked *masked;
    const ent_circuit *circuit;
    int number[ENT_MAX_QUBITS]; /* of a qubit in its register, from 1 */
    int *angle;                 /* [layout angles] what data angles need; 0: no gate takes it */
    int *param;                 /* [params] */
} needs;

static void number_qubits(needs *n)
{
    for (int m = 0; m < n->circuit->registers; m++)
        for (int q = n->circuit->register_first[m]; q < n->circuit->register_first[m + 1]; q++)
            n->number[q] = q - n->circuit->register_first[m] + 1;
}

static void lower(int *to, int qubits)
{
    if (*to == 0 || qubits < *to) *to = qubits;
}

static void find_gates(needs *n)
{
    for (int64_t g = 0; g < n->circuit->gates; g++) {
        const ent_gate *gate = &n->circuit->gate[g];
        const int a = n->number[gate->qubit[0]], b = n->number[gate->qubit[1]], most = a > b ? a : b;
        if (gate->angle.source == ENT_ANGLE_PARAM) lower(&n->param[gate->angle.slot], most);
        if (gate->angle.source == ENT_ANGLE_DATA) lower(&n->angle[gate->angle.slot], most);
    }
}

/* The numbers that a layer of register m encodes. */
static void find_inputs(needs *n, int m)
{
    const ent_register *reg = &n->inp->reg[m];
    const ent_register_layout *at = &n->layout->reg[m];
    const int *angle = n->angle + at->first_angle;
    for (int k = 0; k < at->inputs; k++) {
        int least = angle[k];
        for (int s = k; s < at->angles && reg->ansatz.own_angles; s += at->inputs) {
            n->param[at->factor + s] = angle[s];
            if (angle[s] > 0) lower(&least, angle[s]);
        }
        for (int64_t j = 0; j < reg->inputs && reg->linear; j++)
            n->param[at->map_weight + k * reg->inputs + j] = least;
        if (reg->linear) n->param[at->map_bias + k] = least;
        if (n->inp->token) n->param[at->token + k] = least;
    }
}

/* What the readout needs that the head reads as feature f. */
static int feature_needs(const needs *n, int f)
{
    const ent_bits on = ent_bits_or(n->circuit->readout[f].x, n->circuit->readout[f].z);
    int most = 0;
    for (int q = 0; q < n->circuit->qubits; q++)
        if (ent_bits_has(&on, q) && n->number[q] > most) most = n->number[q];
    return most;
}

/* What an outcome needs: the highest qubit on which it has a 1. */
static int outcome_needs(unsigned outcome)
{
    return outcome ? 32 - __builtin_clz(outcome) : 0;
}

static void find_head(needs *n)
{
    const ent_masked *masked = n->masked;
    for (int f = 0; f < masked->features && n->inp->head == ENT_HEAD_LINEAR; f++) {
        int first = 0; /* feature of this one's register */
        for (int m = 0; m < masked->registers && f >= first + (1 << masked->register_qubits[m]); m++)
            first += 1 << masked->register_qubits[m];
        const int qubits = masked->registers > 0 ? outcome_needs((unsigned)(f - first)) : feature_needs(n, f);
        for (int o = 0; o < n->inp->outputs; o++) n->param[masked->column[f] + o * masked->stride[f]] = qubits;
    }
}

/* Of those who have more than `apart` names: devices that do not are alike in what needs this many. */
static int round_up(uint64_t apart, int qubits)
{
    int most = 0; /* of the devices that lack it */
    for (int q = 1; q < qubits && q < 64; q++)
        if (apart >> q & 1) most = q;
    return most > 0 ? most + 1 : 0;
}

static ent_status find(needs *n, ent_layout *layout)
{
    number_qubits(n);
    find_gates(n);
    for (int m = 0; m < n->inp->registers; m++) find_inputs(n, m);
    find_head(n);
    for (int p = 0; p < layout->blocks.params; p++) n->param[p] = round_up(n->inp->qubits_apart, n->param[p]);
    return ent_blocks_divide(&layout->blocks, n->param);
}

ent_status ent_layout_divide(const ent_model_inp *inp, ent_layout *layout)
{
    ent_model_inp whole = *inp;
    ent_circuit *circuit = NULL;
    whole.device = NULL;
    ent_masked *masked = ent_alloc(1, sizeof *masked);
    needs *n = ent_alloc(1, sizeof *n);
    ent_status status = masked && n ? ENT_OK : ent_fail(ENT_ENOMEM, "model: no memory");
    if (status == ENT_OK)
        status = ent_masked_circuit(&whole, layout, (UINT32_C(1) << inp->registers) - 1, masked, &circuit);
    if (status == ENT_OK) {
        *n = (needs){.inp = inp, .layout = layout, .masked = masked, .circuit = circuit};
        n->angle = ent_alloc(layout->angles, sizeof *n->angle);
        n->param = ent_alloc(layout->blocks.params, sizeof *n->param);
        status = n->angle && n->param ? find(n, layout) : ent_fail(ENT_ENOMEM, "model: no memory");
        ent_free(n->angle);
        ent_free(n->param);
    }
    ent_circuit_free(circuit);
    ent_masked_free(masked);
    ent_free(n);
    return status;
}
