/* Text files, read as a whole or line by line.  Local. */
#ifndef ENTENTE_DATA_LINES_H
#define ENTENTE_DATA_LINES_H

#include <stdbool.h>

#include "entente/h5.h"

/* The NUL-terminated text; free with ent_free.  Errors: ENT_EIO; ENT_EFORMAT the text contains a zero byte;
 * ENT_ENOMEM. */
ent_status ent_file_text(const char *path, char **out);

/* A text file that is read line by line, plain or compressed with gzip. */
typedef struct ent_lines ent_lines;

/* Errors: ENT_EIO, ENT_ENOMEM. */
ent_status ent_lines_open(const char *path, ent_lines **out);
void ent_lines_close(ent_lines *lines); /* NULL is legal */

/* The next line without its line end (LF or CRLF), valid until the next call; the caller may modify it.  NULL
 * after the last line.  A byte order mark before the first line is skipped.  Errors: ENT_EIO; ENT_ENOMEM;
 * ENT_EFORMAT a zero byte, a carriage return within a line, a compressed file that is damaged or truncated. */
ent_status ent_lines_next(ent_lines *lines, char **line);
int64_t ent_lines_number(const ent_lines *lines); /* number of the current line, from 1 */
ent_status ent_lines_rewind(ent_lines *lines);

#endif
