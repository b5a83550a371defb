"""What a DUMP payload says, apart from how: the RDB version differs among servers, and
compression may choose other matches or give up."""


def _length(payload, at):
    first = payload[at]
    if first < 0x40:
        return first, at + 1
    if first < 0x80:
        return (first & 0x3F) << 8 | payload[at + 1], at + 2
    return int.from_bytes(payload[at + 1:at + 5], "big"), at + 5


def _unpacked(payload, at):
    """The LZF data of a string (two lengths, data), and where it ends."""
    packed, at = _length(payload, at)
    size, at = _length(payload, at)
    end = at + packed
    out = bytearray()
    while at < end:
        control = payload[at]
        at += 1
        if control < 32:
            out += payload[at:at + control + 1]
            at += control + 1
            continue
        run = control >> 5
        if run == 7:
            run += payload[at]
            at += 1
        start = len(out) - ((control & 31) << 8 | payload[at]) - 1
        at += 1
        for i in range(run + 2):
            out.append(out[start + i])
    assert len(out) == size
    return bytes(out), end


def dumped_libraries(payload):
    """The codes in what FUNCTION DUMP returned, in no order."""
    body, at, codes = payload[:-10], 0, []
    while at < len(body):
        assert body[at] == 0xF5
        if body[at + 1] == 0xC3:
            code, at = _unpacked(body, at + 2)
        else:
            size, begin = _length(body, at + 1)
            code, at = body[begin:begin + size], begin + size
        codes.append(code)
    return sorted(codes)


def dumped_content(payload):
    """A string's bytes; of a container only that it is one: forms depend on the version,
    and what they carry is proven by restoring them."""
    body = payload[:-10]  # without version and checksum
    if body[:1] != b"\x00":
        return "container"
    if body[1] == 0xC3:
        content, end = _unpacked(body, 2)
        assert end == len(body)
        return content
    if body[1] >= 0xC0:
        return body
    size, at = _length(body, 1)
    assert at + size == len(body)
    return body[at:]
