/* Two mechanisms may limit the cores of a process: an affinity mask, and the time quota that its control group has
 * in each period (/sys/fs/cgroup/cpu.max, two files in version 1), which we round to whole cores. */
#include "entente/cores.h"

#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

static int whole_cores(double quota, double period)
{
    if (quota <= 0.0 || period <= 0.0 || quota / period >= INT_MAX) return INT_MAX;
    return quota < period ? 1 : (int)(quota / period);
}

static double number_in(const char *path)
{
    double value = -1.0;
    FILE *file = fopen(path, "r");
    if (!file) return value;
    if (fscanf(file, "%lf", &value) != 1) value = -1.0;
    fclose(file);
    return value;
}

int ent_cores_quota(void)
{
    double quota = -1.0, period = -1.0;
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "r");
    if (!file)
        return whole_cores(number_in("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"),
                           number_in("/sys/fs/cgroup/cpu/cpu.cfs_period_us"));
    const int read = fscanf(file, "%lf %lf", &quota, &period); /* "max 100000" does not match */
    fclose(file);
    return read == 2 ? whole_cores(quota, period) : INT_MAX;
}

int ent_cores_here(void)
{
    cpu_set_t mine;
    const int quota = ent_cores_quota(), bound = sched_getaffinity(0, sizeof mine, &mine) == 0
                                                     ? CPU_COUNT(&mine)
                                                     : (int)sysconf(_SC_NPROCESSORS_ONLN);
    return bound < quota ? bound : quota;
}
