"""windlassctl while a replica does not keep up: its master answers SETSLOT by NOREPLICAS,
which is waited out."""

import subprocess
import threading

import pytest

from tool import harness

AWAY_S = 4.5
TAG = "{06S}"  # of slot 0
KEYS = [f"{TAG}{index}" for index in range(50)]


@pytest.fixture
def shards(tmp_path):
    with harness.Nodes(tmp_path, 6, kind="windlass-node", node_timeout_ms=15000) as nodes:
        harness.form_cluster(nodes.all[:3], nodes.all[3:])
        for key in KEYS:
            assert nodes[0].call("SET", key, key) == "OK"
        yield nodes.all[:3], nodes.all[3:]


def run_while_away(replica, first_words, *words):
    """What windlassctl says; from its line that begins so, the replica stands still for a while."""
    program = harness.binary("windlassctl")
    assert program, "windlassctl is not there: build it or set WINDLASS_BIN"
    process = subprocess.Popen([str(word) for word in (program, *words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True)
    deadline = threading.Timer(60, process.kill)
    back = threading.Timer(AWAY_S, replica.resume)
    deadline.start()
    said, stopped = "", False
    try:
        for line in process.stdout:
            said += line
            if not stopped and line.startswith(first_words):
                replica.pause()
                back.start()
                stopped = True
        assert process.wait(10) == 0, said
    finally:
        deadline.cancel()
        process.kill()
        process.wait()
        if stopped:
            back.join()
    return said


def test_a_reshard_goes_on_when_the_replica_is_back(shards):
    (source, target, _), (replica, *_) = shards
    # A number of keys for each MIGRATE: key by key.
    said = run_while_away(replica, "Moving slot ", "reshard", "--from", source.id(), "--to", target.id(), "--slots", 400,
                          "--yes", "--pipeline", 10, source.address)
    assert f"{source.address} waits for its replicas to hear of slot " in said, said
    assert [target.call("GET", key) for key in KEYS] == KEYS


def test_fix_goes_on_when_the_replica_is_back(shards):
    (source, target, _), (replica, *_) = shards
    for slot in range(100):
        assert source.call("CLUSTER", "SETSLOT", slot, "MIGRATING", target.id()) == "OK"
    said = run_while_away(replica, ">>> Fixing slot ", "fix", source.address)
    assert f"{source.address} waits for its replicas to hear of slot " in said, said
    assert [source.call("GET", key) for key in KEYS] == KEYS
    assert not source.cluster_nodes()[source.id()]["migrating"]
