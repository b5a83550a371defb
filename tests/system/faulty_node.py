#!/usr/bin/env python3
"""A node behind a proxy that is slow, or lies, to whoever administers it.

As the program of a pod: faulty_node.py FOLDER PROGRAM ARGUMENTS... starts PROGRAM at port
6380 of the pod's address, announced as 6379, and listens there itself. Connections that ask
and administer are taken apart; what is anything else (replication, moving slots, clients)
is passed on as it is from its first word on. FOLDER/<pod>.json says what is wrong:

    {"delay": 0.5}                  answers are late by so many seconds
    {"lie": "claims", "id": "…"}    CLUSTER NODES is falsified, see LIES

Whatever is asked of the node but to look goes to FOLDER/<pod>.log, a line a command.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

FRONT, BEHIND, BUS = 6379, 6380, 16379
ASKED = {"AUTH", "CLUSTER", "INFO", "DBSIZE", "CONFIG", "ROLE", "PING", "WAIT"}
LOOKS = {"AUTH", "INFO", "DBSIZE", "ROLE", "PING", "CLUSTER NODES", "CLUSTER INFO", "CLUSTER GETSLOTMIGRATIONS", "CLUSTER SLOT-STATS",
         "CLUSTER COUNTKEYSINSLOT", "CLUSTER MYID", "CLUSTER SLOTS", "CLUSTER SHARDS", "CONFIG GET"}
FOREIGN = ("e" * 40, "f" * 40)


def own_and_others(text):
    lines = text.strip().split("\n")
    own = next(line for line in lines if "myself" in line)
    return own.split(" "), [line for line in lines if "myself" not in line]


def nothing(text, fault):
    return ""


def alone(text, fault):
    """A node of its own, that owns nothing."""
    own, _ = own_and_others(text)
    return " ".join(own[:2] + ["myself,master", "-", "0", "0", "0", "connected"]) + "\n"


def elsewhere(text, fault):
    """A replica in another cluster."""
    own, _ = own_and_others(text)
    myself = [FOREIGN[0], own[1], "myself,slave", FOREIGN[1], "0", "0", "7", "connected"]
    master = [FOREIGN[1], "127.99.99.99:6379@16379,other-0", "master", "-", "0", "0", "7", "connected", "0-16383"]
    return " ".join(myself) + "\n" + " ".join(master) + "\n"


def claims(text, fault):
    """The master of every slot, by the latest election."""
    own, others = own_and_others(text)
    return "\n".join([" ".join(own[:2] + ["myself,master", "-", "0", "0", "99", "connected", "0-16383"]), *others]) + "\n"


def follows(text, fault):
    """A replica of the node that the fault names."""
    own, others = own_and_others(text)
    return "\n".join([" ".join(own[:2] + ["myself,slave", fault["id"], *own[4:8]]), *others]) + "\n"


LIES = {lie.__name__: lie for lie in (nothing, alone, elsewhere, claims, follows)}


async def read_value(reader):
    """One RESP value: its bytes, and for an array its words."""
    line = await reader.readuntil(b"\r\n")
    if line[:1] == b"$" and int(line[1:]) >= 0:
        body = await reader.readexactly(int(line[1:]) + 2)
        return line + body, body[:-2]
    if line[:1] == b"*":
        raw, words = line, []
        for _ in range(max(0, int(line[1:]))):
            part, word = await read_value(reader)
            raw += part
            words.append(word)
        return raw, words
    return line, line[1:-2]


class Faults:
    def __init__(self, folder, pod):
        self.file, self.log = folder / f"{pod}.json", folder / f"{pod}.log"

    def now(self):
        try:
            return json.loads(self.file.read_text())
        except (OSError, ValueError):
            return {}

    def note(self, words):
        if {words[0].upper(), " ".join(words[:2]).upper()} & LOOKS:
            return
        with open(self.log, "a") as log:
            log.write(" ".join(words)[:200] + "\n")

    def answer(self, words, raw, value):
        """What is said instead of `raw`."""
        fault = self.now()
        lie = LIES.get(fault.get("lie"))
        if lie is None or raw[:1] == b"-":
            return raw
        name = " ".join(words[:2]).upper()
        if name == "CLUSTER NODES":
            text = lie(value.decode(), fault).encode()
            return b"$%d\r\n%s\r\n" % (len(text), text)
        if words[0].upper() == "DBSIZE" and fault["lie"] == "alone":
            return b":0\r\n"
        return raw


async def pass_on(reader, writer):
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()


class Link:
    def __init__(self, faults, client, node):
        self.faults = faults
        self.client_reader, self.client_writer = client
        self.node_reader, self.node_writer = node
        self.pending = asyncio.Queue()

    async def ask(self):
        while True:
            raw, words = await read_value(self.client_reader)
            words = [word.decode(errors="replace") for word in words]
            if words[0].upper() not in ASKED or " ".join(words[:2]).upper() == "CLUSTER SYNCSLOTS":
                await self.pending.put(None)
                self.node_writer.write(raw)
                return await pass_on(self.client_reader, self.node_writer)
            self.faults.note(words)
            await self.pending.put(words)
            self.node_writer.write(raw)
            await self.node_writer.drain()

    async def answer(self):
        while (words := await self.pending.get()) is not None:
            raw, value = await read_value(self.node_reader)
            await asyncio.sleep(self.faults.now().get("delay", 0) if self.pending.empty() else 0)
            self.client_writer.write(self.faults.answer(words, raw, value))
            await self.client_writer.drain()
        await pass_on(self.node_reader, self.client_writer)

    async def run(self):
        tasks = [asyncio.ensure_future(self.ask()), asyncio.ensure_future(self.answer())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)  # a broken link ends them too
            self.client_writer.close()
            self.node_writer.close()


async def main(folder, program, arguments):
    address, faults = os.environ["POD_IP"], Faults(Path(folder), os.environ["POD_NAME"])

    async def on_link(reader, writer):
        try:
            node = await asyncio.open_connection(address, BEHIND, limit=1 << 26)
        except OSError:
            return writer.close()
        await Link(faults, (reader, writer), node).run()

    ports = {"--port": BEHIND, "--cluster-announce-port": FRONT, "--replica-announce-port": FRONT, "--cluster-port": BUS}
    words = [word for option, port in ports.items() for word in (option, str(port))]
    process = await asyncio.create_subprocess_exec(program, *arguments, *words)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, process.send_signal, number)
    await asyncio.start_server(on_link, address, FRONT, limit=1 << 26)
    return await process.wait()


if __name__ == "__main__":
    sys.exit(abs(asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3:]))))
