# shellcheck shell=bash
# Everything that depends on the cluster, sourced by the jobs and by jobs/run.sh: modules, program, layout, launcher,
# time limit.
#   source env/cluster.sh
#   launch train my.yaml --resume        runs `entente train my.yaml --resume` on every rank of the job
# Edit the list of modules for your site, or set before the job is submitted: ENTENTE_MODULES, ENTENTE (path of the
# program), LAUNCH (srun, flux or mpirun).

# Modules: the names of your site.  Without `module`, the installed packages are used.
read -ra modules <<<"${ENTENTE_MODULES-gcc openmpi hdf5 fftw openblas}"
if type module >/dev/null 2>&1 && [ ${#modules[@]} -gt 0 ]; then
    set +u # its scripts read variables that are not set
    module load "${modules[@]}" || { echo "env/cluster.sh: set ENTENTE_MODULES to the names of your site" >&2; exit 1; }
    set -u
fi

# Program: the build in this folder, otherwise the one that a module or Spack has put into PATH.
home=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if [ -z "${ENTENTE:-}" ]; then
    ENTENTE=$home/build/entente
    [ -x "$ENTENTE" ] || ENTENTE=$(command -v entente) ||
        { echo "env/cluster.sh: no $home/build/entente and no entente in PATH" >&2; exit 1; }
fi

# Layout: ranks and cores per rank, from the batch system; outside of one, `ranks` may be set before.
if [ -n "${SLURM_JOB_ID:-}" ]; then
    batch=slurm cores=${SLURM_CPUS_PER_TASK:-1}
    : "${ranks:=${SLURM_NTASKS:-$((SLURM_JOB_NUM_NODES * ${SLURM_NTASKS_PER_NODE:-1}))}}"
elif [ -n "${PBS_NODEFILE:-}" ]; then # a line for each rank; ompthreads=N has set OMP_NUM_THREADS
    batch=pbs cores=${OMP_NUM_THREADS:-1}
    : "${ranks:=$(wc -l <"$PBS_NODEFILE")}"
elif [ -n "${FLUX_URI:-}" ]; then
    batch=flux cores=${OMP_NUM_THREADS:-1}
    : "${ranks:=$(($(flux resource list --states=all --no-header --format='{ncores}') / cores))}"
else
    batch=none cores=1
    : "${ranks:=$(env -u OMP_NUM_THREADS nproc)}" # nproc would answer OMP_NUM_THREADS
fi

# Binding: every rank has its own cores, with its threads on adjacent ones.  Outside a batch system nothing is bound, and
# more ranks than cores are fine.
if [ "$batch" = none ]; then
    # shellcheck source=env/local.sh
    source "$home/env/local.sh"
else
    export OMP_NUM_THREADS=$cores OMP_PLACES=cores OMP_PROC_BIND=close
fi

# Launcher: srun if Slurm has the plugin that the MPI supports, which is then named because a site's default may be
# another one; flux if it runs the job; otherwise mpirun.
mpi=$(mpirun --version 2>/dev/null || echo none)
plugin=
if [ "$batch" = slurm ]; then
    case "$mpi" in
    *"Open MPI"*) plugin=$(srun --mpi=list 2>&1 | grep -oE 'pmix(_v[0-9]+)?' | sort -u | head -n 1 || true) ;;
    esac
fi
if [ -z "${LAUNCH:-}" ]; then
    case "$batch:$mpi" in
    slurm:none) LAUNCH=srun ;;
    slurm:*) LAUNCH=$([ -n "$plugin" ] && echo srun || echo mpirun) ;;
    flux:*) LAUNCH=flux ;;
    *) LAUNCH=mpirun ;;
    esac
fi
# srun --wait instead of --kill-on-bad-exit: ranks end together with the code of a checkpoint, and none must be killed.
case "$LAUNCH:$mpi" in
srun:*) launcher=(srun ${plugin:+--mpi="$plugin"} --ntasks="$ranks" --cpus-per-task="$cores" --cpu-bind=cores
                  --kill-on-bad-exit=0 --wait=60) ;;
flux:*) launcher=(flux run --ntasks="$ranks" --cores-per-task="$cores") ;;
mpirun:*"Open MPI"*)
    launcher=(mpirun -n "$ranks")
    if [ "$batch" = none ]; then
        launcher+=(--quiet --bind-to none)
    else
        launcher+=(--map-by "slot:PE=$cores" --bind-to core -x OMP_NUM_THREADS -x OMP_PLACES -x OMP_PROC_BIND)
    fi
    if [ "$batch" = pbs ]; then launcher+=(--hostfile "$PBS_NODEFILE"); fi
    ;;
mpirun:*) # Hydra: MPICH, MVAPICH, Intel MPI
    launcher=(mpirun -n "$ranks")
    if [ "$batch" != none ]; then launcher+=(-bind-to "core:$cores"); fi
    if [ "$batch" = pbs ]; then launcher+=(-f "$PBS_NODEFILE"); fi
    ;;
*) echo "env/cluster.sh: LAUNCH=$LAUNCH, want srun, flux or mpirun" >&2; exit 1 ;;
esac

# Seconds until the time limit if the batch system sends no signal before it; nothing: unknown, or it sends one.
seconds_left() {
    case "$batch" in
    flux) flux job timeleft | grep -E '^[0-9]+$' ;;
    pbs) qstat -f "$PBS_JOBID" | sed -nE 's/^ *Resource_List.walltime = ([0-9]+):([0-9]+):([0-9]+)$/\1 \2 \3/p' |
        { read -r h m s && echo $((10#$h * 3600 + 10#$m * 60 + 10#$s - SECONDS)); } ;;
    esac || true
}

# launch ARGUMENTS...: `entente ARGUMENTS` on every rank.  SIGUSR1, sent before the time limit by Slurm or by a timer
# here, is passed on to the ranks.  They write a checkpoint and end with 75 (EX_TEMPFAIL), or end by the signal (138) if
# nothing is lost by it: at the start, or between the points of a sweep.  Then the job is requeued by the command in
# `again`, which a script may set; the default is that of Slurm.
launch() {
    local pid code left timer="" came limit_near=no
    echo "$ranks ranks by ${launcher[*]}"
    [ -n "${again[*]:-}" ] || [ "$batch" != slurm ] || again=(scontrol requeue "$SLURM_JOB_ID")
    "${launcher[@]}" "$ENTENTE" "$@" &
    pid=$!
    trap 'came=yes limit_near=yes; kill -USR1 "$pid"' USR1
    left=$(seconds_left)
    if [ -n "$left" ]; then
        (
            sleep $((left > 120 ? left - 120 : 1)) >/dev/null 2>&1 &
            trap 'kill %1' TERM
            wait %1 && kill -USR1 $$
        ) >/dev/null 2>&1 &
        timer=$!
    fi
    while :; do # a signal ends `wait`, not the ranks
        came=no code=0
        wait "$pid" || code=$?
        [ "$came" = yes ] || break
    done
    [ -z "$timer" ] || kill "$timer" 2>/dev/null || true
    if [ "$limit_near" = yes ] && [ -n "${again[*]:-}" ] && { [ "$code" -eq 75 ] || [ "$code" -eq 138 ]; }; then
        echo "time limit near: the job goes back into the queue and will continue: ${again[*]}"
        "${again[@]}"
    fi
    return "$code"
}
