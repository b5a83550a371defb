"""The table of hazards in this folder's README: all twenty are there, each with a test that
exists under the name it is given there."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HAZARDS = 20


def rows():
    """{number: what stands in the row's last column}."""
    found = {}
    for line in (Path(__file__).parent / "README.md").read_text().splitlines():
        match = re.match(r"\| *(\d+) *\|.*\|(.*)\|$", line)
        if match:
            found[int(match[1])] = match[2]
    return found


def sources():
    """What names tests: functions of pytest, files, and TEST(Suite, Name) as Suite.Name."""
    names, files = set(), set()
    for path in (ROOT / "tests").rglob("*"):
        if path.suffix == ".py":
            files.add(path.name)
            names.update(re.findall(r"^def (test_\w+)", path.read_text(), re.M))
        elif path.suffix == ".cc":
            names.update(f"{suite}.{name}" for suite, name in re.findall(r"^TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", path.read_text(), re.M))
    return names, files


def named_tests(text):
    """Words in backquotes that are names of tests: test_…, Suite.Name, and the Name alone that goes on with it."""
    words = [word.split("/")[-1] for word in re.findall(r"`([^`]+)`", text)]
    suites = [word for word in words if re.fullmatch(r"[A-Z]\w+\.(\w+|\*)", word)]
    tests = [word for word in words if word.startswith("test_")]
    bare = [word for word in words if re.fullmatch(r"[A-Z]\w{15,}", word)]
    return suites, tests, bare


def test_every_hazard_has_a_row():
    assert sorted(rows()) == list(range(1, HAZARDS + 1))


def test_every_test_that_is_named_exists():
    names, files = sources()
    of_suites = {name.split(".")[1] for name in names if "." in name}
    missing = []
    for number, text in rows().items():
        suites, tests, bare = named_tests(text)
        for suite in suites:
            whole = suite[:-1] if suite.endswith(".*") else suite
            if not any(name.startswith(whole) if suite.endswith(".*") else name == whole for name in names):
                missing.append((number, suite))
        missing += [(number, test) for test in tests if test not in names and test not in files]
        missing += [(number, word) for word in bare if word not in of_suites]
    assert not missing


def test_no_row_is_without_a_test_or_a_reason():
    for number, text in rows().items():
        suites, tests, bare = named_tests(text)
        assert suites or tests or bare or re.search(r"\b[SX]: ", text) or "cannot occur" in text, number
