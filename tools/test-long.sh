#!/usr/bin/env bash
# The long tests of test/long: minutes to hours. Arguments go to Vitest. The last line is `N passed, N failed`.
set -u -o pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
. tools/prepare.sh

failed=()
install_packages
install_debian
node tools/build.mjs || failed+=('build')

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export HEADLIGHT_LONG=1
node node_modules/vitest/vitest.mjs run --reporter=default --reporter=json --outputFile.json="$folder/report.json" "$@" </dev/null
node tools/summary.mjs "$folder/report.json" ${failed[@]+"${failed[@]}"}
