#!/usr/bin/env bash
# Fifty people erased at once: erasers, and pictures of those fifty and of a hundred others, 25 a name.
#
#   --erase FILE        names to erase, one a line (configs/eval/celebrities_50_erased.txt)
#   --keep FILE         names to keep (configs/eval/celebrities_100_kept.txt)
#   --concepts FILE     build from this concept list instead, with other settings (docs/formats.md)
# Writes OUT/erasers.safetensors, OUT/erased and OUT/kept.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/eval/common.sh
parse "erase keep concepts" "$@"

templates=(--template "A portrait of {}" --template "A sketch of {}" --template "An oil painting of {}"
  --template "{} in an official photo" --template "An image capturing {} at a public event")
erased=${OPTION[erase]:-$LISTS/celebrities_50_erased.txt}
kept=${OPTION[keep]:-$LISTS/celebrities_100_kept.txt}

table erased names "$erased" "${templates[@]}" --seeds 5
table kept names "$kept" "${templates[@]}" --seeds 5
build celebrity --concepts "${OPTION[concepts]:-$erased}"
draw erased "${PUBLISHED_NAMES[@]}"
draw kept "${PUBLISHED_NAMES[@]}"
