"""Files go back and forth between windlass-node and redis-server 7.0 and valkey-server 8,
with every type and encoding, and files of old versions are read: digests are equal."""
import os
import shutil
import struct
import subprocess
import sys
import time

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
sys.path.insert(0, os.path.dirname(__file__))
import harness  # noqa: E402
from harness import Nodes, wait_for  # noqa: E402
from test_containers import fill  # noqa: E402

OURS = "windlass-node"
PEERS = ["redis-server", "valkey-server"]
CONFIG = {"enable-debug-command": "yes"}


def fill_everything(node):
    fill(node)
    for words in (
            ["SET", "text", "hello"], ["SET", "number", "-12345"], ["SET", "long", "ab" * 5000], ["SET", "bytes", "\x00\x01\x7f"],
            ["SET", "expiring", "x", "PXAT", "4102444800000"], ["SETBIT", "bits", "1000", "1"], ["PFADD", "hll", *map(str, range(50))],
            ["PFADD", "densehll", *map(str, range(5000))], ["XADD", "x", "1-1", "f", "v"], ["XADD", "x", "2-5", "f", "w", "g", "z"],
            ["XADD", "x", "3-0", "other", "fields"], ["XDEL", "x", "2-5"], ["XGROUP", "CREATE", "x", "group", "0", "ENTRIESREAD", "1"],
            ["XREADGROUP", "GROUP", "group", "me", "COUNT", "1", "STREAMS", "x", ">"], ["XGROUP", "CREATECONSUMER", "x", "group", "idle"],
            ["FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', function() return 1 end)"]):
        node.call(*words)
    return node.call("DEBUG", "DIGEST")


def check_loaded(node, digest):
    assert node.call("DEBUG", "DIGEST") == digest
    assert node.call("FCALL", "f", 0) == 1
    assert node.call("XPENDING", "x", "group")[0] == 1
    assert node.call("PFCOUNT", "densehll") > 4500


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("way", ["here", "there"])
@pytest.mark.parametrize("form", ["rdb", "aof"])
def test_all_types_both_ways(tmp_path, peer, way, form):
    if harness.server_binary(peer) is None:
        pytest.skip(f"{peer} is not there")
    writer_kind, reader_kind = (peer, OURS) if way == "here" else (OURS, peer)
    config = {**CONFIG, "appendonly": "yes" if form == "aof" else "no"}
    with Nodes(tmp_path, cluster=False) as nodes:
        writer = nodes.add(kind=writer_kind, config=config)
        if form == "aof":
            writer.call("SET", "base", "1")
            writer.call("BGREWRITEAOF")
            wait_for(lambda: writer.info("persistence")["aof_rewrite_in_progress"] == "0" and
                     writer.info("persistence")["aof_base_size"] != "0", 10)
        digest = fill_everything(writer)
        if form == "rdb":
            writer.call("SAVE")
        else:
            time.sleep(1.2)  # everysec
        writer.kill()
        reader = nodes.add(kind=reader_kind, start=False, config=config)
        name = "dump.rdb" if form == "rdb" else "appendonlydir"
        copy = shutil.copy if form == "rdb" else shutil.copytree
        copy(writer.folder / name, reader.folder / name)
        reader.start(timeout=30)
        check_loaded(reader, digest)


# --- files as old versions wrote them, made here.

@pytest.mark.parametrize("peer", PEERS)
def test_a_log_that_was_written_ahead_is_whole_for_others_after_a_kill(tmp_path, peer):
    """It ends in filler and its batches have heads: lines that others pass over."""
    if harness.server_binary(peer) is None:
        pytest.skip(f"{peer} is not there")
    config = {**CONFIG, "appendonly": "yes", "appendfsync": "always"}
    with Nodes(tmp_path, cluster=False) as nodes:
        writer = nodes.add(kind=OURS, config={**config, "windlass-aof-write-ahead": "yes"})
        digest = fill_everything(writer)
        writer.kill()
        folder = writer.folder / "appendonlydir"
        increment = next(folder.glob("*.incr.aof"))
        assert increment.read_bytes().endswith(b"~~\n")
        checker = shutil.which(peer.replace("server", "check-aof"))
        assert checker is not None
        checked = subprocess.run([checker, str(folder / "appendonly.aof.manifest")], stdout=subprocess.PIPE, text=True, check=False)
        assert checked.returncode == 0, checked.stdout
        reader = nodes.add(kind=peer, config=config, start=False)
        shutil.copytree(folder, reader.folder / "appendonlydir")
        reader.start()
        check_loaded(reader, digest)
        # And back, with what the peer has written behind the filler.
        reader.call("SET", "more", "1")
        digest = reader.call("DEBUG", "DIGEST")
        reader.kill()
        shutil.rmtree(folder)
        shutil.copytree(reader.folder / "appendonlydir", folder)
        writer.start()
        check_loaded(writer, digest)
        writer.call("SET", "still more", "1")
        digest = writer.call("DEBUG", "DIGEST")
        writer.kill()
        writer.start()
        check_loaded(writer, digest)


def length(n):
    return bytes([n]) if n < 64 else bytes([0x40 | n >> 8, n & 255]) if n < 16384 else b"\x80" + struct.pack(">I", n)


def string(text):
    text = text if isinstance(text, bytes) else str(text).encode()
    return length(len(text)) + text


def ziplist(items):
    """Texts, and integers in each of the sizes a ziplist has for them."""
    entries, previous = b"", 0
    for item in items:
        head = bytes([previous]) if previous < 254 else b"\xfe" + struct.pack("<I", previous)
        if isinstance(item, int):
            if 0 <= item <= 12:
                body = bytes([0xf1 + item])
            elif -128 <= item < 128:
                body = b"\xfe" + struct.pack("<b", item)
            elif -2**15 <= item < 2**15:
                body = b"\xc0" + struct.pack("<h", item)
            elif -2**23 <= item < 2**23:
                body = b"\xf0" + struct.pack("<i", item << 8)[1:]
            elif -2**31 <= item < 2**31:
                body = b"\xd0" + struct.pack("<i", item)
            else:
                body = b"\xe0" + struct.pack("<q", item)
        else:
            text = item.encode()
            size = (bytes([len(text)]) if len(text) < 64 else bytes([0x40 | len(text) >> 8, len(text) & 255])
                    if len(text) < 16384 else b"\x80" + struct.pack(">I", len(text)))
            body = size + text
        last = len(entries)
        entries += head + body
        previous = len(head + body)
    total = 10 + len(entries) + 1
    return struct.pack("<IIH", total, 10 + last, len(items)) + entries + b"\xff"


def zipmap(pairs):
    out = bytes([len(pairs)])
    for field, value in pairs:
        out += bytes([len(field)]) + field.encode() + bytes([len(value), 2]) + value.encode() + b"zz"  # two bytes free
    return out + b"\xff"


def intset(numbers, size):
    return struct.pack("<II", size, len(numbers)) + b"".join(struct.pack({2: "<h", 4: "<i", 8: "<q"}[size], n) for n in numbers)


def lzf_of_ones(n):
    """n times 'a', as LZF writes it: a literal, then copies of what came before."""
    out, left = b"\x00a", n - 1
    while left > 2:
        run = min(left, 264)
        out += bytes([7 << 5, run - 9, 0]) if run >= 9 else bytes([run - 2 << 5, 0])
        left -= run
    out += bytes([left - 1]) + b"a" * left if left else b""
    return b"\xc3" + length(len(out)) + length(n) + out


MIXED = [0, 12, 13, -1, 127, -128, 128, -32768, 40000, -8000000, 2**31 - 1, -2**31, 2**40, "text", "x" * 100, "y" * 300, ""]
KEYS = [
    (0, "string", string("hello")), (0, "int8", b"\xc0\x85"), (0, "int16", b"\xc1\x39\x30"), (0, "int32", b"\xc2\x00\x00\x00\x80"),
    (0, "lzf", lzf_of_ones(500)),
    (1, "list", length(3) + string("a") + string("b") + b"\xc0\x07"),
    (2, "set", length(3) + string("a") + string("b") + b"\xc1\x39\x30"),
    (3, "zset", length(4) + string("a") + b"\x031.5" + string("b") + b"\xfe" + string("c") + b"\xff" + string("d") + b"\x02-3"),
    (4, "hash", length(2) + string("f") + string("v") + string("g") + b"\xc0\x01"),
    (9, "zipmap", string(zipmap([("f", "v"), ("field", "value")]))),
    (10, "listziplist", string(ziplist(MIXED))),
    (11, "ints16", string(intset([-5, 3, 1000], 2))), (11, "ints32", string(intset([-70000, 1], 4))),
    (11, "ints64", string(intset([-2**40, 0, 2**40], 8))),
    (12, "zsetziplist", string(ziplist(["m", 1, "n", "2.5", "o", 40000]))),
    (13, "hashziplist", string(ziplist(["f", "v", "n", 17, "big", 2**40]))),
]
NEWER = [
    (5, 8, "zset2", length(2) + string("a") + struct.pack("<d", 1.25) + string("b") + struct.pack("<d", float("inf"))),
    (14, 7, "quicklist", length(2) + string(ziplist(MIXED)) + string(ziplist(["tail", 5]))),
]


def old_file(version):
    out = b"REDIS%04d" % version
    if version >= 7:
        out += b"\xfa" + string("redis-ver") + string("x") + b"\xfa" + string("redis-bits") + b"\xc0\x40"
    out += b"\xfe\x00"
    if version >= 7:
        out += b"\xfb" + length(20) + length(1)
    # In seconds before version 3, in milliseconds from then on.
    expiry = b"\xfd" + struct.pack("<I", 2000000000) if version < 3 else b"\xfc" + struct.pack("<Q", 4102444800123)
    out += expiry + b"\x00" + string("expiring") + string("x")
    keys = list(KEYS) if version >= 4 else [key for key in KEYS if key[0] < 10]
    keys += [(kind, name, body) for kind, since, name, body in NEWER if version >= since]
    for index, (kind, name, body) in enumerate(keys):
        if version >= 9:
            out += b"\xf8\x05" if index % 2 else b"\xf9\x07"  # how long unused, or how often used
        out += bytes([kind]) + string(name) + body
    out += b"\xfe\x03\x00" + string("elsewhere") + string("1")
    return out + b"\xff" + (bytes(8) if version >= 5 else b"")


@pytest.mark.parametrize("version", range(1, 10))
def test_files_of_old_versions(tmp_path, version):
    with Nodes(tmp_path, cluster=False) as nodes:
        digests = set()
        for kind in (OURS, "redis-server"):
            node = nodes.add(kind=kind, start=False, config=CONFIG)
            (node.folder / "dump.rdb").write_bytes(old_file(version))
            node.start()
            assert node.call("DBSIZE") >= (17 if version >= 4 else 11)
            assert node.call("PEXPIRETIME", "expiring") == (2000000000000 if version < 3 else 4102444800123)
            assert node.call("HGETALL", "zipmap") == ["f", "v", "field", "value"]
            digests.add(node.call("DEBUG", "DIGEST"))
        assert len(digests) == 1
