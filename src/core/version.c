/* The version of the library, fixed when it is built. */
#include "entente/version.h"

int ent_version(void)
{
    return ENT_VERSION;
}
