#!/usr/bin/env bash
# Submits a run to Slurm: build in shards → merge → generate in shards → collect.
#
#   scripts/slurm/submit.sh SETTINGS
#
# SETTINGS is a bash file that says what to do; scripts/slurm/example.sh shows and explains all that can
# be set. Jobs run in the folder this is called from. The same call again resumes a run: what is there
# and right is not made twice. docs/slurm.md tells more.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/scripts/slurm
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

case ${1-} in
  -h | --help) sed -n '2,/^set -/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
esac
[ $# = 1 ] || die "expected one argument, the settings; see $0 --help"
[ -f "$1" ] || die "$1: no such file"

GLOCE=$root/build/gloce
MODEL='' OUT='' CONCEPTS='' PROMPTS=''
ERASERS=() BUILD_ARGS=() GENERATE_ARGS=() SBATCH_ARGS=() GPU_ARGS=(--gpus-per-task=1)
BUILD_SHARDS=1 GENERATE_SHARDS=1
settings=$(realpath -- "$1")  # a name without a slash would be looked for in PATH first
known=$(compgen -v)
. "$settings"
unknown=$(compgen -v | grep '^[A-Z]' | grep -vxF "$known" | paste -sd' ') || true

command -v sbatch >/dev/null || die "sbatch is not there; run this where jobs are submitted"
[ -z "$unknown" ] || die "$1: no setting is called $unknown"
[ -n "$OUT" ] || die "$1: OUT is not set; it is the folder for everything that the run makes"
[ -n "$CONCEPTS$PROMPTS" ] || die "$1: nothing to do; set CONCEPTS (to build), PROMPTS (to draw) or both"
[ -x "$GLOCE" ] || die "$1: GLOCE: $GLOCE is no program"
[ -f "$MODEL/bundle.json" ] || die "$1: MODEL: \"$MODEL\" is no bundle (it has no bundle.json)"
for file in "$CONCEPTS" "$PROMPTS" "${ERASERS[@]}"; do
  [ -z "$file" ] || [ -f "$file" ] || die "$1: $file: no such file"
done
for count in BUILD_SHARDS GENERATE_SHARDS; do
  [[ ${!count} =~ ^[1-9][0-9]*$ ]] || die "$1: $count: got \"${!count}\", expected a whole number from 1"
done

[[ " ${GENERATE_ARGS[*]} " != *" --overwrite "* ]] ||
  die "$1: GENERATE_ARGS: with --overwrite a requeued task would begin anew; take another OUT"

mkdir -p "$OUT/logs" "$OUT/build"
OUT=$(cd "$OUT" && pwd)
[ -z "$CONCEPTS" ] || ERASERS+=("$OUT/erasers.safetensors")
# As they are now, so that editing the file changes no job that waits.
declare -p GLOCE MODEL OUT CONCEPTS PROMPTS ERASERS BUILD_ARGS GENERATE_ARGS BUILD_SHARDS \
  GENERATE_SHARDS >"$OUT/settings.sh"

# refused STAGE: ends the script, and with it what was submitted.
refused() {
  [ ${#jobs[@]} != 0 ] || die "sbatch refused $1"
  scancel "${jobs[@]}" || die "sbatch refused $1; cancel what was submitted before it: jobs ${jobs[*]}"
  die "sbatch refused $1; what was submitted before it is cancelled: jobs ${jobs[*]}"
}

# submit STAGE [sbatch's options]: the stage begins when the one before has ended well, and is
# cancelled when that has not.
last='' jobs=()
submit() {
  local stage=$1
  shift
  [ -z "$last" ] || set -- --dependency="afterok:$last" --kill-on-invalid-dep=yes "$@"
  last=$(sbatch --parsable --job-name="gloce-$stage" "$@" "${SBATCH_ARGS[@]}" \
    "$here/$stage.sbatch" "$here" "$OUT/settings.sh") || refused "$stage"
  last=${last%%;*}  # a cluster's name may follow
  jobs+=("$last")
  echo "$stage: job $last"
}

one=(--output="$OUT/logs/%x-%j.log")
array=(--output="$OUT/logs/%x-%A-%a.log")
if [ -n "$CONCEPTS" ]; then
  submit build "${array[@]}" --array="1-$BUILD_SHARDS" "${GPU_ARGS[@]}"
  submit merge "${one[@]}"
fi
if [ -n "$PROMPTS" ]; then
  submit generate "${array[@]}" --array="1-$GENERATE_SHARDS" "${GPU_ARGS[@]}"
  submit collect "${one[@]}" "${GPU_ARGS[@]}"
fi
echo "logs: $OUT/logs"
