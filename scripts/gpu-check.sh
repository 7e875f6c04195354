#!/usr/bin/env bash
# Checks and measures mosi on a GPU in one call of at most 8 minutes, beside the PyTorch of the machine's python3 (PYTHON names
# another). It needs what scripts/gpu-build.sh packed. Prints one table; results and logs are in $OUT (default: .build-gpu/out).
#
#   scripts/gpu-check.sh [--device cpu] [--programs DIR] [--seconds N] [numbers] [demo] [plan] [speed]    default: all four
#
#   numbers  pseudo-motion, outputs, gradients and 50 steps of each network in each precision, against the CPU
#   demo     the trainings of make demo with their accuracies, and its pre-training in bfloat16 and float16
#   plan     the estimated cost of the paper's experiments on this device
#   speed    steps, pseudo-motion and pre-training from files against PyTorch; peak memory; as many as the time allows
#
# With --device cpu everything is small: it checks this script on a machine without a GPU, with the programs in DIR:
#
#   for product in mosi Bench DeviceCheck; do
#     swift build -c release --pkg-config-path $PWD/.libtorch/pkgconfig --package-path Benchmarks --scratch-path .build/extras --product $product
#   done
#   PYTHON=.build/bench/venv/bin/python3 scripts/gpu-check.sh --device cpu --programs .build/extras/release
set -euo pipefail
cd "$(dirname "$0")/.."

device=cuda programs='' limit=480
while [ $# -gt 0 ]; do
  case $1 in
    --device) device=$2 ;;
    --programs) programs=$(cd "$2" && pwd) ;;
    --seconds) limit=$2 ;;
    *) break ;;
  esac
  shift 2
done
readonly device limit parts=${*:-numbers demo plan speed} python=${PYTHON:-python3} out=${OUT:-$PWD/.build-gpu/out} begun=$SECONDS
if [ -z "$programs" ]; then
  [ -d .build-gpu/carry ] || tar -x -J -C .build-gpu -f .build-gpu/carry.tar.xz
  programs=$PWD/.build-gpu/carry
  torch=$("$python" -c 'import os, torch; print(os.path.dirname(torch.__file__))')
  export LD_LIBRARY_PATH=$torch/lib:$programs/lib
fi
readonly programs
mkdir -p "$out"
rm -f "$out"/*.txt
readonly table=$out/table.txt

# Runs a command for at most $1 seconds, or a third of the whole limit if that is less.
bounded() {
  local seconds=$1
  shift
  [ "$device" = cpu ] || [ "$seconds" -le $((limit / 3)) ] || seconds=$((limit / 3))
  timeout --signal=INT --kill-after=10 "$seconds" "$@"
}

say() { printf 'gpu-check: %s (after %d s)\n' "$*" $((SECONDS - begun)) >&2; }

# The number at key $1 in the JSON of file $2, in percent.
percent() { sed -n "s/.*\"$1\" *: *\([0-9.e-]*\).*/\1/p" "$2" | tail -n 1 | awk '{printf "%.1f %%", 100 * $1}'; }

numbers() {
  "$programs/mosi" doctor >"$out/doctor.txt" 2>&1 || say "mosi doctor failed: $(tail -n 1 "$out/doctor.txt")"
  local seconds=120
  [ "$device" != cpu ] || seconds=900
  bounded $seconds "$programs/DeviceCheck" "$device" >"$out/numbers.txt" 2>&1 || say "a difference is beyond its bound, or $seconds s are over"
  cat "$out/numbers.txt"
}

speed() {
  # The last job may take a minute.
  local left=$((limit - SECONDS + begun - 60)) extent
  if [ "$device" = cpu ]; then extent=(--quick); else extent=(--limit $((left > 1 ? left : 1))); fi
  "$python" Benchmarks/python/bench.py --gpu-jobs --device "$device" --programs "$programs" --output "$out/bench" \
    --threads "$(nproc)" "${extent[@]}" 2>"$out/bench.log" || say "the benchmark stopped: $(tail -n 1 "$out/bench.log")"
  grep -h 'not measured\|compiled in' "$out/bench.log" || true
}

train() { # name, command and options: prints the last accuracy
  local name=$1 command=$2
  shift 2
  rm -rf "/tmp/gpu-check/$name"
  local seconds=80
  [ "$device" != cpu ] || seconds=900
  if bounded $seconds "$programs/mosi" "$command" --output "/tmp/gpu-check/$name" --device "$device" --json "$@" >"$out/$name.json" 2>"$out/$name.log"
  then printf '%-44s %s, %.0f clips/s\n' "$name" "$(percent top1 "$out/$name.json")" \
    "$(sed -n 's/.*"clips_per_second" *: *\([0-9.e-]*\).*/\1/p' "$out/$name.json" | tail -n 1)"
  else printf '%-44s failed: %s\n' "$name" "$(tail -n 1 "$out/$name.log")"
  fi
}

demo() {
  local short=() videos=10
  [ "$device" != cpu ] || short=(--epochs 1) videos=2
  mkdir -p /tmp/gpu-check
  train demo-pretraining pretrain --config configs/demo.yaml "${short[@]}"
  for precision in bfloat16 float16; do
    train "demo-pretraining-$precision" pretrain --config configs/demo.yaml --set "precision=$precision" "${short[@]}"
  done
  "$programs/mosi" synthesize sprites --sprites plain --output /tmp/gpu-check/sprites --seed 1 --train "$videos" --test "$videos" >"$out/sprites.log" 2>&1
  for weights in /tmp/gpu-check/demo-pretraining none; do
    train "demo-finetuning-from-$(basename "$weights")" finetune --dataset csv --data-root /tmp/gpu-check/sprites \
      --weights "$weights" --config configs/demo-finetune.yaml --cache-mb 1000 "${short[@]}"
  done
}

plan() {
  "$programs/mosi" reproduce all --dataset sprites --scale paper --output /tmp/gpu-check/plan --device "$device" --plan \
    >"$out/plan-of-experiments.txt" 2>"$out/plan.log" || say "no plan: $(tail -n 1 "$out/plan.log")"
  sed -n 1,12p "$out/plan-of-experiments.txt"
}

for part in $parts; do
  say "$part"
  { echo; echo "== $part"; "$part"; } >>"$table"
done
say 'done'
cat "$table"
