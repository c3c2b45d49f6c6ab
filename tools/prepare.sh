# Sourced by test.sh and test-long.sh, in the repository's root: installs what the tests need, where it can.

# Node's packages, when node_modules does not hold what package-lock.json names. Nothing runs without them.
install_packages() {
  node tools/installed.mjs && return 0
  npm ci --no-audit --no-fund </dev/null && return 0
  echo 'failed stage: install: npm ci, see above'
  echo '0 passed, 1 failed'
  exit 1
}

# Debian's packages: a browser for the web tests, and PyTorch as an oracle when HEADLIGHT_WITH_TORCH=1. Where they
# cannot be installed the run goes on: the tests that need them skip, and say so.
install_debian() {
  local missing=()
  [ -x "${CHROMIUM_PATH:-/usr/bin/chromium}" ] || missing+=(chromium)
  if [ "${HEADLIGHT_WITH_TORCH:-}" = 1 ] && ! python3 -c 'import torch' 2>/dev/null; then
    missing+=(python3-torch libopenblas0-openmp)
  fi
  [ "${#missing[@]}" -eq 0 ] && return 0
  if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" && return 0
  fi
  echo "note: could not install ${missing[*]}; the tests that need them are skipped"
}
