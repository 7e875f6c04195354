#!/usr/bin/env bash
# Builds the media libraries of the wheel from Debian's source packages into .build-wheel/media: FFmpeg under the LGPL,
# the three modules of OpenCV that compute optical flow, libtiff without JBIG, which is under the GPL, and Expat for older
# versions of glibc. Debian's binary packages would add 150 libraries, some of them under the GPL.
#
#   scripts/wheel-media.sh        builds only what is missing; to start over, remove .build-wheel/media
set -euo pipefail
cd "$(dirname "$0")/.."
readonly root=$PWD/.build-wheel
readonly media=$root/media sources=$root/sources
release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
readonly release
readonly apt_packages=(dpkg-dev build-essential pkg-config nasm cmake ninja-build libdav1d-dev libjxl-dev
  zlib1g-dev liblzma-dev libbz2-dev libzstd-dev libdeflate-dev libjpeg-dev libwebp-dev)

say() { printf 'wheel: %s\n' "$*" >&2; }
die() { printf 'wheel: error: %s\n' "$*" >&2; exit 1; }

# Runs a command and shows its output only if it fails.
quietly() { # name of the log, command
  local log=$root/$1.log
  shift
  "$@" >"$log" 2>&1 </dev/null || { tail -20 "$log" >&2; die "'$*' failed (all of its output is in $log)"; }
}

require_debian() {
  local key=/usr/share/keyrings/debian-archive-keyring.gpg
  if ! command -v apt-get >/dev/null || [ ! -f "$key" ]; then
    die "the wheel is built on Debian: the libraries' source packages come through apt"
  fi
}

install_tools() {
  local missing=() package
  for package in "${apt_packages[@]}"; do
    dpkg -s "$package" 2>/dev/null | grep -q '^Status: .* installed$' || missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] && return
  local as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  say "installing ${missing[*]} with apt-get"
  quietly apt "${as_root[@]}" apt-get update
  quietly apt "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends "${missing[@]}"
}

# --- Debian's sources -------------------------------------------------------------------------------

# apt with separate lists, so that those of the machine stay unchanged.
apt_source() {
  apt-get -o Dir::Etc::sourcelist="$sources/sources.list" -o Dir::Etc::sourceparts=- \
    -o Dir::State::lists="$sources/lists" -o Dir::Cache="$sources/cache" \
    -o APT::Sandbox::User="$(id -un)" "$@"
}

list_sources() {
  mkdir -p "$sources"/{lists/partial,cache}
  local key='[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]'
  cat >"$sources/sources.list" <<LIST
deb-src $key http://deb.debian.org/debian $release main
deb-src $key http://deb.debian.org/debian-security $release-security main
LIST
  quietly apt-source apt_source update
}

# Downloads the newest version of a source package, or, if a mirror does not have it yet, the one of the release.
fetch() {
  apt_source source --download-only "$1" || { rm -f "$1"_* && apt_source source --download-only "$1/$release"; }
}

# Unpacks the source package $1 with Debian's patches into $sources/$1.
unpack() {
  say "fetching Debian's source of $1"
  rm -f "$sources/$1"_*
  (cd "$sources" && quietly "fetch-$1" fetch "$1")
  rm -rf "${sources:?}/$1"
  quietly "unpack-$1" dpkg-source --no-check -x "$sources/$1"_*.dsc "$sources/$1"
}

# Builds the source package $1 with the function build_$1.
build() {
  local mark=$media/built/$1
  unpack "$1"
  rm -rf "$root/build-$1" && mkdir -p "$root/build-$1" "$media/built" "$media/licenses/$1"
  say "building $1"
  (cd "$root/build-$1" && "build_$1" "$sources/$1")
  cp "$sources/$1/debian/copyright" "$media/licenses/$1/copyright"
  (cd "$sources/$1" && dpkg-parsechangelog -S Version) >"$mark"
}

# --- The libraries ----------------------------------------------------------------------------------

# All decoders, and the encoders that mosi uses. No network, no devices, no GPL.
build_ffmpeg() {
  quietly ffmpeg-configure "$1/configure" --prefix="$media" --libdir="$media/lib" \
    --enable-shared --disable-static --disable-programs --disable-doc --disable-debug \
    --extra-version="$(cd "$1" && dpkg-parsechangelog -S Version | sed 's/.*-//')" \
    --disable-network --disable-autodetect --disable-avdevice --disable-avfilter \
    --disable-swresample --disable-postproc \
    --disable-encoders --enable-encoder=mpeg4,png,mjpeg,gif \
    --disable-muxers --enable-muxer=mp4,mov,gif,image2 \
    --disable-protocols --enable-protocol=file,pipe \
    --enable-zlib --enable-bzlib --enable-lzma --enable-libdav1d --enable-libjxl
  quietly ffmpeg-make make -j"$(nproc)" install
  cp "$1"/COPYING.LGPLv2.1 "$media/licenses/ffmpeg/"
}

# Three modules, which need none of the libraries for files and devices.
build_opencv() {
  local without=(IPP ITT LAPACK EIGEN OPENCL OPENMP TBB QUIRC ADE PROTOBUF VA VA_INTEL JASPER OPENJPEG JPEG PNG TIFF
    WEBP OPENEXR FFMPEG GSTREAMER V4L 1394 GTK)
  without=("${without[@]/#/-DWITH_}")
  without=("${without[@]/%/=OFF}")
  quietly opencv-configure cmake -G Ninja "$1" -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_INSTALL_PREFIX="$media" -DCMAKE_INSTALL_LIBDIR=lib -DOPENCV_GENERATE_PKGCONFIG=ON \
    -DBUILD_LIST=core,imgproc,video -DBUILD_SHARED_LIBS=ON -DENABLE_PRECOMPILED_HEADERS=OFF \
    -DBUILD_TESTS=OFF -DBUILD_PERF_TESTS=OFF -DBUILD_EXAMPLES=OFF -DBUILD_opencv_apps=OFF \
    -DBUILD_JAVA=OFF -DBUILD_ITT=OFF "${without[@]}"
  quietly opencv-build ninja install
}

build_tiff() {
  quietly tiff-configure cmake -G Ninja "$1" -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_INSTALL_PREFIX="$media" -DCMAKE_INSTALL_LIBDIR=lib -DBUILD_SHARED_LIBS=ON \
    -Djbig=OFF -Dlerc=OFF -Dcxx=OFF -Dtiff-tools=OFF -Dtiff-tests=OFF -Dtiff-contrib=OFF -Dtiff-docs=OFF
  quietly tiff-build ninja install
}

# Debian's uses arc4random, which glibc has only since 2.36.
build_expat() {
  quietly expat-configure cmake -G Ninja "$1/expat" -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_INSTALL_PREFIX="$media" -DCMAKE_INSTALL_LIBDIR=lib -DEXPAT_SHARED_LIBS=ON \
    -DHAVE_ARC4RANDOM=OFF -DHAVE_ARC4RANDOM_BUF=OFF -DEXPAT_BUILD_DOCS=OFF -DEXPAT_BUILD_EXAMPLES=OFF \
    -DEXPAT_BUILD_TESTS=OFF -DEXPAT_BUILD_TOOLS=OFF
  sed -i 's/^#define XML_DTD *$/#define XML_DTD 1/' expat_config.h  # as Debian's patches expect it
  quietly expat-build ninja install
}

require_debian
mkdir -p "$media/lib"
install_tools
listed=
for package in expat tiff ffmpeg opencv; do
  [ -e "$media/built/$package" ] && continue
  if [ -z "$listed" ]; then
    list_sources
    listed=yes
  fi
  build "$package"
done
