#!/usr/bin/env bash
# From a fresh machine to a trained model: install what is missing, build, make a data set, train it over MPI.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

step() { printf '\n== %s\n' "$*"; }

if command -v apt-get >/dev/null; then
    step "packages (installed if missing; a few minutes on a fresh machine)"
    bash env/debian.sh
fi

step "build (about a minute the first time)"
cmake -S . -B build -G Ninja -DCMAKE_BUILD_TYPE=Release >build.log 2>&1 || { cat build.log; exit 1; }
cmake --build build --target entente

out=result/quickstart
for ((n = 2; ; n++)); do
    [ -e "$out/result.h5" ] || break
    out=result/quickstart-$n
done
mkdir -p "$out"

step "data set: three modalities, a label that needs more than one of them"
build/entente synth --out "$out/data.h5" --replace

cores=$(env -u OMP_NUM_THREADS nproc) # nproc would answer OMP_NUM_THREADS
step "train on $cores ranks"
jobs/run.sh -n "$cores" train jobs/quickstart.yaml --set data.file="$out/data.h5" --out "$out"

cat <<END
The result is in $out.  Next:
  build/entente report $out --text
  build/entente report $out                # the same with figures, as $out/report.html
  build/entente eval $out --data $out/data.h5 --missing audio
  jobs/run.sh -n $cores train jobs/quickstart.yaml --set data.file=$out/data.h5 --set client.batch=32 --out $out-b32
END
