/* The missing-modality mechanism (MMA), all of it.
 *
 * A sample has a context vector: bit m says that modality m is present.  For each context the model is built without
 * the absent registers: their gates, the fusion gates that touch them and their readouts are left out.  This is
 * the no-op gate of the paper taken literally, and costs 2^(absent qubits) times less.
 *   - an absent register would stay in |0...0>: it is not simulated;
 *   - a fusion gate with an absent operand is not appended, and a QFT covers only the present registers (fusion.c);
 *   - readouts of absent registers do not exist, so the head cannot read them;
 *   - a parameter that only absent registers use is in no gate, so its gradient is exactly 0, and ent_block_trains
 *     tells the server who trained what;
 *   - nothing here reads a feature, and angles.c reads only those of present registers.
 * With tokens every register exists in every context; absent ones have trained numbers in place of data angles.
 * Parameters and data angles keep the full model's slots in every context.  With `mma` off every context is treated
 * as full.  A device that has fewer qubits leaves out more of the circuit, in the same way (device.c), and more
 * features.  The other policies are rows of the table below.  Source: arXiv 2507.08217, section on MMA. */
#include <string.h>

#include "entente/memory.h"
#include "model.h"

/* ---- the policies ---- */

static const struct {
    bool masks;      /* leaves out what belongs to an absent modality */
    bool tokens;     /* an absent modality has trained numbers in place of its data */
    bool whole_only; /* uses only samples that have all modalities */
    ent_fill fill;
} POLICY[] = {
    [ENT_POLICY_MMA] = {true, false, false, ENT_FILL_NOTHING},
    [ENT_POLICY_ZERO] = {false, false, false, ENT_FILL_RAW},
    [ENT_POLICY_MEAN] = {false, false, false, ENT_FILL_REDUCED},
    [ENT_POLICY_DROP] = {false, false, true, ENT_FILL_REDUCED},
    [ENT_POLICY_NONE] = {false, false, false, ENT_FILL_STORED},
    [ENT_POLICY_TOKEN] = {false, true, false, ENT_FILL_NOTHING},
};

ent_fill ent_policy_fill(ent_policy policy)
{
    return POLICY[policy].fill;
}

bool ent_policy_masks(ent_policy policy)
{
    return POLICY[policy].masks;
}

bool ent_policy_tokens(ent_policy policy)
{
    return POLICY[policy].tokens;
}

/* Whether the blocks that a sample trains depend on its context. */
static bool tells_blocks_apart(ent_policy policy)
{
    return POLICY[policy].masks || POLICY[policy].tokens;
}

bool ent_policy_uses(ent_policy policy, int modalities, uint32_t context)
{
    return !POLICY[policy].whole_only || context == (UINT32_C(1) << modalities) - 1;
}

/* Head, loss and call cost as much as 64 amplitudes (measured with batches of 4 and 16). */
double ent_policy_cost(ent_policy policy, int modalities, const int *qubits, uint32_t context)
{
    int sum = 0;
    for (int m = 0; m < modalities; m++)
        if (!POLICY[policy].masks || context >> m & 1) sum += qubits[m];
    return 64.0 + (double)(INT64_C(1) << sum);
}

ent_status ent_policy_check(ent_policy policy, ent_context_form form, double modality_dropout)
{
    ENT_REQUIRE(form == ENT_CONTEXT_MASK || POLICY[policy].masks, ENT_ECONFIG,
                "missing.context: found embed, which needs policy mma");
    ENT_REQUIRE(modality_dropout == 0.0 || POLICY[policy].fill != ENT_FILL_STORED, ENT_ECONFIG,
                "client.modality_dropout: found %g, but policy none reads what is stored: want 0 or another policy",
                modality_dropout);
    return ENT_OK;
}

bool ent_block_trains(const ent_block *block, uint32_t context)
{
    return (block->needs & ~context) == 0 && (block->lacks & context) == 0;
}

bool ent_policy_trains(ent_policy policy, const ent_block *block, uint32_t context)
{
    return !tells_blocks_apart(policy) || ent_block_trains(block, context);
}

int64_t ent_policy_training(ent_policy policy, const ent_block *block, int64_t n, const uint32_t *context)
{
    int64_t count = 0;
    if (!tells_blocks_apart(policy)) return n;
    for (int64_t k = 0; k < n; k++) count += ent_block_trains(block, context[k]);
    return count;
}

/* ---- the mechanism ---- */

static uint32_t full_context(const ent_model_inp *inp)
{
    return (UINT32_C(1) << inp->registers) - 1;
}

uint32_t ent_mask_context(const ent_model_inp *inp, uint32_t context)
{
    return inp->mma || inp->token ? context & full_context(inp) : full_context(inp);
}

uint32_t ent_mask_runs(const ent_model_inp *inp, uint32_t context)
{
    return inp->mma ? context & full_context(inp) : full_context(inp);
}

/* Present registers are adjacent, in order; absent ones have no qubits. */
static int place_registers(const ent_model_inp *inp, const ent_layout *layout, uint32_t context, int *first_qubit)
{
    int qubits = 0;
    for (int m = 0; m < inp->registers; m++) {
        const bool present = context >> m & 1;
        first_qubit[m] = present ? qubits : -1;
        if (present) qubits += layout->reg[m].qubits;
    }
    return qubits;
}

static ent_pauli z_of(int qubit, int other)
{
    ent_pauli string = {.z = {{0}}};
    ent_bits_add(&string.z, qubit);
    if (other >= 0) ent_bits_add(&string.z, other);
    return string;
}

/* X of a qubit, or Y. */
static ent_pauli x_of(int qubit, bool y)
{
    ent_pauli string = {.z = {{0}}};
    ent_bits_add(&string.x, qubit);
    if (y) ent_bits_add(&string.z, qubit);
    return string;
}

static ent_status read(const ent_model_inp *inp, ent_masked *masked, ent_circuit *circuit, ent_pauli string,
                       int column, int stride, int of_class)
{
    const int r = masked->readouts++;
    masked->features = masked->readouts;
    masked->column[r] = inp->head == ENT_HEAD_LINEAR ? column : -1;
    masked->stride[r] = stride;
    masked->of_class[r] = of_class;
    return ent_circuit_read_pauli(circuit, &string);
}

/* Readouts of register m other than Z; its first qubit is `first`. */
static ent_status append_more(const ent_model_inp *inp, const ent_layout *layout, int m, int first,
                              ent_masked *masked, ent_circuit *circuit)
{
    const ent_register_layout *at = &layout->reg[m];
    const int n = at->qubits, pairs = n * (n - 1) / 2;
    for (int k = 0; k < 2 * n && inp->read & ENT_READ_XYZ; k++)
        ENT_TRY(read(inp, masked, circuit, x_of(first + k % n, k >= n), at->head_xy + k, 2 * n, -1));
    for (int a = 0, k = 0; a < n && inp->read & ENT_READ_ZZ_WITHIN; a++)
        for (int b = a + 1; b < n; b++, k++)
            ENT_TRY(read(inp, masked, circuit, z_of(first + a, first + b), at->head_within + k, pairs, -1));
    return ENT_OK;
}

/* Z on every non-empty set of the register's qubits; the head reads the probabilities computed from them. */
static ent_status append_probabilities(const ent_layout *layout, int m, int first_qubit, ent_masked *masked,
                                       ent_circuit *circuit)
{
    const int n = layout->reg[m].qubits, outcomes = 1 << n;
    for (int set = 1; set < outcomes; set++) {
        ent_pauli string = {.z = {{0}}};
        for (int q = 0; q < n; q++)
            if (set >> q & 1) ent_bits_add(&string.z, first_qubit + q);
        ENT_TRY(ent_circuit_read_pauli(circuit, &string));
        masked->readouts++;
    }
    for (int k = 0; k < outcomes; k++) {
        const int f = masked->features++;
        masked->column[f] = layout->reg[m].head + k;
        masked->stride[f] = outcomes;
        masked->of_class[f] = -1;
    }
    masked->register_qubits[masked->registers++] = n;
    return ENT_OK;
}

static ent_status append_readouts(const ent_model_inp *inp, const ent_layout *layout, uint32_t context,
                                  const int *first_qubit, ent_masked *masked, ent_circuit *circuit)
{
    const bool probabilities = inp->read & ENT_READ_PROBABILITIES;
    for (int m = 0; m < inp->registers && probabilities; m++)
        if (first_qubit[m] >= 0) ENT_TRY(append_probabilities(layout, m, first_qubit[m], masked, circuit));
    for (int m = 0; m < inp->registers && !probabilities; m++)
        for (int q = 0; q < layout->reg[m].qubits && first_qubit[m] >= 0; q++)
            ENT_TRY(read(inp, masked, circuit, z_of(first_qubit[m] + q, -1), layout->reg[m].head + q,
                         layout->reg[m].qubits, q % inp->outputs));
    for (int m = 0; m < inp->registers; m++)
        if (first_qubit[m] >= 0) ENT_TRY(append_more(inp, layout, m, first_qubit[m], masked, circuit));
    for (int k = 0; k < inp->fusion.pairs && inp->read & ENT_READ_ZZ; k++) {
        const int a = inp->fusion.pair[k][0], b = inp->fusion.pair[k][1], links = layout->pair[k].links;
        for (int j = 0; j < links && first_qubit[a] >= 0 && first_qubit[b] >= 0; j++) {
            int qubit[2];
            ent_fusion_link(inp, layout, k, j, qubit);
            const ent_pauli string = z_of(qubit[0] + first_qubit[a], qubit[1] + first_qubit[b]);
            ENT_TRY(read(inp, masked, circuit, string, layout->pair[k].head + j, links, -1));
        }
    }
    for (int k = 0; k < inp->strings; k++)
        if ((inp->string[k].needs & ~context) == 0)
            ENT_TRY(read(inp, masked, circuit, ent_string_placed(inp, k, first_qubit), layout->string[k], 1, -1));
    return ENT_OK;
}

/* One register for each present modality. */
static ent_status cut_registers(const ent_model_inp *inp, const ent_layout *layout, const int *first_qubit,
                                ent_circuit *circuit)
{
    int sizes[ENT_MAX_REGISTERS], registers = 0;
    for (int m = 0; m < inp->registers; m++)
        if (first_qubit[m] >= 0) sizes[registers++] = layout->reg[m].qubits;
    return ent_circuit_registers(circuit, registers, sizes);
}

static ent_status append_all(const ent_model_inp *inp, const ent_layout *layout, uint32_t context,
                             const int *first_qubit, ent_masked *masked, ent_circuit *circuit)
{
    ENT_TRY(cut_registers(inp, layout, first_qubit, circuit));
    for (int m = 0; m < inp->registers; m++) {
        ent_ansatz ansatz = inp->reg[m].ansatz;
        ansatz.layers = ent_device_layers(inp->device, ansatz.layers);
        if (first_qubit[m] >= 0)
            ENT_TRY(ent_ansatz_append(&ansatz, first_qubit[m], layout->reg[m].circuit, layout->reg[m].first_angle,
                                      circuit));
    }
    ENT_TRY(ent_fusion_append(inp, layout, first_qubit, circuit));
    return append_readouts(inp, layout, context, first_qubit, masked, circuit);
}

int ent_masked_most_features(const ent_model_inp *inp, const ent_layout *layout)
{
    int most = 3 * layout->qubits + inp->strings;
    for (int m = 0; m < inp->registers && inp->read & ENT_READ_PROBABILITIES; m++) most += 1 << layout->reg[m].qubits;
    for (int k = 0; k < inp->fusion.pairs; k++) most += layout->pair[k].links;
    for (int m = 0; m < inp->registers && inp->read & ENT_READ_ZZ_WITHIN; m++)
        most += layout->reg[m].qubits * (layout->reg[m].qubits - 1) / 2;
    return most;
}

static void move_feature(ent_masked *masked, int from, int to)
{
    masked->column[to] = masked->column[from];
    masked->stride[to] = masked->stride[from];
    masked->of_class[to] = masked->of_class[from];
}

/* Of the probabilities those of outcomes with 0 on the qubits that the device lacks, which stay |0>. */
static void keep_probabilities(const ent_model_inp *inp, ent_masked *masked)
{
    int features = 0, from = 0;
    for (int m = 0; m < masked->registers; m++) {
        const int all = masked->register_qubits[m], kept = ent_device_qubits(inp->device, all);
        for (int k = 0; k < 1 << kept; k++) move_feature(masked, from + k, features++);
        masked->register_qubits[m] = kept;
        from += 1 << all;
    }
    masked->features = features;
}

/* Leave out what the device lacks. */
static ent_status keep_device(const ent_model_inp *inp, uint32_t context, ent_masked *masked, ent_circuit **circuit)
{
    int *readout = ent_alloc(masked->readouts, sizeof *readout);
    ENT_REQUIRE(readout, ENT_ENOMEM, "model: no memory");
    const ent_status status = ent_device_keep(inp, context, readout, circuit);
    if (status == ENT_OK) {
        masked->readouts = (*circuit)->readouts;
        if (masked->registers > 0) {
            keep_probabilities(inp, masked);
        } else {
            masked->features = masked->readouts;
            for (int f = 0; f < masked->features; f++) move_feature(masked, readout[f], f);
        }
        memset(masked->share, 0, (size_t)inp->outputs * sizeof *masked->share);
        for (int f = 0; f < masked->features; f++)
            if (masked->of_class[f] >= 0) masked->share[masked->of_class[f]]++;
    }
    ent_free(readout);
    return status;
}

ent_status ent_masked_circuit(const ent_model_inp *inp, const ent_layout *layout, uint32_t context,
                              ent_masked *masked, ent_circuit **circuit)
{
    int first_qubit[ENT_MAX_REGISTERS];
    const int most = ent_masked_most_features(inp, layout);
    const int qubits = place_registers(inp, layout, context, first_qubit);
    masked->column = ent_alloc(most, sizeof *masked->column);
    masked->stride = ent_alloc(most, sizeof *masked->stride);
    masked->of_class = ent_alloc(most, sizeof *masked->of_class);
    masked->share = ent_alloc(inp->outputs, sizeof *masked->share);
    masked->weight = ent_alloc((int64_t)most * inp->outputs, sizeof *masked->weight);
    ENT_REQUIRE(masked->column && masked->stride && masked->of_class && masked->share && masked->weight, ENT_ENOMEM,
                "model: no memory");
    ENT_TRY(ent_circuit_new(qubits, layout->blocks.params, layout->angles, circuit));
    ENT_TRY(append_all(inp, layout, context, first_qubit, masked, *circuit));
    return keep_device(inp, context, masked, circuit);
}

ent_status ent_masked_new(const ent_model_inp *inp, const ent_layout *layout, uint32_t context, ent_masked **out)
{
    ent_circuit *circuit = NULL;
    ent_masked *masked = ent_alloc(1, sizeof *masked);
    ENT_REQUIRE(masked, ENT_ENOMEM, "model: no memory");
    ent_status status = ent_masked_circuit(inp, layout, context, masked, &circuit);
    if (status == ENT_OK) status = ent_device_program(inp, context, circuit, &masked->program);
    ent_circuit_free(circuit);
    if (status != ENT_OK) {
        ent_masked_free(masked);
        return status;
    }
    *out = masked;
    return ENT_OK;
}

ent_status ent_model_circuit(const ent_model_inp *inp, uint32_t context, ent_circuit **out)
{
    ENT_REQUIRE(inp->kind == ENT_MODEL_QUANTUM, ENT_EARG, "kind %s has no circuit of all registers, kind quantum has",
                ent_model_kind_name(inp->kind));
    ent_circuit *circuit = NULL;
    ent_masked *masked = ent_alloc(1, sizeof *masked);
    ent_layout *layout = ent_alloc(1, sizeof *layout);
    ent_status status = masked && layout ? ent_model_check(inp) : ent_fail(ENT_ENOMEM, "model: no memory");
    if (status == ENT_OK) status = ent_quantum_check(inp);
    if (status == ENT_OK) status = ent_layout_make(inp, layout);
    if (status == ENT_OK) status = ent_masked_circuit(inp, layout, ent_mask_runs(inp, context), masked, &circuit);
    ent_masked_free(masked);
    if (layout) ent_layout_clear(layout);
    ent_free(layout);
    if (status != ENT_OK) {
        ent_circuit_free(circuit);
        return status;
    }
    *out = circuit;
    return ENT_OK;
}

void ent_masked_free(ent_masked *masked)
{
    if (!masked) return;
    ent_program_free(masked->program);
    ent_free(masked->column);
    ent_free(masked->stride);
    ent_free(masked->of_class);
    ent_free(masked->share);
    ent_free(masked->weight);
    ent_free(masked);
}
