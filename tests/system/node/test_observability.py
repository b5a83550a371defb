"""What tools read of a node: metrics, probes, INFO, LATENCY, SLOWLOG, CLUSTER SLOT-STATS."""
import http.client
import os
import shutil
import socket
import sys
import time

import pytest
import redis

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import harness  # noqa: E402

pytestmark = pytest.mark.skipif(harness.binary("windlass-node") is None, reason="windlass-node is not built")


@pytest.fixture
def start(tmp_path):
    nodes = []

    def begin(kind="windlass-node", cluster=False, wait=True, **config):
        node = harness.NodeProcess(tmp_path / f"{kind}-{len(nodes)}", kind=kind, cluster=cluster,
                                   config={name.replace("_", "-"): value for name, value in config.items()})
        nodes.append(node.start(wait=wait))
        return node
    yield begin
    for node in nodes:
        node.close()


def outcome(node, *command):
    try:
        return node.call(*command)
    except redis.exceptions.RedisError as error:
        return str(error)


def page(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.getheader("Content-Type"), response.read().decode()
    finally:
        connection.close()


def samples(text):
    lines = (line.rpartition(" ") for line in text.splitlines() if line and line[0] != "#")
    return {name: float(value) for name, _, value in lines}


# --- the metrics port

def test_metrics_tell_what_info_tells_in_the_exposition_format(start):
    port = harness.free_ports(1)[0]
    node = start(metrics_port=port)
    node.call("SET", "a", "1", "EX", 100)
    node.call("GET", "a")
    node.call("GET", "nokey")
    outcome(node, "INCR", "a", "b")
    status, kind, text = page(port, "/metrics")
    assert status == 200 and kind == "text/plain; version=0.0.4; charset=utf-8"
    seen = samples(text)
    assert seen["redis_up"] == 1 and seen['redis_db_keys{db="db0"}'] == 1
    assert seen["redis_keyspace_hits_total"] == 1 and seen["redis_keyspace_misses_total"] == 1
    assert seen['redis_commands_total{cmd="get"}'] == 2
    assert seen['redis_commands_rejected_calls_total{cmd="incr"}'] == 1 and seen['redis_errors_total{err="ERR"}'] == 1
    assert seen["redis_cluster_enabled"] == 0
    if node.info("memory")["mem_allocator"] != "libc":  # a sanitizer's allocator tells nothing
        assert seen["redis_memory_used_bytes"] > 100000
    described = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    assert {name.partition("{")[0] for name in seen} == described
    assert len(described) > 100
    assert all(line.split()[3] in ("gauge", "counter") for line in text.splitlines() if line.startswith("# TYPE"))


def test_the_port_follows_config_set(start):
    first, second = harness.free_ports(2)
    node = start()
    assert node.call("CONFIG", "GET", "metrics-port") == ["metrics-port", "0"]
    node.call("CONFIG", "SET", "metrics-port", first)
    assert page(first, "/healthz")[0] == 200
    node.call("CONFIG", "SET", "metrics-port", second)
    assert page(second, "/healthz")[2] == "ok\n" and page(second, "/nothing")[0] == 404
    with pytest.raises(ConnectionError):
        page(first, "/healthz")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first))
        taken.listen()
        assert "CONFIG SET failed" in outcome(node, "CONFIG", "SET", "metrics-port", first)
        assert page(second, "/healthz")[0] == 200
    node.call("CONFIG", "SET", "metrics-port", 0)
    with pytest.raises(ConnectionError):
        page(second, "/healthz")


def test_ready_means_in_sync_and_in_the_cluster(start):
    ports = harness.free_ports(3)
    alone = start(metrics_port=ports[0])
    assert page(ports[0], "/readyz")[0] == 200
    replica = start(metrics_port=ports[1], replicaof=f"127.0.0.1 {alone.port}")
    harness.wait_for(lambda: page(ports[1], "/readyz")[0] == 200, 20, "a replica in sync")
    alone.kill()
    harness.wait_for(lambda: page(ports[1], "/readyz")[0] == 503, 20, "a replica without its master")
    assert page(ports[1], "/readyz")[2] == "not in sync with the master\n" and page(ports[1], "/healthz")[0] == 200
    assert replica.running()
    member = start(cluster=True, metrics_port=ports[2])
    assert page(ports[2], "/readyz")[:1] + page(ports[2], "/readyz")[2:] == (503, "not in the cluster\n")
    member.call("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
    harness.wait_for(lambda: page(ports[2], "/readyz")[0] == 200, 20, "a member")
    assert samples(page(ports[2], "/metrics")[2])["redis_cluster_slots_assigned"] == 16384


# --- INFO

@pytest.mark.parametrize("mode", [{}, {"appendonly": "yes"}, {"cluster": True}, {"replicaof": "127.0.0.1 1"}], ids=str)
@pytest.mark.parametrize("peer", ["redis-server", "valkey-server"])
def test_info_lacks_nothing_and_adds_nothing(start, mode, peer):
    if shutil.which(peer) is None:
        pytest.skip(f"{peer} is not there")
    # Of later versions, or of things that only they do.
    later = {"server_name", "valkey_version", "server_mode", "availability_zone", "watching_clients", "total_watched_keys",
             "allocator_muzzy", "mem_overhead_db_hashtable_rehashing", "evicted_scripts",
             "client_query_buffer_limit_disconnections", "client_output_buffer_limit_disconnections",
             "replicas_repl_buffer_size", "replicas_repl_buffer_peak", "replicas_waiting_psync"}
    told = [set(node.info("everything")) for node in (start("windlass-node", **mode), start(peer, **mode))]
    own = ("cmdstat_", "latency_percentiles_usec_", "errorstat_", "io_thread")
    missing = {name for name in told[1] - told[0] if not name.startswith(own)}
    assert missing == (later & told[1] if peer == "valkey-server" else set())
    if peer == "valkey-server":  # the other is older than 7.2
        assert {name for name in told[0] - told[1] if not name.startswith(own)} == {"windlass_version", "redis_mode", "atomicvar_api"}


# --- LATENCY and SLOWLOG

def test_latency_events_histograms_and_reports(start):
    node = start(enable_debug_command="yes", latency_monitor_threshold=20)
    assert node.call("LATENCY", "LATEST") == []
    node.call("DEBUG", "SLEEP", "0.03")
    time.sleep(1.1)
    node.call("DEBUG", "SLEEP", "0.06")
    (event, _, last, worst), = [row for row in node.call("LATENCY", "LATEST") if row[0] == "command"]
    assert event == "command" and last >= 60 and worst >= last
    assert len(node.call("LATENCY", "HISTORY", "command")) >= 2
    graph = node.call("LATENCY", "GRAPH", "command").splitlines()
    assert graph[0].startswith("command - high ") and graph[1] == "-" * 80 and set("_#") <= set("".join(graph[2:6]))
    assert outcome(node, "LATENCY", "GRAPH", "foo") == "No samples available for event 'foo'"
    assert "command" in node.call("LATENCY", "DOCTOR")
    node.call("SET", "a", "1")
    (name, (_, calls, _, buckets)) = node.call("LATENCY", "HISTOGRAM", "set")
    assert (name, calls) == ("set", 1) and buckets[1] == 1
    assert node.call("LATENCY", "RESET", "command", "foo") == 1
    node.call("CONFIG", "SET", "latency-tracking", "no")
    node.call("CONFIG", "RESETSTAT")
    node.call("SET", "a", "1")
    assert node.call("LATENCY", "HISTOGRAM", "set") == [] and "latency_percentiles_usec_set" not in node.info("latencystats")
    node.call("CONFIG", "SET", "latency-tracking", "yes", "latency-tracking-info-percentiles", "50 99.90")
    node.call("SET", "a", "1")
    assert node.info("latencystats")["latency_percentiles_usec_set"].split(",")[1].startswith("p99.9=")


def test_the_slow_log_is_as_redis_has_it(start):
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not there")
    seen = []
    for node in (start("windlass-node"), start("redis-server")):
        node.call("CONFIG", "SET", "slowlog-log-slower-than", 0, "slowlog-max-len", 3)
        client = node.client()
        client.execute_command("CLIENT", "SETNAME", "slow")
        client.execute_command("SLOWLOG", "RESET")
        client.execute_command("SET", "a", "x" * 200)
        client.execute_command("MSET", *[str(i) for i in range(40)])
        entries = client.execute_command("SLOWLOG", "GET", "-1")
        shape = [(len(entry), entry[3], entry[4].split(":")[0], entry[5]) for entry in entries]
        ids = [entry[0] for entry in entries]
        errors = [outcome(node, "SLOWLOG", "GET", *args) for args in (("-2",), ("1", "2"), ("x",))]
        seen.append((shape, [a - b for a, b in zip(ids, ids[1:])], client.execute_command("SLOWLOG", "LEN"), errors))
    assert seen[0] == seen[1]


# --- CLUSTER SLOT-STATS

def test_slots_tell_what_they_cost(start):
    node = start(cluster=True, cluster_slot_stats_enabled="yes")
    node.call("CLUSTER", "ADDSLOTSRANGE", 0, 16000)
    node.call("CLUSTER", "ADDSLOTSRANGE", 16002, 16383)
    node.call("CONFIG", "SET", "cluster-require-full-coverage", "no")
    harness.wait_for(lambda: node.cluster_info()["cluster_state"] == "ok", 20, "cluster_state:ok")
    slot = node.call("CLUSTER", "KEYSLOT", "foo")
    node.call("SET", "foo", "bar")
    node.call("GET", "foo")

    def row(reply):
        return {entry[0]: dict(zip(entry[1][::2], entry[1][1::2])) for entry in reply}
    stats = row(node.call("CLUSTER", "SLOT-STATS", "SLOTSRANGE", slot, slot))[slot]
    # "*3 $3 SET $3 foo $3 bar" and "*2 $3 GET $3 foo"; "+OK" and "$3 bar".
    assert stats["key-count"] == 1 and stats["network-bytes-in"] == 31 + 22 and stats["network-bytes-out"] == 5 + 9
    assert stats["memory-bytes"] > 10 and stats["cpu-usec"] >= 0
    client = node.client()
    pipe = client.pipeline(transaction=False)
    for i in range(2000):
        pipe.execute_command("SET", "{hot}" + str(i), "v")
    pipe.execute()
    hot = node.call("CLUSTER", "KEYSLOT", "{hot}")
    for metric in ("key-count", "cpu-usec", "network-bytes-in", "network-bytes-out", "memory-bytes"):
        top = node.call("CLUSTER", "SLOT-STATS", "ORDERBY", metric, "LIMIT", "2", "DESC")
        assert [entry[0] for entry in top] == [hot, slot], metric
    lowest = node.call("CLUSTER", "SLOT-STATS", "ORDERBY", "key-count", "LIMIT", 1, "ASC")
    assert lowest[0][0] == 0
    assert list(row(node.call("CLUSTER", "SLOT-STATS", "SLOTSRANGE", 16000, 16002))) == [16000, 16002]
    node.call("CONFIG", "RESETSTAT")
    assert row(node.call("CLUSTER", "SLOT-STATS", "SLOTSRANGE", slot, slot))[slot]["network-bytes-in"] == 0
    node.call("CONFIG", "SET", "cluster-slot-stats-enabled", "no")
    assert row(node.call("CLUSTER", "SLOT-STATS", "SLOTSRANGE", slot, slot))[slot] == {"key-count": 1}
    assert outcome(node, "CLUSTER", "SLOT-STATS", "ORDERBY", "cpu-usec") == "Unrecognized sort metric for ORDERBY."


@pytest.mark.parametrize("arguments", [
    "SLOTSRANGE 5 1", "SLOTSRANGE 0 16384", "SLOTSRANGE a 1", "SLOTSRANGE 1", "SLOTSRANGE 0 1 2", "ORDERBY foo",
    "ORDERBY key-count LIMIT 0", "ORDERBY key-count LIMIT 20000", "ORDERBY key-count FOO", "FOO", "ORDERBY",
    "ORDERBY key-count LIMIT 1 ASC DESC", "ORDERBY key-count LIMIT 2", "ORDERBY key-count ASC LIMIT 1"])
def test_slot_stats_answers_as_valkey(start, arguments):
    if shutil.which("valkey-server") is None:
        pytest.skip("valkey-server is not there")
    seen = []
    for node in (start("windlass-node", cluster=True), start("valkey-server", cluster=True)):
        node.call("CLUSTER", "ADDSLOTSRANGE", 0, 16000)
        seen.append(outcome(node, "CLUSTER", "SLOT-STATS", *arguments.split()))
    assert seen[0] == seen[1]
