"""Sessions: protocol errors, pipelines, limits, AUTH, CLIENT, pause, MULTI."""
import os
import socket
import sys
import threading
import time

import pytest
import redis

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import harness  # noqa: E402
from harness import wait_for  # noqa: E402

pytestmark = pytest.mark.skipif(harness.binary("windlass-node") is None, reason="windlass-node is not built")


@pytest.fixture
def start(tmp_path):
    started = []

    def run(password=None, **config):
        node = harness.NodeProcess(tmp_path / f"n{len(started)}", kind="windlass-node", cluster=False,
                                   password=password, config={key.replace("_", "-"): value for key, value in config.items()})
        started.append(node)
        return node.start()

    yield run
    for node in started:
        node.process.kill()
        node.process.wait()


def client_of(node, **options):
    return redis.Redis(host=node.host, port=node.port, decode_responses=True, **options)


class Raw:
    """Bytes to and from a server."""

    def __init__(self, node):
        self.socket = socket.create_connection((node.host, node.port), 5)
        self.socket.settimeout(5)

    def send(self, data):
        self.socket.sendall(data)
        return self

    def read(self, size):
        data = b""
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            if not part:
                break
            data += part
        return data

    def read_all(self):
        data = b""
        while True:
            try:
                part = self.socket.recv(65536)
            except ConnectionResetError:
                return data
            if not part:
                return data
            data += part


@pytest.mark.parametrize("request_bytes, reply", [
    (b"*x\r\n", b"-ERR Protocol error: invalid multibulk length\r\n"),
    (b"*1\r\n:3\r\n", b"-ERR Protocol error: expected '$', got ':'\r\n"),
    (b"*1\r\n$-5\r\n", b"-ERR Protocol error: invalid bulk length\r\n"),
    (b"GET \"a\r\n", b"-ERR Protocol error: unbalanced quotes in request\r\n"),
])
def test_a_protocol_error_is_told_and_closes(start, request_bytes, reply):
    node = start()
    assert Raw(node).send(b"PING\r\n" + request_bytes + b"PING\r\n").read_all() == b"+PONG\r\n" + reply


@pytest.mark.parametrize("request_bytes", [b"POST / HTTP/1.1\r\n", b"host: example\r\n", b"*2\r\n$5\r\nHost:\r\n$1\r\nx\r\n"])
def test_who_speaks_http_is_cut_off_without_a_word(start, request_bytes):
    node = start()
    assert Raw(node).send(b"PING\r\n" + request_bytes + b"SET k v\r\n").read_all() == b"+PONG\r\n"
    assert node.call("EXISTS", "k") == 0 and "SECURITY ATTACK" in node.log()


def test_who_wants_no_replies_is_told_of_no_protocol_error(start):
    assert Raw(start()).send(b"CLIENT REPLY OFF\r\n*x\r\n").read_all() == b""


def test_the_input_limit_counts_what_is_not_understood_yet(start):
    node = start(client_query_buffer_limit="1mb")
    part = b"$400000\r\n" + b"y" * 400000 + b"\r\n"
    assert Raw(node).send(b"*8\r\n$3\r\nDEL\r\n" + part * 7).read(4) == b":0\r\n"
    too_long = Raw(node)
    try:
        too_long.send(b"*2\r\n$3\r\nDEL\r\n$3000000\r\n" + b"y" * 3000000)
        assert too_long.read_all() == b""
    except ConnectionError:
        pass
    assert "max query buffer length" in node.log()


def test_a_pipeline_is_answered_in_order_however_it_is_cut(start):
    node = start()
    requests = b"".join(b"*2\r\n$4\r\nECHO\r\n$%d\r\n%d\r\n" % (len(str(i)), i) for i in range(500))
    expected = b"".join(b"$%d\r\n%d\r\n" % (len(str(i)), i) for i in range(500))
    whole = Raw(node).send(requests)
    assert whole.read(len(expected)) == expected
    pieces = Raw(node)
    for begin in range(0, len(requests), 7):
        pieces.send(requests[begin:begin + 7])
    assert pieces.read(len(expected)) == expected


def test_large_values_go_in_and_come_out(start):
    client = client_of(start())
    value = "x" * (20 << 20)
    assert client.set("big", value)
    assert client.get("big") == value


def test_auth_is_asked_for_and_given(start):
    node = start(password="secret")
    stranger = client_of(node)
    with pytest.raises(redis.exceptions.AuthenticationError):
        stranger.ping()
    raw = Raw(node).send(b"*2\r\n$4\r\nAUTH\r\n$5\r\nwrong\r\n")
    assert raw.read(9) == b"-WRONGPAS"
    assert Raw(node).send(b"*11\r\n").read_all() == b"-ERR Protocol error: unauthenticated multibulk length\r\n"
    known = client_of(node, password="secret")
    assert known.ping()
    hello = Raw(node).send(b"HELLO 3 AUTH default secret SETNAME me\r\nCLIENT GETNAME\r\n")
    assert hello.read(4) == b"%7\r\n"


def test_maxclients_and_idle_timeout(start):
    node = start(maxclients=3)
    keep = [Raw(node).send(b"PING\r\n") for _ in range(3)]
    for one in keep:
        assert one.read(7) == b"+PONG\r\n"
    assert Raw(node).read_all() == b"-ERR max number of clients reached\r\n"
    keep[0].send(b"CONFIG SET timeout 1\r\n").read(5)
    keep[2].send(b"MONITOR\r\n").read(5)
    assert keep[1].read_all() == b""  # closed by the server
    time.sleep(1.5)
    node.call("PING")
    assert b"PING" in keep[2].socket.recv(1000), "who monitors has nothing to say and stays"


def test_a_client_that_does_not_read_is_closed(start):
    node = start(client_output_buffer_limit="normal 1mb 0 0")
    client = client_of(node)
    client.set("v", "x" * 100_000)
    hungry = Raw(node)
    hungry.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    try:
        hungry.send(b"GET v\r\n" * 2000)
    except OSError:
        pass
    wait_for(lambda: "overcoming of output buffer limits" in node.log(), 10)
    wait_for(lambda: client.info("clients")["connected_clients"] == 1, 10)


def test_client_list_shows_what_waits_as_omem(start):
    node = start()
    client = client_of(node)
    client.set("v", "x" * 100_000)
    hungry = Raw(node).send(b"CLIENT SETNAME hungry\r\n")
    hungry.read(5)
    hungry.send(b"GET v\r\n" * 500)

    def waiting():
        rows = [row for row in client.client_list() if row["name"] == "hungry"]
        return rows and int(rows[0]["omem"]) > 1_000_000
    wait_for(waiting, 10)
    assert client.client_kill_filter(skipme=True, _type="normal") == 1
    wait_for(lambda: len(client.client_list()) == 1, 5)


def test_kill_by_every_filter(start):
    node = start()
    client = client_of(node)

    def victim():
        raw = Raw(node).send(b"CLIENT ID\r\n")
        return raw, int(raw.read(4).strip(b":\r\n") or 0), raw.socket.getsockname()

    raw, number, address = victim()
    assert client.execute_command("CLIENT", "KILL", "ADDR", f"127.0.0.1:{address[1]}") == 1
    assert raw.read_all().strip(b"0123456789\r\n") == b""
    raw, number, address = victim()
    wait_for(lambda: len(client.client_list()) == 2, 5)
    number = max(int(row["id"]) for row in client.client_list())
    assert client.execute_command("CLIENT", "KILL", "ID", number) == 1
    raw, number, address = victim()
    assert client.execute_command("CLIENT", "KILL", f"127.0.0.1:{address[1]}") in ("OK", True)
    with pytest.raises(redis.exceptions.ResponseError, match="No such client"):
        client.execute_command("CLIENT", "KILL", "1.2.3.4:5")
    raw, number, address = victim()
    assert client.execute_command("CLIENT", "KILL", "USER", "default", "SKIPME", "yes") == 1
    raw, number, address = victim()
    assert client.execute_command("CLIENT", "KILL", "LADDR", node.address, "SKIPME", "yes") == 1


def test_pause_write_holds_writes_and_lets_reads_pass(start):
    node = start()
    client, other = client_of(node), client_of(node)
    client.set("k", "old")
    client.client_pause(400, all=False)
    begin = time.monotonic()
    assert other.get("k") == "old"
    assert time.monotonic() - begin < 0.3
    other.set("k", "new")
    assert time.monotonic() - begin > 0.3
    assert client.get("k") == "new"


def test_unpause_releases_whole_pipelines_in_order(start):
    node = start()
    client = client_of(node)
    raw = Raw(node)
    client.client_pause(30_000, all=False)
    raw.send(b"INCR n\r\n" * 50)
    time.sleep(0.2)
    assert client.get("n") is None
    client.client_unpause()
    assert raw.read(4 * 9 + 5 * 41) == b"".join(b":%d\r\n" % i for i in range(1, 51))


def test_client_reply_off_and_skip(start):
    raw = Raw(start())
    raw.send(b"CLIENT REPLY SKIP\r\nPING\r\nECHO a\r\n")
    assert raw.read(7) == b"$1\r\na\r\n"
    raw.send(b"CLIENT REPLY OFF\r\nPING\r\nPING\r\nCLIENT REPLY ON\r\nECHO b\r\n")
    assert raw.read(12) == b"+OK\r\n$1\r\nb\r\n"


def test_transactions(start):
    node = start()
    client, other = client_of(node), client_of(node)
    pipe = client.pipeline(transaction=True)
    pipe.set("a", 1).incr("a").get("a")
    assert pipe.execute() == [True, 2, "2"]
    watching = client.pipeline()
    watching.watch("a")
    other.set("a", 9)
    watching.multi()
    watching.set("a", 10)
    with pytest.raises(redis.exceptions.WatchError):
        watching.execute()
    assert client.get("a") == "9"
    raw = Raw(node).send(b"MULTI\r\nNOSUCH\r\nSET a 1\r\nEXEC\r\nQUIT\r\n")
    assert b"-EXECABORT Transaction discarded because of previous errors.\r\n" in raw.read_all()
    assert client.get("a") == "9"


def test_memory_limit_refuses_writes_that_grow(start):
    client = client_of(start(maxmemory="3mb"))  # the process itself counts
    with pytest.raises(redis.exceptions.ResponseError, match="OOM|used memory"):
        for i in range(100):
            client.set(f"k{i}", "x" * 100_000)
    assert client.delete("k0") == 1


def test_min_replicas_refuses_writes(start):
    client = client_of(start(min_replicas_to_write=1))
    with pytest.raises(redis.exceptions.ResponseError, match="NOREPLICAS"):
        client.set("a", 1)


def test_resp3_replies(start):
    raw = Raw(start(enable_debug_command="yes"))
    raw.send(b"HELLO 3\r\nDEBUG PROTOCOL TRUE\r\nDEBUG PROTOCOL map\r\nGET nothing\r\n")
    time.sleep(0.2)
    data = raw.socket.recv(65536)
    assert data.endswith(b"#t\r\n%3\r\n:0\r\n#f\r\n:1\r\n#t\r\n:2\r\n#f\r\n_\r\n")


def test_many_clients_at_once_lose_nothing(start):
    node = start()

    def work():
        client = client_of(node)
        for _ in range(300):
            client.incr("n")
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client_of(node).get("n") == "2400"
