/* Scales, nice ticks (1, 2 and 5 times a power of ten), frames and legends. */
#include <math.h>
#include <string.h>

#include "chart.h"

enum { LEGEND_ROW = 18, LEGEND_LEFT = 12, LEGEND_GAP = 16, SWATCH = 30 };

char *chart_number_text(double value, char text[24])
{
    const double size = fabs(value);
    if (!isfinite(value))
        snprintf(text, 24, "-");
    else if (size >= 1e9 || (size > 0.0 && size < 1e-3))
        snprintf(text, 24, "%.3g", value);
    else if (size >= 1e6)
        snprintf(text, 24, "%.4gM", value / 1e6);
    else if (size >= 1e4)
        snprintf(text, 24, "%.4gk", value / 1e3);
    else
        snprintf(text, 24, "%.4g", value);
    return text;
}

char *chart_axis_text(const chart_axis *axis, char text[160])
{
    snprintf(text, 160, "%s (%s)", axis->name, axis->unit);
    return text;
}

double chart_text_width(const char *text)
{
    double width = 0.0;
    for (; *text; text++)
        if (((unsigned char)*text & 0xc0) != 0x80)
            width += strchr("iljt.,:;'| ()", *text) ? 4.2 : strchr("mwMW@%", *text) ? 10.5 : 7.0;
    return width;
}

char *chart_text_fit(const char *text, double width, char out[128])
{
    snprintf(out, 128, "%s", text);
    for (char *at = out; *at; at++)
        if ((unsigned char)*at < 0x20) *at = '?';
    if (strlen(text) < 128 && chart_text_width(out) <= width) return out;
    size_t n = strlen(out);
    while (n > 1 && (n > 120 || chart_text_width(out) + 12.6 > width)) {
        n--;
        while (n > 1 && ((unsigned char)out[n] & 0xc0) == 0x80) n--;
        out[n] = '\0';
    }
    strcat(out, "...");
    return out;
}

/* ---- scales ---- */

static double nice_step(double span, int most)
{
    const double rough = span / most, power = pow(10.0, floor(log10(rough)));
    const double digit = rough / power;
    return power * (digit <= 1.0 ? 1.0 : digit <= 2.0 ? 2.0 : digit <= 5.0 ? 5.0 : 10.0);
}

static void linear(chart_scale *s, const chart_axis *axis, int most)
{
    if (s->high <= s->low) {
        const double pad = s->low == 0.0 ? 1.0 : 0.05 * fabs(s->low);
        if (isnan(axis->low)) s->low -= pad;
        s->high += pad;
    }
    double step = nice_step(s->high - s->low, most);
    if (axis->whole && step < 1.0) step = 1.0;
    if (isnan(axis->low)) s->low = floor(s->low / step + 1e-9) * step;
    if (isnan(axis->high)) s->high = ceil(s->high / step - 1e-9) * step;
    for (double k = ceil(s->low / step - 1e-9); k * step <= s->high + 1e-9 * step && s->ticks < DRAW_TICKS; k++)
        s->tick[s->ticks++] = fabs(k * step) < 1e-12 * step ? 0.0 : k * step;
}

/* The next 1, 2 or 5 times a power of ten, at most (below) or at least `value`. */
static double round_digit(double value, bool below)
{
    static const double DIGIT[] = {1.0, 2.0, 5.0, 10.0};
    const double power = pow(10.0, floor(log10(value) + 1e-12));
    double found = below ? power : 10.0 * power;
    for (int k = 0; k < 4; k++) {
        const double tick = DIGIT[k] * power;
        if (below && tick <= value * (1.0 + 1e-9)) found = tick;
        if (!below && tick >= value * (1.0 - 1e-9) && tick < found) found = tick;
    }
    return found;
}

/* Ticks at powers of the base; if these are few, for base 10 also at 2 and 5. */
static void logarithmic(chart_scale *s, int most)
{
    const double base = s->base;
    if (!(s->low > 0.0)) s->low = s->high > 0.0 ? s->high / 10.0 : 1.0;
    if (s->high <= s->low) s->high = s->low * base;
    if (s->base == 10) {
        s->low = round_digit(s->low, true);
        s->high = round_digit(s->high, false);
    }
    const int first = (int)ceil(log(s->low) / log(base) - 1e-9), last = (int)floor(log(s->high) / log(base) + 1e-9);
    const int powers = last - first + 1, stride = powers > most ? (powers + most - 1) / most : 1;
    for (int k = first; k <= last && s->ticks < DRAW_TICKS; k += stride) s->tick[s->ticks++] = pow(base, k);
    if (s->base != 10 || powers > 2) return;
    s->ticks = 0;
    for (int k = first - 1; k <= last + 1; k++)
        for (int d = 0; d < 3 && s->ticks < DRAW_TICKS; d++) {
            const double tick = (d == 0 ? 1.0 : d == 1 ? 2.0 : 5.0) * pow(10.0, k);
            if (tick >= s->low * (1.0 - 1e-9) && tick <= s->high * (1.0 + 1e-9)) s->tick[s->ticks++] = tick;
        }
}

chart_scale chart_scale_make(const chart_axis *axis, double low, double high, int most)
{
    chart_scale s = {
        .base = axis->base, .low = isnan(axis->low) ? low : axis->low, .high = isnan(axis->high) ? high : axis->high};
    if (!isfinite(s.low) || !isfinite(s.high)) s.low = 0.0, s.high = 1.0;
    if (s.base)
        logarithmic(&s, most);
    else
        linear(&s, axis, most);
    return s;
}

double chart_scale_place(const chart_scale *s, double value)
{
    if (s->base) return value > 0.0 ? log(value / s->low) / log(s->high / s->low) : 0.0;
    return (value - s->low) / (s->high - s->low);
}

/* ---- frame ---- */

double chart_frame_x(const chart_frame *f, double value)
{
    return f->left + f->pad + chart_scale_place(&f->x, value) * (f->width - 2 * f->pad);
}

double chart_frame_y(const chart_frame *f, double value)
{
    const double at = chart_scale_place(&f->y, value);
    return f->top + f->height - fmin(fmax(at, 0.0), 1.0) * f->height;
}

void chart_grid_draw(draw_page *page, const chart_frame *f, bool ticks_x, bool ticks_y)
{
    char number[24];
    const double bottom = f->top + f->height;
    for (int k = 0; k < f->y.ticks; k++) {
        const double y = chart_frame_y(f, f->y.tick[k]);
        fprintf(page->out, "<path class='grid' d='M%.1f %.1fh%.1f'/>\n", f->left, y, f->width);
        if (ticks_y)
            draw_page_label(page, f->left - 6, y + 4, "end", "tick", chart_number_text(f->y.tick[k], number));
    }
    for (int k = 0; k < f->x.ticks; k++) {
        const double x = chart_frame_x(f, f->x.tick[k]);
        fprintf(page->out, "<path class='grid' d='M%.1f %.1fv%.1f'/>\n", x, f->top, f->height);
        if (ticks_x) draw_page_label(page, x, bottom + 16, "middle", "tick", chart_number_text(f->x.tick[k], number));
    }
    fprintf(page->out, "<path class='axis' d='M%.1f %.1fv%.1fh%.1f'/>\n", f->left, f->top, f->height, f->width);
}

void chart_frame_draw(draw_page *page, const chart_figure *figure, const chart_frame *frame, bool ticks_x)
{
    chart_frame f = *frame;
    if (!ticks_x) f.x.ticks = 0;
    chart_grid_draw(page, &f, ticks_x, true);
    chart_axes_name(page, figure, frame);
}

/* A name that is longer than its axis is set in smaller type. */
static void put_name(draw_page *page, const chart_axis *axis, const char *class, double room)
{
    char text[160];
    const double width = 1.12 * chart_text_width(chart_axis_text(axis, text)); /* an estimate: with a margin */
    if (width > room) fprintf(page->out, "<g transform='scale(%.3f)'>", room / width);
    draw_page_label(page, 0, 0, "middle", class, text);
    if (width > room) fprintf(page->out, "</g>");
}

void chart_axes_name(draw_page *page, const chart_figure *figure, const chart_frame *f)
{
    const double room = fmax(f->height + 40.0, 130.0);
    fprintf(page->out, "<g transform='translate(%.1f %.1f)'>", f->left + f->width / 2,
            f->top + f->height + f->below + 34);
    put_name(page, &figure->x, "x-label", f->width);
    fprintf(page->out, "</g>\n<g transform='translate(14 %.1f) rotate(-90)'>",
            fmax(f->top + f->height / 2, room / 2));
    put_name(page, &figure->y, "y-label", room);
    fprintf(page->out, "</g>\n");
}

/* ---- legend ---- */

/* The position of entry k; the number of rows. */
static int place_entries(int n, const char *const *name, double *x, int *row)
{
    double at = LEGEND_LEFT;
    int rows = 1;
    for (int k = 0; k < n; k++) {
        const double width = SWATCH + chart_text_width(name[k]);
        if (at > LEGEND_LEFT && at + width > DRAW_FIGURE_WIDTH - LEGEND_LEFT) {
            at = LEGEND_LEFT;
            rows++;
        }
        if (x) x[k] = at;
        if (row) row[k] = rows - 1;
        at += width + LEGEND_GAP;
    }
    return n > 0 ? rows : 0;
}

double chart_legend_height(int n, const char *const *name)
{
    return LEGEND_ROW * place_entries(n, name, NULL, NULL) + (n > 0 ? 6 : 0);
}

void chart_legend_draw(draw_page *page, double top, int n, const char *const *name,
                       void (*swatch)(draw_page *page, double x, double y, int k, const void *data), const void *data)
{
    double x[DRAW_LEGEND];
    int row[DRAW_LEGEND];
    char text[128];
    if (n > DRAW_LEGEND) n = DRAW_LEGEND;
    place_entries(n, name, x, row);
    for (int k = 0; k < n; k++) {
        const double y = top + LEGEND_ROW * row[k] + 12;
        swatch(page, x[k], y - 4, k, data);
        draw_page_label(page, x[k] + SWATCH - 6, y, "start", "legend",
                        chart_text_fit(name[k], DRAW_FIGURE_WIDTH - x[k] - SWATCH, text));
    }
}
