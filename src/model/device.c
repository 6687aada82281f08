/* A circuit on a device: what the device has of it, and its program. */
#include "entente/memory.h"
#include "model.h"

/* Present registers are adjacent, in order. */
static void spread_noise(const ent_model_inp *inp, uint32_t context, ent_qubit_noise *qubit)
{
    for (int m = 0; m < inp->registers; m++)
        for (int q = 0; q < ent_device_qubits(inp->device, inp->reg[m].ansatz.qubits) && context >> m & 1; q++)
            *qubit++ = inp->device->noise[m];
}

ent_status ent_device_program(const ent_model_inp *inp, uint32_t context, const ent_circuit *circuit,
                              ent_program **out)
{
    const ent_device *device = inp->device;
    ent_program_inp program = inp->program;
    program.steady = true; /* the rows to predict are divided differently on each number of ranks */
    if (!device) return ent_program_new(circuit, &program, out);
    ent_qubit_noise qubit[ENT_MAX_QUBITS];
    const ent_noise noise = {qubit, device->method, device->trajectories, device->seed};
    if (device->noise) {
        spread_noise(inp, context, qubit);
        program.noise = &noise;
    }
    program.shots = device->shots;
    program.shot_gradient = device->gradient == ENT_GRADIENT_SHIFT ? ENT_SHOTS_SHIFT : ENT_SHOTS_ADJOINT;
    program.shot_seed = device->seed;
    return ent_program_new(circuit, &program, out);
}

int ent_device_layers(const ent_device *device, int layers)
{
    return device && device->layers > 0 && device->layers < layers ? device->layers : layers;
}

int ent_device_qubits(const ent_device *device, int qubits)
{
    return device && device->qubits > 0 && device->qubits < qubits ? device->qubits : qubits;
}

ent_status ent_device_keep(const ent_model_inp *inp, uint32_t context, int *readout, ent_circuit **circuit)
{
    ent_bits kept = {{0}};
    int first = 0;
    for (int m = 0; m < inp->registers; m++) {
        const int qubits = context >> m & 1 ? inp->reg[m].ansatz.qubits : 0;
        for (int q = 0; q < ent_device_qubits(inp->device, qubits); q++) ent_bits_add(&kept, first + q);
        first += qubits;
    }
    for (int r = 0; r < (*circuit)->readouts; r++) readout[r] = r;
    if (ent_bits_count(kept) == first) return ENT_OK;
    ent_circuit *part;
    ENT_TRY(ent_circuit_keep(*circuit, &kept, readout, &part));
    ent_circuit_free(*circuit);
    *circuit = part;
    return ENT_OK;
}

bool ent_device_trains(const ent_device *device, const ent_block *block)
{
    if (!device) return true;
    return (device->layers == 0 || block->layer < device->layers) &&
           (device->qubits == 0 || block->qubits <= device->qubits);
}
