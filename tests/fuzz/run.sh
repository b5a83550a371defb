#!/usr/bin/env bash
# Builds the fuzz targets with clang and libFuzzer, under the address and
# undefined-behaviour sanitizers, and runs each for so many seconds, from its
# corpus. An input that fails is kept in build/fuzz/found/<target>/, and so are
# inputs worth starting from next time (build/fuzz/grown/<target>/).
# Ends with "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/../.."

usage() { echo "usage: tests/fuzz/run.sh [seconds for each target] [how many at once] [target...]   (default: 60 1, all)"; }
for number in "${1:-60}" "${2:-1}"; do
  case $number in
    -h | --help) usage; exit 0 ;;
    *[!0-9]* | 0*) echo "tests/fuzz/run.sh: '$number' is no number of seconds or targets" >&2; usage >&2; exit 2 ;;
  esac
done
seconds=${1:-60} at_once=${2:-1}
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

export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1
export build seconds
# Says what came of one target; its log says the rest.
fuzz() {
  local target=$1 corpus
  corpus=$(cat "$build/fuzz/$target.corpus")
  mkdir -p "$build/grown/$target" "$build/found/$target"
  if timeout $((seconds + 60)) "$build/fuzz/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
      -artifact_prefix="$build/found/$target/" -print_final_stats=1 \
      "$build/grown/$target" "$corpus" > "$build/$target.log" 2>&1; then
    echo "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$target.log") inputs, nothing found"
  else
    echo "$target: FAILED; inputs in $build/found/$target"
    grep -E 'ERROR|runtime error|SUMMARY|Test unit written' -A 12 "$build/$target.log" | head -n 40
  fi
}
export -f fuzz
targets=("${@:3}")
[ "${#targets[@]}" -gt 0 ] || mapfile -t targets < <(cd "$build/fuzz" && ls -- *.corpus | sed 's/\.corpus$//')
printf '%s\n' "${targets[@]}" |
  xargs -P "$at_once" -I{} bash -c 'fuzz {}' | tee "$build/results.log"
passed=$(grep -c ' inputs, nothing found$' "$build/results.log") failed=$(grep -c ': FAILED; inputs in ' "$build/results.log")
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
