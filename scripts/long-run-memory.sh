#!/usr/bin/env bash
# Shows that the memory of a long training does not grow: runs tiny steps, and prints the resident memory over them.
#
#   scripts/long-run-memory.sh MOSI OUT [STEPS]    20,000 steps by default, in a few minutes on one core; OUT is made for it
#
# The table has a line for each tenth of the run. The last line is the growth from the first tenth to the end, in bytes a
# step: what records, caches and leaks cost together. Needs Linux.
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0" && exit 2; }
mosi=$1 out=$2 steps=${3:-20000}
export OMP_NUM_THREADS=1 MKL_NUM_THREADS=1
mkdir "$out"
# 20 sources make 10 steps an epoch; a checkpoint after each thousand steps, no validation.
nice "$mosi" pretrain --output "$out/run" --device cpu --workers 1 --sources synthetic:dead-leaves:20 \
  --validation-fraction 0 --epochs $((steps / 10)) --set model.width=2 --set clip.frames=2 --set clip.size=16 \
  --set sources.size=32 --set batch.sources=2 --set batch.accumulation_steps=1 \
  --set records.checkpoint_every_steps=1000 --set records.keep_checkpoints=2 >"$out/out" 2>"$out/err" &
pid=$!
python3 - "$pid" "$out/run/metrics.jsonl" "$steps" <<'PYTHON'
import sys, time

pid, metrics, steps = sys.argv[1], sys.argv[2], int(sys.argv[3])


def resident():
    """The resident memory in MB; None once the process is over."""
    try:
        with open(f"/proc/{pid}/status") as file:
            for line in file:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) / 1024
    except FileNotFoundError:
        pass
    return None


seen, count, file, first = 0, 0, None, None
print("| steps | resident memory (MB) |\n|---|---|", flush=True)
while (memory := resident()) is not None:
    try:
        file = file or open(metrics, "rb")
        count += file.read().count(b"\n")
    except FileNotFoundError:
        pass
    if count >= (seen + 1) * steps // 10:
        seen = count * 10 // steps
        print(f"| {count:,} | {memory:.1f} |", flush=True)
        first = first or (count, memory)
        last = count, memory
    time.sleep(0.05)
growth = (last[1] - first[1]) * 1024 * 1024 / max(last[0] - first[0], 1)
print(f"\nGrowth from step {first[0]:,} to {last[0]:,}: {last[1] - first[1]:.1f} MB, {growth:.0f} bytes a step.")
PYTHON
wait $pid
