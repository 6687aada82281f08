/* What --json prints. */
#ifndef ENTENTE_CLI_JSON_H
#define ENTENTE_CLI_JSON_H

#include <jansson.h>

/* Print an object (taken; NULL if there was no memory for it) as one line of standard output. */
void cli_print_json(json_t *object);

/* A number, or null if it is not finite: JSON has no other. */
json_t *cli_number(double value);

#endif
