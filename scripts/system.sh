#!/bin/sh
# See that the named programs are there: install what is missing where that is possible (root on
# Debian), else say how to get it. Under CI a missing program is an error.
#   scripts/system.sh PROGRAM...
set -eu

package() { # the Debian package that brings a program
  case $1 in
    java) echo openjdk-17-jre-headless ;;
    javac) echo openjdk-17-jdk-headless ;;
    mvn) echo maven ;;
    node) echo nodejs ;;
    pango) echo libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core ;;
    postgres) echo postgresql ;;
    promtool) echo prometheus ;;
    *) echo "$1" ;;
  esac
}

present() {
  case $1 in
    python3-venv) python3 -c 'import ensurepip, venv' 2>/dev/null ;;
    chromium)
      command -v chromium || command -v chromium-browser || command -v google-chrome ;;
    postgres) command -v initdb || ls /usr/lib/postgresql/*/bin/initdb ;;
    pango)
      for library in pango-1.0 pangoft2-1.0 harfbuzz-subset; do
        PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null | grep -q "lib$library\.so" || return 1
      done ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
  esac
}

missing=''
for program in "$@"; do
  present "$program" >/dev/null 2>&1 || missing="$missing $(package "$program")"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing$missing" >&2
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086 # a list of names
  { apt-get update -qq && apt-get install -qq -y --no-install-recommends $missing; } >/dev/null
else
  echo "missing; install with your package manager (Debian's names):$missing" >&2
  [ -z "${CI:-}" ] || exit 1
fi
