"""grpc.channelz.v1 as grpcdebug and its like use it: who is connected, and what they have done."""

import contextlib
import json
import pathlib
import socket
import subprocess
import sys
import time

import grpc
import pytest
from grpc.channelz.v1 import channelz_pb2 as z, channelz_pb2_grpc
from grpc.reflection.v1 import reflection_pb2, reflection_pb2_grpc
from larder.v1 import cache_pb2 as pb, cache_pb2_grpc
from support.cluster import Cluster
from support.failures import refused
from support.http2 import Connection, call_headers, message
from support.node import Node, wait_until

SERVICE = "grpc.channelz.v1.Channelz"
TOOLS = pathlib.Path(sys.executable).parent
NOT_FOUND = grpc.StatusCode.NOT_FOUND
UNKNOWN_ID = 1 << 40


@pytest.fixture(scope="module")
def node():
    """One of its own, in place of the shared one: nobody else's calls are counted."""
    with Node() as node:
        yield node


@pytest.fixture(scope="module")
def channelz(channel):
    return channelz_pb2_grpc.ChannelzStub(channel)


@pytest.fixture(scope="module")
def channel(node):
    with grpc.insecure_channel(node.target) as channel:
        yield channel


@pytest.fixture(scope="module")
def server_id(channelz):
    (server,) = channelz.GetServers(z.GetServersRequest()).server
    return server.ref.server_id


@pytest.fixture
def connection(node):
    with Connection(node.port) as connection:
        yield connection


def get(connection, stream, key):
    """A Get on a connection made by hand, answered."""
    connection.headers(stream, call_headers("/larder.v1.Cache/Get"))
    request = pb.GetRequest(key=key).SerializeToString()
    connection.data(stream, message(request), end_stream=True)
    return connection.reply(stream)


def sockets(channelz, server_id, **page):
    return channelz.GetServerSockets(z.GetServerSocketsRequest(server_id=server_id, **page))


def ref_of(channelz, server_id, connection):
    """The reference to the socket whose other end is the connection."""
    mine = " - 127.0.0.1:%d" % connection.socket.getsockname()[1]

    def find():
        refs = sockets(channelz, server_id).socket_ref
        return next((ref for ref in refs if ref.name.endswith(mine)), None)

    return wait_until(find, f"a socket named ...{mine}")


class TestServers:
    def test_a_node_is_one_server_that_names_where_it_listens(self, channelz, node):
        answer = channelz.GetServers(z.GetServersRequest())
        assert answer.end and len(answer.server) == 1
        assert answer.server[0].ref.name == node.target
        (listener,) = answer.server[0].listen_socket
        shown = channelz.GetSocket(z.GetSocketRequest(socket_id=listener.socket_id)).socket
        assert shown.ref == listener
        assert shown.local.tcpip_address.port == node.port
        assert not shown.HasField("remote")

    def test_servers_before_the_start_of_a_page_are_left_out(self, channelz, server_id):
        answer = channelz.GetServers(z.GetServersRequest(start_server_id=server_id + 1))
        assert answer.end and not answer.server
        answer = channelz.GetServers(z.GetServersRequest(start_server_id=server_id))
        assert [server.ref.server_id for server in answer.server] == [server_id]

    def test_its_counters_move_by_exactly_what_was_called(self, channelz, channel, server_id):
        cache = cache_pb2_grpc.CacheStub(channel)
        request = z.GetServerRequest(server_id=server_id)
        before = channelz.GetServer(request).server.data
        for _ in range(3):
            cache.Get(pb.GetRequest(key="absent"))
        refused(
            grpc.StatusCode.INVALID_ARGUMENT, "KEY_EMPTY", cache.Get, pb.GetRequest(key=""))
        called_at = time.time()
        after = channelz.GetServer(request).server.data
        # GetServer is a call too: the first one had begun, and has ended since.
        assert after.calls_started - before.calls_started == 3 + 1 + 1
        assert after.calls_succeeded - before.calls_succeeded == 3 + 1
        assert after.calls_failed - before.calls_failed == 1
        assert abs(after.last_call_started_timestamp.ToNanoseconds() / 1e9 - called_at) < 5


class TestSockets:
    def test_pages_give_every_socket_once_in_the_order_of_ids(self, channelz, node, server_id):
        with contextlib.ExitStack() as stack:
            opened = [stack.enter_context(Connection(node.port)) for _ in range(5)]
            expected = {ref_of(channelz, server_id, one).socket_id for one in opened}
            found, ends, start = [], [], 0
            while True:
                page = sockets(channelz, server_id, start_socket_id=start, max_results=2)
                ids = [ref.socket_id for ref in page.socket_ref]
                assert 1 <= len(ids) <= 2
                found += ids
                ends.append(page.end)
                if page.end:
                    break
                start = ids[-1] + 1
            assert found == sorted(set(found))
            # The sixth is ours, by which we ask.
            assert expected < set(found) and len(ends) >= 3

    def test_a_page_that_is_just_full_is_the_end(self, channelz, server_id, connection):
        ref_of(channelz, server_id, connection)
        everything = sockets(channelz, server_id)
        count = len(everything.socket_ref)
        assert everything.end and count >= 2
        assert sockets(channelz, server_id, max_results=count).end
        assert not sockets(channelz, server_id, max_results=count - 1).end

    def test_a_page_longer_than_the_longest_is_cut_and_no_error(self, channelz, server_id):
        assert sockets(channelz, server_id, max_results=(1 << 63) - 1).end

    def test_a_negative_page_is_refused(self, channelz, server_id):
        request = z.GetServerSocketsRequest(server_id=server_id, max_results=-1)
        code = grpc.StatusCode.INVALID_ARGUMENT
        failure = refused(code, "MAX_RESULTS_NEGATIVE", channelz.GetServerSockets, request)
        assert "-1" in failure.message

    def test_a_socket_shows_both_ends_and_what_went_through_it(
        self, channelz, node, server_id, connection
    ):
        request = z.GetSocketRequest(socket_id=ref_of(channelz, server_id, connection).socket_id)
        fresh = channelz.GetSocket(request).socket
        for end, port in (
            (fresh.local, node.port), (fresh.remote, connection.socket.getsockname()[1])
        ):
            assert end.tcpip_address.ip_address == socket.inet_aton("127.0.0.1")
            assert end.tcpip_address.port == port
        assert not fresh.HasField("security"), "plaintext"
        assert (fresh.data.streams_started, fresh.data.messages_received) == (0, 0)
        assert not fresh.data.HasField("last_remote_stream_created_timestamp")

        called_at = time.time()
        assert get(connection, 1, "absent").grpc_status == 0
        assert get(connection, 3, "absent").grpc_status == 0
        assert get(connection, 5, "").grpc_status == grpc.StatusCode.INVALID_ARGUMENT.value[0]
        data = channelz.GetSocket(request).socket.data
        assert data.streams_started == 3
        assert (data.messages_received, data.messages_sent) == (3, 2)
        assert data.local_flow_control_window.value > 0
        assert data.remote_flow_control_window.value > 0
        for moment in (
            data.last_remote_stream_created_timestamp,
            data.last_message_sent_timestamp,
            data.last_message_received_timestamp,
        ):
            assert abs(moment.ToNanoseconds() / 1e9 - called_at) < 5
        assert not data.HasField("last_local_stream_created_timestamp"), "a server opens none"

    def test_streams_that_end_well_succeed_and_those_that_are_reset_fail(
        self, channelz, server_id, connection
    ):
        request = z.GetSocketRequest(socket_id=ref_of(channelz, server_id, connection).socket_id)
        assert get(connection, 1, "absent").grpc_status == 0
        connection.headers(3, call_headers("/larder.v1.Cache/Get"))
        connection.send(b"\0\0\4\3\0\0\0\0\3\0\0\0\x08")  # RST_STREAM of stream 3: CANCEL.

        def settled():
            data = channelz.GetSocket(request).socket.data
            done = data.streams_succeeded + data.streams_failed
            return data if (data.streams_started, done) == (2, 2) else None

        data = wait_until(settled, "two streams that have ended")
        assert (data.streams_succeeded, data.streams_failed) == (1, 1)

    def test_a_socket_that_was_closed_is_unknown(self, channelz, node, server_id):
        with Connection(node.port) as connection:
            ref = ref_of(channelz, server_id, connection)
        wait_until(
            lambda: ref not in sockets(channelz, server_id).socket_ref, "the socket is gone")
        request = z.GetSocketRequest(socket_id=ref.socket_id)
        refused(NOT_FOUND, "CHANNELZ_ID_UNKNOWN", channelz.GetSocket, request)


class TestWhatIsNotThere:
    def test_a_node_that_calls_nobody_has_no_channels(self, channelz):
        answer = channelz.GetTopChannels(z.GetTopChannelsRequest())
        assert answer.end and not answer.channel

    @pytest.mark.parametrize(
        "method, kind, request_type, field",
        [
            ("GetServer", "server", z.GetServerRequest, "server_id"),
            ("GetServerSockets", "server", z.GetServerSocketsRequest, "server_id"),
            ("GetChannel", "channel", z.GetChannelRequest, "channel_id"),
            ("GetSubchannel", "subchannel", z.GetSubchannelRequest, "subchannel_id"),
            ("GetSocket", "socket", z.GetSocketRequest, "socket_id"),
        ],
    )
    @pytest.mark.parametrize("id", [UNKNOWN_ID, 0, -1])
    def test_an_unknown_id_is_not_found_and_named(
        self, channelz, method, kind, request_type, field, id
    ):
        call = getattr(channelz, method)
        failure = refused(NOT_FOUND, "CHANNELZ_ID_UNKNOWN", call, request_type(**{field: id}))
        assert failure.metadata == {"kind": kind, "id": str(id)}
        assert f"{kind} {id}" in failure.message


def test_reflection_lists_it_and_knows_its_methods(channel):
    questions = [
        reflection_pb2.ServerReflectionRequest(list_services="*"),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol=f"{SERVICE}.GetSocket"),
    ]
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    listed, file = stub.ServerReflectionInfo(iter(questions), timeout=10)
    assert SERVICE in [service.name for service in listed.list_services_response.service]
    assert file.file_descriptor_response.file_descriptor_proto


def test_where_callers_have_roles_it_takes_the_role_admin(tmp_path):
    roles = ("read", "write", "admin", "peer")
    tokens = tmp_path / "tokens.yaml"
    tokens.write_text(
        "".join(f"- {{name: {r}, token: token-of-{r}-0123456789, roles: [{r}]}}\n" for r in roles))
    tokens.chmod(0o600)
    with Node("--tokens", str(tokens)) as node, grpc.insecure_channel(node.target) as channel:
        call, request = channelz_pb2_grpc.ChannelzStub(channel).GetServers, z.GetServersRequest()
        refused(grpc.StatusCode.UNAUTHENTICATED, "CREDENTIALS_MISSING", call, request)
        for role in roles:
            bearer = (("authorization", f"Bearer token-of-{role}-0123456789"),)
            if role == "admin":
                assert call(request, metadata=bearer).server
            else:
                denied = grpc.StatusCode.PERMISSION_DENIED
                refused(denied, "ROLE_MISSING", call, request, metadata=bearer)


def ask_by_grpcurl(node, method, **request):
    done = subprocess.run(
        [str(TOOLS / "grpcurl"), "-plaintext", "-d", json.dumps(request), node.target,
         f"{SERVICE}/{method}"],
        capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_connections_to_other_nodes_are_channels_with_sockets():
    with Cluster(2, "--loops", "1") as cluster:
        first, second = cluster.nodes
        name = cluster.keys_of(1, 1, "channelz")[0]
        for _ in range(3):
            cluster.cache(0).Get(pb.GetRequest(key=name))
        (shown,) = ask_by_grpcurl(first, "GetTopChannels")["channel"]
        assert shown["data"]["target"] == second.target
        assert shown["data"]["state"] == {"state": "READY"}
        assert shown["data"]["callsStarted"] == shown["data"]["callsSucceeded"] == "3"
        (socket_ref,) = shown["socketRef"]
        assert second.target in socket_ref["name"]
        found = ask_by_grpcurl(first, "GetSocket", socket_id=socket_ref["socketId"])["socket"]
        assert found["remote"]["tcpipAddress"]["port"] == second.port
        assert found["data"]["streamsStarted"] == "3"
        (again,) = [ask_by_grpcurl(
            first, "GetChannel", channel_id=shown["ref"]["channelId"])["channel"]]
        assert again["data"]["target"] == second.target
