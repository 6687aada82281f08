/* The circuit, the time of a round, and the origin of a result. */
#include <math.h>
#include <string.h>

#include "report/draw/chart_circuit.h"
#include "entente/memory.h"
#include "entente/qasm.h"
#include "report.h"

/* ---- circuits ---- */

/* The parts of the model that determine its circuit, which does not depend on the numbers of features. */
static ent_status describe(const report_run *run, ent_qasm **qasm, ent_model_inp *inp)
{
    const ent_config *c = run->config;
    *inp = (ent_model_inp){.registers = (int)c->data.modalities_count,
                           .fusion = {.layers = c->model.fusion.layers,
                                      .gate = c->model.fusion.gate,
                                      .within = c->model.fusion.within,
                                      .reupload = c->model.fusion.reupload && c->model.kind == ENT_MODEL_QUANTUM},
                           .read = c->model.readout,
                           .head = ENT_HEAD_LINEAR,
                           .outputs = (int)run->outputs,
                           .mma = true};
    for (int m = 0; m < inp->registers; m++) {
        const ent_config_register *r = &c->model.registers[m];
        if (run->ansatz[m]) ENT_TRY(ent_qasm_parse(run->ansatz[m], r->ansatz, &r->inputs, &qasm[m]));
        const ent_ansatz a = {.kind = ent_ansatz_named(r->ansatz),
                              .qasm = qasm[m],
                              .qubits = r->qubits,
                              .layers = r->layers,
                              .angles_per_qubit = r->angles,
                              .reupload = r->reupload,
                              .own_angles = r->input_scaling,
                              .encoding = r->encoding};
        ENT_TRY(ent_ansatz_check(&a));
        inp->reg[m] = (ent_register){.name = c->data.modalities[m],
                                     .ansatz = a,
                                     .inputs = ent_ansatz_inputs(&a) > 0 ? ent_ansatz_inputs(&a) : 1,
                                     .linear = true,
                                     .map = r->map,
                                     .scale = r->scale > 0.0 ? r->scale : 1.0};
    }
    ent_fusion_connect(&inp->fusion, c->model.fusion.pattern, inp->registers);
    for (unsigned k = 0; k < c->model.strings_count; k++) ENT_TRY(ent_model_add_string(inp, c->model.strings[k]));
    return ENT_OK;
}

static ent_status cone_of(const report_run *run, char text[256])
{
    ent_qasm *qasm[RUN_MODALITIES] = {NULL};
    ent_circuit *circuit = NULL;
    ent_engine_weight weight;
    ent_model_inp *inp = ent_alloc(1, sizeof *inp);
    ENT_REQUIRE(inp, ENT_ENOMEM, "no memory for the circuit of a result");
    ent_status status = describe(run, qasm, inp);
    inp->outputs = 1; /* the head does not matter here */
    if (status == ENT_OK) status = ent_model_circuit(inp, (UINT32_C(1) << inp->registers) - 1, &circuit);
    if (status == ENT_OK) status = ent_engine_weigh(circuit, false, &weight);
    if (status == ENT_OK && weight.depends[1] > 0)
        cli_cone_text(circuit, &weight, strncmp(run->engine, "pauli", 5) != 0, text);
    ent_circuit_free(circuit);
    for (int m = 0; m < RUN_MODALITIES; m++) ent_qasm_free(qasm[m]);
    ent_free(inp);
    return status;
}

ent_status report_cone(const ent_h5 *file, const char *path, char text[256])
{
    report_run *run = ent_alloc(1, sizeof *run);
    ENT_REQUIRE(run, ENT_ENOMEM, "no memory for the circuit of a result");
    text[0] = 0;
    ent_status status = report_read_model(file, path, run);
    if (status == ENT_OK && run->config->model.kind == ENT_MODEL_QUANTUM && run->config->data.modalities_count > 1 &&
        run->config->model.fusion.layers > 0)
        status = cone_of(run, text);
    report_run_free(run);
    return status;
}

static ent_status draw_circuit(draw_page *page, const report_run *run)
{
    ent_qasm *qasm[RUN_MODALITIES] = {NULL};
    ent_model_inp *inp = ent_alloc(1, sizeof *inp);
    ENT_REQUIRE(inp, ENT_ENOMEM, "report: no memory");
    ent_status status = describe(run, qasm, inp);
    if (status == ENT_OK) status = chart_draw_circuit(page, inp);
    for (int m = 0; m < RUN_MODALITIES; m++) ent_qasm_free(qasm[m]);
    ent_free(inp);
    return status == ENT_OK ? ENT_OK : ent_fail_in(status, "%s/result.h5", run->folder);
}

static bool same_model(const report_run *a, const report_run *b)
{
    static const char PREFIX[] = "model.";
    int i = 0, j = 0;
    for (;;) {
        while (i < a->leaves && strncmp(a->leaf[i], PREFIX, sizeof PREFIX - 1) != 0) i++;
        while (j < b->leaves && strncmp(b->leaf[j], PREFIX, sizeof PREFIX - 1) != 0) j++;
        if (i == a->leaves || j == b->leaves) return i == a->leaves && j == b->leaves;
        if (strcmp(a->leaf[i++], b->leaf[j++]) != 0) return false;
    }
}

/* Every distinct model once. */
ent_status report_circuits(draw_page *page, const report_input *input)
{
    for (int g = 0; g < input->groups; g++) {
        bool drawn = false;
        for (int k = 0; k < g; k++) drawn |= same_model(input->group[k].run[0], input->group[g].run[0]);
        if (drawn) continue;
        if (g > 0) draw_page_paragraph(page, "The circuit of %s:", input->group[g].label);
        ENT_TRY(draw_circuit(page, input->group[g].run[0]));
    }
    return ENT_OK;
}

/* ---- time ---- */

enum { MOST_BARS = 60, PARTS = 4 };

static const char *const TIME[PARTS] = {"compute_s", "communicate_s", "wait_s", "evaluate_s"};

static double mean_at(const report_group *g, const char *name, int64_t round)
{
    double sum = 0.0;
    for (int k = 0; k < g->runs; k++) {
        const double *figure = report_figure(g->run[k], name);
        sum += figure ? figure[round] : 0.0;
    }
    return sum / g->runs;
}

/* If there are many rounds, a bar is the mean of several. */
void report_times(draw_page *page, const report_group *g)
{
    static const char *const PART[PARTS] = {"compute", "communication", "waiting", "evaluation, input and output"};
    const int64_t rounds = g->run[0]->rounds, stride = (rounds + MOST_BARS - 1) / MOST_BARS;
    double value[PARTS * MOST_BARS], sum[PARTS] = {0};
    char text[MOST_BARS][24], title[256], caption[640];
    const char *name[MOST_BARS];
    if (rounds == 0 || !report_figure(g->run[0], TIME[0])) return;
    const int bars = (int)((rounds + stride - 1) / stride);
    for (int b = 0; b < bars; b++) {
        const int64_t first = b * stride, end = first + stride < rounds ? first + stride : rounds;
        for (int p = 0; p < PARTS; p++) {
            double part = 0.0;
            for (int64_t r = first; r < end; r++) part += mean_at(g, TIME[p], r);
            value[p * bars + b] = 1e3 * part / (double)(end - first);
            sum[p] += part;
        }
        snprintf(text[b], sizeof text[b], "%lld", (long long)first + 1);
        name[b] = text[b];
    }
    const report_run *run = g->run[0];
    snprintf(title, sizeof title, "Time of a round: %s", g->label);
    snprintf(
        caption, sizeof caption,
        "Mean of %d run%s%s on %lld rank%s of %lld thread%s%s. Each part is that of the slowest rank, so the parts "
        "of a round may add up to more than its time. All rounds: compute %.3g s, communication %.3g s, waiting %.3g "
        "s, "
        "evaluation %.3g s.",
        g->runs, g->runs == 1 ? "" : "s", g->runs > 1 ? "; the first" : "", (long long)run->layout[0],
        run->layout[0] == 1 ? "" : "s", (long long)run->layout[1], run->layout[1] == 1 ? "" : "s",
        stride > 1 ? "; a bar is the mean of several rounds, named by the first" : "", sum[0], sum[1], sum[2],
        sum[3]);
    const chart_figure figure = {
        title, caption, {"round", "number", 0, true, NAN, NAN}, {"time of a round", "ms", 0, false, 0.0, NAN}};
    chart_draw_bars(
        page, &figure,
        &(chart_bars){.bars = bars, .parts = PARTS, .sequence = true, .name = name, .part = PART, .value = value});
}

/* ---- origin ---- */

static void print_layout(const report_run *run, char *ranks, char *seeds, size_t room)
{
    snprintf(ranks, room, "%lld x %lld", (long long)run->layout[0], (long long)run->layout[1]);
    snprintf(seeds, room, "%llu %llu %llu %llu", (unsigned long long)run->seed[0], (unsigned long long)run->seed[1],
             (unsigned long long)run->seed[2], (unsigned long long)run->seed[3]);
}

void report_origin(draw_page *page, const report_input *input)
{
    static const char SEEDS[] = "seeds: split masks init sampling";
    static const char *const HEAD[] = {"result", "machine", "engine",  "ranks x threads",
                                       SEEDS,    "version", "written", "data set"};
    enum { COLUMNS = sizeof HEAD / sizeof *HEAD };
    const char **cell = ent_alloc((int64_t)(input->runs + 1) * COLUMNS, sizeof *cell);
    char(*text)[2][96] = ent_alloc(input->runs, sizeof *text);
    if (cell && text) {
        memcpy(cell, HEAD, sizeof HEAD);
        for (int k = 0; k < input->runs; k++) {
            const report_run *run = input->run[k];
            const char **row = cell + (k + 1) * COLUMNS;
            print_layout(run, text[k][0], text[k][1], sizeof text[k][0]);
            row[0] = run->folder;
            row[1] = run->host;
            row[2] = run->engine;
            row[3] = text[k][0];
            row[4] = text[k][1];
            row[5] = run->version;
            row[6] = run->created;
            row[7] = run->config->data.file;
        }
        draw_page_table(page, "Origin of the results",
                        "Machine, layout, seeds and version of each result, as recorded by the run.", input->runs + 1,
                        COLUMNS, cell);
    }
    ent_free(cell);
    ent_free(text);
    for (int g = 0; g < input->groups; g++) {
        char title[256];
        snprintf(title, sizeof title, "Configuration as used: %s", input->group[g].label);
        draw_page_listing(page, title, input->group[g].run[0]->config_text);
    }
}
