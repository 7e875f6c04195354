#!/usr/bin/env bash
# Installs dist/mosi-*.whl into a new virtual environment and tests it there: its contents, a short pre-training with its
# charts, and the Python module.
#
#   make test-wheel       MOSI_TORCH_INDEX=URL adds a package index for PyTorch
set -euo pipefail
cd "$(dirname "$0")/.."

die() { printf 'test-wheel: error: %s\n' "$*" >&2; exit 1; }

wheels=(dist/mosi-*.whl)
if [ ${#wheels[@]} != 1 ] || [ ! -f "${wheels[0]}" ]; then
  die "dist holds no wheel, or several: run make wheel"
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  ${MOSI_TORCH_INDEX:+--extra-index-url "$MOSI_TORCH_INDEX"} "${wheels[0]}"
PATH=$folder/venv/bin:$PATH

# Nothing under the GPL only, and the licenses of the rest.
contents=$(python3 -m zipfile --list "${wheels[0]}")
! grep -E 'lib(x264|x265|xvid|jbig|postproc|rubberband)' <<<"$contents" || die "the wheel holds these GPL libraries"
grep -q 'licenses/licenses/BUNDLED.md' <<<"$contents" || die "the wheel does not list its contents"

mosi doctor
mosi pretrain --sources synthetic:dead-leaves:40 --config tiny --epochs 1 --output "$folder/run"
for file in preview.png curves.png curves.svg last.safetensors; do
  [ -s "$folder/run/$file" ] || die "the pre-training left no $file"
done
mosi preview --sources synthetic:dead-leaves:1 --output "$folder/preview" >/dev/null
[ -s "$folder"/preview/label-1-left-1.mp4 ] || die "mosi preview left no video"
OMP_NUM_THREADS=1 torchrun --no-python --standalone --nproc-per-node 2 mosi pretrain --sources synthetic:dead-leaves:40 \
  --config tiny --epochs 1 --set model.width=8 --workers 1 --output "$folder/shared"
[ -s "$folder/shared/last.safetensors" ] || die "two processes left no checkpoint"
OMP_NUM_THREADS=1 python3 -m unittest discover -s python/tests
