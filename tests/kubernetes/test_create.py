"""`kubectl apply` of the example ends in a cluster that is Ready."""

import time

import pytest

import harness

EXAMPLE = harness.ROOT / "deploy" / "examples" / "cluster.yaml"


@pytest.mark.timeout(300)
def test_the_example_is_ready_within_60_seconds(cluster, figures):
    begin = time.monotonic()
    cluster.kubectl("apply", "-f", EXAMPLE)
    cluster.kubectl("wait", "--for=condition=Ready", f"rediscluster/{cluster.name}", "--timeout=60s")
    took = time.monotonic() - begin
    figures("Ready after", f"{took:.1f} s")
    assert took < 60
    cluster.wait_ready(3, 6)
    cluster.check_whole()
    assert sorted(slots for slots in cluster.masters().values() if slots) == [5461, 5461, 5462]
    # The tool is in the image, and no shell is needed.
    listing = cluster.kubectl("exec", sorted(cluster.pods())[0], "--", "windlassctl", "cli", "cluster", "nodes")
    assert len(listing.stdout.strip().splitlines()) == 6
    assert f"{cluster.name} " in cluster.kubectl("get", "rdc").stdout
