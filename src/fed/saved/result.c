/* The result of a run, <folder>/result.h5:
 *
 *   /config                      the configuration as used, YAML text; /version, /created, /host, /kind (of model),
 *                                /engine texts
 *   /seeds uint64 [4]            split, masks, init, sampling;  /layout int64 [2]: ranks, threads a rank
 *   /metrics/<name> float64 [1]  test figures after the last round
 *   /round/<name> [rounds]       a column each: loss, accuracies, bytes, seconds
 *   /client/<name> [clients]     train_rows, test_rows, accuracy, and with fine-tuning personal_accuracy
 *   /pattern/<name>              context (bit m: modality m present), n, accuracy
 *   /part/<part>/<name> [rows]   row, client, context (the masks)
 *   /test/output [rows][outputs] predictions of the test part (logits or values), in the order of /part/test
 *   /weights/value [params], /weights/first, count, needs [blocks], /weights/name text, one block a line
 *   /reduction/<modality>/...    mean, inverse, matrix
 *   /ansatz/<modality>           the text of an OpenQASM 3 file, where the register has one
 *   /prior [outputs]             what the training labels alone predict
 *   /label_range float64 [2]     centre and half width of a real label
 *   /sha256                      the seal: SHA-256 of each dataset (h5_seal.c)
 *
 * NaN says that a figure does not apply, nowhere else: a round that trained nobody has no train_loss, one that was not
 * evaluated no test figures, a client without test rows (test_rows = 0) no accuracy.  aggregation: local: test figures
 * and outputs are those of the clients' own models, /weights/value is their mean, weighted as fedavg does. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "entente/clock.h"
#include "entente/h5.h"
#include "entente/memory.h"
#include "fed/fed.h"

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
    const struct {
        const char *name;
        double value;
    } table[] = {{"/metrics/n", (double)m->n},
                 {"/metrics/loss", m->loss},
                 {"/metrics/accuracy", m->accuracy},
                 {"/metrics/accuracy_nonzero", m->accuracy_nonzero},
                 {"/metrics/accuracy5", m->accuracy5},
                 {"/metrics/accuracy7", m->accuracy7},
                 {"/metrics/f1_weighted", m->f1_weighted},
                 {"/metrics/f1_macro", m->f1_macro},
                 {"/metrics/mae", m->mae},
                 {"/metrics/pearson", m->pearson}};
    for (size_t k = 0; k < sizeof table / sizeof *table; k++)
        ENT_TRY(write_number(file, table[k].name, table[k].value));
    if (personal->n == 0) return ENT_OK;
    ENT_TRY(write_number(file, "/metrics/personal_accuracy", personal->accuracy));
    return write_number(file, "/metrics/personal_loss", personal->loss);
}

/* One column of /round: a number of each round. */
static double round_figure(const ent_round *r, int column)
{
    const bool evaluated = r->test.n > 0;
    switch (column) {
    case 0:
        return (double)r->round;
    case 1:
        return (double)r->cohort;
    case 2:
        return (double)r->trained;
    case 3:
        return (double)r->samples;
    case 4:
        return r->train_loss;
    case 5:
        return r->validation.n > 0 ? r->validation.loss : NAN;
    case 6:
        return r->validation.n > 0 ? r->validation.accuracy : NAN;
    case 7:
        return evaluated ? r->test.loss : NAN;
    case 8:
        return evaluated ? r->test.accuracy : NAN;
    case 9:
        return evaluated ? r->test.f1_weighted : NAN;
    case 10:
        return evaluated ? r->test.mae : NAN;
    case 11:
        return evaluated ? r->test.pearson : NAN;
    case 12:
        return r->bytes_up;
    case 13:
        return r->bytes_down;
    case 14:
        return r->compute_s;
    case 15:
        return r->communicate_s;
    case 16:
        return r->wait_s;
    case 17:
        return r->evaluate_s;
    case 18:
        return r->compute_mean_s;
    case 19:
        return (double)r->lost;
    case 20:
        return r->simulated_s;
    case 21:
        return r->staleness;
    case 22:
        return (double)r->excluded;
    default:
        return (double)r->blocks_short;
    }
}

static ent_status write_rounds(ent_h5 *file, const ent_federation *f)
{
    static const char *const column[] = {"round",
                                         "cohort",
                                         "trained",
                                         "samples",
                                         "train_loss",
                                         "validation_loss",
                                         "validation_accuracy",
                                         "test_loss",
                                         "test_accuracy",
                                         "test_f1_weighted",
                                         "test_mae",
                                         "test_pearson",
                                         "bytes_up",
                                         "bytes_down",
                                         "compute_s",
                                         "communicate_s",
                                         "wait_s",
                                         "evaluate_s",
                                         "compute_mean_s",
                                         "lost",
                                         "simulated_s",
                                         "staleness",
                                         "excluded",
                                         "blocks_short"};
    double *values = ent_alloc(f->rounds, sizeof *values);
    ENT_REQUIRE(values, ENT_ENOMEM, "result: no memory");
    ent_status status = ENT_OK;
    for (int c = 0; c < (int)(sizeof column / sizeof *column) && status == ENT_OK; c++) {
        char name[64];
        snprintf(name, sizeof name, "/round/%s", column[c]);
        for (int64_t r = 0; r < f->rounds; r++) values[r] = round_figure(&f->round[r], c);
        status = write_list(file, name, ENT_H5_F64, f->rounds, values);
    }
    ent_free(values);
    return status;
}

/* One member of n structs, which are `stride` bytes apart, as a list. */
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

static ent_status write_clients(ent_h5 *file, const ent_federation *f)
{
    ENT_TRY(WRITE_MEMBER(file, "/client/train_rows", ENT_H5_I64, f->clients, f->client, train_rows));
    ENT_TRY(WRITE_MEMBER(file, "/client/test_rows", ENT_H5_I64, f->clients, f->client, test_rows));
    ENT_TRY(WRITE_MEMBER(file, "/client/accuracy", ENT_H5_F64, f->clients, f->client, accuracy));
    if (f->personal.n == 0) return ENT_OK;
    return WRITE_MEMBER(file, "/client/personal_accuracy", ENT_H5_F64, f->clients, f->client, personal_accuracy);
}

static ent_status write_patterns(ent_h5 *file, const ent_federation *f)
{
    ENT_TRY(WRITE_MEMBER(file, "/pattern/context", ENT_H5_U32, f->patterns, f->pattern, context));
    ENT_TRY(WRITE_MEMBER(file, "/pattern/n", ENT_H5_I64, f->patterns, f->pattern, n));
    return WRITE_MEMBER(file, "/pattern/accuracy", ENT_H5_F64, f->patterns, f->pattern, accuracy);
}

static ent_status write_parts(ent_h5 *file, const ent_federation *f)
{
    static const char *const name[ENT_PARTS] = {"train", "validation", "test"};
    for (int p = 0; p < ENT_PARTS; p++) {
        const ent_part *part = &f->part[p];
        char path[64];
        snprintf(path, sizeof path, "/part/%s/row", name[p]);
        ENT_TRY(write_list(file, path, ENT_H5_I64, part->n, part->row));
        snprintf(path, sizeof path, "/part/%s/client", name[p]);
        ENT_TRY(write_list(file, path, ENT_H5_I32, part->n, part->client));
        snprintf(path, sizeof path, "/part/%s/context", name[p]);
        ENT_TRY(write_list(file, path, ENT_H5_U32, part->n, part->context));
    }
    const int64_t size[2] = {f->part[ENT_TEST].n, f->outputs};
    return ent_h5_write(file, "/test/output", ENT_H5_F64, 2, size, f->output);
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

static ent_status write_model(ent_h5 *file, const ent_federation *f)
{
    const ent_block *block;
    const int blocks = ent_model_blocks(f->model, &block);
    ENT_TRY(write_list(file, "/weights/value", ENT_H5_F64, ent_model_params(f->model), f->w));
    ENT_TRY(write_block_table(file, blocks, block));
    const double range[2] = {f->label_center, f->label_half};
    ENT_TRY(write_list(file, "/prior", ENT_H5_F64, f->outputs, f->prior));
    ENT_TRY(write_list(file, "/label_range", ENT_H5_F64, 2, range));
    for (int m = 0; m < f->modalities; m++)
        if (f->qasm[m]) ENT_TRY(write_ansatz(file, f->dataset->modality[m].name, f->qasm[m]));
    for (int m = 0; m < f->modalities; m++)
        if (f->reduction[m]) ENT_TRY(write_reduction(file, f->dataset->modality[m].name, f->reduction[m]));
    return ENT_OK;
}

static ent_status write_origin(ent_h5 *file, const ent_federation *f, const char *config_text, const char *version)
{
    char host[256] = "unknown", date[32];
    gethostname(host, sizeof host - 1);
    const ent_config_seeds *s = &f->config->seeds;
    const uint64_t seeds[4] = {s->split, s->masks, s->init, s->sampling};
    const int64_t layout[2] = {ent_comm_size(f->world), f->threads};
    ENT_TRY(ent_h5_write_text(file, "/config", config_text));
    ENT_TRY(ent_h5_write_text(file, "/version", version));
    ENT_TRY(ent_h5_write_text(file, "/created", ent_clock_date(date)));
    ENT_TRY(ent_h5_write_text(file, "/host", host));
    ENT_TRY(ent_h5_write_text(file, "/kind", ent_model_kind_name(f->config->model.kind)));
    ENT_TRY(ent_h5_write_text(file, "/engine", ent_model_engine(f->model)));
    ENT_TRY(write_list(file, "/seeds", ENT_H5_U64, 4, seeds));
    return write_list(file, "/layout", ENT_H5_I64, 2, layout);
}

static ent_status write_all(ent_h5 *file, const ent_federation *f, const char *config_text, const char *version)
{
    ENT_TRY(write_origin(file, f, config_text, version));
    ENT_TRY(write_metrics(file, &f->test, &f->personal));
    ENT_TRY(write_rounds(file, f));
    ENT_TRY(write_clients(file, f));
    ENT_TRY(write_patterns(file, f));
    ENT_TRY(write_parts(file, f));
    return write_model(file, f);
}

static ent_status path_of(const char *folder, char path[4096])
{
    ENT_REQUIRE(snprintf(path, 4096, "%s/result.h5", folder) < 4096, ENT_EARG, "%s: too long a path", folder);
    return ENT_OK;
}

ent_status ent_result_save(ent_comm *world, const ent_federation *f, const char *folder, const char *config_text,
                           const char *version)
{
    ent_status status = ENT_OK;
    if (ent_comm_rank(world) == 0) {
        char path[4096];
        ent_h5 *file = NULL;
        status = path_of(folder, path);
        if (status == ENT_OK) status = ent_h5_create(path, &file);
        if (status == ENT_OK) {
            status = write_all(file, f, config_text, version);
            if (status == ENT_OK) status = ent_h5_seal(file);
            if (status == ENT_OK)
                status = ent_h5_finish(file);
            else
                ent_h5_close(file);
        }
    }
    return ent_comm_agree(world, status);
}

ent_status ent_result_config(const char *folder, char **text)
{
    char path[4096];
    ent_h5 *file;
    ENT_TRY(path_of(folder, path));
    ENT_TRY(ent_h5_open(path, &file));
    ent_status status = ent_h5_verify(file, NULL);
    if (status == ENT_OK) status = ent_h5_read_text(file, "/config", text);
    ent_h5_close(file);
    return status;
}

static ent_status read_list(const ent_h5 *file, const char *name, int64_t n, double **values)
{
    *values = ent_alloc(n, sizeof **values);
    ENT_REQUIRE(*values, ENT_ENOMEM, "result: no memory");
    return ent_h5_read(file, name, ENT_H5_F64, n, *values);
}

static ent_status read_reduction(const ent_h5 *file, ent_federation *f, int m)
{
    const char *modality = f->dataset->modality[m].name;
    const ent_reduce_kind kind = f->config->model.registers[m].reduce;
    const int64_t d = f->dataset->modality[m].dimension;
    char name[ENT_NAME_BYTES + 32];
    snprintf(name, sizeof name, "/reduction/%s/mean", modality);
    if (!ent_h5_has(file, name)) return ENT_OK; /* no training row had it */
    ent_reduction *r = f->reduction[m] = ent_alloc(1, sizeof *r);
    ENT_REQUIRE(r, ENT_ENOMEM, "result: no memory");
    const bool project = kind == ENT_REDUCE_PCA || kind == ENT_REDUCE_RANDOM;
    r->kind = kind;
    r->inputs = d;
    r->outputs = project ? ent_reduced_inputs(f, m) : (int)d;
    ENT_TRY(read_list(file, name, d, &r->mean));
    snprintf(name, sizeof name, "/reduction/%s/inverse", modality);
    ENT_TRY(read_list(file, name, d, &r->inverse));
    if (!project) return ENT_OK;
    snprintf(name, sizeof name, "/reduction/%s/matrix", modality);
    return read_list(file, name, r->outputs * d, &r->matrix);
}

static ent_status read_label(const ent_h5 *file, ent_federation *f)
{
    ent_h5_shape prior;
    double range[2];
    ENT_TRY(ent_h5_read(file, "/label_range", ENT_H5_F64, 2, range));
    ENT_TRY(ent_h5_describe(file, "/prior", &prior));
    ENT_REQUIRE(f->classes <= prior.size[0] && (f->classes > 0) == (prior.size[0] > 1), ENT_EDATA,
                "%s: /label/%s has %d classes, the trained model %lld outputs", f->dataset->path,
                f->config->data.label, f->classes, (long long)prior.size[0]);
    f->label_center = range[0];
    f->label_half = range[1];
    f->outputs = (int)prior.size[0];
    if (f->classes > 0) f->classes = f->outputs; /* the data need not have samples of the last classes */
    return read_list(file, "/prior", f->outputs, &f->prior);
}

ent_status ent_result_restore_ansatz(const char *folder, const char *modality, ent_qasm **out)
{
    char path[4096], name[ENT_NAME_BYTES + 32], *text;
    ent_h5 *file;
    ENT_TRY(path_of(folder, path));
    ENT_TRY(ent_h5_open(path, &file));
    snprintf(name, sizeof name, "/ansatz/%s", modality);
    ent_status status = ent_h5_read_text(file, name, &text);
    ent_h5_close(file);
    if (status != ENT_OK) return status;
    status = ent_qasm_parse(text, name, out);
    ent_free(text);
    return status;
}

ent_status ent_result_restore_label(ent_federation *f, const char *folder)
{
    char path[4096];
    ent_h5 *file;
    ENT_TRY(path_of(folder, path));
    ENT_TRY(ent_h5_open(path, &file));
    const ent_status status = read_label(file, f);
    ent_h5_close(file);
    return status;
}

ent_status ent_result_restore(ent_federation *f, const char *folder)
{
    char path[4096];
    ent_h5 *file;
    ENT_TRY(path_of(folder, path));
    ENT_TRY(ent_h5_open(path, &file));
    ent_status status = ent_h5_read(file, "/weights/value", ENT_H5_F64, ent_model_params(f->model), f->w);
    for (int m = 0; m < f->modalities && status == ENT_OK; m++) status = read_reduction(file, f, m);
    ent_h5_close(file);
    return status;
}
