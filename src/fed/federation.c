/* The federation as a whole: set-up, training, access to its results. */
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "entente/clock.h"
#include "entente/cores.h"
#include "entente/memory.h"
#include "entente/random.h"
#include "entente/shard.h"
#include "fed.h"
#include "fed/privacy/download.h"
#include "fed/privacy/private.h"

int ent_threads_a_rank(ent_comm *world, int wanted)
{
    enum {
        MOST = 1024
    }; /* more than any node has; with far more, thread creation fails and libgomp ends the
    * process */
    const int share = ent_comm_node_cores(world) / ent_comm_node_ranks(world), bound = ent_cores_here();
    if (wanted > 0) return wanted;
    if (getenv("OMP_NUM_THREADS")) return omp_get_max_threads() < MOST ? omp_get_max_threads() : MOST;
    const int threads = bound < share ? bound : share;
    return threads > 1 ? threads : 1;
}

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

/* Collective. */
static ent_status make_model(ent_federation *f)
{
    ent_comm_note("the making of the model");
    ent_status status = ent_team_settle(f->ranks.team, ent_model_assemble(f));
    ENT_TRY(ent_comm_agree(f->ranks.world, status));
    f->w = ent_alloc(ent_model_params(f->model), sizeof *f->w);
    status = ent_comm_agree(f->ranks.world, f->w ? ENT_OK : ent_fail(ENT_ENOMEM, "model: no memory"));
    if (status == ENT_OK) ent_model_init(f->model, f->config->seeds.init, f->w);
    return status;
}

/* The modalities that are used without reduction. */
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
    f->ranks.world = f->ranks.lane = world;
    f->config = f->population.config = config;
    f->population.modalities = (int)config->data.modalities_count;
    f->ranks.node_ranks = ent_comm_node_ranks(world);
    f->ranks.node_cores = ent_comm_node_cores(world);
    f->ranks.threads = ent_threads_a_rank(world, config->run.threads);
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

static ent_status check_shards(int shards, int ranks)
{
    ENT_REQUIRE((shards & (shards - 1)) == 0, ENT_ECONFIG, "run.shards: found %d, want a power of two", shards);
    ENT_REQUIRE(shards <= ranks, ENT_ECONFIG, "run.shards: found %d, want at most the number of ranks, %d", shards,
                ranks);
    ENT_REQUIRE(ranks % shards == 0, ENT_ECONFIG, "run.shards: found %d, want a divisor of the number of ranks, %d",
                shards, ranks);
    return ENT_OK;
}

/* Ranks g S to g S + S - 1 hold a state together; lane j takes the j-th of each group.  Collective. */
static ent_status make_groups(ent_federation *f, int shards)
{
    const int rank = ent_comm_rank(f->ranks.world);
    if (shards == 1) return ENT_OK;
    ENT_TRY(ent_comm_split(f->ranks.world, rank / shards, &f->ranks.group));
    ent_comm *lane;
    ENT_TRY(ent_comm_split(f->ranks.world, rank % shards, &lane));
    f->ranks.lane = lane;
    return ent_comm_agree(f->ranks.world, ent_team_new(f->ranks.group, &f->ranks.team));
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
    ent_status status = check_shards(config->run.shards, ent_comm_size(world));
    if (status == ENT_OK) status = check_rounds(config->federation.rounds);
    status = ent_comm_agree(world, status);
    if (status == ENT_OK) status = make_groups(f, config->run.shards);
    if (status == ENT_OK) {
        status = open_data(f, config->data.file, NULL);
        if (status == ENT_OK) status = ent_population_make(&f->population, f->features.dataset);
        if (status == ENT_OK) status = fit_label(f);
        if (status == ENT_OK && f->config->client.class_weights == ENT_CLASS_WEIGHTS_BALANCED)
            status = ent_label_balance(&f->population.part[ENT_TRAIN], &f->target);
        status = ent_comm_agree(world, status);
    }
    if (status == ENT_OK) status = make_model(f); /* before the rows, so that too many qubits are refused at once */
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
    ent_status status = make_groups(f, check_shards(shards, ent_comm_size(world)) == ENT_OK ? shards : 1);
    if (status == ENT_OK) {
        status = open_data(f, inp->data, inp->folder);
        if (status == ENT_OK)
            status = inp->masks ? ent_population_again(&f->population, f->features.dataset, inp->absent)
                                : ent_population_all(&f->population, f->features.dataset, ent_comm_size(world),
                                                     inp->absent, inp->all_rows);
        status = ent_comm_agree(world, status);
    }
    if (status == ENT_OK) status = make_model(f);
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

static void forget_training(ent_federation *f)
{
    if (f->training) ent_training_clear(f->training);
    ent_free(f->training);
    f->training = NULL;
}

void ent_federation_free(ent_federation *f)
{
    if (!f) return;
    forget_training(f);
    for (int p = 0; p < ENT_PARTS; p++) {
        ent_part_clear(&f->population.part[p]);
        ent_rows_clear(&f->features.slice[p]);
    }
    ent_store_free(f->features.train);
    ent_model_free(f->model);
    ent_devices_free(f->population.devices);
    ent_team_free(f->ranks.team);
    if (f->ranks.lane != f->ranks.world) ent_comm_free(f->ranks.lane);
    ent_comm_free(f->ranks.group);
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

/* A periodic checkpoint: if it fails, the previous one remains, and the training continues. */
static void keep_checkpoint(ent_training *t)
{
    const ent_federation *f = t->f;
    const int every = f->config->run.checkpoint_every;
    if (!f->keep.folder || every == 0 || f->outcome.rounds % every != 0 ||
        f->outcome.rounds == f->config->federation.rounds)
        return;
    if (ent_checkpoint_save(t, NULL) == ENT_OK || ent_comm_rank(f->ranks.world) > 0 || !f->keep.note) return;
    char text[1024];
    snprintf(text, sizeof text, "no checkpoint after round %lld: %.900s", (long long)f->outcome.rounds,
             ent_message());
    f->keep.note(f->keep.context, text);
}

/* Stopped between two rounds, or during an evaluation. */
static ent_status stop_behind(ent_training *t)
{
    const long long rounds = (long long)t->f->outcome.rounds;
    const ent_status status = ent_checkpoint_save(t, NULL);
    if (status != ENT_OK) return ent_fail_in(status, "stopped after round %lld without a checkpoint", rounds);
    return ent_fail(ENT_STOPPED, "checkpoint written after round %lld: run again with --resume", rounds);
}

/* After the training of the last round. */
static ent_status finish_round(ent_training *t, ent_round_done *done, void *context)
{
    ent_federation *f = t->f;
    ent_round *figures = &f->outcome.round[f->outcome.rounds - 1];
    ent_status status = ent_round_evaluate(t, figures);
    t->unmeasured = status == ENT_STOPPED;
    if (t->unmeasured) return stop_behind(t);
    if (status == ENT_OK) ent_select_keep(t, figures);
    if (status == ENT_OK && done && ent_comm_rank(f->ranks.world) == 0) status = done(context, f, figures);
    return ent_comm_agree(f->ranks.world, status);
}

static ent_status run_rounds(ent_training *t, ent_round_done *done, void *context)
{
    ent_federation *f = t->f;
    const double begin = ent_clock_s(), before_s = f->outcome.train_s + (t->resume ? t->resume->seconds : 0.0);
    ent_status status = t->unmeasured ? finish_round(t, done, context) : ENT_OK;
    while (f->outcome.rounds < f->config->federation.rounds && status == ENT_OK && !ent_select_ends(t)) {
        ent_round *figures = &f->outcome.round[f->outcome.rounds];
        *figures = ent_round_empty();
        figures->round = f->outcome.rounds;
        status = ent_round_run(t, figures);
        if (status != ENT_OK) break;
        f->outcome.rounds++;
        f->outcome.trained_samples += (double)figures->samples;
        status = finish_round(t, done, context);
        f->outcome.train_s = before_s + ent_clock_s() - begin;
        if (status == ENT_OK) keep_checkpoint(t);
    }
    if (status != ENT_OK) return status;
    ent_select_take(t);
    status = ent_training_evaluate(t);
    if (status != ENT_STOPPED) return status;
    ent_select_put_back(t);
    return stop_behind(t);
}

/* A real label is learned as before the checkpoint; the model includes its range. */
static ent_status keep_label(ent_federation *f)
{
    const ent_label fitted = f->target.label;
    if (!f->keep.resume || f->target.label.classes > 0) return ENT_OK;
    ENT_TRY(ent_comm_agree(f->ranks.world, ent_checkpoint_label(f)));
    if (f->target.label.mean == fitted.mean && f->target.label.deviation == fitted.deviation) return ENT_OK;
    ent_label_aim(&f->population.part[ENT_TRAIN], &f->target.label);
    ent_model_free(f->model);
    f->model = NULL;
    ent_free(f->w);
    f->w = NULL;
    return make_model(f);
}

static ent_status resume_privacy(ent_training *t)
{
    const ent_outcome *outcome = &t->f->outcome;
    const ent_round *last = outcome->rounds > 0 ? &outcome->round[outcome->rounds - 1] : NULL;
    return ent_comm_agree(t->f->ranks.world,
                          ent_private_resume(t->privacy, t->timeline, &t->f->population, outcome->rounds, last));
}

/* With checkpoints the state of the last round is kept for the result. */
static ent_status train(ent_federation *f, ent_round_done *done, void *context)
{
    ent_training *t = f->training = ent_alloc(1, sizeof *t);
    ENT_TRY(ent_comm_agree(f->ranks.world, t ? ENT_OK : ent_fail(ENT_ENOMEM, "training: no memory")));
    t->f = f;
    if (f->keep.folder) ENT_TRY(ent_federation_identify(f, NULL));
    ENT_TRY(keep_label(f));
    ENT_TRY(ent_training_make(f, t));
    if (f->keep.resume) ENT_TRY(ent_checkpoint_load(t));
    if (f->keep.resume && t->privacy) ENT_TRY(resume_privacy(t));
    if (f->keep.resume && t->download)
        ENT_TRY(ent_comm_agree(f->ranks.world,
                               ent_download_resume(t->download, t->timeline, &f->population, f->outcome.rounds)));
    return run_rounds(t, done, context);
}

ent_status ent_federation_train(ent_federation *f, ent_round_done *done, void *context)
{
    /* Again, as the caller owns it and may have changed it. */
    ENT_TRY(ent_comm_agree(f->ranks.world, ent_config_check(f->config)));
    forget_training(f);
    f->outcome.rounds = 0;
    f->outcome.trained_samples = f->outcome.train_s = 0.0;
    ent_free(f->outcome.round);
    f->outcome.round = ent_alloc(f->config->federation.rounds, sizeof *f->outcome.round);
    ENT_TRY(ent_comm_agree(f->ranks.world, f->outcome.round ? ENT_OK : ent_fail(ENT_ENOMEM, "training: no memory")));
    ent_free(f->outcome.by_client);
    ENT_TRY(ent_comm_agree(f->ranks.world, ent_by_client_make(f, &f->outcome.by_client)));
    const ent_status status = train(f, done, context);
    ent_watch_free(f->watch);
    f->watch = NULL;
    if (status != ENT_OK || !f->keep.folder) forget_training(f);
    if (f->training) {
        ent_store_free(f->training->store);
        f->training->store = NULL;
    }
    return status;
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
                                .untrained_rounds = ent_untrained_rounds(&f->outcome, f->model),
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
    const double seconds = compute_seconds(f);
    view.samples_per_s = seconds > 0.0 ? f->outcome.trained_samples / seconds : 0.0;
    return view;
}
