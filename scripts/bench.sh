#!/usr/bin/env bash
# Compares mosi with PyTorch side by side: `make bench`. Installs Pillow and PyAV for the other side into .build/bench/venv and
# starts Benchmarks/python/bench.py there, with the Python and the PyTorch of .libtorch. Arguments are passed on; see --help.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly venv=.build/bench/venv
readonly packages=(numpy pillow av)
if [ ! -e "$venv/complete" ]; then
  python=.libtorch/venv/bin/python3
  [ -x "$python" ] || python=python3  # LIBTORCH names an installed PyTorch
  "$python" -m venv "$venv"
  "$venv/bin/python3" -m pip install --quiet --disable-pip-version-check "${packages[@]}"
  libraries=("$venv"/lib/python3*/site-packages)
  dirname "$(realpath .libtorch/torch)" >"${libraries[0]}/libtorch.pth"
  "$venv/bin/python3" -c 'import torch' \
    || { echo "bench: .libtorch/torch is not the PyTorch of a Python: use LIBTORCH or make setup" >&2; exit 1; }
  touch "$venv/complete"
fi
exec "$venv/bin/python3" Benchmarks/python/bench.py "$@"
