"""Namespaces that come, change and are emptied while the node runs."""

import grpc
import pytest
from larder.v1 import admin_pb2 as admin_pb, admin_pb2_grpc, cache_pb2 as pb, cache_pb2_grpc
from support.failures import refused
from support.node import Node, run, wait_until
from support.pages import fetch

SETTINGS = admin_pb.NamespaceSettings


@pytest.fixture(scope="module")
def node():
    with Node("--memory", "64MiB") as node:
        yield node


@pytest.fixture(scope="module")
def channel(node):
    with grpc.insecure_channel(node.target) as channel:
        yield channel


@pytest.fixture(scope="module")
def cache(channel):
    return cache_pb2_grpc.CacheStub(channel)


@pytest.fixture(scope="module")
def admin(channel):
    return admin_pb2_grpc.AdminStub(channel)


@pytest.fixture
def name(request):
    """A namespace that no other test uses."""
    return request.node.name[:100].replace("[", "-").replace("]", "")


def create(admin, name, **settings):
    return admin.CreateNamespace(
        admin_pb.CreateNamespaceRequest(name=name, settings=SETTINGS(**settings)))


def alter(admin, name, **settings):
    return admin.AlterNamespace(
        admin_pb.AlterNamespaceRequest(name=name, settings=SETTINGS(**settings)))


def describe(admin, *names):
    return admin.DescribeNamespaces(admin_pb.DescribeNamespacesRequest(names=names)).namespaces


def flush(admin, name):
    return admin.FlushNamespace(admin_pb.FlushNamespaceRequest(name=name))


def test_a_namespace_is_unknown_until_it_is_made(admin, cache, node, name):
    request = pb.SetRequest(key="key", value=b"v", namespace=name)
    refused(grpc.StatusCode.NOT_FOUND, "NAMESPACE_UNKNOWN", cache.Set, request)
    made = create(admin, name, default_ttl_ms=60_000, value_max_bytes=10)
    assert made.made_at_run_time and made.settings.default_ttl_ms == 60_000
    assert cache.Set(request).stored
    hit = cache.Get(pb.GetRequest(key="key", namespace=name)).hit
    assert 0 < hit.ttl_ms <= 60_000
    request.value = bytes(11)
    refused(grpc.StatusCode.RESOURCE_EXHAUSTED, "VALUE_TOO_LARGE", cache.Set, request)
    assert cache.Get(pb.GetRequest(key="key")).HasField("miss")
    assert f'larder_entries{{namespace="{name}"}} 1\n' in fetch(node, "/metrics").text


def test_a_name_is_made_once(admin, name):
    create(admin, name)
    again = admin_pb.CreateNamespaceRequest(name=name)
    refused(grpc.StatusCode.ALREADY_EXISTS, "NAMESPACE_EXISTS", admin.CreateNamespace, again)
    bad = admin_pb.CreateNamespaceRequest(name="no spaces")
    refused(grpc.StatusCode.INVALID_ARGUMENT, "NAMESPACE_INVALID", admin.CreateNamespace, bad)
    bad = admin_pb.CreateNamespaceRequest(name="x", settings=SETTINGS(memory_share_percent=99))
    refused(grpc.StatusCode.INVALID_ARGUMENT, "NAMESPACE_INVALID", admin.CreateNamespace, bad)
    unknown = admin_pb.AlterNamespaceRequest(name="nobody")
    refused(grpc.StatusCode.NOT_FOUND, "NAMESPACE_UNKNOWN", admin.AlterNamespace, unknown)


def test_settings_change_one_by_one_and_count_at_once(admin, cache, name):
    create(admin, name, default_ttl_ms=60_000)
    altered = alter(admin, name, ttl_max_ms=120_000)
    assert altered.settings.default_ttl_ms == 60_000
    request = pb.SetRequest(key="key", namespace=name, ttl_ms=120_001)
    refused(grpc.StatusCode.INVALID_ARGUMENT, "TTL_TOO_LONG", cache.Set, request)
    alter(admin, name, no_default_ttl=True)
    cache.Set(pb.SetRequest(key="key", namespace=name))
    assert cache.Get(pb.GetRequest(key="key", namespace=name)).hit.ttl_ms == 0
    alter(admin, name, rate_limit=1, rate_limit_burst=1)
    cache.Get(pb.GetRequest(key="key", namespace=name))
    with pytest.raises(grpc.RpcError) as raised:
        for _ in range(50):
            cache.Get(pb.GetRequest(key="key", namespace=name))
    assert raised.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    alter(admin, name, rate_limit=0)
    for _ in range(50):
        cache.Get(pb.GetRequest(key="key", namespace=name))
    (described,) = describe(admin, name)
    assert described.settings.ttl_max_ms == 120_000 and described.status.entries == 1


def fill(cache, name, count=20_000):
    for first in range(0, count, 5_000):
        items = [pb.SetRequest(key=f"key/{n}", value=b"v") for n in range(first, first + 5_000)]
        cache.SetMany(pb.SetManyRequest(items=items, namespace=name))


@pytest.mark.parametrize("policy", ["lru", "lru2", "s3-fifo", "sieve", "w-tinylfu", ""])
def test_entries_stay_when_the_policy_changes(admin, cache, name, policy):
    create(admin, name, policy="lru")
    fill(cache, name)
    assert alter(admin, name, policy=policy, memory_share_percent=10).settings.policy == policy
    keys = [f"key/{n}" for n in range(0, 20_000, 5)]
    results = cache.GetMany(pb.GetManyRequest(keys=keys, namespace=name)).results
    assert all(result.HasField("hit") for result in results)
    # Of the share the next test takes its part.
    alter(admin, name, memory_share_percent=0)


def test_a_flush_empties_at_once_and_memory_comes_back(admin, cache, name):
    create(admin, name)
    fill(cache, name)
    cache.Set(pb.SetRequest(key="key/1", value=b"of the default namespace"))
    flushed = flush(admin, name)
    assert flushed.entries == 20_000
    keys = [f"key/{n}" for n in range(10_000)]
    results = cache.GetMany(pb.GetManyRequest(keys=keys, namespace=name)).results
    assert all(result.HasField("miss") for result in results)
    assert cache.Get(pb.GetRequest(key="key/1")).HasField("hit")
    stored = cache.Set(pb.SetRequest(key="key/1", namespace=name, if_absent=True))
    assert stored.stored and stored.version > flushed.version
    wait_until(lambda: describe(admin, name)[0].status.entries == 1, "the memory is back")
    assert cache.Get(pb.GetRequest(key="key/1", namespace=name)).HasField("hit")
    unknown = admin_pb.FlushNamespaceRequest(name="nobody")
    refused(grpc.StatusCode.NOT_FOUND, "NAMESPACE_UNKNOWN", admin.FlushNamespace, unknown)


def test_what_was_made_survives_a_restart_with_a_snapshot_only(tmp_path):
    def start():
        return Node("--snapshot-dir", str(tmp_path))

    with start() as node, grpc.insecure_channel(node.target) as channel:
        cache, admin = cache_pb2_grpc.CacheStub(channel), admin_pb2_grpc.AdminStub(channel)
        create(admin, "made", policy="lru", default_ttl_ms=600_000)
        cache.Set(pb.SetRequest(key="key", value=b"v", namespace="made"))
    with start() as node, grpc.insecure_channel(node.target) as channel:
        cache, admin = cache_pb2_grpc.CacheStub(channel), admin_pb2_grpc.AdminStub(channel)
        (made,) = describe(admin, "made")
        assert made.made_at_run_time and made.settings.policy == "lru"
        hit = cache.Get(pb.GetRequest(key="key", namespace="made")).hit
        assert hit.value == b"v" and 0 < hit.ttl_ms <= 600_000


def test_a_caller_who_is_kept_to_some_namespaces_may_not_use_a_new_one(tmp_path):
    tokens = tmp_path / "tokens.yaml"
    tokens.write_text(
        "- {name: boss, token: boss-token-0123456789, roles: [admin, read, write]}\n"
        "- {name: web, token: web-token-0123456789, roles: [read], namespaces: ['']}\n")
    tokens.chmod(0o600)
    with Node("--tokens", str(tokens)) as node, grpc.insecure_channel(node.target) as channel:
        cache, admin = cache_pb2_grpc.CacheStub(channel), admin_pb2_grpc.AdminStub(channel)
        boss = [("authorization", "Bearer boss-token-0123456789")]
        web = [("authorization", "Bearer web-token-0123456789")]
        request = admin_pb.CreateNamespaceRequest(name="made")
        with pytest.raises(grpc.RpcError) as raised:
            admin.CreateNamespace(request, metadata=web)
        assert raised.value.code() == grpc.StatusCode.PERMISSION_DENIED
        admin.CreateNamespace(request, metadata=boss)
        get = pb.GetRequest(key="key", namespace="made")
        assert cache.Get(get, metadata=boss).HasField("miss")
        with pytest.raises(grpc.RpcError) as raised:
            cache.Get(get, metadata=web)
        assert raised.value.code() == grpc.StatusCode.PERMISSION_DENIED


def test_the_commands(node):
    def larder(*arguments):
        done = run("namespace", *arguments, "--target", node.target)
        assert done.returncode == 0, done.stderr
        return done.stdout

    text = larder("create", "by-hand", "--default-ttl", "30m", "--ttl-jitter", "10%",
                  "--policy", "sieve", "--rate-limit", "100000")
    assert "default-ttl   30m" in text and "policy        sieve" in text
    text = larder("alter", "by-hand", "--default-ttl", "none", "--value-max", "64KiB")
    assert "default-ttl   none" in text and "64 KiB" in text.replace("64.0 KiB", "64 KiB")
    assert run("set", "key", "value", "--namespace", "by-hand", "--target", node.target).returncode == 0
    assert "by-hand" in larder("list") and "(default)" in larder("list")
    assert larder("flush", "by-hand") == "flushed 1 entries\n"
    assert "entries" in larder("describe", "by-hand")
    done = run("namespace", "describe", "nobody", "--target", node.target)
    assert done.returncode == 70 and "no namespace" in done.stderr
