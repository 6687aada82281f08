/* A training can only be resumed with the configuration that its checkpoint or result was made with: the two
 * texts, with all defaults filled in, are compared key by key. */
#include "resume.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/keys.h"
#include "config/load.h"
#include "entente/fed.h"
#include "entente/memory.h"

enum { MOST_DIFFERENCES = 8 };

/* The differences so far. */
typedef struct {
    const char *whose; /* checkpoint, result */
    char text[1500];
    int count;
} comparison;

static void differs(void *context, const ent_key *key, const char *name, const char *now, const char *then)
{
    comparison *c = context;
    const size_t used = strlen(c->text);
    if (key->may_change) return;
    if (c->count++ < MOST_DIFFERENCES)
        snprintf(c->text + used, sizeof c->text - used, "%s%s: found %.255s, and the %s was made with %.255s",
                 used ? "; " : "", name, now, c->whose, then);
}

static ent_status compare_texts(const char *now, const char *then, const char *whose)
{
    comparison c = {.whose = whose};
    ent_config *ours = NULL, *theirs = NULL;
    ent_status status = ent_config_parse(now, &ours);
    if (status == ENT_OK) status = ent_config_parse(then, &theirs);
    if (status == ENT_OK) status = ent_config_compare(ours, theirs, differs, &c);
    ent_config_free(ours);
    ent_config_free(theirs);
    if (status != ENT_OK || c.count == 0) return status;
    return ent_fail(ENT_ECONFIG, "%s%s: resume with the same configuration, or name another folder with --out",
                    c.text, c.count > MOST_DIFFERENCES ? "; and more" : "");
}

static ent_status rounds_of(const char *text, int64_t *rounds)
{
    ent_config *config;
    ENT_TRY(ent_config_parse(text, &config));
    *rounds = config->federation.rounds;
    ent_config_free(config);
    return ENT_OK;
}

/* ---- what is in the folder ---- */

typedef struct {
    char *text; /* its configuration, with the present defaults; NULL: it does not exist */
    int64_t rounds;
} saved;

static ent_status take_saved(char *text, const char *path, saved *out)
{
    ent_status status = ent_config_saved(text, path, &out->text);
    ent_free(text);
    return status == ENT_OK ? rounds_of(out->text, &out->rounds) : status;
}

typedef struct {
    saved result, checkpoint;
    char folder[4096]; /* folder of the result: that of the run, or the one in run.fallback_dir */
    bool elsewhere;
} found;

static void found_clear(found *f)
{
    ent_free(f->result.text);
    ent_free(f->checkpoint.text);
}

static ent_status paths_of(const char *folder, char result[4096], char checkpoint[4096])
{
    ENT_REQUIRE(snprintf(result, 4096, "%s/result.h5", folder) < 4096, ENT_EARG,
                "--out: path of %zu bytes is too long", strlen(folder));
    return ent_checkpoint_path(folder, checkpoint);
}

ent_status run_fallback_path(const char *folder, const char *dir, char path[4096])
{
    char own[4096];
    snprintf(own, sizeof own, "%s", folder);
    ENT_REQUIRE(snprintf(path, 4096, "%s/%s", dir, basename(own)) < 4000, ENT_EARG,
                "run.fallback_dir: path of %zu bytes is too long", strlen(dir));
    return ENT_OK;
}

/* The folder of this run in run.fallback_dir if it holds a result, else "". */
static ent_status find_fallback(const char *folder, const char *text, char path[4096])
{
    ent_config *config;
    char result[4096] = "";
    path[0] = '\0';
    ENT_TRY(ent_config_parse(text, &config));
    const char *dir = config->run.fallback_dir;
    const ent_status status = strcmp(dir, "none") == 0 ? ENT_OK : run_fallback_path(folder, dir, path);
    ent_config_free(config);
    if (status == ENT_OK && *path) snprintf(result, sizeof result, "%.4000s/result.h5", path);
    if (access(result, F_OK) != 0) path[0] = '\0';
    return status;
}

static ent_status find(const char *folder, found *f)
{
    char result[4096], checkpoint[4096], *text;
    ENT_TRY(paths_of(folder, result, checkpoint));
    snprintf(f->folder, sizeof f->folder, "%s", folder);
    if (access(result, F_OK) == 0) {
        ENT_TRY(ent_result_config(folder, &text));
        ENT_TRY(take_saved(text, result, &f->result));
    }
    if (access(checkpoint, F_OK) == 0) {
        ENT_TRY(ent_checkpoint_config(folder, &text));
        ENT_TRY(take_saved(text, checkpoint, &f->checkpoint));
    }
    return ENT_OK;
}

/* Further rounds continue from whichever has more rounds.  A checkpoint that aimed at no more rounds than the
 * result has was left over by a run that could not remove it. */
static ent_status choose(const found *f, const char *text, run_begin *begin)
{
    int64_t wanted;
    const bool begun = f->checkpoint.text && (!f->result.text || f->checkpoint.rounds > f->result.rounds);
    ENT_TRY(rounds_of(text, &wanted));
    *begin = begun ? RUN_GO_ON : RUN_AFRESH;
    ENT_REQUIRE(
        !f->elsewhere || wanted == f->result.rounds, ENT_ECONFIG,
        "federation.rounds: found %lld, and %s/result.h5 (run.fallback_dir) has %lld: move it to the folder of "
        "this run to continue from it",
        (long long)wanted, f->folder, (long long)f->result.rounds);
    if (f->result.text) {
        ENT_TRY(compare_texts(text, f->result.text, "result"));
        ENT_REQUIRE(wanted >= f->result.rounds, ENT_ECONFIG,
                    "federation.rounds: found %lld, and the result has %lld: name another folder with --out",
                    (long long)wanted, (long long)f->result.rounds);
        if (wanted == f->result.rounds)
            *begin = RUN_DONE;
        else if (!begun)
            *begin = RUN_MORE;
    }
    return *begin == RUN_GO_ON ? compare_texts(text, f->checkpoint.text, "checkpoint") : ENT_OK;
}

/* If the folder of the run has no result, the one in run.fallback_dir is used. */
static ent_status find_all(const char *folder, const char *text, found *f)
{
    char path[4096], *made_with;
    ENT_TRY(find(folder, f));
    if (f->result.text) return ENT_OK;
    ENT_TRY(find_fallback(folder, text, path));
    if (!*path) return ENT_OK;
    f->elsewhere = true;
    snprintf(f->folder, sizeof f->folder, "%s", path);
    ENT_TRY(ent_result_config(path, &made_with));
    return take_saved(made_with, path, &f->result);
}

/* A new run must not find anything of an earlier one. */
static ent_status check_new(const char *folder, const char *text)
{
    char result[4096], checkpoint[4096], path[4096];
    ENT_TRY(paths_of(folder, result, checkpoint));
    ENT_REQUIRE(access(result, F_OK) != 0, ENT_EARG, "%s: a result exists already; name another folder with --out",
                folder);
    ENT_REQUIRE(access(checkpoint, F_OK) != 0, ENT_EARG,
                "%s: a checkpoint exists; continue from it with --resume, or name another folder with --out", folder);
    ENT_TRY(find_fallback(folder, text, path));
    ENT_REQUIRE(!*path, ENT_EARG, "%s: a result exists already (run.fallback_dir); name another folder with --out",
                path);
    return ENT_OK;
}

ent_status run_resume_look(const char *folder, bool resume, const char *text, run_begin *begin, char where[4096])
{
    found f = {.result.text = NULL};
    *begin = RUN_AFRESH;
    snprintf(where, 4096, "%s", folder);
    if (!resume) return check_new(folder, text);
    ent_status status = find_all(folder, text, &f);
    if (status == ENT_OK) status = choose(&f, text, begin);
    snprintf(where, 4096, "%s", f.folder);
    found_clear(&f);
    return status;
}

ent_status run_resume_tidy(const char *folder)
{
    found f = {.result.text = NULL};
    ent_status status = find(folder, &f);
    if (status == ENT_OK) status = ent_checkpoint_clear(folder, f.checkpoint.rounds <= f.result.rounds);
    found_clear(&f);
    return status;
}

ent_status run_config_result(const char *folder, bool locate, char **text)
{
    char *own, path[4096];
    struct stat state;
    ENT_REQUIRE(stat(folder, &state) != 0 || S_ISDIR(state.st_mode), ENT_EARG,
                "%s: not a folder, want the folder that holds result.h5", folder);
    ENT_TRY(ent_result_config(folder, &own));
    snprintf(path, sizeof path, "%s/result.h5", folder);
    ent_status status = ent_config_saved(own, path, text);
    ent_free(own);
    if (status == ENT_OK && locate) status = ent_config_locate(text, path);
    return status;
}

ent_status run_read_result(void *arguments, char **text)
{
    const run_result *r = arguments;
    return run_config_result(r->folder, !r->data, text);
}
