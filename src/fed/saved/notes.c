/* The table of descriptions of results and checkpoints: a row per dataset; those of figures come from their own
 * tables.
 *
 * A result has a checkpoint's tables under /resume; the checksums of a table's rows are at the table's path below
 * /check. */
#include "notes.h"

#include "entente/fed.h"

/* clang-format off */
#define FIGURE(name, unit, note, description)   {"/round/" #name, unit, description},
#define METRICS(part, of)                       ENT_METRICS(PART_METRIC, part)
#define PART_METRIC(part, name, title, unit, low, high, rounds, description)                                         \
    {"/round/" #part "_" #name, unit, #part " part, NaN in rounds that are not evaluated: " description},
#define METRIC(A, name, title, unit, low, high, rounds, description) {"/metrics/" #name, unit, description},
#define CLIENT(name, unit, personal, description)                    {"/client/" #name, unit, description},
#define STATE(name, unit, description) \
    \
    {name, unit, description}, {"/resume" name, unit, description},

static const ent_h5_note NOTES[] = {
    /* both */
    {"/check/*", "none", "first 64 bits of the SHA-256 of each row of the table at the rest of this path"},
    {"/config", "none", "the configuration as used, YAML"},
    {"/isa", "none", "instruction set that all ranks computed with"},
    {"/blas", "none", "OpenBLAS's kernel that all ranks computed with"},
    {"/data", "none", "SHA-256 of the tables of the data set and of the OpenQASM files"},
    {"/features", "none", "SHA-256 of the features of the data set"},
    /* a checkpoint */
    STATE("/numbers", "1", "format; rounds that are done; 1 inside the next round, 2 before the last one's "
                           "evaluation; the "
                           "data set's rows and bytes")
    STATE("/seconds", "s", "time of the training so far, and of the round that was stopped")
    STATE("/memory", "1", "vectors that the aggregation rule keeps, a row each")
    STATE("/standard", "the label's unit", "mean and deviation of a real label, by which the model learns it")
    STATE("/figures", "as the field", "figures of the rounds, a row per round, a column per field of figure_names")
    STATE("/client_round/accuracy", "1", "accuracy on the test rows of each client, a row per round; NaN in rounds "
                                         "that are not evaluated, and for clients without test rows")
    STATE("/figure_names", "none", "fields of figures, one a line")
    STATE("/history/round", "1", "the round of the first row of history/weights, counted from 0")
    STATE("/history/weights", "1", "first weights of earlier rounds, a row per round")
    STATE("/client/number", "1", "clients that keep something between rounds")
    STATE("/client/vector", "1", "what each of them keeps")
    STATE("/best/round", "1", "the best round so far on the validation rows, counted from 0; -1: none yet")
    STATE("/best/score", "1, or minus the loss's unit", "its accuracy on the validation rows, or minus its loss")
    STATE("/best/weights", "1", "its weights")
    STATE("/known", "1", "weights that the clients have, which downloads are differences to")
    STATE("/weights", "1", "weights of the model after the last round")
    {"/inside/member", "1", "members of the round's cohort that have not trained, by their number in it"},
    {"/inside/at_work", "1", "those of them that are in the middle of their training"},
    {"/inside/work/count", "1", "of each of these: client, round, rows done, and steps of each block"},
    {"/inside/work/value", "1", "of each of these: sum of losses, weights, and the optimiser's two vectors"},
    {"/inside/sum", "none", "exact sums of what clients have sent in the round, four integers each"},
    {"/inside/count", "1", "clients, samples and left-out clients that are in the sums"},
    {"/inside/record", "1", "what clients have sent in the round, where the rule wants each: client, change, "
                            "weights"},
    /* a result */
    {"/version", "none", "Entente's version"},
    {"/created", "none", "date and time at which the result was written"},
    {"/host", "none", "name of rank 0's machine"},
    {"/kind", "none", "kind of model"},
    {"/engine", "none", "what the model was computed by"},
    {"/seeds", "1", "seeds: split, masks, init, sampling"},
    {"/layout", "1", "ranks; threads per rank"},
    {"/dimensions", "1", "features of each modality in the data set"},
    {"/metrics/n", "samples", "number of test samples"},
    ENT_METRICS(METRIC, 0)
    {"/metrics/personal_accuracy", "1", "accuracy of the clients' own models, pooled over clients"},
    {"/metrics/personal_loss", "nat; of a real label the square of its unit", "loss of the clients' own models, "
                                                                              "pooled over clients"},
    ENT_ROUND_FIGURES(FIGURE, FIGURE, FIGURE, METRICS)
    ENT_CLIENT_FIGURES(CLIENT, CLIENT)
    {"/pattern/context", "none", "modalities that are present, bit m for modality m"},
    {"/pattern/n", "samples", "test samples with this context"},
    {"/pattern/accuracy", "1", "accuracy on them; NaN where there are no classes"},
    {"/pattern/mae", "the label's unit", "mean absolute error on them; NaN where there are classes"},
    {"/part/*/row", "1", "rows of the data set that are in the part, by client"},
    {"/part/*/client", "1", "the client of each row"},
    {"/part/*/context", "none", "modalities that each row has after the missing protocol, bit m for modality m"},
    {"/test/output", "1; of a real label its unit", "outputs for the test part: logits per class, or the value"},
    {"/test/category", "none", "true class of each row of the test part, its place in /label/class_name"},
    {"/test/value", "the label's unit", "true value of each row of the test part"},
    {"/test/confusion", "samples", "test samples by true class, a row each, and predicted class, a column each"},
    {"/baseline/majority", "1", "test accuracy of the class that most training rows have"},
    {"/baseline/chance", "1", "one over the number of classes"},
    {"/untrained_rounds", "rounds", "rounds after which the weights were as before"},
    {"/selected_round", "1", "the round after which the weights were as in weights/value, counted from 0 "
                             "(run.select)"},
    {"/weights/value", "1", "weights of the model after the selected round"},
    {"/weights/first", "1", "where each block of the weights begins"},
    {"/weights/count", "1", "weights of each block"},
    {"/weights/needs", "none", "modalities that a sample must have to train the block, bit m for modality m"},
    {"/weights/name", "none", "names of the blocks, one a line"},
    {"/prior", "1; of a real label its unit", "outputs that the training labels alone predict"},
    {"/label_range", "the label's unit", "centre and half width of a real label's range in the training rows"},
    {"/label/sentiment", "1", "1 where values are sentiments, whose signs are classes too"},
    {"/label/standard", "the label's unit", "mean and deviation of a real label, by which the model learned it"},
    {"/label/class_text", "none", "words that the data set has for the classes, one a line, in the same order"},
    {"/label/class_name", "none", "what the data set calls each class, in the order of the outputs"},
    {"/ansatz/*", "none", "OpenQASM 3 text of the modality's circuit"},
    {"/reduction/*/mean", "as in the data set", "mean of each feature over the training rows"},
    {"/reduction/*/inverse", "1 / as in the data set", "one over the standard deviation of each feature; 0 where "
                                                       "it is 0"},
    {"/reduction/*/matrix", "1", "projection of the standardised features, a row per output"},
    {"/reduction/*/explained", "1", "share of the variance that each output has"},
    {NULL, NULL, NULL}};
/* clang-format on */

ent_status ent_saved_annotate(ent_h5 *file)
{
    return ent_h5_annotate(file, NOTES);
}

ent_status ent_saved_config(const char *path, char **text)
{
    ent_h5 *file;
    ENT_TRY(ent_h5_open(path, &file));
    ent_status status = ent_h5_verify(file, NULL);
    if (status == ENT_OK) status = ent_h5_read_text(file, "/config", text);
    ent_h5_close(file);
    return status;
}
