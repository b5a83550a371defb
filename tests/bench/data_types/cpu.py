"""Server CPU per request above the floor, at a pipeline of sixteen.

Servers take turns within each round, and each round has the same number of the same
requests for all, so that what else the machine does hits all alike. The floor is a
server that parses nothing and answers as many bytes (floor_server.cc)."""

import statistics

from servers import Server, run_load

CONNECTIONS = 16
PIPELINE = 16


def measure(binaries, workloads, folder, rounds, requests, pipelines=(PIPELINE,), connections=CONNECTIONS):
    """{row: {server: {"cpu_us": [a round each], "per_second": [...]}}}"""
    results = {}
    for workload in workloads:
        sent = workload.requests(folder)
        filling = workload.filling(folder)
        servers = [Server.floor(binaries.floor, sent.request_bytes, workload.reply, folder),
                   Server.data("windlass", binaries.node, folder)]
        servers += [Server.data(name, path, folder) for name, path in binaries.peers.items()]
        try:
            for server in servers:
                if filling.count > 0 and server.name != "floor":
                    run_load(binaries, server, filling, filling.count)
                run_load(binaries, server, sent, 20_000, connections, PIPELINE)
            for pipeline in pipelines:
                row = workload.name if len(pipelines) == 1 else "%s P%d" % (workload.name, pipeline)
                taken = {server.name: {"cpu_us": [], "per_second": []} for server in servers}
                for turn in range(rounds):
                    shift = turn % len(servers)
                    for server in servers[shift:] + servers[:shift]:
                        count = requests if pipeline > 1 else max(requests // 4, 1)
                        rate, cpu = run_load(binaries, server, sent, count, connections, pipeline)
                        taken[server.name]["cpu_us"].append(round(cpu, 4))
                        taken[server.name]["per_second"].append(round(rate))
                results[row] = taken
        finally:
            for server in servers:
                server.stop()
            sent.delete()
            filling.delete()
    return results


def above_floor(row):
    """{server: median CPU above the floor's}, rounds paired."""
    floor = row["floor"]["cpu_us"]
    return {name: statistics.median(a - b for a, b in zip(taken["cpu_us"], floor))
            for name, taken in row.items() if name != "floor"}


def report(results, goal=0.6):
    names = list(next(iter(results.values())))
    peers = [name for name in names if name not in ("floor", "windlass")]
    print("CPU of the server, us a request (medians), and what is above the floor")
    print("%-11s" % "" + "".join("%12s" % name for name in names) + "   above the floor: windlass"
          + "".join("%11s" % name for name in peers) + "  to the better")
    missed = []
    for name, row in results.items():
        above = above_floor(row)
        line = "%-11s" % name + "".join("%12.2f" % statistics.median(row[n]["cpu_us"]) for n in names)
        line += "%28.2f" % above["windlass"] + "".join("%11.2f" % above[n] for n in peers)
        if peers:
            ratio = above["windlass"] / max(min(above[n] for n in peers), 1e-9)
            line += "  %.2fx%s" % (ratio, "" if ratio <= goal else "  (goal %.2f)" % goal)
            if ratio > goal:
                missed.append(name)
        print(line, flush=True)
    return missed
