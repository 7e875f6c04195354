#!/usr/bin/env bash
# Installs what checks need and builds do not: shellcheck and Chromium through apt, and axe, the accessibility checker
# for the report page, out of a wheel into .libtorch/axe. Without Chromium or axe, the tests of the page are skipped.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly wheel=axe-playwright-python==0.1.8  # axe 4.12.1

missing=()
for program in shellcheck chromium; do
  command -v "$program" >/dev/null || missing+=("$program")
done
if [ ${#missing[@]} -gt 0 ] && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
  apt-get update -qq </dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null >/dev/null
fi
if [ ! -e .libtorch/axe/axe.min.js ]; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$folder" "$wheel"
  python3 -m zipfile -e "$folder"/*.whl "$folder/wheel"
  mkdir -p .libtorch/axe
  cp "$folder/wheel/axe_playwright_python/axe.min.js" .libtorch/axe/
fi
