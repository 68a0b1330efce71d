#!/usr/bin/env bash
# From a fresh machine to pictures: dependencies, build, and a demo that erases three concepts from
# the bundled demo model and draws the same prompts with and without them.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/setup.sh

case ${1:-} in
  '') ;;
  -h | --help) sed -n '2,3s/^# \{0,1\}//p' "$0"; exit 0 ;;
  *) die "unknown argument $1" ;;
esac

install_packages "${PACKAGES[@]}"
make_environment
build_gloce OFF

made_from=$(cat models/emoji/*/*.safetensors models/emoji/*/*.json models/emoji/*.json \
  python/export/*.py python/demo/*.py scripts/export_bundle.py "$VENV/.requirements.txt.installed" |
  sha256sum)
if [ "$(cat build/emoji.made_from 2>/dev/null)" = "$made_from" ] && [ -d build/emoji ]; then
  step "demo: build/emoji is up to date"
else
  step "demo: exporting models/emoji to build/emoji"
  "$PYTHON" -W ignore scripts/export_bundle.py models/emoji --out build/emoji --overwrite \
    >build/export.log 2>&1 || { tail -5 build/export.log >&2; die "the export failed; see build/export.log"; }
  echo "$made_from" >build/emoji.made_from
fi

step "demo: erasing cat, guitar and pizza, drawing before and after"
"$PYTHON" -W ignore scripts/quickstart_demo.py --bundle build/emoji --program build/gloce --out build/demo
