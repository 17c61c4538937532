"""The public interop cases (grpc/grpc, doc/interop-test-descriptions.md), each under its own name.

The client is grpcio. It hides whether a message was compressed; that is seen on raw connections.
"""

import concurrent.futures
import gzip
import threading
import time
import zlib

import grpc
import pytest
from grpc.testing import empty_pb2, messages_pb2, test_pb2_grpc
from support import http2
from support.interop_server import InteropServer

REQUEST_BYTES, REPLY_BYTES = 271_828, 314_159
ECHO_INITIAL, ECHO_TRAILING = "x-grpc-test-echo-initial", "x-grpc-test-echo-trailing-bin"
UNARY = "/grpc.testing.TestService/UnaryCall"
SECONDS = 20


@pytest.fixture(scope="module")
def server():
    with InteropServer() as server:
        yield server


@pytest.fixture(scope="module")
def channel(server):
    with grpc.insecure_channel(server.target) as channel:
        grpc.channel_ready_future(channel).result(timeout=10)
        yield channel


@pytest.fixture(scope="module")
def stub(channel):
    return test_pb2_grpc.TestServiceStub(channel)


def zeros(count):
    return messages_pb2.Payload(body=bytes(count))


def flag(value):
    return messages_pb2.BoolValue(value=value)


def large_request(**fields):
    return messages_pb2.SimpleRequest(
        response_size=REPLY_BYTES, payload=zeros(REQUEST_BYTES), **fields
    )


def output_request(*sizes, payload=0, **fields):
    parameters = [messages_pb2.ResponseParameters(size=size) for size in sizes]
    return messages_pb2.StreamingOutputCallRequest(
        response_parameters=parameters, payload=zeros(payload), **fields
    )


def sizes(replies):
    return [len(reply.payload.body) for reply in replies]


def failure(call, *arguments, **keywords):
    with pytest.raises(grpc.RpcError) as caught:
        call(*arguments, timeout=SECONDS, **keywords)
    return caught.value


class Requests:
    """The requests of a streaming call, sent one after the other as the test goes on."""

    def __init__(self):
        self._more = threading.Condition()
        self._waiting, self._ended = [], False

    def send(self, request):
        with self._more:
            self._waiting.append(request)
            self._more.notify()

    def close(self):
        with self._more:
            self._ended = True
            self._more.notify()

    def __iter__(self):
        return self

    def __next__(self):
        with self._more:
            self._more.wait_for(lambda: self._waiting or self._ended)
            if not self._waiting:
                raise StopIteration
            return self._waiting.pop(0)


@pytest.fixture
def requests():
    requests = Requests()
    yield requests
    # Lets go of the thread in which grpcio reads them.
    requests.close()


class TestUnary:
    def test_empty_unary(self, stub):
        assert stub.EmptyCall(empty_pb2.Empty(), timeout=SECONDS) == empty_pb2.Empty()

    def test_large_unary(self, stub):
        reply = stub.UnaryCall(large_request(), timeout=SECONDS)
        assert reply.payload.body == bytes(REPLY_BYTES)

    def test_concurrent_large_unary(self, stub):
        with concurrent.futures.ThreadPoolExecutor(16) as threads:
            calls = [threads.submit(stub.UnaryCall, large_request(), timeout=60) for _ in range(64)]
            assert {len(call.result().payload.body) for call in calls} == {REPLY_BYTES}

    def test_client_compressed_unary(self, stub):
        probe = failure(stub.UnaryCall, large_request(expect_compressed=flag(True)))
        assert probe.code() == grpc.StatusCode.INVALID_ARGUMENT
        for compression in (grpc.Compression.Gzip, grpc.Compression.Deflate):
            reply = stub.UnaryCall(
                large_request(expect_compressed=flag(True)),
                compression=compression,
                timeout=SECONDS,
            )
            assert len(reply.payload.body) == REPLY_BYTES
        reply = stub.UnaryCall(large_request(expect_compressed=flag(False)), timeout=SECONDS)
        assert len(reply.payload.body) == REPLY_BYTES

    def test_server_compressed_unary(self, stub):
        for compressed in (True, False):
            request = large_request(response_compressed=flag(compressed))
            assert len(stub.UnaryCall(request, timeout=SECONDS).payload.body) == REPLY_BYTES


class TestStreaming:
    def test_client_streaming(self, stub):
        requests = [
            messages_pb2.StreamingInputCallRequest(payload=zeros(size))
            for size in (27_182, 8, 1_828, 45_904)
        ]
        reply = stub.StreamingInputCall(iter(requests), timeout=SECONDS)
        assert reply.aggregated_payload_size == 74_922

    def test_server_streaming(self, stub):
        request = output_request(31_415, 9, 2_653, 58_979)
        replies = stub.StreamingOutputCall(request, timeout=SECONDS)
        assert sizes(replies) == [31_415, 9, 2_653, 58_979]

    def test_ping_pong(self, stub, requests):
        replies = stub.FullDuplexCall(requests, timeout=SECONDS)
        pairs = [(31_415, 27_182), (9, 8), (2_653, 1_828), (58_979, 45_904)]
        for reply_bytes, request_bytes in pairs:
            requests.send(output_request(reply_bytes, payload=request_bytes))
            assert len(next(replies).payload.body) == reply_bytes
        requests.close()
        assert list(replies) == []
        assert replies.code() == grpc.StatusCode.OK

    def test_empty_stream(self, stub):
        replies = stub.FullDuplexCall(iter([]), timeout=SECONDS)
        assert list(replies) == []
        assert replies.code() == grpc.StatusCode.OK

    def test_half_duplex(self, stub, requests):
        replies = stub.HalfDuplexCall(requests, timeout=SECONDS)
        requests.send(output_request(1, 2))
        requests.send(output_request(3))
        requests.close()
        assert sizes(replies) == [1, 2, 3]

    def test_client_compressed_streaming(self, stub):
        def request(compressed, size):
            return messages_pb2.StreamingInputCallRequest(
                expect_compressed=flag(compressed), payload=zeros(size)
            )

        probe = failure(stub.StreamingInputCall, iter([request(True, 27_182)]))
        assert probe.code() == grpc.StatusCode.INVALID_ARGUMENT
        # grpcio compresses all messages of a call or none; both in one stand in TestOnTheWire.
        reply = stub.StreamingInputCall(
            iter([request(True, 27_182), request(True, 45_904)]),
            compression=grpc.Compression.Gzip,
            timeout=SECONDS,
        )
        assert reply.aggregated_payload_size == 73_086
        reply = stub.StreamingInputCall(iter([request(False, 45_904)]), timeout=SECONDS)
        assert reply.aggregated_payload_size == 45_904

    def test_server_compressed_streaming(self, stub):
        replies = stub.StreamingOutputCall(compressed_then_plain(), timeout=SECONDS)
        assert sizes(replies) == [31_415, 92_653]


def compressed_then_plain():
    request = output_request(31_415, 92_653)
    request.response_parameters[0].compressed.value = True
    request.response_parameters[1].compressed.value = False
    return request


class TestMetadataAndStatus:
    METADATA = ((ECHO_INITIAL, "test_initial_metadata_value"), (ECHO_TRAILING, b"\xab\xab\xab"))

    def check(self, call):
        assert dict(call.initial_metadata())[ECHO_INITIAL] == "test_initial_metadata_value"
        assert dict(call.trailing_metadata())[ECHO_TRAILING] == b"\xab\xab\xab"

    def test_custom_metadata(self, stub, requests):
        _, call = stub.UnaryCall.with_call(
            large_request(), metadata=self.METADATA, timeout=SECONDS
        )
        self.check(call)
        replies = stub.FullDuplexCall(requests, metadata=self.METADATA, timeout=SECONDS)
        requests.send(output_request(REPLY_BYTES, payload=REQUEST_BYTES))
        requests.close()
        assert sizes(replies) == [REPLY_BYTES]
        self.check(replies)

    def test_binary_values_of_every_kind_come_back(self, stub):
        values = [b"", b"\0", b"a,b", bytes(range(256))]
        _, call = stub.UnaryCall.with_call(
            messages_pb2.SimpleRequest(),
            metadata=[(ECHO_TRAILING, value) for value in values],
            timeout=SECONDS,
        )
        assert [v for k, v in call.trailing_metadata() if k == ECHO_TRAILING] == values

    def test_metadata_comes_with_an_error_too(self, stub):
        status = messages_pb2.EchoStatus(code=10, message="no")
        error = failure(
            stub.UnaryCall,
            messages_pb2.SimpleRequest(response_status=status),
            metadata=self.METADATA,
        )
        assert error.code() == grpc.StatusCode.ABORTED
        self.check(error)

    def test_status_code_and_message(self, stub):
        self.check_status(stub, "test status message")

    def test_special_status_message(self, stub):
        self.check_status(
            stub, "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"
        )

    def check_status(self, stub, text):
        status = messages_pb2.EchoStatus(code=2, message=text)
        error = failure(stub.UnaryCall, messages_pb2.SimpleRequest(response_status=status))
        assert (error.code(), error.details()) == (grpc.StatusCode.UNKNOWN, text)
        replies = stub.FullDuplexCall(iter([output_request(response_status=status)]))
        with pytest.raises(grpc.RpcError) as caught:
            next(replies)
        assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.UNKNOWN, text)

    def test_unimplemented_method(self, stub):
        error = failure(stub.UnimplementedCall, empty_pb2.Empty())
        assert error.code() == grpc.StatusCode.UNIMPLEMENTED

    def test_unimplemented_service(self, channel):
        stub = test_pb2_grpc.UnimplementedServiceStub(channel)
        error = failure(stub.UnimplementedCall, empty_pb2.Empty())
        assert error.code() == grpc.StatusCode.UNIMPLEMENTED


class TestEnds:
    def test_cancel_after_begin(self, stub, requests):
        call = stub.StreamingInputCall.future(requests)
        call.cancel()
        assert call.cancelled() and call.code() == grpc.StatusCode.CANCELLED

    def test_cancel_after_first_response(self, stub, requests):
        replies = stub.FullDuplexCall(requests)
        requests.send(output_request(31_415, payload=27_182))
        assert len(next(replies).payload.body) == 31_415
        replies.cancel()
        with pytest.raises(grpc.RpcError):
            next(replies)
        assert replies.code() == grpc.StatusCode.CANCELLED

    def test_timeout_on_sleeping_server(self, stub, requests):
        replies = stub.FullDuplexCall(requests, timeout=0.001)
        requests.send(output_request(payload=27_182))
        with pytest.raises(grpc.RpcError) as caught:
            next(replies)
        assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED

    def test_a_server_waits_between_replies_as_asked(self, stub):
        request = output_request(1, 1)
        request.response_parameters[1].interval_us = 100_000
        began = time.monotonic()
        assert sizes(stub.StreamingOutputCall(request, timeout=SECONDS)) == [1, 1]
        assert time.monotonic() - began >= 0.1


class TestOnTheWire:
    """The compressed flag, which grpcio does not show."""

    def reply(self, server, path, body, **headers):
        with http2.Connection(server.port) as connection:
            connection.headers(1, http2.call_headers(path, **headers))
            connection.data(1, body, end_stream=True)
            return connection.reply(1)

    @pytest.mark.parametrize("compressed", [True, False])
    def test_server_compressed_unary(self, server, compressed):
        request = large_request(response_compressed=flag(compressed)).SerializeToString()
        reply = self.reply(
            server, UNARY, http2.message(request), grpc_accept_encoding="identity,gzip"
        )
        ((sent_compressed, payload),) = http2.messages(reply.data)
        assert sent_compressed == compressed
        assert reply.headers.get("grpc-encoding") == ("gzip" if compressed else None)
        plain = gzip.decompress(payload) if compressed else payload
        assert len(messages_pb2.SimpleResponse.FromString(plain).payload.body) == REPLY_BYTES

    def test_a_reply_is_not_compressed_for_a_client_that_accepts_nothing(self, server):
        request = large_request(response_compressed=flag(True)).SerializeToString()
        reply = self.reply(server, UNARY, http2.message(request))
        assert [flag for flag, _ in http2.messages(reply.data)] == [0]
        assert "grpc-encoding" not in reply.headers

    def test_server_compressed_streaming(self, server):
        reply = self.reply(
            server,
            "/grpc.testing.TestService/StreamingOutputCall",
            http2.message(compressed_then_plain().SerializeToString()),
            grpc_accept_encoding="gzip",
        )
        (first_flag, first), (second_flag, second) = http2.messages(reply.data)
        assert (first_flag, second_flag) == (1, 0)
        replies = [
            messages_pb2.StreamingOutputCallResponse.FromString(message)
            for message in (gzip.decompress(first), second)
        ]
        assert sizes(replies) == [31_415, 92_653]

    @pytest.mark.parametrize(
        "encoding, compress", [("gzip", gzip.compress), ("deflate", zlib.compress)]
    )
    def test_client_compressed_streaming(self, server, encoding, compress):
        requests = [
            messages_pb2.StreamingInputCallRequest(
                expect_compressed=flag(compressed), payload=zeros(size)
            ).SerializeToString()
            for compressed, size in ((True, 27_182), (False, 45_904))
        ]
        body = http2.message(compress(requests[0]), compressed=1) + http2.message(requests[1])
        reply = self.reply(
            server, "/grpc.testing.TestService/StreamingInputCall", body, grpc_encoding=encoding
        )
        assert reply.grpc_status == 0
        ((_, payload),) = http2.messages(reply.data)
        response = messages_pb2.StreamingInputCallResponse.FromString(payload)
        assert response.aggregated_payload_size == 73_086

    @pytest.mark.parametrize("count", [0, 2])
    def test_a_server_streaming_method_takes_one_message(self, server, count):
        body = http2.message(output_request(1).SerializeToString()) * count
        reply = self.reply(server, "/grpc.testing.TestService/StreamingOutputCall", body)
        assert reply.grpc_status == 12 and reply.data == b""
