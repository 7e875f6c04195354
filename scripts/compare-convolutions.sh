#!/usr/bin/env bash
# Trains the demo with the fastest convolutions and with direct ones from several seeds, and prints the accuracies: they should
# differ no more than seeds do.
#
#   scripts/compare-convolutions.sh MOSI OUT [SEEDS]     default: 3 seeds; options of mosi pretrain in PRETRAIN, such as "--epochs 8"
#
# Both forms run at the same time with one thread each. What is finished is kept, so that it can be interrupted.
set -euo pipefail
[ $# -ge 2 ] || { sed -n "2,/^set /{/^#/s/^# \{0,1\}//p}" "$0" && exit 2; }
mosi=$(realpath "$1") out=$(realpath -m "$2")
readonly mosi out seeds=${3:-3}
export OMP_NUM_THREADS=1
mkdir -p "$out"
cd "$(dirname "$0")/.."

accuracy() { tail -n 1 "$1/metrics.jsonl" | sed -n "s/.*\"$2\":\([0-9.e-]*\).*/\1/p"; }

is_finished() { grep -q '"event":"summary"' "$1/metrics.jsonl" 2>/dev/null; }

[ -e "$out/sprites/annotations.csv" ] || "$mosi" synthesize sprites --sprites plain --output "$out/sprites" --seed 1 --train 10 --test 10 >&2

train() { # form, seed
  local run=$out/$1-$2
  export MOSI_CONVOLUTIONS=$1
  if ! is_finished "$run/pretrained"; then
    rm -rf "$run"
    # shellcheck disable=SC2086 # several words
    "$mosi" pretrain --config configs/demo.yaml --seed "$2" ${PRETRAIN:-} --output "$run/pretrained" --json >"$run.json"
  fi
  if ! is_finished "$run/finetuned"; then
    rm -rf "$run/finetuned"
    "$mosi" finetune --dataset csv --data-root "$out/sprites" --weights "$run/pretrained" --config configs/demo-finetune.yaml \
      --seed "$2" --cache-mb 500 --output "$run/finetuned" --json >"$run.json"
  fi
}

printf '%-10s %6s %12s %12s\n' form seed pretext fine-tuned
for ((seed = 1; seed <= seeds; seed++)); do
  train fastest "$seed" 2>"$out/fastest-$seed.log" &
  train direct "$seed" 2>"$out/direct-$seed.log"
  wait $!
  for form in fastest direct; do
    run=$out/$form-$seed
    printf '%-10s %6s %12s %12s\n' "$form" "$seed" "$(accuracy "$run/pretrained" top1)" "$(accuracy "$run/finetuned" 'evaluation":{[^}]*"top1')"
  done
done
