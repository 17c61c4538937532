"""What no proper client sends: wrong requests, broken frames, peers that vanish.

After each of them a good call on another connection must work.
"""

import socket
import struct

import grpc
import pytest
from larder.v1 import cache_pb2 as pb
from support import http2
from support.http2 import Connection, call_headers, message
from support.node import wait_until

GET = "/larder.v1.Cache/Get"
REQUEST = pb.GetRequest(key="raw").SerializeToString()
CODE = {code.name: code.value[0] for code in grpc.StatusCode}
MIB = 1024 * 1024


@pytest.fixture
def connection(node, cache):
    """A raw connection for the test; and the good call on another one, when the test is over."""
    with Connection(node.port) as connection:
        yield connection
        assert_good_call(cache)


def assert_good_call(cache):
    assert cache.Get(pb.GetRequest(key="raw/absent"), timeout=5).HasField("miss")


def call(connection, data, path=GET, stream=1, **headers):
    """One call: headers, these bytes, END_STREAM; then its reply."""
    connection.headers(stream, call_headers(path, **headers))
    connection.data(stream, data, end_stream=True)
    return connection.reply(stream)


class TestGoodCalls:
    def test_a_reply_is_headers_then_data_then_trailers(self, connection):
        reply = call(connection, message(REQUEST))
        assert len(reply.blocks) == 2
        assert reply.headers[":status"] == "200"
        assert reply.headers["content-type"].startswith("application/grpc")
        assert "grpc-status" not in reply.headers
        assert reply.trailers["grpc-status"] == "0"
        # Flag 0, length 2, and the message: field 2 (miss), of no bytes.
        assert reply.data == b"\x00\x00\x00\x00\x02" + b"\x12\x00"

    def test_a_message_may_come_one_byte_a_frame(self, connection):
        connection.headers(1, call_headers(GET))
        for byte in message(REQUEST):
            connection.data(1, bytes([byte]))
        connection.data(1, b"", end_stream=True)
        assert connection.reply(1).grpc_status == CODE["OK"]

    @pytest.mark.parametrize(
        "content_type",
        ["application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8"],
    )
    def test_content_types_of_grpc_are_taken(self, connection, content_type):
        reply = call(connection, message(REQUEST), content_type=content_type)
        assert reply.grpc_status == CODE["OK"]

    def test_many_streams_of_one_connection_are_answered_each(self, connection):
        streams = range(1, 200, 2)
        for stream in streams:
            connection.headers(stream, call_headers(GET))
            connection.data(stream, message(REQUEST), end_stream=True)
            assert connection.reply(stream).grpc_status == CODE["OK"]


class TestWrongRequests:
    @pytest.mark.parametrize("content_type", ["text/plain", "application/json", None])
    def test_another_content_type_is_http_415_and_no_grpc(self, connection, content_type):
        reply = call(connection, message(REQUEST), content_type=content_type)
        assert reply.headers[":status"] == "415"
        assert all("grpc-status" not in dict(block) for block in reply.blocks)

    @pytest.mark.parametrize(
        "path",
        [
            "/larder.v1.Cache/NoSuchMethod",
            "/no.such.Service/Get",
            "/larder.v1.cache/get",
            "/larder.v1.Cache/",
            "/larder.v1.Cache",
            "/",
        ],
    )
    def test_an_unknown_method_is_unimplemented_in_trailers_only(self, connection, path):
        reply = call(connection, message(REQUEST), path=path)
        assert reply.is_trailers_only
        assert reply.headers[":status"] == "200"
        assert reply.grpc_status == CODE["UNIMPLEMENTED"]

    def test_bytes_that_are_no_protobuf_are_internal(self, connection):
        reply = call(connection, message(b"\x0a\x05ab"))
        assert reply.headers[":status"] == "200"
        assert reply.grpc_status == CODE["INTERNAL"]
        assert "grpc-status-details-bin" in reply.trailers

    def test_two_messages_on_a_unary_call_are_unimplemented(self, connection):
        reply = call(connection, message(REQUEST) * 2)
        assert reply.grpc_status == CODE["UNIMPLEMENTED"]
        assert not reply.data, "no answer to the first of them either"

    @pytest.mark.parametrize("on_headers", [True, False], ids=["on-headers", "on-empty-data"])
    def test_no_message_on_a_unary_call_is_unimplemented(self, connection, on_headers):
        connection.headers(1, call_headers(GET), end_stream=on_headers)
        if not on_headers:
            connection.data(1, b"", end_stream=True)
        assert connection.reply(1).grpc_status == CODE["UNIMPLEMENTED"]

    @pytest.mark.parametrize("sent", range(1, 5 + len(REQUEST)))
    def test_a_message_cut_short_by_end_stream_is_internal(self, connection, sent):
        assert call(connection, message(REQUEST)[:sent]).grpc_status == CODE["INTERNAL"]

    def test_a_compressed_message_without_an_encoding_is_internal(self, connection):
        reply = call(connection, message(REQUEST, compressed=1))
        assert reply.grpc_status == CODE["INTERNAL"]

    def test_an_unknown_compression_flag_is_internal(self, connection):
        reply = call(connection, message(REQUEST, compressed=2))
        assert reply.grpc_status == CODE["INTERNAL"]

    def test_an_unknown_encoding_is_unimplemented_and_the_known_ones_are_named(self, connection):
        reply = call(connection, message(b"?", compressed=1), grpc_encoding="no-such-codec")
        assert reply.grpc_status == CODE["UNIMPLEMENTED"]
        assert "identity" in reply.headers["grpc-accept-encoding"]


class TestOversizeMessages:
    def test_a_prefix_of_5_mib_is_refused_before_its_message_comes(self, connection):
        connection.headers(1, call_headers(GET))
        connection.data(1, message(b"", declared=5 * MIB))
        reply = connection.reply(1)
        assert reply.grpc_status == CODE["RESOURCE_EXHAUSTED"]
        text = "received message larger than max (5242880 vs. 4194304)"
        assert reply.trailers["grpc-message"] == text
        # The rest need not be sent (RFC 9113, section 8.1).
        assert connection.wait_for_reset(1) == http2.NO_ERROR

    def test_a_prefix_of_exactly_4_mib_is_waited_for_and_one_byte_more_refused(self, connection):
        connection.headers(1, call_headers(GET))
        connection.data(1, message(b"", declared=4 * MIB))
        connection.headers(3, call_headers(GET))
        connection.data(3, message(b"", declared=4 * MIB + 1))
        assert connection.reply(3).grpc_status == CODE["RESOURCE_EXHAUSTED"]
        # Stream 1 is still open: ended now, it is a message cut short.
        connection.data(1, b"", end_stream=True)
        assert connection.reply(1).grpc_status == CODE["INTERNAL"]

    def test_a_prefix_of_4_gib_is_refused(self, connection):
        connection.headers(1, call_headers(GET))
        connection.data(1, message(b"", declared=2**32 - 1))
        assert connection.reply(1).grpc_status == CODE["RESOURCE_EXHAUSTED"]


class TestBrokenConnections:
    @pytest.mark.parametrize(
        "garbage",
        [b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\x00" * 64, b"\x16\x03\x01\x02\x00" * 20],
        ids=["http1", "zeros", "tls"],
    )
    def test_garbage_in_place_of_the_preface_closes_only_that_connection(
        self, node, cache, connection, garbage
    ):
        assert call(connection, message(REQUEST)).grpc_status == CODE["OK"]
        with Connection(node.port, preface=False) as wrong:
            wrong.send(garbage)
            wrong.wait_until_closed()
        # The one opened before goes on.
        assert call(connection, message(REQUEST), stream=3).grpc_status == CODE["OK"]

    @pytest.mark.parametrize(
        ("kind", "payload"),
        [
            (http2.HEADERS, b"\xff" * 20),
            (http2.SETTINGS, b"\x00"),
            (http2.PING, b"short"),
            (http2.WINDOW_UPDATE, struct.pack(">I", 0)),
        ],
        ids=["hpack-index-of-nothing", "settings-of-1-byte", "ping-of-5", "window-of-0"],
    )
    def test_a_frame_against_the_protocol_closes_its_connection(self, connection, kind, payload):
        on = 1 if kind == http2.HEADERS else 0
        connection.send(http2.frame(kind, http2.END_HEADERS if on else 0, on, payload))
        connection.wait_until_closed()
        assert connection.goaway not in (None, http2.NO_ERROR)

    def test_a_frame_longer_than_16_kib_is_refused_on_its_head_alone(self, connection):
        long = http2.frame(http2.HEADERS, http2.END_HEADERS, 1, bytes(16 * 1024 + 1))
        connection.send(long[:9])
        connection.wait_until_closed()
        frame_size_error = 6
        assert connection.goaway == frame_size_error

    @pytest.mark.parametrize("cut", [1, 8, 9, 10, 40], ids=lambda cut: f"after-{cut}-bytes")
    @pytest.mark.parametrize("abrupt", [False, True], ids=["fin", "rst"])
    def test_half_a_frame_and_then_nobody(self, node, cache, cut, abrupt):
        fields = call_headers(GET)
        whole = http2.frame(
            http2.HEADERS, http2.END_HEADERS, 1, http2.hpack.encode(fields)
        )
        with Connection(node.port) as connection:
            connection.send(whole[:cut])
            if abrupt:
                # A linger time of 0: close sends RST.
                linger = struct.pack("ii", 1, 0)
                connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        assert_good_call(cache)

    def test_half_a_message_and_then_nobody(self, node, cache):
        for _ in range(20):
            with Connection(node.port) as connection:
                connection.headers(1, call_headers(GET))
                connection.data(1, message(b"", declared=3 * MIB) + bytes(MIB // 32))
        assert_good_call(cache)

    def test_a_reset_stream_leaves_the_others_alone(self, connection):
        connection.headers(1, call_headers(GET))
        connection.send(http2.frame(http2.RST_STREAM, 0, 1, struct.pack(">I", 8)))
        assert call(connection, message(REQUEST), stream=3).grpc_status == CODE["OK"]

    def test_the_goaway_is_heard_by_a_peer_that_has_sent_on(self, connection):
        # A socket that is closed over unread bytes resets its connection, and takes back what it
        # has said.
        connection.send(http2.frame(http2.PING, 0, 0, b"short") + bytes(MIB))
        connection.wait_for_end_of_stream()
        assert connection.goaway not in (None, http2.NO_ERROR)

    def test_a_peer_that_leaves_its_side_open_is_let_go_of_all_the_same(self, connection):
        connection.send(http2.frame(http2.PING, 0, 0, b"short"))
        connection.wait_until_closed()

        def is_reset():
            try:
                connection.send(b"more")
            except (ConnectionResetError, BrokenPipeError):
                return True

        wait_until(is_reset, "the server has closed its socket")
