"""The checker's pure part: what it takes for agreement, and what not."""

import copy

from checker import disagreement_of


def line(address, flags, slots=(), master=None, epoch=1):
    return {"id": address[0] * 40, "address": address, "flags": flags.split(","), "master": master, "epoch": epoch,
            "link": "connected", "slots": list(slots)}


def cluster_of_three():
    lines = [line("a:1", "master", [(0, 8000)], epoch=1), line("b:1", "master", [(8001, 16383)], epoch=2),
             line("c:1", "slave", master="a" * 40)]
    views = {}
    for me in lines:
        views[me["address"]] = {each["id"]: copy.deepcopy(each) for each in lines}
        views[me["address"]][me["id"]]["flags"].append("myself")
    return views


def problem_after(change):
    views = cluster_of_three()
    change(views)
    return disagreement_of(views) or ""


def test_agreement():
    assert disagreement_of(cluster_of_three()) is None


def test_what_is_no_agreement():
    def ghost(views):
        views["a:1"]["d" * 40] = line("d:1", "master")

    def failing(views):
        views["c:1"]["b" * 40]["flags"] = ["master", "fail?"]

    def two_owners(views):
        for view in views.values():
            view["b" * 40]["slots"] = [(8000, 16383)]

    def no_owner(views):
        for view in views.values():
            view["b" * 40]["slots"] = [(8002, 16383)]

    def one_epoch(views):
        for view in views.values():
            view["b" * 40]["epoch"] = 1

    def another_map(views):
        views["c:1"]["a" * 40]["slots"] = [(0, 7999)]

    def stranger(views):
        del views["b:1"]["c" * 40]

    def idle(views):
        for view in views.values():
            view["c" * 40].update(master=None)

    found = {change.__name__: problem_after(change)
             for change in (ghost, failing, two_owners, no_owner, one_epoch, another_map, stranger, idle)}
    expected = {"ghost": "ghost", "failing": "fail?", "two_owners": "two owners", "no_owner": "no owner",
                "one_epoch": "one epoch", "another_map": "differ about", "stranger": "does not know",
                "idle": "without slots"}
    assert [name for name, words in expected.items() if words not in found[name]] == [], found
