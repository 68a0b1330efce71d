#!/usr/bin/env bash
# clang-format and clang-tidy over everything of ours; changes nothing.
#
#   scripts/lint.sh            all files, some minutes
#   scripts/lint.sh FILE...    these only
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/setup.sh

case ${1-} in
  -h | --help) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac
if [ $# -eq 0 ]; then
  mapfile -t files < <(git ls-files '*.cc' '*.h')
else
  files=("$@")
fi

install_packages "${PACKAGES[@]}" "${TEST_PACKAGES[@]}"
make_environment
install_requirements requirements-lint.txt

step "clang-format: ${#files[@]} files"
"$VENV/bin/clang-format" --dry-run --Werror "${files[@]}"

# Only the commands are needed, and those without GCC's precompiled header.
mkdir -p build-lint
GLOCE_VENV=$VENV cmake -S . -B build-lint -G Ninja -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_EXPORT_COMPILE_COMMANDS=ON -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON \
  >build-lint/configure.log 2>&1 || die "cmake could not configure; see build-lint/configure.log"

mapfile -t sources < <(printf '%s\n' "${files[@]}" | grep -E '^(src|examples)/.*\.cc$')
step "clang-tidy: ${#sources[@]} files"
printf '%s\0' "${sources[@]}" |
  xargs -0 -r -n1 -P"$(nproc)" "$VENV/bin/clang-tidy" -p build-lint --quiet
step "nothing to mend"
