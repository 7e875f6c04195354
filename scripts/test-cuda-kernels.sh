#!/usr/bin/env bash
# Tests the kernels for CUDA devices on the CPU: compiles them with an emulation of CUDA (Tests/CUDAKernels) and compares
# their results with definitions. It needs no GPU. What runs on one is checked by scripts/gpu-check.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly sources=Sources/Bindings/CTorch tests=Tests/CUDAKernels build=.build/cuda-kernels

# The source code for the GPU in file $1.
kernels() { sed -n '/R"cuda(/,/)cuda"/{/R"cuda(/d;/)cuda"/d;p}' "$sources/$1"; }

# Compiles test $1 with the kernels in file $2 and runs it; the other arguments define V, TYPE and Raw.
run() {
  local test=$1 file=$2
  shift 2
  mkdir -p "$build/$test"
  { [ $# = 0 ] || kernels VectorsOnCUDA.cpp; kernels "$file"; } >"$build/$test/kernels.inc"
  clang++ -std=c++20 -O1 -pthread -Wno-unknown-pragmas -Wno-pass-failed "$@" -I"$build/$test" -I"$tests" "$tests/$test.cpp" \
    -o "$build/$test/run"
  "$build/$test/run" || { echo "the kernels of $file are wrong ($*)" >&2; exit 1; }
}

run color_jitter ColorJitterOnCUDA.cpp
for shape in '-DV=4 -DTYPE=0 -DRaw=uint4' '-DV=1 -DTYPE=0 -DRaw=unsigned' '-DV=8 -DTYPE=1 -DRaw=uint4' \
  '-DV=2 -DTYPE=1 -DRaw=unsigned'; do
  # shellcheck disable=SC2086 # several words
  run normalization NormalizationOnCUDA.cpp $shape
  # shellcheck disable=SC2086
  run max_pool MaxPoolOnCUDA.cpp $shape
done
echo 'test-cuda-kernels: the kernels compute what they should'
