/* The circuit of a federation's model for samples of one context. */
#include "entente/memory.h"
#include "entente/response.h"
#include "fed.h"

/* The place of a row of the data set in the part that is evaluated, or -1. */
static int64_t find_row(const ent_federation *f, int64_t row)
{
    for (int64_t k = 0; k < f->population.part[ENT_TEST].n; k++)
        if (f->population.part[ENT_TEST].row[k] == row) return k;
    return -1;
}

static ent_status check_context(const ent_federation *f, int64_t row, uint32_t lacking)
{
    for (int m = 0; m < f->population.modalities; m++)
        ENT_REQUIRE(!(lacking >> m & 1), ENT_EDATA, "%s: row %lld has no modality '%s'", f->features.dataset->path,
                    (long long)row, f->features.dataset->modality[m].name);
    return ENT_OK;
}

/* The data angles that the model computes from the row's features: *angles, ent_free. */
static ent_status encode_row(const ent_federation *f, const ent_model_inp *inp, int64_t at, uint32_t context,
                             double **angles)
{
    double *x[ENT_MAX_MODALITIES] = {NULL};
    const double *read[ENT_MAX_MODALITIES] = {NULL};
    ent_response *response = NULL;
    ent_status status = ENT_OK;
    for (int m = 0; m < f->population.modalities && status == ENT_OK; m++) {
        x[m] = ent_alloc(f->features.width[m], sizeof *x[m]);
        if (!x[m]) status = ent_fail(ENT_ENOMEM, "circuit: no memory");
    }
    if (status == ENT_OK) status = ent_rows_read(&f->features, &f->population, ENT_TEST, 1, &at, x);
    if (status == ENT_OK) status = ent_response_new(inp, f->w, context, &response);
    if (status == ENT_OK && !(*angles = ent_alloc(ent_response_angles(response), sizeof **angles)))
        status = ent_fail(ENT_ENOMEM, "circuit: no memory");
    for (int m = 0; m < f->population.modalities; m++)
        read[m] = f->features.absent[m] && !(context >> m & 1) ? f->features.absent[m] : x[m];
    if (status == ENT_OK) ent_response_encode(response, read, *angles);
    ent_response_free(response);
    for (int m = 0; m < f->population.modalities; m++) ent_free(x[m]);
    return status;
}

ent_status ent_federation_circuit(ent_federation *f, uint32_t context, int64_t row, bool weights, ent_circuit **out)
{
    const uint32_t full = (UINT32_C(1) << f->population.modalities) - 1;
    ent_model_inp inp;
    ent_circuit *circuit = NULL;
    double *angles = NULL;
    int64_t at = -1;
    if (row >= 0) {
        at = find_row(f, row);
        ENT_REQUIRE(at >= 0, ENT_EDATA, "%s: row %lld: does not exist or lacks a modality of the model (%lld rows)",
                    f->features.dataset->path, (long long)row, (long long)f->features.dataset->rows);
        ENT_TRY(check_context(f, row, context & ~f->population.part[ENT_TEST].context[at]));
        if (context == 0) context = f->population.part[ENT_TEST].context[at];
    }
    if (context == 0) context = full;
    ENT_TRY(ent_model_describe(f, &inp));
    inp.program.team = NULL;
    ent_status status = ent_model_circuit(&inp, context, &circuit);
    if (status == ENT_OK && at >= 0) status = encode_row(f, &inp, at, context, &angles);
    if (status == ENT_OK) status = ent_circuit_bind(circuit, weights ? f->w : NULL, angles, out);
    ent_circuit_free(circuit);
    ent_free(angles);
    return status;
}
