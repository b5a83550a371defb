"""The judge of histories: right ones pass, wrong ones do not."""

import random

from history import Noted, Windows, problems
from register import NEVER, Operation, explain


def write(value, called, replied):
    return Operation("write", value, called, replied)


def read(value, called, replied):
    return Operation("read", value, called, replied)


def test_one_after_the_other():
    assert explain([read(None, 0, 1), write("a", 2, 3), read("a", 4, 5)]) is None


def test_a_lost_write_is_seen():
    assert "not linear" in explain([write("a", 0, 1), write("b", 2, 3), read("a", 4, 5)])
    assert "not linear" in explain([write("a", 0, 1), read(None, 2, 3)])


def test_a_stale_read_is_seen():
    assert "not linear" in explain([write("a", 0, 1), write("b", 2, 5), read("b", 3, 4), read("a", 4.5, 6)])


def test_what_overlaps_may_go_either_way():
    assert explain([write("a", 0, 10), write("b", 0, 10), read("a", 1, 2), read("b", 3, 4)]) is None
    assert "not linear" in explain([write("a", 0, 10), write("b", 0, 10), read("a", 1, 2), read("b", 3, 4),
                                    read("a", 11, 12)])


def test_a_value_from_nowhere_is_seen():
    assert "from nowhere" in explain([write("a", 0, 1), read("c", 2, 3)])


def test_a_write_without_a_reply_may_come_late_or_never():
    assert explain([write("a", 0, NEVER), write("b", 1, 2), read("b", 3, 4), read("a", 50, 51)]) is None
    assert explain([write("a", 0, NEVER), write("b", 1, 2), read("b", 3, 4)]) is None
    assert "not linear" in explain([write("a", 0, NEVER), write("b", 1, 2), read("b", 3, 4), read("a", 5, 6), read("b", 7, 8)])


def simulated(seed):
    """A true register under three clients; every operation takes effect within its interval."""
    rng, now, value, operations = random.Random(seed), 0.0, None, []
    for number in range(120):
        now += rng.random()
        called, replied = now - rng.random() * 1.5, now + rng.random() * 1.5
        if rng.random() < 0.5:
            value = f"v{number}"
            operations.append(write(value, called, NEVER if rng.random() < 0.1 else replied))
        else:
            operations.append(read(value, called, replied))
    return operations


def test_true_registers_pass_and_those_that_forget_do_not():
    caught = 0
    for seed in range(60):
        operations = simulated(seed)
        assert explain(operations) is None, seed
        reads = [i for i, op in enumerate(operations) if op.kind == "read" and i > 60 and op.value != operations[0].value]
        old = next(op.value for op in operations if op.kind == "write" and op.replied != NEVER)
        at = reads[-1]
        operations[at] = read(old, operations[at].called, operations[at].replied)
        caught += explain(operations) is not None
    assert caught == 60


def test_a_write_that_nobody_confirmed_may_be_lost_where_faults_are_under_way():
    windows = Windows()
    windows.begin(2)
    windows.end(6)
    noted = [Noted("k", write("a", 0, 1), True), Noted("k", write("b", 3, 4), False), Noted("k", read("b", 4.5, 5), True),
             Noted("k", read("a", 7, 8), True)]
    assert problems(noted, "wait", windows) == []
    assert len(problems(noted, "min-acks", windows)) == 1
    assert len(problems(noted, "every-reply", windows)) == 1


def test_a_confirmed_write_must_be_there_after_the_fault():
    windows = Windows()
    windows.begin(2)
    windows.end(6)
    noted = [Noted("k", write("a", 0, 1), True), Noted("k", write("b", 3, 4), True), Noted("k", read("a", 5, 5.5), True)]
    assert problems(noted, "wait", windows) == [], "a master that is being replaced may still answer"
    noted.append(Noted("k", read("a", 7, 8), True))
    assert len(problems(noted, "wait", windows)) == 1
