/* A file that is read from its start, plain or compressed with gzip (RFC 1952).  The members of a compressed file
 * follow one another; zero bytes may pad its end.  Local. */
#ifndef ENTENTE_DATA_STREAM_H
#define ENTENTE_DATA_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "entente/status.h"

typedef struct ent_stream ent_stream;

/* Errors, each with the path: ENT_EIO, ENT_ENOMEM. */
ent_status ent_stream_open(const char *path, ent_stream **out);
void ent_stream_close(ent_stream *stream); /* NULL is legal */
bool ent_stream_is_packed(const ent_stream *stream);

/* The next bytes of the contents; *got < count only at their end.
 * Errors: ENT_EIO, also where the file has changed since it was opened; ENT_EFORMAT compressed data that are damaged,
 * cut short or followed by something else. */
ent_status ent_stream_read(ent_stream *stream, void *to, size_t count, size_t *got);
/* Continue at byte `at` of the contents.  In a compressed file everything before it is unpacked, from the beginning
 * if `at` is before the current position.  Errors: as for reading; ENT_EFORMAT, the contents end before it. */
ent_status ent_stream_seek(ent_stream *stream, int64_t at);
/* Bytes of the contents from the current position to the end, at most `most` + 1; the position is then there.
 * Errors: as for reading. */
ent_status ent_stream_left(ent_stream *stream, int64_t most, int64_t *left);

#endif
