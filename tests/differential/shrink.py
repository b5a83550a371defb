"""Makes a script that fails smaller while it still fails: first the shortest of a few
ends of it, then without blocks of commands, then without single arguments."""

import time


def shrink(commands, fails, seconds=60):
    """A minimal script, or None if not even all of it fails again. `fails(commands)` runs
    a script from an empty server and returns it up to the command that fails, or None."""
    deadline = time.monotonic() + seconds
    best = None
    length = 20
    while best is None:
        best = fails(commands[-length:])
        if length >= len(commands):
            break
        length *= 6
    return best and _without_arguments(_without_commands(best, fails, deadline), fails, deadline)


def _without_commands(best, fails, deadline):
    block = max(1, len(best) // 2)
    while True:
        at = 0
        while at < len(best) and time.monotonic() < deadline:
            smaller = fails(best[:at] + best[at + block:])
            if smaller:
                best = smaller
            else:
                at += block
        if block == 1 or time.monotonic() >= deadline:
            return best
        block = max(1, block // 2)


def _without_arguments(best, fails, deadline):
    for index in range(len(best) - 2, -1, -1):  # the last is what fails and stays as it is
        block = max(1, len(best[index]) // 2) if index < len(best) else 0
        while block:
            at = 1
            while index < len(best) and at < len(best[index]) and time.monotonic() < deadline:
                command = best[index]
                smaller = fails(best[:index] + [command[:at] + command[at + block:]] + best[index + 1:])
                if smaller and len(smaller) == len(best):
                    best = smaller
                else:
                    at += block
            block //= 2
    return best
