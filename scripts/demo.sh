#!/usr/bin/env bash
# The demo behind `make demo`: pre-trains by configs/demo.yaml on pictures made on the fly, or on the
# folders, videos or lists given as arguments, and ends with what was reached and where it lies.
#
# An interrupted demo goes on where it stopped, unless other sources are asked for. A finished one is
# kept: the next gets a folder of its own, demo-run-2 and so on.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly mosi=.build/release/mosi

say() { printf 'demo: %s\n' "$*" >&2; }

is_finished() { grep -q '"event":"summary"' "$1/metrics.jsonl" 2>/dev/null; }

# True where the run in folder $1 was begun with the other arguments as its sources, or there are none.
has_sources() {
  local run=$1 source
  shift
  for source in "$@"; do grep -qxF -- "  - $source" "$run/config.yaml" 2>/dev/null || return 1; done
}

# The first folder that is free, or holds an interrupted demo of these sources.
run=demo-run number=1 is_interrupted=
while true; do
  [ ! -e "$run/last.safetensors" ] || is_interrupted=yes
  if ! is_finished "$run" && { [ -z "$is_interrupted" ] || has_sources "$run" "$@"; }; then break; fi
  number=$((number + 1))
  run=demo-run-$number is_interrupted=
done

if [ -n "$is_interrupted" ]; then
  say "going on with the interrupted $run (to begin anew, remove that folder)"
  exec "$mosi" pretrain --output "$run" --resume
fi
# What a run leaves that was stopped before its first checkpoint is worth nothing.
rm -rf "$run"/{config.yaml,metrics.jsonl,best.safetensors,preview.png,events}
[ "$number" = 1 ] || say "earlier demos are kept; this one goes to $run"
say "a network learns to tell motions apart; Ctrl-C saves, and make demo goes on from there"
[ $# = 0 ] || set -- --sources "$@"
exec "$mosi" pretrain --config configs/demo.yaml --output "$run" "$@"
