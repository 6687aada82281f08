/* The last failure of each thread, in a buffer of fixed size: reporting an error must not itself need memory.
 * Messages contain names from files, so control characters are escaped here, in one place for all messages. */
#include "entente/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entente/visible.h"

enum { MESSAGE_BYTES = 2048 };

static _Thread_local char message[MESSAGE_BYTES];

const char *ent_message(void)
{
    return message;
}

ent_status ent_fail(ent_status code, const char *format, ...)
{
    char text[MESSAGE_BYTES]; /* a separate buffer, because the old message may be among the arguments */
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    ent_visible(text, "\n\t", message, sizeof message);
    return code;
}

ent_status ent_fail_in(ent_status code, const char *format, ...)
{
    char text[MESSAGE_BYTES / 2];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return ent_fail(code, "%s: %s", text, message);
}

void ent_assert_failed(const char *text, const char *file, int line)
{
    fprintf(stderr, "entente: bug: '%s' does not hold at %s:%d; please report it\n", text, file, line);
    abort();
}
