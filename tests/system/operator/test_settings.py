"""CONFIG REWRITE in a pod whose configuration file is a ConfigMap's."""

import pytest

from kept_settings import check_kept_settings
from local_cluster import LocalCluster


@pytest.mark.timeout(240)
def test_config_rewrite_keeps_settings_beside_the_data_and_the_spec_wins(tmp_path):
    with LocalCluster(tmp_path, node="windlass-node") as cluster:
        cluster.apply(shards=3, replicasPerShard=0, storage={"size": "1Gi"}, config={"hz": "20"})
        cluster.wait_ready(3, 3)
        check_kept_settings(cluster, "demo-1", 3, 3)
        assert list(tmp_path.rglob("kept.conf")), "in the claim's folder"
