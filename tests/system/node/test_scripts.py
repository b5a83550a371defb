"""EVAL and SCRIPT: conversions, errors, the sandbox, what is logged, scripts that take
long. What Redis 7.0 does the same way runs against redis-server too."""
import os
import select
import socket
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import harness  # noqa: E402
from stream_client import StreamClient, parse  # noqa: E402

KINDS = ["windlass-node", "redis-server"]


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    started = {}
    for kind in KINDS:
        if harness.server_binary(kind) is not None:
            node = harness.NodeProcess(tmp_path_factory.mktemp(kind), kind=kind, cluster=False, config={"appendonly": "yes"})
            started[kind] = node.start()
    yield started
    for node in started.values():
        node.close()


@pytest.fixture(params=KINDS)
def node(request, nodes):
    if request.param not in nodes:
        pytest.skip(f"{request.param} is not there")
    nodes[request.param].call("FLUSHALL")
    nodes[request.param].call("SCRIPT", "FLUSH")
    return nodes[request.param]


@pytest.fixture
def start(tmp_path):
    started = []

    def run(kind="windlass-node", **options):
        node = harness.NodeProcess(tmp_path / f"n{len(started)}", kind=kind, **{"cluster": False, **options})
        started.append(node)
        return node.start()

    yield run
    for node in started:
        node.close()


def connect(node, protocol=2):
    client = StreamClient(node.host, node.port)
    if protocol == 3:
        client.call("HELLO", 3)
    return client


# Each is run on both servers, in order on fresh data, in RESP2 and RESP3; the replies are the same bytes.
SCRIPTS = [
    "return 1", "return 3.99", "return -3.99", "return 2^53", "return 'x'", "return ''", "return true", "return false",
    "return nil", "return {}", "return {1,2,3}", "return {1,nil,3}", "return {1,'a',{2,{3}},true,false,4.5}",
    "return {ok='fine'}", "return {ok='two\\r\\nlines'}", "return {err='MY bad'}", "return {err='bad'}", "return {double=3.5}",
    "return {map={a=1}}", "return {set={a=true}}", "return {big_number='123456789012345678901234567890'}",
    "return {verbatim_string={format='txt',string='hello'}}", "return {a=1}", "return redis.status_reply('x')",
    "return redis.error_reply('x')", "return redis.error_reply('X y')", "return redis.error_reply('-X y')",
    "return redis.error_reply()", "return redis.status_reply(1)", "return redis.sha1hex('')", "return redis.sha1hex('abc')",
    "return redis.sha1hex()", "return redis.setresp(4)", "return redis.setresp()", "redis.setresp(3) return true",
    "redis.setresp(3) return false", "redis.setresp(3) return redis.call('hgetall','h')", "return redis.call('set','k','v')",
    "return redis.call('get','k')", "return redis.call('get','none')", "redis.setresp(3) return redis.call('get','none')",
    "return type(redis.call('get','none'))", "redis.setresp(3) return type(redis.call('get','none'))",
    "redis.call('hset','h','f','v') return redis.call('hgetall','h')",
    "redis.setresp(3); local r = redis.call('hgetall','h') return type(r.map)..r.map.f",
    "redis.call('sadd','s','m'); redis.setresp(3); return redis.call('smembers','s')",
    "redis.setresp(3); return tostring(redis.call('smembers','s').set.m)",
    "return redis.call('incr','k')", "return redis.pcall('incr','k')", "return redis.pcall('incr','k').err",
    "local e = redis.pcall('incr','k') return type(e)..' '..e.err", "redis.pcall('incr','k') return 'went on'",
    "return redis.call('nosuch')", "return redis.call()", "return redis.call({})", "return redis.call('get')",
    "return redis.call('subscribe','a')", "return redis.call('eval','return 1',0)", "return redis.call('multi')",
    "return redis.call('config','get')", "return redis.pcall('nosuch')",
    "local ok, e = pcall(redis.call,'nosuch') return {tostring(ok), type(e), e}",
    "local ok, e = pcall(function() error('boo') end) return {tostring(ok), e}",
    "local ok, e = pcall(function() error({err='T x'}) end) return {tostring(ok), type(e), e}",
    "return {xpcall(function() error('z') end, function(e) return 'handled '..e end)}",
    "error('boo')", "error('boo', 0)", "error({err='MY own'})", "\n\nerror('third line')", "local x = nil + 1", "return foo",
    "foo = 1", "local function f() g = 2 end f()", "redis.x = 1", "string.upper = nil", "_G.x = 1", "rawset(_G,'x',1)",
    "rawset(redis,'x',1)", "setmetatable(_G,{})", "getmetatable('').__index = 1", "getmetatable('').__index.upper = 1",
    "return ('abc'):upper()", "return bad lua", "return (", "return KEYS[1]", "return #KEYS + #ARGV", "return type(print)",
    "return type(dofile)", "return type(loadfile)", "return type(require)", "return type(io)", "return type(debug)",
    "return type(getfenv)", "return type(newproxy)", "return loadstring('return 5')()", "return {loadstring('return (')}",
    "return load(function() return nil end) == nil", "return _VERSION", "return math.floor(3.7)", "return tostring(1e15)",
    "return redis.call('echo', 1)", "return redis.call('echo', 12345678901234)", "return redis.call('echo', -1)",
    "return redis.log(1)", "return redis.set_repl(9)", "return tostring(redis.replicate_commands())",
    "return redis.acl_check_cmd('set','x',1)", "return redis.acl_check_cmd('nosuch')",
    "return {redis.REPL_ALL, redis.REPL_AOF, redis.REPL_NONE, redis.REPL_REPLICA, redis.REPL_SLAVE}",
    "return {redis.LOG_DEBUG, redis.LOG_VERBOSE, redis.LOG_NOTICE, redis.LOG_WARNING}",
    "local t = {} for k in pairs(redis) do t[#t+1] = k end table.sort(t) return t",
    "local t = {} for k in pairs(string) do t[#t+1] = k end table.sort(t) return t",
    "local t = {} for k in pairs(math) do t[#t+1] = k end table.sort(t) return t",
    "local t = {} for k in pairs(table) do t[#t+1] = k end table.sort(t) return t",
    "local t = {} for k in pairs(bit) do t[#t+1] = k end table.sort(t) return t",
    "local t = {} for k in pairs(struct) do t[#t+1] = k end table.sort(t) return t",
    "return {cjson.encode({1,2,3}), cjson.encode({a=1}), cjson.encode({}), cjson.encode(cjson.null), cjson.encode(1.5)}",
    "return cjson.encode({[1]=1,[2]=2,[10]=3})", "return cjson.decode('[1,2,{\"a\":null}]')[2]", "return cjson.decode('{bad')",
    "return cjson.encode('\\\\/\"\\n\\0x')", "return tostring(cjson.decode('null') == cjson.null)", "return cjson.decode('[1e3]')[1]",
    "local t = 1 for i=1,20 do t = {t} end return cjson.encode(t)", "return cjson.encode(function() end)",
    "return cmsgpack.pack(1,-1,-33,255,256,65536,2^40,-129,-2^40,1.5,1e300,true,false,nil,'s',('x'):rep(40))",
    "return cmsgpack.pack({1,2,{a=1}},{})", "return {cmsgpack.unpack(cmsgpack.pack(1,'a',{1,2},{x=3},1.25,-5,false))}",
    "return cmsgpack.unpack('\\193')", "return cmsgpack.unpack('\\146\\1')", "return cmsgpack.pack()",
    "return {cmsgpack.unpack_one(cmsgpack.pack(1,2,3))}", "return {cmsgpack.unpack_one(cmsgpack.pack(1,2,3),1)}",
    "return {cmsgpack.unpack_limit(cmsgpack.pack(1,2,3),2)}", "return {cmsgpack.unpack_limit(cmsgpack.pack(1,2,3),2,9)}",
    "local t = {} for i=1,30 do t = {t} end return #cmsgpack.pack(t)",
    "return {bit.band(0xff,0x0f), bit.bor(1,2), bit.bxor(5,1), bit.bnot(0), bit.lshift(1,4), bit.rshift(-1,28), bit.tohex(255)}",
    "return struct.pack('>I2<i4bBhHlLTfds','1',-2,3,4,5,6,7,8,9,1.5,2.5,'str')", "return {struct.unpack('>I2<i4', struct.pack('>I2<i4', 513, -2))}",
    "return {struct.unpack('bBhH', struct.pack('bBhH', -1, 255, -2, 65535))}", "return struct.size('>i4!8d')",
    "return {struct.unpack('Bc0', struct.pack('Bc0', 3, 'abc'))}", "return struct.unpack('i4','ab')", "return struct.pack('i99',1)",
    "return struct.pack('y',1)", "return {struct.unpack('s', struct.pack('s','hey'))}", "return struct.size('s')",
    "return {tostring(math.random()), math.random(10), math.random(5,9), math.random(1,1)}",
    "math.randomseed(7) return {tostring(math.random()), math.random(100)}", "return math.random(0)",
    "return select('#', unpack({1,2,3}))", "return table.concat({1,2,3}, ',')", "return string.format('%5.2f|%d|%s|%q', 3.14159, 42, 'x', 'q\"')",
    "local co = coroutine.wrap(function() coroutine.yield(1) return 2 end) return {co(), co()}",
    "return tostring(tonumber('0x10'))..tostring(tonumber('z',36))", "return redis.call('select', 1)", "return redis.call('set','in1','x')",
    "redis.call('select', 3) return redis.call('set','in3','x')", "return redis.call('dbsize')",
    "#!lua\nreturn 1", "#!lua flags=no-writes\nreturn redis.call('set','a','b')", "#!lua flags=no-writes,allow-oom\nreturn 2",
    "#!lua flags=bogus\nreturn 1", "#!python\nreturn 1", "#!lua name=x\nreturn 1", "#!lua", "#!\nreturn 1", "#!lua flags=\nreturn 1",
]


@pytest.mark.parametrize("protocol", [2, 3])
def test_scripts_reply_the_same_bytes(nodes, protocol):
    if len(nodes) < 2:
        pytest.skip("redis-server is not there")
    clients = {kind: connect(node, protocol) for kind, node in nodes.items()}
    for client in clients.values():
        client.pipeline([["FLUSHALL"], ["SCRIPT", "FLUSH"]])
    different = []
    for script in SCRIPTS:
        replies = {kind: client.call("EVAL", script, 0) for kind, client in clients.items()}
        if len(set(replies.values())) > 1:
            different.append((script, replies))
    assert not different, "\n".join(f"{script!r}\n  {replies}" for script, replies in different)


def test_keys_and_arguments_and_their_count(node):
    client = connect(node)
    assert client.call("EVAL", "return {KEYS[1],KEYS[2],ARGV[1],ARGV[2]}", 2, "a", "b", "c") == b"*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n"
    assert client.call("EVAL", "return 1", "x") == b"-ERR value is not an integer or out of range\r\n"
    assert client.call("EVAL", "return 1", -1) == b"-ERR Number of keys can't be negative\r\n"
    assert client.call("EVAL", "return 1", 2, "a") == b"-ERR Number of keys can't be greater than number of args\r\n"
    assert client.call("EVAL", "return #ARGV[1]", 0, b"\x00\xff\r\n") == b":4\r\n"


def test_scripts_are_known_by_their_sha1(node):
    client = connect(node)
    sha = parse(client.call("SCRIPT", "LOAD", "return ARGV[1]"))
    assert sha == b"098e0f0d1448c0a81dafe820f66d460eb09263da"
    assert client.call("EVALSHA", sha, 0, "x") == b"$1\r\nx\r\n"
    assert client.call("EVALSHA", sha.upper(), 0, "x") == b"$1\r\nx\r\n"
    assert client.call("EVALSHA_RO", sha, 0, "x") == b"$1\r\nx\r\n"
    assert client.call("EVALSHA", "0" * 40, 0) == b"-NOSCRIPT No matching script. Please use EVAL.\r\n"
    assert client.call("EVALSHA", "short", 0) == b"-NOSCRIPT No matching script. Please use EVAL.\r\n"
    assert client.call("SCRIPT", "EXISTS", sha, "none") == b"*2\r\n:1\r\n:0\r\n"
    assert client.call("SCRIPT", "LOAD", "bad lua").startswith(b"-ERR Error compiling script (new function): user_script:1: ")
    assert client.call("SCRIPT", "FLUSH", "X") == b"-ERR SCRIPT FLUSH only support SYNC|ASYNC option\r\n"
    assert client.call("SCRIPT", "FLUSH", "ASYNC") == b"+OK\r\n"
    assert client.call("EVALSHA", sha, 0) == b"-NOSCRIPT No matching script. Please use EVAL.\r\n"
    assert client.call("SCRIPT", "KILL") == b"-NOTBUSY No scripts in execution right now.\r\n"
    assert client.call("EVAL_RO", "return redis.call('set','a',1)", 0).startswith(b"-ERR Write commands are not allowed from read-only scripts.")


def aof_of(node):
    node.call("CONFIG", "SET", "appendfsync", "always")
    node.call("SET", "flushed", "x")
    data = b"".join(sorted(path.read_bytes() for path in (node.folder / "appendonlydir").glob("*.incr.aof")))
    words = [word for word in data.replace(b"\r\n", b"\n").split(b"\n") if word and word[:1] not in b"*$"]
    return words


def test_the_effects_are_logged_as_one_transaction(node):
    node.call("EVAL", "redis.call('set','one','1') return redis.call('get','one')", 0)
    node.call("EVAL", "redis.call('set','two','1') redis.call('incr','two') redis.call('expire','two',1000)", 0)
    words = aof_of(node)
    assert b"EVAL" not in words and b"eval" not in words
    begin = words.index(b"two")
    assert words[words.index(b"one") - 1:words.index(b"one") + 2] == [b"set", b"one", b"1"]
    assert words[begin - 2:begin + 4] == [b"MULTI", b"set", b"two", b"1", b"incr", b"two"]
    assert words[begin + 4] == b"PEXPIREAT" and words[begin + 7] == b"EXEC"


def test_a_script_chooses_who_follows_it(node):
    node.call("EVAL", "redis.set_repl(redis.REPL_NONE) redis.call('set','unlogged','1') "
                      "redis.set_repl(redis.REPL_AOF) redis.call('set','logged','1')", 0)
    node.call("SET", "after", "1")
    words = aof_of(node)
    assert b"unlogged" not in words and b"logged" in words and b"after" in words
    assert node.call("GET", "unlogged") == "1"


@pytest.mark.parametrize("kind", KINDS)
def test_replicas_get_the_effects(start, kind):
    master, replica = start(kind), start(kind)
    replica.call("REPLICAOF", master.host, master.port)
    harness.wait_for(lambda: replica.info("replication")["master_link_status"] == "up")
    master.call("EVAL", "for i=1,10 do redis.call('rpush','l',i) end redis.call('spop','none') return 1", 0)
    harness.wait_for(lambda: replica.call("LRANGE", "l", 0, -1) == [str(i) for i in range(1, 11)])
    assert replica.call("EVAL_RO", "return redis.call('llen','l')", 0) == 10
    client = connect(replica)
    assert client.call("EVAL", "return redis.call('set','a','b')", 0).startswith(
        b"-READONLY You can't write against a read only replica. script: ")
    assert client.call("EVAL", "#!lua\nreturn 1", 0) == b"-READONLY You can't write against a read only replica.\r\n"
    assert client.call("EVAL", "#!lua flags=no-writes\nreturn redis.call('llen','l')", 0) == b":10\r\n"


def test_a_slow_script_makes_the_server_busy_and_can_be_killed(start):
    for kind in KINDS:
        node = start(kind, config={"lua-time-limit": 100})
        assert node.call("CONFIG", "GET", "busy-reply-threshold") == ["busy-reply-threshold", "100"]
        slow, other = connect(node), connect(node)
        slow.send([["EVAL", "while true do pcall(function() local x = 1 end) end", 0], ["PING"]])
        harness.wait_for(lambda: other.call("PING").startswith(b"-BUSY"), 10)
        assert other.call("GET", "k") == b"-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.\r\n"
        assert other.call("FUNCTION", "KILL").startswith(b"-BUSY")
        assert connect(node).call("PING").startswith(b"-BUSY")
        for words in (["FUNCTION", "STATS"], ["SHUTDOWN"], ["SHUTDOWN", "SAVE"], ["EVAL", "return 1", 0], ["SCRIPT", "FLUSH"], ["INFO"]):
            assert other.call(*words).startswith(b"-BUSY"), words
        assert other.call("MULTI") == b"+OK\r\n"
        assert other.call("GET", "k").startswith(b"-BUSY")
        assert other.call("EXEC").startswith(b"-EXECABORT Transaction discarded because of: BUSY")
        assert [other.call(*words) for words in (["WATCH", "k"], ["UNWATCH"], ["RESET"])] == [b"+OK\r\n", b"+OK\r\n", b"+RESET\r\n"]
        assert other.call("SCRIPT", "KILL") == b"+OK\r\n"
        assert slow.read().startswith(b"-ERR Script killed by user with SCRIPT KILL... script: ")
        assert slow.read() == b"+PONG\r\n"
        assert other.call("PING") == b"+PONG\r\n"
        assert "Slow script detected" in node.log()


def test_a_script_that_wrote_is_not_killed_but_the_server_is(start):
    node = start(config={"busy-reply-threshold": 100})
    slow, other = connect(node), connect(node)
    slow.send([["EVAL", "redis.call('set','k','v') while true do end", 0]])
    harness.wait_for(lambda: other.call("PING").startswith(b"-BUSY"), 10)
    assert other.call("SCRIPT", "KILL").startswith(b"-UNKILLABLE Sorry the script already executed write commands")
    other.send([["SHUTDOWN", "NOSAVE"]])
    assert node.wait_exit(15) == 0


def test_a_client_of_a_slow_script_that_leaves_harms_nobody(start):
    node = start(config={"busy-reply-threshold": 50})
    slow, other = connect(node), connect(node)
    slow.send([["EVAL", "local n = 0 while n < 3e7 do n = n + 1 end return n", 0]])
    harness.wait_for(lambda: other.call("PING").startswith(b"-BUSY"), 10)
    slow.close()
    harness.wait_for(lambda: other.call("PING") == b"+PONG\r\n", 30)


def test_scripts_in_transactions_and_monitors(node):
    monitor, client = connect(node), connect(node)
    monitor.call("MONITOR")
    client.pipeline([["MULTI"], ["EVAL", "return redis.call('set','a','b')", 0], ["GET", "a"], ["EXEC"]])
    lines = [monitor.read().split(b"] ", 1) for _ in range(5)]
    assert [line[1] for line in lines] == [b'"MULTI"\r\n', b'"EVAL" "return redis.call(\'set\',\'a\',\'b\')" "0"\r\n',
                                           b'"set" "a" "b"\r\n', b'"GET" "a"\r\n', b'"EXEC"\r\n']
    assert lines[2][0].endswith(b"[0 lua")


def test_a_full_server_lets_scripts_finish_what_they_began(node):
    client = connect(node)
    client.call("SET", "k", "x" * 1000)
    client.call("CONFIG", "SET", "maxmemory", 1)
    try:
        assert client.call("EVAL", "return redis.call('set','a','b')", 0).startswith(b"-OOM command not allowed when used memory > 'maxmemory'.")
        assert client.call("EVAL", "redis.call('del','k') return redis.call('set','a','b')", 0) == b"+OK\r\n"
        assert client.call("EVAL", "#!lua\nreturn 1", 0) == b"-OOM command not allowed when used memory > 'maxmemory'.\r\n"
        assert client.call("EVAL", "#!lua flags=no-writes\nreturn 1", 0) == b":1\r\n"
        assert client.call("EVAL", "#!lua flags=allow-oom\nreturn redis.call('set','a','b')", 0) == b"+OK\r\n"
    finally:
        client.call("CONFIG", "SET", "maxmemory", 0)


def denials(client):
    """What ACL LOG tells, newest first: (reason, context, object, how often, the command of the client)."""
    rows = [dict(zip(row[::2], row[1::2])) for row in parse(client.call("ACL", "LOG"))]
    return [(row[b"reason"], row[b"context"], row[b"object"], row[b"count"],
             row[b"client-info"].split(b" cmd=")[1].split(b" ")[0]) for row in rows]


@pytest.mark.parametrize("kind", ["windlass-node", "valkey-server"])
def test_a_script_may_do_what_its_caller_may(start, kind):
    if harness.server_binary(kind) is None:
        pytest.skip(f"{kind} is not there")
    node = start(kind)
    client, admin = connect(node), connect(node)
    admin.call("ACL", "SETUSER", "u", "on", "nopass", "~a*", "&c*", "+@all", "-set", "-config|get")
    client.call("AUTH", "u", "x")
    script = "local ok, e = pcall(redis.call, unpack(ARGV)) return ok and {'ok', e} or e"
    denied = b"ERR ACL failure in script: "
    for words, refusal in [
            (["SET", "a", "1"], b"User u has no permissions to run the 'set' command"),
            (["GET", "b"], b"No permissions to access a key"),
            (["MGET", "a", "b"], b"No permissions to access a key"),
            (["PUBLISH", "d", "x"], b"No permissions to access a channel"),
            (["GET", "a"], None), (["PUBLISH", "c", "x"], None)]:
        reply = parse(client.call("EVAL", script, 0, *words))
        assert reply == (denied + refusal) if refusal else reply[0] == b"ok", (words, reply)
        allowed = parse(client.call("EVAL", "return redis.acl_check_cmd(unpack(ARGV))", 0, *words))
        assert allowed == (None if refusal else 1)
    # Before anything else that might be said against it, and before the script's own flags.
    assert client.call("EVAL_RO", "return redis.call('set','a',1)", 0).startswith(b"-" + denied + b"User u")
    assert client.call("EVAL", "return redis.acl_check_cmd('config','get','x')", 0) == b"$-1\r\n"
    assert client.call("EVAL", "return redis.acl_check_cmd('config','set','x')", 0) == b":1\r\n"
    assert client.call("EVAL", "return 1", 1, "b").startswith(b"-NOPERM ")
    client.pipeline([["MULTI"], ["EVAL", "return redis.call('get','b')", 0], ["EXEC"]])
    assert denials(admin) == [
        (b"key", b"lua", b"b", 3, b"exec"), (b"key", b"toplevel", b"b", 1, b"eval"),
        (b"command", b"lua", b"set", 2, b"eval_ro"), (b"channel", b"lua", b"d", 1, b"eval")]
    assert admin.call("EVAL", "return redis.call('set','b',1)", 0) == b"+OK\r\n"
    library = "#!lua name=l\nredis.register_function('f', function(keys) return redis.call('set', keys[1], 1) end)"
    admin.call("FUNCTION", "LOAD", library)
    assert client.call("FCALL", "f", 1, "a").startswith(b"-" + denied + b"User u has no permissions to run the 'set' command script: f")


def test_an_error_is_counted_once(node):
    node.call("SET", "k", "x")
    client = connect(node)
    for script, code, eval_failed, incr in [
            ("return redis.call('incr','k')", "ERR", 1, (1, 0, 1)), ("return redis.pcall('incr','k')", "ERR", 1, (1, 0, 1)),
            ("redis.pcall('incr','k') return 1", "ERR", 0, (1, 0, 1)), ("return redis.call('incr')", "ERR", 1, (0, 1, 0)),
            ("redis.pcall('incr') return 1", "ERR", 0, (0, 1, 0)), ("redis.pcall('nosuch') return 1", "ERR", 0, None),
            ("return redis.call('lpop','k')", "WRONGTYPE", 1, None), ("return {err='MY own'}", "MY", 1, None)]:
        client.call("CONFIG", "RESETSTAT")
        client.call("EVAL", script, 0)
        assert node.info("errorstats") == {f"errorstat_{code}": "count=1"}, script
        stats = {name: dict(pair.split("=") for pair in value.split(",")) for name, value in node.info("commandstats").items()}
        assert stats["cmdstat_eval"]["failed_calls"] == str(eval_failed), script
        if incr is not None:
            counted = tuple(int(stats["cmdstat_incr"][name]) for name in ("calls", "rejected_calls", "failed_calls"))
            assert counted == incr, script


@pytest.mark.parametrize("kind", ["windlass-node", "valkey-server"])
def test_commands_that_block_do_not_in_scripts(start, kind):
    if harness.server_binary(kind) is None:
        pytest.skip(f"{kind} is not there")
    client = connect(start(kind))
    client.call("XADD", "x", "1-1", "f", "v")
    client.call("XGROUP", "CREATE", "x", "g", "$")
    for words in (["blpop", "none", "0"], ["brpoplpush", "none", "other", "0"], ["blmove", "none", "other", "LEFT", "LEFT", "0"],
                  ["bzpopmin", "none", "0"], ["blmpop", "0", "1", "none", "LEFT"], ["bzmpop", "0", "1", "none", "MIN"],
                  ["xread", "STREAMS", "x", "$"], ["xreadgroup", "GROUP", "g", "c", "STREAMS", "x", ">"]):
        assert client.call("EVAL", "return {redis.call(unpack(ARGV)), 'went on'}", 0, *words) in (
            b"*2\r\n$-1\r\n$7\r\nwent on\r\n", b"*2\r\n*-1\r\n$7\r\nwent on\r\n"), words
    assert client.call("EVAL", "redis.call('rpush','l',1) return redis.call('blpop','l',0)", 0) == b"*2\r\n$1\r\nl\r\n$1\r\n1\r\n"


@pytest.mark.parametrize("kind", ["windlass-node", "redis-server"])
def test_a_script_cannot_ask_a_stream_to_block(start, kind):
    if harness.server_binary(kind) is None:
        pytest.skip(f"{kind} is not there")
    client = connect(start(kind))
    for words in (["xread", "BLOCK", "0", "STREAMS", "x", "$"], ["XREADGROUP", "GROUP", "g", "c", "block", "0", "STREAMS", "x", ">"]):
        assert client.call("EVAL", "return redis.call(unpack(ARGV))", 0, *words).startswith(
            f"-ERR {words[0]} command is not allowed with BLOCK option from scripts".encode()), words


def test_info_counts_scripts(node):
    node.call("SCRIPT", "LOAD", "return 1")
    node.call("EVAL", "return 2", 0)
    info = node.info("memory")
    assert info["number_of_cached_scripts"] == "2" and int(info["used_memory_vm_eval"]) > 10000


def test_watched_keys_and_transactions(node):
    client, other = connect(node), connect(node)
    client.pipeline([["WATCH", "k"], ["MULTI"], ["GET", "k"]])
    other.call("EVAL", "redis.call('set','k',1)", 0)
    assert client.call("EXEC") == b"*-1\r\n"
    # One's own script counts as well, unless it is within the transaction.
    client.pipeline([["WATCH", "k"], ["EVAL", "redis.call('set','k',2)", 0], ["MULTI"], ["GET", "k"]])
    assert client.call("EXEC") == b"*-1\r\n"
    client.pipeline([["WATCH", "k"], ["EVAL", "return redis.call('get','k')", 0], ["MULTI"], ["EVAL", "redis.call('set','k',3)", 0], ["GET", "k"]])
    assert client.call("EXEC") == b"*2\r\n$-1\r\n$1\r\n3\r\n"
    client.pipeline([["MULTI"], ["EVAL", "error('x')", 0], ["EVALSHA", "0" * 40, 0], ["SCRIPT", "LOAD", "return 1"], ["SET", "k", "4"]])
    reply = parse(client.call("EXEC"))
    assert reply[0][0] == reply[1][0] == "error" and reply[2:] == [b"e0e1f9fabfc9d4800c877a703b823ac0578ff8db", b"OK"]


def test_a_paused_server_runs_scripts_that_only_read(node):
    client, admin = connect(node), connect(node)
    client.call("SET", "k", "v")
    read = "return redis.call('get','k')"
    sha = parse(client.call("SCRIPT", "LOAD", "#!lua flags=no-writes\n" + read))
    admin.call("CLIENT", "PAUSE", 600000, "WRITE")
    try:
        for words in (["EVAL_RO", read, 0], ["EVAL", "#!lua flags=no-writes\n" + read, 0], ["EVALSHA", sha, 0]):
            assert client.call(*words) == b"$1\r\nv\r\n"
        waiting = [connect(node) for _ in range(2)]
        waiting[0].send([["EVAL", read, 0]])
        waiting[1].send([["EVAL", "#!lua\n" + read, 0]])
        assert select.select([each.socket for each in waiting], [], [], 0.3)[0] == []
    finally:
        admin.call("CLIENT", "UNPAUSE")
    assert [each.read() for each in waiting] == [b"$1\r\nv\r\n"] * 2


def test_what_is_random_or_timed_is_logged_by_its_effect(node):
    node.call("SADD", "s", *range(100))
    node.call("EVAL", "redis.call('spop','s') redis.call('spop','s',3) redis.call('set','k','v','EX',100) "
                      "redis.call('expire','k',50) redis.call('incrbyfloat','f',1.5) redis.call('xadd','x','*','f','v') "
                      "redis.call('getex','k','PX',100000)", 0)
    words = aof_of(node)
    assert not {b"SPOP", b"spop", b"expire", b"EXPIRE", b"incrbyfloat", b"getex", b"EX", b"*"} & set(words)
    members, entry = set(node.call("SMEMBERS", "s")), node.call("XRANGE", "x", "-", "+")
    node.kill()
    node.start()
    assert set(node.call("SMEMBERS", "s")) == members and len(members) == 96
    assert node.call("XRANGE", "x", "-", "+") == entry and node.call("GET", "f") == "1.5" and 0 < node.call("PTTL", "k") <= 100000


def test_a_script_does_not_write_what_is_on_its_way_elsewhere(start):
    node = start()
    client, mover, declaring = connect(node), connect(node), connect(node)
    client.call("SET", "k", "v")
    with socket.socket() as target:  # which takes the connection and never answers
        target.bind(("127.0.0.1", 0))
        target.listen()
        mover.send([["MIGRATE", "127.0.0.1", target.getsockname()[1], "k", 0, 1500]])
        write = "return redis.call('set', ARGV[1], 'x')"
        harness.wait_for(lambda: client.call("EVAL", write, 0, "k").startswith(
            b"-TRYAGAIN Script attempted to write a key that is on its way to another node"), 5, interval=0.01)
        assert client.call("EVAL", "return redis.call('get', 'k')", 0) in (b"$1\r\nv\r\n", b"$1\r\nx\r\n")
        declaring.send([["EVAL", "return redis.call('set', KEYS[1], 'y')", 1, "k"]])
        assert select.select([declaring.socket], [], [], 0.3)[0] == []
        assert mover.read().startswith(b"-IOERR")
        assert declaring.read() == b"+OK\r\n" and client.call("GET", "k") == b"$1\r\ny\r\n"
