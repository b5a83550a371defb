#!/usr/bin/env bash
# The acceptance tests on a real Kubernetes: gets its programs, builds our images,
# and runs pytest with all of it in namespaces of their own. Run as root.
# Ends with "N passed, N failed".
# usage: tests/kubernetes/run.sh [--no-install] [--no-build] [--budget SECONDS] [pytest options]
# With --budget no test is begun after this long; what was not reached is said.
set -uo pipefail
cd "$(dirname "$0")/../.."

install=1 build=1 budget=
while [ $# -gt 0 ]; do
  case "$1" in
    --no-install) install= ;;
    --no-build) build= ;;
    --budget) budget=$2; shift ;;
    *) break ;;
  esac
  shift
done

started=$(date +%s)
note() { printf '== %4ds  %s\n' $(($(date +%s) - started)) "$*"; }
fail() { note "$*"; echo "0 passed, 1 failed"; exit 1; }
readonly output=$PWD/build/kubernetes
mkdir -p "$output"
[ "$(id -u)" -eq 0 ] || fail "a kubelet needs root"

if [ -n "$install" ]; then
  tests/install-deps.sh build && tests/install-deps.sh kubernetes && tests/install-deps.sh image || fail "packages could not be installed"
fi
# These are fetched and compiled while ours are built: much of it is waiting for a network.
setsid tests/kubernetes/binaries/get.sh > /dev/null 2> "$output/programs.log" &
getting=$!
trap 'kill -- "-$getting" 2>/dev/null' EXIT  # its compilers too
if [ -n "$build" ]; then
  note "building windlass"
  cmake --preset release > "$output/build.log" 2>&1 &&
    cmake --build build/release --target windlass-node windlass-operator windlassctl kubectl-windlass windlass-apiserver windlass-ledger >> "$output/build.log" 2>&1 ||
    { tail -n 20 "$output/build.log"; fail "the build failed"; }
  note "building images"
  deploy/image/build.sh --check --output "$output/images" > "$output/images.log" 2>&1 || { tail -n 20 "$output/images.log"; fail "the images could not be built"; }
fi
note "getting the programs of Kubernetes"
wait "$getting" || tail -n 20 "$output/programs.log" >&2
programs=$(tests/kubernetes/binaries/get.sh) || fail "no programs of Kubernetes"

# No network is reached from inside the namespaces.
WINDLASS_OLDEST_KUBECTL=$(tests/fetch-kubectl.sh 30 kubectl) && WINDLASS_NEWEST_KUBECTL=$(tests/fetch-kubectl.sh 36 kubectl) || fail "no kubectl to compare"
export WINDLASS_OLDEST_KUBECTL WINDLASS_NEWEST_KUBECTL

# Short, because sockets are in it, and on a file system of its own kind of the machine.
folder=$(mktemp -d /tmp/wlk.XXXXXX)
trap 'rm -rf --one-file-system "$folder"' EXIT
logs=$output/logs
rm -rf "$logs"
mkdir -p "$logs"
export WINDLASS_BIN=$PWD/build/release/bin WINDLASS_KUBERNETES_BIN=$programs WINDLASS_KUBERNETES_FOLDER=$folder/k
export WINDLASS_KUBERNETES_LOGS=$logs WINDLASS_IMAGES=${WINDLASS_IMAGES:-$output/images}
[ -z "$budget" ] || export WINDLASS_TESTS_END=$((started + budget))
note "starting"
# When the first process of the namespace ends, everything in it ends; bash as that
# process also waits for those whose parents are gone.
tests/with-kubectl.sh unshare --net --mount --propagation private --pid --fork --kill-child --mount-proc \
  bash -c '/usr/bin/python3 -m pytest -q -s -p no:cacheprovider --tb=short --durations=25 --basetemp="$WINDLASS_KUBERNETES_FOLDER-tmp" \
    --junitxml="$1/results.xml" tests/kubernetes "${@:2}"; exit $?' bash "$output" "$@"
status=$?
[ $status -eq 0 ] || cp -r "$folder/k/logs" "$logs/cluster" 2>/dev/null
line=$(/usr/bin/python3 tests/count_results.py "$output/results.xml" 2>/dev/null) || line="0 1"
ok=${line% *} bad=${line#* }
[ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
[ "$bad" -eq 0 ] || note "objects and logs of what failed: $logs"
cat "$logs/not-reached" 2>/dev/null
note "done"
echo "$ok passed, $bad failed"
[ "$bad" -eq 0 ] && [ "$ok" -gt 0 ]
