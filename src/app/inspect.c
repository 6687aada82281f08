/* entente inspect: what a data set or a result holds. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "entente/h5.h"
#include "entente/memory.h"
#include "entente/split.h"

static error_t parse(int key, char *value, struct argp_state *state)
{
    const char **path = state->input;
    switch (key) {
    case ARGP_KEY_ARG:
        if (*path) argp_error(state, "more than one file: '%s'", value);
        *path = value;
        return 0;
    case ARGP_KEY_END:
        if (!*path) argp_error(state, "which file?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp ARGP = {NULL, parse, "FILE.h5", "Show what a data set or a result holds.", NULL, NULL, NULL};

static void print_parts(const ent_dataset *d)
{
    int64_t count[3] = {0};
    for (int64_t r = 0; r < d->rows; r++) count[d->split[r]]++;
    printf("  rows       %lld (train %lld, validation %lld, test %lld)\n", (long long)d->rows, (long long)count[0],
           (long long)count[1], (long long)count[2]);
}

static ent_status print_groups(const ent_dataset *d)
{
    int32_t *group;
    int64_t count;
    if (!d->group) return ENT_OK;
    ENT_TRY(ent_split_groups(d->rows, d->group, &group, &count));
    printf("  groups     %lld\n", (long long)count);
    ent_free(group);
    return ENT_OK;
}

static void print_modalities(const ent_dataset *d)
{
    for (int m = 0; m < d->modalities; m++) {
        int64_t present = 0;
        for (int64_t r = 0; r < d->rows; r++) present += d->stored[r] >> m & 1;
        printf("  modality   %-16s %6lld features, present in %lld rows (%.1f %%)\n", d->modality[m].name,
               (long long)d->modality[m].dimension, (long long)present,
               d->rows > 0 ? 100.0 * (double)present / (double)d->rows : 0.0);
    }
}

static ent_status print_classes(const ent_dataset *d)
{
    int64_t *count = ent_alloc(d->classes, sizeof *count);
    ENT_REQUIRE(count, ENT_ENOMEM, "no memory");
    for (int64_t r = 0; r < d->rows; r++) count[d->category[r]]++;
    printf("%d classes:", d->classes);
    for (int c = 0; c < d->classes && c < 20; c++) printf(" %lld", (long long)count[c]);
    printf("%s rows\n", d->classes > 20 ? " ..." : "");
    ent_free(count);
    return ENT_OK;
}

static void print_range(const ent_dataset *d)
{
    double low = INFINITY, high = -INFINITY, sum = 0.0;
    for (int64_t r = 0; r < d->rows; r++) {
        low = fmin(low, d->value[r]);
        high = fmax(high, d->value[r]);
        sum += d->value[r];
    }
    printf("real, %g to %g, mean %g\n", low, high, sum / (double)d->rows);
}

static ent_status print_label(const char *path, const char *label)
{
    ent_dataset *d;
    ENT_TRY(ent_dataset_open(path, 0, NULL, label, &d));
    printf("  label      %-16s ", label);
    ent_status status = ENT_OK;
    if (d->classes > 0)
        status = print_classes(d);
    else
        print_range(d);
    ent_dataset_free(d);
    return status;
}

static ent_status inspect_data(const char *path, const ent_h5 *file)
{
    ent_dataset *d;
    char **label;
    int64_t labels;
    ENT_TRY(ent_dataset_open(path, 0, NULL, NULL, &d));
    printf("%s: data set%s%s\n", path, *d->name ? " " : "", d->name);
    if (*d->source) printf("  source     %s\n", d->source);
    if (*d->licence) printf("  licence    %s\n", d->licence);
    print_parts(d);
    ent_status status = print_groups(d);
    print_modalities(d);
    ent_dataset_free(d);
    if (status == ENT_OK) status = ent_h5_names(file, "/label", &label, &labels);
    if (status != ENT_OK) return status;
    for (int64_t k = 0; k < labels && status == ENT_OK; k++) status = print_label(path, label[k]);
    ent_h5_names_free(label, labels);
    return status;
}

static ent_status print_text(const ent_h5 *file, const char *name, const char *title)
{
    char *text;
    ENT_TRY(ent_h5_read_text(file, name, &text));
    printf("  %-10s %s\n", title, text);
    ent_free(text);
    return ENT_OK;
}

static ent_status print_metrics(const ent_h5 *file)
{
    char **name;
    int64_t count;
    ENT_TRY(ent_h5_names(file, "/metrics", &name, &count));
    ent_status status = ENT_OK;
    for (int64_t k = 0; k < count && status == ENT_OK; k++) {
        char path[256];
        double value;
        snprintf(path, sizeof path, "/metrics/%s", name[k]);
        status = ent_h5_read(file, path, ENT_H5_F64, 1, &value);
        if (status == ENT_OK && !isnan(value)) printf("  %-20s %.6g\n", name[k], value);
    }
    ent_h5_names_free(name, count);
    return status;
}

static ent_status inspect_result(const char *path, const ent_h5 *file)
{
    char *config;
    int64_t layout[2];
    ent_h5_shape rounds, weights;
    printf("%s: result of a training\n", path);
    ENT_TRY(print_text(file, "/version", "version"));
    ENT_TRY(print_text(file, "/created", "created"));
    ENT_TRY(print_text(file, "/host", "host"));
    ENT_TRY(print_text(file, "/engine", "engine"));
    ENT_TRY(ent_h5_read(file, "/layout", ENT_H5_I64, 2, layout));
    ENT_TRY(ent_h5_describe(file, "/round/round", &rounds));
    ENT_TRY(ent_h5_describe(file, "/weights/value", &weights));
    printf("  layout     %lld ranks of %lld threads\n", (long long)layout[0], (long long)layout[1]);
    printf("  rounds     %lld\n  parameters %lld\n\nTest figures:\n", (long long)rounds.size[0],
           (long long)weights.size[0]);
    ENT_TRY(print_metrics(file));
    ENT_TRY(ent_h5_read_text(file, "/config", &config));
    printf("\nConfiguration:\n%s", config);
    ent_free(config);
    return ENT_OK;
}

int app_inspect(int argc, char **argv)
{
    const char *path = NULL;
    ent_h5 *file = NULL;
    app_parse(&ARGP, argc, argv, &path);
    ent_status status = ent_h5_open(path, &file);
    if (status == ENT_OK) {
        if (ent_h5_has(file, "/weights/value"))
            status = inspect_result(path, file);
        else if (ent_h5_has(file, "/modality"))
            status = inspect_data(path, file);
        else
            status = ent_fail(ENT_EFORMAT, "%s: neither a data set (/modality) nor a result (/weights)", path);
    }
    ent_h5_close(file);
    return app_report(status);
}
