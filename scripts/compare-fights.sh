#!/bin/bash
# Compares starts on the 186 surveillance clips with and without fights: fine-tuning with five seeds each, two at a time with
# a core each.
#
#   scripts/compare-fights.sh DATA OUT                  random weights with two learning rates, MoSI pre-trained on the
#                                                       training split, and MoSI pre-trained on photos
#   SEEDS=3 scripts/compare-fights.sh DATA OUT NAME=RUN ...
#                                                       random weights, and these pre-trainings (folders or files)
#
# DATA has photos/ and videos/surveillance-fights/. Writes the runs to OUT, continues with what is missing, and prints top-1
# and mean class accuracy, mean and deviation over the seeds.
set -euo pipefail
data=$(realpath "$1") && mkdir -p "$2" && out=$(realpath "$2")
shift 2
root=$(cd "$(dirname "$0")/.." && pwd)
export mosi="${MOSI:-$root/.build/release/mosi}" videos="$data/videos/surveillance-fights" root out OMP_NUM_THREADS=1
seeds=$(seq 0 $((${SEEDS:-5} - 1)))

pretrain() { # name sources epochs
  if grep -qs summary "$out/$1/metrics.jsonl"; then return; fi
  local resume=()
  [ ! -e "$out/$1/last.safetensors" ] || resume=(--resume)
  "$mosi" pretrain --sources "$2" --config "$root/configs/tiny-masked.yaml" --epochs "$3" --workers 1 \
    --output "$out/$1" "${resume[@]}" >/dev/null
}
finetune() { # name weights rate seed
  if [ -e "$out/$1/evaluation/evaluation.json" ]; then return; fi
  local resume=()
  [ ! -e "$out/$1/last.safetensors" ] || resume=(--resume)
  "$mosi" finetune --dataset csv --data-root "$videos" --weights "$2" \
    --config "$root/configs/tiny-finetune.yaml" --cache-mb 1200 --workers 1 --seed "$4" \
    --set optimizer.learning_rate="$3" --set validation.epochs=20 --output "$out/$1" \
    "${resume[@]}" >/dev/null
}
export -f finetune

starts=(scratch-1e-3=none)
if [ $# -gt 0 ]; then
  for start; do starts+=("${start%%=*}=$(realpath "${start#*=}")"); done
else
  "$mosi" datasets list --dataset csv --data-root "$videos" --subset train >"$out/train.txt"
  pretrain pre-fights "$out/train.txt" 100 &
  pretrain pre-photos "$data/photos" 20 &
  wait
  starts+=(scratch-3e-3=none "fights-1e-3=$out/pre-fights" "photos-1e-3=$out/pre-photos")
fi
for seed in $seeds; do
  for start in "${starts[@]}"; do
    name=${start%%=*} rate=1e-3
    [ "$name" != scratch-3e-3 ] || rate=3e-3
    echo "$name-$seed ${start#*=} $rate $seed"
  done
done | xargs -P 2 -L 1 bash -c 'finetune "$@"' -
for start in "${starts[@]}"; do
  name=${start%%=*}
  for measure in top1 mean_class_accuracy; do
    for seed in $seeds; do
      grep -o "\"$measure\" : [0-9.]*" "$out/$name-$seed/evaluation/evaluation.json" | tail -1
    done | awk -v name="$name" '{ s += $3; q += $3 * $3; n++; what = $1 }
      END { m = s / n; d = n > 1 ? sqrt((q - n * m * m > 0 ? q - n * m * m : 0) / (n - 1)) : 0
        printf "%-14s %-20s %.1f %% +- %.1f\n", name, what, 100 * m, 100 * d }'
  done
done
