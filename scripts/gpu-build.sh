#!/usr/bin/env bash
# Builds mosi for a machine that has PyTorch for CUDA but neither Swift nor FFmpeg, and packs what it needs into
# .build-gpu/carry.tar.xz: the tool with Swift's runtime linked in, FFmpeg's, Cairo's and OpenCV's libraries
# (about 70 MiB).
#
#   scripts/gpu-build.sh [2.11.0]       the version of PyTorch there
#
# On that machine, in this folder:  scripts/gpu-check.sh
set -euo pipefail
cd "$(dirname "$0")/.."
readonly version=${1:-2.11.0} root=$PWD/.build-gpu

# The headers and libraries of the wheel that runs there; its CUDA packages are not needed to build.
mkdir -p "$root/wheel"
if [ ! -d "$root/torch-$version/torch" ]; then
  python3 -m pip download --quiet --no-deps --dest "$root/wheel" "torch==$version"
  python3 -m zipfile -e "$root"/wheel/torch-"$version"*.whl "$root/torch-$version"
fi

# A separate package folder, so that the .libtorch of this one does not change.
rm -rf "$root/source" && mkdir -p "$root/source"
git archive HEAD | tar -x -C "$root/source"
(
  cd "$root/source"
  LIBTORCH=$root/torch-$version/torch scripts/setup.sh
  swift build -c release --static-swift-stdlib --scratch-path "$root/build" --product mosi \
    --pkg-config-path .libtorch/pkgconfig -Xlinker --allow-shlib-undefined
)

rm -rf "$root/carry" && mkdir -p "$root/carry/lib"
cp "$root/build/release/mosi" "$root/carry/"
# All libraries except libtorch's and those that every Linux has.
ldd "$root/carry/mosi" | awk '$2 == "=>" && $3 ~ /^\// {print $3}' \
  | grep -vE '/(libc|libm|libdl|libpthread|librt|libgcc_s|libstdc\+\+|ld-linux[^/]*|libtorch[^/]*|libc10[^/]*|libgomp[^/]*)\.so' \
  | xargs -r cp -L -t "$root/carry/lib"
strip -s "$root/carry/mosi"
strip --strip-unneeded "$root"/carry/lib/*
tar -c -C "$root" carry | xz -T0 -9 >"$root/carry.tar.xz"
ls -l "$root/carry.tar.xz" >&2
