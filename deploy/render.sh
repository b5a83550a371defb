#!/usr/bin/env bash
# Writes deploy/operator.yaml anew: what the chart makes of its own values, for
# `kubectl apply -k deploy`. Run it after a change of helm/windlass.
# usage: deploy/render.sh [--stdout]
set -euo pipefail
cd "$(dirname "$0")/.."

digest() {
  /usr/bin/python3 -c '
import sys
sys.path.insert(0, "tests/architecture")
import test_deploy
print(test_deploy.digest())'
}

render() {
  echo "# The operator as the chart helm/windlass installs it. Written by deploy/render.sh."
  echo "# chart: $(digest)"
  tests/with-kubectl.sh bash -c '"$HELM" template windlass helm/windlass --namespace windlass-system --set crds.install=false --skip-tests 2>/dev/null' |
    sed -E '/^ *helm\.sh\/chart:|^ *app\.kubernetes\.io\/managed-by:|^# Source:/d'
}

if [ "${1:-}" = --stdout ]; then render; else render > deploy/operator.yaml; fi
