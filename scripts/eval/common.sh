# What the evaluation scripts share. Sourced, from the repository's root.
#
#   scripts/eval/NAME.sh BUNDLE OUT [options] [-- options of gloce build]
#
# Options that all of them know:
#   --original          draw the prompts with the untouched model too, into OUT/original
#   --limit N           the first N prompts of every table only
#   --steps N           denoising steps of the pictures (50)
#   --device, --dtype, --batch-size, --shard I/N   as gloce generate knows them
# What is there and right is not made again, so that an interrupted run goes on when the same command
# is started again. Erasers are there and right if erasers.safetensors.settings beside them says that
# they were built from the same model, preset, lists and options; others are an error. GLOCE names another program than build/gloce.

GLOCE=${GLOCE:-build/gloce}
PYTHON=${PYTHON:-python3}
LISTS=configs/eval

step() { printf '==> %s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 2; }

# usage SCRIPT: its header, and the options above.
usage() {
  sed -n '2,/^set -/{/^#/s/^# \{0,1\}//p}' "$1"
  echo
  sed -n '3,/^GLOCE/{/^#/s/^# \{0,1\}//p}' scripts/eval/common.sh
}

# set_option NAME VALUE "KNOWN NAMES": keeps it in OPTION.
set_option() {
  [[ " $3 " == *" $1 "* ]] || die "unknown option --$1 (known: --${3// /, --})"
  [ $# -eq 3 ] && [ -n "$2" ] || die "--$1 needs a value"
  OPTION[$1]=$2
}

# parse "OWN OPTIONS" ARGUMENTS...: sets BUNDLE, OUT, OPTION (a value by name) and BUILD (the rest).
parse() {
  local known="$1 limit steps device dtype batch-size shard" places=()
  shift
  declare -gA OPTION=()
  ORIGINAL='' BUILD=()
  while [ $# -gt 0 ]; do
    case $1 in
      -h | --help) usage "$0"; exit 0 ;;
      --original) ORIGINAL=yes; shift ;;
      --) shift; BUILD=("$@"); break ;;
      --*) set_option "${1#--}" "${2-}" "$known"; shift 2 ;;
      *) places+=("$1"); shift ;;
    esac
  done
  [ ${#places[@]} -eq 2 ] || die "expected a bundle and an output folder; see $0 --help"
  BUNDLE=${places[0]} OUT=${places[1]}
  [ -x "$GLOCE" ] || die "$GLOCE is not there; run scripts/quickstart.sh, or set GLOCE"
  [ -f "$BUNDLE/bundle.json" ] || die "$BUNDLE is no bundle; make one with scripts/export_bundle.py"
  mkdir -p "$OUT"
}

# forwarded NAMES...: those that were given, as options of gloce, in FORWARDED.
forwarded() {
  local name
  FORWARDED=()
  for name in "$@"; do
    if [ -n "${OPTION[$name]-}" ]; then FORWARDED+=("--$name" "${OPTION[$name]}"); fi
  done
}

# build_settings PRESET OPTIONS...: what decides about the erasers, a line a setting. Files count by
# name and content, the bundle by its model; what only sets the pace (--device) does not count.
build_settings() {
  local word words=() model
  model=$("$GLOCE" inspect "$BUNDLE" | sed -n 's/^model_identity: //p') || exit
  for word in "${@:2}"; do
    if [ -f "$word" ]; then word="${word##*/} (sha256 $(sha256sum < "$word" | cut -c 1-64))"; fi
    words+=("$word")
  done
  printf 'preset: %s\n' "$1"
  printf 'model: %s\n' "$model"
  printf 'dtype: %s\n' "${OPTION[dtype]:-float32}"
  printf 'options: %s\n' "${words[*]-}"
}

# same_build FILE SETTINGS: ends with an error unless FILE was built with SETTINGS.
same_build() {
  local record=$1.settings differs
  [ -f "$record" ] || die "$1 is there without $record, which says how it was built;" \
    "put that beside it, take another output folder, or remove the erasers"
  differs=$(diff "$record" - <<< "$2" | sed -n 's/^< /then "/p; s/^> /now "/p' | sed 's/$/"/' \
    | paste -s -d ' ') || true
  [ -z "$differs" ] || die "$1 was built otherwise ($differs);" \
    "give the same settings, take another output folder, or remove the erasers"
}

# build PRESET [options]: OUT/erasers.safetensors, unless it is there and was built just so.
build() {
  local file="$OUT/erasers.safetensors" settings
  ERASERS=("$file")
  settings=$(build_settings "$@" "${BUILD[@]}")
  if [ -e "$file" ]; then
    same_build "$file" "$settings"
    step "erasers: $file is there (remove it to build it again)"
    return
  fi
  step "erasers: preset $1"
  printf '%s\n' "$settings" > "$file.settings"
  forwarded device dtype
  "$GLOCE" build --model "$BUNDLE" --preset "$1" "${@:2}" --out "$file" "${FORWARDED[@]}" \
    "${BUILD[@]}"
}

# table NAME KIND FILE [options of prompts.py]: OUT/NAME.csv
table() {
  forwarded limit
  "$PYTHON" scripts/eval/prompts.py "$2" "$3" "${@:4}" --out "$OUT/$1.csv" "${FORWARDED[@]}"
}

# Failed rows (exit code 3) do not keep the other tables from being drawn.
STATUS=0
trap 'code=$?; exit $((code ? code : STATUS))' EXIT
generate() {
  local code=0
  "$GLOCE" generate "$@" || code=$?
  case $code in
    0) ;;
    3) STATUS=3 ;;
    *) exit "$code" ;;
  esac
}

# draw NAME [options]: the pictures of OUT/NAME.csv with the ERASERS, as published: PNDM, guidance
# 7.5, 50 steps.
draw() {
  local erasers=() file
  for file in "${ERASERS[@]}"; do erasers+=(--erasers "$file"); done
  forwarded device dtype batch-size shard
  local options=(--model "$BUNDLE" --prompts "$OUT/$1.csv" --scheduler pndm --guidance 7.5
    --steps "${OPTION[steps]:-50}" "${FORWARDED[@]}" "${@:2}")
  step "pictures: $OUT/$1"
  generate "${options[@]}" "${erasers[@]}" --out "$OUT/$1"
  if [ -n "$ORIGINAL" ]; then
    step "pictures of the untouched model: $OUT/original/$1"
    generate "${options[@]}" --out "$OUT/original/$1"
  fi
}

# The published naming, for the published evaluators.
PUBLISHED_NAMES=(--filename '{prompt-dashed}_{seed}_{i}.png')
