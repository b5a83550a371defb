"""Either master dies at every step of an atomic migration, and is restarted or
replaced by its replica: one owner for every slot in the end, no acknowledged write
lost, no key at two places."""

import time

import pytest
from cluster_tools import form, settle
from harness import wait_for
from ledger_process import Ledger

NODE_TIMEOUT_MS = 1500
# The steps of the source and of the target, in the order in which they come.
SOURCE_STEPS = ["send-establish", "start-snapshot", "hold", "save-grant", "send-grant", "close-export"]
TARGET_STEPS = ["wait-replicas", "send-ready", "save-import-grant", "tell-replicas", "take-slots", "end-import"]


@pytest.fixture
def cluster(nodes):
    options = {"kind": "windlass-node", "node_timeout_ms": NODE_TIMEOUT_MS,
               "config": {"appendonly": "yes", "enable-debug-command": "yes"}}
    masters = [nodes.add(**options) for _ in range(3)]
    replicas = [nodes.add(**options) for _ in range(3)]
    form(masters, replicas)
    return masters, replicas


def claims(node):
    """Who owns the moved slots, as `node` sees it."""
    return {key: line["slots"] for key, line in node.cluster_nodes().items()
            if "master" in line["flags"] and line["slot_count"]}


def jobs_over(node):
    states = [dict(zip(reply[::2], reply[1::2]))["state"] for reply in node.call("CLUSTER", "GETSLOTMIGRATIONS")]
    return all(state in ("success", "failed", "cancelled", "occurring-on-primary") for state in states)


def one_owner_everywhere(everyone):
    views = [claims(node) for node in everyone]
    owned = [slot for ranges in views[0].values() for first, last in ranges for slot in range(first, last + 1)]
    return all(view == views[0] for view in views) and sorted(owned) == list(range(16384))


def no_key_is_shown_twice(masters):
    keys = [key for node in masters for key in node.call("KEYS", "*", timeout=30)]
    return len(keys) == len(set(keys))


def die(cluster, tmp_path, victim, step, come_back):
    masters, replicas = cluster
    source, target = masters[0], masters[1]
    everyone = masters + replicas
    with Ledger(masters[2].address, tmp_path, keys=3000, rate=800) as ledger:
        ledger.wait_for_keys(2500)
        ledger.phase(f"kill-{step}", planned=False)
        assert victim.call("DEBUG", "SLOTMIGRATION", "DIE-BEFORE", step) == "OK"
        assert source.call("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", 0, 2730, "NODE", target.id()) == "OK"
        wait_for(lambda: not victim.running(), 30, f"{victim} dies before {step}")
        replica = replicas[masters.index(victim)]
        if not come_back:
            wait_for(lambda: replica.info("replication")["role"] == "master", 60, "the replica takes over")
        victim.start()
        wait_for(lambda: all(n.cluster_info()["cluster_state"] == "ok" for n in everyone), 60, "the cluster is up")
        settle(everyone, 60)
        wait_for(lambda: one_owner_everywhere(everyone), 60, "one owner for every slot")
        wait_for(lambda: all(jobs_over(n) for n in everyone), 60, "no job goes on")
        time.sleep(1)
        ledger.phase("after")
        time.sleep(2)
        ledger.close(masters[2].address)
    owners = [node for node in everyone if node.id() in claims(masters[2])]
    wait_for(lambda: no_key_is_shown_twice(owners), 30, "no key is shown twice")
    assert one_owner_everywhere(everyone)
    # Nothing is left that would stand in the way of the next one.
    holder = next(n for n in owners if any(first == 0 for first, _ in claims(n)[n.id()]))
    other = next(n for n in owners if n is not holder)
    assert holder.call("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", 0, 2730, "NODE", other.id()) == "OK"
    wait_for(lambda: jobs_over(holder), 60, "the next job ends")
    assert dict(zip(*[iter(holder.call("CLUSTER", "GETSLOTMIGRATIONS")[0])] * 2))["state"] == "success"


@pytest.mark.timeout(240)
@pytest.mark.parametrize("step", SOURCE_STEPS)
@pytest.mark.parametrize("come_back", [True, False], ids=["restarted", "replaced"])
def test_the_source_dies(cluster, tmp_path, step, come_back):
    die(cluster, tmp_path, cluster[0][0], step, come_back)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("step", TARGET_STEPS)
@pytest.mark.parametrize("come_back", [True, False], ids=["restarted", "replaced"])
def test_the_target_dies(cluster, tmp_path, step, come_back):
    die(cluster, tmp_path, cluster[0][1], step, come_back)
