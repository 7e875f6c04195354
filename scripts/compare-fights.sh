#!/bin/bash
# Compares starts on the 186 surveillance clips with and without fights: fine-tuning with five seeds each, two at a time with
# a core each.
#
#   scripts/compare-fights.sh DATA OUT                  random weights with two learning rates, MoSI pre-trained on the
#                                                       training split, and MoSI pre-trained on photos
#   SEEDS=3 scripts/compare-fights.sh DATA OUT NAME=RUN[,RUN...] ...
#                                                       random weights, and these pre-trainings (folders of runs): each
#                                                       seed has the next RUN, so that a start can have one for each seed.
#                                                       NAME=random:RUN has random weights in the network of RUN, and
#                                                       transformers are fine-tuned by tiny-videomae-finetune
#
# DATA has photos/ and videos/surveillance-fights/. Writes the runs to OUT and a small file of each finished one to RESULTS
# (OUT/results if it is not set), continues with what is missing there, and prints top-1 and mean class accuracy, mean and
# deviation over the seeds, and the difference of the latter to the first start, seed by seed.
set -euo pipefail
data=$(realpath "$1") && mkdir -p "$2" && out=$(realpath "$2")
shift 2
root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "${RESULTS:=$out/results}" && RESULTS=$(realpath "$RESULTS")
export mosi="${MOSI:-$root/.build/release/mosi}" videos="$data/videos/surveillance-fights" root out RESULTS
export OMP_NUM_THREADS=1
seeds=$(seq 0 $((${SEEDS:-5} - 1)))

pretrain() { # name sources epochs
  if grep -qs summary "$out/$1/metrics.jsonl"; then return; fi
  local resume=()
  [ ! -e "$out/$1/last.safetensors" ] || resume=(--resume)
  "$mosi" pretrain --sources "$2" --config "$root/configs/tiny-masked.yaml" --epochs "$3" --workers 1 \
    --output "$out/$1" "${resume[@]}" >/dev/null
}
finetune() { # start weights rate seed
  local run="$out/$1-$4" network="${2#random:}" weights="$2" config=tiny-finetune rate=$3 options=()
  if [ -e "$RESULTS/$1-$4.json" ]; then return; fi
  [ ! -e "$run/last.safetensors" ] || options=(--resume)
  [ "$weights" = "$network" ] || weights=none
  # The network is that of the pre-training.
  if [ -e "$network/config.yaml" ]; then
    for key in architecture width; do
      options+=(--set "model.$key=$(sed -n "/^model:/,/^[a-z]/s/^  $key: //p" "$network/config.yaml")")
    done
    case "${options[*]}" in *=vit-*) config=successors/tiny-videomae-finetune rate=5e-4 ;; esac
  fi
  if [ ! -e "$run/evaluation/evaluation.json" ]; then
    "$mosi" finetune --dataset csv --data-root "$videos" --weights "$weights" \
      --config "$root/configs/$config.yaml" --cache-mb 1200 --workers 1 --seed "$4" \
      --set optimizer.learning_rate="$rate" --set validation.epochs=20 --output "$run" \
      "${options[@]}" >/dev/null
  fi
  python3 "$root/scripts/compare_fights.py" record "$1" "$4" "$weights" "$run" "$RESULTS/$1-$4.json"
}
export -f finetune

starts=(scratch-1e-3=none)
if [ $# -gt 0 ]; then
  for start; do
    IFS=, read -ra runs <<<"${start#*=}"
    for i in "${!runs[@]}"; do
      case "${runs[i]}" in
        random:*) runs[i]=random:$(realpath "${runs[i]#random:}") ;;
        *) runs[i]=$(realpath "${runs[i]}") ;;
      esac
    done
    starts+=("${start%%=*}=$(IFS=, && echo "${runs[*]}")")
  done
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
    IFS=, read -ra runs <<<"${start#*=}"
    printf '%s\0' "$name" "${runs[seed % ${#runs[@]}]}" "$rate" "$seed"
  done
done | xargs -0 -P 2 -n 4 bash -c 'finetune "$@"' -
python3 "$root/scripts/compare_fights.py" table "$RESULTS" "${starts[@]%%=*}"
