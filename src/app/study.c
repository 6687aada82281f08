/* entente study: compares variants over settings, missing rates and seeds. */
#include "app.h"
#include "campaign/study.h"

static const char DOC[] =
    "Compare variants of a model over settings, missing rates and seeds, with paired statistics.\v"
    "  base: mosi.yaml            # relative to the working folder or to this file\n"
    "  set:  {federation.rounds: 20}              # overrides for all\n"
    "  data:                      # optional; default: the data set of the base\n"
    "    mosi:   {base: mosi.yaml, set: {data.file: mosi.h5}}\n"
    "    digits: {base: digits.yaml}\n"
    "  settings:                  # optional\n"
    "    iid:    {set: {federation.split: iid}}\n"
    "    noniid: {set: {federation.split: dirichlet_client, federation.alpha: 0.5}}\n"
    "  rates: [0, 0.3]            # values of missing.rate; optional\n"
    "  variants:\n"
    "    mma:    {set: {missing.policy: mma}}\n"
    "    zero:   {set: {missing.policy: zero}}\n"
    "    only:   {modalities: each}  # only_text, only_audio, ...\n"
    "    two:    {modalities: 2}     # the first two; or a list\n"
    "  seeds: 5                   # 1 to 5, or a list; sets all of seeds.*\n"
    "  reference: mma             # the variant that the others are compared with\n"
    "  metric: accuracy           # or loss, f1_macro, mae, pearson, ...\n"
    "  keep: results              # or table: no result folders of points\n\n"
    "Overrides are applied in this order: set, data, --set, setting, rate, variant, seed.  DIR/study.csv has a row "
    "per point, DIR/patterns.csv its accuracy for each set of modalities present, DIR/summary.csv a row per data "
    "set, setting, rate and variant: n, mean, standard deviation; and, paired by seed with the reference, the mean "
    "difference, its bootstrap interval (95 %, percentile, 10000 resamples) and the p value of Wilcoxon's "
    "signed-rank test (exact; with 5 pairs it cannot be below 0.0625).  DIR/study.h5 has all three.  With `keep: "
    "results` the folders DIR/points/HASH are results as `entente train` writes them.\n\n";

static const campaign_kind STUDY = {.kind = "study",
                                    .table = "study",
                                    .file = "STUDY.yaml",
                                    .doc = DOC,
                                    .plan = campaign_study_points,
                                    .more = campaign_study_summary};

int app_study(int argc, char **argv)
{
    return campaign_command(&STUDY, argc, argv);
}
