#!/bin/sh
# A virtual environment with exactly the locked packages, each checked against its hash.
#   scripts/environment.sh FOLDER LOCKFILE [PYTHON]
set -eu
folder=$1 lockfile=$2 python=${3:-python3}

"$(dirname "$0")/system.sh" "$python" python3-venv
[ -x "$folder/bin/pip" ] || "$python" -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check --require-hashes --no-deps \
  --requirement "$lockfile"
