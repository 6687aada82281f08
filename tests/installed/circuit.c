/* A circuit, its expectation values and its gradient.  Prints <Z> = cos(w) cos(x), and its derivatives. */
#include <entente/entente.h>
#include <math.h>
#include <stdio.h>

/* The loss is <Z> of qubit 1: its derivative with respect to that readout is 1, for every sample. */
static void cotangent(void *context, int64_t first, int64_t count, const double *expectations, double *weights)
{
    (void)context, (void)first, (void)expectations;
    for (int64_t k = 0; k < count; k++) weights[k] = 1.0;
}

static ent_status run(void)
{
    const double data[2] = {0.3, 1.1}, w = 0.7; /* two samples of one data angle; one parameter */
    ent_circuit *circuit;
    ent_program *program;
    ENT_TRY(ent_circuit_new(2, 1, 1, &circuit));
    const ent_gate gates[] = {{ENT_RY, {0, 0}, ent_angle_data(0)},
                              {ENT_RY, {1, 0}, ent_angle_param(0)},
                              {ENT_CX, {0, 1}, ent_angle_none()}};
    for (int g = 0; g < 3; g++) ENT_TRY(ent_circuit_add(circuit, gates[g]));
    ENT_TRY(ent_circuit_read(circuit, 1u << 1));
    static ent_program_inp inp; /* what is not set is 0: AUTO, double precision */
    inp.threads = 1;
    ENT_TRY(ent_program_new(circuit, &inp, &program));

    const ent_batch batch = {2, data, &w};
    double z[2], by_w = 0.0, by_x[2];
    ENT_TRY(ent_program_forward(program, &batch, z));
    ENT_TRY(ent_program_gradient(program, &batch, cotangent, NULL, &by_w, by_x));
    printf("%s: <Z> %.6f %.6f, by w %.6f, by x %.6f %.6f\n", ent_program_engine(program), z[0], z[1], by_w, by_x[0],
           by_x[1]);
    for (int k = 0; k < 2; k++)
        if (fabs(z[k] - cos(w) * cos(data[k])) > 1e-12 || fabs(by_x[k] + cos(w) * sin(data[k])) > 1e-12)
            return ent_fail(ENT_ENUMERIC, "sample %d is wrong", k);
    ent_program_free(program);
    ent_circuit_free(circuit);
    return ENT_OK;
}

int main(void)
{
    const ent_status status = run();
    if (status != ENT_OK) fprintf(stderr, "circuit: %s\n", ent_message());
    return status != ENT_OK;
}
