"""One Kubernetes and one release of the operator for all tests; a namespace for each.

Every test adds one line to what the run prints: its name, its time and what it
measured (the `figures` fixture).
"""

import os
import re
import sys
import time
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "system")]

import harness  # noqa: E402
from kubernetes import Kubernetes  # noqa: E402
from redis_cluster import RedisCluster  # noqa: E402
from release import Release  # noqa: E402

FIRST = ["test_image.py", "test_create.py", "test_scale.py", "test_deleted_pod.py", "test_drain.py", "test_eviction.py", "test_quota.py"]
LAST = ["test_same_answers.py", "test_docs.py", "test_uninstall.py", "test_permissions.py"]  # what they look at, the others have made


def pytest_collection_modifyitems(items):
    def place(item):
        name = item.path.name
        if name in FIRST:
            return FIRST.index(name)
        return 100 + LAST.index(name) if name in LAST else 50

    items.sort(key=place)


def pytest_runtest_protocol(item, nextitem):
    """Out of time, no further test begins; which were not is said at the end."""
    end = float(os.environ.get("WINDLASS_TESTS_END", "inf"))
    if time.time() < end:
        return None
    with open(Path(os.environ["WINDLASS_KUBERNETES_LOGS"]) / "not-reached", "a", encoding="utf-8") as said:
        said.write(f"not reached in the time given: {item.name}\n")
    return True


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed:
        item.config.failed_tests = getattr(item.config, "failed_tests", 0) + 1
        kubernetes = item.funcargs.get("kubernetes")
        if kubernetes:
            kubernetes.collect(Path(os.environ["WINDLASS_KUBERNETES_LOGS"]) / item.name)


def pytest_runtest_logreport(report):
    if report.when == "call" or report.failed:
        figures = "; ".join(f"{name} {value}" for name, value in report.user_properties)
        name = report.nodeid.split("::")[-1].removeprefix("test_").replace("_", " ")
        stage = "" if report.when == "call" else f" ({report.when})"
        print(f"\n{report.outcome.upper()} {report.duration:6.1f} s  {name}{stage}{': ' if figures else ''}{figures}", flush=True)
        if report.failed:
            print(report.longreprtext, flush=True)


@pytest.fixture(scope="session")
def kubernetes():
    folder = Path(os.environ["WINDLASS_KUBERNETES_FOLDER"])
    images = [Path(os.environ["WINDLASS_IMAGES"]) / name for name in ("node.tar", "operator.tar")]
    begin = time.monotonic()
    with Kubernetes(folder, os.environ["WINDLASS_KUBERNETES_BIN"], images) as running:
        print(f"\nKubernetes {running.version()}: up in {time.monotonic() - begin:.1f} s", flush=True)
        yield running


@pytest.fixture(scope="session")
def installed(kubernetes):
    begin = time.monotonic()
    release = Release(kubernetes)
    release.install()
    print(f"\nchart installed, operator available after {time.monotonic() - begin:.1f} s", flush=True)
    yield release
    release.leaving.wait()


@pytest.fixture
def release(installed):
    """The operator as it should be at the start of every test."""
    harness.wait_for(installed.available, 180, "the operator is available")
    return installed


@pytest.fixture
def cluster(kubernetes, release, request):
    space = re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_").lower())[:50].strip("-")
    made = RedisCluster(kubernetes, release, space)
    yield made
    release.leaving.add(made.delete)


@pytest.fixture
def figures(request):
    """figures("scaled out in", "12.3 s"): goes into the test's line."""
    return lambda name, value: request.node.user_properties.append((name, value))
