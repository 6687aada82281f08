/* Builds the `source` attribute of a data set option by option, in a buffer of fixed size. */
#include "provenance.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void ent_provenance_add(ent_provenance *p, const char *format, ...)
{
    va_list arguments;
    if (p->used + 2 >= sizeof p->text) return;
    if (p->used > 0) p->text[p->used++] = ' ';
    va_start(arguments, format);
    const int length = vsnprintf(p->text + p->used, sizeof p->text - p->used, format, arguments);
    va_end(arguments);
    p->used = length < 0 || p->used + (size_t)length >= sizeof p->text ? sizeof p->text - 1
                                                                       : p->used + (size_t)length;
}

const char *ent_provenance_file(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

ent_status ent_provenance_write(const ent_provenance *p, ent_h5 *file)
{
    return ent_h5_write_attribute(file, "/", "source", p->text);
}
