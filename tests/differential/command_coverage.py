"""Which commands and options were exercised, and how often they succeeded: counted from
what was sent, against what the peer's COMMAND DOCS says there is."""

from collections import Counter

from comparison import name_of
from raw_client import as_bytes, end_of_reply, parse

# Group of commands -> the family of makers that exercises it; a group whose family has
# makers must be covered whole.
FAMILY_OF_GROUP = {
    "string": "string", "bitmap": "bitmap", "hyperloglog": "hll", "generic": "generic", "list": "list", "set": "set",
    "hash": "hash", "sorted-set": "zset", "geo": "geo", "stream": "stream", "transactions": "tx", "scripting": "script",
}


def _as_dict(flat):
    return dict(zip(flat[::2], flat[1::2]))


def _tokens(arguments):
    found = set()
    for argument in map(_as_dict, arguments):
        if b"token" in argument:
            found.update(argument[b"token"].decode().upper().split())
        found |= _tokens(argument.get(b"arguments", []))
    found.discard("")
    return found


class Commands:
    """The peer's commands of the groups above: {name: (group, options)}; a subcommand is
    named with its container."""

    def __init__(self, client):
        self.options = {}
        for name, doc in _as_dict(parse(client.call("COMMAND", "DOCS"))).items():
            self._add(name.decode().upper(), _as_dict(doc))

    def _add(self, name, doc):
        group = doc[b"group"].decode()
        if group not in FAMILY_OF_GROUP:
            return
        subcommands = _as_dict(doc.get(b"subcommands", []))
        for sub, its_doc in subcommands.items():
            self._add(sub.decode().upper().replace("|", " "), _as_dict(its_doc))
        if not subcommands:
            self.options[name] = (group, frozenset(_tokens(doc.get(b"arguments", []))))


class Coverage:
    def __init__(self, commands):
        self.known = commands.options
        self.words = {name: {**{o: o for o in options}, **{o.lower(): o for o in options}}
                      for name, (_, options) in self.known.items()}
        self.containers = {name.split()[0] for name in self.known if " " in name}
        self.total = self.seconds = 0
        self.seen = Counter()  # (name, option or "", succeeded)
        self.names = {}

    def count(self, commands, stream, seconds=0.0):
        """`stream`: the replies to the commands, which say which succeeded."""
        self.total += len(commands)
        self.seconds += seconds
        at, seen = 0, self.seen
        for command in commands:
            succeeded = stream[at] != 45  # "-"
            at = end_of_reply(stream, at)
            first = command[0]
            name = self.names.get(first) or self.names.setdefault(first, name_of(command))
            if name in self.containers and len(command) > 1:
                name = f"{name} {as_bytes(command[1]).decode('latin-1').upper()}"
            words = self.words.get(name)
            if words is None:
                continue
            seen[name, "", succeeded] += 1
            if words:
                for word in command:
                    if type(word) is str:
                        option = words.get(word) or words.get(word.upper())
                        if option:
                            seen[name, option, succeeded] += 1

    def rows(self):
        """(group, command, option, succeeded, failed), in order."""
        for name, (group, options) in sorted(self.known.items(), key=lambda item: (item[1][0], item[0])):
            for option in ["", *sorted(options)]:
                yield group, name, option, self.seen[name, option, True], self.seen[name, option, False]

    def missing(self, families, exclusions):
        """What never succeeded though its group has makers, as texts."""
        return [f"{name} {option}".strip() for group, name, option, succeeded, _ in self.rows()
                if FAMILY_OF_GROUP[group] in families and not succeeded
                and not exclusions.excuse("coverage", [f"{name} {option}".strip()])]

    def table(self):
        lines, last = [], None
        for group, name, option, succeeded, failed in self.rows():
            if group != last:
                lines.append(f"--- {group}: command, option: succeeded, failed")
                last = group
            lines.append(f"{name if not option else '    ' + option:<24}{succeeded:>9}{failed:>9}")
        return "\n".join(lines)

    def summary(self):
        rows = list(self.rows())
        exercised = sum(1 for row in rows if row[3])
        speed = f", {self.total / self.seconds:.0f} commands/s" if self.seconds else ""
        return f"coverage: {exercised} of {len(rows)} commands and options, {self.total} commands compared{speed}"
