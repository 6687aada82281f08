/* POSIX record locks on one byte per point of a shared file (claim.h says why). */
#include "claim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "entente/memory.h"

struct app_claims {
    int descriptor;
};

ent_status app_claims_open(const char *path, app_claims **out)
{
    app_claims *claims = ent_alloc(1, sizeof *claims);
    ENT_REQUIRE(claims, ENT_ENOMEM, "%s: no memory", path);
    claims->descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (claims->descriptor < 0) {
        ent_free(claims);
        return ent_fail(ENT_EIO, "%s: %s", path, strerror(errno));
    }
    *out = claims;
    return ENT_OK;
}

void app_claims_close(app_claims *claims)
{
    if (!claims) return;
    close(claims->descriptor);
    ent_free(claims);
}

/* The first 15 digits of the hash: 60 bits, so offset and length stay below 2^63. */
static int lock(app_claims *claims, const char *hash, short type)
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

app_claim app_claims_take(app_claims *claims, const char *hash)
{
    if (lock(claims, hash, F_WRLCK) == 0) return APP_CLAIM_MINE;
    return errno == EAGAIN || errno == EACCES ? APP_CLAIM_TAKEN : APP_CLAIM_UNKNOWN;
}

void app_claims_drop(app_claims *claims, const char *hash)
{
    lock(claims, hash, F_UNLCK);
}
