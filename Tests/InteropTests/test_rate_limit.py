"""Rates of calls: of a client, of a namespace, and what a client is told that is too fast."""

import json
import time

import grpc
import pytest
from grpc.health.v1 import health_pb2, health_pb2_grpc
from larder.v1 import cache_pb2 as pb, cache_pb2_grpc
from support.failures import failure_of, refused
from support.http2 import Connection, call_headers
from support.node import Node

RESOURCE_EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED
GET = pb.GetRequest(key="k")
# Above what a burst can be, and at a call a second more than the slowest machine needs.
CALLS_MAX = 60


def until_refused(call, request=GET, **keywords):
    """Calls until there is no call left; how many went through, and the refusal.

    No matter how slow the machine: at one call a second, only a second for each call would never
    get there.
    """
    for count in range(CALLS_MAX):
        try:
            call(request, **keywords)
        except grpc.RpcError as error:
            return count, failure_of(error)
    raise AssertionError(f"{CALLS_MAX} calls, and none was refused")


def codes_until_limited(call):
    """Makes calls that are refused, until it is for their number; the codes before that."""
    codes = []
    while len(codes) < CALLS_MAX:
        with pytest.raises(grpc.RpcError) as caught:
            call()
        if caught.value.code() == RESOURCE_EXHAUSTED:
            assert failure_of(caught.value).reason == "RATE_LIMITED"
            return codes
        codes.append(caught.value.code())
    raise AssertionError(f"{CALLS_MAX} calls, and their number was no matter")


@pytest.fixture
def caller(request, tmp_path):
    """Starts a node with these flags; the result is a stub."""
    open_things = []

    def start(*flags, options=()):
        node = Node(*flags)
        open_things.append(node.stop)
        channel = grpc.insecure_channel(node.target, options=options)
        open_things.append(channel.close)
        stub = cache_pb2_grpc.CacheStub(channel)
        stub.node, stub.channel = node, channel
        return stub

    yield start
    for close in reversed(open_things):
        close()


class TestClients:
    def test_a_client_has_its_burst_and_is_told_when_to_come_back(self, caller):
        cache = caller("--rate-limit-per-client", "1", "--rate-limit-burst", "5")
        count, failure = until_refused(cache.Get)
        assert count >= 5
        assert (failure.code, failure.reason) == (RESOURCE_EXHAUSTED, "RATE_LIMITED")
        assert failure.metadata == {"limit": "rate-limit-per-client", "limit_per_second": "1"}
        assert 0 < failure.retry_seconds <= 1
        assert 0 <= failure.pushback_ms - failure.retry_seconds * 1000 < 1
        time.sleep(failure.retry_seconds)
        cache.Get(GET)

    def test_a_client_that_heeds_the_pushback_gets_through(self, caller):
        policy = {
            "methodConfig": [{
                "name": [{}],
                "retryPolicy": {
                    "maxAttempts": 5,
                    # The pushback takes its place.
                    "initialBackoff": "100s", "maxBackoff": "100s", "backoffMultiplier": 1,
                    "retryableStatusCodes": ["RESOURCE_EXHAUSTED"],
                },
            }]
        }
        cache = caller("--rate-limit-per-client", "1", "--rate-limit-burst", "1")
        until_refused(cache.Get)
        options = [("grpc.service_config", json.dumps(policy))]
        with grpc.insecure_channel(cache.node.target, options=options) as channel:
            cache_pb2_grpc.CacheStub(channel).Get(GET, timeout=30)

    def test_connections_of_one_address_are_one_client(self, caller):
        cache = caller("--rate-limit-per-client", "1", "--rate-limit-burst", "20", "--loops", "2")
        count = 0
        for _ in range(CALLS_MAX):
            options = [("grpc.use_local_subchannel_pool", 1)]
            with grpc.insecure_channel(cache.node.target, options=options) as channel:
                try:
                    cache_pb2_grpc.CacheStub(channel).Get(GET)
                except grpc.RpcError as error:
                    assert failure_of(error).reason == "RATE_LIMITED"
                    break
            count += 1
        assert 20 <= count < CALLS_MAX

    def test_streaming_calls_count_and_health_checks_do_not(self, caller):
        cache = caller("--rate-limit-per-client", "1", "--rate-limit-burst", "1")
        until_refused(cache.Get)
        health = health_pb2_grpc.HealthStub(cache.channel)
        for _ in range(20):
            health.Check(health_pb2.HealthCheckRequest())
        watch = health.Watch(health_pb2.HealthCheckRequest(), timeout=10)
        next(watch)
        watch.cancel()
        reflection = cache.channel.stream_stream(
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            request_serializer=lambda message: message,
        )
        count, failure = until_refused(lambda _: list(reflection(iter([]), timeout=10)))
        assert failure.reason == "RATE_LIMITED"

    def test_callers_with_names_are_counted_by_name(self, caller, tmp_path):
        tokens = tmp_path / "tokens.yaml"
        tokens.write_text(
            "- {name: a, token: token-of-a-0123456789, roles: [read]}\n"
            # The same caller by a second token.
            "- {name: a, token: second-of-a-0123456789, roles: [read]}\n"
            "- {name: b, token: token-of-b-0123456789, roles: [read]}\n"
        )
        flags = ["--rate-limit-per-client", "1", "--rate-limit-burst", "10"]
        cache = caller(*flags, "--tokens", str(tokens))
        a, second, b = [
            {"metadata": (("authorization", f"Bearer {token}-0123456789"),)}
            for token in ("token-of-a", "second-of-a", "token-of-b")
        ]
        count, _ = until_refused(cache.Get, **a)
        assert count >= 10
        # At most what came in meanwhile; a bucket of its own would hold ten.
        count, _ = until_refused(cache.Get, **second)
        assert count < 10
        count, _ = until_refused(cache.Get, **b)
        assert count >= 10

    def test_who_tries_tokens_is_slowed_down_and_good_callers_are_not(self, caller, tmp_path):
        tokens = tmp_path / "tokens.yaml"
        tokens.write_text("- {name: a, token: token-of-a-0123456789, roles: [read]}\n")
        flags = ["--rate-limit-per-client", "1", "--rate-limit-burst", "10"]
        cache = caller(*flags, "--tokens", str(tokens))
        reasons = []
        while "RATE_LIMITED" not in reasons and len(reasons) < CALLS_MAX:
            with pytest.raises(grpc.RpcError) as caught:
                wrong = f"Bearer wrong-token-{len(reasons)}"
                cache.Get(GET, metadata=(("authorization", wrong),))
            reasons.append(failure_of(caught.value).reason)
        assert set(reasons[:10]) == {"CREDENTIALS_UNKNOWN"}
        assert reasons[-1] == "RATE_LIMITED"
        metadata = (("authorization", "Bearer token-of-a-0123456789"),)
        for _ in range(10):
            cache.Get(GET, metadata=metadata)

    def test_calls_above_a_callers_role_count_as_well(self, caller, tmp_path):
        tokens = tmp_path / "tokens.yaml"
        tokens.write_text("- {name: a, token: token-of-a-0123456789, roles: [read]}\n")
        flags = ["--rate-limit-per-client", "1", "--rate-limit-burst", "10"]
        cache = caller(*flags, "--tokens", str(tokens))
        metadata = (("authorization", "Bearer token-of-a-0123456789"),)
        codes = codes_until_limited(lambda: cache.Set(pb.SetRequest(key="k"), metadata=metadata))
        assert set(codes) == {grpc.StatusCode.PERMISSION_DENIED} and len(codes) >= 10

    def test_calls_of_unknown_methods_count_for_who_makes_them(self, caller, tmp_path):
        tokens = tmp_path / "tokens.yaml"
        tokens.write_text("- {name: a, token: token-of-a-0123456789, roles: [read]}\n")
        flags = ["--rate-limit-per-client", "1", "--rate-limit-burst", "10"]
        cache = caller(*flags, "--tokens", str(tokens))
        metadata = (("authorization", "Bearer token-of-a-0123456789"),)
        unknown = cache.channel.unary_unary("/larder.v1.Cache/Gte")
        # Without credentials: what is refused is the method, and it counts for the address.
        for credentials in ((), metadata):
            codes = codes_until_limited(lambda: unknown(b"", metadata=credentials))
            assert set(codes) == {grpc.StatusCode.UNIMPLEMENTED} and len(codes) >= 10
        count, _ = until_refused(cache.Get, metadata=metadata)
        assert count < 10, "the caller's own bucket was used"

    def test_of_more_clients_than_are_remembered_the_oldest_begins_anew(self, caller, tmp_path):
        tokens = tmp_path / "tokens.yaml"
        tokens.write_text(
            "- {name: a, token: token-of-a-0123456789, roles: [read]}\n"
            "- {name: b, token: token-of-b-0123456789, roles: [read]}\n"
        )
        flags = ["--rate-limit-per-client", "1", "--rate-limit-burst", "10"]
        cache = caller(*flags, "--rate-limit-clients-max", "1", "--tokens", str(tokens))
        a, b = [
            {"metadata": (("authorization", f"Bearer token-of-{name}-0123456789"),)}
            for name in "ab"
        ]
        until_refused(cache.Get, **a)
        cache.Get(GET, **b)
        count, _ = until_refused(cache.Get, **a)
        assert count >= 10

    def test_without_the_setting_nobody_is_counted(self, cache):
        for _ in range(200):
            cache.Get(GET)


class TestNamespaces:
    @pytest.fixture
    def cache(self, caller, tmp_path):
        config = tmp_path / "larder.yaml"
        config.write_text(
            "namespaces:\n"
            "  - {name: slow, rate-limit: 1, rate-limit-burst: 3}\n"
            "  - {name: free}\n"
        )
        return caller("--config", str(config))

    def test_a_namespace_has_a_rate_and_others_are_not_touched(self, cache):
        count, failure = until_refused(cache.Get, pb.GetRequest(key="k", namespace="slow"))
        assert count >= 3
        assert (failure.code, failure.reason) == (RESOURCE_EXHAUSTED, "RATE_LIMITED")
        assert failure.metadata == {
            "limit": "rate-limit", "limit_per_second": "1", "namespace": "slow",
        }
        assert 0 < failure.retry_seconds <= 1 and failure.pushback_ms is not None
        for namespace in ("", "free"):
            for _ in range(20):
                cache.Get(pb.GetRequest(key="k", namespace=namespace))

    def test_a_batch_is_one_call_and_its_items_of_another_namespace_one_each(self, cache):
        batch = pb.SetManyRequest(
            namespace="free", items=[pb.SetRequest(key="k", namespace="slow")] * CALLS_MAX
        )
        results = cache.SetMany(batch).results
        kinds = [result.WhichOneof("result") for result in results]
        assert kinds.count("ok") >= 3
        errors = [result.error for result in results if result.WhichOneof("result") == "error"]
        assert errors and {error.reason for error in errors} == {"RATE_LIMITED"}
        # All items of one batch, however many, are one call where it is the batch's namespace.
        time.sleep(1.1)
        own = pb.SetManyRequest(namespace="slow", items=[pb.SetRequest(key="k")] * CALLS_MAX)
        assert all(result.HasField("ok") for result in cache.SetMany(own).results)


class TestAccessLog:
    def log(self, node, count):
        """The records of calls, once there are so many."""
        deadline = time.monotonic() + 10
        while True:
            records = [json.loads(line) for line in node.log().splitlines() if line.startswith("{")]
            calls = [record for record in records if record["message"] == "call"]
            if len(calls) >= count or time.monotonic() > deadline:
                return calls
            time.sleep(0.02)

    def test_all_calls_are_logged_with_who_made_them_and_how_they_ended(self, caller, tmp_path):
        tokens = tmp_path / "tokens.yaml"
        tokens.write_text("- {name: web, token: token-of-web-0123456789, roles: [read]}\n")
        flags = ["--access-log", "all", "--log-format", "json", "--tokens", str(tokens)]
        cache = caller(*flags)
        metadata = (("authorization", "Bearer token-of-web-0123456789"),)
        cache.Get(GET, metadata=metadata)
        refused(
            grpc.StatusCode.PERMISSION_DENIED, "ROLE_MISSING", cache.Set, pb.SetRequest(key="k"),
            metadata=metadata,
        )
        refused(grpc.StatusCode.UNAUTHENTICATED, "CREDENTIALS_MISSING", cache.Get, GET)
        health = health_pb2_grpc.HealthStub(cache.channel)
        watch = health.Watch(health_pb2.HealthCheckRequest(), timeout=10)
        next(watch)
        watch.cancel()
        calls = self.log(cache.node, 4)
        told = [(call["method"], call["code"], call.get("caller")) for call in calls]
        assert told == [
            ("/larder.v1.Cache/Get", "OK", "web"),
            ("/larder.v1.Cache/Set", "PERMISSION_DENIED", "web"),
            ("/larder.v1.Cache/Get", "UNAUTHENTICATED", None),
            ("/grpc.health.v1.Health/Watch", "CANCELLED", None),
        ]
        assert all(call["peer"].startswith("127.0.0.1:") for call in calls)
        assert all(int(call["duration-us"]) >= 0 and call["level"] == "info" for call in calls)
        assert "token-of-web" not in cache.node.log()

    def test_errors_alone_may_be_logged(self, caller):
        cache = caller("--access-log", "errors", "--log-format", "json")
        cache.Get(GET)
        refused(
            grpc.StatusCode.INVALID_ARGUMENT, "KEY_EMPTY", cache.Get, pb.GetRequest()
        )
        calls = self.log(cache.node, 1)
        assert [call["code"] for call in calls] == ["INVALID_ARGUMENT"]

    def test_calls_refused_on_their_head_are_logged_and_their_words_are_not(
        self, caller, tmp_path
    ):
        tokens = tmp_path / "tokens.yaml"
        tokens.write_text("- {name: web, token: token-of-web-0123456789, roles: [read]}\n")
        flags = ["--access-log", "errors", "--log-format", "json", "--tokens", str(tokens)]
        cache = caller(*flags)
        for metadata in ((), (("authorization", "Bearer token-of-web-0123456789"),)):
            with pytest.raises(grpc.RpcError) as caught:
                cache.channel.unary_unary("/larder.v1.Cache/Gte")(b"", metadata=metadata)
            assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED
        with Connection(cache.node.port) as connection:
            connection.headers(1, call_headers(
                "/larder.v1.Cache/Get", content_type="text/html"), end_stream=True)
            assert connection.reply(1).headers == {":status": "415", "content-length": "0"}
        calls = self.log(cache.node, 3)
        told = [(call["method"], call["code"], call.get("caller")) for call in calls]
        assert told == [
            ("other", "UNIMPLEMENTED", None), ("other", "UNIMPLEMENTED", "web"),
            ("other", "UNIMPLEMENTED", None),
        ]
        assert "Gte" not in cache.node.log()
