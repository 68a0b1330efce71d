#!/usr/bin/env bash
# Writes the help texts that tests/cli compares: run it after a change of options, and read the
# difference before you commit it.
#
#   scripts/make_help_golden.sh build/gloce
set -euo pipefail
program=$1
out=$(dirname "$0")/../tests/data/help
mkdir -p "$out"
"$program" --help >"$out/gloce.txt"
for command in $("$program" --help | sed -n '/^Subcommands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
  "$program" "$command" --help >"$out/$command.txt"
done
