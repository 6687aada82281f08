/* Features of clients' rows of one part: read from the file when first needed, or stored when the reductions were
 * fitted; kept as long as memory allows.  Results do not depend on what is kept. */
#include <string.h>

#include "entente/memory.h"
#include "clients.h"

struct ent_store {
    const ent_features *features;
    const ent_population *population;
    int which;     /* part */
    double **x;    /* [clients] NULL, or modality after modality [rows][numbers per sample] */
    int64_t *kept; /* [clients] the clients whose rows are kept */
    int64_t count;
    double bytes, room;
};

static int64_t rows_of(const ent_store *s, int64_t client)
{
    return s->population->part[s->which].first[client + 1] - s->population->part[s->which].first[client];
}

static double client_bytes(const ent_store *s, int64_t client)
{
    int64_t width = 0;
    for (int m = 0; m < s->population->modalities; m++) width += s->features->width[m];
    return (double)(rows_of(s, client) * width) * (double)sizeof(double);
}

ent_status ent_store_new(const ent_features *features, const ent_population *population, int node_ranks, int part,
                         ent_store **out)
{
    ent_store *s = ent_alloc(1, sizeof *s);
    ENT_REQUIRE(s, ENT_ENOMEM, "clients' rows: no memory");
    s->features = features;
    s->population = population;
    s->which = part;
    s->x = ent_alloc(s->population->clients, sizeof *s->x);
    s->kept = ent_alloc(s->population->clients, sizeof *s->kept);
    s->room = (double)ent_memory_available_bytes() / (4.0 * node_ranks);
    if (!s->x || !s->kept) {
        ent_store_free(s);
        return ent_fail(ENT_ENOMEM, "rows of %lld clients: no memory", (long long)population->clients);
    }
    *out = s;
    return ENT_OK;
}

static void give_back(ent_store *s)
{
    for (int64_t k = 0; k < s->count; k++) {
        ent_free(s->x[s->kept[k]]);
        s->x[s->kept[k]] = NULL;
    }
    s->count = 0;
    s->bytes = 0.0;
}

void ent_store_free(ent_store *s)
{
    if (!s) return;
    for (int64_t k = 0; k < s->count; k++) ent_free(s->x[s->kept[k]]);
    ent_free(s->x);
    ent_free(s->kept);
    ent_free(s);
}

/* Read the rows of all these clients at once, in the order of the file, into one array per modality; then divide it.
 * */
static ent_status read_clients(ent_store *s, int64_t n, const int64_t *clients)
{
    const ent_part *part = &s->population->part[s->which];
    double *x[ENT_MAX_MODALITIES] = {NULL};
    int64_t rows = 0, next = 0;
    for (int64_t k = 0; k < n; k++) rows += rows_of(s, clients[k]);
    int64_t *at = ent_alloc(rows, sizeof *at);
    bool there = at != NULL;
    for (int m = 0; m < s->population->modalities; m++) {
        x[m] = ent_alloc(rows * s->features->width[m], sizeof(double));
        there = there && x[m];
    }
    ent_status status = there ? ENT_OK : ent_fail(ENT_ENOMEM, "rows of %lld clients: no memory", (long long)n);
    for (int64_t k = 0; k < n && there; k++)
        for (int64_t row = part->first[clients[k]]; row < part->first[clients[k] + 1]; row++) at[next++] = row;
    if (status == ENT_OK) status = ent_rows_read(s->features, s->population, s->which, rows, at, x);
    for (int64_t k = 0, first = 0; k < n && status == ENT_OK; k++) {
        const int64_t count = rows_of(s, clients[k]);
        double *to = s->x[clients[k]];
        for (int m = 0; m < s->population->modalities; m++) {
            const int64_t width = s->features->width[m];
            memcpy(to, x[m] + first * width, (size_t)(count * width) * sizeof *to);
            to += count * width;
        }
        first += count;
    }
    ent_free(at);
    for (int m = 0; m < s->population->modalities; m++) ent_free(x[m]);
    return status;
}

/* Allocate memory for one more client. */
static ent_status reserve(ent_store *s, int64_t client)
{
    s->x[client] = ent_alloc((int64_t)(client_bytes(s, client) / sizeof(double)) + 1, sizeof(double));
    ENT_REQUIRE(s->x[client], ENT_ENOMEM, "rows of client %lld: no memory", (long long)client);
    s->kept[s->count++] = client;
    s->bytes += client_bytes(s, client);
    return ENT_OK;
}

ent_status ent_store_keep(ent_store *s, int64_t client, double **x)
{
    *x = NULL;
    if (s->bytes + client_bytes(s, client) > s->room) return ENT_OK;
    ENT_TRY(reserve(s, client));
    *x = s->x[client];
    return ENT_OK;
}

ent_status ent_store_fetch(ent_store *s, int64_t n, const int64_t *clients, int64_t *ready)
{
    double wanted = 0.0;
    for (int64_t k = 0; k < n; k++)
        if (!s->x[clients[k]]) wanted += client_bytes(s, clients[k]);
    if (s->bytes + wanted > s->room) give_back(s);
    const int64_t before = s->count;
    ent_status status = ENT_OK;
    for (*ready = 0; *ready < n && status == ENT_OK; ++*ready) {
        const int64_t client = clients[*ready];
        if (s->x[client]) continue;
        if (*ready > 0 && s->bytes + client_bytes(s, client) > s->room) break;
        status = reserve(s, client);
    }
    if (status == ENT_OK && s->count > before) status = read_clients(s, s->count - before, s->kept + before);
    if (status != ENT_OK) give_back(s);
    return status;
}

ent_samples ent_store_samples(const ent_store *s, int64_t client)
{
    const ent_part *part = &s->population->part[s->which];
    const int64_t first = part->first[client], n = rows_of(s, client);
    ent_samples samples = {.n = n,
                           .context = part->context + first,
                           .category = part->category ? part->category + first : NULL,
                           .value = part->target ? part->target + first : NULL};
    const double *x = s->x[client];
    for (int m = 0; m < s->population->modalities; m++) {
        samples.x[m] = x;
        samples.absent[m] = s->features->absent[m];
        x += n * s->features->width[m];
    }
    return samples;
}
