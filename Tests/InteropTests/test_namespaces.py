"""Namespaces from the YAML file: keys apart, defaults and limits of their own."""

import grpc
import pytest
from larder.v1 import admin_pb2, admin_pb2_grpc, cache_pb2 as pb, cache_pb2_grpc
from support.failures import refused
from support.node import Node

MINUTE_MS = 60_000
SMALL_BYTES_MAX = 1024
FILE = """
namespaces:
  - name: sessions
    default-ttl: 1m
    ttl-max: 1h
  - name: small
    value-max: 1KiB
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """One of its own, in place of the shared one."""
    file = tmp_path_factory.mktemp("namespaces") / "larder.yaml"
    file.write_text(FILE)
    with Node("--config", str(file)) as node:
        yield node


@pytest.fixture(scope="module")
def channel(node):
    with grpc.insecure_channel(node.target) as channel:
        yield channel


@pytest.fixture(scope="module")
def cache(channel):
    return cache_pb2_grpc.CacheStub(channel)


def get(cache, key, namespace):
    return cache.Get(pb.GetRequest(key=key, namespace=namespace))


def test_the_same_key_in_two_namespaces_is_two_entries(cache, key):
    for namespace in ("", "sessions", "small"):
        cache.Set(pb.SetRequest(key=key, namespace=namespace, value=namespace.encode()))
    for namespace in ("", "sessions", "small"):
        assert get(cache, key, namespace).hit.value == namespace.encode()
    cache.Delete(pb.DeleteRequest(key=key, namespace="sessions"))
    assert get(cache, key, "sessions").HasField("miss")
    assert get(cache, key, "small").HasField("hit") and get(cache, key, "").HasField("hit")


def test_a_writer_that_states_no_expiry_gets_the_default_one(cache, key):
    cache.Set(pb.SetRequest(key=key, namespace="sessions"))
    assert 0 < get(cache, key, "sessions").hit.ttl_ms <= MINUTE_MS
    cache.Set(pb.SetRequest(key=key, namespace="sessions", no_expiry=True))
    assert get(cache, key, "sessions").hit.ttl_ms == 0
    cache.Touch(pb.TouchRequest(key=key, namespace="sessions"))
    assert 0 < get(cache, key, "sessions").hit.ttl_ms <= MINUTE_MS


def test_a_counter_gets_the_default_expiry_too(cache, key):
    cache.Increment(pb.IncrementRequest(key=key, namespace="sessions", delta=1))
    assert 0 < get(cache, key, "sessions").hit.ttl_ms <= MINUTE_MS


def test_the_longest_ttl_is_the_namespaces_own(cache, key):
    cache.Set(pb.SetRequest(key=key, namespace="sessions", ttl_ms=60 * MINUTE_MS))
    request = pb.SetRequest(key=key, namespace="sessions", ttl_ms=60 * MINUTE_MS + 1)
    refused(grpc.StatusCode.INVALID_ARGUMENT, "TTL_TOO_LONG", cache.Set, request)


def test_the_largest_value_is_the_namespaces_own(cache, key):
    cache.Set(pb.SetRequest(key=key, namespace="small", value=bytes(SMALL_BYTES_MAX)))
    request = pb.SetRequest(key=key, namespace="small", value=bytes(SMALL_BYTES_MAX + 1))
    refused(grpc.StatusCode.RESOURCE_EXHAUSTED, "VALUE_TOO_LARGE", cache.Set, request)


def test_an_item_of_a_batch_may_name_another_namespace_than_the_batch(cache, key):
    items = [
        pb.SetRequest(key=key, value=b"of the batch"),
        pb.SetRequest(key=key, value=b"of the item", namespace="small"),
    ]
    cache.SetMany(pb.SetManyRequest(items=items, namespace="sessions"))
    got = cache.GetMany(pb.GetManyRequest(keys=[key], namespace="sessions"))
    assert got.results[0].hit.value == b"of the batch"
    assert get(cache, key, "small").hit.value == b"of the item"
    cache.DeleteMany(pb.DeleteManyRequest(keys=[key], namespace="sessions"))
    assert get(cache, key, "sessions").HasField("miss")


def test_status_counts_each_namespace_apart(channel, cache, key):
    def counted():
        status = admin_pb2_grpc.AdminStub(channel).GetStatus(admin_pb2.GetStatusRequest())
        return {namespace.name: namespace for namespace in status.namespaces}

    before = counted()
    assert set(before) == {"", "sessions", "small"}
    cache.Set(pb.SetRequest(key=key, namespace="small", value=b"v"))
    get(cache, key, "small")
    get(cache, f"{key}/absent", "small")
    cache.Delete(pb.DeleteRequest(key=key, namespace="small"))
    after = counted()
    for field in ("writes", "hits", "misses", "deletes"):
        grown = getattr(after["small"], field) - getattr(before["small"], field)
        assert grown == 1, field
        assert getattr(after["sessions"], field) == getattr(before["sessions"], field)
