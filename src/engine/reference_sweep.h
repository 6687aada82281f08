/* The two sweeps over the gates of a circuit.  Included after reference_state.h, in the same way.
 *
 * Adjoint differentiation: with psi the state after all gates and lambda = O psi, O = sum_r weight_r P_r, the
 * derivative by the angle of gate g is 2 Re <lambda_g| G_g |psi_g>, where psi_g and lambda_g are psi and lambda taken
 * back through the gates after g, and G_g is the gate's generator (Jones and Gacon, arXiv 2009.02823). */

static void NAMED(forward)(const ent_circuit *circuit, const double *params, const double *data, NAMED(state) * ket,
                           double *expectations)
{
    memset(ket->re, 0, (size_t)ket->amplitudes * sizeof *ket->re);
    memset(ket->im, 0, (size_t)ket->amplitudes * sizeof *ket->im);
    ket->re[0] = 1;
    for (int64_t g = 0; g < circuit->gates; g++) {
        const ent_gate *gate = &circuit->gate[g];
        double matrix[32];
        const int d = ent_gate_matrix(gate->kind, ent_angle_value(&gate->angle, params, data), matrix);
        NAMED(apply)(ket, gate, matrix, d, 0);
    }
    for (int r = 0; r < circuit->readouts; r++) expectations[r] = NAMED(expectation)(&circuit->readout[r], ket);
}

/* From the ket after all gates, and the bra: the weighted readouts applied to it.  grad_data may be NULL; both
 * gradients are accumulated. */
static void NAMED(backward)(const ent_circuit *circuit, const double *params, const double *data, NAMED(state) * ket,
                            NAMED(state) * bra, double *grad_params, double *grad_data)
{
    for (int64_t g = circuit->gates - 1; g >= 0; g--) {
        const ent_gate *gate = &circuit->gate[g];
        const ent_angle *angle = &gate->angle;
        double matrix[32];
        double *slots = angle->source == ENT_ANGLE_PARAM  ? grad_params
                        : angle->source == ENT_ANGLE_DATA ? grad_data
                                                          : NULL;
        if (slots) {
            const int d = ent_gate_generator(gate->kind, matrix);
            slots[angle->slot] += angle->scale * NAMED(generator)(ket, bra, gate, matrix, d);
        }
        const int d = ent_gate_matrix(gate->kind, ent_angle_value(angle, params, data), matrix);
        NAMED(apply)(ket, gate, matrix, d, 1);
        NAMED(apply)(bra, gate, matrix, d, 1);
    }
}
