#!/usr/bin/env bash
# A hundred artists' styles erased at once: erasers, and pictures in those styles and in a hundred
# others, 25 a name.
#
#   --erase FILE        names to erase, one a line (configs/eval/artists_100_erased.txt)
#   --keep FILE         names to keep (configs/eval/artists_100_kept.txt)
#   --concepts FILE     build from this concept list instead, with other settings (docs/formats.md)
# Writes OUT/erasers.safetensors, OUT/erased and OUT/kept.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/eval/common.sh
parse "erase keep concepts" "$@"

templates=(--template "Image in the style of {}" --template "Art inspired by {}"
  --template "Painting in the style of {}" --template "A reproduction of art by {}"
  --template "A famous artwork by {}")
erased=${OPTION[erase]:-$LISTS/artists_100_erased.txt}
kept=${OPTION[keep]:-$LISTS/artists_100_kept.txt}

table erased names "$erased" "${templates[@]}" --seeds 5
table kept names "$kept" "${templates[@]}" --seeds 5
build style --concepts "${OPTION[concepts]:-$erased}"
draw erased "${PUBLISHED_NAMES[@]}"
draw kept "${PUBLISHED_NAMES[@]}"
