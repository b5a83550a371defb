#!/usr/bin/env bash
# Installs what building and testing needs, from Debian alone. Run as root.
# Quiet when everything is there already, so that it can run at every start.
set -euo pipefail

build_packages=(
  g++ cmake ninja-build ccache mold git ca-certificates
  libhiredis-dev libcpprest-dev nlohmann-json3-dev libyaml-cpp-dev libspdlog-dev
  libgtest-dev libgmock-dev libssl-dev libjemalloc-dev libcli11-dev libxxhash-dev libboost-dev
  libboost-system-dev
)
test_packages=(
  redis-server redis-tools python3 python3-pytest python3-pytest-timeout python3-redis python3-yaml
  iproute2 procps
)
# A real Kubernetes beside what it is built from (tests/kubernetes/binaries).
kubernetes_packages=(etcd-server containerd runc containernetworking-plugins iptables conntrack openssl gcc libc6-dev)
fuzz_packages=(clang-14 libclang-rt-14-dev)

case "${1:-all}" in
  build) packages=("${build_packages[@]}") ;;
  show)
    packages=(python3 python3-redis)
    command -v kubectl >/dev/null || packages+=(kubernetes-client)
    ;;
  kubernetes) packages=("${test_packages[@]}" "${kubernetes_packages[@]}") ;;
  fuzz) packages=("${build_packages[@]}" "${fuzz_packages[@]}") ;;
  all) packages=("${build_packages[@]}" "${test_packages[@]}") ;;
  -h | --help) echo "usage: tests/install-deps.sh [build|show|kubernetes|fuzz|all]   (default: all)"; exit 0 ;;
  *) echo "install-deps.sh: '$1' is none of build, show, kubernetes, fuzz and all" >&2; exit 2 ;;
esac

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ]; then
  echo "install-deps.sh: these Debian packages are missing: ${missing[*]}" >&2
  echo "Run this script as root, or install them by hand." >&2
  exit 1
fi
echo "Installing ${#missing[@]} Debian packages: ${missing[*]}"
# redis-server must not start by itself: tests start their own.
policy=/usr/sbin/policy-rc.d
made_policy=
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod +x "$policy"
  made_policy=1
fi
trap '[ -z "$made_policy" ] || rm -f "$policy"' EXIT
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
apt-get update -qq >"$log" 2>&1 && apt-get install -y -qq --no-install-recommends "${missing[@]}" >>"$log" 2>&1 || {
  tail -n 30 "$log" >&2
  echo "install-deps.sh: apt-get failed; its output is in $log" >&2
  exit 1
}
rm -f "$log"
