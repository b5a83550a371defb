#!/usr/bin/env bash
# Builds the fuzz targets with clang and libFuzzer, under the address and
# undefined-behaviour sanitizers, and runs each for so many seconds, from its
# corpus. An input that fails is kept in build/fuzz/found/<target>/, and so are
# inputs worth starting from next time (build/fuzz/grown/<target>/).
# Ends with "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/../.."

usage() { echo "usage: tests/fuzz/run.sh [seconds for each target]   (default: 60)"; }
case "${1:-60}" in
  -h | --help) usage; exit 0 ;;
  *[!0-9]* | 0*) echo "tests/fuzz/run.sh: '$1' is no number of seconds" >&2; usage >&2; exit 2 ;;
esac
seconds=${1:-60}
build=$PWD/build/fuzz

if ! command -v clang++-14 >/dev/null; then
  echo "clang++-14 is not installed (tests/install-deps.sh fuzz): nothing was fuzzed"
  echo "0 passed, 0 failed"
  exit 0
fi
mkdir -p "$build"
cmake --preset fuzz > "$build/build.log" 2>&1 && cmake --build --preset fuzz >> "$build/build.log" 2>&1 || {
  grep -E 'error|FAILED' "$build/build.log" | head -n 40
  tail -n 20 "$build/build.log"
  echo "0 passed, 1 failed"
  exit 1
}

passed=0 failed=0
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1
for corpus in "$build"/fuzz/*.corpus; do
  target=$(basename "$corpus" .corpus)
  mkdir -p "$build/grown/$target" "$build/found/$target"
  if timeout $((seconds + 60)) "$build/fuzz/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
      -artifact_prefix="$build/found/$target/" -print_final_stats=1 \
      "$build/grown/$target" "$(cat "$corpus")" > "$build/$target.log" 2>&1; then
    passed=$((passed + 1))
    echo "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$target.log") inputs, nothing found"
  else
    failed=$((failed + 1))
    echo "$target: FAILED; inputs in $build/found/$target"
    grep -E 'ERROR|runtime error|SUMMARY|Test unit written' -A 12 "$build/$target.log" | head -n 40
  fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
