"""Settings changed in a running pod: the root is read-only, so they are kept with the data."""

import pytest

from kept_settings import check_kept_settings
from redis_cluster import STORAGE


@pytest.mark.timeout(600)
def test_config_rewrite_keeps_settings_beside_the_data_and_the_spec_wins(cluster):
    cluster.apply(shards=3, replicasPerShard=0, storage=STORAGE, config={"hz": "20"})
    cluster.settle(3, 3)
    check_kept_settings(cluster, "demo-1", 3, 3)
    cluster.settle(3, 3)
    volume = next(c["spec"]["volumeName"] for name, c in cluster.claims().items() if name == "demo-1")
    files = {path.name for path in (cluster.kubernetes.folder / "volumes" / volume).iterdir()}
    assert {"kept.conf", "nodes.conf", "appendonlydir"} <= files, files
