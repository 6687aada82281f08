#!/usr/bin/env bash
# Train a model; ranks host the clients: under Flux.  From the project's folder (elsewhere set ENTENTE_HOME to it):
#   flux batch jobs/train.flux my.yaml --out result-my
# Change: your site's bank and queue, nodes, ranks (nslots), cores per rank, which OMP_NUM_THREADS repeats, time limit.
# Two minutes before the limit the ranks stop at a checkpoint, and the job is submitted again and continues.
#flux: --job-name=entente-train
#flux: --nodes=1
#flux: --nslots=4
#flux: --cores-per-slot=2
#flux: --time-limit=4h
#flux: --output=entente-train-{{id}}.out
##flux: --bank=MY_BANK
##flux: --queue=MY_QUEUE
set -euo pipefail
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-2}
home=${ENTENTE_HOME:-$PWD}
# shellcheck source=env/cluster.sh
source "$home/env/cluster.sh"

again=(flux --parent batch "$home/jobs/train.flux" "$@")
launch train "$@" --resume
