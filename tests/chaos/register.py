"""Is a history of one register linear? Pure.

Each write writes a value of its own. An operation has the interval in which it
took effect, from its call to its reply; a write whose reply never came may have
taken effect at any time after its call, or never.

The check goes through the calls and replies in order and keeps every state the
register can be in: which of the operations under way have taken effect, and the
value. At a reply, those states remain in which that operation has taken effect.
None left: the history is not linear.
"""

from dataclasses import dataclass

NEVER = float("inf")
NOTHING = None  # the value of a key that is not there


@dataclass(frozen=True)
class Operation:
    kind: str       # "write" or "read"
    value: object   # written, or read
    called: float
    replied: float  # NEVER: no reply

    def __str__(self):
        end = "?" if self.replied == NEVER else f"{self.replied:.4f}"
        return f"{self.kind} {self.value} [{self.called:.4f}, {end}]"


def settle_unknown(operations):
    """A write without a reply that nobody read did not happen, as far as anybody can say;
    one that was read happened before the first of its readers had the reply."""
    first_read = {}
    for op in operations:
        if op.kind == "read":
            first_read[op.value] = min(op.replied, first_read.get(op.value, NEVER))
    settled = []
    for op in operations:
        if op.replied != NEVER:
            settled.append(op)
        elif op.kind == "write" and op.value in first_read:
            settled.append(Operation("write", op.value, op.called, first_read[op.value]))
    return settled


def explain(operations, most=200000):
    """None if the operations (of one key) are linear, else what is wrong."""
    written = {op.value: op for op in operations if op.kind == "write"}
    for op in operations:
        if op.kind == "read" and op.value is not NOTHING and op.value not in written:
            return f"a value from nowhere: {op}"
    operations = settle_unknown(operations)
    events = sorted([(op.called, 0, i) for i, op in enumerate(operations)] +
                    [(op.replied, 1, i) for i, op in enumerate(operations)])
    under_way = set()
    states = {(frozenset(), NOTHING)}  # (under way and in effect already, value)
    for _, is_reply, index in events:
        if not is_reply:
            under_way.add(index)
            continue
        states = _take_effect(states, index, under_way, operations)
        under_way.discard(index)
        if not states:
            return f"not linear at {operations[index]}\n" + _neighbours(operations, index)
        if len(states) > most:
            return f"too many operations at once to decide, at {operations[index]}"
    return None


def _take_effect(states, index, under_way, operations):
    """The states after `index` has taken effect, whatever else of what is under way did before."""
    done, seen, open_states = set(), set(states), list(states)
    while open_states:
        effected, value = open_states.pop()
        if index in effected:
            done.add((effected - {index}, value))
            continue
        for other in under_way - effected:
            op = operations[other]
            if op.kind == "read" and op.value != value:
                continue
            after = (effected | {other}, op.value)
            if after not in seen:
                seen.add(after)
                open_states.append(after)
    return done


def _neighbours(operations, index, count=6):
    at = operations[index].replied
    before = sorted((op for op in operations if op.called <= at), key=lambda op: op.replied)
    return "\n".join(f"    {op}" for op in before[-count * 2:])
