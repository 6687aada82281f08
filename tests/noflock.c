/* A library to preload: flock fails with the error number NOFLOCK, as on a file system without locks (37 ENOLCK, 38
 * ENOSYS, 95 EOPNOTSUPP), or with a file that another program has locked (11 EWOULDBLOCK). */
#include <errno.h>
#include <stdlib.h>

int flock(int descriptor, int operation);

int flock(int descriptor, int operation)
{
    (void)descriptor, (void)operation;
    errno = atoi(getenv("NOFLOCK"));
    return -1;
}
