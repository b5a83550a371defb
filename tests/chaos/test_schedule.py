"""What a seed means: always the same, within bounds, and of what the profile allows."""

from schedule import PLANNED, UNPLANNED, make_plan, schedule_text


def test_a_seed_always_means_the_same():
    assert make_plan(7) == make_plan(7)
    assert str(make_plan(7)) == str(make_plan(7))
    assert make_plan(7) != make_plan(8)


def test_every_fourth_seed_has_planned_operations_only_and_all_replies_are_promises():
    for seed in range(4, 80, 4):
        plan = make_plan(seed)
        assert plan.profile == "planned" and plan.promise == "every-reply"
        assert {fault.kind for fault in plan.faults} <= set(PLANNED)


def test_many_seeds_have_every_kind_of_fault():
    kinds = {fault.kind for seed in range(1, 200) for fault in make_plan(seed).faults}
    assert kinds == set(PLANNED + UNPLANNED)


def test_faults_come_in_order_and_name_nodes_that_are_there():
    for seed in range(1, 200):
        plan = make_plan(seed, seconds=30)
        times = [fault.at_ms for fault in plan.faults]
        assert times == sorted(times) and all(0 < at < 30000 for at in times)
        for fault in plan.faults:
            assert 0 <= fault.node < plan.nodes
            assert fault.node not in fault.others and set(fault.others) <= set(range(plan.nodes))
            assert (fault.lasts_ms > 0) == (fault.kind in UNPLANNED)


def test_where_wait_is_the_promise_each_shard_has_one_replica():
    plans = [make_plan(seed) for seed in range(1, 200)]
    assert {plan.replicas for plan in plans if plan.promise == "wait"} == {3}
    assert {plan.promise for plan in plans} == {"wait", "min-acks", "every-reply"}


def test_a_peer_is_asked_for_nothing_it_has_not():
    for seed in range(1, 100):
        plan = make_plan(seed, own_kind=False, without=("skew",))
        assert plan.promise in ("wait", "every-reply")
        assert not {"reshard-atomic", "skew"} & {fault.kind for fault in plan.faults}


def test_a_schedule_as_text_has_every_fault():
    plan = make_plan(7)
    lines = schedule_text(plan, 2000).splitlines()
    assert lines[0] == "schedule 7" and "node-timeout-ms 2000" in lines and f"replicas {plan.replicas}" in lines
    faults = [line.split() for line in lines if line.startswith("fault ")]
    assert [(int(words[1]), words[2], int(words[4])) for words in faults] == [(f.at_ms, f.kind, f.node) for f in plan.faults]
