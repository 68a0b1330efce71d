#!/usr/bin/env bash
# Fuzzes the readers of files with libFuzzer, AddressSanitizer and UBSan.
#
#   scripts/fuzz.sh [--seconds N] [--build-only | --run-only] [TARGET...]
#
# Builds the targets of tests/fuzz (all, or those named: csv, json_lines, bundle …)
# with clang into build-fuzz/ and runs one after the other, N seconds each (600).
# What a run finds worth keeping stays in build-fuzz/corpus/TARGET and is where
# the next run begins; inputs that fail are put into build-fuzz/crashes/TARGET,
# logs into build-fuzz/logs. Exit code 1 if a target failed.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/setup.sh

seconds=600
build=1
run=1
targets=()
while [ $# -gt 0 ]; do
  case $1 in
    --seconds)
      seconds=${2:-}
      [[ $seconds =~ ^[1-9][0-9]*$ ]] || die "--seconds: got '$seconds', expected a whole number"
      shift ;;
    --build-only) run= ;;
    --run-only) build= ;;
    -h | --help) sed -n '2,11s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -*) die "unknown option $1" ;;
    *) targets+=("$1") ;;
  esac
  shift
done
known=()
for source in tests/fuzz/*_fuzz.cc; do
  known+=("$(basename "$source" _fuzz.cc)")
done
[ ${#targets[@]} -gt 0 ] || targets=("${known[@]}")
for target in "${targets[@]}"; do
  [[ " ${known[*]} " = *" $target "* ]] || die "unknown target $target (known: ${known[*]})"
done

mkdir -p build-fuzz/{logs,crashes,corpus}
if [ -n "$build" ]; then
  command -v clang++ >/dev/null || die "clang++ is not there; install clang"
  step "build: into build-fuzz/"
  GLOCE_VENV=$VENV cmake --preset fuzz >build-fuzz/logs/configure.log 2>&1 ||
    { tail -20 build-fuzz/logs/configure.log >&2; die "cmake could not configure"; }
  cmake --build build-fuzz --target "${targets[@]/%/_fuzz}" >build-fuzz/logs/compile.log 2>&1 ||
    { tail -40 build-fuzz/logs/compile.log >&2; die "the build failed"; }
fi
[ -n "$run" ] || exit 0

# LibTorch keeps what it allocates at its start.
export ASAN_OPTIONS=detect_leaks=0
failed=()
for target in "${targets[@]}"; do
  mkdir -p "build-fuzz/corpus/$target" "build-fuzz/crashes/$target"
  while read -r seed; do
    cp -r "$seed" "build-fuzz/corpus/$target/"
  done <"build-fuzz/tests/fuzz/${target}_fuzz.corpus"
  step "$target: $seconds s"
  log=build-fuzz/logs/$target.log
  if ! build-fuzz/tests/fuzz/"${target}_fuzz" "build-fuzz/corpus/$target" \
    -max_total_time="$seconds" -timeout=20 -malloc_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="build-fuzz/crashes/$target/" >>"$log" 2>&1; then
    failed+=("$target")
    printf '%s failed: see %s and %s\n' "$target" "$log" "build-fuzz/crashes/$target"
  fi
done
if [ ${#failed[@]} -gt 0 ]; then die "findings in: ${failed[*]}"; fi
