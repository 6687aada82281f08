/* Bytes that the batch engine's plan reads and writes for one sample: of states between registers and the L1 cache,
 * and between the L1 cache and the next level (a block stays in L1 for all stages of a turn). */
#ifndef ENTENTE_BENCH_BATCH_TRAFFIC_H
#define ENTENTE_BENCH_BATCH_TRAFFIC_H

#include "engine/isa.h"

typedef struct {
    double l1[2], l2[2]; /* forward; with the gradient */
} traffic;

/* `parts` states of one node read or written, by both counts. */
static void move(traffic *t, int gradient, const batch_plan *plan, const batch_node *node, double parts)
{
    const double bytes = parts * 2.0 * plan->shape.real_bytes * (double)(INT64_C(1) << node->bits);
    t->l1[gradient] += bytes;
    t->l2[gradient] += bytes;
}

/* Read and write for each turn; for each stage of it in L1. */
static void move_turns(traffic *t, int gradient, const batch_plan *plan, const batch_node *node, int turn, int turns,
                       double states)
{
    for (int k = turn; k < turn + turns; k++) {
        const double bytes = states * 4.0 * plan->shape.real_bytes * (double)(INT64_C(1) << node->bits);
        t->l1[gradient] += bytes * plan->turn[k].stages;
        t->l2[gradient] += bytes;
    }
}

static void move_step(traffic *t, const batch_plan *plan, const batch_node *node, const batch_step *step)
{
    if (step->turns > 0) {
        move_turns(t, 0, plan, node, step->turn, step->turns, 1.0);
        move_turns(t, 1, plan, node, step->back, step->backs, 2.0);
        return;
    }
    int wanted = 0;
    while (wanted < step->sums && plan->sum[step->sum + wanted].wanted) wanted++;
    move(t, 0, plan, node, 2.0 * (step->table != NULL) + 2.0 * step->lanes);
    move(t, 1, plan, node, 2.0 * wanted + 4.0 * step->lanes);
    if (step->table) move(t, 1, plan, node, wanted > 0 ? 2.0 : 4.0); /* the last sum has read them already */
}

static traffic traffic_of(const ent_circuit *circuit, int precision, const char *isa)
{
    const batch_kernels *kernels, *narrow;
    batch_plan *plan;
    traffic t = {{0}, {0}};
    must(ent_isa_kernels(isa, (ent_precision)precision, &kernels, &narrow));
    must(ent_batch_plan_new(circuit, &kernels->shape, &plan));
    for (const batch_node *node = plan->node; node < plan->node + plan->nodes; node++) {
        move(&t, 0, plan, node, 1.0 + node->sums); /* start, readouts */
        for (int s = node->step; s < node->step + node->steps; s++) move_step(&t, plan, node, &plan->step[s]);
        if (node->parent < 0) move(&t, 1, plan, node, 1.0 + node->sums); /* the bra's start: ket read, bra written */
        if (node->left >= 0) move(&t, 1, plan, node, 1.0);               /* its contraction to the parts' bras */
    }
    t.l1[1] += t.l1[0];
    t.l2[1] += t.l2[0];
    ent_batch_plan_free(plan);
    return t;
}

#endif
