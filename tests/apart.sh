#!/usr/bin/env bash
# Run a command with its own processes, mounts, network and host name, as root.  Everything that it has started ends
# with it, also by a signal; its ports, interfaces and names do not collide with others.  Open MPI names its folders by
# host and process number, which could collide with those of another such command, so each has its own /dev/shm.
#   tests/apart.sh COMMAND...       77 and the reason if this machine does not allow it
apart=(unshare --pid --mount --net --uts --ipc --fork --kill-child --mount-proc)
skip() { echo "skipped: $*"; exit 77; }
command -v ip >/dev/null || skip "no command 'ip'; env/debian.sh --tests installs iproute2"
refusal=$("${apart[@]}" ip link add switch type bridge 2>&1) || skip "no namespaces here: $refusal"
exec "${apart[@]}" sh -c '
    ip link set lo up && mkdir -p /run/netns && mount -t tmpfs apart /run/netns && mount -t tmpfs shm /dev/shm &&
    export OMPI_MCA_orte_tmpdir_base=/dev/shm && exec "$@"' apart "$@"
