"""CONFIG, INFO, COMMAND, SLOWLOG, LATENCY, DEBUG: what administrators and tools ask."""
import os
import shutil
import sys

import pytest
import redis

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import harness  # noqa: E402

pytestmark = pytest.mark.skipif(harness.binary("windlass-node") is None, reason="windlass-node is not built")


def run(tmp_path, kind="windlass-node", **config):
    config.setdefault("enable-debug-command", "yes")
    return harness.NodeProcess(tmp_path / kind, kind=kind, cluster=False, config=config).start()


def ask(node):
    return redis.Redis(host=node.host, port=node.port, decode_responses=True)


@pytest.fixture
def node(tmp_path):
    started = run(tmp_path)
    yield started
    started.process.kill()
    started.process.wait()


@pytest.fixture
def both(tmp_path):
    """Ours and redis-server, for what must be the same."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not there")
    started = [run(tmp_path, "windlass-node"), run(tmp_path, "redis-server")]
    yield [ask(one) for one in started]
    for one in started:
        one.process.kill()
        one.process.wait()


def outcome(client, *command):
    """The reply as it came, errors as text: no reading by the library."""
    connection = client.connection_pool.get_connection("_")
    try:
        connection.send_command(*command)
        return connection.read_response()
    except redis.exceptions.RedisError as error:
        return "error: " + str(error)
    finally:
        client.connection_pool.release(connection)


ERRORS = [
    ("CONFIG", "SET", "port", "abc"), ("CONFIG", "SET", "foo", "1"), ("CONFIG", "SET", "maxmemory"),
    ("CONFIG", "SET", "maxmemory", "10x"), ("CONFIG", "SET", "databases", "3"),
    ("CONFIG", "SET", "hz", "10", "hz", "20"), ("CONFIG", "SET", "appendonly", "maybe"),
    ("CONFIG", "SET", "maxmemory-policy", "x"), ("CONFIG", "SET", "port", "70000"),
    ("CONFIG", "SET", "save", "a b"), ("CONFIG", "SET", "client-output-buffer-limit", "normal 1"),
    ("CONFIG", "GET"), ("CONFIG", "FOO"), ("CONFIG", "SET", "dir", "/nonexist"),
    ("FOO", "bar", "baz"), ("GET",), ("CLIENT", "FOO"), ("DEBUG", "FOO"), ("CLIENT", "KILL"), ("HELLO", "9"),
    ("AUTH", "x"), ("SELECT", "99"), ("SELECT", "a"), ("CLIENT", "LIST", "TYPE", "foo"), ("CLIENT", "KILL", "ID", "0"),
    ("CLIENT", "KILL", "FOO", "1"), ("CLIENT", "SETNAME", "a b"), ("CLIENT", "NO-EVICT", "x"),
    ("CLIENT", "REPLY", "foo"), ("CLIENT", "PAUSE", "x"), ("CLIENT", "PAUSE", "1", "foo"),
    ("CLIENT", "UNBLOCK", "99"), ("CLIENT", "UNBLOCK", "x"), ("SLOWLOG", "GET", "x"), ("SLOWLOG", "FOO"),
    ("SHUTDOWN", "foo"), ("COMMAND", "INFO", "foo"), ("COMMAND", "GETKEYS", "FOO", "x"),
    ("COMMAND", "GETKEYS", "PING", "x"), ("COMMAND", "LIST", "FILTERBY", "foo", "x"), ("PING", "a", "b"), ("ECHO",),
    ("DEBUG", "OBJECT", "nokey"), ("DEBUG", "SET-ACTIVE-EXPIRE"), ("MEMORY", "USAGE", "nokey"), ("MEMORY", "FOO"),
    ("LATENCY", "FOO"), ("CLIENT", "LIST", "foo"), ("MULTI", "x"), ("EXEC",), ("DISCARD",), ("SHUTDOWN", "ABORT"),
]


@pytest.mark.parametrize("command", ERRORS, ids=" ".join)
def test_answers_are_redis_own(both, command):
    ours, theirs = both
    assert outcome(ours, *command) == outcome(theirs, *command)


def test_every_directive_of_redis_is_known_with_its_default(both):
    ours, theirs = (client.config_get("*") for client in both)
    differ = {"port", "dir", "pidfile", "logfile", "bind", "enable-debug-command", "repl-diskless-sync-delay"}
    missing = set(theirs) - set(ours)
    assert not missing
    assert {k: (ours[k], v) for k, v in theirs.items() if k not in differ and ours[k] != v} == {}


def test_config_rewrite_keeps_comments_and_survives_a_restart(node):
    path = node.folder / "redis.conf"
    path.write_text("# mine\n" + path.read_text() + "# last\n")
    client = ask(node)
    client.config_set("maxmemory", "123456")
    client.config_set("timeout", 77)
    client.config_rewrite()
    text = path.read_text()
    assert text.startswith("# mine\n") and "# last\n" in text
    assert "maxmemory 123456\n" in text and "timeout 77\n" in text
    assert not [name for name in os.listdir(node.folder) if "tmp" in name]


def test_info_has_the_fields_tools_read(both):
    ours, theirs = (client.info("everything") for client in both)
    missing = set(theirs) - set(ours)
    # What belongs to things this server does not have.
    allowed = {name for name in missing if name.startswith(("cmdstat_", "latency_percentiles", "errorstat_"))}
    assert missing - allowed == set()


def test_command_stats_count_calls_failures_and_refusals(node):
    client = ask(node)
    client.config_resetstat()
    client.set("a", "x")
    for command in (("INCR", "a"), ("GET",), ("NOSUCH",)):
        outcome(client, *command)
    lines = outcome(client, "INFO", "commandstats").splitlines()
    stats = {line.split(":")[0]: dict(pair.split("=") for pair in line.split(":")[1].split(","))
             for line in lines if line.startswith("cmdstat_")}
    assert stats["cmdstat_set"]["calls"] == "1"
    assert stats["cmdstat_incr"]["failed_calls"] == "1"
    assert stats["cmdstat_get"]["rejected_calls"] == "1"
    assert "errorstat_ERR:count=3" in outcome(client, "INFO", "errorstats")
    assert "latency_percentiles_usec_set" in outcome(client, "INFO", "latencystats")
    client.config_resetstat()
    assert "cmdstat_set" not in outcome(client, "INFO", "commandstats")


def test_the_slow_log_keeps_what_was_slow(node):
    client = ask(node)
    client.config_set("slowlog-log-slower-than", 20000)
    client.slowlog_reset()
    client.execute_command("DEBUG", "SLEEP", "0.05")
    client.ping()
    entries = client.slowlog_get()
    assert len(entries) == 1 and entries[0]["duration"] >= 50000
    assert entries[0]["command"] in ("DEBUG SLEEP 0.05", b"DEBUG SLEEP 0.05")
    assert client.slowlog_len() == 1


def test_latency_events_are_seen(node):
    client = ask(node)
    client.config_set("latency-monitor-threshold", 20)
    client.execute_command("DEBUG", "SLEEP", "0.03")
    latest = client.execute_command("LATENCY", "LATEST")
    assert [row[0] for row in latest] == ["command"]
    assert latest[0][2] >= 30
    assert client.execute_command("LATENCY", "RESET") == 1


def test_command_table_agrees_with_redis(both):
    ours, theirs = (client.command() for client in both)
    wrong = {}
    for name, row in ours.items():
        # ZRANK and ZREVRANK have taken WITHSCORE since 7.2; the peer is 7.0.
        if name not in theirs or name in ("role", "zrank", "zrevrank"):
            continue
        for field in ("arity", "first_key_pos", "last_key_pos", "step_count"):
            if row[field] != theirs[name][field]:
                wrong[name, field] = (row[field], theirs[name][field])
    assert wrong == {}


@pytest.mark.parametrize("command", [
    ("MSET", "a", "1", "b", "2"), ("GET", "k"), ("RENAME", "a", "b"), ("DEL", "a", "b", "c"), ("COPY", "a", "b"),
    ("OBJECT", "ENCODING", "x"), ("MIGRATE", "h", "1", "", "0", "5", "KEYS", "a", "b"), ("LCS", "a", "b")], ids=" ".join)
def test_getkeys_agrees_with_redis(both, command):
    ours, theirs = both
    assert outcome(ours, "COMMAND", "GETKEYS", *command) == outcome(theirs, "COMMAND", "GETKEYS", *command)


def test_the_digest_is_redis_own(both):
    for client in both:
        client.execute_command("DEBUG", "POPULATE", 200)
        client.set("n", 12345)
        client.set("bin", b"\x00\xff\r\n")
        client.set("ttl", "x", ex=1000)
        client.execute_command("SELECT", 3)
        client.execute_command("SELECT", 0)
    ours, theirs = both
    assert ours.execute_command("DEBUG", "DIGEST") == theirs.execute_command("DEBUG", "DIGEST")
    keys = ("n", "bin", "ttl", "key:7", "absent")
    assert (ours.execute_command("DEBUG", "DIGEST-VALUE", *keys)
            == theirs.execute_command("DEBUG", "DIGEST-VALUE", *keys))


def test_debug_reload_brings_everything_back(node):
    client = ask(node)
    client.execute_command("DEBUG", "POPULATE", 1000)
    before = client.execute_command("DEBUG", "DIGEST")
    assert client.execute_command("DEBUG", "RELOAD") == "OK"
    assert client.execute_command("DEBUG", "DIGEST") == before
    assert client.dbsize() == 1000


def test_debug_is_refused_unless_enabled(tmp_path):
    node = run(tmp_path, **{"enable-debug-command": "no"})
    try:
        assert "DEBUG command not allowed" in outcome(ask(node), "DEBUG", "DIGEST")
    finally:
        node.process.kill()
        node.process.wait()


def test_a_port_can_be_changed_while_running(node):
    client = ask(node)
    port = harness.free_ports(1)[0]
    client.config_set("port", port)
    assert redis.Redis(host=node.host, port=port).ping()
    with pytest.raises(redis.exceptions.ConnectionError):
        redis.Redis(host=node.host, port=node.port).ping()
    assert client.ping()  # a connection made before lives on
