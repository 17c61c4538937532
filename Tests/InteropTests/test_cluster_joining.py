"""What a node must be before it gets a share of the ring: reached by its address, and known to its peers."""

import contextlib
import signal

import grpc
import pytest
from grpc.health.v1 import health_pb2, health_pb2_grpc
from support.members import SHORT, Members, check_all_ways
from support.node import Node, free_port, run, wait_until
from support.pages import fetch
from support.proxy import Proxy

NOT_YET = "not in the cluster yet, and serving nothing: "


def joining(members, *flags, port=None):
    """A node of the same cluster, of which nobody knows yet whether it can join."""
    return Node(
        "--etcd", members.etcd.address, "--cluster", members.name, *SHORT, *flags, port=port)


def is_ready(node):
    return fetch(node, "/ready").status == 200


def stays_out(node, members, *indexes):
    """The node says that it is not ready, and the others have no word of it."""
    assert not is_ready(node)
    with grpc.insecure_channel(node.target) as channel:
        answer = health_pb2_grpc.HealthStub(channel).Check(
            health_pb2.HealthCheckRequest(service="ready"), timeout=30)
        assert answer.status == health_pb2.HealthCheckResponse.NOT_SERVING
    members.wait_for_ring(*indexes)
    assert len(members.etcd.keys(members.prefix + "nodes/")) == len(indexes)


@pytest.mark.parametrize("name", [None, "another"])
def test_a_node_that_gives_anothers_address_stays_out_and_does_no_harm(members, name):
    taken = members.id(0)
    flags = ["--node-id", name] if name else []
    before = members.record(0)
    with joining(members, "--advertise", taken, *flags) as node:
        text = f"{NOT_YET}another process, of the node {taken}, answers at {taken}, where"
        wait_until(lambda: text in node.log(), "it is told why")
        assert "--advertise" in node.log()
        stays_out(node, members, 0, 1, 2)
        assert node.log().count(NOT_YET) == 1, "at first, and then rarely"
    assert members.record(0) == before
    check_all_ways(members, range(3), "taken")


def test_a_node_joins_when_its_address_leads_to_it_and_not_before(members):
    port = free_port()
    with Proxy(port) as proxy:
        proxy.refuse()
        with joining(members, "--advertise", proxy.address, port=port) as node:
            wait_until(
                lambda: f"{NOT_YET}nobody answers at {proxy.address}" in node.log(),
                "it is told why")
            assert "connection refused" in node.log() and "check --advertise" in node.log()
            stays_out(node, members, 0, 1, 2)
            # As a name that leads to a container a while after it has started.
            proxy.heal()
            wait_until(lambda: is_ready(node), "it has joined")
            addresses = {member.address for member in members.cluster(0).members}
            assert proxy.address in addresses and len(addresses) == 4


def test_an_address_where_no_node_is_keeps_a_node_out(members):
    with joining(members, "--advertise", members.etcd.address) as node:
        text = f"{NOT_YET}no node of this cluster answers at {members.etcd.address}"
        wait_until(lambda: text in node.log(), "it is told why")
        stays_out(node, members, 0, 1, 2)


def test_a_node_that_starts_again_by_another_name_of_its_address_has_its_id_still(members):
    port = members.nodes[2].port
    members.kill(2)
    # Its record is still there, by the old address, where it is itself who answers now.
    members.add("--advertise", f"localhost:{port}", "--node-id", f"127.0.0.1:{port}", at=2, port=port)
    members.wait_for_ring(0, 1, 2)
    assert members.record(2)[0]["address"] == f"localhost:{port}"


# ---- credentials

APP, PEER = "token-of-app-0123456789", "token-of-node-0123456789"


@pytest.fixture
def files(tmp_path):
    """Writes a file that only its owner may read, and gives its path."""

    def write(name, text):
        path = tmp_path / name
        path.write_text(text)
        path.chmod(0o600)
        return str(path)

    return write


@pytest.fixture
def tokens(files):
    return files(
        "tokens.yaml",
        f"- {{name: app, token: {APP}, roles: [read, write, admin]}}\n"
        f"- {{name: node, token: {PEER}, roles: [peer]}}\n")


@pytest.mark.parametrize("how", ["of no peer", "unknown"])
def test_a_node_that_the_others_refuse_stays_out_until_they_take_it(
    etcd, cluster_name, tokens, files, how
):
    good = files("good", PEER)
    # By the second its own file knows the token, and the others' does not.
    wrong, own = {
        "of no peer": (APP, tokens),
        "unknown": (
            "token-of-nobody-0123456789",
            files(
                "own.yaml",
                "- {name: n, token: token-of-nobody-0123456789, roles: [peer]}\n"
                f"- {{name: node, token: {PEER}, roles: [peer]}}\n")),
    }[how]
    shown = files("shown", wrong)
    with contextlib.ExitStack() as stack:
        members = stack.enter_context(Members(etcd, cluster_name, 0))
        members.add("--tokens", tokens, "--peer-token-file", good)
        wait_until(lambda: is_ready(members.nodes[0]), "the first is alone, and has joined")
        node = stack.enter_context(
            joining(members, "--tokens", own, "--peer-token-file", shown))
        text = f"{NOT_YET}{members.id(0)} does not take this node for a peer"
        wait_until(lambda: text in node.log(), "it is told why")
        assert "--peer-token-file" in node.log() and wrong not in node.log()
        assert not is_ready(node)
        assert len(members.etcd.keys(members.prefix + "nodes/")) == 1
        # The file is set right, and read anew.
        files("shown", PEER)
        node.process.send_signal(signal.SIGHUP)
        wait_until(lambda: is_ready(node), "it has joined")


@pytest.mark.parametrize("others", ["--etcd", "--peers"])
def test_a_node_that_has_nothing_to_show_is_refused_at_once(tokens, others):
    listen = f"127.0.0.1:{free_port()}"
    where = {"--etcd": "127.0.0.1:1", "--peers": f"{listen},127.0.0.1:1"}[others]
    done = run("serve", "--listen", listen, "--admin", "off", "--tokens", tokens, others, where)
    assert done.returncode == 64 and "--peer-token-file" in done.stderr
    assert done.stderr.startswith("larder serve: tokens (")


@pytest.mark.parametrize("setting", ["--peer-token-file", "--etcd-password-file", "--etcd-ca"])
def test_a_file_that_cannot_be_read_is_a_configuration_that_cannot_be_used(setting):
    flags = {"--etcd-password-file": ["--etcd-user", "larder"]}.get(setting, [])
    done = run(
        "serve", "--listen", f"127.0.0.1:{free_port()}", "--admin", "off",
        "--etcd", "https://127.0.0.1:1", *flags, setting, "/nonexistent")
    assert done.returncode == 64, done.stderr
    assert done.stderr.count("larder serve: ") == 1
    assert f'{setting[2:]}: "/nonexistent" cannot be read' in done.stderr


# ---- what else can be wrong


def test_an_etcd_that_is_not_there_is_named_with_the_reason_and_the_remedy(etcd):
    for address, reason in [
        ("http://larder.invalid:2379", "the host name larder.invalid has no address"),
        (f"https://{etcd.address}", "does etcd speak TLS there? http:// is without"),
    ]:
        with Node("--etcd", address, *SHORT) as node:
            wait_until(lambda: NOT_YET in node.log(), "it is told of")
            line = next(line for line in node.log().splitlines() if NOT_YET in line)
            assert address in line and reason in line
            assert "Check --etcd; trying again" in line
            assert not is_ready(node)


def test_an_address_in_use_and_a_weight_below_zero_are_told_in_plain_words():
    with Node() as node:
        done = run("serve", "--listen", node.target, "--admin", "off")
        assert done.returncode == 1
        assert done.stderr.endswith(
            f"larder serve: cannot listen on {node.target}: the address is in use."
            " Choose another address with --listen.\n"), done.stderr
    done = run("serve", "--etcd", "127.0.0.1:1", "--weight", "-1")
    assert done.returncode == 64 and '--weight: "-1" is too small' in done.stderr
