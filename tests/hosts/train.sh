#!/usr/bin/env bash
# A training over several hosts gives the weights of a training on one, and its file is complete.
#   tests/hosts/train.sh ENTENTE
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../environment.sh"
entente=$1
"$here/run.sh" 1 true # or the reason why it cannot be, and 77
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"$entente" synth --out "$folder/data.h5" --rows 600 --missing 0.35 >/dev/null
train() { # OUT LAUNCHER...: the fingerprint of the weights
    local out=$1
    shift
    "$@" "$entente" train "$here/../../jobs/quickstart.yaml" --set data.file="$folder/data.h5" \
        --set federation.rounds=5 --set model.registers.audio.reduce=linear --out "$folder/$out" --quiet --json |
        grep -o '"weights_sha256": *"[0-9a-f]*"'
}
one=$(train one)
several=$(train several "$here/run.sh" 3)
echo "one host:    $one"
echo "three hosts: $several"
"$entente" eval "$folder/several" --data "$folder/data.h5" >/dev/null
[ -n "$one" ] && [ "$one" = "$several" ]
