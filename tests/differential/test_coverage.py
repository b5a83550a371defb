"""Every command and option of the groups that have makers succeeds at least once in a
whole run; and the rules of the comparison itself."""

import pytest

from comparison import Exclusions, same
from container_generator import ContainerGenerator
from script_text import from_text, to_text
from shrink import shrink
from side_by_side import OURS, Difference


def test_every_command_and_option_was_exercised(coverage, exclusions):
    if coverage.total < 200000:
        pytest.skip("a part of the tests ran: what a whole run covers is not known")
    missing = coverage.missing(ContainerGenerator.families(), exclusions)
    assert not missing, ", ".join(missing)


def test_exclusions_are_few_and_have_reasons():
    lines = Exclusions().lines
    assert len(lines) <= Exclusions.MOST
    assert all(len(reason.split()) >= 3 for _, _, reason in lines)


def test_unordered_replies_compare_as_multisets_and_others_do_not():
    forth, back = b"*2\r\n$1\r\na\r\n$1\r\nb\r\n", b"*2\r\n$1\r\nb\r\n$1\r\na\r\n"
    assert same(["SMEMBERS", "k"], forth, back)
    assert not same(["LRANGE", "k", 0, -1], forth, back)
    assert not same(["SMEMBERS", "k"], forth, b"*2\r\n$1\r\na\r\n$1\r\na\r\n")
    inside = b"*2\r\n+OK\r\n"
    queued = [["SET", "k", "v"], ["SMEMBERS", "k"]]
    assert same(["EXEC"], inside + forth, inside + back, queued)
    assert not same(["EXEC"], inside + forth, inside + back, [["SET", "k", "v"], ["LRANGE", "k", 0, -1]])
    assert not same(["GET", "k"], b"-ERR one\r\n", b"-ERR other\r\n")


def test_a_script_survives_being_printed():
    script = [["SET", b"bin\x00\xff\r\n", 'quo"te\\'], ["GET", ""], ["ECHO", "#x"], ["APPEND", "k", " "]]
    assert from_text(to_text(script)) == [[word if isinstance(word, bytes) else word.encode() for word in command]
                                          for command in script]


def test_what_fails_is_shrunk_to_what_it_needs():
    script = [["NOISE", str(i)] for i in range(500)]
    script[100:100] = [["A", "1", "2", "3"]]
    script[300:300] = [["B"]]

    def fails(commands):
        words = [command[0] for command in commands]
        good = "A" in words and "B" in words[words.index("A"):] and any("2" in c for c in commands if c[0] == "A")
        return commands[:len(words) - words[::-1].index("B")] if good else None

    assert shrink(script, fails) == [["A", "2"], ["B"]]


def test_a_difference_is_found_and_shrunk(side_by_side):
    ours = side_by_side.ours
    ours.call("CONFIG", "SET", "hash-max-listpack-entries", 3)
    try:
        with pytest.raises(Difference) as raised:
            for i in range(400):
                side_by_side.check([["HSET", f"k{i % 7}", f"f{i}", "v"], ["SET", "other", i], ["OBJECT", "ENCODING", "k4"]])
    finally:
        ours.call("CONFIG", "SET", "hash-max-listpack-entries", 128)
    text = str(raised.value)
    script = from_text(text[text.index("replay.py):\n") + len("replay.py):\n"):])
    assert script[-1] == [b"OBJECT", b"ENCODING", b"k4"] and len(script) == 5, text
    assert all(command[:2] == [b"HSET", b"k4"] for command in script[:-1])
    assert OURS in text
