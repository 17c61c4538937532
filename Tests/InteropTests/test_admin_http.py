"""The pages of --admin over plain HTTP: what Prometheus, Kubernetes and a person with curl get."""

import contextlib
import pathlib
import socket
import time

import grpc
import pytest
from larder.v1 import cache_pb2 as pb, cache_pb2_grpc
from support.failures import refused
from support.http2 import Connection, call_headers, message
from support.node import Node, free_port, run, wait_until
from support.pages import fetch, scrape

MIB = 1024 * 1024
STARTED = "grpc_server_call_started_total"
ENDED = "grpc_server_call_duration_seconds_count"
MESSAGES = "larder_grpc_messages_total"
BYTES = "larder_grpc_message_bytes_total"
LIMIT_HITS = "larder_limit_hits_total"
PLAIN = "text/plain; charset=utf-8"
PAGES = ("/", "/metrics", "/live", "/ready")


@pytest.fixture(scope="module")
def node():
    """One of its own, in place of the shared one: nobody else's calls are counted."""
    with Node() as node:
        yield node


@pytest.fixture(scope="module")
def channel(node):
    with grpc.insecure_channel(node.target) as channel:
        yield channel


@pytest.fixture(scope="module")
def cache(channel):
    return cache_pb2_grpc.CacheStub(channel)


def limit_hits(node, limit):
    return scrape(node).value(LIMIT_HITS, limit=limit)


def dial(node):
    """A connection to the admin pages on which nothing was said yet."""
    host, port = node.admin.rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=20)


def read_to_end(connection):
    """All that comes until the node closes the connection, cleanly."""
    return b"".join(iter(lambda: connection.recv(65_536), b"")).decode()


class TestPages:
    @pytest.mark.parametrize(
        "path, text",
        [("/live", "live\n"), ("/ready", "ready\n"), ("/ready?verbose=1", "ready\n")],
    )
    def test_a_node_that_serves_is_live_and_ready(self, node, path, text):
        page = fetch(node, path)
        assert (page.status, page.text) == (200, text)
        assert page.headers["content-type"] == PLAIN

    def test_the_first_page_names_the_others(self, node):
        page = fetch(node, "/")
        assert page.status == 200 and page.headers["content-type"] == PLAIN
        assert {line.split(" ")[0] for line in page.text.split("\n")} >= set(PAGES) - {"/"}

    @pytest.mark.parametrize("path", PAGES)
    def test_nothing_is_cached_and_each_connection_has_one_answer(self, node, path):
        headers = fetch(node, path).headers
        assert (headers["cache-control"], headers["connection"]) == ("no-store", "close")

    @pytest.mark.parametrize("path", PAGES)
    def test_head_is_answered_like_get_without_the_text(self, node, path):
        got, head = fetch(node, path), fetch(node, path, "HEAD")
        assert (head.status, head.text) == (200, "")
        assert head.headers["content-type"] == got.headers["content-type"]
        assert int(head.headers["content-length"]) > 0

    @pytest.mark.parametrize("path", ["/metric", "/metrics/", "/live/x", "//", "/%6cive"])
    def test_a_page_that_is_not_there_is_404_and_names_those_that_are(self, node, path):
        page = fetch(node, path)
        assert page.status == 404
        assert "no such page" in page.text and all(name in page.text for name in PAGES)

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
    def test_a_method_that_is_not_allowed_is_405_and_says_which_are(self, node, method):
        page = fetch(node, "/live", method, body=b"x" if method in ("POST", "PUT") else None)
        assert (page.status, page.headers["allow"]) == (405, "GET, HEAD")
        assert method in page.text and "GET" in page.text

    def test_what_is_not_http_is_told_so(self, node):
        with dial(node) as connection:
            connection.sendall(b"\x16\x03\x01 hello\r\n\r\n")
            assert read_to_end(connection).startswith("HTTP/1.1 400 ")
        assert fetch(node, "/live").status == 200

    @pytest.mark.parametrize("path", PAGES)
    def test_a_client_that_half_closes_after_its_request_is_answered(self, node, path):
        with dial(node) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            connection.shutdown(socket.SHUT_WR)
            answer = read_to_end(connection)
        head, text = answer.split("\r\n\r\n", 1)
        assert head.startswith("HTTP/1.1 200 ")
        assert f"content-length: {len(text.encode())}" in head

    def test_a_client_that_half_closes_inside_its_request_is_told_so(self, node):
        with dial(node) as connection:
            connection.sendall(b"GET /live HTTP/1.1\r\nHost: ")
            connection.shutdown(socket.SHUT_WR)
            assert read_to_end(connection).startswith("HTTP/1.1 400 ")

    def test_a_client_that_goes_without_a_request_is_let_go_at_once(self, node):
        before = limit_hits(node, "admin-timeout")
        with dial(node) as connection:
            connection.shutdown(socket.SHUT_WR)
            assert read_to_end(connection) == ""
        assert limit_hits(node, "admin-timeout") == before

    def test_requests_after_the_first_on_a_connection_are_not_answered(self, node):
        with dial(node) as connection:
            connection.sendall(b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n" * 3)
            assert read_to_end(connection).count("HTTP/1.1 ") == 1


class TestMetrics:
    def test_the_page_is_prometheus_text_and_has_what_alerts_are_made_of(self, node, cache):
        cache.Get(pb.GetRequest(key="absent"))
        metrics = scrape(node)
        assert metrics.kinds["grpc_server_call_duration_seconds"] == "histogram"
        assert metrics.value("larder_memory_limit_bytes") == 1024 * MIB
        assert 0 < metrics.value("larder_memory_used_bytes") < 1024 * MIB
        assert metrics.value("process_resident_memory_bytes") > MIB
        assert 0 <= time.time() - metrics.value("process_start_time_seconds") < 3600
        assert "larder_build_info{version=" in metrics.text
        assert metrics.value("larder_connections") >= 1

    def test_counters_move_by_exactly_what_was_called(self, node, cache, channel):
        get, sets = pb.GetRequest(key="k"), pb.SetRequest(key="k", value=b"v" * 100)
        cache.Get(get)  # The connection is there before the count begins.
        before = scrape(node)
        for _ in range(3):
            cache.Set(sets)
        hits = [cache.Get(get) for _ in range(2)]
        miss = cache.Get(pb.GetRequest(key="a"))
        refused(grpc.StatusCode.INVALID_ARGUMENT, "KEY_EMPTY", cache.Get, pb.GetRequest())
        cache.Delete(pb.DeleteRequest(key="k"))
        for path in ("/larder.v1.Cache/Gte", "/no.such.Service/Get"):
            with pytest.raises(grpc.RpcError) as caught:
                channel.unary_unary(path)(b"")
            assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED
        after = scrape(node)

        prefix = "larder.v1.Cache/"
        started = {f"{prefix}Get": 4, f"{prefix}Set": 3, f"{prefix}Delete": 1, "other": 2}
        assert after.since(before, STARTED, "grpc_method") == started
        assert after.since(before, ENDED, "grpc_method grpc_status") == {
            (f"{prefix}Get", "OK"): 3,
            (f"{prefix}Get", "INVALID_ARGUMENT"): 1,
            (f"{prefix}Set", "OK"): 3,
            (f"{prefix}Delete", "OK"): 1,
            ("other", "UNIMPLEMENTED"): 2,
        }
        messages = after.since(before, MESSAGES, "grpc_method direction")
        assert messages[f"{prefix}Get", "received"] == 4 and messages[f"{prefix}Get", "sent"] == 3
        sizes = after.since(before, BYTES, "grpc_method direction")
        assert sizes[f"{prefix}Set", "received"] == 3 * sets.ByteSize()
        assert sizes[f"{prefix}Get", "received"] == 3 * get.ByteSize()
        assert sizes[f"{prefix}Get", "sent"] == sum(a.ByteSize() for a in hits) + miss.ByteSize()
        store = {"hits": 2, "misses": 1, "writes": 3, "deletes": 1, "evictions": 0}
        for name, count in store.items():
            moved = after.since(before, f"larder_{name}_total", "namespace")
            assert moved == ({"": count} if count else {}), name

    def test_gauges_follow_what_is_held(self, node, cache, key):
        before = scrape(node)
        cache.Set(pb.SetRequest(key=key, value=bytes(100_000)))
        held = scrape(node)
        cache.Delete(pb.DeleteRequest(key=key))
        after = scrape(node)
        entries = [m.value("larder_entries", namespace="") for m in (before, held, after)]
        sizes = [m.value("larder_entry_bytes", namespace="") for m in (before, held, after)]
        assert [number - entries[0] for number in entries] == [0, 1, 0]
        assert sizes[1] - sizes[0] > 100_000 and sizes[2] == sizes[0]

    def test_open_connections_are_counted_until_they_are_closed(self, node):
        before = scrape(node)
        with contextlib.ExitStack() as stack:
            for _ in range(3):
                stack.enter_context(Connection(node.port))
            wait_until(
                lambda: scrape(node).value("larder_connections")
                == before.value("larder_connections") + 3,
                "three connections more",
            )
        wait_until(
            lambda: scrape(node).value("larder_connections") == before.value("larder_connections"),
            "as many connections as before",
        )
        accepted = "larder_connections_accepted_total"
        assert scrape(node).value(accepted) - before.value(accepted) == 3

    def test_ten_thousand_unknown_methods_are_one_line_and_no_memory(self, node, channel):
        def call(numbers):
            # Long names: if they were kept, 20 MB of them would show.
            calls = [channel.unary_unary(f"/{'x' * 2000}/{n}").future(b"") for n in numbers]
            assert {c.code() for c in calls} == {grpc.StatusCode.UNIMPLEMENTED}

        call(range(500))  # Whatever it takes to have such calls at all is there now.
        before = scrape(node)
        for start in range(500, 10_500, 500):
            call(range(start, start + 500))
        after = scrape(node)
        assert after.since(before, STARTED, "grpc_method") == {"other": 10_000}
        assert set(after.values) == set(before.values), "lines were added"
        memory = "process_resident_memory_bytes"
        assert after.value(memory) - before.value(memory) < 10 * MIB

    def test_a_message_that_is_too_large_is_a_hit_of_its_limit_alone(self, node, cache):
        before = scrape(node)
        with pytest.raises(grpc.RpcError) as caught:
            cache.Set(pb.SetRequest(key="large", value=bytes(5 * MIB)))
        assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert scrape(node).since(before, LIMIT_HITS, "limit") == {"message-max": 1}


class TestLimits:
    def test_admin_request_max(self):
        """The client reads why, though the node did not read all that the client had sent."""
        with Node("--admin-request-max", "1KiB") as node:
            with dial(node) as connection:
                request = b"GET /live HTTP/1.1\r\nHost: x\r\nPad: " + b"p" * 2048 + b"\r\n\r\n"
                connection.sendall(request)
                answer = read_to_end(connection)
            assert answer.startswith("HTTP/1.1 431 ") and "longer than 1024 bytes" in answer
            assert fetch(node, "/live").status == 200
            assert limit_hits(node, "admin-request-max") == 1

    @pytest.mark.parametrize(
        "request_start", [b"", b"GET /live HTTP/1.1\r\nHost: "], ids=["nothing", "half a head"]
    )
    def test_admin_timeout_ends_a_stalled_request(self, request_start):
        with Node("--admin-timeout", "1s") as node, dial(node) as connection:
            begun = time.monotonic()
            connection.sendall(request_start)
            answer = read_to_end(connection)
            assert time.monotonic() - begun > 0.9
            assert answer.startswith("HTTP/1.1 408 ") and "not whole after 1 s" in answer
            assert limit_hits(node, "admin-timeout") == 1

    def test_admin_connections_max(self):
        flags = ("--admin-connections-max", "2", "--admin-timeout", "1m")
        with Node(*flags) as node:
            with dial(node), dial(node), dial(node) as third:
                assert third.recv(1) == b"", "the third is closed at once"
                with Connection(node.port) as connection:
                    connection.headers(1, call_headers("/larder.v1.Cache/Get"))
                    request = pb.GetRequest(key="k").SerializeToString()
                    connection.data(1, message(request), end_stream=True)
                    assert connection.reply(1).grpc_status == 0, "calls are served all the same"
            refusals = 1

            def answered():
                nonlocal refusals
                try:
                    return scrape(node)
                except ConnectionError:
                    refusals += 1
                    return None

            metrics = wait_until(answered, "the two are gone, and others are let in")
            assert metrics.value(LIMIT_HITS, limit="admin-connections-max") == refusals


def test_a_node_that_drains_is_live_but_not_ready():
    with Node() as node, Connection(node.port) as connection:
        connection.headers(1, call_headers("/larder.v1.Cache/Get"))
        wait_until(lambda: scrape(node).value("larder_streams") == 1, "the call has begun")
        node.process.terminate()
        page = wait_until(
            lambda: page if (page := fetch(node, "/ready")).status != 200 else None,
            "the node is not ready any more",
        )
        assert page.status == 503 and "stopping" in page.text
        assert fetch(node, "/live").status == 200
        assert scrape(node).value("larder_streams") == 1
        request = pb.GetRequest(key="k").SerializeToString()
        connection.data(1, message(request), end_stream=True)
        assert connection.reply(1).grpc_status == 0, "the call under way is answered"


class TestWhereTheyAre:
    def test_off_means_that_nothing_listens(self):
        with Node("--admin", "off") as node:
            assert listening_ports(node.process.pid) == {node.port}

    def test_without_off_there_are_two_ports(self, node):
        admin = int(node.admin.rsplit(":", 1)[1])
        assert listening_ports(node.process.pid) == {node.port, admin}

    def test_a_port_that_is_taken_is_an_error_that_names_the_setting(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            admin = "127.0.0.1:%d" % taken.getsockname()[1]
            done = run("serve", "--listen", f"127.0.0.1:{free_port()}", "--admin", admin)
        assert done.returncode not in (0, 64) and done.returncode > 0
        said = done.stdout + done.stderr
        assert f"admin pages on {admin}" in said
        assert "--admin" in said and "--admin off" in said

    @pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "192.0.2.1"])
    def test_beyond_this_machine_is_refused_unless_asked_for(self, host):
        listen, admin = f"127.0.0.1:{free_port()}", f"{host}:{free_port()}"
        done = run("serve", "--listen", listen, "--admin", admin)
        assert done.returncode == 64
        assert f"admin ({admin} from --admin)" in done.stderr
        assert "neither TLS nor authentication" in done.stderr
        assert "--insecure" in done.stderr

    def test_an_address_that_is_none_is_refused(self):
        done = run("serve", "--listen", f"127.0.0.1:{free_port()}", "--admin", "on")
        assert done.returncode == 64 and "admin" in done.stderr


def listening_ports(pid):
    """The TCP ports on which a process listens, as Linux tells."""
    inodes = set()
    for link in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # Closed since it was listed.
            inodes.add(str(link.readlink()).removeprefix("socket:[").removesuffix("]"))
    ports = set()
    for table in ("tcp", "tcp6"):
        for line in pathlib.Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                ports.add(int(fields[1].rsplit(":", 1)[1], 16))
    return ports
