"""Who may call and what for: bearer tokens, roles, namespaces, and nodes that would not ask."""

import hashlib
import os
import time

import grpc
import pytest
from grpc.health.v1 import health_pb2, health_pb2_grpc
from grpc.reflection.v1 import reflection_pb2, reflection_pb2_grpc
from larder.v1 import admin_pb2, admin_pb2_grpc, cache_pb2 as pb, cache_pb2_grpc
from support.failures import failure_of, refused
from support.node import Node, run

UNAUTHENTICATED = grpc.StatusCode.UNAUTHENTICATED
PERMISSION_DENIED = grpc.StatusCode.PERMISSION_DENIED
NOT_FOUND = grpc.StatusCode.NOT_FOUND

# One caller for each role, and one of them by the digest of its token.
TOKENS = {name: f"token-of-{name}-0123456789" for name in ("read", "write", "admin", "peer")}
SESSIONS = "token-of-sessions-0123456789"
FILE = f"""
- {{name: read, token: {TOKENS["read"]}, roles: [read]}}
- {{name: write, token: {TOKENS["write"]}, roles: [write]}}
- name: admin
  token-sha256: {hashlib.sha256(TOKENS["admin"].encode()).hexdigest()}
  roles: [admin]
- {{name: peer, token: {TOKENS["peer"]}, roles: [peer]}}
- {{name: sessions, token: {SESSIONS}, roles: [read, write], namespaces: [sessions]}}
- {{name: ops, certificate: ops.example.com, roles: [admin]}}
"""
NAMESPACES = "namespaces: [{name: sessions}, {name: pages}]"


def bearer(token):
    return (("authorization", f"Bearer {token}"),)


def write_tokens(path, text):
    """Puts a file of tokens that only we can read in the place of another, at once."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.chmod(0o600)
    os.replace(new, path)


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """One of its own, in place of the shared one."""
    folder = tmp_path_factory.mktemp("auth")
    tokens, config = folder / "tokens.yaml", folder / "larder.yaml"
    write_tokens(tokens, FILE)
    config.write_text(NAMESPACES)
    with Node("--config", str(config), "--tokens", str(tokens)) as node:
        yield node


@pytest.fixture(scope="module")
def channel(node):
    with grpc.insecure_channel(node.target) as channel:
        yield channel


@pytest.fixture(scope="module")
def cache(channel):
    return cache_pb2_grpc.CacheStub(channel)


@pytest.fixture(scope="module")
def calls(channel, cache):
    """Every method that takes a role: what to call, with which request, and the role."""
    item = pb.SetRequest(key="k", value=b"1")
    admin = admin_pb2_grpc.AdminStub(channel)
    return {
        "Get": (cache.Get, pb.GetRequest(key="k"), "read"),
        "GetMany": (cache.GetMany, pb.GetManyRequest(keys=["k"]), "read"),
        "Set": (cache.Set, item, "write"),
        "SetMany": (cache.SetMany, pb.SetManyRequest(items=[item]), "write"),
        "Delete": (cache.Delete, pb.DeleteRequest(key="k"), "write"),
        "DeleteMany": (cache.DeleteMany, pb.DeleteManyRequest(keys=["k"]), "write"),
        "Increment": (cache.Increment, pb.IncrementRequest(key="n"), "write"),
        "Touch": (cache.Touch, pb.TouchRequest(key="k"), "write"),
        "GetStatus": (admin.GetStatus, admin_pb2.GetStatusRequest(), "admin"),
    }


METHODS = [
    "Get", "GetMany", "Set", "SetMany", "Delete", "DeleteMany", "Increment", "Touch", "GetStatus",
]


class TestRoles:
    @pytest.mark.parametrize("caller", sorted(TOKENS))
    @pytest.mark.parametrize("method", METHODS)
    def test_a_caller_may_do_what_its_role_is_for_and_nothing_else(self, calls, method, caller):
        call, request, role = calls[method]
        if caller == role:
            call(request, metadata=bearer(TOKENS[caller]))
            return
        failure = refused(
            PERMISSION_DENIED, "ROLE_MISSING", call, request, metadata=bearer(TOKENS[caller])
        )
        assert failure.metadata["role"] == role
        assert failure.metadata["caller"] == caller
        assert f"takes the role {role}, and {caller} has {caller}" in failure.message

    @pytest.mark.parametrize("method", METHODS)
    def test_without_a_token_nothing_is_answered(self, calls, method):
        call, request, _ = calls[method]
        failure = refused(UNAUTHENTICATED, "CREDENTIALS_MISSING", call, request)
        assert "authorization: Bearer TOKEN" in failure.message

    def test_health_is_open_to_all(self, channel):
        health = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest()
        assert health.Check(request).status == health_pb2.HealthCheckResponse.SERVING
        watch = health.Watch(request, timeout=10)
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        watch.cancel()
        # Credentials are not even looked at.
        assert health.Check(request, metadata=bearer("nobodys-token-0123"))

    @pytest.mark.parametrize("caller", sorted(TOKENS))
    def test_reflection_answers_any_caller(self, channel, caller):
        assert reflect(channel, metadata=bearer(TOKENS[caller]))

    def test_reflection_answers_nobody_else(self, channel):
        refused(UNAUTHENTICATED, "CREDENTIALS_MISSING", reflect, channel)
        metadata = bearer("nobodys-token-0123")
        refused(UNAUTHENTICATED, "CREDENTIALS_UNKNOWN", reflect, channel, metadata=metadata)


def reflect(channel, **keywords):
    """The services that the node lists."""
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    request = reflection_pb2.ServerReflectionRequest(list_services="*")
    answers = list(stub.ServerReflectionInfo(iter([request]), timeout=10, **keywords))
    return [service.name for service in answers[0].list_services_response.service]


class TestTokens:
    @pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
    def test_the_case_of_the_scheme_does_not_matter(self, cache, scheme):
        metadata = (("authorization", f"{scheme} {TOKENS['read']}"),)
        cache.Get(pb.GetRequest(key="k"), metadata=metadata)

    @pytest.mark.parametrize("value", ["Basic abc", "Bearer", TOKENS["read"], ""])
    def test_another_scheme_is_no_token(self, cache, value):
        refused(
            UNAUTHENTICATED,
            "CREDENTIALS_MALFORMED",
            cache.Get,
            pb.GetRequest(key="k"),
            metadata=(("authorization", value),),
        )

    def test_every_unknown_token_is_refused_in_the_same_words(self, cache, node):
        real = TOKENS["read"]
        wrong = [real[:-1], real + "x", real.upper(), "x", "y" * 4096, SESSIONS[:-1] + "8"]
        failures = [
            refused(
                UNAUTHENTICATED,
                "CREDENTIALS_UNKNOWN",
                cache.Get,
                pb.GetRequest(key="k"),
                metadata=bearer(token),
            )
            for token in wrong
        ]
        assert len({(f.message, tuple(f.metadata)) for f in failures}) == 1
        shown = failures[0].message + node.log()
        assert not any(token in shown for token in wrong if len(token) > 1)

    def test_callers_take_turns_on_one_connection(self, cache):
        for _ in range(3):
            cache.Get(pb.GetRequest(key="k"), metadata=bearer(TOKENS["read"]))
            cache.Set(pb.SetRequest(key="k"), metadata=bearer(TOKENS["write"]))
            metadata = bearer("nobodys-token-0123")
            refused(
                UNAUTHENTICATED,
                "CREDENTIALS_UNKNOWN",
                cache.Get,
                pb.GetRequest(key="k"),
                metadata=metadata,
            )
            refused(UNAUTHENTICATED, "CREDENTIALS_MISSING", cache.Get, pb.GetRequest(key="k"))


class TestNamespaces:
    def test_a_caller_may_use_the_namespaces_it_was_given(self, cache, key):
        metadata = bearer(SESSIONS)
        cache.Set(pb.SetRequest(key=key, value=b"v", namespace="sessions"), metadata=metadata)
        got = cache.Get(pb.GetRequest(key=key, namespace="sessions"), metadata=metadata)
        assert got.hit.value == b"v"

    def test_others_are_refused_alike_whether_they_exist_or_not(self, cache):
        messages = set()
        for namespace in ("", "pages", "nowhere"):
            requests = {
                cache.Get: pb.GetRequest(key="k", namespace=namespace),
                cache.GetMany: pb.GetManyRequest(keys=["k"], namespace=namespace),
                cache.Set: pb.SetRequest(key="k", namespace=namespace),
                cache.SetMany: pb.SetManyRequest(namespace=namespace),
                cache.Delete: pb.DeleteRequest(key="k", namespace=namespace),
                cache.DeleteMany: pb.DeleteManyRequest(keys=["k"], namespace=namespace),
                cache.Increment: pb.IncrementRequest(key="k", namespace=namespace),
                cache.Touch: pb.TouchRequest(key="k", namespace=namespace),
            }
            for call, request in requests.items():
                failure = refused(
                    PERMISSION_DENIED, "NAMESPACE_DENIED", call, request, metadata=bearer(SESSIONS)
                )
                assert failure.metadata["namespace"] == namespace
                messages.add(failure.message.replace(f'"{namespace}"', "NAME"))
        assert messages == {"sessions may not use the namespace NAME"}

    def test_an_item_of_a_batch_is_held_to_them_too(self, cache, key):
        items = [
            pb.SetRequest(key=key, namespace=namespace)
            for namespace in ("", "sessions", "pages", "nowhere")
        ]
        request = pb.SetManyRequest(namespace="sessions", items=items)
        results = cache.SetMany(request, metadata=bearer(SESSIONS)).results
        assert [result.WhichOneof("result") for result in results] == ["ok", "ok", "error", "error"]
        assert {result.error.reason for result in results[2:]} == {"NAMESPACE_DENIED"}

    def test_a_caller_of_all_learns_that_there_is_none(self, cache):
        request = pb.GetRequest(key="k", namespace="nowhere")
        refused(
            NOT_FOUND, "NAMESPACE_UNKNOWN", cache.Get, request, metadata=bearer(TOKENS["read"])
        )


class TestReload:
    def test_a_new_file_counts_on_connections_that_are_open(self, tmp_path):
        path = tmp_path / "tokens.yaml"
        first, second = "first-token-0123456789", "second-token-0123456789"
        write_tokens(path, f"- {{name: a, token: {first}, roles: [read]}}")
        flags = ["--tokens", str(path), "--reload-interval", "20ms"]
        with Node(*flags) as node, grpc.insecure_channel(node.target) as channel:
            cache = cache_pb2_grpc.CacheStub(channel)
            assert outcome(cache, first) == "OK"
            assert outcome(cache, second) == "CREDENTIALS_UNKNOWN"

            write_tokens(path, f"- {{name: a, token: {second}, roles: [read]}}")
            until(lambda: outcome(cache, second) == "OK")
            assert outcome(cache, first) == "CREDENTIALS_UNKNOWN"

            # A bad file is complained of, and the last good one stays.
            write_tokens(path, f"- {{name: a, token: {first}, roles: [raed]}}")
            until(lambda: "not reloaded, the old one stays in use: tokens" in node.log())
            assert 'no role is named \\"raed\\"' in node.log()
            assert outcome(cache, second) == "OK"
            assert first not in node.log() and second not in node.log()

            write_tokens(path, f"- {{name: a, token: {second}, roles: [write]}}")
            until(lambda: outcome(cache, second) == "ROLE_MISSING")


def outcome(cache, token):
    """OK, or the reason of the refusal."""
    try:
        cache.Get(pb.GetRequest(key="k"), metadata=bearer(token))
    except grpc.RpcError as error:
        return failure_of(error).reason
    return "OK"


def until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(0.02)


class TestStart:
    # Documentation addresses (RFC 5737, RFC 3849): no machine has them, so nothing can listen.
    BEYOND = ["192.0.2.1:7600", "[2001:db8::1]:7600", "larder.invalid:7600", "0.0.0.0:7600"]

    @pytest.mark.parametrize("address", BEYOND)
    def test_a_node_that_would_ask_nobody_is_refused_beyond_this_machine(self, address):
        done = run("serve", "--listen", address)
        assert done.returncode == 64
        for remedy in ("--tokens", "--tls-ca", "--insecure"):
            assert remedy in done.stderr

    def test_one_who_knows_the_network_may_start_it_all_the_same(self):
        for arguments, env in [(["--insecure"], {}), ([], {"LARDER_INSECURE": "true"})]:
            done = run("serve", "--listen", self.BEYOND[0], *arguments, env=env)
            assert done.returncode == 1 and "cannot listen on" in done.stderr
            assert "does not ask who calls" in done.stdout + done.stderr

    def test_tokens_that_cross_the_network_in_plain_text_are_warned_of(self, tmp_path):
        path = tmp_path / "tokens.yaml"
        write_tokens(path, FILE.replace("namespaces: [sessions]", "namespaces: ['']"))
        done = run("serve", "--listen", self.BEYOND[0], "--tokens", str(path))
        assert done.returncode == 1 and "cannot listen on" in done.stderr
        assert "in plain text" in done.stdout + done.stderr

    def test_all_mistakes_in_the_file_are_told_at_once_and_no_token(self, tmp_path):
        path = tmp_path / "tokens.yaml"
        write_tokens(path, "- {name: a b, token: hunter2, roles: [raed]}\n- {name: c}\n")
        done = run("serve", "--tokens", str(path), "--loops", "0")
        assert done.returncode == 64
        assert "6 problems" in done.stderr
        assert f"{path}, line 1: entry 1" in done.stderr
        assert f"{path}, line 2: entry 2 (c): roles is missing" in done.stderr
        assert "hunter2" not in done.stderr

    def test_a_file_that_others_can_read_is_warned_of(self, tmp_path):
        path = tmp_path / "tokens.yaml"
        path.write_text(FILE.replace("namespaces: [sessions]", "namespaces: ['']"))
        path.chmod(0o644)
        with Node("--tokens", str(path)) as node:
            assert "can be read by every user" in node.log()
            assert "chmod o-r" in node.log()


class TestCommandLine:
    @pytest.fixture
    def token_file(self, tmp_path):
        def write(token):
            path = tmp_path / "token"
            path.write_text(token + "\n")
            return str(path)

        return write

    def test_the_token_comes_from_a_file(self, node, token_file, key):
        target = ["--target", node.target]
        stored = run("set", key, "v", *target, "--token-file", token_file(TOKENS["write"]))
        assert stored.returncode == 0, stored.stderr
        got = run("get", key, *target, "--token-file", token_file(TOKENS["read"]))
        assert (got.returncode, got.stdout) == (0, "v")
        status = run("status", *target, "--token-file", token_file(TOKENS["admin"]))
        assert status.returncode == 0, status.stderr

    def test_a_refusal_says_what_is_missing(self, node, token_file):
        target = ["--target", node.target]
        none = run("get", "k", *target)
        assert none.returncode == 70 and "UNAUTHENTICATED" in none.stderr
        assert "CREDENTIALS_MISSING" in none.stderr
        wrong = run("get", "k", *target, "--token-file", token_file(TOKENS["admin"]))
        assert wrong.returncode == 70 and "takes the role read" in wrong.stderr

    def test_a_file_that_is_not_there_is_told(self, node):
        done = run("get", "k", "--target", node.target, "--token-file", "/nonexistent")
        assert done.returncode == 74
        assert "--token-file: /nonexistent cannot be read: No such file" in done.stderr

    def test_a_load_is_put_on_a_node_that_asks(self, node, token_file):
        done = run(
            "bench", "--target", node.target, "--token-file", token_file(TOKENS["read"]),
            "--mix", "get=1", "--connections", "2", "--duration", "200ms", "--warmup", "0",
            "--json", "--quiet",
        )
        assert done.returncode == 0, done.stderr
        assert "PERMISSION_DENIED" not in done.stdout and "UNAUTHENTICATED" not in done.stdout
