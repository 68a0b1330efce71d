#!/usr/bin/env bash
# From a fresh machine to green tests: dependencies, build, tests.
#
#   scripts/test.sh          all tests but slow ones
#   scripts/test.sh --slow   slow ones too
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/setup.sh

exclude='slow|gpu|slurm'
for argument in "$@"; do
  case $argument in
    --slow) exclude='gpu|slurm' ;;
    -h | --help) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) die "unknown argument $argument (known: --slow)" ;;
  esac
done

install_packages "${PACKAGES[@]}" "${TEST_PACKAGES[@]}"
make_environment
install_requirements requirements-test.txt --no-deps
build_gloce ON

step "tests"
# Two at a time with one thread each are faster than one with two.
export OMP_NUM_THREADS=1
log=build/test.log
status=0
ctest --test-dir build --output-on-failure --no-tests=error -j 2 -LE "$exclude" 2>&1 | tee "$log" ||
  status=$?
if grep -q '\*\*\*Skipped' "$log"; then
  die "tests were skipped; only those labelled gpu and slurm may be"
fi
exit "$status"
