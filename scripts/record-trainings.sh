#!/usr/bin/env bash
# Records the results that changes of the code must preserve: the losses of six short trainings, step by step, and
# digests of their final weights. Takes a quarter of a minute on one core. Records are only comparable on one machine.
#
#   scripts/record-trainings.sh record  MOSI OUT [WORK]    run the six with the binary MOSI, keep them in OUT
#   scripts/record-trainings.sh compare OUT OTHER          print each line that differs; exits with 1 if any does
#   scripts/record-trainings.sh halt    MOSI HALTED [WORK] run two of them, interrupt them, keep them in HALTED
#   scripts/record-trainings.sh resume  MOSI HALTED OUT OTHER [WORK]
#                                                          resume what was halted, keep it in OTHER, compare it with OUT
#
# OUT/record.txt is the record, OUT/runs the runs' folders. The trainings run in WORK (default: a new temporary folder,
# removed at the end) and see only relative paths, so that records from different places can be compared.
#
# The sources are pictures, videos, a folder of frames and broken files: generated ones, and a few photos and videos of
# MOSI_TEST_DATA (default: ../shared) if it exists. Settings and options are spelled as in the first version, because the
# record also covers that they are still understood.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
script="$root/scripts/record-trainings.sh" helper="$root/scripts/record_trainings.py"
export OMP_NUM_THREADS=1 MKL_NUM_THREADS=1

fail() { printf '%s\n' "$*" >&2 && exit 2; }
usage() { sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0" && exit "$1"; }

# Empties WORK, changes to it and makes the data.
enter() {
  work=${1:-}
  if [ -z "$work" ]; then
    work=$(mktemp -d) && trap '[ $? -ne 0 ] || rm -rf "$work"' EXIT
  elif [ -e "$work" ]; then
    [ -e "$work/.mosi-record" ] || fail "$work was not made by this script: name another folder"
    rm -rf "$work"
  fi
  mkdir -p "$work/runs" && touch "$work/.mosi-record" && cd "$work"
  python3 "$helper" data "${MOSI_TEST_DATA:-$root/../shared}"
}

# The options that all trainings of a kind share.
pretraining=(--set sources.size=48 --set clip.size=28 --set clip.frames=5 --set model.width=6
  --set batch.sources=2 --seed 5)
finetuning=(--dataset csv --videos actions --set clip.size=28 --set clip.frames=4 --set clip.interval=2
  --set clip.flip=0 --set model.width=6 --set batch.clips=6 --set validation.final_clips=2 --seed 6)
everything=(data/mixed data/frames synthetic:dead-leaves:5)

# Runs one of the six; further arguments are passed to the command.
training() {
  local name=$1 && shift
  case $name in
    pretrain-unmasked)
      "$mosi" pretrain --sources data/mixed synthetic:dead-leaves:5 --set mask.enabled=false --set optimizer.kind=sgd \
        --set sources.per_folder=9 --set batch.accumulation=1 --epochs 3 "${pretraining[@]}" "$@" ;;
    pretrain-masked)
      "$mosi" pretrain --sources "${everything[@]}" --set sources.frame_folders=true \
        --set mask.curriculum.enabled=true --set batch.accumulation=2 --epochs 6 "${pretraining[@]}" "$@" ;;
    pretrain-drifting)
      "$mosi" pretrain --sources "${everything[@]}" --val-sources data/validation --set mask.background=drifting \
        --set mask.shape=blob --set augmentation.flips=true --set augmentation.rotations=true \
        --set labels.granularity=1 --set precision=bfloat16 --set model.architecture=r2plus1d-10 \
        --set batch.accumulation=1 --epochs 2 "${pretraining[@]}" "$@" ;;
    finetune-scratch)
      "$mosi" finetune --weights none --cache 200 --set batch.accumulation=2 --set validation.epochs=2 \
        --set optimizer.learning_rate=0.001 --epochs 4 "${finetuning[@]}" "$@" ;;
    finetune-masked)
      "$mosi" finetune --weights runs/pretrain-masked --freeze-stages 2 --set regularization.average_decay=0.9 \
        --set regularization.label_smoothing=0.1 --set regularization.gradient_norm=1 --set batch.accumulation=1 \
        --set validation.epochs=2 --set validation.clips=2 --epochs 4 "${finetuning[@]}" "$@" ;;
    linear-probe)
      "$mosi" finetune --weights runs/pretrain-masked --linear-probe --set precision=bfloat16 --shots 3 \
        --set batch.accumulation=1 --set validation.epochs=1 --epochs 4 "${finetuning[@]}" "$@" ;;
  esac
}

run() { # name
  # oneDNN's bfloat16 gradients for AVX-512 differ from run to run for networks as narrow as these.
  case $1 in
    pretrain-drifting | linear-probe) export ONEDNN_MAX_CPU_ISA=AVX2 ;;
    *) unset ONEDNN_MAX_CPU_ISA ;;
  esac
  training "$@" --output "runs/$1" --device cpu >"$1.out" 2>&1 \
    || { tail -5 "$1.out" >&2 && fail "$1 has failed: see $work/$1.out"; }
}

keep() { # folder
  [ ! -e "$1/runs" ] || rm -rf "$1/runs"
  mkdir -p "$1" && cp -R runs "$1/runs" && cp ./*.out "$1/" && cp data.txt "$1/"
}

given() { # folder that may not be there yet
  mkdir -p "$1" && (cd "$1" && pwd)
}

mode=${1:-help}
case $mode in
  record)
    [ $# -ge 3 ] || usage 2
    mosi=$(realpath "$2") out=$(given "$3")
    enter "${4:-}"
    for name in pretrain-unmasked pretrain-masked pretrain-drifting finetune-scratch finetune-masked linear-probe; do
      run $name
    done
    keep "$out"
    python3 "$helper" record "$out" ;;
  compare)
    [ $# -eq 3 ] || usage 2
    python3 "$helper" compare "$2/record.txt" "$3/record.txt" ;;
  halt)
    [ $# -ge 3 ] || usage 2
    mosi=$(realpath "$2") out=$(given "$3")
    enter "${4:-}"
    run pretrain-masked
    mv runs/pretrain-masked whole
    python3 "$helper" interrupt runs/pretrain-masked 3 "$script" training "$mosi" pretrain-masked
    mv runs/pretrain-masked halted && mv whole runs/pretrain-masked
    python3 "$helper" interrupt runs/finetune-masked 7 "$script" training "$mosi" finetune-masked
    rm -r runs/pretrain-masked && mv halted runs/pretrain-masked
    keep "$out" ;;
  training) # for `halt`, which sends the signal to both processes
    mosi=$2
    training "$3" --output "runs/$3" --device cpu ;;
  resume)
    [ $# -ge 5 ] || usage 2
    mosi=$(realpath "$2") halted=$(realpath "$3") out=$(realpath "$4") other=$(given "$5")
    enter "${6:-}"
    cp -R "$halted"/runs/* runs/
    for name in pretrain-masked finetune-masked; do
      case $name in pretrain*) command=pretrain ;; *) command=finetune ;; esac
      "$mosi" $command --output runs/$name --resume --device cpu >$name.out 2>&1 \
        || { tail -5 $name.out >&2 && fail "$name cannot be resumed: see $work/$name.out"; }
    done
    keep "$other"
    python3 "$helper" record "$other"
    python3 "$helper" compare "$out/record.txt" "$other/record.txt" pretrain-masked finetune-masked ;;
  help | -h | --help) usage 0 ;;
  *) usage 2 ;;
esac
