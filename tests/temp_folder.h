/* A folder of the test's own: the only place that a test writes to. */
#ifndef ENTENTE_TESTS_TEMP_FOLDER_H
#define ENTENTE_TESTS_TEMP_FOLDER_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char temp_folder[256];

static inline int temp_folder_make(void **state)
{
    (void)state;
    const char *where = getenv("TMPDIR");
    snprintf(temp_folder, sizeof temp_folder, "%s/entente-test-XXXXXX", where ? where : "/tmp");
    return mkdtemp(temp_folder) ? 0 : -1;
}

/* "FOLDER/name", valid until the fourth call after this one. */
static inline const char *in_temp_folder(const char *name)
{
    static char path[4][512];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", temp_folder, name);
    return path[turn];
}

/* How many files are in it; with `empty` they are removed. */
static inline int temp_folder_files(int empty)
{
    int count = 0;
    DIR *folder = opendir(temp_folder);
    for (const struct dirent *entry; folder && (entry = readdir(folder));) {
        if (entry->d_name[0] == '.') continue;
        count++;
        if (empty) unlink(in_temp_folder(entry->d_name));
    }
    if (folder) closedir(folder);
    return count;
}

static inline int temp_folder_remove(void **state)
{
    (void)state;
    temp_folder_files(1);
    return rmdir(temp_folder);
}

/* "$ENTENTE_DATA/name", or NULL if the folder of real data sets is not given. */
static inline const char *real_data(const char *name)
{
    static char path[1024];
    const char *folder = getenv("ENTENTE_DATA");
    if (!folder) return NULL;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

#define SKIP_WITHOUT_REAL_DATA(name)                                                                                 \
    do {                                                                                                             \
        if (real_data(name)) break;                                                                                  \
        print_message("skipped: set ENTENTE_DATA to the folder that holds %s\n", name);                              \
        skip();                                                                                                      \
    } while (0)

#endif
