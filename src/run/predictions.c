/* Writes predictions.  Rows are sorted into the order of the data set, whatever order they were evaluated in; CSV
 * is written in pieces of a thousand rows. */
#include "predictions.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "entente/atomic_file.h"
#include "entente/h5.h"
#include "entente/memory.h"
#include "entente/metrics.h"

enum { PIECE = 1000 };

static bool ends_in(const char *path, const char *ending)
{
    const size_t length = strlen(path), tail = strlen(ending);
    return length > tail && strcmp(path + length - tail, ending) == 0;
}

bool run_predictions_may(const char *path)
{
    return ends_in(path, ".csv") || ends_in(path, ".h5");
}

ent_status run_predictions_look(const char *path)
{
    ent_atomic_file *probe;
    ENT_REQUIRE(access(path, F_OK) != 0, ENT_EIO, "%s: exists; want another name for --predictions", path);
    ENT_TRY(ent_atomic_file_new(path, &probe));
    ent_atomic_file_free(probe);
    return ENT_OK;
}

/* Format one row. */
typedef struct {
    int64_t row, split, client;
    double label, predicted;
    const double *output;
} prediction;

/* Convert logits to probabilities, without overflow. */
static void softmax(int classes, const double *logit, double *probability)
{
    const double most = logit[ent_predicted_class(classes, logit)];
    double sum = 0.0;
    for (int c = 0; c < classes; c++) sum += probability[c] = exp(logit[c] - most);
    for (int c = 0; c < classes; c++) probability[c] /= sum;
}

static prediction prediction_of(const ent_federation_view *v, int64_t k)
{
    const ent_part *part = &v->part[ENT_TEST];
    const double *output = v->output + k * v->outputs;
    const ent_label *label = &v->label;
    prediction p = {part->row[k], v->split[part->row[k]], part->client[k], 0.0, output[0], output};
    if (label->classes > 0) {
        p.label = label->class_name[part->category[k]];
        p.predicted = label->class_name[ent_predicted_class(label->classes, output)];
    } else {
        p.label = part->value[k];
    }
    return p;
}

typedef struct {
    int64_t row, at;
} place;

static int by_row(const void *a, const void *b)
{
    const int64_t x = ((const place *)a)->row, y = ((const place *)b)->row;
    return (x > y) - (x < y);
}

/* The positions of the rows in ascending order; NULL if memory is exhausted. */
static place *order_of(const ent_part *part)
{
    place *order = ent_alloc(part->n, sizeof *order);
    for (int64_t k = 0; order && k < part->n; k++) order[k] = (place){part->row[k], k};
    if (order) qsort(order, (size_t)part->n, sizeof *order, by_row);
    return order;
}

/* ---- CSV ---- */

static void put_header(FILE *out, const ent_label *label, bool clients)
{
    fprintf(out, "row,split%s,label,predicted", clients ? ",client" : "");
    for (int c = 0; c < label->classes; c++) fprintf(out, ",output_%d", label->class_name[c]);
    for (int c = 0; c < label->classes; c++) fprintf(out, ",probability_%d", label->class_name[c]);
    fputc('\n', out);
}

static void put_row(FILE *out, const ent_federation_view *v, const prediction *p, bool clients, double *probability)
{
    static const char *const split[] = {"train", "validation", "test"};
    const int classes = v->label.classes;
    fprintf(out, "%lld,%s", (long long)p->row, split[p->split]);
    if (clients) fprintf(out, ",%lld", (long long)p->client);
    fprintf(out, ",%.17g,%.17g", p->label, p->predicted);
    for (int c = 0; c < classes; c++) fprintf(out, ",%.17g", p->output[c]);
    if (classes > 0) softmax(classes, p->output, probability);
    for (int c = 0; c < classes; c++) fprintf(out, ",%.17g", probability[c]);
    fputc('\n', out);
}

/* Rows first..end-1 as text (free). */
static ent_status make_piece(const ent_federation_view *v, const place *order, int64_t first, int64_t end,
                             bool clients, double *probability, char **text)
{
    size_t bytes;
    *text = NULL;
    FILE *out = open_memstream(text, &bytes);
    ENT_REQUIRE(out, ENT_ENOMEM, "predictions: no memory");
    if (first == 0) put_header(out, &v->label, clients);
    for (int64_t k = first; k < end; k++) {
        const prediction p = prediction_of(v, order[k].at);
        put_row(out, v, &p, clients, probability);
    }
    const bool failed = ferror(out);
    ENT_REQUIRE(fclose(out) == 0 && !failed, ENT_ENOMEM, "predictions: no memory");
    return ENT_OK;
}

static ent_status save_csv(const char *path, const ent_federation_view *v, const place *order, bool clients)
{
    ent_atomic_file *file;
    const int64_t n = v->part[ENT_TEST].n;
    double *probability = ent_alloc(v->outputs, sizeof *probability);
    ENT_REQUIRE(probability, ENT_ENOMEM, "predictions: no memory");
    ent_status status = ent_atomic_file_new(path, &file);
    if (status != ENT_OK) goto fail;
    for (int64_t first = 0; first < n && status == ENT_OK; first += PIECE) {
        char *text;
        status = make_piece(v, order, first, first + PIECE < n ? first + PIECE : n, clients, probability, &text);
        if (status == ENT_OK) status = ent_atomic_file_write(file, text, strlen(text));
        free(text);
    }
    if (status == ENT_OK)
        status = ent_atomic_file_finish(file);
    else
        ent_atomic_file_free(file);
fail:
    ent_free(probability);
    return status;
}

/* ---- HDF5 ---- */

static const ent_h5_note NOTES[] = {
    {"/row", "1", "row of the data set, ascending"},
    {"/split", "none", "part that the row is in: 0 train, 1 validation, 2 test"},
    {"/label", "as in the data set", "label of the row: what the data set calls its class, or the value"},
    {"/predicted", "as in the data set",
     "what the model predicts: a class by its name in the data set, or the value"},
    {"/client", "1", "client of the row"},
    {"/output", "1; of a real label its unit", "outputs of the model: logits per class, or the value"},
    {"/probability", "1", "probability of each class: the softmax of the logits"},
    {"/class_name", "none", "what the data set calls each class, in the order of the outputs"},
    {"/class_text", "none", "words that the data set has for the classes, in the same order"},
    {NULL, NULL, NULL}};

static ent_status write_rows(ent_h5 *file, const ent_federation_view *v, const place *order, bool clients,
                             double *numbers)
{
    const int64_t n = v->part[ENT_TEST].n;
    static const char *const name[] = {"/row", "/split", "/label", "/predicted", "/client"};
    for (int column = 0; column < (clients ? 5 : 4); column++) {
        for (int64_t k = 0; k < n; k++) {
            const prediction p = prediction_of(v, order[k].at);
            const double values[] = {(double)p.row, (double)p.split, p.label, p.predicted, (double)p.client};
            numbers[k] = values[column];
        }
        const bool whole = v->label.classes > 0 || column < 2 || column == 4;
        int64_t *integer = (int64_t *)(void *)numbers;
        for (int64_t k = 0; k < n && whole; k++) integer[k] = (int64_t)numbers[k];
        ENT_TRY(ent_h5_write(file, name[column], whole ? ENT_H5_I64 : ENT_H5_F64, 1, &n, numbers));
    }
    return ENT_OK;
}

static ent_status write_outputs(ent_h5 *file, const ent_federation_view *v, const place *order, double *numbers)
{
    const int64_t size[2] = {v->part[ENT_TEST].n, v->outputs}, classes = v->label.classes;
    for (int64_t k = 0; k < size[0]; k++)
        memcpy(numbers + k * size[1], v->output + order[k].at * size[1], (size_t)size[1] * sizeof *numbers);
    ENT_TRY(ent_h5_write(file, "/output", ENT_H5_F64, 2, size, numbers));
    if (classes == 0) return ENT_OK;
    for (int64_t k = 0; k < size[0]; k++)
        softmax((int)classes, v->output + order[k].at * size[1], numbers + k * size[1]);
    ENT_TRY(ent_h5_write(file, "/probability", ENT_H5_F64, 2, size, numbers));
    if (v->label.class_text)
        ENT_TRY(ent_h5_write_strings(file, "/class_text", classes, (const char *const *)v->label.class_text));
    return ent_h5_write(file, "/class_name", ENT_H5_I32, 1, &classes, v->label.class_name);
}

static ent_status save_h5(const char *path, const ent_federation_view *v, const place *order, bool clients)
{
    ent_h5 *file = NULL;
    double *numbers = ent_alloc(v->part[ENT_TEST].n * v->outputs, sizeof *numbers);
    ENT_REQUIRE(numbers, ENT_ENOMEM, "predictions: no memory");
    ent_status status = ent_h5_create(path, &file);
    if (status == ENT_OK) status = write_rows(file, v, order, clients, numbers);
    if (status == ENT_OK) status = write_outputs(file, v, order, numbers);
    if (status == ENT_OK) status = ent_h5_annotate(file, NOTES);
    if (status == ENT_OK)
        status = ent_h5_finish(file);
    else
        ent_h5_close(file);
    ent_free(numbers);
    return status;
}

ent_status run_predictions_save(const char *path, const ent_federation_view *v, bool clients)
{
    place *order = order_of(&v->part[ENT_TEST]);
    ENT_REQUIRE(order, ENT_ENOMEM, "predictions: no memory");
    const ent_status status = ends_in(path, ".csv") ? save_csv(path, v, order, clients)
                                                    : save_h5(path, v, order, clients);
    ent_free(order);
    return status;
}
