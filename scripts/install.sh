#!/usr/bin/env bash
# Installs the tool of .build/release under the folder $1: bin/mosi, its man pages (a page for each command), and
# completions for bash, zsh and fish. The tool that makes man pages is part of swift-argument-parser.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly prefix=${1:?usage: scripts/install.sh PREFIX}
readonly mosi=.build/release/mosi share=$prefix/share

echo "install: building the tool that makes man pages (once)" >&2
swift build -c release --package-path .build/checkouts/swift-argument-parser --scratch-path .build/manual \
  --product generate-manual >/dev/null

install -d "$prefix/bin" "$share/man/man1" "$share/bash-completion/completions" "$share/zsh/site-functions" \
  "$share/fish/vendor_completions.d"
install -m 755 "$mosi" "$prefix/bin/mosi"
rm -f "$share"/man/man1/mosi.*1
.build/manual/release/generate-manual "$mosi" --multi-page --output-directory "$share/man/man1"
rm "$share/man/man1/mosi.synthesize.actions.1"  # an old name, which is hidden
"$mosi" --generate-completion-script bash >"$share/bash-completion/completions/mosi"
"$mosi" --generate-completion-script zsh >"$share/zsh/site-functions/_mosi"
"$mosi" --generate-completion-script fish >"$share/fish/vendor_completions.d/mosi.fish"
"$prefix/bin/mosi" --version >/dev/null
echo "install: $prefix/bin/mosi; it uses libtorch in $PWD/.libtorch: keep this folder" >&2
