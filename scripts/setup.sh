#!/usr/bin/env bash
# Installs what the build needs, once: the development files of FFmpeg, libtiff, Cairo, Pango and
# OpenCV and typefaces through apt, and libtorch from the torch wheel. Creates
#   .libtorch/torch                         a link to the torch folder in use (include/, lib/)
#   .libtorch/pkgconfig/libtorch.pc         what SwiftPM reads
#   .libtorch/pkgconfig/opencv-video.pc     the same for OpenCV: Debian's packages of its modules have none
#   .libtorch/pkgconfig/pango-text.pc       the same for Pango: SwiftPM warns of a flag in pangocairo.pc
# Settings (environment):
#   LIBTORCH=/path/to/torch             use this PyTorch or libtorch (2.11 to 2.13) instead of a wheel
#   MOSI_TORCH_INDEX=URL                a package index to ask for torch, besides pip's own
set -euo pipefail
cd "$(dirname "$0")/.."

readonly wheel_version=2.13.0
readonly lowest=211 highest=213  # major * 100 + minor, as compared below
readonly apt_packages=(pkg-config libavformat-dev libavcodec-dev libavutil-dev libswscale-dev
  libtiff-dev libcairo2-dev libpango1.0-dev libopencv-video-dev fonts-dejavu-core fonts-wqy-microhei
  fonts-noto-color-emoji libstdc++-12-dev)

say() { printf 'setup: %s\n' "$*" >&2; }
die() { printf 'setup: error: %s\n' "$*" >&2; exit 1; }

require_swift() {
  command -v swift >/dev/null || die "Swift is missing: install Swift 6.2 or later from https://swift.org/install"
}

# --- system libraries ---------------------------------------------------------------------------

install_system_libraries() {
  if [ "$(uname)" = Darwin ]; then
    for module in libavformat libtiff-4 cairo pangocairo opencv4; do
      pkg-config --exists "$module" 2>/dev/null \
        || die "$module is missing: run 'brew install pkg-config ffmpeg libtiff cairo pango opencv'"
    done
    return
  fi
  if command -v pkg-config >/dev/null \
    && pkg-config --exists libavformat libavcodec libavutil libswscale libtiff-4 cairo pangocairo \
    && [ -n "$(opencv_headers)" ] \
    && { ! command -v dpkg >/dev/null \
      || dpkg -s fonts-dejavu-core fonts-wqy-microhei fonts-noto-color-emoji >/dev/null 2>&1; }; then
    return
  fi
  local command="apt-get install -y --no-install-recommends ${apt_packages[*]}"
  command -v apt-get >/dev/null \
    || die "development files of FFmpeg, libtiff, Cairo, Pango or OpenCV are missing and there is no apt-get: install pkg-config, libavformat, libavcodec, libavutil, libswscale, libtiff, cairo, pango and opencv 4 with this system's package manager"
  local as_root=env
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "not root and no sudo: run as root: $command"
    as_root="sudo env"
  fi
  say "installing typefaces and the development files of FFmpeg, libtiff, Cairo, Pango and OpenCV with apt-get"
  local log; log=$(mktemp)
  # shellcheck disable=SC2086 # the command is several words
  if ! { $as_root apt-get update && $as_root DEBIAN_FRONTEND=noninteractive $command; } \
    </dev/null >"$log" 2>&1; then
    tail -5 "$log" >&2
    die "apt-get failed (its last lines are above, all of it in $log): fix that, or run: $command"
  fi
  rm -f "$log"
}

# --- OpenCV -------------------------------------------------------------------------------------

# Prints the folder of OpenCV's headers, or nothing if its optical flow module is missing.
opencv_headers() {
  local folder
  for folder in "$(pkg-config --variable=includedir opencv4 2>/dev/null)" /usr/include/opencv4; do
    [ -f "$folder/opencv2/video/tracking.hpp" ] || continue
    echo "$folder"
    return
  done
}

use_opencv() {
  local headers; headers=$(opencv_headers)
  [ -n "$headers" ] || die "OpenCV's header opencv2/video/tracking.hpp is missing: install libopencv-video-dev, or opencv 4 with its pkg-config file"
  local libraries; libraries=$(pkg-config --variable=libdir opencv4 2>/dev/null) || libraries=
  local version
  version=$(awk '/#define CV_VERSION_(MAJOR|MINOR)/ {printf "%s%s", dot, $3; dot = "."}' \
    "$headers/opencv2/core/version.hpp")
  describe opencv-video <<EOF
Name: opencv-video
Description: OpenCV's optical flow
Version: $version
Cflags: -I${headers// /\\ }
Libs: ${libraries:+-L${libraries// /\\ } }-lopencv_video -lopencv_imgproc -lopencv_core
EOF
}

use_pango() {
  # Without -pthread, which SwiftPM warns of at every build.
  local compiling linking
  compiling=$(pkg-config --cflags pangocairo) && linking=$(pkg-config --libs pangocairo) \
    || die "Pango's pkg-config file pangocairo.pc is missing: install libpango1.0-dev"
  describe pango-text <<EOF
Name: pango-text
Description: text on Cairo's surfaces
Version: $(pkg-config --modversion pangocairo)
Cflags: ${compiling//-pthread/}
Libs: ${linking//-pthread/}
EOF
}

# Writes standard input to the pkg-config file of module $1. Unchanged content leaves the file
# untouched, so that a repeated set-up rebuilds nothing.
describe() {
  mkdir -p .libtorch/pkgconfig
  local file=.libtorch/pkgconfig/$1.pc
  local description; description=$(cat)
  if [ ! -f "$file" ] || [ "$(cat "$file")" != "$description" ]; then
    printf '%s\n' "$description" >"$file.new" && mv "$file.new" "$file"
  fi
}

# --- libtorch -----------------------------------------------------------------------------------

# Prints major * 100 + minor of the libtorch in folder $1, or nothing if there is none.
torch_version() {
  local header
  for header in "$1/include/torch/headeronly/version.h" \
    "$1/include/torch/csrc/api/include/torch/version.h"; do
    [ -f "$header" ] || continue
    awk '/#define TORCH_VERSION_MAJOR/ {major = $3} /#define TORCH_VERSION_MINOR/ {minor = $3}
      END {if (major != "") print major * 100 + minor}' "$header"
    return
  done
}

check_torch() { # folder, how to mend it
  [ -e "$1/lib/libtorch_cpu.so" ] || [ -e "$1/lib/libtorch_cpu.dylib" ] \
    || die "$1 holds no lib/libtorch_cpu: $2"
  local version; version=$(torch_version "$1")
  [ -n "$version" ] || die "$1 holds no libtorch headers (include/torch): $2"
  [ "$version" -ge "$lowest" ] && [ "$version" -le "$highest" ] \
    || die "$1 is torch $((version / 100)).$((version % 100)), but mosi needs 2.11 to 2.13: $2"
}

# Prints the folder of the wheel's torch, which it installs if necessary.
install_wheel() {
  local venv=.libtorch/venv
  local mark=$venv/installed-$wheel_version  # made last: without it an installation was cut off
  local torch; torch=$(torch_in "$venv")
  if [ ! -e "$mark" ] || [ ! -e "$torch/lib" ]; then
    command -v python3 >/dev/null \
      || die "python3 is missing: install it (apt-get install python3-venv), or set LIBTORCH=/path/to/torch"
    rm -rf "$venv"
    mkdir -p .libtorch
    python3 -m venv "$venv" >/dev/null 2>&1 \
      || die "python3 cannot make a virtual environment: apt-get install python3-venv, or set LIBTORCH=/path/to/torch"
    say "installing torch==$wheel_version into .libtorch (once)"
    # No array: an empty one is an error in the bash 3 of macOS.
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
      ${MOSI_TORCH_INDEX:+--extra-index-url "$MOSI_TORCH_INDEX"} "torch==$wheel_version" >&2 \
      || die "pip could not install torch==$wheel_version (its message is above): check the network and that python3 is 3.10 or later, name an index with MOSI_TORCH_INDEX=URL, or set LIBTORCH=/path/to/torch"
    torch=$(torch_in "$venv")
    check_torch "$torch" "remove .libtorch and run make again"
    touch "$mark"
  fi
  # The physical path, so that clones that share one .libtorch through a link agree on it.
  (cd "$torch" && pwd -P)
}

torch_in() { echo "$1"/lib/python3*/site-packages/torch; }

# The compiler's flags for NCCL, if the torch in folder $1 has it and the headers of NCCL and CUDA are found: beside torch,
# as pip installs them, or in CUDA_HOME.
nccl_flags() {
  [ -e "$1/lib/libtorch_cuda.so" ] || return 0
  local packages; packages=$(dirname "$1")/nvidia
  local nccl cuda
  for nccl in "$packages/nccl/include" "${CUDA_HOME:-/usr/local/cuda}/include" /usr/include; do
    [ -e "$nccl/nccl.h" ] || continue
    for cuda in "$packages"/cu1*/include "$packages/cuda_runtime/include" "${CUDA_HOME:-/usr/local/cuda}/include"; do
      # cuda_runtime.h includes headers of other packages.
      [ -e "$cuda/cuda_runtime.h" ] && [ -e "$cuda/crt/host_config.h" ] && [ -e "$cuda/nv/target" ] \
        && [ -e "$cuda/cusparse.h" ] || continue
      echo "-DMOSI_NCCL -I${nccl// /\\ } -I${cuda// /\\ } -I\${prefix}/include/torch/csrc/api/include"
      return 0
    done
  done
}

# Links and describes the libtorch in folder $1.
use_torch() {
  mkdir -p .libtorch
  [ "$(readlink .libtorch/torch 2>/dev/null)" = "$1" ] || ln -sfn "$1" .libtorch/torch
  local version; version=$(torch_version "$1")
  local prefix=${1// /\\ }  # pkg-config splits at plain spaces
  local nccl; nccl=$(nccl_flags "$1")
  describe libtorch <<EOF
prefix=$prefix

Name: libtorch
Description: PyTorch's C++ library
Version: $((version / 100)).$((version % 100))
Cflags: -I\${prefix}/include${nccl:+ $nccl}
Libs: -L\${prefix}/lib -ltorch -ltorch_cpu -lc10${nccl:+ -ltorch_cuda -lc10_cuda}
EOF
}

require_swift
install_system_libraries
if [ -n "${LIBTORCH:-}" ]; then
  [ -d "$LIBTORCH" ] || die "LIBTORCH=$LIBTORCH is not a folder: name the folder that holds include/ and lib/"
  folder=$(cd "$LIBTORCH" && pwd -P)
  check_torch "$folder" "point LIBTORCH at a torch of 2.11 to 2.13, or unset it to have one installed"
else
  folder=$(install_wheel)
fi
use_opencv
use_pango
use_torch "$folder"
