#!/usr/bin/env bash
# The time of a round by the number of clients (100 of them trained) and by the number trained (of 100 000), with
# the quickstart's model and two training rows per client: benchmarks/clients.sh [RANKS], one table on standard output.
# "set up" is everything but the rounds (split, masks, reductions, the test part); memory is that of the largest rank.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source env/local.sh
ranks=${1:-2} rounds=50 folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# run CLIENTS TRAINED
run() {
    local data=$folder/$1.h5 out=$folder/$1-$2
    [ -e "$data" ] || build/entente synth --rows $(($1 * 20 / 7)) --out "$data" >/dev/null
    /usr/bin/time -f '%e %M' -o "$folder/time" mpirun --quiet -n "$ranks" build/entente train jobs/quickstart.yaml \
        --set data.file="$data" --set federation.clients="$1" --set federation.split=iid \
        --set federation.participation="$(python3 -c "print($2 / $1)")" --set federation.rounds=$rounds \
        --set federation.evaluate_every=$rounds --set seeds.sampling=1 --out "$out" --quiet
    /usr/bin/python3 - "$out/result.h5" "$folder/time" "$1" <<'END'
import sys
import h5py
import numpy as np
wall, kilobytes = open(sys.argv[2]).read().split()
with h5py.File(sys.argv[1]) as r:
    r = r["/round"]
    s = r["compute_s"][:] + r["wait_s"][:] + r["communicate_s"][:]
    uneven = r["compute_s"][:].sum() / r["compute_mean_s"][:].sum()
    print(f"| {int(sys.argv[3]):9d} | {int(r['trained'][:].mean()):7d} | {1e3 * np.median(s):8.2f} | {1e3 * s.min():8.2f} "
          f"| {1e6 * np.median(s / r['samples'][:]):9.1f} | {uneven:6.2f} | {float(wall) - s.sum():8.2f} "
          f"| {int(kilobytes) / 1024:6.0f} |")
END
}

echo "|   clients | trained | round ms | best ms  | us/sample | uneven | set up s | MiB    |"
echo "|----------:|--------:|---------:|---------:|----------:|-------:|---------:|-------:|"
for clients in 1000 10000 100000 1000000; do run $clients 100; done
for trained in 10 1000 10000; do run 100000 $trained; done
