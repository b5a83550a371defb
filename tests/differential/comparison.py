"""When two replies to one command count as the same.

Equal bytes always do. Else it depends on the command: replies without an order are
compared as multisets, replies drawn at random by their number and form, times by what
may pass between two servers, cursors by whether they are the end. What no rule here
allows, and no line of exclusions.txt excuses, is a difference.
"""

import re
from pathlib import Path

from dump_payload import dumped_content, dumped_libraries
from raw_client import as_bytes, parse, parts
from script_makers import PASSING, SHA_OF

# Replies whose elements have no order; in PAIRS two by two belong together.
UNORDERED = {"SMEMBERS", "SINTER", "SUNION", "SDIFF", "HKEYS", "HVALS", "KEYS", "SPOP", "COMMAND LIST"}
PAIRS = {"HGETALL", "CONFIG GET"}
# One portion and a cursor: the portions are the same where both are whole (a large
# COUNT), else each server's own. True: elements come as pairs.
SCANS = {"SCAN": False, "HSCAN": True, "SSCAN": False, "ZSCAN": True}
RANDOM = {"HRANDFIELD", "SRANDMEMBER", "ZRANDMEMBER", "RANDOMKEY"}
# Replies that depend on the clock: by how much they may differ.
SLACK = {"TTL": 1, "EXPIRETIME": 1, "PTTL": 2000, "PEXPIRETIME": 2000, "OBJECT IDLETIME": 60}


def name_of(command):
    return as_bytes(command[0]).decode("latin-1").upper()


def passed_on(command):
    """The command that a script hands to redis.call whole; any other command itself."""
    if name_of(command) not in ("EVAL", "EVAL_RO", "EVALSHA", "EVALSHA_RO") or len(command) < 3:
        return command
    script = as_bytes(command[1]).decode("latin-1")
    if SHA_OF.get(script.lower(), script) not in PASSING or not as_bytes(command[2]).isdigit():
        return command
    return command[3 + int(command[2]):] or command


def by_function(value):
    """FUNCTION LIST's reply: neither libraries nor functions have an order."""
    return sorted(map(repr, map(by_function, value))) if isinstance(value, list) else value


def flat(items):
    """Elements and pairs alike: RESP3 has pairs as arrays within."""
    return [x for item in items for x in item] if items and isinstance(items[0], list) else items


def two_by_two(items):
    items = flat(items)
    return sorted(zip(items[::2], items[1::2]))


def shape(value):
    """A random reply without what is random: how many, and of what form."""
    return [shape(x) for x in value] if isinstance(value, list) else type(value)


def same_scan(command, ours, theirs, in_pairs):
    words = [as_bytes(word).upper() for word in command]
    limits = [words[i + 1] for i, word in enumerate(words[:-1]) if word == b"COUNT"]
    if not limits or not limits[-1].isdigit() or int(limits[-1]) < 1000:
        return True
    order = two_by_two if in_pairs else sorted
    return ours[0] == theirs[0] == b"0" and order(ours[1]) == order(theirs[1])


# Fields of XINFO that are times; Redis 7.0 has not the latter two.
TIMES = {b"idle", b"seen-time", b"inactive", b"active-time"}
NEW_TIMES = {b"inactive", b"active-time"}


def timeless(value, without=()):
    """XINFO's reply without its times, but for whether there is one; and without fields."""
    if not isinstance(value, list):
        return value
    out = []
    for index, item in enumerate(value):
        before = value[index - 1] if index > 0 and isinstance(value[index - 1], bytes) else None
        if before in without or (isinstance(item, bytes) and item in without):
            continue
        # Also the time of a delivery, behind an id or a consumer.
        is_time = isinstance(item, int) and (before in TIMES or (index in (1, 2) and item > 10**11))
        out.append(item >= 0 if is_time else timeless(item, without))
    return out


def idle_less(pending):
    """XPENDING's entries without how long ago they were delivered, but for very long."""
    if pending and isinstance(pending[0], list):
        return [[entry[0], entry[1], entry[2] > 10**6, entry[3]] for entry in pending]
    return pending


def neighbours_swapped(a, b):
    """The nearest few, sorted only in part: of two that are equally far either comes first,
    and either is the last."""
    where = lambda item: item[1:] if isinstance(item, list) else None  # what is told beside the name
    if len(a) != len(b):
        return False
    at = 0
    while at < len(a):
        if a[at] == b[at]:
            at += 1
        elif a[at:at + 2] == b[at:at + 2][::-1]:
            at += 2
        else:
            return at == len(a) - 1 and where(a[at]) == where(b[at])
    return True


def same(command, ours, theirs, queued=(), excused=lambda command, ours: False):
    """`queued`: for EXEC, the commands it ran; `excused` says which of them may differ."""
    if ours == theirs:
        return True
    command = passed_on(command)
    name = name_of(command)
    if ours[:1] != theirs[:1] or ours[:1] in b"-+":
        return False
    if name == "EXEC":
        mine, others = parts(ours), parts(theirs)
        return len(mine) == len(others) == len(queued) and all(
            same(*each) or excused(*each[:2]) for each in zip(queued, mine, others))
    a, b = parse(ours), parse(theirs)
    if name == "FUNCTION" and as_bytes(command[1]).upper() == b"DUMP":
        return dumped_libraries(a) == dumped_libraries(b)
    if name in ("OBJECT", "CONFIG", "COMMAND") and len(command) > 1:
        name += " " + as_bytes(command[1]).decode("latin-1").upper()
    if name in SLACK and isinstance(a, int) and isinstance(b, int):
        return a >= 0 and b >= 0 and abs(a - b) <= SLACK[name]
    if name in RANDOM:
        return shape(a) == shape(b)
    if name == "DUMP" and a is not None and b is not None:
        return dumped_content(a) == dumped_content(b)
    if not isinstance(a, list) or not isinstance(b, list):
        return False
    if name == "FUNCTION":
        return by_function(a) == by_function(b)
    if name == "XINFO":
        return timeless(a) == timeless(b)
    if name == "XPENDING":
        return idle_less(a) == idle_less(b)
    if name in ("SORT", "SORT_RO"):
        # Not sorted, or by texts that may be the same or missing; texts end at a zero byte.
        words = [as_bytes(word).upper() for word in command]
        in_order = b"BY" not in words or (b"ALPHA" not in words and b"*" in words[words.index(b"BY") + 1])
        if b"ALPHA" in words and any(b"\0" in as_bytes(text) for text in a):
            in_order = False
        return not in_order and sorted(map(repr, a)) == sorted(map(repr, b))
    if name.startswith("GEO") and b"COUNT" in [as_bytes(word).upper() for word in command]:
        return neighbours_swapped(a, b)
    if name in UNORDERED:
        return sorted(a) == sorted(b)
    if name in PAIRS:
        return two_by_two(a) == two_by_two(b)
    return name in SCANS and same_scan(command, a, b, SCANS[name])


class Exclusions:
    """The file of what is excused: `peer | pattern | reason`. The pattern is looked for in
    the command's words, " -> " and windlass-node's reply."""

    MOST = 30

    def __init__(self, path=Path(__file__).with_name("exclusions.txt")):
        self.lines = []
        for line in path.read_text().splitlines():
            if line.strip() and not line.startswith("#"):
                peer, pattern, reason = (part.strip() for part in line.split(" | "))
                self.lines.append((peer, re.compile(pattern, re.IGNORECASE | re.DOTALL), reason))

    def excuse(self, peer, command, ours=b""):
        text = (b" ".join(map(as_bytes, passed_on(command))) + b" -> " + ours[:2000]).decode("latin-1")
        return any(who in (peer, "both") and pattern.search(text)
                   for who, pattern, _ in self.lines)
