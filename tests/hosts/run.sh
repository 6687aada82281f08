#!/usr/bin/env bash
# Run a program on several hosts of this machine, one rank each, over TCP only.
#   tests/hosts/run.sh RANKS PROGRAM...
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [ "$1" != --inside ]; then
    if ! "${MPIEXEC:-mpirun}" --version 2>/dev/null | grep -qE 'Open MPI|OpenRTE'; then
        echo "skipped: want Open MPI"
        exit 77
    fi
    exec "$here/../apart.sh" "${BASH_SOURCE[0]}" --inside "$@"
fi
ranks=$2
shift 2
source "$here/../environment.sh"
"$here/up.sh" "$ranks"
hosts=$(seq --separator=, --format=n%g "$ranks")
exec "${MPIEXEC:-mpirun}" --quiet --mca plm rsh --mca plm_rsh_agent "$here/on.sh" --mca oob_tcp_if_include eth0,switch \
    --mca btl self,tcp --mca btl_tcp_if_include eth0 --host "$hosts" "$@"
