#!/usr/bin/env bash
# Kills random processes of a training at random times, under torchrun's restarts, and compares the result with that of an
# undisturbed training: the losses and the weights must be the same, bit for bit.
#   scripts/restarts.sh MOSI OUT [KILLS] [PROCESSES] [TORCHRUN]
set -euo pipefail
mosi=$(realpath "$1")
readonly mosi out=$2 kills=${3:-20} processes=${4:-2}
torchrun=${5:-$(cd "$(dirname "$0")/.." && pwd)/.libtorch/venv/bin/torchrun}
mkdir -p "$out"
cd "$out"
export OMP_NUM_THREADS=1
RANDOM=7

train() {  # train NAME, in place of the shell
  exec "$torchrun" --no-python --standalone --nproc-per-node "$processes" --max-restarts $((kills + 5)) \
    --monitor-interval 0.1 "$mosi" pretrain --sources synthetic:dead-leaves:44 --config tiny --epochs 25 \
    --set batch.sources=4 --set model.width=8 --set clip.size=32 --set sources.size=64 \
    --set records.checkpoint_every_steps=3 --workers 1 --peer-timeout 30 --output "$1" --resume-or-begin >"$1.log" 2>&1
}

steps() {
  if [ -e "$1/metrics.jsonl" ]; then grep -c '"event":"step"' "$1/metrics.jsonl" || true; else echo 0; fi
}

(train whole)
train killed &
launcher=$!
done=0
while [ $done -lt "$kills" ] && kill -0 $launcher 2>/dev/null; do
  before=$(steps killed)
  # Not before the run has moved: a run that is killed at each start never ends.
  until [ "$(steps killed)" -gt $((${before:-0} + 3)) ] || ! kill -0 $launcher 2>/dev/null; do sleep 0.1; done
  sleep "0.$((RANDOM % 10))"
  mapfile -t victims < <(pgrep -P $launcher)
  [ ${#victims[@]} -gt 0 ] || continue
  kill -KILL "${victims[RANDOM % ${#victims[@]}]}" && done=$((done + 1))
  sleep 1
done
status=0
wait $launcher || status=$?
echo "$done processes killed, status $status, $(steps killed) of $(steps whole) steps recorded"
python3 - <<'PY'
import json, sys
def losses(name):
    return [(d["step"], d["loss"]) for d in map(json.loads, open(f"{name}/metrics.jsonl")) if d["event"] == "step"]
def data(name):
    raw = open(f"{name}/last.safetensors", "rb").read()
    size = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8:8 + size])
    header.pop("__metadata__")
    return {k: raw[8 + size + v["data_offsets"][0]:8 + size + v["data_offsets"][1]] for k, v in header.items()}
same = losses("whole") == losses("killed") and data("whole") == data("killed")
print("losses of every step and all weights are equal, bit for bit" if same else "DIFFERENT")
sys.exit(not same)
PY
