#!/usr/bin/env bash
# Run a command of entente on several ranks, here or inside an allocation, with the settings that the local MPI needs:
#   jobs/run.sh [-n RANKS] COMMAND [ARGUMENT...]        jobs/run.sh -n 4 train my.yaml --out result-my
# Without -n: as many ranks as the allocation has, or as this machine has cores.  LAUNCH=srun or mpirun picks the launcher,
# ENTENTE the program.  Ctrl-C stops a training at a checkpoint.
set -euo pipefail

if [ "${1:-}" = -n ]; then
    ranks=${2:-}
    [[ "$ranks" =~ ^[1-9][0-9]*$ ]] || { echo "jobs/run.sh: -n: found '$ranks', want a number of ranks" >&2; exit 2; }
    shift 2
fi
[ $# -gt 0 ] || { echo "usage: jobs/run.sh [-n RANKS] COMMAND [ARGUMENT...]" >&2; exit 2; }
# shellcheck source=env/cluster.sh
source "$(dirname "${BASH_SOURCE[0]}")/../env/cluster.sh"

# Ctrl-C reaches this script only, which asks the ranks to stop; mpirun would kill them after two seconds.
set -m
"${launcher[@]}" "$ENTENTE" "$@" </dev/null &
pid=$!
signal=USR1
trap 'kill -"$signal" "$pid" 2>/dev/null || true; signal=TERM' INT TERM USR1 # the second time at once
while :; do # a signal ends `wait`, not the ranks
    code=0
    wait "$pid" || code=$?
    if [ "$code" -le 128 ] || ! kill -0 "$pid" 2>/dev/null; then break; fi
done
if [ "$code" -eq 137 ]; then echo "jobs/run.sh: a rank was killed (signal 9): out of memory?" >&2; fi
exit "$code"
