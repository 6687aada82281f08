#!/usr/bin/env bash
# The unit tests, and on two ranks comm, the federation and a small training, under valgrind: bytes that were never
# written, and leaks.
#   bash tests/valgrind.sh [BUILD_FOLDER]     default build; tests/run.sh builds it
# valgrind does not support AVX-512, so kernels run with the instruction set in ENTENTE_ISA, avx2 by default.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source tests/environment.sh
export ENTENTE_ISA=${ENTENTE_ISA:-avx2}
build=${1:-build}
[ -f "$build/CMakeCache.txt" ] || { echo "no build in $build; bash tests/run.sh --quick creates one" >&2; exit 1; }
echo "== building what has changed in $build"
cmake --build "$build" -j "$(env -u OMP_NUM_THREADS nproc)" >/dev/null

if ! command -v valgrind >/dev/null; then
    sudo=""
    [ "$(id -u)" -eq 0 ] || sudo="sudo"
    echo "== installing valgrind"
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -y -qq valgrind >/dev/null
fi

checker=(valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite --child-silent-after-fork=yes
         --suppressions=tests/valgrind.supp)
known=/usr/share/openmpi/openmpi-valgrind.supp
[ -f "$known" ] && checker+=(--suppressions="$known")

passed=0 failed=0
# check WHAT COMMAND...
check() {
    local log=$build/valgrind.log
    echo "== valgrind: $1"
    shift
    if "$@" >"$log" 2>&1; then passed=$((passed + 1)); else failed=$((failed + 1)); tail -n 60 "$log"; fi
}

for program in "$build"/tests/test_*; do
    [ -x "$program" ] && check "$(basename "$program")" "${checker[@]}" "$program"
done
for program in mpi_comm mpi_fed; do
    check "$program on 2 ranks" mpirun -n 2 "${checker[@]}" "$build/tests/$program"
done

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
check "entente synth" "${checker[@]}" "$build/entente" synth --out "$folder/data.h5" --rows 100 --missing 0.2
check "entente train on 2 ranks" mpirun -n 2 "${checker[@]}" "$build/entente" train jobs/quickstart.yaml \
    --set data.file="$folder/data.h5" --set federation.rounds=2 --set model.registers.audio.reduce=linear \
    --out "$folder/result"
check "entente eval" "${checker[@]}" "$build/entente" eval "$folder/result" --data "$folder/data.h5" --missing audio
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
