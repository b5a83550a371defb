#!/usr/bin/env bash
# Runs a command with a current kubectl in $KUBECTL and helm in $HELM: those given,
# else those on PATH (kubectl 1.30 or newer, helm 3 or newer), else fetched ones.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

recent_kubectl() {
  local minor
  minor=$(kubectl version --client 2>/dev/null | sed -nE 's/.*Client Version: v1\.([0-9]+).*/\1/p')
  [ -n "$minor" ] && [ "$minor" -ge 30 ]
}
recent_helm() { [[ $(helm version --short 2>/dev/null) =~ ^v([3-9]|[1-9][0-9])\. ]]; }

if [ -z "${KUBECTL:-}" ]; then
  if command -v kubectl >/dev/null && recent_kubectl; then KUBECTL=$(command -v kubectl); else KUBECTL=$("$here/fetch-kubectl.sh" 34 kubectl); fi
fi
if [ -z "${HELM:-}" ]; then
  if command -v helm >/dev/null && recent_helm; then HELM=$(command -v helm); else HELM=$("$here/fetch-kubectl.sh" 34 helm); fi
fi
export KUBECTL HELM
exec "$@"
