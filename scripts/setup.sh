# Steps that quickstart.sh and test.sh share. Sourced, from the repository's root.
# Every step looks first and does only what is missing, so that a machine that is set up needs no
# network.

step() { printf '==> %s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

VENV=${GLOCE_VENV:-$PWD/.venv}
PYTHON=$VENV/bin/python

# What a bare Debian 12 lacks.
PACKAGES=(ca-certificates g++ cmake ninja-build ccache python3 python3-venv
  libcli11-dev nlohmann-json3-dev libspdlog-dev libstb-dev libssl-dev zlib1g-dev libcsv-dev
  libpng-dev libturbojpeg0-dev)
TEST_PACKAGES=(libgtest-dev libgmock-dev libbenchmark-dev zsh fish chromium)

install_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
      missing+=("$package")
  done
  if [ ${#missing[@]} -eq 0 ]; then
    step "system packages: all there"
    return
  fi
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "these packages are missing: ${missing[*]}. Install them as \
root (apt-get install ${missing[*]}), then run this again"
    sudo=(sudo)
  fi
  command -v apt-get >/dev/null || die "apt-get is not there; install the equivalents of: ${missing[*]}"
  step "system packages: installing ${missing[*]}"
  if [ ${#sudo[@]} -gt 0 ]; then
    sudo -v || die "sudo does not let you in. Run this as root: apt-get install ${missing[*]}"
  fi
  # What is cached may be enough, so that only the installation decides.
  "${sudo[@]}" apt-get update -qq || step "system packages: apt-get update failed, going on"
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    "${missing[@]}" >/dev/null ||
    die "apt-get could not install: ${missing[*]}. Check the network and the package sources"
}

# install_requirements FILE [pip options]: skipped while FILE is what was installed last.
install_requirements() {
  local file=$1 stamp
  shift
  stamp=$VENV/.$(basename "$file").installed
  if cmp -s "$file" "$stamp"; then
    step "Python packages of $file: all there"
    return
  fi
  step "Python packages of $file: installing (a few GB with CUDA; pip's own settings apply)"
  "$PYTHON" -m pip install --quiet "$@" -r "$file" ||
    die "pip could not install $file; check the network, or pip's index settings"
  cp "$file" "$stamp"
}

make_environment() {
  # An interrupted run may leave an environment without pip.
  if ! "$PYTHON" -m pip --version >/dev/null 2>&1; then
    step "Python environment: making $VENV"
    local clear=()
    if [ -e "$VENV/pyvenv.cfg" ]; then clear=(--clear); fi
    # The system's Python: other ones may lack the venv module's parts.
    "$(PATH=/usr/bin:$PATH command -v python3)" -m venv "${clear[@]}" "$VENV" ||
      die "cannot make the Python environment $VENV; is python3-venv installed?"
  fi
  install_requirements requirements.txt
}

# build_gloce TESTS(ON|OFF): with tests, the benchmarks too, which are tried by tests.
build_gloce() {
  step "build: configuring"
  mkdir -p build
  # What an earlier run found may be of another environment.
  GLOCE_VENV=$VENV cmake --preset release -U LIBTORCH_DIR -U GLOCE_PYTHON \
    -DGLOCE_BUILD_TESTS="$1" -DGLOCE_BUILD_BENCHMARKS="$1" >build/configure.log 2>&1 ||
    { tail -20 build/configure.log >&2; die "cmake could not configure; see build/configure.log"; }
  step "build: compiling into build/ (log: build/compile.log)"
  cmake --build build >build/compile.log 2>&1 ||
    { grep -A5 -E 'error|FAILED' build/compile.log | head -40 >&2 || true
      die "the build failed; see build/compile.log"; }
}
