#!/usr/bin/env bash
# Windlass on one machine, from nothing: installs, builds, starts a local
# control plane and the operator, applies a RedisCluster and puts it through its
# life under a load that keeps the books.
set -euo pipefail
cd "$(dirname "$0")/../.."

usage() {
  cat <<'TEXT'
usage: deploy/local/quickstart.sh [--ci] [--keep] [--no-build] [--dir DIR]
  --ci        plain lines instead of the live picture
  --keep      leave everything running at the end, and say how to reach it
  --no-build  use what is already built in build/release
  --dir DIR   where the control plane keeps its files (default: a new folder in /tmp)
  -h, --help  this text
TEXT
}

build=1 dir= show=()
while [ $# -gt 0 ]; do
  case "$1" in
    --ci | --keep) show+=("$1") ;;
    --no-build) build= ;;
    --dir) dir=$2; shift ;;
    -h | --help) usage; exit 0 ;;
    *) echo "quickstart.sh: unknown option '$1'" >&2; usage >&2; exit 2 ;;
  esac
  shift
done

began=$(date +%s)
if [ -n "$build" ]; then
  tests/install-deps.sh build
  tests/install-deps.sh show
  installed=$(date +%s)
  echo "packages are there after $((installed - began)) s; building"
  log=$(mktemp)
  cmake --preset release -DWINDLASS_TESTS=ON > "$log" 2>&1 &&
    cmake --build build/release --target windlass-node windlass-operator windlassctl windlass-ledger >> "$log" 2>&1 || {
    tail -n 40 "$log"
    echo "quickstart.sh: the build failed; its output is in $log" >&2
    exit 1
  }
  rm -f "$log"
  echo "built in $(($(date +%s) - installed)) s"
fi
[ -n "$dir" ] || dir=$(mktemp -d /tmp/windlass-XXXXXX)
exec /usr/bin/python3 deploy/local/show.py --bin "$PWD/build/release/bin" --dir "$dir" "${show[@]}"
