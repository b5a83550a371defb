"""Where the other parts of the tests are that the chaos harness stands on."""

import sys
from pathlib import Path

_TESTS = Path(__file__).resolve().parents[1]
for _folder in ("system", "system/cluster"):
    sys.path.insert(0, str(_TESTS / _folder))

import harness  # noqa: E402,F401
from cluster_tools import slot_of  # noqa: E402,F401
from ledger_process import Ledger  # noqa: E402,F401
