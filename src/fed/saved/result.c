/* The result of a run, <folder>/result.h5:
 *
 *   /config                      the configuration as used, YAML text; /version, /created, /host, /kind (of model),
 *                                /engine texts
 *   /seeds uint64 [4]            split, masks, init, sampling;  /layout int64 [2]: ranks, threads per rank
 *   /metrics/<name> float64 [1]  test figures of the weights
 *   /round/<name> [rounds]       one per column: loss, accuracies, bytes, seconds
 *   /client/<name> [clients]     train_rows, test_rows, accuracy, and of models of their own personal_accuracy
 *   /pattern/<name>              context (bit m: modality m present), n, accuracy, mae
 *   /part/<part>/<name> [rows]   row, client, context (the masks)
 *   /test/output [rows][outputs] predictions of the test part (logits or values), in the order of /part/test
 *   /test/category int [rows], /test/value: their true labels: the index of the class in /label/class_name, or the
 *                                real label
 *   /test/confusion int64 [C][C] test samples by true class (rows) and predicted class (columns)
 *   /baseline/majority, chance   test accuracy of the training rows' most frequent class; 1 / C
 *   /weights/value [params], /weights/first, count, needs [blocks], /weights/name text, one block per line
 *   /reduction/<modality>/...    mean, inverse, matrix
 *   /ansatz/<modality>           the text of an OpenQASM 3 file, if the register has one
 *   /prior [outputs]             the prediction from the frequencies or the mean of the training labels
 *   /label_range float64 [2]     centre and half width of a real label
 *   /client_round/accuracy [rounds][clients] where these are not millions
 *   /label/class_text             of classes whose words the data set has (/class_name): these, one a line
 *   /label/class_name int [C]    of classes: the value of each in the data set, in the order of the outputs
 *   /label/standard float64 [2]  of a real label: mean and deviation over the training rows, used to standardise it
 *   /label/sentiment uint8 [1]   1: values as in CMU-MOSEI, whose signs are classes too
 *   /dimensions int64 [modalities]: features of each modality in the data set
 *   /selected_round int64 [1]    the round of the weights, from 0: the last, or the best on the validation rows
 *   /untrained_rounds int64 [1]  number of rounds that did not change the weights
 *   /isa, /blas                 the instruction set and OpenBLAS's kernel that all ranks computed with
 *   /data, /features             SHA-256 of the tables and of the features of the data set
 *   /resume/...                  after a training with checkpoints: the state to continue from (checkpoint.c)
 *   /sha256                      the seal: SHA-256 of each dataset (h5_seal.c)
 *
 * NaN means that a figure does not apply, and nothing else: a round in which no client trained has no train_loss, one
 * that was not evaluated no test figures, a client without test rows (test_rows = 0) no accuracy.  With aggregation
 * local, test figures and outputs are those of the clients' own models, and /weights/value is their mean, weighted as
 * in fedavg. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "entente/clock.h"
#include "entente/h5.h"
#include "entente/memory.h"
#include "fed/machine.h"
#include "fed/saved/saved.h"
#include "notes.h"

static ent_status write_list(ent_h5 *file, const char *name, ent_h5_type type, int64_t n, const void *data)
{
    return ent_h5_write(file, name, type, 1, &n, data);
}

static ent_status write_number(ent_h5 *file, const char *name, double value)
{
    return write_list(file, name, ENT_H5_F64, 1, &value);
}

static ent_status write_metrics(ent_h5 *file, const ent_metrics *m, const ent_metrics *personal)
{
    ENT_TRY(write_number(file, "/metrics/n", (double)m->n));
    for (int k = 0; ent_metric_at(k); k++) {
        char name[64];
        snprintf(name, sizeof name, "/metrics/%s", ent_metric_at(k)->name);
        ENT_TRY(write_number(file, name, ent_metric_value(m, k)));
    }
    if (personal->n == 0) return ENT_OK;
    ENT_TRY(write_number(file, "/metrics/personal_accuracy", personal->accuracy));
    return write_number(file, "/metrics/personal_loss", personal->loss);
}

static ent_status write_rounds(ent_h5 *file, const ent_outcome *outcome)
{
    double *values = ent_alloc(outcome->rounds, sizeof *values);
    ENT_REQUIRE(values, ENT_ENOMEM, "result: no memory");
    ent_status status = ENT_OK;
    for (int c = 0; ent_round_column(c) && status == ENT_OK; c++) {
        char name[64];
        snprintf(name, sizeof name, "/round/%s", ent_round_column(c));
        for (int64_t r = 0; r < outcome->rounds; r++) values[r] = ent_round_figure(&outcome->round[r], c);
        status = write_list(file, name, ENT_H5_F64, outcome->rounds, values);
    }
    ent_free(values);
    return status;
}

/* One field of n structs at a distance of `stride` bytes, as a list. */
static ent_status write_strided(ent_h5 *file, const char *name, ent_h5_type type, int64_t n, const void *first,
                                size_t stride, size_t bytes)
{
    char *list = ent_alloc(n, bytes);
    ENT_REQUIRE(list, ENT_ENOMEM, "result: no memory");
    for (size_t k = 0; k < (size_t)n; k++) memcpy(list + k * bytes, (const char *)first + k * stride, bytes);
    const ent_status status = write_list(file, name, type, n, list);
    ent_free(list);
    return status;
}

#define WRITE_MEMBER(file, name, type, n, table, member)                                                             \
    write_strided(file, name, type, n, &(table)->member, sizeof *(table), sizeof(table)->member)

/* The accuracy of each client after each round, where it is kept. */
static ent_status write_client_rounds(ent_h5 *file, int64_t clients, const ent_outcome *outcome)
{
    const int64_t size[2] = {outcome->rounds, clients};
    if (!outcome->by_client || outcome->rounds == 0) return ENT_OK;
    return ent_h5_write(file, "/client_round/accuracy", ENT_H5_F64, 2, size, outcome->by_client);
}

static ent_status write_clients(ent_h5 *file, int64_t clients, const ent_outcome *outcome)
{
    const ent_client_figure *figure;
    for (int k = 0; (figure = ent_client_figure_at(k)); k++) {
        char name[64];
        if (figure->personal && outcome->personal.n == 0) continue;
        snprintf(name, sizeof name, "/client/%s", figure->name);
        ENT_TRY(write_strided(file, name, figure->whole ? ENT_H5_I64 : ENT_H5_F64, clients,
                              (const char *)outcome->client + figure->offset, sizeof *outcome->client, 8));
    }
    return ENT_OK;
}

static ent_status write_patterns(ent_h5 *file, const ent_outcome *o)
{
    ENT_TRY(WRITE_MEMBER(file, "/pattern/context", ENT_H5_U32, o->patterns, o->pattern, context));
    ENT_TRY(WRITE_MEMBER(file, "/pattern/n", ENT_H5_I64, o->patterns, o->pattern, n));
    ENT_TRY(WRITE_MEMBER(file, "/pattern/accuracy", ENT_H5_F64, o->patterns, o->pattern, accuracy));
    return WRITE_MEMBER(file, "/pattern/mae", ENT_H5_F64, o->patterns, o->pattern, mae);
}

static ent_status write_parts(ent_h5 *file, const ent_population *population)
{
    static const char *const name[ENT_PARTS] = {"train", "validation", "test"};
    for (int p = 0; p < ENT_PARTS; p++) {
        const ent_part *part = &population->part[p];
        char path[64];
        snprintf(path, sizeof path, "/part/%s/row", name[p]);
        ENT_TRY(write_list(file, path, ENT_H5_I64, part->n, part->row));
        snprintf(path, sizeof path, "/part/%s/client", name[p]);
        ENT_TRY(write_list(file, path, ENT_H5_I32, part->n, part->client));
        snprintf(path, sizeof path, "/part/%s/context", name[p]);
        ENT_TRY(write_list(file, path, ENT_H5_U32, part->n, part->context));
    }
    return ENT_OK;
}

static ent_status write_block_table(ent_h5 *file, int blocks, const ent_block *block)
{
    ENT_TRY(WRITE_MEMBER(file, "/weights/first", ENT_H5_I32, blocks, block, first));
    ENT_TRY(WRITE_MEMBER(file, "/weights/count", ENT_H5_I32, blocks, block, count));
    ENT_TRY(WRITE_MEMBER(file, "/weights/needs", ENT_H5_U32, blocks, block, needs));
    char *names = ent_alloc(blocks, sizeof block->name + 1);
    ENT_REQUIRE(names, ENT_ENOMEM, "result: no memory");
    for (int b = 0; b < blocks; b++) strcat(strcat(names, block[b].name), "\n");
    const ent_status status = ent_h5_write_text(file, "/weights/name", names);
    ent_free(names);
    return status;
}

static ent_status write_reduction(ent_h5 *file, const char *modality, const ent_reduction *r)
{
    char name[ENT_NAME_BYTES + 32];
    snprintf(name, sizeof name, "/reduction/%s/mean", modality);
    ENT_TRY(write_list(file, name, ENT_H5_F64, r->inputs, r->mean));
    snprintf(name, sizeof name, "/reduction/%s/inverse", modality);
    ENT_TRY(write_list(file, name, ENT_H5_F64, r->inputs, r->inverse));
    if (!r->matrix) return ENT_OK;
    const int64_t size[2] = {r->outputs, r->inputs};
    snprintf(name, sizeof name, "/reduction/%s/matrix", modality);
    ENT_TRY(ent_h5_write(file, name, ENT_H5_F64, 2, size, r->matrix));
    if (!r->explained) return ENT_OK;
    snprintf(name, sizeof name, "/reduction/%s/explained", modality);
    return write_list(file, name, ENT_H5_F64, r->outputs, r->explained);
}

static ent_status write_ansatz(ent_h5 *file, const char *modality, const ent_qasm *qasm)
{
    char name[ENT_NAME_BYTES + 32];
    snprintf(name, sizeof name, "/ansatz/%s", modality);
    return ent_h5_write_text(file, name, ent_qasm_text(qasm));
}

/* One per line; line breaks within a word are removed. */
static ent_status write_words(ent_h5 *file, const ent_label *label)
{
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    ENT_REQUIRE(out, ENT_ENOMEM, "result: no memory");
    for (int c = 0; c < label->classes; c++) {
        for (const char *at = label->class_text[c]; *at; at++) fputc(*at == '\n' ? ' ' : *at, out);
        fputc('\n', out);
    }
    const bool whole = !ferror(out);
    ent_status status = fclose(out) == 0 && whole ? ENT_OK : ent_fail(ENT_ENOMEM, "result: no memory");
    if (status == ENT_OK) status = ent_h5_write_text(file, "/label/class_text", text);
    free(text);
    return status;
}

static ent_status write_label(ent_h5 *file, const ent_label *label)
{
    const double range[2] = {label->center, label->half}, standard[2] = {label->mean, label->deviation};
    const uint8_t sentiment = label->sentiment;
    ENT_TRY(write_list(file, "/label_range", ENT_H5_F64, 2, range));
    ENT_TRY(write_list(file, "/label/sentiment", ENT_H5_U8, 1, &sentiment));
    if (label->classes == 0) return write_list(file, "/label/standard", ENT_H5_F64, 2, standard);
    if (label->class_text) ENT_TRY(write_words(file, label));
    return write_list(file, "/label/class_name", ENT_H5_I32, label->classes, label->class_name);
}

static ent_status write_model(ent_h5 *file, const ent_federation *f)
{
    const ent_block *block;
    const int blocks = ent_model_blocks(f->model, &block);
    ENT_TRY(write_list(file, "/weights/value", ENT_H5_F64, ent_model_params(f->model), f->w));
    ENT_TRY(write_block_table(file, blocks, block));
    ENT_TRY(write_list(file, "/prior", ENT_H5_F64, f->target.outputs, f->target.prior));
    ENT_TRY(write_label(file, &f->target.label));
    for (int m = 0; m < f->population.modalities; m++)
        if (f->qasm[m]) ENT_TRY(write_ansatz(file, f->features.dataset->modality[m].name, f->qasm[m]));
    for (int m = 0; m < f->population.modalities; m++)
        if (f->features.reduction[m])
            ENT_TRY(write_reduction(file, f->features.dataset->modality[m].name, f->features.reduction[m]));
    return ENT_OK;
}

static ent_status write_origin(ent_h5 *file, const ent_federation *f, const char *config_text, const char *version)
{
    char host[256] = "unknown", date[32];
    gethostname(host, sizeof host - 1);
    const ent_config_seeds *s = &f->config->seeds;
    const uint64_t seeds[4] = {s->split, s->masks, s->init, s->sampling};
    const int64_t layout[2] = {ent_comm_size(f->ranks.world), f->ranks.threads};
    ENT_TRY(ent_h5_write_text(file, "/config", config_text));
    ENT_TRY(ent_h5_write_text(file, "/version", version));
    ENT_TRY(ent_h5_write_text(file, "/created", ent_clock_date(date)));
    ENT_TRY(ent_h5_write_text(file, "/host", host));
    ENT_TRY(ent_inputs_write(&f->inputs, file));
    ENT_TRY(ent_machine_write(file));
    ENT_TRY(ent_h5_write_text(file, "/kind", ent_model_kind_name(f->config->model.kind)));
    ENT_TRY(ent_h5_write_text(file, "/engine", ent_model_engine(f->model)));
    ENT_TRY(write_list(file, "/seeds", ENT_H5_U64, 4, seeds));
    return write_list(file, "/layout", ENT_H5_I64, 2, layout);
}

static ent_status write_features(ent_h5 *file, const ent_dataset *d, int modalities)
{
    int64_t features[ENT_MAX_MODALITIES];
    for (int m = 0; m < modalities; m++) features[m] = d->modality[m].dimension;
    return write_list(file, "/dimensions", ENT_H5_I64, modalities, features);
}

static ent_status write_confusion(ent_h5 *file, const ent_federation *f)
{
    const ent_part *test = &f->population.part[ENT_TEST];
    const int64_t classes = f->target.label.classes, size[2] = {classes, classes};
    const ent_predictions p = {
        .n = test->n, .classes = (int)classes, .output = f->outcome.output, .category = test->category};
    int64_t *table = ent_alloc(classes * classes, sizeof *table);
    ENT_REQUIRE(table, ENT_ENOMEM, "result: no memory");
    ent_predictions_confusion(&p, table);
    const ent_status status = ent_h5_write(file, "/test/confusion", ENT_H5_I64, 2, size, table);
    ent_free(table);
    return status;
}

/* The true labels of the test part. */
static ent_status write_truth(ent_h5 *file, const ent_federation *f)
{
    const ent_part *test = &f->population.part[ENT_TEST];
    const int classes = f->target.label.classes;
    if (classes == 0) return write_list(file, "/test/value", ENT_H5_F64, test->n, test->value);
    const int majority = ent_predicted_class(classes, f->target.prior); /* log-frequencies of the training rows */
    int64_t right = 0;
    for (int64_t k = 0; k < test->n; k++) right += test->category[k] == majority;
    ENT_TRY(write_list(file, "/test/category", ENT_H5_I32, test->n, test->category));
    ENT_TRY(write_number(file, "/baseline/majority", test->n > 0 ? (double)right / (double)test->n : NAN));
    ENT_TRY(write_number(file, "/baseline/chance", 1.0 / classes));
    return write_confusion(file, f);
}

static ent_status write_all(ent_h5 *file, const ent_federation *f, const char *config_text, const char *version)
{
    const ent_block *block;
    const int64_t untrained = ent_untrained_rounds(&f->outcome, ent_model_blocks(f->model, &block));
    const int64_t size[2] = {f->population.part[ENT_TEST].n, f->target.outputs};
    ENT_TRY(write_origin(file, f, config_text, version));
    ENT_TRY(write_features(file, f->features.dataset, f->population.modalities));
    ENT_TRY(write_metrics(file, &f->outcome.test, &f->outcome.personal));
    ENT_TRY(write_rounds(file, &f->outcome));
    ENT_TRY(write_clients(file, f->population.clients, &f->outcome));
    ENT_TRY(write_client_rounds(file, f->population.clients, &f->outcome));
    ENT_TRY(write_patterns(file, &f->outcome));
    ENT_TRY(write_parts(file, &f->population));
    ENT_TRY(ent_h5_write(file, "/test/output", ENT_H5_F64, 2, size, f->outcome.output));
    ENT_TRY(write_truth(file, f));
    ENT_TRY(write_list(file, "/untrained_rounds", ENT_H5_I64, 1, &untrained));
    if (f->outcome.rounds > 0) ENT_TRY(write_list(file, "/selected_round", ENT_H5_I64, 1, &f->outcome.selected));
    return write_model(file, f);
}

ent_status ent_result_path(const char *folder, char path[4096])
{
    ENT_REQUIRE(snprintf(path, 4096, "%s/result.h5", folder) < 4096, ENT_EARG, "%s: too long a path", folder);
    return ENT_OK;
}

static ent_status create(const ent_federation *f, const char *folder, const char *config_text, const char *version,
                         ent_h5 **file)
{
    char path[4096];
    ENT_TRY(ent_result_path(folder, path));
    ENT_TRY(ent_h5_create(path, file));
    return write_all(*file, f, config_text, version);
}

ent_status ent_result_save(ent_comm *world, ent_federation *f, const char *folder, const char *config_text,
                           const char *version)
{
    ent_h5 *file = NULL;
    const bool root = ent_comm_rank(world) == 0;
    ENT_TRY(ent_federation_identify(f, NULL));
    ent_status status = ent_comm_agree(world, root ? create(f, folder, config_text, version, &file) : ENT_OK);
    if (status == ENT_OK && f->training) status = ent_checkpoint_embed(f->training, file);
    if (root && status == ENT_OK) status = ent_saved_annotate(file);
    if (root && status == ENT_OK) status = ent_h5_seal(file);
    if (root && status == ENT_OK)
        status = ent_h5_finish(file);
    else
        ent_h5_close(file);
    return ent_comm_agree(world, status);
}

ent_status ent_result_config(const char *folder, char **text)
{
    char path[4096];
    ENT_TRY(ent_result_path(folder, path));
    return ent_saved_config(path, text);
}

static ent_status read_list(const ent_h5 *file, const char *name, int64_t n, double **values)
{
    *values = ent_alloc(n, sizeof **values);
    ENT_REQUIRE(*values, ENT_ENOMEM, "result: no memory");
    return ent_h5_read(file, name, ENT_H5_F64, n, *values);
}

static ent_status read_reduction(const ent_h5 *file, ent_federation *f, int m)
{
    const char *modality = f->features.dataset->modality[m].name;
    const ent_reduce_kind kind = f->config->model.registers[m].reduce;
    const int64_t d = f->features.dataset->modality[m].dimension;
    char name[ENT_NAME_BYTES + 32];
    snprintf(name, sizeof name, "/reduction/%s/mean", modality);
    if (!ent_h5_has(file, name)) return ENT_OK; /* no training row had the modality */
    ent_reduction *r = f->features.reduction[m] = ent_alloc(1, sizeof *r);
    ENT_REQUIRE(r, ENT_ENOMEM, "result: no memory");
    const bool project = ent_reduce_projects(kind);
    r->kind = kind;
    r->inputs = d;
    r->outputs = project ? (int)f->features.width[m] : (int)d;
    r->clip = f->config->data.clip;
    ENT_TRY(read_list(file, name, d, &r->mean));
    snprintf(name, sizeof name, "/reduction/%s/inverse", modality);
    ENT_TRY(read_list(file, name, d, &r->inverse));
    if (!project) return ENT_OK;
    snprintf(name, sizeof name, "/reduction/%s/matrix", modality);
    return read_list(file, name, r->outputs * d, &r->matrix);
}

/* Versions without data.task had classes 0..C-1, and did not standardise a real label. */
static ent_status read_label(const ent_h5 *file, ent_federation *f, int32_t **class_name)
{
    ent_h5_shape prior;
    double range[2], standard[2] = {0.0, 1.0};
    ENT_TRY(ent_h5_read(file, "/label_range", ENT_H5_F64, 2, range));
    ENT_TRY(ent_h5_describe(file, "/prior", &prior));
    if (ent_h5_has(file, "/label/standard")) ENT_TRY(ent_h5_read(file, "/label/standard", ENT_H5_F64, 2, standard));
    f->target.label = (ent_label){.classes = prior.size[0] > 1 ? (int)prior.size[0] : 0,
                                  .mean = standard[0],
                                  .deviation = standard[1],
                                  .center = range[0],
                                  .half = range[1]};
    const int classes = f->target.label.classes;
    *class_name = ent_alloc(classes, sizeof **class_name);
    ENT_REQUIRE(*class_name, ENT_ENOMEM, "result: no memory");
    for (int c = 0; c < classes; c++) (*class_name)[c] = c;
    if (ent_h5_has(file, "/label/class_name"))
        ENT_TRY(ent_h5_read(file, "/label/class_name", ENT_H5_I32, classes, *class_name));
    return read_list(file, "/prior", prior.size[0], &f->target.prior);
}

ent_status ent_result_restore_ansatz(const char *folder, const char *modality, const ent_qasm_inputs *inputs,
                                     ent_qasm **out)
{
    char path[4096], name[ENT_NAME_BYTES + 32], *text;
    ent_h5 *file;
    ENT_TRY(ent_result_path(folder, path));
    ENT_TRY(ent_h5_open(path, &file));
    snprintf(name, sizeof name, "/ansatz/%s", modality);
    ent_status status = ent_h5_read_text(file, name, &text);
    ent_h5_close(file);
    if (status != ENT_OK) return status;
    status = ent_qasm_parse(text, name, inputs, out);
    ent_free(text);
    return status;
}

ent_status ent_result_restore_label(ent_federation *f, const char *folder, ent_label_inp *inp, int32_t **class_name)
{
    char path[4096];
    ent_h5 *file;
    ENT_TRY(ent_result_path(folder, path));
    ENT_TRY(ent_h5_open(path, &file));
    const ent_status status = read_label(file, f, class_name);
    ent_h5_close(file);
    if (status != ENT_OK) return status;
    inp->task = f->target.label.classes > 0 ? ENT_TASK_CLASSIFICATION : ENT_TASK_REGRESSION;
    inp->classes = f->target.label.classes;
    inp->class_name = *class_name;
    return ENT_OK;
}

/* Features of modality m that the model was trained on; 0: unknown. */
static ent_status trained_features(const ent_h5 *file, const ent_federation *f, int m, int64_t *features)
{
    int64_t all[ENT_MAX_MODALITIES];
    ent_h5_shape mean;
    char name[ENT_NAME_BYTES + 32];
    *features = 0;
    if (ent_h5_has(file, "/dimensions")) {
        ENT_TRY(ent_h5_read(file, "/dimensions", ENT_H5_I64, f->population.modalities, all));
        *features = all[m];
        return ENT_OK;
    }
    snprintf(name, sizeof name, "/reduction/%s/mean", f->features.dataset->modality[m].name);
    if (!ent_h5_has(file, name)) return ENT_OK;
    ENT_TRY(ent_h5_describe(file, name, &mean));
    *features = mean.size[0];
    return ENT_OK;
}

/* Whether a label is a sentiment follows from the training data, of which the current data may be only a part. */
static ent_status read_sentiment(const ent_h5 *file, ent_federation *f)
{
    const ent_dataset *d = f->features.dataset;
    uint8_t trained = d->sentiment;
    if (ent_h5_has(file, "/label/sentiment")) ENT_TRY(ent_h5_read(file, "/label/sentiment", ENT_H5_U8, 1, &trained));
    f->target.label.sentiment = trained && d->value;
    for (int64_t k = 0; k < d->rows && f->target.label.sentiment; k++)
        f->target.label.sentiment = fabs(d->value[k]) <= 3.0;
    return ENT_OK;
}

static ent_status check_data(const ent_h5 *file, ent_federation *f)
{
    const ent_dataset *d = f->features.dataset;
    for (int m = 0; m < f->population.modalities; m++) {
        int64_t features;
        ENT_TRY(trained_features(file, f, m, &features));
        ENT_REQUIRE(features == 0 || d->modality[m].dimension == features, ENT_EDATA,
                    "%s: modality '%s' has %lld features, this model was trained on %lld", d->path,
                    d->modality[m].name, (long long)d->modality[m].dimension, (long long)features);
    }
    return read_sentiment(file, f);
}

ent_status ent_result_check_data(ent_federation *f, const char *folder)
{
    char path[4096];
    ent_h5 *file;
    ENT_TRY(ent_result_path(folder, path));
    ENT_TRY(ent_h5_open(path, &file));
    const ent_status status = check_data(file, f);
    ent_h5_close(file);
    return status;
}

ent_status ent_result_restore(ent_federation *f, const char *folder)
{
    char path[4096];
    ent_h5 *file;
    ENT_TRY(ent_result_path(folder, path));
    ENT_TRY(ent_h5_open(path, &file));
    ent_status status = ent_h5_read(file, "/weights/value", ENT_H5_F64, ent_model_params(f->model), f->w);
    for (int m = 0; m < f->population.modalities && status == ENT_OK; m++) status = read_reduction(file, f, m);
    ent_h5_close(file);
    return status;
}
