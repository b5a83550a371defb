"""The arrows between folders, and the fences around libraries, as the code has them."""
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#include\s+(?:"([^"]+)"|<([^>]+)>)', re.M)
SIDES = ("node", "operator")

# Who may include a library's headers; nobody else may.
FENCES = {
    "cpprest/": ("operator/kube", "operator/health"),
    "pplx/": ("operator/kube", "operator/health"),
    "hiredis/": ("operator/redis", "tests"),
    "boost/": ("operator/local", "operator/kube"),
    "yaml-cpp/": ("operator/kube", "operator/local", "operator/cli"),
    "spdlog/": ("operator/base", "node/base"),
    "nlohmann/": ("operator", "tests"),
    "CLI/": ("operator/cli", "operator/plugin", "operator/main.cc", "operator/local", "tests"),
}


def rows():
    table = {}
    for line in (Path(__file__).parent / "arrows.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            folder, targets = line.split("->")
            table[folder.strip()] = set(targets.split())
    return table


def sources(*tops):
    for top in tops:
        for path in sorted((ROOT / top).rglob("*")):
            if path.suffix in (".cc", ".h"):
                yield path


def includes(path):
    return [a or b for a, b in INCLUDE.findall(path.read_text())]


def folder_of(path):
    """The longest row that a file belongs to, or its folder if there is none."""
    folder = str(path.relative_to(ROOT).parent)
    candidates = [row for row in rows() if folder == row or folder.startswith(row + "/")]
    return max(candidates, key=len, default=folder)


def test_every_folder_has_a_row():
    missing = {folder_of(p) for p in sources(*SIDES) if p.name != "main.cc" or p.parent.name not in SIDES} - set(rows())
    assert not missing, f"no row in arrows.txt: {sorted(missing)}"


def test_includes_follow_the_arrows():
    table = rows()
    wrong = []
    for path in sources(*SIDES):
        if path.parent in (ROOT / "node", ROOT / "operator"):
            continue  # main.cc may include all
        folder = folder_of(path)
        side = folder.split("/")[0]
        allowed = table.get(folder, set()) | {folder, f"{side}/base", "node/base"}
        for include in includes(path):
            if not include.startswith(("node/", "operator/", "tests/")):
                continue
            target = folder_of(ROOT / include)
            if target not in allowed:
                wrong.append(f"{path.relative_to(ROOT)} includes {include}")
    assert not wrong, "\n".join(wrong)


def test_every_include_names_a_file_that_exists():
    wrong = [f"{p.relative_to(ROOT)}: {i}" for p in sources(*SIDES, "tests") for i in includes(p)
             if i.startswith(("node/", "operator/", "tests/")) and not (ROOT / i).exists()]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("library", FENCES)
def test_libraries_stay_behind_their_fences(library):
    wrong = []
    for path in sources(*SIDES, "tests"):
        name = str(path.relative_to(ROOT))
        inside = name.startswith(FENCES[library]) or name.startswith("tests/" + FENCES[library][0])
        if not inside and any(i.startswith(library) for i in includes(path)):
            wrong.append(name)
    assert not wrong, f"{library} is included by {wrong}"


def linked_by(cmake):
    return re.search(r"windlass_library\((.*?)\)", cmake.read_text(), re.S).group(1).split()


def test_the_cluster_core_links_slot_and_base_alone():
    assert set(linked_by(ROOT / "node/cluster/CMakeLists.txt")) == {"node_cluster", "node_slot", "node_base"}
    assert set(linked_by(ROOT / "node/slot/CMakeLists.txt")) == {"node_slot", "node_base"}


def test_the_ledger_shares_nothing_with_what_it_checks():
    assert not [i for p in sources("tests/ledger") for i in includes(p) if i.startswith(SIDES)]


def test_the_pure_core_reads_no_clock_file_or_socket():
    forbidden = {"sys/socket.h", "unistd.h", "fcntl.h", "fstream", "chrono", "thread", "ctime", "node/base/clock.h",
                 "node/base/atomic_file.h"}
    wrong = [f"{p.relative_to(ROOT)}: {i}" for p in sources("node/cluster") for i in includes(p) if i in forbidden]
    assert not wrong, "\n".join(wrong)


def test_no_folder_of_odds_and_ends():
    names = {"utils", "util", "common", "misc", "helpers"}
    assert not [p for side in SIDES for p in (ROOT / side).rglob("*") if p.is_dir() and p.name in names]


def test_every_folder_says_its_job():
    folders = {p.parent for p in sources(*SIDES) if p.parent.name not in SIDES}
    missing = [str(f.relative_to(ROOT)) for f in sorted(folders) if not (f / "README.md").exists()]
    assert not missing, f"no README.md in {missing}"


def test_every_source_file_begins_with_what_it_is_for():
    wrong = [str(p.relative_to(ROOT)) for p in sources(*SIDES)
             if p.suffix == ".h" and not p.read_text().startswith("//")]
    assert not wrong, f"no opening comment: {wrong}"
