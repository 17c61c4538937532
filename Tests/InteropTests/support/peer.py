"""One hostile HTTP/2 connection, which never waits for long."""

import contextlib
import select
import socket
import struct
import time

from support.http2 import DATA, END_STREAM, GOAWAY, HEADERS, PREFACE, RST_STREAM, SETTINGS, frame

# Where attacks come from; the good clients of a test are at 127.0.0.1.
ADDRESS = "127.0.0.2"


class Ended(Exception):
    """The server has ended this connection."""


class Peer:
    """One hostile connection. Never waits for long: what the server does not take is an answer too."""

    opened = 0

    def __init__(self, port, hello=PREFACE + frame(SETTINGS, 0, 0), receive_buffer=None):
        Peer.opened += 1
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(2)
        self.next_stream = 1
        self.goaway = None
        # Streams that the server has ended or reset.
        self.over = set()
        self._unread = b""
        try:
            self.socket.bind((ADDRESS, 0))
            self.socket.connect(("127.0.0.1", port))
            self.socket.sendall(hello)
        except OSError as error:
            self.close()
            raise Ended from error
        self.socket.setblocking(False)

    def close(self):
        self.socket.close()

    def stream(self):
        self.next_stream += 2
        return self.next_stream - 2

    def send(self, data):
        """Sends all of it, for as long as the server takes some of it every now and then."""
        rest = memoryview(data)
        patience = time.monotonic() + 2
        while rest:
            try:
                rest = rest[self.socket.send(rest) :]
            except BlockingIOError:
                self.listen()
                if time.monotonic() > patience:
                    raise Ended("it takes no more") from None
                select.select([], [self.socket], [], 0.05)
            except OSError as error:
                self._read_farewell()
                raise Ended from error

    def listen(self):
        """Reads what there is, notes what has ended, and throws the rest away."""
        try:
            while True:
                piece = self.socket.recv(65_536)
                if not piece:
                    raise Ended
                self._note(piece)
        except BlockingIOError:
            return
        except OSError as error:
            raise Ended from error

    def is_ended(self):
        try:
            self.listen()
            return False
        except Ended:
            return True

    def is_over(self):
        """Whether the server has ended every call that this peer made."""
        return 0 < (self.next_stream - 1) // 2 == len(self.over)

    def _read_farewell(self):
        with contextlib.suppress(OSError, Ended):
            self.listen()

    def _note(self, piece):
        self._unread += piece
        while len(self._unread) >= 9:
            length = int.from_bytes(self._unread[:3], "big")
            if len(self._unread) < 9 + length:
                return
            kind, flags = self._unread[3], self._unread[4]
            stream = int.from_bytes(self._unread[5:9], "big")
            payload = self._unread[9 : 9 + length]
            self._unread = self._unread[9 + length :]
            if kind == GOAWAY:
                self.goaway = struct.unpack(">I", payload[4:8])[0]
            elif kind == RST_STREAM or kind in (DATA, HEADERS) and flags & END_STREAM:
                self.over.add(stream)
