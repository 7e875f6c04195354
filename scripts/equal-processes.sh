#!/usr/bin/env bash
# Compares trainings of 33 steps in 2 and 4 processes with the training of one process, at two learning rates, and prints a
# table in Markdown: the greatest difference of a step's loss, and the difference of the validation's accuracy and loss.
#   scripts/equal-processes.sh MOSI OUT
#
# Each process has statistics of its own: compared with one process that accumulates as many parts. With synchronized
# statistics: compared with one process that has the whole batch. The rows of two threads show what rounding alone does.
# Takes about 4 minutes on two cores.
set -euo pipefail
[ $# -eq 2 ] || { sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0" && exit 2; }
mosi=$(realpath "$1")
readonly mosi out=$2
mkdir -p "$out"
cd "$out"

train() {  # train NAME THREADS SETTING ...
  local name=$1 threads=$2
  shift 2
  OMP_NUM_THREADS=$threads "$mosi" pretrain --sources synthetic:dead-leaves:300 --config tiny --epochs 1 --workers 1 \
    --set model.width=8 --set clip.size=32 --set sources.size=64 --set batch.sources=2 "$@" --output "$name" \
    >/dev/null 2>"$name.log"
}

compare() {  # compare REFERENCE NAME WORDS
  python3 - "$@" <<'PYTHON'
import json, sys

def records(run, event):
    with open(run + "/metrics.jsonl") as file:
        return [record for record in map(json.loads, file) if record["event"] == event]

def largest(event, key):
    pairs = list(zip(*(records(run, event) for run in sys.argv[1:3]), strict=True))
    assert pairs, event
    return max(abs(one[key] - other[key]) for one, other in pairs)

print(f"| {sys.argv[3]} | {largest('step', 'loss'):.1e} | {largest('validation', 'top1'):.1e} |"
      f" {largest('validation', 'loss'):.1e} |")
PYTHON
}

echo "| training | loss of a step | validation: top-1 | loss |"
echo "|---|---|---|---|"
for kind in "sgd 1e-4" "sgd 1e-3" "adam 1e-3"; do
  read -r optimizer rate <<<"$kind"
  settings=(--set "optimizer.kind=$optimizer" --set "optimizer.learning_rate=$rate"
    --set "optimizer.warmup_start_learning_rate=$rate")
  name=$optimizer-$rate
  train "$name-1" 1 "${settings[@]}" --set batch.accumulation_steps=4
  train "$name-threads" 2 "${settings[@]}" --set batch.accumulation_steps=4
  compare "$name-1" "$name-threads" "$name: 1 process, 2 threads instead of 1"
  for count in 2 4; do
    train "$name-$count" 1 "${settings[@]}" --set batch.accumulation_steps=$((4 / count)) --processes $count
    compare "$name-1" "$name-$count" "$name: $count processes"
  done
  whole=("${settings[@]}" --set model.dropout=0)
  train "$name-undivided" 1 "${whole[@]}" --set batch.sources=8
  train "$name-undivided-threads" 2 "${whole[@]}" --set batch.sources=8
  compare "$name-undivided" "$name-undivided-threads" "$name: 1 process, the batch undivided, 2 threads instead of 1"
  for count in 2 4; do
    train "$name-synchronized-$count" 1 "${whole[@]}" --set batch.sources=$((8 / count)) \
      --set batch.synchronized_statistics=true --processes $count
    compare "$name-undivided" "$name-synchronized-$count" "$name: $count processes, synchronized statistics"
  done
done
