/* entente sweep: trains many points of one base configuration. */
#include "app.h"
#include "campaign/sweep.h"

static const char DOC[] =
    "Train many points of one configuration: a grid, a list, random draws, or their product.\v"
    "  base: mosi.yaml            # relative to the working folder or to this file\n"
    "  set:  {data.file: my.h5}   # overrides for every point\n"
    "  grid:                      # every combination\n"
    "    client.learning_rate: [0.003, 0.01, 0.03]\n"
    "    seeds.init: [1, 2, 3]\n"
    "  list:                      # each entry is a set of overrides\n"
    "    - {missing.policy: mma}\n"
    "    - {missing.policy: zero, missing.context: mask}\n"
    "  random:                    # draws that depend only on seed, key and number\n"
    "    draws: 20\n"
    "    seed: 1\n"
    "    keys:\n"
    "      client.weight_decay: {log: [1e-6, 1e-2]}\n"
    "      missing.rate: {uniform: [0, 0.7]}\n"
    "      model.fusion.layers: {integer: [1, 3]}\n"
    "      model.fusion.pattern: {choice: [ring, all]}\n"
    "  keep: table                # or results: a result folder per point\n\n"
    "The points are the product of grid, list and random; each is checked before the first runs.  "
    "DIR/table.csv and DIR/table.h5 have a row per point: overrides, status, error, every figure of the test split, "
    "those of the validation split, by which the best point is named, params, hashes; DIR/patterns.csv its accuracy "
    "for each set of modalities present; DIR/times.csv its "
    "seconds.\n\n";

static const campaign_kind SWEEP = {
    .kind = "sweep", .table = "table", .file = "SWEEP.yaml", .doc = DOC, .plan = campaign_sweep_points};

int app_sweep(int argc, char **argv)
{
    return campaign_command(&SWEEP, argc, argv);
}
