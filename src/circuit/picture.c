/* A circuit as a picture.  Each gate goes into the first column, from the left, in which the wires from its first to
 * its last qubit are free; a column is as wide as its longest label. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "entente/circuit.h"
#include "entente/memory.h"

enum { LABEL = 64, MOST_TEXT = 120 };

/* The symbol of a gate on one of its wires. */
typedef enum { MARK_BOX, MARK_CONTROL, MARK_CROSS } mark_kind;

typedef struct {
    const ent_circuit *circuit;
    int64_t columns;
    int64_t *column; /* [gates] */
    int *width;      /* [columns] characters of the longest label */
} picture;

static int low_of(const ent_gate *g)
{
    return g->qubit[0] < g->qubit[1] ? g->qubit[0] : g->qubit[1];
}

static int high_of(const ent_gate *g)
{
    return g->qubit[0] < g->qubit[1] ? g->qubit[1] : g->qubit[0];
}

static void angle_text(const ent_angle *a, char *text, size_t room)
{
    int at = 0;
    if (a->source == ENT_ANGLE_FIXED) {
        snprintf(text, room, "%.4g", a->offset);
        return;
    }
    if (a->scale != 1.0) at = snprintf(text, room, "%.4g*", a->scale);
    at += snprintf(text + at, room - (size_t)at, "%s%d", a->source == ENT_ANGLE_PARAM ? "theta" : "x", a->slot);
    if (a->offset != 0.0) snprintf(text + at, room - (size_t)at, "%+.4g", a->offset);
}

/* The mark of gate g on wire q, which is one of its qubits, or within its run; a box's text. */
static mark_kind mark_of(const ent_gate *g, int q, char label[LABEL])
{
    static const char *const target[ENT_GATE_KINDS] = {
        [ENT_CX] = "X",   [ENT_CY] = "Y",   [ENT_CZ] = "Z", [ENT_CRX] = "RX",
        [ENT_CRY] = "RY", [ENT_CRZ] = "RZ", [ENT_CP] = "P"};
    const ent_gate_info *info = ent_gate_describe(g->kind);
    label[0] = '\0';
    if (g->kind == ENT_SWAP) return MARK_CROSS;
    if (target[g->kind] && q == g->qubit[0]) return MARK_CONTROL;
    int at = 0;
    for (const char *c = target[g->kind] ? target[g->kind] : info->name; *c && at < LABEL - 1; c++)
        label[at++] = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
    if (g->kind == ENT_SDG || g->kind == ENT_TDG) at = snprintf(label, LABEL, "%c+", g->kind == ENT_SDG ? 'S' : 'T');
    label[at] = '\0';
    if (info->angles > 0 && q == g->qubit[1]) {
        char angle[LABEL - 16];
        angle_text(&g->angle, angle, sizeof angle);
        snprintf(label + at, LABEL - (size_t)at, "(%s)", angle);
    }
    return MARK_BOX;
}

static bool is_on(const ent_gate *g, int q)
{
    if (ent_gate_describe(g->kind)->qubits == 0) return q >= g->qubit[0] && q <= g->qubit[1];
    return q == g->qubit[0] || q == g->qubit[1];
}

static void picture_clear(picture *p)
{
    ent_free(p->column);
    ent_free(p->width);
}

static ent_status picture_make(const ent_circuit *circuit, picture *p)
{
    int64_t next[ENT_MAX_QUBITS] = {0}; /* the first free column of each wire */
    *p = (picture){.circuit = circuit};
    p->column = ent_alloc(circuit->gates, sizeof *p->column);
    p->width = ent_alloc(circuit->gates + 1, sizeof *p->width);
    if (!p->column || !p->width) {
        picture_clear(p);
        return ent_fail(ENT_ENOMEM, "picture of a circuit: no memory");
    }
    for (int64_t g = 0; g < circuit->gates; g++) {
        const ent_gate *gate = &circuit->gate[g];
        int64_t at = 0;
        for (int q = low_of(gate); q <= high_of(gate); q++) at = next[q] > at ? next[q] : at;
        for (int q = low_of(gate); q <= high_of(gate); q++) {
            char label[LABEL] = "";
            if (is_on(gate, q)) mark_of(gate, q, label);
            const int length = label[0] ? (int)strlen(label) : 1;
            if (length > p->width[at]) p->width[at] = length;
            next[q] = at + 1;
        }
        p->column[g] = at;
        if (at + 1 > p->columns) p->columns = at + 1;
    }
    return ENT_OK;
}

/* "q0[3]", as the writer names it. */
static void wire_name(const ent_circuit *circuit, int qubit, char text[32])
{
    int m = circuit->registers - 1;
    while (circuit->register_first[m] > qubit) m--;
    if (circuit->registers == 1)
        snprintf(text, 32, "q[%d]", qubit);
    else
        snprintf(text, 32, "q%d[%d]", m, qubit - circuit->register_first[m]);
}

static int name_width(const ent_circuit *circuit)
{
    int most = 0;
    for (int q = 0; q < circuit->qubits; q++) {
        char name[32];
        wire_name(circuit, q, name);
        if ((int)strlen(name) > most) most = (int)strlen(name);
    }
    return most;
}

/* ---- text ---- */

/* Columns first..last-1 as a grid of characters: wires on the even rows, what connects them on the odd ones. */
typedef struct {
    char *cell;
    int rows, columns;
} grid;

static void put(const grid *g, int row, int column, const char *text)
{
    memcpy(g->cell + (int64_t)row * g->columns + column, text, strlen(text));
}

static void put_gate(const picture *p, const ent_gate *gate, const grid *g, int begin, int width)
{
    const bool run = ent_gate_describe(gate->kind)->qubits == 0;
    for (int q = low_of(gate); q <= high_of(gate); q++) {
        char label[LABEL] = "";
        const mark_kind mark = is_on(gate, q) ? mark_of(gate, q, label) : MARK_BOX;
        const char *text = !is_on(gate, q) ? "|" : mark == MARK_CONTROL ? "*" : mark == MARK_CROSS ? "x" : label;
        put(g, 2 * q, begin + (width - (int)strlen(text)) / 2, text);
        if (q < high_of(gate)) put(g, 2 * q + 1, begin + (width - 1) / 2, run ? ":" : "|");
    }
    (void)p;
}

static ent_status draw_block(const picture *p, int64_t first, int64_t last, int names, FILE *out)
{
    const ent_circuit *circuit = p->circuit;
    grid g = {.rows = 2 * circuit->qubits, .columns = names + 3};
    for (int64_t c = first; c < last; c++) g.columns += p->width[c] + 2;
    g.cell = ent_alloc((int64_t)g.rows * g.columns, 1);
    int *begin = ent_alloc(last - first + 1, sizeof *begin);
    if (!g.cell || !begin) {
        ent_free(g.cell);
        ent_free(begin);
        return ent_fail(ENT_ENOMEM, "picture of a circuit: no memory");
    }
    for (int r = 0; r < g.rows; r++) memset(g.cell + (int64_t)r * g.columns, r % 2 ? ' ' : '-', (size_t)g.columns);
    for (int q = 0; q < circuit->qubits; q++) {
        char name[32], field[64];
        wire_name(circuit, q, name);
        snprintf(field, sizeof field, "%*s: ", names, name);
        put(&g, 2 * q, 0, field);
    }
    begin[0] = names + 3;
    for (int64_t c = first; c < last; c++) begin[c - first + 1] = begin[c - first] + p->width[c] + 2;
    for (int64_t k = 0; k < circuit->gates; k++)
        if (p->column[k] >= first && p->column[k] < last)
            put_gate(p, &circuit->gate[k], &g, begin[p->column[k] - first], p->width[p->column[k]]);
    for (int r = 0; r + 1 < g.rows; r++) {
        int length = g.columns;
        while (length > 0 && g.cell[(int64_t)r * g.columns + length - 1] == ' ') length--;
        fprintf(out, "%.*s\n", length, g.cell + (int64_t)r * g.columns);
    }
    ent_free(g.cell);
    ent_free(begin);
    return ENT_OK;
}

static void list_readouts(const ent_circuit *circuit, const char *before, FILE *out)
{
    char text[6 * ENT_MAX_QUBITS];
    for (int r = 0; r < circuit->readouts; r++)
        fprintf(out, "%sreadout %d: %s\n", before, r, ent_pauli_text(&circuit->readout[r], text, sizeof text));
}

static ent_status written(FILE *out)
{
    ENT_REQUIRE(!ferror(out) && fflush(out) == 0, ENT_EIO, "picture of a circuit: %s", strerror(errno));
    return ENT_OK;
}

ent_status ent_circuit_draw_text(const ent_circuit *circuit, FILE *out)
{
    picture p;
    ENT_TRY(picture_make(circuit, &p));
    const int names = name_width(circuit);
    ent_status status = ENT_OK;
    int64_t first = 0;
    do {
        int64_t last = first;
        int width = names + 3;
        while (last < p.columns && (last == first || width + p.width[last] + 2 <= MOST_TEXT))
            width += p.width[last++] + 2;
        if (first > 0) fputc('\n', out);
        status = draw_block(&p, first, last, names, out);
        first = last;
    } while (first < p.columns && status == ENT_OK);
    picture_clear(&p);
    if (status != ENT_OK) return status;
    list_readouts(circuit, "", out);
    return written(out);
}

/* ---- SVG ---- */

enum { ROW = 40, LETTER = 8, GAP = 18, BOX = 26 };

static void svg_box(FILE *out, int x, int y, int width, const char *text)
{
    fprintf(out,
            "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"#fff\" stroke=\"#333\"/>"
            "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
            x - width / 2, y - BOX / 2, width, BOX, x, y + 5, text);
}

static void svg_gate(const ent_gate *gate, int x, FILE *out)
{
    const int top = ROW * (low_of(gate) + 1), bottom = ROW * (high_of(gate) + 1);
    if (bottom > top)
        fprintf(out, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#333\"/>\n", x, top, x, bottom);
    for (int q = low_of(gate); q <= high_of(gate); q++) {
        char label[LABEL];
        const int y = ROW * (q + 1);
        if (!is_on(gate, q)) continue;
        const mark_kind mark = mark_of(gate, q, label);
        if (mark == MARK_CONTROL)
            fprintf(out, "<circle cx=\"%d\" cy=\"%d\" r=\"4\" fill=\"#333\"/>\n", x, y);
        else if (mark == MARK_CROSS)
            fprintf(out, "<path d=\"M%d %dl10 10m0 -10l-10 10\" stroke=\"#333\" fill=\"none\"/>\n", x - 5, y - 5);
        else
            svg_box(out, x, y, LETTER * (int)strlen(label) + 12, label);
    }
}

static ent_status draw_svg(const picture *p, FILE *out)
{
    const ent_circuit *circuit = p->circuit;
    const int names = LETTER * name_width(circuit) + 20;
    int *centre = ent_alloc(p->columns + 1, sizeof *centre), x = names + GAP;
    ENT_REQUIRE(centre, ENT_ENOMEM, "picture of a circuit: no memory");
    for (int64_t c = 0; c < p->columns; c++) {
        const int width = LETTER * p->width[c] + 12;
        centre[c] = x + width / 2;
        x += width + GAP;
    }
    const int height = ROW * (circuit->qubits + 1);
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
            "font-family=\"monospace\" font-size=\"13\">\n<title>Circuit of %d qubits and %lld gates</title>\n",
            x, height, x, height, circuit->qubits, (long long)circuit->gates);
    fputs("<desc>\n", out);
    list_readouts(circuit, "", out);
    fprintf(out, "</desc>\n<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", x, height);
    for (int q = 0; q < circuit->qubits; q++) {
        char name[32];
        wire_name(circuit, q, name);
        fprintf(out,
                "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>"
                "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#888\"/>\n",
                names - 8, ROW * (q + 1) + 5, name, names, ROW * (q + 1), x - GAP / 2, ROW * (q + 1));
    }
    for (int64_t g = 0; g < circuit->gates; g++) svg_gate(&circuit->gate[g], centre[p->column[g]], out);
    fputs("</svg>\n", out);
    ent_free(centre);
    return written(out);
}

ent_status ent_circuit_draw_svg(const ent_circuit *circuit, FILE *out)
{
    picture p;
    ENT_TRY(picture_make(circuit, &p));
    const ent_status status = draw_svg(&p, out);
    picture_clear(&p);
    return status;
}
