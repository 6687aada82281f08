/* Colours are those of Okabe and Ito (jfly.uni-koeln.de/color), distinguishable with all kinds of colour vision,
 * darker or lighter depending on the background. */
#include "page.h"

#include <string.h>

#define LIGHT                                                                                                        \
    "--bg:#fff;--fg:#1b1f24;--soft:#57606a;--line:#c8ced6;--panel:#f4f6f8;--c0:#0072b2;--c1:#d55e00;--c2:#007d5c;"   \
    "--c3:#b5538d;--c4:#3a9bd9;--c5:#b07800;--c6:#6a51a3;--c7:#4d4d4d"
#define DARK                                                                                                         \
    "--bg:#12161b;--fg:#e8ebef;--soft:#a3acb8;--line:#414b57;--panel:#1b2128;--c0:#4ea8e6;--c1:#ff8f4d;--c2:#"       \
    "2fcb9d;"                                                                                                        \
    "--c3:#ee9fcb;--c4:#9ad8ff;--c5:#f2bd3d;--c6:#b8a4ec;--c7:#c4c9cf"

const char DRAW_PAGE_COLOURS[] = ":root{color-scheme:light dark;" LIGHT "}\n"
                                 "@media (prefers-color-scheme:dark){:root{" DARK "}}\n";

const char DRAW_PAGE_FIGURE[] =
    "svg{background:var(--bg);font:12px system-ui,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}\n"
    "svg text{fill:var(--fg)}svg .soft{fill:var(--soft)}svg .bold{font-weight:600}svg .light{fill:#fff}"
    "svg .dark{fill:#111}\n"
    "svg .tick{font-size:11px;fill:var(--soft)}svg .title{font-size:15px;font-weight:600}\n"
    "svg .panel{paint-order:stroke;stroke:var(--bg);stroke-width:4px}\n"
    "svg .grid{stroke:var(--line);stroke-width:.6;fill:none}svg .axis{stroke:var(--soft);stroke-width:1;fill:none}\n"
    "svg .wire{stroke:var(--soft);stroke-width:1;fill:none}svg .ground{fill:var(--bg)}\n"
    "svg .line{fill:none;stroke-width:1.8;stroke-linejoin:round}svg .band{fill-opacity:.18;stroke:none}\n";

const char DRAW_PAGE_LAYOUT[] =
    "*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,'Segoe UI',"
    "Roboto,'DejaVu Sans',sans-serif}\n"
    "main{max-width:1180px;margin:auto;padding:1rem;display:grid;gap:1rem;"
    "grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr))}\n"
    "main>*{grid-column:1/-1;min-width:0;margin:0}main>figure.plain{grid-column:auto}\n"
    "h1{font-size:1.6rem;line-height:1.2}h2{font-size:1.25rem;margin-top:1.2rem;padding-top:.6rem;"
    "border-top:1px solid var(--line)}h3{font-size:1rem;margin:0 0 .4rem}\n"
    "main{overflow-wrap:anywhere}td,th,pre{overflow-wrap:normal}p,figcaption{color:var(--soft)}"
    "figcaption{font-size:."
    "85rem;margin-top:.4rem}\n"
    "figure{background:var(--bg);border:1px solid var(--line);border-radius:8px;padding:.8rem}\n"
    "figure svg{display:block;width:100%;height:auto}\n"
    ".scroll{overflow-x:auto}figure.wide svg{width:auto;max-width:none}\n"
    "table{border-collapse:collapse;font-size:.88rem;font-variant-numeric:tabular-nums}\n"
    "th,td{padding:.25rem .7rem;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}"
    "th:first-child,td:first-child{text-align:left}th{font-weight:600}\n"
    "details.more{margin-top:.5rem;font-size:.88rem}details.more summary{color:var(--soft)}\n"
    "pre{overflow-x:auto;background:var(--panel);padding:.8rem;border-radius:6px;font-size:.8rem;margin:.4rem 0}"
    "summary{cursor:pointer;font-weight:600}\n"
    "@media (max-width:600px){main{padding:.5rem;gap:.6rem}figure{padding:.4rem}h2{margin-top:.4rem}}\n";

void draw_page_put_light(FILE *out, const char *text, size_t bytes)
{
    static const char OPEN[] = "var(--", TABLE[] = LIGHT ";";
    const char *end = text + bytes;
    while (text < end) {
        const char *at = memmem(text, (size_t)(end - text), OPEN, sizeof OPEN - 1);
        const char *close = at ? memchr(at, ')', (size_t)(end - at)) : NULL;
        if (!close) break;
        fwrite(text, 1, (size_t)(at - text), out);
        char name[32];
        snprintf(name, sizeof name, "--%.*s:", (int)(close - at) - (int)sizeof OPEN + 1, at + sizeof OPEN - 1);
        const char *value = strstr(TABLE, name);
        if (value) fprintf(out, "%.*s", (int)strcspn(value + strlen(name), ";"), value + strlen(name));
        text = close + 1;
    }
    fwrite(text, 1, (size_t)(end - text), out);
}
