#!/usr/bin/env bash
# Makes pictures of every format, and videos of every container if ffmpeg is installed, in .build/media-corpus, and runs the
# tests that compare mosi's pixels with Pillow's and with a sequential decode.
#   scripts/compare-media.sh FLAG...           flags of `swift test`; `make compare-media` passes them
#   MOSI_MEDIA_PYTHON=/path/to/python3         a Python with Pillow, numpy and the other packages that media_corpus.py lists;
#                                              by default they are installed into ~/.cache/mosi/media-python, once
set -euo pipefail
cd "$(dirname "$0")/.."

python=${MOSI_MEDIA_PYTHON:-}
if [ -z "$python" ]; then
  folder=${XDG_CACHE_HOME:-$HOME/.cache}/mosi/media-python
  python=$folder/bin/python
  if [ ! -e "$folder/complete" ]; then
    python3 -m venv "$folder"
    "$python" -m pip install --quiet --disable-pip-version-check --no-input \
      pillow==13.0.0 numpy pillow-heif==1.8.1 pillow-jxl-plugin==1.3.8 imagecodecs==2026.3.6
    touch "$folder/complete"
  fi
fi
corpus=$PWD/.build/media-corpus
rm -rf "$corpus"
"$python" scripts/media_corpus.py "$corpus"
MOSI_MEDIA_CORPUS=$corpus swift test "$@" --filter CorpusTests
