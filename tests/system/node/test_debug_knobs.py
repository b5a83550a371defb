"""What tests of the ecosystem turn and read by DEBUG, and CONFIG RESETSTAT: beside
redis-server 7.0 where both have it."""

import re
import shutil
import signal
import time

import harness
import pytest
import redis
from harness import KINDS, parse_info

pytestmark = pytest.mark.skipif(harness.binary("windlass-node") is None or not shutil.which("redis-server"),
                                reason="windlass-node and redis-server are both needed")


@pytest.fixture(name="start")
def start_fixture(tmp_path):
    with harness.Nodes(tmp_path, 0, cluster=False) as nodes:
        yield lambda kind, **config: nodes.add(kind=kind, config={"enable-debug-command": "yes", "save": '""', **config})


def of_object(node, key):
    return dict(re.findall(r"(\w+):(\S+)", node.call("DEBUG", "OBJECT", key)))


def test_object_tells_of_a_lists_nodes_and_of_shared_integers(start):
    told = []
    for kind in KINDS:
        node = start(kind, **{"list-max-listpack-size": "4"})
        node.call("RPUSH", "l", *[f"x{i}" for i in range(100)])
        for key, value in (("small", 9999), ("large", 10000), ("negative", -1), ("text", "a")):
            node.call("SET", key, value)
        lists = {name: value for name, value in of_object(node, "l").items() if name.startswith("ql_") or name == "encoding"}
        told.append([lists] + [of_object(node, key)["refcount"] for key in ("small", "large", "negative", "text")])
    assert told[0] == told[1]
    assert told[1][0]["ql_nodes"] == "25"


def test_digests_of_thousands_of_keys(start):
    replies = []
    for kind in KINDS:
        node = start(kind)
        keys = [f"k{i}" for i in range(3000)]
        node.client().mset({key: key for key in keys})
        replies.append(node.call("DEBUG", "DIGEST-VALUE", *keys))
    assert len(replies[1]) == 3000 and replies[0] == replies[1]


@pytest.mark.parametrize("kind", KINDS)
def test_scripts_may_call_what_is_forbidden_to_them(start, kind):
    node = start(kind)
    script = "return redis.call('CLIENT', 'NO-EVICT', 'on')"
    with pytest.raises(redis.ResponseError, match="not allowed from script"):
        node.call("EVAL", script, 0)
    assert node.call("DEBUG", "SET-DISABLE-DENY-SCRIPTS", 1) in ("OK", True)
    assert node.call("EVAL", script, 0) == "OK"
    node.call("DEBUG", "SET-DISABLE-DENY-SCRIPTS", 0)
    with pytest.raises(redis.ResponseError, match="not allowed from script"):
        node.call("EVAL", script, 0)


@pytest.mark.parametrize("policy", ["no", "always"])
@pytest.mark.parametrize("kind", KINDS)
def test_writes_of_the_log_sleep_first(start, kind, policy):
    node = start(kind, appendonly="yes", appendfsync=policy)
    client = node.client()
    client.set("a", 1)
    client.execute_command("DEBUG", "AOF-FLUSH-SLEEP", 300000)
    began = time.monotonic()
    client.set("a", 2)
    client.ping()
    assert time.monotonic() - began > 0.25
    client.execute_command("DEBUG", "AOF-FLUSH-SLEEP", 0)


def test_counters_begin_anew_with_resetstat(start):
    counted = []
    for kind in KINDS:
        client = start(kind).client()
        for _ in range(100):
            client.set("k", "v" * 100)
        before = parse_info(client.execute_command("INFO", "stats"))
        assert int(before["total_net_input_bytes"]) > 10000 and int(before["total_writes_processed"]) >= 100
        client.execute_command("CONFIG", "RESETSTAT")
        info = parse_info(client.execute_command("INFO", "stats"))
        counted.append({name: info[name] for name in (
            "total_connections_received", "total_commands_processed", "total_net_input_bytes", "total_net_output_bytes",
            "total_reads_processed", "total_writes_processed", "rejected_connections", "keyspace_hits")})
    assert counted[0] == counted[1]


@pytest.mark.parametrize("word", ["SEGFAULT", "PANIC", "OOM", "ASSERT"])
def test_a_provoked_end_is_one_by_a_signal(start, word):
    node = start("windlass-node")
    with pytest.raises(redis.ConnectionError):
        node.client().execute_command("DEBUG", word)
    code = node.wait_exit() if word != "SEGFAULT" else node.process.wait(15)
    assert code in (None, -signal.SIGABRT, -signal.SIGSEGV)


def test_config_rewrite_of_everything(start):
    node = start("windlass-node")
    node.call("DEBUG", "CONFIG-REWRITE-FORCE-ALL")
    text = (node.folder / "redis.conf").read_text()
    for directive in ("hash-max-listpack-entries", "lfu-log-factor", "repl-backlog-size"):
        assert re.search(rf"^{directive} ", text, re.M), directive
