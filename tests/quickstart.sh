#!/usr/bin/env bash
# The quickstart as a test: it must end well, within five minutes after the build.
set -uo pipefail
cd "$(dirname "$0")/.."
if timeout 900 deploy/local/quickstart.sh --ci; then echo "1 passed, 0 failed"; else echo "0 passed, 1 failed"; exit 1; fi
