"""What one client does does not keep another waiting: refused calls, and those who read slowly."""

import struct
import threading
import time

import grpc
import pytest
from larder.v1 import cache_pb2 as pb
from larder.v1 import cache_pb2_grpc
from support.http2 import (
    DATA, END_HEADERS, END_STREAM, HEADERS, PREFACE, SETTINGS, SETTINGS_HEADER_TABLE_SIZE,
    SETTINGS_INITIAL_WINDOW_SIZE, WINDOW_UPDATE, Connection, call_headers, frame, message,
)
from support import hpack

GET = "/larder.v1.Cache/Get"
REJECTED = 20_000
FAST_READERS = 1_000
LARGE = 3 * 1024 * 1024


@pytest.mark.parametrize(
    "path, body",
    [
        ("/no.Such/Method", b"x" * 1_000),  # refused on the head, while the body still comes
        (GET, b"\xff" * 1_000),  # malformed protobuf
        (GET, b""),  # an empty key
    ],
)
def test_after_20000_rejected_calls_on_one_connection_a_good_call_works(node, path, body):
    block = hpack.encode(call_headers(path))
    good = pb.GetRequest(key="fairness/absent").SerializeToString()
    with Connection(node.port) as connection:
        for first in range(1, 2 * REJECTED, 200):
            streams = range(first, first + 200, 2)
            connection.send(
                b"".join(
                    frame(HEADERS, END_HEADERS, stream, block)
                    + frame(DATA, END_STREAM, stream, message(body))
                    for stream in streams
                )
            )
            assert connection.reply(streams[-1]).grpc_status != 0
        last = 2 * REJECTED + 1
        connection.headers(last, call_headers(GET))
        connection.data(last, message(good), end_stream=True)
        assert connection.reply(last).grpc_status == 0


@pytest.fixture
def large(cache):
    cache.Set(pb.SetRequest(key="fairness/large", value=bytes(LARGE)))
    cache.Set(pb.SetRequest(key="fairness/small", value=b"small"))
    yield
    cache.Delete(pb.DeleteRequest(key="fairness/large"))


class SlowReader:
    """A connection that asks for the large value and takes a kilobyte of it every now and then."""

    def __init__(self, port):
        self.connection = Connection(port, preface=False)
        settings = struct.pack(">HI", SETTINGS_HEADER_TABLE_SIZE, 0)
        settings += struct.pack(">HI", SETTINGS_INITIAL_WINDOW_SIZE, 1_000)
        self.connection.send(PREFACE + frame(SETTINGS, 0, 0, settings))
        self.connection.headers(1, call_headers(GET))
        request = pb.GetRequest(key="fairness/large").SerializeToString()
        self.connection.data(1, message(request), end_stream=True)

    def sip(self):
        for stream in (0, 1):
            self.connection.send(frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", 1_000)))

    def close(self):
        self.connection.socket.close()


def seconds_of_fast_reads(node):
    """How long the slowest of many readers took, all of which ask at once."""
    slowest = [0.0] * FAST_READERS
    request = pb.GetRequest(key="fairness/small")
    with grpc.insecure_channel(node.target) as channel:
        grpc.channel_ready_future(channel).result(timeout=10)
        cache = cache_pb2_grpc.CacheStub(channel)
        everyone = threading.Semaphore(0)

        def note(index, began, call):
            slowest[index] = time.monotonic() - began
            assert call.result().hit.value == b"small"
            everyone.release()

        calls = []
        for index in range(FAST_READERS):
            began = time.monotonic()
            call = cache.Get.future(request, timeout=20)
            call.add_done_callback(lambda call, i=index, b=began: note(i, b, call))
            calls.append(call)
        for _ in calls:
            assert everyone.acquire(timeout=20), "a fast reader had no answer"
    return max(slowest)


def test_a_slow_reader_of_a_large_value_does_not_keep_a_thousand_fast_ones_waiting(node, large):
    quiet = min(seconds_of_fast_reads(node) for _ in range(3))
    slow = SlowReader(node.port)
    try:
        slow.sip()
        beside = min(seconds_of_fast_reads(node) for _ in range(3))
        slow.sip()
    finally:
        slow.close()
    # Nearly all of it is the time of the Python client; a reader that waits for the slow one would
    # wait for ever.
    assert beside < 3 * quiet + 0.5


def test_fast_calls_pass_a_slow_one_on_the_same_connection(node, large):
    slow = SlowReader(node.port)
    try:
        small = message(pb.GetRequest(key="fairness/small").SerializeToString())
        block = hpack.encode(call_headers(GET))
        # The connection's own window is 64 KiB here: enough for a thousand small answers.
        for stream in range(3, 3 + 2 * FAST_READERS, 2):
            slow.connection.send(
                frame(HEADERS, END_HEADERS, stream, block)
                + frame(DATA, END_STREAM, stream, small)
            )
            if stream % 200 == 1:
                assert slow.connection.reply(stream).grpc_status == 0
    finally:
        slow.close()
