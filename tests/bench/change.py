#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Changes policies, permissions and limits of a running broker through its door, so many times a
second, each call on a connection of its own as leveretctl makes it, and prints how many there were
and how long they took. Every tenth policy has a pattern that would take for ever.

usage: change.py SOCKET [SECONDS] [A_SECOND]      10 seconds, 100 a second
"""
import socket
import struct
import sys
import time

BOMB = "(a+)+$"
CHANGES = [
    ("set_policy", "p", "^flood", '{"max-length": %d}'),
    ("set_permissions", "guest", ".*", ".*", ".*|x%d"),
    ("set_operator_policy", "o", "^flood", '{"message-ttl": %d}'),
    ("set_vhost_limits", '{"max-queues": %d}'),
    ("set_policy", "bomb", BOMB, '{"max-length": %d}'),
    ("clear_policy", "p"),
    ("set_user_limits", "guest", '{"max-channels": %d}'),
    ("set_topic_permissions", "guest", "amq.topic", ".*|%d", ".*"),
    ("clear_policy", "bomb"),
    ("clear_operator_policy", "o"),
]


def read_exactly(s, n):
    got = b""
    while len(got) < n:
        piece = s.recv(n - len(got))
        if not piece:
            sys.exit("change.py: the broker hung up")
        got += piece
    return got


def call(path, words):
    """The exit code; what the broker prints is dropped."""
    body = b"".join(struct.pack("<I", len(w)) + w.encode() for w in words)
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        s.sendall(b"LVR1" + struct.pack("<I", len(body)) + body)
        while True:
            kind, n = struct.unpack("<BI", read_exactly(s, 5))
            piece = read_exactly(s, n)
            if kind == 0:
                return struct.unpack("<I", piece)[0]


def main():
    path = sys.argv[1]
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 10
    rate = float(sys.argv[3]) if len(sys.argv) > 3 else 100
    took, failed, began = [], 0, time.monotonic()
    for i in range(int(seconds * rate)):
        pause = began + i / rate - time.monotonic()
        time.sleep(max(pause, 0))
        change = CHANGES[i % len(CHANGES)]
        words = [w % (1000000 + i) if "%d" in w else w for w in change]
        at = time.monotonic()
        code = call(path, words)
        took.append((time.monotonic() - at) * 1e6)
        if code:
            print(f"change.py: {' '.join(words)} ended with {code}", file=sys.stderr)
            failed += 1
    took.sort()
    print(f"changes={len(took)} failed={failed} p50_us={took[len(took) // 2]:.0f} "
          f"longest_us={took[-1]:.0f}")
    sys.exit(failed > 0)


main()
