/* Random bytes flipped in valid files of each format: no crash of ours, no hang, no leak.
 *
 *     fuzz_import FORMAT TRIES FOLDER [SEED [FILE]]      FORMAT: csd, wav, idx, gz, csv, npy, npygz, folds, qasm
 *
 * FILE: a valid file to begin with; otherwise one is made.
 * Build with CMAKE_BUILD_TYPE=Sanitize.  A .csd is read through a guard; its report says how many tries ended with
 * the guard's process, and a sanitizer's report there that names our own files is a failure. */
#include <fcntl.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "entente/audio.h"
#include "entente/clock.h"
#include "entente/csd.h"
#include "entente/folds.h"
#include "entente/h5.h"
#include "entente/idx.h"
#include "entente/memory.h"
#include "entente/qasm.h"
#include "entente/random.h"
#include "entente/table.h"

enum { SLOW_S = 20 };

static char path[4096];
static long accepted, refused, guarded;

static void fatal(const char *what)
{
    fprintf(stderr, "fuzz_import: %s: %s\n", what, ent_message());
    exit(1);
}

/* ---- valid files ---- */

static void put(const void *bytes, size_t count)
{
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, count, file) != count || fclose(file) != 0) fatal("cannot write");
}

static void make_qasm(void)
{
    static const char text[] =
        "OPENQASM 3.0;\ninput float x0; @entente.data\ninput array[angle[32], 3] w; const int n = 2 + 2;\n"
        "gate g(a, b) c, d { rx(a/2 + sin(pi)) c; cu3(a, b, -b) c, d; for int k in {1, 2} rz(k**2*a) d; }\n"
        "gate h2(a) c, d, e { g(a, 1) c, d; ctrl(2) @ inv @ u2(a, pi) c, d, e; negctrl @ pow(0.5) @ x e, c; }\n"
        "qubit[n] q; qubit r; bit[n] c;\nh q; cx q[0:2], r; barrier q, r;\n"
        "for uint[8] i in [0:n - 2] { h2(x0*2 - 1) q[i], q[i + 1], r; }\n"
        "pow(2) @ rzz(w[2] - w[0]) q[-1], r; ctrl @ gphase(tau/3) q[2]; /* end */ swap q[0:1], q[2:3];\n"
        "c[0] = measure q[0]; measure q[1:3] -> c[1:3]; // readout\n";
    put(text, sizeof text - 1);
}

static void make_csd(void)
{
    ent_h5 *file = NULL;
    const double t[6] = {0, 1, 1, 2.5, 2.5, 4}, x[6] = {1, -2, 3, 4, 5, 6};
    const float f[6] = {1, 2, 3, 4, 5, 6};
    if (ent_h5_create(path, &file) != ENT_OK) fatal("csd");
    ent_h5_write(file, "/root/data/video/intervals", ENT_H5_F64, 2, (int64_t[]){3, 2}, t);
    ent_h5_write(file, "/root/data/video/features", ENT_H5_F64, 2, (int64_t[]){3, 2}, x);
    ent_h5_write(file, "/root/data/-b[3]/intervals", ENT_H5_F64, 2, (int64_t[]){3, 2}, t);
    ent_h5_write(file, "/root/data/-b[3]/features", ENT_H5_F32, 3, (int64_t[]){3, 1, 2}, f);
    ent_h5_write_text(file, "/root/metadata/root name", "\"root\"");
    if (ent_h5_finish(file) != ENT_OK) fatal("csd");
}

static void make_wav(void)
{
    uint8_t wav[44 + 400] =
        "RIFF\xb4\x01\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x02\x00\x40\x1f\x00\x00\x00\x7d\x00\x00"
        "\x04\x00\x10\x00"
        "data\x90\x01\x00\x00";
    for (int k = 44; k < 444; k++) wav[k] = (uint8_t)(k * 37);
    wav[4] = (uint8_t)(436 & 255), wav[5] = 436 >> 8;
    put(wav, sizeof wav);
}

static void make_idx(void)
{
    uint8_t idx[16 + 60] = {0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5};
    for (int k = 16; k < 76; k++) idx[k] = (uint8_t)(k * 5);
    put(idx, sizeof idx);
}

static void make_gz(void)
{
    uint8_t idx[16 + 600] = {0, 0, 8, 3, 0, 0, 0, 30, 0, 0, 0, 4, 0, 0, 0, 5};
    for (int k = 16; k < 616; k++) idx[k] = (uint8_t)(k * k);
    gzFile file = gzopen(path, "wb");
    if (!file || gzwrite(file, idx, sizeof idx) != (int)sizeof idx || gzclose(file) != Z_OK) fatal("gz");
}

static void make_csv(void)
{
    static const char text[] = "a,\"b \"\"c\"\"\",d\n1,2.5,3\n-4e3,,6\n\n7,nan,\"9\"\n";
    put(text, sizeof text - 1);
}

static void fill_npy(char npy[128 + 96])
{
    memset(npy, ' ', 128);
    memcpy(npy, "\x93NUMPY\x01\x00\x76\x00", 10);
    const char *head = "{'descr': '<f8', 'fortran_order': True, 'shape': (3, 2, 2), }";
    memcpy(npy + 10, head, strlen(head));
    npy[127] = '\n';
    for (int k = 0; k < 12; k++) memcpy(npy + 128 + 8 * k, &(double){k * 0.5}, 8);
}

static void make_npy(void)
{
    char npy[128 + 96];
    fill_npy(npy);
    put(npy, sizeof npy);
}

/* In two members. */
static void make_npygz(void)
{
    char npy[128 + 96];
    fill_npy(npy);
    for (int part = 0; part < 2; part++) {
        gzFile file = gzopen(path, part == 0 ? "wb" : "ab");
        if (!file || gzwrite(file, npy + part * 150, part == 0 ? 150 : (unsigned)sizeof npy - 150) <= 0 ||
            gzclose(file) != Z_OK)
            fatal("npygz");
    }
}

static void make_folds(void)
{
    static const char text[] = "standard_train_fold=['-a', \"b[3]\"]\n# c\nvalid: d[1] e\ntest = [f,\n - g]\n";
    put(text, sizeof text - 1);
}

/* ---- one try ---- */

static ent_guard *guard;

static ent_status read_id(const ent_csd *csd, int64_t i)
{
    int64_t steps = 0;
    ENT_TRY(ent_csd_steps(csd, i, &steps));
    const int64_t n = steps < ent_csd_block(csd) ? steps : ent_csd_block(csd), m = n < 4096 ? n : 4096;
    double *x = ent_alloc(m, (size_t)csd->dimension * sizeof *x), *t = ent_alloc(m, 2 * sizeof *t);
    ent_status status = x && t ? ent_csd_intervals(csd, i, 0, m, t) : ent_fail(ENT_ENOMEM, "no memory");
    if (status == ENT_OK && m * csd->dimension * 8 <= ENT_GUARD_BYTES) status = ent_csd_features(csd, i, 0, m, x);
    ent_free(x);
    ent_free(t);
    return status;
}

/* A guard is used until it ends or its files are used up. */
static ent_status read_csd(void)
{
    static int files;
    ent_guard_inp inp = ent_guard_default();
    inp.timeout_s = SLOW_S / 2;
    inp.loud = true;
    if (guard && (ent_guard_ended(guard) || files == ENT_GUARD_FILES)) {
        ent_guard_stop(guard);
        guard = NULL;
    }
    if (!guard) {
        if (ent_guard_start(&inp, &guard) != ENT_OK) fatal("guard");
        files = 0;
    }
    files++;
    ent_csd csd;
    ent_status status = ent_csd_open(guard, path, &csd);
    if (status == ENT_OK) {
        for (int64_t i = 0; i < csd.ids && status == ENT_OK; i++) status = read_id(&csd, i);
        ent_csd_close(&csd);
    }
    guarded += ent_guard_ended(guard);
    return status;
}

static ent_status read_wav(void)
{
    static ent_audio *audio;
    ent_audio_inp inp = ent_audio_default();
    float out[160];
    ent_signal s;
    if (!audio && ent_audio_new(&inp, 8000, &audio) != ENT_OK) fatal("audio");
    ENT_TRY(ent_signal_load(path, &s));
    const ent_status status = ent_audio_features(audio, s.sample, s.n, out);
    ent_signal_free(&s);
    return status;
}

static ent_status read_idx(void)
{
    ent_idx idx;
    ENT_TRY(ent_idx_load(path, &idx));
    ent_idx_free(&idx);
    return ENT_OK;
}

static ent_status read_rows(ent_table *t)
{
    char **text;
    double *x = ent_alloc(1, (size_t)ent_table_columns(t) * sizeof *x);
    ent_status status = x ? ENT_OK : ent_fail(ENT_ENOMEM, "no memory");
    for (int64_t k = 0; k < ent_table_rows(t) && status == ENT_OK; k++) status = ent_table_next(t, 1, NULL, x);
    ent_free(x);
    ENT_TRY(status);
    ENT_TRY(ent_table_text(t, 0, &text));
    ent_h5_names_free(text, ent_table_rows(t));
    return ENT_OK;
}

static ent_status read_table(void)
{
    ent_table *t;
    ENT_TRY(ent_table_open(path, ENT_HEADER_AUTO, &t));
    const ent_status status = read_rows(t);
    ent_table_free(t);
    return status;
}

static ent_status read_folds(void)
{
    ent_folds folds;
    ENT_TRY(ent_folds_load(path, &folds));
    ent_folds_free(&folds);
    return ENT_OK;
}

static ent_status read_qasm(void)
{
    ent_qasm *qasm;
    ENT_TRY(ent_qasm_load(path, NULL, &qasm));
    ent_qasm_free(qasm);
    return ENT_OK;
}

static const struct {
    const char *name, *file;
    void (*make)(void);
    ent_status (*read)(void);
} FORMATS[] = {{"csd", "a.csd", make_csd, read_csd},          {"wav", "a.wav", make_wav, read_wav},
               {"idx", "a.idx", make_idx, read_idx},          {"gz", "a.idx.gz", make_gz, read_idx},
               {"csv", "a.csv", make_csv, read_table},        {"npy", "a.npy", make_npy, read_table},
               {"npygz", "a.npy.gz", make_npygz, read_table}, {"folds", "a.folds", make_folds, read_folds},
               {"qasm", "a.qasm", make_qasm, read_qasm}};
enum { FORMAT_COUNT = sizeof FORMATS / sizeof *FORMATS };

/* Flip up to eight bytes, and cut the end off now and then. */
static size_t damage(ent_random *draw, const uint8_t *sound, size_t count, uint8_t *bytes)
{
    memcpy(bytes, sound, count);
    const uint64_t flips = 1 + ent_random_below(draw, 8);
    for (uint64_t k = 0; k < flips; k++) bytes[ent_random_below(draw, count)] = (uint8_t)ent_random_below(draw, 256);
    return ent_random_below(draw, 8) == 0 ? (size_t)ent_random_below(draw, count + 1) : count;
}

static void one_try(int format, uint64_t seed, int64_t k, const uint8_t *sound, size_t count, uint8_t *bytes)
{
    ent_random draw = ent_random_at(seed, ENT_FOR_TEST, (uint64_t)format, (uint64_t)k);
    put(bytes, damage(&draw, sound, count, bytes));
    const double begin = ent_clock_s();
    if (FORMATS[format].read() == ENT_OK)
        accepted++;
    else
        refused++;
    if (ent_clock_s() - begin > SLOW_S) fatal("a try took too long");
}

/* Reports of a sanitizer in the guard that name our sources. */
static int own_reports(const char *log)
{
    char line[4096];
    int count = 0;
    FILE *file = fopen(log, "r");
    while (file && fgets(line, sizeof line, file)) {
        if (strstr(line, "runtime error") && strstr(line, "/src/")) count++;
        if (strstr(line, "SUMMARY: AddressSanitizer") && strstr(line, "/src/data/")) count++;
        if (count == 1) printf("%s", line);
    }
    if (file) fclose(file);
    return count;
}

/* The valid file: `from`, or one of our own. */
static void make_sound(int format, const char *from)
{
    static uint8_t bytes[1 << 20];
    FILE *file = from ? fopen(from, "rb") : NULL;
    if (from && !file) fatal("cannot read FILE");
    if (file) {
        put(bytes, fread(bytes, 1, sizeof bytes, file));
        fclose(file);
    } else {
        FORMATS[format].make();
    }
}

static int run(int format, long tries, const char *folder, uint64_t seed, const char *from)
{
    char log[4096];
    snprintf(path, sizeof path, "%s/fuzz-%ld-%s", folder, (long)getpid(), FORMATS[format].file);
    snprintf(log, sizeof log, "%s/fuzz-%ld.log", folder, (long)getpid());
    make_sound(format, from);
    if (FORMATS[format].read() != ENT_OK) fatal("the sound file is refused");
    FILE *file = fopen(path, "rb");
    uint8_t *sound = malloc(1 << 20), *bytes = malloc(1 << 20);
    const size_t count = file && sound && bytes ? fread(sound, 1, 1 << 20, file) : 0;
    if (count == 0) fatal("cannot read the sound file");
    fclose(file);
    if (guard) ent_guard_stop(guard);
    guard = NULL;
    const int kept = dup(STDERR_FILENO), to = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0666);
    if (format == 0) dup2(to, STDERR_FILENO); /* the guards' reports */
    accepted = refused = guarded = 0;
    for (long k = 0; k < tries; k++) one_try(format, seed, k, sound, count, bytes);
    dup2(kept, STDERR_FILENO);
    const int ours = own_reports(log);
    printf("%s: %ld tries, %ld accepted, %ld refused, %ld of these ended with the guard's process\n",
           FORMATS[format].name, tries, accepted, refused, guarded);
    if (guard) ent_guard_stop(guard);
    unlink(path);
    unlink(log);
    free(sound);
    free(bytes);
    close(to);
    close(kept);
    return ours > 0;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "fuzz_import FORMAT TRIES FOLDER [SEED [FILE]]\n");
        return 2;
    }
    for (int k = 0; k < FORMAT_COUNT; k++)
        if (strcmp(argv[1], FORMATS[k].name) == 0)
            return run(k, atol(argv[2]), argv[3], argc > 4 ? strtoull(argv[4], NULL, 10) : 1,
                       argc > 5 ? argv[5] : NULL);
    fprintf(stderr, "fuzz_import: unknown format '%s'\n", argv[1]);
    return 2;
}
