"""Compressed messages to and from a node: what grpcio sees, and what is on the wire."""

import gzip
import zlib

import grpc
import pytest
from larder.v1 import cache_pb2 as pb
from larder.v1 import cache_pb2_grpc
from support import http2
from support.failures import refused
from support.node import Node

GET, SET = "/larder.v1.Cache/Get", "/larder.v1.Cache/Set"
KIB = 1024
# In the store as it is; compresses to a fraction.
VALUE = b"larder " * (8 * KIB)
COMPRESSORS = {"gzip": gzip.compress, "deflate": zlib.compress}


@pytest.fixture(scope="module", params=["gzip", "deflate"])
def compressing(request):
    """A node that compresses replies, and the encoding."""
    flags = ["--compression", request.param, "--compression-max", "64KiB"]
    with Node(*flags) as node:
        with grpc.insecure_channel(node.target) as channel:
            cache = cache_pb2_grpc.CacheStub(channel)
            cache.Set(pb.SetRequest(key="small", value=b"v" * 100))
            cache.Set(pb.SetRequest(key="dull", value=VALUE[: 8 * KIB]))
            cache.Set(pb.SetRequest(key="large", value=VALUE[: 40 * KIB]))
            cache.Set(pb.SetRequest(key="huge", value=VALUE * 2))
        yield node, request.param


def raw(node, path, data, **headers):
    with http2.Connection(node.port) as connection:
        connection.headers(1, http2.call_headers(path, **headers))
        connection.data(1, data, end_stream=True)
        return connection.reply(1)


def get(node, key, **headers):
    return raw(node, GET, http2.message(pb.GetRequest(key=key).SerializeToString()), **headers)


def plain(encoding, payload):
    return gzip.decompress(payload) if encoding == "gzip" else zlib.decompress(payload)


class TestReplies:
    # "large" is above inline-value-max, and is sent piece by piece where it is not compressed.
    @pytest.mark.parametrize("key, size", [("dull", 8 * KIB), ("large", 40 * KIB)])
    def test_a_reply_is_compressed_for_a_client_that_accepts_it(self, compressing, key, size):
        node, encoding = compressing
        reply = get(node, key, grpc_accept_encoding="identity,deflate,gzip")
        assert reply.headers["grpc-encoding"] == encoding
        ((flag, payload),) = http2.messages(reply.data)
        assert flag == 1 and len(payload) < 4 * KIB
        assert pb.GetResponse.FromString(plain(encoding, payload)).hit.value == VALUE[:size]

    @pytest.mark.parametrize("key", ["small", "huge"])
    def test_a_reply_below_or_above_the_sizes_is_not(self, compressing, key):
        reply = get(compressing[0], key, grpc_accept_encoding="identity,deflate,gzip")
        assert "grpc-encoding" not in reply.headers
        assert [flag for flag, _ in http2.messages(reply.data)] == [0]

    @pytest.mark.parametrize("accepted", [None, "identity", "br,zstd"])
    def test_a_client_that_does_not_accept_it_gets_plain_replies(self, compressing, accepted):
        reply = get(compressing[0], "dull", grpc_accept_encoding=accepted)
        assert "grpc-encoding" not in reply.headers
        ((flag, payload),) = http2.messages(reply.data)
        assert flag == 0
        assert pb.GetResponse.FromString(payload).hit.value == VALUE[: 8 * KIB]

    def test_grpcio_reads_them(self, compressing):
        with grpc.insecure_channel(compressing[0].target) as channel:
            cache = cache_pb2_grpc.CacheStub(channel)
            for key, size in [("small", 100), ("dull", 8 * KIB), ("large", 40 * KIB)]:
                assert len(cache.Get(pb.GetRequest(key=key), timeout=5).hit.value) == size
            many = cache.GetMany(pb.GetManyRequest(keys=["dull", "large"]), timeout=5)
            assert [len(result.hit.value) for result in many.results] == [8 * KIB, 40 * KIB]

    def test_a_node_that_is_not_told_to_compress_says_what_it_takes(self, node, cache):
        reply = get(node, "absent", grpc_accept_encoding="gzip")
        assert reply.headers["grpc-accept-encoding"] == "identity,deflate,gzip"
        assert "grpc-encoding" not in reply.headers


class TestRequests:
    @pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate])
    def test_grpcio_may_compress_what_it_sends(self, cache, key, compression):
        reply = cache.Set(pb.SetRequest(key=key, value=VALUE), compression=compression, timeout=5)
        assert reply.stored
        assert cache.Get(pb.GetRequest(key=key), timeout=5).hit.value == VALUE

    @pytest.mark.parametrize("encoding", COMPRESSORS)
    def test_a_broken_message_is_internal(self, node, cache, encoding):
        whole = COMPRESSORS[encoding](pb.GetRequest(key="x").SerializeToString())
        other = COMPRESSORS["gzip" if encoding == "deflate" else "deflate"](b"")
        for broken in [b"", whole[:-1], whole + b"\0", whole + whole, other, b"\xff" * 40]:
            reply = raw(node, GET, http2.message(broken, compressed=1), grpc_encoding=encoding)
            assert reply.grpc_status == 13, broken
        reply = raw(node, GET, http2.message(whole, compressed=1), grpc_encoding=encoding)
        assert reply.grpc_status == 0

    def test_a_bare_deflate_stream_is_internal(self, node, cache):
        bare = zlib.compressobj(wbits=-15)
        data = bare.compress(pb.GetRequest(key="x").SerializeToString()) + bare.flush()
        reply = raw(node, GET, http2.message(data, compressed=1), grpc_encoding="deflate")
        assert reply.grpc_status == 13

    def test_a_bomb_is_refused_at_the_limit(self, node, cache):
        bomb = gzip.compress(bytes(256 * KIB * KIB))
        assert len(bomb) < 300 * KIB
        before = resident_kib(node)
        for _ in range(10):
            reply = raw(node, SET, http2.message(bomb, compressed=1), grpc_encoding="gzip")
            assert reply.grpc_status == 8
            assert reply.trailers["grpc-message"].startswith("received message larger than max")
        assert resident_kib(node) - before < 64 * KIB

    def test_a_message_too_large_once_decompressed_names_its_limit(self, cache, key):
        request = pb.SetRequest(key=key, value=bytes(5 * KIB * KIB))
        failure = refused(
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "MESSAGE_TOO_LARGE",
            cache.Set,
            request,
            compression=grpc.Compression.Gzip,
            timeout=5,
        )
        assert failure.metadata["limit"] == "message-max"


def resident_kib(node):
    with open(f"/proc/{node.process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))
