#!/bin/bash
# Measures what pre-training gains on the 186 surveillance clips with and without fights: fine-tuning from scratch, from
# MoSI on the training split and from MoSI on photos, five seeds each, two runs at a time with a core each.
#
#   scripts/compare-fights.sh DATA OUT      DATA has photos/ and videos/surveillance-fights/
#
# Writes the runs to OUT and prints top-1 and mean class accuracy, mean and deviation over the seeds.
set -euo pipefail
data=$(realpath "$1") && mkdir -p "$2" && out=$(realpath "$2")
root=$(cd "$(dirname "$0")/.." && pwd)
export mosi="$root/.build/release/mosi" videos="$data/videos/surveillance-fights" root out OMP_NUM_THREADS=1

pretrain() { # name sources epochs
  if grep -qs summary "$out/$1/metrics.jsonl"; then return; fi
  local resume=()
  [ ! -e "$out/$1/last.safetensors" ] || resume=(--resume)
  "$mosi" pretrain --sources "$2" --config "$root/configs/tiny-masked.yaml" --epochs "$3" --workers 1 \
    --output "$out/$1" "${resume[@]}" >/dev/null
}
finetune() { # name weights rate seed
  [ -e "$out/$1/evaluation/evaluation.json" ] || "$mosi" finetune --dataset csv --data-root "$videos" --weights "$2" \
    --config "$root/configs/tiny-finetune.yaml" --cache-mb 1200 --workers 1 --seed "$4" \
    --set optimizer.learning_rate="$3" --set validation.epochs=20 --output "$out/$1" >/dev/null
}
export -f finetune

"$mosi" datasets list --dataset csv --data-root "$videos" --subset train >"$out/train.txt"
pretrain pre-fights "$out/train.txt" 100 &
pretrain pre-photos "$data/photos" 20 &
wait
for seed in 0 1 2 3 4; do
  echo "scratch-1e-3-$seed none 1e-3 $seed"
  echo "fights-1e-3-$seed $out/pre-fights 1e-3 $seed"
  echo "photos-1e-3-$seed $out/pre-photos 1e-3 $seed"
  echo "scratch-3e-3-$seed none 3e-3 $seed"
done | xargs -P 2 -L 1 bash -c 'finetune "$@"' -
for name in scratch-1e-3 scratch-3e-3 fights-1e-3 photos-1e-3; do
  for measure in top1 mean_class_accuracy; do
    for seed in 0 1 2 3 4; do
      grep -o "\"$measure\" : [0-9.]*" "$out/$name-$seed/evaluation/evaluation.json" | tail -1
    done | awk -v name="$name" '{ s += $3; q += $3 * $3; n++; what = $1 }
      END { m = s / n; printf "%-14s %-20s %.1f %% +- %.1f\n", name, what, 100 * m, 100 * sqrt((q - n * m * m) / (n - 1)) }'
  done
done
