"""The checker: what must be true of a cluster that was healed.

Agreement: every node knows exactly the nodes there are, all see the same roles,
owners and epochs and nobody as failing; each slot has one owner, by its own word
too, and no two owners have one epoch. Keys: every key stands in its slot's owner
and nowhere else but on that owner's replicas, which hold the same."""

import redis
from harness import wait_for
from places import slot_of

SLOTS = 16384


def disagreement(cluster):
    """None, or the first thing that is wrong. A connection error is one, too."""
    views = {}
    for node in cluster:
        try:
            views[node] = node.cluster_nodes()
            state = node.cluster_info()["cluster_state"]
        except (redis.RedisError, OSError) as error:
            return f"{node}: {type(error).__name__} {error}"
        if state != "ok":
            return f"{node} says cluster_state:{state}"
    return disagreement_of({node.address: view for node, view in views.items()}) or replication_problem(cluster)


def disagreement_of(views):
    """The pure part. views: address → CLUSTER NODES as the node there has it."""
    mine = {address: next((line for line in view.values() if "myself" in line["flags"]), None)
            for address, view in views.items()}
    if None in mine.values():
        return "a node does not know itself"
    living = {line["id"] for line in mine.values()}
    if len(living) != len(views):
        return "two nodes have one id"
    told = {}
    for address, view in views.items():
        for identity, line in view.items():
            if identity not in living:
                return f"{address} knows a ghost: {identity} {line['address']} {line['flags']}"
            if {"fail", "fail?", "handshake", "noaddr"} & set(line["flags"]) or line["link"] != "connected":
                return f"{address} sees {line['address']} as {line['flags']} {line['link']}"
            seen = (line["address"].rpartition(":")[0] and line["address"], line["master"], tuple(line["slots"]),
                    None if line["master"] else line["epoch"])
            if told.setdefault(identity, (address, seen))[1] != seen:
                return f"{address} and {told[identity][0]} differ about {line['address']}: {seen}, {told[identity][1]}"
        missing = living - set(view)
        if missing:
            return f"{address} does not know {sorted(missing)}"
    return ownership_problem(list(mine.values()))


def ownership_problem(own_lines):
    """own_lines: each node's own line, by its own word."""
    owners, epochs = {}, {}
    for line in own_lines:
        if line["slots"] and line["master"]:
            return f"the replica {line['address']} owns slots"
        if line["slots"] and epochs.setdefault(line["epoch"], line["address"]) != line["address"]:
            return f"{line['address']} and {epochs[line['epoch']]} own slots with one epoch, {line['epoch']}"
        for first, last in line["slots"]:
            for slot in range(first, last + 1):
                if owners.setdefault(slot, line["address"]) != line["address"]:
                    return f"slot {slot} has two owners: {owners[slot]} and {line['address']}"
    if len(owners) != SLOTS:
        return f"{SLOTS - len(owners)} slots have no owner"
    idle = next((line for line in own_lines if line["master"] is None and not line["slots"]), None)
    return f"{idle['address']} is a master without slots, and nobody's replica" if idle else None


def replication_problem(cluster):
    for node in cluster:
        link = node.info("replication")
        if link["role"] == "slave" and link["master_link_status"] != "up":
            return f"{node} is not in sync with its master"
    return None


def unacknowledged(cluster):
    """None, or the master whose clients still wait under windlass-min-acks: it has no replica
    that counts. One that came from elsewhere counts after a node timeout."""
    for node in cluster:
        link = node.info("replication")
        if link["role"] == "master" and int(link["windlass_min_acks_offset"]) < 0:
            return f"no replica's acknowledgements count at {node}"
    return None


def keys_of(node):
    """Every key the node holds, as SCAN shows it, which a replica answers, too."""
    client = node.client(timeout=10)
    found, cursor = set(), 0
    while True:
        cursor, keys = client.execute_command("SCAN", cursor, "COUNT", 2000)
        found.update(keys)
        if int(cursor) == 0:
            client.close()
            return found


def misplaced_keys(cluster):
    """None, or the first key that is where it must not be. Slots lost are emptied in the
    background and a replica is a moment behind: so it has a while to come true."""
    def wrong():
        held = {}
        for node in cluster:
            me = next(line for line in node.cluster_nodes().values() if "myself" in line["flags"])
            held[me["id"]] = (node, me, keys_of(node))
        for node, me, keys in held.values():
            owner = held[me["master"] or me["id"]][1]
            own = {slot for first, last in owner["slots"] for slot in range(first, last + 1)}
            for key in keys:
                if slot_of(key) not in own:
                    return f"{node} holds {key} of slot {slot_of(key)}, which is not its shard's"
            if me["master"] and keys != held[me["master"]][2]:
                difference = keys ^ held[me["master"]][2]
                return f"{node} and its master differ in {len(difference)} keys, {sorted(difference)[:3]}"
            if node.call("DBSIZE") != len(keys):
                return f"{node}: DBSIZE {node.call('DBSIZE')}, SCAN shows {len(keys)}"
        return None

    last = [None]

    def right():
        last[0] = wrong()
        return last[0] is None
    try:
        wait_for(right, 15, interval=0.5)
    except AssertionError:
        return last[0]
    return None
