#!/bin/sh
# Installs the Debian packages that building (`install.sh build`) or testing (`install.sh test`) needs and
# that are missing; does nothing, quickly, when none is. Idempotent. Uses sudo when not root, starts no
# service (policy-rc.d), installs no recommended extras. TIDEGATE_NO_INSTALL=1 skips it altogether, for
# machines whose packages are kept by somebody else.
set -eu

build_packages="g++ cmake ninja-build ccache pkg-config emscripten node-acorn zlib1g-dev
  libwebsockets-dev libwebsockets-evlib-uv libuv1-dev nlohmann-json3-dev libssl-dev libsqlite3-dev
  libtomlplusplus-dev libcli11-dev libspdlog-dev prometheus-cpp-dev"
test_packages="libgtest-dev librapidcheck-dev clang-14 libclang-rt-14-dev clang-format-14
  chromium fonts-dejavu-core binutils git patch"

say() { printf 'install: %s\n' "$*"; }
fail() { printf 'install: %s\n' "$*" >&2; exit 1; }

node_major() { node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0; }

check_node() {
  command -v node >/dev/null 2>&1 || fail "Node.js is missing. Tidegate needs Node 20 or newer: https://nodejs.org"
  # The npm verbs have checked already and say so; asking again would cost a tenth of a second.
  [ "${TIDEGATE_NODE_CHECKED:-}" = 1 ] || [ "$(node_major)" -ge 20 ] ||
    fail "$(command -v node) is Node $(node --version); Tidegate needs Node 20 or newer."
}

missing_packages() {
  installed=" $(dpkg-query -W -f='${Package}=${db:Status-Status} ' "$@" 2>/dev/null || true)"
  for package in "$@"; do
    case "$installed" in
      *" $package=installed "*) ;;
      *) printf '%s ' "$package" ;;
    esac
  done
}

# A package that brings a server must not start it: invoke-rc.d asks this file first.
forbid_services() {
  policy=${TIDEGATE_POLICY_FILE:-/usr/sbin/policy-rc.d} # tests have a place of their own
  [ -e "$policy" ] && return 0
  printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
  $as_root chmod 755 "$policy"
  trap '$as_root rm -f "$policy"' EXIT
  trap 'exit 130' INT TERM
}

become_root() {
  as_root=
  [ "$(id -u)" = 0 ] && return 0
  command -v sudo >/dev/null 2>&1 ||
    fail "these Debian packages are missing and there is no sudo; as root, run: apt-get install --no-install-recommends $missing"
  as_root=sudo
  # Without a terminal nobody could type a password: fail at once with the reason instead of waiting.
  [ -t 0 ] || as_root='sudo -n'
  $as_root true || fail "sudo was refused; as root, run: apt-get install --no-install-recommends $missing"
}

apt() { $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@" </dev/null; }

case "${1:-}" in
  build) packages="$build_packages" ;;
  test) packages="$build_packages $test_packages" ;;
  *) fail "usage: scripts/install.sh build|test" ;;
esac
[ "${TIDEGATE_NO_INSTALL:-}" = 1 ] && exit 0
check_node
# shellcheck disable=SC2086  # the lists are words on purpose
if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
  fail "this system has no apt. Tidegate is built on Debian 12; elsewhere install what these packages contain, then set TIDEGATE_NO_INSTALL=1:" $packages
fi
# shellcheck disable=SC2086
missing=$(missing_packages $packages)
[ -z "$missing" ] && exit 0

say "missing: $missing"
become_root
forbid_services
say "apt-get update"
apt update
say "apt-get install"
# shellcheck disable=SC2086
apt install --no-install-recommends $missing
hash -r 2>/dev/null || true
[ "$(node_major)" -ge 20 ] ||
  say "note: $(command -v node) is now Node $(node --version), brought by emscripten; the npm verbs go on with the Node they were started with."
# shellcheck disable=SC2086
left=$(missing_packages $packages)
[ -z "$left" ] || fail "still missing after apt-get install: $left"
say "done"
