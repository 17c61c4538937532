"""The fixtures: one node for all tests that leave it alive, a channel to it, and its stubs."""

import contextlib
import functools
import pathlib
import re
import sys

import grpc
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from support import stubs  # noqa: E402

stubs.generate()
pytest.register_assert_rewrite(
    "support.failures", "support.members", "support.node", "support.http2", "support.pages",
    "support.tls")

from larder.v1 import admin_pb2_grpc, cache_pb2_grpc  # noqa: E402
from support.etcd import DEBIAN, Etcd  # noqa: E402
from support.members import Members  # noqa: E402
from support.node import Node  # noqa: E402


@pytest.fixture(scope="session")
def node():
    with Node() as node:
        yield node


@pytest.fixture(scope="session")
def channel(node):
    """As any client opens it: with the defaults of gRPC, its limit of 4 MiB a message too."""
    with grpc.insecure_channel(node.target) as channel:
        grpc.channel_ready_future(channel).result(timeout=60)
        yield channel


@pytest.fixture(scope="session")
def cache(channel):
    return cache_pb2_grpc.CacheStub(channel)


@pytest.fixture(scope="session")
def admin(channel):
    return admin_pb2_grpc.AdminStub(channel)


@pytest.fixture
def key(request):
    """A key that no other test uses."""
    return f"interop/{request.node.name}"


@pytest.fixture(scope="session")
def etcds():
    """Gives one of each program for all clusters whose test leaves it alone."""
    with contextlib.ExitStack() as stack:
        yield functools.cache(lambda program: stack.enter_context(Etcd(program=program)))


@pytest.fixture
def etcd(request, etcds):
    """Debian's, if the test does not name another."""
    return etcds(getattr(request, "param", DEBIAN))


@pytest.fixture
def cluster_name(request):
    """Of a cluster that no other test has, by the same etcd."""
    return re.sub(r"[^\w.-]", "-", request.node.name)[:60]


@pytest.fixture
def members(etcd, cluster_name):
    """Three nodes of a cluster of their own."""
    with Members(etcd, cluster_name, 3) as members:
        yield members


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Shows what the shared node wrote, beside the failure of a test that used it."""
    report = (yield).get_result()
    shared = getattr(item, "funcargs", {}).get("node")
    if report.failed and shared is not None:
        report.sections.append(("larder serve", shared.log()[-4000:]))
