#!/bin/sh
# Run a command on one of the hosts of up.sh: its network, its name, and a /dev/shm of its own.  For mpirun an agent
# like ssh, which gives the command as one word or as many.
#   tests/hosts/on.sh HOST COMMAND...
host=$1
shift
exec nsenter --net="/run/netns/$host" unshare --mount --uts sh -c '
    hostname "$1" && mount -t tmpfs shm /dev/shm && eval "$2"' on "$host" "$*"
