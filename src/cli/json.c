/* The one line of JSON that a command prints for programs. */
#include "json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void cli_print_json(json_t *object)
{
    char *text = object ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    printf("%s\n", text ? text : "null");
    free(text);
    json_decref(object);
}

json_t *cli_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}
