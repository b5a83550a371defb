"""Servers that can move slots at once are told to; who told them may die meanwhile."""

import subprocess

import pytest

from tool import harness, succeed


def jobs(node):
    return [dict(zip(reply[::2], reply[1::2])) for reply in node.call("CLUSTER", "GETSLOTMIGRATIONS")]


def owns(node, slot):
    return any(first <= slot <= last for first, last in node.cluster_nodes()[node.id()]["slots"])


def ctl(*words):
    return harness.run_tool(harness.binary("windlassctl"), *words, timeout=60)


@pytest.fixture
def shards(tmp_path):
    """Two masters with a replica each."""
    with harness.Nodes(tmp_path, 4, kind="windlass-node") as nodes:
        harness.form_cluster(nodes.all[:2], nodes.all[2:])
        for index in range(2000):
            owner = next(n for n in nodes.all[:2] if owns(n, n.call("CLUSTER", "KEYSLOT", f"k{index}")))
            owner.call("SET", f"k{index}", index)
        yield nodes.all


def test_reshard_says_that_it_moves_at_once_and_why(shards):
    source, target = shards[:2]
    result = ctl("reshard", "--from", source.id(), "--to", target.id(), "--slots", 100, "--yes", source.address)
    succeed(result)
    assert "at once: both masters and their replicas are windlass-node" in result.stdout
    assert [(job["operation"], job["state"]) for job in jobs(source)] == [("EXPORT", "success")]
    assert "100/100 slots" in result.stdout
    succeed(ctl("check", source.address))


def test_rebalance_moves_at_once_too(shards):
    source, target = shards[:2]
    result = ctl("rebalance", "--weight", f"{source.id()}=0", source.address)
    succeed(result)
    assert "at once: " in result.stdout
    assert target.call("DBSIZE") == 2000
    assert target.cluster_nodes()[target.id()]["slot_count"] == 16384


def test_who_comes_later_goes_on_with_the_job_of_who_was_killed(shards):
    source, target, _, replica = shards
    words = [harness.binary("windlassctl"), "reshard", "--from", source.id(), "--to", target.id(), "--slots", "50",
             "--yes", source.address]
    replica.pause()  # of the target, which is never ready so
    killed = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    harness.wait_for(lambda: jobs(source) and jobs(source)[0]["state"] in ("replicating", "failover-paused"), 20,
                     "the job waits for the target")
    killed.kill()
    killed.wait()
    second = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    with pytest.raises(subprocess.TimeoutExpired):
        second.wait(2)
    replica.resume()
    output, _ = second.communicate(timeout=30)
    assert second.returncode == 0, output
    assert [job["state"] for job in jobs(source)] == ["success"], "one job, not two"
    harness.wait_for(lambda: target.cluster_nodes()[target.id()]["slot_count"] == 8192 + 50, 10, "moved once")


def test_key_by_key_is_refused_for_slots_that_move_at_once(shards):
    source, target, _, replica = shards
    replica.pause()
    try:
        assert source.call("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", 0, 9, "NODE", target.id()) == "OK"
        result = ctl("reshard", "--from", source.id(), "--to", target.id(), "--slots", 5, "--yes", "--pipeline", 10, source.address)
        assert result.returncode != 0
        assert f"is in atomic migration {jobs(source)[0]['name']} from {source.id()} to {target.id()}" in result.stdout + result.stderr
    finally:
        replica.resume()
    harness.wait_for(lambda: jobs(source)[0]["state"] == "success", 20, "the migration is as it was")
    for node in (source, target):
        assert not node.cluster_nodes()[node.id()]["migrating"] and not node.cluster_nodes()[node.id()]["importing"]


def test_a_peer_without_it_means_key_by_key(tmp_path):
    if not harness.server_binary("redis-server"):
        pytest.skip("redis-server is not there")
    with harness.Nodes(tmp_path, cluster=True) as nodes:
        source, target = nodes.add(kind="windlass-node"), nodes.add(kind="redis-server")
        harness.form_cluster([source, target])
        result = ctl("reshard", "--from", source.id(), "--to", target.id(), "--slots", 3, "--yes", source.address)
        succeed(result)
        assert f"key by key: {target.address} is a redis-server 7.0" in result.stdout
        assert result.stdout.count("Moving slot ") == 6  # the plan's lines, then each as it goes
        assert jobs(source) == []
