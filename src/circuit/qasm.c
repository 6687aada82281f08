#include "entente/qasm.h"

#include "entente/memory.h"

struct ent_qasm {
    ent_circuit *circuit;
};

void ent_qasm_free(ent_qasm *qasm)
{
    if (!qasm) return;
    ent_circuit_free(qasm->circuit);
    ent_free(qasm);
}

const ent_circuit *ent_qasm_circuit(const ent_qasm *qasm)
{
    return qasm->circuit;
}
