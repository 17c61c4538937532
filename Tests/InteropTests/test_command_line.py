"""`larder` as a person uses it."""

import json
import signal
import socket
import threading
import time

import grpc
import pytest
from grpc.health.v1 import health_pb2, health_pb2_grpc
from larder.v1 import admin_pb2, admin_pb2_grpc, cache_pb2 as pb, cache_pb2_grpc
from support.node import Node, free_port, run

COMMANDS = ["serve", "get", "set", "delete", "incr", "touch", "status", "health", "cluster",
            "ring", "bench", "simulate"]


@pytest.fixture
def larder(node):
    """Runs a client command against the shared node."""
    return lambda *arguments: run(*arguments, "--target", node.target)


def succeeds(done):
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class TestClientCommands:
    def test_what_was_set_is_got(self, larder, cache, key):
        succeeds(larder("set", key, "hello world"))
        assert succeeds(larder("get", key)) == "hello world"
        assert cache.Get(pb.GetRequest(key=key)).hit.value == b"hello world"

    def test_a_miss_is_exit_status_1_and_an_empty_stdout(self, larder, key):
        done = larder("get", key)
        assert (done.returncode, done.stdout) == (1, "")

    def test_a_deleted_key_is_a_miss(self, larder, key):
        succeeds(larder("set", key, "v"))
        succeeds(larder("delete", key))
        assert larder("get", key).returncode == 1
        assert larder("delete", key).returncode == 1

    def test_incr_counts_by_one_and_prints_the_value(self, larder, key):
        assert succeeds(larder("incr", key)) == "1"
        assert succeeds(larder("incr", key)) == "2"
        assert succeeds(larder("get", key)) == "2"

    def test_touch_of_an_absent_key_is_a_miss(self, larder, key):
        assert larder("touch", key).returncode == 1
        succeeds(larder("set", key, "v"))
        succeeds(larder("touch", key))

    def test_status_tells_what_the_admin_call_tells(self, larder, admin):
        status = admin.GetStatus(admin_pb2.GetStatusRequest())
        shown = succeeds(larder("status"))
        assert status.node_id in shown and status.version in shown

    def test_health_tells_whether_a_node_serves_and_as_what(self, larder):
        assert succeeds(larder("health")) == "SERVING"
        assert succeeds(larder("health", "larder.v1.Cache")) == "SERVING"
        done = larder("health", "no.such.Service")
        assert (done.returncode, done.stdout) == (70, "")
        assert "NOT_FOUND" in done.stderr
        assert run("health", "--target", f"127.0.0.1:{free_port()}").returncode == 69

    def test_an_error_of_the_node_is_shown_and_is_no_miss(self, larder):
        done = larder("get", "k", "--namespace", "no-such-namespace")
        assert (done.returncode, done.stdout) == (70, "")
        assert "no-such-namespace" in done.stderr and "NAMESPACE_UNKNOWN" in done.stderr

    def test_a_node_that_is_not_there_is_named(self):
        target = f"127.0.0.1:{free_port()}"
        done = run("get", "k", "--target", target)
        assert done.returncode == 69
        assert target in done.stderr

    def test_what_another_client_stored_is_shown_whole(self, larder, cache, key):
        stored = cache.Set(pb.SetRequest(key=key, value=b"\xff\x00", flags=7, ttl_ms=60_000))
        shown = json.loads(succeeds(larder("get", key, "--json")))
        assert 0 < shown.pop("ttl_ms") <= 60_000
        assert shown == {
            "key": key, "value_base64": "/wA=", "version": str(stored.version), "flags": 7,
        }

    def test_a_version_from_get_conditions_a_set(self, larder, key):
        succeeds(larder("set", key, "a"))
        version = json.loads(succeeds(larder("get", key, "--json")))["version"]
        succeeds(larder("set", key, "b", "--if-version", version))
        done = larder("set", key, "c", "--if-version", version)
        assert done.returncode == 1 and "not stored" in done.stderr
        assert succeeds(larder("get", key)) == "b"

    def test_a_load_ends_with_a_report_and_no_errors(self, larder):
        done = larder("bench", "--json", "--quiet", "--duration", "1s", "--keys", "1000")
        report = json.loads(succeeds(done))
        assert report["errors"] == {} and report["total"]["calls"] > 0


class TestHelp:
    def test_help_names_every_command(self):
        shown = succeeds(run("--help"))
        assert all(command in shown for command in COMMANDS)

    @pytest.mark.parametrize("command", COMMANDS)
    def test_each_command_has_help_with_flags(self, command):
        assert "--" in succeeds(run(command, "--help"))

    def test_the_version_is_the_one_that_status_reports(self, admin):
        version = admin.GetStatus(admin_pb2.GetStatusRequest()).version
        assert version and succeeds(run("--version")).endswith(version)


class TestRefusals:
    """Nothing that looks like a setting is ignored; 64 is EX_USAGE of sysexits.h."""

    def refused(self, name, *arguments, env=None):
        listen = f"127.0.0.1:{free_port()}"
        done = run("serve", "--listen", listen, "--admin", "off", *arguments, env=env)
        assert done.returncode == 64
        assert name in done.stderr

    def test_an_unknown_flag(self):
        self.refused("--memry", "--memry", "1GiB")

    def test_an_unknown_variable(self):
        self.refused("LARDER_MEMRY", env={"LARDER_MEMRY": "1GiB"})

    def test_an_unknown_key_of_the_file(self, tmp_path):
        file = tmp_path / "larder.yaml"
        file.write_text("memory: 64MiB\nmemry: 1GiB\n")
        self.refused("memry", "--config", str(file))

    def test_a_file_that_is_not_there(self, tmp_path):
        self.refused("absent.yaml", "--config", str(tmp_path / "absent.yaml"))

    @pytest.mark.parametrize("memory", ["lots", "-1", "1GB2", ""])
    def test_a_memory_that_is_no_size(self, memory):
        self.refused("memory", f"--memory={memory}")

    def test_a_port_that_is_taken_is_named_and_is_no_usage_error(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            listen = "127.0.0.1:%d" % taken.getsockname()[1]
            done = run("serve", "--listen", listen, "--admin", "off")
        assert done.returncode not in (0, 64) and done.returncode > 0
        assert listen in done.stderr + done.stdout


class TestConfiguration:
    """The limit that a node reports is the one given: by flag, variable or file."""

    def memory_of(self, node):
        with grpc.insecure_channel(node.target) as channel:
            admin = admin_pb2_grpc.AdminStub(channel)
            return admin.GetStatus(admin_pb2.GetStatusRequest()).memory_limit_bytes

    def test_a_flag_wins_over_a_variable_and_a_variable_over_the_file(self, tmp_path):
        file = tmp_path / "larder.yaml"
        file.write_text("memory: 512MiB\n")
        config = ("--config", str(file))
        variable = {"LARDER_MEMORY": "768MiB"}
        with Node(*config) as node:
            assert self.memory_of(node) == 512 << 20
        with Node(*config, env=variable) as node:
            assert self.memory_of(node) == 768 << 20
        with Node(*config, "--memory", "1GiB", env=variable) as node:
            assert self.memory_of(node) == 1 << 30


class TestStopping:
    @pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT], ids=lambda by: by.name)
    def test_a_signal_stops_an_idle_node_with_status_0(self, by):
        with Node() as node:
            node.stop(by)

    @pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT], ids=lambda by: by.name)
    def test_open_connections_and_streams_do_not_hold_it(self, by):
        with Node() as node, grpc.insecure_channel(node.target) as channel:
            watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
            assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
            with socket.create_connection(("127.0.0.1", node.port)):
                node.stop(by)
            # Whoever watches is told before the node goes.
            assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING

    def test_calls_under_way_are_answered(self):
        """A client that calls without pause sees answers or UNAVAILABLE, never a broken reply."""
        with Node() as node, grpc.insecure_channel(node.target) as channel:
            cache = cache_pb2_grpc.CacheStub(channel)
            cache.Set(pb.SetRequest(key="k", value=b"v"))
            stopping, codes, answered = threading.Event(), [], []

            def call_without_pause():
                while not stopping.is_set():
                    try:
                        answered.append(cache.Get(pb.GetRequest(key="k"), timeout=5).hit.value)
                    except grpc.RpcError as error:
                        codes.append(error.code())
                        time.sleep(0.01)

            callers = [threading.Thread(target=call_without_pause) for _ in range(4)]
            for caller in callers:
                caller.start()
            time.sleep(0.3)
            node.stop()
            stopping.set()
            for caller in callers:
                caller.join()
            assert answered and set(answered) == {b"v"}
            assert set(codes) <= {grpc.StatusCode.UNAVAILABLE}

    def test_a_restarted_node_takes_its_port_again_at_once(self):
        with Node() as node, grpc.insecure_channel(node.target) as channel:
            grpc.channel_ready_future(channel).result(timeout=10)
            node.stop()
            # The connection that the node closed first is in TIME_WAIT now.
            Node(port=node.port).stop()
