"""Each error of larder.v1.Cache: its status code, and its reason in google.rpc.ErrorInfo."""

import grpc
import pytest
from larder.v1 import cache_pb2 as pb
from support.failures import refused

MIB = 1024 * 1024
KEY_BYTES_MAX = 64 * 1024
VALUE_BYTES_MAX = 3 * MIB
MESSAGE_BYTES_MAX = 4 * MIB
BATCH_KEYS_MAX = 10_000
TTL_MILLISECONDS_MAX = 3_650 * 86_400_000
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1

INVALID_ARGUMENT = grpc.StatusCode.INVALID_ARGUMENT
RESOURCE_EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED
# Every call that takes one key, with whatever else it needs to be right.
KEYED = {
    "Get": pb.GetRequest(),
    "Set": pb.SetRequest(value=b"v"),
    "Delete": pb.DeleteRequest(),
    "Increment": pb.IncrementRequest(delta=1),
    "Touch": pb.TouchRequest(no_expiry=True),
}
BATCHED = {
    "GetMany": pb.GetManyRequest(keys=["k"]),
    "SetMany": pb.SetManyRequest(items=[pb.SetRequest(key="k")]),
    "DeleteMany": pb.DeleteManyRequest(keys=["k"]),
}
EXPIRING = {"Set": pb.SetRequest, "Increment": pb.IncrementRequest, "Touch": pb.TouchRequest}

each_keyed_call = pytest.mark.parametrize("call", KEYED)
each_expiring_call = pytest.mark.parametrize("call", EXPIRING)


def request_of(call, **fields):
    request = type(KEYED[call])()
    request.CopyFrom(KEYED[call])
    request.MergeFrom(type(request)(**fields))
    return request


def raw(channel, call, message):
    """Calls with these bytes as the message, whatever they are."""
    return channel.unary_unary(f"/larder.v1.Cache/{call}")(message)


@each_keyed_call
def test_an_empty_key(cache, call):
    refused(INVALID_ARGUMENT, "KEY_EMPTY", getattr(cache, call), request_of(call))


@each_keyed_call
def test_a_key_of_one_byte_more_than_64_kib(cache, call):
    request = request_of(call, key="k" * (KEY_BYTES_MAX + 1))
    failure = refused(INVALID_ARGUMENT, "KEY_TOO_LONG", getattr(cache, call), request)
    assert str(KEY_BYTES_MAX) in failure.message


@each_keyed_call
@pytest.mark.parametrize(
    "key",
    [b"\xff\xfe", b"ok\x80", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"],
    ids=["no-utf8", "lone-continuation", "overlong", "surrogate", "past-10FFFF", "cut-short"],
)
def test_a_key_that_is_not_utf8(channel, call, key):
    # Field 1 is the key in all of them; the length fits one byte.
    message = b"\x0a" + bytes([len(key)]) + key
    refused(INVALID_ARGUMENT, "KEY_NOT_UTF8", raw, channel, call, message)


def test_a_key_that_is_not_utf8_fails_alone_in_a_batch(channel):
    reply = raw(channel, "GetMany", b"\x0a\x01a" + b"\x0a\x01\xff" + b"\x0a\x01b")
    response = pb.GetManyResponse.FromString(reply)
    assert [result.error.reason for result in response.results] == ["", "KEY_NOT_UTF8", ""]


@each_expiring_call
def test_an_expiry_of_nothing(cache, key, call):
    request = EXPIRING[call](key=key, ttl_ms=0)
    refused(INVALID_ARGUMENT, "TTL_INVALID", getattr(cache, call), request)


@each_expiring_call
@pytest.mark.parametrize("ttl_ms", [TTL_MILLISECONDS_MAX + 1, 2**63, 2**64 - 1])
def test_an_expiry_of_more_than_ten_years(cache, key, call, ttl_ms):
    getattr(cache, call)(EXPIRING[call](key=key, ttl_ms=TTL_MILLISECONDS_MAX))
    request = EXPIRING[call](key=key, ttl_ms=ttl_ms)
    refused(INVALID_ARGUMENT, "TTL_TOO_LONG", getattr(cache, call), request)


@pytest.mark.parametrize("call", list(KEYED) + list(BATCHED))
def test_a_namespace_that_nobody_configured(cache, key, call):
    request = request_of(call, key=key) if call in KEYED else BATCHED[call]
    known = type(request).FromString(request.SerializeToString())
    known.namespace = "no-such-namespace"
    code = grpc.StatusCode.NOT_FOUND
    failure = refused(code, "NAMESPACE_UNKNOWN", getattr(cache, call), known)
    assert "no-such-namespace" in failure.message


@pytest.mark.parametrize("count", [129, 5_000, 70_000, 4_000_000])
def test_a_namespace_with_a_name_too_long_to_repeat(cache, key, count):
    request = pb.GetRequest(key=key, namespace="n" * count)
    code = grpc.StatusCode.NOT_FOUND
    failure = refused(code, "NAMESPACE_UNKNOWN", cache.Get, request, timeout=5)
    assert failure.metadata["namespace"] == "n" * 128 + "..."


def test_a_value_of_one_byte_more_than_3_mib(cache, key):
    request = pb.SetRequest(key=key, value=bytes(VALUE_BYTES_MAX + 1))
    failure = refused(RESOURCE_EXHAUSTED, "VALUE_TOO_LARGE", cache.Set, request)
    assert str(VALUE_BYTES_MAX) in failure.message, "the limit is named"
    assert cache.Get(pb.GetRequest(key=key)).WhichOneof("result") == "miss"


def test_a_message_over_4_mib(cache, key):
    request = pb.SetRequest(key=key, value=bytes(MESSAGE_BYTES_MAX))
    failure = refused(RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE", cache.Set, request)
    # The wording that clients of every language search for.
    size = request.ByteSize()
    assert failure.message == f"received message larger than max ({size} vs. {MESSAGE_BYTES_MAX})"


def batch_of(call, count):
    if call == "SetMany":
        return pb.SetManyRequest(items=[pb.SetRequest(key="k")] * count)
    return type(BATCHED[call])(keys=["k"] * count)


@pytest.mark.parametrize("call", BATCHED)
def test_a_batch_of_one_item_more_than_the_limit(cache, call):
    at_limit = getattr(cache, call)(batch_of(call, BATCH_KEYS_MAX))
    assert len(at_limit.results) == BATCH_KEYS_MAX
    over = batch_of(call, BATCH_KEYS_MAX + 1)
    failure = refused(RESOURCE_EXHAUSTED, "BATCH_TOO_LARGE", getattr(cache, call), over)
    assert str(BATCH_KEYS_MAX) in failure.message, "the limit is named"


@pytest.mark.parametrize("text", [b"", b"ten", b"1.5", b" 1", b"1 ", b"0x10", b"9" * 30, b"\xff"])
def test_an_increment_of_text(cache, key, text):
    cache.Set(pb.SetRequest(key=key, value=text))
    request = pb.IncrementRequest(key=key, delta=1)
    code = grpc.StatusCode.FAILED_PRECONDITION
    refused(code, "VALUE_NOT_A_NUMBER", cache.Increment, request)
    assert cache.Get(pb.GetRequest(key=key)).hit.value == text


@pytest.mark.parametrize(("start", "delta"), [(INT64_MAX, 1), (INT64_MIN, -1), (1, INT64_MAX)])
def test_an_increment_past_64_bits(cache, key, start, delta):
    cache.Set(pb.SetRequest(key=key, value=str(start).encode()))
    request = pb.IncrementRequest(key=key, delta=delta)
    refused(grpc.StatusCode.OUT_OF_RANGE, "INCREMENT_OVERFLOW", cache.Increment, request)
    assert cache.Get(pb.GetRequest(key=key)).hit.value == str(start).encode()


def test_an_initial_value_that_overflows_creates_nothing(cache, key):
    request = pb.IncrementRequest(key=key, delta=1, initial=INT64_MAX)
    refused(grpc.StatusCode.OUT_OF_RANGE, "INCREMENT_OVERFLOW", cache.Increment, request)
    assert cache.Get(pb.GetRequest(key=key)).WhichOneof("result") == "miss"


@pytest.mark.parametrize("call", list(KEYED) + list(BATCHED))
@pytest.mark.parametrize(
    "message",
    [b"\x0a\x05ab", b"\x0a\xff\xff\xff\xff\x0f", b"\x80" * 11, b"\x00", b"\x0b"],
    ids=["field-cut-short", "length-of-4-gib", "varint-of-11-bytes", "field-0", "group-unended"],
)
def test_bytes_that_are_no_protobuf(channel, call, message):
    refused(grpc.StatusCode.INTERNAL, "MESSAGE_MALFORMED", raw, channel, call, message)


def test_unknown_fields_are_skipped(channel, cache, key):
    cache.Set(pb.SetRequest(key=key, value=b"v"))
    # Field 1000 as varint, 64-bit, bytes and 32-bit, then the request itself.
    tag = 1000 << 3
    unknown = b""
    for wire_type, payload in [(0, b"\x96\x01"), (1, bytes(8)), (2, b"\x03abc"), (5, bytes(4))]:
        number = tag | wire_type
        unknown += bytes([number & 0x7F | 0x80, number >> 7]) + payload
    reply = raw(channel, "Get", unknown + pb.GetRequest(key=key).SerializeToString())
    assert pb.GetResponse.FromString(reply).hit.value == b"v"
