"""redis.conf and CONFIG, beside redis-server: what is taken, what is refused, and in which words."""
import os
import shutil
import subprocess
import sys

import pytest
import redis

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import harness  # noqa: E402

pytestmark = pytest.mark.skipif(harness.binary("windlass-node") is None, reason="windlass-node is not built")

# What is one server's own: where it listens and lives, what it logs to, what our version knows more.
OWN = {"port", "tls-port", "bind", "unixsocket", "dir", "replicaof", "slaveof", "logfile", "pidfile", "requirepass",
       "masterauth", "aclfile", "appendonly", "daemonize", "tls-cluster", "tls-replication", "activedefrag",
       # 7.2 knows one word more, or another bound, than the 7.0 beside it.
       "loglevel", "repl-diskless-load", "maxmemory-samples",
       # Changes what the values of the others are cut to.
       "maxclients"}
VALUES = ["", "0", "1", "-1", "abc", "yes", "64", "101", "1001", "70000", "99999999999", "1k", "1kb", "10%", "101%",
          "50 99", "x y", "1.5", "0777", "/nonexistent/x", "2147483648", "-6", "1tb", "k"]


def outcome(client, *command):
    connection = client.connection_pool.get_connection("_")
    try:
        connection.send_command(*command)
        return connection.read_response()
    except redis.exceptions.RedisError as error:
        return "error: " + str(error)
    finally:
        client.connection_pool.release(connection)


@pytest.fixture
def both(tmp_path):
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not there")
    started = [harness.NodeProcess(tmp_path / kind, kind=kind, cluster=False).start()
               for kind in ("windlass-node", "redis-server")]
    yield [redis.Redis(host=one.host, port=one.port, decode_responses=True) for one in started]
    for one in started:
        one.process.kill()
        one.process.wait()


def test_every_directive_takes_and_refuses_the_same_values(both):
    ours, theirs = both
    initial = theirs.config_get("*")
    assert set(initial) - set(ours.config_get("*")) == set()
    differ = []
    compared = 0
    for name in sorted(set(initial) - OWN):
        for value in VALUES:
            seen = []
            for client in both:
                answer = outcome(client, "CONFIG", "SET", name, value)
                seen.append((answer, client.config_get(name)))
                outcome(client, "CONFIG", "SET", name, initial[name])
            compared += 1
            if seen[0] != seen[1]:
                differ.append((name, value, *seen))
    assert differ == [] and compared > 3000


def test_the_directives_are_those_of_7_2(tmp_path):
    if harness.server_binary("valkey-server") is None:
        pytest.skip("valkey-server is not there")
    names = []
    for kind in ("windlass-node", "valkey-server"):
        node = harness.NodeProcess(tmp_path / kind, kind=kind, cluster=False).start()
        names.append(set(redis.Redis(host=node.host, port=node.port, decode_responses=True).config_get("*")))
        node.close()
    ours, theirs = names
    assert ours - theirs == {
        "metrics-port", "windlass-min-acks", "windlass-min-acks-on-shortage", "windlass-min-acks-timeout", "windlass-copy-memory", "windlass-copy-disk", "windlass-cluster-id",
        "windlass-aof-write-ahead",
        "aof-disable-auto-gc"}  # the last 7.0 shows too
    assert theirs - ours == {
        "aof-rewrite-cpulist", "availability-zone", "bgsave-cpulist", "bio-cpulist", "cluster-announce-client-ipv4",
        "cluster-announce-client-ipv6", "cluster-blacklist-ttl", "dual-channel-replication-enabled", "events-per-io-thread",
        "extended-redis-compatibility", "hide-user-data-from-log", "max-new-connections-per-cycle",
        "max-new-tls-connections-per-cycle", "prefetch-batch-max-size", "primaryauth", "primaryuser", "server-cpulist",
        "unixsocketgroup"}, "what valkey has beyond 7.2"


def start_with(tmp_path, binary, lines):
    """Exit status and what was said, for a configuration that must not start a server."""
    folder = tmp_path / os.path.basename(binary)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "redis.conf").write_text(f"# first\nport {harness.free_ports(1)[0]}\n{lines}\n")
    ended = subprocess.run([binary, "redis.conf"], cwd=folder, capture_output=True, text=True, timeout=30)
    said = ended.stderr + ended.stdout
    begin = said.find("*** FATAL")
    words = said[begin:] if begin >= 0 else said[said.find("Fatal error"):]
    first, _, rest = words.partition("\n")
    return ended.returncode, first.split(" (Redis")[0], rest


@pytest.mark.parametrize("lines", [
    "foo 1", "port", "port abc", "port 70000", "port 1 2", "maxmemory 1x", "rename-command", "rename-command nope x",
    "rename-command get set", "user", "save 1", "replicaof a b", "replicaof 10.0.0.1 99999", "include /no/such",
    "dir /no/such", '"abc', "client-output-buffer-limit foo 1 1 1", "logfile /no/such/x", "databases 0",
    "cluster-enabled maybe", "appenddirname a/b", "appendfilename a/b", "dbfilename a/b", "oom-score-adj-values 1 2",
    "oom-score-adj-values 5000 1 2", "maxclients 0", "unixsocketperm 999", "latency-tracking-info-percentiles 101",
    "shutdown-on-sigterm save nosave", "notify-keyspace-events Q", "requirepass", "lua-time-limit x",
    "proc-title-template {foo}", "cluster-announce-hostname a_b", "maxmemory-policy lru", "repl-backlog-size abc"])
def test_a_file_that_cannot_be_read_is_refused_in_the_same_words(tmp_path, lines):
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not there")
    ours = start_with(tmp_path, harness.binary("windlass-node"), lines)
    assert ours == start_with(tmp_path, shutil.which("redis-server"), lines)
    assert ours[0] == 1


def test_renamed_commands_answer_to_their_new_name_alone(tmp_path):
    node = harness.NodeProcess(tmp_path / "node", kind="windlass-node", cluster=False,
                               config={"rename-command FLUSHALL": '""', "rename-command set": "put",
                                       "appendonly": "yes"}).start()
    client = redis.Redis(host=node.host, port=node.port, decode_responses=True)
    assert outcome(client, "PUT", "a", "1") == "OK"
    assert outcome(client, "SET", "a", "2").startswith("error: unknown command 'SET'")
    assert outcome(client, "FLUSHALL").startswith("error: unknown command 'FLUSHALL'")
    node.kill()
    node.start()  # the log holds what was typed
    assert redis.Redis(host=node.host, port=node.port, decode_responses=True).get("a") == "1"
    node.kill()
