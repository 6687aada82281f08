/* POSIX record locks on one byte per point of a shared file (claim.h says why). */
#include "claim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "entente/memory.h"

struct campaign_claims {
    int descriptor;
};

ent_status campaign_claims_open(const char *path, campaign_claims **out)
{
    campaign_claims *claims = ent_alloc(1, sizeof *claims);
    ENT_REQUIRE(claims, ENT_ENOMEM, "%s: no memory", path);
    claims->descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (claims->descriptor < 0) {
        ent_free(claims);
        return ent_fail(ENT_EIO, "%s: %s", path, strerror(errno));
    }
    *out = claims;
    return ENT_OK;
}

void campaign_claims_close(campaign_claims *claims)
{
    if (!claims) return;
    close(claims->descriptor);
    ent_free(claims);
}

/* The first 15 digits of the hash: 60 bits, so offset and length stay below 2^63. */
static int lock(campaign_claims *claims, const char *hash, short type)
{
    char digits[16] = "";
    memcpy(digits, hash, sizeof digits - 1);
    struct flock byte = {.l_type = type, .l_whence = SEEK_SET, .l_len = 1};
    byte.l_start = (off_t)strtoull(digits, NULL, 16);
    int done;
    do done = fcntl(claims->descriptor, F_SETLK, &byte);
    while (done != 0 && errno == EINTR);
    return done;
}

campaign_claim campaign_claims_take(campaign_claims *claims, const char *hash)
{
    if (lock(claims, hash, F_WRLCK) == 0) return CAMPAIGN_CLAIM_MINE;
    return errno == EAGAIN || errno == EACCES ? CAMPAIGN_CLAIM_TAKEN : CAMPAIGN_CLAIM_UNKNOWN;
}

void campaign_claims_drop(campaign_claims *claims, const char *hash)
{
    lock(claims, hash, F_UNLCK);
}
