#!/usr/bin/env bash
# The project's tests: builds what they need, runs them, and ends with one line
# "N passed, N failed". Exit status 0 only when nothing failed.
set -uo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'TEXT'
usage: tests/run.sh [options]
  --preset NAME     CMake preset to build and test (default: release)
  --only SUITE,...  run these suites only: unit, architecture, simulation, and
                    the folders of black-box tests (system/..., differential, local);
                    and only when named: clients, the client libraries, which need
                    other languages' toolchains and registries; chaos, as root, for
                    eight tenths of the budget, at most 25 seeds (without one: eight)
  --units PATTERN   of the unit test programs, those whose name matches only
  --targets LIST    build these targets only (default: everything)
  --kubernetes      run the acceptance tests on a real Kubernetes instead (as root;
                    what follows goes to tests/kubernetes/run.sh)
  --no-install      do not install Debian packages
  --seeds N         simulation seeds (default: 2000); a tenth of them of migrations,
                    and schedules of chaos for a fiftieth
  --budget SECONDS  start no further suite after this long (default: none)
  -h, --help        this text
TEXT
}

preset=release only= install=1 seeds=2000 budget=0 units=. targets=all
readonly side_by_side=3
while [ $# -gt 0 ]; do
  case "$1" in
    --preset) preset=$2; shift ;;
    --only) only=$2; shift ;;
    --units) units=$2; shift ;;
    --targets) targets=$2; shift ;;
    --kubernetes) shift; exec tests/kubernetes/run.sh "$@" ;;
    --no-install) install= ;;
    --seeds) seeds=$2; shift ;;
    --budget) budget=$2; shift ;;
    -h | --help) usage; exit 0 ;;
    *) echo "tests/run.sh: unknown option '$1'" >&2; usage >&2; exit 2 ;;
  esac
  shift
done

started=$(date +%s)
build=$PWD/build/$preset
results=$build/test-results
passed=0 failed=0
not_reached=()

note() { printf '== %4ds  %s\n' $(($(date +%s) - started)) "$*"; }
finish() {
  [ ${#not_reached[@]} -eq 0 ] || echo "not reached in the time given: ${not_reached[*]}"
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
  exit
}

wanted() { [ -z "$only" ] || [[ ",$only," == *",$1,"* ]]; }
in_time() {
  [ "$budget" -eq 0 ] || [ $(($(date +%s) - started)) -lt "$budget" ] && return 0
  not_reached+=("$1")
  return 1
}

# Adds a JUnit report to the totals; a suite that left no report has failed.
count() {
  local name=$1 report=$2 status=$3 line
  line=$(/usr/bin/python3 tests/count_results.py "$report" 2>/dev/null) || line="0 1"
  local ok=${line% *} bad=${line#* }
  [ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
  passed=$((passed + ok)) failed=$((failed + bad))
  note "$name: $ok passed, $bad failed"
}

run_unit() {
  local program name
  for program in "$build"/unit/*; do
    [ -x "$program" ] && [ -f "$program" ] || continue
    name=$(basename "$program")
    [[ $name =~ $units ]] || continue
    timeout 300 "$program" --gtest_brief=1 --gtest_output="xml:$results/$name.xml" > "$results/$name.log" 2>&1
    local status=$?
    [ $status -eq 0 ] || grep -E 'FAILED|ERROR|runtime error|Failure|SUMMARY' "$results/$name.log" | head -n 40
    count "unit $name" "$results/$name.xml" $status
  done
}

# Runs one folder; its exit status goes to a file, so that folders can run side by side.
start_pytest() {
  local folder=$1 name=${1//\//-}
  rm -f "$results/$name.status"
  WINDLASS_TEST_LANE=$2 WINDLASS_BIN=$build/bin timeout 1600 /usr/bin/python3 -m pytest -q -ra -p no:cacheprovider "tests/$folder" \
    --durations=5 --junitxml="$results/$name.xml" > "$results/$name.log" 2>&1
  echo $? > "$results/$name.status"
}

report_pytest() {
  local folder=$1 name=${1//\//-} status
  status=$(cat "$results/$name.status" 2>/dev/null || echo 1)
  [ "$status" -eq 0 ] || tail -n 60 "$results/$name.log"
  grep -E '^(SKIPPED|coverage: )' "$results/$name.log"
  count "$folder" "$results/$name.xml" "$status"
}

# The black-box folders, a few at a time: they mostly wait.
run_folders() {
  local -A running=()
  local folder pid lane=0
  for folder in "$@"; do
    in_time "$folder" || continue
    while [ ${#running[@]} -ge "$side_by_side" ]; do
      wait -n -p pid "${!running[@]}"
      report_pytest "${running[$pid]}"
      unset "running[$pid]"
    done
    start_pytest "$folder" $((lane++ % (side_by_side + 1))) &
    running[$!]=$folder
  done
  while [ ${#running[@]} -gt 0 ]; do
    wait -n -p pid "${!running[@]}"
    report_pytest "${running[$pid]}"
    unset "running[$pid]"
  done
}

# The libraries' programs are made ready first: that takes longer than running them.
run_clients() {
  [ -z "$install" ] || tests/install-deps.sh clients || { failed=$((failed + 1)); return; }
  /usr/bin/python3 tests/clients/libraries.py
  run_folders clients
}

# The harness's own tests, then one seed after the other.
run_chaos() {
  local options=(--jobs 2 --seeds 1-8) line
  run_folders chaos
  [ "$budget" -eq 0 ] || options=(--jobs 2 --seeds 1-25 --time-limit "$((budget * 8 / 10 - ($(date +%s) - started)))")
  /usr/bin/python3 tests/chaos/run.py --bin "$build/bin" "${options[@]}" --logs "$results/chaos" > "$results/chaos-seeds.log" 2>&1
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$results/chaos-seeds.log" | tail -n 1)
  [ -n "$line" ] || line="0 passed, 1 failed"
  grep -E '^seed [0-9]+: (passed|FAILED)|WRONG' "$results/chaos-seeds.log"
  local ok=${line%% *} bad=${line#*, }
  bad=${bad%% *}
  passed=$((passed + ok)) failed=$((failed + bad))
  note "chaos seeds: $ok passed, $bad failed"
}

# One part of the simulation, its name first.
simulate() {
  local name=$1 log=$results/simulation-$1.log
  shift
  timeout 600 "$build/bin/windlass-sim" "$@" > "$log" 2>&1
  local status=$?
  echo "$name: $(tail -n 1 "$log")"
  if [ $status -eq 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); tail -n 30 "$log"; fi
}

run_simulation() {
  simulate cluster --seeds "1-$seeds"
  simulate migrations --migrations --seeds "1-$((seeds / 10))"
  /usr/bin/python3 tests/chaos/run.py --seeds "1-$((seeds / 50))" --print-schedule > "$results/schedules"
  simulate schedules --schedule "$results/schedules"
}

[ -z "$install" ] || tests/install-deps.sh || { failed=1; finish; }
mkdir -p "$results"
rm -f "$results"/*.xml
note "building ($preset)"
cmake --preset "$preset" > "$results/build.log" 2>&1 && cmake --build "$build" --target $targets >> "$results/build.log" 2>&1 || {
  grep -E 'error|FAILED' "$results/build.log" | head -n 40
  tail -n 20 "$results/build.log"
  failed=1
  finish
}
note "built"

if wanted unit; then run_unit; fi
if wanted architecture; then run_folders architecture; fi
if wanted simulation && in_time simulation; then run_simulation; fi
if [[ ",$only," == *,clients,* ]]; then run_clients; fi
if [[ ",$only," == *,chaos,* ]]; then run_chaos; fi
# Those that take longest go first, so that none is waited for alone at the end.
folders=()
for folder in system/cluster system/chaos system/operator system/ctl; do
  wanted "$folder" && folders+=("$folder")
done
while read -r folder; do
  wanted "$folder" && [[ " ${folders[*]} " != *" $folder "* ]] && folders+=("$folder")
done < <(cd tests && find system differential clients local -name 'test_*.py' -printf '%h\n' 2>/dev/null | sort -u)
run_folders "${folders[@]}"
finish
