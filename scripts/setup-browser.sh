#!/usr/bin/env bash
# Brings what the tests of the report page need and other tests do not: Chromium through apt, and axe, the checker of
# accessibility, out of a wheel into .libtorch/axe. Without them those tests are skipped.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly wheel=axe-playwright-python==0.1.8  # axe 4.12.1

if ! command -v chromium >/dev/null && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
  apt-get update -qq </dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium </dev/null >/dev/null
fi
if [ ! -e .libtorch/axe/axe.min.js ]; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$folder" "$wheel"
  python3 -m zipfile -e "$folder"/*.whl "$folder/wheel"
  mkdir -p .libtorch/axe
  cp "$folder/wheel/axe_playwright_python/axe.min.js" .libtorch/axe/
fi
