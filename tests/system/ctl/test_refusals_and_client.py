"""What windlassctl refuses, how it says so, its exit codes, and its client."""

import signal
import subprocess
import time

import pytest

from tool import Windlassctl, harness, succeed

PASSWORD = "s3cret"


@pytest.fixture(scope="module", params=harness.KINDS)
def cluster(request, tmp_path_factory):
    if not harness.server_binary(request.param):
        pytest.fail(f"{request.param} is not there: build it or set WINDLASS_BIN")
    with harness.Nodes(tmp_path_factory.mktemp("ctl"), 5, kind=request.param,
                       password=PASSWORD) as nodes:
        harness.form_cluster(nodes.all[:3])
        nodes.ids = [node.id() for node in nodes]
        nodes.stranger = nodes[4]
        yield nodes


@pytest.fixture
def ctl():
    return Windlassctl(PASSWORD)


def slots_by_id(node):
    return {i: line["slot_count"] for i, line in node.cluster_nodes().items()}


def assert_refused(cluster, result, *words, code=1):
    before = {cluster.ids[0]: 5461, cluster.ids[1]: 5461, cluster.ids[2]: 5462}
    said = result.stdout + result.stderr
    assert result.returncode == code, said
    for word in words:
        assert word in said
    assert slots_by_id(cluster[0]) == before, "a refusal changed something"


def test_wrong_use_exits_2_and_says_what_is_wrong(cluster, ctl):
    address = cluster[0].address
    assert_refused(cluster, ctl.run("check", "nowhere"), "'nowhere' is not HOST:PORT", code=2)
    assert_refused(cluster, ctl.run("reshard", address, "--slots", "many"), "--slots", code=2)
    assert_refused(cluster, ctl.run("reshard", address, stdin=""), "the input ended", code=2)
    assert_refused(cluster, ctl.run("create", address, "--replicas", 1), "at least 6 nodes", code=2)
    assert_refused(cluster, ctl.run("rebalance", address, "--weight", "x"), "ID=NUMBER", code=2)
    help_text = harness.run_tool(ctl.program, "--help")
    assert help_text.returncode == 0
    for name in ("check", "info", "create", "add-node", "reshard", "rebalance", "del-node", "fix",
                 "call", "cli"):
        assert name in help_text.stdout
    assert harness.run_tool(ctl.program, "nonsense").returncode == 2


def test_refusals_exit_1_and_change_nothing(cluster, ctl):
    address = cluster[0].address
    a, b, _ = cluster.ids[:3]
    assert_refused(cluster, ctl.run("del-node", address, a), "is not empty! Reshard data away")
    assert_refused(cluster, ctl.run("del-node", address, "f" * 40), "No such node ID")
    assert_refused(cluster, ctl.add_node(cluster[1].address, address), "member of this cluster already")
    assert_refused(cluster, ctl.add_node(cluster[3].address, address, "f" * 40), "No such master ID")
    assert_refused(cluster, ctl.run("create", *[n.address for n in cluster[:3]], "--yes"),
                   "is not empty. Either the node already knows other nodes")
    assert_refused(cluster, ctl.run("reshard", address, "--from", a, "--to", a, "--slots", 1, "--yes"),
                   "both source and target")
    assert_refused(cluster, ctl.run("reshard", address, "--from", a, "--to", b, "--slots", 16000,
                                    "--yes"), "fewer than the 16000")
    assert_refused(cluster, ctl.reshard(address, f"5\n{b}\n{a}\ndone\nno\n"), "was not accepted")
    assert_refused(cluster, ctl.run("check", "127.0.0.1:1"), "127.0.0.1:1")


def test_a_wrong_password_is_named_and_the_environment_gives_the_right_one(cluster, ctl):
    wrong = Windlassctl("wrong").run("check", cluster[0].address)
    assert wrong.returncode == 1 and "WRONGPASS" in wrong.stderr
    none = Windlassctl("").run("check", cluster[0].address)
    assert none.returncode == 1 and "NOAUTH" in none.stderr
    assert succeed(ctl.run("check", cluster[0].address, secret_in_env=True))


def test_the_dialogue_asks_again_after_a_wrong_answer(cluster, ctl):
    a, b = cluster.ids[:2]
    answers = f"0\nmany\n7\nzz\n{b}\nzz\n{b}\n{a}\ndone\nno\n"
    result = ctl.reshard(cluster[0].address, answers)
    assert result.stdout.count("How many slots do you want to move (from 1 to 16384)?") == 3
    assert result.stdout.count("What is the receiving node ID?") == 2
    assert "*** The specified node (zz) is not known or not a master, please retry." in result.stdout
    assert "*** It is not possible to use the target node as source node." in result.stdout
    assert result.stdout.count("Moving slot ") == 7, "the plan is printed, nothing is moved"
    assert_refused(cluster, result)


def test_call_and_info_ask_every_master(cluster, ctl):
    said = succeed(ctl.run("call", cluster[0].address, "CONFIG", "GET", "maxmemory"))
    for node in cluster[:3]:
        assert f"{node.address}: maxmemory\n0\n" in said
    said = succeed(ctl.run("info", cluster[0].address))
    assert f"{cluster[0].address} ({cluster.ids[0][:8]}...) -> 0 keys | 5461 slots | 0 slaves." in said
    assert "[OK] 0 keys in 3 masters." in said


def cli(ctl, node, *words, options=(), stdin=None):
    return harness.run_tool(ctl.program, "cli", "-h", node.host, "-p", node.port, "-a", PASSWORD,
                            *options, *words, stdin=stdin)


def test_the_client_runs_a_command_follows_redirections_and_tells_errors(cluster, ctl):
    owner_of_foo = next(n for n in cluster[:3] if any(
        f <= 12182 <= l for f, l in n.cluster_nodes()[n.id()]["slots"]))
    other = next(n for n in cluster[:3] if n is not owner_of_foo)
    moved = cli(ctl, other, "SET", "foo", "bar")
    assert moved.returncode == 1 and moved.stdout.startswith("MOVED 12182 ")
    assert cli(ctl, other, "SET", "foo", "bar", options=["-c"]).stdout == "OK\n"
    assert cli(ctl, other, "get", "foo", options=["-c", "--no-raw"]).stdout.endswith('"bar"\n')
    assert cli(ctl, owner_of_foo, "INCRBY", "{foo}n", "-5").stdout == "-5\n"
    assert "myself" in cli(ctl, other, "cluster", "nodes").stdout
    piped = cli(ctl, owner_of_foo, stdin='SET {foo}a "x y"\nGET {foo}a\n\nEXISTS {foo}a {foo}zz\n')
    assert piped.stdout == "OK\nx y\n1\n" and piped.returncode == 0
    assert cli(ctl, owner_of_foo, stdin="NOSUCH\nPING\n").stdout.endswith("PONG\n")
    assert cli(ctl, owner_of_foo, "SET", "{foo}x", options=["-x"], stdin="from stdin").stdout == "OK\n"
    assert owner_of_foo.call("GET", "{foo}x") == "from stdin"
    refused = harness.run_tool(ctl.program, "cli", "-p", 1, "PING")
    assert refused.returncode == 1 and "Could not connect to Redis at 127.0.0.1:1" in refused.stderr
    for name in ("foo", "{foo}n", "{foo}a", "{foo}x"):
        owner_of_foo.call("DEL", name)


def test_the_client_prints_what_redis_cli_prints(cluster, ctl):
    node = cluster[0]
    for command in (["PING"], ["CLUSTER", "SLOTS"], ["COMMAND", "INFO", "get", "nosuch"],
                    ["CONFIG", "GET", "max*"], ["CLUSTER", "KEYSLOT", "a"], ["NOSUCH"]):
        for form in ("--raw", "--no-raw"):
            ours = cli(ctl, node, *command, options=[form]).stdout
            theirs = harness.run_tool("redis-cli", "-h", node.host, "-p", node.port, "-a", PASSWORD,
                                      "--no-auth-warning", form, *command).stdout
            assert ours.rstrip("\n") == theirs.rstrip("\n"), command


def test_a_reshard_that_is_killed_is_finished_by_fix_and_loses_nothing(cluster, ctl):
    source, target = cluster[0], cluster[1]
    slots = [line["slots"] for i, line in source.cluster_nodes().items() if i == cluster.ids[0]][0]
    assert slots == [(0, 5460)]
    keys = [f"{{06S}}:{index}" for index in range(4000)]
    pipeline = source.client().pipeline(transaction=False)
    for key in keys:
        pipeline.execute_command("SET", key, "v" * 200)
    pipeline.execute()
    command = [ctl.program, "reshard", "-a", PASSWORD, "--from", cluster.ids[0], "--to",
               cluster.ids[1], "--slots", "200", "--pipeline", "5", "--yes", source.address]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    harness.wait_for(lambda: target.call("CLUSTER", "COUNTKEYSINSLOT", 0) > 50, 10, "keys move",
                     interval=0.001)
    process.send_signal(signal.SIGKILL)
    process.wait()
    time.sleep(0.2)
    moved = target.call("CLUSTER", "COUNTKEYSINSLOT", 0)
    left = source.call("CLUSTER", "COUNTKEYSINSLOT", 0)
    assert moved and left and moved + left == len(keys), "killed in the middle"
    refused = ctl.run("reshard", "--from", cluster.ids[0], "--to", cluster.ids[1], "--slots", 1, "--yes",
                      source.address)
    assert refused.returncode == 1 and "Please fix your cluster problems" in refused.stderr
    succeed(ctl.run("fix", source.address))
    assert target.call("CLUSTER", "COUNTKEYSINSLOT", 0) == len(keys)
    succeed(ctl.run("check", source.address))
    # And all of it back where it was, by weight.
    succeed(ctl.run("rebalance", "--threshold", 0, source.address))
    harness.wait_for(lambda: max(slots_by_id(source).values()) == 5462, 10, "an even cluster")
    info = succeed(ctl.run("info", source.address))
    assert "[OK] 4000 keys in 3 masters." in info


def test_rebalance_drains_a_master_of_weight_0_and_fills_it_again(cluster, ctl):
    address, last = cluster[0].address, cluster.ids[2]
    simulated = succeed(ctl.run("rebalance", "--weight", f"{last}=0", "--simulate", address))
    assert "(simulated)" in simulated
    before = slots_by_id(cluster[0])
    succeed(ctl.run("rebalance", "--weight", f"{last}=0", address))
    harness.wait_for(lambda: slots_by_id(cluster[1]).get(last) == 0, 10, "the master is drained")
    assert before[last] > 5000
    # It follows whoever took its last slot, if the server is so configured, and
    # is then no master to be filled.
    lines = cluster[1].cluster_nodes()
    masters = [i for i, line in lines.items() if "master" in line["flags"]]
    assert sorted(lines[i]["slot_count"] for i in masters if lines[i]["slot_count"]) == [8192, 8192]
    succeed(ctl.run("check", address))
