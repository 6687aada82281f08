#!/usr/bin/env bash
# Everything that is tested, on a Debian 12 machine as root or with sudo:
#   bash tests/run.sh                everything: layout, scripts, gcc build, clang build, sanitizers, all tests
#   bash tests/run.sh --quick        gcc build and its tests except those with label long, several hosts or Slurm
#   bash tests/run.sh --no-install   install nothing
# Tests on real data run if ENTENTE_DATA names the folder that holds it, and are otherwise reported as skipped.
# Tests write to memory (/dev/shm) unless TMPDIR is set: a disk would spend minutes on fsync.
# ENTENTE_NO_SKIP is a regular expression: tests whose names match it must not be skipped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source tests/environment.sh

quick=no
install=yes
for option in "$@"; do
    case "$option" in
    --quick) quick=yes ;;
    --no-install) install=no ;;
    *) echo "tests/run.sh: '$option', want --quick or --no-install" >&2; exit 2 ;;
    esac
done
cores=$(env -u OMP_NUM_THREADS nproc) # nproc answers OMP_NUM_THREADS, which environment.sh has set to 1
passed=0 failed=0 skipped=0

say() { echo "== $*"; }

# check WHAT COMMAND...: one check, counted like a test; `held` says whether it passed.
check() {
    say "$1"
    shift
    if "$@"; then
        held=yes passed=$((passed + 1))
    else
        held=no failed=$((failed + 1))
        echo "FAILED: $*"
    fi
}

# build FOLDER OPTION...
build() {
    local folder=$1
    shift
    cmake -S . -B "$folder" -G Ninja -DBUILD_TESTING=ON -DENTENTE_WERROR=ON "$@" >"$folder.log" 2>&1 || { cat "$folder.log"; return 1; }
    rm -f "$folder.log"
    ninja -C "$folder" -j "$cores" --quiet
}

# run_ctest WHAT FOLDER OPTION...: run ctest and count its results.  Tests declare how many halves of a core they need.
run_ctest() {
    local folder=$2 log=$2/ctest.log lost all name
    say "$1"
    shift 2
    ctest --test-dir "$folder" --output-on-failure -j $((2 * cores)) "$@" 2>&1 | tee "$log" || true
    lost=$(sed -nE 's/.* ([0-9]+) tests? failed out of ([0-9]+)$/\1/p' "$log")
    all=$(sed -nE 's/.* ([0-9]+) tests? failed out of ([0-9]+)$/\2/p' "$log")
    if [ -z "$all" ]; then lost=1 all=1; echo "FAILED: ctest ran nothing in $folder"; fi
    passed=$((passed + all - lost)) failed=$((failed + lost))
    while read -r name; do
        passed=$((passed - 1))
        if [[ -n "${ENTENTE_NO_SKIP:-}" && "$name" =~ $ENTENTE_NO_SKIP ]]; then
            echo "FAILED: $name was skipped, and it must run here"
            failed=$((failed + 1))
        else
            skipped=$((skipped + 1))
        fi
    done < <(sed -nE 's/^.* - (.*) \(Skipped\)$/\1/p' "$log")
}

scripts() {
    find env jobs tests benchmarks \( -name '*.sh' -o -name '*.sbatch' -o -name '*.pbs' -o -name '*.flux' \) -print0 |
        xargs -0 shellcheck
}

layout() {
    find src include tests benchmarks -name '*.[ch]' -print0 | xargs -0 clang-format --dry-run -Werror &&
        python3 tests/shape.py
}

if [ -z "${TMPDIR:-}" ] && [ "$(df --output=avail -B 1G /dev/shm 2>/dev/null | tail -n 1)" -ge 4 ] 2>/dev/null; then
    TMPDIR=$(mktemp -d /dev/shm/eXXXXXX)
    chmod 755 "$TMPDIR" # test_readme is an ordinary user as well
    export TMPDIR
    trap 'rm -rf "$TMPDIR"' EXIT
fi

if [ "$install" = yes ]; then
    say "looking for packages (missing ones are installed: a minute or two)"
    bash env/debian.sh --tests
fi
if [ "$quick" = no ]; then
    check "layout: clang-format, lengths of lines and functions" layout
    check "scripts: shellcheck" scripts
    # Nothing of this build is run.  With -O1 clang also reports which loop it cannot unroll as requested.
    check "clang: building without a warning (build-clang)" \
        build build-clang -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=None -DCMAKE_C_FLAGS_NONE=-O1
    check "sanitizers: building with address and undefined (build-sanitize)" \
        build build-sanitize -DCMAKE_BUILD_TYPE=Sanitize
    [ "$held" = no ] || run_ctest "sanitizers: running all tests" build-sanitize
fi
check "gcc: building without a warning (build)" build build -DCMAKE_BUILD_TYPE=Release
if [ "$held" = yes ]; then
    if [ "$quick" = yes ]; then
        run_ctest "running all tests but the long ones" build -LE 'long|hosts|slurm'
    else
        run_ctest "running all tests" build
    fi
fi

[ "$skipped" -gt 0 ] && echo "$skipped skipped, each with its reason in build/Testing/Temporary/LastTest.log"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
