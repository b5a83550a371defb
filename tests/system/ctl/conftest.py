"""The classic sessions wait out the cluster's own timeouts for most of a minute: they
are started first and asked for last, and the other tests run meanwhile."""

from pathlib import Path

import pytest


def _is_session(item):
    return item.path.name == "test_classic_session.py"


def pytest_collection_modifyitems(items):
    """Other folders' tests keep their places; of this folder's, the sessions come last."""
    here = Path(__file__).parent
    places = [index for index, item in enumerate(items) if item.path.parent == here]
    mine = sorted((items[index] for index in places), key=_is_session)
    for index, item in zip(places, mine):
        items[index] = item


@pytest.fixture(scope="session", autouse=True)
def sessions(request, tmp_path_factory):
    """The selected combinations, all started, as {(tool, kind): future}."""
    from test_classic_session import start_sessions
    wanted = [item for item in request.session.items if _is_session(item)]
    with start_sessions(wanted, tmp_path_factory) as started:
        yield started
