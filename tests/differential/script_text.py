"""Commands as text, a line each, quoted as redis-cli reads and prints them: a failure's
script can be fed to replay.py or to redis-cli."""

from raw_client import as_bytes

_NAMED = {0x07: "\\a", 0x08: "\\b", 0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r", 0x22: '\\"', 0x5C: "\\\\"}
_FROM_NAME = {"a": 7, "b": 8, "t": 9, "n": 10, "r": 13}


def quoted(word):
    data = as_bytes(word)
    text = "".join(_NAMED.get(c) or (chr(c) if 32 <= c < 127 else "\\x%02x" % c) for c in data)
    return text if text and len(text) == len(data) and not set(text) & set(" '#\"") else f'"{text}"'


def to_text(commands):
    return "".join(" ".join(map(quoted, command)) + "\n" for command in commands)


def _words(line):
    words, at = [], 0
    while at < len(line):
        if line[at] == " ":
            at += 1
            continue
        word, in_quotes = bytearray(), False
        while at < len(line) and (in_quotes or line[at] != " "):
            char = line[at]
            at += 1
            if char == '"':
                in_quotes = not in_quotes
            elif char == "\\" and in_quotes and line[at] == "x":
                word.append(int(line[at + 1:at + 3], 16))
                at += 3
            elif char == "\\" and in_quotes:
                word.append(_FROM_NAME.get(line[at], ord(line[at])))
                at += 1
            else:
                word.append(ord(char))
        words.append(bytes(word))
    return words


def from_text(text):
    return [_words(line) for line in text.splitlines() if line.strip() and not line.startswith("#")]
