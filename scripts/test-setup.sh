#!/usr/bin/env bash
# Tests scripts/setup.sh on simulated machines that lack something: runs a copy of it in an empty folder,
# with a PATH of mocks. Needs no network and changes nothing outside a temporary folder.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
passed=0 failed=0
readonly tools=(bash sh env dirname mktemp tail rm awk cat readlink ln mkdir mv touch chmod)

# Makes a machine in folder $1 that has everything; tests remove things from it.
machine() {
  folder="$work/$1"
  clone="$folder/clone"
  mkdir -p "$folder/bin" "$clone/scripts"
  sed "s|/usr/include|'$folder/include'|" scripts/setup.sh >"$clone/scripts/setup.sh"
  opencv "$folder/include/opencv4"
  local tool
  for tool in "${tools[@]}"; do ln -s "$(command -v "$tool")" "$folder/bin/$tool"; done
  mock uname 'echo Linux'
  mock swift 'true'
  mock pkg-config 'true'
  mock dpkg 'true'
  mock id 'echo 0'
  mock apt-get 'echo "apt-get $*" >>"$LOG"'
  mock sudo 'echo sudo >>"$LOG"; "$@"'
  # python3 -m venv FOLDER makes a python whose pip "installs" the headers and a library of 2.13.
  mock python3 '[ "$2" = venv ] || exit 9
    echo "venv" >>"$LOG"
    mkdir -p "$3/bin" "$3/lib/python3.11/site-packages"
    cat "$PIP" >"$3/bin/python"; chmod +x "$3/bin/python"'
  cat >"$folder/pip" <<'PIP'
#!/usr/bin/env bash
echo "pip $*" >>"$LOG"
torch=${0%/bin/python}/lib/python3.11/site-packages/torch
mkdir -p "$torch/lib" "$torch/include/torch/headeronly"
[ -z "${PIP_IS_KILLED:-}" ] || kill -9 $PPID
[ -z "${PIP_FAILS:-}" ] || { echo "ERROR: No matching distribution found for torch==2.13.0"; exit 1; }
printf '#define TORCH_VERSION_MAJOR 2\n#define TORCH_VERSION_MINOR 13\n' >"$torch/include/torch/headeronly/version.h"
touch "$torch/lib/libtorch_cpu.so"
PIP
}

mock() { # name, script
  rm -f "$folder/bin/$1"
  printf '#!/usr/bin/env bash\n%s\n' "$2" >"$folder/bin/$1"
  chmod +x "$folder/bin/$1"
}

# A folder like OpenCV's headers.
opencv() {
  mkdir -p "$1/opencv2/video" "$1/opencv2/core"
  touch "$1/opencv2/video/tracking.hpp"
  printf '#define CV_VERSION_MAJOR    4\n#define CV_VERSION_MINOR    6\n' >"$1/opencv2/core/version.hpp"
}

without() { local tool; for tool in "$@"; do rm -f "$folder/bin/$tool"; done; }

# A folder like PyTorch's of version $2.$3.
torch_folder() {
  mkdir -p "$1/lib" "$1/include/torch/headeronly"
  touch "$1/lib/libtorch_cpu.so"
  printf '#define TORCH_VERSION_MAJOR %s\n#define TORCH_VERSION_MINOR %s\n' "$2" "$3" \
    >"$1/include/torch/headeronly/version.h"
}

# Runs the set-up of the machine with the settings $3...; it must end with status $1 and print $2 (a
# regular expression) in its last line, or nothing at all if $2 is empty.
expect() {
  local status=0 last
  last=$(env -i PATH="$folder/bin" LOG="$folder/log" PIP="$folder/pip" "${@:3}" \
    bash "$clone/scripts/setup.sh" 2>&1 </dev/null) || status=$?
  last=$(tail -n 1 <<<"$last")
  if [ "$status" = "$1" ] && { [ -n "$2" ] && [[ $last =~ $2 ]] || [ -z "$2$last" ]; }; then
    good
  else
    bad "status $status where $1 is due, saying: $last"
  fi
}

check() { if "$@"; then good; else bad "not so: $*"; fi; }
good() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); printf 'FAILED %s: %s\n' "${folder##*/}" "$1"; }
lines() { { cat "$folder/log" 2>/dev/null || true; } | grep -c "$1" || true; }

machine all-there
expect 0 'installing torch==2.13.0'
check grep -q "prefix=$clone/.libtorch/venv/lib/python3.11/site-packages/torch" "$clone/.libtorch/pkgconfig/libtorch.pc"
check [ -e "$clone/.libtorch/torch/lib/libtorch_cpu.so" ]
check grep -qx "Cflags: -I$folder/include/opencv4" "$clone/.libtorch/pkgconfig/opencv-video.pc"
check grep -qx 'Version: 4.6' "$clone/.libtorch/pkgconfig/opencv-video.pc"
touch -d '2001-01-01T00:00:00' "$clone"/.libtorch/pkgconfig/*.pc
expect 0 ''
check [ "$(lines pip)" = 1 ]
check [ "$(lines apt-get)" = 0 ]
for module in libtorch opencv-video; do  # nothing to rebuild
  check [ "$(date -r "$clone/.libtorch/pkgconfig/$module.pc" +%Y)" = 2001 ]
done
mv "$clone" "$clone-moved"; clone="$clone-moved"
expect 0 ''
check [ -e "$clone/.libtorch/torch/lib/libtorch_cpu.so" ]

machine torch-folder-lost
expect 0 'installing'
rm -rf "$clone"/.libtorch/venv/lib
expect 0 'installing'

machine shared-libtorch
expect 0 'installing'
mkdir -p "$folder/second/scripts"; cp "$clone/scripts/setup.sh" "$folder/second/scripts/"
ln -s "$clone/.libtorch" "$folder/second/.libtorch"
before=$(cat "$clone/.libtorch/pkgconfig/libtorch.pc"); clone="$folder/second"
expect 0 ''
check [ "$before" = "$(cat "$clone/.libtorch/pkgconfig/libtorch.pc")" ]

machine "name with spaces"
expect 0 'installing'
check grep -qF 'prefix='"${clone// /\\ }" "$clone/.libtorch/pkgconfig/libtorch.pc"
check grep -qxF "Cflags: -I${folder// /\\ }/include/opencv4" "$clone/.libtorch/pkgconfig/opencv-video.pc"
expect 0 ''

machine no-swift; without swift
expect 1 'error: Swift is missing: install Swift 6.2'

machine no-libraries
mock pkg-config '[ -e "$LOG" ] && [[ $(cat "$LOG") == *install* ]]'
expect 0 'installing torch'
check [ "$(lines libavformat-dev)" = 1 ]

machine no-libtiff  # as on a machine that was set up before TIFF files were read with it
mock pkg-config 'case " $* " in *" libtiff-4 "*) [ -e "$LOG" ] && [[ $(cat "$LOG") == *libtiff-dev* ]] ;; esac'
expect 0 'installing torch'
check [ "$(lines libtiff-dev)" = 1 ]

machine no-pango  # as on a machine that was set up before text was drawn with it
mock pkg-config 'case " $* " in *" pangocairo "*) [ -e "$LOG" ] && [[ $(cat "$LOG") == *libpango1.0-dev* ]] ;; esac'
expect 0 'installing torch'
check [ "$(lines libpango1.0-dev)" = 1 ]

machine pango-without-pthread; mock pkg-config 'case $1 in --cflags) echo "-I/p -pthread -I/q" ;; esac'
expect 0 'installing torch'
check grep -qx 'Cflags: -I/p  -I/q' "$clone/.libtorch/pkgconfig/pango-text.pc"

machine no-typefaces; mock dpkg '[ -e "$LOG" ] && [[ $(cat "$LOG") == *fonts-wqy-microhei* ]]'
expect 0 'installing torch'
check [ "$(lines fonts-noto-color-emoji)" = 1 ]

machine no-opencv; rm -r "$folder/include"
mock apt-get 'echo "$*" >>"$LOG"; [ "$1" = update ] || { mkdir -p "${LOG%/log}/include"; cp -r "${LOG%/log}/spare" "${LOG%/log}/include/opencv4"; }'
opencv "$folder/spare"; ln -s "$(command -v cp)" "$folder/bin/cp"
expect 0 'installing torch'
check [ "$(lines libopencv-video-dev)" = 1 ]

machine opencv-not-installed-by-apt; rm -r "$folder/include"
expect 1 'error: OpenCV.s header opencv2/video/tracking.hpp is missing: install libopencv-video-dev'

machine opencv-elsewhere; rm -r "$folder/include"; opencv "$folder/elsewhere/include"
mock pkg-config 'case $1 in
  --variable=includedir) echo "${LOG%/log}/elsewhere/include" ;;
  --variable=libdir) echo "${LOG%/log}/elsewhere/lib" ;;
esac'
expect 0 'installing torch'
check [ "$(lines apt-get)" = 0 ]
check grep -qx "Cflags: -I$folder/elsewhere/include" "$clone/.libtorch/pkgconfig/opencv-video.pc"
check grep -q "^Libs: -L$folder/elsewhere/lib -lopencv_video" "$clone/.libtorch/pkgconfig/opencv-video.pc"

machine mac-without-opencv; mock uname 'echo Darwin'; mock pkg-config '[ "$2" != opencv4 ]'
expect 1 'opencv4 is missing: run .brew install pkg-config ffmpeg libtiff cairo pango opencv'

machine no-pkg-config-nor-apt; without pkg-config apt-get
expect 1 'no apt-get: install pkg-config, libavformat'

machine apt-fails; mock pkg-config 'false'; mock apt-get 'echo "E: no space left"; exit 100'
expect 1 'apt-get failed .* or run: apt-get install -y'

machine not-root; mock pkg-config '[ -e "$LOG" ] && [[ $(cat "$LOG") == *install* ]]'; mock id 'echo 1000'
expect 0 'installing torch'
check [ "$(lines sudo)" = 2 ]

machine not-root-no-sudo; mock pkg-config 'false'; mock id 'echo 1000'; without sudo
expect 1 'not root and no sudo: run as root: apt-get install'

machine no-python; without python3
expect 1 'python3 is missing: .* or set LIBTORCH'

machine no-venv
mock python3 'mkdir -p "$3"; echo "ensurepip is not available"; exit 1'
expect 1 'cannot make a virtual environment: apt-get install python3-venv'

machine bad-index
expect 1 'pip could not install torch==2.13.0 .* MOSI_TORCH_INDEX' PIP_FAILS=1
expect 0 'installing' MOSI_TORCH_INDEX=https://example.org/whl
check [ "$(lines 'extra-index-url https://example.org/whl torch==2.13.0')" = 1 ]

machine killed-while-installing
expect 137 'installing' PIP_IS_KILLED=1
check [ ! -e "$clone/.libtorch/pkgconfig/libtorch.pc" ]
expect 0 'installing'
check [ "$(lines venv)" = 2 ]

machine libtorch-given
torch_folder "$folder/torch" 2 11
expect 0 '' LIBTORCH="$folder/torch"
check grep -q "prefix=$folder/torch" "$clone/.libtorch/pkgconfig/libtorch.pc"
check [ "$(lines pip)" = 0 ]
expect 1 'is not a folder' LIBTORCH="$folder/nothing"
mkdir "$folder/empty"
expect 1 'holds no lib/libtorch_cpu: point LIBTORCH at' LIBTORCH="$folder/empty"
mkdir -p "$folder/headless/lib"; touch "$folder/headless/lib/libtorch_cpu.so"
expect 1 'holds no libtorch headers' LIBTORCH="$folder/headless"
for version in 9 10 14; do
  torch_folder "$folder/torch-$version" 2 "$version"
  expect 1 "is torch 2.$version, but mosi needs 2.11 to 2.13" LIBTORCH="$folder/torch-$version"
done
check grep -q "prefix=$folder/torch$" "$clone/.libtorch/pkgconfig/libtorch.pc"  # the good one stays
expect 0 'installing'  # without LIBTORCH, a wheel
check grep -q "prefix=$clone/.libtorch/venv" "$clone/.libtorch/pkgconfig/libtorch.pc"

printf 'test-setup: %d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
