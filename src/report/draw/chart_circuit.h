/* A model's circuit as a picture. */
#ifndef ENTENTE_DRAW_CHART_CIRCUIT_H
#define ENTENTE_DRAW_CHART_CIRCUIT_H

#include "entente/model.h"
#include "page.h"

/* Draw the full model's circuit gate by gate; one that is too wide is drawn block by block, and the caption
 * says so.  Errors: those of ent_model_circuit. */
ent_status chart_draw_circuit(draw_page *page, const ent_model_inp *inp);

#endif
