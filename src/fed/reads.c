/* Checks that a circuit from a file uses its data, and that the data affect its readouts.  Otherwise features, or a
 * modality, would be ignored silently.
 *
 * Data may be in gates and still have no effect: RZ on |0> changes a phase that no measurement detects.  So the
 * readouts for two samples are compared at a few parameter vectors.  They are analytic in all parameters, so readouts
 * that agree at generic points agree everywhere.  Compared are
 *   without gates after it   the <Z> of every qubit
 *   with such gates          the whole state U(x)|0>: the <Z> of U(y)^-1 U(x)|0> are all 1 if the states agree
 * Costs two runs of the circuit per point; circuits of many qubits are not checked. */
#include <math.h>

#include "entente/engine.h"
#include "entente/memory.h"
#include "features.h"

enum { MOST_QUBITS = 14, POINTS = 3 };

#define SAME 1e-9

static ent_status check_gates(const char *path, const ent_circuit *circuit)
{
    ENT_REQUIRE(circuit->angles > 0, ENT_ECONFIG,
                "%s: none of its inputs is data, neither by model.registers.NAME.inputs nor by @entente.data nor by "
                "a name that "
                "begins with x: the circuit reads no data, and its modality would have no effect",
                path);
    for (int slot = 0; slot < circuit->angles; slot++) {
        bool read = false;
        for (int64_t g = 0; g < circuit->gates && !read; g++)
            read = circuit->gate[g].angle.source == ENT_ANGLE_DATA && circuit->gate[g].angle.slot == slot &&
                   circuit->gate[g].angle.scale != 0.0;
        ENT_REQUIRE(read, ENT_ECONFIG,
                    "%s: data input %d of %d (counted in the order of declaration) is not used by any gate", path,
                    slot + 1, circuit->angles);
    }
    return ENT_OK;
}

/* The inverse, up to a global phase, its data angles those from slot `first` on. */
static ent_gate inverse_of(ent_gate gate, int first)
{
    gate.angle.scale = -gate.angle.scale;
    gate.angle.offset = -gate.angle.offset;
    if (gate.angle.source == ENT_ANGLE_DATA) gate.angle.slot += first;
    switch (gate.kind) {
    case ENT_S:
        gate.kind = ENT_SDG;
        break;
    case ENT_SDG:
        gate.kind = ENT_S;
        break;
    case ENT_T:
        gate.kind = ENT_TDG;
        break;
    case ENT_TDG:
        gate.kind = ENT_T;
        break;
    case ENT_SX:
        gate.kind = ENT_RX;
        gate.angle.offset = -acos(0.0);
        break;
    default:
        break;
    }
    return gate;
}

/* U(x), or U(y)^-1 U(x) with x and y one after the other in the data; all <Z> are read. */
static ent_status make_probe(const ent_circuit *circuit, bool back, ent_circuit **out)
{
    ENT_TRY(ent_circuit_new(circuit->qubits, circuit->params, circuit->angles * (back ? 2 : 1), out));
    ent_status status = ENT_OK;
    for (int64_t g = 0; g < circuit->gates && status == ENT_OK; g++) status = ent_circuit_add(*out, circuit->gate[g]);
    for (int64_t g = circuit->gates - 1; back && g >= 0 && status == ENT_OK; g--)
        status = ent_circuit_add(*out, inverse_of(circuit->gate[g], circuit->angles));
    for (int q = 0; q < circuit->qubits && status == ENT_OK; q++) status = ent_circuit_read(*out, UINT64_C(1) << q);
    if (status != ENT_OK) {
        ent_circuit_free(*out);
        *out = NULL;
    }
    return status;
}

/* Generic angles. */
static void fill(int64_t n, int *count, double *angle)
{
    for (int64_t k = 0; k < n; k++) {
        const double number = ++*count, turn = number * sqrt(2.0) + sqrt(number);
        angle[k] = 4.0 * acos(0.0) * (turn - floor(turn));
    }
}

/* The probe for two samples; with `back`, these are x y and x x. */
static ent_status probe(ent_program *program, const ent_circuit *circuit, bool back, double *room, bool *matters)
{
    const int64_t angles = circuit->angles, half = angles / 2;
    double *sample = room, *params = sample + 2 * angles, *z = params + circuit->params;
    int count = 0;
    for (int point = 0; point < POINTS; point++) {
        fill(2 * angles, &count, sample);
        fill(circuit->params, &count, params);
        for (int64_t k = 0; back && k < half; k++) sample[2 * half + k] = sample[3 * half + k] = sample[k];
        ENT_TRY(ent_program_forward(program, &(ent_batch){.samples = 2, .angles = sample, .params = params}, z));
        for (int q = 0; q < circuit->qubits; q++) *matters = *matters || fabs(z[q] - z[circuit->qubits + q]) > SAME;
    }
    return ENT_OK;
}

static ent_status find_influence(const ent_circuit *circuit, bool fused, bool *matters)
{
    ent_circuit *both = NULL;
    ent_program *program = NULL;
    double *room = NULL;
    *matters = false;
    ent_status status = make_probe(circuit, fused, &both);
    if (status != ENT_OK) goto fail;
    room = ent_alloc(2 * (int64_t)both->angles + both->params + 2 * (int64_t)both->qubits, sizeof *room);
    status = room ? ENT_OK : ent_fail(ENT_ENOMEM, "circuit: no memory");
    if (status == ENT_OK) status = ent_program_new(both, &(ent_program_inp){.threads = 1}, &program);
    if (status == ENT_OK) status = probe(program, both, fused, room, matters);
fail:
    ent_program_free(program);
    ent_circuit_free(both);
    ent_free(room);
    return status;
}

ent_status ent_ansatz_reads(const char *path, const ent_circuit *circuit, bool fused)
{
    bool matters = true;
    ENT_TRY(check_gates(path, circuit));
    if (circuit->qubits <= MOST_QUBITS) ENT_TRY(find_influence(circuit, fused, &matters));
    ENT_REQUIRE(matters, ENT_ECONFIG,
                "%s: its data inputs are in gates, but change %s: its modality would have no effect", path,
                fused ? "only a phase of the whole state" : "no <Z> of a qubit, and no gates follow it");
    return ENT_OK;
}
