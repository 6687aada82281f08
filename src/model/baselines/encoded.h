/* What mlp and multilinear share: an encoder per modality, a join of the encodings that are present into one vector
 * of the same width, and a linear head on it. */
#ifndef ENTENTE_MODEL_ENCODED_H
#define ENTENTE_MODEL_ENCODED_H

#include "dense.h"

typedef struct ent_encoded ent_encoded;

/* A group's scratch memory, cut up. */
typedef struct {
    double *x[ENT_MAX_REGISTERS];    /* [n][inputs] */
    double *code[ENT_MAX_REGISTERS]; /* [n][width]: the encodings */
    double *joint, *d_joint;         /* [n][width] */
    double *d_code;                  /* [n][width], of one encoding at a time */
} ent_encoded_layers;

/* A way to join encodings; absent modalities are left out. */
typedef struct {
    const char *name;
    /* The number of its own parameters at a width, growing with it, and their places; NULL: it has none. */
    int64_t (*count)(const ent_model_inp *inp, int64_t width);
    void (*place)(const ent_model_inp *inp, ent_encoded *p);
    /* Set l->joint. */
    void (*forward)(const ent_encoded *p, const ent_group *g, const ent_encoded_layers *l);
    /* Change l->d_joint to what `split` reads, and add the gradient by parameters that belong to no modality;
     * NULL: nothing to do. */
    void (*backward)(const ent_encoded *p, const ent_group *g, const ent_encoded_layers *l, double *gradient);
    /* Set l->d_code, the derivative by the encoding of modality m, and add the gradient by the parameters that belong
     * to this modality. */
    void (*split)(const ent_encoded *p, const ent_group *g, const ent_encoded_layers *l, int m, double *gradient);
} ent_join;

struct ent_encoded {
    ent_body body;
    ent_blocks blocks;
    const ent_join *join;
    int width;
    ent_encoder encoder[ENT_MAX_REGISTERS];
    int joint[ENT_MAX_REGISTERS], joint_bias; /* of the join: [width][width], [width] */
    int head;                                 /* [outputs][width] */
    ent_output_layout output;
};

ent_status ent_encoded_make(const ent_join *join, const ent_model_inp *inp, ent_body **out);
void ent_encoded_free(ent_body *body);
ent_status ent_encoded_predict(ent_body *body, const ent_group *group);
ent_status ent_encoded_gradient(ent_body *body, const ent_group *group, double *loss, double *gradient);

#endif
