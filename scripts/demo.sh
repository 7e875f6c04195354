#!/usr/bin/env bash
# The demo behind `make demo`: pre-trains by configs/demo.yaml on pictures made on the fly, or on the folders, videos or
# lists given as arguments; makes videos of moving sprites, of which 10 of each of 15 actions are learned from, once from
# what was pre-trained and once from random weights; and ends with both accuracies and a page about it all.
#
# An interrupted demo goes on where it stopped, unless other sources are asked for. A finished one is
# kept: the next gets a folder of its own, demo-run-2 and so on.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly mosi=.build/release/mosi

say() { printf 'demo: %s\n' "$*" >&2; }

is_finished() { grep -q '"event":"summary"' "$1/metrics.jsonl" 2>/dev/null; }

# True where the demo in folder $1 was begun with the other arguments as its sources, or there are none.
has_sources() {
  local demo=$1 source
  shift
  for source in "$@"; do
    grep -qxF -- "  - $source" "$demo/pretrained/config.yaml" 2>/dev/null || return 1
  done
}

# The first folder that is free, or holds an interrupted demo of these sources.
demo=demo-run number=1
while [ -e "$demo/report.html" ] || { [ -e "$demo/pretrained" ] && ! has_sources "$demo" "$@"; }; do
  number=$((number + 1))
  demo=demo-run-$number
done
[ "$number" = 1 ] || say "earlier demos are kept; this one goes to $demo"
[ ! -e "$demo" ] || say "going on with the interrupted $demo (to begin anew, remove that folder)"
say "Ctrl-C saves, and make demo goes on from there"

# Trains in folder $2 by the command $1 and the other arguments, or goes on, or passes over what is done.
train() {
  local command=$1 run=$2
  shift 2
  if is_finished "$run"; then return; fi
  if [ -e "$run/last.safetensors" ]; then
    "$mosi" "$command" --output "$run" --resume --json >"$demo/result.json"
  else
    # What a run leaves that was stopped before its first checkpoint is worth nothing.
    rm -rf "$run"
    "$mosi" "$command" --output "$run" --json "$@" >"$demo/result.json"
  fi
  rm -f "$demo/result.json"
}

# The number at key $2 in the last line of the metrics of run $1, in percent.
percent() {
  tail -n 1 "$1/metrics.jsonl" | sed -n "s/.*\"$2\":\([0-9.e-]*\).*/\1/p" |
    awk '{ printf "%.1f%%", 100 * $1 }'
}

mkdir -p "$demo"
[ $# = 0 ] || set -- --sources "$@"
say "1 of 4: a network learns from still pictures to tell motions apart"
train pretrain "$demo/pretrained" --config configs/demo.yaml "$@"

if [ ! -e "$demo/sprites/annotations.csv" ]; then
  say "2 of 4: videos of moving sprites are made"
  rm -rf "$demo/sprites"
  "$mosi" synthesize sprites --output "$demo/sprites" --seed 1 --train 10 --test 10 >&2
fi

for start in mosi scratch; do
  weights=none
  [ $start = scratch ] || weights=$demo/pretrained
  say "$([ $start = mosi ] && echo "3 of 4: it learns 15 actions from 10 videos each" ||
    echo "4 of 4: the same from random weights")"
  train finetune "$demo/$start" --dataset csv --data-root "$demo/sprites" --weights "$weights" \
    --config configs/demo-finetune.yaml --cache-mb 1000
done

"$mosi" report "$demo/pretrained" "$demo/mosi" "$demo/scratch" --output "$demo/report.html" >&2
cat <<END
motions told of unseen pictures   $(percent "$demo/pretrained" top1)  (chance 11.1%)
actions recognized, from MoSI     $(percent "$demo/mosi" 'evaluation":{[^}]*"top1')  (chance 6.7%)
actions recognized, from scratch  $(percent "$demo/scratch" 'evaluation":{[^}]*"top1')
page                              $demo/report.html
END
