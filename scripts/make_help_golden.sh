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
# subcommands COMMAND...: those that its help lists.
subcommands() { "$program" "$@" --help | sed -n '/^Subcommands:/,/^$/s/^  \([a-z]*\) .*/\1/p'; }
for command in $(subcommands); do
  "$program" "$command" --help >"$out/$command.txt"
  for inner in $(subcommands "$command"); do
    "$program" "$command" "$inner" --help >"$out/$command $inner.txt"
  done
done
