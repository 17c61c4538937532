"""What an attacker does to a connection, on real sockets: floods, slow peers, hoarded connections.

Each limit is set to something small. The one that is reached ends the connection that reached it,
with a GOAWAY that names it where it can still be told, and leaves all others alone.
"""

import contextlib
import struct
import time

import grpc
import pytest
from larder.v1 import cache_pb2 as pb, cache_pb2_grpc
from support import http2
from support.http2 import Closed, Connection, call_headers, frame, hpack, message
from support.node import Node

KIB = 1024
GET = "/larder.v1.Cache/Get"
HEALTH_WATCH = "/grpc.health.v1.Health/Watch"
REQUEST = message(pb.GetRequest(key="attacked").SerializeToString())
ENHANCE_YOUR_CALM, SETTINGS_TIMEOUT, PROTOCOL_ERROR = 0xB, 0x4, 0x1
RESOURCE_EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
PRIORITY, CONTINUATION = 0x2, 0x9

FLAGS = {
    "control-frames-per-second": "1",
    "control-frame-burst": "200",
    "stream-resets-per-second": "1",
    "stream-reset-burst": "200",
    "faults-per-second": "1",
    "fault-burst": "50",
    "continuations-max": "10",
    "settings-entries-max": "8",
    "ping-strikes-max": "2",
}
SLOW_FLAGS = {
    "preface-timeout": "2s",
    "header-timeout": "1s",
    "body-timeout": "1s",
    "write-timeout": "1s",
}


def flags(settings):
    return [text for name, value in settings.items() for text in (f"--{name}", value)]


@contextlib.contextmanager
def guarded(settings):
    """A node, and the proof that it serves others all the time and is well afterwards."""
    with Node(*flags(settings)) as node, grpc.insecure_channel(node.target) as channel:
        cache = cache_pb2_grpc.CacheStub(channel)
        assert cache.Set(pb.SetRequest(key="attacked", value=b"v"), timeout=10).stored
        yield node
        assert cache.Get(pb.GetRequest(key="attacked"), timeout=10).hit.value == b"v"


@pytest.fixture(scope="module")
def node():
    """One whose budgets are small."""
    with guarded(FLAGS) as node:
        yield node


@pytest.fixture(scope="module")
def slow_node():
    """One that does not wait for long."""
    with guarded(SLOW_FLAGS) as node:
        yield node


def settled(node):
    """A connection whose SETTINGS are acknowledged, and that has made one call."""
    connection = Connection(node.port)
    connection.headers(1, call_headers(GET))
    connection.data(1, REQUEST, end_stream=True)
    assert connection.reply(1).grpc_status == 0
    return connection


def attack(connection, frames, most=2_000):
    """Sends `frames(count)` until the node has had enough."""
    try:
        for count in range(most):
            connection.send(frames(count))
    except OSError:
        # The node hung up while we were still sending.
        pass
    connection.wait_until_closed()


def on_new_stream(count):
    """Headers of a call, and its stream."""
    stream = 3 + 2 * count
    block = hpack.encode(call_headers(GET))
    return stream, frame(http2.HEADERS, http2.END_HEADERS, stream, block)


FLOODS = {
    "settings": lambda _: frame(http2.SETTINGS, 0, 0),
    "priority": lambda _: frame(PRIORITY, 0, 1, bytes([0, 0, 0, 0, 1])),
    "unknown-type": lambda _: frame(0xFA, 0, 0, b"?"),
    "window-of-one-byte": lambda _: frame(http2.WINDOW_UPDATE, 0, 0, struct.pack(">I", 1)),
    "empty-data": lambda _: frame(http2.DATA, 0, 3),
    "answers-to-no-ping": lambda _: frame(http2.PING, http2.ACK, 0, bytes(8)),
}


class TestFloods:
    @pytest.mark.parametrize("name", FLOODS)
    def test_frames_without_a_call(self, node, name):
        with settled(node) as connection:
            # A stream for the DATA among them.
            connection.headers(3, call_headers(GET))
            attack(connection, FLOODS[name])
            assert connection.goaway == ENHANCE_YOUR_CALM
            assert "control-frames-per-second" in connection.goaway_text

    def test_pings(self, node):
        with settled(node) as connection:
            attack(connection, lambda _: frame(http2.PING, 0, 0, bytes(8)), most=10)
            assert connection.goaway == ENHANCE_YOUR_CALM
            assert connection.goaway_text == "too_many_pings"

    def test_rapid_reset(self, node):
        def call_and_reset(count):
            stream, headers = on_new_stream(count)
            return headers + frame(http2.RST_STREAM, 0, stream, struct.pack(">I", 8))

        with settled(node) as connection:
            attack(connection, call_and_reset)
            assert connection.goaway == ENHANCE_YOUR_CALM
            assert "stream-resets-per-second" in connection.goaway_text

    def test_resets_that_the_server_is_made_to_send(self, node):
        def overflow(count):
            stream, headers = on_new_stream(count)
            return headers + frame(
                http2.WINDOW_UPDATE, 0, stream, struct.pack(">I", 0x7FFF_FFFF)
            )

        with settled(node) as connection:
            attack(connection, overflow)
            assert connection.goaway == ENHANCE_YOUR_CALM
            assert "faults-per-second" in connection.goaway_text

    def test_continuations(self, node):
        with settled(node) as connection:
            connection.send(frame(http2.HEADERS, 0, 3, hpack.encode(call_headers(GET))))
            attack(connection, lambda _: frame(CONTINUATION, 0, 3), most=11)
            assert connection.goaway == ENHANCE_YOUR_CALM
            assert "continuations-max" in connection.goaway_text

    def test_settings_of_many_entries(self, node):
        with settled(node) as connection:
            entry = struct.pack(">HI", http2.SETTINGS_MAX_CONCURRENT_STREAMS, 1)
            attack(connection, lambda _: frame(http2.SETTINGS, 0, 0, entry * 9), most=1)
            assert connection.goaway == ENHANCE_YOUR_CALM
            assert "settings-entries-max" in connection.goaway_text

    def test_a_stream_that_was_passed_over(self, node):
        with settled(node) as connection:
            connection.headers(9, call_headers(GET))
            connection.headers(5, call_headers(GET))
            connection.wait_until_closed()
            assert connection.goaway == PROTOCOL_ERROR

    def test_acknowledgements_that_nobody_reads(self):
        with guarded({"outbound-acks-max": "50", "control-frame-burst": "100000000"}) as node:
            with settled(node) as connection, contextlib.suppress(OSError):
                connection.socket.settimeout(20)
                while True:
                    connection.send(frame(http2.SETTINGS, 0, 0) * 1_000)
            assert "outbound-acks-max" in node.log()

    def test_a_node_under_attack_does_not_flood_its_log(self, node):
        # After all of the above; in any order, each limit is told of once in ten seconds.
        with settled(node) as connection:
            attack(connection, FLOODS["settings"])
        assert 1 <= node.log().count("a client has reached") < 30

    def test_calls_cancelled_at_the_rate_are_no_attack(self, node):
        with grpc.insecure_channel(node.target) as channel:
            cache = cache_pb2_grpc.CacheStub(channel)
            for _ in range(100):
                cache.Get.future(pb.GetRequest(key="attacked")).cancel()
            assert cache.Get(pb.GetRequest(key="attacked"), timeout=10).hit.value == b"v"


class TestSlowPeers:
    @pytest.mark.parametrize("sent", [b"", http2.PREFACE[:10], http2.PREFACE])
    def test_no_preface(self, slow_node, sent):
        with Connection(slow_node.port, preface=False, acknowledges=False) as connection:
            connection.send(sent)
            connection.wait_until_closed()
            assert connection.goaway is None

    def test_settings_that_are_never_acknowledged(self, slow_node):
        with Connection(slow_node.port, acknowledges=False) as connection:
            connection.wait_until_closed()
            assert connection.goaway == SETTINGS_TIMEOUT

    @pytest.mark.parametrize(
        "begun",
        [
            frame(http2.PING, 0, 0, bytes(8))[:5],
            frame(http2.PING, 0, 0, bytes(8))[:12],
            frame(http2.HEADERS, 0, 3, b""),
        ],
        ids=["half-a-head", "half-a-frame", "half-a-header-block"],
    )
    def test_what_is_begun_and_not_ended(self, slow_node, begun):
        with settled(slow_node) as connection:
            connection.send(begun)
            connection.wait_until_closed()
            assert connection.goaway_text == "header-timeout"

    def test_half_a_body(self, slow_node):
        with settled(slow_node) as connection:
            connection.headers(3, call_headers(GET))
            connection.data(3, REQUEST[:-1])
            reply = connection.reply(3)
            assert reply.grpc_status == grpc.StatusCode.DEADLINE_EXCEEDED.value[0]
            # The connection is as good as before.
            connection.headers(5, call_headers(GET))
            connection.data(5, REQUEST, end_stream=True)
            assert connection.reply(5).grpc_status == 0

    def test_an_answer_whose_window_stays_shut(self, slow_node):
        with settled(slow_node) as connection:
            window = struct.pack(">HI", http2.SETTINGS_INITIAL_WINDOW_SIZE, 0)
            connection.send(frame(http2.SETTINGS, 0, 0, window))
            connection.headers(3, call_headers(GET))
            connection.data(3, REQUEST, end_stream=True)
            assert connection.wait_for_reset(3) == ENHANCE_YOUR_CALM

    def test_a_socket_that_is_not_read(self):
        """The kernel takes some megabytes before the node has to wait for its client."""
        with guarded({"write-timeout": "1s"}) as node:
            with grpc.insecure_channel(node.target) as channel:
                value = bytes(1024 * KIB)
                cache = cache_pb2_grpc.CacheStub(channel)
                assert cache.Set(pb.SetRequest(key="large", value=value), timeout=10).stored
            with settled(node) as connection:
                large = message(pb.GetRequest(key="large").SerializeToString())
                for stream in range(3, 67, 2):
                    connection.headers(stream, call_headers(GET))
                    connection.data(stream, large, end_stream=True)
                deadline = time.monotonic() + 10
                while "write-timeout" not in node.log():
                    assert time.monotonic() < deadline
                    time.sleep(0.05)
                # What was on its way comes, and then the end.
                connection.wait_until_closed()


class TestLongLives:
    def test_an_idle_connection_is_told_to_go(self):
        with guarded({"idle-timeout": "1s"}) as node, settled(node) as connection:
            connection.wait_until_closed()
            assert (connection.goaway, connection.goaway_text) == (http2.NO_ERROR, "max_idle")

    def test_an_old_connection_is_told_to_go_and_its_client_goes_on(self):
        with guarded({"connection-age-max": "1s"}) as node:
            with settled(node) as connection:
                connection.wait_until_closed()
                assert (connection.goaway, connection.goaway_text) == (http2.NO_ERROR, "max_age")
            with grpc.insecure_channel(node.target) as channel:
                cache = cache_pb2_grpc.CacheStub(channel)
                end = time.monotonic() + 3
                while time.monotonic() < end:
                    assert cache.Get(pb.GetRequest(key="attacked"), timeout=10).hit.value == b"v"

    def test_calls_of_an_old_connection_have_its_grace(self):
        settings = {"connection-age-max": "1s", "connection-age-grace": "500ms"}
        with guarded(settings) as node:
            began = time.monotonic()
            with settled(node) as connection:
                connection.headers(3, call_headers(HEALTH_WATCH))
                connection.data(3, message(b""), end_stream=True)
                connection.wait_until_closed()
            # A tenth less than the age, and the grace.
            assert time.monotonic() - began > 1.4
            assert connection.goaway_text == "max_age"

    def test_a_silent_client_is_asked_for_a_sign_of_life(self):
        settings = {"keepalive-interval": "300ms", "keepalive-timeout": "300ms"}
        with guarded(settings) as node, settled(node) as connection:
            # Its PINGs are answered, as long as somebody reads.
            connection.wait_for_pings(3)
            time.sleep(1.5)
            connection.wait_until_closed()
            assert "keepalive-timeout" in node.log()

    def test_a_client_that_pings_at_ten_seconds_may(self):
        """As fast as a test can: half a second, on a node that takes 300 ms."""
        with guarded({"ping-interval-min": "300ms"}) as node, settled(node) as connection:
            for _ in range(5):
                time.sleep(0.5)
                connection.send(frame(http2.PING, 0, 0, bytes(8)))
            connection.headers(3, call_headers(GET))
            connection.data(3, REQUEST, end_stream=True)
            assert connection.reply(3).grpc_status == 0


class TestCounts:
    def test_connections_per_address_max(self):
        with Node("--connections-per-address-max", "2") as node:
            with contextlib.ExitStack() as stack:
                opened, deadline = 0, time.monotonic() + 5
                # The connection that saw the node start counts until the node has seen its end.
                while opened < 2:
                    assert time.monotonic() < deadline
                    with contextlib.suppress(Closed, ConnectionError):
                        stack.enter_context(settled(node))
                        opened += 1
                with pytest.raises((Closed, ConnectionError)):
                    settled(node)
            assert "connections-per-address-max" in node.log()

    def test_handlers_max(self):
        with guarded({"handlers-max": "2"}) as node, settled(node) as connection:
            for stream in (3, 5, 7):
                connection.headers(stream, call_headers(HEALTH_WATCH))
                connection.data(stream, message(b""), end_stream=True)
            reply = connection.reply(7)
            assert reply.grpc_status == RESOURCE_EXHAUSTED
            assert reply.trailers["grpc-message"] == "more than 2 streaming calls are being served"

    def test_buffers_max(self):
        settings = {
            "value-max": "1KiB",
            "batch-reply-max": "2KiB",
            "key-max": "32",
            "message-max": "4KiB",
            "request-buffer-max": "6KiB",
            "buffers-max": "6KiB",
        }
        part = message(b"", declared=4 * KIB) + bytes(3 * KIB - 5)
        with guarded(settings) as node, settled(node) as one, settled(node) as two:
            one.headers(3, call_headers(GET))
            one.data(3, part)
            # A call after it, so that the node has surely seen it.
            one.headers(5, call_headers(GET))
            one.data(5, REQUEST, end_stream=True)
            assert one.reply(5).grpc_status == 0
            two.headers(3, call_headers(GET))
            two.data(3, part)
            two.data(3, b"x")
            reply = two.reply(3)
            assert reply.grpc_status == RESOURCE_EXHAUSTED
            assert "all connections together" in reply.trailers["grpc-message"]
