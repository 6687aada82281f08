/* The version of the headers; ent_version() is that of the library.  CMakeLists.txt reads it from here. */
#ifndef ENTENTE_VERSION_H
#define ENTENTE_VERSION_H

#define ENT_VERSION_MAJOR 0
#define ENT_VERSION_MINOR 1
#define ENT_VERSION_PATCH 0

/* To compare: #if ENT_VERSION >= ENT_VERSION_OF(0, 2, 0) */
#define ENT_VERSION_OF(major, minor, patch) ((major)*1000000 + (minor)*1000 + (patch))
#define ENT_VERSION                         ENT_VERSION_OF(ENT_VERSION_MAJOR, ENT_VERSION_MINOR, ENT_VERSION_PATCH)

/* ENT_VERSION of the linked library.  Local. */
int ent_version(void);

#endif
