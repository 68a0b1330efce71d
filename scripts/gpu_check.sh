#!/usr/bin/env bash
# What should be known of gloce on a GPU, in one report: tests, agreement with the CPU, memory, time,
# diffusers beside it.
#
#   scripts/gpu_check.sh [options]      after scripts/test.sh
#
#   --device NAME       cuda (default), cuda:1, or cpu to try the script without a GPU
#   --bundle FOLDER     what is sampled (build/testdata/emoji); a Stable Diffusion bundle tells more
#   --pipeline FOLDER   the diffusers folder it was made from (models/emoji), for comparisons
#   --report FILE       where the report goes (build/gpu_check.md)
#   --dtypes LIST       float32,float16,bfloat16 (on the CPU without float16)
#   --compare LIST      of these the types in which diffusers runs beside gloce (all)
#   --steps N           denoising steps of pictures and latents (20)
#   --batch-sizes LIST  pictures sampled together, for time and memory (1,4,16)
#   --repeats N         runs a figure, of which the median counts (5)
#   --concepts LIST     erased at once, for the cost of erasing (1,50,300,1000)
#   --tests REGEX       run only these tests (default: all but slow ones, and with a GPU label gpu too)
#
# GLOCE_BUILD names another build folder than build. Exit code 1 if a test failed or something could
# not be measured, which does not stop the rest; the figures themselves are for a person to judge.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/setup.sh

build=${GLOCE_BUILD:-build}
device=cuda report='' tests='' bundle='' pipeline=models/emoji dtypes='' compare='' steps=20 repeats=5
batch_sizes=1,4,16 concepts=1,50,300,1000
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) sed -n '2,/^set -/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
    --device | --bundle | --pipeline | --report | --tests | --dtypes | --compare | --steps | \
      --batch-sizes | --repeats | --concepts)
      [ -n "${2-}" ] || die "$1 needs a value"
      name=${1#--}
      declare "${name//-/_}=$2"; shift 2 ;;
    *) die "unknown argument $1; see $0 --help" ;;
  esac
done
report=${report:-$build/gpu_check.md}
bundle=${bundle:-$build/testdata/emoji}
if [ -z "$dtypes" ]; then
  [ "$device" = cpu ] && dtypes=float32,bfloat16 || dtypes=float32,float16,bfloat16
fi
compare=${compare:-$dtypes}

for needed in "$build/gloce" "$build/tests/erasure/latents" "$build/benchmarks/erasing_cost" \
  "$build/CTestTestfile.cmake" "$PYTHON"; do
  [ -e "$needed" ] || die "$needed is missing; run scripts/test.sh first"
done
if [ "$device" != cpu ]; then
  "$PYTHON" -c 'import sys, torch; sys.exit(not torch.cuda.is_available())' 2>/dev/null ||
    die "no GPU that torch can use; on a machine with one, check nvidia-smi and that the torch of \
$VENV is a CUDA build. --device cpu tries this script without one"
fi

status=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
select=(-LE 'slow|slurm')
[ "$device" != cpu ] || select=(-LE 'slow|slurm|gpu')
[ -z "$tests" ] || select+=(-R "$tests")
step "tests"
ctest --test-dir "$build" --output-on-failure --no-tests=error "${select[@]}" >"$log" 2>&1 || status=1
tail -n 12 "$log"

step "agreement, memory, time"
{
  echo "# gloce on $device"
  echo
  echo "Commit $(git describe --always --dirty 2>/dev/null || echo unknown), $(date -u +%F)."
  echo
  echo "## Tests"
  echo '```'
  grep -E '^[0-9]+% tests passed|\((Failed|Timeout|Not Run)\)|\*\*\*' "$log" || tail -n 5 "$log"
  echo '```'
} >"$report"
"$PYTHON" -W ignore scripts/gpu_check.py --program "$build/gloce" \
  --latents "$build/tests/erasure/latents" --bundle "$bundle" --device "$device" \
  --dtypes "$dtypes" --steps "$steps" --batch-sizes "$batch_sizes" --repeats "$repeats" \
  >>"$report" || { status=1; echo "FAILED; see what it printed" >>"$report"; }

# part TITLE COMMAND...: a part of the report; a failure is told there and does not stop the rest.
part() {
  step "$1"
  printf '\n## %s\n```\n' "$1" >>"$report"
  "${@:2}" >>"$report" 2>"$log" || { status=1; echo "FAILED: $(tail -n 1 "$log")" >>"$report"; }
  echo '```' >>"$report"
}
# Loads no network; by bash's own clock, which speaks on stderr.
start_up() {
  local TIMEFORMAT='gloce --help: %R s'
  time "$build/gloce" --help >/dev/null
} 2>&1
part "start-up" start_up
# A pass of a build has 50 steps, of which it records all but the first.
recorded=$((steps < 2 ? 2 : steps > 16 ? 16 : steps))
for dtype in ${compare//,/ }; do
  for script in compare_sampling.py compare_pass.py compare_erased.py; do
    few=$steps
    [ "$script" != compare_pass.py ] || few=$recorded
    part "$script, $dtype" "$PYTHON" -W ignore "benchmarks/$script" --program "$build/gloce" \
      --model "$bundle" --pipeline "$pipeline" --device "$device" --rounds "$repeats" \
      --steps "$few" $((3 * few)) --dtype "$dtype"
  done
done
for dtype in ${dtypes//,/ }; do
  part "cost of erasing, $dtype" "$build/benchmarks/erasing_cost" "$bundle" --device "$device" \
    --dtype "$dtype" --runs "$repeats" --concepts ${concepts//,/ }
  part "cost of statistics, $dtype" "$build/benchmarks/statistics_cost" "$bundle" \
    --device "$device" --dtype "$dtype" --runs "$repeats"
done

step "report: $report"
exit "$status"
