#!/usr/bin/env bash
# Builds mosi and its benchmarks for a machine that has PyTorch for CUDA but neither Swift nor FFmpeg, and packs what they
# need into .build-gpu/carry.tar.xz: programs with Swift's runtime linked in, and the libraries of FFmpeg, Cairo and OpenCV.
#
#   scripts/gpu-build.sh [2.11.0]       the version of PyTorch there
#
# On that machine, in this folder:  scripts/gpu-check.sh
set -euo pipefail
cd "$(dirname "$0")/.."
readonly version=${1:-2.11.0} root=.build-gpu
readonly torch=$root/torch-$version/torch media=.build-wheel/media/lib
[ -e .libtorch/pkgconfig/opencv-video.pc ] || scripts/setup.sh

# The headers and libraries of the wheel that runs there; its CUDA packages are not needed to build.
mkdir -p "$root/wheel" "$root/pkgconfig"
if [ ! -d "$torch" ]; then
  python3 -m pip download --quiet --no-deps --dest "$root/wheel" "torch==$version"
  python3 -m zipfile -e "$root"/wheel/torch-"$version"*.whl "$root/torch-$version"
fi
for description in opencv-video pango-text; do
  cmp -s ".libtorch/pkgconfig/$description.pc" "$root/pkgconfig/$description.pc" \
    || cp ".libtorch/pkgconfig/$description.pc" "$root/pkgconfig/"
done
cat >"$root/pkgconfig/new" <<EOF
prefix=$(cd "$torch" && pwd -P)

Name: libtorch
Description: PyTorch's C++ library
Version: $version
Cflags: -I\${prefix}/include
Libs: -L\${prefix}/lib -ltorch -ltorch_cpu -lc10
EOF
cmp -s "$root/pkgconfig/new" "$root/pkgconfig/libtorch.pc" || cp "$root/pkgconfig/new" "$root/pkgconfig/libtorch.pc"

for product in mosi Bench DeviceCheck; do
  swift build -c release --static-swift-stdlib --package-path Benchmarks --scratch-path "$root/build" --product "$product" \
    --pkg-config-path "$PWD/$root/pkgconfig" -Xlinker --allow-shlib-undefined
done

# The libraries of the wheel are smaller than the system's: they have no more than mosi needs.
[ -e "$media/libavcodec.so" ] || scripts/wheel-media.sh
rm -rf "$root/carry" && mkdir -p "$root/carry/lib"
cp "$root"/build/release/{mosi,Bench,DeviceCheck} "$root/carry/"
# All libraries except libtorch's and those that every Linux has.
LD_LIBRARY_PATH=$PWD/$media ldd "$root/carry/mosi" | awk '$2 == "=>" && $3 ~ /^\// {print $3}' \
  | grep -vE '/(libc|libm|libdl|libpthread|librt|libgcc_s|libstdc\+\+|ld-linux[^/]*|libtorch[^/]*|libc10[^/]*|libgomp[^/]*)\.so' \
  | xargs -r cp -L -t "$root/carry/lib"
strip -s "$root"/carry/{mosi,Bench,DeviceCheck}
strip --strip-unneeded "$root"/carry/lib/*
# The programs have much in common: a dictionary that holds all of them.
tar -c -C "$root" carry | xz --lzma2=preset=1,dict=256MiB >"$root/carry.tar.xz"
ls -l "$root/carry.tar.xz" >&2
