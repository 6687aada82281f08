/* The federation as a whole: set-up, and access to its results. */
#include <math.h>
#include <string.h>

#include "entente/memory.h"
#include "fed.h"
#include "fed/saved/saved.h"

static ent_missing_inp missing_of(const ent_federation *f)
{
    const ent_config_missing *c = &f->config->missing;
    ent_missing_inp inp = {.level = c->level, .where = c->where, .empty = c->empty, .seed = f->config->seeds.masks};
    memcpy(inp.rate, c->rate, sizeof inp.rate);
    for (unsigned k = 0; k < c->absent_count; k++)
        for (int m = 0; m < f->population.modalities; m++)
            if (strcmp(c->absent[k], f->config->data.modalities[m]) == 0) inp.fixed |= UINT32_C(1) << m;
    return inp;
}

/* Whether trainable gates follow those of the registers. */
static bool is_fused(const ent_federation *f)
{
    return f->config->model.kind == ENT_MODEL_QUANTUM && f->config->model.fusion.layers > 0;
}

/* From their files, or from a result folder, which contains their texts. */
static ent_status load_ansaetze(ent_federation *f, const char *folder)
{
    for (int m = 0; m < f->population.modalities; m++) {
        const char *name = f->config->model.registers[m].ansatz;
        const ent_qasm_inputs *inputs = &f->config->model.registers[m].inputs;
        ENT_REQUIRE(ent_ansatz_named(name) == ENT_ANSATZ_QASM || inputs->data_count + inputs->params_count == 0,
                    ENT_ECONFIG, "model.registers.%s.inputs: found names, but ansatz %s is not a file with inputs",
                    f->config->data.modalities[m], name);
        if (ent_ansatz_named(name) != ENT_ANSATZ_QASM) continue;
        const ent_status status =
            folder ? ent_result_restore_ansatz(folder, f->config->data.modalities[m], inputs, &f->qasm[m])
                   : ent_qasm_load(name, inputs, &f->qasm[m]);
        if (status != ENT_OK)
            return ent_fail_in(
                status,
                "model.registers.%s.ansatz: found '%s', want basic, strong, hea, product, real_amplitudes or an "
                "OpenQASM file",
                f->config->data.modalities[m], name);
        if (!folder) /* a result of an older version may have such a circuit */
            ENT_TRY(ent_ansatz_reads(name, ent_qasm_circuit(f->qasm[m]), is_fused(f)));
    }
    return ENT_OK;
}

/* For training: the kind of label follows from the data set. */
static ent_status take_label(ent_federation *f)
{
    const ent_dataset *d = f->features.dataset;
    ENT_REQUIRE(d->classes != 1, ENT_EDATA, "%s: /label/%s is %d in every row, want 2 classes or more", d->path,
                f->config->data.label, d->class_name[0]);
    f->target.label.classes = d->classes;
    f->target.label.sentiment = d->sentiment;
    return ENT_OK;
}

/* `folder`: the result to evaluate, or NULL to train. */
static ent_status open_data(ent_federation *f, const char *path, const char *folder)
{
    const ent_config_data *c = &f->config->data;
    ent_label_inp label = {.name = c->label, .task = c->task};
    int32_t *class_name = NULL;
    ent_comm_note("the reading of the data");
    ENT_TRY(load_ansaetze(f, folder));
    ent_status status = folder ? ent_result_restore_label(f, folder, &label, &class_name) : ENT_OK;
    if (status == ENT_OK)
        status = ent_dataset_open(path, f->population.modalities, (const char *const *)c->modalities, &label,
                                  &f->features.dataset);
    ent_free(class_name);
    if (status != ENT_OK) return status;
    ENT_TRY(folder ? ent_result_check_data(f, folder) : take_label(f));
    f->target.label.class_name = f->features.dataset->class_name;
    f->target.label.class_text = f->features.dataset->class_text;
    f->target.outputs = f->target.label.classes > 0 ? f->target.label.classes : 1;
    ent_features_measure(f);
    return ENT_OK;
}

static const ent_label NO_LABEL = {.deviation = 1.0, .half = 1.0};

static ent_status start(ent_comm *world, const ent_config *config, ent_federation **out)
{
    ENT_TRY(ent_comm_agree(world, ent_config_check(config)));
    ENT_TRY(ent_machine_agree(world));
    ent_federation *f = ent_alloc(1, sizeof *f);
    const ent_status status = ent_comm_agree(world, f ? ENT_OK : ent_fail(ENT_ENOMEM, "federation: no memory"));
    if (status != ENT_OK) {
        ent_free(f);
        return status;
    }
    f->ranks = ent_ranks_each(world, config->run.threads);
    f->config = f->population.config = config;
    f->population.modalities = (int)config->data.modalities_count;
    f->population.missing = missing_of(f);
    f->target.label = NO_LABEL;
    *out = f;
    return ENT_OK;
}

static int64_t train_rows_in(const ent_dataset *data)
{
    int64_t count = 0;
    for (int64_t r = 0; r < data->rows; r++) count += data->split[r] == ENT_TRAIN;
    return count;
}

/* Bytes of features: of all rows as the model reads them, and while training rows are read either a second copy of
 * them, or of the widest modality two copies and a half in the file's form; and of principal axes a matrix and its
 * parts. */
static double foresee_features(const ent_federation *f, const ent_model_inp *inp, int64_t ranks)
{
    const ent_dataset *data = f->features.dataset;
    const double all = (double)data->rows / (double)ranks, train = (double)train_rows_in(data) / (double)ranks;
    double widest = 0.0, axes = 0.0, kept = 0.0;
    for (int m = 0; m < f->population.modalities; m++) {
        const double d = (double)data->modality[m].dimension;
        widest = fmax(widest, d);
        kept += (double)inp->reg[m].inputs * sizeof(double);
        if (ent_reduce_has_axes(f->config->model.registers[m].reduce))
            axes = fmax(axes, 1.6 * d * d * sizeof(double));
    }
    return kept * all + fmax(kept, 2.5 * widest * sizeof(float)) * train + axes;
}

/* A federation without ranks and training, for what follows from the configuration and the data set.  *out must be
 * freed in any case.  Local. */
static ent_status open_plain(const ent_config *config, ent_federation **out)
{
    *out = NULL;
    ENT_TRY(ent_config_check(config));
    ent_federation *f = *out = ent_alloc(1, sizeof *f);
    ENT_REQUIRE(f, ENT_ENOMEM, "federation: no memory");
    f->config = f->population.config = config;
    f->population.modalities = (int)config->data.modalities_count;
    f->ranks.threads = 1;
    f->target.label = NO_LABEL;
    return open_data(f, config->data.file, NULL);
}

enum { MOST_DEVICES = 1024 };

ent_status ent_federation_foresee(const ent_config *config, int64_t ranks, ent_circuit **circuit, int64_t *train_rows,
                                  double *feature_bytes)
{
    ent_federation *f;
    ent_model_inp inp;
    ent_status status = open_plain(config, &f);
    if (status == ENT_OK) /* as refused by a training */
        status = ent_devices_new(config, f->population.modalities, MOST_DEVICES, &f->population.devices);
    if (status == ENT_OK) status = ent_model_describe(f, &inp);
    if (status == ENT_OK) status = ent_model_circuit(&inp, (UINT32_C(1) << f->population.modalities) - 1, circuit);
    if (status == ENT_OK) *train_rows = train_rows_in(f->features.dataset);
    if (status == ENT_OK) *feature_bytes = foresee_features(f, &inp, ranks);
    ent_federation_free(f);
    return status;
}

ent_status ent_config_circuit(const ent_config *config, uint32_t context, ent_circuit **out)
{
    ent_federation *f;
    ent_status status = open_plain(config, &f);
    if (status == ENT_OK) status = ent_federation_circuit(f, context, -1, false, out);
    ent_federation_free(f);
    return status;
}

static ent_status check_rounds(int64_t rounds)
{
    const double bytes = (double)rounds * (double)sizeof(ent_round), available = (double)ent_memory_available_bytes();
    if (bytes < available) return ENT_OK;
    return ent_memory_lacks(bytes, available, "federation.rounds: the table of %lld rounds", (long long)rounds);
}

static ent_status fit_label(ent_federation *f)
{
    const ent_status status = ent_label_fit(&f->population, &f->target);
    return status == ENT_OK ? status
                            : ent_fail_in(status, "%s: /label/%s", f->config->data.file, f->config->data.label);
}

ent_status ent_federation_new(ent_comm *world, const ent_config *config, ent_federation **out)
{
    ent_federation *f;
    ENT_TRY(start(world, config, &f));
    ent_status status = ent_ranks_check(config->run.shards, ent_comm_size(world));
    if (status == ENT_OK) status = check_rounds(config->federation.rounds);
    status = ent_comm_agree(world, status);
    if (status == ENT_OK) status = ent_ranks_group(&f->ranks, config->run.shards);
    if (status == ENT_OK) {
        status = open_data(f, config->data.file, NULL);
        if (status == ENT_OK) status = ent_population_make(&f->population, f->features.dataset);
        if (status == ENT_OK) status = fit_label(f);
        if (status == ENT_OK && f->config->client.class_weights == ENT_CLASS_WEIGHTS_BALANCED)
            status = ent_label_balance(&f->population.part[ENT_TRAIN], &f->target);
        status = ent_comm_agree(world, status);
    }
    if (status == ENT_OK)
        status = ent_model_assemble(f); /* before the rows, so that too many qubits are refused at once */
    if (status == ENT_OK) status = ent_comm_agree(world, ent_rule_admit(&f->population, f->model));
    if (status == ENT_OK) status = ent_comm_agree(world, ent_optimizer_admit(config, f->model));
    if (status == ENT_OK) status = ent_comm_agree(world, ent_select_admit(f));
    if (status == ENT_OK) status = ent_rows_load(&f->ranks, &f->population, &f->features, true);
    if (status != ENT_OK) {
        ent_federation_free(f);
        return status;
    }
    *out = f;
    return ENT_OK;
}

ent_status ent_federation_load(ent_comm *world, const ent_config *config, const ent_load_inp *inp,
                               ent_federation **out)
{
    ent_federation *f;
    ENT_TRY(start(world, config, &f));
    const int shards = config->run.shards; /* with another number of ranks: one state per rank */
    ent_status status =
        ent_ranks_group(&f->ranks, ent_ranks_check(shards, ent_comm_size(world)) == ENT_OK ? shards : 1);
    if (status == ENT_OK) {
        status = open_data(f, inp->data, inp->folder);
        if (status == ENT_OK)
            status = inp->masks ? ent_population_again(&f->population, f->features.dataset, inp->absent)
                                : ent_population_all(&f->population, f->features.dataset, ent_comm_size(world),
                                                     inp->absent, inp->all_rows);
        status = ent_comm_agree(world, status);
    }
    if (status == ENT_OK) status = ent_model_assemble(f);
    if (status == ENT_OK) status = ent_result_restore(f, inp->folder);
    status = ent_comm_agree(world, status);
    if (status == ENT_OK) status = ent_rows_load(&f->ranks, &f->population, &f->features, false);
    if (status != ENT_OK) {
        ent_federation_free(f);
        return status;
    }
    *out = f;
    return ENT_OK;
}

static ent_status identify(ent_federation *f, ent_feature_digests *known)
{
    ENT_TRY(ent_comm_agree(f->ranks.world, open_data(f, f->config->data.file, NULL)));
    return ent_federation_identify(f, known);
}

ent_status ent_inputs_find(ent_comm *world, const ent_config *config, ent_feature_digests *known, ent_inputs *out)
{
    ent_federation *f;
    ENT_TRY(start(world, config, &f));
    const ent_status status = identify(f, known);
    if (status == ENT_OK) *out = f->inputs;
    ent_federation_free(f);
    return status;
}

void ent_federation_free(ent_federation *f)
{
    if (!f) return;
    ent_training_free(f->training);
    for (int p = 0; p < ENT_PARTS; p++) {
        ent_part_clear(&f->population.part[p]);
        ent_rows_clear(&f->features.slice[p]);
    }
    ent_store_free(f->features.train);
    ent_model_free(f->model);
    ent_devices_free(f->population.devices);
    ent_ranks_clear(&f->ranks);
    for (int m = 0; m < ENT_MAX_MODALITIES; m++) {
        ent_reduction_free(f->features.reduction[m]);
        ent_free(f->features.absent[m]);
        ent_qasm_free(f->qasm[m]);
    }
    ent_dataset_free(f->features.dataset);
    ent_free(f->w);
    ent_free(f->target.prior);
    ent_free(f->target.class_weight);
    ent_free(f->outcome.round);
    ent_free(f->outcome.by_client);
    ent_free(f->outcome.output);
    ent_free(f->outcome.pattern);
    ent_free(f->outcome.client);
    ent_free(f);
}

void ent_federation_keep(ent_federation *f, const ent_checkpoint_inp *inp)
{
    f->keep = *inp;
}

static double compute_seconds(const ent_federation *f)
{
    double sum = 0.0;
    for (int64_t r = 0; r < f->outcome.rounds; r++)
        sum += f->outcome.round[r].compute_s + f->outcome.round[r].wait_s + f->outcome.round[r].communicate_s;
    return sum;
}

ent_federation_view ent_federation_see(const ent_federation *f)
{
    ent_federation_view view = {.config = f->config,
                                .clients = f->population.clients,
                                .empty_clients = f->population.empty_clients,
                                .part = f->population.part,
                                .split = f->features.dataset->split,
                                .params = ent_model_params(f->model),
                                .qubits = ent_model_qubits(f->model),
                                .outputs = f->target.outputs,
                                .label = f->target.label,
                                .weights = f->w,
                                .reduction = (const ent_reduction *const *)f->features.reduction,
                                .engine = ent_model_engine(f->model),
                                .threads = f->ranks.threads,
                                .ranks = ent_comm_size(f->ranks.world),
                                .node_ranks = f->ranks.node_ranks,
                                .node_cores = f->ranks.node_cores,
                                .rounds = f->outcome.rounds,
                                .round = f->outcome.round,
                                .selected_round = f->outcome.selected,
                                .test = f->outcome.test,
                                .personal = f->outcome.personal,
                                .constant = f->outcome.constant,
                                .output = f->outcome.output,
                                .patterns = f->outcome.patterns,
                                .pattern = f->outcome.pattern,
                                .client = f->outcome.client,
                                .train_s = f->outcome.train_s,
                                .inputs = f->inputs,
                                .read_s = f->features.read_s};
    for (int m = 0; m < f->population.modalities; m++)
        if (f->qasm[m]) view.ansatz_notes[m] = ent_qasm_notes(f->qasm[m]);
    view.blocks = ent_model_blocks(f->model, &view.block);
    view.untrained_rounds = ent_untrained_rounds(&f->outcome, view.blocks);
    const double seconds = compute_seconds(f);
    view.samples_per_s = seconds > 0.0 ? f->outcome.trained_samples / seconds : 0.0;
    return view;
}
