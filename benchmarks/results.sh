#!/usr/bin/env bash
# Run the studies that are missing, then write the sections of RESULTS.md that come from studies:
#
#     benchmarks/results.sh DATA STUDIES [RESULTS.md]
#     benchmarks/results.sh timings DATA STUDIES [RESULTS.md]
#
# DATA is a folder with mosi.h5, mosei_video.h5 and digits.h5, if they exist; synthetic sets are written to it.
# Each study has its own folder in STUDIES; a complete one is not run again, one that was stopped continues, one with fewer
# seeds gets the others.  `timings` runs the benchmarks instead, on an otherwise idle machine.
# SEEDS=N runs N seeds at most; RANKS=N runs on N ranks; ENTENTE names the command, PYTHON a python with numpy and h5py;
# ONLY="STUDY-SET ..." runs these studies, ONLY="NAME ..." these timings; ONLY="" writes the sections from existing results.
set -euo pipefail
timings=
if [ "${1:-}" = timings ]; then
    timings=yes
    shift
fi
if [ $# -lt 2 ]; then
    sed -n '2,12s/^# \{0,1\}//p' "$0"
    exit 2
fi
root=$(cd "$(dirname "$0")/.." && pwd)
data=$(cd "$1" && pwd)
mkdir -p "$2/bases" "$2/timings"
studies=$(cd "$2" && pwd)
results=${3:-$root/benchmarks/RESULTS.md}
entente=${ENTENTE:-$root/build/entente}
python=${PYTHON:-python3}
source "$root/env/local.sh"
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}

synthetic() { # FILE OPTION...: written by `entente synth`, unless it is there
    [ -e "$data/$1" ] || "$entente" synth --out "$data/$1" "${@:2}"
}

# Where a data set is, and its configuration: those of jobs/, or the defaults.
base_of() {
    case $1 in
    mosi) base=$root/jobs/mosi.yaml file=mosi.h5 ;;
    mosei) base=$root/jobs/mosei_video.yaml file=mosei_video.h5 ;;
    digits) base=$root/jobs/digits.yaml file=digits.h5 ;;
    synth) base=$root/jobs/synthetic.yaml file=data.h5 ;;
    quickstart) base=$root/jobs/quickstart.yaml file=data.h5 ;;
    members) base=$root/jobs/synthetic.yaml file=members.h5 ;;
    six) base=$root/jobs/modalities.yaml file=modalities.h5 ;;
    sensors | views)
        base=$studies/bases/$1.yaml file=$1.h5
        local modalities="m0, m1, m2, m3"
        [ "$1" = sensors ] || modalities="$modalities, m4, m5"
        echo "data: {file: $1.h5, modalities: [$modalities], label: class}" > "$base"
        ;;
    esac
}

wanted() {
    [ -z "${ONLY+set}" ] || [[ " $ONLY " == *" $1 "* ]]
}

# run STUDY DATASET SEEDS [OPTION...]: into STUDIES/STUDY-DATASET; seeds "own": those of the study
run() {
    local out=$studies/$1-$2 spec=$studies/bases/$1-$2.study.yaml count=$3 base file
    wanted "$1-$2" || return 0
    base_of "$2"
    if [ ! -e "$data/$file" ]; then
        echo "results.sh: $1-$2: no $data/$file" >&2
        return
    fi
    if [ "$count" = own ]; then
        cp "$root/jobs/study_$1.yaml" "$spec"
    else
        [ "$count" -le "${SEEDS:-$count}" ] || count=$SEEDS
        sed "s/^seeds:.*/seeds: $count/" "$root/jobs/study_$1.yaml" > "$spec"
    fi
    echo "$1-$2, seeds: $count"
    local launch=()
    [ "${RANKS:-1}" = 1 ] || launch=(mpirun --bind-to none -n "$RANKS")
    "${launch[@]}" "$entente" study "$spec" --base "$base" --set "data.file=$data/$file" --out "$out" --quiet "${@:4}"
}

# rules SPLIT: on digits, every rule tuned alike, into STUDIES/rules-SPLIT.txt
rules() {
    wanted "rules-$1" && [ ! -e "$studies/rules-$1.txt" ] && [ -e "$data/digits.h5" ] || return 0
    echo "rules-$1"
    "$python" "$root/benchmarks/rules.py" --entente "$entente" --config "$root/jobs/digits.yaml" --data "$data/digits.h5" \
        --split "$1" --rates 0.3 1 3 --seeds 1 2 3 4 5 6 --set federation.clients=10 \
        --set 'model.registers.*.qubits=4' fedavg scaffold fedprox > "$studies/rules-$1.part"
    mv "$studies/rules-$1.part" "$studies/rules-$1.txt"
}

# The studies in the order of their worth.
all_studies() {
    local set
    synthetic data.h5
    synthetic members.h5 --rows 600 --noise 1.5
    synthetic modalities.h5 --modalities m1:8,m2:8,m3:8,m4:8,m5:8,m6:8
    [ -e "$data/sensors.h5" ] || "$python" "$root/benchmarks/results.py" data "$data"
    for set in mosi synth mosei digits; do run learning_rate $set own --keep table; done
    for set in mosi mosei synth digits sensors views; do run defaults $set 10 --keep table; done
    for set in mosi mosei synth; do run paper $set 10 --keep table; done
    for set in mosi synth mosei; do run fusion $set 10 --keep table; done
    for set in mosi synth mosei; do run quantum $set 10 --keep table; done
    run missing synth 10 --keep table
    run policies quickstart 10 --keep table
    run adjustment quickstart 10 --keep table
    for set in communication privacy noise depth qubits shots optimiser; do run $set mosi 5 --keep table; done
    run modalities six 5 --keep table
    run qft synth 5 --keep table
    run audit members own --keep results
    for set in paper quantum fusion; do run $set digits 5 --keep table; done
    run missing mosi 5 --keep table
    run fusion12 mosei 5 --keep table
    run communication digits 5 --keep table
    run privacy digits 5 --keep table --set federation.split=iid --set federation.clients=100 --set client.epochs=3 \
        --set privacy.clip=1 --set model.registers.audio.reduce=pca --set model.registers.image.reduce=pca
    for set in noise depth qubits; do run $set digits 5 --keep table --set federation.rounds=50; done
    for set in dirichlet_client dirichlet_class; do rules $set; done
}

# clock NAME COMMAND...: its output, after the machine and the command, into STUDIES/timings/NAME.txt
declare -A clocked=()
clock() {
    local name=$1 out=$studies/timings/$1.txt
    shift
    wanted "$name" || return 0
    if [ -z "${clocked[$name]:-}" ]; then
        clocked[$name]=yes
        echo "$(date +%F), $(nproc --all) processors,$(sed -n 's/^model name[^:]*://p' /proc/cpuinfo | head -1)," \
            "load before it $(cut -d' ' -f1 /proc/loadavg)." > "$out"
    fi
    echo "$name: $*"
    {
        echo "\$ $*" | sed "s|$root/||g;s|$data|DATA|g"
        (cd "$studies/timings" && PATH=$root/build/benchmarks:$root/build:$PATH "$@")
        echo
    } >> "$out"
}

all_timings() {
    local two=(mpirun --bind-to none -n 2)
    clock batch bench_batch -n 8-16 -t 1
    clock batch bench_batch -b 1 -n 8-16 -e state
    clock threads bench_batch -n 8-16 -r
    clock missing bench_batch --missing
    clock fused bench_fused -r 3x4 -f ring -l 1 -p double
    clock fused bench_fused -r 4x4 -f ring -l 1 -p double
    clock fused bench_fused -r 16x8 -f ring -l 1 -p double
    clock fused bench_fused -r 16x8 -f all -l 1 -p double
    clock layers bench_fused -r 16x8 -f star -l 3 -p double
    clock layers bench_fused -r 16x4 -f star -l 3 -p double
    clock layers bench_fused -r 6x4 -f star -l 3 -p double
    clock noise bench_noise
    clock train bench_train
    clock state bench_state -n 17:26 -t 1
    clock fourier bench_state -n 20 -t 1 -r 15 -q 1
    clock shards "${two[@]}" bench_shard -n 24 -r 2
    clock registers env OMP_WAIT_POLICY=passive OMPI_MCA_mpi_yield_when_idle=1 "${two[@]}" bench_registers -r 4x12
    clock registers env OMP_WAIT_POLICY=passive OMPI_MCA_mpi_yield_when_idle=1 "${two[@]}" bench_registers -r 2x20
    clock secure bench_secure
    clock clients bash "$root/benchmarks/clients.sh" 2
    clock memory bash "$root/benchmarks/memory.sh" "$data"
    clock plateaus entente plateaus --qubits 2,4,6,8,10,12
}

# The figure of README.md, beside RESULTS.md: that of the study's page.
figure() {
    local folder=$studies/policies-quickstart page
    [ -e "$folder/study.csv" ] || return 0
    page=$(mktemp -d)
    "$entente" report "$folder" --out "$page/report.html" --svg "$page/figures" > "$page/log"
    cp "$page"/figures/*accuracy-by-missing-rate*.svg "$(dirname "$results")/policies.svg"
    rm -r "$page"
}

if [ -n "$timings" ]; then
    all_timings
else
    all_studies
    figure
fi
"$python" "$root/benchmarks/results.py" write "$results" "$studies" "$data" "$entente"
