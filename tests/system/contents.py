"""What a node holds, for comparing two nodes, and changes at random."""

import random

import harness


def contents(node, databases=4):
    """{(db, key): (value, absolute expiry)} of all strings of a node."""
    found = {}
    for db in range(databases):
        client = node.client(timeout=30, db=db)
        cursor, keys = "0", set()
        while True:
            cursor, page = client.execute_command("SCAN", cursor, "COUNT", 1000)
            keys.update(page)
            if str(cursor) == "0":
                break
        keys = sorted(keys)
        pipe = client.pipeline(transaction=False)
        for key in keys:
            pipe.execute_command("GET", key)
            pipe.execute_command("PEXPIRETIME", key)
        replies = pipe.execute()
        for index, key in enumerate(keys):
            if replies[2 * index] is not None:
                found[(db, key)] = (replies[2 * index], replies[2 * index + 1])
        client.close()
    return found


def change_at_random(node, rounds, seed, databases=4, key_space=300):
    """Writes of every kind that strings know, in several databases and in transactions."""
    chance = random.Random(seed)
    clients = [node.client(timeout=30, db=db) for db in range(databases)]
    for _ in range(rounds):
        pipe = clients[chance.randrange(databases)].pipeline(transaction=chance.random() < 0.2)
        for _ in range(20):
            key = f"key:{chance.randrange(key_space)}"
            pipe.execute_command(*chance.choice([
                ("SET", key, chance.randrange(10**6)),
                ("SET", key, "v" * chance.randrange(300)),
                ("SET", key, "short", "PX", chance.randrange(1, 200)),
                ("SET", key, "long", "EX", chance.randrange(1000, 2000)),
                ("SETRANGE", key, chance.randrange(50), "patch"),
                ("APPEND", f"log:{key}", "more"),
                ("INCRBY", f"count:{key}", chance.randrange(100)),
                ("INCRBYFLOAT", f"float:{key}", "0.5"),
                ("DEL", key),
                ("PEXPIRE", key, chance.randrange(1, 500)),
                ("PERSIST", key),
                ("GETDEL", key),
                ("MSET", key, "1", f"other:{key}", "2"),
            ]))
        pipe.execute(raise_on_error=False)
    for client in clients:
        client.close()


def assert_same(one, other, timeout=20):
    """Both hold the same, expiry times included, once keys past their time are gone."""
    def same():
        first, second = contents(one), contents(other)
        if first == second:
            return True
        only_one = {key: first[key] for key in first if first[key] != second.get(key)}
        only_other = {key: second[key] for key in second if second[key] != first.get(key)}
        differences.append(f"{one}: {dict(list(only_one.items())[:5])}\n{other}: {dict(list(only_other.items())[:5])}")
        return False
    differences = []
    try:
        harness.wait_for(same, timeout, "same contents", interval=0.3)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{differences[-1] if differences else ''}") from None
