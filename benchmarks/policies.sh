#!/usr/bin/env bash
# The missing-modality mechanism against the other policies, on the synthetic default: every modality is missing at 30 %
# of the clients, in training and in test; five seeds.  Writes benchmarks/policies.svg and prints means and spreads.
# Needs a build (jobs/quickstart.sh) and Debian's python3-h5py.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source env/local.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

build/entente synth --out "$work/data.h5"
for policy in mma embed zero mean drop none; do
    for seed in 1 2 3 4 5; do
        option=(--set "missing.policy=$policy")
        [ $policy = embed ] && option=(--set missing.policy=mma --set missing.context=embed)
        build/entente train jobs/quickstart.yaml --quiet --out "$work/$policy-$seed" \
            --set data.file="$work/data.h5" --set missing.level=client "${option[@]}" --set seeds.split=$seed \
            --set seeds.masks=1$seed --set seeds.init=2$seed --set seeds.sampling=3$seed
    done
done
/usr/bin/python3 benchmarks/draw_policies.py "$work" benchmarks/policies.svg
