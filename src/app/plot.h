/* A page of bars in SVG. */
#ifndef ENTENTE_APP_PLOT_H
#define ENTENTE_APP_PLOT_H

#include "app.h"

typedef struct {
    const char *path;
    FILE *file;
    int panel;
} app_plot;

/* Begin a page for `panels` rows of bars.  Errors: ENT_EIO. */
ent_status app_plot_new(const char *path, int panels, app_plot *plot);
/* One more row: n bars, count and name of each. */
void app_plot_bars(app_plot *plot, const char *title, int n, const int64_t *count, const char *const *name);
ent_status app_plot_finish(app_plot *plot);

#endif
