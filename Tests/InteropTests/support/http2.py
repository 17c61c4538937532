"""An HTTP/2 client of hand-made frames (RFC 9113), that can be as wrong as a test wants."""

import contextlib
import dataclasses
import socket
import struct

from support import hpack

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM = ACK = 0x1
END_HEADERS = 0x4
PADDED = 0x8
NO_ERROR = 0
REFUSED_STREAM = 7

SETTINGS_HEADER_TABLE_SIZE = 1
SETTINGS_MAX_CONCURRENT_STREAMS = 3
SETTINGS_INITIAL_WINDOW_SIZE = 4
WINDOW_BYTES = 16 * 1024 * 1024
REPLY_SECONDS = 5


def frame(kind, flags, stream, payload=b""):
    """One frame: length (24 bits), type, flags, stream, payload."""
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def message(payload, compressed=0, declared=None):
    """A gRPC message: flag, length (32 bits), payload. `declared` lies about the length."""
    length = len(payload) if declared is None else declared
    return struct.pack(">BI", compressed, length) + payload


def messages(data):
    """The whole gRPC messages in a body, each as its flag and its payload."""
    found = []
    while data:
        flag, length = struct.unpack(">BI", data[:5])
        assert len(data) >= 5 + length, "the last message is whole"
        found.append((flag, data[5 : 5 + length]))
        data = data[5 + length :]
    return found


def call_headers(path, **changes):
    """What a gRPC client sends; `changes` replaces a header, or drops it with None."""
    fields = {
        ":method": "POST",
        ":scheme": "http",
        ":path": path,
        ":authority": "localhost",
        "content-type": "application/grpc",
        "te": "trailers",
    }
    fields |= {name.replace("_", "-"): value for name, value in changes.items()}
    return [(name, value) for name, value in fields.items() if value is not None]


@dataclasses.dataclass
class Reply:
    """All that came back on one stream, until END_STREAM or RST_STREAM."""

    blocks: list = dataclasses.field(default_factory=list)
    data: bytes = b""
    ended: bool = False
    reset: int | None = None

    @property
    def headers(self):
        return dict(self.blocks[0])

    @property
    def trailers(self):
        return dict(self.blocks[-1])

    @property
    def is_trailers_only(self):
        return len(self.blocks) == 1 and not self.data and self.ended

    @property
    def grpc_status(self):
        return int(self.trailers["grpc-status"])


class Closed(Exception):
    """The server closed the connection."""


class Connection:
    """One connection: to a port, or one that is `connected` (TLS). Streams are opened by hand."""

    def __init__(self, port, preface=True, acknowledges=True, connected=None):
        self.socket = connected or socket.create_connection(
            ("127.0.0.1", port), timeout=REPLY_SECONDS)
        # The code and the text of the last GOAWAY that came, and how many PINGs did.
        self.goaway = None
        self.goaway_text = None
        self.pings = 0
        self._acknowledges = acknowledges
        # What the server has announced: its SETTINGS, and the connection's window.
        self.settings = {}
        self.window = 65_535
        self._received = b""
        if preface:
            settings = struct.pack(">HI", SETTINGS_HEADER_TABLE_SIZE, 0)
            settings += struct.pack(">HI", SETTINGS_INITIAL_WINDOW_SIZE, WINDOW_BYTES)
            window = frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", WINDOW_BYTES - 65_535))
            self.send(PREFACE + frame(SETTINGS, 0, 0, settings) + window)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def headers(self, stream, fields, end_stream=False):
        flags = END_HEADERS | (END_STREAM if end_stream else 0)
        self.send(frame(HEADERS, flags, stream, hpack.encode(fields)))

    def data(self, stream, payload, end_stream=False):
        """In frames of at most 16 KiB, as every server must take them."""
        pieces = [payload[at : at + 16_384] for at in range(0, len(payload), 16_384)] or [b""]
        for index, piece in enumerate(pieces):
            is_last = end_stream and index == len(pieces) - 1
            self.send(frame(DATA, END_STREAM if is_last else 0, stream, piece))

    def reply(self, stream):
        """Reads until the stream is over, answering SETTINGS and PING on the way."""
        reply = Reply()
        while not reply.ended and reply.reset is None:
            self._take(reply, stream, *self._read_frame())
        return reply

    def wait_for_reset(self, stream):
        """The error code of the RST_STREAM that follows."""
        reply = Reply()
        while reply.reset is None:
            self._take(reply, stream, *self._read_frame())
        return reply.reset

    def wait_for_pings(self, count):
        """Reads, and answers, until so many PINGs have come."""
        while self.pings < count:
            self._take(Reply(), -1, *self._read_frame())

    def wait_until_closed(self):
        """Reads until the server closes; a peer that leaves us open runs into the time-out."""
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            self.wait_for_end_of_stream()

    def wait_for_end_of_stream(self):
        """Reads until the server has closed its side, all it said included; a reset is an error."""
        with contextlib.suppress(Closed):
            while True:
                self._take(Reply(), -1, *self._read_frame())

    def _take(self, reply, stream, kind, flags, on, payload):
        if kind == SETTINGS and not flags & ACK:
            self.settings |= struct.iter_unpack(">HI", payload)
            if self._acknowledges:
                self.send(frame(SETTINGS, ACK, 0))
        elif kind == PING and not flags & ACK:
            self.pings += 1
            self.send(frame(PING, ACK, 0, payload))
        elif kind == WINDOW_UPDATE and on == 0:
            self.window += struct.unpack(">I", payload)[0]
        elif kind == GOAWAY:
            self.goaway = struct.unpack(">I", payload[4:8])[0]
            self.goaway_text = payload[8:].decode()
        elif on != stream:
            return
        elif kind == RST_STREAM:
            reply.reset = struct.unpack(">I", payload)[0]
        elif kind == HEADERS:
            assert flags & END_HEADERS and not flags & PADDED, "such small blocks come whole"
            reply.blocks.append(hpack.decode(payload))
            reply.ended = bool(flags & END_STREAM)
        elif kind == DATA:
            assert not flags & PADDED
            reply.data += payload
            reply.ended = bool(flags & END_STREAM)

    def _read_frame(self):
        head = self._read(9)
        length = int.from_bytes(head[:3], "big")
        kind, flags, stream = struct.unpack(">BBI", head[3:])
        return kind, flags, stream & 0x7FFF_FFFF, self._read(length)

    def _read(self, count):
        while len(self._received) < count:
            piece = self.socket.recv(65_536)
            if not piece:
                raise Closed
            self._received += piece
        taken, self._received = self._received[:count], self._received[count:]
        return taken
