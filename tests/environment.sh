# shellcheck shell=bash
# The environment of every test: source it in scripts; tests/CMakeLists.txt gives the same lines to ctest.
# Open MPI is allowed to run as root and to run more ranks than cores, where a waiting rank yields its core.  No rank is
# bound: tests run side by side, and the first rank of each would be bound to the first core.
export OMPI_ALLOW_RUN_AS_ROOT=1
export OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_MCA_mpi_yield_when_idle=1
export OMPI_MCA_hwloc_base_binding_policy=none
export OMP_NUM_THREADS=1
