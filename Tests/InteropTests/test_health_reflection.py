"""Health and reflection, as the tools of others use them: grpcio, grpcurl (v1alpha), buf (v1)."""

import base64
import json
import pathlib
import subprocess
import sys

import grpc
import pytest
from grpc.health.v1 import health_pb2, health_pb2_grpc
from grpc.reflection.v1 import reflection_pb2 as v1, reflection_pb2_grpc as v1_grpc
from larder.v1 import cache_pb2 as pb
from support.node import Node

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
SERVICE_UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
SERVICES = {
    "larder.v1.Cache",
    "larder.v1.Admin",
    "grpc.channelz.v1.Channelz",
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
}
METHODS = {
    "Get", "GetMany", "Set", "SetMany", "Delete", "DeleteMany", "Increment", "Touch",
}
# Beside the Python that runs the tests, where pip put them.
TOOLS = pathlib.Path(sys.executable).parent


@pytest.fixture
def health(channel):
    return health_pb2_grpc.HealthStub(channel)


def check(service):
    return health_pb2.HealthCheckRequest(service=service)


def tool(name, *arguments):
    """Runs a tool to its end and returns what it wrote."""
    done = subprocess.run(
        [str(TOOLS / name), *arguments], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, f"{name} {arguments}: {done.stderr}"
    return done.stdout


class TestHealth:
    @pytest.mark.parametrize("service", ["", "live", "ready", "larder.v1.Cache"])
    def test_a_node_that_runs_is_serving(self, health, service):
        assert health.Check(check(service)).status == SERVING

    def test_a_name_of_kilobytes_is_refused_for_everybody_may_ask(self, health):
        fits, too_long = check("x" * 4_000), check("x" * 4_100)
        with pytest.raises(grpc.RpcError) as caught:
            health.Check(fits)
        assert caught.value.code() == grpc.StatusCode.NOT_FOUND
        watch = health.Watch(fits, timeout=20)
        assert next(watch).status == SERVICE_UNKNOWN
        watch.cancel()
        for call in (health.Check, lambda request: next(health.Watch(request, timeout=20))):
            with pytest.raises(grpc.RpcError) as caught:
                call(too_long)
            assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
            assert "4096" in caught.value.details()

    def test_an_unknown_service_is_not_found(self, health):
        with pytest.raises(grpc.RpcError) as caught:
            health.Check(check("no.such.Service"))
        assert caught.value.code() == grpc.StatusCode.NOT_FOUND

    def test_list_names_every_service_with_its_status(self, health):
        statuses = health.List(health_pb2.HealthListRequest()).statuses
        assert {"", "live", "ready", "larder.v1.Cache"} <= set(statuses)
        assert all(answer.status == SERVING for answer in statuses.values())

    def test_watch_tells_the_status_at_once_and_stays_open(self, health):
        watch = health.Watch(check("larder.v1.Cache"), timeout=1)
        assert next(watch).status == SERVING
        with pytest.raises(grpc.RpcError) as caught:
            next(watch)
        assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED

    def test_watch_of_an_unknown_service_stays_open(self, health):
        watch = health.Watch(check("no.such.Service"), timeout=1)
        assert next(watch).status == SERVICE_UNKNOWN
        with pytest.raises(grpc.RpcError) as caught:
            next(watch)
        assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED

    @pytest.mark.parametrize(
        "service, seen",
        [("live", [SERVING]), ("ready", [SERVING, NOT_SERVING]), ("", [SERVING, NOT_SERVING])],
    )
    def test_a_node_that_stops_is_live_but_not_ready(self, service, seen):
        """Whoever kills what is not live must not kill a node that finishes its calls."""
        with Node() as node, grpc.insecure_channel(node.target) as channel:
            watch = health_pb2_grpc.HealthStub(channel).Watch(check(service), timeout=20)
            statuses = [next(watch).status]
            node.process.terminate()
            with pytest.raises(grpc.RpcError) as caught:
                for answer in watch:
                    statuses.append(answer.status)
        assert statuses == seen
        assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
        assert "shutting down" in caught.value.details()


class TestReflection:
    """v1 through grpcio: the protocol itself, with several questions on one stream."""

    def ask(self, channel, *questions):
        stub = v1_grpc.ServerReflectionStub(channel)
        return list(stub.ServerReflectionInfo(iter(questions), timeout=10))

    def test_each_question_on_a_stream_is_answered_and_echoed(self, channel):
        questions = [
            v1.ServerReflectionRequest(list_services="*"),
            v1.ServerReflectionRequest(file_containing_symbol="larder.v1.Cache.Get"),
            v1.ServerReflectionRequest(file_containing_symbol="larder.v1.Hit"),
            v1.ServerReflectionRequest(file_by_filename="larder/v1/cache.proto"),
        ]
        answers = self.ask(channel, *questions)
        assert [answer.original_request for answer in answers] == questions
        names = {service.name for service in answers[0].list_services_response.service}
        assert SERVICES <= names
        for answer in answers[1:]:
            files = answer.file_descriptor_response.file_descriptor_proto
            assert any(b"larder/v1/cache.proto" in file for file in files)

    def test_an_unknown_symbol_is_an_answer_and_the_stream_goes_on(self, channel):
        unknown, listed = self.ask(
            channel,
            v1.ServerReflectionRequest(file_containing_symbol="no.such.Symbol"),
            v1.ServerReflectionRequest(list_services="*"),
        )
        assert unknown.error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]
        assert listed.list_services_response.service


class TestGrpcurl:
    """With nothing but an address; grpcurl 1.8.6 speaks reflection v1alpha alone."""

    def test_list_names_the_services(self, node):
        assert SERVICES <= set(tool("grpcurl", "-plaintext", node.target, "list").split())

    def test_list_names_the_methods_of_a_service(self, node):
        listed = tool("grpcurl", "-plaintext", node.target, "list", "larder.v1.Cache")
        assert set(listed.split()) == {f"larder.v1.Cache.{method}" for method in METHODS}

    @pytest.mark.parametrize("service", sorted(SERVICES))
    def test_describe_resolves_every_service(self, node, service):
        assert "service " in tool("grpcurl", "-plaintext", node.target, "describe", service)

    def test_describe_shows_fields(self, node):
        shown = tool("grpcurl", "-plaintext", node.target, "describe", "larder.v1.SetRequest")
        assert "oneof condition" in shown and "uint64 if_version = 8" in shown

    def test_a_call_in_json(self, node, cache, key):
        value = base64.b64encode(b"by hand").decode()
        request = json.dumps({"key": key, "value": value, "ttlMs": "60000"})
        call = ("grpcurl", "-plaintext", "-d")
        stored = tool(*call, request, node.target, "larder.v1.Cache/Set")
        assert json.loads(stored)["stored"] is True
        assert cache.Get(pb.GetRequest(key=key)).hit.value == b"by hand"
        got = tool(*call, json.dumps({"key": key}), node.target, "larder.v1.Cache/Get")
        assert json.loads(got)["hit"]["value"] == value

    def test_an_error_shows_its_message(self, node):
        done = subprocess.run(
            [TOOLS / "grpcurl", "-plaintext", "-d", "{}", node.target, "larder.v1.Cache/Get"],
            capture_output=True, text=True, timeout=60,
        )
        assert done.returncode != 0
        assert "InvalidArgument" in done.stderr and "key" in done.stderr.lower()


class TestBuf:
    """buf curl insists on reflection v1 here."""

    def curl(self, node, path, *arguments):
        return tool(
            "buf", "curl", "--protocol", "grpc", "--http2-prior-knowledge",
            "--reflect-protocol", "grpc-v1", *arguments, f"http://{node.target}{path}",
        )

    def test_list_methods(self, node):
        listed = self.curl(node, "", "--list-methods").split()
        assert {f"larder.v1.Cache/{method}" for method in METHODS} <= set(listed)

    def test_a_call_in_json(self, node, key):
        value = base64.b64encode(b"from buf").decode()
        request = json.dumps({"key": key, "value": value})
        stored = self.curl(node, "/larder.v1.Cache/Set", "--data", request)
        assert json.loads(stored)["stored"] is True
        request = json.dumps({"key": key})
        got = self.curl(node, "/larder.v1.Cache/Get", "--data", request)
        assert json.loads(got)["hit"]["value"] == value
