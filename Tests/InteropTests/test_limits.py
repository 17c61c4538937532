"""Each limit of a node set to something small, and reached: at the limit, and one past it.

The defaults of the limits that clients meet are in test_errors.py and test_raw_http2.py; the limits
that a single node cannot reach (tombstones-max) are tested where they are kept.
"""

import struct
import time

import grpc
import pytest
from larder.v1 import admin_pb2, admin_pb2_grpc, cache_pb2 as pb, cache_pb2_grpc
from support import http2
from support.failures import refused
from support.http2 import Closed, Connection, call_headers, message
from support.node import Node
from support.pages import scrape

KIB = 1024
GET = "/larder.v1.Cache/Get"
FLAGS = {
    "value-max": "1KiB",
    "key-max": "32",
    "inline-value-max": "64",
    "ttl-max": "1m",
    "batch-keys-max": "4",
    "batch-reply-max": "2KiB",
    "message-max": "4KiB",
    "header-list-max": "4KiB",
    "headers-max": "16",
    "streams-max": "2",
    "stream-window": "64KiB",
    "connection-window": "128KiB",
    "output-buffer-max": "32KiB",
    "request-buffer-max": "6KiB",
}
INVALID_ARGUMENT = grpc.StatusCode.INVALID_ARGUMENT
RESOURCE_EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED


def flags(settings):
    return [text for name, value in settings.items() for text in (f"--{name}", value)]


@pytest.fixture(scope="module")
def node():
    """One of its own, in place of the shared one."""
    with Node(*flags(FLAGS)) as node:
        yield node


@pytest.fixture(scope="module")
def cache(node):
    with grpc.insecure_channel(node.target) as channel:
        yield cache_pb2_grpc.CacheStub(channel)


def limit_of(failure):
    return {name: text for name, text in failure.metadata.items() if name.startswith("limit")}


def test_value_max(cache):
    assert cache.Set(pb.SetRequest(key="k", value=bytes(KIB))).stored
    request = pb.SetRequest(key="k", value=bytes(KIB + 1))
    failure = refused(RESOURCE_EXHAUSTED, "VALUE_TOO_LARGE", cache.Set, request)
    assert limit_of(failure) == {"limit": "value-max", "limit_bytes": "1024"}


def test_key_max(cache):
    assert cache.Set(pb.SetRequest(key="k" * 32)).stored
    request = pb.SetRequest(key="k" * 33)
    failure = refused(INVALID_ARGUMENT, "KEY_TOO_LONG", cache.Set, request)
    assert limit_of(failure) == {"limit": "key-max", "limit_bytes": "32"}


@pytest.mark.parametrize("size", [0, 63, 64, 65, 66])
def test_inline_value_max_is_not_seen_by_readers(cache, size):
    value = bytes(range(size))
    cache.Set(pb.SetRequest(key="inline", value=value, flags=7))
    hit = cache.Get(pb.GetRequest(key="inline")).hit
    assert (hit.value, hit.flags) == (value, 7)
    assert cache.GetMany(pb.GetManyRequest(keys=["inline"])).results[0].hit == hit


def test_ttl_max(cache):
    assert cache.Set(pb.SetRequest(key="k", ttl_ms=60_000)).stored
    request = pb.SetRequest(key="k", ttl_ms=60_001)
    failure = refused(INVALID_ARGUMENT, "TTL_TOO_LONG", cache.Set, request)
    assert limit_of(failure) == {"limit": "ttl-max", "limit_ms": "60000"}


def test_batch_keys_max(cache):
    assert len(cache.GetMany(pb.GetManyRequest(keys=["absent"] * 4)).results) == 4
    request = pb.GetManyRequest(keys=["absent"] * 5)
    failure = refused(RESOURCE_EXHAUSTED, "BATCH_TOO_LARGE", cache.GetMany, request)
    assert limit_of(failure) == {"limit": "batch-keys-max", "limit_items": "4"}


def test_batch_reply_max(cache):
    def kinds(size):
        for name in "ab":
            cache.Set(pb.SetRequest(key=name, value=bytes(size)))
        response = cache.GetMany(pb.GetManyRequest(keys=["a", "b"]))
        return [result.WhichOneof("result") for result in response.results], response.ByteSize()

    # Around a value: 3 bytes each for the result, the hit and the value, 10 for the version.
    assert kinds(KIB - 19) == (["hit", "hit"], 2 * KIB)
    assert kinds(KIB - 18)[0] == ["hit", "deferred"]


def test_answer_buffer_max_counts_large_values_that_are_not_read():
    settings = {"answer-buffer-max": "64KiB", "inline-value-max": "1KiB"}
    with Node(*flags(settings)) as node, Connection(node.port, preface=False) as connection:
        with grpc.insecure_channel(node.target) as channel:
            cache = cache_pb2_grpc.CacheStub(channel)
            cache.Set(pb.SetRequest(key="large", value=bytes(40 * KIB)))
            shut = struct.pack(">HI", http2.SETTINGS_INITIAL_WINDOW_SIZE, 0)
            shut += struct.pack(">HI", http2.SETTINGS_HEADER_TABLE_SIZE, 0)
            connection.send(http2.PREFACE + http2.frame(http2.SETTINGS, 0, 0, shut))
            get = message(pb.GetRequest(key="large").SerializeToString())
            for stream in (1, 3, 5):
                connection.headers(stream, call_headers(GET))
                connection.data(stream, get, end_stream=True)
            # Two hold 80 KiB of the value; the third is one too many, on this connection alone.
            assert connection.reply(5).grpc_status == RESOURCE_EXHAUSTED.value[0]
            assert len(cache.Get(pb.GetRequest(key="large")).hit.value) == 40 * KIB
        assert scrape(node).value("larder_limit_hits_total", limit="answer-buffer-max") == 1


def test_message_max(node):
    with Connection(node.port) as connection:
        connection.headers(1, call_headers(GET))
        connection.data(1, message(b"", declared=4 * KIB))
        connection.headers(3, call_headers(GET))
        connection.data(3, message(b"", declared=4 * KIB + 1))
        reply = connection.reply(3)
        assert reply.grpc_status == RESOURCE_EXHAUSTED.value[0]
        text = "received message larger than max (4097 vs. 4096)"
        assert reply.trailers["grpc-message"] == text


def request_with(node, extra):
    """The status of a Get with these header fields more."""
    with Connection(node.port) as connection:
        connection.headers(1, call_headers(GET) + extra)
        connection.data(1, message(pb.GetRequest(key="k").SerializeToString()), end_stream=True)
        return connection.reply(1).grpc_status


def test_header_list_max(node):
    # RFC 9113, section 6.5.2: name, value and 32 bytes for each field.
    taken = sum(len(name) + len(value) + 32 for name, value in call_headers(GET))
    room = 4 * KIB - taken - len("x-filler") - 32
    assert request_with(node, [("x-filler", "f" * room)]) == 0
    over = request_with(node, [("x-filler", "f" * (room + 1))])
    assert over == RESOURCE_EXHAUSTED.value[0]


def test_headers_max(node):
    room = 16 - len(call_headers(GET))
    fields = [(f"x-{number}", "f") for number in range(room + 1)]
    assert request_with(node, fields[:-1]) == 0
    assert request_with(node, fields) == RESOURCE_EXHAUSTED.value[0]


def test_streams_max(node):
    with Connection(node.port) as connection:
        for stream in (1, 3, 5):
            connection.headers(stream, call_headers(GET))
        assert connection.wait_for_reset(5) == http2.REFUSED_STREAM
        assert connection.settings[http2.SETTINGS_MAX_CONCURRENT_STREAMS] == 2
        # The two before it are open still.
        connection.data(1, message(pb.GetRequest(key="k").SerializeToString()), end_stream=True)
        assert connection.reply(1).grpc_status == 0


def test_the_windows_are_announced(node):
    with Connection(node.port) as connection:
        connection.headers(1, call_headers(GET), end_stream=True)
        connection.reply(1)
        assert connection.settings[http2.SETTINGS_INITIAL_WINDOW_SIZE] == 64 * KIB
        assert connection.window == 128 * KIB


@pytest.mark.parametrize("name", ["stream-window", "connection-window"])
def test_messages_larger_than_a_window_come_through(name):
    """And replies larger than the output buffer do, to a client that reads as it likes."""
    small = {"stream-window": "64KiB", "connection-window": "64KiB", "output-buffer-max": "32KiB"}
    with Node(*flags(small)) as node, grpc.insecure_channel(node.target) as channel:
        cache = cache_pb2_grpc.CacheStub(channel)
        value = bytes(range(256)) * (8 * KIB)
        cache.Set(pb.SetRequest(key=name, value=value), timeout=10)
        waiting = [cache.Get.future(pb.GetRequest(key=name), timeout=10) for _ in range(8)]
        assert all(call.result().hit.value == value for call in waiting)


def test_request_buffer_max(node):
    part = message(b"", declared=4 * KIB) + bytes(3 * KIB - 5)
    with Connection(node.port) as connection:
        for stream in (1, 3):
            connection.headers(stream, call_headers(GET))
            connection.data(stream, part)
        # 6 KiB are held now; this is the byte more.
        connection.data(3, b"x")
        reply = connection.reply(3)
        assert reply.grpc_status == RESOURCE_EXHAUSTED.value[0]
        assert "6144 bytes" in reply.trailers["grpc-message"]


def served(port):
    """A connection on which a call went well, or None where the node closed it."""
    try:
        connection = Connection(port)
        connection.headers(1, call_headers(GET))
        good = message(pb.GetRequest(key="k").SerializeToString())
        connection.data(1, good, end_stream=True)
        assert connection.reply(1).grpc_status == 0
        return connection
    except (Closed, ConnectionError):
        return None


def test_connections_max():
    with Node("--connections-max", "2") as node:
        # The connection that saw the node start counts until the node has seen its end.
        deadline, opened = time.monotonic() + 5, []
        while len(opened) < 2:
            assert time.monotonic() < deadline
            opened += filter(None, [served(node.port)])
        assert served(node.port) is None
        for connection in opened:
            connection.socket.close()


def test_drain_timeout():
    with Node("--drain-timeout", "300ms") as node, Connection(node.port) as connection:
        connection.headers(1, call_headers(GET))
        connection.data(1, b"\x00")
        connection.headers(3, call_headers(GET))
        good = message(pb.GetRequest(key="k").SerializeToString())
        connection.data(3, good, end_stream=True)
        assert connection.reply(3).grpc_status == 0
        began = time.monotonic()
        node.stop()
        assert 0.3 <= time.monotonic() - began < 2
        assert "drain-timeout passed" in node.log()


@pytest.mark.parametrize(("interval", "left"), [("10ms", 0), ("1h", 100)])
def test_expiry_sweep_interval(interval, left):
    with Node("--expiry-sweep-interval", interval) as node:
        with grpc.insecure_channel(node.target) as channel:
            items = [pb.SetRequest(key=f"k{number}", ttl_ms=1) for number in range(100)]
            cache_pb2_grpc.CacheStub(channel).SetMany(pb.SetManyRequest(items=items))
            admin = admin_pb2_grpc.AdminStub(channel)
            deadline = time.monotonic() + 2
            while time.monotonic() < deadline:
                status = admin.GetStatus(admin_pb2.GetStatusRequest()).namespaces[0]
                if status.entries == 0:
                    break
                time.sleep(0.05)
        assert (status.entries, status.expirations) == (left, 100 - left)
