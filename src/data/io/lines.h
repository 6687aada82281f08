/* Text files: as a whole, or line by line.  Local. */
#ifndef ENTENTE_DATA_LINES_H
#define ENTENTE_DATA_LINES_H

#include <stdbool.h>

#include "entente/h5.h"

/* The text, ended by '\0'; ent_free.  Errors: ENT_EIO; ENT_EFORMAT a zero byte in it; ENT_ENOMEM. */
ent_status ent_file_text(const char *path, char **out);

/* A text file that is read line by line, plain or compressed by gzip. */
typedef struct ent_lines ent_lines;

/* Errors: ENT_EIO, ENT_ENOMEM. */
ent_status ent_lines_open(const char *path, ent_lines **out);
void ent_lines_close(ent_lines *lines); /* NULL is legal */

/* The next line without its end (LF or CRLF), to be changed at will, until the next call; NULL after the last.  A byte
 * order mark before the first line is no part of it.  Errors: ENT_EIO; ENT_ENOMEM; ENT_EFORMAT a zero byte, a carriage
 * return within a line, a compressed file that is damaged or truncated. */
ent_status ent_lines_next(ent_lines *lines, char **line);
int64_t ent_lines_number(const ent_lines *lines); /* of the line at hand, from 1 */
ent_status ent_lines_rewind(ent_lines *lines);

#endif
