"""Nodes that differ from the others, and such as are none: each is told of, and does no harm."""

import json
import signal
import time

import grpc
import pytest
from larder.v1 import cache_pb2 as pb, peer_pb2_grpc
from support.etcd import PROGRAMS, Etcd, name_of
from support.failures import refused
from support.members import SHORT, SOON, Members, check_all_ways, get, put
from support.node import Node, run, wait_until
from support.pages import fetch, scrape

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE
HOUR_MS = 3_600_000


def test_a_node_of_another_version_takes_part_and_is_shown_with_it(members):
    record, lease = members.record(2)
    # As a later one might write its record: with fields that this one does not know.
    later = record | {"version": "9.9.9", "colour": {"is": ["blue"]}, "layers": 7}
    members.etcd.put(
        f"{members.prefix}nodes/{members.id(2)}", json.dumps(later), lease=lease)

    def is_seen():
        shown = {m.id: m.version for m in members.cluster(0).members}
        return shown[members.id(2)] == "9.9.9"

    wait_until(is_seen, "the version is seen")
    status = run("status", "--json", "--target", members.id(0))
    versions = {m["id"]: m["version"] for m in json.loads(status.stdout)["cluster"]["members"]}
    assert versions[members.id(2)] == "9.9.9" != versions[members.id(0)]
    # Whoever looks at the log sees it too, when it joins.
    members.wait_for_ring(0, 1, 2)
    check_all_ways(members, range(3), "versions")
    assert members.record(2)[0] == later, "what is unknown is left alone"


# ---- clocks


def tell_clock(members, at, milliseconds, key):
    """Makes a call as a peer whose clock shows that time."""
    version = milliseconds << 16
    stub = peer_pb2_grpc.PeerStub(members.channel(at))
    return stub.Get(
        pb.GetRequest(key=key), timeout=SOON,
        metadata=(("larder-clock", f"{version};a-stranger"),)), version


def test_a_clock_that_is_minutes_ahead_is_followed(members):
    """Versions grow from one node to the next, whatever their clocks say."""
    mine, other = (members.key_of(owner, "ahead", range(3)) for owner in (0, 1))
    ahead = int(time.time() * 1_000) + 10 * 60_000
    _, theirs = tell_clock(members, 0, ahead, mine)
    first = put(members.cache(0), mine).version
    assert first > theirs
    # Node 0 has told node 1 with the call that it has passed on.
    wait_until(
        lambda: put(members.cache(0), other).version > first, "the clock has come to the next")
    assert get(members.cache(2), mine).hit.value == b"v"
    check_all_ways(members, range(3), "ahead")


def test_a_clock_that_is_hours_ahead_is_refused_and_named(members):
    mine = members.key_of(0, "far ahead", range(3))
    now = int(time.time() * 1_000)
    _, theirs = tell_clock(members, 0, now + 3 * HOUR_MS, mine)
    version = put(members.cache(0), mine).version
    assert version < theirs and (version >> 16) - now < HOUR_MS
    log = members.nodes[0].log()
    assert "the clock of another node is too far ahead and is not followed: set it right" in log
    assert "a-stranger" in log
    check_all_ways(members, range(3), "far ahead")


# ---- who is let in


@pytest.mark.parametrize("program", PROGRAMS, ids=name_of)
def test_etcd_with_users_is_joined_with_a_password_and_not_with_another(
    cluster_name, program, tmp_path
):
    def flags(password):
        file = tmp_path / password
        file.write_text(password + "\n")
        file.chmod(0o600)
        return ["--etcd-user", "larder", "--etcd-password-file", str(file)]

    with Etcd(program=program) as etcd:
        etcd.enable_users("larder", "secret", "/larder/")
        with Members(etcd, cluster_name, 2, *flags("secret")) as members:
            check_all_ways(members, range(2), "users")
            with Node(
                "--etcd", etcd.address, "--cluster", cluster_name, *SHORT, *flags("wrong")
            ) as node:
                wait_until(lambda: "authentication failed" in node.log(), "it is told why")
                assert etcd.address in node.log() and "secret" not in node.log()
                assert fetch(node, "/ready").status == 503
                # Who sets it right need not restart the node.
                (tmp_path / "wrong").write_text("secret\n")
                node.process.send_signal(signal.SIGHUP)
                wait_until(lambda: fetch(node, "/ready").status == 200, "it has joined")
            with Node("--etcd", etcd.address, "--cluster", cluster_name, *SHORT) as node:
                wait_until(lambda: "user name is empty" in node.log(), "it is told why")
                assert fetch(node, "/ready").status == 503
            members.wait_for_ring(0, 1)
            check_all_ways(members, range(2), "users still")


def test_who_is_no_peer_is_refused_and_told_of(etcd, cluster_name, tmp_path):
    tokens, token = tmp_path / "tokens.yaml", tmp_path / "token"
    tokens.write_text(
        "- {name: app, token: token-of-app-0123456789, roles: [read, write, admin]}\n"
        "- {name: node, token: token-of-node-0123456789, roles: [peer]}\n")
    token.write_text("token-of-node-0123456789\n")
    for file in (tokens, token):
        file.chmod(0o600)
    app = (("authorization", "Bearer token-of-app-0123456789"),)
    shown = tmp_path / "shown"
    shown.write_text("token-of-node-0123456789\n")
    shown.chmod(0o600)
    with Members(etcd, cluster_name, 0, "--tokens", str(tokens)) as members:
        members.add("--peer-token-file", str(token))
        members.add("--peer-token-file", str(shown))
        for node in members.nodes:
            wait_until(
                lambda: scrape(node).values.get(
                    ("larder_cluster_members", (("state", "active"),))) == 2,
                "the nodes know each other")
        # One that the others refuse cannot join. This one has joined, and shows something else then.
        shown.write_text("token-of-app-0123456789\n")
        members.nodes[1].process.send_signal(signal.SIGHUP)
        wait_until(
            lambda: "credentials for other nodes" in members.nodes[1].log(), "it is read anew")
        key = members.key_of(0, "peer", range(2))
        stub = peer_pb2_grpc.PeerStub(members.channel(0))
        refused(
            grpc.StatusCode.UNAUTHENTICATED, "CREDENTIALS_MISSING", stub.Get,
            pb.GetRequest(key=key))
        refused(
            grpc.StatusCode.PERMISSION_DENIED, "ROLE_MISSING", stub.Get, pb.GetRequest(key=key),
            metadata=app)
        # A node that shows what is no peer's: its client is told, and so is its log.
        failure = refused(
            UNAVAILABLE, "PEER_REFUSED", members.cache(1).Get, pb.GetRequest(key=key),
            metadata=app)
        assert "does not take forwards from this node" in failure.message
        assert "peer-token-file" in failure.message
        log = members.nodes[1].log()
        assert "peer refuses this node" in log and members.id(0) in log
        # Who is refused is counted where that happens.
        counts = {
            dict(labels)["grpc_status"]: value
            for (name, labels), value in scrape(members.nodes[0]).values.items()
            if name == "grpc_server_call_duration_seconds_count"
            and dict(labels)["grpc_method"] == "larder.v1.Peer/Get"}
        assert counts == {"UNAUTHENTICATED": 1, "PERMISSION_DENIED": 2}
