"""A cluster that a real etcd keeps: nodes join, leave and fail. What etcd does to it:
test_cluster_etcd_trouble.py.

The nodes of each test have a cluster of their own, all in one etcd.
"""

import concurrent.futures
import json
import pathlib
import signal
import subprocess
import time

import grpc
import pytest
from grpc.health.v1 import health_pb2, health_pb2_grpc
from larder.v1 import cache_pb2 as pb, peer_pb2
from support.etcd import PROGRAMS, Etcd, name_of
from support.failures import refused
from support.members import LEASE_SECONDS, SHORT, SOON, Members, check_all_ways, get, put
from support.node import Node, binary, environment, free_port, run, wait_until
from support.pages import fetch, scrape
from support.proxy import Proxy
from support.tls import PKI

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE
# What any etcd must do for a cluster.
each_etcd = pytest.mark.parametrize("etcd", PROGRAMS, ids=name_of, indirect=True)


# ---- forming, joining, leaving


@each_etcd
def test_three_nodes_form_and_any_answers_for_any_key(members):
    check_all_ways(members, range(3), "formed")
    for index in range(3):
        cluster = members.cluster(index)
        assert (cluster.name, cluster.standing) == (members.name, "leased")
        assert cluster.epoch.startswith("1.") and 0 < cluster.lease_left_ms <= LEASE_SECONDS * 1_000
        assert abs(sum(m.share_millionths for m in cluster.members) - 1_000_000) <= 3
        record, lease = members.record(index)
        own = next(member for member in cluster.members if member.is_self)
        assert cluster.lease == f"{lease:x}" and own.incarnation == record["incarnation"]
        assert record["address"] == members.id(index) and record["state"] == "active"
        assert (own.membership, own.capacity_bytes) == ("active", 1 << 30)


def test_operators_see_the_cluster(members):
    target = ["--target", members.id(0)]
    status = run("status", *target)
    assert status.returncode == 0, status.stderr
    assert f"cluster {members.name}, epoch 1." in status.stdout and ", leased, " in status.stdout
    rows = [line.split() for line in status.stdout.splitlines() if line.startswith("127.0.0.1:")]
    assert {row[0] for row in rows} == {members.id(index) for index in range(3)}
    leases = {members.id(index): f"{members.record(index)[1]:x}" for index in range(3)}
    assert all({leases[row[0]], "0.1.0"} <= set(row) for row in rows), status.stdout
    whole = json.loads(run("status", "--json", *target).stdout)["cluster"]
    assert {member["id"]: member["lease"] for member in whole["members"]} == leases
    assert [member["suspicions"] for member in whole["members"]] == [0, 0, 0]
    assert whole["standing"] == "leased" and len(whole["members"]) == 3
    key = members.key_of(1, "why", [0, 1, 2])
    assert f"owner    {members.id(1)}" in run("ring", key, *target).stdout
    metrics = scrape(members.nodes[0]).values
    assert metrics["larder_cluster_members", (("state", "active"),)] == 3
    assert metrics["larder_cluster_standing", (("standing", "leased"),)] == 1
    assert metrics["larder_cluster_incarnation", ()] == 1
    assert 0 < metrics["larder_lease_seconds", ()] <= LEASE_SECONDS


@each_etcd
def test_a_node_joins_and_another_leaves_without_a_failed_call(members):
    """Keys change hands, and whoever is the owner then answers every call."""
    names = [f"moving/{number}" for number in range(60)]
    is_over = False

    def load(at):
        failures = []
        while not is_over:
            for key in names:
                try:
                    put(members.cache(at), key)
                    get(members.cache(at), key)
                except grpc.RpcError as error:
                    failures.append((error.code(), error.details()))
        return failures

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        loads = [pool.submit(load, at) for at in (0, 1)]
        try:
            fourth = members.add()
            members.wait_for_ring(0, 1, 2, fourth)
            check_all_ways(members, [0, 1, 2, fourth], "joined")
            members.nodes[2].stop()
            members.wait_for_ring(0, 1, fourth)
        finally:
            is_over = True
        assert [found.result() for found in loads] == [[], []]
    assert members.record(2) == (None, 0), "its lease was given back"
    assert "left the cluster's ring" in members.nodes[2].log()
    check_all_ways(members, [0, 1, fourth], "left")


def test_two_clusters_in_one_etcd_know_nothing_of_each_other(etcd, cluster_name):
    with Members(etcd, cluster_name, 2) as first, Members(etcd, cluster_name + ".b", 2) as second:
        put(first.cache(0), "k", b"first")
        put(second.cache(0), "k", b"second")
        assert get(first.cache(1), "k").hit.value == b"first"
        assert get(second.cache(1), "k").hit.value == b"second"
        assert len(first.cluster(0).members) == len(second.cluster(0).members) == 2


def test_a_node_without_etcd_waits_for_it_and_serves_nobody_meanwhile(cluster_name):
    with Etcd(start=False) as etcd, Members(etcd, cluster_name) as members:
        members.add()
        assert fetch(members.nodes[0], "/ready").status == 503
        assert fetch(members.nodes[0], "/live").status == 200
        health = health_pb2_grpc.HealthStub(members.channel(0))
        check = lambda service: health.Check(  # noqa: E731
            health_pb2.HealthCheckRequest(service=service)).status
        assert check("live") == health_pb2.HealthCheckResponse.SERVING
        for call in (get, put):
            failure = refused(UNAVAILABLE, "NOT_A_MEMBER", call, members.cache(0), "k")
            assert "etcd" in failure.message and failure.pushback_ms > 0
        wait_until(
            lambda: "not in the cluster yet, and serving nothing: " in members.nodes[0].log(),
            "the log says what the node waits for")
        assert etcd.address in members.nodes[0].log()
        status = run("status", "--target", members.id(0)).stdout
        assert f"cluster {cluster_name}, joining, no lease, etcd failures" in status
        assert "\njoining: refuses all calls until it is in its cluster" in status
        # Who asks whether it is ready hears that it is not, and not that nobody knows such a thing.
        for service in ("", "ready", "larder.v1.Cache"):
            assert check(service) == health_pb2.HealthCheckResponse.NOT_SERVING
        assert run("health", "--target", members.id(0)).returncode == 1
        failed = run("get", "k", "--target", members.id(0))
        assert failed.returncode == 70 and "NOT_A_MEMBER" in failed.stderr
        ring = run("ring", "k", "--target", members.id(0))
        assert ring.returncode == 70 and "not in its cluster yet: ask another" in ring.stderr
        # One that never joins stops as well as any other.
        members.nodes[members.add()].stop()
        etcd.start()
        wait_until(
            lambda: fetch(members.nodes[0], "/ready").status == 200, "the node has joined")
        assert check("ready") == health_pb2.HealthCheckResponse.SERVING
        put(members.cache(0), "k")
        assert get(members.cache(0), "k").hit.value == b"v"


# ---- nodes that fail


def test_a_killed_node_is_dropped_when_its_lease_ends(members):
    key = members.key_of(2, "killed", [0, 1, 2])
    put(members.cache(0), key)
    began = time.monotonic()
    members.kill(2)
    members.wait_for_ring(0, 1)
    assert time.monotonic() - began < SOON
    put(members.cache(0), key, b"again")
    assert get(members.cache(1), key).hit.value == b"again"
    check_all_ways(members, [0, 1], "without")


@each_etcd
def test_a_node_that_starts_again_at_once_replaces_its_own_record(members):
    before, _ = members.record(2)
    port = members.nodes[2].port
    key = members.key_of(2, "again", [0, 1, 2])
    first = put(members.cache(0), key).version
    members.kill(2)
    members.add(at=2, port=port)
    wait_until(
        lambda: any(
            m.id == members.id(2) and m.incarnation > before["incarnation"]
            for m in members.cluster(0).members),
        "the others see the new process")
    members.wait_for_ring(0, 1, 2)
    assert get(members.cache(0), key).HasField("miss")
    # Who had the version of the old process must not be taken for one who has the new one's.
    assert put(members.cache(1), key).version > first
    check_all_ways(members, range(3), "third time")


@each_etcd
def test_a_lease_that_is_revoked_behind_a_nodes_back_is_granted_anew(members):
    before, lease = members.record(1)
    members.etcd.revoke(lease)
    wait_until(lambda: members.record(1)[1] not in (0, lease), "it has registered again")
    members.wait_for_ring(0, 1, 2)
    members.wait_for_standing(1, "leased")
    # The process is the same, and so are its entries.
    assert members.record(1)[0]["incarnation"] == before["incarnation"]
    check_all_ways(members, range(3), "revoked")


def test_a_second_node_with_the_same_id_is_refused_and_says_what_to_do(members):
    node_id = members.id(0)
    result = subprocess.run(
        [
            binary(), "serve", "--listen", f"127.0.0.1:{free_port()}", "--admin", "off",
            "--etcd", members.etcd.address, "--cluster", members.name, "--node-id", node_id,
            *SHORT,
        ],
        env=environment(), capture_output=True, text=True, timeout=60)
    assert result.returncode == 1
    assert f"a node with the id {node_id} is registered at {node_id}" in result.stderr
    assert "another node-id" in result.stderr
    members.wait_for_ring(0, 1, 2)
    check_all_ways(members, range(3), "one id")


def test_a_node_that_hangs_is_dropped_and_comes_back(members):
    members.nodes[2].process.send_signal(signal.SIGSTOP)
    members.wait_for_ring(0, 1)
    check_all_ways(members, [0, 1], "hanging")
    members.nodes[2].process.send_signal(signal.SIGCONT)
    members.wait_for_ring(0, 1, 2)
    members.wait_for_standing(2, "leased")
    check_all_ways(members, range(3), "back")


def test_a_node_that_etcd_does_not_hear_from_takes_no_writes_of_its_keys(etcd, cluster_name):
    with Proxy(etcd.port) as proxy, Members(etcd, cluster_name, 2) as members:
        members.add(etcd=proxy.address)
        members.wait_for_ring(0, 1, 2)
        mine = members.key_of(2, "cut off", [0, 1, 2])
        other = members.key_of(0, "cut off", [0, 1, 2])
        for key in (mine, other):
            put(members.cache(2), key)
        proxy.cut()
        members.wait_for_standing(2, "isolated")
        cut_off = members.cache(2)
        failure = refused(UNAVAILABLE, "ISOLATED", put, cut_off, mine)
        assert "etcd" in failure.message and failure.pushback_ms > 0
        assert get(cut_off, mine).hit.stale and get(cut_off, mine).hit.value == b"v"
        batch = cut_off.GetMany(pb.GetManyRequest(keys=[mine, other]), timeout=SOON).results
        assert [result.hit.stale for result in batch] == [True, False]
        results = cut_off.SetMany(
            pb.SetManyRequest(items=[pb.SetRequest(key=mine, value=b"w")]), timeout=SOON).results
        assert results[0].error.reason == "ISOLATED"
        assert scrape(members.nodes[2]).values[
            "larder_cluster_standing", (("standing", "isolated"),)] == 1
        # The others go on without it.
        members.wait_for_ring(0, 1)
        put(members.cache(0), mine, b"newer")
        assert get(members.cache(1), mine).hit.value == b"newer"
        proxy.heal()
        members.wait_for_ring(0, 1, 2)
        members.wait_for_standing(2, "leased")
        check_all_ways(members, range(3), "healed")


# ---- what else is in etcd


def test_records_that_are_none_do_no_harm_and_are_named_in_the_log(members):
    nodes = members.prefix + "nodes/"
    members.etcd.put(nodes + "broken", "{no json")
    members.etcd.put(nodes + "empty", "")
    members.etcd.put(nodes + "a/b", "{}")
    members.etcd.put(nodes + "heavy", json.dumps(
        {"address": "127.0.0.1:1", "state": "active", "incarnation": 1, "weight": 1e9}))
    # Of a later version, which knows more than this one.
    members.etcd.put(nodes + "later", json.dumps(
        {"address": "127.0.0.1:2", "state": "joining", "incarnation": 1, "version": "9.9.9",
         "colour": {"is": "blue"}}))
    wait_until(
        lambda: any(m.id == "later" for m in members.cluster(0).members), "the later one is seen")
    later = next(m for m in members.cluster(0).members if m.id == "later")
    assert (later.membership, later.version, later.points) == ("joining", "9.9.9", 0)
    log = members.nodes[0].log()
    for key in ("broken", "empty", "a/b", "heavy"):
        assert f"{nodes}{key}" in log, log
    check_all_ways(members, range(3), "malformed")
    for key in ("broken", "empty", "a/b", "heavy", "later"):
        members.etcd.delete(nodes + key)
    members.wait_for_ring(0, 1, 2)


# ---- who may call


def test_etcd_is_called_within_tls_and_must_be_of_the_named_authority(cluster_name, tmp_path):
    (tmp_path / "other").mkdir()
    pki, other = PKI(tmp_path), PKI(tmp_path / "other")
    with Etcd(tls=(pki.server.cert, pki.server.key)) as etcd:
        address = f"https://{etcd.address}"
        flags = ["--etcd", address, "--cluster", cluster_name, *SHORT, "--etcd-ca"]
        with Node(*flags, pki.authority.cert) as node:
            wait_until(lambda: fetch(node, "/ready").status == 200, "the node has joined")
        with Node(*flags, other.authority.cert) as node:
            wait_until(lambda: "not in the cluster yet" in node.log(), "it was told why")
            assert fetch(node, "/ready").status == 503
            assert f"cannot connect to {etcd.address}" in node.log()
            # The file is set right, and read anew.
            pathlib.Path(other.authority.cert).write_bytes(
                pathlib.Path(pki.authority.cert).read_bytes())
            node.process.send_signal(signal.SIGHUP)
            wait_until(lambda: fetch(node, "/ready").status == 200, "the node has joined")


def test_nodes_ask_each_other_for_their_leases_with_the_role_of_peers(etcd, cluster_name, tmp_path):
    tokens, token = tmp_path / "tokens.yaml", tmp_path / "token"
    tokens.write_text(
        "- {name: app, token: token-of-app-0123456789, roles: [read, write, admin]}\n"
        "- {name: node, token: token-of-node-0123456789, roles: [peer]}\n")
    token.write_text("token-of-node-0123456789\n")
    for file in (tokens, token):
        file.chmod(0o600)
    flags = ["--tokens", str(tokens), "--peer-token-file", str(token)]
    with Members(etcd, cluster_name, 0, *flags) as members:
        members.add()
        wait_until(lambda: fetch(members.nodes[0], "/ready").status == 200, "the node has joined")
        report = members.channel(0).unary_unary(
            "/larder.v1.Peer/Report", peer_pb2.ReportRequest.SerializeToString,
            peer_pb2.ReportResponse.FromString)
        bearer = lambda who: (  # noqa: E731
            ("authorization", f"Bearer token-of-{who}-0123456789"),)
        refused(
            grpc.StatusCode.PERMISSION_DENIED, "ROLE_MISSING", report, peer_pb2.ReportRequest(),
            metadata=bearer("app"))
        answer = report(peer_pb2.ReportRequest(), metadata=bearer("node"))
        assert answer.node_id == members.id(0) and answer.reaches_etcd
        assert answer.epoch.startswith("1.")


def test_what_others_have_owned_does_not_come_back(members):
    """A node that gets keys back has forgotten what it held under them before."""
    third = members.nodes[2].target
    kept = [members.key_of(2, f"back/{number}", [0, 1, 2]) for number in range(20)]
    members.kill(2)
    members.wait_for_ring(0, 1)
    for key in kept:
        put(members.cache(0), key, b"old")
    members.add(at=2, port=members.nodes[2].port)
    members.wait_for_ring(0, 1, 2)
    assert members.nodes[2].target == third
    for key in kept[:10]:
        put(members.cache(0), key, b"new")
    members.kill(2)
    members.wait_for_ring(0, 1)
    assert [get(members.cache(1), key).HasField("miss") for key in kept] == [True] * 20


def test_a_node_that_was_off_the_ring_without_seeing_it_forgets_what_it_held(members):
    key = members.key_of(2, "tenure", [0, 1, 2])
    put(members.cache(0), key, b"old")
    members.nodes[2].process.send_signal(signal.SIGSTOP)
    members.wait_for_ring(0, 1)
    assert get(members.cache(0), key).HasField("miss")
    put(members.cache(0), key, b"new")
    members.nodes[2].process.send_signal(signal.SIGCONT)
    members.wait_for_ring(0, 1, 2)
    for at in range(3):
        # It has what was written meanwhile from the one that owned its keys.
        assert get(members.cache(at), key).hit.value == b"new"
