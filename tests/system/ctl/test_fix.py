"""windlassctl fix, out of every half-done state a slot can be in, on real nodes."""

import pytest

from tool import Windlassctl, harness, succeed

SLOT = 0
# Keys that all hash to slot 0.
TAG = "{06S}"


@pytest.fixture(scope="module", params=harness.KINDS)
def cluster(request, tmp_path_factory):
    if not harness.server_binary(request.param):
        pytest.fail(f"{request.param} is not there: build it or set WINDLASS_BIN")
    with harness.Nodes(tmp_path_factory.mktemp("fix"), 3, kind=request.param,
                       password="s3cret") as nodes:
        harness.form_cluster(nodes.all)
        nodes.ids = [node.id() for node in nodes]
        assert nodes[0].call("CLUSTER", "KEYSLOT", TAG) == SLOT
        yield nodes


@pytest.fixture
def keys(cluster):
    """Thirty keys in the slot, at its owner, which is the first node again."""
    owner, *others = cluster.all
    if SLOT not in [first for line in owner.cluster_nodes().values()
                    if "myself" in line["flags"] for first, _ in line["slots"]]:
        succeed(fix(cluster))
        current = next(i for i in owner.cluster_nodes().values()
                       if any(f <= SLOT <= l for f, l in i["slots"]))
        succeed(Windlassctl("s3cret").run("reshard", "--from", current["id"], "--to", cluster.ids[0],
                                          "--slots", 1, "--yes", owner.address))
    names = [f"{TAG}{index}" for index in range(30)]
    for name in names:
        owner.call("SET", name, f"value of {name}")
    return names


def fix(cluster, *options, address=None):
    return Windlassctl("s3cret").run("fix", *options, address or cluster[1].address)


def mark(node, *state):
    assert node.call("CLUSTER", "SETSLOT", SLOT, *state) == "OK"


def migrate(source, target, names):
    reply = source.call("MIGRATE", target.host, target.port, "", 0, 5000, "AUTH", "s3cret", "KEYS",
                        *names)
    assert reply == "OK"


def half_move(cluster, names, target=1, marks=("source", "target")):
    """The slot as a mover leaves it that was killed with ten keys moved."""
    mark(cluster[target], "IMPORTING", cluster.ids[0])
    mark(cluster[0], "MIGRATING", cluster.ids[target])
    migrate(cluster[0], cluster[target], names[:10])
    if "source" not in marks:
        mark(cluster[0], "STABLE")
    if "target" not in marks:
        mark(cluster[target], "STABLE")


def assert_healthy(cluster, names, owner):
    def settled():
        for node in cluster:
            lines = node.cluster_nodes()
            if any(line["migrating"] or line["importing"] for line in lines.values()):
                return False
            if sum(line["slot_count"] for line in lines.values()) != 16384:
                return False
            if not any(f <= SLOT <= l for f, l in lines[cluster.ids[owner]]["slots"]):
                return False
        return True
    harness.wait_for(settled, 20, f"node {owner} owns the slot, and no slot is open")
    for name in names:
        assert cluster[owner].call("GET", name) == f"value of {name}"
    for index, node in enumerate(cluster):
        expected = len(names) if index == owner else 0
        assert node.call("CLUSTER", "COUNTKEYSINSLOT", SLOT) == expected
    assert succeed(Windlassctl("s3cret").run("check", cluster[2].address))


def test_a_move_that_both_ends_know_of_is_finished(cluster, keys):
    half_move(cluster, keys)
    check = Windlassctl("s3cret").run("check", cluster[0].address)
    assert check.returncode == 1
    assert f"has slots in migrating state {SLOT}." in check.stdout
    assert f"has slots in importing state {SLOT}." in check.stdout
    assert f"[WARNING] The following slots are open: {SLOT}." in check.stdout
    succeed(fix(cluster))
    assert_healthy(cluster, keys, owner=1)


def test_a_move_whose_target_lost_its_mark_is_finished(cluster, keys):
    half_move(cluster, keys, marks=("source",))
    succeed(fix(cluster))
    assert_healthy(cluster, keys, owner=1)


def test_keys_at_an_importing_node_come_back_to_the_owner(cluster, keys):
    half_move(cluster, keys, marks=("target",))
    succeed(fix(cluster))
    assert_healthy(cluster, keys, owner=0)


def test_keys_in_a_node_that_does_not_own_them_come_back(cluster, keys):
    half_move(cluster, keys, marks=())
    assert cluster[1].call("CLUSTER", "COUNTKEYSINSLOT", SLOT) == 10
    succeed(fix(cluster))
    assert_healthy(cluster, keys, owner=0)


def test_marks_without_a_key_moved_are_taken_off(cluster, keys):
    mark(cluster[0], "MIGRATING", cluster.ids[1])
    succeed(fix(cluster))
    assert_healthy(cluster, keys, owner=0)
    mark(cluster[2], "IMPORTING", cluster.ids[0])
    succeed(fix(cluster))
    assert_healthy(cluster, keys, owner=0)


def test_three_nodes_in_one_move_end_with_all_keys_at_the_owner(cluster, keys):
    half_move(cluster, keys, target=1)
    mark(cluster[2], "IMPORTING", cluster.ids[0])
    migrate(cluster[0], cluster[2], keys[10:15])
    succeed(fix(cluster))
    assert_healthy(cluster, keys, owner=0)


def test_an_uncovered_slot_goes_to_whoever_has_its_keys(cluster, keys):
    for node in cluster:
        node.call("CLUSTER", "DELSLOTS", SLOT)
    check = Windlassctl("s3cret").run("check", cluster[0].address)
    assert check.returncode == 1
    assert "[ERR] Not all 16384 slots are covered by nodes." in check.stdout
    refused = fix(cluster, address=cluster[1].address)
    assert refused.returncode == 2, "the question was not answered: nothing may change"
    assert Windlassctl("s3cret").run("check", cluster[0].address).returncode == 1
    succeed(fix(cluster, "--yes"))
    # Whether the keys survive the loss of their slot is the server's choice.
    left = cluster[0].call("CLUSTER", "COUNTKEYSINSLOT", SLOT)
    if left:
        assert_healthy(cluster, keys, owner=0)
    else:
        succeed(Windlassctl("s3cret").run("check", cluster[0].address))


def test_a_key_with_two_values_is_refused_and_then_decided_by_the_person(cluster, keys):
    half_move(cluster, keys)
    # The target gets a key that the source has too, with another value.
    target = cluster[1].client()
    pipeline = target.pipeline(transaction=False)
    pipeline.execute_command("ASKING")
    pipeline.execute_command("SET", keys[20], "another value")
    pipeline.execute()
    refused = fix(cluster)
    assert refused.returncode == 1
    assert f"key '{keys[20]}'" in refused.stdout and "--replace" in refused.stdout
    assert cluster[0].call("GET", keys[20]) == f"value of {keys[20]}"
    succeed(fix(cluster, "--replace"))
    assert_healthy(cluster, keys, owner=1)


def test_an_unacknowledged_copy_with_the_same_value_is_no_conflict(cluster, keys):
    half_move(cluster, keys)
    reply = cluster[0].call("MIGRATE", cluster[1].host, cluster[1].port, "", 0, 5000, "COPY", "AUTH",
                            "s3cret", "KEYS", keys[20])
    assert reply == "OK"
    succeed(fix(cluster))
    assert_healthy(cluster, keys, owner=1)


def test_a_mark_left_at_a_source_that_heard_of_the_new_owner_by_gossip_is_taken_off(cluster, keys):
    source, target, _ = cluster
    mark(target, "IMPORTING", cluster.ids[0])
    mark(source, "MIGRATING", cluster.ids[1])
    migrate(source, target, keys)
    mark(target, "NODE", cluster.ids[1])
    harness.wait_for(lambda: any(f <= SLOT <= l for f, l in source.cluster_nodes()[cluster.ids[1]]["slots"]),
                     20, "the source has heard of the new owner")
    succeed(fix(cluster))
    assert_healthy(cluster, keys, owner=1)


@pytest.mark.skipif(not harness.server_binary("valkey-server"), reason="valkey-server alone hands marks on to replicas")
def test_a_mark_that_only_a_replica_has_is_taken_off(tmp_path):
    with harness.Nodes(tmp_path, 4, kind="valkey-server", password="s3cret") as nodes:
        harness.form_cluster(nodes[:3], nodes[3:])
        master, replica = nodes[0], nodes[3]
        mark(master, "MIGRATING", nodes[1].id())
        marked = lambda node: any(line["migrating"] for line in node.cluster_nodes().values())  # noqa: E731
        harness.wait_for(lambda: marked(replica), 10)
        replica.kill()
        mark(master, "STABLE")
        replica.start()
        harness.wait_for(lambda: replica.info("replication")["master_link_status"] == "up", 20)
        assert marked(replica) and not marked(master), "the replica missed it"
        succeed(fix(nodes))
        harness.wait_for(lambda: not marked(replica), 5)
