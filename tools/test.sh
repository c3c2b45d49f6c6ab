#!/usr/bin/env bash
# The whole test command: install, build, check types, style and layers, run the tests.
# Arguments go to Vitest: tools/test.sh test/ops. The last line is `N passed, N failed`; exit status 0 only if none failed.
set -u -o pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
. tools/prepare.sh

failed=()
# A stage that fails counts as one failure; the later ones still run, so that one run shows all there is to mend.
stage() {
  local name=$1
  shift
  echo "== $name"
  "$@" || failed+=("$name")
}

echo '== install'
install_packages
install_debian
stage 'build' node tools/build.mjs
stage 'types' node node_modules/typescript/bin/tsc -p tsconfig.check.json
stage 'types of the page' npm run -s check --workspace tools/check-page
stage 'style' node node_modules/@biomejs/biome/bin/biome check .
stage 'layers' node tools/lint-layers.mjs

echo '== tests'
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# Vitest's own exit status is in its report.
node node_modules/vitest/vitest.mjs run --reporter=default --reporter=json --outputFile.json="$folder/report.json" "$@" </dev/null
node tools/summary.mjs "$folder/report.json" ${failed[@]+"${failed[@]}"}
