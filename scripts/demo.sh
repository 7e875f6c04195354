#!/usr/bin/env bash
# Runs the demo behind `make demo`: pre-trains with configs/demo.yaml on generated pictures, or on the folders, videos or
# lists given as arguments; makes videos of moving sprites; fine-tunes on 10 videos of each of 15 actions, once from the
# pre-trained weights and once from random weights; and prints both accuracies. The page of the demo exists a few
# seconds after the start and grows with it.
#
# If interrupted, the demo resumes, unless it is started with other sources. A finished demo is kept, and the next one
# gets its own folder: demo-run-2 and so on.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly mosi=.build/release/mosi

say() { printf 'demo: %s\n' "$*" >&2; }

is_finished() { grep -q '"event":"summary"' "$1/metrics.jsonl" 2>/dev/null; }

# True if the demo in folder $1 was started with the other arguments as its sources, or if there are none.
has_sources() {
  local demo=$1 source
  shift
  for source in "$@"; do
    grep -qxF -- "  - $source" "$demo/pretrained/config.yaml" 2>/dev/null || return 1
  done
}

# The first folder that is free, or holds an interrupted demo of these sources.
demo=demo-run number=1
while is_finished "$demo/scratch" \
  || { [ -e "$demo/pretrained" ] && ! has_sources "$demo" "$@"; }; do
  number=$((number + 1))
  demo=demo-run-$number
done
readonly demo page=$demo/report.html

[ "$number" = 1 ] || say "earlier demos are kept; this one writes to $demo"
[ ! -e "$demo" ] || say "resuming $demo (remove that folder to start again)"
cat >&2 <<END
demo: four steps, about 5 minutes on two cores without a GPU
demo:   1  pre-train a network on still pictures        3 to 4 min
demo:   2  make 300 videos of moving sprites            15 s
demo:   3  fine-tune the pre-trained network on them    1 min
demo:   4  fine-tune a network with random weights      1 min
demo: open $page now and then: it exists after a few seconds and is updated after each epoch
demo: press Ctrl-C to stop; make demo resumes
END

# Writes the page about the runs that have started.
write_page() {
  local run runs=()
  for run in pretrained mosi scratch; do
    [ ! -s "$demo/$run/metrics.jsonl" ] || runs+=("$demo/$run")
  done
  [ ${#runs[@]} = 0 ] || "$mosi" report "${runs[@]}" --output "$page"
}

# Writes the page after the first step of run $1 and after each of its epochs.
keep_page() {
  local run=$1 shown='' epochs
  trap 'exit 0' TERM  # a page that is being written is finished first
  while sleep 2; do
    [ -s "$run/metrics.jsonl" ] || continue
    epochs=$(grep -c '"event":"validation"' "$run/metrics.jsonl" || true)
    [ "$epochs" != "$shown" ] || continue
    write_page >/dev/null 2>&1 || continue
    if [ -z "$shown" ] && [ ! -e "$demo/sprites" ]; then
      [ ! -t 2 ] || printf '\r\033[K' >&2  # the progress bar
      say "the page exists: $page"
    fi
    shown=$epochs
  done
}

watcher=
stop_watcher() {
  [ -n "$watcher" ] || return 0
  kill "$watcher" 2>/dev/null || true
  wait "$watcher" 2>/dev/null || true
  watcher=
}
trap stop_watcher EXIT

# Trains in folder $2 with command $1 and the other arguments; resumes, or does nothing if the run is finished.
train() {
  local command=$1 run=$2
  shift 2
  if is_finished "$run"; then return; fi
  keep_page "$run" &
  watcher=$!
  if [ -e "$run/last.safetensors" ]; then
    "$mosi" "$command" --output "$run" --resume --json >"$demo/result.json"
  else
    # A run that was stopped before its first checkpoint cannot be resumed.
    rm -rf "$run"
    "$mosi" "$command" --output "$run" --json "$@" >"$demo/result.json"
  fi
  stop_watcher
  rm -f "$demo/result.json"
  write_page >/dev/null
}

# Prints the number at key $2 in the last line of the metrics of run $1, in percent.
percent() {
  tail -n 1 "$1/metrics.jsonl" | sed -n "s/.*\"$2\":\([0-9.e-]*\).*/\1/p" \
    | awk '{ printf "%6s", sprintf("%.1f%%", 100 * $1) }'
}

mkdir -p "$demo"
[ $# = 0 ] || set -- --sources "$@"
say "1 of 4: pre-training on still pictures (top-1: motions of unseen pictures; chance 11.1%)"
train pretrain "$demo/pretrained" --config configs/demo.yaml "$@"

if [ ! -e "$demo/sprites/annotations.csv" ]; then
  say "2 of 4: making videos of moving sprites"
  rm -rf "$demo/sprites"
  "$mosi" synthesize sprites --sprites plain --output "$demo/sprites" --seed 1 --train 10 --test 10 >&2
fi

say "3 of 4: fine-tuning the pre-trained network on 15 actions, 10 videos each (chance 6.7%)"
train finetune "$demo/mosi" --dataset csv --data-root "$demo/sprites" --weights "$demo/pretrained" \
  --config configs/demo-finetune.yaml --cache-mb 1000
say "4 of 4: the same from random weights (chance 6.7%)"
train finetune "$demo/scratch" --dataset csv --data-root "$demo/sprites" --weights none \
  --config configs/demo-finetune.yaml --cache-mb 1000

cat <<END
motions of unseen pictures             $(percent "$demo/pretrained" top1)  (chance 11.1%)
actions, fine-tuned from MoSI          $(percent "$demo/mosi" 'evaluation":{[^}]*"top1')  (chance 6.7%)
actions, trained from random weights   $(percent "$demo/scratch" 'evaluation":{[^}]*"top1')  (chance 6.7%)
page                                   $page
END
