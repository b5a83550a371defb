"""FUNCTION and FCALL, on windlass-node and on redis-server."""
import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import harness  # noqa: E402
from stream_client import StreamClient, parse  # noqa: E402

KINDS = ["windlass-node", "redis-server"]
LIBRARY = """#!lua name=mylib
local function set(keys, args) return redis.call('set', keys[1], args[1]) end
redis.register_function('set', set)
redis.register_function{function_name='get', callback=function(keys) return redis.call('get', keys[1]) end,
                        flags={'no-writes'}, description='reads a key'}
"""


@pytest.fixture
def start(tmp_path):
    started = []

    def run(kind="windlass-node", **config):
        node = harness.NodeProcess(tmp_path / f"n{len(started)}", kind=kind, cluster=False,
                                   config={"enable-debug-command": "yes", **config})
        started.append(node)
        return node.start()

    yield run
    for node in started:
        node.close()


@pytest.fixture(params=KINDS)
def node(request, start):
    if harness.server_binary(request.param) is None:
        pytest.skip(f"{request.param} is not there")
    return start(request.param)


def connect(node, protocol=2):
    client = StreamClient(node.host, node.port)
    if protocol == 3:
        client.call("HELLO", 3)
    return client


def test_a_library_is_loaded_called_listed_and_deleted(node):
    client = connect(node, 3)
    assert client.call("FUNCTION", "LOAD", LIBRARY) == b"$5\r\nmylib\r\n"
    assert client.call("FUNCTION", "LOAD", LIBRARY) == b"-ERR Library 'mylib' already exists\r\n"
    assert client.call("FUNCTION", "LOAD", "REPLACE", LIBRARY) == b"$5\r\nmylib\r\n"
    assert client.call("FCALL", "set", 1, "k", "v") == b"+OK\r\n"
    assert client.call("FCALL", "get", 1, "k") == b"$1\r\nv\r\n"
    assert client.call("FCALL_RO", "get", 1, "k") == b"$1\r\nv\r\n"
    assert client.call("FCALL_RO", "set", 1, "k", "v") == b"-ERR Can not execute a script with write flag using *_ro command.\r\n"
    assert client.call("FCALL", "none", 0) == b"-ERR Function not found\r\n"
    assert client.call("FCALL", "get", "x") == b"-ERR Bad number of keys provided\r\n"
    [library] = parse(client.call("FUNCTION", "LIST"))
    assert library[:4] == [b"library_name", b"mylib", b"engine", b"LUA"] and library[4] == b"functions"
    assert sorted(library[5]) == [
        [b"name", b"get", b"description", b"reads a key", b"flags", [b"no-writes"]],
        [b"name", b"set", b"description", None, b"flags", []]]
    assert parse(client.call("FUNCTION", "LIST", "LIBRARYNAME", "none*")) == []
    [library] = parse(client.call("FUNCTION", "LIST", "WITHCODE", "LIBRARYNAME", "my*"))
    assert library[6:] == [b"library_code", LIBRARY.encode()]
    stats = parse(client.call("FUNCTION", "STATS"))
    assert stats == [b"running_script", None, b"engines", [b"LUA", [b"libraries_count", 1, b"functions_count", 2]]]
    assert client.call("FUNCTION", "DELETE", "mylib") == b"+OK\r\n"
    assert client.call("FUNCTION", "DELETE", "mylib") == b"-ERR Library not found\r\n"
    assert client.call("FCALL", "get", 1, "k") == b"-ERR Function not found\r\n"


def other_library(name, prefix):
    """The library under another name, its functions too."""
    code = LIBRARY.replace("name=mylib", f"name={name}").replace("register_function('set'", f"register_function('{prefix}set'")
    return code.replace("function_name='get'", f"function_name='{prefix}get'")


@pytest.mark.parametrize("code", [
    "return 1", "#!lua\nreturn 1", "#!lua name=a b\nx", "#!lua name=x y=z\nreturn 1", "#!lua name=x name=y\nreturn 1",
    "#!js name=x\nreturn 1", "#!lua name=bad-name\nreturn 1", "#!lua name=x\nreturn 1", "#!lua name=x\nbad lua",
    "#!lua name=x\nerror('no')", "#!lua name=x\nlocal t = redis.call", "#!lua name=x\nlocal t = tostring(1)",
    "#!lua name=x\nredis.log(1)", "#!lua name=x\nredis.x = 1", "#!lua name=x\nx = 1", "#!lua name=x\nredis.register_function()", "#!lua name=x\nredis.register_function('a')",
    "#!lua name=x\nredis.register_function('a', 1)", "#!lua name=x\nredis.register_function({}, function() end)",
    "#!lua name=x\nredis.register_function('a', function() end, 1)", "#!lua name=x\nredis.register_function('bad-name', function() end)",
    "#!lua name=x\nredis.register_function('a', function() end) redis.register_function('a', function() end)",
    "#!lua name=x\nredis.register_function{function_name='a'}", "#!lua name=x\nredis.register_function{callback=function() end}",
    "#!lua name=x\nredis.register_function{function_name='a', callback=function() end, flags={'bogus'}}",
    "#!lua name=x\nredis.register_function{function_name='a', callback=function() end, flags='x'}",
    "#!lua name=x\nredis.register_function{function_name='a', callback=function() end, bogus=1}",
    "#!lua name=x\nredis.register_function{function_name={}, callback=function() end}", "#!lua name=x", "",
])
def test_what_is_no_library_is_refused_in_the_same_words(start, code):
    replies = [connect(start(kind)).call("FUNCTION", "LOAD", code) for kind in KINDS]
    assert replies[0] == replies[1] and replies[0].startswith(b"-")


def test_numbers_will_do_for_names(node):
    client = connect(node)
    assert client.call("FUNCTION", "LOAD", "#!LUA NAME=x\nredis.register_function(1, function() return 1 end) "
                                           "redis.register_function{function_name=2, callback=function() return 2 end, "
                                           "description=3, flags={'allow-oom', 'no-cluster'}}") == b"$1\r\nx\r\n"
    assert [client.call("FCALL", name, 0) for name in "12"] == [b":1\r\n", b":2\r\n"]
    assert b"+allow-oom\r\n+no-cluster\r\n" in client.call("FUNCTION", "LIST")


def test_a_library_that_takes_too_long_to_load_is_refused(node):
    client = connect(node)
    assert client.call("FUNCTION", "LOAD", "#!lua name=x\nwhile true do end") == (
        b"-ERR Error registering functions: ERR FUNCTION LOAD timeout\r\n")
    assert client.call("FUNCTION", "LIST") == b"*0\r\n"


def test_errors_of_functions_tell_their_place(node):
    client = connect(node)
    client.call("FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', function() return redis.call('nosuch') end)\n"
                                    "redis.register_function('g', function() x = 1 end)")
    assert client.call("FCALL", "f", 0) == b"-ERR Unknown Redis command called from script script: f, on @user_function:2.\r\n"
    assert client.call("FCALL", "g", 0).startswith(b"-ERR user_function:3: Attempt to modify a readonly table script: g")


def test_dump_and_restore(node):
    client = connect(node)
    client.call("FUNCTION", "LOAD", LIBRARY)
    payload = parse(client.call("FUNCTION", "DUMP"))
    assert client.call("FUNCTION", "RESTORE", payload) == b"-ERR Library mylib already exists\r\n"
    assert client.call("FUNCTION", "RESTORE", payload, "REPLACE") == b"+OK\r\n"
    assert client.call("FUNCTION", "RESTORE", payload, "BOGUS").startswith(b"-ERR Wrong restore policy given")
    assert client.call("FUNCTION", "RESTORE", payload[:-1]) == b"-ERR DUMP payload version or checksum are wrong\r\n"
    assert client.call("FUNCTION", "FLUSH") == b"+OK\r\n"
    assert client.call("FUNCTION", "LIST") == b"*0\r\n"
    assert client.call("FUNCTION", "RESTORE", payload, "FLUSH") == b"+OK\r\n"
    assert client.call("FCALL", "set", 1, "k", "v") == b"+OK\r\n"


def test_one_kind_restores_what_the_other_dumped(start):
    ours, theirs = (connect(start(kind)) for kind in KINDS)
    theirs.call("FUNCTION", "LOAD", LIBRARY)
    assert ours.call("FUNCTION", "RESTORE", parse(theirs.call("FUNCTION", "DUMP"))) == b"+OK\r\n"
    theirs.call("FUNCTION", "FLUSH")
    assert theirs.call("FUNCTION", "RESTORE", parse(ours.call("FUNCTION", "DUMP"))) == b"+OK\r\n"
    assert theirs.call("FCALL", "set", 1, "k", "v") == ours.call("FCALL", "set", 1, "k", "v") == b"+OK\r\n"


@pytest.mark.parametrize("config", [{"appendonly": "yes"}, {"save": '"3600 1"'}], ids=["aof", "rdb"])
def test_libraries_survive_a_restart(start, config):
    node = start(**config)
    node.call("FUNCTION", "LOAD", LIBRARY)
    node.call("SET", "k", "v")
    if "appendonly" in config:
        node.call("BGREWRITEAOF")
        harness.wait_for(lambda: node.info("persistence")["aof_rewrite_in_progress"] == "0")
        node.call("FUNCTION", "LOAD", other_library("other", "o"))
    node.terminate()
    node.start()
    assert node.call("FCALL", "get", 1, "k") == "v"
    assert len(node.call("FUNCTION", "LIST")) == (2 if "appendonly" in config else 1)
    assert node.call("DEBUG", "RELOAD") == "OK"
    assert node.call("FCALL", "get", 1, "k") == "v"


@pytest.mark.parametrize("kinds", [("windlass-node", "windlass-node"), ("redis-server", "windlass-node"),
                                   ("windlass-node", "redis-server")])
def test_replicas_have_the_libraries(start, kinds):
    master, replica = (start(kind) for kind in kinds)
    master.call("FUNCTION", "LOAD", LIBRARY)
    master.call("SET", "k", "v")
    replica.call("REPLICAOF", master.host, master.port)
    harness.wait_for(lambda: replica.info("replication")["master_link_status"] == "up", 30)
    assert replica.call("FCALL_RO", "get", 1, "k") == "v"
    master.call("FUNCTION", "LOAD", other_library("later", "l"))
    master.call("FCALL", "lset", 1, "k", "w")
    harness.wait_for(lambda: replica.call("FCALL_RO", "lget", 1, "k") == "w")
    master.call("FUNCTION", "DELETE", "mylib")
    harness.wait_for(lambda: len(replica.call("FUNCTION", "LIST")) == 1)
    payload = parse(connect(master).call("FUNCTION", "DUMP"))
    master.call("FUNCTION", "FLUSH")
    harness.wait_for(lambda: replica.call("FUNCTION", "LIST") == [])
    master.call("FUNCTION", "RESTORE", payload)
    harness.wait_for(lambda: replica.call("FCALL_RO", "lget", 1, "k") == "w")
    # A replica that is written to keeps its own until it synchronises anew.
    replica.call("REPLICAOF", "NO", "ONE")
    replica.call("FUNCTION", "LOAD", other_library("extra", "x"))
    replica.call("SET", "own", "x")
    replica.call("REPLICAOF", master.host, master.port)
    harness.wait_for(lambda: replica.info("replication")["master_link_status"] == "up" and replica.call("GET", "own") is None, 30)
    assert [library[1] for library in replica.call("FUNCTION", "LIST")] == ["later"]


def test_a_slow_function_makes_the_server_busy_and_can_be_killed(start):
    for kind in KINDS:
        node = start(kind, **{"busy-reply-threshold": 50})
        slow, other = connect(node), connect(node)
        slow.call("FUNCTION", "LOAD", "#!lua name=l\nredis.register_function('loop', function() while true do end end)")
        slow.send([["FCALL", "loop", 0], ["PING"]])
        harness.wait_for(lambda: other.call("PING") == (
            b"-BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.\r\n"), 10)
        assert other.call("SCRIPT", "KILL").startswith(b"-BUSY")
        stats = parse(other.call("FUNCTION", "STATS"))
        assert stats[1][:5] == [b"name", b"loop", b"command", [b"FCALL", b"loop", b"0"], b"duration_ms"] and stats[1][5] >= 50
        assert other.call("FUNCTION", "KILL") == b"+OK\r\n"
        assert slow.read() == b"-ERR Script killed by user with SCRIPT KILL... script: loop, on @user_function:2.\r\n"
        assert slow.read() == b"+PONG\r\n"
        assert other.call("FUNCTION", "KILL") == b"-NOTBUSY No scripts in execution right now.\r\n"
        assert parse(other.call("FUNCTION", "STATS"))[1] is None


@pytest.mark.parametrize("form", ["rdb", "aof", "aof with base"])
@pytest.mark.parametrize("kinds", [("windlass-node", "redis-server"), ("redis-server", "windlass-node")])
def test_one_kind_loads_the_files_of_the_other(tmp_path, kinds, form):
    config = {"appendonly": "no", "save": '"3600 1"'} if form == "rdb" else {"appendonly": "yes", "save": '""'}
    node = harness.NodeProcess(tmp_path / "n", kind=kinds[0], cluster=False, config=config).start()
    node.call("FUNCTION", "LOAD", LIBRARY)
    node.call("SET", "k", "v")
    if form == "aof with base":
        node.call("BGREWRITEAOF")
        harness.wait_for(lambda: node.info("persistence")["aof_rewrite_in_progress"] == "0")
    node.call("FUNCTION", "LOAD", other_library("other", "o"))
    node.terminate()
    heir = harness.NodeProcess(tmp_path / "n", kind=kinds[1], cluster=False, config=config).start()
    try:
        assert heir.call("FCALL", "get", 1, "k") == "v"
        assert heir.call("FCALL", "oset", 1, "k", "w") == "OK"
        assert sorted(library[1] for library in heir.call("FUNCTION", "LIST")) == ["mylib", "other"]
    finally:
        heir.close()


def test_info_counts_functions(node):
    before = node.info("memory")
    node.call("FUNCTION", "LOAD", LIBRARY)
    info = node.info("memory")
    assert (info["number_of_functions"], info["number_of_libraries"], info["number_of_cached_scripts"]) == ("2", "1", "0")
    assert int(info["used_memory_functions"]) > int(before["used_memory_functions"])
    for name in ("used_memory_vm_functions", "used_memory_vm_total", "used_memory_scripts"):
        assert int(info[name]) > 0, name
    total = int(info["used_memory_functions"]) + int(info["used_memory_scripts_eval"])
    assert int(info["used_memory_scripts"]) == total
    stats = node.call("MEMORY", "STATS")
    assert {"functions.caches", "lua.caches"} <= set(stats if isinstance(stats, dict) else stats[::2])
