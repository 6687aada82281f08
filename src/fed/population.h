/* The clients of a federation, their rows and their devices.  Pure functions of the configuration and the labels: the
 * same on all ranks. */
#ifndef ENTENTE_FED_POPULATION_H
#define ENTENTE_FED_POPULATION_H

#include "entente/fed.h"

typedef struct ent_devices ent_devices;

/* The rows of each client, and the modalities left to each row: the same on all ranks. */
typedef struct {
    const ent_config *config;
    int modalities;
    int64_t clients, empty_clients;
    ent_missing_inp missing;
    ent_part part[ENT_PARTS];
    ent_devices *devices; /* devices of the clients, once there is a model; NULL: exact and without noise */
} ent_population;

/* population.c: the parts, their clients and their masks, from population->config.  Local; the same on all ranks. */
ent_status ent_population_make(ent_population *population, const ent_dataset *dataset);
ent_status ent_population_all(ent_population *population, const ent_dataset *dataset, int ranks, uint32_t absent,
                              bool all_rows);
ent_status ent_population_again(ent_population *population, const ent_dataset *dataset, uint32_t absent);
void ent_part_clear(ent_part *part);
static inline int64_t ent_client_rows_count(const ent_population *population, int64_t client)
{
    const int64_t *first = population->part[ENT_TRAIN].first;
    return first[client + 1] - first[client];
}

/* devices.c.  Local; the same on all ranks. */

/* *out is NULL if everything is exact and without noise.  Errors: ENT_ECONFIG, naming the key; ENT_ENOMEM. */
ent_status ent_devices_new(const ent_config *config, int modalities, int64_t clients, ent_devices **out);
void ent_devices_free(ent_devices *devices);
/* Whether every layer must be a separate block; the numbers of qubits whose lack must be (ent_model_inp). */
bool ent_devices_layers_apart(const ent_config *config);
uint64_t ent_devices_qubits_apart(const ent_devices *devices);
/* The device that evaluates the common model, and the one that trains a client's; devices may be NULL. */
const ent_device *ent_devices_base(const ent_devices *devices);
const ent_device *ent_devices_of(const ent_devices *devices, int64_t client);
/* The expected number of errors in one run of the client's circuits: the sum over the gates of the probability of an
 * error, plus the mean probability of a wrong readout, with the gates counted from the layers and qubits that its
 * device has. */
double ent_devices_budget(const ent_devices *devices, int64_t client);
/* Select the random numbers of a client's training pass, and of the predictions of rows of the data set, row
 * [samples], by the common model (client -1) or a personal one: whatever part the rows are in, in whatever order. */
void ent_devices_train(const ent_devices *devices, int64_t client, int64_t pass, ent_samples *samples);
void ent_devices_predict(const ent_devices *devices, int64_t client, const int64_t *row, ent_samples *samples);

#endif
