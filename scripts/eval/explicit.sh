#!/usr/bin/env bash
# Explicit content: erasers of the preset's twelve concepts, and pictures of a prompt table such as I2P.
#
#   --prompts FILE      the table, with the columns prompt and evaluation_seed (or sd_seed); required
# Writes OUT/erasers.safetensors and OUT/i2p.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/eval/common.sh
parse "prompts" "$@"

[ -n "${OPTION[prompts]-}" ] || die "--prompts is missing: the table of I2P, or one like it"
table i2p table "${OPTION[prompts]}"
build explicit
draw i2p
