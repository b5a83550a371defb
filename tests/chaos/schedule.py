"""The schedule of faults: what a seed means. Pure; no clock and no process.

A plan names nodes by number, and what can only be chosen when the time has come
(which master gives slots, which replica takes over) by a number drawn here, so
that one seed always means the same faults at the same times. A fault that does
not apply when its time comes (a master that nobody could replace must not lose
its data) is skipped, and the run says so.
"""

import random
from dataclasses import dataclass

PLANNED = ("reshard-atomic", "reshard-classic", "failover", "restart", "replica-move")
UNPLANNED = ("kill", "pause", "partition", "one-way", "isolate", "slow", "lossy", "skew", "lose-data", "lose-all")
MASTERS = 3
WEIGHTS = {"kill": 5, "pause": 4, "partition": 3, "one-way": 4, "isolate": 3, "slow": 3, "lossy": 3, "skew": 2,
           "lose-data": 2, "lose-all": 1, "reshard-atomic": 5, "reshard-classic": 3, "failover": 5, "restart": 2,
           "replica-move": 2}


@dataclass(frozen=True)
class Fault:
    at_ms: int
    kind: str
    node: int           # whom it hits
    others: tuple       # partition, slow, lossy: the nodes on the other side
    lasts_ms: int
    pick: int           # for choices that need the cluster as it is then
    amount: int         # slots; ms of delay; percent of loss; ms of skew

    @property
    def planned(self):
        return self.kind in PLANNED

    def __str__(self):
        others = ",".join(map(str, self.others)) or "-"
        return (f"{self.at_ms:6d} ms  {self.kind:15s} node {self.node} others {others} "
                f"for {self.lasts_ms} ms, pick {self.pick}, amount {self.amount}")


@dataclass(frozen=True)
class Plan:
    seed: int
    profile: str        # "planned": nothing but planned operations; "mixed": everything
    promise: str        # "every-reply", "wait" (WAIT 1 confirmed) or "min-acks"
    replicas: int       # in all
    seconds: int
    faults: tuple

    @property
    def nodes(self):
        return MASTERS + self.replicas

    def __str__(self):
        head = (f"seed {self.seed}: {self.profile}, promise {self.promise}, {MASTERS} masters, "
                f"{self.replicas} replicas, {self.seconds} s")
        return "\n".join([head] + [f"  {fault}" for fault in self.faults])


def schedule_text(plan, timeout_ms):
    """The schedule as lines of words, to be replayed by windlass-sim --schedule."""
    lines = [f"schedule {plan.seed}", f"masters {MASTERS}", f"replicas {plan.replicas}", f"seconds {plan.seconds}",
             f"node-timeout-ms {timeout_ms}"]
    for fault in plan.faults:
        others = ",".join(map(str, fault.others)) or "-"
        lines.append(f"fault {fault.at_ms} {fault.kind} node {fault.node} others {others} "
                     f"lasts {fault.lasts_ms} pick {fault.pick} amount {fault.amount}")
    return "\n".join(lines)


def amount_of(rng, kind):
    if kind.startswith("reshard"):
        return rng.randrange(20, 600)
    if kind == "slow":
        return rng.choice((20, 100, 300))
    if kind == "lossy":
        return rng.choice((3, 10, 25))
    if kind == "skew":
        return rng.choice((-1, 1)) * rng.choice((300, 3000, 60000, 3600000))
    return 0


def duration_ms(rng, kind, timeout_ms):
    """From a hiccup to well beyond what failure detection takes."""
    if kind in PLANNED:
        return 0
    return int(timeout_ms * rng.choice((0.2, 0.7, 1.1, 1.5, 2.5)))


def one_fault(rng, kind, at_ms, nodes, timeout_ms):
    node = rng.randrange(nodes)
    everyone_else = [n for n in range(nodes) if n != node]
    others = ()
    if kind in ("partition", "one-way", "slow", "lossy"):
        others = tuple(sorted(rng.sample(everyone_else, rng.randrange(1, nodes - 1))))
    elif kind == "isolate":
        others = tuple(everyone_else)
    return Fault(at_ms, kind, node, others, duration_ms(rng, kind, timeout_ms), rng.randrange(1 << 16),
                 amount_of(rng, kind))


def make_plan(seed, seconds=20, timeout_ms=2000, own_kind=True, without=()):
    """`own_kind`: windlass-node, which has atomic migrations and windlass-min-acks.
    `without`: kinds of faults that cannot be had (no libfaketime, say)."""
    rng = random.Random(f"windlass chaos {seed}")
    profile = "planned" if seed % 4 == 0 else "mixed"
    promise = "every-reply" if profile == "planned" else "min-acks" if own_kind and seed % 2 else "wait"
    # With two replicas WAIT 1 says nothing of the one that is elected.
    replicas = MASTERS + (0 if promise == "wait" else rng.randrange(2))
    kinds = [kind for kind in (PLANNED if profile == "planned" else PLANNED + UNPLANNED) if kind not in without]
    if not own_kind:
        kinds.remove("reshard-atomic")
    faults = []
    at_ms = 0
    while True:
        at_ms += rng.randrange(300, 3500)
        if at_ms >= seconds * 1000:
            break
        kind = rng.choices(kinds, [WEIGHTS[kind] for kind in kinds])[0]
        faults.append(one_fault(rng, kind, at_ms, MASTERS + replicas, timeout_ms))
    return Plan(seed, profile, promise, replicas, seconds, tuple(faults))
