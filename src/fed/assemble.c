/* From the configuration to a model: registers, fusion, head, loss. */
#include <limits.h>

#include "entente/memory.h"
#include "entente/shard.h"
#include "fed.h"

static ent_ansatz ansatz_of(const ent_federation *f, int m)
{
    const ent_config_register *c = &f->config->model.registers[m];
    return (ent_ansatz){.kind = ent_ansatz_named(c->ansatz),
                        .qasm = f->qasm[m],
                        .qubits = c->qubits,
                        .layers = c->layers,
                        .angles_per_qubit = c->angles,
                        .reupload = c->reupload,
                        .own_angles = c->input_scaling,
                        .encoding = c->encoding};
}

/* The number of inputs of the model made of `features` features. */
static int64_t width_of(const ent_config_register *c, const ent_ansatz *ansatz, int64_t features)
{
    enum { MOST_AXES = 32 }; /* if the configuration does not give their number */
    switch (c->reduce) {
    case ENT_REDUCE_LINEAR:
        return features;
    case ENT_REDUCE_PCA_LINEAR:
        return c->axes > 0 ? c->axes : features < MOST_AXES ? features : MOST_AXES;
    default:
        return ent_ansatz_inputs(ansatz);
    }
}

void ent_features_measure(ent_federation *f)
{
    ent_features *features = &f->features;
    for (int m = 0; m < f->population.modalities; m++) {
        const ent_ansatz ansatz = ansatz_of(f, m);
        features->angles[m] = ent_ansatz_angles(&ansatz);
        features->width[m] =
            width_of(&f->config->model.registers[m], &ansatz, features->dataset->modality[m].dimension);
    }
}

static ent_status assemble_register(const ent_federation *f, int m, ent_register *reg)
{
    const ent_config_register *c = &f->config->model.registers[m];
    const char *name = f->features.dataset->modality[m].name;
    const ent_ansatz ansatz = ansatz_of(f, m);
    const ent_status status = ent_ansatz_check(&ansatz);
    if (status != ENT_OK) return ent_fail_in(status, "model.registers.%s", name);
    const bool linear = ent_reduce_is_trained(c->reduce);
    *reg = (ent_register){.name = name,
                          .ansatz = ansatz,
                          .linear = linear,
                          .inputs = f->features.width[m],
                          .map = c->map,
                          .scale = c->scale > 0.0 ? c->scale : ent_angle_scale(&ansatz, linear)};
    return ENT_OK;
}

static ent_status check_choices(const ent_federation *f)
{
    const ent_loss_kind loss = f->config->model.loss;
    const bool real = f->target.label.classes == 0;
    ENT_REQUIRE(loss != ENT_LOSS_CROSS_ENTROPY || !real, ENT_ECONFIG,
                "model.loss: found cross_entropy, but the label '%s' is a real number: want mse or auto, or "
                "data.task: classification",
                f->config->data.label);
    ENT_REQUIRE(loss != ENT_LOSS_SQUARED || real, ENT_ECONFIG,
                "model.loss: found mse, but the label '%s' is a class: want cross_entropy or auto, or "
                "data.task: regression",
                f->config->data.label);
    return ENT_OK;
}

static ent_status check_fusion(const ent_config *c)
{
    const ent_config_fusion *fusion = &c->model.fusion;
    ENT_REQUIRE(fusion->within == ENT_WITHIN_NONE || fusion->pattern != ENT_PATTERN_CHAIN, ENT_ECONFIG,
                "model.fusion.within: found %s, want none: pattern chain joins the qubits within registers by itself",
                fusion->within == ENT_WITHIN_RING ? "ring" : "chain");
    ENT_REQUIRE(fusion->gate != ENT_QFT ||
                    (fusion->within == ENT_WITHIN_NONE && fusion->pattern != ENT_PATTERN_CHAIN),
                ENT_ECONFIG,
                "model.fusion.gate: found qft, which mixes all qubits at once, want a gate on two qubits "
                "for a chain and for joints within registers");
    ENT_REQUIRE(
        c->model.fusion.gate != ENT_QFT || c->model.fusion.pattern != ENT_PATTERN_NONE, ENT_ECONFIG,
        "model.fusion.pattern: found none, but gate qft mixes all registers: want ring, all or star (the pairs "
        "that readout zz reads)");
    return ENT_OK;
}

/* From -k to k times the parameters of the quantum model. */
static ent_status count_as_quantum(ent_model_inp *inp)
{
    const int64_t params = -(int64_t)inp->params * ent_model_quantum_params(inp);
    ENT_REQUIRE(params <= INT_MAX, ENT_ECONFIG, "model.params: found %d, which is %lld parameters, want at most %d",
                inp->params, (long long)params, INT_MAX);
    inp->params = (int)params;
    return ENT_OK;
}

/* The scale of the direct head: differences of <Z> are at most 2, of logits at most 8. */
static const double DIRECT_SCALE = 4.0;

ent_status ent_model_describe(const ent_federation *f, ent_model_inp *out)
{
    const ent_config *c = f->config;
    const ent_label *label = &f->target.label;
    ENT_TRY(check_choices(f));
    ENT_TRY(check_fusion(c));
    ENT_TRY(ent_policy_check(c->missing.policy, c->missing.context, c->client.modality_dropout));
    ent_model_inp inp = {
        .kind = c->model.kind,
        .registers = f->population.modalities,
        .fusion = {.layers = c->model.fusion.layers, .gate = c->model.fusion.gate, .within = c->model.fusion.within},
        .read = c->model.readout,
        .head = c->model.head,
        .head_scale = DIRECT_SCALE,
        .outputs = f->target.outputs,
        .squared = label->classes == 0,
        .mma = ent_policy_masks(c->missing.policy),
        .token = ent_policy_tokens(c->missing.policy),
        .embed = c->missing.context == ENT_CONTEXT_EMBED,
        .hidden = c->model.hidden,
        .params = c->model.params,
        .activation = c->model.activation,
        .device = ent_devices_base(f->population.devices),
        .layers_apart = ent_devices_layers_apart(c),
        .qubits_apart = ent_devices_qubits_apart(f->population.devices),
        .program = {.engine = c->run.engine,
                    .precision = c->run.precision,
                    .threads = f->ranks.threads,
                    .team = f->ranks.team}};
    for (int m = 0; m < f->population.modalities; m++) ENT_TRY(assemble_register(f, m, &inp.reg[m]));
    ent_fusion_connect(&inp.fusion, c->model.fusion.pattern, inp.registers);
    for (unsigned k = 0; k < c->model.strings_count; k++) {
        const ent_status status = ent_model_add_string(&inp, c->model.strings[k]);
        if (status != ENT_OK) return ent_fail_in(ENT_ECONFIG, "model.strings");
    }
    if (inp.params < 0) ENT_TRY(count_as_quantum(&inp));
    if (inp.squared) {
        inp.head_offset = (label->center - label->mean) / label->deviation;
        inp.head_scale = label->half / label->deviation;
    }
    *out = inp;
    return ENT_OK;
}

static ent_status assemble(ent_federation *f)
{
    ent_model_inp inp;
    ent_devices_free(f->population.devices);
    f->population.devices = NULL;
    ENT_TRY(ent_devices_new(f->config, f->population.modalities, f->population.clients, &f->population.devices));
    ENT_TRY(ent_model_describe(f, &inp));
    return ent_model_new(&inp, &f->model);
}

ent_status ent_model_assemble(ent_federation *f)
{
    ent_comm_note("the making of the model");
    ent_model_free(f->model);
    ent_free(f->w);
    f->model = NULL;
    f->w = NULL;
    ent_status status = ent_team_settle(f->ranks.team, assemble(f));
    ENT_TRY(ent_comm_agree(f->ranks.world, status));
    f->w = ent_alloc(ent_model_params(f->model), sizeof *f->w);
    status = ent_comm_agree(f->ranks.world, f->w ? ENT_OK : ent_fail(ENT_ENOMEM, "model: no memory"));
    if (status == ENT_OK) ent_model_init(f->model, f->config->seeds.init, f->w);
    return status;
}
