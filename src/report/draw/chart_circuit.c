/* The circuit, gate by gate: a gate is put into the first column in which all wires that it crosses are free.
 * Encoding gates, trained gates of the registers, fusion and readout have one colour each; qubit 0 is the topmost
 * wire. */
#include "chart_circuit.h"

#include <stdlib.h>
#include <string.h>

#include "chart.h"
#include "entente/memory.h"

enum { LEFT = 150, ROW = 30, COLUMN = 34, BOX = 24, TOP = 26, MOST_COLUMNS = 96, MOST_QUBITS = 40, BELOW = 78 };
enum { ENCODE, TRAINED, FIXED, FUSION, READ, KINDS };

static const char *const KIND[KINDS] = {"encodes data", "trained, register", "fixed, register", "fusion", "readout"};
static const int COLOUR[KINDS] = {5, 0, 7, 1, 2};

typedef struct {
    draw_page *page;
    const ent_model_inp *inp;
    const ent_circuit *circuit;
    int64_t first_fusion; /* gates before it belong to registers */
    int columns, qubits;
    int *column; /* [gates] */
} picture;

/* ---- the columns ---- */

static void crossed(const ent_gate *gate, int *low, int *high)
{
    const int two = ent_gate_describe(gate->kind)->qubits == 2;
    const int a = gate->qubit[0], b = two ? gate->qubit[1] : a;
    *low = a < b ? a : b;
    *high = a < b ? b : a;
}

static ent_status place_gates(picture *p)
{
    int used[ENT_MAX_QUBITS] = {0}, level = 0, low, high;
    p->column = ent_alloc(p->circuit->gates, sizeof *p->column);
    ENT_REQUIRE(p->column, ENT_ENOMEM, "circuit: no memory");
    for (int64_t g = 0; g < p->circuit->gates; g++) {
        if (g == p->first_fusion) /* the fusion begins after all registers */
            for (int q = 0; q < p->qubits; q++) used[q] = p->columns;
        crossed(&p->circuit->gate[g], &low, &high);
        level = 0;
        for (int q = low; q <= high; q++) level = used[q] > level ? used[q] : level;
        p->column[g] = level;
        for (int q = low; q <= high; q++) used[q] = level + 1;
        if (level + 1 > p->columns) p->columns = level + 1;
    }
    return ENT_OK;
}

/* ---- gates ---- */

static int kind_of(const picture *p, int64_t g)
{
    const ent_angle_source source = p->circuit->gate[g].angle.source;
    if (source == ENT_ANGLE_DATA) return ENCODE;
    if (g >= p->first_fusion) return FUSION;
    return source == ENT_ANGLE_PARAM ? TRAINED : FIXED;
}

static double wire(int q)
{
    return TOP + ROW * (q + 0.5);
}

static double center(int column)
{
    return LEFT + COLUMN * (column + 0.5);
}

static void box(draw_page *page, double x, double y, int kind, const char *name, const char *hint)
{
    fprintf(page->out,
            "<g><title>%s</title><rect x='%.1f' y='%.1f' width='%d' height='%d' rx='3' class='ground' "
            "stroke='var(--c%d)' stroke-width='1.6'/>",
            hint, x - BOX / 2.0 - 2, y - BOX / 2.0 + 1, BOX + 4, BOX - 2, COLOUR[kind]);
    draw_page_label(page, x, y + 4, "middle", "tick", name);
    fprintf(page->out, "</g>\n");
}

static void name_of(const ent_gate *gate, char text[16])
{
    const char *name = ent_gate_describe(gate->kind)->name;
    int k = 0;
    for (; name[k] && k < 8; k++) text[k] = (char)(name[k] >= 'a' && name[k] <= 'z' ? name[k] - 32 : name[k]);
    text[k] = '\0';
}

static void draw_target(draw_page *page, double x, double y, int kind, const ent_gate *gate, const char *hint)
{
    char name[16];
    name_of(gate, name);
    if (gate->kind == ENT_CX)
        fprintf(page->out,
                "<circle cx='%.1f' cy='%.1f' r='8' class='ground' stroke='var(--c%d)' stroke-width='1.6'/><path "
                "stroke='var(--c%d)' stroke-width='1.6' d='M%.1f %.1fh16m-8-8v16'/>\n",
                x, y, COLOUR[kind], COLOUR[kind], x - 8, y);
    else if (gate->kind == ENT_CZ || gate->kind == ENT_CP)
        fprintf(page->out, "<circle cx='%.1f' cy='%.1f' r='4.5' fill='var(--c%d)'/>\n", x, y, COLOUR[kind]);
    else
        box(page, x, y, kind, name[0] == 'C' ? name + 1 : name, hint);
}

static void draw_gate(const picture *p, int64_t g)
{
    static const char *const SOURCE[] = {"fixed", "parameter", "data angle"};
    const ent_gate *gate = &p->circuit->gate[g];
    const int kind = kind_of(p, g);
    const double x = center(p->column[g]), a = wire(gate->qubit[0]), b = wire(gate->qubit[1]);
    char name[16], hint[96];
    name_of(gate, name);
    snprintf(hint, sizeof hint, "%s, %s %d", name, SOURCE[gate->angle.source], gate->angle.slot);
    if (ent_gate_describe(gate->kind)->qubits == 1) {
        box(p->page, x, a, kind, name, hint);
        return;
    }
    const bool symmetric = gate->kind == ENT_RXX || gate->kind == ENT_RYY || gate->kind == ENT_RZZ;
    fprintf(p->page->out, "<path stroke='var(--c%d)' stroke-width='1.6' d='M%.1f %.1fV%.1f'/>", COLOUR[kind], x, a,
            b);
    if (symmetric)
        box(p->page, x, a, kind, name, hint);
    else
        fprintf(p->page->out, "<circle cx='%.1f' cy='%.1f' r='4.5' fill='var(--c%d)'/>\n", x, a, COLOUR[kind]);
    draw_target(p->page, x, b, kind, gate, hint);
}

/* ---- frame ---- */

static void draw_registers(const picture *p, double end)
{
    char text[128], name[32];
    for (int m = 0, first = 0; m < p->inp->registers; m++) {
        const int n = p->inp->reg[m].ansatz.qubits;
        const double top = wire(first) - 11, bottom = wire(first + n - 1) + 11;
        fprintf(p->page->out, "<path class='axis' d='M%d %.1fh-5V%.1fh5'/>\n", LEFT - 30, top, bottom);
        draw_page_label(p->page, LEFT - 40, (top + bottom) / 2 + 4, "end", "bold",
                        chart_text_fit(p->inp->reg[m].name, LEFT - 64, text));
        for (int q = 0; q < n; q++) {
            snprintf(name, sizeof name, "%d", first + q);
            draw_page_label(p->page, LEFT - 10, wire(first + q) + 4, "end", "tick", name);
            fprintf(p->page->out, "<path class='wire' d='M%d %.1fH%.1f'/>\n", LEFT - 6, wire(first + q), end);
        }
        first += n;
    }
}

static void draw_legend(const picture *p, double y)
{
    char text[128];
    double x = 12;
    snprintf(text, sizeof text, "column of gates (order in time); %d of them", p->columns);
    draw_page_label(p->page, LEFT, y, "start", "x-label", text);
    fprintf(p->page->out, "<g transform='translate(14 %.1f) rotate(-90)'>", TOP + ROW * p->qubits / 2.0);
    draw_page_label(p->page, 0, 0, "middle", "y-label", "qubit (number)");
    fprintf(p->page->out, "</g>\n");
    for (int k = 0; k < KINDS; k++) {
        fprintf(p->page->out,
                "<rect x='%.1f' y='%.1f' width='14' height='10' rx='2' class='ground' stroke='var(--c%d)' "
                "stroke-width='1.6'/>",
                x, y + 12, COLOUR[k]);
        draw_page_label(p->page, x + 20, y + 21, "start", "legend", KIND[k]);
        x += 34 + chart_text_width(KIND[k]);
        if (k == 2) {
            x = 12;
            y += 18;
        }
    }
}

static chart_figure figure_of(const char *caption)
{
    return (chart_figure){.title = "The circuit of all modalities", .caption = caption};
}

static void draw_gates(const picture *p)
{
    char caption[512];
    snprintf(caption, sizeof caption,
             "Every gate of the circuit for a sample that has all modalities: %d qubits, %lld gates, %d readouts. "
             "Where a modality is absent, its register and all gates that touch it are left out. Qubit 0 is at the "
             "top; the head reads <Z> of each qubit%s%s%s.",
             p->qubits, (long long)p->circuit->gates, p->circuit->readouts,
             p->inp->read & ENT_READ_XYZ ? ", <X> and <Y>" : "",
             p->inp->read & ENT_READ_ZZ_WITHIN ? ", <ZZ> within registers" : "",
             p->inp->read & ENT_READ_ZZ ? ", <ZZ> across fused registers" : "");
    const chart_figure figure = figure_of(caption);
    double width = center(p->columns + 1) + 10;
    if (width < DRAW_FIGURE_WIDTH + 1) width = DRAW_FIGURE_WIDTH + 1;
    const double end = center(p->columns) + BOX / 2.0, bottom = TOP + ROW * p->qubits;
    draw_page_figure_begin(p->page, &figure, width, bottom + BELOW);
    draw_registers(p, end);
    for (int64_t g = 0; g < p->circuit->gates; g++) draw_gate(p, g);
    for (int q = 0; q < p->qubits; q++) box(p->page, center(p->columns), wire(q), READ, "Z", "readout");
    draw_legend(p, bottom + 18);
    draw_page_figure_end(p->page, &figure);
}

/* ---- the circuit as blocks ---- */

static const char *ansatz_name(const ent_ansatz *a)
{
    static const char *const NAME[] = {"basic", "strong", "hea", "OpenQASM file"};
    return NAME[a->kind];
}

typedef struct {
    double x, y, width, height;
} rectangle;

static void block(draw_page *page, rectangle b, int kind, const char *first, const char *second)
{
    fprintf(page->out,
            "<rect x='%.1f' y='%.1f' width='%.1f' height='%.1f' rx='4' class='ground' stroke='var(--c%d)' "
            "stroke-width='1.6'/>",
            b.x, b.y, b.width, b.height, COLOUR[kind]);
    draw_page_label(page, b.x + b.width / 2, b.y + b.height / 2 - 2, "middle", "bold", first);
    draw_page_label(page, b.x + b.width / 2, b.y + b.height / 2 + 13, "middle", "tick", second);
}

static void draw_blocks(const picture *p)
{
    enum { HIGH = 46, STEP = 58, BLOCKS_WIDTH = 480 };
    char caption[512], first[160], second[160];
    snprintf(caption, sizeof caption,
             "The circuit as blocks: its %lld gates on %d qubits in %d columns are too many to be drawn one by one. "
             "Each register runs its own layers, then the fusion joins them, then the head reads %d expectation "
             "values.",
             (long long)p->circuit->gates, p->qubits, p->columns, p->circuit->readouts);
    const chart_figure figure = figure_of(caption);
    const double height = (double)STEP * p->inp->registers;
    draw_page_figure_begin(p->page, &figure, BLOCKS_WIDTH, height + 40);
    for (int m = 0; m < p->inp->registers; m++) {
        const ent_ansatz *a = &p->inp->reg[m].ansatz;
        const double y = 8 + STEP * m;
        fprintf(p->page->out, "<path class='wire' d='M180 %.1fh280'/>\n", y + HIGH / 2.0);
        snprintf(second, sizeof second, "%d qubits, %s, %d layers", a->qubits, ansatz_name(a), a->layers);
        block(p->page, (rectangle){28, y, 190, HIGH}, TRAINED, chart_text_fit(p->inp->reg[m].name, 180, first),
              second);
    }
    snprintf(first, sizeof first, "fusion, %d layers%s", p->inp->fusion.layers,
             p->inp->fusion.reupload ? " with data" : "");
    snprintf(second, sizeof second, "%s, %d pairs", ent_gate_describe(p->inp->fusion.gate)->name,
             p->inp->fusion.pairs);
    block(p->page, (rectangle){238, 8, 130, height - 12}, FUSION, first, second);
    snprintf(second, sizeof second, "%d values", p->circuit->readouts);
    block(p->page, (rectangle){388, 8, 84, height - 12}, READ, "readout", second);
    draw_page_label(p->page, 240, height + 26, "middle", "x-label", "block (order in time)");
    fprintf(p->page->out, "<g transform='translate(14 %.1f) rotate(-90)'>", height / 2);
    draw_page_label(p->page, 0, 0, "middle", "y-label", "register (name)");
    fprintf(p->page->out, "</g>\n");
    draw_page_figure_end(p->page, &figure);
}

static void print_blocks(const picture *p)
{
    draw_page_paragraph(p->page, "The circuit of all modalities: %d qubits, %lld gates in %d columns, %d readouts.",
                        p->qubits, (long long)p->circuit->gates, p->columns, p->circuit->readouts);
    for (int m = 0; m < p->inp->registers; m++) {
        const ent_ansatz *a = &p->inp->reg[m].ansatz;
        draw_page_paragraph(p->page, "  register %s: %d qubits, ansatz %s, %d layers", p->inp->reg[m].name, a->qubits,
                            ansatz_name(a), a->layers);
    }
    draw_page_paragraph(p->page, "  fusion: %d layers of %s between %d pairs of registers%s", p->inp->fusion.layers,
                        ent_gate_describe(p->inp->fusion.gate)->name, p->inp->fusion.pairs,
                        p->inp->fusion.reupload ? ", the data encoded again between layers" : "");
}

ent_status chart_draw_circuit(draw_page *page, const ent_model_inp *inp)
{
    ent_circuit *registers = NULL, *circuit = NULL;
    ent_model_inp unfused = *inp;
    unfused.fusion = (ent_fusion){.layers = 0};
    const uint32_t full = (UINT32_C(1) << inp->registers) - 1;
    picture p = {.page = page, .inp = inp};
    ent_status status = ent_model_circuit(&unfused, full, &registers);
    if (status == ENT_OK) status = ent_model_circuit(inp, full, &circuit);
    if (status == ENT_OK) {
        p.circuit = circuit;
        p.qubits = circuit->qubits;
        p.first_fusion = registers->gates;
        status = place_gates(&p);
    }
    if (status == ENT_OK) {
        if (page->kind == DRAW_CSV || page->kind == DRAW_TEX)
            ; /* a drawing without numbers */
        else if (page->kind == DRAW_TEXT)
            print_blocks(&p);
        else if (p.columns <= MOST_COLUMNS && p.qubits <= MOST_QUBITS)
            draw_gates(&p);
        else
            draw_blocks(&p);
    }
    ent_circuit_free(registers);
    ent_circuit_free(circuit);
    ent_free(p.column);
    return status;
}
