/* OpenQASM files: from a file or a text into a circuit.  The reader itself is in qasm_parse.c. */
#include "entente/qasm.h"

#include <errno.h>
#include <string.h>

#include "entente/memory.h"
#include "qasm_parse.h"

enum { MAX_FILE_BYTES = 16 << 20 };

struct ent_qasm {
    ent_circuit *circuit;
    char *text, *notes;
    int bits, *bit;
};

void ent_qasm_free(ent_qasm *qasm)
{
    if (!qasm) return;
    ent_circuit_free(qasm->circuit);
    ent_free(qasm->text);
    ent_free(qasm->notes);
    ent_free(qasm->bit);
    ent_free(qasm);
}

const ent_circuit *ent_qasm_circuit(const ent_qasm *qasm)
{
    return qasm->circuit;
}

const char *ent_qasm_text(const ent_qasm *qasm)
{
    return qasm->text;
}

int ent_qasm_bits(const ent_qasm *qasm, const int **qubit)
{
    *qubit = qasm->bit;
    return qasm->bits;
}

const char *ent_qasm_notes(const ent_qasm *qasm)
{
    return qasm->notes ? qasm->notes : "";
}

static ent_status parse(const char *text, const char *name, const ent_qasm_inputs *inputs, ent_qasm *qasm)
{
    qasm_parser *parser = ent_alloc(1, sizeof *parser);
    ENT_REQUIRE(parser, ENT_ENOMEM, "%s: no memory", name);
    parser->circuit = qasm->circuit;
    parser->inputs = inputs;
    ent_status status = ent_token_start(&parser->tokens, name, text);
    if (status == ENT_OK) status = ent_qasm_read(parser);
    qasm->notes = parser->notes;
    qasm->bits = parser->bits;
    qasm->bit = parser->bit;
    ent_free(parser->symbols);
    ent_free(parser->ops.op);
    ent_free(parser);
    return status;
}

ent_status ent_qasm_parse(const char *text, const char *name, const ent_qasm_inputs *inputs, ent_qasm **out)
{
    ent_qasm *qasm = ent_alloc(1, sizeof *qasm);
    ENT_REQUIRE(qasm, ENT_ENOMEM, "%s: no memory", name);
    ent_status status = ent_circuit_new(0, 0, 0, &qasm->circuit);
    if (status == ENT_OK) status = parse(text, name, inputs, qasm);
    if (status == ENT_OK && !(qasm->text = ent_text(text))) status = ent_fail(ENT_ENOMEM, "%s: no memory", name);
    if (status != ENT_OK) {
        ent_qasm_free(qasm);
        return status;
    }
    *out = qasm;
    return ENT_OK;
}

/* The whole file, of any kind, in pieces; followed by a byte 0. */
static ent_status read_bytes(FILE *file, const char *path, char **out, int64_t *bytes)
{
    char piece[1 << 14];
    char *text = NULL;
    int64_t room = 0, n = 0;
    for (size_t got; (got = fread(piece, 1, sizeof piece, file)) > 0;) {
        if (n + (int64_t)got >= MAX_FILE_BYTES) {
            ent_free(text);
            return ent_fail(ENT_EFORMAT, "%s: %d bytes or more, want less", path, MAX_FILE_BYTES);
        }
        if (!ent_grow_by((void **)&text, &room, n, (int64_t)got + 1, 1)) {
            ent_free(text);
            return ent_fail(ENT_ENOMEM, "%s: no memory", path);
        }
        memcpy(text + n, piece, got);
        n += (int64_t)got;
    }
    *out = text ? text : ent_text("");
    ENT_REQUIRE(*out, ENT_ENOMEM, "%s: no memory", path);
    (*out)[n] = '\0';
    *bytes = n;
    return ENT_OK;
}

static ent_status read_text(FILE *file, const char *path, char **out)
{
    char *text;
    int64_t bytes;
    ENT_TRY(read_bytes(file, path, &text, &bytes));
    ent_status status = ENT_OK;
    if (ferror(file))
        status = ent_fail(ENT_EIO, "%s: %s", path, strerror(errno));
    else if ((int64_t)strlen(text) != bytes)
        status = ent_fail(ENT_EFORMAT, "%s: byte %zu is 0, want text", path, strlen(text));
    if (status != ENT_OK) {
        ent_free(text);
        return status;
    }
    *out = text;
    return ENT_OK;
}

ent_status ent_qasm_load(const char *path, const ent_qasm_inputs *inputs, ent_qasm **out)
{
    FILE *file = fopen(path, "rb");
    ENT_REQUIRE(file, ENT_EIO, "%s: %s", path, strerror(errno));
    char *text = NULL;
    ent_status status = read_text(file, path, &text);
    fclose(file);
    if (status != ENT_OK) return status;
    const size_t mark = strncmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0; /* a byte order mark */
    status = ent_qasm_parse(text + mark, path, inputs, out);
    ent_free(text);
    return status;
}
