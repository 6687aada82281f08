# shellcheck shell=bash
# Source this before mpirun on one machine: what Open MPI requires for root and for more ranks than cores, and the time
# that a training has to write its checkpoint when it is asked to stop.
if [ "$(id -u)" -eq 0 ]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1
