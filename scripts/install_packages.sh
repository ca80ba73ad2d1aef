#!/bin/sh
# Installs the Debian packages a goal needs: install_packages.sh build|bench|test|lint|fuzz
#
# As root directly, else through sudo, else it names what is missing and stops. Says nothing and takes no time when
# everything is there.
set -eu

build="g++ cmake ninja-build ccache libboost1.81-dev libboost-json1.81-dev libssl-dev libsqlite3-dev
  libfmt-dev libspdlog-dev libyaml-cpp-dev libcli11-dev libutf8proc-dev libjpeg62-turbo-dev libpng-dev
  libwebp-dev ca-certificates python3-yaml"
test="libgtest-dev libgmock-dev git curl"
# Interpreters from elsewhere (a version manager, say) serve as well as Debian's.
python_with_venv() {
  command -v python3 >/dev/null 2>&1 && python3 -c 'import ensurepip, venv' 2>/dev/null || echo "python3 python3-venv"
}

case "$1" in
  build) wanted=$build ;;
  test)
    wanted="$build $test"
    wanted="$wanted $(python_with_venv)"
    command -v node >/dev/null 2>&1 || wanted="$wanted nodejs"
    command -v npm >/dev/null 2>&1 || wanted="$wanted npm"
    ;;
  bench) wanted="$build $(python_with_venv)" ;;
  lint) wanted="$build $test python3 clang-format-14 clang-tidy-19" ;;
  fuzz) wanted="$build clang-19 libclang-rt-19-dev" ;;
  *) echo "usage: $0 build|bench|test|lint|fuzz" >&2; exit 2 ;;
esac

missing=""
for package in $wanted; do
  state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
  as_root=""
elif command -v sudo >/dev/null 2>&1; then
  as_root="sudo"
else
  echo "These Debian packages are missing, and neither root nor sudo is at hand to install them:" >&2
  echo "  apt-get install$missing" >&2
  exit 1
fi
echo "Installing Debian packages:$missing"
# shellcheck disable=SC2086  # a list of words
$as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q >/dev/null
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >/dev/null
