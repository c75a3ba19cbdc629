#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the fuzz targets to tests/fuzz/corpus/: valid input and near misses, from
which a fuzzer finds its way.  Run in the root of the tree; files found by fuzzers and added by
hand carry other names and are left alone."""

import os
import struct

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")


def write(parser, seeds):
    folder = os.path.join(ROOT, parser)
    os.makedirs(folder, exist_ok=True)
    for name, data in seeds.items():
        with open(os.path.join(folder, name), "wb") as f:
            f.write(data)


# ---- the types of the wire ----


def u8(v):
    return struct.pack(">B", v)


def u16(v):
    return struct.pack(">H", v)


def u32(v):
    return struct.pack(">I", v)


def u64(v):
    return struct.pack(">Q", v)


def short(s):
    return u8(len(s)) + s


def long(s):
    return u32(len(s)) + s


def frame(kind, channel, payload, end=b"\xce"):
    return u8(kind) + u16(channel) + u32(len(payload)) + payload + end


def method(class_id, number, arguments=b""):
    return u16(class_id) + u16(number) + arguments


VALUES = [
    b"t\x01",
    b"b\x80",
    b"B\x80",
    b"s\x80\x01",
    b"u\x80\x01",
    b"I" + u32(7),
    b"i" + u32(7),
    b"l" + u64(7),
    b"L" + u64(7),
    b"f" + struct.pack(">f", 1.5),
    b"d" + struct.pack(">d", 1.5),
    b"D\x02" + u32(314),
    b"S" + long(b"text"),
    b"A" + long(b"t\x00V"),
    b"T" + u64(1609459200),
    b"F" + long(b"\x01kV"),
    b"V",
    b"x" + long(b"\x00\xff"),
]


def table(pairs):
    return b"".join(short(k) + v for k, v in pairs)


ALL = table((b"k%d" % i, v) for i, v in enumerate(VALUES))


def nested(depth, letter):
    inside = b""
    for _ in range(depth - 1):
        inside = (b"\x01k" if letter == b"F" else b"") + letter + long(inside)
    return inside if letter == b"F" else b"\x01k" + letter + long(inside)


# ---- methods that a broker meets ----

EMPTY = u32(0)
DECLARE = method(50, 10, u16(0) + short(b"q") + u8(2) + EMPTY)
METHODS = {
    "start": method(10, 10, u8(0) + u8(9) + long(ALL) + long(b"PLAIN AMQPLAIN") + long(b"en_US")),
    "start-ok": method(
        10,
        11,
        long(
            table(
                [
                    (b"product", b"S" + long(b"seed")),
                    (b"capabilities", b"F" + long(b"\x0abasic.nackt\x01")),
                ]
            )
        )
        + short(b"PLAIN")
        + long(b"\0guest\0guest")
        + short(b"en_US"),
    ),
    "tune-ok": method(10, 31, u16(2047) + u32(131072) + u16(60)),
    "open": method(10, 40, short(b"/") + short(b"") + u8(0)),
    "close": method(10, 50, u16(200) + short(b"bye") + u16(0) + u16(0)),
    "exchange-declare": method(40, 10, u16(0) + short(b"e") + short(b"topic") + u8(2) + EMPTY),
    "queue-declare": DECLARE,
    "queue-declare-arguments": method(50, 10, u16(0) + short(b"q") + u8(31) + long(ALL)),
    "queue-bind": method(
        50, 20, u16(0) + short(b"q") + short(b"amq.topic") + short(b"a.#") + u8(0) + EMPTY
    ),
    "qos": method(60, 10, u32(0) + u16(10) + u8(0)),
    "consume": method(60, 20, u16(0) + short(b"q") + short(b"tag") + u8(0) + EMPTY),
    "publish": method(60, 40, u16(0) + short(b"") + short(b"q") + u8(1)),
    "deliver": method(60, 60, short(b"tag") + u64(1) + u8(1) + short(b"e") + short(b"k")),
    "get-ok": method(60, 71, u64(1) + u8(0) + short(b"e") + short(b"k") + u32(3)),
    "ack": method(60, 80, u64(1) + u8(1)),
    "nack": method(60, 120, u64(1) + u8(3)),
    "bits-unused-set": method(60, 80, u64(1) + u8(255)),
    "not-utf8": method(50, 30, u16(0) + short(b"caf\xe9") + u8(0)),
    "unknown": method(60, 41, u64(1)),
    "cut": DECLARE[:-2],
}


# ---- content headers ----


def header(flags, values, size=5, class_id=60):
    return u16(class_id) + u16(0) + u64(size) + u16(flags) + values


EVERY = (
    short(b"text/plain")
    + short(b"gzip")
    + long(ALL)
    + u8(2)
    + u8(9)
    + short(b"c")
    + short(b"r")
    + short(b"1000")
    + short(b"m")
    + u64(1609459200)
    + short(b"t")
    + short(b"guest")
    + short(b"app")
    + short(b"")
)
HEADERS = {
    "none": header(0, b""),
    "every": header(0xFFFC, EVERY),
    "persistent": header(0x1000, u8(2)),
    "content-type": header(0x8000, short(b"application/json")),
    "table": header(0x2000, long(ALL)),
    "table-empty": header(0x2000, EMPTY),
    "table-deep": header(0x2000, long(nested(33, b"F"))),
    "timestamp": header(0x0040, u64(0xFFFFFFFFFFFFFFFF)),
    "cut": header(0xFFFC, EVERY)[:-3],
    "left-over": header(0x1000, u8(2) + u8(0)),
    "continued": header(0x0001, u16(0)),
    "huge": header(0, b"", size=0xFFFFFFFFFFFFFFFF),
    "other-class": header(0x1000, u8(1), class_id=10),
    "not-utf8": header(0x0020, short(b"\xff")),
}

TABLES = {
    "empty": b"",
    "all": ALL,
    "array": b"".join(VALUES),
    "same-key-twice": table([(b"a", b"b\x01"), (b"a", b"b\x02"), (b"", b"V")]),
    "deep-32": nested(32, b"F"),
    "deep-33": nested(33, b"F"),
    "arrays-32": nested(32, b"A"),
    "arrays-33": nested(33, b"A"),
    "deep-512": nested(512, b"F"),
    "cut": ALL[:-1],
    "length-lies": b"\x01kS\xff\xff\xff\xffabc",
    "letter": b"\x01k?",
    "long-key": short(b"k" * 255) + b"V",
    "no-number": b"\x01kf\x7f\xa0\x00\x00",
}

TALK = (
    frame(1, 0, METHODS["start-ok"])
    + frame(8, 0, b"")
    + frame(2, 1, HEADERS["every"])
    + frame(3, 1, b"hello")
)
FRAMES = {
    name: u16(limit) + u8(step) + data
    for name, limit, step, data in [
        ("nothing", 0, 0, b""),
        ("talk", 0, 255, TALK),
        ("talk-byte-by-byte", 0, 0, TALK),
        ("talk-in-sevens", 4096, 6, TALK * 2),
        ("heartbeats", 0, 2, frame(8, 0, b"") * 5),
        ("wrong-end", 0, 3, frame(8, 0, b"") + frame(3, 1, b"hello", b"\xcd")),
        ("too-large", 4, 3, frame(3, 1, b"hell") + frame(3, 1, b"hello")),
        ("type", 0, 3, frame(8, 0, b"") + frame(7, 1, b"hello")),
        ("huge", 0, 3, b"\x03\x00\x01\xff\xff\xff\xffabc"),
        ("cut", 0, 3, TALK[:-4]),
        ("end-octets", 0, 1, frame(3, 1, b"\xce" * 20)),
        ("protocol-header", 0, 1, b"AMQP\x00\x00\x09\x01"),
    ]
}

TOPICS = {
    "words": b"+a.b.c\n+a.*.c\n+a.#\na.b.c\na.x.c\na\n",
    "hash": b"+#\n\na\na.b\n",
    "star": b"+*\n\na\na.b\n",
    "hashes": b"+#.#\n+#.a.#\n+#.a.#.b.#\na.b\nb.a\na\n\n",
    "empty-words": b"+..\n+*.*.*\n..\n.\n\n",
    "star-hash": b"+*.#\n+#.*\n+#.*.#\n\na\na.b.c\n",
    "unbind": b"+a.b\n+a\n+a.b\n-\na.b\n-\n-\na\n",
    "same": b"+k\n+k\n+k\nk\n-\nk\n",
    "literal": b"+a*\n+#a\n+a.#b\na*\n#a\na.#b\n*\n#\n",
    "long": b"+" + b"#.a." * 20 + b"#\n" + b"a." * 60 + b"a\n",
    "stars": b"+" + b"*." * 40 + b"*\n" + b"x." * 40 + b"x\n",
    "bytes": b"+\xff.\x00\n\xff.\x00\n",
    "few": b"".join(b"+a.*.%d\n" % i for i in range(6)) + b"a.b.3\n-\1\n-\0\n-\3\na.b.5\na.b.0\n",
    "parted": b"+a.*\n+a.*.c\n+a.#\n+a.#.d\n+a.*.#\n+a\n+a.*.*\na.b.c\na\na.d\na.\n-\2\n-\3\na.d\n",
    "under-hash": b"+#.a.*\n+#.a.b\n+#.a\n+#.a.c.d\n+#.a.#\n+#.a.*.#\n+#.b.a\na.a.b\na.a\nb.a\n",
    "dots": b"+.\n+.*\n+*.\n+#.\n+.#\n+a.\n+.a\n+a..#\n.\na.\n.a\na..\n..\na\n\n",
    "longest": b"+" + b"w" * 253 + b".*\n+*." + b"w" * 253 + b"\n+" + b"w" * 255 + b"\n"
    + b"w" * 253 + b".w\nw." + b"w" * 253 + b"\n" + b"w" * 255 + b"\n",
}


# ---- log records ----


def varint(v):
    out = b""
    while v >= 0x80:
        out += u8(v & 0x7F | 0x80)
        v >>= 7
    return out + u8(v)


def packed(s):
    return varint(len(s)) + s


def publish(targets, body, chunks=0, size=None, number=None):
    return (
        varint(len(targets))
        + b"".join(varint(q) + varint(s) for q, s in targets)
        + varint(1_600_000_000_000)
        + (varint(0) if number is None else varint(16) + packed(b"one") + varint(number))
        + varint(len(body) if size is None else size)
        + varint(chunks)
        + packed(b"amq.topic")
        + packed(b"a.b")
        + packed(HEADERS["persistent"])
        + body
    )


RECORDS = {
    "publish": b"\x01" + publish([(1, 1)], b"hello"),
    "publish-many": b"\x01" + publish([(1, 1), (7, 1 << 40), (0xFFFFFFFF, (1 << 64) - 1)], b""),
    "publish-chunks": b"\x01" + publish([(1, 2)], b"", 3, 3 << 20),
    "publish-numbered": b"\x01" + publish([(1, 1), (2, 1)], b"hello", number=1 << 40),
    "publish-numbered-0": b"\x01" + publish([(1, 1)], b"hello", number=0),
    "publish-cut": b"\x01" + publish([(1, 1)], b"hello")[:-6],
    "chunk": b"\x02" + b"piece",
    "ack": b"\x03" + varint(12) + b"\x01\x03\x01\x01" + varint(1 << 40) + b"\x02",
    "ack-none": b"\x03" + varint(12),
    "ack-wraps": b"\x03\x01" + varint((1 << 64) - 1) + b"\x01",
    "ack-empty-range": b"\x03\x01\x05\x00",
    "spill": b"\x0b" + publish([(0, 0)], b"void"),
    "move": b"\x04" + varint(3) + varint(9) + publish([(4, 1)], b"dead"),
    "define": b"\x05\x01" + packed(b"queue") + b"value",
    "undefine": b"\x06\x01" + packed(b"queue"),
    "delivered": b"\x07" + varint(3) + varint(1000000),
    "publisher": b"\x10" + varint(3) + packed(b"one") + varint(9),
    "publisher-refused": b"\x10\x03" + packed(b"one") + varint(99) + b"\x05\x02\x01\x01",
    "publisher-nobody": b"\x10\x03" + packed(b"") + varint(9),
    "publisher-wraps": b"\x10\x03" + packed(b"one") + b"\x09\x01" + varint((1 << 64) - 1) + b"\x01",
    "long-varint": b"\x07\x83\x80\x80\x00" + b"\xff" * 9 + b"\x01",
    "varint-too-long": b"\x07\x03" + b"\xff" * 9 + b"\x02",
}


# ---- conversations, in the steps that fuzz_connection.c reads ----


def raw(data):
    return b"\x00" + u8(len(data)) + data


def says(payload, channel=1):
    return u8(1 | channel << 3) + u8(len(payload)) + payload


def content(size, body=b"", channel=1, values=(0, b"")):
    h = header(values[0], values[1], size)
    out = u8(2 | channel << 3) + u8(len(h)) + h
    return out + (u8(3 | channel << 3) + u8(len(body)) + body if body else b"")


def waits(n):
    return b"\x05" + u8(n)


OTHER, AGAIN, HEARTBEAT = b"\x06", b"\x07", b"\x04"
PERSISTENT = (0x1000, u8(2))
DURABLE_Q = says(method(50, 10, u16(0) + short(b"d") + u8(2) + EMPTY))
Q = says(method(50, 10, u16(0) + short(b"q") + u8(0) + EMPTY))
CONSUME = says(METHODS["consume"])
PUBLISH = says(METHODS["publish"])
GET = says(method(60, 70, u16(0) + short(b"q") + u8(0)))
CONFIRM = says(method(85, 10, u8(0)))
TX = says(method(90, 10))
def numbered(number, flags=0):
    headers = table(
        [(b"x-publisher-id", b"S" + long(b"p")), (b"x-publisher-sequence", b"l" + u64(number))]
    )
    return says(method(60, 40, u16(0) + short(b"") + short(b"d") + u8(flags))) + content(
        1, b"n", values=(0x3000, long(headers) + u8(2))
    )


CONVERSATIONS = {
    "handshake": b"\x00"
    + raw(b"AMQP\0\0\x09\x01")
    + says(METHODS["start-ok"], 0)
    + says(METHODS["tune-ok"], 0)
    + says(METHODS["open"], 0)
    + says(method(20, 10, short(b"")))
    + says(METHODS["close"], 0),
    "wrong-protocol": b"\x00" + raw(b"HTTP/1.1"),
    "silence": b"\x00" + waits(255),
    "silence-after-login": b"\x01" + waits(255) + waits(255) + waits(255),
    "heartbeats": b"\x01" + HEARTBEAT + waits(100) + HEARTBEAT + waits(100),
    "publish-get": b"\x01" + Q + PUBLISH + content(5, b"hello") + GET + says(METHODS["ack"]),
    "consume": b"\x01"
    + Q
    + CONSUME
    + PUBLISH
    + content(5, b"hello")
    + PUBLISH
    + content(0)
    + says(METHODS["nack"])
    + says(METHODS["ack"]),
    "prefetch": b"\x01"
    + Q
    + says(METHODS["qos"])
    + CONSUME
    + (PUBLISH + content(2, b"hi")) * 12
    + says(METHODS["nack"]),
    "confirm": b"\x03"
    + DURABLE_Q
    + CONFIRM
    + says(method(60, 40, u16(0) + short(b"") + short(b"d") + u8(0)))
    + content(4, b"safe", values=PERSISTENT)
    + waits(1),
    "unroutable": b"\x01"
    + CONFIRM
    + says(method(60, 40, u16(0) + short(b"") + short(b"nobody") + u8(1)))
    + content(3, b"abc"),
    "transaction": b"\x01"
    + Q
    + TX
    + PUBLISH
    + content(1, b"a")
    + says(method(90, 20))
    + PUBLISH
    + content(1, b"b")
    + says(method(90, 30))
    + GET,
    "topic": b"\x01"
    + Q
    + says(METHODS["exchange-declare"])
    + says(method(50, 20, u16(0) + short(b"q") + short(b"e") + short(b"a.#") + u8(0) + EMPTY))
    + says(method(60, 40, u16(0) + short(b"e") + short(b"a.b") + u8(0)))
    + content(1, b"x"),
    "headers": b"\x01"
    + Q
    + says(
        method(
            50,
            20,
            u16(0)
            + short(b"q")
            + short(b"amq.headers")
            + short(b"")
            + u8(0)
            + long(b"\x07x-matchS" + long(b"any") + b"\x01aI" + u32(1)),
        )
    )
    + says(method(60, 40, u16(0) + short(b"amq.headers") + short(b"") + u8(0)))
    + content(1, b"x", values=(0x2000, long(b"\x01ab\x01"))),
    "two-peers": b"\x01"
    + Q
    + CONSUME
    + OTHER
    + PUBLISH
    + content(2, b"hi")
    + OTHER
    + says(METHODS["ack"])
    + AGAIN
    + GET,
    "exclusive": b"\x01"
    + says(method(50, 10, u16(0) + short(b"") + u8(4) + EMPTY))
    + OTHER
    + Q
    + OTHER
    + AGAIN,
    "unacked-return": b"\x01"
    + Q
    + PUBLISH
    + content(1, b"x")
    + GET
    + AGAIN
    + Q
    + GET
    + says(method(60, 110, u8(1))),
    "not-found": b"\x01"
    + says(method(60, 20, u16(0) + short(b"none") + short(b"") + u8(0) + EMPTY))
    + says(method(20, 41))
    + says(method(20, 10, short(b""))),
    "body-too-long": b"\x01" + PUBLISH + content(2, b"hello"),
    "body-in-pieces": b"\x01"
    + Q
    + PUBLISH
    + content(6, b"abc")
    + u8(3 | 1 << 3)
    + u8(3)
    + b"def"
    + GET,
    "header-before-method": b"\x01" + content(5, b"hello"),
    "method-within-content": b"\x01" + PUBLISH + says(METHODS["ack"]),
    "closed-channel": b"\x01" + says(DECLARE, 3),
    "channel-zero": b"\x01" + says(DECLARE, 0),
    "flow": b"\x01"
    + Q
    + CONSUME
    + says(method(20, 20, u8(0)))
    + PUBLISH
    + content(1, b"x")
    + says(method(20, 20, u8(1))),
    "far-away-guest": b"\x05",
    "durable": b"\x03"
    + DURABLE_Q
    + says(
        method(50, 20, u16(0) + short(b"d") + short(b"amq.fanout") + short(b"") + u8(0) + EMPTY)
    )
    + says(method(60, 40, u16(0) + short(b"amq.fanout") + short(b"") + u8(0)))
    + content(4, b"kept", values=PERSISTENT)
    + waits(1)
    + says(method(50, 50, u16(0) + short(b"d") + short(b"amq.fanout") + short(b"") + EMPTY))
    + says(method(50, 40, u16(0) + short(b"d") + u8(0))),
    "numbered": b"\x03"
    + DURABLE_Q
    + CONFIRM
    + numbered(1)
    + numbered(1)
    + numbered(3)
    + numbered(0, 1)
    + waits(1)
    + numbered(1 << 63),
    "garbage": b"\x01" + raw(bytes(range(255))),
}


# ---- summaries of segments ----


def le(n, v):
    return v.to_bytes(n, "little")


def page(entries, data, last, size=5, coded=None):
    head = le(4, entries) + le(4, coded or len(data)) + le(8, last)
    return head + le(8, size) + le(8, 8) + le(8, 8) + data


def summary(queues=(), catalog=b"", marks=b""):
    body = b"".join(queues)
    return (
        le(4, len(queues))
        + le(4, len(body))
        + le(4, len(catalog))
        + le(4, len(marks))
        + le(4, 0)
        + body
        + catalog
        + marks
    )


def summed(number, pages, gone=(), expires=0):
    ranges = b"".join(le(8, first) + le(8, count) for first, count in gone)
    head = le(4, number) + le(4, expires) + le(8, 0) + le(4, len(gone))
    return head + ranges + le(4, len(pages)) + b"".join(pages)


ONE = page(1, b"\x15\x0a", 1)
THREE = page(3, b"\x15\x0a\x11\x13\x05", 7)
TIMED = page(1 | 1 << 31, le(8, 1700000000000) + b"\x15\x0a", 1, 5, 2)
SUMMARIES = {
    "empty": summary(),
    "one": summary([summed(1, [ONE])]),
    "gone": summary([summed(1, [THREE], [(1, 1), (3, 9)], 1), summed(2, [])]),
    "two-pages": summary([summed(9, [ONE, THREE])]),
    "timed": summary([summed(9, [ONE, TIMED])]),
    "cut-time": summary([summed(1, [TIMED[:44]])]),
    "catalog": summary([], le(8, 4096) + le(4, 5) + le(4, 3) + b"abc"),
    "marks": summary([], b"", le(8, 4096) + le(8, 100)),
    "long-varint": summary([summed(1, [page(1, b"\xff" * 9 + b"\x01", 1)])]),
    "cut-varint": summary([summed(1, [page(1, b"\x95", 1)])]),
}

# ---- damage to a log, in the steps that fuzz_segment.c reads ----


def patch(file, at, data):
    return u8(file) + at.to_bytes(3, "big") + u8(len(data)) + data


def segment(previous=0, shift=0, start=0):
    return b"\x00" + u8(previous) + u8(shift) + u8(start)


def batch(tweak, *sizes, value=1):
    return b"\x01" + u8(tweak) + u8(value) + u8(len(sizes)) + bytes(sizes)


GAP = b"\x02"
DAMAGE = {
    "clean": b"\x00\x01",
    "power-loss": b"\x00\x00",
    "power-loss-tears": b"\x00\x04",
    "head": b"\x00\x01" + patch(0, 8, b"\x01"),
    "second-head": b"\x00\x01" + patch(1, 24, b"\x10"),
    "first-batch": b"\x00\x01" + patch(0, 4096 + 8, b"\xff"),
    "first-record": b"\x00\x01" + patch(0, 4096 + 64 + 20, b"\x01"),
    "middle": b"\x00\x00" + patch(0, 4096 * 5 + 100, b"\x55" * 30),
    "last-file": b"\x00\x00" + patch(1, 4096 * 3 + 70, b"\x01"),
    "far-behind": b"\x00\x00" + patch(1, 4096 * 15, b"\x01" * 64),
    "two-patches": b"\x00\x00" + patch(0, 5000, b"\x80") + patch(1, 9000, b"\x80"),
    "forged-plain": b"\x01" + segment() + batch(0, 10, 20) + batch(0, 200) + batch(0),
    "forged-two": b"\x01" + segment() + batch(0, 1) + batch(0, 2) + segment() + batch(0, 3),
    "forged-gap": b"\x01" + segment() + batch(0, 1) + GAP + batch(0, 2),
    "forged-proof": b"\x01" + segment() + batch(0, 1) + GAP + batch(8, 2, value=9),
    "forged-lsn": b"\x01" + segment() + batch(1, 1),
    "forged-epoch": b"\x01" + segment() + batch(2, 1, value=5) + batch(2, 1, value=4),
    "forged-chain": b"\x01" + segment() + batch(0, 1) + batch(4, 1),
    "forged-long": b"\x01" + segment() + batch(16, 1, value=200),
    "forged-used": b"\x01" + segment() + batch(32, 1, 2, value=7),
    "forged-clean": b"\x01" + segment() + batch(64, 1, value=4),
    "forged-records": b"\x01" + segment() + batch(128, 1, 2, 3, value=1),
    "forged-start": b"\x01" + segment() + batch(0, 1) + segment(start=1) + batch(0, 2),
    "forged-hole": b"\x01" + segment() + batch(0, 1) + segment(previous=1, shift=1) + batch(0, 2),
}

# ---- through the door ----


def request(*arguments):
    body = b"".join(len(a).to_bytes(4, "little") + a for a in arguments)
    return b"LVR1" + len(body).to_bytes(4, "little") + body


def piece(kind, data):
    return u8(kind) + len(data).to_bytes(4, "little") + data


REQUESTS = {
    "list": request(b"list_queues", b"name", b"messages", b"-q"),
    "list-json": request(b"--formatter=json", b"list_exchanges", b"-p", b"/"),
    "list-wrong": request(b"list_queues", b"nam\xff"),
    "bindings": request(b"list_bindings", b"--no-table-headers"),
    "channels": request(b"list_channels", b"--formatter", b"table"),
    "delete": request(b"delete_queue", b"--if-empty", b"--if-unused", b"q"),
    "purge": request(b"purge_queue", b"", b"--vhost"),
    "close": request(b"close_connection", b"<1>", b"%s%n"),
    "close-all": request(b"close_all_connections", b"why", b"-s"),
    "policy": request(b"set_policy", b"p", b"^q", b'{"max-length":5}', b"--priority", b"-3"),
    "operator-policy": request(b"set_operator_policy", b"o", b"(", b'{"expires":0}'),
    "parameter": request(b"set_parameter", b"vhost-limits", b"limits", b'{"max-queues":5}'),
    "global": request(b"set_global_parameter", b"g", b"[1.5,null]"),
    "policies": request(b"list_policies", b"--formatter=json"),
    "pause": request(b"pause_queue", b"q"),
    "trace": request(b"trace_on", b"-p", b"/"),
    "status": request(b"status"),
    "add-vhost": request(b"add_vhost", b"--tags", b"a,,b", b"--default-queue-type=quorum", b"v"),
    "delete-vhost": request(b"delete_vhost", b"/"),
    "list-vhosts": request(b"list_vhosts", b"name", b"tags", b"cluster_state"),
    "add-user": request(b"add_user", b"--pre-hashed-password", b"u", b"c2FsdNQqD3Q="),
    "user-tags": request(b"set_user_tags", b"guest", b"a", b" ,b"),
    "permissions": request(b"set_permissions", b"guest", b"(", b"", b"[a-"),
    "topic": request(b"set_topic_permissions", b"guest", b"x", b"{username}{vhost}", b""),
    "clear": request(b"clear_permissions", b"guest"),
    "export": request(b"export_definitions"),
    "import": request(
        b"import_definitions",
        b'{"users":[{"name":"u","password":"p","tags":"a"}],"vhosts":[{"name":"v","metadata":{'
        b'"tags":["t"]}}],"permissions":[{"user":"u","vhost":"v","configure":"^","write":"",'
        b'"read":"("}],"parameters":[{"component":"vhost-limits","vhost":"v","name":"limits",'
        b'"value":{}}],"queues":[{"name":"q","vhost":"v","arguments":{"x-expires":1}}],'
        b'"exchanges":[{"name":"x","vhost":"v","type":"topic"}],"bindings":[{"source":"x",'
        b'"vhost":"v","destination":"q","routing_key":"#"}]}',
    ),    "vhost-limits": request(b"set_vhost_limits", b'{"max-queues":1e3,"max-connections":-5}'),
    "user-limits": request(b"set_user_limits", b"guest", b'{"max-channels":[1]}'),
    "list-limits": request(b"list_user_limits", b"--user", b"guest"),
    "delete-user": request(b"delete_user", b"guest"),
    "stop": request(b"stop", b"--", b"--"),
    "unknown": request(b"-", b"--x", b"foo"),
    "empty-words": request(b"", b"", b""),
    "none": request(),
    "short": request(b"list_queues")[:-3],
    "behind": request(b"ping") + b"more",
    "long": b"LVR1" + ((8 << 20) + 1).to_bytes(4, "little"),
    "inner-long": b"LVR1\x08\0\0\0\xff\xff\xff\xffabcd",
    "answer": piece(1, b"name\n") + piece(2, b"Error\n") + piece(0, b"\x40\0\0\0"),
}



def le64(n):
    return (n & (1 << 64) - 1).to_bytes(8, "little")


def word(s):
    return len(s).to_bytes(4, "little") + s


LEDGER = {
    "vhost": b"\0\1" + word(b"red") + word(b"of colours") + word(b"a,b") + word(b"quorum")
    + le64(-1) + le64(10),
    "vhost-nameless": b"\0\1" + word(b"") * 4 + le64(-1) * 2,
    "vhost-limit": b"\0\1" + word(b"v") + word(b"") * 3 + le64(-2) * 2,
    "user": b"\1\1\0" + word(b"salt" + b"d" * 32) + word(b"administrator") + le64(-1) * 2,
    "user-without": b"\1\1\2" + word(b"") + word(b"") + le64(0) * 2,
    "user-short-hash": b"\1\1\1" + word(b"salt" + b"d" * 32) + word(b"") + le64(-1) * 2,
    "key": b"\2" + (1).to_bytes(4, "little") + word(b"kate"),
    "topic-key": b"\3" + (1).to_bytes(4, "little") + word(b"kate") + word(b"amq.topic"),
    "default-topic-key": b"\3" + (1).to_bytes(4, "little") + word(b"kate") + word(b""),
    "grant": b"\4\1" + word(b"^k") + word(b"") + word(b".*"),
    "newer": b"\4\2" + word(b"^k") + word(b"") + word(b".*"),
    "base64": b"\5c2FsdNQqD3Qv/Bvk4cwIRcJCnJc=",
    "base64-padding": b"\5=c2=",
}

A = b"a" * 300

PATTERNS = {
    "plain": b"^(orders|bills)\\..*$\norders.paid",
    "look": b"^(?!amq\\.)(?<=^)[^.]+(?=\\.)\namq.gen",
    "nested": b"(a+)+[bc]\n" + A,
    "backreference": b"(?i)(a+)(?:\\1|a\\1)*[bc]\n" + A,
    "recursion": b"^((a|aa)(?1)?)+[bc]\n" + A,
    "repeats": b"((a{1,999}){0,65535}?|b{3}){2,}\n" + A,
    "too-large": b"((a{0,65535}){0,65535}){0,65535}\na",
    "deep": b"(" * 101 + b")" * 101,
    "classes": b"[[:alpha:]\\d\\W-]{2,}+\\x41\\Q.\\E(?#c)\\bz?\n..A.",
    "conditions": b"(?<n>a)?(?(n)b|c)(?|(d)|(e))\\k<n>(?&n)\ncd",
    "verbs": b"(*UTF)(*LIMIT_MATCH=9)(*PRUNE)a\\K(*SKIP)(?C7)\na",
    "binary": b"\xff\x00[\x80-\xfe]\n\xff\x00\x90",
}

FORM = b"multipart/form-data; boundary=xyz\n"
FILE = (b'Content-Disposition: form-data; name="file"; filename="a.json"\r\n'
        b"Content-Type: application/json\r\n\r\n{}\r\n")

MULTIPART = {
    "file": FORM + b"--xyz\r\n" + FILE + b"--xyz--\r\n",
    "second": FORM + b'before\r\n--xyz\r\ncontent-disposition:form-data;name=a\r\n\r\n1\r\n'
              b"--xyz \r\n" + FILE + b"--xyz--",
    "cut": FORM + b"--xyz\r\n" + FILE,
    "quoted": b'Multipart/Form-Data;a=b; boundary="x y"\n--x y\r\n' + FILE + b"--x y--",
    "none": b"application/json\n{}",
}

JSON = {
    "policy": b'{"max-length":5,"dead-letter-exchange":"x","overflow":"drop-head"}',
    "keys": b'{"alternate-exchange":"","unroutable":"nack","max-age":"7D","queue-version":2,'
            b'"delivery-limit":-1,"expires":1,"dead-letter-strategy":"at-most-once"}',
    "values": b'[1,-2.5e-7,true,false,null,"\\u00fc\\u0000\\ud83d\\ude00\xc3\xbc",'
              b'{"b":1,"a":[{}]}]',
    "deep": b"[" * 40 + b"]" * 40,
    "large": b"[9223372036854775807,9223372036854775808]",
    "cut": b'{"message-ttl":10',
    "twice": b'{"a":1,"a":{"a":-0.0}}',
}

# ---- over HTTP ----


def asked(method, target, body=b"", headers=b""):
    length = b"Content-Length: %d\r\n" % len(body) if body else b""
    return (method + b" " + target + b" HTTP/1.1\r\nHost: h\r\nAuthorization: Basic "
            b"Z3Vlc3Q6Z3Vlc3Q=\r\n" + length + headers + b"\r\n" + body)


QUEUE = asked(b"PUT", b"/api/queues/%2F/q", b'{"durable":true,"arguments":{"x-max-length":5}}')
BIND = asked(b"POST", b"/api/bindings/%2F/e/amq.topic/q/q", b'{"routing_key":"a.#"}')
PUBLISH = asked(b"POST", b"/api/exchanges/%2F/amq.default/publish",
                b'{"routing_key":"q","properties":{"priority":3,"headers":{"a":[1]}},'
                b'"payload":"aGk=","payload_encoding":"base64"}')
GET = asked(b"POST", b"/api/queues/%2F/q/get",
            b'{"count":2,"ackmode":"reject_requeue_true","encoding":"auto","truncate":1}')

HTTP = {
    "list": asked(b"GET", b"/api/queues?page=1&page_size=5&name=q.*&use_regex=true&sort=messages"),
    "columns": asked(b"GET", b"/api/exchanges/%2f?columns=name,type&sort_reverse=true"),
    "pipeline": QUEUE + BIND + PUBLISH + GET + asked(b"GET", b"/api/bindings") +
    asked(b"DELETE", b"/api/queues/%2F/q?if-empty=true"),
    "unbind": QUEUE + BIND + asked(b"DELETE", b"/api/bindings/%2F/e/amq.topic/q/q/a.%23"),
    "chunks": asked(b"PUT", b"/api/exchanges/%2F/x", headers=b"Transfer-Encoding: chunked\r\n") +
    b'9;a=b\r\n{"type":"\r\n9\r\nfanout"} \r\n0\r\nTrailer: x\r\n\r\n',
    "continue": asked(b"PUT", b"/api/exchanges/%2F/x", b"[]", b"Expect: 100-continue\r\n"),
    "nobody": b"GET /api/queues HTTP/1.1\r\nHost:\r\n\r\n",
    "old": b"HEAD /api/overview HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "options": asked(b"OPTIONS", b"//api/queues//x/") + asked(b"PATCH", b"/api/bindings/%2F"),
    "smuggled": asked(b"PUT", b"/api/queues/%2F/q", b"0\r\n\r\n",
                      b"Transfer-Encoding: chunked\r\n"),
    "upgrade": asked(b"GET", b"/api/queues", headers=b"Connection: Upgrade\r\nUpgrade: h2c\r\n") +
    asked(b"CONNECT", b"h:1"),
    "percent": asked(b"GET", b"/api/queues/%2F/%zz?columns=%2"),
    "folded": b"\r\n\nGET / HTTP/1.1\r\nHost: a\r\n b\r\nX-Reason:\r\n\r\n",
    "admin": asked(b"PUT", b"/api/vhosts/v", b'{"description":"d","tags":"a,b"}') +
    asked(b"PUT", b"/api/users/u", b'{"password":"p","tags":["management"]}') +
    asked(b"PUT", b"/api/permissions/v/u", b'{"configure":"","write":".*","read":"^a"}') +
    asked(b"GET", b"/api/users/without-permissions") + asked(b"DELETE", b"/api/vhosts/v"),
    "rules": asked(b"PUT", b"/api/policies/%2F/p",
                   b'{"pattern":"^q","definition":{"max-length":5},"apply-to":"queues"}') +
    asked(b"PUT", b"/api/vhost-limits/%2F/max-queues", b'{"value":1}') + QUEUE +
    asked(b"GET", b"/api/parameters") + asked(b"DELETE", b"/api/policies/%2F/p"),
    "self": asked(b"DELETE", b"/api/users/guest") + asked(b"GET", b"/api/whoami"),
    "whole": asked(b"GET", b"/api/overview") + asked(b"GET", b"/api/nodes") +
    asked(b"GET", b"/api/aliveness-test/%2F") + asked(b"GET", b"/api/definitions"),
    "import": asked(b"POST", b"/api/definitions",
                    b'{"queues":[{"name":"q","vhost":"/"}],"users":[{"name":"x"}]}'),
    "clients": asked(b"GET", b"/api/connections?sort=name") +
    asked(b"GET", b"/api/channels/x%20(1)") +
    asked(b"DELETE", b"/api/connections/x", headers=b"X-Reason: y\r\n"),
    "health": asked(b"GET", b"/api/health/checks/port-listener/5672") +
    asked(b"GET", b"/api/health/checks/protocol-listener/amqp"),
    "messages": QUEUE + PUBLISH + PUBLISH + PUBLISH +
    asked(b"POST", b"/api/queues/%2F/q/peek?search=hi&field=payload", b'{"from":2,"count":1}') +
    asked(b"DELETE", b"/api/queues/%2F/q/contents/2") +
    asked(b"POST", b"/api/queues/%2F/q/move", b'{"queue":"q","sequences":[3,1,1]}') +
    asked(b"POST", b"/api/queues/%2F/q/move", b'{"exchange":"amq.topic","routing_key":"a.b"}') +
    asked(b"GET", b"/api/queues/%2F/q/unacked"),
    "streams": asked(b"PUT", b"/api/queues/%2F/q",
                     b'{"durable":true,"arguments":{"x-queue-type":"stream"}}') + PUBLISH +
    asked(b"GET", b"/api/streams/%2F/q") +
    asked(b"POST", b"/api/streams/%2F/q/read", b'{"offset":"1h","count":1000}') +
    asked(b"POST", b"/api/queues/%2F/q/replay", b'{"from":"first","to":0}'),
    "no-http": b"AMQP\0\0\x09\x01",
}

# ---- what a proxy says first ----

SIGNED = b"\r\n\r\n\0\r\nQUIT\n"
FOUR = b"\xc0\0\2\x0a\xc6\x33\x64\1\xdc\4\x01\xbb"


def proxied(kind, block, command=b"\x21"):
    return SIGNED + command + kind + u16(len(block)) + block


PROXIED = {
    "four": b"PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\nAMQP\0\0\x09\x01",
    "six": b"PROXY TCP6 2001:db8::1 ::ffff:1.2.3.4 1 65535\r\n",
    "unknown": b"PROXY UNKNOWN ffff:: 1 2\r\n",
    "endless": b"PROXY UNKNOWN " + b"x" * 100,
    "half": b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n",
    "binary-four": proxied(b"\x11", FOUR) + b"\x16\x03\x01",
    "binary-six": proxied(b"\x21", b"\x20\1\x0d\xb8" + bytes(28) + b"\1\2\3\4"),
    "path": proxied(b"\x31", b"/run/a".ljust(108, b"\0") + b"/run/b".ljust(108, b"\0")),
    "udp": proxied(b"\x12", FOUR),
    "local": proxied(b"\0", b"", b"\x20"),
    "nobody": proxied(b"\0", b"\4\0\1x"),
    "fields": proxied(b"\x11", FOUR + b"\1\0\2h2\x20\0\5\1\0\0\0\0\4\0\0"),
    "checksum": proxied(b"\x11", FOUR + b"\3\0\4\xe9\x63\xa6\xcd"),
    "lies": proxied(b"\x11", FOUR + b"\4\xff\xffx"),
    "short": proxied(b"\x21", FOUR),
    "long": SIGNED + b"\x21\x11\xff\xff" + FOUR,
}

SEALED = {                       # with the passphrase mypassphrase; by RabbitMQ the first two
    "binary": b"\0aUGi6uOGgNU5YPYBl2Yvw/TYciCXrZJ5o+J7V9zKk7KhtqdwZrFwsvVL3dIgZzx5LdpWNKzC6el6KnY1j"
              b"dsQCA==",
    "string": b"\0/fFggxjpSz/ZqLayAfrdFc6weFQAGhbrq1CeVjwZWMOpNHLgs2KHhamEaKcCDc/2",
    "short": b"\0/fFggxjpSz/ZqLayAfrdFc6weFQAGhbrq1CeVjwZWMM=",
    "no-base64": b"\0{encrypted,?}",
    "bytes": b"\1" + bytes(range(48)),
    "other-cipher": b"\x0b" + bytes(range(64)),
    "term": b"\3\x83m" + u32(5) + b"guest",
    "term-of-others": b"\x0f\x83k" + u16(2) + b"a\xe4",
}

LITERALS = {
    "binary": b'\0<<"guest">>',
    "utf8": '\0<<"\u00e4"/utf8>>'.encode(),
    "numbers": b"\0<<1, 255>>",
    "string": b'\0"a\\x{20ac}\\101\\n\\^a\\""',
    "atom": b"\0'Foo bar'",
    "half": b'\0<<"guest',
    "packed-binary": b"\1\x83m" + u32(5) + b"guest",
    "packed-string": b"\1\x83k" + u16(2) + b"a\xe4",
    "packed-list": b"\1\x83l" + u32(2) + b"a\x61b" + u32(0x20AC) + b"j",
    "packed-atom": b"\1\x83d" + u16(3) + b"foo",
    "packed-small-atom": b"\1\x83w\x03foo",
    "packed-nil": b"\1\x83j",
    "packed-short": b"\1\x83m" + u32(50) + b"guest",
    "packed-tuple": b"\1\x83h\x01j",
}

for parser, seeds in [
    ("http", HTTP),
    ("frame", FRAMES),
    ("method", METHODS),
    ("table", TABLES),
    ("props", HEADERS),
    ("record", RECORDS),
    ("topic", TOPICS),
    ("pattern", PATTERNS),
    ("json", JSON),
    ("multipart", MULTIPART),
    ("ledger", LEDGER),
    ("connection", CONVERSATIONS),
    ("segment", DAMAGE),
    ("summary", SUMMARIES),
    ("request", REQUESTS),
    ("proxy_header", PROXIED),
    ("literal", LITERALS),
    ("sealed", SEALED),
]:
    write(parser, seeds)
    print(parser, len(seeds))
