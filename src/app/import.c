/* entente import: selects the kind of import. */
#include <string.h>

#include "app.h"

static const struct {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
} KINDS[] = {
    {"csd", "files of the CMU Multimodal SDK (.csd)", app_import_csd},
    {"digits", "spoken digits (WAV) with images of digits (IDX)", app_import_digits},
    {"table", "CSV files and NumPy arrays, one row per sample", app_import_table},
};
enum { KIND_COUNT = sizeof KINDS / sizeof *KINDS };

static int help(FILE *out)
{
    fprintf(out, "Usage: entente import KIND [OPTION...]\nMake a data set.\n\n");
    for (int k = 0; k < KIND_COUNT; k++) fprintf(out, "  %-8s %s\n", KINDS[k].name, KINDS[k].summary);
    fprintf(out, "\n  entente import KIND --help   the options of a kind\n");
    return out == stderr ? CLI_USAGE : 0;
}

int app_import(int argc, char **argv)
{
    if (argc < 2) return help(stderr);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-?") == 0) return help(stdout);
    for (int k = 0; k < KIND_COUNT; k++) {
        char name[64];
        if (strcmp(argv[1], KINDS[k].name) != 0) continue;
        snprintf(name, sizeof name, "entente import %s", KINDS[k].name);
        argv[1] = name;
        return KINDS[k].run(argc - 1, argv + 1);
    }
    fprintf(stderr, "entente import: unknown kind '%s'\n\n", argv[1]);
    return help(stderr);
}
