/* Describes in a sentence which qubits the readouts depend on. */
#include "cli.h"

#include <stdio.h>

char *cli_cone_text(const ent_circuit *circuit, const ent_engine_weight *weight, bool formed, char text[256])
{
    char apart[48] = "one per register", range[32] = "";
    if (weight->depends[0] < weight->depends[1]) snprintf(range, sizeof range, "%d to ", weight->depends[0]);
    if (weight->depends_in_one > 1) snprintf(apart, sizeof apart, "up to %d of one register", weight->depends_in_one);
    snprintf(
        text, 256,
        "every readout depends on %s%d qubit%s, %s: %lld register expectation values per sample; the fused state "
        "of 2^%d amplitudes is %sformed",
        range, weight->depends[1], weight->depends[1] == 1 ? "" : "s", apart, (long long)weight->values,
        circuit->qubits, formed ? "" : "not ");
    return text;
}
