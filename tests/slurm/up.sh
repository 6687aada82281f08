#!/usr/bin/env bash
# A small Slurm on this machine, as root: a controller, and slurmd for nodes n1..nN, each of which uses the whole
# machine.  Only DIR is written; no systemd, no cgroup, no service of the system is used.
#   source <(tests/slurm/up.sh DIR [NODES [MPI]])    4 nodes by default; prints `export SLURM_CONF=...`
# MPI: pmix, the default; none, the default of most sites, with the plugin for PMIx installed; without: no such plugin.
# Run it under tests/apart.sh: then ports and names are its own, and the daemons end when the caller does.
set -euo pipefail
dir=$(mkdir -p "$1" && cd "$1" && pwd)
nodes=${2:-4}
mpi=${3:-pmix}
here=$(dirname "${BASH_SOURCE[0]}")
"$here/../hosts/up.sh" "$nodes"
mkdir -p "$dir"/{state,log,run,spool,tmp}

# munged refuses a folder that others may write to, and clients must be able to enter it.
chmod 755 "$dir" "$dir/run"
(umask 077 && head -c 1024 /dev/urandom >"$dir/munge.key")
munged --force --key-file="$dir/munge.key" --socket="$dir/run/munge" --pid-file="$dir/run/munged.pid" \
    --log-file="$dir/log/munged.log" --seed-file="$dir/run/munge.seed"

plugins=$(dirname "$(find /usr/lib -name mpi_none.so | head -n 1)")
if [ "$mpi" = without ]; then
    mkdir "$dir/plugins"
    find "$plugins" -maxdepth 1 -name '*.so' ! -name 'mpi_pmix*' -exec ln -s -t "$dir/plugins" {} +
    plugins=$dir/plugins mpi=none
fi
hardware=$(slurmd -C | sed -nE 's/^NodeName=[^ ]+ (.*)$/\1/p')
cat >"$dir/slurm.conf" <<END
ClusterName=entente
SlurmctldHost=front
SlurmctldPort=6817
AuthType=auth/munge
CredType=cred/munge
# A requeued job starts when its old credential has expired: 120 s by default.
AuthInfo=socket=$dir/run/munge,cred_expire=5
SlurmUser=root
StateSaveLocation=$dir/state
SlurmctldPidFile=$dir/run/slurmctld.pid
SlurmctldLogFile=$dir/log/slurmctld.log
SlurmdPidFile=$dir/run/%n.pid
SlurmdLogFile=$dir/log/%n.log
SlurmdSpoolDir=$dir/spool/%n
# One for each node: the PMIx plugin names its folder there after job and step only.
TmpFS=$dir/tmp/%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/affinity
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=$mpi
PluginDir=$plugins
KillWait=2
ReturnToService=2
# Start a job at once, not at the next half minute.
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0
NodeName=n[1-$nodes] NodeHostname=n[1-$nodes] NodeAddr=10.99.0.[1-$nodes] $hardware
PartitionName=all Nodes=ALL Default=YES State=UP
END
# slurmd 22.05 loads a cgroup plugin that nothing uses here; this one needs no /sys/fs/cgroup.
echo "CgroupPlugin=cgroup/v1" >"$dir/cgroup.conf"
# Of 150 steps of 16 ranks, 13 died or hung in the default fence, which is a tree; of 430 in a ring, none did.
echo "PMIxCollFence=ring" >"$dir/mpi.conf"

export SLURM_CONF=$dir/slurm.conf
slurmctld -c
for ((node = 1; node <= nodes; node++)); do
    mkdir -p "$dir/spool/n$node" "$dir/tmp/n$node"
    "$here/../hosts/on.sh" "n$node" slurmd -N "n$node"
done
for ((tries = 0; tries < 200; tries++)); do
    if [ "$(sinfo --noheader --states=idle --format=%D 2>/dev/null)" = "$nodes" ]; then
        echo "export SLURM_CONF=$SLURM_CONF"
        exit 0
    fi
    sleep 0.1
done
echo "tests/slurm/up.sh: the nodes were not idle within 20 s" >&2
sinfo >&2 || true
tail -n 5 "$dir"/log/*.log >&2
exit 1
