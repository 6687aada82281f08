#!/usr/bin/env bash
# Run the studies that are missing, then write the sections of RESULTS.md that come from studies:
#
#     benchmarks/results.sh DATA STUDIES [RESULTS.md]
#
# DATA is a folder with mosi.h5, mosei_video.h5 and digits.h5, if they exist; synthetic sets are written to it.
# Each study has its own folder in STUDIES; a complete one is not run again, one that was stopped continues.  The other
# studies (noise, depth, privacy, communication) are taken from STUDIES if they exist.
# SEEDS=N runs N seeds instead of 10; RANKS=N runs on N ranks; ENTENTE names the command, PYTHON a python with h5py;
# ONLY=STUDY-SET... runs these studies; ONLY="" writes the sections from the existing results.
set -euo pipefail
if [ $# -lt 2 ]; then
    sed -n '2,11s/^# \{0,1\}//p' "$0"
    exit 2
fi
root=$(cd "$(dirname "$0")/.." && pwd)
data=$(cd "$1" && pwd)
mkdir -p "$2/bases"
studies=$(cd "$2" && pwd)
results=${3:-$root/benchmarks/RESULTS.md}
entente=${ENTENTE:-$root/build/entente}
python=${PYTHON:-python3} # with numpy and h5py
seeds=${SEEDS:-10}
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}

[ -e "$data/data.h5" ] || "$entente" synth --out "$data/data.h5"
[ -e "$data/modalities.h5" ] ||
    "$entente" synth --out "$data/modalities.h5" --modalities m1:8,m2:8,m3:8,m4:8,m5:8,m6:8
[ -e "$data/sensors.h5" ] || "$python" "$root/benchmarks/results.py" data "$data"

# Where a data set is, and its configuration: those of jobs/, or the defaults.
base_of() {
    case $1 in
    mosi) base=$root/jobs/mosi.yaml file=mosi.h5 ;;
    mosei) base=$root/jobs/mosei_video.yaml file=mosei_video.h5 ;;
    digits) base=$root/jobs/digits.yaml file=digits.h5 ;;
    synth) base=$root/jobs/synthetic.yaml file=data.h5 ;;
    six) base=$root/jobs/modalities.yaml file=modalities.h5 ;;
    sensors | views)
        base=$studies/bases/$1.yaml file=$1.h5
        local modalities="m0, m1, m2, m3"
        [ "$1" = sensors ] || modalities="$modalities, m4, m5"
        echo "data: {file: $1.h5, modalities: [$modalities], label: class}" > "$base"
        ;;
    esac
}

# run STUDY DATASET [SEEDS]: into STUDIES/STUDY-DATASET
run() {
    local out=$studies/$1-$2 spec=$studies/bases/$1-$2.study.yaml count=${3:-$seeds} base file
    base_of "$2"
    if [ -n "${ONLY+set}" ] && [[ " $ONLY " != *" $1-$2 "* ]]; then return; fi
    if [ ! -e "$data/$file" ]; then
        echo "results.sh: $1-$2: no $data/$file" >&2
        return
    fi
    sed "s/^seeds:.*/seeds: $count/" "$root/jobs/study_$1.yaml" > "$spec"
    echo "$1-$2, $count seeds"
    local launch=()
    [ "${RANKS:-1}" = 1 ] || launch=(mpirun --bind-to none -n "$RANKS")
    "${launch[@]}" "$entente" study "$spec" --base "$base" --set "data.file=$data/$file" --keep table --out "$out" \
        --quiet
}

for set in mosi mosei digits synth sensors views; do run defaults $set; done
for set in mosi mosei synth; do run paper $set; done
for set in mosi synth; do run fusion $set; done
run qft synth
run missing synth
for set in mosi mosei synth; do run quantum $set; done
run modalities six
run fusion mosei
run fusion12 mosei 5
for set in paper quantum; do run $set digits 5; done

"$python" "$root/benchmarks/results.py" write "$results" "$studies" "$data" "$entente"
