#!/usr/bin/env bash
# usage: get.sh [--only-go]
# Prints the folder that holds kube-apiserver, kube-controller-manager,
# kube-scheduler, kube-proxy and kubelet: $KUBEBUILDER_ASSETS or a folder on PATH
# where all five are, else one in the user's cache, built there from the Go module
# beside this script (cold: about ten minutes on two cores). Progress goes to stderr.
# --only-go sees to it that there is a Go where one will be needed, and no more.
set -euo pipefail
cd "$(dirname "$0")"

readonly programs=(kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubelet)
version=$(sed -nE "s#^(require )?[[:space:]]*k8s.io/kubernetes (v[0-9.]+).*#\2#p" go.mod | head -n 1)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/windlass/kubernetes-$version
say() { echo "kubernetes binaries: $*" >&2; }

complete() {
  local program
  for program in "${programs[@]}"; do [ -x "$1/$program" ] || return 1; done
}

# The machine's Go, where it can build this or fetch the Go that can; else Debian's,
# whose backports have one new enough for that (1.21 or later).
find_go() {
  local go minor
  for go in go /usr/local/go/bin/go /usr/lib/go/bin/go; do
    command -v "$go" >/dev/null || continue
    minor=$("$go" version | sed -nE 's/.*go1\.([0-9]+).*/\1/p')
    [ "${minor:-0}" -ge 21 ] && { command -v "$go"; return; }
  done
  say "no Go of 1.21 or newer here: installing Debian's backport"
  if ! grep -rqs bookworm-backports /etc/apt/sources.list /etc/apt/sources.list.d; then
    sed -nE 's#^deb( \[.*\])? (http[^ ]*/debian/?) bookworm main.*#deb\1 \2 bookworm-backports main#p' /etc/apt/sources.list |
      head -n 1 > /etc/apt/sources.list.d/windlass-backports.list
    [ -s /etc/apt/sources.list.d/windlass-backports.list ] ||
      echo 'deb http://deb.debian.org/debian bookworm-backports main' > /etc/apt/sources.list.d/windlass-backports.list
  fi
  apt-get update -qq >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -t bookworm-backports golang-go >&2
  command -v go
}

folder=${KUBEBUILDER_ASSETS:-}
[ -n "$folder" ] && complete "$folder" && { echo "$folder"; exit; }
if folder=$(dirname "$(command -v kube-apiserver)" 2>/dev/null) && complete "$folder"; then echo "$folder"; exit; fi

if ! complete "$cache"; then
  go=$(find_go)
  [ "${1:-}" != --only-go ] || exit 0
  mkdir -p "$cache"
  exec 9> "$cache/lock"
  flock -w 3000 9
  complete "$cache" && { echo "$cache"; exit; }
  say "building $version with $("$go" version)"
  readonly stamp=k8s.io/component-base/version
  began=$(date +%s)
  mapfile -t packages < <(printf 'k8s.io/kubernetes/cmd/%s\n' "${programs[@]}")
  # Without a version the server calls itself v0.0.0, and version checks fail.
  minor=${version#v1.} minor=${minor%%.*}
  work=$(mktemp -d "$cache/building.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  export CGO_ENABLED=0 GOTOOLCHAIN=auto GOFLAGS=-buildvcs=false
  # The compiler's garbage collector takes a share of the time that memory can buy.
  [ "$(awk '/^MemAvailable/ {print $2}' /proc/meminfo)" -lt 8000000 ] || export GOGC=${GOGC:-400}
  # Modules come over a network, which may fail for a moment; what has come, and what is
  # compiled, is kept.
  for turn in 1 2 3; do
    ! nice -n 5 "$go" build -trimpath -o "$work/" \
      -ldflags "-s -w -X $stamp.gitVersion=$version -X $stamp.gitMajor=1 -X $stamp.gitMinor=$minor -X $stamp.gitTreeState=clean" \
      "${packages[@]}" >&2 || break
    [ "$turn" -lt 3 ] || { say "could not be built"; exit 1; }
    sleep 10
  done
  mv "$work"/* "$cache/"
  say "built in $(($(date +%s) - began)) s"
fi
echo "$cache"
