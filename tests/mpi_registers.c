/* Registers distributed over ranks give the bits of the pauli engine on one rank: fused models of all patterns,
 * registers on the batch and on the state engine, any number of ranks, threads and samples; and the exchanges are as
 * documented. */
#include "mpi_check.h"
#include "circuit_run.h"

#include "engine/pauli/pauli_run.h"
#include "shard/registers.h"
#include "entente/model.h"
#include "entente/random.h"
#include "entente/shard.h"

static double *random_numbers(uint64_t seed, int64_t n)
{
    ent_random stream = ent_random_at(seed, ENT_FOR_TEST, 1, 1);
    double *x = ent_alloc(n, sizeof *x);
    for (int64_t k = 0; k < n; k++) x[k] = 3.0 * ent_random_normal(&stream);
    return x;
}

/* 2 to 6 registers of 1 to 5 qubits. */
static ent_circuit *model_circuit(uint64_t seed)
{
    static const ent_gate_kind gates[] = {ENT_CX, ENT_CZ, ENT_CRX, ENT_CRZ, ENT_RZZ};
    ent_random stream = ent_random_at(seed, ENT_FOR_TEST, 2, 2);
    ent_model_inp inp = {.registers = 2 + (int)ent_random_below(&stream, 5),
                         .read = seed % 2 ? ENT_READ_ZZ : ENT_READ_Z,
                         .outputs = 2,
                         .mma = true,
                         .head = ENT_HEAD_LINEAR};
    for (int m = 0; m < inp.registers; m++) {
        const int n = 1 + (int)ent_random_below(&stream, 5);
        inp.reg[m] = (ent_register){.name = "m", .scale = 1.0, .inputs = n};
        inp.reg[m].ansatz = (ent_ansatz){
            ENT_ANSATZ_HEA, NULL, n, 1 + (int)ent_random_below(&stream, 2), 1, true, false, ENT_ENCODE_RY};
    }
    inp.fusion = (ent_fusion){.layers = 1, .gate = gates[seed % 5]};
    if (inp.registers < 4) inp.fusion.layers = 2, inp.fusion.reupload = true;
    ent_fusion_connect(&inp.fusion, (ent_fusion_pattern)(seed % 3), inp.registers);
    ent_circuit *circuit;
    mpi_check(ent_model_circuit(&inp, (UINT32_C(1) << inp.registers) - 1, &circuit) == ENT_OK);
    return circuit;
}

/* Calls of different lengths on one object: state left by a call does not change another. */
static void check_circuit(const ent_circuit *circuit, uint64_t seed, ent_precision precision, int threads)
{
    const ent_program_inp inp = {.engine = ENT_ENGINE_PAULI, .precision = precision, .threads = threads};
    double *angles = random_numbers(seed, 150 * circuit->angles), *params = random_numbers(~seed, circuit->params);
    ent_registers *registers;
    bool outgrown;
    ent_registers_always(1);
    mpi_check(ent_registers_new(circuit, &inp, world, &outgrown, &registers) == ENT_OK);
    ent_registers_always(0);
    mpi_check(registers != NULL);
    for (int k = 0; k < 3; k++) {
        static const int64_t samples[] = {1, 150, 11, 64};
        const ent_batch batch = {samples[(seed + (uint64_t)k) % 4], angles, params};
        result wanted = result_new(circuit, batch.samples), found = result_new(circuit, batch.samples);
        mpi_check(result_of(circuit, &inp, &batch, &wanted) == ENT_OK);
        mpi_check(ent_registers_forward(registers, &batch, found.expectations) == ENT_OK);
        mpi_check(ent_registers_gradient(registers, &batch, cotangent, (void *)circuit, found.grad_params,
                                         found.grad_angles) == ENT_OK);
        mpi_check(result_is_same(circuit, batch.samples, &found, &wanted));
        result_free(&wanted);
        result_free(&found);
    }
    ent_registers_free(registers);
    ent_free(angles);
    ent_free(params);
}

static void distributed_registers_give_the_same_bits(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 10; seed++) {
        ent_circuit *circuit = model_circuit(seed);
        check_circuit(circuit, seed, seed % 4 == 3 ? ENT_SINGLE : ENT_DOUBLE, seed == 4 ? 2 : 1);
        ent_circuit_free(circuit);
    }
}

static void large_registers_give_the_same_bits(void **state)
{
    (void)state;
    for (uint64_t seed = 30; seed < 33; seed++) {
        ent_circuit *circuit = model_circuit(seed);
        ent_pauli_limit_batch(3);
        check_circuit(circuit, seed, seed % 2 ? ENT_SINGLE : ENT_DOUBLE, 1);
        ent_pauli_limit_batch(0);
        ent_circuit_free(circuit);
    }
}

static void check_near_all(const double *found, const double *wanted, int64_t count)
{
    for (int64_t k = 0; k < count; k++) mpi_check(fabs(found[k] - wanted[k]) <= 1e-11 * fmax(1.0, fabs(wanted[k])));
}

/* A register of 13 qubits among small ones, for whose state a rank lacks the memory: it is spread over all ranks if
 * their number is a power of two, and otherwise refused with the bytes needed. */
static void a_register_that_outgrows_a_rank_is_spread(void **state)
{
    (void)state;
    const int size = ent_comm_size(world);
    ent_model_inp inp = {.registers = 3, .outputs = 2, .mma = true, .head = ENT_HEAD_LINEAR};
    for (int m = 0; m < 3; m++) {
        inp.reg[m] = (ent_register){.name = "m", .scale = 1.0, .inputs = m == 1 ? 13 : 2};
        inp.reg[m].ansatz = (ent_ansatz){
            m ? ENT_ANSATZ_STRONG : ENT_ANSATZ_HEA, NULL, m == 1 ? 13 : 2, 2, 1, true, false, ENT_ENCODE_RY};
    }
    inp.fusion = (ent_fusion){.layers = 2, .gate = ENT_CRX, .reupload = true};
    ent_fusion_connect(&inp.fusion, ENT_PATTERN_STAR, 3);
    const ent_program_inp program = {.engine = ENT_ENGINE_PAULI, .threads = 1};
    ent_circuit *circuit;
    ent_registers *registers;
    ent_registers_info info;
    pauli_engine *engine;
    double bytes[2];
    bool outgrown;
    mpi_check(ent_model_circuit(&inp, 7, &circuit) == ENT_OK);
    ent_pauli_limit_batch(3);
    mpi_check(ent_pauli_engine_new(circuit, &program, &engine) == ENT_OK);
    ent_pauli_worker_bytes(engine, NULL, bytes);
    ent_pauli_engine_free(engine);
    ent_registers_limit(bytes[1] - 0x1p16); /* the state of 13 qubits and its gradient take 256 KiB of this */
    const ent_status status = ent_registers_new(circuit, &program, world, &outgrown, &registers);
    ent_registers_limit(0.0);
    if (size == 1 || (size & (size - 1)) != 0) {
        mpi_check(status == ENT_ENOMEM && outgrown &&
                  strstr(ent_message(), "registers of a fused circuit, states and gradients") != NULL);
    } else {
        mpi_check(status == ENT_OK && registers != NULL);
        ent_registers_describe(registers, &info);
        mpi_check(info.spread == 1);
        double *angles = random_numbers(3, 5 * circuit->angles), *params = random_numbers(4, circuit->params);
        const ent_batch batch = {5, angles, params};
        result wanted = result_new(circuit, 5), found = result_new(circuit, 5);
        mpi_check(result_of(circuit, &(ent_program_inp){.engine = ENT_ENGINE_STATE, .threads = 1}, &batch, &wanted) ==
                  ENT_OK);
        mpi_check(ent_registers_forward(registers, &batch, found.expectations) == ENT_OK);
        check_near_all(found.expectations, wanted.expectations, 5 * circuit->readouts);
        mpi_check(ent_registers_gradient(registers, &batch, cotangent, circuit, found.grad_params,
                                         found.grad_angles) == ENT_OK);
        check_near_all(found.grad_params, wanted.grad_params, circuit->params);
        check_near_all(found.grad_angles, wanted.grad_angles, 5 * circuit->angles);
        result_free(&wanted);
        result_free(&found);
        ent_registers_free(registers);
        ent_free(angles);
        ent_free(params);
    }
    ent_pauli_limit_batch(0);
    ent_circuit_free(circuit);
}

/* Two equal registers of 8 qubits on two ranks: each sends what one register reports of a sample, and a gradient. */
static void exchanges_what_registers_report(void **state)
{
    (void)state;
    ent_model_inp inp = {.registers = 2, .outputs = 2, .mma = true, .head = ENT_HEAD_LINEAR};
    for (int m = 0; m < 2; m++) {
        inp.reg[m] = (ent_register){.name = "m", .scale = 1.0, .inputs = 8};
        inp.reg[m].ansatz = (ent_ansatz){ENT_ANSATZ_HEA, NULL, 8, 2, 1, true, false, ENT_ENCODE_RY};
    }
    inp.fusion = (ent_fusion){.layers = 1, .gate = ENT_CRZ};
    ent_fusion_connect(&inp.fusion, ENT_PATTERN_RING, 2);
    ent_circuit *circuit;
    ent_registers *registers;
    bool outgrown;
    ent_registers_info info;
    mpi_check(ent_model_circuit(&inp, 3, &circuit) == ENT_OK);
    mpi_check(ent_registers_new(circuit, &(ent_program_inp){.threads = 1}, world, &outgrown, &registers) == ENT_OK);
    mpi_check(registers != NULL);
    double *angles = random_numbers(1, 64 * circuit->angles), *params = random_numbers(2, circuit->params);
    const ent_batch batch = {64, angles, params};
    result r = result_new(circuit, batch.samples);
    mpi_check(ent_registers_gradient(registers, &batch, cotangent, circuit, r.grad_params, NULL) == ENT_OK);
    ent_registers_describe(registers, &info);
    mpi_check(info.registers == 2);
    if (ent_comm_size(world) == 2) {
        mpi_check(info.mine == 1 && info.share == 0.5);
        mpi_check(info.sent_bytes == 64.0 * 24 * sizeof(double) + (double)circuit->params * sizeof(double));
    }
    result_free(&r);
    ent_registers_free(registers);
    ent_circuit_free(circuit);
    ent_free(angles);
    ent_free(params);
}

/* A team distributes registers if that costs less, runs small circuits on every rank, and one state if it must. */
static void team_chooses(void **state)
{
    (void)state;
    static const struct {
        int registers, qubits;
        ent_fusion_pattern pattern;
        const char *engine;
    } WANT[] = {
        {3, 8, ENT_PATTERN_RING, "pauli "}, {2, 2, ENT_PATTERN_RING, "pauli "}, {2, 4, ENT_PATTERN_NONE, "state "}};
    ent_team *team;
    mpi_check(ent_team_new(world, &team) == ENT_OK);
    for (int k = 0; k < 3; k++) {
        if (WANT[k].pattern == ENT_PATTERN_NONE && (ent_comm_size(world) & (ent_comm_size(world) - 1))) continue;
        ent_model_inp inp = {.registers = WANT[k].registers, .outputs = 2, .mma = true, .head = ENT_HEAD_LINEAR};
        for (int m = 0; m < inp.registers; m++) {
            inp.reg[m] = (ent_register){.name = "m", .scale = 1.0, .inputs = WANT[k].qubits};
            inp.reg[m].ansatz = (ent_ansatz){ENT_ANSATZ_HEA, NULL, WANT[k].qubits, 2, 1, true, false, ENT_ENCODE_RY};
        }
        inp.fusion = (ent_fusion){.layers = 1, .gate = ENT_CRZ};
        ent_fusion_connect(&inp.fusion, WANT[k].pattern, inp.registers);
        ent_circuit *circuit;
        ent_program *program;
        mpi_check(ent_model_circuit(&inp, (UINT32_C(1) << inp.registers) - 1, &circuit) == ENT_OK);
        if (WANT[k].pattern == ENT_PATTERN_NONE) /* what joins all at once */
            mpi_check(ent_circuit_add(circuit, (ent_gate){ENT_QFT, {0, 7}, ent_angle_none()}) == ENT_OK);
        mpi_check(ent_program_new(circuit, &(ent_program_inp){.threads = 1, .team = team}, &program) == ENT_OK);
        mpi_check(!strncmp(ent_program_engine(program), WANT[k].engine, strlen(WANT[k].engine)));
        mpi_check((strstr(ent_program_engine(program), "ranks") != NULL) == (k != 1));
        ent_program_free(program);
        ent_circuit_free(circuit);
    }
    ent_team_free(team);
}

static const struct CMUnitTest computes[] = {
    cmocka_unit_test(distributed_registers_give_the_same_bits), cmocka_unit_test(large_registers_give_the_same_bits),
    cmocka_unit_test(a_register_that_outgrows_a_rank_is_spread), cmocka_unit_test(exchanges_what_registers_report),
    cmocka_unit_test(team_chooses)};

/* Refusals of the pauli engine are those of all ranks. */
static void refuses_what_the_engine_refuses(void **state)
{
    (void)state;
    ent_circuit *circuit;
    ent_registers *registers;
    bool outgrown;
    mpi_check(ent_circuit_new(4, 0, 1, &circuit) == ENT_OK);
    mpi_check(ent_circuit_registers(circuit, 2, (const int[]){2, 2}) == ENT_OK);
    mpi_check(ent_circuit_add(circuit, (ent_gate){ENT_QFT, {0, 3}, ent_angle_none()}) == ENT_OK);
    mpi_check(ent_circuit_read(circuit, 1) == ENT_OK);
    mpi_check(ent_registers_new(circuit, &(ent_program_inp){.threads = 1}, world, &outgrown, &registers) == ENT_EARG);
    mpi_check(strstr(ent_message(), "gate qft over several registers") != NULL);
    ent_circuit_free(circuit);
}

static const struct CMUnitTest refuses[] = {cmocka_unit_test(refuses_what_the_engine_refuses)};

MPI_CHECK_MAIN(computes, refuses)
