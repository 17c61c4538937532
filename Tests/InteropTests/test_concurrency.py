"""Many calls at once, large ones, and calls that their clients give up."""

import time

import grpc
import pytest
from grpc.health.v1 import health_pb2, health_pb2_grpc
from larder.v1 import cache_pb2 as pb

CALLS = 1000
MIB = 1024 * 1024


@pytest.fixture
def health(channel):
    return health_pb2_grpc.HealthStub(channel)


def works(cache, key):
    """Good calls still do."""
    cache.Set(pb.SetRequest(key=key, value=b"works"), timeout=5)
    return cache.Get(pb.GetRequest(key=key), timeout=5).hit.value == b"works"


def test_a_thousand_calls_at_once_on_one_channel_each_get_their_own_answer(cache, key):
    sets = [
        cache.Set.future(pb.SetRequest(key=f"{key}/{i}", value=b"%d" % i), timeout=30)
        for i in range(CALLS)
    ]
    assert all(call.result().stored for call in sets)
    gets = [
        cache.Get.future(pb.GetRequest(key=f"{key}/{i}"), timeout=30) for i in range(CALLS)
    ]
    assert [call.result().hit.value for call in gets] == [b"%d" % i for i in range(CALLS)]


def test_a_thousand_increments_at_once_are_all_counted(cache, key):
    request = pb.IncrementRequest(key=key, delta=1)
    calls = [cache.Increment.future(request, timeout=30) for _ in range(CALLS)]
    assert sorted(call.result().value for call in calls) == list(range(1, CALLS + 1))
    assert cache.Get(pb.GetRequest(key=key)).hit.value == b"%d" % CALLS


def test_of_many_conditional_sets_at_once_one_wins(cache, key):
    calls = [
        cache.Set.future(pb.SetRequest(key=key, value=b"%d" % i, if_absent=True), timeout=30)
        for i in range(100)
    ]
    stored = [i for i, call in enumerate(calls) if call.result().stored]
    assert len(stored) == 1
    assert cache.Get(pb.GetRequest(key=key)).hit.value == b"%d" % stored[0]


def test_a_value_of_3_mib_makes_the_round_trip(cache, key):
    value = bytes(i * 7 % 251 for i in range(3 * MIB))
    assert cache.Set(pb.SetRequest(key=key, value=value)).stored
    assert cache.Get(pb.GetRequest(key=key)).hit.value == value
    cache.Delete(pb.DeleteRequest(key=key))


def test_large_and_small_calls_share_a_channel(cache, key):
    large = b"L" * 3 * MIB
    cache.Set(pb.SetRequest(key=f"{key}/large", value=large))
    cache.Set(pb.SetRequest(key=f"{key}/small", value=b"small"))
    calls = []
    for _ in range(10):
        calls.append((large, cache.Get.future(pb.GetRequest(key=f"{key}/large"), timeout=30)))
        for _ in range(20):
            small = cache.Get.future(pb.GetRequest(key=f"{key}/small"), timeout=30)
            calls.append((b"small", small))
    assert all(call.result().hit.value == value for value, call in calls)
    cache.Delete(pb.DeleteRequest(key=f"{key}/large"))


def test_refused_calls_give_their_flow_control_window_back(cache, key):
    # Together 96 MiB: more than any connection window, were it not credited.
    too_large = pb.SetRequest(key=key, value=bytes(3 * MIB + 1))
    for _ in range(32):
        with pytest.raises(grpc.RpcError) as caught:
            cache.Set(too_large, timeout=10)
        assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert works(cache, key)


def test_a_cancelled_stream_ends_and_the_connection_lives(cache, health, key):
    watches = [health.Watch(health_pb2.HealthCheckRequest()) for _ in range(50)]
    for watch in watches:
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
    for watch in watches:
        watch.cancel()
    for watch in watches:
        with pytest.raises(grpc.RpcError) as caught:
            next(watch)
        assert caught.value.code() == grpc.StatusCode.CANCELLED
    assert works(cache, key)


def test_a_stream_past_its_deadline_ends_and_the_connection_lives(cache, health, key):
    began = time.monotonic()
    watch = health.Watch(health_pb2.HealthCheckRequest(), timeout=0.3)
    assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
    with pytest.raises(grpc.RpcError) as caught:
        next(watch)
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert 0.2 < time.monotonic() - began < 3
    assert works(cache, key)


def test_cancelled_unary_calls_do_no_harm(cache, key):
    for _ in range(10):
        calls = [cache.Get.future(pb.GetRequest(key=key)) for _ in range(100)]
        for call in calls:
            call.cancel()
    assert works(cache, key)
