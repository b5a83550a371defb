"""The knobs by which tests disturb the bus: messages dropped by type, links closed for
it, links killed. Told to redis-server too, as far as 7.0 has them."""

import harness
import pytest
from harness import KINDS, wait_for

PUBLISH = 4


@pytest.fixture(name="pair", params=KINDS)
def pair_fixture(request, tmp_path):
    with harness.Nodes(tmp_path, 2, kind=request.param, config={"enable-debug-command": "yes"}) as nodes:
        harness.form_cluster(nodes.all)
        yield nodes


def links_between(node, peer_id):
    """Creation times of the links, by direction."""
    def words(link):
        return dict(zip(link[::2], link[1::2])) if isinstance(link, list) else link
    return {link["direction"]: link["create-time"] for link in map(words, node.call("CLUSTER", "LINKS"))
            if link["node"] == peer_id}


def test_messages_of_a_type_are_dropped(pair):
    speaker, hearer = pair[0], pair[1]
    listener = hearer.client().pubsub()
    listener.subscribe("news")
    assert listener.get_message(timeout=5)["type"] == "subscribe"
    speaker.call("PUBLISH", "news", "one")
    assert listener.get_message(timeout=5)["data"] == "one"
    hearer.call("DEBUG", "DROP-CLUSTER-PACKET-FILTER", PUBLISH)
    speaker.call("PUBLISH", "news", "two")
    assert listener.get_message(timeout=1) is None
    assert "Dropping packet that matches debug drop filter" in hearer.log()
    hearer.call("DEBUG", "DROP-CLUSTER-PACKET-FILTER", -1)
    speaker.call("PUBLISH", "news", "three")
    assert listener.get_message(timeout=5)["data"] == "three"


def test_a_link_ends_with_what_is_dropped(tmp_path):
    with harness.Nodes(tmp_path, 2, kind="windlass-node", config={"enable-debug-command": "yes"}) as pair:
        harness.form_cluster(pair.all)
        speaker, hearer = pair[0], pair[1]
        before = wait_for(lambda: links_between(speaker, hearer.id()).get("to"))
        hearer.call("DEBUG", "CLOSE-CLUSTER-LINK-ON-PACKET-DROP", 1)
        hearer.call("DEBUG", "DROP-CLUSTER-PACKET-FILTER", PUBLISH)
        speaker.call("PUBLISH", "news", "x")
        wait_for(lambda: links_between(speaker, hearer.id()).get("to", before) != before, 15, "a new link")
        assert f"Closing link for matching packet type {PUBLISH}" in hearer.log()
        hearer.call("DEBUG", "DROP-CLUSTER-PACKET-FILTER", -1)
        harness.wait_cluster_ok(pair.all)


@pytest.mark.parametrize("direction", ["TO", "FROM", "ALL"])
def test_links_are_killed_and_made_again(pair, direction):
    one, other = pair[0], pair[1]
    before = wait_for(lambda: len(links_between(one, other.id())) == 2 and links_between(one, other.id()))
    assert one.call("DEBUG", "CLUSTERLINK", "KILL", direction, other.id()) in ("OK", True)
    gone = {"TO": {"to"}, "FROM": {"from"}, "ALL": {"to", "from"}}[direction]

    def made_again():
        now = links_between(one, other.id())
        return len(now) == 2 and all(now[way] != before[way] for way in gone)

    wait_for(made_again, 15, f"new links {direction}")
    with pytest.raises(Exception, match="Unknown node"):
        one.call("DEBUG", "CLUSTERLINK", "KILL", direction, "0" * 40)
