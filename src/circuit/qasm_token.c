/* A token starts at its first byte: a letter (or a byte of UTF-8) a name, a digit or point a number, a quote a
 * string, any other printable byte a symbol, of two bytes where they are an operator.  Blanks and comments are
 * between tokens. */
#include "qasm_token.h"

#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NUMBER_LENGTH = 60, MAX_SHOWN = 40 };

static bool is_letter(char c)
{
    return isalpha((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool ent_token_is(const token *t, const char *text)
{
    return t->kind != TOKEN_END && t->kind != TOKEN_STRING && strlen(text) == (size_t)t->length &&
           memcmp(t->text, text, (size_t)t->length) == 0;
}

ent_status ent_token_fail(const token_stream *s, const token *t, const char *format, ...)
{
    char want[1024], found[64];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(want, sizeof want, format, arguments);
    va_end(arguments);
    const unsigned char first = (unsigned char)*t->text;
    if (t->kind == TOKEN_END)
        snprintf(found, sizeof found, "the end");
    else if (first < 0x20 || first == 0x7f)
        snprintf(found, sizeof found, "byte 0x%02x", first);
    else
        snprintf(found, sizeof found, "'%.*s'", t->length < MAX_SHOWN ? t->length : MAX_SHOWN, t->text);
    return ent_fail(ENT_EFORMAT, "%s:%d:%d: found %s, want %s", s->file, t->line, t->column, found, want);
}

/* Over one byte; a column is a byte that does not continue a character of UTF-8. */
static void step(token_stream *s)
{
    if (*s->next == '\n') {
        s->line++;
        s->column = 1;
    } else if (((unsigned char)*s->next & 0xc0) != 0x80) {
        s->column++;
    }
    s->next++;
}

static void step_over(token_stream *s, int bytes)
{
    for (int k = 0; k < bytes; k++) step(s);
}

static token here(const token_stream *s, token_kind kind, int length)
{
    return (token){.kind = kind, .text = s->next, .length = length, .line = s->line, .column = s->column};
}

static ent_status skip_comment(token_stream *s)
{
    const token opening = here(s, TOKEN_SYMBOL, 2);
    const bool to_end_of_line = s->next[1] == '/';
    step_over(s, 2);
    while (*s->next) {
        if (to_end_of_line && *s->next == '\n') return ENT_OK;
        if (!to_end_of_line && s->next[0] == '*' && s->next[1] == '/') {
            step_over(s, 2);
            return ENT_OK;
        }
        step(s);
    }
    return to_end_of_line ? ENT_OK : ent_token_fail(s, &opening, "a comment that ends");
}

static ent_status skip_blanks(token_stream *s)
{
    for (;;) {
        if (*s->next == ' ' || *s->next == '\t' || *s->next == '\r' || *s->next == '\n')
            step(s);
        else if (s->next[0] == '/' && (s->next[1] == '/' || s->next[1] == '*'))
            ENT_TRY(skip_comment(s));
        else
            return ENT_OK;
    }
}

static int digits(const char *text)
{
    int n = 0;
    while (n <= MAX_NUMBER_LENGTH && is_digit(text[n])) n++;
    return n;
}

/* 12, 1.5, 1., .5, each with an exponent or without. */
static int number_length(const char *text)
{
    int n = digits(text);
    if (text[n] == '.') n += 1 + digits(text + n + 1);
    if (text[n] == 'e' || text[n] == 'E') {
        const int sign = text[n + 1] == '+' || text[n + 1] == '-';
        const int exponent = digits(text + n + 1 + sign);
        if (exponent > 0) n += 1 + sign + exponent;
    }
    return n;
}

static ent_status read_number(token_stream *s)
{
    char text[MAX_NUMBER_LENGTH + 1];
    s->now = here(s, TOKEN_NUMBER, number_length(s->next));
    if (s->now.length > MAX_NUMBER_LENGTH)
        return ent_token_fail(s, &s->now, "a number of at most %d characters", MAX_NUMBER_LENGTH);
    memcpy(text, s->now.text, (size_t)s->now.length);
    text[s->now.length] = '\0';
    s->now.value = strtod(text, NULL);
    return ENT_OK;
}

static ent_status read_string(token_stream *s)
{
    const char *end = s->next + 1;
    while (*end && *end != '"' && *end != '\n' && end - s->next < INT_MAX - 1) end++;
    s->now = here(s, TOKEN_STRING, (int)(end - s->next) + 1);
    if (*end == '"') return ENT_OK;
    s->now.length = 1;
    return ent_token_fail(s, &s->now, "a string that ends on its line");
}

static ent_status read_name(token_stream *s)
{
    enum { MAX_NAME_LENGTH = 1000 };
    int n = 1;
    while (n <= MAX_NAME_LENGTH && (is_letter(s->next[n]) || is_digit(s->next[n]))) n++;
    s->now = here(s, TOKEN_NAME, n);
    return n <= MAX_NAME_LENGTH ? ENT_OK : ent_token_fail(s, &s->now, "a name of at most %d bytes", MAX_NAME_LENGTH);
}

static int symbol_length(const char *text)
{
    static const char *const pairs[] = {"**", "->", "==", "!=", "<=", ">=", "&&", "||", "++"};
    for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++)
        if (strncmp(text, pairs[k], 2) == 0) return 2;
    return 1;
}

ent_status ent_token_rest(token_stream *s, token *line)
{
    int n = 0;
    while (s->next[n] && s->next[n] != '\n' && n < INT_MAX - 1) n++;
    *line = here(s, TOKEN_STRING, n);
    step_over(s, n);
    return ent_token_next(s);
}

ent_status ent_token_next(token_stream *s)
{
    ENT_TRY(skip_blanks(s));
    const char c = *s->next;
    ent_status status = ENT_OK;
    if (c == '\0')
        s->now = here(s, TOKEN_END, 0);
    else if (is_letter(c))
        status = read_name(s);
    else if (is_digit(c) || (c == '.' && is_digit(s->next[1])))
        status = read_number(s);
    else if (c == '"')
        status = read_string(s);
    else
        s->now = here(s, TOKEN_SYMBOL, symbol_length(s->next));
    if (status == ENT_OK) step_over(s, s->now.length);
    return status;
}

ent_status ent_token_start(token_stream *s, const char *file, const char *text)
{
    *s = (token_stream){.file = file, .next = text, .line = 1, .column = 1};
    return ent_token_next(s);
}

ent_status ent_token_expect(token_stream *s, const char *text)
{
    if (!ent_token_is(&s->now, text)) return ent_token_fail(s, &s->now, "'%s'", text);
    return ent_token_next(s);
}
