#!/usr/bin/env bash
# What erasing costs pictures that have nothing to do with it: COCO captions drawn with erasers.
#
#   --prompts FILE      the captions, with the columns prompt and evaluation_seed; required
#   --erasers FILE      erasers made by one of the other scripts; required
# Writes OUT/coco. Give --original once: FID and KID of the untouched model are the measure.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/eval/common.sh
parse "prompts erasers" "$@"

[ -n "${OPTION[prompts]-}" ] || die "--prompts is missing: COCO-30K, or a table like it"
[ -n "${OPTION[erasers]-}" ] || die "--erasers is missing: a file of one of the other scripts"
[ ${#BUILD[@]} -eq 0 ] || die "nothing is built here, so nothing goes after --"
ERASERS=("${OPTION[erasers]}")
table coco table "${OPTION[prompts]}"
draw coco
