/* The numbers of a figure as files: CSV with a row per point; TeX with a pgfplots figure, or for cells a table. */
#include <math.h>
#include <string.h>

#include "chart.h"
#include "core/csv_cell.h"

/* ---- words ---- */

static void put_number(FILE *out, double value)
{
    if (isfinite(value)) fprintf(out, "%.10g", value);
}

static void csv_number(FILE *out, const double *value, int k)
{
    fputc(',', out);
    if (value) put_number(out, value[k]);
}

static void head_csv(FILE *out, int columns, const char *const *column)
{
    for (int c = 0; c < columns; c++) {
        if (c > 0) fputc(',', out);
        ent_csv_put(out, column[c]);
    }
    fputc('\n', out);
}

/* ---- CSV ---- */

static void lines_csv(FILE *out, const chart_figure *figure, int panels, const chart_panel *panel)
{
    const bool named = panel[0].name != NULL;
    const char *const column[] = {"panel", "line", figure->x.name, figure->y.name, "low", "high"};
    head_csv(out, named ? 6 : 5, named ? column : column + 1);
    for (int p = 0; p < panels; p++)
        for (int l = 0; l < panel[p].lines; l++) {
            const chart_line *line = &panel[p].line[l];
            for (int k = 0; k < line->n; k++) {
                if (named) ent_csv_put(out, panel[p].name);
                if (named) fputc(',', out);
                ent_csv_put(out, line->name);
                csv_number(out, line->x, k);
                csv_number(out, line->y, k);
                csv_number(out, line->low, k);
                csv_number(out, line->high, k);
                fputc('\n', out);
            }
        }
}

static void bars_csv(FILE *out, const chart_figure *figure, const chart_bars *b)
{
    head_csv(out, b->part ? 3 : 2, (const char *const[]){figure->x.name, figure->y.name, "part"});
    for (int p = 0; p < b->parts; p++)
        for (int k = 0; k < b->bars; k++) {
            ent_csv_put(out, b->name[k]);
            csv_number(out, b->value + (size_t)p * (size_t)b->bars, k);
            if (b->part) fputc(',', out);
            if (b->part) ent_csv_put(out, b->part[p]);
            fputc('\n', out);
        }
}

static void cells_csv(FILE *out, const chart_figure *figure, const chart_cells *c)
{
    head_csv(out, 3, (const char *const[]){figure->y.name, figure->x.name, c->name});
    for (int r = 0; r < c->rows; r++)
        for (int k = 0; k < c->columns; k++) {
            ent_csv_put(out, c->row[r]);
            fputc(',', out);
            ent_csv_put(out, c->column[k]);
            csv_number(out, c->value, r * c->columns + k);
            fputc('\n', out);
        }
}

static void forest_csv(FILE *out, const chart_figure *figure, int groups, const chart_effects *group)
{
    head_csv(out, 6, (const char *const[]){"group", figure->y.name, figure->x.name, "low", "high", "reference"});
    for (int g = 0; g < groups; g++)
        for (int k = 0; k < group[g].effects; k++) {
            const chart_effect *e = &group[g].effect[k];
            ent_csv_put(out, group[g].name ? group[g].name : "");
            fputc(',', out);
            ent_csv_put(out, e->name);
            csv_number(out, &e->value, 0);
            csv_number(out, &e->low, 0);
            csv_number(out, &e->high, 0);
            fprintf(out, ",%d\n", e->reference);
        }
}

/* ---- TeX ---- */

static const char *const MARK[DRAW_COLOURS] = {"*", "square*", "triangle*", "diamond*", "otimes*", "x", "star", "|"};

static void tex_axis(FILE *out, const char *which, const chart_axis *axis)
{
    char text[160];
    fprintf(out, "  %slabel={", which);
    draw_page_put_tex(out, chart_axis_text(axis, text));
    fprintf(out, "},\n");
    if (axis->base) fprintf(out, "  %smode=log,\n", which);
    if (!isnan(axis->low)) fprintf(out, "  %smin=%.10g,\n", which, axis->low);
    if (!isnan(axis->high)) fprintf(out, "  %smax=%.10g,\n", which, axis->high);
}

static void begin_axis(FILE *out, const chart_figure *figure, const char *title)
{
    fprintf(out, "\\begin{tikzpicture}\n\\begin{axis}[\n  legend pos=outer north east,\n  grid=major,\n");
    if (title) {
        fprintf(out, "  title={");
        draw_page_put_tex(out, title);
        fprintf(out, "},\n");
    }
    tex_axis(out, "x", &figure->x);
    tex_axis(out, "y", &figure->y);
}

static void end_axis(FILE *out)
{
    fprintf(out, "\\end{axis}\n\\end{tikzpicture}\n");
}

static void tex_line(FILE *out, const chart_line *line)
{
    const bool spread = line->low && line->high;
    fprintf(out, "\\addplot+[%s%s%s] coordinates {",
            line->points  ? "only marks, "
            : line->model ? "dashed, "
                          : "",
            line->model || line->colour < 0 ? "mark=none" : "mark=",
            line->model || line->colour < 0 ? "" : MARK[line->colour % DRAW_COLOURS]);
    for (int k = 0; k < line->n; k++)
        if (isfinite(line->y[k])) fprintf(out, " (%.10g,%.10g)", line->x[k], line->y[k]);
    fprintf(out, "};\n\\addlegendentry{");
    draw_page_put_tex(out, line->name);
    fprintf(out, "}\n");
    for (int k = 0; k < line->n && spread; k++)
        if (isfinite(line->y[k]) && isfinite(line->low[k]) && isfinite(line->high[k]))
            fprintf(out, "\\draw (axis cs:%.10g,%.10g) -- (axis cs:%.10g,%.10g);\n", line->x[k], line->low[k],
                    line->x[k], line->high[k]);
}

static void lines_tex(FILE *out, const chart_figure *figure, int panels, const chart_panel *panel)
{
    for (int p = 0; p < panels; p++) {
        begin_axis(out, figure, panel[p].name);
        fprintf(out, "]\n");
        for (int l = 0; l < panel[p].lines; l++) tex_line(out, &panel[p].line[l]);
        end_axis(out);
    }
}

static void tex_names(FILE *out, const char *which, int n, const char *const *name)
{
    fprintf(out, "  %stick={", which);
    for (int k = 0; k < n; k++) fprintf(out, "%s%d", k ? "," : "", k);
    fprintf(out, "},\n  %sticklabels={", which);
    for (int k = 0; k < n; k++) {
        fprintf(out, "%s{", k ? "," : "");
        draw_page_put_tex(out, name[k]);
        fputc('}', out);
    }
    fprintf(out, "},\n");
}

static void bars_tex(FILE *out, const chart_figure *figure, const chart_bars *b)
{
    begin_axis(out, figure, NULL);
    fprintf(out, "  ybar stacked,\n  x tick label style={rotate=90, anchor=east},\n");
    tex_names(out, "x", b->bars, b->name);
    fprintf(out, "]\n");
    for (int p = 0; p < b->parts; p++) {
        fprintf(out, "\\addplot coordinates {");
        for (int k = 0; k < b->bars; k++)
            if (isfinite(b->value[p * b->bars + k])) fprintf(out, " (%d,%.10g)", k, b->value[p * b->bars + k]);
        fprintf(out, "};\n");
        if (!b->part) continue;
        fprintf(out, "\\addlegendentry{");
        draw_page_put_tex(out, b->part[p]);
        fprintf(out, "}\n");
    }
    end_axis(out);
}

static void cells_tex(FILE *out, const chart_figure *figure, const chart_cells *c)
{
    fprintf(out, "\\begin{tabular}{l");
    for (int k = 0; k < c->columns; k++) fputc('r', out);
    fprintf(out, "}\n\\toprule\n");
    draw_page_put_tex(out, figure->y.name);
    for (int k = 0; k < c->columns; k++) {
        fprintf(out, " & ");
        draw_page_put_tex(out, c->column[k]);
    }
    fprintf(out, " \\\\\n\\midrule\n");
    for (int r = 0; r < c->rows; r++) {
        draw_page_put_tex(out, c->row[r]);
        for (int k = 0; k < c->columns; k++) {
            const double value = c->value[r * c->columns + k];
            fprintf(out, isfinite(value) ? " & %.4g" : " & ", value);
        }
        fprintf(out, " \\\\\n");
    }
    fprintf(out, "\\bottomrule\n\\end{tabular}\n");
}

static void tex_group(FILE *out, const chart_figure *figure, const chart_effects *group)
{
    begin_axis(out, figure, group->name);
    fprintf(out, "  y dir=reverse,\n  ytick={");
    for (int k = 0; k < group->effects; k++) fprintf(out, "%s%d", k ? "," : "", k);
    fprintf(out, "},\n  yticklabels={");
    for (int k = 0; k < group->effects; k++) {
        fprintf(out, "%s{", k ? "," : "");
        draw_page_put_tex(out, group->effect[k].name);
        fputc('}', out);
    }
    fprintf(out, "},\n]\n\\addplot+[only marks, mark=square*, error bars/.cd, x dir=both, x explicit] coordinates {");
    for (int k = 0; k < group->effects; k++) {
        const chart_effect *e = &group->effect[k];
        if (!isfinite(e->value)) continue;
        const bool spread = isfinite(e->low) && isfinite(e->high);
        fprintf(out, " (%.10g,%d) += (%.10g,0) -= (%.10g,0)", e->value, k, spread ? e->high - e->value : 0.0,
                spread ? e->value - e->low : 0.0);
    }
    fprintf(out, "};\n");
    end_axis(out);
}

static void forest_tex(FILE *out, const chart_figure *figure, int groups, const chart_effects *group)
{
    for (int g = 0; g < groups; g++) tex_group(out, figure, &group[g]);
}

/* ---- called by the charts ---- */

static void begin(draw_page *page, const chart_figure *figure, bool table)
{
    page->figures++;
    draw_page_sheet_begin(page, figure->title);
    if (page->kind == DRAW_TEX) draw_page_tex_begin(page, figure->title, figure->caption, table);
}

static void end(draw_page *page, bool table)
{
    if (page->kind == DRAW_TEX) draw_page_tex_end(page, table);
    draw_page_sheet_end(page);
}

void chart_data_lines(draw_page *page, const chart_figure *figure, int panels, const chart_panel *panel)
{
    begin(page, figure, false);
    (page->kind == DRAW_TEX ? lines_tex : lines_csv)(page->out, figure, panels, panel);
    end(page, false);
}

void chart_data_bars(draw_page *page, const chart_figure *figure, const chart_bars *bars)
{
    begin(page, figure, false);
    (page->kind == DRAW_TEX ? bars_tex : bars_csv)(page->out, figure, bars);
    end(page, false);
}

void chart_data_cells(draw_page *page, const chart_figure *figure, const chart_cells *cells)
{
    begin(page, figure, true);
    (page->kind == DRAW_TEX ? cells_tex : cells_csv)(page->out, figure, cells);
    end(page, true);
}

void chart_data_forest(draw_page *page, const chart_figure *figure, int groups, const chart_effects *group)
{
    begin(page, figure, false);
    (page->kind == DRAW_TEX ? forest_tex : forest_csv)(page->out, figure, groups, group);
    end(page, false);
}
