"""A schedule replayed on simulated nodes is the same to the byte, and another seed is another run."""

import re
import subprocess

from harness import binary
from schedule import make_plan, schedule_text


def replay(text, *options):
    """The hash of every event and packet of each run."""
    done = subprocess.run([binary("windlass-sim"), "--schedule", "-", *options], input=text, capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return re.findall(r"^schedule \d+, seed \d+: passed, .* hash ([0-9a-f]{16})$", done.stdout, re.MULTILINE)


def test_a_schedule_is_replayed_to_the_byte():
    text = schedule_text(make_plan(3), 2000) + "\n" + schedule_text(make_plan(5), 2000)
    first = replay(text)
    assert len(first) == 2 and first[0] != first[1]
    assert replay(text, "--threads", "1") == first


def test_another_seed_is_another_run():
    text = schedule_text(make_plan(3), 2000)
    assert replay(text, "--seed", "3") == replay(text)
    assert replay(text, "--seed", "4") != replay(text)


def test_a_file_that_is_no_schedule_is_refused_with_its_line():
    for text, what in (("", "no schedule"), ("schedule 1\nmasters 3\n", "too little"),
                       (schedule_text(make_plan(3), 2000) + "\nfault 5 kill node 99 others - lasts 1 pick 1 amount 0", "line ")):
        done = subprocess.run([binary("windlass-sim"), "--schedule", "-"], input=text, capture_output=True, text=True, timeout=60)
        assert done.returncode != 0 and what in done.stderr, (text, done.stderr)
