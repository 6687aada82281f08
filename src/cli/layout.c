/* Describes what a layout of ranks and threads wastes, for train, plan and scaling. */
#include "cli.h"

bool cli_idle_text(int64_t groups, int64_t clients, char text[256])
{
    if (groups <= clients) return false;
    snprintf(text, 256, "%lld client groups of ranks for %lld client%s: %lld of them never train", (long long)groups,
             (long long)clients, clients == 1 ? "" : "s", (long long)(groups - clients));
    return true;
}

bool cli_oversubscribed_text(int64_t ranks, int64_t threads, int64_t cores, char text[256])
{
    if (ranks * threads <= cores) return false;
    snprintf(text, 256, "%lld rank%s of %lld thread%s on %lld core%s of a node: slower than with one thread per core",
             (long long)ranks, ranks == 1 ? "" : "s", (long long)threads, threads == 1 ? "" : "s", (long long)cores,
             cores == 1 ? "" : "s");
    return true;
}
