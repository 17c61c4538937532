"""Metadata as few clients write it, and calls with too many or too few messages, byte by byte."""

import pytest
from grpc.health.v1 import health_pb2
from larder.v1 import cache_pb2 as pb
from support.http2 import Connection, call_headers, message

GET, WATCH = "/larder.v1.Cache/Get", "/grpc.health.v1.Health/Watch"
REQUEST = message(pb.GetRequest(key="raw").SerializeToString())
OK, UNIMPLEMENTED = 0, 12
PROTOCOL_ERROR = 1


@pytest.fixture
def connection(node):
    with Connection(node.port) as connection:
        yield connection


def call(connection, fields, data=REQUEST, stream=1):
    connection.headers(stream, fields)
    connection.data(stream, data, end_stream=True)
    return connection.reply(stream)


@pytest.mark.parametrize(
    "extra",
    [
        [("x-empty", "")],
        [("x-twice", "1"), ("x-other", "2"), ("x-twice", "1")],
        [("x-odd", 'a=b; c,"d" ~\t!'), ("x-latin", "\xe9")],
        [("!#$%&'*+-.^_`|~", "every character that a name may have")],
        [("x-bin", "Zg"), ("x-bin", "Zg=="), ("y-bin", "Zm8=,Zg,"), ("z-bin", "")],
        [("x-bin", "this is no base64")],
        [("grpc-of-the-future", "unknown"), ("grpc-tags-bin", "?")],
        [("grpc-previous-rpc-attempts", "3")],
        [("grpc-accept-encoding", ",br;q=1, ,gzip,")],
    ],
    ids=lambda extra: extra[0][0],
)
def test_odd_metadata_does_not_fail_a_call(connection, extra):
    assert call(connection, call_headers(GET) + extra).grpc_status == OK


@pytest.mark.parametrize(
    "extra", [("X-Upper", "1"), ("connection", "close"), ("te", "gzip")], ids=lambda e: e[0]
)
def test_what_http2_forbids_resets_its_stream_and_no_other(connection, extra):
    connection.headers(1, call_headers(GET) + [extra])
    assert connection.wait_for_reset(1) == PROTOCOL_ERROR
    assert call(connection, call_headers(GET), stream=3).grpc_status == OK


@pytest.mark.parametrize("count", [0, 2])
def test_a_watch_takes_one_message(connection, count):
    data = message(health_pb2.HealthCheckRequest().SerializeToString()) * count
    reply = call(connection, call_headers(WATCH), data)
    assert reply.grpc_status == UNIMPLEMENTED and not reply.data
