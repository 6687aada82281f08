#!/usr/bin/env bash
# Memory that `entente plan` expects against what trainings of two rounds take, on one rank and on two (the largest rank):
#     benchmarks/memory.sh DATA
# DATA is a folder as for results.sh; one table on standard output, MiB.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
entente=${ENTENTE:-$root/build/entente}
source "$root/env/local.sh"
data=$(cd "$1" && pwd) folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# measure RANKS CONFIG OPTION...: planned and measured
measure() {
    local ranks=$1 launch=()
    shift
    [ "$ranks" = 1 ] || launch=(mpirun --bind-to none -n "$ranks")
    "$entente" plan "$@" --ranks "$ranks" --json | tail -1 |
        /usr/bin/python3 -c 'import json, sys; print("%.1f" % (json.load(sys.stdin)["resident_bytes"] / 2**20))'
    "${launch[@]}" /usr/bin/time -f %M -a -o "$folder/kib" "$entente" train "$@" --out "$folder/result" --quiet
    sort -n "$folder/kib" | tail -1 | awk '{printf "%.1f\n", $1 / 1024}'
    rm -rf "$folder/result" "$folder/kib"
}

echo "| configuration | planned, 1 rank | measured | planned, 2 ranks | measured |"
echo "|---|---|---|---|---|"
for pair in quickstart:data mosi:mosi mosei_video:mosei_video digits:digits; do
    file=$data/${pair#*:}.h5
    [ -e "$file" ] || continue
    words=("$root/jobs/${pair%:*}.yaml" --set "data.file=$file" --set federation.rounds=2)
    mapfile -t cells < <(measure 1 "${words[@]}" && measure 2 "${words[@]}")
    echo "| \`jobs/${pair%:*}.yaml\` | ${cells[0]} | ${cells[1]} | ${cells[2]} | ${cells[3]} |"
done
