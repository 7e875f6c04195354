#!/usr/bin/env bash
# Trains on two machines, played by two network namespaces that a virtual cable joins, a process in each, started by torchrun.
# Then cuts the cable under a second training: both sides must leave by themselves, with a sentence and a status. Needs root.
#   scripts/two-machines.sh MOSI OUT [TORCHRUN]
set -euo pipefail
mosi=$(realpath "$1")
readonly mosi out=$2
torchrun=${3:-$(cd "$(dirname "$0")/.." && pwd)/.libtorch/venv/bin/torchrun}
readonly timeout=15
mkdir -p "$out"
export OMP_NUM_THREADS=1

ip netns add mosi-a
ip netns add mosi-b
trap 'ip netns pids mosi-a | xargs -r kill -9; ip netns pids mosi-b | xargs -r kill -9
  ip netns del mosi-a; ip netns del mosi-b' EXIT
ip link add mosi-a netns mosi-a type veth peer name mosi-b netns mosi-b
for side in a:1 b:2; do
  ip -n "mosi-${side%:*}" address add "10.99.0.${side#*:}/24" dev "mosi-${side%:*}"
  ip -n "mosi-${side%:*}" link set "mosi-${side%:*}" up
  ip -n "mosi-${side%:*}" link set lo up
done

# train SIDE RANK RUN EPOCHS: each machine has a folder of its own.
train() {
  mkdir -p "$out/$1"
  (cd "$out/$1" && ip netns exec "mosi-$1" "$torchrun" --no-python --nnodes 2 --nproc-per-node 1 --node-rank "$2" \
    --master-addr 10.99.0.1 --master-port 29511 "$mosi" pretrain --sources synthetic:dead-leaves:40 --config tiny \
    --set batch.sources=4 --set model.width=8 --epochs "$4" --workers 1 --peer-timeout $timeout --output "$3") \
    >"$out/$1/$3.log" 2>&1
}

train a 0 whole 2 & a=$!
train b 1 whole 2 & b=$!
wait $a
wait $b
echo "a training on two machines: $(grep -c '"event":"step"' "$out/a/whole/metrics.jsonl") steps; files of the second machine: $(find "$out/b" -name '*.safetensors' | wc -l)"

train a 0 cut 10000 & a=$!
train b 1 cut 10000 & b=$!
until [ "$(grep -c '"event":"step"' "$out/a/cut/metrics.jsonl" 2>/dev/null)" -ge 3 ] 2>/dev/null; do sleep 0.2; done
ip -n mosi-a link set mosi-a down
start=$SECONDS
report() {  # report SIDE STATUS: it has left
  echo "the cable was cut: side $1 left after $((SECONDS - start)) s (timeout $timeout s) with status $2"
  grep -h 'mosi: error' "$out/$1/cut.log"
}
status_a=0; wait $a || status_a=$?
report a $status_a
status_b=0; wait $b || status_b=$?
report b $status_b
[ $status_a -ne 0 ] && [ $status_b -ne 0 ]
