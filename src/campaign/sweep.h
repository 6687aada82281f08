/* Builds the points of a SWEEP.yaml.  Local. */
#ifndef ENTENTE_CAMPAIGN_SWEEP_H
#define ENTENTE_CAMPAIGN_SWEEP_H

#include "campaign.h"

/* The plan as text (ent_free).  Errors: ENT_EIO; ENT_ECONFIG with file, line, key, the value found and the value
 * wanted. */
ent_status campaign_sweep_points(const campaign_job *c, char **text);

#endif
