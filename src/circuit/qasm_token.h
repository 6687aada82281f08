/* Tokens of an OpenQASM text, internal to this room: one at a time, each with its place. */
#ifndef ENTENTE_CIRCUIT_QASM_TOKEN_H
#define ENTENTE_CIRCUIT_QASM_TOKEN_H

#include <stdbool.h>

#include "entente/status.h"

typedef enum { TOKEN_END, TOKEN_NAME, TOKEN_NUMBER, TOKEN_STRING, TOKEN_SYMBOL } token_kind;

typedef struct {
    token_kind kind;
    const char *text; /* in the source; a string with its quotes */
    int length;
    int line, column; /* from 1; a column is a character of UTF-8 */
    double value;     /* TOKEN_NUMBER */
} token;

typedef struct {
    const char *file; /* for messages */
    const char *next;
    int line, column;
    token now;
} token_stream;

/* At the first token of `text`.  Errors: ENT_EFORMAT. */
ent_status ent_token_start(token_stream *s, const char *file, const char *text);

/* On to the next token.  Errors: ENT_EFORMAT for a comment or string without end, or a byte that is no text. */
ent_status ent_token_next(token_stream *s);

/* Whether a token is this word or symbol. */
bool ent_token_is(const token *t, const char *text);

/* "file:line:column: found 'text', want ...", with code ENT_EFORMAT. */
ent_status ent_token_fail(const token_stream *s, const token *t, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The rest of the line after the current token, of a pragma or an annotation; moves to the first token after it. */
ent_status ent_token_rest(token_stream *s, token *line);

/* The token must be `text`; on to the next. */
ent_status ent_token_expect(token_stream *s, const char *text);

#endif
