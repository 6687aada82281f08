/* A training's state in a file, <folder>/checkpoint.h5, and back.
 *
 *   /config                       the configuration as used, YAML text
 *   /data                         SHA-256 of the tables of the data set with one number per row, and of the ansaetze
 *   /isa, /blas                   the instruction set and OpenBLAS's kernel
 *   /features                     SHA-256 of its features;  /sha256: the seal of the texts (h5_seal.c)
 *   /numbers int [1][5]           format, completed rounds, 1 inside the next one or 2 before the evaluation of
 *                                 the last one, the data set's rows and bytes
 *   /seconds real [1][2]          of the training so far, of the interrupted round
 *   /weights real [1][params];  /memory real [the rule's vectors][params]
 *   /best/round int [1][1], /best/score real [1][1], /best/weights real [1][params]: with run.select, the best round
 *                                 so far
 *   /known real [1][params]       with communication.download_bits: the weights that the clients have
 *   /standard real [1][2]         of a real label: mean and deviation by which the model learns it
 *   /figures real [rounds][..]    ent_round, field by field; /figure_names: the fields, one per line
 *   /history/round int [1][1], /history/weights real [n][params]: the first weights of earlier rounds
 *   /client/number int [n][1], /client/vector real [n][width]: clients that keep a vector between rounds
 * and of an interrupted round:
 *   /inside/member, /inside/at_work int [n][1]: numbers in the round's cohort; the others are done
 *   /inside/work/count int [n][3 + blocks]: client, round, rows done, steps
 *   /inside/work/value real [n][1 + 3 params]: loss, weights, the optimiser's two vectors
 *   /inside/sum int [1][4 sums], /inside/count int [1][3], /inside/record real [n][..]: what the server has received
 *
 * A result has the same tables under /resume, except for the interrupted round, and for the weights (unless
 * run.select has chosen those of another round): further rounds continue from there.
 *
 * Nothing in it depends on the number of ranks.  Random numbers are functions of their position, and cohorts
 * functions of the round, so neither is saved.  Every rank writes and reads its own rows; rank 0 those that all
 * ranks share.
 *
 * Older versions wrote no /figure_names: their fields are FIRST_FIELDS.  Format 1, of versions that ended every
 * training in which a client diverged, lacks the counts of clients that were left out, in /figures and /inside/count:
 * these are 0. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "checkpoint.h"
#include "entente/memory.h"
#include "notes.h"

ent_status ent_checkpoint_path(const char *folder, char path[4096])
{
    ENT_REQUIRE(snprintf(path, 4096, "%s/checkpoint.h5", folder) < 4096, ENT_EARG, "%s: too long a path", folder);
    return ENT_OK;
}

ent_status ent_checkpoint_config(const char *folder, char **text)
{
    char path[4096];
    ENT_TRY(ent_checkpoint_path(folder, path));
    return ent_saved_config(path, text);
}

void ent_inside_free(ent_inside *inside)
{
    if (!inside) return;
    ent_free(inside->member);
    ent_free(inside->at_work);
    ent_free(inside);
}

/* Remove the temporary files of checkpoint and result. */
static bool is_remains(const char *name)
{
    static const char checkpoint[] = "checkpoint.h5.part-", result[] = "result.h5.part-";
    return strncmp(name, checkpoint, sizeof checkpoint - 1) == 0 || strncmp(name, result, sizeof result - 1) == 0;
}

ent_status ent_checkpoint_clear(const char *folder, bool whole)
{
    char path[4096];
    ENT_TRY(ent_checkpoint_path(folder, path));
    ENT_REQUIRE(!whole || unlink(path) == 0 || errno == ENOENT, ENT_EIO, "%s: cannot be removed: %s", path,
                strerror(errno));
    DIR *entries = opendir(folder);
    if (!entries) return ENT_OK;
    for (const struct dirent *entry; (entry = readdir(entries));)
        if (is_remains(entry->d_name)) unlinkat(dirfd(entries), entry->d_name, 0);
    closedir(entries);
    return ENT_OK;
}
