"""Scripts in a cluster: where they run, and which keys they may touch. On clusters of
either kind of server."""

import pytest
from cluster_tools import error_of, form, slot_of
from harness import KINDS


@pytest.fixture(params=KINDS)
def masters(request, nodes):
    pair = [nodes.add(kind=request.param) for _ in range(2)]
    form(pair, [])
    return pair


def key_in(index, number=0):
    names = (f"k{n}" for n in range(10000))
    return [name for name in names if (slot_of(name) < 8192) == (index == 0)][number]


def test_a_script_goes_where_its_declared_keys_are(masters):
    ours, other = key_in(0), key_in(1)
    assert masters[0].call("EVAL", "return redis.call('set', KEYS[1], 'v')", 1, ours) == "OK"
    assert error_of(masters[0].call, "EVAL", "return 1", 1, other) == f"MOVED {slot_of(other)} {masters[1].address}"
    assert error_of(masters[0].call, "EVAL", "return 1", 2, ours, other).startswith("CROSSSLOT")
    assert masters[0].call("EVAL", "return 1", 0) == 1


def test_keys_it_did_not_declare(masters):
    ours, second, other = key_in(0), key_in(0, 1), key_in(1)
    read = "return redis.call('get', ARGV[1])"
    assert masters[0].call("EVAL", read, 0, ours) is None
    assert "Script attempted to access a non local key in a cluster node" in error_of(masters[0].call, "EVAL", read, 0, other)
    crossing = "Script attempted to access keys that do not hash to the same slot"
    both = "redis.call('get', ARGV[1]) return redis.call('get', ARGV[2])"
    assert crossing in error_of(masters[0].call, "EVAL", "#!lua\n" + both, 0, ours, second)
    assert crossing in error_of(masters[0].call, "EVAL", "#!lua\n" + read, 1, ours, second)
    for allowed in ("#!lua flags=allow-cross-slot-keys\n" + both, both):
        assert masters[0].call("EVAL", allowed, 0, ours, second) is None


def test_flags_for_clusters(masters):
    assert error_of(masters[0].call, "EVAL", "#!lua flags=no-cluster\nreturn 1", 0) == (
        "Can not run script on cluster, 'no-cluster' flag is set.")


def test_scripts_in_transactions(masters):
    client = masters[0].client()
    pipe = client.pipeline(transaction=True)
    pipe.execute_command("SET", key_in(0), "v")
    pipe.execute_command("EVAL", "return 1", 0)
    pipe.execute_command("EVAL", "return redis.call('get', KEYS[1])", 1, key_in(0))
    assert pipe.execute()[1:] == [1, "v"]
