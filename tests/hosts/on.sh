#!/bin/sh
# Run a command on one of the hosts of up.sh, with its network, its name and its own /dev/shm.  For mpirun this is an
# agent like ssh, which passes the command as one word or as several.
#   tests/hosts/on.sh HOST COMMAND...
host=$1
shift
exec nsenter --net="/run/netns/$host" unshare --mount --uts sh -c '
    hostname "$1" && mount -t tmpfs shm /dev/shm && eval "$2"' on "$host" "$*"
