#!/usr/bin/python3
"""Chaos: a real cluster in network namespaces, hurt by a seed's schedule, and checked.

Of every seed:
  1. a cluster of three masters and three or four replicas forms, each node in a
     network namespace of its own;
  2. the ledger and a few history clients write and read all the time;
  3. the nemesis does what the seed's schedule says: kill, pause, partition (also
     one way), slow and lossy links, clocks that jump, data lost, atomic and classic
     reshards, failovers, restarts, replicas that move. Every fourth seed has planned
     operations only, and then every reply is a promise;
  4. everything is healed, and the checker wants: all nodes agree, one owner per slot
     in an epoch of its own, no ghosts, no key outside its slot's owner, replicas that
     hold what their master holds, no promised write lost, linear histories.

What is promised: where a fault is under way, what WAIT 1 or windlass-min-acks
confirmed; else every reply.

Examples (as root):
  run.py --seeds 1-25                     windlass-node, twenty-five seeds
  run.py --seed 7 --keep                  one seed again; its logs and data stay
  run.py --minutes 5                      seeds 1, 2, 3, … until the time is up
  run.py --seeds 1-25 --jobs 2            two at a time: for most of its time one waits
  run.py --kind valkey-server --seeds 1-8 the same against a peer
  run.py --plan --seed 7                  only print what would be done
  run.py --print-schedule --seeds 1-40    the same, to be replayed on simulated nodes:
                                          windlass-sim --schedule FILE

A seed fixes the schedule of faults, not the interleaving of what the machine does
meanwhile: a failure may need a few runs to come back. Exit status 0 if all passed.
"""

import argparse
import os
import shutil
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import places  # noqa: E402,F401
import namespaces  # noqa: E402
from clocks import can_be_skewed  # noqa: E402
from cluster import ChaosCluster  # noqa: E402
from schedule import make_plan, schedule_text  # noqa: E402

CLIENTS_WAIT_S = 2  # longer than the ledger waits for a reply before it asks again


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, help="one seed")
    parser.add_argument("--seeds", metavar="A-B", help="the seeds from A to B (default 1-4)")
    parser.add_argument("--minutes", type=float, help="start no seed after so many minutes; alone: seeds from 1 on")
    parser.add_argument("--time-limit", type=float, metavar="SECONDS", help="the same in seconds")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="seeds at a time; of several each one's output comes at its end")
    parser.add_argument("--kind", default="windlass-node", choices=["windlass-node", "valkey-server", "redis-server"])
    parser.add_argument("--bin", metavar="FOLDER", help="where windlass-node, windlassctl and windlass-ledger are "
                        "(default: WINDLASS_BIN, else build/dev/bin, else build/release/bin)")
    parser.add_argument("--seconds", type=int, default=20, help="how long the faults of a seed go on (default 20)")
    parser.add_argument("--node-timeout", type=int, default=2000, metavar="MS", help="cluster-node-timeout (default 2000)")
    parser.add_argument("--rate", type=int, default=300, help="the ledger's writes a second (default 300)")
    parser.add_argument("--logs", metavar="FOLDER", help="where the nodes' folders of failed seeds go (default: a new one in /tmp)")
    parser.add_argument("--keep", action="store_true", help="keep the folders of passed seeds, too")
    parser.add_argument("--plan", action="store_true", help="print the schedules and do nothing")
    parser.add_argument("--print-schedule", action="store_true", help="print the schedules for windlass-sim --schedule, and do nothing; "
                        "skewed clocks are among the faults whether or not this machine can have them")
    return parser.parse_args()


def seeds_of(arguments):
    if arguments.seed is not None:
        return range(arguments.seed, arguments.seed + 1)
    if arguments.seeds:
        first, _, last = arguments.seeds.partition("-")
        return range(int(first), int(last or first) + 1)
    return range(1, 1 << 30) if arguments.minutes or arguments.time_limit else range(1, 5)


def plan_of(seed, arguments):
    without = () if can_be_skewed() else ("skew",)
    return make_plan(seed, arguments.seconds, arguments.node_timeout, arguments.kind == "windlass-node", without)


class Run:
    """One seed, from the first process to the last check."""

    def __init__(self, plan, arguments, folder):
        self.plan, self.arguments, self.folder = plan, arguments, folder
        self.problems = []

    def say(self, text):
        print(f"  {text}", flush=True)

    def go(self):
        from history import Windows
        cluster = ChaosCluster(self.folder, self.arguments.kind, self.plan, self.arguments.node_timeout)
        try:
            cluster.form(masters=3)
            self.windows = Windows()
            self.suffer(cluster)
        finally:
            cluster.close()

    def suffer(self, cluster):
        from history import History
        from nemesis import Nemesis
        addresses = cluster.addresses()
        confirm = self.plan.promise == "wait"
        with places.Ledger(",".join(addresses), self.folder, keys=1500, rate=self.arguments.rate, workers=2) as ledger:
            history = History(addresses, self.plan.seed, confirm)
            ledger.wait_for_keys(500)
            ledger.phase("quiet")
            nemesis = Nemesis(cluster, self.plan, self.arguments.node_timeout,
                              lambda begins: self.on_trouble(ledger, begins), self.say)
            nemesis.run()
            self.say("heals everything")
            cluster.heal()
            nemesis.finish()
            self.settle(cluster, nemesis)
            history.stop()
            self.judge(cluster, nemesis, ledger, history)

    def on_trouble(self, ledger, begins):
        now = time.monotonic()
        if begins:
            self.windows.begin(now)
            ledger.phase("trouble", planned=self.plan.promise == "min-acks")
        else:
            ledger.phase("quiet")
            self.windows.end(now)

    def settle(self, cluster, nemesis):
        from administrator import Administrator
        from checker import disagreement, unacknowledged
        began = time.monotonic()
        administrator = Administrator(cluster, self.say, slots_were_moved="reshard-classic" in nemesis.done)
        wrong = administrator.rounds(lambda: disagreement(cluster), 60)
        if not wrong:
            self.say(f"agreed {time.monotonic() - began:.1f} s after healing")
            wrong = administrator.close_open_slots() or administrator.rounds(lambda: disagreement(cluster), 20)
        if not wrong and self.plan.promise == "min-acks":
            wrong = administrator.rounds(lambda: unacknowledged(cluster), 20)
        if wrong:
            self.problems.append(f"no agreement: {wrong}")
        if nemesis.troubles:
            time.sleep(CLIENTS_WAIT_S)  # what was asked before all was well is answered now, or has waited in vain
        nemesis.all_is_well()
        if self.plan.profile == "planned":
            self.problems += nemesis.failures
        self.say(f"done: {dict(sorted(nemesis.done.items()))}")

    def judge(self, cluster, nemesis, ledger, history):
        from checker import misplaced_keys
        from history import problems
        ledger.stop()
        self.judge_ledger(ledger)
        code, text = ledger.verify_independently(cluster.nodes[0].address)
        if code != 0:
            self.problems.append(f"the ledger's books, read by another client: {text[-600:]}")
        noted = history.noted()
        self.say(f"history: {len(noted)} operations; ledger: {ledger.total['acknowledged']} acknowledged, "
                 f"{ledger.total['confirmed']} confirmed")
        self.problems += problems(noted, self.plan.promise, self.windows)
        wrong = misplaced_keys(cluster)
        if wrong:
            self.problems.append(wrong)

    def judge_ledger(self, ledger):
        audit = ledger.audit
        for what in ("unread", "lost", "from_nowhere", "increments_lost", "double_applied"):
            if audit[what]:
                self.problems.append(f"ledger: {audit[what]} {what}: {audit['examples']}")
        # Between faults nothing may fail, and no read may show less than was promised. (While
        # one is under way a master that is being replaced may still answer what it knows.)
        for phase in ledger.phases:
            if phase["phase"] == "quiet" and (phase["failed"] or phase["lost_reads"]):
                self.problems.append(f"ledger, while nothing was wrong: {phase}")


def run_seed(seed, arguments, logs):
    plan = plan_of(seed, arguments)
    print(plan, flush=True)
    folder = logs / f"seed-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    run = Run(plan, arguments, folder)
    began = time.monotonic()
    try:
        run.go()
    except Exception as error:  # noqa: BLE001: one seed's end is not the others'
        traceback.print_exc(file=sys.stdout)
        run.problems.append(f"{type(error).__name__}: {error}")
    took = time.monotonic() - began
    for problem in run.problems:
        print(f"  WRONG: {problem}")
    if run.problems:
        print(f"seed {seed}: FAILED in {took:.0f} s; logs in {folder}; again: tests/chaos/run.py --kind {arguments.kind} --seed {seed}")
    else:
        print(f"seed {seed}: passed in {took:.0f} s")
        if not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.flush()
    return not run.problems


def run_apart(seed, logs, together):
    """The seed in namespaces of its own: its exit status and, unless it is printed as it comes, its output."""
    words = (sys.executable, __file__, *sys.argv[1:], "--seed", str(seed), "--logs", str(logs))
    if not together:
        sys.stdout.flush()
        return namespaces.run_inside(*words), ""
    with tempfile.TemporaryFile() as said:
        status = namespaces.run_inside(*words, output=said)
        said.seek(0)
        return status, said.read().decode(errors="replace")


def run_all(seeds, arguments, logs):
    """How many passed, and which failed. No seed is begun after the time limit."""
    limit = arguments.time_limit if arguments.time_limit is not None else (arguments.minutes or 1e6) * 60
    deadline = time.monotonic() + limit
    rest, lock = iter(seeds), threading.Lock()
    passed, failed = [], []

    def work():
        while True:
            with lock:
                seed = next(rest, None) if time.monotonic() <= deadline else None
            if seed is None:
                return
            status, output = run_apart(seed, logs, arguments.jobs > 1)
            with lock:
                print(output, end="", flush=True)
                (failed if status else passed).append(seed)

    workers = [threading.Thread(target=work) for _ in range(arguments.jobs)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return len(passed), sorted(failed)


def main():
    arguments = parse_arguments()
    if arguments.bin:
        os.environ["WINDLASS_BIN"] = str(Path(arguments.bin).resolve())
    seeds = seeds_of(arguments)
    if arguments.plan:
        for seed in seeds:
            print(plan_of(seed, arguments))
        return 0
    if arguments.print_schedule:
        for seed in seeds:
            plan = make_plan(seed, arguments.seconds, arguments.node_timeout, arguments.kind == "windlass-node")
            print(schedule_text(plan, arguments.node_timeout))
        return 0
    logs = Path(arguments.logs or tempfile.mkdtemp(prefix="windlass-chaos-")).resolve()
    if namespaces.is_inside():
        namespaces.prepare_hub()
        return 0 if run_seed(seeds[0], arguments, logs) else 1
    passed, failed = run_all(seeds, arguments, logs)
    if failed:
        print(f"failed: {', '.join(map(str, failed))}")
    print(f"{passed} passed, {len(failed)} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
