# The one list of what a cluster wants, sourced by jobs/*.sbatch: modules, program, binding, launcher, time limit.
#   source env/cluster.sh
#   launch train my.yaml --resume        runs `entente train my.yaml --resume` on every rank of the job
# Edit the list of modules for your site, or set before sbatch: ENTENTE_MODULES, ENTENTE (path of the program),
# LAUNCH (srun or mpirun).

# Modules: the names of your site.  Where there is no `module`, what is installed is used.
modules=(${ENTENTE_MODULES-gcc openmpi hdf5 fftw openblas})
if type module >/dev/null 2>&1 && [ ${#modules[@]} -gt 0 ]; then
    set +u # its scripts read variables that are not set
    module load "${modules[@]}"
    set -u
fi

# Program: the build in this folder, else the one that a module or Spack has put into PATH.
home=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if [ -z "${ENTENTE:-}" ]; then
    ENTENTE=$home/build/entente
    [ -x "$ENTENTE" ] || ENTENTE=$(command -v entente) ||
        { echo "env/cluster.sh: no $home/build/entente and no entente in PATH" >&2; exit 1; }
fi

# Binding: every rank has cores of its own, its threads lie on them side by side.
ranks=${SLURM_NTASKS:-$(nproc)}
export OMP_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1} OMP_PLACES=cores OMP_PROC_BIND=close

# Launcher: srun where Slurm speaks PMIx and the MPI is Open MPI, which then understands it, or where there is no other.
# --wait instead of --kill-on-bad-exit: ranks end with a checkpoint's code together, none of them is to be killed.
mpi=$(mpirun --version 2>/dev/null || echo none)
if [ -z "${LAUNCH:-}" ]; then
    LAUNCH=mpirun
    case "$mpi" in
    *"Open MPI"*) if srun --mpi=list 2>&1 | grep -q pmix; then LAUNCH=srun; fi ;;
    none) LAUNCH=srun ;;
    esac
fi
case "$LAUNCH:$mpi" in
srun:*) launcher=(srun --ntasks="$ranks" --cpus-per-task="$OMP_NUM_THREADS" --cpu-bind=cores
                  --kill-on-bad-exit=0 --wait=60) ;;
mpirun:*"Open MPI"*) launcher=(mpirun -n "$ranks" --map-by "slot:PE=$OMP_NUM_THREADS" --bind-to core) ;;
mpirun:*) launcher=(mpirun -n "$ranks" -bind-to "core:$OMP_NUM_THREADS") ;; # Hydra: MPICH, MVAPICH, Intel MPI
*) echo "env/cluster.sh: LAUNCH=$LAUNCH, want srun or mpirun" >&2; exit 1 ;;
esac

# launch ARGUMENTS...: `entente ARGUMENTS` on every rank.  The signal that Slurm sends before the time limit goes on to
# the ranks.  They write a checkpoint and end with 75 (EX_TEMPFAIL), or end by the signal (138) where nothing is lost by
# it: at the start, or between the points of a sweep.  Then the job goes back into the queue.
launch() {
    local pid code again limit_near=no
    "${launcher[@]}" "$ENTENTE" "$@" &
    pid=$!
    trap 'again=yes limit_near=yes; kill -USR1 "$pid"' USR1
    while :; do # a signal ends `wait`, not the ranks
        again=no code=0
        wait "$pid" || code=$?
        [ "$again" = yes ] || break
    done
    if [ "$limit_near" = yes ] && { [ "$code" -eq 75 ] || [ "$code" -eq 138 ]; }; then
        echo "time limit near: job $SLURM_JOB_ID goes back into the queue and will continue"
        scontrol requeue "$SLURM_JOB_ID"
    fi
    return "$code"
}
