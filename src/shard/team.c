/* A team: programs whose circuits run on a group of ranks, with the interface of ent_program.
 *
 * Every call of a program begins with an agreement of the group, so that a failure of a rank between calls is
 * noticed: it calls ent_team_settle, and the others get its message from the call that they are in.  A fused circuit
 * whose registers are cheaper separately is distributed register by register (registers.c), others as one state
 * (shard.c); one that is too small for either runs on every rank. */
#include <stdbool.h>
#include <stdio.h>

#include "entente/memory.h"
#include "entente/shard.h"
#include "registers.h"

struct ent_shard_team {
    ent_team team; /* first: the interface */
    ent_comm *group;
    bool broken; /* a failure has been agreed on since the last ent_team_settle */
};

typedef struct {
    struct ent_shard_team *team;
    ent_shard *shard; /* one state; NULL: registers */
    ent_registers *registers;
    char name[64];
} member;

static ent_status agree(struct ent_shard_team *t, ent_status status)
{
    status = ent_comm_agree(t->group, status);
    if (status != ENT_OK) t->broken = true;
    return status;
}

static ent_status note(struct ent_shard_team *t, ent_status agreed)
{
    if (agreed != ENT_OK) t->broken = true;
    return agreed;
}

static ent_status fill(member *made, const ent_circuit *circuit, const ent_program_inp *inp, bool apart)
{
    ent_comm *group = made->team->group;
    const bool could_be_one = inp->engine != ENT_ENGINE_PAULI && circuit->qubits <= ENT_MAX_STATE_QUBITS;
    const char *isa = "";
    bool outgrown = false;
    ent_isa_pick(inp->isa, &isa);
    ent_status status = ENT_OK;
    if (apart) status = ent_registers_new(circuit, inp, group, &outgrown, &made->registers);
    const bool one = !apart || (outgrown && could_be_one);
    if (one) status = ent_shard_new(circuit, inp, group, &made->shard);
    snprintf(made->name, sizeof made->name, "%s %s over %d ranks", one ? "state" : "pauli", isa,
             ent_comm_size(group));
    return note(made->team, status);
}

static ent_status open_program(const ent_team *team, const ent_circuit *circuit, const ent_program_inp *inp,
                               bool apart, void **handle)
{
    struct ent_shard_team *t = (struct ent_shard_team *)team;
    *handle = NULL;
    ENT_TRY(agree(t, ENT_OK));
    const int size = ent_comm_size(t->group);
    if (!apart && circuit->qubits <= ENT_MAX_STATE_QUBITS && size > INT64_C(1) << circuit->qubits >> 1) return ENT_OK;
    member *made = ent_alloc(1, sizeof *made);
    ent_status status = agree(t, made ? ENT_OK : ent_fail(ENT_ENOMEM, "shards: no memory"));
    if (status == ENT_OK) {
        made->team = t;
        status = fill(made, circuit, inp, apart);
    }
    if (status != ENT_OK || (!made->registers && !made->shard)) {
        ent_free(made);
        return status;
    }
    *handle = made;
    return ENT_OK;
}

static void close_program(void *handle)
{
    member *m = handle;
    ent_shard_free(m->shard);
    ent_registers_free(m->registers);
    ent_free(m);
}

static const char *describe(const void *handle)
{
    return ((const member *)handle)->name;
}

static ent_status forward(void *handle, const ent_batch *batch, double *expectations)
{
    member *m = handle;
    ENT_TRY(agree(m->team, ENT_OK));
    return note(m->team, m->registers ? ent_registers_forward(m->registers, batch, expectations)
                                      : ent_shard_forward(m->shard, batch, expectations));
}

static ent_status gradient(void *handle, const ent_batch *batch, ent_cotangent *cotangent, void *context,
                           double *grad_params, double *grad_angles)
{
    member *m = handle;
    ENT_TRY(agree(m->team, ENT_OK));
    if (m->registers)
        return note(m->team,
                    ent_registers_gradient(m->registers, batch, cotangent, context, grad_params, grad_angles));
    return note(m->team, ent_shard_gradient(m->shard, batch, cotangent, context, grad_params, grad_angles));
}

ent_status ent_team_new(ent_comm *group, ent_team **out)
{
    struct ent_shard_team *t = ent_alloc(1, sizeof *t);
    ENT_REQUIRE(t, ENT_ENOMEM, "shards: no memory");
    t->team = (ent_team){open_program, close_program, describe, forward, gradient};
    t->group = group;
    *out = &t->team;
    return ENT_OK;
}

void ent_team_free(ent_team *team)
{
    ent_free(team);
}

ent_status ent_team_agree(ent_team *team, ent_status status)
{
    struct ent_shard_team *t = (struct ent_shard_team *)team;
    return t ? agree(t, status) : status;
}

ent_status ent_team_settle(ent_team *team, ent_status status)
{
    struct ent_shard_team *t = (struct ent_shard_team *)team;
    if (!t) return status;
    if (!t->broken) status = agree(t, status);
    t->broken = false;
    return status;
}
