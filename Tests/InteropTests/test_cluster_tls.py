"""Nodes that call each other within TLS, with certificates on both sides and a token; and one without."""

import os
import pathlib
import shutil

import grpc
import pytest
from larder.v1 import cache_pb2 as pb, cache_pb2_grpc
from support.certificates import CLIENT, SERVER, Authority
from support.failures import refused
from support.node import Node, free_port, wait_until
from support.ring import owner_of
from support.tls import channel

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE
APP, NODE, OTHER = (f"token-of-{name}-0123456789" for name in ("app", "node", "other"))


class Pair:
    """What two nodes of a cluster are given, in files that a test can replace."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.authority = Authority(folder, "ca")
        self.stranger = Authority(folder, "stranger")
        self.identity = self.authority.issue("node", usage=(SERVER, CLIENT))
        self.ports = [free_port(), free_port()]
        self.addresses = [f"127.0.0.1:{port}" for port in self.ports]
        self.tokens = self.write(
            "tokens.yaml",
            f"- {{name: app, token: {APP}, roles: [read, write]}}\n"
            f"- {{name: node, token: {NODE}, roles: [peer]}}\n")

    def write(self, name, text):
        """Renamed into place, as tools that renew credentials do."""
        path, new = self.folder / name, self.folder / f"{name}.new"
        new.write_text(text)
        new.chmod(0o600)
        os.replace(new, path)
        return str(path)

    def flags(self, index, token=NODE, identity=None, authority=None):
        """The files of one node are its own."""
        identity, authority = identity or self.identity, authority or self.authority
        files = {"cert": identity.cert, "key": identity.key, "ca": authority.cert}
        for name, source in files.items():
            shutil.copy(source, self.folder / f"{name}{index}")
        flags = ["--peers", ",".join(self.addresses), "--tokens", self.tokens, "--loops", "1"]
        flags += ["--reload-interval", "50ms"]
        for name in files:
            flags += [f"--tls-{name}", str(self.folder / f"{name}{index}")]
        return flags + ["--peer-token-file", self.write(f"token{index}", token + "\n")]

    def start(self, index, **how):
        return Node(*self.flags(index, **how), port=self.ports[index])

    def cache(self, node):
        return cache_pb2_grpc.CacheStub(channel(node.target, self.authority.pem, self.identity))

    def key_of(self, index):
        return next(
            f"k{number}" for number in range(1000)
            if owner_of(f"k{number}", self.addresses) == index)


@pytest.fixture
def pair(tmp_path):
    return Pair(tmp_path)


def get(cache, name, **how):
    return cache.Get(
        pb.GetRequest(key=name), metadata=(("authorization", f"Bearer {APP}"),), timeout=10, **how)


def put(cache, name, value):
    return cache.Set(
        pb.SetRequest(key=name, value=value), metadata=(("authorization", f"Bearer {APP}"),),
        timeout=10)


def comes(cache, name):
    try:
        return get(cache, name)
    except grpc.RpcError:
        return None


def test_what_is_set_at_one_node_is_read_at_the_other(pair):
    with pair.start(0) as first, pair.start(1) as second:
        caches = [pair.cache(first), pair.cache(second)]
        for owner in (0, 1):
            name = pair.key_of(owner)
            for at in (0, 1):
                assert put(caches[at], name, b"from %d" % at).stored
                assert [get(cache, name).hit.value for cache in caches] == [b"from %d" % at] * 2


def test_a_node_with_the_wrong_token_is_refused_by_name_and_does_no_harm(pair):
    with pair.start(0) as first, pair.start(1, token=OTHER) as second:
        caches = [pair.cache(first), pair.cache(second)]
        failure = refused(UNAVAILABLE, "PEER_REFUSED", get, caches[1], pair.key_of(0))
        assert OTHER not in failure.message
        wait_until(lambda: "peer refuses this node" in second.log(), "the refusal is told")
        assert first.target in second.log() and OTHER not in second.log()
        # Told once, however many calls are refused.
        refused(UNAVAILABLE, "PEER_REFUSED", put, caches[1], pair.key_of(0), b"w")
        assert second.log().count("peer refuses this node") == 1
        # The other way, and what each owns, is as it was.
        for name in (pair.key_of(0), pair.key_of(1)):
            put(caches[0], name, b"v")
            assert get(caches[0], name).hit.value == b"v"
        assert get(caches[1], pair.key_of(1)).hit.value == b"v"


@pytest.mark.parametrize("which", ["identity", "authority"])
def test_a_node_of_another_authority_is_refused_in_the_handshake_and_does_no_harm(pair, which):
    """By the certificate that it shows, or because it does not trust the one that it is shown."""
    strange = pair.stranger.issue("strange", usage=(SERVER, CLIENT))
    how = {"identity": {"identity": strange}, "authority": {"authority": pair.stranger}}[which]
    with pair.start(0) as first:
        with pair.start(1, **how) as second:
            mine, others = pair.key_of(0), pair.key_of(1)
            cache = pair.cache(first)
            put(cache, mine, b"v")
            refused(UNAVAILABLE, "OWNER_UNREACHABLE", get, cache, others)
            wait_until(lambda: "peer cannot be reached" in first.log(), "the failure is told")
            assert second.target in first.log()
            assert get(cache, mine).hit.value == b"v"


def test_a_token_and_a_certificate_that_are_renewed_are_used_without_a_restart(pair):
    with pair.start(0) as first, pair.start(1, token=OTHER) as second:
        caches = [pair.cache(first), pair.cache(second)]
        name = pair.key_of(0)
        put(caches[0], name, b"v")
        refused(UNAVAILABLE, "PEER_REFUSED", get, caches[1], name)
        pair.write("token1", NODE)
        wait_until(lambda: comes(caches[1], name), "the new token is used")
        assert "reloaded: credentials for other nodes" in second.log()
        # A file that is no token is told, and the old one stays in use.
        pair.write("token1", "no token\n")
        wait_until(lambda: "not reloaded" in second.log(), "the refusal is told")
        assert get(caches[1], name).hit.value == b"v"


def test_a_renewed_certificate_is_shown_to_other_nodes(pair):
    strange = pair.stranger.issue("strange", usage=(SERVER, CLIENT))
    with pair.start(0), pair.start(1, identity=strange) as second:
        name = pair.key_of(0)
        # The clients of the second node trust whom it shows; the first node does not.
        made = channel(second.target, pair.stranger.pem, pair.identity)
        with made:
            cache = cache_pb2_grpc.CacheStub(made)
            refused(UNAVAILABLE, "OWNER_UNREACHABLE", get, cache, name)
            for file, source in (("key1", pair.identity.key), ("cert1", pair.identity.cert)):
                shutil.copy(source, pair.folder / file)
            # Over the connection that the client has from before.
            wait_until(lambda: comes(cache, name), "the first node lets it in")
