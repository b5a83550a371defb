"""Random edits of a spec, good ones and bad ones: each converges or is refused, none hangs.

The same seed makes the same edits. Some follow each other at once, in the middle of
what the one before set going. In the end a good spec stands, and nothing was lost.
By hand, for longer: WINDLASS_FUZZ_SEED=7 WINDLASS_FUZZ_EDITS=500.
"""

import json
import os
import random
import urllib.error

import pytest

import harness
from ledger_process import Ledger

SEED = int(os.environ.get("WINDLASS_FUZZ_SEED", 1))
EDITS = int(os.environ.get("WINDLASS_FUZZ_EDITS", 30))
LONGEST_SECONDS = 180
STORAGE = {"size": "1Gi", "onDelete": "Delete"}
GOOD = {"shards": 3, "storage": STORAGE, "resources": {"limits": {"memory": "256Mi"}}, "failover": {"nodeTimeoutMilliseconds": 2000}}

DO_NOT_RUN = ("windlass-node-broken:1", "nothing-of-this-name:1")
VALUES = {
    "shards": [3, 4, 5],
    "replicasPerShard": [0, 1, 2],
    "image": [None, "windlass-node-next:2", *DO_NOT_RUN],
    "config": [{"maxmemory-samples": "7"}, {"maxmemory-samples": None}, {"io-threads": "2"}, {"io-threads": None}, {"slowlog-max-len": "5"}],
    "resources": [{"limits": {"memory": "256Mi"}}, {"limits": {"memory": "320Mi"}}, {"requests": {"cpu": "10m"}}],
    "memory": [{"maxmemoryPercent": 60}, {"maxmemoryPercent": None}],
    "failover": [{"nodeTimeoutMilliseconds": 2500}, {"migrationBarrier": 1}, {"migrationBarrier": 0}, {"lostShard": "Block"}],
    "update": [{"surge": "Always"}, {"surge": "Never"}, {"surge": None}, {"canaryShards": 0, "parallelShards": 3}, {"parallelShards": 1},
               {"mode": "OnDelete"}, {"mode": "Rolling"}],
    "rebalance": [{"mode": "Manual"}, {"mode": "Auto"}, {"tolerancePercent": 3}],
    "durability": [{"minAcks": 1}, {"minAcks": 0}],
    "persistence": [{"fsync": "Always"}, {"fsync": None}, {"mode": "RDB"}, {"mode": None}],
    "pod": [{"labels": {"team": "shop"}}, {"labels": None}, {"spread": {"hosts": "Off"}}],
    "network": [{"policy": {"enabled": False}}, {"policy": None}, {"endpoint": "IP"}],
    "disruptionBudget": ["None", "Managed"],
    "storage": [{"onScaleIn": "Retain"}, {"onScaleIn": "Delete"}, {"onUnschedulable": "Rebuild"}],
    "paused": [True, False],
}
# Never taken, whatever the rest of the spec says.
BAD = [
    {"shards": 0}, {"shards": "three"}, {"shards": -7}, {"replicasPerShard": 9}, {"image": 5}, {"config": {"port": "1"}},
    {"config": {"hz": "1\nport 1"}}, {"config": {"no-such-directive": "1"}, "image": None}, {"resources": {"limits": {"memory": "much"}}}, {"memory": {"maxmemoryPercent": 99}},
    {"memory": {"evictionPolicy": "guess"}}, {"failover": {"migrationBarrier": 9}}, {"failover": {"nodeTimeoutMilliseconds": 1}},
    {"update": {"surge": "Sometimes"}}, {"update": {"parallelShards": 0}}, {"update": {"canaryShards": -1}}, {"rebalance": {"parallelMoves": 0}},
    {"durability": {"minAcks": 6}}, {"auth": {"mode": "Secret"}}, {"network": {"ipFamilies": ["IPv4", "IPv4"]}}, {"network": {"endpoint": 1}},
    {"pod": {"labels": {"windlass.dev/role": "master"}}}, {"storage": {"onUnschedulable": "Guess"}}, {"storage": {"size": "big"}},
    {"pod": {"terminationGracePeriodSeconds": 0}}, {"paused": "yes"},
]


def outcome(cluster):
    """What an edit has come to, once it has; None while it is under way."""
    held = cluster.cluster()
    status = held.get("status", {})
    if status.get("observedGeneration") != held["metadata"]["generation"]:
        return None
    conditions = {c["type"]: c for c in status["conditions"]}
    if conditions["Ready"]["reason"] == "InvalidSpec":
        assert "spec." in conditions["Ready"]["message"], conditions["Ready"]
        return "refused: " + conditions["Ready"]["message"]
    if status["phase"] == "Paused" and held["spec"].get("paused"):
        return "paused"
    if conditions["UpdateHeld"]["reason"] == "Halted":
        return "halted: " + conditions["UpdateHeld"]["message"]
    broken = conditions["Degraded"]["message"]
    if conditions["UpdateHeld"]["reason"] == "OnDelete" and "BackOff" in broken:
        # The spec may be good again: who waits for a hand waits with a pod that does not run, too.
        assert held["spec"].get("image") in DO_NOT_RUN or broken.split(":")[0] in conditions["UpdateHeld"]["message"], conditions
        return "left to a hand: " + conditions["UpdateHeld"]["message"]
    if held["spec"].get("image") in DO_NOT_RUN and "BackOff" in broken:
        return "told of: " + broken
    return "ready" if conditions["Ready"]["status"] == "True" else None


def back_to_good(cluster):
    for _ in range(50):  # the status is written meanwhile
        held = cluster.cluster()
        held["spec"] = GOOD
        try:
            return cluster.call("PUT", cluster.path, held)
        except urllib.error.HTTPError as error:
            if error.code != 409:
                raise
    raise AssertionError("the spec could not be written")


def some_edit(dice):
    if dice.random() < 0.3:
        return dice.choice(BAD), True
    names = dice.sample(sorted(VALUES), dice.choice([1, 1, 2]))
    return {name: dice.choice(VALUES[name]) for name in names}, False


@pytest.mark.timeout(600 + EDITS * LONGEST_SECONDS)
def test_every_edit_converges_or_is_refused(local_cluster, tmp_path):
    dice = random.Random(SEED)
    local_cluster.apply(**GOOD)
    local_cluster.wait_ready(3, 6)
    came = {}
    with Ledger(local_cluster.seeds(), tmp_path, password=local_cluster.password(), keys=1000, rate=200) as ledger:
        ledger.wait_for_keys(1000)
        ledger.phase("edits", planned=False)
        for number in range(EDITS):
            edit, bad = some_edit(dice)
            print(f"{number}: {json.dumps(edit)}", flush=True)
            try:
                local_cluster.patch(**edit)
            except urllib.error.HTTPError as error:
                text = error.read().decode()
                assert error.code == 422 and "spec." in text, text
                came["refused"] = came.get("refused", 0) + 1
                continue
            if dice.random() < 0.3 and not bad:
                continue  # the next one comes at once
            result = harness.wait_for(lambda: outcome(local_cluster), LONGEST_SECONDS, f"an end of edit {number}, {edit}", interval=0.2)
            print(f"   {result}", flush=True)
            # As a client that goes by the Service would: rolls may have changed all addresses.
            ledger.look_at(local_cluster.seeds())
            assert not bad or result.startswith("refused"), f"{edit} was taken: {result}"
            came[result.split(":")[0]] = came.get(result.split(":")[0], 0) + 1
            if bad:  # taken back, so that the next edit says something
                back_to_good(local_cluster)
            if result == "paused":  # or nothing would happen any more
                local_cluster.patch(paused=False)
        back_to_good(local_cluster)
        harness.wait_for(lambda: outcome(local_cluster) == "ready" and local_cluster.status()["updatedNodes"] == 6, LONGEST_SECONDS, "the good spec", interval=0.2)
        local_cluster.wait_ready(3, 6)
        local_cluster.check_whole()
        ledger.look_at(local_cluster.seeds())
        ledger.close(local_cluster.seeds().split(",")[0])
    print(f"seed {SEED}, {EDITS} edits: {came}")
