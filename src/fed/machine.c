/* Mixed nodes: different instruction sets and kernels of OpenBLAS round differently, so all ranks use the best that
 * all of them have.
 *
 * The engine selects its instruction set at run time: the least capable rank limits all others.  OpenBLAS selects its
 * kernel when it is loaded; if kernels differ, every rank switches to the one of the least capable ranks, or, if
 * these differ too (Zen and Haswell), to the most basic one of their level. */
#include <stdio.h>
#include <string.h>

#include "entente/blas.h"
#include "entente/fed.h"
#include "entente/memory.h"
#include "machine.h"

enum { NAME = 32 };

/* OpenBLAS's kernels for x86-64, by required features; the first of a level runs on every processor of the level. */
static const struct {
    const char *name;
    int level;
} KERNEL[] = {{"Prescott", 0},      {"Core2", 0},       {"Penryn", 0},        {"Dunnington", 0}, {"Atom", 0},
              {"Nano", 0},          {"Opteron", 0},     {"Opteron(SSE3)", 0}, {"Barcelona", 0},  {"Bobcat", 0},
              {"Nehalem", 0},       {"Sandybridge", 0}, {"Bulldozer", 0},     {"Piledriver", 0}, {"Steamroller", 0},
              {"Haswell", 1},       {"Zen", 1},         {"Excavator", 1},     {"SkylakeX", 2},   {"Cooperlake", 2},
              {"SapphireRapids", 2}};
enum { KERNELS = sizeof KERNEL / sizeof *KERNEL };

static int level_of(const char *name)
{
    for (int k = 0; k < KERNELS; k++)
        if (strcasecmp(KERNEL[k].name, name) == 0) return KERNEL[k].level;
    return -1;
}

static const char *plainest(int level)
{
    int k = 0;
    while (KERNEL[k].level != level) k++;
    return KERNEL[k].name;
}

/* The common kernel for the ranks' kernels, all [size][NAME]. */
static ent_status choose_kernel(int size, const char *all, char chosen[NAME])
{
    int lowest = level_of(all), weakest = 0, differs = -1;
    bool alike = true;
    for (int r = 1; r < size; r++) {
        const char *name = all + (size_t)r * NAME;
        const int level = level_of(name);
        if (differs < 0 && strcmp(name, all) != 0) differs = r;
        if (level < lowest) {
            alike = true;
            weakest = r;
            lowest = level;
        } else if (level == lowest && strcmp(name, all + (size_t)weakest * NAME) != 0) {
            alike = false;
        }
    }
    ENT_REQUIRE(differs < 0 || lowest >= 0, ENT_EARG,
                "OpenBLAS uses different kernels on different ranks (rank 0: %s, rank %d: %s): set OPENBLAS_CORETYPE "
                "to one that all processors support",
                all, differs, all + (size_t)(differs < 0 ? 0 : differs) * NAME);
    snprintf(chosen, NAME, "%s", differs < 0 ? all : alike ? all + (size_t)weakest * NAME : plainest(lowest));
    return ENT_OK;
}

static ent_status agree_on_kernel(ent_comm *world)
{
    char mine[NAME] = "", chosen[NAME] = "", *all = NULL;
    snprintf(mine, sizeof mine, "%s", ent_blas_kernel());
    ENT_TRY(ent_comm_gather(world, 0, mine, sizeof mine, (void **)&all, NULL));
    ent_status status = all ? choose_kernel(ent_comm_size(world), all, chosen) : ENT_OK;
    char message[512];
    snprintf(message, sizeof message, "%s", status == ENT_OK ? "" : ent_message());
    ent_free(all);
    ent_comm_broadcast(world, 0, chosen, sizeof chosen);
    ent_comm_broadcast(world, 0, message, sizeof message);
    if (message[0]) return ent_fail(ENT_EARG, "%s", message);
    if (!ent_blas_use(chosen))
        status = ent_fail(ENT_EARG,
                          "OpenBLAS's kernel is %s here, %s elsewhere, and this OpenBLAS cannot change it: set "
                          "OPENBLAS_CORETYPE=%s",
                          mine, chosen, chosen);
    return ent_comm_agree(world, status);
}

ent_status ent_machine_agree(ent_comm *world)
{
    const char *name = "";
    ENT_TRY(ent_comm_agree(world, ent_isa_pick(NULL, &name)));
    double worst = -ent_isa_level(name);
    ent_comm_max(world, &worst, 1);
    ent_isa_limit((int)-worst);
    return agree_on_kernel(world);
}

static const char *isa_name(void)
{
    const char *name = "unknown";
    ent_isa_pick(NULL, &name);
    return name;
}

ent_status ent_machine_write(ent_h5 *file)
{
    ENT_TRY(ent_h5_write_text(file, "/isa", isa_name()));
    return ent_h5_write_text(file, "/blas", ent_blas_kernel());
}

ent_status ent_machine_compare(const ent_h5 *file)
{
    char *isa = NULL, *blas = NULL;
    if (!ent_h5_has(file, "/isa") || !ent_h5_has(file, "/blas")) return ENT_OK;
    ent_status status = ent_h5_read_text(file, "/isa", &isa);
    if (status == ENT_OK) status = ent_h5_read_text(file, "/blas", &blas);
    if (status == ENT_OK && (strcmp(isa, isa_name()) != 0 || strcmp(blas, ent_blas_kernel()) != 0))
        status = ent_fail(ENT_EARG,
                          "made with instruction set %s and OpenBLAS kernel %s, and the ranks here have %s and %s: "
                          "results would differ in their last bits.  Set ENTENTE_ISA=%s and OPENBLAS_CORETYPE=%s if "
                          "all processors support them, or give --allow-isa-change",
                          isa, blas, isa_name(), ent_blas_kernel(), isa, blas);
    ent_free(isa);
    ent_free(blas);
    return status;
}
