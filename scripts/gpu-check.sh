#!/usr/bin/env bash
# Trains the tiny configuration on CUDA and on the CPU and prints both results; needs what scripts/gpu-build.sh packed
# and a python3 that has PyTorch for CUDA. Writes to $OUT (default: .build-gpu/out).
set -euo pipefail
cd "$(dirname "$0")/.."
[ -d .build-gpu/carry ] || tar -x -J -C .build-gpu -f .build-gpu/carry.tar.xz
readonly carry=$PWD/.build-gpu/carry out=${OUT:-$PWD/.build-gpu/out}
torch=$(python3 -c 'import os, torch; print(os.path.dirname(torch.__file__))')
export LD_LIBRARY_PATH=$torch/lib:$carry/lib
mkdir -p "$out"
mosi() { "$carry/mosi" "$@"; }

mosi doctor
train() { # name, options
  local name=$1; shift
  rm -rf "/tmp/mosi-$name"
  mosi pretrain --sources synthetic:dead-leaves:2000 --config configs/tiny.yaml --epochs 3 --seed 1 \
    --output "/tmp/mosi-$name" --json "$@" >"$out/$name.json" 2>"$out/$name.log" \
    || { tail -5 "$out/$name.log"; return 1; }
  echo "$name: $(grep -E '"(top1|clips_per_second)"' "$out/$name.json" | tr -d '\n')"
}
train cuda --device cuda
train cuda-bfloat16 --device cuda --set precision=bfloat16
train cpu --device cpu

# The speed of the paper's networks and clips on the device.
for architecture in r2d3d-18 r2plus1d-10; do
  rm -rf /tmp/mosi-full
  mosi pretrain --sources synthetic:dead-leaves:700 --set model.architecture=$architecture \
    --set precision=bfloat16 --set sources.validation_fraction=0.03 --epochs 1 --device cuda \
    --output /tmp/mosi-full --json >"$out/$architecture.json" 2>"$out/$architecture.log"
  echo "$architecture at full size: $(grep '"clips_per_second"' "$out/$architecture.json")"
done

# The measured cost of the paper's tables on this device, and a small table.
mosi reproduce all effect limits --dataset sprites --scale paper --output /tmp/mosi-paper --device cuda --plan \
  >"$out/plan.txt" 2>"$out/plan.log" && sed -n 1,20p "$out/plan.txt"
mosi reproduce effect --dataset sprites --output /tmp/mosi-effect --device cuda --cache-mb 2000 \
  >"$out/effect.txt" 2>"$out/effect.log" && cat "$out/effect.txt"
