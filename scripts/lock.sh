#!/bin/sh
# Rewrite requirements/*.txt: every package with its hashes, without the address of any registry.
#   scripts/lock.sh [--upgrade | --upgrade-package NAME]
set -eu
cd "$(dirname "$0")/.."

lock() {
  name=$1
  shift
  CUSTOM_COMPILE_COMMAND='make lock' .venv/bin/pip-compile --quiet --no-config \
    --generate-hashes --strip-extras --allow-unsafe --newline=lf \
    --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options \
    --output-file="requirements/$name.txt" "$@"
}

lock base pyproject.toml "$@"
lock build pyproject.toml --only-build-deps --build-deps-for=wheel "$@"
lock dev pyproject.toml requirements/dev.in --all-extras \
  --constraint=requirements/base.txt "$@"
lock bench requirements/bench.in "$@"
